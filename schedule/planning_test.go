package schedule_test

import (
	"sync"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"

	"github.com/stretchr/testify/require"
)

func TestPlanning(t *testing.T) {
	t.Parallel()
	t.Run("plan 11 is two a week, Tuesday and Friday", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.adopt("11", 2026, nil)
		w.run("2026-11-16 08:00")
		require.Equal(t, []string{"2026-11-03 accepted", "2026-11-06 accepted", "2026-11-10 accepted", "2026-11-13 accepted"}, w.log(eastGroup))
		require.Equal(t, 8, w.got(eastGroup), "text and picture each time")
		require.Empty(t, w.log(parentGroup), "plan 11 does not name parents")
		require.Equal(t, []string{"2026-W44 excused", "2026-W45 met", "2026-W46 met"}, w.standings(eastGroup, "weekly-push")[:3])
		w.sound()
	})
	t.Run("plans 9 and 10 cost a parent group one push a month", func(t *testing.T) {
		w := newWorld(t, "2026-10-31 12:00", starting(only(parentGroup)))
		w.adopt("9", 2026, nil)
		w.adopt("10", 2026, nil)
		w.run("2026-12-31 23:00")
		require.Equal(t, []string{"2026-11-03 accepted", "2026-12-01 accepted"}, w.log(parentGroup))
		require.Equal(t, []string{"2026-10 excused", "2026-10 excused", "2026-11 met", "2026-11 met", "2026-12 met", "2026-12 met"}, w.standings(parentGroup, "parent-push"))
		w.sound()
	})
	t.Run("adopted at noon outside the window waits for the next", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.run("2026-11-03 12:00")
		w.adopt("11", 2026, nil)
		w.run("2026-11-07 08:00")
		require.Equal(t, []string{"2026-11-06 accepted"}, w.log(eastGroup)[len(w.log(eastGroup))-1:])
		require.Zero(t, w.receivedOn("2026-11-03"), "the window was over")
		w.sound()
	})
	t.Run("adopted inside the window goes the same day", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.run("2026-11-03 10:00")
		w.adopt("11", 2026, nil)
		w.run("2026-11-07 08:00")
		require.Equal(t, []string{"2026-11-03 accepted", "2026-11-06 accepted"}, w.log(eastGroup))
		w.sound()
	})
	t.Run("adopting twice is refused and owes nothing twice", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:00")
		w.adopt("11", 2026, nil)
		before := len(w.owed(eastGroup, "weekly-push"))
		_, _, err := w.office.Adopt(w.ctx, operator, embedded(t, "11"), "永宁镇", 2026, nil, w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		require.Len(t, w.owed(eastGroup, "weekly-push"), before)
		w.run("2026-11-04 08:00")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
		w.sound()
	})
	t.Run("a clock set back plans nothing twice", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:00")
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 13:00")
		require.NoError(t, w.db.PutJobs(w.ctx, []schedule.Job{{Key: "day", Kind: "day", At: w.at("2026-11-02 00:00")}}))
		w.run("2026-11-03 15:00")
		require.Equal(t, 2, w.got(eastGroup))
		require.Len(t, w.of(westGroup), 1)
		w.sound()
	})
	t.Run("two offices on one database plan at once", testTwoOffices)
	t.Run("a group that ended gets nothing and owes nothing more", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.adopt("11", 2026, nil)
		w.run("2026-11-04 08:00")
		w.roster(with(townRoster(), eastGroup, func(g *roster.Group) { g.Until = "2026-11-05" }))
		w.run("2026-11-20 08:00")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
		require.Equal(t, []string{"2026-W44 excused", "2026-W45 excused"}, w.standings(eastGroup, "weekly-push"))
		w.sound()
	})
	t.Run("a group created in mid-week owes from the next", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-04 12:00")
		w.roster(with(townRoster(), eastGroup, func(g *roster.Group) { g.Since = "2026-11-04" }))
		w.run("2026-11-16 08:00")
		require.Equal(t, []string{"2026-W45 excused", "2026-W46 met", "2026-W47 on_pace"}, w.standings(eastGroup, "weekly-push"))
		w.sound()
	})
	t.Run("a text alone neither credits nor counts as hope for text and picture", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind = "试验群" })))
		w.item("plain", nil, false)
		w.adoptPlan(quotaPlan("试验群", 1, calendar.Week, "text", "picture"), 2026, nil)
		w.run("2026-11-02 09:00")
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "plain", To: "kind:试验群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 12:00")
		require.Len(t, w.of(westGroup), 2, "the slot must still be planned: %v", w.log(westGroup))
		w.sound()
	})
}

// receivedOn counts what groups received on a local day.
func (w *world) receivedOn(day string) (n int) {
	for _, r := range w.received {
		if r.group != 0 && w.cal.Today(r.at).String() == day {
			n++
		}
	}
	return n
}

func testTwoOffices(t *testing.T) {
	w := newWorld(t, "2026-11-03 00:30")
	other, err := store.Open(w.ctx, w.dir, store.Options{Cal: w.cal})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	w.confirm(w.adopt("11", 2026, nil))
	w.roster(townRoster())
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		db := []*store.DB{w.db, other}[i%2]
		office := schedule.New(db, w.cal, w.settings, w, w)
		require.NoError(t, db.PutJobs(w.ctx, []schedule.Job{{Key: "day", Kind: "day", At: w.at("2026-11-03 00:00")}}))
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = office.DoDue(w.ctx, w.now)
		}()
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, g := range []int64{eastGroup, westGroup, eastParty} {
		require.Len(t, w.of(g), 1)
	}
	w.run("2026-11-03 12:00")
	require.Equal(t, 2, w.got(eastGroup))
	w.sound()
}

func TestPlanning_sameDaySlots(t *testing.T) {
	t.Parallel()
	// Two slots of one day count once (distinct_days), so the planner must take
	// two days, and only two.
	w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)),
		func(w *world) { w.slot("下午", "0 15 * * 2,5", 2*time.Hour) })
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 08:00")
	require.Equal(t, []string{"2026-11-03 accepted", "2026-11-06 accepted"}, w.log(eastGroup))
	w.sound()
}

func TestPlanning_handedDaysCountOnce(t *testing.T) {
	t.Parallel()
	// As above, by hand: what waits unanswered since Tuesday is hope for one day.
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)),
		func(w *world) { w.slot("下午", "0 15 * * 2,5", 2*time.Hour) })
	w.adopt("11", 2026, nil)
	w.run("2026-11-06 18:00")
	days := map[string]bool{}
	for _, d := range w.of(westGroup) {
		days[d.Day.String()] = true
	}
	require.Len(t, days, 2, "%v", w.log(westGroup))
	w.sound()
}
