package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule/roster"
)

// SayLook is what to do about a session that is held. Nobody is answered in chat
// before that.
const SayLook = "请在控制台的“认群”核对，都对就点“这些都对”；也可以运行 tongluo roster bindings，没问题再运行 tongluo roster bind --accept"

// shownMark names decisions by all that a person reads of them before saying yes:
// the session, what would be bound to what, and what that is called.
func shownMark(session string, all []roster.Decision) string {
	lines := make([]string, 0, len(all))
	for _, d := range all {
		lines = append(lines, fmt.Sprintf("%d %s %q %q", d.Group, d.Verdict, d.Handle, d.NewName))
	}
	return markOf("rooms "+session, lines)
}

// markOf is the same for the same lines in whatever order, and for no others.
func markOf(of string, lines []string) string {
	h := sha256.New()
	for _, l := range append([]string{of}, slices.Sorted(slices.Values(lines))...) {
		fmt.Fprintf(h, "%q\n", l)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// mark is of what a yes to the whole list is for: what is asked, and while
// everything is held what would be used as well.
func (l RoomList) mark() string {
	var all []roster.Decision
	for _, row := range l.Rows {
		if row.Verdict == roster.Ask || l.Held && row.Verdict == roster.Bind {
			all = append(all, row.Decision)
		}
	}
	return shownMark(l.Session, all)
}

// heldSince is when it was noted that a session is held.
func (o *Office) heldSince(ctx context.Context) (*time.Time, error) {
	al, err := o.alertOf(ctx, AlertHeld)
	if err != nil || !al.Open() {
		return nil, err
	}
	return instant(al.Opened), nil
}

// AcceptRooms is AcceptShown of the list as it stands: for one group by its
// number or name, or with "" for the whole list.
func (o *Office) AcceptRooms(ctx context.Context, a roster.Actor, group string, now time.Time) (int, error) {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return 0, err
	}
	if group == "" {
		return o.acceptShown(ctx, a, 0, "", now)
	}
	g, err := o.findGroup(ctx, group)
	if err != nil {
		return 0, err
	}
	return o.acceptShown(ctx, a, g.ID, "", now)
}

// AcceptShown is a person's word for what the session asks: for one group, or
// with 0 for the whole list, which also lets an account go on that is held. It
// is for the list that was shown and no other: shown is RoomRow.Shown, or
// RoomList.Shown, and every room is named by its handle. ErrStale, with words for
// people, when the list has changed since. It returns how many questions were
// answered.
func (o *Office) AcceptShown(ctx context.Context, a roster.Actor, group int64, shown string, now time.Time) (int, error) {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return 0, err
	}
	if shown == "" {
		return 0, problem(ErrStale, "没有说是哪一份名单，没有认。请把名单看一遍再认")
	}
	return o.acceptShown(ctx, a, group, shown, now)
}

// acceptShown takes the list as it stands where shown is "".
func (o *Office) acceptShown(ctx context.Context, a roster.Actor, group int64, shown string, now time.Time) (int, error) {
	list, all, err := o.roomsOf(ctx, a)
	if err != nil {
		return 0, err
	}
	if !list.Live {
		return 0, problem(ErrState, "微信没有登录，或者刚换了登录，现在没有等人认的群。登录以后再看控制台的“认群”，或 roster bindings")
	}
	if group != 0 {
		if err := o.mayBind(ctx, a, group); err != nil {
			return 0, err
		}
	}
	var words []Binding
	stands := list.Shown
	for _, row := range list.Rows {
		if row.Verdict != roster.Ask || group != 0 && row.Group.ID != group {
			continue
		}
		words = append(words, Binding{Group: row.Group.ID, Room: row.Handle})
		if group != 0 {
			stands = row.Shown
		}
	}
	held := list.Held && group == 0
	switch {
	case len(words) == 0 && group != 0:
		return 0, problem(ErrState, "这个群没有等人认。每个群认得怎样，看控制台的“认群”，或 roster bindings")
	case len(words) == 0 && !held:
		return 0, problem(ErrState, "现在没有暂停等人核对的登录，也没有等人认的群，不用认可")
	case shown != "" && shown != stands:
		return 0, problem(ErrStale, "名单刚才变了，这次一个也没有认。请把新的名单看一遍再认")
	}
	if held && list.Elsewhere { // it is their session, too
		return 0, problem(ErrDenied, "没有权限：暂停的是整个办公室的登录，要由管得到所有群的人来认")
	}
	if err := o.store.SaveBindings(ctx, a, words, now); err != nil {
		return 0, fmt.Errorf("accept rooms: %w", err)
	}
	if held {
		return len(words), o.acceptSession(ctx, a, list.Session, all, now)
	}
	return len(words), nil
}

