package schedule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"

	"github.com/stretchr/testify/require"
)

// backup keeps the ledger as it is now.
func (w *world) backup() string {
	file := filepath.Join(w.t.TempDir(), store.FileName)
	require.NoError(w.t, w.db.Copy(w.ctx, file))
	return file
}

// restore goes on from a backup, with the journal of what came after it.
func (w *world) restore(file string) store.Replayed {
	journal, err := store.ReadJournal(w.dir)
	require.NoError(w.t, err)
	w.restoreFiles(file)
	done, err := w.db.Replay(w.ctx, roster.Operator("王办"), journal, w.now)
	require.NoError(w.t, err)
	w.restart()
	_, err = w.office.AfterRestore(w.ctx, roster.Operator("王办"), done.Restore, w.now)
	require.NoError(w.t, err)
	return done
}

// restoreFiles opens a copy of the ledger, with the media.
func (w *world) restoreFiles(file string) {
	require.NoError(w.t, os.CopyFS(filepath.Join(filepath.Dir(file), "media"), os.DirFS(filepath.Join(w.dir, "media"))))
	w.dir = filepath.Dir(file)
	w.db = w.open()
}

// TestRestore_blame: what a keeper said after the backup is lost, and the keeper
// is not the cause of that.
func TestRestore_blame(t *testing.T) {
	t.Parallel()
	// Tuesday's push lies with its keeper for a whole day when the backup is made,
	// the answer comes after it.
	answered := func(t *testing.T) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-04 12:30")
		require.Len(t, w.told(westKeeper, "【待转发"), 1)
		file := w.backup()
		w.run("2026-11-04 14:00")
		w.forwarded(westKeeper, schedule.Word{})
		w.run("2026-11-04 15:00")
		done := w.restore(file)
		require.False(t, done.Blind)
		w.run("2026-11-06 10:00")
		return w
	}
	week := func(w *world) string {
		w.run("2026-11-09 12:00")
		w.sound()
		return w.standings(westGroup, "weekly-push")[1]
	}
	t.Run("who does not answer once more is not the cause", func(t *testing.T) {
		w := answered(t)
		require.Len(t, w.told(westKeeper, "【再问一句"), 1)
		require.Contains(t, w.told(westKeeper, "【再问一句")[0].text, "不用再转")
		friday := w.handoffs(westKeeper, schedule.HandoffOpen)
		require.Len(t, friday, 2)
		_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: friday[1].ID}, w.now)
		require.NoError(t, err)
		require.Equal(t, "2026-W45 behind office", week(w))
	})
	t.Run("who answers once more has met it", func(t *testing.T) {
		w := answered(t)
		hs := w.handoffs(westKeeper, schedule.HandoffOpen)
		for i, day := range []string{"2026-11-04", "2026-11-06"} {
			_, err := w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: hs[i].ID, Day: calendar.MustDate(day)}, w.now)
			require.NoError(t, err)
		}
		require.Equal(t, "2026-W45 met", week(w))
	})
	t.Run("numbers go on above those that somebody may have read", func(t *testing.T) {
		w := answered(t)
		for _, h := range w.handoffs(westKeeper, schedule.HandoffOpen)[1:] {
			require.Greater(t, h.ID, int64(1000))
		}
	})
}

// TestRestore_slot: a slot whose push went out after the backup is not planned
// and sent once more.
func TestRestore_slot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00")
	w.adopt("11", 2026, nil)
	w.run("2026-11-02 12:00")
	file := w.backup() // before Tuesday is planned
	w.run("2026-11-03 10:00")
	sent := len(w.received)
	require.Positive(t, w.got(eastGroup))
	done := w.restore(file)
	require.Positive(t, done.Unknown)
	groups, private := 0, 0
	w.run("2026-11-03 12:30")
	for _, r := range w.received[sent:] {
		switch {
		case r.group != 0:
			groups++
		case strings.Contains(r.text, "【待转发"):
			private++
			require.Contains(t, r.text, "之前若已经转过", "asked again, but gently")
		}
	}
	require.Zero(t, groups, "no group reads it twice")
	for _, d := range w.of(eastGroup) {
		require.Equal(t, schedule.Uncertain, d.State)
	}
	t.Logf("%d handoffs were asked about again; %+v", private, done)
	w.sound()
}
