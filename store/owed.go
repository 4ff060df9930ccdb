package store

import (
	"context"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

// obligationQuery reads obligations with what the present roster says of their
// group and unit.
const obligationQuery = `SELECT o.id, o.adoption, o.duty, o.group_id, COALESCE(g.name, ''), COALESCE(g.kind, ''),
		COALESCE(g.audiences, '[]'), o.unit_id, COALESCE(u.path, ''), COALESCE(u.name, ''), o.per, o.period_key,
		o.period_start, o.period_end, o.start_at, o.end_at, o.need, o.push, o.credits, o.makeups, o.excuse, o.excused_by, o.excused_at,
		o.number, o.last_makeup, o.done_at, o.done_day
	FROM obligations o LEFT JOIN groups g ON g.id = o.group_id LEFT JOIN units u ON u.id = o.unit_id`

func scanObligation(r row) (o schedule.Obligation, err error) {
	return o, r.Scan(&o.ID, &o.Adoption, &o.Duty, &o.Group, &o.GroupName, &o.GroupKind, array[string]{&o.Audiences},
		&o.Unit, &o.UnitPath, &o.UnitName, &o.Period.Per, &o.Period.Key, day{&o.Period.Start}, day{&o.Period.End},
		stamp{&o.StartAt}, stamp{&o.EndAt}, &o.Need, &o.Push, &o.Credits, &o.Makeups, &o.Excuse, &o.ExcusedBy, stamp{&o.ExcusedAt}, &o.Task,
		stamp{&o.LastMakeup}, stamp{&o.DoneAt}, day{&o.DoneDay})
}

// Obligations implements schedule.ObligationStore.
func (db *DB) Obligations(ctx context.Context, f schedule.ObligationFilter) (all []schedule.Obligation, err error) {
	err = db.view(ctx, "read obligations", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		w := db.obligationsWhere(f)
		err := t.eachOnce(func(r row) error {
			o, err := scanObligation(r)
			if err != nil {
				return err
			}
			if err := db.describe(&o); err != nil {
				return err
			}
			if fits(o, f) {
				all = append(all, o)
			}
			return nil
		}, obligationQuery+w.text()+` ORDER BY u.path, o.group_id, o.start_at, o.id`, w.args...)
		if err != nil || f.Now.IsZero() {
			return err
		}
		return db.hopes(t, all, f.Now)
	})
	return all, err
}

// describe adds what the adoption's terms say of the duty.
func (db *DB) describe(o *schedule.Obligation) error {
	term, err := db.term(termKey{o.Adoption, o.Duty})
	if err != nil {
		return err
	}
	o.Plan, o.Number = term.plan, term.number
	o.Kind, o.Means, o.Quote = term.Kind, term.Means, term.Quote
	return nil
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
		w.and("o.period_start >= ? AND o.period_start < ?", p.Start.AddDays(-7).String(), p.End.AddDays(7).String())
	}
}

// fits decides what SQL did not.
func fits(o schedule.Obligation, f schedule.ObligationFilter) bool {
	if f.Kind != "" && f.Kind != string(o.Kind) && f.Kind != o.GroupKind && f.Kind != string(o.Means) {
		return false
	}
	return f.Period == (calendar.Period{}) || f.Period.Takes(o.Period)
}

// hopes fills in Live and Unanswered of the open obligations that still lack
// credits; others need no hope. The obligations of a group come together, so its
// live deliveries are read once.
func (db *DB) hopes(t *tx, all []schedule.Obligation, now time.Time) error {
	var group int64
	var live []schedule.Delivery
	for i := range all {
		o := &all[i]
		if o.Group == 0 || o.Excuse != "" || o.Credits >= o.Need || o.Closed(now) {
			continue
		}
		if o.Group != group {
			var err error
			if live, err = t.liveOf(o.Group); err != nil {
				return err
			}
			group = o.Group
		}
		if err := db.hope(t, o, live); err != nil {
			return err
		}
	}
	return nil
}

// liveOf reads what a group's live deliveries may come to.
func (t *tx) liveOf(group int64) ([]schedule.Delivery, error) {
	return list(t, func(r row) (d schedule.Delivery, err error) {
		return d, r.Scan(&d.Push, &d.Makeup, stamp{&d.Opens}, day{&d.Day}, &d.State, array[string]{&d.Media}, array[string]{&d.Themes})
	}, `SELECT COALESCE(push, 0), makeup, opens, day, state, media, themes FROM deliveries
		WHERE state IN ('queued', 'held', 'sending', 'handed') AND group_id = $1 AND counted_at = 0`, group)
}

// hope counts the live deliveries that fit the duty; where days must differ,
// the days they bring that are not credited yet.
func (db *DB) hope(t *tx, o *schedule.Obligation, live []schedule.Delivery) error {
	if len(live) == 0 {
		return nil
	}
	term, err := db.term(termKey{o.Adoption, o.Duty})
	if err != nil {
		return err
	}
	credited := map[calendar.Date]bool{}
	if term.DistinctDays && o.Credits > 0 {
		facts, err := db.factsOf(t, o.Group, o.StartAt, o.EndAt)
		if err != nil {
			return err
		}
		for _, f := range facts {
			if coverage.Judge(o.Owed, term.Term, f, o.LastMakeup) == coverage.OnTime {
				credited[f.Day] = true
			}
		}
	}
	for _, d := range live {
		if !mayCredit(d, o) || !coverage.Fits(term.Term, d.Media, d.Themes) {
			continue
		}
		o.Unanswered = o.Unanswered || d.State == schedule.Handed
		if !term.DistinctDays || !credited[d.Day] {
			o.Live++
			credited[d.Day] = true
		}
	}
	return nil
}

// mayCredit reports whether a live delivery comes in time and is not meant for
// another obligation.
func mayCredit(d schedule.Delivery, o *schedule.Obligation) bool {
	return d.Opens.Before(o.EndAt) && (o.Push == 0 || d.Push == o.Push) && (d.Makeup == 0 || d.Makeup == o.ID)
}
