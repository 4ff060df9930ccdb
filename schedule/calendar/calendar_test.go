package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func office(t *testing.T, change ...func(*Options)) *Calendar {
	t.Helper()
	o := Defaults()
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	require.NoError(t, err)
	return c
}

func TestNew(t *testing.T) {
	t.Run("empty_options_are_the_defaults", func(t *testing.T) {
		c, err := New(Options{})
		require.NoError(t, err)
		require.Equal(t, "Asia/Shanghai", c.Zone().String())
		require.True(t, c.Working(MustDate("2026-06-01").At(8, 30, c.Zone())))
		require.True(t, c.Quiet(MustDate("2026-06-01").At(21, 0, c.Zone())))
	})
	t.Run("refuses_bad_settings_in_chinese", func(t *testing.T) {
		day := Day{Date: MustDate("2027-01-01"), Name: "元旦"}
		for name, f := range map[string]struct {
			change func(*Options)
			want   string
		}{
			"zone":             {func(o *Options) { o.Zone = "China/Beijing" }, "Asia/Shanghai"},
			"machine's zone":   {func(o *Options) { o.Zone = "Local" }, "Asia/Shanghai"},
			"work clock":       {func(o *Options) { o.WorkFrom = "8:30" }, "工作时间的开始"},
			"work end":         {func(o *Options) { o.WorkTo = "5pm" }, "工作时间的结束"},
			"work order":       {func(o *Options) { o.WorkFrom = "18:00" }, "上班时间"},
			"quiet clock":      {func(o *Options) { o.QuietTo = "25:00" }, "安静时间的结束"},
			"always quiet":     {func(o *Options) { o.QuietFrom, o.QuietTo = "00:00", "24:00" }, "一整天"},
			"term order":       {func(o *Options) { o.Terms = []Term{{MustDate("2026-07-05"), MustDate("2026-02-20")}} }, "第 1 个学期"},
			"term open":        {func(o *Options) { o.Terms = []Term{{From: MustDate("2026-07-05")}} }, "第 1 个学期"},
			"holiday no date":  {func(o *Options) { o.Holidays = []Day{day, {Name: "春节"}} }, "第 2 条"},
			"holiday repeated": {func(o *Options) { o.Holidays = []Day{day, day} }, "第 2 条与第 1 条"},
		} {
			t.Run(name, func(t *testing.T) {
				o := Defaults()
				f.change(&o)
				_, err := New(o)
				requireChinese(t, err, f.want)
			})
		}
	})
	t.Run("later_changes_to_the_options_change_nothing", func(t *testing.T) {
		o := Options{Terms: []Term{{MustDate("2026-03-01"), MustDate("2026-06-30")}}}
		c, err := New(o)
		require.NoError(t, err)
		o.Terms[0].From = MustDate("2026-06-01")
		require.True(t, c.InTerm(MustDate("2026-03-01")))
	})
}

func TestHolidays(t *testing.T) {
	c := office(t)
	t.Run("2026_is_as_the_state_council_announced", func(t *testing.T) {
		off := map[string][2]string{
			"元旦节": {"2026-01-01", "2026-01-04"}, "春节": {"2026-02-15", "2026-02-24"},
			"清明节": {"2026-04-04", "2026-04-07"}, "劳动节": {"2026-05-01", "2026-05-06"},
			"端午节": {"2026-06-19", "2026-06-22"}, "中秋节": {"2026-09-25", "2026-09-28"},
			"国庆节": {"2026-10-01", "2026-10-08"},
		}
		for want, days := range off {
			for d := MustDate(days[0]); d.Before(MustDate(days[1])); d = d.AddDays(1) {
				workday, known := c.Workday(d)
				require.True(t, known)
				require.False(t, workday, "%s %s", d, want)
				name, ok := c.Holiday(d)
				require.True(t, ok)
				require.Equal(t, want, name)
			}
		}
		for _, s := range []string{"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"} {
			workday, known := c.Workday(MustDate(s))
			require.True(t, known && workday, "make-up workday %s", s)
			_, ok := c.Holiday(MustDate(s))
			require.False(t, ok)
		}
		require.Equal(t, 248, c.Workdays(MustDate("2026-01-01"), MustDate("2027-01-01")))
	})
	t.Run("an_unknown_year_says_unknown_and_goes_by_weekday", func(t *testing.T) {
		for _, year := range []int{2027, 2030} {
			require.False(t, c.KnownYear(year))
			for d := NewDate(year, 1, 1); d.Year() == year; d = d.AddDays(1) {
				workday, known := c.Workday(d)
				require.False(t, known)
				require.Equal(t, d.Weekday() >= time.Monday && d.Weekday() <= time.Friday, workday, d.String())
			}
		}
		require.True(t, c.KnownYear(2026))
		require.True(t, c.KnownYear(2019))
		require.False(t, c.KnownYear(2001), "the table starts in its last days")
	})
	t.Run("the_office's_table_goes_first", func(t *testing.T) {
		c := office(t, func(o *Options) {
			o.Holidays = []Day{
				{Date: MustDate("2026-06-03"), Name: "县庆"},
				{Date: MustDate("2026-06-19"), Name: "端午值班", Work: true},
				{Date: MustDate("2027-01-01"), Name: "元旦"},
			}
		})
		workday, known := c.Workday(MustDate("2026-06-03"))
		require.True(t, known && !workday)
		name, _ := c.Holiday(MustDate("2026-06-03"))
		require.Equal(t, "县庆", name)
		workday, known = c.Workday(MustDate("2026-06-19"))
		require.True(t, known && workday)
		workday, known = c.Workday(MustDate("2027-01-01"))
		require.True(t, known && !workday, "a listed day is known in an unknown year")
		require.False(t, c.KnownYear(2027), "one line is no table")
	})
	t.Run("a_table_with_the_first_of_october_makes_a_year_known", func(t *testing.T) {
		c := office(t, func(o *Options) { o.Holidays = []Day{{Date: MustDate("2027-10-01"), Name: "国庆节"}} })
		_, known := c.Workday(MustDate("2027-03-03"))
		require.True(t, known)
	})
	t.Run("a_plain_weekend_is_no_holiday", func(t *testing.T) {
		_, ok := c.Holiday(MustDate("2026-06-06"))
		require.False(t, ok)
	})
}

