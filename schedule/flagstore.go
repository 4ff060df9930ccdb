package schedule

import (
	"context"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// FlagQuery narrows; zero fields do not.
type FlagQuery struct {
	Unit   string // path of a subtree
	Period calendar.Period
	Person int64 // whom the flag names
	Skip   int
	Limit  int
}

// FlagCount is how many flags there are, and how many of them are a keeper's.
type FlagCount struct{ All, Keeper int }

// FlagStore keeps flags; one open flag per obligation.
type FlagStore interface {
	RaiseFlag(ctx context.Context, f Flag, now time.Time) (id int64, raised bool, err error)
	Flag(ctx context.Context, id int64) (Flag, error)
	// OpenFlags are the open flags, oldest first, at most q.Limit after q.Skip, with
	// their obligations, and how many there are in all.
	OpenFlags(ctx context.Context, q FlagQuery) ([]Flag, []Obligation, FlagCount, error)
	// Flags that are open, or all; oldest first.
	Flags(ctx context.Context, all bool) ([]Flag, error)
	MoveFlag(ctx context.Context, a roster.Actor, id int64, from FlagState, f Flag, now time.Time) error
}
