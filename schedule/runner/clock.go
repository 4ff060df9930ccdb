package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// backSlack is how far before the last instant on record the present may lie.
const backSlack = 2 * time.Minute

// away is how long after the last instant on record a start notes an absence.
const away = 3 * time.Minute

// noteEvery is how often a time in which nobody is heard is written down: a
// crash loses no more of it.
const noteEvery = time.Minute

// awake takes up the record of time: what lies between the last instant on it
// and now, nobody kept the clock for.
func (r *Runner) awake(ctx context.Context, now time.Time) error {
	latest, err := r.store.Latest(ctx)
	if err != nil {
		return err
	}
	r.latest = latest
	switch gone := now.Sub(latest); {
	case latest.IsZero() || gone.Abs() < away:
		r.deaf = latest
		return nil
	case gone < 0: // what is written by this clock must not become the record
		return r.store.Beat(ctx, latest)
	}
	return r.Slept(ctx, latest, now)
}

// Slept puts on record that nobody kept the clock in [from, to): the PC was off
// or asleep, and what fell into that time is nobody's fault outside the office.
func (r *Runner) Slept(ctx context.Context, from, to time.Time) error {
	if !from.Before(to) {
		return nil
	}
	if err := r.store.NoteAbsence(ctx, from, to); err != nil {
		return fmt.Errorf("note that the PC was away: %w", err)
	}
	return nil
}

// listen puts on record since when no answer can be heard: nobody is logged in,
// or the login may be dead. What was said meanwhile never comes.
func (r *Runner) listen(ctx context.Context, now time.Time) error {
	st := r.account.Status()
	switch {
	case st.State == schedule.AccountOff: // answers come by another road
		r.deaf = time.Time{}
		return nil
	case st.Hears() && r.deaf.IsZero():
		return nil
	case r.deaf.IsZero(), now.Before(r.deaf):
		r.deaf = now
		return nil
	case !st.Hears() && now.Sub(r.noted).Abs() < noteEvery:
		return nil
	}
	if err := r.store.NoteDeaf(ctx, r.deaf, now); err != nil {
		return fmt.Errorf("note that nobody was heard: %w", err)
	}
	r.noted = now
	if st.Hears() {
		r.deaf = time.Time{}
	}
	return nil
}

// Beat puts on record that the clock is being kept. Once a minute is enough.
func (r *Runner) Beat(ctx context.Context, now time.Time) error {
	if r.trouble != "" {
		return nil
	}
	if err := r.store.Beat(ctx, now); err != nil {
		return fmt.Errorf("keep the clock: %w", err)
	}
	return nil
}

// Skewed tells the runner how far its clock is ahead of the service's, if that
// has been heard since the clock was last set.
func (r *Runner) Skewed(ahead time.Duration, heard bool) { r.skew, r.heard = ahead, heard }

// believes reports whether the time can be gone by. If not, nothing is done: no
// message leaves and no window is closed by a wrong clock.
func (r *Runner) believes(ctx context.Context, now time.Time) (bool, error) {
	var err error
	if now.Before(r.latest.Add(-backSlack)) {
		err = r.behind(ctx, now)
	}
	trouble := ""
	switch {
	case now.Before(r.latest.Add(-backSlack)):
		trouble = schedule.ClockBehind
	case r.skew.Abs() > largestSkew && r.account.Status().Online():
		trouble = schedule.ClockSkewed
	case now.After(r.latest):
		r.latest = now
	}
	if trouble != r.trouble || !r.told {
		told := r.tellClock(ctx, trouble, now)
		r.trouble, r.told = trouble, told == nil
		err = errors.Join(err, told)
	}
	return trouble == "" && err == nil, err
}

// behind looks again at the record that the present lies before: a person may
// have said since that the clock is right, and the service may say so too.
func (r *Runner) behind(ctx context.Context, now time.Time) (err error) {
	switch {
	case r.heard && r.skew.Abs() < backSlack:
		err = r.store.BelieveClock(ctx, roster.Clock(), now)
	case r.trouble == "": // what is written by this clock must not become the record
		err = r.store.Beat(ctx, r.latest)
	}
	if err == nil {
		r.latest, err = r.store.Latest(ctx)
	}
	return err
}

// tellClock lets everybody who reads the store know.
func (r *Runner) tellClock(ctx context.Context, trouble string, now time.Time) error {
	value := ""
	if trouble != "" {
		value = schedule.ClockTrouble{Kind: trouble, Now: now, Latest: r.latest, Ahead: r.skew}.Mark()
	}
	old, err := r.store.MarkOf(ctx, schedule.MarkClock)
	if err == nil && old != value {
		err = r.store.Mark(ctx, schedule.MarkClock, value)
	}
	if err != nil {
		return fmt.Errorf("tell of the clock: %w", err)
	}
	return nil
}
