package coverage

import (
	"time"

	"tongluo/schedule/calendar"
)

// readable is how long a pack must have lain with a person, in working time,
// before that person can be the cause (design rule 7).
const readable = 4 * time.Hour

// Pack is one unanswered handoff toward an obligation.
type Pack struct {
	Person     int64
	ReadableAt time.Time // zero: never readable
	// GroupGone says the person answered that the group cannot be reached.
	GroupGone bool
}

// Span is a time, [From, To).
type Span struct{ From, To time.Time }

// History is what happened around an obligation that is behind.
type History struct {
	Packs    []Pack
	Detached bool // the bot had been removed from the group, or it was dissolved
	NoItem   bool // nothing approved fitted
	// Unknown are the messages that may have been what is missing: the bot sent
	// them, and nobody can say whether they arrived.
	Unknown int
	// Halts are the times that count against nobody, none overlapping: 停发 was
	// on, and nobody is expected to forward what the office may be about to take
	// back; or no answer could be heard.
	Halts []Span
}

// lay is the working time for which a pack lay with its person before the
// deadline, 停发 left out.
func (h History) lay(p Pack, deadline time.Time, cal *calendar.Calendar) time.Duration {
	lay := cal.WorkingBetween(p.ReadableAt, deadline)
	for _, s := range h.Halts {
		from, to := s.From, s.To
		if from.Before(p.ReadableAt) {
			from = p.ReadableAt
		}
		if to.After(deadline) {
			to = deadline
		}
		if from.Before(to) {
			lay -= cal.WorkingBetween(from, to)
		}
	}
	return lay
}

// Blame says whose the missing deliveries are. It is the keeper only if the
// packs that lay readable with people at least four working hours before the
// deadline, those of 停发 not counted, would have filled what is missing, and it is
// missing whatever became of what nobody can vouch for; otherwise group, content,
// or the office.
func Blame(missing int, deadline time.Time, h History, cal *calendar.Calendar) Cause {
	lay, gone := 0, false
	for _, p := range h.Packs {
		if p.GroupGone {
			gone = true
			continue
		}
		if !p.ReadableAt.IsZero() && p.Person != 0 && h.lay(p, deadline, cal) >= readable {
			lay++
		}
	}
	switch {
	case missing > h.Unknown && lay >= missing:
		return ByKeeper
	case gone || h.Detached:
		return ByGroup
	case h.NoItem:
		return ByContent
	}
	return ByOffice
}

// Least whole days a cut period must keep (design, Excused by itself).
const (
	leastOfWeek  = 4
	leastOfMonth = 15
)

// Circumstances are what excuses an obligation by itself.
type Circumstances struct {
	Whole      calendar.Period // the uncut period
	Owed       calendar.Period // cut by phase and adoption
	GroupSince calendar.Date   // zero: always there
	GroupUntil calendar.Date   // zero: still there
	School     bool
	Need       int
}

// AutoExcuse gives the reason an obligation is excused by itself, in Chinese,
// or "".
func AutoExcuse(c Circumstances, cal *calendar.Calendar) string {
	p := c.Owed
	switch {
	case p.Start.Before(c.GroupSince):
		return "本期中途建群，下一期起算"
	case !c.GroupUntil.IsZero() && c.GroupUntil.Before(p.End):
		return "本期内群已停用"
	case tooShort(c.Whole, p.Days()):
		return "本期被方案起止截短"
	case cal.Workdays(p.Start, p.End) < c.Need:
		return "本期工作日不足"
	case c.School && (cal.TermDays(p.Start, p.End) == 0 || tooShort(c.Whole, cal.TermDays(p.Start, p.End))):
		return "学校放假"
	}
	return ""
}

// tooShort applies the least days of a week or month; other periods are never
// too short.
func tooShort(whole calendar.Period, days int) bool {
	switch whole.Per {
	case calendar.Week:
		return days < leastOfWeek
	case calendar.Month:
		return days < leastOfMonth
	}
	return false
}
