package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func mustCron(t *testing.T, spec, zone string) Cron {
	t.Helper()
	c, err := ParseCron(spec, zoneNamed(t, zone))
	require.NoError(t, err)
	return c
}

func TestParseCron(t *testing.T) {
	zone := shanghai(t)
	t.Run("reads_five_fields", func(t *testing.T) {
		c, err := ParseCron("30 9 * * TUE,fri", zone)
		require.NoError(t, err)
		require.Equal(t, "30 9 * * TUE,fri", c.String())
		after := MustDate("2026-06-01").At(12, 0, zone)
		require.Equal(t, "2026-06-02T09:30:00+08:00", c.Next(after).Format(time.RFC3339))
		require.Equal(t, "2026-06-05T09:30:00+08:00", c.Next(c.Next(after)).Format(time.RFC3339))
		yearly := mustCron(t, "0 9 1 3 ?", "Asia/Shanghai")
		require.Equal(t, MustDate("2027-03-01").At(9, 0, zone), yearly.Next(MustDate("2026-03-01").At(9, 0, zone)))
	})
	t.Run("names_what_is_wrong_in_chinese", func(t *testing.T) {
		for spec, want := range map[string]string{
			"":                          "0 段",
			"0 9 * *":                   "4 段",
			"0 0 9 * * 2":               "6 段",
			"TZ=Asia/Shanghai":          "时区",
			"TZ=0":                      "时区",
			"CRON_TZ=UTC 0 9 * * 2":     "时区",
			"@every 1h":                 "@",
			"@daily":                    "@",
			"60 9 * * 2":                "第 1 段（分",
			"0 24 * * 2":                "第 2 段（时",
			"0 9 0 * 2":                 "第 3 段（日",
			"0 9 * 13 2":                "第 4 段（月",
			"0 9 * * 7":                 "0 是周日",
			"0 9 * * 5-2":               "第 5 段（周",
			", 9 * * 2":                 "第 1 段（分",
			"0 9 *-5 * 2":               "第 3 段（日",
			"0/0 9 * * 2":               "第 1 段（分",
			"0 9 * * 2-5-6":             "第 5 段（周",
			"0 9 * * 周二":                "第 5 段（周",
			"0 99999999999999999 * * 2": "第 2 段（时",
			"0 0 30 2 *":                "永远不会触发",
			"0 0 31 4,6,9,11 *":         "永远不会触发",
			"0 0 29 2 *":                "400 天",
		} {
			_, err := ParseCron(spec, zone)
			requireChinese(t, err, want)
		}
		_, err := ParseCron("0 9 * * 2", nil)
		requireChinese(t, err, "Asia/Shanghai")
	})
	t.Run("zero_value_never_fires", func(t *testing.T) {
		require.True(t, Cron{}.Next(time.Time{}).IsZero())
		require.Empty(t, Cron{}.Days(MustDate("2026-01-01"), MustDate("2027-01-01")))
	})
}

func TestCronClockChanges(t *testing.T) {
	nexts := func(c Cron, from time.Time, n int) (all []string) {
		for range n {
			from = c.Next(from)
			all = append(all, from.Format(time.RFC3339))
		}
		return all
	}
	berlin := zoneNamed(t, "Europe/Berlin")
	t.Run("a_skipped_time_fires_at_the_first_valid_minute", func(t *testing.T) {
		c := mustCron(t, "30 2 * * *", "Europe/Berlin")
		require.Equal(t, []string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
			nexts(c, MustDate("2026-03-28").Start(berlin), 3))
	})
	t.Run("several_skipped_times_fire_once", func(t *testing.T) {
		c := mustCron(t, "*/20 2,3 * * *", "Europe/Berlin")
		require.Equal(t, []string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00", "2026-03-30T02:00:00+02:00"},
			nexts(c, MustDate("2026-03-29").Start(berlin), 4))
	})
	t.Run("a_repeated_time_fires_once", func(t *testing.T) {
		c := mustCron(t, "30 2 * * *", "Europe/Berlin")
		require.Equal(t, []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
			nexts(c, MustDate("2026-10-25").Start(berlin), 2))
	})
	t.Run("asking_inside_the_repeated_hour_does_not_refire", func(t *testing.T) {
		c := mustCron(t, "45 2 * * *", "Europe/Berlin")
		second := time.Date(2026, 10, 25, 1, 10, 0, 0, time.UTC) // 02:10 for the second time
		require.Equal(t, []string{"2026-10-26T02:45:00+01:00"}, nexts(c, second, 1))
	})
	t.Run("a_day_that_a_zone_left_out_has_no_slot", func(t *testing.T) {
		c := mustCron(t, "0 10 * * *", "Pacific/Apia")
		days := c.Days(MustDate("2011-12-29"), MustDate("2012-01-01"))
		require.Len(t, days, 2)
		require.Equal(t, []Date{MustDate("2011-12-29"), MustDate("2011-12-31")}, []Date{days[0].Date, days[1].Date})
		require.Equal(t, days[1].At, c.Next(days[0].At))
	})
}

