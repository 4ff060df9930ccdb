package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// obligationQuery reads obligations: what thousands share comes as one text,
// which is read once; their group and unit are named by the remembered roster.
const obligationQuery = `SELECT o.id, o.group_id, o.unit_id, o.credits, o.makeups, o.number, o.done_at,
		json_array(o.adoption, o.duty, o.per, o.period_key, o.period_start, o.period_end, o.start_at, o.end_at, o.need, o.push,
			o.excuse, o.excused_by, o.excused_at, o.last_makeup, o.done_day)
	FROM obligations o`

// alike reads obligations; what many have in common is kept by its text.
type alike struct {
	db    *DB
	names *roster.Roster
	seen  map[string]*schedule.Obligation
}

func (k *alike) scan(r row) (o schedule.Obligation, err error) {
	var id, group, unit, task int64
	var credits, makeups int
	var done time.Time
	var common string
	if err := r.Scan(&id, &group, &unit, &credits, &makeups, &task, stamp{&done}, &common); err != nil {
		return o, err
	}
	shared, ok := k.seen[common]
	if !ok {
		if shared, err = k.read(common); err != nil {
			return o, err
		}
		k.seen[common] = shared
	}
	o = *shared
	o.ID, o.Group, o.Unit, o.Credits, o.Makeups, o.Task, o.DoneAt = id, group, unit, credits, makeups, task, done
	if g, ok := k.names.Group(group); ok {
		o.GroupName, o.GroupKind, o.Audiences = g.Name, g.Kind, g.Audiences
	}
	if u, ok := k.names.Unit(unit); ok {
		o.UnitPath, o.UnitName = u.Path, u.Name
	}
	return o, nil
}

// read takes the common part to pieces and adds what the adoption's terms say.
func (k *alike) read(common string) (*schedule.Obligation, error) {
	var o schedule.Obligation
	var startAt, endAt, excusedAt, lastMakeup int64
	err := json.Unmarshal([]byte(common), &[]any{&o.Adoption, &o.Duty, &o.Period.Per, &o.Period.Key, &o.Period.Start, &o.Period.End,
		&startAt, &endAt, &o.Need, &o.Push, &o.Excuse, &o.ExcusedBy, &excusedAt, &lastMakeup, &o.DoneDay})
	if err != nil {
		return nil, err
	}
	o.StartAt, o.EndAt, o.ExcusedAt, o.LastMakeup = stampTime(startAt), stampTime(endAt), stampTime(excusedAt), stampTime(lastMakeup)
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
		w, known := db.obligationsWhere(f), &alike{db: db, names: names, seen: map[string]*schedule.Obligation{}}
		err = t.eachOnce(func(r row) error {
			o, err := known.scan(r)
			if err == nil && fits(o, f) {
				all = append(all, o)
			}
			return err
		}, obligationQuery+w.text(), w.args...)
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b schedule.Obligation) int {
			return cmp.Or(strings.Compare(a.UnitPath, b.UnitPath), cmp.Compare(a.Group, b.Group), a.StartAt.Compare(b.StartAt), cmp.Compare(a.ID, b.ID))
		})
		if f.Now.IsZero() {
			return nil
		}
		return db.hopes(t, all, f.Now)
	})
	return all, err
}

// obligationsWhere narrows in SQL what an index can narrow; fits does the rest.
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

// fits decides what SQL did not.
func fits(o schedule.Obligation, f schedule.ObligationFilter) bool {
	if f.Kind != "" && f.Kind != string(o.Kind) && f.Kind != o.GroupKind && f.Kind != string(o.Means) {
		return false
	}
	return f.Period == (calendar.Period{}) || f.Period.Takes(o.Period)
}
