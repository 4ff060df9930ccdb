package schedule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// Excused says whom 免 excused of how much.
type Excused struct {
	Group       roster.Group
	Obligations int
	Reason      string
}

// ExcuseOpen is 免: a group is excused from all that it owes now in periods
// still open. text begins with the group, by number, name, or the name of a unit
// with a single group, and goes on with the reason. ErrInput, with the numbers to
// choose from, when several groups fit.
func (o *Office) ExcuseOpen(ctx context.Context, a roster.Actor, text string, now time.Time) (Excused, error) {
	if err := allow(a, roster.Excuse, a.Unit); err != nil {
		return Excused{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Excused{}, err
	}
	g, reason, err := namedGroup(r, a, strings.TrimSpace(text))
	if err != nil {
		return Excused{}, err
	}
	if err := allow(a, roster.Excuse, g.UnitPath); err != nil {
		return Excused{}, err
	}
	if reason == "" {
		return Excused{}, problem(ErrInput, "请写上原因，如：免 %s 群解散了", g.Name)
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{Group: g.ID, On: now, Now: now})
	if err != nil {
		return Excused{}, err
	}
	var ids []int64
	for _, ob := range obs {
		if ob.Excuse == "" && ob.Credits < ob.Need {
			ids = append(ids, ob.ID)
		}
	}
	if len(ids) == 0 {
		return Excused{}, problem(ErrState, "“%s”现在没有未完成的应办，不用免", g.Name)
	}
	if err := o.store.Excuse(ctx, a, ids, reason, now); err != nil {
		return Excused{}, fmt.Errorf("excuse group %d: %w", g.ID, err)
	}
	return Excused{g, len(ids), reason}, o.settleFlags(ctx, now)
}

// namedGroup reads a group that the actor may excuse at the head of a text; the
// rest is the reason.
func namedGroup(r *roster.Roster, a roster.Actor, text string) (roster.Group, string, error) {
	groups, name, rest := r.NamedGroups(text)
	groups = slices.DeleteFunc(groups, func(g roster.Group) bool { return !roster.May(a, roster.Excuse, g.UnitPath) })
	word, tail, _ := strings.Cut(text, " ")
	if g, err := r.FindGroup(word); err == nil && len(name) < len(word) {
		return g, strings.TrimSpace(tail), nil
	}
	rest = strings.Trim(rest, " ,，:：")
	switch {
	case len(groups) == 1:
		return groups[0], rest, nil
	case len(groups) == 0 && name == "":
		return roster.Group{}, "", problem(ErrInput, "花名册里没有“%s”这个群，请写群名称或编号，如：免 三组网格群 群解散了", word)
	case len(groups) == 0:
		return roster.Group{}, "", problem(ErrDenied, "没有权限：“%s”不在您负责的范围内", name)
	}
	say := fmt.Sprintf("“%s”有 %d 个群，请写编号：", name, len(groups))
	for i, g := range groups {
		if i == 8 {
			say += fmt.Sprintf("\n还有 %d 个", len(groups)-i)
			break
		}
		say += fmt.Sprintf("\n%d %s（%s）", g.ID, g.Name, g.UnitPath)
	}
	return roster.Group{}, "", problem(ErrInput, "%s\n如：免 %d %s", say, groups[0].ID, cmp.Or(rest, "原因"))
}
