package coverage_test

import (
	"testing"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"

	"github.com/stretchr/testify/require"
)

// TestBlame is rule 7: the keeper only if a pack lay readable with that person
// at least four working hours before the deadline.
func TestBlame(t *testing.T) {
	cal := newCalendar(t)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, cal.Zone())
		require.NoError(t, err)
		return v
	}
	pack := func(s string) coverage.Pack { return coverage.Pack{Person: 3, ReadableAt: at(s)} }
	gone := coverage.Pack{Person: 3, ReadableAt: at("2026-11-02 09:00"), GroupGone: true}
	const sunday = "2026-11-09 00:00" // the end of the week of 2 November
	for _, c := range []struct {
		name     string
		missing  int
		deadline string
		h        coverage.History
		want     coverage.Cause
	}{
		{"exactly four working hours", 1, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-06 13:30")}}, coverage.ByKeeper},
		{"a minute less than four", 1, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-06 13:31")}}, coverage.ByOffice},
		{"a nanosecond less than four", 1, sunday, coverage.History{Packs: []coverage.Pack{{Person: 3, ReadableAt: at("2026-11-06 13:30").Add(1)}}}, coverage.ByOffice},
		{"Friday evening to Monday morning is no time", 1, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-06 17:30")}}, coverage.ByOffice},
		{"over a weekend the hours add up", 1, "2026-11-09 10:30", coverage.History{Packs: []coverage.Pack{pack("2026-11-06 15:30")}}, coverage.ByKeeper},
		{"four hours of a holiday are none", 1, "2026-10-08 08:30", coverage.History{Packs: []coverage.Pack{pack("2026-10-01 09:00")}}, coverage.ByOffice},
		{"after the holiday they count", 1, "2026-10-08 12:30", coverage.History{Packs: []coverage.Pack{pack("2026-10-01 09:00")}}, coverage.ByKeeper},
		{"a make-up Saturday is worked", 1, "2026-10-12 00:00", coverage.History{Packs: []coverage.Pack{pack("2026-10-10 13:30")}}, coverage.ByKeeper},
		{"readable after the deadline", 1, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-09 08:30")}}, coverage.ByOffice},
		{"never read", 1, sunday, coverage.History{Packs: []coverage.Pack{{Person: 3}}}, coverage.ByOffice},
		{"with nobody", 1, sunday, coverage.History{Packs: []coverage.Pack{{ReadableAt: at("2026-11-02 09:00")}}}, coverage.ByOffice},
		{"nothing was asked at all", 1, sunday, coverage.History{}, coverage.ByOffice},
		{"two missing, one asked in time", 2, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00")}}, coverage.ByOffice},
		{"two missing, one in time and one late", 2, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00"), pack("2026-11-06 16:00")}}, coverage.ByOffice},
		{"two missing, both asked in time", 2, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00"), pack("2026-11-06 09:00")}}, coverage.ByKeeper},
		{"one missing, two asked", 1, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00"), {Person: 3}}}, coverage.ByKeeper},
		{"the group is gone", 1, sunday, coverage.History{Packs: []coverage.Pack{gone}}, coverage.ByGroup},
		{"gone beats never read", 2, sunday, coverage.History{Packs: []coverage.Pack{gone, {Person: 3}}}, coverage.ByGroup},
		{"the bot was thrown out", 1, sunday, coverage.History{Detached: true}, coverage.ByGroup},
		{"no item", 1, sunday, coverage.History{NoItem: true}, coverage.ByContent},
		{"gone and no item", 1, sunday, coverage.History{Packs: []coverage.Pack{gone}, NoItem: true}, coverage.ByGroup},
		{"no item, yet asked in time for the other", 2, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00")}, NoItem: true}, coverage.ByContent},
		{"nothing is missing", 0, sunday, coverage.History{Packs: []coverage.Pack{pack("2026-11-03 09:00")}}, coverage.ByOffice},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, coverage.Blame(c.missing, at(c.deadline), c.h, cal))
		})
	}
}

// TestAutoExcuse is the definition "Excused by itself", each at its boundary.
func TestAutoExcuse(t *testing.T) {
	cal := newCalendar(t)
	d := calendar.MustDate
	week := calendar.PeriodOf(calendar.Week, d("2026-11-02")) // Mon 2 – Sun 8
	month := calendar.PeriodOf(calendar.Month, d("2026-11-10"))
	february := calendar.PeriodOf(calendar.Month, d("2028-02-10"))
	national := calendar.PeriodOf(calendar.Week, d("2026-10-05")) // works Thu 8, Fri 9, Sat 10
	before := calendar.PeriodOf(calendar.Week, d("2026-09-28"))   // works Mon, Tue, Wed
	quarter := calendar.PeriodOf(calendar.Quarter, d("2026-11-02"))
	none := calendar.Date{}
	from := func(p calendar.Period, day string) calendar.Period { return p.Cut(d(day), none) }
	until := func(p calendar.Period, day string) calendar.Period { return p.Cut(none, d(day)) }
	for _, c := range []struct {
		name    string
		c       coverage.Circumstances
		excused bool
	}{
		{"a whole week", coverage.Circumstances{Whole: week, Owed: week, Need: 2}, false},
		{"four days left of a week", coverage.Circumstances{Whole: week, Owed: from(week, "2026-11-05"), Need: 1}, false},
		{"three days left of a week", coverage.Circumstances{Whole: week, Owed: from(week, "2026-11-06"), Need: 1}, true},
		{"the first four days", coverage.Circumstances{Whole: week, Owed: until(week, "2026-11-06"), Need: 1}, false},
		{"the first three days", coverage.Circumstances{Whole: week, Owed: until(week, "2026-11-05"), Need: 1}, true},
		{"fifteen days of a month", coverage.Circumstances{Whole: month, Owed: from(month, "2026-11-16"), Need: 1}, false},
		{"fourteen days of a month", coverage.Circumstances{Whole: month, Owed: from(month, "2026-11-17"), Need: 1}, true},
		{"fifteen days of a leap February", coverage.Circumstances{Whole: february, Owed: from(february, "2028-02-15"), Need: 1}, false},
		{"fourteen days of a leap February", coverage.Circumstances{Whole: february, Owed: from(february, "2028-02-16"), Need: 1}, true},
		{"a quarter is never cut too short", coverage.Circumstances{Whole: quarter, Owed: from(quarter, "2026-12-30"), Need: 1}, false},
		{"three workdays for three", coverage.Circumstances{Whole: national, Owed: national, Need: 3}, false},
		{"three workdays for four", coverage.Circumstances{Whole: national, Owed: national, Need: 4}, true},
		{"three workdays before the holiday", coverage.Circumstances{Whole: before, Owed: before, Need: 3}, false},
		{"cut, one workday for two", coverage.Circumstances{Whole: before, Owed: from(before, "2026-09-30"), Need: 2}, true},
		{"cut, two workdays for two", coverage.Circumstances{Whole: before, Owed: from(before, "2026-09-29"), Need: 2}, false},
		{"joined on the first day", coverage.Circumstances{Whole: week, Owed: week, Need: 1, GroupSince: d("2026-11-02")}, false},
		{"joined on the second day", coverage.Circumstances{Whole: week, Owed: week, Need: 1, GroupSince: d("2026-11-03")}, true},
		{"joined before", coverage.Circumstances{Whole: week, Owed: week, Need: 1, GroupSince: d("2025-01-01")}, false},
		{"joined in a quarter", coverage.Circumstances{Whole: quarter, Owed: quarter, Need: 1, GroupSince: d("2026-10-02")}, true},
		{"ended on the last day", coverage.Circumstances{Whole: week, Owed: week, Need: 1, GroupUntil: d("2026-11-08")}, true},
		{"ends with the week", coverage.Circumstances{Whole: week, Owed: week, Need: 1, GroupUntil: d("2026-11-09")}, false},
		{"school, four days of term", coverage.Circumstances{Whole: calendar.PeriodOf(calendar.Week, d("2027-07-01")), Owed: calendar.PeriodOf(calendar.Week, d("2027-07-01")), Need: 1, School: true}, false},
		{"school, one day of term", coverage.Circumstances{Whole: calendar.PeriodOf(calendar.Week, d("2027-07-05")), Owed: calendar.PeriodOf(calendar.Week, d("2027-07-05")), Need: 1, School: true}, true},
		{"a village in the school holidays", coverage.Circumstances{Whole: calendar.PeriodOf(calendar.Week, d("2027-07-12")), Owed: calendar.PeriodOf(calendar.Week, d("2027-07-12")), Need: 1}, false},
		{"school in August", coverage.Circumstances{Whole: calendar.PeriodOf(calendar.Month, d("2027-08-01")), Owed: calendar.PeriodOf(calendar.Month, d("2027-08-01")), Need: 1, School: true}, true},
		{"school in September", coverage.Circumstances{Whole: calendar.PeriodOf(calendar.Month, d("2027-09-01")), Owed: calendar.PeriodOf(calendar.Month, d("2027-09-01")), Need: 1, School: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			why := coverage.AutoExcuse(c.c, cal)
			require.Equal(t, c.excused, why != "", why)
		})
	}
}

// TestAutoExcuse_anyPeriod: the definition names no kind of period for too few
// working days and for schools out of term: a phase inside the holidays is no
// debt of anybody's either.
func TestAutoExcuse_anyPeriod(t *testing.T) {
	cal := newCalendar(t)
	phase := func(from, to string) calendar.Period {
		return calendar.Period{Per: calendar.Phase, Key: "集中宣传", Start: calendar.MustDate(from), End: calendar.MustDate(to)}
	}
	t.Run("a phase of holidays only", func(t *testing.T) {
		p := phase("2026-10-01", "2026-10-08")
		require.NotEmpty(t, coverage.AutoExcuse(coverage.Circumstances{Whole: p, Owed: p, Need: 1}, cal))
	})
	t.Run("a school's phase in August", func(t *testing.T) {
		p := phase("2026-08-01", "2026-08-20")
		require.NotEmpty(t, coverage.AutoExcuse(coverage.Circumstances{Whole: p, Owed: p, Need: 1, School: true}, cal))
	})
}
