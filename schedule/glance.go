package schedule

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// HaltView is 停发 as it stands.
type HaltView struct {
	On    bool
	Since time.Time
	// ResumeAt is when sending goes on by the delay alone, because one person
	// has said 恢复; zero: nobody has.
	ResumeAt time.Time
}

// HaltState tells whether 停发 is on.
func (o *Office) HaltState(ctx context.Context, a roster.Actor) (HaltView, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return HaltView{}, err
	}
	on, since, err := o.store.Halted(ctx)
	if err != nil || !on {
		return HaltView{}, err
	}
	v := HaltView{On: true, Since: since}
	asked, err := o.store.MarkOf(ctx, markResume)
	if err != nil {
		return HaltView{}, err
	}
	_, at, _ := strings.Cut(asked, " ")
	if ms, err := strconv.ParseInt(at, 10, 64); err == nil {
		v.ResumeAt = time.UnixMilli(ms)
	}
	return v, nil
}

// Glance is a part of a long list with the sum of all of it.
type Glance[T any] struct {
	Rows []T
	All  int
}

// part cuts out at most most elements after skip.
func part[T any](all []T, skip, most int) []T {
	skip = min(max(skip, 0), len(all))
	return all[skip:min(skip+max(most, 0), len(all))]
}

// WaitingHandoffs are the handoffs that wait for a person's answer within the
// actor's subtree, those due first in front: at most most after skip, and how
// many there are. Unlike Handoffs it joins only what it returns.
func (o *Office) WaitingHandoffs(ctx context.Context, a roster.Actor, skip, most int) (Glance[HandoffView], error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return Glance[HandoffView]{}, err
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Live: true, States: []HandoffState{HandoffOpen, HandoffPart}})
	if err != nil {
		return Glance[HandoffView]{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Glance[HandoffView]{}, err
	}
	hs = slices.DeleteFunc(hs, func(h Handoff) bool {
		u, ok := r.Unit(h.Unit)
		return ok && !roster.Under(u.Path, a.Unit)
	})
	slices.SortStableFunc(hs, func(a, b Handoff) int { return a.Due.Compare(b.Due) })
	g := Glance[HandoffView]{All: len(hs)}
	for _, h := range part(hs, skip, most) {
		v, err := o.handoffView(ctx, h)
		if err != nil {
			return Glance[HandoffView]{}, err
		}
		g.Rows = append(g.Rows, v)
	}
	return g, nil
}

// CountDeliveries counts the ledger by state within the actor's subtree.
func (o *Office) CountDeliveries(ctx context.Context, a roster.Actor, f DeliveryFilter) (map[State]int, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	f.Unit = a.Unit
	counts, err := o.store.Counts(ctx, f)
	n := map[State]int{}
	for _, of := range counts {
		for state, k := range of {
			n[state] += k
		}
	}
	return n, err
}

// Rest is how many more there are than the rows given.
func (g Glance[T]) Rest() int { return g.All - len(g.Rows) }
