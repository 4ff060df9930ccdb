package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

const alertColumns = `kind, count, opened, gone, closed, times, told, next, tries, acked, person, asker, rev`

func scanAlert(r row) (a schedule.Alert, err error) {
	return a, r.Scan(&a.Kind, &a.Count, stamp{&a.Opened}, stamp{&a.Gone}, stamp{&a.Closed}, &a.Times, stamp{&a.Told},
		stamp{&a.Next}, &a.Tries, stamp{&a.Acked}, &a.Person, &a.By, &a.Rev)
}

// Alerts implements schedule.AlertStore.
func (db *DB) Alerts(ctx context.Context) (all []schedule.Alert, err error) {
	err = db.view(ctx, "read alerts", func(t *tx) error {
		all, err = list(t, scanAlert, `SELECT `+alertColumns+` FROM alerts ORDER BY kind`)
		return err
	})
	return all, err
}

// SaveAlert implements schedule.AlertStore. A record that is not there yet has
// revision 0.
func (db *DB) SaveAlert(ctx context.Context, a roster.Actor, al schedule.Alert, verb string, now time.Time) error {
	return db.change(ctx, "save alert "+string(al.Kind), func(t *tx) error {
		err := t.hit(`INSERT INTO alerts (`+alertColumns+`) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 + 1
				WHERE $13 = 0 OR EXISTS (SELECT 1 FROM alerts WHERE kind = $1)
			ON CONFLICT (kind) DO UPDATE SET count = $2, opened = $3, gone = $4, closed = $5, times = $6, told = $7, next = $8,
				tries = $9, acked = $10, person = $11, asker = $12, rev = $13 + 1 WHERE rev = $13`,
			string(al.Kind), al.Count, stampOf(al.Opened), stampOf(al.Gone), stampOf(al.Closed), al.Times, stampOf(al.Told),
			stampOf(al.Next), al.Tries, stampOf(al.Acked), al.Person, al.By, al.Rev)
		if err != nil || verb == "" {
			return err
		}
		return t.note(a, verb, "alert/"+string(al.Kind), "", now)
	})
}

// Condition implements schedule.AlertStore.
func (db *DB) Condition(ctx context.Context, missedSince time.Time) (c schedule.Condition, err error) {
	err = db.view(ctx, "read how things stand", func(t *tx) error {
		err := t.one(`SELECT (SELECT COUNT(*) FROM deliveries WHERE state = 'uncertain'),
			(SELECT COUNT(DISTINCT d.push) FROM delivery_log l JOIN deliveries d ON d.id = l.delivery
				WHERE l.to_state = 'missed' AND l.at >= $1 AND l.reason NOT IN ($2, $3)),
			(SELECT since FROM halt WHERE halted)`, []any{stampOf(missedSince), schedule.HeldForApproval, schedule.MissedInHalt},
			&c.Uncertain, &c.Missed, maybe{&c.Halted})
		if err != nil {
			return err
		}
		if c.Logged, err = t.lastLogged(); err != nil {
			return err
		}
		if c.Watched, err = t.markedAt(schedule.MarkWatched); err != nil {
			return err
		}
		last, err := t.lastBackup()
		if c.Backup = last.At; last.FailedAt.After(last.At) {
			c.BadBackup = last.FailedAt
		}
		return err
	})
	return c, err
}

// lastLogged is the latest instant that the end of the log knows.
func (t *tx) lastLogged() (at time.Time, err error) {
	var last int64
	err = t.one(`SELECT MAX(COALESCE((SELECT at FROM log ORDER BY id DESC LIMIT 1), 0),
		COALESCE((SELECT at FROM delivery_log ORDER BY id DESC LIMIT 1), 0))`, nil, &last)
	return stampTime(last), err
}

func (t *tx) lastBackup() (l schedule.LastBackup, err error) {
	var text string
	err = t.one(`SELECT value FROM marks WHERE key = $1`, []any{schedule.MarkBackup}, &text)
	if errors.Is(err, schedule.ErrNotFound) || err == nil && text == "" {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &l)
	}
	return l, err
}

// markedAt is the instant that a mark keeps, zero for none.
func (t *tx) markedAt(key string) (time.Time, error) {
	var text string
	err := t.one(`SELECT value FROM marks WHERE key = $1`, []any{key}, &text)
	if errors.Is(err, schedule.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("mark %s: %w", key, err)
	}
	return stampTime(ms), nil
}

// maybe scans an instant that may be NULL.
type maybe struct{ t *time.Time }

// Scan implements sql.Scanner.
func (m maybe) Scan(src any) error {
	if src == nil {
		*m.t = time.Time{}
		return nil
	}
	return stamp(m).Scan(src)
}
