package calendar

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDue(t *testing.T) {
	t.Run("reads_the_shapes_and_writes_them_back", func(t *testing.T) {
		for _, s := range []string{"FRI 16:00", "SUN", "day 27", "day 27 16:00", "10-09", "10-09 16:00", "02-29"} {
			due, err := ParseDue(s)
			require.NoError(t, err)
			require.Equal(t, s, due.String())
			require.False(t, due.IsZero())
		}
		lower, err := ParseDue("fri 16:00")
		require.NoError(t, err)
		require.Equal(t, "FRI 16:00", lower.String())
	})
	t.Run("refuses_the_rest_in_chinese", func(t *testing.T) {
		for _, s := range []string{"", "周五 16:00", "FRI 4pm", "day 0", "day 32", "day27", "02-30", "13-01", "00-10", "2026-10-09", "10-9", "FRI 16:00 ", "16:00"} {
			_, err := ParseDue(s)
			requireChinese(t, err, "FRI 16:00")
		}
		_, err := ParseDue("FRI 25:00")
		requireChinese(t, err, "09:00")
	})
	t.Run("travels_as_text", func(t *testing.T) {
		var doc struct{ A, B Due }
		require.NoError(t, json.Unmarshal([]byte(`{"A":"day 27","B":""}`), &doc))
		require.True(t, doc.B.IsZero())
		raw, err := json.Marshal(doc)
		require.NoError(t, err)
		require.JSONEq(t, `{"A":"day 27","B":""}`, string(raw))
		requireChinese(t, json.Unmarshal([]byte(`{"A":"soon"}`), &doc))
	})
}

func TestDueIn(t *testing.T) {
	zone := shanghai(t)
	in := func(s string, p Period) string {
		due, err := ParseDue(s)
		require.NoError(t, err)
		at, ok := due.In(p, zone)
		if !ok {
			require.True(t, at.IsZero())
			return "none"
		}
		return at.In(zone).Format("2006-01-02 15:04")
	}
	t.Run("weekday_of_the_iso_week", func(t *testing.T) {
		require.Equal(t, "2026-06-05 16:00", in("FRI 16:00", period(t, "2026-W23")))
		require.Equal(t, "2027-01-01 16:00", in("FRI 16:00", period(t, "2026-W53")))
		require.Equal(t, "2026-06-08 00:00", in("SUN", period(t, "2026-W23")), "through Sunday")
		cut := period(t, "2026-W23").Cut(MustDate("2026-06-03"), MustDate("2026-06-05"))
		require.Equal(t, "2026-06-05 16:00", in("FRI 16:00", cut), "a cut week keeps its Friday")
		require.Equal(t, "none", in("FRI 16:00", period(t, "2026-06")))
	})
	t.Run("day_of_the_month_through_that_day", func(t *testing.T) {
		require.Equal(t, "2026-06-28 00:00", in("day 27", period(t, "2026-06")))
		require.Equal(t, "2026-06-27 16:00", in("day 27 16:00", period(t, "2026-06")))
		for month, want := range map[string]string{"2026-02": "2026-03-01", "2028-02": "2028-03-01", "2026-04": "2026-05-01", "2026-12": "2027-01-01"} {
			require.Equal(t, want+" 00:00", in("day 31", period(t, month)), month)
		}
		require.Equal(t, "2028-02-29 16:00", in("day 31 16:00", period(t, "2028-02")))
		require.Equal(t, "2026-02-28 16:00", in("day 29 16:00", period(t, "2026-02")))
		require.Equal(t, "none", in("day 27", period(t, "2026-W23")))
	})
	t.Run("dated_includes_the_day", func(t *testing.T) {
		phase := func(from, to string) Period { return Period{Phase, "p", MustDate(from), MustDate(to)} }
		require.Equal(t, "2026-10-10 00:00", in("10-09", phase("2026-10-01", "2026-10-16")))
		require.Equal(t, "2026-02-22 00:00", in("02-21", phase("2026-02-01", "2026-03-01")), "plan 3: inside its own window")
		require.Equal(t, "2026-10-09 16:00", in("10-09 16:00", phase("2026-07-01", "2026-10-01")), "after the phase")
		require.Equal(t, "2027-01-11 00:00", in("01-10", phase("2026-11-01", "2026-12-21")), "after the turn of the year")
		require.Equal(t, "2027-01-16 00:00", in("01-15", phase("2026-11-01", "2027-03-01")))
		require.Equal(t, "2026-10-10 00:00", in("10-09", period(t, "2026")))
		require.Equal(t, "2026-10-10 00:00", in("10-09", period(t, "2026-10")))
		require.Equal(t, "none", in("10-09", period(t, "2026-06")))
		require.Equal(t, "2026-03-01 00:00", in("02-29", period(t, "2026-02")), "no leap day: the last of February")
	})
	t.Run("nothing_to_say", func(t *testing.T) {
		_, ok := Due{}.In(period(t, "2026-06"), zone)
		require.False(t, ok)
		require.Equal(t, "none", in("10-09", Period{Per: Once}))
		require.Equal(t, "", Due{}.String())
	})
	t.Run("end_of_day_is_the_zone's", func(t *testing.T) {
		due, err := ParseDue("day 29")
		require.NoError(t, err)
		berlin := zoneNamed(t, "Europe/Berlin")
		at, ok := due.In(period(t, "2026-03"), berlin)
		require.True(t, ok)
		require.Equal(t, time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC), at.UTC())
	})
}
