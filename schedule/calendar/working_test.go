package calendar

import (
	"math/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// local reads "2026-06-01 09:00" on the calendar's clock.
func local(t *testing.T, c *Calendar, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, c.Zone())
	require.NoError(t, err)
	return at
}

func clock(at time.Time) string { return at.Format("2006-01-02 15:04") }

func TestWorkingTime(t *testing.T) {
	c := office(t)
	t.Run("opens_and_closes", func(t *testing.T) {
		for s, want := range map[string]bool{
			"2026-06-01 08:29": false, "2026-06-01 08:30": true, "2026-06-01 17:29": true, "2026-06-01 17:30": false,
			"2026-06-06 10:00": false, "2026-10-10 10:00": true, "2026-10-01 10:00": false,
		} {
			require.Equal(t, want, c.Working(local(t, c, s)), s)
		}
	})
	t.Run("next_working_skips_holidays", func(t *testing.T) {
		for s, want := range map[string]string{
			"2026-06-01 10:00": "2026-06-01 10:00", "2026-06-01 05:00": "2026-06-01 08:30",
			"2026-06-05 17:30": "2026-06-08 08:30", "2026-09-30 18:00": "2026-10-08 08:30",
		} {
			require.Equal(t, want, clock(c.NextWorking(local(t, c, s))), s)
		}
	})
	t.Run("adding_crosses_nights_and_holidays", func(t *testing.T) {
		add := func(s string, d time.Duration) string { return clock(c.AddWorking(local(t, c, s), d)) }
		require.Equal(t, "2026-06-01 13:00", add("2026-06-01 09:00", 4*time.Hour))
		require.Equal(t, "2026-06-02 10:30", add("2026-06-01 15:30", 4*time.Hour))
		require.Equal(t, "2026-06-01 17:30", add("2026-06-01 13:30", 4*time.Hour), "the closing, not the next opening")
		require.Equal(t, "2026-10-08 11:30", add("2026-09-30 16:30", 4*time.Hour))
		require.Equal(t, "2026-10-08 12:30", add("2026-10-03 12:00", 4*time.Hour))
		require.Equal(t, "2026-10-03 12:00", add("2026-10-03 12:00", 0))
		require.Equal(t, "2026-10-03 12:00", add("2026-10-03 12:00", -time.Hour))
	})
	t.Run("a_year_is_its_workdays", func(t *testing.T) {
		a, b := local(t, c, "2026-01-01 00:00"), local(t, c, "2027-01-01 00:00")
		require.Equal(t, 248*9*time.Hour, c.WorkingBetween(a, b))
		require.Zero(t, c.WorkingBetween(b, a))
		require.Equal(t, 90*time.Minute, c.WorkingBetween(local(t, c, "2026-06-05 16:30"), local(t, c, "2026-06-08 09:00")))
	})
}

// naive walks minute by minute and knows only the table of days and the clock.
type naive struct {
	c        *Calendar
	from, to int
}

func (n naive) working(at time.Time) bool {
	at = at.In(n.c.Zone())
	workday, _ := n.c.Workday(NewDate(at.Year(), at.Month(), at.Day()))
	minute := at.Hour()*60 + at.Minute()
	return workday && minute >= n.from && minute < n.to
}

func (n naive) add(at time.Time, minutes int) time.Time {
	for minutes > 0 {
		if n.working(at) {
			minutes--
		}
		at = at.Add(time.Minute)
	}
	return at
}

