package schedule_test

import (
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"github.com/stretchr/testify/require"
)

// TestThrottled: a notice in a group strikes out the last word of the service for
// it, and only where it is certain what was lost does that go again.
func TestThrottled(t *testing.T) {
	t.Parallel()
	sent := func(t *testing.T, item string) (*world, schedule.Delivery) {
		w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
		w.item("words", nil, false)
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: item, To: "家长群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 10:01")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(parentGroup))
		w.received = nil // by the service's own word now
		return w, w.of(parentGroup)[0]
	}
	state := func(w *world) schedule.State { return w.of(parentGroup)[0].State }
	t.Run("one message goes again, under the same id", func(t *testing.T) {
		w, d := sent(t, "words")
		require.NoError(t, w.office.Throttled(w.ctx, parentGroup, d.SentAt.Add(-time.Minute), w.now))
		require.Equal(t, schedule.Queued, state(w))
		w.run("2026-11-03 10:02")
		require.Equal(t, 1, w.got(parentGroup))
		require.Equal(t, d.Parts[0].ClientID, w.of(parentGroup)[0].Parts[0].ClientID)
		w.sound()
	})
	t.Run("it may have been about an answer: a person looks", func(t *testing.T) {
		w, d := sent(t, "words")
		require.NoError(t, w.office.Throttled(w.ctx, parentGroup, d.SentAt.Add(time.Second), w.now))
		require.Equal(t, schedule.Refused, state(w))
		w.run("2026-11-03 10:30")
		require.Zero(t, w.got(parentGroup))
		w.run("2026-11-03 21:00")
		require.Equal(t, schedule.Handed, state(w))
		w.sound()
	})
	t.Run("of two messages nobody knows which: a person looks", func(t *testing.T) {
		w, _ := sent(t, "i00")
		require.NoError(t, w.office.Throttled(w.ctx, parentGroup, time.Time{}, w.now))
		require.Equal(t, schedule.Refused, state(w))
		w.run("2026-11-03 21:00")
		require.Equal(t, schedule.Handed, state(w))
		require.Zero(t, w.got(parentGroup))
		w.sound()
	})
	t.Run("long after, and in another group, it is about something else", func(t *testing.T) {
		w, _ := sent(t, "words")
		require.NoError(t, w.office.Throttled(w.ctx, parentGroup, time.Time{}, w.now.Add(11*time.Minute)))
		require.NoError(t, w.office.Throttled(w.ctx, eastGroup, time.Time{}, w.now))
		require.NoError(t, w.office.Throttled(w.ctx, 0, time.Time{}, w.now))
		require.Equal(t, schedule.Accepted, state(w))
	})
}

// TestThrottledPerson: a pack that the service took and dropped lies with nobody,
// and nobody is to blame for it.
func TestThrottledPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 09:01")
	h := w.handoffs(westKeeper)[0]
	require.Equal(t, "chat", h.By)
	require.Len(t, w.told(westKeeper, "【待转发"), 1)
	require.NoError(t, w.office.ThrottledPerson(w.ctx, westKeeper, w.now))
	require.NoError(t, w.office.ThrottledPerson(w.ctx, eastKeeper, w.now), "who got nothing lost nothing")
	h = w.handoffs(westKeeper)[0]
	require.True(t, h.ReadableAt.IsZero())
	t.Run("it goes again, and lies readable from then on", func(t *testing.T) {
		w.run("2026-11-03 09:30")
		h := w.handoffs(westKeeper)[0]
		require.Equal(t, "chat", h.By)
		require.Equal(t, w.at("2026-11-03 09:01").UTC(), h.ReadableAt.UTC())
		w.sound()
	})
	t.Run("it never gets through: the office's", func(t *testing.T) {
		require.NoError(t, w.office.ThrottledPerson(w.ctx, westKeeper, w.at("2026-11-03 09:05")))
		w.deaf[westKeeper] = true
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(westGroup, "push"), "2026-W45 behind office")
		w.sound()
	})
}
