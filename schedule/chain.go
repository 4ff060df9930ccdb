package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// chainDays is how far back what nobody has finished is still looked for.
const chainDays = 14

// Chain is the hops of one relay push below one person of the first hop, in the
// order of passing on: the first hop, then those below it.
type Chain struct {
	Title string
	Hops  []HandoffView
}

// Stuck answers 卡在哪: the handoffs of relays that stand where their relay stands
// still, those that have lain longest first. Only what was asked for in the last
// 14 days is looked for. A cadre sees their own and those below them.
func (o *Office) Stuck(ctx context.Context, a roster.Actor, unit string, now time.Time) ([]HandoffView, error) {
	path, err := o.scope(ctx, a, unit)
	if err != nil {
		return nil, err
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Unit: path, Since: now.AddDate(0, 0, -chainDays),
		States: []HandoffState{HandoffOpen, HandoffPart, HandoffLapsed}})
	if err != nil {
		return nil, err
	}
	relay := map[int64]bool{}
	var out []HandoffView
	for _, h := range hs {
		is, known := relay[h.Push]
		if !known {
			p, err := o.store.Push(ctx, h.Push)
			if err != nil {
				return nil, err
			}
			is = p.Relay && p.State != PushCancelled
			relay[h.Push] = is
		}
		if !is {
			continue
		}
		v, err := o.hopView(ctx, h, now)
		if err != nil {
			return nil, err
		}
		if v.Stuck {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b HandoffView) int { return int(b.Waited - a.Waited) })
	return out, nil
}

// ChainOf answers 转发链 12: the hops that the handoff, the flag or the delivery
// with the number belongs to, each with how long it took in working time.
func (o *Office) ChainOf(ctx context.Context, a roster.Actor, id int64, now time.Time) (Chain, error) {
	h, err := o.handoffOf(ctx, id)
	if err != nil {
		return Chain{}, err
	}
	if h.Above != 0 {
		if h, err = o.store.Handoff(ctx, h.Above); err != nil {
			return Chain{}, err
		}
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: h.ID})
	if err != nil {
		return Chain{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Chain{}, err
	}
	var c Chain
	for _, hop := range append([]Handoff{h}, below...) {
		u, _ := r.Unit(hop.Unit)
		if err := allow(a, roster.SeeCoverage, u.Path); err != nil && hop.Person != a.Person && hop.ID != h.ID {
			continue // another village's
		}
		v, err := o.hopView(ctx, hop, now)
		if err != nil {
			return Chain{}, err
		}
		c.Title, c.Hops = v.Title, append(c.Hops, v)
	}
	return c, mayFollow(a, c)
}

// mayFollow refuses a chain of which nothing is the actor's.
func mayFollow(a roster.Actor, c Chain) error {
	for _, v := range c.Hops {
		if v.Person.ID == a.Person && a.Person != 0 || roster.May(a, roster.SeeCoverage, v.Unit.Name) {
			return nil
		}
	}
	return allow(a, roster.SeeCoverage, "")
}

// handoffOf is the handoff a number leads to.
func (o *Office) handoffOf(ctx context.Context, id int64) (Handoff, error) {
	kind, err := o.store.Kind(ctx, id)
	if err != nil {
		return Handoff{}, o.wrongNumber(ctx, id, "转发单", err)
	}
	switch kind {
	case "handoff":
		return o.store.Handoff(ctx, id)
	case "flag":
		f, err := o.store.Flag(ctx, id)
		if err != nil {
			return Handoff{}, err
		}
		obs, err := o.store.Obligations(ctx, ObligationFilter{IDs: []int64{f.Obligation}})
		if err != nil {
			return Handoff{}, err
		}
		if len(obs) == 0 || obs[0].Push == 0 {
			return Handoff{}, problem(ErrInput, "#%d 不是转发任务，没有转发链。看依据请回：凭什么 %d", id, id)
		}
		return o.deliveredBy(ctx, id, DeliveryFilter{Push: obs[0].Push, Groups: []int64{obs[0].Group}})
	case "delivery":
		return o.deliveredBy(ctx, id, DeliveryFilter{IDs: []int64{id}})
	}
	return Handoff{}, o.wrongNumber(ctx, id, "转发单", ErrInput)
}

func (o *Office) deliveredBy(ctx context.Context, id int64, f DeliveryFilter) (Handoff, error) {
	ds, err := o.store.Deliveries(ctx, f)
	if err != nil {
		return Handoff{}, err
	}
	if len(ds) == 0 || ds[0].Handoff == 0 {
		return Handoff{}, problem(ErrInput, "#%d 是机器人自己发的，没有转发链", id)
	}
	return o.store.Handoff(ctx, ds[0].Handoff)
}

// hopView is a handoff with how long it has taken, in working time, and whether
// its relay stands still with it.
func (o *Office) hopView(ctx context.Context, h Handoff, now time.Time) (HandoffView, error) {
	v, err := o.handoffView(ctx, h)
	if err != nil {
		return v, err
	}
	below, err := o.unpassed(ctx, h)
	if err != nil {
		return v, err
	}
	o.lag(&v, h, below, now)
	return v, nil
}

// unpassed counts the hops below a handoff that it has not passed the pack on to.
func (o *Office) unpassed(ctx context.Context, h Handoff) (int, error) {
	if h.Hop >= h.Hops {
		return 0, nil
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: h.ID})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, b := range below {
		if b.unreached() {
			n++
		}
	}
	return n, nil
}

// lag fills in how long a hop has taken: from when the pack lay readable with its
// person until the answer, or until now. A relay stands still at the lowest hop
// that has the pack and has not finished; the office pack that nobody has said to
// be given is not with anybody yet.
func (o *Office) lag(v *HandoffView, h Handoff, unpassed int, now time.Time) {
	finished := h.State == HandoffDone || h.State == HandoffDeclined
	v.Stuck = !finished && !h.unreached() && h.State != HandoffWaiting && (h.Hop >= h.Hops || unpassed > 0)
	v.Since = v.ReadableAt
	if v.Since == nil && !h.unreached() && h.State != HandoffWaiting {
		v.Since = instant(h.CreatedAt)
	}
	if h.ReadableAt.IsZero() || h.ReadableAt.After(now) {
		return
	}
	end := now
	if !h.AnsweredAt.IsZero() && h.State != HandoffPart {
		end = h.AnsweredAt
	}
	v.Waited = o.cal.WorkingBetween(h.ReadableAt, end)
	lag := iso(v.Waited)
	v.Lag = &lag
}

// iso writes a duration in ISO 8601, to the minute: PT3H20M.
func iso(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	var b strings.Builder
	b.WriteString("PT")
	if h > 0 {
		fmt.Fprintf(&b, "%dH", h)
	}
	if m > 0 || h == 0 {
		fmt.Fprintf(&b, "%dM", m)
	}
	return b.String()
}

// SayLag writes working time for people: 3小时20分.
func SayLag(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h == 0:
		return fmt.Sprintf("%d分钟", m)
	case m == 0:
		return fmt.Sprintf("%d小时", h)
	}
	return fmt.Sprintf("%d小时%d分", h, m)
}
