package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// Obligations are read many at a time, as the lines of one text: thousands come
// together, and a row costs more than a line. A line is the obligation's own
// numbers, what many share, and last what few have, parted by signs that no text
// holds; what is shared is taken to pieces once. Their group and unit are named
// by the remembered roster.
const (
	obligationLines = `SELECT group_concat(concat_ws(char(31), o.id, o.group_id, o.unit_id, o.credits, o.makeups, o.number,
		concat_ws(char(29), o.adoption, o.start_at, o.end_at, o.last_makeup, o.need, o.push, o.period_start, o.period_end, o.per, o.duty, o.period_key),
		iif(o.excuse = '' AND o.excused_at = 0 AND o.done_at = 0, NULL, json_array(o.excuse, o.excused_by, o.excused_at, o.done_at, o.done_day))), char(30)) FROM `
	byUnit = ` GROUP BY o.unit_id`
	// Of a few units obligations are looked for unit by unit, of many in the order
	// they end or begin in.
	ofUnits  = `units u CROSS JOIN obligations o ON o.unit_id = u.id`
	ofEnds   = `obligations o INDEXED BY obligations_by_end`
	byEnd    = ` GROUP BY o.end_at`
	ofBegins = `obligations o INDEXED BY obligations_by_period`
	byBegin  = ` GROUP BY o.period_start`
)

// fewUnits is how many units are looked through one by one; pastUnits how many
// when their past is looked through too.
const (
	fewUnits  = 50
	pastUnits = 10
)

// lookUp is where obligations are looked for, and how the lines are put together.
func (k *alike) lookUp() (from, group string) {
	f := k.filter
	ends := !f.EndsAfter.IsZero() || !f.EndsBy.IsZero() || !f.On.IsZero()
	if len(f.IDs) > 0 || f.Group != 0 || f.Push != 0 || f.Task != 0 || !ends && f.Period.Start.IsZero() {
		return `obligations o`, byUnit
	}
	n := 0
	for _, u := range k.names.Units {
		if roster.Under(u.Path, f.Unit) {
			n++
		}
	}
	switch {
	case n <= pastUnits, ends && n <= fewUnits:
		return ofUnits, byUnit
	case ends:
		return ofEnds, byEnd
	}
	return ofBegins, byBegin
}

// alike reads obligations; what many have in common is kept by its text.
type alike struct {
	db     *DB
	names  *roster.Roster
	filter schedule.ObligationFilter
	seen   map[string]*shared
}

// shared is what many obligations have in common, and whether their period is
// asked for.
type shared struct {
	schedule.Obligation
	takes bool
}

func newAlike(db *DB, names *roster.Roster, f schedule.ObligationFilter) *alike {
	return &alike{db: db, names: names, filter: f, seen: map[string]*shared{}}
}

// list reads obligations, in order of unit path, group and start.
func (k *alike) list(t *tx, w where) ([]schedule.Obligation, error) {
	from, group := k.lookUp()
	var texts []string
	n := 0
	err := t.eachOnce(func(r row) error {
		var text string
		err := r.Scan(&text)
		texts = append(texts, text)
		n += 1 + strings.Count(text, lineEnd)
		return err
	}, obligationLines+from+w.text()+group, w.args...)
	if err != nil || n == 0 {
		return nil, err
	}
	all := make([]schedule.Obligation, 0, n)
	for _, text := range texts {
		for line := range strings.SplitSeq(text, lineEnd) {
			if all, err = k.read(all, line); err != nil {
				return nil, err
			}
		}
	}
	before := func(a, b *schedule.Obligation) int {
		return cmp.Or(strings.Compare(a.UnitPath, b.UnitPath), cmp.Compare(a.Group, b.Group), a.StartAt.Compare(b.StartAt), cmp.Compare(a.ID, b.ID))
	}
	inOrder(all, before)
	return all, nil
}

// inOrder sorts large things: their places first, then each is moved once.
func inOrder[T any](all []T, before func(a, b *T) int) {
	at := make([]int, len(all))
	sorted := true
	for i := range all {
		at[i] = i
		sorted = sorted && (i == 0 || before(&all[i-1], &all[i]) <= 0)
	}
	if sorted {
		return
	}
	slices.SortFunc(at, func(i, j int) int { return before(&all[i], &all[j]) })
	for i := range at {
		if at[i] < 0 {
			continue
		}
		kept, hole := all[i], i
		for at[hole] != i {
			from := at[hole]
			all[hole], at[hole] = all[from], -1
			hole = from
		}
		all[hole], at[hole] = kept, -1
	}
}

