package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// relayWorld has one relay push of two hops queued on Tuesday at 09:00, to the
// village groups that people carry: town → east and west keeper.
func relayWorld(t *testing.T, changes ...func(*world)) *world {
	r := townRoster()
	for _, id := range []int64{eastGroup, westGroup, eastParty} {
		r = with(r, id, func(g *roster.Group) { g.Kind, g.Carrier = "网格群", roster.ByKeeper })
	}
	w := newWorld(t, "2026-11-01 12:00", append([]func(*world){starting(r), func(w *world) { w.settings.Slots = nil }}, changes...)...)
	w.adoptPlan(relayPlan("网格群", 2), 2026, nil)
	w.run("2026-11-03 09:00")
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:网格群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 09:10")
	return w
}

// relayStandings are the relay's standing for each group.
func (w *world) relayStandings() map[int64]string {
	out := map[int64]string{}
	for _, g := range []int64{eastGroup, westGroup, eastParty} {
		for _, o := range w.owed(g, "relay") {
			out[g] += string(o.Standing(w.now))
			if o.Cause != "" {
				out[g] += " " + string(o.Cause)
			}
		}
	}
	return out
}

// standingOf is the standing of a group's first obligation of a duty.
func (w *world) standingOf(group int64, duty string) string {
	return string(w.owed(group, duty)[0].Standing(w.now))
}

func (w *world) stuck() map[string]string {
	rows, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(w.t, err)
	out := map[string]string{}
	for _, r := range rows {
		out[r.Group.Name] = r.StuckAt
	}
	return out
}

