package schedule_test

import (
	"errors"
	"fmt"
	"testing"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestOutage(t *testing.T) {
	t.Parallel()
	begun := func(t *testing.T, r *roster.Roster) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adopt("11", 2026, nil)
		w.run("2026-11-02 18:00")
		return w
	}
	t.Run("switched on inside the window, the bot catches up", func(t *testing.T) {
		w := begun(t, townRoster())
		w.sleep("2026-11-03 11:00")
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		w.sound()
	})
	t.Run("switched on after the window, people carry it the same day", func(t *testing.T) {
		w := begun(t, townRoster())
		w.sleep("2026-11-03 14:00")
		w.run("2026-11-03 15:00")
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(eastGroup))
		require.Len(t, w.told(eastKeeper, "【待转发"), 1)
		require.Zero(t, w.got(eastGroup), "a delivery once handed never returns to the bot")
		w.run("2026-11-09 12:00")
		require.Equal(t, 2, w.got(eastGroup), "Friday only")
		w.sound()
	})
	t.Run("switched on at night, nobody is woken", func(t *testing.T) {
		w := begun(t, townRoster())
		w.sleep("2026-11-03 22:30")
		w.run("2026-11-04 12:00")
		require.Zero(t, w.got(eastGroup))
		told := w.told(eastKeeper, "【待转发")
		require.NotEmpty(t, told)
		require.Equal(t, w.at("2026-11-04 08:00").UTC(), told[0].at)
		w.sound()
	})
	t.Run("off over Friday and the weekend, no village is to blame", func(t *testing.T) {
		w := begun(t, townRoster())
		w.run("2026-11-03 12:00")
		w.forwarded(westKeeper, schedule.Word{})
		w.sleep("2026-11-09 09:00")
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(eastGroup, "weekly-push"), "2026-W45 behind office")
		require.Contains(t, w.standings(westGroup, "weekly-push"), "2026-W45 behind office")
		require.Empty(t, w.handoffs(westKeeper, schedule.HandoffOpen), "last week's news is not handed out")
		w.sound()
	})
	t.Run("off for two weeks, no old news and no village to blame", func(t *testing.T) {
		w := begun(t, townRoster())
		w.adoptPlan(quotaPlan("家长群", 1, calendar.Month), 2026, nil) // still owed by another group
		w.sleep("2026-11-16 09:00")
		w.run("2026-11-16 12:00")
		row := w.row("永宁镇", schedule.Query{Period: "2026-11"})
		require.Zero(t, row.BehindKeeper)
		require.Equal(t, 6, row.BehindOffice, "three groups, two weeks")
		require.Empty(t, w.told(westKeeper, "【待转发"), "what only served weeks that are over is not handed out")
		require.Empty(t, w.told(eastKeeper, "【待转发"))
		w.sound()
	})
	t.Run("a restart in mid-window sends nothing twice", func(t *testing.T) {
		w := begun(t, townRoster())
		w.run("2026-11-03 09:00")
		for range 3 {
			w.restart()
			w.run("2026-11-03 09:00")
		}
		w.run("2026-11-03 12:00")
		require.Equal(t, 2, w.got(eastGroup))
		w.sound()
	})
	t.Run("an unproved send is neither credit nor resent, and nobody is blamed", func(t *testing.T) {
		w := begun(t, only(eastGroup))
		w.answer = func(m schedule.Outgoing) error {
			if m.Group != 0 && m.Part.Kind == content.Picture { // the last of its messages
				return &schedule.SendError{Next: schedule.AskSomebody, Err: errors.New("timeout")}
			}
			return nil
		}
		w.run("2026-11-09 12:00")
		require.Equal(t, []string{"2026-11-03 uncertain", "2026-11-06 uncertain"}, w.log(eastGroup))
		require.Equal(t, "2026-W45 behind office", w.standings(eastGroup, "weekly-push")[1])
		for _, d := range w.of(eastGroup) {
			require.NoError(t, w.office.Settle(w.ctx, operator, d.ID, true, w.now, w.now))
		}
		require.Equal(t, "2026-W45 met", w.standings(eastGroup, "weekly-push")[1], "seen: it counts on the day it was tried")
		w.sound()
	})
	t.Run("half of it seen is not all of it: the rest goes on, and only then it counts", func(t *testing.T) {
		w := begun(t, only(eastGroup))
		lost := false
		w.answer = func(m schedule.Outgoing) error {
			if m.Group != 0 && m.Part.Kind == content.Text && !lost {
				lost = true
				return &schedule.SendError{Next: schedule.AskSomebody, Err: errors.New("timeout")}
			}
			return nil
		}
		w.run("2026-11-03 10:00")
		d := w.of(eastGroup)[0]
		require.Equal(t, schedule.Uncertain, d.State)
		require.Equal(t, 0, w.got(eastGroup))
		require.NoError(t, w.office.Settle(w.ctx, operator, d.ID, true, w.now, w.now))
		w.run("2026-11-03 10:10")
		require.Equal(t, 1, w.got(eastGroup), "the picture only: the text had been seen")
		require.Equal(t, schedule.Accepted, w.of(eastGroup)[0].State)
		w.sound()
	})
}

