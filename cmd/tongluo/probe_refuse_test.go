package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
)

// TestProbe_refused: a probe says nothing while everything is stopped or the
// account rests, and does not log in from a copy: the original would be thrown out.
func TestProbe_refused(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	t.Parallel()
	server := loopback.New(smallTown(), loopback.Options{Seed: 3, AutoLogin: true})
	address, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	p := newOffice(t, fmt.Sprintf(fast, address))
	require.Zero(t, p.start(nil, "run").up(t).stop(t))
	copied := filepath.Join(p.dir, "副本")
	require.NoError(t, os.CopyFS(copied, os.DirFS(filepath.Join(p.dir, "data"))))
	logins := func() int64 { return server.Stats().Requests["webwxinit"] }
	before := logins()
	r := p.run("--data", copied, "probe", "--stay", "10ms")
	require.Equal(t, exitLocked, r.code, r.err)
	p.ok("halt")
	for _, say := range [][]string{{"--say-to-self"}, {"--say-in", "永宁村网格群"}} {
		r = p.run(append([]string{"probe", "--stay", "10ms"}, say...)...)
		require.Equal(t, exitFailed, r.code, r.err)
		require.Contains(t, r.err, "停发中")
	}
	require.Equal(t, before, logins())
	require.Zero(t, server.Stats().Attempts)
	p.ok("probe", "--stay", "10ms") // which says nothing
}
