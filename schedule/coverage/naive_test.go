package coverage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"

	"github.com/stretchr/testify/require"
)

// This file counts a second time, day by day and from the words of the design's
// Definitions alone, and compares. It shares no arithmetic with the package.

// histories is how many random histories are counted twice.
const histories = 4000

func newCalendar(t testing.TB) *calendar.Calendar {
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	return cal
}

// happening is one delivery as the design speaks of it, before it is a Fact.
type happening struct {
	group, push int64
	state       string
	at          time.Time
	media       []string
	themes      []string
	names       int64 // the obligation a make-up names
}

var (
	states = []string{"queued", "held", "sending", "handed", "missed", "uncertain", "failed", "refused", "declined",
		"lapsed", "cancelled", "revoked", "reported", "accepted", "observed", "confirmed", "reported", "accepted"}
	ladder   = []string{"reported", "accepted", "observed", "confirmed"}
	allMedia = []string{"text", "picture", "video"}
	allTheme = []string{"刷单", "贷款", "冒充"}
)

// story is a random obligation with everything that happened around it.
type story struct {
	term    plans.Term
	owed    coverage.Owed
	next    calendar.Date // end of the next period
	happens []happening
	now     time.Time
}

func subset(r *rand.Rand, of []string) []string {
	out := []string{}
	for _, s := range of {
		if r.IntN(2) == 0 {
			out = append(out, s)
		}
	}
	return out
}

func newStory(r *rand.Rand, zone *time.Location, id int64) story {
	pers := []calendar.Per{calendar.Week, calendar.Month, calendar.Quarter, calendar.Phase, calendar.Once}
	first := calendar.MustDate("2026-01-01").AddDays(r.IntN(720))
	p, next := span(r, pers[r.IntN(len(pers))], first)
	s := story{next: next}
	s.term = plans.Term{Duty: plans.Duty{ID: "d", Kind: plans.Quota, Means: plans.ByPush, AtLeast: 1 + r.IntN(3), Per: p.Per},
		DistinctDays: r.IntN(3) > 0}
	if r.IntN(2) == 0 {
		s.term.Media = subset(r, allMedia)
	}
	if r.IntN(2) == 0 {
		s.term.Themes = subset(r, allTheme)
	}
	s.owed = coverage.Owed{ID: id, Kind: plans.Quota, Group: 1, Period: p, Need: s.term.AtLeast,
		StartAt: p.Start.Start(zone), EndAt: p.End.Start(zone)}
	if r.IntN(5) == 0 { // a relay, owed for one push until an hour of the day
		s.term.Kind, s.owed.Kind = plans.Relay, plans.Relay
		s.owed.Need, s.owed.Push = 1, 7
		s.owed.StartAt = p.Start.At(9, 0, zone)
		s.owed.EndAt = p.Start.AddDays(r.IntN(2)).At(10+r.IntN(8), 0, zone)
	}
	if r.IntN(8) == 0 {
		s.owed.Excuse = "停电"
	}
	if r.IntN(2) == 0 { // what is hoped for while it is open
		s.owed.OpenSlots, s.owed.Live = r.IntN(3), r.IntN(3)
		s.owed.Unanswered, s.owed.WorkdaysLeft = r.IntN(2) == 0, r.IntN(5)
	}
	from, to := p.Start.AddDays(-4).Start(zone), next.AddDays(4).Start(zone)
	moment := func() time.Time { return from.Add(time.Duration(r.Int64N(int64(to.Sub(from))))).Truncate(time.Minute) }
	for range r.IntN(12) {
		s.happens = append(s.happens, newHappening(r, s, moment()))
	}
	s.now = moment()
	if r.IntN(6) == 0 {
		s.now = s.owed.EndAt.Add(time.Duration(r.IntN(3)-1) * time.Millisecond)
	}
	return s
}

