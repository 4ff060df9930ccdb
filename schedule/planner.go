package schedule

import (
	"slices"

	"tongluo/schedule/calendar"
)

// Need is one quota still to be met: N pushes on distinct days of [Start, End).
type Need struct {
	Start, End calendar.Date
	N          int
}

// Fewest chooses, from ascending distinct days on which a slot opens, the
// fewest that meet all needs; among equally few, the days are as early as that
// number allows (the choice is lexicographically first). A need with too few
// days takes all it has. Tested against brute force on small cases.
func Fewest(days []calendar.Date, needs []Need) []calendar.Date {
	byEnd := slices.Clone(needs)
	slices.SortFunc(byEnd, func(a, b Need) int { return a.End.Compare(b.End) })
	fixed := make([]choice, len(days))
	best := cost(days, byEnd, fixed)
	var out []calendar.Date
	for i := range days {
		fixed[i] = taken
		if cost(days, byEnd, fixed) == best {
			out = append(out, days[i])
			continue
		}
		fixed[i] = barred
	}
	return out
}

// choice is what has been decided about a day.
type choice byte

const (
	free choice = iota
	taken
	barred
)

// price orders selections: first how much stays unmet, then how many days.
type price struct{ unmet, days int }

// cost is the price of the best selection that respects what is fixed: needs by
// their end, each filled from its last days, which is optimal for intervals.
func cost(days []calendar.Date, byEnd []Need, fixed []choice) price {
	chosen := make([]bool, len(days))
	var p price
	for i, f := range fixed {
		if f == taken {
			chosen[i] = true
			p.days++
		}
	}
	for _, n := range byEnd {
		missing := n.N
		for i, d := range days {
			if chosen[i] && !d.Before(n.Start) && d.Before(n.End) {
				missing--
			}
		}
		for i := len(days) - 1; i >= 0 && missing > 0; i-- {
			if fixed[i] == free && !chosen[i] && !days[i].Before(n.Start) && days[i].Before(n.End) {
				chosen[i] = true
				p.days++
				missing--
			}
		}
		p.unmet += max(missing, 0)
	}
	return p
}