func TestCronDays(t *testing.T) {
	t.Run("gives_each_day_once_with_its_first_time", func(t *testing.T) {
		c := mustCron(t, "*/15 9-11 * * 2,5", "Asia/Shanghai")
		days := c.Days(MustDate("2026-06-01"), MustDate("2026-06-10"))
		require.Len(t, days, 3)
		for i, want := range []string{"2026-06-02", "2026-06-05", "2026-06-09"} {
			require.Equal(t, Occurrence{MustDate(want), MustDate(want).At(9, 0, shanghai(t))}, days[i])
		}
		require.Empty(t, c.Days(MustDate("2026-06-03"), MustDate("2026-06-05")))
	})
	t.Run("matches_every_slot_of_a_year_in_26_zones", func(t *testing.T) {
		specs := map[string]func(Date) (hour, minute int, fires bool){
			"30 2 * * *":     func(Date) (int, int, bool) { return 2, 30, true },
			"0 0 * * *":      func(Date) (int, int, bool) { return 0, 0, true },
			"15 23 1,31 * *": func(d Date) (int, int, bool) { return 23, 15, d.Day() == 1 || d.Day() == 31 },
			"0 9 * * 2,5":    func(d Date) (int, int, bool) { return 9, 0, d.Weekday() == 2 || d.Weekday() == 5 },
		}
		for _, name := range zones26 {
			for spec, rule := range specs {
				checkYear(t, mustCron(t, spec, name), rule)
			}
		}
	})
}

var zones26 = [26]string{
	"Asia/Shanghai", "UTC", "Asia/Urumqi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Africa/Cairo",
	"Africa/Casablanca", "Europe/London", "Europe/Berlin", "Europe/Chisinau", "Atlantic/Azores", "America/Nuuk", "America/St_Johns", "America/New_York",
	"America/Havana", "America/Santiago", "America/Asuncion", "America/Adak", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati",
}

// checkYear compares Days and Next over the leap year 2024 with the slot's own
// rule: one occurrence a day, at the first minute whose reading has reached it.
func checkYear(t *testing.T, c Cron, rule func(Date) (int, int, bool)) {
	t.Helper()
	from, to := MustDate("2024-01-01"), MustDate("2025-01-01")
	got := c.Days(from, to)
	last := from.Start(c.zone).Add(-time.Second)
	seen := 0
	for d := from; d.Before(to); d = d.AddDays(1) {
		hour, minute, fires := rule(d)
		if !fires {
			continue
		}
		require.Less(t, seen, len(got))
		require.Equal(t, d, got[seen].Date, "%s %s", c, c.zone)
		want := firstMinuteReading(d, hour, minute, c.zone)
		require.True(t, want.Equal(got[seen].At), "%s %s %s: want %s, got %s", c, c.zone, d, want, got[seen].At)
		require.True(t, want.Equal(c.Next(last)), "%s %s %s", c, c.zone, d)
		last = want
		seen++
	}
	require.Len(t, got, seen)
}

// firstMinuteReading looks at every minute around the reading, in order.
func firstMinuteReading(d Date, hour, minute int, zone *time.Location) time.Time {
	want := time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 0, 0, time.UTC)
	_, offset := want.Add(-15 * time.Hour).In(zone).Zone()
	at := want.Add(-time.Duration(offset)*time.Second - 3*time.Hour)
	for {
		l := at.In(zone)
		if !time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC).Before(want) {
			return at
		}
		at = at.Add(time.Minute)
	}
}

func FuzzParseCron(f *testing.F) {
	for _, s := range []string{"0 9 * * 2,5", "TZ=", "CRON_TZ=UTC", "TZ=0", "@every", "* * * * */0", "*/9999 * * * *", ",,,, , , , ,", "0 0 30 2 *", "\x00\xff", "0 0 29 2 1"} {
		f.Add(s)
	}
	zone := time.FixedZone("here", 8*60*60)
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, spec string) {
		c, err := ParseCron(spec, zone)
		if err != nil {
			requireChinese(t, err)
			return
		}
		next := c.Next(from)
		require.True(t, next.After(from))
		require.Less(t, next.Sub(from), longestWait)
	})
}