// span is a random period of the kind and the end of the one after it.
func span(r *rand.Rand, per calendar.Per, first calendar.Date) (calendar.Period, calendar.Date) {
	switch per {
	case calendar.Phase, calendar.Once:
		p := calendar.Period{Per: per, Key: string(per), Start: first, End: first.AddDays(1 + r.IntN(20))}
		return p, p.End
	}
	p := calendar.PeriodOf(per, first)
	next := p.Next().End
	if r.IntN(4) == 0 {
		p.Start = p.Start.AddDays(r.IntN(3))
	}
	return p, next
}

func newHappening(r *rand.Rand, s story, at time.Time) happening {
	h := happening{group: 1, push: int64(5 + r.IntN(4)), state: states[r.IntN(len(states))], at: at,
		media: allMedia[:1+r.IntN(3)], themes: subset(r, allTheme)}
	switch r.IntN(8) {
	case 0:
		h.group = 2
	case 1:
		h.names = s.owed.ID
	case 2:
		h.names = s.owed.ID + 1
	case 3: // at the very edge
		h.at = s.owed.EndAt.Add(time.Duration(r.IntN(3)-1) * time.Second)
	case 4:
		h.at = s.owed.StartAt.Add(time.Duration(r.IntN(3)-1) * time.Second)
	case 5: // the same day as another
		if len(s.happens) > 0 {
			h.at = s.happens[r.IntN(len(s.happens))].at
		}
	}
	return h
}

// fact is what the ledger would hand to the package.
func (h happening) fact(id int64, cal *calendar.Calendar) coverage.Fact {
	f := coverage.Fact{Delivery: id, Push: h.push, Group: h.group, Day: cal.Today(h.at), When: h.at, Media: h.media,
		Themes: h.themes, Makeup: h.names}
	if slices.Contains(ladder, h.state) {
		f.Evidence = coverage.Grade(h.state)
	}
	return f
}

// proves: state accepted, observed, confirmed or reported, at or above the grade.
func (h happening) proves(grade string) bool {
	has := false
	for i, g := range ladder {
		for _, better := range ladder[i:] {
			if g == grade && h.state == better {
				has = true
			}
		}
	}
	return has
}

// suits: same group; media ⊇ the duty's; themes meet if the duty lists any.
func (s story) suits(h happening) bool {
	if h.group != s.owed.Group || s.owed.Push != 0 && h.push != s.owed.Push {
		return false
	}
	have := map[string]bool{}
	for _, m := range h.media {
		have[m] = true
	}
	for _, m := range s.term.Media {
		if !have[m] {
			return false
		}
	}
	meets := len(s.term.Themes) == 0
	for _, a := range s.term.Themes {
		for _, b := range h.themes {
			meets = meets || a == b
		}
	}
	return meets
}

// naive counts by going through every day once.
func (s story) naive(grade string, zone *time.Location) (credits, makeups int) {
	for d := s.owed.Period.Start.AddDays(-30); d.Before(s.next.AddDays(30)); d = d.AddDays(1) {
		onTime, late := 0, 0
		for _, h := range s.happens {
			y, m, n := h.at.In(zone).Date()
			if calendar.NewDate(y, m, n) != d || !s.suits(h) || !h.proves(grade) {
				continue
			}
			if h.names != 0 && h.names != s.owed.ID { // a make-up credits only the one it names
				continue
			}
			switch {
			case h.at.UnixNano() < s.owed.StartAt.UnixNano():
			case h.at.UnixNano() < s.owed.EndAt.UnixNano():
				onTime++
			case (h.names != 0 || s.owed.Push != 0) && d.Before(s.next):
				late++
			}
		}
		if s.term.DistinctDays {
			onTime, late = min(onTime, 1), min(late, 1)
		}
		credits, makeups = credits+onTime, makeups+late
	}
	return credits, makeups
}

