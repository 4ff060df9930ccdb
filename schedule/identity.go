package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// IdentityStore keeps which room was which group, and why.
type IdentityStore interface {
	// Traces are what is remembered of every group's room, in id order.
	Traces(ctx context.Context) ([]roster.Trace, error)
	// Decisions are those on the last session's groups, in id order, with the
	// session they are of.
	Decisions(ctx context.Context) (session string, all []roster.Decision, err error)
	// SaveIdentity replaces the decisions (nil: keeps them) and writes traces by
	// group. Each decision is logged with its signals: what is new alone, what is
	// as it was in lines of many groups.
	SaveIdentity(ctx context.Context, session string, all []roster.Decision, traces []roster.Trace, now time.Time) error
	// NewestBinding is the highest ID of the bindings by hand, 0 for none.
	NewestBinding(ctx context.Context) (int64, error)
	// SaveBindings are several of SaveBinding, all or none.
	SaveBindings(ctx context.Context, a roster.Actor, all []Binding, now time.Time) error
	// SaveGroupCode replaces whatever code the group had.
	SaveGroupCode(ctx context.Context, a roster.Actor, c GroupCode, now time.Time) error
	// GroupCodes are those that have not been used and not run out.
	GroupCodes(ctx context.Context, now time.Time) ([]GroupCode, error)
	// BurnGroupCode uses the very code up; ErrStale when it was used, replaced or
	// ran out.
	BurnGroupCode(ctx context.Context, c GroupCode, a roster.Actor, why string, now time.Time) error
}

// NoteIdentity keeps what a session's groups were found to be.
func (o *Office) NoteIdentity(ctx context.Context, session string, all []roster.Decision, traces []roster.Trace, now time.Time) error {
	if err := o.store.SaveIdentity(ctx, session, all, traces, now); err != nil {
		return fmt.Errorf("note which room is which group: %w", err)
	}
	return nil
}

// RoomRow is one group with what was decided about it, and what to do next.
type RoomRow struct {
	Group Ref `json:"group"`
	Unit  Ref `json:"unit"`
	roster.Decision
	// Lost is why the group's room is gone, "" while it is not.
	Lost string `json:"lost,omitempty"`
	// Code is what may be written at the end of the group's name on the phone.
	CodeText string `json:"code_text"`
	Do       string `json:"do"` // Chinese, "" when nothing is to be done
	// Shown names what is asked about this group, as it is shown; see AcceptShown.
	Shown string `json:"shown,omitempty"`
}

// RoomList is what the last session's groups were found to be.
type RoomList struct {
	Session string `json:"session"`
	// Live: the session lasts, so that a person's word for it counts.
	Live bool `json:"live"`
	// Held: nothing is sent to any group before a person's word, since Since
	// (nil where nobody has noted it).
	Held    bool       `json:"held"`
	Since   *time.Time `json:"since"`
	Bound   int        `json:"bound"`
	Asked   int        `json:"asked"`
	Refused int        `json:"refused"`
	// Shown names what a yes to the whole list is for; see AcceptShown.
	Shown string    `json:"shown"`
	Rows  []RoomRow `json:"groups"`
	// Elsewhere: the session has groups that are not the actor's.
	Elsewhere bool `json:"-"`
}

// Waits reports whether a person's word is waited for.
func (l RoomList) Waits() bool { return l.Live && (l.Held || l.Asked > 0) }

// RoomList lists, within the actor's subtree, which group is which room, which
// ones wait for a person's word, and which were refused and why.
func (o *Office) RoomList(ctx context.Context, a roster.Actor) (RoomList, error) {
	list, _, err := o.roomsOf(ctx, a)
	return list, err
}

// roomsOf is RoomList, with the decisions on all of our groups that it was made of.
func (o *Office) roomsOf(ctx context.Context, a roster.Actor) (RoomList, []roster.Decision, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return RoomList{}, nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return RoomList{}, nil, err
	}
	session, all, err := o.store.Decisions(ctx)
	if err != nil {
		return RoomList{}, nil, err
	}
	traces, err := o.store.Traces(ctx)
	if err != nil {
		return RoomList{}, nil, err
	}
	lost := map[int64]string{}
	for _, t := range traces {
		lost[t.Group] = t.Lost
	}
	st := o.account.Status()
	out := RoomList{Session: session, Live: session != "" && session == st.Session, Rows: []RoomRow{}}
	for _, d := range all {
		g, ours := r.Group(d.Group)
		if !ours || !roster.Under(g.UnitPath, a.Unit) {
			out.Elsewhere = out.Elsewhere || ours
			continue
		}
		row := RoomRow{Group: Ref{g.ID, g.Name}, Unit: Ref{g.Unit, g.UnitPath}, Decision: d,
			Lost: lost[g.ID], CodeText: roster.CodeOf(g.ID), Do: nextFor(g, d, lost[g.ID])}
		switch d.Verdict {
		case roster.Bind:
			out.Bound++
		case roster.Ask:
			out.Asked++
			row.Shown = shownMark(session, []roster.Decision{d})
		default:
			out.Refused++
		}
		out.Rows = append(out.Rows, row)
	}
	if out.Held = out.Live && st.State == AccountHeld; out.Held {
		out.Since, err = o.heldSince(ctx)
	}
	out.Shown = out.mark()
	return out, all, err
}

// nextFor is what to do about a group that is not bound.
func nextFor(g roster.Group, d roster.Decision, lost string) string {
	switch {
	case d.Verdict == roster.Bind || g.Carrier != roster.ByBot && d.Verdict == roster.Refuse:
		return ""
	case d.Verdict == roster.Ask:
		return fmt.Sprintf("是同一个群，就用 roster bind %d --accept；不是，就不用管", g.ID)
	case lost != "":
		return fmt.Sprintf("请负责人把机器人拉回群，再用 roster code --group %d 发一个群绑定码，让负责人在群里发一次", g.ID)
	}
	return fmt.Sprintf("请用 roster code --group %d 发一个群绑定码，让负责人在群里发一次；或者用 roster bind %d 微信群名或群号 指定", g.ID, g.ID)
}

