package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestSaveAlert(t *testing.T) {
	o := newOffice(t, 2)
	full := schedule.Alert{Kind: schedule.AlertDown, Count: 3, Opened: at(0, 1), Gone: at(0, 2), Closed: at(0, 3), Times: 2, Told: at(0, 4),
		Next: at(0, 5), Tries: 6, Acked: at(0, 7), Person: 7, By: "陈明"}
	t.Run("keeps every field", func(t *testing.T) {
		require.NoError(t, o.SaveAlert(o.ctx, roster.Clock(), full, "", monday))
		full.Rev = 1
		all, err := o.Alerts(o.ctx)
		require.NoError(t, err)
		require.Equal(t, []schedule.Alert{full}, all)
	})
	t.Run("a record that is newer stands", func(t *testing.T) {
		for _, rev := range []int64{0, 2, 7} {
			stale := full
			stale.Rev, stale.Count = rev, 99
			require.ErrorIs(t, o.SaveAlert(o.ctx, roster.Clock(), stale, "", monday), schedule.ErrStale, "revision %d", rev)
		}
		none := schedule.Alert{Kind: schedule.AlertScan, Rev: 4}
		require.ErrorIs(t, o.SaveAlert(o.ctx, roster.Clock(), none, "", monday), schedule.ErrStale)
		all, err := o.Alerts(o.ctx)
		require.NoError(t, err)
		require.Equal(t, []schedule.Alert{full}, all)
	})
	t.Run("of many at once one wins", func(t *testing.T) {
		var won atomic.Int64
		var owned sync.WaitGroup
		for range 16 {
			owned.Go(func() {
				err := o.SaveAlert(o.ctx, clerk, full, "alert known", monday)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, schedule.ErrStale) {
					t.Error(err)
				}
			})
		}
		owned.Wait()
		require.EqualValues(t, 1, won.Load())
		var rows int
		require.NoError(t, o.view(o.ctx, "count", func(t *tx) error {
			return t.one(`SELECT COUNT(*) FROM log WHERE verb = 'alert known' AND ref = 'alert/account-down' AND person = 7`, nil, &rows)
		}))
		require.Equal(t, 1, rows, "and leaves the one log row")
	})
}

func TestCondition(t *testing.T) {
	o := newOffice(t, 6)
	ds := o.deliveries(o.plan("早", 0, 6, 1).ID)
	miss := func(i int, reason string, hour int) {
		o.shift(at(0, hour), schedule.Change{ID: ds[i].ID, From: schedule.Queued, To: schedule.Missed, Reason: reason})
	}
	miss(0, "时段内机器人不在线", 3)
	miss(1, "时段内机器人不在线", 3)
	miss(2, schedule.MissedInHalt, 4)
	miss(3, schedule.HeldForApproval, 4)
	require.NoError(t, o.SetHalt(o.ctx, clerk, true, at(0, 5)))
	require.NoError(t, o.Mark(o.ctx, schedule.MarkBackup, `{"at":"2026-05-28T20:26:40Z"}`))
	c, err := o.Condition(o.ctx, at(0, 0))
	require.NoError(t, err)
	require.Equal(t, 1, c.Missed, "pushes; neither halts nor missing approvals")
	require.Equal(t, at(0, 5), c.Halted)
	require.Equal(t, at(0, 5), c.Logged)
	require.Equal(t, time.UnixMilli(1780000000000).UTC(), c.Backup)
	require.True(t, c.Watched.IsZero())
	c, err = o.Condition(o.ctx, at(0, 4))
	require.NoError(t, err)
	require.Zero(t, c.Missed, "what was missed before does not count")
	require.NoError(t, o.SetHalt(o.ctx, clerk, false, at(0, 6)))
	c, err = o.Condition(o.ctx, at(0, 0))
	require.NoError(t, err)
	require.True(t, c.Halted.IsZero())
}
