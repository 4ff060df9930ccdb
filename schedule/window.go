package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

func termsOf(ads []Adoption) map[termKey]plans.Term {
	m := map[termKey]plans.Term{}
	for _, ad := range ads {
		for _, t := range ad.Terms.Duties {
			m[termKey{ad.ID, t.ID}] = t
		}
	}
	return m
}

// startPush freezes the target set: what people carry is handed to them; what
// the bot carries stays queued and goes by itself. Of one that runs it does what
// a crash in the middle of its start left undone.
func (o *Office) startPush(ctx context.Context, id int64, now time.Time) error {
	p, err := o.store.Push(ctx, id)
	if err != nil || p.State != PushReady && p.State != PushRunning {
		return err
	}
	if p.State == PushReady {
		if ok, err := o.stillApproved(ctx, p, now); err != nil || !ok {
			return err
		}
		if err := o.store.MovePush(ctx, roster.Clock(), id, PushReady, PushRunning, now); err != nil {
			return err
		}
	}
	if p.Relay {
		if err := o.oweRelays(ctx, p, now); err != nil {
			return err
		}
	}
	halted, _, err := o.store.Halted(ctx)
	if err != nil || halted || !now.Before(p.Closes) {
		return err
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: id, States: []State{Queued, Held}})
	if err != nil {
		return err
	}
	free, hand, err := o.sortOut(ctx, ds, p)
	if err != nil {
		return err
	}
	if err := o.store.Shift(ctx, roster.Clock(), free, now); err != nil {
		return err
	}
	return o.hand(ctx, roster.Clock(), p, hand, now)
}

// sortOut gives the changes by which deliveries to groups that no longer exist
// are cancelled and those an approval left behind are let go, and the deliveries
// that people carry.
func (o *Office) sortOut(ctx context.Context, ds []Delivery, p Push) (free []Change, hand []Delivery, err error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range ds {
		g, ok := r.Group(d.Group)
		switch {
		case !ok || !g.On(p.Day.String()):
			free = append(free, Change{ID: d.ID, From: d.State, To: Cancelled, Reason: "群已停用"})
		case d.State == Held && d.Reason == HeldByRestore: // waits for 放行
		case d.State == Held && d.Reason == HeldForApproval: // a crash in the middle of its approval
			free = append(free, Change{ID: d.ID, From: Held, To: Queued, Due: p.Opens})
			if d.Carrier == roster.ByKeeper {
				d.State = Queued
				hand = append(hand, d)
			}
		case d.Carrier == roster.ByKeeper || o.account.Status().State == AccountOff:
			hand = append(hand, d)
		}
	}
	return free, hand, nil
}

// closePush ends a push's window: what was not sent is missed and handed to
// people; nothing of it stays queued, sending or held (invariant I4).
func (o *Office) closePush(ctx context.Context, id int64, now time.Time) error {
	if err := o.startPush(ctx, id, now); err != nil {
		return err
	}
	p, err := o.store.Push(ctx, id)
	if err == nil && p.State == PushCancelled {
		return o.endCancelled(ctx, p, now)
	}
	if err != nil || p.State != PushRunning && p.State != PushWaiting {
		return err
	}
	halted, _, err := o.store.Halted(ctx)
	if err != nil {
		return err
	}
	missed, err := o.missRest(ctx, p, halted, now)
	if err != nil {
		return err
	}
	if p.State == PushWaiting { // nobody approved it in time: it is no debt of anybody's
		if err := o.store.MovePush(ctx, roster.Clock(), id, PushWaiting, PushCancelled, now); err != nil {
			return err
		}
		return o.tellUnsent(ctx, p, now)
	}
	if !halted {
		if missed, err = o.stillCounts(ctx, p, missed, now); err != nil {
			return err
		}
		if err := o.hand(ctx, roster.Clock(), p, missed, now); err != nil {
			return err
		}
	}
	return o.store.MovePush(ctx, roster.Clock(), id, PushRunning, PushDone, now)
}

// endCancelled ends what was out when its push was cancelled and came back
// since, so that nothing of it stays queued, sending or held.
func (o *Office) endCancelled(ctx context.Context, p Push, now time.Time) error {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Queued, Held, Sending}})
	if err != nil {
		return err
	}
	changes := make([]Change, 0, len(ds))
	for _, d := range ds {
		c := Change{ID: d.ID, From: d.State, To: Cancelled}
		if d.State == Sending {
			c.To, c.Reason = Uncertain, "取消时只发出一部分"
		}
		changes = append(changes, c)
	}
	return o.store.Shift(ctx, roster.Clock(), changes, now)
}

// tellUnsent tells whoever queued a push that it did not go for want of a second person.
func (o *Office) tellUnsent(ctx context.Context, p Push, now time.Time) error {
	it, err := o.store.Item(ctx, p.Item)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	text := fmt.Sprintf("【没发 #%d】《%s》\n到%s没有人审批，没有发。\n还要发请重新排，再请人回：审批", p.ID, it.Title, o.say(p.Closes))
	return o.tellAuthor(ctx, p.Author, fmt.Sprintf("unsent:%d", p.ID), text, now)
}

