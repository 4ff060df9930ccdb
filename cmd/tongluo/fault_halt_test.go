package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// TestHaltAnytime is F22: 停发 comes from another process at a random moment of a
// push. Once its word is on disk at most the message in flight arrives, also after
// a start anew, and two persons let all the rest go.
func TestHaltAnytime(t *testing.T) {
	groups, runs := scale(60, 300, 1000), scale(4, 12, 200)
	chance := randomOf(t)
	r := newRig(t, groups).login()
	beside, err := store.Open(t.Context(), r.dir, store.Options{Cal: r.office.Calendar()})
	require.NoError(t, err)
	defer func() { require.NoError(t, beside.Close()) }()
	other := r.officeOn(beside)
	late := 0
	for n := range runs {
		v := r.push(n%2 == 0)
		parts := groups * (1 + (n+1)%2)
		before := r.server.Stats().Attempts
		at := before + 1 + chance.Int64N(int64(parts)-1)
		said := make(chan int64, 1)
		begun := make(chan struct{})
		r.tap.before = func(int, schedule.Outgoing) {
			if r.server.Stats().Attempts == at-1 {
				r.tap.before = nil
				close(begun)
			}
		}
		go func() {
			<-begun
			if err := other.Halt(context.Background(), roster.Operator("王办"), r.now); err != nil {
				said <- -1
				return
			}
			said <- r.server.Stats().Attempts // its word is on disk
		}()
		_, err := r.runner.Step(t.Context(), r.now)
		require.NoError(t, err)
		stopped := <-said
		require.GreaterOrEqual(t, stopped, at-1)
		sent := r.server.Stats().Attempts
		require.LessOrEqual(t, sent, stopped+1, "I8")
		if sent < before+int64(parts) {
			late++
		}
		r.office, r.runner = r.engine(r.db) // killed and started
		_, err = r.runner.Recover(t.Context(), r.now)
		require.NoError(t, err)
		for range 3 {
			_, err = r.step()
			require.NoError(t, err)
		}
		require.Equal(t, sent, r.server.Stats().Attempts, "a restart resumes nothing")
		for _, who := range []string{"王办", "李主任"} {
			_, err := other.Resume(t.Context(), roster.Operator(who), r.now)
			require.NoError(t, err)
		}
		r.untilClose(v)
		require.Empty(t, r.books().wrong())
		r.now = v.Closes
		_, err = r.step()
		require.NoError(t, err)
	}
	b := r.audit()
	t.Logf("%d times 停发 in pushes to %d groups, %d of them in the middle", runs, groups, late)
	require.Equal(t, runs*groups, b.in(schedule.Accepted))
	require.Positive(t, late)
}
