package store

import (
	"context"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestAhead: claims are read ahead, and yet each knows what anybody did since
// the one before it.
func TestAhead(t *testing.T) {
	now := at(0, 2)
	// begin plans a push to six groups and claims its first message.
	begin := func(t *testing.T) (*office, *schedule.Result, schedule.Push) {
		o := newOffice(t, 6)
		p := o.plan("早", 0, 6, 1)
		first := o.next(claim(), now)
		return o, &schedule.Result{Delivery: first.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}, p
	}
	for _, who := range []string{"this process", "another process"} {
		t.Run(who, func(t *testing.T) {
			other := func(o *office) *DB {
				if who == "this process" {
					return o.DB
				}
				return openDir(t, o.Dir())
			}
			t.Run("stops", func(t *testing.T) {
				o, done, _ := begin(t)
				require.NoError(t, other(o).SetHalt(o.ctx, clerk, true, now))
				_, err := o.Advance(o.ctx, done, claim(), now)
				require.ErrorIs(t, err, schedule.ErrHalted)
				require.Equal(t, schedule.Accepted, o.delivery(done.Delivery).State, "what was sent is recorded")
				require.NoError(t, other(o).SetHalt(o.ctx, clerk, false, now))
				require.NotNil(t, o.next(claim(), now))
			})
			t.Run("cancels", func(t *testing.T) {
				o, done, p := begin(t)
				require.NoError(t, other(o).MovePush(o.ctx, clerk, p.ID, schedule.PushReady, schedule.PushCancelled, now))
				_, err := o.Advance(o.ctx, done, claim(), now)
				require.ErrorIs(t, err, schedule.ErrNotFound)
			})
			t.Run("hands one to a person", func(t *testing.T) {
				o, done, _ := begin(t)
				all, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Queued}})
				require.NoError(t, err)
				change := schedule.Change{ID: all[0].ID, From: schedule.Queued, To: schedule.Handed}
				require.NoError(t, other(o).Shift(o.ctx, clerk, []schedule.Change{change}, now))
				try, err := o.Advance(o.ctx, done, claim(), now)
				require.NoError(t, err)
				require.Equal(t, all[1].ID, try.Delivery.ID)
			})
		})
	}
	t.Run("a commit that fails is forgotten", func(t *testing.T) {
		o, done, _ := begin(t)
		stale := *done
		stale.Delivery = 999
		_, err := o.Advance(o.ctx, &stale, claim(), now)
		require.ErrorIs(t, err, schedule.ErrStale)
		seen := map[int64]bool{done.Delivery: true}
		for range 5 {
			try, err := o.Advance(context.Background(), done, claim(), now)
			require.NoError(t, err)
			require.False(t, seen[try.Delivery.ID])
			seen[try.Delivery.ID] = true
			done = &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}
		}
		_, err = o.Advance(o.ctx, done, claim(), now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	})
}

// TestGroupCap counts what a group was sent today from its deliveries.
func TestGroupCap(t *testing.T) {
	// two claims the messages of two pushes to one group under a cap of one a day.
	two := func(t *testing.T, o *office, want *schedule.Claim, now time.Time) {
		want.PerGroupDay = 1
		try := o.next(want, now)
		done := &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}
		_, err := o.Advance(o.ctx, done, want, now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	}
	t.Run("a group that comes again is counted again", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		o.plan("晚", 0, 1, 1)
		two(t, o, claim(), at(0, 2))
	})
	t.Run("a push that cooled over the longest holiday is of today", func(t *testing.T) {
		o := newOffice(t, 1)
		for range 2 {
			p := schedule.Push{Day: calendar.MustDate("2026-06-01"), Item: "i", Opens: at(0, 9), Closes: at(12, 4), State: schedule.PushReady}
			_, planned, err := o.PlanPush(o.ctx, clerk, p, []schedule.Delivery{{Group: 1, Unit: 2, Carrier: roster.ByBot, Parts: make([]schedule.Part, 1)}}, nil, at(0, 9))
			require.NoError(t, err)
			require.Equal(t, 1, planned)
		}
		want := claim()
		want.Day = calendar.MustDate("2026-06-13")
		two(t, o, want, at(12, 2))
	})
}
