package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// periodsShown is how many columns the table has; the last is the present one.
const periodsShown = 6

// coverageAsk is what the table is of.
type coverageAsk struct {
	unit       string // path or name, "" for all
	per        calendar.Per
	skip, most int
}

// coverageView is units × periods. Weeks hold what is counted by the week and
// relays; a month holds its weeks and what is counted by the month.
type coverageView struct {
	Unit    string
	Up      address // the unit above, "" at the top
	Weeks   bool
	Other   address // the table by the other kind of period
	Periods []string
	Total   []cell
	Units   []unitLine
	All     int // units there are, of which Units are some
	Turn    turned
}

type unitLine struct {
	Name  string
	Into  address // the units below, "" when there are none
	Cells []cell
}

// cell is one unit in one period. Only a keeper's share is coloured; where
// nothing is owed it is hatched.
type cell struct {
	Period string
	coverage.Row
	Base  int  // what the ended periods ask for: owed less excused
	Open  int  // what the open ones ask for
	Ended bool // something was owed in a period that ended
	None  bool // nothing is owed at all
}

func newCell(period string, r coverage.Row) cell {
	return cell{Period: period, Row: r, Base: r.Owed - r.Excused, Open: r.SoFar.Owed - r.SoFar.Excused, Ended: r.Owed > 0,
		None: r.Owed == 0 && r.SoFar.Owed == 0}
}

func (c *Console) coverage(ctx context.Context, s *session, ask coverageAsk, now time.Time) (coverageView, error) {
	r, err := c.opt.Office.Roster(ctx, s.actor)
	if err != nil {
		return coverageView{}, err
	}
	if ask.per != calendar.Month {
		ask.per = calendar.Week
	}
	var of roster.Unit
	if ask.unit != "" {
		if of, err = r.FindUnit(ask.unit); err != nil {
			return coverageView{}, &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
		}
	}
	v := coverageView{Unit: of.Path, Weeks: ask.per == calendar.Week, Other: coverageLink(of.Path, calendar.Week)}
	if v.Weeks {
		v.Other = coverageLink(of.Path, calendar.Month)
	}
	if of.ID != 0 {
		up, _ := r.Unit(of.Parent)
		v.Up = coverageLink(up.Path, ask.per)
	}
	has := map[int64]bool{}
	for _, u := range r.Units {
		has[u.Parent] = true
	}
	units := below(r, of.ID)
	v.All = len(units)
	units = units[min(ask.skip, len(units)):min(ask.skip+ask.most, len(units))]
	for _, u := range units {
		line := unitLine{Name: u.Name}
		if has[u.ID] {
			line.Into = coverageLink(u.Path, ask.per)
		}
		v.Units = append(v.Units, line)
	}
	for _, p := range lastPeriods(ask.per, c.opt.Office.Calendar().Today(now)) {
		if err := c.column(ctx, s, &v, units, p, now); err != nil {
			return v, err
		}
	}
	return v, nil
}

// column adds one period to every line.
func (c *Console) column(ctx context.Context, s *session, v *coverageView, units []roster.Unit, p calendar.Period, now time.Time) error {
	said := calendar.SayPeriod(p.Key)
	table, err := c.opt.Office.Coverage(ctx, s.actor, schedule.Query{Unit: v.Unit, Period: p.Key, By: coverage.ByUnit, Now: now})
	if err != nil {
		return err
	}
	push := map[string]coverage.Row{}
	for _, row := range table.Rows {
		if row.Kind == "push" {
			push[row.Key] = row
		}
	}
	v.Periods = append(v.Periods, said)
	v.Total = append(v.Total, newCell(said, table.Total))
	for i, u := range units {
		v.Units[i].Cells = append(v.Units[i].Cells, newCell(said, push[u.Path]))
	}
	return nil
}

// lastPeriods are the present period and those before it, oldest first.
func lastPeriods(per calendar.Per, today calendar.Date) []calendar.Period {
	out := []calendar.Period{calendar.PeriodOf(per, today)}
	for len(out) < periodsShown {
		out = append(out, out[len(out)-1].Prev())
	}
	slices.Reverse(out)
	return out
}

// below are the units directly under one (0: the roots), by name; where there is
// only one root, those under it.
func below(r *roster.Roster, id int64) []roster.Unit {
	var out []roster.Unit
	for _, u := range r.Units {
		if u.Parent == id {
			out = append(out, u)
		}
	}
	if id == 0 && len(out) == 1 {
		if under := below(r, out[0].ID); len(under) > 0 {
			return under
		}
	}
	slices.SortFunc(out, func(a, b roster.Unit) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

func coverageLink(unit string, per calendar.Per) address {
	q := url.Values{}
	if unit != "" {
		q.Set("unit", unit)
	}
	if per == calendar.Month {
		q.Set("per", string(per))
	}
	return linkTo("/coverage", q)
}

func (c *Console) coveragePage(w http.ResponseWriter, r *http.Request, s *session) error {
	at, skip := turn(r, pageRows)
	q := r.URL.Query()
	v, err := c.coverage(r.Context(), s, coverageAsk{unit: q.Get("unit"), per: calendar.Per(q.Get("per")), skip: skip, most: pageRows}, c.opt.Now())
	if err != nil {
		return err
	}
	v.Turn = turnedTo(r, at, pageRows, v.All)
	return c.show(w, r, s, http.StatusOK, frame{Title: "覆盖率", Body: v})
}