func TestRelay(t *testing.T) {
	t.Parallel()
	t.Run("both hops in time are met", func(t *testing.T) {
		w := relayWorld(t)
		require.Len(t, w.told(townHead, "【待转发"), 1)
		require.Empty(t, w.told(eastKeeper, "【待转发"), "the second hop waits for the first")
		ans := w.forwarded(townHead, schedule.Word{})
		require.Len(t, ans.Next, 3-1, "two keepers below")
		w.run("2026-11-03 10:00")
		require.Len(t, w.told(eastKeeper, "【待转发"), 1)
		w.forwarded(eastKeeper, schedule.Word{})
		w.forwarded(westKeeper, schedule.Word{})
		w.run("2026-11-05 12:00")
		require.Equal(t, map[int64]string{eastGroup: "met", westGroup: "met", eastParty: "met"}, w.relayStandings())
		w.sound()
	})
	t.Run("stuck at hop 1 is the town's, whatever the village did not do", func(t *testing.T) {
		w := relayWorld(t)
		w.run("2026-11-05 12:00")
		for g, s := range w.relayStandings() {
			require.Equal(t, "behind keeper", s, "%d", g)
		}
		for name, where := range w.stuck() {
			require.Contains(t, where, "第1级", name)
			require.Contains(t, where, "镇联络员", name)
		}
		w.sound()
	})
	t.Run("stuck at hop 1 does not silence the weekly duties", func(t *testing.T) {
		w := relayWorld(t, func(w *world) { w.slot("常规", "0 9 * * 2,5", 150*time.Minute) })
		w.adoptPlan(quotaPlan("网格群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-25 12:00")
		require.GreaterOrEqual(t, len(w.of(westGroup)), 4, "a push in each of the weeks after: %v", w.log(westGroup))
		w.sound()
	})
	t.Run("stuck at hop 2 is the keeper's, from when the town passed it on", func(t *testing.T) {
		w := relayWorld(t)
		w.run("2026-11-03 12:00")
		w.forwarded(townHead, schedule.Word{})
		w.forwarded(eastKeeper, schedule.Word{Handoff: w.handoffs(eastKeeper)[0].ID})
		w.run("2026-11-03 15:59")
		require.Equal(t, "met", w.relayStandings()[eastGroup])
		require.NotContains(t, w.relayStandings()[westGroup], "behind")
		w.run("2026-11-03 16:30")
		require.Equal(t, map[int64]string{eastGroup: "met", westGroup: "behind keeper", eastParty: "met"}, w.relayStandings())
		require.Contains(t, w.stuck()["群12"], "第2级")
		require.Contains(t, w.stuck()["群12"], "西村干部")
		w.sound()
	})
	t.Run("part of the first hop opens only that part below", func(t *testing.T) {
		w := relayWorld(t)
		w.run("2026-11-03 12:00")
		h := w.handoffs(townHead)[0]
		w.forwarded(townHead, schedule.Word{Handoff: h.ID, Done: 2, All: 3}) // one of the east's groups, and the west's
		require.NotEmpty(t, w.handoffs(westKeeper, schedule.HandoffOpen))
		w.run("2026-11-03 14:00") // the town's own time was over at 13:00, the west's is not before 16:00
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, "met", w.relayStandings()[westGroup])
		w.run("2026-11-05 12:00")
		require.Contains(t, w.relayStandings()[eastParty], "behind")
		require.NotContains(t, w.stuck()["群14"], "东村干部", "that group's pack never reached the east")
		w.sound()
	})
	t.Run("5 of 7 counts five of seven leaf groups", func(t *testing.T) {
		w := relayWorld(t)
		w.forwarded(townHead, schedule.Word{})
		h := w.handoffs(eastKeeper)[0]
		ans := w.forwarded(eastKeeper, schedule.Word{Handoff: h.ID, Done: 1, All: 2})
		require.Equal(t, schedule.HandoffPart, ans.Handoff.State)
		require.Equal(t, "met", w.relayStandings()[eastGroup])
		require.NotEqual(t, "met", w.relayStandings()[eastParty])
		ans = w.forwarded(eastKeeper, schedule.Word{Handoff: h.ID, Done: 2, All: 2})
		require.Equal(t, schedule.HandoffDone, ans.Handoff.State)
		require.Equal(t, "met", w.relayStandings()[eastParty])
		_, err := w.office.Forwarded(w.ctx, w.actor(eastKeeper), schedule.Word{Handoff: h.ID, Done: 3, All: 2}, w.now)
		require.Error(t, err)
		w.sound()
	})
	t.Run("hop 2 without a tag: the hop above speaks for it, and 撤销 takes it all back", func(t *testing.T) {
		w := relayWorld(t, func(w *world) { w.first = untagged(w.first, eastKeeper, westKeeper) })
		h := w.handoffs(townHead)[0]
		w.forwarded(townHead, schedule.Word{Handoff: h.ID})
		require.Equal(t, map[int64]string{eastGroup: "met", westGroup: "met", eastParty: "met"}, w.relayStandings())
		_, err := w.office.UndoForward(w.ctx, w.actor(townHead), h.ID, w.now)
		require.NoError(t, err)
		for g, s := range w.relayStandings() {
			require.NotEqual(t, "met", s, "%d: the word it stood on has been taken back", g)
		}
		w.sound()
	})
	t.Run("late after lapsing is late, not met", func(t *testing.T) {
		w := relayWorld(t)
		w.forwarded(townHead, schedule.Word{})
		w.run("2026-11-04 09:00")
		require.Equal(t, []string{"2026-11-03 lapsed"}, w.log(westGroup))
		require.Equal(t, "behind keeper", w.relayStandings()[westGroup])
		ans := w.forwarded(westKeeper, schedule.Word{Handoff: w.handoffs(westKeeper)[0].ID})
		require.True(t, ans.Late)
		require.Equal(t, "late", w.relayStandings()[westGroup])
		require.NotContains(t, w.stuck(), "群12")
		row := w.row("西村", schedule.Query{})
		require.Equal(t, []int{1, 0, 1, 0}, []int{row.Owed, row.Met, row.Late, row.Behind})
		w.sound()
	})
	t.Run("a relay is owed per push, in the week it started, and once", func(t *testing.T) {
		w := relayWorld(t)
		require.NoError(t, w.db.PutJobs(w.ctx, []schedule.Job{{Key: "again", Kind: "start", Ref: w.of(westGroup)[0].Push, At: w.now}}))
		w.run("2026-11-03 09:30")
		require.Len(t, w.owed(westGroup, "relay"), 1)
		require.Equal(t, "2026-W45", w.owed(westGroup, "relay")[0].Period.Key)
		w.run("2026-11-20 12:00")
		require.Len(t, w.owed(westGroup, "relay"), 1, "no push, no debt")
		w.sound()
	})
}

