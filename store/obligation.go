package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// AddObligations implements schedule.ObligationStore. The adoption and its duty
// must be in the store: ErrNotFound otherwise.
func (db *DB) AddObligations(ctx context.Context, obs []schedule.Obligation, now time.Time) (added int, err error) {
	err = db.change(ctx, "add obligations", func(t *tx) error {
		added = 0
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		for _, o := range obs {
			if err := ctx.Err(); err != nil {
				return err
			}
			is, err := db.addObligation(t, o, now)
			if err != nil {
				return fmt.Errorf("duty %s, group %d, unit %d, %s: %w", o.Duty, o.Group, o.Unit, o.Period.Key, err)
			}
			if is {
				added++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

const insertObligation = `INSERT INTO obligations (adoption, duty, group_id, unit_id, per, period_key, period_start,
		period_end, start_at, end_at, last_makeup, until_at, need, push, credits, makeups, excuse, excused_by,
		number, done_at, done_day)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, $15, $16, 0, 0, '')
	ON CONFLICT DO NOTHING RETURNING id`

func (db *DB) addObligation(t *tx, o schedule.Obligation, now time.Time) (bool, error) {
	if _, err := db.term(termKey{o.Adoption, o.Duty}); err != nil {
		return false, err
	}
	made, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) }, insertObligation,
		o.Adoption, o.Duty, o.Group, o.Unit, string(o.Period.Per), o.Period.Key, o.Period.Start.String(),
		o.Period.End.String(), stampOf(o.StartAt), stampOf(o.EndAt), stampOf(o.LastMakeup), untilOf(o.EndAt, o.LastMakeup),
		o.Need, o.Push, o.Excuse, o.ExcusedBy)
	if err != nil || len(made) == 0 {
		return false, err
	}
	if o.Group == 0 {
		return true, t.numberTask(made[0])
	}
	if o.StartAt.After(now) {
		return true, nil // nothing has happened in it yet
	}
	row := owed{Owed: o.Owed, lastMakeup: stampTime(stampOf(o.LastMakeup))}
	row.ID = made[0]
	row.StartAt, row.EndAt = stampTime(stampOf(o.StartAt)), stampTime(stampOf(o.EndAt))
	_, err = db.recount(t, row)
	return true, err
}

func (t *tx) numberTask(id int64) error {
	number, err := t.numbers(1)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE obligations SET number = $2 WHERE id = $1`, id, number)
	return err
}

// Excuse implements schedule.ObligationStore.
func (db *DB) Excuse(ctx context.Context, a roster.Actor, ids []int64, reason string, now time.Time) error {
	by := byOf(a)
	if reason == "" {
		by = ""
	}
	return db.change(ctx, "excuse", func(t *tx) error {
		for _, id := range ids {
			n, err := t.exec(`UPDATE obligations SET excuse = $2, excused_by = $3, excused_at = $4 WHERE id = $1`, id, reason, by, stampOf(now))
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("obligation %d: %w", id, schedule.ErrNotFound)
			}
			if err := t.note(a, string(roster.Excuse), ref("obligation", id), reason, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// FinishTask implements schedule.ObligationStore. A task handed in on an
// earlier day counts from the start of that day, the latest that can be proved
// against the unit; one handed in today counts now. ErrStale when it was
// finished before.
func (db *DB) FinishTask(ctx context.Context, a roster.Actor, number int64, on calendar.Date, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("finish task %d", number), func(t *tx) error {
		var id, doneAt int64
		var start calendar.Date
		err := t.one(`SELECT id, done_at, period_start FROM obligations WHERE number <> 0 AND number = $1`, []any{number}, &id, &doneAt, day{&start})
		if err != nil {
			return err
		}
		if doneAt != 0 {
			return schedule.ErrStale
		}
		if !on.IsZero() && on.Before(start) {
			return schedule.ErrInput
		}
		_, err = t.exec(`UPDATE obligations SET done_at = $2, done_day = $3 WHERE id = $1`, id, stampOf(now), on.String())
		if err != nil {
			return err
		}
		if _, err := db.tallyTask(t, id); err != nil {
			return err
		}
		return t.note(a, string(roster.Answer), ref("task", number), "handed in on "+on.String(), now)
	})
}

// UnfinishTask implements schedule.ObligationStore.
func (db *DB) UnfinishTask(ctx context.Context, a roster.Actor, number int64, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("unfinish task %d", number), func(t *tx) error {
		var id int64
		if err := t.one(`SELECT id FROM obligations WHERE number <> 0 AND number = $1`, []any{number}, &id); err != nil {
			return err
		}
		if err := t.hit(`UPDATE obligations SET done_at = 0, done_day = '' WHERE id = $1 AND done_at <> 0`, id); err != nil {
			return err
		}
		if _, err := db.tallyTask(t, id); err != nil {
			return err
		}
		return t.note(a, string(roster.Answer), ref("task", number), "taken back", now)
	})
}

// tallyTask computes the tallies of a task from when it was handed in, and
// reports whether the row said otherwise.
func (db *DB) tallyTask(t *tx, id int64) (changed bool, err error) {
	var need, credits, makeups, onTime, madeUp int
	var doneAt, endAt, lastMakeup time.Time
	var on calendar.Date
	err = t.one(`SELECT need, credits, makeups, done_at, done_day, end_at, last_makeup FROM obligations WHERE id = $1`,
		[]any{id}, &need, &credits, &makeups, stamp{&doneAt}, day{&on}, stamp{&endAt}, stamp{&lastMakeup})
	if err != nil {
		return false, err
	}
	when := doneAt
	if !on.IsZero() && on.Before(db.cal.Today(doneAt)) {
		when = on.Start(db.cal.Zone())
	}
	switch {
	case doneAt.IsZero():
	case when.Before(endAt):
		onTime = need
	case when.Before(lastMakeup):
		madeUp = need
	}
	if onTime == credits && madeUp == makeups {
		return false, nil
	}
	_, err = t.exec(`UPDATE obligations SET credits = $2, makeups = $3 WHERE id = $1`, id, onTime, madeUp)
	return true, err
}

// MoveDeadline implements schedule.ObligationStore; no groups means all.
func (db *DB) MoveDeadline(ctx context.Context, ids []int64, endAt, lastMakeup, now time.Time) error {
	return db.change(ctx, "move deadlines", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		moved, err := list(t, scanOwed, `SELECT `+owedColumns+` FROM obligations WHERE push <> 0 AND id IN (SELECT value FROM json_each($1))`, jsonText(ids))
		if err != nil {
			return err
		}
		for _, o := range moved {
			o.EndAt, o.lastMakeup = stampTime(stampOf(endAt)), stampTime(stampOf(lastMakeup))
			_, err := t.exec(`UPDATE obligations SET end_at = $2, last_makeup = $3, until_at = $4 WHERE id = $1`,
				o.ID, stampOf(o.EndAt), stampOf(o.lastMakeup), untilOf(o.EndAt, o.lastMakeup))
			if err != nil {
				return err
			}
			if _, err := db.recount(t, o); err != nil {
				return err
			}
		}
		return t.note(roster.Clock(), "move deadlines", "", fmt.Sprintf("%d obligations", len(moved)), now)
	})
}

// Retally implements schedule.ObligationStore.
func (db *DB) Retally(ctx context.Context, _ time.Time) (wrong int, err error) {
	err = db.change(ctx, "retally", func(t *tx) error {
		wrong = 0
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		for last := int64(0); ; {
			page, err := list(t, scanOwed, `SELECT `+owedColumns+` FROM obligations WHERE id > $1 ORDER BY id LIMIT 500`, last)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				off, err := t.resum()
				if err != nil {
					return err
				}
				lost, err := t.astray()
				wrong += off + lost
				return err
			}
			for _, o := range page {
				bad, err := db.retally(t, o)
				if err != nil {
					return err
				}
				if bad {
					wrong++
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			last = page[len(page)-1].ID
		}
	})
	return wrong, err
}

// retally mends one obligation and reports whether it was wrong.
func (db *DB) retally(t *tx, o owed) (wrong bool, err error) {
	if o.Group == 0 {
		return db.tallyTask(t, o.ID)
	}
	return db.recount(t, o)
}
