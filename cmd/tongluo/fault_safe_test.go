package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// TestJournalFull is F05 for the attempt journal: what cannot be written down
// there does not leave; when there is space again the push goes on.
func TestJournalFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil || runtime.GOOS == "windows" {
		t.Skip("no /dev/full here")
	}
	r := newRig(t, 100).login()
	day := filepath.Join(r.dir, "journal", r.now.Format(time.DateOnly)+".log")
	require.NoError(t, os.MkdirAll(filepath.Dir(day), 0o700))
	require.NoError(t, os.Symlink("/dev/full", day))
	v := r.push(false)
	for range 3 {
		_, err := r.runner.Step(t.Context(), r.now)
		require.ErrorIs(t, err, store.ErrFull)
	}
	require.Zero(t, r.server.Stats().Attempts, "nothing leaves without its line")
	require.True(t, r.db.Full(), "for the alerts")
	require.Equal(t, 100, r.books().in(schedule.Queued))
	require.NoError(t, os.Remove(day))
	r.untilClose(v)
	b := r.audit()
	require.Equal(t, 100, b.in(schedule.Accepted))
	require.False(t, r.db.Full())
	j, err := store.ReadJournal(r.dir)
	require.NoError(t, err)
	require.Zero(t, j.Damaged)
	lines := map[int64]bool{}
	for _, a := range j.Attempts {
		lines[a.Delivery] = true
	}
	for _, d := range b.entries {
		require.True(t, lines[d.ID], "delivery %d left without a line", d.ID)
	}
}

// TestJournalFirst looks, at every message, whether its line is on disk before
// it leaves, and that there are far fewer syncs than messages.
func TestJournalFirst(t *testing.T) {
	r := newRig(t, 100).login()
	r.tap.before = func(_ int, m schedule.Outgoing) { r.written(m) }
	v := r.push(true)
	r.untilClose(v)
	require.Equal(t, 100, r.audit().in(schedule.Accepted))
	j, err := store.ReadJournal(r.dir)
	require.NoError(t, err)
	batches := 0
	for _, a := range j.Attempts {
		if a.Number != 0 {
			batches++
		}
	}
	require.LessOrEqual(t, batches, 200/64+3, "200 messages")
}

// written asks for the line of a message that is about to leave.
func (r *rig) written(m schedule.Outgoing) {
	j, err := store.ReadJournal(r.dir)
	require.NoError(r.t, err)
	for _, a := range j.Attempts {
		if slices.Contains(a.Clients, m.ClientID) {
			return
		}
	}
	require.Fail(r.t, "a message leaves without its line")
}

// TestJournalTaken: somebody takes the journal away, or puts another in its
// place, while a push goes out. What goes afterwards is written down where a
// restore looks for it.
func TestJournalTaken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nobody can take an open file away there")
	}
	r := newRig(t, 30).login()
	taken := filepath.Join(r.dir, "journal")
	r.tap.before = func(n int, m schedule.Outgoing) {
		if n != 10 && n != 20 { // that one's line is taken away with it
			r.written(m)
			return
		}
		require.NoError(t, os.Rename(taken, taken+fmt.Sprint(n)))
		if n == 20 {
			require.NoError(t, os.CopyFS(taken, os.DirFS(taken+"10")))
		}
	}
	v := r.push(false)
	r.untilClose(v)
	require.Equal(t, 30, r.audit().in(schedule.Accepted))
}

// TestSoundFirst: no message goes before the database has been checked once.
func TestSoundFirst(t *testing.T) {
	r := newRig(t, 3).login()
	d := &daemon{db: r.db, log: slog.New(slog.DiscardHandler), woken: make(chan struct{}, 1)}
	r.runner = runner.New(r.office, r.db, r.tap, sound{r.desk, d}, 1)
	v := r.push(false)
	for range 3 {
		_, err := r.runner.Step(t.Context(), r.now)
		require.NoError(t, err)
	}
	require.Zero(t, r.tap.sent.Load())
	d.checkFirst(t.Context())
	require.Len(t, d.woken, 1, "and it does not wait for the next nap")
	r.untilClose(v)
	require.EqualValues(t, 3, r.tap.sent.Load())
}

// TestDamagedRun is the daemon on damaged data: it sends nothing, says what to
// do, and what it says helps.
func TestDamagedRun(t *testing.T) {
	s := newSiege(t, 30, 1)
	s.push()
	made := document[map[string]string](s.p, "backup")["file"]
	db := filepath.Join(s.p.dir, "data", store.FileName)
	spoil(t, db)
	l := newListener(t)
	settings, err := os.ReadFile(filepath.Join(s.p.dir, "config.toml"))
	require.NoError(t, err)
	s.p.file("config.toml", string(settings)+"\n[console]\nenabled = false\n\n"+l.settings())
	for range 2 { // as a service starts it again and again
		r := s.p.run("run")
		require.Equal(t, exitFailed, r.code, r.err)
		require.Contains(t, r.err, "tongluo restore")
		require.NotContains(t, r.err, secretKey)
	}
	require.Zero(t, s.attempts())
	require.Len(t, l.heard("/hook"), 1, "the operator is told, and not at every start")
	require.Contains(t, l.heard("/hook")[0], "tongluo restore")
	restored := s.p.run("restore", made)
	require.Zero(t, restored.code, restored.err)
	require.Contains(t, restored.out, "已停发", "there is no journal")
	s.with(func(o *office) {
		require.NoError(t, o.store.CheckAll(context.Background()))
		ds, err := o.store.Deliveries(t.Context(), schedule.DeliveryFilter{States: []schedule.State{schedule.Held}})
		require.NoError(t, err)
		require.Len(t, ds, 30, "held until a person lets them go")
	})
}

// spoil makes pages in the middle of a database useless.
func spoil(t *testing.T, db string) {
	t.Helper()
	data, err := os.ReadFile(db)
	require.NoError(t, err)
	clear(data[4096*2 : 4096*8])
	require.NoError(t, os.WriteFile(db, data, 0o600))
}

// TestDamagedShown: with a console what can be read is shown until the run is
// stopped, and the operator hears of damage, not of a full disk.
func TestDamagedShown(t *testing.T) {
	s := newSiege(t, 5, 1)
	spoil(t, filepath.Join(s.p.dir, "data", store.FileName))
	l := newListener(t)
	file := filepath.Join(s.p.dir, "config.toml")
	settings, err := os.ReadFile(file)
	require.NoError(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	s.p.file("config.toml", fmt.Sprintf("%s\n[console]\nlisten = %q\n\n%s", settings, free.Addr(), l.settings()))
	b := s.start()
	eventually(t, "the operator is told", func() bool { return len(l.heard("/hook")) > 0 })
	require.Contains(t, l.heard("/hook")[0], "数据库损坏")
	require.Contains(t, b.said(), "控制台")
	require.Equal(t, exitFailed, b.stop(t), b.said())
	require.Zero(t, s.attempts())
}

// TestRestoreLocked: no restore beside a daemon.
func TestRestoreLocked(t *testing.T) {
	s := newSiege(t, 5, 1)
	made := document[map[string]string](s.p, "backup")["file"]
	b := s.start()
	eventually(t, "the daemon runs", func() bool { return strings.Contains(b.said(), "铜锣已启动") })
	require.Equal(t, exitLocked, s.p.run("restore", made).code)
	require.Zero(t, b.stop(t), b.said())
	require.Zero(t, s.p.run("restore", made).code)
	r := s.p.run("audit", "verify", "--json")
	require.Zero(t, r.code, r.err)
}
