package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// exited reports whether a program has ended, and with which code, within a time.
func (b *background) exited(within time.Duration) (int, bool) {
	done := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(done) }()
	select {
	case <-done:
		return b.cmd.ProcessState.ExitCode(), true
	case <-time.After(within):
		return 0, false
	}
}

// up waits until the daemon says that it runs.
func (b *background) up(t *testing.T) *background {
	t.Helper()
	eventually(t, "the daemon runs: "+b.said(), func() bool { return strings.Contains(b.said(), "铜锣已启动") })
	return b
}

// TestManyDaemons is F18: of two to eight daemons on one data directory one
// sends; the others end at once with code 3 and say who holds it. When the one
// is killed, the lock it leaves holds nothing.
func TestManyDaemons(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	for _, n := range manySizes() {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			address := startLoopback(newPC(t))
			p := newOffice(t, fmt.Sprintf(fast, address))
			vouch(t, filepath.Join(p.dir, "data"))
			var all []*background
			for range n {
				all = append(all, p.start(nil, "run"))
			}
			winner := theOne(t, all)
			eventually(t, "logged in", func() bool { return document[schedule.RoomList](p, "roster", "bindings").Bound == 3 })
			v := pushNow(p)
			eventually(t, "accepted", func() bool { return states(p, v.ID)[schedule.Accepted] == 3 })
			require.NoError(t, winner.cmd.Process.Kill())
			_, _ = winner.exited(10 * time.Second)
			next := p.start(nil, "run").up(t)
			eventually(t, "logged in again", func() bool { return strings.Contains(next.said(), "msg=\"logged in\"") })
			time.Sleep(500 * time.Millisecond) // whatever it would send again goes now: nothing here is paced
			got := map[string]int{}
			for _, r := range receipts(t, address) {
				got[r.To]++
			}
			parts := len(document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(v.ID))[0].Parts)
			require.Equal(t, map[string]int{"网格群-1": parts, "便民群-1": parts, "便民群-2": parts}, got)
			require.Zero(t, next.stop(t), next.said())
		})
	}
}

// manySizes are how many daemons are started at once.
func manySizes() []int {
	if os.Getenv("TONGLUO_SOAK") != "" {
		return []int{2, 3, 4, 5, 6, 7, 8}
	}
	return []int{4}
}

// theOne waits until all but one have been refused.
func theOne(t *testing.T, all []*background) *background {
	t.Helper()
	began := time.Now()
	codes := make([]chan int, len(all))
	for i, b := range all {
		codes[i] = make(chan int, 1)
		go func() { _ = b.cmd.Wait(); codes[i] <- b.cmd.ProcessState.ExitCode() }()
	}
	var winner *background
	for i, b := range all {
		eventually(t, "up or refused", func() bool {
			return strings.Contains(b.said(), "铜锣已启动") || len(codes[i]) > 0
		})
		if len(codes[i]) == 0 {
			require.Nil(t, winner, "two run")
			winner = b
			continue
		}
		require.Equal(t, exitLocked, <-codes[i], b.said())
	}
	require.NotNil(t, winner)
	t.Logf("%d refused within %s", len(all)-1, time.Since(began).Round(time.Millisecond))
	for _, b := range all {
		if b != winner {
			require.Contains(t, b.said(), fmt.Sprintf("进程号 %d", winner.cmd.Process.Pid))
		}
	}
	return winner
}

// TestCopiedData is the other half of F18: a data directory that was copied is
// refused, on this PC and on another, until a person takes over; what was not
// final does not go by itself then.
func TestCopiedData(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	t.Parallel()
	address := startLoopback(newPC(t))
	p := newOffice(t, fmt.Sprintf(fast, address))
	require.Zero(t, p.start(nil, "run").up(t).stop(t))
	v := pushNow(p) // queued, nothing sent: nobody runs
	original, copied := filepath.Join(p.dir, "data"), filepath.Join(p.dir, "副本")
	require.NoError(t, os.CopyFS(copied, os.DirFS(original)))
	t.Run("it does not run, and says where the original is", func(t *testing.T) {
		r := p.run("--data", copied, "run")
		require.Equal(t, exitLocked, r.code, r.err)
		require.Contains(t, r.err, original)
		require.Contains(t, r.err, "--takeover")
	})
	t.Run("it can be read", func(t *testing.T) {
		r := p.run("--data", copied, "queue")
		require.Zero(t, r.code, r.err)
		require.Contains(t, r.out, fmt.Sprintf("#%d", v.ID))
	})
	t.Run("but not written to: the record would be lost", func(t *testing.T) {
		r := p.run("--data", copied, "halt")
		require.Equal(t, exitLocked, r.code, r.err)
		require.Contains(t, r.err, "只能看")
		require.NotContains(t, p.ok("--data", copied, "queue"), "停发中")
	})
	t.Run("the original is as it was", func(t *testing.T) {
		require.NotContains(t, p.run("queue").err, "复制")
	})
	t.Run("a directory that was moved is no copy", func(t *testing.T) {
		moved := filepath.Join(p.dir, "搬走")
		require.NoError(t, os.Rename(original, moved))
		defer func() { require.NoError(t, os.Rename(moved, original)) }()
		require.Zero(t, p.start(nil, "--data", moved, "run").up(t).stop(t))
	})
	t.Run("a person takes over: what was queued is held", func(t *testing.T) {
		d := p.start(nil, "--data", copied, "run", "--takeover").up(t)
		require.Contains(t, d.said(), "3 条还没发完的先压着")
		eventually(t, "logged in", func() bool { return strings.Contains(d.said(), "msg=\"logged in\"") })
		time.Sleep(500 * time.Millisecond) // whatever it would send goes now
		require.Empty(t, receipts(t, address))
		ds := document[[]schedule.DeliveryView](p, "--data", copied, "deliveries", "--push", fmt.Sprint(v.ID))
		for _, dv := range ds {
			require.Equal(t, schedule.Held, dv.State)
			require.Equal(t, schedule.HeldByRestore, dv.Reason)
		}
		require.Zero(t, d.stop(t))
		require.Zero(t, p.start(nil, "--data", copied, "run").up(t).stop(t), "once is enough")
	})
}

// TestOneAccount: two data directories of one PC do not serve one account.
func TestOneAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	t.Parallel()
	address := startLoopback(newPC(t))
	first := newOffice(t, fmt.Sprintf(fast, address))
	d := first.start(nil, "run").up(t)
	eventually(t, "logged in", func() bool { return strings.Contains(d.said(), "msg=\"logged in\"") })
	other := newOffice(t, fmt.Sprintf(fast, address))
	e := other.start(nil, "run").up(t)
	eventually(t, "refused: "+e.said(), func() bool { return strings.Contains(e.said(), "another process of this PC") })
	require.NotContains(t, e.said(), "msg=\"logged in\"")
	v := pushNow(other)
	time.Sleep(500 * time.Millisecond) // whatever it would send goes now
	require.Empty(t, receipts(t, address))
	require.Equal(t, 3, states(other, v.ID)[schedule.Queued])
	require.Zero(t, e.stop(t))
	require.Zero(t, d.stop(t))
}
