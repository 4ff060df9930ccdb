package main

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// TestTwoEngines is what the instance lock prevents: two engines on one
// database, each with a store handle of its own, on one session. They are noisy
// but no group reads anything twice.
func TestTwoEngines(t *testing.T) {
	const groups = 150
	r := newRig(t, groups).login()
	other, err := store.Open(t.Context(), r.dir, store.Options{Cal: r.office.Calendar()})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	_, second := r.engine(other)
	v := r.push(true)
	started := make(chan struct{})
	var once, both sync.Once
	run := func(e *runner.Runner, recoverFirst bool) {
		for range 200 {
			if recoverFirst {
				<-started
				both.Do(func() {
					_, err := e.Recover(context.Background(), r.now)
					assert.NoError(t, err)
				})
			}
			next, err := e.Step(context.Background(), r.now)
			if err != nil {
				assert.ErrorIs(t, err, schedule.ErrStale, "one engine finds what the other has done")
			}
			if next.After(r.now) {
				return
			}
		}
	}
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 40 {
			once.Do(func() { close(started) })
		}
	}
	var all sync.WaitGroup
	all.Go(func() { run(r.runner, false) })
	all.Go(func() { run(second, true) })
	all.Wait()
	require.Empty(t, r.books().wrong())
	r.untilClose(v)
	b := r.audit()
	n := counts(b)
	t.Logf("%d received, %v", len(b.got), n)
	require.Equal(t, groups, n[schedule.Accepted]+n[schedule.Uncertain])
	require.Positive(t, n[schedule.Accepted])
}
