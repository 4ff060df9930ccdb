package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// handoffWithin is the working time a hop of a relay push has for its groups.
func (o *Office) handoffWithin(ctx context.Context, p Push, h Handoff) (time.Duration, error) {
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return 0, err
	}
	groups := make([]int64, 0, len(ds))
	for _, d := range ds {
		groups = append(groups, d.Group)
	}
	within, _, err := o.relayTerms(ctx, p, groups)
	return within, err
}

// runFrom saves a handoff whose pack lies readable from an instant on: a relay's
// working time, and the deadlines of its clauses, run from there.
func (o *Office) runFrom(ctx context.Context, a roster.Actor, h Handoff, p Push, readable, now time.Time) error {
	within, err := o.handoffWithin(ctx, p, h)
	if err != nil {
		return err
	}
	if within > 0 {
		h.Due = o.cal.AddWorking(readable, within)
	}
	if err := o.store.SaveHandoff(ctx, a, h.State, h, now); err != nil || within == 0 {
		return err
	}
	if err := o.moveDeadline(ctx, h, p, readable, now); err != nil {
		return err
	}
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("due:%d", h.ID), Kind: jobHandoffDue, Ref: h.ID, At: h.Due}})
}

// moveDeadline moves the deadlines of the relay obligations that a hop carries:
// each by the working time of its own clause, from when the pack lies readable.
func (o *Office) moveDeadline(ctx context.Context, h Handoff, p Push, readable, now time.Time) error {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: h.ID})
	if err != nil {
		return err
	}
	mine := map[int64]bool{}
	for _, d := range ds {
		mine[d.Group] = true
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{Push: p.ID})
	if err != nil {
		return err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	terms, byTime := termsOf(ads), map[time.Duration][]int64{}
	for _, ob := range obs {
		if mine[ob.Group] {
			w := withinOf(terms[termKey{ob.Adoption, ob.Duty}])
			byTime[w] = append(byTime[w], ob.ID)
		}
	}
	started := p.Opens
	if started.Before(h.CreatedAt) {
		started = h.CreatedAt
	}
	makeup := o.Week(started).Next().End.Start(o.cal.Zone())
	for within, ids := range byTime {
		end := o.cal.AddWorking(readable, within)
		if err := o.store.MoveDeadline(ctx, ids, end, makeup, now); err != nil {
			return err
		}
		if err := o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("end:%d", end.UnixMilli()), Kind: jobEnd, At: end}}); err != nil {
			return err
		}
	}
	return nil
}
