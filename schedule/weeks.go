package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// MostWeeks is how many weeks stand side by side on one page.
const MostWeeks = 14

// usualWeeks is how many are shown when nobody says how many.
const usualWeeks = 8

// WeeksView is a grid of units by weeks, and how to call what it is about. Of
// what is still open it knows what is met, not what is at risk.
type WeeksView struct {
	Unit string // the name asked about, "" for the whole office
	Grid coverage.Grid
}

// Weeks answers how much was met week by week, in a unit and the units one level
// under it: the last eight weeks, or those of a period. It returns ErrInput for
// an unknown unit, a period with no weeks so far or with more than MostWeeks.
func (o *Office) Weeks(ctx context.Context, a roster.Actor, unit string, p calendar.Period, now time.Time) (WeeksView, error) {
	path, err := o.scope(ctx, a, unit)
	if err != nil {
		return WeeksView{}, err
	}
	weeks, err := o.weeksOf(p, now)
	if err != nil {
		return WeeksView{}, err
	}
	sums, owed, err := o.weekly(ctx, path, weeks, now)
	if err != nil {
		return WeeksView{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return WeeksView{}, err
	}
	var keys []coverage.Key
	for _, u := range r.Units {
		if above, name := parentOf(u.Path); above == path {
			keys = append(keys, coverage.Key{Key: u.Path, Name: name})
		}
	}
	_, name := parentOf(path)
	return WeeksView{Unit: name, Grid: coverage.Weekly(sums, owed, weeks, path, keys, now)}, nil
}

// parentOf cuts the last name off a path.
func parentOf(path string) (above, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// weeksOf are the weeks that a period takes and that have begun; without a
// period the last eight.
func (o *Office) weeksOf(p calendar.Period, now time.Time) ([]calendar.Period, error) {
	this := o.Week(now)
	if p == (calendar.Period{}) {
		p = calendar.Period{Per: calendar.Campaign, Start: this.Start.AddDays(-7 * (usualWeeks - 1)), End: this.End}
	}
	var weeks []calendar.Period
	for w := calendar.PeriodOf(calendar.Week, p.Start); w.Start.Before(p.End) && !w.Start.After(this.Start); w = w.Next() {
		if p.Per == calendar.Campaign || p.Takes(w) {
			weeks = append(weeks, w)
		}
	}
	switch {
	case len(weeks) == 0:
		return nil, problem(ErrInput, "这段时间还没有到，请写本月或以前的，如：上月")
	case len(weeks) > MostWeeks:
		return nil, problem(ErrInput, "一张图最多画 %d 周，请写一个月或一个季度，如：上月", MostWeeks)
	}
	return weeks, nil
}

// weekly is what is owed in the time of weeks: what has ended from the sums.
func (o *Office) weekly(ctx context.Context, path string, weeks []calendar.Period, now time.Time) ([]coverage.Sum, []coverage.Owed, error) {
	first := weeks[0].Start
	sums, ended, err := o.ended(ctx, SumFilter{Unit: path, From: first}, now)
	if err != nil {
		return nil, nil, err
	}
	if begin := first.Start(o.cal.Zone()); ended.Before(begin) {
		ended = begin
	}
	// Without Now nobody looks for what is on its way: that would tell at risk from
	// on pace, which no cell shows.
	owed, err := o.Owed(ctx, ObligationFilter{Unit: path, EndsAfter: ended, Pushes: true}, Query{Now: now})
	return sums, owed, err
}

// WeekReport is one week of a unit in numbers of pushes: what was due, done, done
// in time; and which groups are behind, the keepers' apart.
type WeekReport struct {
	Unit            string
	Week            calendar.Period
	Ended           bool
	Groups, Excused int // groups that owe something; those excused from all of it
	Due, Done       int // 条次
	OnTime          int
	Theirs, Others  []string // names of the groups behind: the keepers', the others
	AtRisk          []string // names of the groups at risk, while the week lasts
	Audit           string   // where the audit log ends now, in a report on the whole; on paper it vouches for all before
}

// WeekReport answers 周报: the weekly duties and relays of one ISO week in a
// unit. It returns ErrInput for a period that is no week or has not begun.
func (o *Office) WeekReport(ctx context.Context, a roster.Actor, unit string, week calendar.Period, now time.Time) (WeekReport, error) {
	path, err := o.scope(ctx, a, unit)
	if err != nil {
		return WeekReport{}, err
	}
	if week.Per != calendar.Week || week.Start.After(o.cal.Today(now)) {
		return WeekReport{}, problem(ErrInput, "周报请写哪一周，如：周报 上周")
	}
	owed, err := o.Owed(ctx, ObligationFilter{Unit: path, Period: week, Pushes: true, Now: now}, Query{Now: now})
	if err != nil {
		return WeekReport{}, fmt.Errorf("report of %s: %w", week.Key, err)
	}
	_, name := parentOf(path)
	w := WeekReport{Unit: name, Week: week, Ended: !now.Before(week.End.Start(o.cal.Zone()))}
	w.count(owed, now)
	if above, _ := parentOf(path); above == "" && a.Role.High() { // how much all do is not a part's to know
		if w.Audit, err = o.store.Audit(ctx); err != nil {
			return WeekReport{}, err
		}
	}
	return w, nil
}

// count adds up the obligations of the week. A group is named once, as a
// keeper's if any of its debts is.
func (w *WeekReport) count(owed []coverage.Owed, now time.Time) {
	type fate struct {
		name                         string
		owes, theirs, behind, atRisk bool
	}
	groups := map[int64]*fate{}
	var order []*fate
	for _, o := range owed {
		if !o.PushDuty() || o.Period.Key != w.Week.Key {
			continue
		}
		g := groups[o.Group]
		if g == nil {
			g = &fate{name: o.GroupName}
			groups[o.Group], order = g, append(order, g)
		}
		if o.Excuse != "" {
			continue
		}
		g.owes = true
		w.Due += o.Need
		w.OnTime += min(o.Credits, o.Need)
		w.Done += min(o.Credits+o.Makeups, o.Need)
		switch o.Standing(now) {
		case coverage.Behind:
			g.behind = true
			g.theirs = g.theirs || o.Cause == coverage.ByKeeper
		case coverage.AtRisk:
			g.atRisk = true
		}
	}
	for _, g := range order {
		switch {
		case !g.owes:
			w.Excused++
			continue
		case g.theirs:
			w.Theirs = append(w.Theirs, g.name)
		case g.behind:
			w.Others = append(w.Others, g.name)
		case g.atRisk:
			w.AtRisk = append(w.AtRisk, g.name)
		}
		w.Groups++
	}
}

// Ranked is one unit of a ranking.
type Ranked struct {
	Place int // units that are alike share one; 0: it owed nothing
	Name  string
	Row   coverage.Row
}

// Ranking orders the units one level under a unit by how little their keepers
// are behind, and by nothing else: what is not a village's does not count
// against it. Units that owed nothing come last and have no place. Whether there is to be a
// ranking at all is the office's choice, which the caller knows.
func (o *Office) Ranking(ctx context.Context, a roster.Actor, q Query) ([]Ranked, error) {
	q.By = coverage.ByUnit
	path, err := o.scope(ctx, a, q.Unit)
	if err != nil {
		return nil, err
	}
	v, err := o.Coverage(ctx, a, q)
	if err != nil {
		return nil, err
	}
	var out []Ranked
	for _, r := range v.Rows {
		if above, name := parentOf(r.Key); above == path && r.Kind == "push" && r.Key != path {
			out = append(out, Ranked{Name: name, Row: r})
		}
	}
	slices.SortStableFunc(out, func(x, y Ranked) int { return compareRanks(x.Row, y.Row) })
	for i := range out {
		switch {
		case out[i].Row.Owed == out[i].Row.Excused:
		case i > 0 && compareRanks(out[i-1].Row, out[i].Row) == 0:
			out[i].Place = out[i-1].Place
		default:
			out[i].Place = i + 1
		}
	}
	return out, nil
}

// compareRanks puts the better first, by shares: a big village is not worse for
// being big.
func compareRanks(x, y coverage.Row) int {
	bx, by := x.Owed-x.Excused, y.Owed-y.Excused
	if bx == 0 || by == 0 {
		return min(by, 1) - min(bx, 1)
	}
	return x.BehindKeeper*by - y.BehindKeeper*bx
}