// missRest marks what was not sent as missed, and what was sent in part as
// uncertain: nobody knows what the group makes of half a push.
func (o *Office) missRest(ctx context.Context, p Push, halted bool, now time.Time) ([]Delivery, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Queued, Held, Sending, Failed, Refused, Missed}})
	if err != nil {
		return nil, err
	}
	why, err := o.whyMissed(ctx, p, halted)
	if err != nil {
		return nil, err
	}
	var changes []Change
	var missed []Delivery
	for _, d := range ds {
		switch d.State {
		case Sending:
			changes = append(changes, Change{ID: d.ID, From: Sending, To: Uncertain, Reason: "时段结束时只发出一部分"})
		case Failed, Refused, Missed: // missed already: a crash came before it was handed
			missed = append(missed, d)
		default:
			reason := why
			if d.State == Held && d.Reason != "" {
				reason = d.Reason
			}
			changes = append(changes, Change{ID: d.ID, From: d.State, To: Missed, Reason: reason})
			d.State, d.Reason = Missed, reason
			missed = append(missed, d)
		}
	}
	return missed, o.store.Shift(ctx, roster.Clock(), changes, now)
}

// stillCounts keeps the missed deliveries that are worth handing to people: of
// today, or serving an obligation of their group that is still open and short.
// Old news is not handed out.
func (o *Office) stillCounts(ctx context.Context, p Push, missed []Delivery, now time.Time) ([]Delivery, error) {
	if len(missed) == 0 || o.cal.Today(now) == p.Day {
		return missed, nil
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{On: p.Opens, EndsAfter: now, Short: true, Now: now})
	if err != nil {
		return nil, err
	}
	terms := termsOf(ads)
	byGroup := map[int64][]plans.Term{}
	for _, ob := range obs {
		if ob.Group != 0 && (ob.Push == 0 || ob.Push == p.ID) {
			byGroup[ob.Group] = append(byGroup[ob.Group], terms[termKey{ob.Adoption, ob.Duty}])
		}
	}
	return slices.DeleteFunc(missed, func(d Delivery) bool {
		return !slices.ContainsFunc(byGroup[d.Group], func(t plans.Term) bool { return coverage.Fits(t, d.Media, d.Themes) })
	}), nil
}

// packPush puts the office pack of a push on disk: every group of it that the
// server has not taken, with the person who would carry it.
func (o *Office) packPush(ctx context.Context, id int64) error {
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return err
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: id, States: []State{Queued, Held, Handed, Missed, Failed, Uncertain, Declined}})
	if err != nil || len(ds) == 0 || p.State == PushWaiting {
		return err
	}
	same, err := o.frozen(ctx, p)
	if err == nil && same {
		same, err = o.whole(ctx, p)
	}
	if err != nil || !same {
		return err
	}
	return o.writePack(ctx, p, ds)
}

func (o *Office) writePack(ctx context.Context, p Push, ds []Delivery) error {
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	pack := Pack{Push: p, Item: it}
	for _, a := range it.Attachments {
		data, err := o.store.Blob(ctx, a.SHA256)
		if err != nil {
			return fmt.Errorf("pack %d: %w", p.ID, err)
		}
		pack.Files = append(pack.Files, blobOf(a, data))
	}
	clauses, err := o.clausesOf(ctx, p, ds)
	if err != nil {
		return err
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Push: p.ID})
	if err != nil {
		return err
	}
	due := map[int64]time.Time{0: p.Closes} // not handed yet: while the window lasts
	for _, h := range hs {
		due[h.ID] = h.Due
	}
	for _, d := range ds {
		pack.Lines = append(pack.Lines, o.packLine(r, d, due[d.Handoff], clauses[d.Group]))
	}
	_, err = o.packs.Write(ctx, pack)
	return err
}

func (o *Office) packLine(r *roster.Roster, d Delivery, due time.Time, cs []Clause) PackLine {
	g, _ := r.Group(d.Group)
	line := PackLine{Delivery: d.ID, Handoff: d.Handoff, Unit: g.UnitPath, Group: g.Name, Due: due}
	if o.account.Status().State == AccountOff {
		line.Handoff = 0 // nobody can answer by chat: the sheet is the answer
	}
	if who, ok := o.forwarder(r, g); ok {
		line.Person, line.Phone = who.Name, who.Phone
	}
	for i, c := range cs {
		if i > 0 {
			line.Clause += "；"
		}
		line.Clause += "方案" + itoa(c.Plan) + " " + c.Title
	}
	return line
}

// forwarder is who carries to the group by hand: its keeper, else the nearest
// unit contact.
func (o *Office) forwarder(r *roster.Roster, g roster.Group) (roster.Person, bool) {
	if p, ok := r.Person(g.Keeper); ok && p.Until == "" {
		return p, true
	}
	return r.ContactAbove(g.Unit, 0)
}
