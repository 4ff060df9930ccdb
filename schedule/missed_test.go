package schedule_test

import (
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestSlots_why: what a window left undone is explained by what lasted longest in
// it, not by how things stand when it closes.
func TestSlots_why(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, why string
		harm      func(*world)
	}{
		{"offline, and back as it closes", "时段内机器人不在线", func(w *world) {
			w.online = false
			w.run("2026-11-03 11:29")
			w.online, w.now = true, w.at("2026-11-03 11:30")
		}},
		{"resting", "微信提示操作过于频繁，账号在休息", func(w *world) {
			w.runner.Rest(w.ctx, w.at("2026-11-03 08:20"))
			w.runner.Rest(w.ctx, w.now) // the second of the day: until tomorrow
		}},
		{"paused", "接连没有发成，发送暂停着", func(w *world) {
			b := schedule.Break{Since: w.now, Until: w.at("2026-11-03 11:30"), Row: 5}
			require.NoError(t, schedule.SaveBreak(w.ctx, w.db, b))
			w.restart()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(townRoster()))
			w.adopt("11", 2026, nil)
			w.run("2026-11-03 08:55")
			c.harm(w)
			w.run("2026-11-03 12:00")
			require.Contains(t, w.missedLines()[0], c.why)
		})
	}
}

// TestSlots_open: what could not be closed for a day was not done.
func TestSlots_open(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 12:00", starting(townRoster()))
	w.online = false
	day, opens, closes := calendar.NewDate(2026, time.November, 3), w.at("2026-11-03 09:00"), w.at("2026-11-03 11:30")
	p := schedule.Push{Slot: "常规", Day: day, Item: "i01", Opens: opens, Closes: closes, State: schedule.PushRunning, CreatedAt: w.now}
	d := schedule.Delivery{Item: "i01", Slot: "常规", Day: day, Group: eastGroup, Unit: 1, Carrier: roster.ByBot, State: schedule.Queued,
		Opens: opens, Closes: closes, Due: opens, Parts: []schedule.Part{{Kind: content.Text, State: schedule.Queued}}}
	_, _, err := w.db.PlanPush(w.ctx, operator, p, []schedule.Delivery{d}, func(int64) []schedule.Job { return nil }, w.now) // a close that never comes
	require.NoError(t, err)
	w.run("2026-11-03 12:00")
	require.Equal(t, []string{"2026-11-03 planned"}, w.slots())
	w.run("2026-11-04 12:00")
	require.Equal(t, "2026-11-03 missed", w.slots()[0])
	require.Contains(t, w.missedLines(), "11月3日 常规：时段内没有排到，错过了 1 个群，没有再补（这不怪村里）")
}
