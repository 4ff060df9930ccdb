package schedule_test

import (
	"testing"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// TestRelay_mute: who is no friend of the account that is online cannot be asked;
// the hop above is told so and speaks for them.
func TestRelay_mute(t *testing.T) {
	t.Parallel()
	mute := func(t *testing.T) (*world, schedule.Handoff) {
		w := relayWorld(t, func(w *world) { w.deaf[eastKeeper] = true })
		return w, w.handoffs(townHead)[0]
	}
	t.Run("the hop above is told whom the bot cannot reach", func(t *testing.T) {
		w, _ := mute(t)
		asked := w.told(townHead, "【待转发")
		require.Len(t, asked, 1)
		require.Contains(t, asked[0].text, "机器人联系不到：东村干部（2 个群）")
	})
	t.Run("its word credits the groups of the mute and asks the others", func(t *testing.T) {
		w, h := mute(t)
		ans := w.forwarded(townHead, schedule.Word{Handoff: h.ID})
		require.Equal(t, []schedule.Ref{{ID: eastKeeper, Name: "东村干部"}}, ans.SpokenFor)
		require.Len(t, ans.Next, 1)
		require.Equal(t, "西村干部", ans.Next[0].Person.Name)
		require.Equal(t, "met", w.relayStandings()[eastGroup])
		require.Equal(t, "met", w.relayStandings()[eastParty])
		require.NotEqual(t, "met", w.relayStandings()[westGroup], "the west speaks for itself")
		require.Equal(t, schedule.HandoffDone, w.handoffs(eastKeeper)[0].State, "nobody waits for the mute")
		w.run("2026-11-05 12:00")
		require.Equal(t, "behind keeper", w.relayStandings()[westGroup])
		w.sound()
	})
	t.Run("5 of 7 leaves what was not passed on waiting", func(t *testing.T) {
		w, h := mute(t)
		ans := w.forwarded(townHead, schedule.Word{Handoff: h.ID, Done: 1, All: 3})
		require.Empty(t, ans.SpokenFor, "one of the two groups of the east")
		require.Equal(t, "met", w.relayStandings()[eastGroup])
		require.NotEqual(t, "met", w.relayStandings()[eastParty])
		stuck, err := w.office.Stuck(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Len(t, stuck, 1)
		require.Equal(t, h.ID, stuck[0].ID, "the lowest hop that has the pack is the town's")
		w.sound()
	})
	t.Run("撤销 takes it back also when the person can be reached by then", func(t *testing.T) {
		w, h := mute(t)
		w.forwarded(townHead, schedule.Word{Handoff: h.ID})
		w.deaf[eastKeeper] = false
		_, err := w.office.UndoForward(w.ctx, w.actor(townHead), h.ID, w.now)
		require.NoError(t, err)
		require.NotEqual(t, "met", w.relayStandings()[eastGroup])
		require.Equal(t, schedule.HandoffWaiting, w.handoffs(eastKeeper)[0].State)
		ans := w.forwarded(townHead, schedule.Word{Handoff: h.ID})
		require.Len(t, ans.Next, 1, "now they are asked (the west was before)")
		require.NotEqual(t, "met", w.relayStandings()[eastGroup], "and speak for themselves")
		w.sound()
	})
}

// TestChain: each hop's lag is working time, from when it had the pack.
func TestChain(t *testing.T) {
	t.Parallel()
	w := relayWorld(t)
	h := w.handoffs(townHead)[0]
	w.run("2026-11-03 17:00")
	w.run("2026-11-04 09:00")
	hops := func(a int64) []schedule.HandoffView {
		c, err := w.office.ChainOf(w.ctx, w.actor(a), h.ID, w.now)
		require.NoError(t, err)
		return c.Hops
	}
	require.Equal(t, "PT9H", *hops(clerkA)[0].Lag, "Tuesday 09:00–17:30 and half an hour on Wednesday")
	require.True(t, hops(clerkA)[0].Stuck)
	require.False(t, hops(clerkA)[1].Stuck)
	require.Nil(t, hops(clerkA)[1].Lag, "the pack never came there")
	w.forwarded(townHead, schedule.Word{Handoff: h.ID})
	w.run("2026-11-04 10:30")
	east := w.handoffs(eastKeeper)[0]
	w.forwarded(eastKeeper, schedule.Word{Handoff: east.ID})
	w.run("2026-11-04 11:00")
	all := hops(clerkA)
	require.Len(t, all, 3)
	require.Equal(t, []string{"PT9H", "PT1H30M", "PT2H"}, []string{*all[0].Lag, *all[1].Lag, *all[2].Lag})
	require.Equal(t, []bool{false, false, true}, []bool{all[0].Stuck, all[1].Stuck, all[2].Stuck})
	require.Len(t, hops(eastKeeper), 2, "a village sees its own branch")
	_, err := w.office.ChainOf(w.ctx, w.actor(teacher), h.ID, w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	w.sound()
}
