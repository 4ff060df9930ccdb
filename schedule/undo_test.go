package schedule_test

import (
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestUndo_lateRefusal: the hop above says 转不了 when its time is over, and takes
// it back: those below wait again, and nothing is left with nobody.
func TestUndo_lateRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 08:00", starting(only(westGroup)), func(w *world) { w.settings.Slots = nil })
	w.adoptPlan(relayPlan("便民群", 2), 2026, nil)
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 18:00")
	above := w.handoffs(townHead, schedule.HandoffLapsed)
	require.Len(t, above, 1)
	require.Len(t, w.handoffs(westKeeper, schedule.HandoffLapsed), 1)
	_, err = w.office.CannotForward(w.ctx, w.actor(townHead), above[0].ID, "在外地", w.now)
	require.NoError(t, err)
	_, err = w.office.UndoForward(w.ctx, w.actor(townHead), above[0].ID, w.now)
	require.NoError(t, err)
	require.Len(t, w.handoffs(westKeeper, schedule.HandoffWaiting), 1)
	w.run("2026-11-03 19:00")
	require.Equal(t, []string{"2026-11-02 lapsed"}, w.log(westGroup))
	w.sound()
}

// TestUndo_makeup: a late word names what it makes up. Taken back and said again
// for a day in time, it credits all that the day credits.
func TestUndo_makeup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Month), 2026, nil)
	w.run("2026-11-09 12:00")
	h := w.handoffs(westKeeper, schedule.HandoffLapsed)[0]
	w.forwarded(westKeeper, schedule.Word{Handoff: h.ID})
	require.Contains(t, w.standings(westGroup, "push"), "2026-11 on_pace", "the late word makes up the week, and nothing else")
	_, err := w.office.UndoForward(w.ctx, w.actor(westKeeper), h.ID, w.now)
	require.NoError(t, err)
	w.forwarded(westKeeper, schedule.Word{Handoff: h.ID, Day: calendar.MustDate("2026-11-04")})
	require.Contains(t, w.standings(westGroup, "push"), "2026-11 met", "said in time it is a push of the month too")
	w.countAgain()
	w.sound()
}

// TestRanking: what the office or the bot failed in puts no village behind
// another, villages that are alike share a place, and one that owed nothing has none.
func TestRanking(t *testing.T) {
	t.Parallel()
	r := with(with(only(eastGroup, westGroup, parentGroup), eastGroup, func(g *roster.Group) { g.Carrier = roster.ByKeeper }),
		parentGroup, func(g *roster.Group) { g.Kind = "试验群" })
	w := newWorld(t, "2026-11-01 12:00", starting(r))
	w.deaf[eastKeeper] = true
	w.adopt("11", 2026, nil)
	for _, day := range []string{"2026-11-03 12:00", "2026-11-06 12:00"} {
		w.run(day)
		w.forwarded(westKeeper, schedule.Word{})
	}
	w.run("2026-11-09 12:00")
	require.Equal(t, []int{1, 0}, []int{w.row("东村", schedule.Query{Period: "2026-W45"}).BehindOffice, w.row("东村", schedule.Query{Period: "2026-W45"}).BehindKeeper})
	ranks, err := w.office.Ranking(w.ctx, operator, schedule.Query{Unit: "永宁镇", Period: "2026-W45", Pushes: true, Now: w.now})
	require.NoError(t, err)
	places := map[string]int{}
	for _, r := range ranks {
		places[r.Name] = r.Place
	}
	require.Equal(t, map[string]int{"东村": 1, "西村": 1, "中心小学": 0}, places)
}
