package schedule_test

import (
	"testing"

	"tongluo/schedule"

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