func TestWorkdaySearch(t *testing.T) {
	c := office(t)
	require.Equal(t, MustDate("2026-10-08"), c.NextWorkday(MustDate("2026-10-01")))
	require.Equal(t, MustDate("2026-09-30"), c.PrevWorkday(MustDate("2026-10-07")))
	require.Equal(t, MustDate("2026-10-10"), c.NextWorkday(MustDate("2026-10-10")), "a make-up Saturday")
	require.Equal(t, 0, c.Workdays(MustDate("2026-10-01"), MustDate("2026-10-08")))
	require.Equal(t, 3, c.Workdays(MustDate("2026-10-08"), MustDate("2026-10-12")))
	require.Zero(t, c.Workdays(MustDate("2026-10-12"), MustDate("2026-10-08")))
}

func TestShift(t *testing.T) {
	c := office(t)
	week := func(day string) Period { return PeriodOf(Week, MustDate(day)) }
	shift := func(day string, p Period) string { return c.Shift(MustDate(day), p).String() }
	require.Equal(t, "2026-06-03", shift("2026-06-03", week("2026-06-03")), "a working day stays")
	require.Equal(t, "2026-06-18", shift("2026-06-19", week("2026-06-19")), "Dragon Boat: the day before")
	require.Equal(t, "2026-05-06", shift("2026-05-05", week("2026-05-05")), "none before in the week: the next in it")
	require.Equal(t, "2026-09-30", shift("2026-10-03", week("2026-10-03")), "back to Wednesday")
	require.Equal(t, "2026-10-08", shift("2026-10-02", period(t, "2026-10")), "not into the month before")
	require.Equal(t, "2026-02-18", shift("2026-02-18", week("2026-02-18")), "a week without work: itself")
}

func TestTerms(t *testing.T) {
	t.Run("usual_pattern_holds_in_any_year", func(t *testing.T) {
		c := office(t)
		for day, want := range map[string]bool{
			"2026-01-20": true, "2026-01-21": false, "2026-02-19": false, "2026-02-20": true, "2026-07-05": true,
			"2026-07-06": false, "2026-08-31": false, "2026-09-01": true, "2031-12-31": true, "2028-02-29": true,
		} {
			require.Equal(t, want, c.InTerm(MustDate(day)), day)
		}
		require.Equal(t, 5, c.TermDays(MustDate("2026-07-01"), MustDate("2026-08-01")))
		require.Zero(t, c.TermDays(MustDate("2026-07-06"), MustDate("2026-09-01")))
	})
	t.Run("configured_terms_replace_it", func(t *testing.T) {
		c := office(t, func(o *Options) { o.Terms = []Term{{MustDate("2026-03-02"), MustDate("2026-07-10")}} })
		require.False(t, c.InTerm(MustDate("2026-02-25")))
		require.True(t, c.InTerm(MustDate("2026-07-10")))
		require.False(t, c.InTerm(MustDate("2026-07-11")))
		require.False(t, c.InTerm(MustDate("2026-09-15")))
	})
}
