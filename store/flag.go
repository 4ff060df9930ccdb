package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

const flagColumns = `id, obligation, state, cause, person, since, next_at, resolved_at, why`

func scanFlag(r row) (f schedule.Flag, err error) {
	return f, r.Scan(&f.ID, &f.Obligation, &f.State, &f.Cause, &f.Person, stamp{&f.Since}, stamp{&f.NextAt}, stamp{&f.ResolvedAt}, &f.Why)
}

// RaiseFlag implements schedule.FlagStore: the open flag of the obligation, and
// whether it was raised now.
func (db *DB) RaiseFlag(ctx context.Context, f schedule.Flag, now time.Time) (id int64, raised bool, err error) {
	err = db.change(ctx, "raise flag", func(t *tx) error {
		err := t.one(`SELECT id FROM flags WHERE state <> 'resolved' AND obligation = $1`, []any{f.Obligation}, &id)
		if !errors.Is(err, schedule.ErrNotFound) {
			return err
		}
		if id, err = t.numbers(1); err != nil {
			return err
		}
		raised = true
		_, err = t.exec(`INSERT INTO flags (`+flagColumns+`, unit_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, COALESCE((SELECT unit_id FROM obligations WHERE id = $2), 0))`,
			id, f.Obligation, string(schedule.FlagRaised), f.Cause, f.Person, stampOf(f.Since), stampOf(f.NextAt), 0, "")
		if err != nil {
			return err
		}
		return t.note(roster.Clock(), "raise flag", ref("flag", id), f.Cause, now)
	})
	if err != nil {
		return 0, false, err
	}
	return id, raised, nil
}

// Flag implements schedule.FlagStore.
func (db *DB) Flag(ctx context.Context, id int64) (f schedule.Flag, err error) {
	err = db.view(ctx, fmt.Sprintf("read flag %d", id), func(t *tx) error {
		f, err = only(list(t, scanFlag, `SELECT `+flagColumns+` FROM flags WHERE id = $1`, id))
		return err
	})
	return f, err
}

// Flags implements schedule.FlagStore.
func (db *DB) Flags(ctx context.Context, all bool) (flags []schedule.Flag, err error) {
	query := `SELECT ` + flagColumns + ` FROM flags WHERE state <> 'resolved' ORDER BY id`
	if all {
		query = `SELECT ` + flagColumns + ` FROM flags ORDER BY id`
	}
	err = db.view(ctx, "read flags", func(t *tx) error {
		flags, err = list(t, scanFlag, query)
		return err
	})
	return flags, err
}

// flagOrder is the one direction a flag goes.
var flagOrder = []schedule.FlagState{schedule.FlagRaised, schedule.FlagReminded, schedule.FlagEscalated, schedule.FlagResolved}

// MoveFlag implements schedule.FlagStore; ErrState when it would go back.
func (db *DB) MoveFlag(ctx context.Context, a roster.Actor, id int64, from schedule.FlagState, f schedule.Flag, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("move flag %d", id), func(t *tx) error {
		if slices.Index(flagOrder, f.State) < slices.Index(flagOrder, from) {
			return fmt.Errorf("%s to %s: %w", from, f.State, schedule.ErrState)
		}
		err := t.hit(`UPDATE flags SET state = $3, cause = $4, person = $9, since = $5, next_at = $6, resolved_at = $7, why = $8
			WHERE id = $1 AND state = $2`,
			id, string(from), string(f.State), f.Cause, stampOf(f.Since), stampOf(f.NextAt), stampOf(f.ResolvedAt), f.Why, f.Person)
		if err != nil {
			return err
		}
		return t.note(a, "flag "+string(f.State), ref("flag", id), f.Why, now)
	})
}

// OpenFlags implements schedule.FlagStore.
func (db *DB) OpenFlags(ctx context.Context, q schedule.FlagQuery) (page []schedule.Flag, obs []schedule.Obligation, n schedule.FlagCount, err error) {
	err = db.view(ctx, "read open flags", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		ids, count, err := t.openFlags(q)
		if err != nil || len(ids) == 0 {
			n = count
			return err
		}
		n = count
		page, err = list(t, scanFlag, `SELECT `+flagColumns+` FROM flags WHERE id IN (SELECT value FROM json_each($1)) ORDER BY since, id`, jsonText(ids))
		if err != nil {
			return err
		}
		obs, err = db.obligationsOf(t, page)
		return err
	})
	return page, obs, n, err
}

// openFlags counts, and lists the first.
func (t *tx) openFlags(q schedule.FlagQuery) (ids []int64, n schedule.FlagCount, err error) {
	var w where
	w.and("f.state <> 'resolved'")
	if q.Unit != "" {
		w.under("f.unit_id", q.Unit)
	}
	if q.Person != 0 {
		w.and("f.person = ?", q.Person)
	}
	if p := q.Period; p != (calendar.Period{}) {
		w.and("o.period_start >= ? AND o.period_start < ?", p.Start.AddDays(-7).String(), p.End.AddDays(7).String())
		return t.flagsOf(q, ` FROM flags f INDEXED BY flags_since CROSS JOIN obligations o ON o.id = f.obligation`+w.text(), w.args)
	}
	err = t.eachOnce(func(r row) error { return r.Scan(&n.All, &n.Keeper) },
		`SELECT COUNT(*), COALESCE(SUM(f.cause = 'keeper'), 0) FROM flags f INDEXED BY flags_since`+w.text(), w.args...)
	if err != nil || q.Limit == 0 {
		return nil, n, err
	}
	err = t.eachOnce(func(r row) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT f.id FROM flags f INDEXED BY flags_since`+w.text()+fmt.Sprintf(` ORDER BY f.since, f.id LIMIT %d OFFSET %d`, q.Limit, q.Skip), w.args...)
	return ids, n, err
}

// flagsOf counts and lists those of a period, which only the calendar can tell.
func (t *tx) flagsOf(q schedule.FlagQuery, from string, args []any) (ids []int64, n schedule.FlagCount, err error) {
	takes := map[string]bool{}
	err = t.eachOnce(func(r row) error {
		var id int64
		var keeper bool
		var key string
		if err := r.Scan(&id, &keeper, &key); err != nil {
			return err
		}
		if _, known := takes[key]; !known {
			var p calendar.Period
			if err := json.Unmarshal([]byte(key), &[]any{&p.Per, &p.Key, &p.Start, &p.End}); err != nil {
				return err
			}
			takes[key] = q.Period.Takes(p)
		}
		if !takes[key] {
			return nil
		}
		n.All++
		if keeper {
			n.Keeper++
		}
		if n.All > q.Skip && len(ids) < q.Limit {
			ids = append(ids, id)
		}
		return nil
	}, `SELECT f.id, f.cause = 'keeper', json_array(o.per, o.period_key, o.period_start, o.period_end)`+from+` ORDER BY f.since, f.id`, args...)
	return ids, n, err
}

// obligationsOf are the obligations of flags, in their order.
func (db *DB) obligationsOf(t *tx, flags []schedule.Flag) ([]schedule.Obligation, error) {
	names, err := db.rosterOf(t)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(flags))
	for i, f := range flags {
		ids[i] = f.Obligation
	}
	var w where
	w.ids("o.id", ids)
	found, err := newAlike(db, names, schedule.ObligationFilter{}).list(t, w)
	if err != nil {
		return nil, err
	}
	byID := map[int64]schedule.Obligation{}
	for _, o := range found {
		byID[o.ID] = o
	}
	obs := make([]schedule.Obligation, len(flags))
	for i, f := range flags {
		obs[i] = byID[f.Obligation]
	}
	return obs, nil
}
