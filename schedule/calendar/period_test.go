package calendar

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func period(t *testing.T, key string) Period {
	t.Helper()
	p, err := ParsePeriod(key)
	require.NoError(t, err)
	return p
}

func TestPeriodOf(t *testing.T) {
	t.Run("year_ends_belong_to_their_iso_week", func(t *testing.T) {
		for day, key := range map[string]string{
			"2020-12-31": "2020-W53", "2021-01-03": "2020-W53", "2021-01-04": "2021-W01",
			"2027-01-01": "2026-W53", "2024-12-30": "2025-W01", "2026-06-01": "2026-W23",
		} {
			require.Equal(t, key, PeriodOf(Week, MustDate(day)).Key, day)
		}
	})
	t.Run("every_day_from_2019_to_2032_has_the_week_of_the_standard_library", func(t *testing.T) {
		for d := MustDate("2019-01-01"); d.Before(MustDate("2033-01-01")); d = d.AddDays(1) {
			y, w := time.Date(d.Year(), d.Month(), d.Day(), 12, 0, 0, 0, time.UTC).ISOWeek()
			p := PeriodOf(Week, d)
			if p.Key != fmt.Sprintf("%d-W%02d", y, w) || !p.Contains(d) || p.Days() != 7 || p.Start.Weekday() != time.Monday {
				require.Fail(t, "wrong week", "%s in %+v", d, p)
			}
			back, err := ParsePeriod(p.Key)
			if err != nil || back != p {
				require.Fail(t, "key does not lead back", "%+v, %+v, %v", p, back, err)
			}
		}
	})
	t.Run("months_quarters_and_years_are_whole", func(t *testing.T) {
		d := MustDate("2028-02-29")
		require.Equal(t, Period{Month, "2028-02", MustDate("2028-02-01"), MustDate("2028-03-01")}, PeriodOf(Month, d))
		require.Equal(t, Period{Quarter, "2028-Q1", MustDate("2028-01-01"), MustDate("2028-04-01")}, PeriodOf(Quarter, d))
		require.Equal(t, Period{Year, "2028", MustDate("2028-01-01"), MustDate("2029-01-01")}, PeriodOf(Year, d))
		require.Equal(t, 366, PeriodOf(Year, d).Days())
	})
	t.Run("kinds_the_calendar_does_not_know_are_empty", func(t *testing.T) {
		for _, per := range []Per{Phase, Campaign, Once, "fortnight"} {
			p := PeriodOf(per, MustDate("2026-06-01"))
			require.True(t, p.Empty())
			require.True(t, p.Next().Empty())
			require.Empty(t, PeriodsBetween(per, MustDate("2026-06-01"), MustDate("2026-07-01")))
		}
	})
}

func TestParsePeriod(t *testing.T) {
	t.Run("reads_every_kind", func(t *testing.T) {
		require.Equal(t, MustDate("2026-06-01"), period(t, "2026-W23").Start)
		require.Equal(t, MustDate("2026-11-01"), period(t, "2026-11").Start)
		require.Equal(t, MustDate("2026-04-01"), period(t, "2026-Q2").Start)
		require.Equal(t, MustDate("2026-01-01"), period(t, "2026").Start)
		require.Equal(t, "2026-W23", period(t, "2026-w23").Key)
	})
	t.Run("refuses_the_rest_in_chinese", func(t *testing.T) {
		for _, s := range []string{"", "2026-W54", "2025-W53", "2026-W00", "2026-13", "2026-00", "2026-Q5", "2026-6", "26", "2026-06-01", "0000", "本周"} {
			_, err := ParsePeriod(s)
			requireChinese(t, err, "2026-W23")
		}
	})
}

func TestPeriodNeighbours(t *testing.T) {
	for _, per := range []Per{Week, Month, Quarter, Year} {
		p := PeriodOf(per, MustDate("2019-06-15"))
		for range 60 {
			next := p.Next()
			require.Equal(t, p.End, next.Start, "%+v", p)
			require.Equal(t, p, next.Prev())
			p = next
		}
	}
	t.Run("follow_a_cut_period_too", func(t *testing.T) {
		week := period(t, "2026-W23")
		cut := week.Cut(MustDate("2026-06-03"), MustDate("2026-06-05"))
		require.Equal(t, "2026-W24", cut.Next().Key)
		require.Equal(t, "2026-W22", cut.Prev().Key)
	})
}

