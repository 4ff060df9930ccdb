package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"

	"github.com/stretchr/testify/require"
)

// slots lists the occasions on record, "2026-11-03 fired".
func (w *world) slots() []string {
	w.t.Helper()
	from, to := w.cal.Today(w.now).AddDays(-30), w.cal.Today(w.now).AddDays(30)
	all, err := w.office.Occasions(w.ctx, operator, from, to)
	require.NoError(w.t, err)
	var out []string
	for _, o := range all {
		out = append(out, fmt.Sprintf("%s %s", o.Day, o.Outcome))
		require.Equal(w.t, o.Outcome == schedule.SlotPlanned, o.SettledAt.IsZero())
	}
	return out
}

func (w *world) missedLines() []string {
	lines, err := w.office.MissedLines(w.ctx, operator, 7, w.now)
	require.NoError(w.t, err)
	return lines
}

// TestSlots: every slot of every day ends in exactly one outcome, visible to
// the office.
func TestSlots(t *testing.T) {
	t.Parallel()
	begun := func(t *testing.T) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(townRoster()))
		w.adopt("11", 2026, nil)
		w.run("2026-11-02 18:00")
		return w
	}
	t.Run("fired, and planned until its window is over", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 11:29")
		require.Equal(t, []string{"2026-11-03 planned"}, w.slots())
		w.run("2026-11-03 11:30")
		require.Equal(t, []string{"2026-11-03 fired"}, w.slots())
		require.Empty(t, w.missedLines())
	})
	t.Run("power cut at 08:59, back at 11:29: caught up inside the window", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 08:59")
		w.sleep("2026-11-03 11:29")
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 fired"}, w.slots())
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		require.Empty(t, w.missedLines(), "people too were asked inside the window")
		w.sound()
	})
	t.Run("back at 11:31: missed, told, handed the same day", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 08:59")
		w.sleep("2026-11-03 11:31")
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 missed"}, w.slots())
		require.Equal(t, []string{"11月3日 常规：电脑关了或睡着了，错过了 3 个群，都已转给负责人"}, w.missedLines())
		require.Zero(t, w.got(eastGroup))
		text, err := w.office.DigestText(w.ctx, operator, w.now)
		require.NoError(t, err)
		require.Contains(t, text, "电脑关了或睡着了")
		w.sound()
	})
	t.Run("back next Monday: every slot has one outcome, nothing is sent, no village is behind by its own fault", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 08:59")
		w.sleep("2026-11-09 08:40")
		w.run("2026-11-09 12:00")
		require.Equal(t, []string{"2026-11-03 missed", "2026-11-06 missed"}, w.slots())
		require.Len(t, w.missedLines(), 2)
		require.Zero(t, w.got(eastGroup))
		require.Zero(t, w.row("永宁镇", schedule.Query{Period: "2026-11"}).BehindKeeper)
		w.sound()
	})
	t.Run("the account away is said as such, and 停发 is nobody's miss", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.online = false
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 fired"}, w.slots(), "what people carry was handed in time")
		require.Contains(t, w.missedLines()[0], "时段内机器人不在线，3 个群里错过了")
		require.NoError(t, w.office.Halt(w.ctx, operator, w.now))
		w.run("2026-11-06 12:00")
		require.Equal(t, "2026-11-06 cancelled", w.slots()[1])
	})
	t.Run("nothing owed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "2026-11-02 12:00")
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 cancelled"}, w.slots())
		require.Empty(t, w.missedLines())
	})
	t.Run("no item fits, and that is told", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		for i := range 12 {
			require.NoError(t, w.office.RetireItem(w.ctx, operator, fmt.Sprintf("i%02d", i), w.now))
		}
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 cancelled"}, w.slots())
		require.Contains(t, w.missedLines()[0], "没有合适的素材")
	})
	t.Run("an outcome never changes", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 12:00")
		day := calendar.NewDate(2026, time.November, 3)
		require.ErrorIs(t, w.db.SettleSlot(w.ctx, schedule.Occasion{Day: day, Slot: "常规", Outcome: schedule.SlotMissed}, w.now), schedule.ErrStale)
		for range 3 {
			w.restart()
			w.run("2026-11-03 12:00")
		}
		require.Equal(t, []string{"2026-11-03 fired"}, w.slots())
	})
}

// TestBlame_away: the hours in which the PC was off count against nobody. A
// pack that lay readable two hours, before the PC went off for the rest of the
// week, is no reason to blame its keeper, who may have answered to nobody.
func TestBlame_away(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		off, back string
		cause     coverage.Cause
	}{
		{"2026-11-06 11:00", "2026-11-09 09:00", coverage.ByOffice},
		{"2026-11-06 16:00", "2026-11-09 09:00", coverage.ByKeeper}, // seven hours readable, and heard
		{"2026-11-06 17:40", "2026-11-09 08:00", coverage.ByKeeper}, // off at night and at the weekend, as every week
	} {
		t.Run(c.off, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
			w.adopt("11", 2026, nil)
			w.run("2026-11-03 12:00")
			w.forwarded(westKeeper, schedule.Word{})
			w.run(c.off)
			w.sleep(c.back)
			w.run("2026-11-09 12:00")
			require.Equal(t, "2026-W45 behind "+string(c.cause), w.standings(westGroup, "weekly-push")[1])
			w.sound()
		})
	}
}

