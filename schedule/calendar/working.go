package calendar

import (
	"fmt"
	"time"
)

// span is a stretch of the local day in minutes after midnight. A span whose
// end is not after its start wraps midnight; equal ends make it empty.
type span struct{ from, to int }

func parseSpan(what, from, to string) (span, error) {
	f, err := ParseClock(from)
	if err != nil {
		return span{}, fmt.Errorf("%s的开始：%w", what, err)
	}
	t, err := ParseClock(to)
	if err != nil {
		return span{}, fmt.Errorf("%s的结束：%w", what, err)
	}
	return span{from: f, to: t}, nil
}

func (s span) length() int {
	if s.to < s.from {
		return s.to + 24*60 - s.from
	}
	return s.to - s.from
}

// on gives the instants [from, to) of the span that begins on day d. Being
// instants, a clock change inside cannot open or close a span twice.
func (s span) on(d Date, zone *time.Location) (from, to time.Time) {
	last := d
	if s.to < s.from {
		last = d.AddDays(1)
	}
	return d.At(0, s.from, zone), last.At(0, s.to, zone)
}

// hours is the working time of day d as [from, to); none on a day off.
func (c *Calendar) hours(d Date) (from, to time.Time, ok bool) {
	if !c.works(d) {
		return time.Time{}, time.Time{}, false
	}
	from, to = c.work.on(d, c.zone)
	return from, to, true
}

// Working reports whether t is in working time.
func (c *Calendar) Working(t time.Time) bool {
	from, to, ok := c.hours(c.Today(t))
	return ok && !t.Before(from) && t.Before(to)
}

// NextWorking is t itself in working time, otherwise the next opening.
func (c *Calendar) NextWorking(t time.Time) time.Time {
	for d := c.NextWorkday(c.Today(t)); ; d = c.NextWorkday(d.AddDays(1)) {
		if from, to, _ := c.hours(d); t.Before(to) {
			return later(from, t).In(c.zone)
		}
	}
}

// AddWorking is the first instant by which d of working time has passed since
// t; work that fills a day ends at its closing, not at the next opening. A d of
// zero or less gives t.
func (c *Calendar) AddWorking(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t.In(c.zone)
	}
	for day := c.NextWorkday(c.Today(t)); ; day = c.NextWorkday(day.AddDays(1)) {
		from, to, _ := c.hours(day)
		from = later(from, t)
		left := to.Sub(from)
		if left >= d {
			return from.Add(d).In(c.zone)
		}
		d -= max(left, 0)
	}
}

// WorkingBetween is the working time in [a, b); zero when b is not after a. It
// goes by whole days, so a year costs some hundred steps.
func (c *Calendar) WorkingBetween(a, b time.Time) time.Duration {
	var sum time.Duration
	for d, last := c.Today(a), c.Today(b); !d.After(last); d = d.AddDays(1) {
		from, to, ok := c.hours(d)
		if !ok {
			continue
		}
		if b.Before(to) {
			to = b
		}
		sum += max(to.Sub(later(from, a)), 0)
	}
	return sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// quietUntil is the end of the quiet hours that contain t.
func (c *Calendar) quietUntil(t time.Time) (end time.Time, quiet bool) {
	today := c.Today(t)
	for _, d := range []Date{today.AddDays(-1), today} {
		if from, to := c.quiet.on(d, c.zone); !t.Before(from) && t.Before(to) {
			return to, true
		}
	}
	return time.Time{}, false
}

// Quiet reports whether t lies in the quiet hours, on any day.
func (c *Calendar) Quiet(t time.Time) bool {
	_, quiet := c.quietUntil(t)
	return quiet
}

// EndOfQuiet is when the quiet hours that contain t end; t itself outside them.
func (c *Calendar) EndOfQuiet(t time.Time) time.Time {
	if end, quiet := c.quietUntil(t); quiet {
		return end
	}
	return t.In(c.zone)
}

// MaySpeak reports whether people may be addressed at t: a working day, and not
// in quiet hours (design rules 6 and 13). Posting to groups asks only Quiet.
func (c *Calendar) MaySpeak(t time.Time) bool {
	return !c.Quiet(t) && c.works(c.Today(t))
}

// NextSpeak is the first instant from t on at which MaySpeak holds.
func (c *Calendar) NextSpeak(t time.Time) time.Time {
	for {
		t = c.EndOfQuiet(t)
		today := c.Today(t)
		if c.works(today) {
			return t
		}
		t = c.NextWorkday(today).Start(c.zone)
		if !c.Quiet(t) {
			return t
		}
	}
}
