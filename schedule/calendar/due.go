package calendar

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var weekdayNames = [7]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

var dueShape = regexp.MustCompile(`^(?:(SUN|MON|TUE|WED|THU|FRI|SAT)|DAY ([0-9]{1,2})|([0-9]{2})-([0-9]{2}))(?: ([0-9]{2}:[0-9]{2}))?$`)

type dueKind uint8

const (
	dueNone dueKind = iota
	dueWeekday
	dueMonthDay
	dueDated
)

// Due is a report deadline as a plan states it, without year. Without a time of
// day it runs through the named day (N日前 includes the day). The zero value
// means that the plan names none.
type Due struct {
	kind    dueKind
	weekday time.Weekday
	month   time.Month
	day     int
	minutes int // after the day's midnight; 1440 is the end of the day
}

// ParseDue reads "FRI 16:00", "day 27", "day 27 16:00", "10-09" or
// "10-09 16:00"; a weekday without time is taken too. Its error is Chinese and
// says what to write.
func ParseDue(s string) (Due, error) {
	bad := fmt.Errorf("期限“%s”无法识别：请写成 FRI 16:00（每周五 16 时）、day 27（每月 27 日当天截止）、10-09（10 月 9 日当天截止）或 10-09 16:00", s)
	m := dueShape.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return Due{}, bad
	}
	due := Due{minutes: 24 * 60}
	if m[5] != "" {
		minutes, err := ParseClock(m[5])
		if err != nil {
			return Due{}, fmt.Errorf("期限“%s”：%w", s, err)
		}
		due.minutes = minutes
	}
	if !due.name(m) {
		return Due{}, bad
	}
	return due, nil
}

// name fills the day from a match of dueShape; false if there is no such day.
func (u *Due) name(m []string) bool {
	switch {
	case m[1] != "":
		u.kind = dueWeekday
		for i, name := range weekdayNames {
			if name == m[1] {
				u.weekday = time.Weekday(i)
			}
		}
		return true
	case m[2] != "":
		u.kind, u.day = dueMonthDay, number(m[2])
		return u.day >= 1 && u.day <= 31
	}
	u.kind, u.month, u.day = dueDated, time.Month(number(m[3])), number(m[4])
	const leapYear = 2000
	d := NewDate(leapYear, u.month, u.day)
	return d.Month() == u.month && d.Day() == u.day
}

// IsZero reports whether no deadline is named.
func (u Due) IsZero() bool { return u.kind == dueNone }

// String is the shape that ParseDue reads; "" for the zero value.
func (u Due) String() string {
	var s string
	switch u.kind {
	case dueNone:
		return ""
	case dueWeekday:
		s = weekdayNames[u.weekday]
	case dueMonthDay:
		s = fmt.Sprintf("day %d", u.day)
	case dueDated:
		s = fmt.Sprintf("%02d-%02d", int(u.month), u.day)
	}
	if u.minutes < 24*60 {
		s += fmt.Sprintf(" %02d:%02d", u.minutes/60, u.minutes%60)
	}
	return s
}

// MarshalText writes what String writes.
func (u Due) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText writes; empty text is the zero value.
func (u *Due) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*u = Due{}
		return nil
	}
	due, err := ParseDue(string(text))
	if err != nil {
		return err
	}
	*u = due
	return nil
}

// In is the instant by which the report of period p is due: what is handed in
// before it is on time. A weekday answers for weeks and a day of the month for
// months, clamped to the month's last day, also when p was cut. A dated
// deadline answers for the period it lies in; for a phase, a campaign or once
// that it lies outside of, it is the first such date after the end. ok is false
// when the deadline says nothing about p.
func (u Due) In(p Period, zone *time.Location) (at time.Time, ok bool) {
	d, ok := u.dayFor(p)
	if !ok {
		return time.Time{}, false
	}
	return d.At(0, u.minutes, zone), true
}

func (u Due) dayFor(p Period) (Date, bool) {
	switch {
	case p.Start.IsZero():
		return Date{}, false
	case u.kind == dueWeekday && p.Per == Week:
		monday := PeriodOf(Week, p.Start).Start
		return monday.AddDays((int(u.weekday) + 6) % 7), true
	case u.kind == dueMonthDay && p.Per == Month:
		return clampedDate(p.Start.Year(), p.Start.Month(), u.day), true
	case u.kind == dueDated:
		return u.dated(p)
	}
	return Date{}, false
}

func (u Due) dated(p Period) (Date, bool) {
	bounded := p.Per == Week || p.Per == Month || p.Per == Quarter || p.Per == Year
	for y := p.Start.Year(); y <= p.End.Year()+1; y++ {
		d := clampedDate(y, u.month, u.day)
		if p.Contains(d) {
			return d, true
		}
		if !bounded && !d.Before(p.End) {
			return d, true
		}
	}
	return Date{}, false
}

// clampedDate is the given day of the month, or the month's last day when it
// has fewer.
func clampedDate(y int, m time.Month, day int) Date {
	last := NewDate(y, m+1, 0)
	return NewDate(y, m, min(day, last.Day()))
}
