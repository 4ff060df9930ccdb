package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tongluo/schedule/runner"
)

// beatEvery is how often the daemon puts on record that it keeps the clock.
const beatEvery = time.Minute

// timekeeper reads both clocks of the PC for the loop, and the service's from
// whatever goroutine hears it.
type timekeeper struct {
	began     time.Time // with the clock that only goes forward
	watch     runner.Watch
	beat      time.Time // when the record was last kept
	sleepless time.Time // when it was last asked whether the PC may sleep
	log       *slog.Logger

	mu    sync.Mutex
	heard []time.Duration // how far ahead of the service we were, not taken in yet
}

func newTimekeeper(log *slog.Logger) *timekeeper { return &timekeeper{began: time.Now(), log: log} }

// hear takes in the date of a reply of the service, as it comes.
func (k *timekeeper) hear(date time.Time) {
	ahead := time.Now().Round(0).Sub(date)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard = append(k.heard[:0], ahead)
}

// look takes a reading of the clocks before anything is done. false: wait a
// little for the service's clock first, because ours was set a long way.
func (k *timekeeper) look(ctx context.Context, r *runner.Runner, wall time.Time, mono time.Duration, online bool) (bool, error) {
	read := k.watch.Look(wall, mono)
	if read.Jump != 0 {
		k.log.Warn("the clock was set, or the PC slept; everything due is looked at anew", "jump", read.Jump.Round(time.Second))
	}
	k.mu.Lock()
	if len(k.heard) > 0 && read.Jump == 0 { // one heard before the jump says nothing about now
		k.watch.Heard(k.heard[0])
	}
	k.heard = k.heard[:0]
	k.mu.Unlock()
	r.Skewed(k.watch.Skew())
	if !read.AwaySince.IsZero() {
		k.log.Warn("nobody kept the clock", "since", read.AwaySince.UTC(), "for", wall.Sub(read.AwaySince).Round(time.Second))
		if err := r.Slept(ctx, read.AwaySince, wall); err != nil {
			return true, err
		}
	}
	if online && k.watch.Unsure(mono) {
		return false, nil
	}
	if wall.Sub(k.beat).Abs() < beatEvery {
		return true, nil
	}
	k.beat = wall
	return true, r.Beat(ctx, wall)
}

// keepAwake keeps the PC from sleeping while a window is open, or about to.
func (d *daemon) keepAwake(ctx context.Context, now time.Time) {
	if now.Sub(d.time.sleepless).Abs() < beatEvery {
		return
	}
	d.time.sleepless = now
	open, err := d.office.Sending(ctx, now)
	if err == nil {
		err = d.awake.Keep(open)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("keep the PC awake", "err", err)
	}
}
