package coverage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/plans"
)

// Row is one line of a coverage table. The counts Owed, Met, Late, Behind and
// Excused are of periods that have ended: Owed is their sum. OnPace and AtRisk
// are of open periods, which SoFar sums apart.
type Row struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Period string `json:"period"`
	// Closed says that no open period is in this row.
	Closed       bool  `json:"closed"`
	Owed         int   `json:"owed"`
	Met          int   `json:"met"`
	Late         int   `json:"late"`
	Behind       int   `json:"behind"`
	BehindKeeper int   `json:"behind_keeper"`
	BehindOffice int   `json:"behind_office"`
	Excused      int   `json:"excused"`
	OnPace       int   `json:"on_pace"`
	AtRisk       int   `json:"at_risk"`
	SoFar        SoFar `json:"so_far"`
	// Coverage is met ÷ (owed − excused), null when nothing is owed.
	Coverage *float64 `json:"coverage"`
}

// SoFar counts obligations whose period is still open.
type SoFar struct {
	Owed    int `json:"owed"`
	Met     int `json:"met"`
	Excused int `json:"excused"`
}

// add counts one obligation. mine says whether a keeper's fault is one of this
// row's own people.
func (r *Row) add(o Owed, mine bool, now time.Time) {
	s := o.Standing(now)
	if !o.Closed(now) {
		r.addOpen(s)
		return
	}
	r.addEnded(s, o.Cause, mine, 1)
}

// addEnded counts n obligations that have ended alike.
func (r *Row) addEnded(s Standing, c Cause, mine bool, n int) {
	r.Owed += n
	switch s {
	case Met:
		r.Met += n
	case Late:
		r.Late += n
	case Excused:
		r.Excused += n
	case Behind:
		r.Behind += n
		if c == ByKeeper && mine {
			r.BehindKeeper += n
		} else {
			r.BehindOffice += n
		}
	}
}

// rate computes the coverage of what was counted.
func (r *Row) rate() {
	r.Coverage = nil
	if base := r.Owed - r.Excused; base > 0 {
		c := float64(r.Met) / float64(base)
		r.Coverage = &c
	}
}

func (r *Row) addOpen(s Standing) {
	r.SoFar.Owed++
	r.Closed = false
	switch s {
	case Met:
		r.SoFar.Met++
	case Excused:
		r.SoFar.Excused++
	case AtRisk:
		r.AtRisk++
	case OnPace:
		r.OnPace++
	}
}

// By names what the rows of a table are.
type By string

// What rows can be.
const (
	ByUnit     By = "unit"
	ByDuty     By = "duty"
	ByPlan     By = "plan"
	ByPeriod   By = "period"
	ByKind     By = "kind"
	ByAudience By = "audience"
	ByGroups   By = "group"
)

// Bys lists every By, for help and for checking input.
var Bys = []By{ByUnit, ByDuty, ByPlan, ByPeriod, ByKind, ByAudience, ByGroups}

// Sum is a number of obligations that have ended, alike in unit, duty, period,
// standing and cause. What differs among them (group, times, credits) is zero,
// so that there is no table of them by kind, audience or group.
type Sum struct {
	Owed
	N        int
	Standing Standing
}

// Table is coverage by something. Total sums obligations of push duties, not rows.
type Table struct {
	Rows  []Row `json:"rows"`
	Total Row   `json:"total"`
}

// Key is a row that must be shown even when nothing is owed.
type Key struct{ Key, Name string }

// Tally sums obligations into a table. Zero rows for always are kept; rows of
// other kinds than push follow those of push. The worst rows come first, then
// by key and kind.
func Tally(owed []Owed, by By, always []Key, period string, now time.Time) Table {
	return TallyAll(nil, owed, by, always, period, now)
}

// TallyAll is Tally of obligations of which some are added up already.
func TallyAll(sums []Sum, owed []Owed, by By, always []Key, period string, now time.Time) Table {
	t := tallier{by: by, period: period, total: newRow("total", "合计", "push", period), rows: map[[2]string]*Row{}, above: map[[2]string][]*Row{}}
	for _, k := range always {
		t.row(k, "push")
	}
	for _, s := range sums {
		t.each(s.Owed, func(r *Row, mine bool) { r.addEnded(s.Standing, s.Cause, mine, s.N) })
	}
	for _, o := range owed {
		t.each(o, func(r *Row, mine bool) { r.add(o, mine, now) })
	}
	return t.table()
}