// acceptSession leaves word for the daemon that the very list may be used.
func (o *Office) acceptSession(ctx context.Context, a roster.Actor, session string, all []roster.Decision, now time.Time) error {
	word := session + " " + roster.Digest(all)
	if err := o.store.Mark(ctx, MarkAccepted, word); err != nil {
		return fmt.Errorf("accept session: %w", err)
	}
	return o.store.Log(ctx, a, "accept session", word, "", now)
}

// Accepted reports whether a person has accepted this session with this very
// list.
func (o *Office) Accepted(ctx context.Context, session string, all []roster.Decision) (bool, error) {
	word, err := o.store.MarkOf(ctx, MarkAccepted)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("read the acceptance: %w", err)
	}
	return session != "" && word == session+" "+roster.Digest(all), nil
}

// GroupLost tells a group's keeper, once a session, that the bot is out of the
// group, and what to do; the office when the keeper cannot be reached in chat.
func (o *Office) GroupLost(ctx context.Context, group int64, session string, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	g, ok := r.Group(group)
	if !ok {
		return nil
	}
	key := fmt.Sprintf("lost:%d:%s", group, session)
	if err := o.store.Log(ctx, roster.Clock(), "group lost", fmt.Sprintf("group/%d", group), "never bound again by itself", now); err != nil {
		return err
	}
	text := fmt.Sprintf("【请帮忙】机器人已不在“%s”里（被移出、退群或群已解散）。这个群要发的内容先请您转发。\n请把机器人重新拉进群，再向办公室要一个群绑定码，在群里发一次", g.Name)
	if keeper, ok := r.Person(g.Keeper); ok && keeper.Tag != "" && keeper.Until == "" {
		return o.tell(ctx, []roster.Person{keeper}, key, text, now)
	}
	return o.tellOffice(ctx, []string{g.UnitPath}, 0, key, text, now)
}

// askedLines counts, for the office's digest, the groups that wait for a
// person's word.
func (o *Office) askedLines(ctx context.Context, a roster.Actor, _ time.Time) ([]string, error) {
	session, all, err := o.store.Decisions(ctx)
	if err != nil || session == "" || session != o.account.Status().Session {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	asked := 0
	for _, d := range all {
		if g, ok := r.Group(d.Group); ok && d.Verdict == roster.Ask && roster.Under(g.UnitPath, a.Unit) {
			asked++
		}
	}
	if asked == 0 {
		return nil, nil
	}
	return []string{fmt.Sprintf("%d 个群等人认一下，认了才发，请回：认群；也可以在控制台点“认群”", asked)}, nil
}

// decided is what was last decided about each group, while that session lasts.
func (o *Office) decided(ctx context.Context) (map[int64]roster.Decision, error) {
	session, all, err := o.store.Decisions(ctx)
	if err != nil || session == "" || session != o.account.Status().Session {
		return nil, err
	}
	out := make(map[int64]roster.Decision, len(all))
	for _, d := range all {
		out[d.Group] = d
	}
	return out, nil
}

// Line says it on one line.
func (r RoomRow) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s %s", r.Verdict.Chinese(), r.Group.ID, r.Unit.Name, r.Group.Name)
	if name := r.Called(); name != "" {
		fmt.Fprintf(&b, " → 微信里叫“%s”", name)
	}
	fmt.Fprintf(&b, "%s：%s", r.People(), r.Why)
	if r.Do != "" {
		fmt.Fprintf(&b, "。%s", r.Do)
	}
	return b.String()
}

// Called is what people call the room now, when it is not what the roster calls
// the group: somebody's words, fit to be shown. "" otherwise.
func (r RoomRow) Called() string {
	if r.NewName == "" || roster.SameName(r.NewName, r.Group.Name) {
		return ""
	}
	return roster.ShownName(r.NewName)
}

// People says how many members there were and are, "" where nobody knows.
func (r RoomRow) People() string {
	if r.OldSize > 0 && r.NewSize > 0 {
		return fmt.Sprintf("（%d→%d 人）", r.OldSize, r.NewSize)
	}
	if n := cmp.Or(r.NewSize, r.OldSize); n > 0 {
		return fmt.Sprintf("（%d 人）", n)
	}
	return ""
}

// Sort puts what waits for a person first, then what was refused.
func (r *RoomList) Sort() {
	rank := map[roster.Verdict]int{roster.Ask: 0, roster.Refuse: 1, roster.Bind: 2}
	slices.SortStableFunc(r.Rows, func(x, y RoomRow) int { return rank[x.Verdict] - rank[y.Verdict] })
}

// NewestWord is the ID of the newest binding by hand, 0 for none.
func (o *Office) NewestWord(ctx context.Context) (int64, error) {
	id, err := o.store.NewestBinding(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the newest binding: %w", err)
	}
	return id, nil
}

// RoomWords are the bindings by hand, the newest of each group, in the order
// they were given.
func (o *Office) RoomWords(ctx context.Context) ([]Binding, error) {
	all, err := o.store.Bindings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the bindings: %w", err)
	}
	newest := map[int64]int64{}
	for _, b := range all {
		newest[b.Group] = b.ID
	}
	return slices.DeleteFunc(all, func(b Binding) bool { return newest[b.Group] != b.ID }), nil
}

// Traces are what is remembered of every group's room.
func (o *Office) Traces(ctx context.Context) ([]roster.Trace, error) { return o.store.Traces(ctx) }