// naiveStanding is the definition, word by word.
func naiveStanding(o coverage.Owed, credits, makeups int, now time.Time) string {
	if o.Excuse != "" {
		return "excused"
	}
	if credits >= o.Need {
		return "met"
	}
	if now.Before(o.EndAt) {
		if credits+o.OpenSlots+o.Live < o.Need {
			return "at_risk"
		}
		if o.Unanswered && o.WorkdaysLeft <= o.Need-credits {
			return "at_risk"
		}
		return "on_pace"
	}
	if credits+makeups >= o.Need {
		return "late"
	}
	return "behind"
}

func TestCount(t *testing.T) {
	cal := newCalendar(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	seen := map[string]int{}
	for i := range histories {
		s := newStory(r, cal.Zone(), int64(i+1))
		grade := ladder[r.IntN(len(ladder))]
		facts := make([]coverage.Fact, 0, len(s.happens))
		for j, h := range s.happens {
			facts = append(facts, h.fact(int64(j+1), cal))
		}
		credits, makeups := coverage.Count(s.owed, s.term, facts, coverage.Grade(grade), s.next.Start(cal.Zone()))
		wantCredits, wantMakeups := s.naive(grade, cal.Zone())
		require.Equal(t, []int{wantCredits, wantMakeups}, []int{credits, makeups}, "seed %d history %d grade %s\n%+v", seed, i, grade, s)

		r.Shuffle(len(facts), func(a, b int) { facts[a], facts[b] = facts[b], facts[a] })
		again, late := coverage.Count(s.owed, s.term, facts, coverage.Grade(grade), s.next.Start(cal.Zone()))
		require.Equal(t, []int{credits, makeups}, []int{again, late}, "order must not matter: seed %d history %d", seed, i)

		s.owed.Credits, s.owed.Makeups = credits, makeups
		want := naiveStanding(s.owed, wantCredits, wantMakeups, s.now)
		require.Equal(t, want, string(s.owed.Standing(s.now)), "seed %d history %d at %s\n%+v", seed, i, s.now, s.owed)
		seen[want]++
	}
	require.Len(t, seen, 6, "every standing must have been met: %v", seen)
}

// naiveRow counts one row with plain loops.
func naiveRow(owed []coverage.Owed, in func(coverage.Owed) bool, now time.Time) map[string]int {
	n := map[string]int{}
	for _, o := range owed {
		if !in(o) {
			continue
		}
		s := naiveStanding(o, o.Credits, o.Makeups, now)
		if now.Before(o.EndAt) {
			n["open"]++
			n["open "+s]++
			continue
		}
		n["owed"]++
		n[s]++
		if s == "behind" && o.Cause == coverage.ByKeeper {
			n["keeper"]++
		} else if s == "behind" {
			n["office"]++
		}
	}
	return n
}

func sameRow(t *testing.T, want map[string]int, r coverage.Row, about string) {
	got := map[string]int{}
	for k, v := range map[string]int{"owed": r.Owed, "met": r.Met, "late": r.Late, "behind": r.Behind, "keeper": r.BehindKeeper,
		"office": r.BehindOffice, "excused": r.Excused, "open": r.SoFar.Owed, "open met": r.SoFar.Met,
		"open excused": r.SoFar.Excused, "open at_risk": r.AtRisk, "open on_pace": r.OnPace} {
		if v != 0 {
			got[k] = v
		}
	}
	require.Equal(t, want, got, about)
	require.Equal(t, want["open"] == 0, r.Closed, about)
	if base := want["owed"] - want["excused"]; base == 0 {
		require.Nil(t, r.Coverage, about)
	} else {
		require.NotNil(t, r.Coverage, about)
		require.InDelta(t, float64(want["met"])/float64(base), *r.Coverage, 1e-9, about)
	}
}

func TestTally(t *testing.T) {
	cal := newCalendar(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	units := []string{"镇", "镇/东村", "镇/东村/一格", "镇/东村二", "镇/小学", "镇/小学/一班"}
	causes := []coverage.Cause{coverage.ByKeeper, coverage.ByOffice, coverage.ByGroup, coverage.ByContent}
	for round := range 200 {
		var owed []coverage.Owed
		now := calendar.MustDate("2026-11-02").AddDays(r.IntN(60)).At(r.IntN(24), 0, cal.Zone())
		for i := range r.IntN(30) {
			p := calendar.PeriodOf(calendar.Week, calendar.MustDate("2026-10-26").AddDays(r.IntN(80)))
			o := coverage.Owed{ID: int64(i), Plan: fmt.Sprint("p", r.IntN(3)), Duty: fmt.Sprint("d", r.IntN(2)), Kind: plans.Quota,
				Means: plans.ByPush, UnitPath: units[r.IntN(len(units))], GroupName: fmt.Sprint("群", r.IntN(3)),
				GroupKind: fmt.Sprint("类", r.IntN(2)), Audiences: subset(r, []string{"居民", "家长"}), Period: p, Need: 1 + r.IntN(3),
				StartAt: p.Start.Start(cal.Zone()), EndAt: p.End.Start(cal.Zone()), Credits: r.IntN(4), Makeups: r.IntN(3),
				OpenSlots: r.IntN(3), Cause: causes[r.IntN(4)]}
			if r.IntN(6) == 0 {
				o.Excuse = "放假"
			}
			switch r.IntN(6) {
			case 0:
				o.Kind, o.Means = plans.Report, ""
			case 1:
				o.Means = plans.ByActivity
			case 2:
				o.Kind, o.Means, o.Push = plans.Relay, "", 5
			}
			owed = append(owed, o)
		}
		push := func(o coverage.Owed) bool {
			return o.Kind == plans.Relay || o.Kind == plans.Quota && o.Means == plans.ByPush
		}
		in := map[coverage.By]func(o coverage.Owed, key string) bool{
			coverage.ByUnit:     func(o coverage.Owed, k string) bool { return o.UnitPath == k || strings.HasPrefix(o.UnitPath, k+"/") },
			coverage.ByPlan:     func(o coverage.Owed, k string) bool { return o.Plan == k },
			coverage.ByPeriod:   func(o coverage.Owed, k string) bool { return o.Period.Key == k },
			coverage.ByKind:     func(o coverage.Owed, k string) bool { return o.GroupKind == k },
			coverage.ByAudience: func(o coverage.Owed, k string) bool { return slices.Contains(o.Audiences, k) },
			coverage.ByGroups:   func(o coverage.Owed, k string) bool { return o.UnitPath+"/"+o.GroupName == k },
		}
		var always []coverage.Key
		for _, u := range units {
			always = append(always, coverage.Key{Key: u, Name: u[strings.LastIndex(u, "/")+1:]})
		}
		for by, belongs := range in {
			table := coverage.Tally(owed, by, map[bool][]coverage.Key{true: always}[by == coverage.ByUnit], "", now)
			about := fmt.Sprintf("seed %d round %d by %s", seed, round, by)
			sameRow(t, naiveRow(owed, push, now), table.Total, about+" total")
			shown := map[string]bool{}
			for _, row := range table.Rows {
				require.False(t, shown[row.Key+row.Kind], about+" row twice")
				shown[row.Key+row.Kind] = true
				sameRow(t, naiveRow(owed, func(o coverage.Owed) bool {
					return belongs(o, row.Key) && push(o) == (row.Kind == "push") &&
						(row.Kind == "push" || (row.Kind == "activity") == (o.Means == plans.ByActivity))
				}, now), row, about+" row "+row.Key+" "+row.Kind)
			}
			if by == coverage.ByUnit { // zeros are always shown
				for _, u := range units {
					require.True(t, shown[u+"push"], about+" unit "+u)
				}
			}
			for _, o := range owed { // nothing owed is left out
				require.True(t, slices.ContainsFunc(table.Rows, func(r coverage.Row) bool { return belongs(o, r.Key) }) || by == coverage.ByAudience && len(o.Audiences) == 0, about)
			}
		}
	}
}
