package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// Jobs implements schedule.ClockStore.
func (db *DB) Jobs(ctx context.Context, now time.Time, limit int) (due []schedule.Job, err error) {
	err = db.view(ctx, "read jobs", func(t *tx) error {
		due, err = list(t, func(r row) (j schedule.Job, err error) {
			return j, r.Scan(&j.Key, &j.Kind, &j.Ref, stamp{&j.At})
		}, `SELECT key, kind, ref, at FROM jobs WHERE at <= $1 ORDER BY at, key LIMIT $2`, stampOf(now), limit)
		return err
	})
	return due, err
}

// NextJob implements schedule.ClockStore.
func (db *DB) NextJob(ctx context.Context) (time.Time, bool, error) {
	return db.next(ctx, "read next job", `SELECT at FROM jobs ORDER BY at LIMIT 1`)
}

// next is the one instant a query gives, or false.
func (db *DB) next(ctx context.Context, what, query string, args ...any) (at time.Time, ok bool, err error) {
	err = db.view(ctx, what, func(t *tx) error { return t.one(query, args, stamp{&at}) })
	if errors.Is(err, schedule.ErrNotFound) {
		return time.Time{}, false, nil
	}
	return at, err == nil, err
}

// PutJobs implements schedule.ClockStore.
func (db *DB) PutJobs(ctx context.Context, jobs []schedule.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	return db.change(ctx, "put jobs", func(t *tx) error { return t.putJobs(jobs) })
}

func (t *tx) putJobs(jobs []schedule.Job) error {
	for _, j := range jobs {
		_, err := t.exec(`INSERT INTO jobs (key, kind, ref, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET kind = $2, ref = $3, at = $4`, j.Key, j.Kind, j.Ref, stampOf(j.At))
		if err != nil {
			return fmt.Errorf("job %s: %w", j.Key, err)
		}
	}
	return nil
}

// EndJob implements schedule.ClockStore. A job moved meanwhile stays; next is
// put in any case.
func (db *DB) EndJob(ctx context.Context, j schedule.Job, next []schedule.Job) error {
	return db.change(ctx, "end job "+j.Key, func(t *tx) error {
		_, err := t.exec(`DELETE FROM jobs WHERE key = $1 AND kind = $2 AND ref = $3 AND at = $4`,
			j.Key, j.Kind, j.Ref, stampOf(j.At))
		if err != nil {
			return err
		}
		return t.putJobs(next)
	})
}

// Halted implements schedule.ClockStore.
func (db *DB) Halted(ctx context.Context) (on bool, since time.Time, err error) {
	err = db.view(ctx, "read halt", func(t *tx) error {
		on, since, err = t.halted()
		return err
	})
	return on, since, err
}

func (t *tx) halted() (on bool, since time.Time, err error) {
	err = t.one(`SELECT halted, since FROM halt`, nil, &on, stamp{&since})
	return on, since, err
}

// SetHalt implements schedule.ClockStore. Switching on what is on keeps since.
func (db *DB) SetHalt(ctx context.Context, a roster.Actor, on bool, now time.Time) error {
	verb, since := roster.Resume, time.Time{}
	if on {
		verb, since = roster.Halt, now
	}
	return db.change(ctx, string(verb), func(t *tx) error {
		was, began, err := t.halted()
		if err != nil {
			return err
		}
		if was && !on {
			_, err := t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = value || ' ' || $2`,
				markHalts, fmt.Sprintf("%d-%d", stampOf(began), stampOf(now)))
			if err != nil {
				return err
			}
		}
		if _, err := t.exec(`UPDATE halt SET halted = $1, since = $2 WHERE halted <> $1`, on, stampOf(since)); err != nil {
			return err
		}
		return t.note(a, string(verb), "office", "", now)
	})
}

// markHalts keeps when 停发 was on: "from-to from-to", unix milliseconds.
const markHalts = "halts"

// Halts implements schedule.ClockStore.
func (db *DB) Halts(ctx context.Context, before time.Time) (spans []coverage.Span, err error) {
	err = db.view(ctx, "read past halts", func(t *tx) error {
		var past string
		err := t.one(`SELECT value FROM marks WHERE key = $1`, []any{markHalts}, &past)
		if err != nil && !errors.Is(err, schedule.ErrNotFound) {
			return err
		}
		for one := range strings.FieldsSeq(past) {
			began, ended, _ := strings.Cut(one, "-")
			from, err1 := strconv.ParseInt(began, 10, 64)
			to, err2 := strconv.ParseInt(ended, 10, 64)
			if err := errors.Join(err1, err2); err != nil {
				return fmt.Errorf("mark %s: %w", markHalts, err)
			}
			if s := (coverage.Span{From: stampTime(from), To: stampTime(to)}); s.From.Before(before) {
				spans = append(spans, s)
			}
		}
		on, since, err := t.halted()
		if on && since.Before(before) {
			spans = append(spans, coverage.Span{From: since, To: before})
		}
		return err
	})
	return spans, err
}

// Mark implements schedule.ClockStore; an empty value removes the mark.
func (db *DB) Mark(ctx context.Context, key, value string) error {
	return db.change(ctx, "mark "+key, func(t *tx) error {
		if value == "" {
			_, err := t.exec(`DELETE FROM marks WHERE key = $1`, key)
			return err
		}
		_, err := t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`, key, value)
		return err
	})
}

// MarkOf implements schedule.ClockStore; a mark never made is "".
func (db *DB) MarkOf(ctx context.Context, key string) (value string, err error) {
	err = db.view(ctx, "read mark "+key, func(t *tx) error {
		return t.one(`SELECT value FROM marks WHERE key = $1`, []any{key}, &value)
	})
	if errors.Is(err, schedule.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// Kind implements schedule.ClockStore; ErrNotFound for a number nothing has.
func (db *DB) Kind(ctx context.Context, number int64) (kind string, err error) {
	err = db.view(ctx, fmt.Sprintf("read kind of #%d", number), func(t *tx) error {
		return t.one(`SELECT 'push' FROM pushes WHERE id = $1
			UNION ALL SELECT 'delivery' FROM deliveries WHERE id = $1
			UNION ALL SELECT 'handoff' FROM handoffs WHERE id = $1
			UNION ALL SELECT 'flag' FROM flags WHERE id = $1
			UNION ALL SELECT 'vacancy' FROM vacancies WHERE id = $1
			UNION ALL SELECT 'question' FROM questions WHERE id = $1
			UNION ALL SELECT 'task' FROM obligations WHERE number <> 0 AND number = $1`, []any{number}, &kind)
	})
	return kind, err
}

// Log implements schedule.ClockStore.
func (db *DB) Log(ctx context.Context, a roster.Actor, verb, ref, note string, now time.Time) error {
	return db.change(ctx, "log "+verb, func(t *tx) error { return t.note(a, verb, ref, note, now) })
}