// tallier is a table being added up.
type tallier struct {
	by     By
	period string
	total  Row
	rows   map[[2]string]*Row
	above  map[[2]string][]*Row // of a unit's path and class, those it is rolled up into
}

// row is the row of a key and class, made when it is first asked for.
func (t *tallier) row(k Key, class string) *Row {
	id := [2]string{k.Key, class}
	r := t.rows[id]
	if r == nil {
		made := newRow(k.Key, k.Name, class, t.period)
		r = &made
		t.rows[id] = r
	}
	return r
}

// each gives add every row the obligation belongs to.
func (t *tallier) each(o Owed, add func(r *Row, mine bool)) {
	class := classOf(o, t.by)
	if t.by == ByUnit {
		for _, r := range t.rolledUp(o.UnitPath, class) {
			add(r, o.BlamedUnit == "" || !below(r.Key, o.BlamedUnit))
		}
	} else {
		for _, k := range keysOf(o, t.by) {
			add(t.row(k, class), true)
		}
	}
	if o.PushDuty() {
		add(&t.total, true)
	}
}

// rolledUp are the rows of a unit and of everything above it.
func (t *tallier) rolledUp(path, class string) []*Row {
	id := [2]string{path, class}
	rows, ok := t.above[id]
	if !ok {
		for _, k := range ancestors(path) {
			rows = append(rows, t.row(k, class))
		}
		t.above[id] = rows
	}
	return rows
}

func (t *tallier) table() Table {
	rows := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		r.rate()
		rows = append(rows, *r)
	}
	t.total.rate()
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(rank(a, t.by), rank(b, t.by)), cmp.Compare(b.Behind, a.Behind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind))
	})
	return Table{Rows: rows, Total: t.total}
}

func newRow(key, name, kind, period string) Row {
	return Row{Key: key, Name: name, Kind: kind, Period: period, Closed: true}
}

// rank puts push rows before the others.
func rank(r Row, by By) int {
	if by != ByDuty && r.Kind != "push" {
		return 1
	}
	return 0
}

// classOf is a row's kind: push duties share rows, other kinds have their own.
func classOf(o Owed, by By) string {
	switch {
	case by == ByDuty:
		return string(o.Kind)
	case o.PushDuty():
		return "push"
	case o.Means == plans.ByActivity:
		return "activity"
	}
	return string(o.Kind)
}

// keysOf are the rows an obligation belongs to, other than units': each of its
// group's audiences, or one.
func keysOf(o Owed, by By) []Key {
	switch by {
	case ByDuty:
		return []Key{{o.Plan + "/" + o.Duty, cmp.Or(o.DutyTitle, o.Duty)}}
	case ByPlan:
		return []Key{{o.Plan, cmp.Or(o.PlanTitle, o.Plan)}}
	case ByPeriod:
		return []Key{{o.Period.Key, o.Period.Key}}
	case ByKind:
		if o.GroupKind == "" {
			return []Key{{"单位", "单位报送"}}
		}
		return []Key{{o.GroupKind, o.GroupKind}}
	case ByAudience:
		keys := make([]Key, 0, len(o.Audiences))
		for _, a := range o.Audiences {
			keys = append(keys, Key{a, a})
		}
		return keys
	case ByGroups:
		if o.GroupName == "" {
			return []Key{{o.UnitPath, o.UnitName}}
		}
		return []Key{{o.UnitPath + "/" + o.GroupName, o.GroupName}}
	}
	return nil
}

// below reports whether a unit path lies under another one.
func below(path, root string) bool { return strings.HasPrefix(path, root+"/") }

// ancestors lists a unit path and everything above it: "镇", "镇/村".
func ancestors(path string) []Key {
	var keys []Key
	for i := 0; i <= len(path); i++ {
		if i == len(path) || path[i] == '/' {
			p := path[:i]
			keys = append(keys, Key{p, p[strings.LastIndexByte(p, '/')+1:]})
		}
	}
	return keys
}
