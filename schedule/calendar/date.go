package calendar

import (
	"fmt"
	"time"
)

// unixDay is the day number of 1970-01-01 when 0001-01-01 is day 1.
const unixDay = 719163

const secondsPerDay = 24 * 60 * 60

// Date is one civil day, with no time of day and no zone. Dates compare with ==
// and serve as map keys; the zero value means "no day" (IsZero).
type Date struct {
	n int32 // 0001-01-01 is 1, so that no real day is the zero value
}

// NewDate is the given day. Values beyond their range carry over as in
// time.Date: month 13 is January of the next year, day 0 the last of the month before.
func NewDate(y int, m time.Month, d int) Date {
	return dateOfWall(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// ParseDate reads "2006-01-02" and nothing else, years 1000 to 9999.
// Its error is Chinese and says what to write.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1000 {
		return Date{}, fmt.Errorf("日期“%s”无法识别：请写成 2026-06-01 这样的“年-月-日”，并确认这一天存在", s)
	}
	return dateOfWall(t), nil
}

// MustDate is ParseDate for constants and tests; it panics on a bad date.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// DateOf is the local day that contains the instant t in zone.
func DateOf(t time.Time, zone *time.Location) Date {
	return dateOfWall(wallClock(t, zone))
}

// dateOfWall takes a wall reading carried as UTC.
func dateOfWall(wall time.Time) Date {
	s := wall.Unix()
	days := s / secondsPerDay
	if s%secondsPerDay < 0 {
		days--
	}
	return Date{n: int32(days + unixDay)}
}

// midnight is the wall reading 00:00 of the day, carried as UTC.
func (d Date) midnight() time.Time {
	return time.Unix((int64(d.n)-unixDay)*secondsPerDay, 0).UTC()
}

// IsZero reports whether no day was given.
func (d Date) IsZero() bool { return d == Date{} }

// String is the day as "2006-01-02"; the zero value is "".
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.midnight().Format(time.DateOnly)
}

// Year is the calendar year (not the ISO week's year).
func (d Date) Year() int { return d.midnight().Year() }

// Month is the calendar month.
func (d Date) Month() time.Month { return d.midnight().Month() }

// Day is the day of the month, from 1.
func (d Date) Day() int { return d.midnight().Day() }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.midnight().Weekday() }

// AddDays is the day n days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date { return Date{n: d.n + int32(n)} }

// Before reports whether d comes before o.
func (d Date) Before(o Date) bool { return d.n < o.n }

// After reports whether d comes after o.
func (d Date) After(o Date) bool { return d.n > o.n }

// Compare is -1, 0 or +1 as d comes before, is, or comes after o.
func (d Date) Compare(o Date) int {
	switch {
	case d.n < o.n:
		return -1
	case d.n > o.n:
		return 1
	}
	return 0
}

// DaysUntil is how many days later o is; negative when o comes before d.
func (d Date) DaysUntil(o Date) int { return int(o.n) - int(d.n) }

// At is the first instant on whose arrival the clock of zone reads hour:minute
// of this day or later: a time skipped by the clock change becomes the first
// valid minute after it, a time that comes twice is the first of the two.
// 24:00 is the start of the next day.
func (d Date) At(hour, minute int, zone *time.Location) time.Time {
	wall := d.midnight().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	return firstReading(wall, zone)
}

// Start is the first instant of the day in zone.
func (d Date) Start(zone *time.Location) time.Time { return d.At(0, 0, zone) }

// MarshalText writes what String writes.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; empty text is the zero value.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
