package schedule

import (
	"context"
	"time"

	"tongluo/schedule/roster"
)

// heardFor is how long a message is known again. The service has none that is
// older.
const heardFor = 180 * 24 * time.Hour

// DealtStore remembers messages that were dealt with, by a mark that tells
// nobody what they said.
type DealtStore interface {
	// Dealt reports whether NoteDealt was told of the mark.
	Dealt(ctx context.Context, mark []byte) (bool, error)
	// NoteDealt remembers a mark, and drops those noted before forget.
	NoteDealt(ctx context.Context, mark []byte, now, forget time.Time) error
}

// Dealt reports whether a message was dealt with before, in this run or an
// earlier one.
func (o *Office) Dealt(ctx context.Context, a roster.Actor, mark []byte) (bool, error) {
	if err := allow(a, roster.RunClock, ""); err != nil {
		return false, err
	}
	return o.store.Dealt(ctx, mark)
}

// NoteDealt remembers that a message was dealt with.
func (o *Office) NoteDealt(ctx context.Context, a roster.Actor, mark []byte, now time.Time) error {
	if err := allow(a, roster.RunClock, ""); err != nil {
		return err
	}
	return o.store.NoteDealt(ctx, mark, now, now.Add(-heardFor))
}
