package schedule

import (
	"time"

	"tongluo/schedule/roster"
)

// Alert is the record of one kind of trouble; there is one a kind. It is open
// from when the trouble was found until it has been gone for some time, so that
// what comes and goes is one alert and not many.
type Alert struct {
	Kind   AlertKind
	Count  int
	Opened time.Time
	Gone   time.Time // since when the trouble is not there, zero while it is
	Closed time.Time // zero while it is open
	Times  int       // openings that followed each other within a day
	Told   time.Time // when somebody was last told, zero: nobody has been
	Next   time.Time // when it is to be told next, zero: not again
	Tries  int       // tellings in a row that reached nobody
	Acked  time.Time // when somebody said that it is known, zero: nobody has
	Person int64     // who said so, 0 for the command line
	By     string    // --by of the command line
	Rev    int64     // guards every change
}

// How often is told.
const (
	alertRepeat = 4 * time.Hour
	alertCalm   = 10 * time.Minute // gone for so long, doubled with every opening of a day, it is solved
	alertDay    = 24 * time.Hour
	// alertLease is how long a telling may take before another is tried: it is
	// claimed first and recorded afterwards, so that a crash in between tells once
	// too often rather than not at all.
	alertLease   = 5 * time.Minute
	alertTry     = time.Minute // after a telling that reached nobody, doubling
	alertLastTry = 30 * time.Minute
)

// Open reports whether the trouble is not over.
func (a Alert) Open() bool { return !a.Opened.IsZero() && a.Closed.IsZero() }

// After is the alert once it has been looked whether the trouble is there.
// verb names the change for the log, "" where none is worth a row.
func (a Alert) After(f Finding, there bool, now time.Time) (next Alert, verb string) {
	next = a
	switch {
	case there && f.Silenced:
		if a.Open() {
			next.Gone = time.Time{}
		}
	case there && !a.Open():
		return a.opened(f, now), "alert opened"
	case there:
		next.Gone = time.Time{}
		if f.Count > a.Count {
			next.Count = f.Count
		}
	case !a.Open():
	case a.Gone.IsZero() && (a.Tries > 0 || !a.Told.IsZero()): // somebody was told, or is being told
		next.Gone = now
	case a.Gone.IsZero() || now.Sub(a.Gone) >= a.calm():
		next.Closed, next.Next, next.Tries = now, time.Time{}, 0
		if !a.Told.IsZero() {
			next.Next = now // that it is over is told once
		}
		return next, "alert solved"
	}
	return next, ""
}

func (a Alert) opened(f Finding, now time.Time) Alert {
	times := 1
	if !a.Closed.IsZero() && now.Sub(a.Closed) < alertDay {
		times = a.Times + 1
	}
	return Alert{Kind: f.Kind, Count: f.Count, Opened: now, Times: times, Next: now, Rev: a.Rev}
}

func (a Alert) calm() time.Duration {
	return min(alertCalm<<min(max(a.Times-1, 0), 10), alertRepeat)
}

// Due reports whether it is to be told now: first, again, or that it is over.
func (a Alert) Due(now time.Time) bool {
	known := a.Open() && (!a.Acked.IsZero() || !a.Gone.IsZero())
	return !known && !a.Next.IsZero() && !now.Before(a.Next)
}

// Claimed is the alert while somebody is being told.
func (a Alert) Claimed(now time.Time) Alert {
	a.Next = now.Add(alertLease)
	a.Tries++
	return a
}

// Heard is the alert after a telling that reached somebody, or nobody.
func (a Alert) Heard(reached bool, now time.Time) Alert {
	switch {
	case reached:
		a.Told, a.Tries, a.Next = now, 0, time.Time{}
		if a.Open() {
			a.Next = now.Add(alertRepeat)
		}
	case !a.Open() && now.Sub(a.Closed) >= alertDay: // good news of yesterday is none
		a.Next = time.Time{}
	default:
		a.Next = now.Add(min(alertTry<<min(max(a.Tries-1, 0), 10), alertLastTry))
	}
	return a
}

// Known is the alert after somebody said so.
func (a Alert) Known(who roster.Actor, now time.Time) Alert {
	a.Acked, a.Person, a.By = now, who.Person, who.By
	return a
}
