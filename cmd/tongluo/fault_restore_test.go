package main

import (
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// rounds is n, or many times that in a soak.
func rounds(n, soak int) int {
	if os.Getenv("TONGLUO_SOAK") != "" {
		return soak
	}
	return n
}

// restore puts a backup in the place of the rig's database and goes on with new
// engines, as the next run does.
func (r *rig) restore(file string) ops.Done {
	r.t.Helper()
	require.NoError(r.t, r.db.Close())
	cal := r.office.Calendar()
	done, err := ops.Restoring{Data: r.dir, File: file, Actor: roster.Operator("王办"), Cal: cal, Settings: r.office.Settings(), Account: true}.
		Restore(context.Background(), r.now)
	require.NoError(r.t, err)
	r.db, err = store.Open(context.Background(), r.dir, store.Options{Cal: cal})
	require.NoError(r.t, err)
	require.NoError(r.t, r.db.Damaged())
	r.office, r.runner = r.engine(r.db)
	_, err = r.runner.Recover(context.Background(), r.now)
	require.NoError(r.t, err)
	return done
}

// TestRestore is F19: a backup is made after k messages of a push, more is sent
// — the rest of it or not, another push or not — and the backup is restored.
// Nothing is received twice, everything that was sent after the backup is shown
// as uncertain, everything else waits for a person.
func TestRestore(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 19))
	for range rounds(3, 60) {
		restoreOnce(t, rnd)
	}
}

func restoreOnce(t *testing.T, rnd *rand.Rand) {
	const groups = 150
	r := newRig(t, groups).login()
	v := r.push(rnd.IntN(2) == 0)
	k, last := 1+rnd.IntN(groups), 1+rnd.IntN(2*groups)
	file := filepath.Join(t.TempDir(), "backup.db")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == k {
			_, err := r.db.Backup(context.Background(), file)
			require.NoError(t, err)
		}
		if n == k+last {
			cancel()
		}
	}
	if _, err := r.runner.Step(ctx, r.now); ctx.Err() == nil {
		require.NoError(t, err)
	}
	r.tap.before = nil
	another := ctx.Err() == nil
	if another { // the first is through: one that the backup knows nothing of
		r.push(false)
		_, err := r.runner.Step(context.Background(), r.now)
		require.NoError(t, err)
	}
	before := r.books()
	got := len(before.got)
	r.now = r.now.Add(time.Minute)
	done := r.restore(file)
	r.run(v.Closes.Add(-30 * time.Minute)) // everything that may go has time to
	b := r.books()
	maps.Copy(b.parts, before.parts) // the backup may not know the item
	require.Len(t, b.got, got, "nothing is sent by itself after a restore")
	require.Empty(t, b.wrong())
	n := counts(b)
	t.Logf("backup after %d, stopped after %d: %d received; %v; %+v", k, k+last, got, n, done.Replayed)
	require.False(t, done.Blind)
	if another {
		require.Equal(t, groups, done.Unknown)
	}
	require.Equal(t, len(b.entries), n[schedule.Accepted]+n[schedule.Uncertain]+n[schedule.Held], "all else is shown")
	require.Equal(t, n[schedule.Held], done.Held)
	require.Equal(t, n[schedule.Uncertain], done.Uncertain)
	if done.Held > 0 {
		freed, err := r.office.Release(t.Context(), roster.Operator("李主任"), 0, r.now)
		require.NoError(t, err)
		require.Equal(t, done.Held, freed)
	}
	r.untilClose(v)
	b = r.books()
	maps.Copy(b.parts, before.parts)
	require.Empty(t, b.wrong())
	require.Zero(t, b.in(schedule.Held))
	require.Equal(t, len(b.entries), b.in(schedule.Accepted)+b.in(schedule.Uncertain), "what was released went")
	soundFile(t, r.db, r.now)
}

// TestRestoreBlind restores where the journal is lost, on a new PC: nothing goes
// until a person resumes, and what a window that began before may have brought
// waits for a person once more.
func TestRestoreBlind(t *testing.T) {
	r := newRig(t, 20).login()
	file := filepath.Join(t.TempDir(), "backup.db")
	_, err := r.db.Backup(t.Context(), file)
	require.NoError(t, err)
	v := r.push(false)
	_, err = r.runner.Step(t.Context(), r.now)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(r.dir, "journal")))
	done := r.restore(file)
	require.True(t, done.Blind)
	halted, _, err := r.db.Halted(t.Context())
	require.NoError(t, err)
	require.True(t, halted)
	got := len(r.books().got)
	r.untilClose(v)
	require.Len(t, r.books().got, got)
}

// TestReplayCorrection: a correction made after the backup comes back as one, so
// that nobody is credited with it, whatever a person says later.
func TestReplayCorrection(t *testing.T) {
	r := newRig(t, 3).login()
	r.untilClose(r.push(false))
	j, err := store.ReadJournal(r.dir)
	require.NoError(t, err)
	line := j.Attempts[slices.IndexFunc(j.Attempts, func(a store.Attempt) bool { return a.Delivery != 0 })]
	line.Push, line.Delivery, line.Makeup = 9000, 9001, schedule.NoCredit
	_, err = r.db.Replay(t.Context(), roster.Operator("王办"), store.Journal{Files: 1, Attempts: []store.Attempt{line}}, r.now)
	require.NoError(t, err)
	ds, err := r.db.Deliveries(t.Context(), schedule.DeliveryFilter{States: []schedule.State{schedule.Uncertain}})
	require.NoError(t, err)
	require.Len(t, ds, 1)
	require.Equal(t, schedule.NoCredit, ds[0].Makeup)
}