// TestClock: nothing is done by a clock that cannot be right.
func TestClock(t *testing.T) {
	t.Parallel()
	trouble := func(w *world) string {
		c, err := w.office.Clock(w.ctx)
		require.NoError(w.t, err)
		require.Equal(w.t, c.Kind == "", w.office.ClockLine(c) == "")
		return c.Kind
	}
	begun := func(t *testing.T) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 08:59")
		return w
	}
	t.Run("set back: nothing is sent until it is set right, then everything goes on", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.run("2026-11-03 09:00")
		require.Equal(t, 2, w.got(eastGroup))
		sent := len(w.received)
		w.now = w.at("2026-10-27 09:00") // a Tuesday too
		w.run("2026-10-27 11:00")
		require.Len(t, w.received, sent)
		require.Equal(t, schedule.ClockBehind, trouble(w))
		w.sleep("2026-10-27 11:00") // nor after a restart
		w.run("2026-10-30 12:00")
		require.Len(t, w.received, sent)
		w.now = w.at("2026-11-03 10:00")
		w.run("2026-11-06 09:00")
		require.Empty(t, trouble(w))
		require.Equal(t, 4, w.got(eastGroup))
		w.sound()
	})
	for _, first := range []string{"restarted", "seen by the running daemon"} {
		t.Run("what is written by a wrong clock does not become the record, "+first, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
			w.adopt("11", 2026, nil)
			step := func(at string) {
				w.now = w.at(at)
				for range 100 {
					next, err := w.runner.Step(w.ctx, w.now)
					require.NoError(t, err)
					if next.After(w.now) {
						return
					}
				}
			}
			step("2026-11-03 09:00") // no minute has been kept: the messages alone are the record
			require.Equal(t, 2, w.got(eastGroup))
			if first == "restarted" {
				w.sleep("2026-11-02 09:00")
			} else {
				step("2026-11-02 09:00")
			}
			d := w.of(eastGroup)[0]
			require.NoError(t, w.db.Shift(w.ctx, operator, []schedule.Change{{ID: d.ID, From: schedule.Accepted, To: schedule.Observed}}, w.now))
			w.sleep("2026-11-02 09:30")
			step("2026-11-02 09:30")
			require.Equal(t, schedule.ClockBehind, trouble(w))
		})
	}
	t.Run("two minutes back are a correction", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.now = w.now.Add(-119 * time.Second)
		w.run("2026-11-03 09:00")
		require.Empty(t, trouble(w))
		require.Equal(t, 2, w.got(eastGroup))
	})
	t.Run("it had been set forward: a person says that it is right now", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		require.NoError(t, w.db.Beat(w.ctx, w.at("2027-11-03 09:00")))
		w.restart()
		w.run("2026-11-03 09:30")
		require.Equal(t, schedule.ClockBehind, trouble(w))
		require.Zero(t, w.got(eastGroup))
		require.ErrorIs(t, w.office.TrustClock(w.ctx, w.actor(eastKeeper), w.now), schedule.ErrDenied)
		require.NoError(t, w.office.TrustClock(w.ctx, operator, w.now))
		w.run("2026-11-03 11:00")
		require.Empty(t, trouble(w))
		require.Equal(t, 2, w.got(eastGroup))
		w.sound()
	})
	t.Run("or the service does", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		require.NoError(t, w.db.Beat(w.ctx, w.at("2027-11-03 09:00")))
		w.restart()
		w.runner.Skewed(time.Second, true)
		w.run("2026-11-03 09:30")
		require.Empty(t, trouble(w))
		require.Equal(t, 2, w.got(eastGroup))
	})
	t.Run("far from the service's: held while it is online", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.runner.Skewed(6*time.Minute, true)
		w.run("2026-11-03 09:30")
		require.Equal(t, schedule.ClockSkewed, trouble(w))
		require.Zero(t, w.got(eastGroup))
		w.runner.Skewed(-4*time.Minute, true)
		w.run("2026-11-03 10:00")
		require.Empty(t, trouble(w))
		require.Equal(t, 2, w.got(eastGroup))
		w.sound()
	})
	t.Run("an office without an account goes by its own clock", func(t *testing.T) {
		t.Parallel()
		w := begun(t)
		w.online = false
		w.runner.Skewed(6*time.Minute, true)
		w.run("2026-11-03 12:00")
		require.Empty(t, trouble(w))
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(eastGroup))
	})
}

// TestGap: a group hears two pushes ten minutes apart, if they meet in its window.
func TestGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 08:59")
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i11", To: "all", At: w.at("2026-11-03 09:00")}, w.now)
	require.NoError(t, err)
	w.sleep("2026-11-03 09:05") // both are due at once
	w.settings.PerGroupDay = 10
	w.restart()
	w.run("2026-11-03 11:00")
	var at []time.Time
	for _, r := range w.received {
		if r.group == eastGroup {
			at = append(at, r.at)
		}
	}
	require.Len(t, at, 4, "two pushes of two messages")
	require.Equal(t, at[0], at[1])
	require.Equal(t, 10*time.Minute, at[2].Sub(at[1]))
	w.sound()
}
