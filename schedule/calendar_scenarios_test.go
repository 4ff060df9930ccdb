package schedule_test

import (
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestHolidays(t *testing.T) {
	t.Parallel()
	t.Run("before National Day, people are asked on the working day before", func(t *testing.T) {
		w := newWorld(t, "2026-09-27 12:00")
		w.adopt("11", 2026, nil)
		w.run("2026-09-30 20:00")
		var friday []schedule.Delivery
		for _, d := range w.of(westGroup) {
			if d.Day.String() == "2026-10-02" {
				friday = append(friday, d)
			}
		}
		require.Len(t, friday, 1, "planned ahead: %v", w.log(westGroup))
		require.Equal(t, schedule.Handed, friday[0].State, "in the keeper's hands on 30 September")
		require.Len(t, w.told(westKeeper, "【待转发"), 2)
		w.forwarded(westKeeper, schedule.Word{Handoff: friday[0].Handoff})
		w.run("2026-10-05 08:00")
		require.Equal(t, []string{"2026-09-29 accepted", "2026-10-02 accepted"}, w.log(eastGroup), "the bot may post")
		w.sound()
	})
	t.Run("in National Day week nobody is spoken to before the eighth", func(t *testing.T) {
		w := newWorld(t, "2026-10-04 12:00", starting(only(eastGroup, westGroup)))
		w.confirm(w.adopt("11", 2026, nil))
		w.run("2026-10-08 07:59")
		require.Empty(t, w.told(westKeeper, ""))
		require.Equal(t, []string{"2026-10-06 accepted"}, w.log(eastGroup))
		w.run("2026-10-12 08:00")
		require.Contains(t, w.standings(eastGroup, "weekly-push"), "2026-W41 met")
		for _, o := range w.owed(westGroup, "weekly-push") {
			require.Equal(t, coverage.ByKeeper, map[bool]coverage.Cause{true: coverage.ByKeeper, false: o.Cause}[o.Period.Key != "2026-W41"], "asked on the 8th and the 9th, silent")
		}
		w.sound()
	})
	t.Run("a slot on a holiday is handed once, not again on the day", func(t *testing.T) {
		w := newWorld(t, "2026-09-27 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-10-05 08:00")
		require.Len(t, w.of(westGroup), 2, "%v", w.log(westGroup))
		w.sound()
	})
}

func TestYearEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-12-27 12:00", starting(only(eastGroup)))
	w.adopt("11", 2026, map[string]string{"owed_from": "2026-12-21"})
	w.run("2027-01-04 08:00")
	require.Equal(t, []string{"2026-12-29 accepted", "2027-01-01 accepted"}, w.log(eastGroup))
	require.Equal(t, []string{"2026-W53 met", "2027-W01 on_pace"}, w.standings(eastGroup, "weekly-push")[1:])
	for period, owed := range map[string]int{"2026-W53": 1, "2026-12": 2, "2027-01": 0, "2026-Q4": 2, "2026": 2, "2027": 0} {
		require.Equal(t, owed, w.row("东村", schedule.Query{Period: period}).Owed, "weeks belong to the month of their Thursday: %s", period)
	}
	_, err := w.office.Coverage(w.ctx, operator, schedule.Query{Period: "2027-W53", Now: w.now})
	require.ErrorIs(t, err, schedule.ErrInput)
	w.sound()
}

func TestYearEnd_unknownHolidays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-01-03 12:00", starting(only(eastGroup)))
	_, warnings, err := w.office.Adopt(w.ctx, operator, embedded(t, "9"), "永宁镇", 2027, nil, w.now)
	require.NoError(t, err)
	require.Contains(t, warnings[len(warnings)-1]+warnings[0]+warnings[len(warnings)/2], "2027", "an unknown year says unknown and warns")
}

func TestLeapDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2028-02-27 12:00", starting(only(eastGroup)))
	w.adopt("11", 2026, nil)
	w.adopt("3", 2028, map[string]string{"from": "01-21"})
	w.run("2028-03-06 08:00")
	require.Equal(t, []string{"2028-02-29 accepted", "2028-03-03 accepted"}, w.log(eastGroup))
	require.Equal(t, []string{"2028-W08 excused", "2028-W09 met", "2028-W10 on_pace"}, w.standings(eastGroup, "weekly-push"))
	w.sound()
}

