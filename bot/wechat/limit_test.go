//go:build unix

package wechat

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/content"
)

// fewFiles names the environment variable that makes this test binary the
// client: the service's address.
const fewFiles = "TONGLUO_TEST_FEW_FILES"

// 3,000 pictures under a limit of 256 open files, which openwechat's bulk
// helper does not survive (performance.md §1).
func TestFewFiles(t *testing.T) {
	const groups = 3000
	if base := os.Getenv(fewFiles); base != "" {
		sendUnderLimit(t, base, groups)
		return
	}
	if testing.Short() {
		t.Skip("3,000 sends")
	}
	server, base, m := startMetered(t, groups)
	cmd := exec.Command(os.Args[0], "-test.run=^TestFewFiles$", "-test.v")
	cmd.Env = append(os.Environ(), fewFiles+"="+base)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	seen := map[string]bool{}
	for _, r := range server.Receipts() {
		seen[r.To] = true
	}
	require.Len(t, seen, groups)
	require.Len(t, server.Receipts(), groups)
	require.EqualValues(t, 1, server.Stats().Uploads)
	require.LessOrEqual(t, m.conns.Load(), int64(4), "from the login to the last of 3,000 sends")
}

// sendUnderLimit is the client, in a process of its own.
func sendUnderLimit(t *testing.T, base string, groups int) {
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 256, Max: 256}))
	w, err := New(Options{Dir: t.TempDir(), Endpoint: base, Unpaced: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan bot.Session, 1), make(chan error, 1)
	go func() { done <- w.Serve(ctx, func(s bot.Session) { ready <- s }) }()
	s := <-ready
	require.Len(t, s.Rooms, groups)
	data := picture(t, 200<<10)
	p := part(content.Picture, "p.png", data)
	var early int
	for i, room := range s.Rooms {
		_, err := w.Send(ctx, bot.Envelope{
			Session: s.ID, To: room.Handle, ClientID: strconv.Itoa(17641000000000000 + i), Part: p,
			Open: func() ([]byte, error) { return data, nil },
		})
		require.NoError(t, err, fmt.Sprint("send ", i+1))
		if i == 10 {
			early = runtime.NumGoroutine()
		}
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), early+2, "goroutines do not grow with sends")
	if files, err := os.ReadDir("/dev/fd"); err == nil {
		require.Less(t, len(files), 32)
		t.Logf("open files %d, goroutines %d", len(files), runtime.NumGoroutine())
	}
	cancel()
	<-done
}
