package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
)

// friendRig is a rig whose keeper is a friend of the account, so that private
// messages and answers are possible.
func friendRig(t *testing.T, groups int, o loopback.Options) *rig {
	r := newRigWith(t, groups, o, nil)
	require.NoError(t, r.server.Befriend(loopback.Contact{ID: "p9", Nickname: "张", Remark: "永宁村干部"}))
	return r.login()
}

// note queues a private message to the keeper.
func (r *rig) note(key string) {
	_, err := r.db.AddNotices(r.t.Context(), []schedule.Notice{{Person: 1, Key: key, Due: r.now, State: schedule.Queued,
		Part: content.Part{Kind: content.Text, Text: key}}}, r.now)
	require.NoError(r.t, err)
}

// TestTooOftenAnywhere is F09 by the service's count: 1205 at the first, the
// fortieth and every tenth message. Nothing at all leaves the account before the
// rest is over, no answer either; then it goes on by itself.
func TestTooOftenAnywhere(t *testing.T) {
	for name, nths := range map[string][]int{"the first": {1}, "the fortieth": {40}, "every tenth": {10, 20, 30, 40}} {
		t.Run(name, func(t *testing.T) {
			r := friendRig(t, 50, loopback.Options{})
			for _, nth := range nths {
				require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: nth, Action: "ret:1205"}))
			}
			r.push(false)
			for n, nth := range nths {
				r.walkTo(t, int64(nth))
				p, err := r.office.Pauses(t.Context(), operator())
				require.NoError(t, err)
				require.GreaterOrEqual(t, p.Rest.Until.Sub(r.now), 30*time.Minute)
				for minute := time.Minute; minute < 30*time.Minute; minute += 7 * time.Minute {
					r.now = p.Rest.Since.Add(minute)
					r.note(fmt.Sprint(n, minute))
					_, err := r.server.Say(loopback.Words{From: "p9", Text: "任务"})
					require.NoError(t, err)
					_, err = r.step()
					require.NoError(t, err)
				}
				require.EqualValues(t, nth, r.server.Stats().Attempts, "nothing leaves, to nobody")
				r.now = p.Rest.Until
				if n > 0 { // until the next day: what is left is carried by people
					break
				}
			}
			r.run(r.now.Add(time.Hour))
			require.Greater(t, r.server.Stats().Attempts, int64(nths[0]), "unaided")
			r.audit()
		})
	}
}

// walkTo steps until the service has seen so many messages.
func (r *rig) walkTo(t *testing.T, n int64) {
	for range 200 {
		next, err := r.step()
		require.NoError(t, err)
		if r.server.Stats().Attempts >= n {
			return
		}
		if next.After(r.now) {
			r.now = next
		}
	}
	require.Fail(t, "never so many")
}

// TestTooOftenAnswer: an answer that is refused as too often stops the account as
// well.
func TestTooOftenAnswer(t *testing.T) {
	r := friendRig(t, 3, loopback.Options{})
	require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 1, Action: "ret:1205"}))
	_, err := r.server.Say(loopback.Words{From: "p9", Text: "任务"})
	require.NoError(t, err)
	r.hear()
	require.EqualValues(t, 1, r.server.Stats().Attempts)
	r.push(false)
	_, err = r.step()
	require.NoError(t, err)
	require.EqualValues(t, 1, r.server.Stats().Attempts)
}

// TestThrottledCounts: of what the service took and dropped nothing counts, by the
// count of the chats, and the account rests at once.
func TestThrottledCounts(t *testing.T) {
	for _, picture := range []bool{false, true} {
		t.Run(fmt.Sprint("picture ", picture), func(t *testing.T) {
			r := newRig(t, 12).login()
			for nth := 3; nth < 30; nth += 5 {
				require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: nth, Action: "throttle"}))
			}
			v := r.push(picture)
			_, err := r.step()
			require.NoError(t, err)
			require.True(t, r.runner.Resting(r.now))
			r.untilClose(v)
			b := r.audit() // I2 and I3: each that counts was received
			require.Positive(t, b.in(schedule.Accepted))
			require.Less(t, b.in(schedule.Accepted), 12)
		})
	}
}

// TestEcho settles what lost its reply by what the service shows the account of
// its own messages, and nothing that was not received.
func TestEcho(t *testing.T) {
	for _, c := range []struct {
		echo    loopback.Echo
		picture bool
		want    tally
	}{
		{loopback.NoEcho, false, tally{schedule.Accepted: 9, schedule.Uncertain: 3}},
		{loopback.PlainEcho, false, tally{schedule.Accepted: 9, schedule.Observed: 2, schedule.Uncertain: 1}},
		{loopback.NamedEcho, false, tally{schedule.Accepted: 9, schedule.Observed: 2, schedule.Uncertain: 1}},
		{loopback.NamedEcho, true, tally{schedule.Accepted: 12}},
	} {
		t.Run(fmt.Sprintf("%q picture %t", c.echo, c.picture), func(t *testing.T) {
			r := newRigWith(t, 12, loopback.Options{Echo: c.echo, Now: func() time.Time { return time.Date(2026, 6, 2, 2, 0, 30, 0, time.UTC) }}, nil).login()
			for nth, action := range map[int]string{3: "lose_reply", 6: "502", 9: "{}_processed"} {
				if !c.picture || action != "502" {
					require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "webwxsendmsg", Nth: nth, Action: action}))
				}
			}
			v := r.push(c.picture)
			r.untilClose(v)
			b := r.audit()
			require.Equal(t, c.want, counts(b))
			require.Zero(t, r.server.Stats().Duplicates)
		})
	}
}
