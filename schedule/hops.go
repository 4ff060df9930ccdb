package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// mute reports whether a person cannot be asked, and cannot answer, by chat: not
// in the roster, without a tag, or not a friend of the account that is online.
// The hop above passes the pack on to them and speaks for them.
func (o *Office) mute(r *roster.Roster, person int64) bool {
	p, ok := r.Person(person)
	st := o.account.Status()
	return !ok || p.Tag == "" || st.Online() && !st.Knows(person)
}

// muteBelow are the hops below a handoff whose persons are mute.
func (o *Office) muteBelow(ctx context.Context, h Handoff) ([]Handoff, error) {
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: h.ID})
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(below, func(b Handoff) bool { return !o.mute(r, b.Person) }), nil
}

// onlyMute keeps the changes to groups whose forwarder is mute: there the hop
// above reports. The others are asked.
func (o *Office) onlyMute(ctx context.Context, h Handoff, ds []Delivery, changes []Change) ([]Change, error) {
	below, err := o.muteBelow(ctx, h)
	if err != nil {
		return nil, err
	}
	mute := map[int64]bool{}
	for _, d := range ds {
		mute[d.ID] = slices.ContainsFunc(below, func(b Handoff) bool { return b.ID == d.Handoff })
	}
	return slices.DeleteFunc(changes, func(c Change) bool { return !mute[c.ID] }), nil
}

// saidBy keeps the changes to groups that the person of a hop spoke for, however
// well the forwarders can be asked by now.
func saidBy(h Handoff, ds []Delivery, changes []Change) []Change {
	theirs := map[int64]bool{}
	for _, d := range ds {
		theirs[d.ID] = d.SaidBy != 0 && d.SaidBy == h.Person
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return !theirs[c.ID] })
}

// takenBack are the changes by which a hop above takes its word back: of the
// groups it spoke for. What those below said themselves stays.
func (o *Office) takenBack(ctx context.Context, h Handoff, ds []Delivery, changes []Change) ([]Change, error) {
	own := saidBy(h, ds, changes)
	rest, err := o.onlyMute(ctx, h, ds, changes)
	for _, c := range rest {
		if !slices.ContainsFunc(own, func(x Change) bool { return x.ID == c.ID }) {
			own = append(own, c)
		}
	}
	return own, err
}

// openNext asks the hops below that were passed the pack for all their groups:
// their time runs from now. Those who are mute are not asked: the word of the hop
// above stands for theirs, and their handoff is done with it.
func (o *Office) openNext(ctx context.Context, a roster.Actor, above Handoff, passed []Delivery, now time.Time) (next []HandoffView, spoken []Ref, err error) {
	p, err := o.store.Push(ctx, above.Push)
	if err != nil {
		return nil, nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, nil, err
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: above.ID, States: []HandoffState{HandoffWaiting, HandoffLapsed}})
	if err != nil {
		return nil, nil, err
	}
	got := map[int64]int{}
	for _, d := range passed {
		got[d.Handoff]++
	}
	for _, h := range below {
		if got[h.ID] < h.All || !h.unreached() {
			continue
		}
		if o.mute(r, h.Person) {
			who, _ := r.Person(h.Person)
			spoken = append(spoken, Ref{who.ID, who.Name})
			err = o.closeSpoken(ctx, a, h, p, now)
		} else {
			var v HandoffView
			v, err = o.openHop(ctx, a, h, p, now)
			next = append(next, v)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return next, spoken, nil
}

// openHop puts a hop that was just passed the pack before its person: that is
// when it lay readable.
func (o *Office) openHop(ctx context.Context, a roster.Actor, h Handoff, p Push, now time.Time) (HandoffView, error) {
	within, err := o.handoffWithin(ctx, p, h)
	if err != nil {
		return HandoffView{}, err
	}
	from := h.State
	h.State, h.ReadableAt, h.By, h.Due = HandoffOpen, now, byAbove, o.cal.AddWorking(now, within)
	if err := o.store.SaveHandoff(ctx, a, from, h, now); err != nil {
		return HandoffView{}, err
	}
	if err := o.moveDeadline(ctx, h, p, now, now); err != nil {
		return HandoffView{}, err
	}
	if err := o.ask(ctx, h.ID, now); err != nil {
		return HandoffView{}, err
	}
	return o.handoffView(ctx, h)
}

// byAbove is how a pack came to a hop: the one above passed it on.
const byAbove = "above"

// closeSpoken ends the handoff of a mute person with the word of the hop above.
func (o *Office) closeSpoken(ctx context.Context, a roster.Actor, h Handoff, p Push, now time.Time) error {
	from := h.State
	h.State, h.ReadableAt, h.By, h.Done, h.AnsweredAt = HandoffDone, now, byAbove, h.All, now
	if err := o.store.SaveHandoff(ctx, a, from, h, now); err != nil {
		return err
	}
	return o.moveDeadline(ctx, h, p, now, now)
}

// reopenSpoken has the handoffs wait again whose groups the hop above spoke for,
// now that it takes its word back; one that its own person had is theirs again,
// until its time is over.
func (o *Office) reopenSpoken(ctx context.Context, a roster.Actor, above Handoff, ds []Delivery, back []Change, now time.Time) error {
	of := map[int64]bool{}
	for _, d := range ds {
		if slices.ContainsFunc(back, func(c Change) bool { return c.ID == d.ID }) {
			of[d.Handoff] = true
		}
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: above.ID, States: []HandoffState{HandoffDone, HandoffDeclined, HandoffLapsed}})
	if err != nil {
		return err
	}
	for _, h := range below {
		if !of[h.ID] {
			continue
		}
		from, waits := h.State, h.State == HandoffDone || h.unreached()
		if h.State = HandoffOpen; waits {
			h.State, h.ReadableAt, h.By = HandoffWaiting, time.Time{}, ""
		}
		h.Done, h.AnsweredAt = 0, time.Time{}
		if err := o.store.SaveHandoff(ctx, a, from, h, now); err != nil {
			return err
		}
		if err := o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("due:%d", h.ID), Kind: jobHandoffDue, Ref: h.ID, At: h.Due}}); err != nil {
			return err
		}
	}
	return nil
}

// sayMute tells a hop above whom the bot cannot ask, "" for nobody.
func (o *Office) sayMute(ctx context.Context, h Handoff) (string, error) {
	if h.Hop >= h.Hops {
		return "", nil
	}
	below, err := o.muteBelow(ctx, h)
	if err != nil || len(below) == 0 {
		return "", err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return "", err
	}
	var who []string
	for _, b := range below {
		name := "没有负责人"
		if p, ok := r.Person(b.Person); ok {
			name = p.Name
		}
		who = append(who, fmt.Sprintf("%s（%d 个群）", name, b.All))
	}
	return fmt.Sprintf("机器人联系不到：%s，请您转到，并一起回复。\n", strings.Join(who, "、")), nil
}
