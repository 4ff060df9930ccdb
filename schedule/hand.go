package schedule

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

func itoa(n int) string { return strconv.Itoa(n) }

func blobOf(a content.Attachment, data []byte) content.Blob {
	return content.Blob{Name: a.Name, SHA256: a.SHA256, Data: data}
}

// hand gives deliveries to people: one handoff for each person (design §2), by
// chat where the person can be reached, and always in the office pack. A relay
// of two hops goes first to the contact of the unit above.
func (o *Office) hand(ctx context.Context, a roster.Actor, p Push, ds []Delivery, now time.Time) error {
	ds, err := o.onlyFrozen(ctx, a, p, ds, now)
	if err != nil || len(ds) == 0 {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	ends, err := o.firstEnds(ctx, now)
	if err != nil {
		return err
	}
	_, level, err := o.relayTerms(ctx, p, groupsIn(ds))
	if err != nil {
		return err
	}
	var toAsk []int64 // asked last: a hop above lists the groups of those below
	for _, mine := range byForwarder(o, r, ds) {
		h := Handoff{Push: p.ID, Person: mine.person, Unit: mine.unit, Hop: max(level, 1), Hops: max(level, 1), State: HandoffOpen, All: len(mine.ids), Reason: mine.why, CreatedAt: now}
		within, hops, err := o.relayTerms(ctx, p, mine.groups)
		if err != nil {
			return err
		}
		if hops > 1 {
			above, err := o.handAbove(ctx, a, r, p, &h, len(mine.ids), within, now)
			if err != nil {
				return err
			}
			toAsk = append(toAsk, above...)
		}
		h.Due = o.handoffDue(mine.groups, ends, within, now)
		if h.ID, err = o.store.OpenHandoff(ctx, a, h, mine.ids, now); err != nil {
			return fmt.Errorf("hand push %d: %w", p.ID, err)
		}
		if h.State == HandoffOpen {
			toAsk = append(toAsk, h.ID)
		}
		if hops > 0 && h.State == HandoffOpen {
			if err := o.moveDeadline(ctx, h, p, now, now); err != nil {
				return err
			}
		}
	}
	for _, id := range toAsk {
		if err := o.ask(ctx, id, now); err != nil {
			return err
		}
	}
	handed, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Handed}})
	if err != nil {
		return err
	}
	return o.writePack(ctx, p, handed)
}

// changedSince is why a push is not carried by anybody.
const changedSince = "素材在排期以后有改动或已停用"

// frozen reports whether the item still is what was approved for the push.
func (o *Office) frozen(ctx context.Context, p Push) (bool, error) {
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return false, err
	}
	return it.Cleared() && it.Revision() == p.Revision, nil
}

// onlyFrozen gives nothing to people once the words have changed, or a picture or
// file is not what it was: what was still to go is missed.
func (o *Office) onlyFrozen(ctx context.Context, a roster.Actor, p Push, ds []Delivery, now time.Time) ([]Delivery, error) {
	if len(ds) == 0 {
		return nil, nil
	}
	why := changedSince
	same, err := o.frozen(ctx, p)
	if err == nil && same {
		why = unsoundMedia
		if same, err = o.whole(ctx, p); err == nil && !same {
			err = o.Unsound(ctx, p.ID, now)
		}
	}
	if err != nil || same {
		return ds, err
	}
	var changes []Change
	for _, d := range ds {
		if d.State == Queued || d.State == Held {
			changes = append(changes, Change{ID: d.ID, From: d.State, To: Missed, Reason: why})
		}
	}
	return nil, o.store.Shift(ctx, a, changes, now)
}

func groupsIn(ds []Delivery) []int64 {
	ids := make([]int64, 0, len(ds))
	for _, d := range ds {
		ids = append(ids, d.Group)
	}
	return ids
}

// load is what one person carries of a push.
type load struct {
	person, unit int64
	ids, groups  []int64
	why          string // why the bot did not carry it, "" when it never was to
}

// byForwarder sorts deliveries by the person who carries them, in order of
// first appearance. Groups without anybody go to the office, by unit.
func byForwarder(o *Office, r *roster.Roster, ds []Delivery) []*load {
	var order []*load
	at := map[[2]int64]*load{}
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		key := [2]int64{0, g.Unit}
		if who, ok := o.forwarder(r, g); ok {
			key = [2]int64{who.ID, who.Unit}
		}
		l := at[key]
		if l == nil {
			l = &load{person: key[0], unit: key[1]}
			at[key], order = l, append(order, l)
		}
		if d.State == Missed || d.State == Failed || d.State == Refused {
			l.why = d.Reason
		}
		l.ids, l.groups = append(l.ids, d.ID), append(l.groups, d.Group)
	}
	return order
}

