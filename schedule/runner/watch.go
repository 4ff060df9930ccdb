package runner

import "time"

const (
	// jumpFrom is how far the wall clock may go beside the one that only counts
	// seconds before it was set, or the PC slept.
	jumpFrom = 5 * time.Second
	// awayFrom is how long nobody looks before nobody was there.
	awayFrom = time.Minute
	// unsureFor is how long after a large jump the service's clock is waited for.
	unsureFor = 20 * time.Second
	// largestSkew is how far the wall clock may be from the service's.
	largestSkew = 5 * time.Minute
)

// Watch compares the wall clock with one that only goes forward, and with the
// service's. It asks neither: readings are arguments. Its zero value is ready.
type Watch struct {
	wall time.Time
	mono time.Duration

	unsureUntil time.Duration // by the clock that only goes forward
	skew        time.Duration
	heard       bool
}

// Reading is what a look at both clocks showed.
type Reading struct {
	// Jump is how far the wall clock went beyond the other one, 0 within five
	// seconds: it was set, or the PC slept.
	Jump time.Duration
	// AwaySince is since when nobody looked, zero when somebody did within the minute.
	AwaySince time.Time
}

// Look takes a reading of both clocks.
func (w *Watch) Look(wall time.Time, mono time.Duration) Reading {
	var r Reading
	if !w.wall.IsZero() {
		passed, counted := wall.Sub(w.wall), mono-w.mono
		if jump := passed - counted; jump.Abs() > jumpFrom {
			r.Jump, w.skew, w.heard = jump, 0, false // what was measured by the old time holds no more
			if jump.Abs() > largestSkew {
				w.unsureUntil = mono + unsureFor
			}
		}
		if passed >= awayFrom {
			r.AwaySince = w.wall
		}
	}
	w.wall, w.mono = wall, mono
	return r
}

// Heard takes in how far the wall clock was ahead of the service's when a reply came.
func (w *Watch) Heard(ahead time.Duration) { w.skew, w.heard, w.unsureUntil = ahead, true, 0 }

// Skew is how far the wall clock is ahead of the service's, if that is known.
func (w *Watch) Skew() (ahead time.Duration, heard bool) { return w.skew, w.heard }

// Unsure reports whether, after a large jump, the service's clock should be
// heard before anything is done: for some seconds, and only where it can be.
func (w *Watch) Unsure(mono time.Duration) bool { return mono < w.unsureUntil }