func TestAddWorking_agrees_with_a_walk_by_minutes(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	offices := []naive{
		{office(t), 8*60 + 30, 17*60 + 30},
		{office(t, func(o *Options) { o.Zone, o.WorkFrom, o.WorkTo = "Europe/Berlin", "00:00", "24:00" }), 0, 1440},
	}
	for i := range 300 {
		n := offices[i%len(offices)]
		at := MustDate("2026-01-01").Start(n.c.Zone()).Add(time.Duration(rng.Intn(365*24*60)) * time.Minute)
		minutes := 1 + rng.Intn(30*60)
		want := n.add(at, minutes)
		d := time.Duration(minutes) * time.Minute
		got := n.c.AddWorking(at, d)
		require.True(t, want.Equal(got), "seed %d: %s + %s: want %s, got %s", seed, at, d, want, got)
		require.Equal(t, d, n.c.WorkingBetween(at, got), "seed %d: %s", seed, at)
		require.Equal(t, n.working(at), n.c.Working(at), "seed %d: %s", seed, at)
		opening := n.c.NextWorking(at)
		require.True(t, n.working(opening) && n.c.WorkingBetween(at, opening) == 0, "seed %d: %s", seed, at)
	}
}

func TestQuiet(t *testing.T) {
	c := office(t)
	t.Run("wraps_midnight_on_any_day", func(t *testing.T) {
		for s, want := range map[string]bool{
			"2026-06-01 20:59": false, "2026-06-01 21:00": true, "2026-06-01 23:59": true, "2026-06-02 00:00": true,
			"2026-06-02 07:59": true, "2026-06-02 08:00": false, "2026-10-01 12:00": false, "2026-12-31 23:00": true,
		} {
			require.Equal(t, want, c.Quiet(local(t, c, s)), s)
		}
	})
	t.Run("ends_in_the_morning", func(t *testing.T) {
		end := func(s string) string { return clock(c.EndOfQuiet(local(t, c, s))) }
		require.Equal(t, "2026-06-02 08:00", end("2026-06-01 22:00"))
		require.Equal(t, "2026-06-02 08:00", end("2026-06-02 03:00"))
		require.Equal(t, "2026-06-02 10:00", end("2026-06-02 10:00"))
		require.Equal(t, "2027-01-01 08:00", end("2026-12-31 21:00"))
	})
	t.Run("may_lie_within_one_day_or_nowhere", func(t *testing.T) {
		noon := office(t, func(o *Options) { o.QuietFrom, o.QuietTo = "12:00", "14:00" })
		require.True(t, noon.Quiet(local(t, noon, "2026-06-01 13:00")))
		require.False(t, noon.Quiet(local(t, noon, "2026-06-01 23:00")))
		require.Equal(t, "2026-06-01 14:00", clock(noon.EndOfQuiet(local(t, noon, "2026-06-01 12:00"))))
		never := office(t, func(o *Options) { o.QuietFrom, o.QuietTo = "00:00", "00:00" })
		for h := range 24 {
			require.False(t, never.Quiet(MustDate("2026-06-01").At(h, 0, never.Zone())))
		}
	})
}

func TestSpeak(t *testing.T) {
	c := office(t)
	t.Run("waits_for_morning_and_workday", func(t *testing.T) {
		next := func(s string) string { return clock(c.NextSpeak(local(t, c, s))) }
		require.Equal(t, "2026-06-01 10:00", next("2026-06-01 10:00"))
		require.Equal(t, "2026-06-02 08:00", next("2026-06-01 22:30"))
		require.Equal(t, "2026-10-08 08:00", next("2026-09-30 21:30"))
		require.Equal(t, "2026-10-08 08:00", next("2026-10-03 12:00"))
		require.Equal(t, "2026-06-08 08:00", next("2026-06-05 23:00"))
	})
	t.Run("is_the_first_allowed_minute", func(t *testing.T) {
		day := office(t, func(o *Options) { o.QuietFrom, o.QuietTo = "12:00", "14:00" })
		for _, c := range []*Calendar{c, day} {
			for at := local(t, c, "2026-09-29 00:07"); at.Before(local(t, c, "2026-10-09 00:00")); at = at.Add(61 * time.Minute) {
				want := at
				for !c.MaySpeak(want) {
					want = want.Add(time.Minute)
				}
				require.WithinDuration(t, want, c.NextSpeak(at), time.Minute, "%s", at)
				require.True(t, c.MaySpeak(c.NextSpeak(at)), "%s", at)
			}
		}
	})
}
