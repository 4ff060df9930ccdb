package coverage

import (
	"cmp"
	"slices"
	"time"

	"tongluo/schedule/calendar"
)

// Grid is coverage of units week by week. Rows come worst first: those with most
// that a keeper is behind on, then most behind, then by key. A row stands there
// also when nothing is owed.
type Grid struct {
	Weeks []calendar.Period
	Rows  []GridRow
	Total GridRow
	// Other is what is owed in the same time by the month, quarter or longer: it
	// has no week to stand in.
	Other Row
}

// GridRow is a unit: a cell a week, and their sum.
type GridRow struct {
	Key, Name string
	Cells     []Row
	Sum       Row
}

// own is the name of the row of what belongs to a unit itself, beside the rows
// of the units below it.
const own = "本级"

// Weekly puts push duties into a grid of the units one level under root. Weeks
// must be ISO weeks in order, without gaps.
func Weekly(sums []Sum, owed []Owed, weeks []calendar.Period, root string, units []Key, now time.Time) Grid {
	b := gridder{weeks: map[string]int{}, root: root, own: root + "/" + own, now: now}
	b.grid.Weeks = weeks
	for i, w := range weeks {
		b.weeks[w.Key] = i
	}
	b.rows = map[string]*GridRow{}
	for _, u := range units {
		b.row(u.Key, u.Name)
	}
	b.grid.Total = b.fresh("total", "合计")
	b.grid.Other = newRow("other", "", "push", "")
	for _, s := range sums {
		b.each(s.Owed, func(r *Row, mine bool) { r.addEnded(s.Standing, s.Cause, mine, s.N) })
	}
	for _, o := range owed {
		b.each(o, func(r *Row, mine bool) { r.add(o, mine, now) })
	}
	return b.done()
}

type gridder struct {
	grid  Grid
	weeks map[string]int
	rows  map[string]*GridRow
	root  string
	own   string
	now   time.Time
}

func (b *gridder) fresh(key, name string) GridRow {
	r := GridRow{Key: key, Name: name, Cells: make([]Row, len(b.grid.Weeks)), Sum: newRow(key, name, "push", "")}
	for i, w := range b.grid.Weeks {
		r.Cells[i] = newRow(key, name, "push", w.Key)
	}
	return r
}

func (b *gridder) row(key, name string) *GridRow {
	if b.rows[key] == nil {
		r := b.fresh(key, name)
		b.rows[key] = &r
	}
	return b.rows[key]
}

// each gives add the cell, the row's sum and the totals an obligation belongs to.
func (b *gridder) each(o Owed, add func(r *Row, mine bool)) {
	if !o.PushDuty() || len(b.grid.Weeks) == 0 {
		return
	}
	if o.Period.Per != calendar.Week {
		if o.Period.Start.Before(b.grid.Weeks[len(b.grid.Weeks)-1].End) && b.grid.Weeks[0].Start.Before(o.Period.End) {
			add(&b.grid.Other, true)
		}
		return
	}
	n, ok := b.weeks[o.Period.Key]
	if !ok {
		return
	}
	key, name := b.place(o.UnitPath)
	row := b.row(key, name)
	mine := o.BlamedUnit == "" || !below(key, o.BlamedUnit) || key == b.own
	add(&row.Cells[n], mine)
	add(&row.Sum, mine)
	add(&b.grid.Total.Cells[n], true)
	add(&b.grid.Total.Sum, true)
}

// place is the row a unit path belongs to: the unit one level under the root.
func (b *gridder) place(path string) (key, name string) {
	if path == b.root {
		return b.own, own
	}
	from := 0
	if b.root != "" {
		from = len(b.root) + 1
	}
	end := from
	for end < len(path) && path[end] != '/' {
		end++
	}
	return path[:end], path[from:end]
}

func (b *gridder) done() Grid {
	for _, r := range b.rows {
		r.rate()
		b.grid.Rows = append(b.grid.Rows, *r)
	}
	b.grid.Total.rate()
	b.grid.Other.rate()
	slices.SortFunc(b.grid.Rows, func(x, y GridRow) int {
		return cmp.Or(cmp.Compare(y.Sum.BehindKeeper, x.Sum.BehindKeeper), cmp.Compare(y.Sum.Behind, x.Sum.Behind), cmp.Compare(x.Key, y.Key))
	})
	return b.grid
}

func (r *GridRow) rate() {
	for i := range r.Cells {
		r.Cells[i].rate()
	}
	r.Sum.rate()
}
