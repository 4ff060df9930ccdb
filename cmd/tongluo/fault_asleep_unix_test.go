//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// TestAsleep is F15 by a real process: stopped (SIGSTOP) before a window opens
// and let go on inside it, it sends within seconds, to each group once.
func TestAsleep(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	t.Parallel()
	address := startLoopback(newPC(t))
	p := newOffice(t, fmt.Sprintf(fast, address))
	vouch(t, filepath.Join(p.dir, "data"))
	d := p.start(nil, "run").up(t)
	eventually(t, "logged in", func() bool { return strings.Contains(d.said(), "msg=\"logged in\"") })
	item := document[[]itemView](p, "item", "list")[0].ID
	opens := time.Now().Add(8 * time.Second).UTC().Truncate(time.Second)
	v := document[schedule.Preview](p, "push", "--item", item, "--to", "all", "--at", opens.Format(time.RFC3339))
	require.True(t, time.Now().Before(opens), "too slow a machine for this test")
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGSTOP))
	time.Sleep(time.Until(opens) + 2*time.Second) // asleep over the hour
	require.Empty(t, receipts(t, address))
	woke := time.Now()
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGCONT))
	eventually(t, "accepted", func() bool { return states(p, v.ID)[schedule.Accepted] == 3 })
	t.Logf("sent %s after it woke", time.Since(woke).Round(time.Millisecond)) // within the 30 s of eventually
	got := map[string]int{}
	for _, r := range receipts(t, address) {
		got[r.To]++
	}
	parts := len(document[[]schedule.DeliveryView](p, "deliveries", "--push", fmt.Sprint(v.ID))[0].Parts)
	require.Equal(t, map[string]int{"网格群-1": parts, "便民群-1": parts, "便民群-2": parts}, got)
	require.Zero(t, d.stop(t))
}
