package plans

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/calendar"
)

func keys(periods []calendar.Period) []string {
	all := []string{}
	for _, p := range periods {
		all = append(all, p.Key)
	}
	return all
}

func date(s string) calendar.Date { return calendar.MustDate(s) }

func TestResolve_records_every_decision(t *testing.T) {
	for _, p := range embedded(t) {
		terms, err := Resolve(p, 2026, nil)
		require.NoError(t, err)
		want := map[string]string{}
		for _, d := range p.Decisions {
			want[d.Key] = d.Default
		}
		want["year"] = "2026"
		for _, duty := range p.Duties {
			for _, d := range duty.Decisions {
				want[duty.ID+"."+d.Key] = d.Default
			}
		}
		require.Equal(t, want, terms.Decisions, p.ID)
	}
}

func TestResolve_answers(t *testing.T) {
	terms := resolve(t, "11", 2026, map[string]string{
		"from": "03-02", "to": "03-01", "weekly-push.at_least": "3", "weekly-push.media": " any ",
		"weekly-push.distinct_days": "false", "weekly-push.groups": "防骗工作群，党员群、村民群",
	})
	push := duty(t, terms, "weekly-push")
	require.Equal(t, 3, push.AtLeast)
	require.Empty(t, push.Media)
	require.NotNil(t, push.Media)
	require.False(t, push.DistinctDays)
	require.Equal(t, []string{"防骗工作群", "党员群", "村民群"}, push.Groups)
	require.Equal(t, date("2026-03-02"), terms.Start)
	require.Equal(t, date("2029-03-02"), terms.End, "three years from the first day")
	require.Equal(t, "any", terms.Decisions["weekly-push.media"])
	require.Equal(t, "next", push.Makeup)

	relay := resolve(t, "1", 2026, map[string]string{"village-relay.within": "PT2H"})
	require.Equal(t, "PT2H", duty(t, relay, "village-relay").Within)
	require.False(t, duty(t, resolve(t, "4", 2026, nil), "town-banners").DistinctDays)
	require.True(t, duty(t, resolve(t, "9", 2026, nil), "parent-push").DistinctDays)
}

func TestResolve_refuses(t *testing.T) {
	for _, c := range []struct {
		plan    string
		year    int
		answers map[string]string
		want    string
	}{
		{"16", 2026, map[string]string{"within": "PT2H"}, "待定项 within：方案 16-tingzhou 没有这一项，可以定的有：class-relay.within、summary.due、summary.owed_by、year"},
		{"16", 2026, map[string]string{"class-relay.within": "2小时"}, "待定项 class-relay.within：时限“2小时”无法识别：请用工作小时和分钟书写，如 PT4H（4 小时）、PT30M（30 分钟）、PT1H30M；不能写天、周、月"},
		{"16", 2026, map[string]string{"class-relay.within": " "}, "待定项 class-relay.within：请写值，或不写这一项，按默认“PT4H”办"},
		{"16", 2026, map[string]string{"year": "2027"}, "待定项 year：写的是 2027，启用年份却是 2026，请只用 --year"},
		{"16", 26, nil, "待定项 year：年份 26 不行，请写四位年份，如 2026"},
		{"17", 2026, map[string]string{"shared_days": "none"}, "待定项 shared_days：“none”不行，只能写 both、first、second"},
		{"17", 2026, map[string]string{"monthly-report.due": "FRI"}, "待定项 monthly-report.due：每月的期限要写几号，如 day 27，“FRI”不行"},
		{"11", 2026, map[string]string{"weekly-push.at_least": "两次"}, "待定项 weekly-push.at_least：“两次”不行，请写 1 到 1000 的整数"},
		{"11", 2026, map[string]string{"weekly-push.media": "照片"}, "待定项 weekly-push.media：“照片”不行，只能写 text、picture、video、file、link"},
		{"11", 2026, map[string]string{"weekly-push.groups": "防騙工作群"}, "待定项 weekly-push.groups：“防騙工作群”请写简体“防骗工作群”，与花名册一致"},
		{"11", 2026, map[string]string{"weekly-push.week_start": "SUN"}, "待定项 weekly-push.week_start：“SUN”不行，只能写 MON"},
		{"11", 2026, map[string]string{"from": "13-01"}, "待定项 from：没有“13-01”这一天，请写月-日，如 11-25"},
		{"11", 2026, map[string]string{"from": "2027-01-01"}, "待定项 from：写的是 2027 年，启用年份却是 2026，请改成同一年"},
		{"11", 2026, map[string]string{"to": "2025-01-01"}, "待定项 to：结束日期 2025-01-01 与开始日期 2026-01-01 不合，请写开始之后、十年之内的日期"},
		{"6", 2026, map[string]string{"from": "01-01", "to": "06-30"}, "待定项 phase.总结提升.from：阶段“总结提升”不在方案期限 2026-01-01 至 2026-06-30 之内，请写期限之内的日期"},
	} {
		_, err := Resolve(plan(t, c.plan), c.year, c.answers)
		require.EqualError(t, err, c.want)
		var bad *AnswerError
		require.ErrorAs(t, err, &bad)
	}
}