// TestBlame_outage: a village is never blamed for the bot's outage.
func TestBlame_outage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		harm func(*world)
	}{
		{"the account is offline all week", func(w *world) { w.online = false }},
		{"the account cannot reach the keepers", func(w *world) {
			w.deaf = map[int64]bool{eastKeeper: true, westKeeper: true, teacher: true, townHead: true}
		}},
		{"every send to a person is refused", func(w *world) {
			w.answer = func(m schedule.Outgoing) error {
				if m.Person != 0 {
					return &schedule.SendError{Next: schedule.RetryLater, Err: errors.New("refused")}
				}
				return &schedule.SendError{Next: schedule.HoldGroup, Err: errors.New("no room")}
			}
		}},
		{"[wechat] is off and nobody fetched the pack", func(w *world) { w.off = true }},
		{"stopped by 停发 all week", func(w *world) { require.NoError(w.t, w.office.Halt(w.ctx, operator, w.now)) }},
		{"the library is empty", func(w *world) {
			for i := range 12 {
				require.NoError(w.t, w.office.RetireItem(w.ctx, operator, fmt.Sprintf("i%02d", i), w.now))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00")
			w.adopt("11", 2026, nil)
			c.harm(w)
			w.run("2026-11-09 12:00")
			for _, g := range []int64{eastGroup, westGroup, eastParty} {
				for _, o := range w.owed(g, "weekly-push") {
					require.NotEqual(t, coverage.ByKeeper, o.Cause, "%d %s", g, o.Period.Key)
				}
			}
			row := w.row("永宁镇", schedule.Query{Period: "2026-11"})
			require.Zero(t, row.BehindKeeper)
			require.Equal(t, row.Behind, row.BehindOffice)
			require.NotZero(t, row.BehindOffice)
			w.sound()
		})
	}
}

func TestBlame_keeper(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 12:00")
	require.Equal(t, "2026-W45 behind keeper", w.standings(westGroup, "weekly-push")[1], "asked on Tuesday and on Friday, silent")
	rows, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "西村干部", rows[0].Keeper)
	require.Contains(t, rows[0].Quote, "每周至少推送")
	w.sound()
}

func TestBlame_lateFriday(t *testing.T) {
	t.Parallel()
	// Friday's pack becomes readable at 14:00, three and a half working hours
	// before the week ends; Tuesday's was answered.
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 12:00")
	w.forwarded(westKeeper, schedule.Word{})
	w.run("2026-11-05 18:00")
	w.sleep("2026-11-06 14:00")
	w.run("2026-11-09 12:00")
	require.Equal(t, "2026-W45 behind office", w.standings(westGroup, "weekly-push")[1])
	w.sound()
}

// TestBlame_otherPack: words that could not have met the duty are no reason to
// blame the keeper who did not pass them on.
func TestBlame_otherPack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.item("plain", nil, false)
	w.adopt("11", 2026, nil)
	for i := range 12 {
		require.NoError(t, w.office.RetireItem(w.ctx, operator, fmt.Sprintf("i%02d", i), w.now))
	}
	w.run("2026-11-02 10:00")
	for range 2 {
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "plain", To: "all"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 10:00")
	}
	w.run("2026-11-09 12:00")
	require.Equal(t, "2026-W45 behind content", w.standings(westGroup, "weekly-push")[1], "%v", w.log(westGroup))
	w.sound()
}

func TestNotices_backAtNight(t *testing.T) {
	t.Parallel()
	for back, told := range map[string]bool{"2026-11-03 23:30": true, "2026-11-07 10:00": false} { // at night; on a Saturday
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
			w.adopt("11", 2026, nil)
			w.run("2026-11-03 08:59")
			w.answer = func(m schedule.Outgoing) error { // asked by day, but the account fell silent
				w.online = false
				return &schedule.SendError{Next: schedule.AwaitSession, Err: errors.New("1101")}
			}
			w.run(back)
			w.online, w.answer = true, nil
			w.run("2026-11-09 12:00")
			require.Equal(t, told, len(w.told(westKeeper, "防骗")) > 0, "after the weekend the week is over")
			if !told {
				require.Contains(t, w.standings(westGroup, "weekly-push"), "2026-W45 behind office")
			}
			w.sound()
		})
	}
}

func TestHalt(t *testing.T) {
	t.Parallel()
	t.Run("nothing leaves while stopped, and what was missed does not hide the debt", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Kind = "试验群" })))
		w.adoptPlan(quotaPlan("试验群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-03 08:00")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		w.run("2026-11-04 09:00")
		require.Zero(t, w.got(eastGroup))
		require.Equal(t, []string{"2026-11-03 missed"}, w.log(eastGroup))
		at, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.Equal(t, w.at("2026-11-04 09:30"), at)
		w.run("2026-11-04 09:29")
		halted, _, err := w.db.Halted(w.ctx)
		require.NoError(t, err)
		require.True(t, halted)
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 met", "%v", w.log(eastGroup))
		w.sound()
	})
	t.Run("two persons resume at once", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:30")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		_, err = w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		halted, _, err := w.db.Halted(w.ctx)
		require.NoError(t, err)
		require.True(t, halted, "one person twice is one person")
		at, err := w.office.Resume(w.ctx, w.actor(clerkB), w.now)
		require.NoError(t, err)
		require.Equal(t, w.now, at)
	})
	t.Run("停发 said again outlives a delay that was running", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:30")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		w.run("2026-11-03 08:45")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkB), w.now))
		w.run("2026-11-03 12:00")
		halted, _, err := w.db.Halted(w.ctx)
		require.NoError(t, err)
		require.True(t, halted)
		w.sound()
	})
	t.Run("a cadre may neither stop nor resume", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:30")
		require.ErrorIs(t, w.office.Halt(w.ctx, w.actor(eastKeeper), w.now), schedule.ErrDenied)
		_, err := w.office.Resume(w.ctx, w.actor(eastKeeper), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
	t.Run("resumed inside the window, people are asked before it closes", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 08:00")
		require.NoError(t, w.office.Halt(w.ctx, operator, w.now))
		w.run("2026-11-03 09:30")
		_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		w.sound()
	})
}
