package schedule_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"github.com/stretchr/testify/require"
)

// bruteFewest tries every subset of the days: least unmet first, then fewest
// days, then lexicographically earliest.
func bruteFewest(days []calendar.Date, needs []schedule.Need) (best []calendar.Date, unmet int) {
	bestSet, bestUnmet := -1, 0
	for set := range 1 << len(days) {
		u := 0
		for _, n := range needs {
			have := 0
			for i, d := range days {
				if set&(1<<i) != 0 && !d.Before(n.Start) && d.Before(n.End) {
					have++
				}
			}
			u += max(n.N-have, 0)
		}
		if bestSet < 0 || u < bestUnmet || u == bestUnmet && earlier(set, bestSet, len(days)) {
			bestSet, bestUnmet = set, u
		}
	}
	for i, d := range days {
		if bestSet&(1<<i) != 0 {
			best = append(best, d)
		}
	}
	return best, bestUnmet
}

// earlier reports whether a is fewer days than b, or as many and first by order.
func earlier(a, b, n int) bool {
	if x, y := bits.OnesCount(uint(a)), bits.OnesCount(uint(b)); x != y {
		return x < y
	}
	for i := range n {
		if x, y := a&(1<<i) != 0, b&(1<<i) != 0; x != y {
			return x
		}
	}
	return false
}

func TestFewest(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	monday := calendar.MustDate("2026-11-02")
	for i := range 6000 {
		var days []calendar.Date
		for d := range 14 {
			if r.IntN(2) == 0 && len(days) < 9 {
				days = append(days, monday.AddDays(d))
			}
		}
		var needs []schedule.Need
		for range r.IntN(5) {
			start := r.IntN(14)
			needs = append(needs, schedule.Need{Start: monday.AddDays(start), End: monday.AddDays(start + 1 + r.IntN(14-start)), N: 1 + r.IntN(3)})
		}
		keptDays, keptNeeds := slices.Clone(days), slices.Clone(needs)
		got := schedule.Fewest(days, needs)
		want, unmet := bruteFewest(days, needs)
		require.Equal(t, keptDays, days, "the arguments are not to be changed")
		require.Equal(t, keptNeeds, needs, "the arguments are not to be changed")
		require.LessOrEqual(t, len(got), len(want), "seed %d case %d", seed, i)
		require.Equal(t, unmet, unmetBy(got, needs), "seed %d case %d", seed, i)
		require.Equal(t, want, got, "seed %d case %d days %v needs %v", seed, i, days, needs)
	}
}

// unmetBy is how many pushes the chosen days leave owing.
func unmetBy(chosen []calendar.Date, needs []schedule.Need) int {
	u := 0
	for _, n := range needs {
		have := 0
		for _, d := range chosen {
			if !d.Before(n.Start) && d.Before(n.End) {
				have++
			}
		}
		u += max(n.N-have, 0)
	}
	return u
}

func TestFewest_examples(t *testing.T) {
	d := calendar.MustDate
	days := []calendar.Date{d("2026-11-03"), d("2026-11-06"), d("2026-11-10"), d("2026-11-13")}
	week := schedule.Need{Start: d("2026-11-02"), End: d("2026-11-09"), N: 1}
	month := schedule.Need{Start: d("2026-11-01"), End: d("2026-12-01"), N: 1}
	require.Empty(t, schedule.Fewest(days, nil))
	require.Empty(t, schedule.Fewest(nil, []schedule.Need{week}))
	require.Equal(t, days[:1], schedule.Fewest(days, []schedule.Need{month, week}), "one push meets both")
	late := schedule.Need{Start: d("2026-11-05"), End: d("2026-11-09"), N: 1}
	require.Equal(t, days[1:2], schedule.Fewest(days, []schedule.Need{week, late}), "later, for the sake of both")
	require.Equal(t, days, schedule.Fewest(days, []schedule.Need{{Start: d("2026-11-01"), End: d("2026-12-01"), N: 9}}), "all there is")
}

// TestPlanner_fewestOverMonths: planned day by day, an office takes exactly the
// days that one look at the whole two months would take.
func TestPlanner_fewestOverMonths(t *testing.T) {
	t.Parallel()
	for range 3 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			days := []string{"2,5", "1,3,5", "4", "1-5", "2,6"}[r.IntN(5)]
			w := newWorld(t, "2026-10-31 12:00", starting(only(eastGroup)), func(w *world) {
				w.settings.Slots = nil
				w.slot("时段", "0 9 * * "+days, 2*time.Hour)
			})
			plan := quotaPlan("便民群", 1, calendar.Week)
			plan.From, plan.To = "10-01", "12-31"
			week := plan.Duties[0]
			plan.Duties = nil
			for i, per := range []calendar.Per{calendar.Week, calendar.Month, calendar.Quarter, calendar.Month} {
				if d := week; r.IntN(3) > 0 {
					d.ID, d.Per, d.AtLeast = fmt.Sprint("d", i), per, 1+r.IntN(map[calendar.Per]int{calendar.Week: 2, calendar.Month: 6, calendar.Quarter: 9}[per])
					plan.Duties = append(plan.Duties, d)
				}
			}
			if len(plan.Duties) == 0 {
				plan.Duties = append(plan.Duties, week)
			}
			w.adoptPlan(plan, 2026, nil)
			w.run("2027-01-01 08:00")
			obs, err := w.db.Obligations(w.ctx, schedule.ObligationFilter{Group: eastGroup, Now: w.now})
			require.NoError(t, err)
			var needs []schedule.Need
			for _, o := range obs {
				if o.Excuse == "" {
					needs = append(needs, schedule.Need{Start: o.Period.Start, End: o.Period.End, N: o.Need})
				}
			}
			var open []calendar.Date
			for _, occ := range w.settings.Slots[0].Cron.Days(calendar.MustDate("2026-11-01"), calendar.MustDate("2027-01-01")) {
				open = append(open, occ.Date)
			}
			var took []calendar.Date
			for _, d := range w.of(eastGroup) {
				took = append(took, d.Day)
			}
			want := schedule.Fewest(open, needs)
			require.LessOrEqual(t, unmetBy(took, needs), unmetBy(want, needs), "slots %s needs %v took %v want %v", days, needs, took, want)
			require.LessOrEqual(t, len(took), len(want), "slots %s needs %v took %v want %v", days, needs, took, want)
			w.sound()
		})
	}
}
