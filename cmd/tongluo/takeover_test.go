package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/store"
)

// TestTakeoverCut: a takeover dies at its nth disk operation, n = 1, 2, 3 … until
// it gets through. Whatever start comes next, nothing that the original may have
// sent is queued, and everybody who had an open handoff is asked once.
func TestTakeoverCut(t *testing.T) {
	if underRace {
		t.Skip("the shim under SQLite's files does not pass the race detector's pointer checks")
	}
	disk.install(t)
	r := newRig(t, 3)
	r.push(false)
	r.run(r.now.Add(3 * time.Hour)) // nobody is logged in: the window ends, and people are asked
	r.push(false)
	require.NoError(t, r.db.TakePlace(t.Context()))
	open, err := r.db.Handoffs(t.Context(), schedule.HandoffFilter{States: []schedule.HandoffState{schedule.HandoffOpen}, Wanted: true})
	require.NoError(t, err)
	require.NotEmpty(t, open)
	require.Equal(t, 3, counts(r.books())[schedule.Queued])
	original := filepath.Join(t.TempDir(), store.FileName)
	require.NoError(t, r.db.Copy(t.Context(), original))

	cut := struct{ before, between int }{}
	struck := "?"
	for n := 1; struck != ""; n += scale(3, 1, 1) {
		c := copyOf(t, original, r.now)
		disk.dieAt(n)
		_ = c.settle(true) // what it answers nobody hears
		struck = c.crash()
		left, err := c.verbs().Restored(t.Context())
		require.NoError(t, err)
		err = c.settle(false)
		switch {
		case left.Epoch == 0:
			require.ErrorIs(t, err, store.ErrCopied, "operation %d, %s", n, struck)
			require.NoError(t, c.settle(true))
			cut.before++
		case left.Asking:
			require.Contains(t, c.said.String(), "没有做完就断了", "operation %d, %s", n, struck)
			cut.between++
		}
		c.tookOver(open)
		c.said.Reset()
		rows := c.rows()
		require.NoError(t, c.settle(true))
		require.Contains(t, c.said.String(), "不用 --takeover")
		require.Equal(t, rows, c.rows(), "once is enough")
		require.NoError(t, c.db.Close())
	}
	t.Logf("cut before the epoch %d times, between it and the asking %d times", cut.before, cut.between)
	require.NotZero(t, cut.before*cut.between)
}

// copied is a data directory that was copied, and whoever starts on it.
type copied struct {
	*app
	t    *testing.T
	set  config.Settings
	db   *store.DB
	dir  string
	now  time.Time
	said *bytes.Buffer
}

func copyOf(t *testing.T, original string, now time.Time) *copied {
	t.Helper()
	c := &copied{t: t, set: defaultSettings(), dir: t.TempDir(), now: now, said: new(bytes.Buffer)}
	c.app = &app{ctx: t.Context(), err: c.said, place: &place{Data: c.dir}}
	data, err := os.ReadFile(original)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, store.FileName), data, 0o600))
	c.open()
	return c
}

func (c *copied) open() {
	c.t.Helper()
	db, err := store.Open(c.ctx, c.dir, store.Options{Cal: c.set.Calendar})
	require.NoError(c.t, err)
	require.NoError(c.t, db.Damaged())
	c.db = db
}

// settle is what a start does first.
func (c *copied) settle(takeover bool) error {
	return c.app.settle(c.set, c.db, takeover, c.now)
}

// crash ends the process on its dead disk, and switches the PC on again.
func (c *copied) crash() (struck string) {
	_ = c.db.Close() // what it leaves undone it leaves to the next
	struck = disk.disarm()
	c.open()
	return struck
}

// tookOver holds the ledger against what a takeover promises.
func (c *copied) tookOver(open []schedule.Handoff) {
	c.t.Helper()
	last, err := c.verbs().Restored(c.ctx)
	require.NoError(c.t, err)
	require.EqualValues(c.t, 1, last.Epoch)
	require.True(c.t, last.Blind)
	require.False(c.t, last.Asking)
	ds, err := c.db.Deliveries(c.ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Queued, schedule.Sending, schedule.Held}})
	require.NoError(c.t, err)
	require.Len(c.t, ds, 3)
	for _, d := range ds {
		require.Equal(c.t, schedule.Held, d.State)
		require.Equal(c.t, schedule.HeldByRestore, d.Reason)
	}
	for _, h := range open {
		now, err := c.db.Handoff(c.ctx, h.ID)
		require.NoError(c.t, err)
		require.Zero(c.t, now.ReadableAt, "no village is to blame")
		ns, err := c.db.Notices(c.ctx, h.Person)
		require.NoError(c.t, err)
		asked := 0
		for _, n := range ns {
			if n.Key == fmt.Sprintf("restored:1:%d", h.ID) && n.State == schedule.Queued {
				asked++
			}
		}
		require.Equal(c.t, 1, asked)
	}
	require.NoError(c.t, c.db.CheckAll(c.ctx))
}

func (c *copied) verbs() *schedule.Office {
	return schedule.New(c.db, c.set.Calendar, c.set.Office, schedule.Off{}, nil)
}

func (c *copied) rows() int64 {
	h, err := c.db.AuditHead(c.ctx)
	require.NoError(c.t, err)
	return h.Rows()
}
