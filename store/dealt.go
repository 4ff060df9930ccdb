package store

import (
	"context"
	"time"
)

// Dealt implements schedule.DealtStore.
func (db *DB) Dealt(ctx context.Context, mark []byte) (before bool, err error) {
	err = db.view(ctx, "look whether a message was heard", func(t *tx) error {
		n, err := list(t, func(r row) (n int, err error) { return n, r.Scan(&n) }, `SELECT 1 FROM heard WHERE mark = $1`, mark)
		before = len(n) > 0
		return err
	})
	return before, err
}

// NoteDealt implements schedule.DealtStore.
func (db *DB) NoteDealt(ctx context.Context, mark []byte, now, forget time.Time) error {
	return db.change(ctx, "note that a message was heard", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM heard WHERE at < $1`, stampOf(forget)); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO heard (mark, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, mark, stampOf(now))
		return err
	})
}