// read adds the obligation of a line, unless it is not asked for.
func (k *alike) read(all []schedule.Obligation, line string) ([]schedule.Obligation, error) {
	var n [6]int64 // id, group, unit, credits, makeups, number
	rest, err := numbersOf(line, n[:])
	if err != nil {
		return all, err
	}
	common, rare, _ := strings.Cut(rest, fieldEnd)
	with, ok := k.seen[common]
	if !ok {
		if with, err = k.shared(common); err != nil {
			return all, err
		}
		k.seen[common] = with
	}
	group, unit := n[1], n[2]
	g, _ := k.names.Group(group)
	if kind := k.filter.Kind; !with.takes || kind != "" && kind != string(with.Kind) && kind != g.Kind && kind != string(with.Means) {
		return all, nil
	}
	all = append(all, with.Obligation)
	o := &all[len(all)-1]
	o.ID, o.Group, o.Unit, o.Credits, o.Makeups, o.Task = n[0], group, unit, int(n[3]), int(n[4]), n[5]
	o.GroupName, o.GroupKind, o.Audiences = g.Name, g.Kind, g.Audiences
	if u, ok := k.names.Unit(unit); ok {
		o.UnitPath, o.UnitName = u.Path, u.Name
	}
	if rare == "" {
		return all, nil
	}
	var excusedAt, doneAt int64
	err = json.Unmarshal([]byte(rare), &[]any{&o.Excuse, &o.ExcusedBy, &excusedAt, &doneAt, &o.DoneDay})
	o.ExcusedAt, o.DoneAt = stampTime(excusedAt), stampTime(doneAt)
	return all, err
}

// shared takes the common part to pieces and adds what the adoption's terms say.
func (k *alike) shared(common string) (*shared, error) {
	var o shared
	f := strings.SplitN(common, partEnd, 11)
	if len(f) != 11 {
		return nil, fmt.Errorf("%d parts of an obligation and not 11", len(f))
	}
	var n [6]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return nil, err
		}
	}
	o.Adoption, o.Need, o.Push = n[0], int(n[4]), n[5]
	o.StartAt, o.EndAt, o.LastMakeup = stampTime(n[1]), stampTime(n[2]), stampTime(n[3])
	o.Period.Per, o.Duty, o.Period.Key = calendar.Per(f[8]), f[9], f[10]
	if err := errors.Join((day{&o.Period.Start}).Scan(f[6]), (day{&o.Period.End}).Scan(f[7])); err != nil {
		return nil, err
	}
	o.takes = k.filter.Period == (calendar.Period{}) || k.filter.Period.Takes(o.Period)
	term, err := k.db.term(termKey{o.Adoption, o.Duty})
	o.Plan, o.Number, o.Kind, o.Means, o.Quote = term.plan, term.number, term.Kind, term.Means, term.Quote
	return &o, err
}

// Obligations implements schedule.ObligationStore.
func (db *DB) Obligations(ctx context.Context, f schedule.ObligationFilter) (all []schedule.Obligation, err error) {
	err = db.view(ctx, "read obligations", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		names, err := db.rosterOf(t)
		if err != nil {
			return err
		}
		if all, err = newAlike(db, names, f).list(t, db.obligationsWhere(f)); err != nil {
			return err
		}
		if f.Now.IsZero() {
			return nil
		}
		return db.hopes(t, all, f.Now)
	})
	return all, err
}

// obligationsWhere narrows in SQL what an index can narrow; alike does the rest.
func (db *DB) obligationsWhere(f schedule.ObligationFilter) (w where) {
	w.ids("o.id", f.IDs)
	if f.Plan != "" {
		w.and("o.adoption IN (SELECT value FROM json_each(?))", jsonText(db.adoptionsOf(f.Plan)))
	}
	if f.Unit != "" {
		w.under("o.unit_id", f.Unit)
	}
	if f.Group != 0 {
		w.and("o.group_id <> 0 AND o.group_id = ?", f.Group)
	}
	if f.Adoption != 0 {
		w.and("o.adoption = ?", f.Adoption)
	}
	if f.Duty != "" {
		w.and("o.duty = ?", f.Duty)
	}
	if f.Push != 0 {
		w.and("o.push <> 0 AND o.push = ?", f.Push)
	}
	if f.Task != 0 {
		w.and("o.number <> 0 AND o.number = ?", f.Task)
	}
	if f.Pushes {
		w.and("+o.group_id <> 0")
	}
	if f.Short {
		w.and("o.excuse = '' AND o.credits < o.need")
	}
	whenOwed(&w, f)
	return w
}

// whenOwed narrows by time. A period that was asked for may take weeks that
// begin up to six days before it or, cut, up to three after.
func whenOwed(w *where, f schedule.ObligationFilter) {
	if !f.EndsAfter.IsZero() {
		w.and("o.end_at > ?", stampOf(f.EndsAfter))
	}
	if !f.EndsBy.IsZero() {
		w.and("o.end_at <= ?", stampOf(f.EndsBy))
	}
	if !f.On.IsZero() {
		w.and("o.end_at > ? AND o.start_at <= ?", stampOf(f.On), stampOf(f.On))
	}
	if p := f.Period; !p.Start.IsZero() {
		column := "o.period_start"
		if !f.EndsAfter.IsZero() || !f.EndsBy.IsZero() || !f.On.IsZero() { // looked for by when they end
			column = "+o.period_start"
		}
		w.and(column+" >= ? AND "+column+" < ?", p.Start.AddDays(-7).String(), p.End.AddDays(7).String())
	}
}