// handAbove puts the first hop above h: the contact of the unit above passes
// the pack on. Without such a person, or when only h's own can be reached, h
// waits for nobody, but is of the second hop all the same: its person may be the
// hop above for others, which is another handoff. It returns the handoff to ask.
func (o *Office) handAbove(ctx context.Context, a roster.Actor, r *roster.Roster, p Push, h *Handoff, groups int, within time.Duration, now time.Time) ([]int64, error) {
	above, ok := r.ContactAbove(h.Unit, h.Person)
	st := o.account.Status()
	if !ok || st.Online() && !st.Knows(above.ID) && st.Knows(h.Person) {
		return nil, nil
	}
	first := Handoff{Push: p.ID, Person: above.ID, Unit: above.Unit, Hop: 1, Hops: 2, State: HandoffOpen, All: groups,
		Due: o.cal.AddWorking(now, within), CreatedAt: now}
	id, err := o.store.OpenHandoff(ctx, a, first, nil, now)
	if err != nil {
		return nil, fmt.Errorf("hand push %d to the hop above: %w", p.ID, err)
	}
	h.Above, h.State = id, HandoffWaiting
	return []int64{id}, nil
}

// relayTerms are the working time a hop has and the number of hops, by the relay
// duties that concern one of the groups: the shortest time, the most hops. Zero
// hops: the push is no relay for any of them.
func (o *Office) relayTerms(ctx context.Context, p Push, groups []int64) (time.Duration, int, error) {
	if !p.Relay {
		return 0, 0, nil
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return 0, 0, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return 0, 0, err
	}
	within, hops := time.Duration(0), 0
	for _, id := range groups {
		g, _ := r.Group(id)
		for _, ad := range ads {
			for _, t := range ad.Terms.Duties {
				if t.Kind != plans.Relay || !ad.inForce(p.Day) || !t.Holds(p.Day) || !concerns(ad, t, g) {
					continue
				}
				hops = max(hops, t.Hops, 1)
				if w := withinOf(t); within == 0 || w < within {
					within = w
				}
			}
		}
	}
	return within, hops, nil
}

// withinOf is the working time a relay duty gives a hop.
func withinOf(t plans.Term) time.Duration {
	if w, err := calendar.ParseWithin(t.Within); err == nil {
		return w
	}
	return defaultWithin
}

// defaultWithin is what 第一时间 and 及时 mean unless an adoption decides otherwise.
const defaultWithin = 4 * time.Hour

// firstEnds is, by group, when the first of its obligations that are open and
// short ends. Relays have their own clock.
func (o *Office) firstEnds(ctx context.Context, now time.Time) (map[int64]time.Time, error) {
	ends := map[int64]time.Time{}
	obs, err := o.store.Obligations(ctx, ObligationFilter{On: now, Short: true})
	if err != nil {
		return nil, err
	}
	for _, ob := range obs {
		if at, ok := ends[ob.Group]; ob.Push == 0 && ob.Group != 0 && (!ok || ob.EndAt.Before(at)) {
			ends[ob.Group] = ob.EndAt
		}
	}
	return ends, nil
}

