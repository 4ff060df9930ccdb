package calendar

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Per is the kind of a period: what a duty's number is counted over.
type Per string

// The kinds of period. Week (ISO, from Monday), Month, Quarter and Year come
// from the calendar; Phase, Campaign and Once get their days from an adoption.
const (
	Week     Per = "week"
	Month    Per = "month"
	Quarter  Per = "quarter"
	Year     Per = "year"
	Phase    Per = "phase"
	Campaign Per = "campaign"
	Once     Per = "once"
)

// Period is the local days [Start, End). Key names it within its kind:
// "2026-W23", "2026-06", "2026-Q2", "2026", or what the adoption calls it.
type Period struct {
	Per        Per
	Key        string
	Start, End Date
}

// PeriodOf is the whole week, month, quarter or year that contains d. Other
// kinds have no days of their own: the result is empty and has no key.
func PeriodOf(per Per, d Date) Period {
	y, m := d.Year(), d.Month()
	p := Period{Per: per}
	switch per {
	case Week:
		isoYear, week := d.midnight().ISOWeek()
		p.Key = fmt.Sprintf("%04d-W%02d", isoYear, week)
		p.Start = d.AddDays(-(int(d.Weekday()) + 6) % 7)
		p.End = p.Start.AddDays(7)
	case Month:
		p.Key = fmt.Sprintf("%04d-%02d", y, int(m))
		p.Start, p.End = NewDate(y, m, 1), NewDate(y, m+1, 1)
	case Quarter:
		q := (m - 1) / 3
		p.Key = fmt.Sprintf("%04d-Q%d", y, int(q)+1)
		p.Start, p.End = NewDate(y, q*3+1, 1), NewDate(y, q*3+4, 1)
	case Year:
		p.Key = fmt.Sprintf("%04d", y)
		p.Start, p.End = NewDate(y, time.January, 1), NewDate(y+1, time.January, 1)
	}
	return p
}

var periodShape = regexp.MustCompile(`^([1-9][0-9]{3})(?:-(?:W([0-9]{2})|Q([1-4])|([0-9]{2})))?$`)

// ParsePeriod reads the keys PeriodOf writes (small letters too) and returns
// the whole period. Its error is Chinese and says what to write.
func ParsePeriod(s string) (Period, error) {
	key := strings.ToUpper(s)
	if m := periodShape.FindStringSubmatch(key); m != nil {
		if p := periodNamed(m); p.Key == key {
			return p, nil
		}
	}
	return Period{}, fmt.Errorf("时期“%s”无法识别：请写成 2026-W23（第 23 周）、2026-06（月）、2026-Q2（季度）或 2026（年），并确认这一周或这个月存在", s)
}

// periodNamed turns a match of periodShape into a period; a week or month that
// does not exist comes out with another key than the one asked for.
func periodNamed(m []string) Period {
	year := number(m[1])
	switch {
	case m[2] != "": // 4 January always lies in week 1
		return PeriodOf(Week, NewDate(year, time.January, 4).AddDays(7*(number(m[2])-1)))
	case m[3] != "":
		return PeriodOf(Quarter, NewDate(year, time.Month(number(m[3])*3), 1))
	case m[4] != "":
		return PeriodOf(Month, NewDate(year, time.Month(number(m[4])), 1))
	}
	return PeriodOf(Year, NewDate(year, time.January, 1))
}

// PeriodsBetween lists, in order, the whole periods of one calendar kind that
// share a day with [start, end). Other kinds give none.
func PeriodsBetween(per Per, start, end Date) []Period {
	var all []Period
	if !start.Before(end) {
		return nil
	}
	for p := PeriodOf(per, start); !p.Empty() && p.Start.Before(end); p = p.Next() {
		all = append(all, p)
	}
	return all
}

// Contains reports whether d is one of the period's days.
func (p Period) Contains(d Date) bool { return !d.Before(p.Start) && d.Before(p.End) }

// Days is the number of days in the period.
func (p Period) Days() int { return max(0, p.Start.DaysUntil(p.End)) }

// Empty reports whether the period has no day.
func (p Period) Empty() bool { return !p.Start.Before(p.End) }

// Next is the whole period after this one, also when this one was cut. A kind
// that the calendar does not know has none: the result is empty.
func (p Period) Next() Period { return PeriodOf(p.Per, PeriodOf(p.Per, p.Start).End) }

// Prev is the whole period before this one, with the same limits as Next.
func (p Period) Prev() Period {
	return PeriodOf(p.Per, PeriodOf(p.Per, p.Start).Start.AddDays(-1))
}

// Cut is the part of the period inside [start, end), under the same key; a zero
// bound is open. Nothing left gives an empty period.
func (p Period) Cut(start, end Date) Period {
	cut := p
	if start.After(cut.Start) {
		cut.Start = start
	}
	if !end.IsZero() && end.Before(cut.End) {
		cut.End = end
	}
	if cut.Empty() { // stay beside our own days, so that Next still follows them
		cut.Start, cut.End = p.Start, p.Start
	}
	return cut
}

// calendarPers are the kinds that come from the calendar, shortest first.
var calendarPers = []Per{Week, Month, Quarter, Year}

// Takes reports whether asking for p includes q: equal kinds by equal key; a
// month, quarter or year takes the ISO weeks whose Thursday lies in it (so each
// week belongs to exactly one); a week takes no month, a month no quarter;
// otherwise q's first day decides.
func (p Period) Takes(q Period) bool {
	if p.Per == q.Per {
		return p.Key == q.Key
	}
	if a, b := slices.Index(calendarPers, p.Per), slices.Index(calendarPers, q.Per); a >= 0 && b > a {
		return false
	}
	if q.Per == Week && (p.Per == Month || p.Per == Quarter || p.Per == Year) {
		return p.Contains(PeriodOf(Week, q.Start).Start.AddDays(3))
	}
	return p.Contains(q.Start)
}

// SayPeriod writes the key of a period for people: 6月1日至7日. A phase is
// called by its own name.
func SayPeriod(key string) string {
	switch key {
	case string(Campaign), string(Once):
		return "整个方案期间"
	}
	p, err := ParsePeriod(key)
	if err != nil {
		return key
	}
	switch p.Per {
	case Week:
		last := p.End.AddDays(-1)
		to := fmt.Sprintf("%d日", last.Day())
		if last.Month() != p.Start.Month() {
			to = fmt.Sprintf("%d月%d日", int(last.Month()), last.Day())
		}
		return fmt.Sprintf("%d月%d日至%s", int(p.Start.Month()), p.Start.Day(), to)
	case Month:
		return fmt.Sprintf("%d年%d月", p.Start.Year(), int(p.Start.Month()))
	case Quarter:
		return fmt.Sprintf("%d年%d季度", p.Start.Year(), (int(p.Start.Month())-1)/3+1)
	}
	return fmt.Sprintf("%d年", p.Start.Year())
}
