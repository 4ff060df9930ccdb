package schedule_test

import (
	"errors"
	"testing"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// This file holds what the office or the bot left undone, and that no keeper is
// the cause of it.

// TestBlame_groupsAdded: the keeper carries one group, the bot could not carry
// the other, which came to the same handoff when the window closed.
func TestBlame_groupsAdded(t *testing.T) {
	t.Parallel()
	added := func(t *testing.T) *world {
		r := with(only(eastGroup, eastParty), eastParty, func(g *roster.Group) { g.Kind = "便民群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.blind[eastGroup] = true
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-03 10:00")
		w.forwarded(eastKeeper, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(eastParty))
		return w
	}
	t.Run("it is asked for anew, saying what is done", func(t *testing.T) {
		w := added(t)
		w.run("2026-11-03 12:00")
		told := w.told(eastKeeper, "【待转发")
		require.Len(t, told, 2)
		require.NotContains(t, told[0].text, "群11")
		require.Contains(t, told[1].text, "群11")
		require.Contains(t, told[1].text, "群14（已转）")
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 behind keeper", "told on Tuesday at 11:30, silent")
		require.Contains(t, w.standings(eastParty, "push"), "2026-W45 met")
		w.sound()
	})
	t.Run("one who was never told of it is not the cause", func(t *testing.T) {
		w := added(t)
		w.online = false
		w.run("2026-11-09 12:00")
		require.Equal(t, []string{"2026-11-03 lapsed"}, w.log(eastGroup))
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 behind office")
		w.sound()
	})
	t.Run("one who was told of it on Friday afternoon is not the cause", func(t *testing.T) {
		w := added(t)
		w.answer = func(m schedule.Outgoing) error {
			if w.now.Before(w.at("2026-11-06 14:00")) {
				return &schedule.SendError{Next: schedule.RetryLater, Err: errors.New("refused")}
			}
			return nil
		}
		w.run("2026-11-09 12:00")
		require.Len(t, w.told(eastKeeper, "【待转发"), 2)
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 behind office", "three hours and a half")
		w.sound()
	})
}

// TestCancel_handed: the office takes back what some have been asked to forward.
func TestCancel_handed(t *testing.T) {
	t.Parallel()
	cancel := func(w *world) {
		require.NoError(w.t, w.office.CancelPush(w.ctx, w.actor(clerkB), w.of(westGroup)[0].Push, w.now))
	}
	t.Run("nobody is the cause of what the office took back, nor reminded of it", func(t *testing.T) {
		w := relayWorld(t)
		w.forwarded(townHead, schedule.Word{})
		w.run("2026-11-03 09:20")
		require.Len(t, w.told(westKeeper, "【待转发"), 1)
		cancel(w)
		w.run("2026-11-05 12:00")
		require.Equal(t, map[int64]string{eastGroup: "behind office", westGroup: "behind office", eastParty: "behind office"}, w.relayStandings())
		require.Empty(t, w.told(westKeeper, "【提醒"))
		w.sound()
	})
	t.Run("nor is anybody asked for it any more", func(t *testing.T) {
		w := relayWorld(t)
		cancel(w)
		w.forwarded(townHead, schedule.Word{})
		w.run("2026-11-05 12:00")
		require.Empty(t, w.told(westKeeper, ""), "the town passed it on all the same")
		w.sound()
	})
	t.Run("nor is what was still to be said to them", func(t *testing.T) {
		refused := func(schedule.Outgoing) error {
			return &schedule.SendError{Next: schedule.RetryLater, Err: errors.New("refused")}
		}
		w := relayWorld(t, func(w *world) { w.answer = refused })
		cancel(w)
		w.answer = nil
		w.run("2026-11-05 12:00")
		require.Empty(t, w.told(townHead, ""))
		w.sound()
	})
}

// TestBlame_acknowledged: 收到 is about what has been put before its person, and
// says of nothing else that it lies with them.
func TestBlame_acknowledged(t *testing.T) {
	t.Parallel()
	friday := func(t *testing.T, next schedule.NextAction, lost func(schedule.Outgoing) bool) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-06 08:59") // Tuesday's lies with its keeper
		w.answer = func(m schedule.Outgoing) error {
			if lost(m) {
				return &schedule.SendError{Next: next, Err: errors.New("no answer")}
			}
			return nil
		}
		w.run("2026-11-06 10:00")
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 2)
		return w
	}
	received := func(w *world) int {
		n, err := w.office.Acknowledge(w.ctx, w.actor(westKeeper), w.now)
		require.NoError(w.t, err)
		return n
	}
	everything := func(schedule.Outgoing) bool { return true }
	pictures := func(m schedule.Outgoing) bool { return m.Part.Kind == content.Picture }
	week := func(w *world) string {
		w.run("2026-11-09 12:00")
		w.sound()
		return w.standings(westGroup, "weekly-push")[1]
	}
	t.Run("a pack of which no word has come is not received", func(t *testing.T) {
		w := friday(t, schedule.RetryLater, everything)
		require.Equal(t, 1, received(w), "Tuesday's")
		require.Equal(t, "2026-W45 behind office", week(w))
	})
	t.Run("a pack whose picture has not come is received, and cannot be forwarded", func(t *testing.T) {
		w := friday(t, schedule.RetryLater, pictures)
		require.Equal(t, 2, received(w))
		require.Equal(t, "2026-W45 behind office", week(w))
	})
	t.Run("a pack whose picture may have come, has come by that word", func(t *testing.T) {
		w := friday(t, schedule.AskSomebody, pictures)
		require.Equal(t, 2, received(w))
		require.Equal(t, "2026-W45 behind keeper", week(w))
	})
	t.Run("without that word nobody knows that it has", func(t *testing.T) {
		require.Equal(t, "2026-W45 behind office", week(friday(t, schedule.AskSomebody, pictures)))
	})
}

// TestBlame_grade: who met it by their own word has left nothing undone; that
// nobody proved it better is the office's.
func TestBlame_grade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 10:00")
	w.forwarded(westKeeper, schedule.Word{})
	w.run("2026-11-04 10:00")
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i11", To: "all"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-09 12:00")
	require.Equal(t, []string{"2026-11-03 reported", "2026-11-04 lapsed"}, w.log(westGroup), "one more than was owed")
	for grade, want := range map[coverage.Grade][]int{coverage.Reported: {1, 0, 0}, coverage.Accepted: {0, 0, 1}, coverage.Confirmed: {0, 0, 1}} {
		row := w.row("西村", schedule.Query{Period: "2026-W45", Grade: grade})
		require.Equal(t, want, []int{row.Met, row.BehindKeeper, row.BehindOffice}, grade)
	}
	row := w.row("西村", schedule.Query{Period: "2026-W46", Grade: coverage.Accepted})
	require.Zero(t, row.BehindKeeper)
	w.run("2026-11-16 12:00")
	row = w.row("西村", schedule.Query{Period: "2026-W46", Grade: coverage.Accepted})
	require.Equal(t, 1, row.BehindKeeper, "silent altogether: the keeper's at every grade")
	w.sound()
}

