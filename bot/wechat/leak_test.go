package wechat

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tongluo/bot"
)

// TestServe_leavesNothing logs in, is thrown out and stopped again and again:
// nothing that a session started is left, whether one thread runs it or sixteen.
func TestServe_leavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, procs := range []int{1, 2, 16} {
		t.Run(fmt.Sprintf("with %d threads", procs), func(t *testing.T) {
			was := runtime.GOMAXPROCS(procs)
			t.Cleanup(func() { runtime.GOMAXPROCS(was) })
			r := start(t, 20)
			r.serve()
			r.server.Kill(1101)
			require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
			r.serve()
			r.stop()
		})
		goleak.VerifyNone(t, before)
	}
}
