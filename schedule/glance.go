package schedule

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/coverage"
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
	hs, err := o.store.Handoffs(ctx, HandoffFilter{States: []HandoffState{HandoffOpen, HandoffPart}})
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

// BehindGlance is a part of what is behind, and whose all of it is.
type BehindGlance struct {
	Glance[BehindRow]
	Keeper int // of All: a keeper's; the rest is nobody's in a village
}

// BehindNow is Behind of the actor's whole subtree at now, the longest behind
// first: at most most rows after skip, and how many there are. Unlike Behind it
// joins only what it returns.
func (o *Office) BehindNow(ctx context.Context, a roster.Actor, skip, most int, now time.Time) (BehindGlance, error) {
	if err := allow(a, roster.SeeCoverage, a.Unit); err != nil {
		return BehindGlance{}, err
	}
	flags, err := o.store.Flags(ctx, false)
	if err != nil || len(flags) == 0 {
		return BehindGlance{}, err
	}
	owed, err := o.flagged(ctx, flags, nil, now)
	if err != nil {
		return BehindGlance{}, err
	}
	var g BehindGlance
	flags = slices.DeleteFunc(flags, func(f Flag) bool {
		ob, ok := owed[f.Obligation]
		return !ok || f.Since.After(now) || !roster.Under(ob.UnitPath, a.Unit) || ob.Standing(now) != coverage.Behind
	})
	slices.SortStableFunc(flags, func(a, b Flag) int { return a.Since.Compare(b.Since) })
	g.All = len(flags)
	for _, f := range flags {
		if coverage.Cause(f.Cause) == coverage.ByKeeper {
			g.Keeper++
		}
	}
	for _, f := range part(flags, skip, most) {
		row, _, err := o.behindRow(ctx, f, now)
		if err != nil {
			return BehindGlance{}, err
		}
		g.Rows = append(g.Rows, row)
	}
	return g, nil
}

// CountDeliveries counts the ledger by state within the actor's subtree.
func (o *Office) CountDeliveries(ctx context.Context, a roster.Actor, f DeliveryFilter) (map[State]int, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	f.Unit = a.Unit
	ds, err := o.store.Deliveries(ctx, f)
	if err != nil {
		return nil, err
	}
	n := map[State]int{}
	for _, d := range ds {
		n[d.State]++
	}
	return n, nil
}

// Rest is how many more there are than the rows given.
func (g Glance[T]) Rest() int { return g.All - len(g.Rows) }