func TestResolve_phases(t *testing.T) {
	t.Run("shared_day_belongs_to_both", func(t *testing.T) {
		terms := resolve(t, "17", 2026, nil)
		require.Equal(t, []string{"筹划准备", "集中宣传"}, keys(terms.Phases))
		for _, p := range terms.Phases {
			require.True(t, p.Contains(date("2026-10-15")))
		}
		report := duty(t, terms, "monthly-report")
		require.True(t, report.Holds(date("2026-10-15")))
		require.False(t, report.Holds(date("2026-10-14")))
	})
	t.Run("shared_day_may_be_given_to_one", func(t *testing.T) {
		first := resolve(t, "17", 2026, map[string]string{"shared_days": "first"})
		require.Equal(t, date("2026-10-16"), duty(t, first, "monthly-report").Windows[0].Start)
		second := resolve(t, "17", 2026, map[string]string{"shared_days": "second"})
		require.Equal(t, date("2026-10-15"), second.Phases[0].End)
		require.Equal(t, date("2026-10-15"), second.Phases[1].Start)
	})
	t.Run("a_phase_over_before_a_late_start_is_left_out", func(t *testing.T) {
		terms := resolve(t, "2", 2026, map[string]string{"from": "08-01"})
		require.Equal(t, []string{"实施", "总结"}, keys(terms.Phases))
		require.Equal(t, date("2026-08-01"), terms.Phases[0].Start)
		late := resolve(t, "18", 2026, map[string]string{"from": "03-01"})
		require.Equal(t, []string{"集中宣传", "总结巩固"}, keys(late.Phases))
	})
	t.Run("decided_phase_dates_follow_the_start", func(t *testing.T) {
		terms := resolve(t, "6", 2026, map[string]string{"from": "09-01", "to": "02-28", "phase.总结提升.from": "02-01"})
		require.Equal(t, date("2027-03-01"), terms.End)
		require.Equal(t, date("2027-02-01"), terms.Phases[2].Start)
		require.Equal(t, terms.Start, terms.Phases[0].Start)
	})
	t.Run("every_phase_has_its_own_number", func(t *testing.T) {
		p := plan(t, "17")
		p.Duties = []Duty{{ID: "talk", Kind: Quota, Quote: "x", AtLeast: 1, Per: calendar.Phase, Means: ByActivity, OwedBy: "office"}}
		terms, err := Resolve(p, 2026, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"筹划准备", "集中宣传"}, keys(terms.Duties[0].Periods(date("2026-10-15"), date("2026-10-16"))))
		require.Equal(t, []string{"集中宣传"}, keys(terms.Duties[0].Periods(date("2026-10-16"), date("2026-10-17"))))
		whole, held := terms.Duties[0].CutBy(terms.Phases[0])
		require.Equal(t, terms.Phases[0], whole)
		require.Equal(t, 6, held)
	})
}

func TestResolve_years(t *testing.T) {
	t.Run("february_ends_with_its_year", func(t *testing.T) {
		require.Equal(t, date("2026-03-01"), resolve(t, "3", 2026, nil).End)
		require.Equal(t, date("2028-03-01"), resolve(t, "3", 2028, nil).End)
		require.Equal(t, 40, calendar.Period{Start: resolve(t, "3", 2028, nil).Start, End: resolve(t, "3", 2028, nil).End}.Days())
	})
	t.Run("an_end_before_the_start_is_next_year", func(t *testing.T) {
		terms := resolve(t, "13", 2026, map[string]string{"to": "01-15"})
		require.Equal(t, date("2027-01-16"), terms.End)
	})
	t.Run("a_file_with_years_keeps_them", func(t *testing.T) {
		p := plan(t, "14")
		p.From, p.To = "2026-11-25", "2027-02-28"
		require.Empty(t, Check(p))
		terms, err := Resolve(p, 2026, nil)
		require.NoError(t, err)
		require.Equal(t, date("2027-03-01"), terms.End)
		_, err = Resolve(p, 2027, nil)
		require.ErrorContains(t, err, "启用年份却是 2027")
	})
	t.Run("three_years_have_three_awards", func(t *testing.T) {
		terms := resolve(t, "11", 2026, nil)
		require.Equal(t, date("2029-01-01"), terms.End)
		require.Equal(t, []string{"2026", "2027", "2028"}, keys(duty(t, terms, "yearly-award").Periods(terms.Start, terms.End)))
		require.Len(t, duty(t, terms, "monthly-meeting").Periods(terms.Start, terms.End), 36)
	})
}

