package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// GoOn is how long after one of its messages the rest of a delivery may still
// follow without anybody having looked: later nobody sees that they belong together.
const GoOn = 30 * time.Minute

// Settle is a person's word about an uncertain delivery: seen in the group, or
// not seen; of the office, or of the group's own keeper. What was not seen, or
// never tried, goes back to the queue under the same message ids while its
// window is open, otherwise to a person. A delivery is credited only when all of
// it was seen. said is when the person said
// it: a word from before the last try is about another, and is refused.
func (o *Office) Settle(ctx context.Context, a roster.Actor, id int64, seen bool, said, now time.Time) error {
	d, path, err := o.oneDelivery(ctx, id)
	if err != nil {
		return err
	}
	if err := o.maySettle(ctx, a, d, path); err != nil {
		return err
	}
	if d.State != Uncertain {
		return problem(ErrState, "#%d 现在是“%s”，不是“未确定”，不用核对", id, d.State.Chinese())
	}
	if said.Before(d.SentAt.Truncate(time.Second)) {
		return problem(ErrState, "#%d 在您说了以后又发过一次，请再到群里看一眼", id)
	}
	why := "群里没有看到"
	if seen {
		why = "群里已看到"
	}
	return o.settle(ctx, a, d, seen, why, now)
}

// maySettle: the office for its units, and the keeper for the group they keep.
func (o *Office) maySettle(ctx context.Context, a roster.Actor, d Delivery, path string) error {
	if roster.May(a, roster.AnswerFor, path) {
		return nil
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	if g, ok := r.Group(d.Group); ok && a.Person != 0 && g.Keeper == a.Person {
		return allow(a, roster.Answer, path)
	}
	return allow(a, roster.AnswerFor, path)
}

func (o *Office) settle(ctx context.Context, a roster.Actor, d Delivery, seen bool, why string, now time.Time) error {
	untried := slices.ContainsFunc(d.Parts, func(p Part) bool { return p.State == Queued })
	c := Change{ID: d.ID, From: Uncertain, To: Queued, Due: now, SaidBy: a.Person, Reason: why}
	if seen && untried {
		c.Reason, c.SeenParts = "已发的看到了，还差没发的", true
	}
	unasked := a == roster.Clock() && now.Sub(d.SentAt) > GoOn // a person who looked may let the rest follow later
	switch {
	case seen && !untried:
		c.To, c.Due, c.SeenAt = Observed, time.Time{}, now
	case !now.Before(d.Closes), unasked:
		if err := o.settleByHand(ctx, a, d, now); err != nil {
			return err
		}
		return o.store.DropNotices(ctx, sightKeys(d), now)
	}
	if err := o.store.Shift(ctx, a, []Change{c}, now); err != nil {
		return fmt.Errorf("settle delivery %d: %w", d.ID, err)
	}
	if err := o.store.DropNotices(ctx, sightKeys(d), now); err != nil {
		return err
	}
	return o.settleFlags(ctx, now, d.Group)
}

// settleByHand gives what the group lacks to a person: the window is over.
func (o *Office) settleByHand(ctx context.Context, a roster.Actor, d Delivery, now time.Time) error {
	p, err := o.store.Push(ctx, d.Push)
	if err != nil {
		return err
	}
	return o.hand(ctx, a, p, []Delivery{d}, now)
}

const (
	// askAfter is how long an uncertain delivery waits before its keeper is asked:
	// an echo may come first, and what several lost goes into one look.
	askAfter = 2 * time.Minute
	// askDays is how far back a keeper can be expected to find it in the group.
	askDays = 2
)

// Doubt has the keepers asked about what nobody can vouch for, in a moment; of
// nothing it writes nothing.
func (o *Office) Doubt(ctx context.Context, now time.Time) error {
	n, err := o.store.Counts(ctx, DeliveryFilter{States: []State{Uncertain}, From: o.cal.Today(now).AddDays(-askDays)})
	if err != nil || len(n) == 0 {
		return err
	}
	return o.store.PutJobs(ctx, []Job{{Key: "sight", Kind: jobSight, At: now.Add(askAfter)}})
}

// askSight asks the keeper of each group with an uncertain delivery, once for
// each try, whether the group shows it: in private, at hours for speaking, as one
// of the day's reminders. Who cannot be asked is not: the office sees all of it.
func (o *Office) askSight(ctx context.Context, now time.Time) error {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{States: []State{Uncertain}, From: o.cal.Today(now).AddDays(-askDays)})
	if err != nil || len(ds) == 0 {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	knows := o.account.Status().Knows
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		tried := slices.ContainsFunc(d.Parts, func(p Part) bool { return p.State == Uncertain })
		if keeper, ok := r.Person(g.Keeper); !tried || !ok || keeper.Until != "" || !knows(keeper.ID) {
			continue
		}
		it, err := o.store.Item(ctx, d.Item)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("【请看一眼 #%d】%s发到“%s”的《%s》，微信没有答复。群里看到了吗？\n看到了请回：见到 %d\n没看到请回：没见到 %d",
			d.ID, o.say(d.SentAt), g.Name, it.Title, d.ID, d.ID)
		if _, err := o.remind(ctx, g.Keeper, 0, fmt.Sprintf("%s%d", sightKeys(d), d.SentAt.UnixMilli()), text, now); err != nil {
			return err
		}
	}
	return nil
}

// sightKeys is what the keys of the questions about a delivery begin with.
func sightKeys(d Delivery) string { return fmt.Sprintf("sight:%d:", d.ID) }

// Unsettled are the uncertain deliveries that the actor may settle, oldest first.
func (o *Office) Unsettled(ctx context.Context, a roster.Actor, now time.Time) ([]Delivery, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{States: []State{Uncertain}, From: o.cal.Today(now).AddDays(-digestDays)})
	if err != nil || len(ds) == 0 {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ds, func(d Delivery) bool {
		g, ok := r.Group(d.Group)
		return !ok || o.maySettle(ctx, a, d, g.UnitPath) != nil
	}), nil
}

// mostLost is how many deliveries a line of the digest names.
const mostLost = 3

// unsettledLine names what nobody can vouch for, with the words that settle it.
func (o *Office) unsettledLine(ctx context.Context, a roster.Actor, now time.Time) (string, error) {
	ds, err := o.Unsettled(ctx, a, now)
	if err != nil || len(ds) == 0 {
		return "", err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, d := range ds[:min(len(ds), mostLost)] {
		g, _ := r.Group(d.Group)
		names = append(names, fmt.Sprintf("#%d %s", d.ID, g.Name))
	}
	etc := ""
	if len(ds) > mostLost {
		etc = "等"
	}
	return fmt.Sprintf("未确定 %d 条（%s%s），请到群里看一眼，再回：见到 %d 或 没见到 %d", len(ds), strings.Join(names, "、"), etc, ds[0].ID, ds[0].ID), nil
}

// StateOf is the state of a delivery that the actor may settle.
func (o *Office) StateOf(ctx context.Context, a roster.Actor, id int64) (State, error) {
	d, path, err := o.oneDelivery(ctx, id)
	if err == nil {
		err = o.maySettle(ctx, a, d, path)
	}
	return d.State, err
}
