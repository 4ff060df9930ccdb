package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/calendar"
)

// manyZones change their clocks in every way there is: not at all, by an hour or
// half an hour, at midnight, at either side of the year, from odd offsets.
var manyZones = []string{"Asia/Shanghai", "Asia/Urumqi", "Asia/Kathmandu", "Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Asia/Tokyo",
	"Europe/London", "Europe/Berlin", "Europe/Dublin", "Europe/Chisinau", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
	"America/Havana", "America/Santiago", "America/Asuncion", "America/Nuuk", "Africa/Cairo", "Africa/Casablanca", "Atlantic/Azores",
	"Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Apia", "UTC"}

// manySpecs fall into the gaps and repetitions of those changes, on every day,
// some weekdays, the last days of months.
var manySpecs = []struct {
	spec string
	hour int
	min  int
	on   func(d calendar.Date) bool
}{
	{"0 9 * * 2,5", 9, 0, func(d calendar.Date) bool { return d.Weekday() == time.Tuesday || d.Weekday() == time.Friday }},
	{"30 2 * * *", 2, 30, func(calendar.Date) bool { return true }},
	{"15 0 * * *", 0, 15, func(calendar.Date) bool { return true }},
	{"45 23 29-31 * *", 23, 45, func(d calendar.Date) bool { return d.Day() >= 29 }},
}

// TestZones is the part of F16 that is arithmetic: over a leap year, in 26 zones,
// every slot of every day that the rhythm names occurs exactly once, at its hour
// or the first valid minute after, and Next walks the same occurrences.
func TestZones(t *testing.T) {
	t.Parallel()
	from, to := calendar.NewDate(2028, time.January, 1), calendar.NewDate(2029, time.January, 1)
	require.Equal(t, 366, from.DaysUntil(to))
	slots := 0
	for _, name := range manyZones {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		for _, s := range manySpecs {
			c, err := calendar.ParseCron(s.spec, zone)
			require.NoError(t, err)
			occ := c.Days(from, to)
			i, at := 0, from.Start(zone).Add(-time.Second)
			for d := from; d.Before(to); d = d.AddDays(1) {
				if !s.on(d) {
					continue
				}
				require.Less(t, i, len(occ), "%s %s %s", name, s.spec, d)
				o := occ[i]
				require.Equal(t, d, o.Date, "%s %s", name, s.spec)
				wall := reading(o.At, zone)
				named := time.Date(d.Year(), d.Month(), d.Day(), s.hour, s.min, 0, 0, time.UTC)
				late := wall.Sub(named)
				require.True(t, late >= 0 && late <= time.Hour, "%s %s %s at %s", name, s.spec, d, wall)
				if late > 0 { // the hour was left out that day
					require.True(t, reading(o.At.Add(-time.Second), zone).Before(named), "%s %s %s", name, s.spec, d)
				}
				next := c.Next(at)
				require.True(t, next.Equal(o.At), "%s %s %s: Next says %s", name, s.spec, d, next)
				at = next
				i, slots = i+1, slots+1
			}
			require.Len(t, occ, i, "%s %s", name, s.spec)
		}
	}
	t.Logf("%d slots in %d zones", slots, len(manyZones))
}

// reading is what the clock of a zone shows.
func reading(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}
