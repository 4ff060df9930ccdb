package main

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// wires are the writing connections that stores of this process have opened,
// newest last, with the commits on each: how a test reaches a setting of the
// connection that the store keeps to itself.
type wires struct {
	hook sync.Once
	mu   sync.Mutex
	all  []*wire
}

type wire struct {
	dsn     string
	conn    sqlite.ExecQuerierContext
	commits int
}

var writers wires

// listen has every later store noted. Once per process, before the first Open.
func (w *wires) listen() {
	w.hook.Do(func() {
		sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
			if !strings.Contains(dsn, "mode=rwc") {
				return nil
			}
			now := &wire{dsn: dsn, conn: conn}
			if h, ok := conn.(sqlite.HookRegisterer); ok {
				h.RegisterCommitHook(func() int32 { now.commits++; return 0 })
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.all = append(w.all, now)
			return nil
		})
	})
}

// of is the newest writer on a data directory. Use it only while no store call
// is under way.
func (w *wires) of(t testing.TB, dir string) *wire {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range slices.Backward(w.all) {
		if path, err := url.PathUnescape(c.dsn); err == nil && strings.Contains(path, dir) {
			return c
		}
	}
	require.Fail(t, "no writer on "+dir)
	return nil
}

// pages is how large the database is.
func (w *wire) pages(t testing.TB) int64 { return w.setting(t, "page_count") }

// setting reads a PRAGMA of the connection.
func (w *wire) setting(t testing.TB, name string) int64 {
	t.Helper()
	rows, err := w.conn.QueryContext(context.Background(), "PRAGMA "+name, nil)
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // only read
	v := make([]driver.Value, 1)
	require.NoError(t, rows.Next(v))
	return v[0].(int64)
}

// allow sets how large it may become: beyond that the disk is full.
func (w *wire) allow(t testing.TB, pages int64) {
	t.Helper()
	_, err := w.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil)
	require.NoError(t, err)
}

const plenty = 1 << 30

// TestDiskFull lets the disk run full at many places of a push. Whatever did
// not fit, nothing was sent whose intent is not on disk, and when there is
// space again the push goes on as if nothing had been.
func TestDiskFull(t *testing.T) {
	writers.listen()
	groups, pushes := 60, 9
	if testing.Short() {
		groups, pushes = 40, 4
	}
	r := newRig(t, groups).login()
	disk := writers.of(t, r.dir)
	watch, err := store.Open(t.Context(), r.dir, store.Options{Cal: r.office.Calendar(), ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, watch.Close()) }()
	left := -1 // messages until the disk is nearly full
	r.tap.before = func(_ int, m schedule.Outgoing) {
		if left--; left == 0 {
			disk.allow(t, disk.pages(t))
		}
		ds, err := watch.Deliveries(context.Background(), schedule.DeliveryFilter{Groups: []int64{m.Group}, States: []schedule.State{schedule.Sending}})
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(ds, func(d schedule.Delivery) bool {
			return slices.ContainsFunc(d.Parts, func(p schedule.Part) bool { return p.ClientID == m.ClientID && p.State == schedule.Sending })
		}), "it leaves without an intent on disk")
	}
	crashes, full := 0, []int64{}
	for n := range pushes {
		v := r.push(true)
		at := r.server.Stats().Attempts
		if left = 1 + 2*groups*n/(pushes+2); r.fill() {
			was := r.server.Stats().Attempts
			for range 3 {
				require.False(t, r.fillOnce(t), "the disk is still full")
			}
			require.Equal(t, was, r.server.Stats().Attempts, "nothing leaves meanwhile")
			full = append(full, was-at)
		}
		disk.allow(t, plenty)
		if n%3 == 2 { // the PC is switched off with a result in memory
			crashes++
			r.office, r.runner = r.engine(r.db)
			_, err := r.runner.Recover(t.Context(), r.now)
			require.NoError(t, err)
		}
		r.untilClose(v)
		require.Empty(t, r.books().wrong())
		r.now = v.Closes
	}
	require.Greater(t, len(full), pushes/2, "the disk ran full in mid-push again and again")
	b := r.audit()
	t.Logf("full after %v messages, %d switched off then, %d uncertain", full, crashes, b.in(schedule.Uncertain))
	require.LessOrEqual(t, b.in(schedule.Uncertain), crashes)
	require.Equal(t, len(b.entries), b.in(schedule.Accepted)+b.in(schedule.Uncertain))
}

// fill steps until the disk is full; false when everything went.
func (r *rig) fill() bool {
	for range 20 {
		if !r.fillOnce(r.t) {
			return true
		}
		if b := r.books(); b.in(schedule.Queued)+b.in(schedule.Sending) == 0 {
			return false
		}
	}
	return false
}

// fillOnce is one step that may fail for want of space, and for nothing else.
func (r *rig) fillOnce(t testing.TB) bool {
	t.Helper()
	_, err := r.runner.Step(context.Background(), r.now)
	if err != nil {
		require.ErrorIs(t, err, store.ErrFull)
	}
	return err == nil
}

// TestDiskFullQueue queues a push on a full disk: all of it is there or nothing.
func TestDiskFullQueue(t *testing.T) {
	writers.listen()
	r := newRig(t, 200).login()
	disk := writers.of(t, r.dir)
	it := saveItem(t, r.db, "a", false, r.now)
	request := schedule.Request{Item: it.ID, To: "all"}
	failed := 0
	for free := int64(1); free < 1000; free *= 2 {
		disk.allow(t, disk.pages(t)+free-1)
		_, err := r.office.QueuePush(t.Context(), roster.Operator("王办"), request, r.now)
		disk.allow(t, plenty)
		if err == nil {
			break
		}
		failed++
		require.ErrorIs(t, err, store.ErrFull)
		require.Empty(t, r.books().entries)
	}
	require.Positive(t, failed)
	r.now = r.now.Add(time.Hour)
	r.push(false)
	require.NoError(t, r.db.IntegrityCheck(t.Context()))
}