func TestPlan3(t *testing.T) {
	t.Parallel()
	task := func(t *testing.T, w *world) schedule.Obligation {
		obs, err := w.db.Obligations(w.ctx, schedule.ObligationFilter{Plan: "3", Now: w.now})
		require.NoError(t, err)
		require.Len(t, obs, 1)
		return obs[0]
	}
	t.Run("handed in on the day itself is in time", func(t *testing.T) {
		w := newWorld(t, "2026-01-25 12:00")
		w.adopt("3", 2026, nil)
		w.run("2026-02-21 23:30")
		ob := task(t, w)
		require.Equal(t, w.at("2026-02-22 00:00").UTC(), ob.EndAt.UTC(), "N日前 includes the day")
		_, err := w.office.Confirm(w.ctx, operator, ob.Task, 0, 0, w.now)
		require.NoError(t, err)
		w.run("2026-02-24 12:00")
		require.Equal(t, coverage.Met, task(t, w).Standing(w.now))
		flags, err := w.db.Flags(w.ctx, true)
		require.NoError(t, err)
		require.Empty(t, flags)
		w.sound()
	})
	t.Run("not handed in is behind, the office's, then late", func(t *testing.T) {
		w := newWorld(t, "2026-01-25 12:00")
		w.adopt("3", 2026, nil)
		w.run("2026-02-22 00:00")
		rows, err := w.office.Behind(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, coverage.ByOffice, rows[0].Cause)
		w.run("2026-02-25 12:00")
		_, err = w.office.Confirm(w.ctx, operator, task(t, w).Task, 0, 0, w.now)
		require.NoError(t, err)
		require.Equal(t, coverage.Late, task(t, w).Standing(w.now))
		rows, err = w.office.Behind(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Empty(t, rows)
		w.sound()
	})
	t.Run("adopted after its deadline owes nothing", func(t *testing.T) {
		w := newWorld(t, "2026-02-23 12:00")
		w.adopt("3", 2026, nil)
		w.run("2026-03-03 12:00")
		require.Equal(t, coverage.Excused, task(t, w).Standing(w.now))
		w.sound()
	})
}

func TestPlan17(t *testing.T) {
	t.Parallel()
	t.Run("its October is short but owed", func(t *testing.T) {
		w := newWorld(t, "2026-10-01 12:00")
		w.adopt("17", 2026, nil)
		w.run("2026-11-02 12:00")
		obs, err := w.db.Obligations(w.ctx, schedule.ObligationFilter{Plan: "17", Now: w.now})
		require.NoError(t, err)
		seen := map[string]int{}
		for _, o := range obs {
			if o.Period.Key == "2026-10" {
				seen[o.Duty]++
				require.Empty(t, o.Excuse, o.Duty)
			}
		}
		require.Equal(t, 3, seen["monthly-report"], "each unit right below the town")
		require.Equal(t, 1, seen["monthly-training"])
		w.sound()
	})
	t.Run("a delivery on the day two phases share credits both, once in each", func(t *testing.T) {
		plan := plans.Plan{Number: 92, ID: "92-phases", Title: "两段", From: "10-10", To: "12-31",
			Phases: []plans.Phase{{Name: "筹划准备", From: "10-10", To: "10-15"}, {Name: "集中宣传", From: "10-15", To: "12-31"}},
			Duties: []plans.Duty{{ID: "push", Kind: plans.Quota, Title: "推送", Quote: "每阶段推送一次", Groups: []string{"便民群"}, AtLeast: 1,
				Per: calendar.Phase, Means: plans.ByPush}}}
		w := newWorld(t, "2026-10-05 12:00", starting(only(eastGroup)), func(w *world) {
			w.settings.Slots = nil
			w.slot("周四", "0 9 * * 4", 2*time.Hour)
		})
		w.adoptPlan(plan, 2026, nil)
		w.run("2026-10-16 12:00")
		require.Equal(t, []string{"2026-10-15 accepted"}, w.log(eastGroup), "one push, on the day both hold")
		for _, o := range w.owed(eastGroup, "push") {
			require.Equal(t, 1, o.Credits, o.Period.Key)
		}
		require.Len(t, w.owed(eastGroup, "push"), 2)
		w.sound()
	})
}

func TestSchoolHolidays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-28 12:00", starting(with(only(parentGroup), parentGroup, func(g *roster.Group) { g.Kind = "家长群" })))
	w.adopt("9", 2026, nil)
	w.run("2026-10-02 12:00")
	require.Equal(t, []string{"2026-06 excused", "2026-07 excused", "2026-08 excused", "2026-09 met", "2026-10 met"}, w.standings(parentGroup, "parent-push"))
	w.sound()
}

func TestBlame_beforeAdoption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-15 12:00", starting(only(eastGroup)))
	w.adopt("11", 2026, map[string]string{"owed_from": "2026-11-02"})
	w.run("2026-11-16 08:00")
	require.Equal(t, []string{"2026-W45 behind office", "2026-W46 behind office"}, w.standings(eastGroup, "weekly-push")[:2],
		"items there were; the office had not begun")
	w.sound()
}
