package schedule_test

import (
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/coverage"

	"github.com/stretchr/testify/require"
)

// TestBlame_deaf: while nobody is logged in, or a login may be dead, no answer
// can be heard, and none that was given comes later. Those hours count against
// nobody, as those do in which the PC is off.
func TestBlame_deaf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, off string
		harm      func(*world)
		cause     coverage.Cause
	}{
		{"offline", "2026-11-06 11:00", func(w *world) { w.online = false }, coverage.ByOffice},
		{"offline over a restart", "2026-11-06 11:00", func(w *world) { w.online = false; w.restart() }, coverage.ByOffice},
		{"in doubt", "2026-11-06 11:00", func(w *world) { w.instead = schedule.AccountSuspect }, coverage.ByOffice},
		{"a code waits", "2026-11-06 11:00", func(w *world) { w.instead = schedule.AccountNeedsScan }, coverage.ByOffice},
		{"restricted", "2026-11-06 11:00", func(w *world) { w.instead = schedule.AccountBarred }, coverage.ByOffice},
		{"held hears", "2026-11-06 11:00", func(w *world) { w.instead = schedule.AccountHeld }, coverage.ByKeeper},
		{"after seven hours readable, and heard", "2026-11-06 16:00", func(w *world) { w.online = false }, coverage.ByKeeper},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
			w.adopt("11", 2026, nil)
			w.run("2026-11-03 12:00")
			w.forwarded(westKeeper, schedule.Word{})
			w.run(c.off)
			c.harm(w)
			w.run("2026-11-09 09:00")
			w.online, w.instead = true, ""
			w.run("2026-11-09 12:00")
			require.Equal(t, "2026-W45 behind "+string(c.cause), w.standings(westGroup, "weekly-push")[1])
			w.sound()
		})
	}
}

// TestDoubt_pack: what was handed out while the login was in doubt is put before
// its person once it is not, though it is the same login.
func TestDoubt_pack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 08:50")
	w.instead = schedule.AccountSuspect
	w.run("2026-11-03 10:00")
	hs := w.handoffs(westKeeper, schedule.HandoffOpen)
	require.Len(t, hs, 1)
	require.True(t, hs[0].ReadableAt.IsZero())
	w.instead = ""
	w.run("2026-11-03 10:10")
	require.False(t, w.handoffs(westKeeper, schedule.HandoffOpen)[0].ReadableAt.IsZero())
}