// mayBind refuses whoever has no right over the group.
func (o *Office) mayBind(ctx context.Context, a roster.Actor, group int64) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	g, ok := r.Group(group)
	if !ok {
		return problem(ErrNotFound, "花名册里没有 %d 号群。每个群认得怎样，看控制台的“认群”，或 roster bindings", group)
	}
	return allow(a, roster.EditRoster, g.UnitPath)
}

// The kinds of question whose yes is for a list that was shown.
const (
	askRooms   = "rooms"
	askRelease = "release"
)

// showing is what such a question remembers.
type showing struct {
	Shown string `json:"shown"`
}

// AskRooms asks the actor in the place whether a list that is shown to them is
// right: ConfirmRooms of the number it returns is the yes. The number is 0 where
// there is nothing to say yes to, or somebody else has to.
func (o *Office) AskRooms(ctx context.Context, a roster.Actor, list RoomList, place string, now time.Time) (int64, error) {
	if !list.Waits() || !roster.May(a, roster.EditRoster, a.Unit) {
		return 0, nil
	}
	return o.Ask(ctx, a, place, askRooms, showing{list.Shown}, now)
}

// ConfirmRooms is AcceptShown of the list that a question showed to the actor.
// ErrNotFound, without words, when no such question was put to them there.
func (o *Office) ConfirmRooms(ctx context.Context, a roster.Actor, id int64, place string, now time.Time) (int, error) {
	shown, err := o.answered(ctx, a, id, place, askRooms, now)
	if err != nil {
		return 0, err
	}
	return o.AcceptShown(ctx, a, 0, shown, now)
}

// AskRelease asks the actor in the place whether all that is shown to them may
// go: ConfirmRelease of the number it returns is the yes. The number is 0 where
// nothing is held.
func (o *Office) AskRelease(ctx context.Context, a roster.Actor, list HeldList, place string, now time.Time) (int64, error) {
	if list.All == 0 || !roster.May(a, roster.Release, a.Unit) {
		return 0, nil
	}
	return o.Ask(ctx, a, place, askRelease, showing{list.Shown}, now)
}

// ConfirmRelease is ReleaseShown of all that a question showed to the actor.
// ErrNotFound, without words, when no such question was put to them there.
func (o *Office) ConfirmRelease(ctx context.Context, a roster.Actor, id int64, place string, now time.Time) (int, error) {
	shown, err := o.answered(ctx, a, id, place, askRelease, now)
	if err != nil {
		return 0, err
	}
	return o.ReleaseShown(ctx, a, 0, shown, now)
}

// answered ends the actor's question of a kind and gives what it showed.
func (o *Office) answered(ctx context.Context, a roster.Actor, id int64, place, kind string, now time.Time) (string, error) {
	q, err := o.Asked(ctx, a, id, place, now)
	if err != nil {
		return "", err
	}
	if q.Kind != kind {
		return "", fmt.Errorf("question %d is a %s: %w", id, q.Kind, ErrNotFound)
	}
	var s showing
	if err := q.read(&s); err != nil {
		return "", err
	}
	return s.Shown, o.EndQuestion(ctx, a, q, now)
}