func TestPeriods(t *testing.T) {
	report := duty(t, resolve(t, "13", 2026, nil), "weekly-report")
	t.Run("cut_to_the_plan_at_both_ends", func(t *testing.T) {
		all := report.Periods(date("2026-01-01"), date("2028-01-01"))
		require.Equal(t, []string{"2026-W48", "2026-W49", "2026-W50", "2026-W51", "2026-W52", "2026-W53"}, keys(all))
		whole, held := report.CutBy(all[0])
		require.Equal(t, date("2026-11-23"), whole.Start)
		require.Equal(t, 5, held)
		whole, held = report.CutBy(all[5])
		require.Equal(t, date("2027-01-04"), whole.End)
		require.Equal(t, 4, held)
	})
	t.Run("the_asked_days_select_but_do_not_cut", func(t *testing.T) {
		got := report.Periods(date("2026-12-03"), date("2026-12-04"))
		require.Equal(t, []calendar.Period{{Per: calendar.Week, Key: "2026-W49", Start: date("2026-11-30"), End: date("2026-12-07")}}, got)
		require.Empty(t, report.Periods(date("2026-12-03"), date("2026-12-03")))
		require.Empty(t, report.Periods(date("2026-11-01"), date("2026-11-25")))
		require.Empty(t, report.Periods(date("2027-01-01"), date("2027-02-01")))
	})
	t.Run("a_deadline_before_the_first_day_is_not_owed", func(t *testing.T) {
		// 25 November 2028 is a Saturday: that week's Friday was before the plan.
		terms := resolve(t, "13", 2028, nil)
		require.Equal(t, "2028-W48", duty(t, terms, "weekly-report").Periods(terms.Start, terms.End)[0].Key)
		monthly := resolve(t, "17", 2026, map[string]string{"monthly-report.due": "day 5"})
		require.Equal(t, []string{"2026-11", "2026-12"}, keys(duty(t, monthly, "monthly-report").Periods(monthly.Start, monthly.End)))
	})
	t.Run("weeks_of_a_year_end_keep_their_iso_year", func(t *testing.T) {
		push := duty(t, resolve(t, "11", 2026, nil), "weekly-push")
		require.Equal(t, []string{"2026-W53", "2027-W01"}, keys(push.Periods(date("2026-12-31"), date("2027-01-05"))))
		require.Equal(t, []string{"2028-W09"}, keys(push.Periods(date("2028-02-29"), date("2028-03-01"))))
	})
	t.Run("windows_apart_give_one_period_and_count_their_days", func(t *testing.T) {
		term := Term{Duty: Duty{Kind: Quota, Per: calendar.Month}, Windows: []calendar.Period{
			{Per: calendar.Phase, Key: "a", Start: date("2026-06-01"), End: date("2026-06-06")},
			{Per: calendar.Phase, Key: "b", Start: date("2026-06-05"), End: date("2026-06-08")},
			{Per: calendar.Phase, Key: "c", Start: date("2026-06-20"), End: date("2026-06-22")},
		}}
		all := term.Periods(date("2026-06-10"), date("2026-06-11"))
		require.Equal(t, []string{"2026-06"}, keys(all))
		require.Equal(t, 21, all[0].Days())
		_, held := term.CutBy(all[0])
		require.Equal(t, 9, held, "the shared day counts once")
	})
	t.Run("no_windows_no_periods", func(t *testing.T) {
		require.Empty(t, Term{Duty: Duty{Per: calendar.Week}}.Periods(date("2026-01-01"), date("2027-01-01")))
		require.Empty(t, Term{Duty: Duty{Per: calendar.Once}}.Periods(date("2026-01-01"), date("2027-01-01")))
	})
}