func TestPeriodCut(t *testing.T) {
	week := period(t, "2026-W23")
	cut := week.Cut(MustDate("2026-06-03"), MustDate("2026-07-01"))
	require.Equal(t, Period{Week, "2026-W23", MustDate("2026-06-03"), MustDate("2026-06-08")}, cut)
	require.Equal(t, 5, cut.Days())
	require.Equal(t, week, week.Cut(Date{}, Date{}), "zero bounds are open")
	gone := week.Cut(MustDate("2026-07-01"), MustDate("2026-08-01"))
	require.True(t, gone.Empty())
	require.Zero(t, gone.Days())
	require.Equal(t, "2026-W24", gone.Next().Key)
}

func TestPeriodsBetween(t *testing.T) {
	keys := func(per Per, from, to string) (all []string) {
		for _, p := range PeriodsBetween(per, MustDate(from), MustDate(to)) {
			all = append(all, p.Key)
		}
		return all
	}
	require.Equal(t, []string{"2026-W53", "2027-W01"}, keys(Week, "2026-12-31", "2027-01-05"))
	require.Equal(t, []string{"2026-06"}, keys(Month, "2026-06-01", "2026-07-01"))
	require.Equal(t, []string{"2026-06", "2026-07"}, keys(Month, "2026-06-30", "2026-07-02"))
	require.Empty(t, keys(Week, "2026-06-01", "2026-06-01"))
}

func TestPeriodTakes(t *testing.T) {
	t.Run("every_week_belongs_to_one_month_quarter_and_year", func(t *testing.T) {
		weeks := PeriodsBetween(Week, MustDate("2019-01-10"), MustDate("2032-12-20"))
		for _, per := range []Per{Month, Quarter, Year} {
			takers := map[string]int{}
			for _, p := range PeriodsBetween(per, MustDate("2018-12-01"), MustDate("2033-02-01")) {
				for _, w := range weeks {
					if p.Takes(w) {
						takers[w.Key]++
						require.True(t, p.Contains(w.Start.AddDays(3)))
					}
				}
			}
			require.Len(t, takers, len(weeks))
			for key, n := range takers {
				require.Equal(t, 1, n, key)
			}
		}
	})
	t.Run("november_2026_takes_by_thursday", func(t *testing.T) {
		november := period(t, "2026-11")
		require.True(t, november.Takes(period(t, "2026-W45")), "Mon 2 November")
		require.False(t, november.Takes(period(t, "2026-W44")), "Thursday 29 October")
		require.False(t, november.Takes(period(t, "2026-W49")), "Mon 30 November, Thursday 3 December")
		cut := period(t, "2026-W49").Cut(Date{}, MustDate("2026-12-01"))
		require.False(t, november.Takes(cut), "a cut week keeps its Thursday")
	})
	t.Run("otherwise_by_key_or_first_day", func(t *testing.T) {
		year := period(t, "2026")
		require.True(t, year.Takes(period(t, "2026-11")))
		require.False(t, year.Takes(period(t, "2027-01")))
		require.True(t, period(t, "2026-11").Takes(period(t, "2026-11").Cut(MustDate("2026-11-16"), Date{})))
		require.False(t, period(t, "2026-11").Takes(period(t, "2026-12")))
		phase := Period{Phase, "实施阶段", MustDate("2026-07-01"), MustDate("2026-10-01")}
		require.True(t, period(t, "2026-07").Takes(phase))
		require.False(t, period(t, "2026-08").Takes(phase))
	})
}

func TestSayPeriod(t *testing.T) {
	for key, words := range map[string]string{"2026-W38": "9月14日至20日", "2026-W27": "6月29日至7月5日", "2026-11": "2026年11月", "2026-Q4": "2026年4季度",
		"2026": "2026年", "campaign": "整个方案期间", "第一阶段": "第一阶段"} {
		require.Equal(t, words, SayPeriod(key))
	}
}