// handoffDue is when an answer is due: for a relay (within is not zero) its
// working time from now;
// otherwise when the first obligation that it can still serve ends, or the end
// of the week.
func (o *Office) handoffDue(groups []int64, ends map[int64]time.Time, within time.Duration, now time.Time) time.Time {
	if within > 0 {
		return o.cal.AddWorking(now, within)
	}
	var due time.Time
	for _, g := range groups {
		if at, ok := ends[g]; ok && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	if due.IsZero() {
		due = o.Week(now).End.Start(o.cal.Zone())
	}
	return due
}

// ask puts a handoff before its person: as private messages when the account
// can reach them, otherwise through the office pack. The messages never go at
// night or on a holiday.
func (o *Office) ask(ctx context.Context, id int64, now time.Time) error {
	h, err := o.store.Handoff(ctx, id)
	if err != nil {
		return err
	}
	if err := o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("due:%d", id), Kind: jobHandoffDue, Ref: id, At: h.Due}}); err != nil {
		return err
	}
	st := o.account.Status()
	if h.Person == 0 || !st.Online() || !st.Knows(h.Person) {
		if h.By == "" {
			from := h.State
			h.By = "pack"
			return o.store.SaveHandoff(ctx, roster.Clock(), from, h, now)
		}
		return nil
	}
	p, err := o.store.Push(ctx, h.Push)
	if err != nil || p.State == PushCancelled {
		return err
	}
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return err
	}
	text, err := o.handoffText(ctx, h, p, it)
	if err != nil {
		return err
	}
	parts := append([]content.Part{{Kind: content.Text, Text: text}}, it.Parts()...)
	var ns []Notice
	for i, part := range parts { // asked anew when more groups came to it
		ns = append(ns, Notice{Person: h.Person, Handoff: id, Key: askKey(h, i), Part: part,
			Last: i == len(parts)-1, Due: o.cal.NextSpeak(now), State: Queued})
	}
	_, err = o.store.AddNotices(ctx, ns, now)
	return err
}

// askKey names a message of a handoff as it is asked for so many groups.
func askKey(h Handoff, i int) string { return fmt.Sprintf("handoff:%d:%d:%d", h.ID, h.All, i) }

// AskAgain puts before their people, now that the account is back, the open
// handoffs that lay only in the office pack.
func (o *Office) AskAgain(ctx context.Context, now time.Time) error {
	hs, err := o.store.Handoffs(ctx, HandoffFilter{States: []HandoffState{HandoffOpen, HandoffPart}})
	if err != nil {
		return err
	}
	for _, h := range hs {
		if h.ReadableAt.IsZero() && h.Obligation == 0 {
			if err := o.ask(ctx, h.ID, now); err != nil {
				return fmt.Errorf("ask again for handoff %d: %w", h.ID, err)
			}
		}
	}
	return nil
}

// handoffText is the message a cadre reads: what, where, until when, why, and
// the word to answer with. The order of the groups is that of 已转 12 5/7.
func (o *Office) handoffText(ctx context.Context, h Handoff, p Push, it content.Item) (string, error) {
	groups, err := o.handoffGroups(ctx, h)
	if err != nil {
		return "", err
	}
	cs, err := o.clausesOf(ctx, p, groups)
	if err != nil {
		return "", err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "【待转发 #%d】%s\n", h.ID, it.Title)
	if h.Hops > 1 && h.Hop == 1 {
		fmt.Fprintf(&b, "请转给下级，落到 %d 个群：\n", len(groups))
	} else {
		fmt.Fprintf(&b, "请转到 %d 个群：\n", len(groups))
	}
	for i, d := range groups {
		g, _ := r.Group(d.Group)
		done := ""
		if d.State.Evidence() != "" {
			done = "（已转）"
		}
		fmt.Fprintf(&b, "%d. %s%s\n", i+1, g.Name, done)
	}
	if h.Reason != "" {
		fmt.Fprintf(&b, "机器人没有发成（%s），请您代转。\n", h.Reason)
	}
	mute, err := o.sayMute(ctx, h)
	if err != nil {
		return "", err
	}
	before, err := o.mayKnow(ctx, h, p)
	if err != nil {
		return "", err
	}
	b.WriteString(mute + before)
	fmt.Fprintf(&b, "时限：%s前\n", o.say(h.Due))
	for _, c := range mergeClauses(cs) {
		fmt.Fprintf(&b, "依据：%s\n", c.Quoted())
	}
	fmt.Fprintf(&b, "内容见下面几条，长按转发即可。\n转好请回：已转 %d\n转不了请回：转不了 %d 原因", h.ID, h.ID)
	return b.String(), nil
}

// handoffGroups are the leaf deliveries of a handoff, its own or those of the
// hops below it, in id order.
func (o *Office) handoffGroups(ctx context.Context, h Handoff) ([]Delivery, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: h.ID})
	if err != nil || h.Hop == h.Hops {
		return ds, err
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: h.ID})
	if err != nil {
		return nil, err
	}
	for _, b := range below {
		more, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: b.ID})
		if err != nil {
			return nil, err
		}
		ds = append(ds, more...)
	}
	slices.SortFunc(ds, func(a, b Delivery) int { return int(a.ID - b.ID) })
	return ds, nil
}
