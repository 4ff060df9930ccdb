package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// obligationQuery reads obligations, those of a unit as the lines of one text:
// thousands come at a time, and a row costs more than a line. What many share
// stands at the end of a line and is taken to pieces once; their group and unit
// are named by the remembered roster.
const (
	obligationQuery = `SELECT group_concat(concat_ws(',', o.id, o.group_id, o.unit_id, o.credits, o.makeups, o.number, o.done_at,
		json_array(o.adoption, o.duty, o.per, o.period_key, o.period_start, o.period_end, o.start_at, o.end_at, o.need, o.push,
			o.excuse, o.excused_by, o.excused_at, o.last_makeup, o.done_day)), char(10)) FROM obligations o`
	obligationsByUnit = ` GROUP BY o.unit_id`
)

// alike reads obligations; what many have in common is kept by its text.
type alike struct {
	db     *DB
	names  *roster.Roster
	filter schedule.ObligationFilter
	seen   map[string]*shared
	block  []schedule.Obligation
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

// list reads obligations, in order of unit path, group and start. They are put in
// order by pointer: they are large.
func (k *alike) list(t *tx, w where) ([]schedule.Obligation, error) {
	var found []*schedule.Obligation
	err := t.lines(func(line string) error {
		o, err := k.read(line)
		if o != nil {
			found = append(found, o)
		}
		return err
	}, obligationQuery+w.text()+obligationsByUnit, w.args...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *schedule.Obligation) int {
		return cmp.Or(strings.Compare(a.UnitPath, b.UnitPath), cmp.Compare(a.Group, b.Group), a.StartAt.Compare(b.StartAt), cmp.Compare(a.ID, b.ID))
	})
	all := make([]schedule.Obligation, len(found))
	for i, o := range found {
		all[i] = *o
	}
	return all, nil
}

// read reads a line; nil when it is not asked for.
func (k *alike) read(line string) (*schedule.Obligation, error) {
	var n [7]int64 // id, group, unit, credits, makeups, number, done
	common, err := numbersOf(line, n[:])
	if err != nil {
		return nil, err
	}
	group, unit := n[1], n[2]
	all, ok := k.seen[common]
	if !ok {
		if all, err = k.shared(common); err != nil {
			return nil, err
		}
		k.seen[common] = all
	}
	g, _ := k.names.Group(group)
	if !all.takes || k.filter.Kind != "" && k.filter.Kind != string(all.Kind) && k.filter.Kind != g.Kind && k.filter.Kind != string(all.Means) {
		return nil, nil
	}
	if len(k.block) == cap(k.block) {
		k.block = make([]schedule.Obligation, 0, 256)
	}
	k.block = append(k.block, all.Obligation)
	o := &k.block[len(k.block)-1]
	o.ID, o.Group, o.Unit, o.Credits, o.Makeups, o.Task, o.DoneAt = n[0], group, unit, int(n[3]), int(n[4]), n[5], stampTime(n[6])
	o.GroupName, o.GroupKind, o.Audiences = g.Name, g.Kind, g.Audiences
	if u, ok := k.names.Unit(unit); ok {
		o.UnitPath, o.UnitName = u.Path, u.Name
	}
	return o, nil
}

// shared takes the common part to pieces and adds what the adoption's terms say.
func (k *alike) shared(common string) (*shared, error) {
	var o shared
	var startAt, endAt, excusedAt, lastMakeup int64
	err := json.Unmarshal([]byte(common), &[]any{&o.Adoption, &o.Duty, &o.Period.Per, &o.Period.Key, &o.Period.Start, &o.Period.End,
		&startAt, &endAt, &o.Need, &o.Push, &o.Excuse, &o.ExcusedBy, &excusedAt, &lastMakeup, &o.DoneDay})
	if err != nil {
		return nil, err
	}
	o.StartAt, o.EndAt, o.ExcusedAt, o.LastMakeup = stampTime(startAt), stampTime(endAt), stampTime(excusedAt), stampTime(lastMakeup)
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
		known := newAlike(db, names, f)
		if all, err = known.list(t, db.obligationsWhere(f)); err != nil {
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
		if !f.EndsAfter.IsZero() { // fewer end later than begin then
			column = "+o.period_start"
		}
		w.and(column+" >= ? AND "+column+" < ?", p.Start.AddDays(-7).String(), p.End.AddDays(7).String())
	}
}