func TestDeadline(t *testing.T) {
	zone := shanghai(t)
	deadline := func(number, id string, year int, answers map[string]string) string {
		terms := resolve(t, number, year, answers)
		d := duty(t, terms, id)
		all := d.Periods(terms.Start, terms.End)
		at, ok := d.Deadline(all[0], zone)
		require.True(t, ok)
		return at.Format("2006-01-02 15:04")
	}
	t.Run("inside_its_own_window", func(t *testing.T) {
		terms := resolve(t, "3", 2026, nil)
		at, ok := duty(t, terms, "summary").Deadline(duty(t, terms, "summary").Periods(terms.Start, terms.End)[0], zone)
		require.True(t, ok)
		require.Equal(t, date("2026-02-22").Start(zone), at, "21 February included")
		require.True(t, at.Before(terms.End.Start(zone)))
	})
	t.Run("after_the_week_it_reports_on", func(t *testing.T) {
		terms := resolve(t, "4", 2026, nil)
		require.Equal(t, date("2026-04-27"), terms.End)
		p := duty(t, terms, "summary").Periods(date("2026-05-01"), date("2026-05-02"))
		require.Equal(t, []string{"once"}, keys(p), "owed until its date")
		require.Equal(t, "2026-05-02 00:00", deadline("4", "summary", 2026, nil))
	})
	t.Run("the_27th_is_of_the_plan's_first_month", func(t *testing.T) {
		require.Equal(t, "2026-10-28 00:00", deadline("12", "contact-roster", 2026, nil))
		require.Equal(t, "2026-11-28 00:00", deadline("12", "contact-roster", 2026, map[string]string{"from": "10-28", "to": "11-30"}))
	})
	t.Run("friday_at_four", func(t *testing.T) {
		require.Equal(t, "2026-11-27 16:00", deadline("13", "weekly-report", 2026, nil))
	})
	t.Run("a_day_the_month_lacks_is_its_last", func(t *testing.T) {
		terms := resolve(t, "9", 2028, map[string]string{"monthly-bulletin.due": "day 31"})
		d := duty(t, terms, "monthly-bulletin")
		at, _ := d.Deadline(d.Periods(date("2028-02-01"), date("2028-03-01"))[0], zone)
		require.Equal(t, date("2028-03-01").Start(zone), at)
	})
	t.Run("without_a_date_the_end_of_the_period", func(t *testing.T) {
		require.Equal(t, "2026-11-01 00:00", deadline("17", "monthly-training", 2026, nil))
		require.Equal(t, "2027-01-01 00:00", deadline("15", "follow-rate", 2026, nil))
	})
	t.Run("pushes_relays_and_rules_have_none", func(t *testing.T) {
		p := calendar.PeriodOf(calendar.Week, date("2026-11-02"))
		for _, d := range []Term{
			duty(t, resolve(t, "11", 2026, nil), "weekly-push"),
			duty(t, resolve(t, "16", 2026, nil), "class-relay"),
			duty(t, resolve(t, "16", 2026, nil), "keep-group"),
		} {
			_, ok := d.Deadline(p, time.UTC)
			require.False(t, ok)
		}
		_, ok := duty(t, resolve(t, "3", 2026, nil), "summary").Deadline(calendar.Period{}, time.UTC)
		require.False(t, ok)
	})
}

func TestDeadline_and_late_starts(t *testing.T) {
	t.Run("over_before_a_late_start_is_not_owed", func(t *testing.T) {
		terms := resolve(t, "2", 2026, map[string]string{"from": "10-12"})
		require.Empty(t, duty(t, terms, "institution-summary").Periods(date("2026-01-01"), date("2029-01-01")))
		require.Len(t, duty(t, terms, "branch-summary").Periods(date("2026-01-01"), date("2029-01-01")), 1)
	})
	t.Run("stays_when_the_caller_cuts_at_an_adoption", func(t *testing.T) {
		terms := resolve(t, "2", 2026, nil)
		d := duty(t, terms, "institution-summary")
		cut := d.Periods(terms.Start, terms.End)[0].Cut(date("2026-10-12"), calendar.Date{})
		at, ok := d.Deadline(cut, shanghai(t))
		require.True(t, ok)
		require.Equal(t, date("2026-10-10").Start(shanghai(t)), at)
	})
}

func TestTerms_survive_the_store(t *testing.T) {
	for _, p := range embedded(t) {
		terms, err := Resolve(p, 2026, nil)
		require.NoError(t, err)
		data, err := json.Marshal(terms)
		require.NoError(t, err)
		require.NotContains(t, string(data), "null")
		var back Terms
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, terms, back, p.ID)
	}
}

func TestResolve_leaves_the_plan_alone(t *testing.T) {
	p := plan(t, "11")
	before, err := json.Marshal(p)
	require.NoError(t, err)
	answers := map[string]string{"weekly-push.groups": "村民群"}
	kept := maps.Clone(answers)
	_, err = Resolve(p, 2026, answers)
	require.NoError(t, err)
	after, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
	require.Equal(t, kept, answers)
}
