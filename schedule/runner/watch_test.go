package runner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/runner"
)

var noon = time.Date(2026, 6, 2, 4, 0, 0, 0, time.UTC)

func TestWatch(t *testing.T) {
	look := func(passed, counted time.Duration) runner.Reading {
		var w runner.Watch
		require.Zero(t, w.Look(noon, time.Hour), "the first look has nothing to compare with")
		return w.Look(noon.Add(passed), time.Hour+counted)
	}
	t.Run("both clocks agree", func(t *testing.T) { require.Zero(t, look(2*time.Second, 2*time.Second)) })
	t.Run("five seconds are no jump", func(t *testing.T) { require.Zero(t, look(7*time.Second, 2*time.Second)) })
	t.Run("six are", func(t *testing.T) { require.Equal(t, 6*time.Second, look(8*time.Second, 2*time.Second).Jump) })
	t.Run("backwards too", func(t *testing.T) {
		r := look(-time.Hour, 2*time.Second)
		require.Equal(t, -time.Hour-2*time.Second, r.Jump)
		require.Zero(t, r.AwaySince)
	})
	t.Run("asleep, by a clock that stopped", func(t *testing.T) {
		r := look(14*time.Hour, 2*time.Second)
		require.Equal(t, 14*time.Hour-2*time.Second, r.Jump)
		require.Equal(t, noon, r.AwaySince)
	})
	t.Run("stopped, by a clock that went on", func(t *testing.T) {
		r := look(time.Hour, time.Hour)
		require.Zero(t, r.Jump)
		require.Equal(t, noon, r.AwaySince)
	})
	t.Run("drift in small steps is no jump", func(t *testing.T) {
		var w runner.Watch
		for i := range 1000 {
			require.Zero(t, w.Look(noon.Add(time.Duration(i)*2100*time.Millisecond), time.Duration(i)*2*time.Second))
		}
	})
}

func TestWatch_service(t *testing.T) {
	var w runner.Watch
	w.Look(noon, 0)
	require.False(t, w.Unsure(0))
	w.Heard(7 * time.Minute)
	ahead, heard := w.Skew()
	require.Equal(t, 7*time.Minute, ahead)
	require.True(t, heard)
	w.Look(noon.Add(24*time.Hour), 2*time.Second)
	_, heard = w.Skew()
	require.False(t, heard, "what was measured by the old time holds no more")
	require.True(t, w.Unsure(3*time.Second), "the service is heard first")
	require.False(t, w.Unsure(23*time.Second), "but not waited for for long")
	w.Heard(24 * time.Hour)
	require.False(t, w.Unsure(3*time.Second))
}
