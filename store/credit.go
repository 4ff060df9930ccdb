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

func scanOwed(r row) (o owed, err error) {
	return o, r.Scan(&o.ID, &o.Adoption, &o.Duty, &o.Group, &o.Push, stamp{&o.StartAt}, stamp{&o.EndAt},
		stamp{&o.lastMakeup}, &o.Credits, &o.Makeups)
}

// credit brings the tallies to what a delivery, just changed from an older
// state, now proves.
func (db *DB) credit(t *tx, d schedule.Delivery, from schedule.State) error {
	if from.Evidence() != "" {
		struck, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) },
			`DELETE FROM credits WHERE obligation IN (SELECT id FROM obligations WHERE group_id <> 0 AND group_id = $2)
				AND delivery = $1 RETURNING obligation`, d.ID, d.Group)
		if err != nil {
			return err
		}
		for _, id := range struck {
			if err := t.tally(id); err != nil {
				return err
			}
		}
	}
	if d.State.Evidence() == "" {
		return nil
	}
	return db.creditAround(t, d)
}

// creditAround credits the obligations of the delivery's group whose time, with
// the time for make-ups, holds it.
func (db *DB) creditAround(t *tx, d schedule.Delivery) error {
	fact := db.fact(d)
	around, err := list(t, scanOwed, `SELECT `+owedColumns+` FROM obligations
		WHERE group_id <> 0 AND group_id = $1 AND until_at > $2 AND start_at <= $2 AND push IN (0, $3)`,
		d.Group, stampOf(fact.When), d.Push)
	if err != nil || len(around) == 0 {
		return err
	}
	if err := db.refreshAdoptions(t); err != nil {
		return err
	}
	for _, o := range around {
		merit, err := db.judge(t, o, fact)
		if err == nil && merit != coverage.NoCredit {
			err = t.tallyOf(o.ID, merit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fact is the delivery as a possible credit, at the precision of the database,
// so that a fact read back counts as the same fact.
func (db *DB) fact(d schedule.Delivery) coverage.Fact {
	f := d.Fact(db.cal)
	f.When = stampTime(stampOf(f.When))
	return f
}

// judge enters the credit if the fact is one.
func (db *DB) judge(t *tx, o owed, f coverage.Fact) (coverage.Merit, error) {
	term, err := db.term(o.key())
	if err != nil {
		return coverage.NoCredit, err
	}
	merit := coverage.Judge(o.Owed, term.Term, f, o.lastMakeup)
	if merit == coverage.NoCredit {
		return merit, nil
	}
	_, err = t.exec(`INSERT INTO credits (obligation, delivery, day, merit) VALUES ($1, $2, $3, $4)`,
		o.ID, f.Delivery, f.Day.String(), int(merit))
	return merit, err
}

// tally counts an obligation's credits anew, as coverage.Count does.
func (t *tx) tally(obligation int64) error {
	err := t.tallyOf(obligation, coverage.OnTime)
	if err == nil {
		err = t.tallyOf(obligation, coverage.MadeUp)
	}
	return err
}

// tallyOf is tally for the credits of one merit, when the others have not changed.
func (t *tx) tallyOf(obligation int64, merit coverage.Merit) error {
	column := "credits"
	if merit == coverage.MadeUp {
		column = "makeups"
	}
	_, err := t.exec(`UPDATE obligations SET `+column+` = (
			SELECT CASE WHEN distinct_days THEN COUNT(DISTINCT day) ELSE COUNT(*) END
			FROM credits WHERE obligation = $1 AND merit = $2)
		WHERE id = $1`, obligation, int(merit))
	return err
}

// creditFromLedger strikes out the credits of an obligation and finds them
// again among the deliveries of its group. refreshAdoptions comes first.
func (db *DB) creditFromLedger(t *tx, o owed) error {
	facts, err := db.factsOf(t, o)
	if err != nil {
		return err
	}
	struck, err := t.exec(`DELETE FROM credits WHERE obligation = $1`, o.ID)
	if err != nil {
		return err
	}
	for _, f := range facts {
		if _, err := db.judge(t, o, f); err != nil {
			return err
		}
	}
	if struck == 0 && len(facts) == 0 {
		return nil
	}
	return t.tally(o.ID)
}

// factsOf are the deliveries that prove something to the obligation's group
// while it could be credited.
func (db *DB) factsOf(t *tx, o owed) ([]coverage.Fact, error) {
	return list(t, func(r row) (coverage.Fact, error) {
		e, err := scanEntry(r)
		if err != nil {
			return coverage.Fact{}, err
		}
		return db.fact(e), nil
	}, `SELECT `+entryColumns+` FROM deliveries
		WHERE counted_at <> 0 AND group_id = $1 AND counted_at >= $2 AND counted_at < $3`,
		o.Group, stampOf(o.StartAt), untilOf(o.EndAt, o.lastMakeup))
}

// untilOf is the first instant nothing can credit an obligation any more.
func untilOf(endAt, lastMakeup time.Time) int64 { return max(stampOf(endAt), stampOf(lastMakeup)) }

// recount computes an obligation's tallies from the deliveries alone, by the
// definition, and reports whether the row said otherwise.
func (db *DB) recount(t *tx, o owed) (wrong bool, err error) {
	term, err := db.term(o.key())
	if err != nil {
		return false, fmt.Errorf("obligation %d: %w", o.ID, err)
	}
	facts, err := db.factsOf(t, o)
	if err != nil {
		return false, err
	}
	credits, makeups := coverage.Count(o.Owed, term.Term, facts, coverage.Reported, o.lastMakeup)
	return credits != o.Credits || makeups != o.Makeups, nil
}
