package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"tongluo/schedule"
)

// rests are how long the account rests after each 操作过于频繁 (reliability.md §3.3).
var rests = [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

const (
	cleanDay   = 24 * time.Hour // without another one the ladder begins anew
	slower     = 2.0            // by how much messages lie further apart after each
	slowest    = 8.0
	recovering = 0.9 // of that, what is left a day later
)

// The circuit breaker (reliability.md §3.3): maxRow tries in a row that did not
// go, or more than maxLost of the last lostOf that nobody can vouch for.
const (
	maxRow  = 5
	lostOf  = 200
	maxLost = lostOf * 2 / 100
)

// breaks are how long it stays open before a trial: the first, and after trials
// that failed.
var breaks = [...]time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, time.Hour}

// tally is what the breaker counts. It lives in memory: what must survive a
// restart is that it is open.
type tally struct {
	row  int          // consecutive tries that did not go
	lost [lostOf]bool // the last tries, as a ring: nobody can vouch for it
	at   int
	n    int // how many of them are lost
}

func (t *tally) note(lost bool) {
	if t.lost[t.at] {
		t.n--
	}
	if t.lost[t.at] = lost; lost {
		t.n++
	}
	t.at = (t.at + 1) % lostOf
}

// Rest stops the whole account: the service asked it to slow down, by a code or
// by a notice in a chat. Each one within a day rests longer, and a second on one
// local day rests until the next. While it rests, what is heard is about the
// same.
func (r *Runner) Rest(ctx context.Context, now time.Time) {
	if now.Before(r.pauses.Rest.Until) {
		return
	}
	next := r.nextRest(now)
	r.pauses.Rest = next
	// Without the mark the rest stands in memory only: a restart would wake the
	// account, so the failure is reported by the next Step.
	r.fault = errors.Join(r.fault, schedule.SaveRest(ctx, r.store, next), r.office.Resting(ctx, next, now))
}

func (r *Runner) nextRest(now time.Time) schedule.Rest {
	last, cal := r.pauses.Rest, r.office.Calendar()
	level := last.Level
	if now.Sub(last.Until) > cleanDay {
		level = 0
	}
	next := schedule.Rest{Since: now, Until: now.Add(rests[level]), Level: min(level+1, len(rests)-1),
		Pace: min(slower*paceAt(last, now), slowest)}
	if today := cal.Today(now); !last.Since.IsZero() && cal.Today(last.Since) == today {
		if tomorrow := today.AddDays(1).Start(cal.Zone()); next.Until.Before(tomorrow) {
			next.Until = tomorrow
		}
	}
	return next
}

// paceAt is by how much messages lie further apart than usual at an instant.
func paceAt(r schedule.Rest, now time.Time) float64 {
	if r.Since.IsZero() {
		return 1
	}
	days := math.Floor(now.Sub(r.Since).Hours() / 24)
	return max(1, r.Pace*math.Pow(recovering, max(days, 0)))
}

// Resting reports whether nothing at all may leave now, not even an answer.
func (r *Runner) Resting(now time.Time) bool { return now.Before(r.pauses.Rest.Until) }

// went closes the breaker: a message to a group was taken.
func (r *Runner) went(ctx context.Context) {
	r.tally.row = 0
	if !r.pauses.Break.Open() {
		r.tally.note(false)
		return
	}
	r.pauses.Break, r.tally = schedule.Break{}, tally{}
	r.fault = errors.Join(r.fault, schedule.SaveBreak(ctx, r.store, r.pauses.Break))
}

// didNotGo counts a try that proved nothing; too many open the breaker, so that a
// bad hour does not make every group uncertain. A trial that fails keeps it open,
// for longer when nobody can vouch for it.
func (r *Runner) didNotGo(ctx context.Context, lost bool, now time.Time) {
	b := r.pauses.Break
	if b.Open() {
		if lost { // each trial of this kind costs a group its certainty
			b.Level = min(b.Level+1, len(breaks)-1)
		}
		b.Until = now.Add(breaks[b.Level])
		r.pauses.Break = b
		r.fault = errors.Join(r.fault, schedule.SaveBreak(ctx, r.store, b))
		return
	}
	r.tally.row++
	if r.tally.note(lost); r.tally.row < maxRow && r.tally.n <= maxLost {
		return
	}
	b = schedule.Break{Since: now, Until: now.Add(breaks[0]), Lost: r.tally.n}
	if r.tally.row >= maxRow {
		b.Row = r.tally.row
	}
	r.pauses.Break, r.tally = b, tally{}
	r.fault = errors.Join(r.fault, schedule.SaveBreak(ctx, r.store, b), r.office.Broken(ctx, b, now))
}

// readPauses takes up what a restart interrupted.
func (r *Runner) readPauses(ctx context.Context) error {
	p, err := schedule.ReadPauses(ctx, r.store)
	if err != nil {
		return fmt.Errorf("read the account's pauses: %w", err)
	}
	r.pauses = p
	return nil
}

// lookAtBreak takes in a person's word that the breaker's wait is over. Nothing
// is read while it is closed.
func (r *Runner) lookAtBreak(ctx context.Context, now time.Time) error {
	if !r.pauses.Break.Open() || !now.Before(r.pauses.Break.Until) {
		return nil
	}
	p, err := schedule.ReadPauses(ctx, r.store)
	if err == nil && p.Break.Open() {
		r.pauses.Break.Until = p.Break.Until
	}
	return err
}

// ready is when the account's queue may go on.
func (r *Runner) ready() time.Time {
	at := r.nextAt
	for _, until := range []time.Time{r.pauses.Rest.Until, r.pauses.Break.Until} {
		if until.After(at) {
			at = until
		}
	}
	return at
}