// untagged takes the tags of persons away: they cannot speak in chat.
func untagged(r *roster.Roster, ids ...int64) *roster.Roster {
	persons := append([]roster.Person{}, r.Persons...)
	for i := range persons {
		for _, id := range ids {
			if persons[i].ID == id {
				persons[i].Tag = ""
			}
		}
	}
	return roster.New(r.Units, r.Groups, persons)
}

// TestRelay_withinFromReadable: `within` runs from when the hop's pack is
// readable, not from when the office queued the push.
func TestRelay_withinFromReadable(t *testing.T) {
	t.Parallel()
	t.Run("the message could only be sent at noon", func(t *testing.T) {
		r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind = "网格群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r), func(w *world) { w.settings.Slots = nil })
		w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
		w.run("2026-11-03 09:00")
		w.answer = func(m schedule.Outgoing) error {
			if w.now.Before(w.at("2026-11-03 12:30")) {
				return &schedule.SendError{Next: schedule.RetryLater, Err: errors.New("refused")}
			}
			return nil
		}
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:网格群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 15:00")
		require.Equal(t, "on_pace", strings.ReplaceAll(w.standingOf(westGroup, "relay"), "at_risk", "on_pace"), "readable since 12:30: there is time until 16:30")
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, "met", w.standingOf(westGroup, "relay"))
		w.sound()
	})
	t.Run("what the bot missed is handed with the keeper's own hours", func(t *testing.T) {
		r := with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Kind = "网格群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r), func(w *world) { w.settings.Slots = nil })
		w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
		w.run("2026-11-03 09:00")
		w.blind[eastGroup] = true
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:网格群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 14:30") // handed at 11:30, readable then, due at 15:30
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(eastGroup))
		w.forwarded(eastKeeper, schedule.Word{})
		require.Equal(t, "met", w.relayStandings()[eastGroup], "answered three hours after it was readable")
		w.sound()
	})
}

