package calendar

import (
	"encoding/json"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
)

func shanghai(t *testing.T) *time.Location { return zoneNamed(t, "Asia/Shanghai") }

func zoneNamed(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

func requireChinese(t *testing.T, err error, wants ...string) {
	t.Helper()
	require.Error(t, err)
	han := 0
	for _, r := range err.Error() {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	require.Greater(t, han, 5, "not Chinese: %v", err)
	for _, want := range wants {
		require.ErrorContains(t, err, want)
	}
}

func TestDate(t *testing.T) {
	t.Run("agrees_with_the_standard_library_on_every_day", func(t *testing.T) {
		day := time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)
		for d := MustDate("1999-12-01"); d.Before(MustDate("2101-02-01")); d = d.AddDays(1) {
			if d.String() != day.Format(time.DateOnly) || d.Weekday() != day.Weekday() || d != NewDate(day.Year(), day.Month(), day.Day()) {
				require.Fail(t, "wrong day", "%s against %s", d, day)
			}
			day = day.AddDate(0, 0, 1)
		}
	})
	t.Run("knows_months_of_28_to_31_days", func(t *testing.T) {
		for month, want := range map[string]int{"2026-02": 28, "2028-02": 29, "2100-02": 28, "2026-04": 30, "2026-12": 31} {
			p, err := ParsePeriod(month)
			require.NoError(t, err)
			require.Equal(t, want, p.Days(), month)
		}
	})
	t.Run("compares_and_counts", func(t *testing.T) {
		a, b := MustDate("2025-12-31"), MustDate("2026-01-02")
		require.True(t, a.Before(b))
		require.True(t, b.After(a))
		require.Equal(t, []int{-1, 0, 1}, []int{a.Compare(b), a.Compare(a), b.Compare(a)})
		require.Equal(t, 2, a.DaysUntil(b))
		require.Equal(t, -2, b.DaysUntil(a))
		require.Equal(t, 2026, b.Year())
		require.Equal(t, time.January, b.Month())
		require.Equal(t, 2, b.Day())
		require.Equal(t, "old", map[Date]string{a: "old"}[MustDate("2025-12-31")])
	})
	t.Run("refuses_anything_but_one_shape_in_chinese", func(t *testing.T) {
		for _, s := range []string{"", "2026-2-3", "2026-02-30", "2027-02-29", "2026/02/03", "2026-02-03 ", "26-02-03", "0000-01-01", "２０２６-02-03"} {
			_, err := ParseDate(s)
			requireChinese(t, err, "2026-06-01")
		}
		require.Panics(t, func() { MustDate("yesterday") })
	})
	t.Run("travels_as_text", func(t *testing.T) {
		type doc struct{ From, To Date }
		raw, err := json.Marshal(doc{From: MustDate("2026-06-01")})
		require.NoError(t, err)
		require.JSONEq(t, `{"From":"2026-06-01","To":""}`, string(raw))
		var back doc
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, doc{From: MustDate("2026-06-01")}, back)
		require.True(t, back.To.IsZero())
		requireChinese(t, json.Unmarshal([]byte(`{"From":"June"}`), &back))
	})
}

func TestDateAt(t *testing.T) {
	t.Run("does_not_depend_on_the_zone_of_the_instant", func(t *testing.T) {
		at := time.Date(2026, 6, 1, 16, 30, 0, 0, time.UTC)
		require.Equal(t, MustDate("2026-06-02"), DateOf(at, shanghai(t)))
		require.Equal(t, MustDate("2026-06-01"), DateOf(at, time.UTC))
		require.Equal(t, MustDate("2026-06-02"), DateOf(at.In(zoneNamed(t, "America/New_York")), shanghai(t)))
	})
	t.Run("skipped_times_become_the_first_valid_minute", func(t *testing.T) {
		berlin := zoneNamed(t, "Europe/Berlin")
		spring := MustDate("2026-03-29")
		require.Equal(t, "2026-03-29T03:00:00+02:00", spring.At(2, 30, berlin).Format(time.RFC3339))
		require.Equal(t, "2026-03-29T03:00:00+02:00", spring.At(3, 0, berlin).Format(time.RFC3339))
	})
	t.Run("repeated_times_are_the_first_of_the_two", func(t *testing.T) {
		autumn := MustDate("2026-10-25")
		require.Equal(t, "2026-10-25T02:30:00+02:00", autumn.At(2, 30, zoneNamed(t, "Europe/Berlin")).Format(time.RFC3339))
	})
	t.Run("a_day_whose_midnight_is_skipped_starts_at_one", func(t *testing.T) {
		cairo := zoneNamed(t, "Africa/Cairo")
		require.Equal(t, "2024-04-26T01:00:00+03:00", MustDate("2024-04-26").Start(cairo).Format(time.RFC3339))
	})
	t.Run("twenty_four_hours_is_the_next_day", func(t *testing.T) {
		d := MustDate("2026-02-28")
		require.Equal(t, MustDate("2026-03-01").Start(shanghai(t)), d.At(24, 0, shanghai(t)))
	})
	t.Run("a_day_that_samoa_left_out_starts_with_the_next", func(t *testing.T) {
		apia := zoneNamed(t, "Pacific/Apia")
		require.Equal(t, MustDate("2011-12-31"), DateOf(MustDate("2011-12-30").Start(apia), apia))
	})
}

func TestParseClock(t *testing.T) {
	for s, want := range map[string]int{"00:00": 0, "09:00": 540, "17:30": 1050, "23:59": 1439, "24:00": 1440} {
		got, err := ParseClock(s)
		require.NoError(t, err)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "9:00", "24:01", "12:60", "0900", "09:00:00", "-9:00", "９:00"} {
		_, err := ParseClock(s)
		requireChinese(t, err, "09:00")
	}
}

func TestParseWithin(t *testing.T) {
	for s, want := range map[string]time.Duration{"PT4H": 4 * time.Hour, "PT30M": 30 * time.Minute, "PT1H30M": 90 * time.Minute, "PT90M": 90 * time.Minute} {
		got, err := ParseWithin(s)
		require.NoError(t, err)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "PT", "PT0H", "P1D", "P1DT2H", "4H", "PT4", "PT-4H", "PT1.5H", "pt4h", "PT30S", "PT99999H"} {
		_, err := ParseWithin(s)
		requireChinese(t, err, "PT4H")
	}
}
