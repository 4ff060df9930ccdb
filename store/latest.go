package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// markKept keeps until when the clock was kept, unix milliseconds, and the last
// change of a delivery that is no witness of the time: "ms row".
const markKept = "clock-kept"

func (t *tx) kept() (at, row int64, err error) {
	var s string
	err = t.one(`SELECT value FROM marks WHERE key = $1`, []any{markKept}, &s)
	if errors.Is(err, schedule.ErrNotFound) {
		return 0, 0, nil
	}
	if err == nil {
		_, err = fmt.Sscanf(s, "%d %d", &at, &row)
	}
	return at, row, err
}

func (t *tx) keep(at, row int64) error {
	_, err := t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`,
		markKept, fmt.Sprintf("%d %d", at, row))
	return err
}

// Latest implements schedule.SlotStore. Each message leaves a change of its
// delivery, so the record costs no commit of its own.
func (db *DB) Latest(ctx context.Context) (latest time.Time, err error) {
	err = db.view(ctx, "read the last instant on record", func(t *tx) error {
		at, row, err := t.kept()
		if err != nil {
			return err
		}
		var last int64
		err = t.one(`SELECT COALESCE((SELECT at FROM delivery_log WHERE id > $1 ORDER BY id DESC LIMIT 1), 0)`, []any{row}, &last)
		latest = stampTime(max(at, last))
		return err
	})
	return latest, err
}

// Beat implements schedule.SlotStore.
func (db *DB) Beat(ctx context.Context, now time.Time) error {
	return db.change(ctx, "keep the clock", func(t *tx) error {
		at, row, err := t.kept()
		if err != nil || stampOf(now) <= at {
			return err
		}
		return t.keep(stampOf(now), row)
	})
}

// BelieveClock implements schedule.SlotStore.
func (db *DB) BelieveClock(ctx context.Context, a roster.Actor, now time.Time) error {
	return db.change(ctx, "believe the clock", func(t *tx) error {
		var row int64
		if err := t.one(`SELECT COALESCE(MAX(id), 0) FROM delivery_log`, nil, &row); err != nil {
			return err
		}
		if err := t.keep(stampOf(now), row); err != nil {
			return err
		}
		return t.note(a, "believe clock", "clock", "", now)
	})
}