func TestRelay_lateTownFreshVillage(t *testing.T) {
	t.Parallel()
	// The town passes it on in the next week; the village forwards within the
	// hour. That last week's quota is short too must not cost it the relay.
	w := relayWorld(t)
	w.adoptPlan(quotaPlan("网格群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-09 09:00")
	w.forwarded(townHead, schedule.Word{Handoff: w.handoffs(townHead)[0].ID})
	w.run("2026-11-09 10:00")
	for _, h := range w.handoffs(westKeeper) {
		w.forwarded(westKeeper, schedule.Word{Handoff: h.ID})
	}
	w.run("2026-11-12 10:00")
	require.NotContains(t, w.relayStandings()[westGroup], "behind", "an hour after it was readable")
	w.sound()
}

func TestWords(t *testing.T) {
	t.Parallel()
	asked := func(t *testing.T, r *roster.Roster) (*world, schedule.Handoff) {
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 10:00")
		return w, w.handoffs(westKeeper)[0]
	}
	t.Run("撤销 takes the credit back, and once more 已转 gives it again", func(t *testing.T) {
		w, h := asked(t, only(westGroup))
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, 1, w.owed(westGroup, "weekly-push")[1].Credits)
		_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: h.ID}, w.now)
		require.ErrorIs(t, err, schedule.ErrState, "said twice counts once")
		_, err = w.office.UndoForward(w.ctx, w.actor(westKeeper), 0, w.now)
		require.NoError(t, err)
		require.Equal(t, 0, w.owed(westGroup, "weekly-push")[1].Credits)
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, 1, w.owed(westGroup, "weekly-push")[1].Credits)
		w.sound()
	})
	t.Run("转不了 because the group is gone is the group's cause, not the keeper's", func(t *testing.T) {
		w, h := asked(t, only(westGroup))
		_, err := w.office.CannotForward(w.ctx, w.actor(westKeeper), h.ID, "群解散了", w.now)
		require.NoError(t, err)
		_, err = w.office.CannotForward(w.ctx, w.actor(westKeeper), h.ID, "群解散了", w.now)
		require.Error(t, err)
		w.run("2026-11-06 10:00")
		for _, o := range w.handoffs(westKeeper, schedule.HandoffOpen) {
			_, err := w.office.CannotForward(w.ctx, w.actor(westKeeper), o.ID, "群解散了", w.now)
			require.NoError(t, err)
		}
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(westGroup, "weekly-push"), "2026-W45 behind group")
		w.sound()
	})
	t.Run("another keeper may not answer, the office may, a stranger to it may not", func(t *testing.T) {
		w, h := asked(t, townRoster())
		_, err := w.office.Forwarded(w.ctx, w.actor(eastKeeper), schedule.Word{Handoff: h.ID}, w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
		_, err = w.office.Forwarded(w.ctx, w.actor(clerkA), schedule.Word{Handoff: h.ID}, w.now)
		require.NoError(t, err)
		w.sound()
	})
	t.Run("a day before they were asked credits no earlier week", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)), func(w *world) { w.off = true })
		w.adopt("11", 2026, nil)
		w.run("2026-11-10 12:00")
		asked := w.of(westGroup)[2]
		require.Equal(t, "2026-11-10", asked.Day.String())
		_, err := w.office.ReadTicks(w.ctx, operator, []schedule.Tick{{Row: 2, ID: asked.ID, Done: true, Day: calendar.MustDate("2026-11-05")}}, w.now)
		if err == nil { // refused or clamped, but never last week's credit
			require.Zero(t, w.owed(westGroup, "weekly-push")[1].Credits, "W45: it was only asked for on the 10th")
		}
		w.sound()
	})
	t.Run("two said on one day before they were asked count as one day", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-06 10:00")
		hs := w.handoffs(westKeeper)
		require.Len(t, hs, 2)
		w.forwarded(westKeeper, schedule.Word{Handoff: hs[0].ID}) // now, Friday
		_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: hs[1].ID, Day: calendar.MustDate("2026-11-04")}, w.now)
		require.ErrorIs(t, err, schedule.ErrInput, "nobody forwards on Wednesday what was handed to them on Friday")
		w.forwarded(westKeeper, schedule.Word{Handoff: hs[1].ID})
		require.Equal(t, 1, w.owed(westGroup, "weekly-push")[1].Credits, "asked on Friday: both are of Friday")
		w.sound()
	})
	t.Run("a day to come is refused", func(t *testing.T) {
		w, h := asked(t, only(westGroup))
		_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: h.ID, Day: calendar.MustDate("2026-11-04")}, w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
	})
	t.Run("a late word fills last week only, until the end of this one", func(t *testing.T) {
		w, h := asked(t, only(westGroup))
		w.run("2026-11-10 10:00")
		w.forwarded(westKeeper, schedule.Word{Handoff: h.ID})
		friday := w.handoffs(westKeeper, schedule.HandoffLapsed)[0]
		owed := w.owed(westGroup, "weekly-push")
		require.Equal(t, []int{0, 1, 0}, []int{owed[1].Credits, owed[1].Makeups, owed[2].Credits}, "it names last week and credits only that")
		w.run("2026-11-16 10:00")
		w.forwarded(westKeeper, schedule.Word{Handoff: friday.ID})
		require.Equal(t, 1, w.owed(westGroup, "weekly-push")[1].Makeups, "the week after is too late")
		require.Contains(t, w.standings(westGroup, "weekly-push"), "2026-W45 behind keeper")
		w.sound()
	})
	t.Run("收到 stops the reminders of the day, and is no credit", func(t *testing.T) {
		w, _ := asked(t, only(westGroup))
		n, err := w.office.Acknowledge(w.ctx, w.actor(westKeeper), w.now)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		w.run("2026-11-03 20:00")
		require.Empty(t, w.told(westKeeper, "【提醒"))
		require.Equal(t, 0, w.owed(westGroup, "weekly-push")[1].Credits)
		w.sound()
	})
}