// TestGivenPack: the day on which the office gave the pack, as its sheet says,
// decides who had how long, whenever the sheet is read.
func TestGivenPack(t *testing.T) {
	t.Parallel()
	day := calendar.MustDate
	read := func(w *world, tick schedule.Tick) {
		tick.Row, tick.ID = 2, w.of(westGroup)[0].ID
		_, err := w.office.ReadTicks(w.ctx, operator, []schedule.Tick{tick}, w.now)
		require.NoError(w.t, err)
	}
	off := func(w *world) { w.off = true }
	t.Run("a sheet mended after the flag is up mends its cause", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)), off)
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-09 12:00")
		for _, c := range [][2]string{{"2026-11-03", "keeper"}, {"2026-11-06", "office"}, {"2026-11-03", "keeper"}} {
			read(w, schedule.Tick{Given: day(c[0])})
			require.Contains(t, w.standings(westGroup, "push"), "2026-W45 behind "+c[1], "given on "+c[0])
		}
		w.sound()
	})
	relay := func(t *testing.T) *world {
		r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind = "网格群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r), off, func(w *world) { w.settings.Slots = nil })
		w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
		w.run("2026-11-03 09:00")
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-06 09:00")
		require.Equal(t, "behind", w.standingOf(westGroup, "relay"))
		return w
	}
	t.Run("a relay's hours run from then: forwarded within them it is met", func(t *testing.T) {
		w := relay(t)
		read(w, schedule.Tick{Given: day("2026-11-04"), Done: true, Day: day("2026-11-05")})
		require.Equal(t, "met", w.standingOf(westGroup, "relay"), "until Thursday at 12:30")
		require.Empty(t, w.stuck())
		w.sound()
	})
	t.Run("forwarded after them it is late, silent it is the keeper's", func(t *testing.T) {
		w := relay(t)
		read(w, schedule.Tick{Given: day("2026-11-04")})
		require.Equal(t, map[int64]string{westGroup: "behind keeper"}, w.relayStandings())
		read(w, schedule.Tick{Given: day("2026-11-04"), Done: true, Day: day("2026-11-06")})
		require.Equal(t, "late", w.standingOf(westGroup, "relay"))
		w.sound()
	})
	t.Run("while they run nobody is behind", func(t *testing.T) {
		w := relay(t)
		read(w, schedule.Tick{Given: day("2026-11-05")})
		require.NotContains(t, w.standingOf(westGroup, "relay"), "behind", "until Friday at 12:30")
		w.run("2026-11-06 13:00")
		require.Equal(t, map[int64]string{westGroup: "behind keeper"}, w.relayStandings())
		w.sound()
	})
}
