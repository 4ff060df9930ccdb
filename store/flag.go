package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule"
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
		_, err = t.exec(`INSERT INTO flags (`+flagColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
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
