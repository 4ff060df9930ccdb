package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// Excuse 免考核 excuses what a group owes in a period, with a reason. It returns
// how many obligations it excused.
func (o *Office) Excuse(ctx context.Context, a roster.Actor, group, period, reason string, now time.Time) (int, error) {
	if strings.TrimSpace(reason) == "" {
		return 0, problem(ErrInput, "免考核要写原因")
	}
	g, err := o.findGroup(ctx, group)
	if err != nil {
		return 0, err
	}
	if err := allow(a, roster.Excuse, g.UnitPath); err != nil {
		return 0, err
	}
	p, err := calendar.ParsePeriod(period)
	if err != nil {
		return 0, problem(ErrInput, "%s", err)
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{Group: g.ID, Period: p, Now: now})
	if err != nil {
		return 0, err
	}
	var ids []int64
	for _, ob := range obs {
		if ob.Excuse == "" {
			ids = append(ids, ob.ID)
		}
	}
	if len(ids) == 0 {
		return 0, problem(ErrInput, "“%s”在 %s 没有应办，或已经免考核", g.Name, period)
	}
	if err := o.store.Excuse(ctx, a, ids, reason, now); err != nil {
		return 0, fmt.Errorf("excuse group %d: %w", g.ID, err)
	}
	return len(ids), o.settleFlags(ctx, now)
}

// findGroup resolves a group by id, or by a name or path only one group bears.
func (o *Office) findGroup(ctx context.Context, s string) (roster.Group, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return roster.Group{}, err
	}
	for _, g := range r.Groups {
		if g.UnitPath+"/"+g.Name == s {
			return g, nil
		}
	}
	g, err := r.FindGroup(strings.TrimPrefix(s, "group:"))
	if err != nil {
		return g, problem(ErrInput, "%s", err)
	}
	return g, nil
}

// scope is the path a query covers: the named unit, within the actor's subtree.
func (o *Office) scope(ctx context.Context, a roster.Actor, unit string) (string, error) {
	if unit == "" {
		return a.Unit, allow(a, roster.SeeCoverage, a.Unit)
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return "", err
	}
	u, err := r.FindUnit(unit)
	if err != nil {
		return "", problem(ErrInput, "%s", err)
	}
	return u.Path, allow(a, roster.SeeCoverage, u.Path)
}
