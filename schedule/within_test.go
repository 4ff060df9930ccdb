package schedule_test

import (
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// clausesOfOne are the relay clauses of one push: two working hours, eight, and
// one that names none.
var clausesOfOne = []struct{ id, within string }{{"slow", "PT8H"}, {"quick", "PT2H"}, {"unsaid", ""}}

// clausesWorld has one relay push queued on Tuesday at 09:00 to the west's
// group, owed by three clauses.
func clausesWorld(t *testing.T, hops int, by roster.Carrier, changes ...func(*world)) *world {
	plan := relayPlan("网格群", hops)
	one := plan.Duties[0]
	plan.Duties = nil
	for _, c := range clausesOfOne {
		one.ID, one.Within = c.id, c.within
		plan.Duties = append(plan.Duties, one)
	}
	r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind, g.Carrier = "网格群", by })
	w := newWorld(t, "2026-11-01 12:00", append([]func(*world){starting(r), func(w *world) { w.settings.Slots = nil }}, changes...)...)
	w.adoptPlan(plan, 2026, nil)
	w.run("2026-11-03 09:00")
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:网格群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 09:00")
	return w
}

// clauses are the standings of the west's relay obligations, by clause, with
// the local minute of each deadline.
func (w *world) clauses() (standing, deadline map[string]string) {
	standing, deadline = map[string]string{}, map[string]string{}
	for _, c := range clausesOfOne {
		owed := w.owed(westGroup, c.id)
		require.Len(w.t, owed, 1, c.id)
		standing[c.id] = string(owed[0].Standing(w.now))
		if owed[0].Cause != "" {
			standing[c.id] += " " + string(owed[0].Cause)
		}
		deadline[c.id] = owed[0].EndAt.In(w.cal.Zone()).Format("2006-01-02 15:04")
	}
	return standing, deadline
}

// TestRelay_withinByClause: each clause has the deadline that its own words
// give, also where one word of 已转 answers them all.
func TestRelay_withinByClause(t *testing.T) {
	t.Parallel()
	t.Run("from when the pack is readable", func(t *testing.T) {
		w := clausesWorld(t, 1, roster.ByKeeper)
		_, ends := w.clauses()
		require.Equal(t, map[string]string{"quick": "2026-11-03 11:00", "unsaid": "2026-11-03 13:00", "slow": "2026-11-03 17:00"}, ends,
			"a clause that names no hours gives four")
		require.Equal(t, w.at("2026-11-03 11:00").UTC(), w.handoffs(westKeeper)[0].Due.UTC(), "the person is told the shortest")
		w.run("2026-11-03 14:00")
		got, _ := w.clauses()
		require.Equal(t, []string{"behind office", "behind keeper"}, []string{got["quick"], got["unsaid"]}, "two hours are too few to blame anybody")
		require.NotContains(t, got["slow"], "behind", "three of its hours are left")
		w.forwarded(westKeeper, schedule.Word{Handoff: w.handoffs(westKeeper)[0].ID})
		got, _ = w.clauses()
		require.Equal(t, map[string]string{"quick": "late", "unsaid": "late", "slow": "met"}, got)
		w.sound()
	})
	t.Run("from when the town passed it on", func(t *testing.T) {
		w := clausesWorld(t, 2, roster.ByKeeper)
		w.run("2026-11-03 10:30")
		w.forwarded(townHead, schedule.Word{})
		_, ends := w.clauses()
		require.Equal(t, map[string]string{"quick": "2026-11-03 12:30", "unsaid": "2026-11-03 14:30", "slow": "2026-11-04 09:30"}, ends,
			"seven of the eight hours on Tuesday, one on Wednesday")
		w.run("2026-11-04 09:00")
		w.forwarded(westKeeper, schedule.Word{Handoff: w.handoffs(westKeeper)[0].ID})
		got, _ := w.clauses()
		require.Equal(t, map[string]string{"quick": "late", "unsaid": "late", "slow": "met"}, got)
		w.sound()
	})
	t.Run("from when the push started, where the bot carries it, and not before its window closes", func(t *testing.T) {
		w := clausesWorld(t, 1, roster.ByBot)
		_, ends := w.clauses()
		require.Equal(t, map[string]string{"quick": "2026-11-03 11:30", "unsaid": "2026-11-03 13:00", "slow": "2026-11-03 17:00"}, ends)
	})
	t.Run("from when it is handed, where the bot could not carry it", func(t *testing.T) {
		w := clausesWorld(t, 1, roster.ByBot, func(w *world) { w.blind[westGroup] = true })
		w.run("2026-11-03 11:31")
		_, ends := w.clauses()
		require.Equal(t, map[string]string{"quick": "2026-11-03 13:30", "unsaid": "2026-11-03 15:30", "slow": "2026-11-04 10:30"}, ends)
		w.sound()
	})
}

// TestAdopt_withinOfAtOnce: 第一时间 and 及时 name no hours; the decision that
// every such clause carries gives four working hours.
func TestAdopt_withinOfAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-05-01 12:00")
	for _, id := range []string{"1", "12", "15", "16"} {
		relays := 0
		for _, term := range w.adopt(id, 2026, nil).Terms.Duties {
			if term.Kind == plans.Relay {
				relays++
				require.Equal(t, "PT4H", term.Within, "plan %s, %s", id, term.Quote)
			}
		}
		require.NotZero(t, relays, "plan %s", id)
	}
}
