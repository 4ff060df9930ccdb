package plans

import (
	"slices"
	"time"

	"tongluo/schedule/calendar"
)

// Periods lists, in order, the periods of the duty that share a day with
// [from, to). They are cut to the duty's windows and to nothing else: a period
// that only touches [from, to) comes whole. Keys are those of the whole period
// ("2026-W48"); a phase is named by itself, campaign and once by their kind. A
// period whose deadline passed before its first day is not owed and left out.
func (t Term) Periods(from, to calendar.Date) []calendar.Period {
	if !from.Before(to) {
		return nil
	}
	var all []calendar.Period
	for _, whole := range t.wholes() {
		p := t.cut(whole)
		if p.Empty() || !p.Start.Before(to) || !from.Before(p.End) {
			continue
		}
		if due, ok := t.dueDay(p); ok && due.Before(p.Start) {
			continue
		}
		all = append(all, p)
	}
	return all
}

// wholes are the uncut periods of the duty.
func (t Term) wholes() []calendar.Period {
	span := t.span()
	switch {
	case span.Empty():
		return nil
	case t.Per == calendar.Phase:
		return t.Windows
	case t.Per == calendar.Campaign || t.Per == calendar.Once:
		return []calendar.Period{span}
	}
	return calendar.PeriodsBetween(t.Per, span.Start, span.End)
}

// span reaches from the first window's start to the last one's end.
func (t Term) span() calendar.Period {
	p := calendar.Period{Per: t.Per, Key: string(t.Per)}
	for i, w := range t.Windows {
		if i == 0 || w.Start.Before(p.Start) {
			p.Start = w.Start
		}
		if i == 0 || w.End.After(p.End) {
			p.End = w.End
		}
	}
	return p
}

// cut reaches from the first to the last day of the period on which the duty
// holds. A phase is one of the windows already.
func (t Term) cut(p calendar.Period) calendar.Period {
	if p.Per == calendar.Phase {
		return p
	}
	var first, last calendar.Date
	for _, w := range t.Windows {
		part := p.Cut(w.Start, w.End)
		if part.Empty() {
			continue
		}
		if first.IsZero() || part.Start.Before(first) {
			first = part.Start
		}
		if last.IsZero() || part.End.After(last) {
			last = part.End
		}
	}
	if first.IsZero() {
		return p.Cut(p.End, p.End)
	}
	return p.Cut(first, last)
}

// CutBy says how far a period was cut: the whole period, and the days of p (as
// given, so a caller may have cut it further) on which the duty holds. The
// caller excuses a week with held < 4 or a month with held < 15 when held is
// less than whole.Days().
func (t Term) CutBy(p calendar.Period) (whole calendar.Period, held int) {
	for d := p.Start; d.Before(p.End); d = d.AddDays(1) {
		if t.Holds(d) {
			held++
		}
	}
	return t.whole(p), held
}

// whole is the period before anybody cut it.
func (t Term) whole(p calendar.Period) calendar.Period {
	switch p.Per {
	case calendar.Campaign, calendar.Once:
		return t.span()
	case calendar.Phase:
		for _, w := range t.Windows {
			if w.Key == p.Key {
				return w
			}
		}
		return p
	}
	return calendar.PeriodOf(p.Per, p.Start)
}

// Holds reports whether the duty holds on the local day.
func (t Term) Holds(d calendar.Date) bool {
	return slices.ContainsFunc(t.Windows, func(w calendar.Period) bool { return w.Contains(d) })
}

// Deadline is the instant before which the period's report, list, figure or
// activity must be in; a duty without due has until its period ends. ok is
// false for pushes, relays and rules, which are not handed in, and for an empty
// period. A caller that cut p at an adoption may get an instant before p: what
// was due before the adoption is not owed.
func (t Term) Deadline(p calendar.Period, zone *time.Location) (at time.Time, ok bool) {
	handedIn := t.Kind == Report || t.Kind == Roster || t.Kind == Figure || t.Means == ByActivity
	if !handedIn || p.Empty() {
		return time.Time{}, false
	}
	if at, ok := t.due(p, zone); ok {
		return at, true
	}
	return p.End.Start(zone), true
}

// due is the deadline the duty names for the period, if it names one.
func (t Term) due(p calendar.Period, zone *time.Location) (time.Time, bool) {
	due, err := calendar.ParseDue(t.Due)
	if err != nil || p.Empty() {
		return time.Time{}, false
	}
	p = t.whole(p)
	if at, ok := due.In(p, zone); ok {
		return at, true
	}
	// "day 27" of what is handed in once: the 27th of its first month (plan 12's
	// 本月), or of the next when that day is over before the period begins.
	month := calendar.PeriodOf(calendar.Month, p.Start)
	at, ok := due.In(month, zone)
	if ok && !at.After(p.Start.Start(zone)) {
		return due.In(month.Next(), zone)
	}
	return at, ok
}

// dueDay is the local day on which the deadline falls; an end of day belongs to
// the day that ends.
func (t Term) dueDay(p calendar.Period) (calendar.Date, bool) {
	at, ok := t.due(p, time.UTC)
	if !ok {
		return calendar.Date{}, false
	}
	return calendar.DateOf(at.Add(-time.Nanosecond), time.UTC), true
}
