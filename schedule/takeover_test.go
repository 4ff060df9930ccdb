package schedule_test

import (
	"strings"
	"testing"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// takeover goes on from a copy as it was made: whatever the original did since
// is not in it.
func (w *world) takeover(file string) {
	w.restoreFiles(file)
	done, _, err := w.db.BeginEpoch(w.ctx, operator, schedule.HeldByRestore, w.now)
	require.NoError(w.t, err)
	w.restart()
	_, err = w.office.AfterRestore(w.ctx, operator, done, w.now)
	require.NoError(w.t, err)
}

// TestTakeover_slot: a slot that the original served after it was copied is not
// served once more by itself.
func TestTakeover_slot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00")
	w.adopt("11", 2026, nil)
	w.run("2026-11-02 12:00")
	file := w.backup() // before Tuesday is planned
	w.run("2026-11-03 10:00")
	sent := len(w.received)
	require.Positive(t, w.got(eastGroup))
	w.takeover(file)
	w.run("2026-11-03 12:30")
	for _, r := range w.received[sent:] {
		require.Zero(t, r.group, "no group reads it twice")
		if strings.Contains(r.text, "【待转发") {
			require.Contains(t, r.text, "之前若已经转过", "asked again, but gently")
		}
	}
	w.sound()
}

// TestTakeover_blame: what a keeper said to the original is lost, and the keeper
// is not the cause of that.
func TestTakeover_blame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-04 12:30")
	require.Len(t, w.told(westKeeper, "【待转发"), 1)
	file := w.backup()
	w.run("2026-11-04 14:00")
	w.forwarded(westKeeper, schedule.Word{})
	w.takeover(file)
	w.run("2026-11-06 10:00")
	require.Len(t, w.told(westKeeper, "【再问一句"), 1)
	hs := w.handoffs(westKeeper, schedule.HandoffOpen)
	require.Len(t, hs, 2)
	require.Greater(t, hs[1].ID, hs[0].ID+1000, "numbers go on above those that the original gave")
	_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: hs[1].ID}, w.now)
	require.NoError(t, err)
	w.run("2026-11-09 12:00")
	require.Equal(t, "2026-W45 behind office", w.standings(westGroup, "weekly-push")[1])
	w.sound()
}
