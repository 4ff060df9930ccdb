package store

import (
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
)

// owed is what of an obligation decides about credits.
type owed struct {
	coverage.Owed
	lastMakeup time.Time
}

func (o owed) key() termKey { return termKey{o.Adoption, o.Duty} }

const owedColumns = `id, adoption, duty, group_id, push, start_at, end_at, last_makeup, credits, makeups`

func scanOwed(r row) (o owed, err error) { return o, r.Scan(owedOf(&o)...) }

func owedOf(o *owed) []any {
	return []any{&o.ID, &o.Adoption, &o.Duty, &o.Group, &o.Push, stamp{&o.StartAt}, stamp{&o.EndAt},
		stamp{&o.lastMakeup}, &o.Credits, &o.Makeups}
}

// credit brings the tallies to what a delivery, just changed, now proves: those
// of the obligations of its group whose time, with the time for make-ups, holds
// the instant it counts at, or was, the one it counted at before (0 for none).
func (db *DB) credit(t *tx, d schedule.Delivery, was int64) error {
	_, is := db.countedAs(d)
	if was == 0 && is == 0 {
		return nil
	}
	first, last := min(was, is), max(was, is)
	if first == 0 {
		first = last
	}
	var rev int64
	around, err := list(t, func(r row) (o owed, err error) { return o, r.Scan(append(owedOf(&o), &rev)...) },
		`SELECT `+owedColumns+`, (SELECT next FROM counters WHERE name = 'adoptions') FROM obligations
		WHERE group_id <> 0 AND group_id = $1 AND until_at > $2 AND start_at <= $3 AND push IN (0, $4)`,
		d.Group, first, last, d.Push)
	if err != nil || len(around) == 0 {
		return err
	}
	if err := db.adoptionsAt(t, rev); err != nil {
		return err
	}
	return db.recountAll(t, d.Group, around)
}

// creditFirst is credit for the first thing that counts for a group on its local
// day: it adds one to whatever it fits, and the ledger need not be read.
func (db *DB) creditFirst(t *tx, all []owed, d schedule.Delivery) error {
	for _, o := range all {
		term, err := db.term(o.key())
		if err != nil {
			return fmt.Errorf("obligation %d: %w", o.ID, err)
		}
		switch coverage.Judge(o.Owed, term.Term, d.Fact(db.cal), o.lastMakeup) {
		case coverage.OnTime:
			o.Credits++
		case coverage.MadeUp:
			o.Makeups++
		case coverage.NoCredit:
			continue
		}
		if err := t.tallied(o, o.Credits, o.Makeups); err != nil {
			return err
		}
	}
	return nil
}

// recountAll is recount of some obligations of one group, which reads the
// ledger once.
func (db *DB) recountAll(t *tx, group int64, all []owed) error {
	start, until := all[0].StartAt, all[0].until()
	for _, o := range all[1:] {
		if o.StartAt.Before(start) {
			start = o.StartAt
		}
		if o.until().After(until) {
			until = o.until()
		}
	}
	facts, err := db.factsOf(t, group, start, until)
	if err != nil {
		return err
	}
	for _, o := range all {
		if _, err := db.tally(t, o, facts); err != nil {
			return err
		}
	}
	return nil
}

// recount computes an obligation's tallies from the deliveries alone, by the
// definition, and reports whether the row said otherwise. refreshAdoptions
// comes first.
func (db *DB) recount(t *tx, o owed) (changed bool, err error) {
	facts, err := db.factsOf(t, o.Group, o.StartAt, o.until())
	if err != nil {
		return false, err
	}
	return db.tally(t, o, facts)
}

// tally writes the tallies that the facts come to, if the row says otherwise.
func (db *DB) tally(t *tx, o owed, facts []coverage.Fact) (changed bool, err error) {
	term, err := db.term(o.key())
	if err != nil {
		return false, fmt.Errorf("obligation %d: %w", o.ID, err)
	}
	credits, makeups := coverage.Count(o.Owed, term.Term, facts, coverage.Reported, o.lastMakeup)
	if credits == o.Credits && makeups == o.Makeups {
		return false, nil
	}
	return true, t.tallied(o, credits, makeups)
}

func (t *tx) tallied(o owed, credits, makeups int) error {
	_, err := t.exec(`UPDATE obligations SET credits = $2, makeups = $3 WHERE id = $1`, o.ID, credits, makeups)
	return err
}

// factsOf are the deliveries that prove something to a group from an instant on
// until another, at the precision of the database.
func (db *DB) factsOf(t *tx, group int64, from, until time.Time) ([]coverage.Fact, error) {
	return list(t, func(r row) (coverage.Fact, error) {
		d := schedule.Delivery{Group: group}
		err := r.Scan(&d.ID, &d.Push, &d.State, array[string]{&d.Media}, array[string]{&d.Themes}, &d.Makeup, &d.Entered,
			stamp{&d.Opens}, stamp{&d.SentAt}, stamp{&d.AskedAt}, stamp{&d.AcceptedAt}, stamp{&d.SaidAt}, day{&d.SaidDay}, stamp{&d.SeenAt})
		return d.Fact(db.cal), err
	}, `SELECT id, COALESCE(push, 0), state, media, themes, makeup, entered, opens, sent_at, asked_at, accepted_at, said_at, said_day, seen_at
		FROM deliveries WHERE counted_at <> 0 AND group_id = $1 AND counted_at >= $2 AND counted_at < $3`,
		group, stampOf(from), stampOf(until))
}

// until is the first instant nothing can credit the obligation any more.
func (o owed) until() time.Time {
	if o.lastMakeup.After(o.EndAt) {
		return o.lastMakeup
	}
	return o.EndAt
}

func untilOf(endAt, lastMakeup time.Time) int64 { return max(stampOf(endAt), stampOf(lastMakeup)) }
