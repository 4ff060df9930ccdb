package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// endings are how the service ends a session in the middle of a push.
var endings = []struct {
	name string
	ret  int
	bars bool // only a person may log in again
	end  func(r *rig, ret int)
}{
	{"1100", 1100, false, kills},
	{"1101", 1101, false, kills},
	{"1102", 1102, true, kills}, // seconds after the login
	{"1203", 1203, true, kills},
	{"1101 without a key in a sync", 1101, false, badSync},
}

func kills(r *rig, ret int) { r.server.Kill(ret) }

// badSync is the reply on which openwechat's own loop would take the whole
// process down (H6); the service goes on taking messages.
func badSync(r *rig, _ int) {
	require.NoError(r.t, r.server.AddFault(loopback.Fault{Endpoint: "webwxsync", Action: "bad_sync"}))
	_, err := r.server.Say(loopback.Words{From: "p1", Text: "在吗"})
	require.NoError(r.t, err)
	require.Eventually(r.t, func() bool { return !r.desk.Status().Online() }, 30*time.Second, time.Millisecond)
}

// TestSessionEndsMidBatch (F10): after the code nothing is sent, the process
// lives, and after the next login exactly what was left goes.
func TestSessionEndsMidBatch(t *testing.T) {
	groups, at := 12, []int{1, 5, 12}
	if os.Getenv("TONGLUO_SOAK") != "" {
		groups, at = 1000, nil
		for k := 1; k <= groups; k += 50 {
			at = append(at, k)
		}
	}
	for _, c := range endings {
		for _, k := range at {
			t.Run(fmt.Sprintf("%s at message %d", c.name, k), func(t *testing.T) {
				r := newRig(t, groups).login()
				var after int64
				r.tap.before = func(n int, _ schedule.Outgoing) {
					if n == k {
						c.end(r, c.ret)
						after = r.server.Stats().Attempts
					}
				}
				v := r.push(false)
				for range 5 { // and it is not as if somebody knocked again and again
					_, err := r.runner.Step(t.Context(), r.now)
					require.NoError(t, err)
					r.now = r.now.Add(time.Minute)
				}
				if c.bars {
					require.Error(t, <-r.ended)
					r.leave()
					r.leave = nil
					require.Equal(t, schedule.AccountBarred, r.desk.Status().State)
					require.Contains(t, r.desk.Status().Say(), "account login")
					r.desk.Allow()
				} else {
					r.gone()
					require.Equal(t, schedule.AccountOffline, r.desk.Status().State)
				}
				sent := r.server.Stats()
				require.LessOrEqual(t, sent.Attempts-after, int64(1), "the message that was told the code, and none after it")
				require.EqualValues(t, k-1, sent.Receipts)
				left := counts(r.books())
				require.Equal(t, groups-k+1, left[schedule.Queued], "%v", left)

				r.tap.before = nil
				r.login()
				r.untilClose(v)
				b := r.audit()
				require.Equal(t, tally{schedule.Accepted: groups}, counts(b))
				require.Len(t, b.got, groups, "each once")
			})
		}
	}
}
