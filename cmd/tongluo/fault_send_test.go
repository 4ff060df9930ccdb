package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

type tally = map[schedule.State]int

// TestFaults has the service fail at the tenth message of a push, each in its
// own way, and the push go on as far as it may.
func TestFaults(t *testing.T) {
	const groups = 30
	for _, c := range []struct {
		action   string
		want     tally
		received int // of 30 texts
		attempts int64
	}{
		{"lose_reply", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 30, 30},
		{"cut", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"502", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"502_processed", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 30, 30},
		{"html", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"empty", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"{}", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"{}_processed", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 30, 30},
		{"truncate", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 30, 30},
		{"hang", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"hang_processed", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 30, 30},
		{"ret:1", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"ret:-1", tally{schedule.Accepted: 29, schedule.Uncertain: 1}, 29, 30},
		{"ret:1205", tally{schedule.Accepted: 30}, 30, 31},
		{"throttle", tally{schedule.Accepted: 30}, 30, 31},
		{"delay:50", tally{schedule.Accepted: 30}, 30, 30},
	} {
		t.Run(c.action, func(t *testing.T) {
			r := newRig(t, groups).login()
			require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 10, Action: c.action}))
			v := r.push(false)
			r.untilClose(v)
			b := r.books()
			require.Equal(t, c.want, counts(b))
			b = r.audit()
			require.Len(t, b.got, c.received)
			require.Equal(t, c.attempts, r.server.Stats().Attempts, "nothing is sent twice")
		})
	}
}

// TestThrottled takes a message, says so, and drops it: only a system line in
// the group tells. The group gets what it lacks later, and nothing twice.
func TestThrottled(t *testing.T) {
	for name, nth := range map[string]int{"the text": 9, "the picture": 10} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 30).login()
			require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: nth, Action: "throttle"}))
			v := r.push(true)
			r.untilClose(v)
			r.audit()
		})
	}
}

// TestThrottledLate hears of it only when the window is over.
func TestThrottledLate(t *testing.T) {
	r := newRig(t, 3).login()
	require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 3, Action: "throttle"}))
	v := r.push(false)
	r.now = v.Closes.Add(-time.Minute)
	_, err := r.runner.Step(t.Context(), r.now)
	require.NoError(t, err)
	r.now = v.Closes.Add(time.Minute)
	_, err = r.step()
	require.NoError(t, err)
	b := r.audit()
	require.Equal(t, 2, b.in(schedule.Accepted))
	require.Equal(t, 1, b.in(schedule.Handed)+b.in(schedule.Refused)+b.in(schedule.Lapsed), "%v", counts(b))
}

// TestTooOften is 操作过于频繁: the whole account rests for half an hour, also
// across a restart, and then goes on by itself.
func TestTooOften(t *testing.T) {
	r := newRig(t, 30).login()
	require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 10, Action: "ret:1205"}))
	v := r.push(false)
	began := r.now
	_, err := r.step()
	require.NoError(t, err)
	require.Equal(t, tally{schedule.Accepted: 9, schedule.Queued: 21}, counts(r.books()))
	r.now = began.Add(29 * time.Minute)
	_, err = r.step()
	require.NoError(t, err)
	require.EqualValues(t, 10, r.server.Stats().Attempts)
	r.office, r.runner = r.engine(r.db)
	_, err = r.runner.Recover(t.Context(), r.now)
	require.NoError(t, err)
	_, err = r.step()
	require.NoError(t, err)
	require.EqualValues(t, 10, r.server.Stats().Attempts, "a restart does not wake it")
	r.untilClose(v)
	require.Equal(t, tally{schedule.Accepted: 30}, counts(r.audit()))
}

// TestLoggedOut ends the session in mid-push, by an answer to a send and behind
// its back; the next session has new handles, and each group gets what is left
// exactly once.
func TestLoggedOut(t *testing.T) {
	for name, end := range map[string]func(r *rig){
		"by the answer to a send": func(r *rig) {
			require.NoError(r.t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 10, Action: "ret:1101"}))
		},
		"between two sends": func(r *rig) {
			r.tap.before = func(n int, _ schedule.Outgoing) {
				if n == 10 {
					r.server.Kill(1101)
				}
			}
		},
		"between the messages of a delivery": func(r *rig) {
			r.tap.before = func(n int, _ schedule.Outgoing) {
				if n == 12 {
					r.server.Kill(1100)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 30).login()
			end(r)
			v := r.push(true)
			_, err := r.runner.Step(t.Context(), r.now)
			require.NoError(t, err)
			r.gone()
			before := counts(r.books())
			require.Zero(t, before[schedule.Uncertain], "a refusal is certain: %v", before)
			require.LessOrEqual(t, before[schedule.Accepted], 6)
			sent := r.server.Stats().Receipts
			r.now = r.now.Add(10 * time.Minute)
			_, err = r.runner.Step(t.Context(), r.now)
			require.NoError(t, err)
			require.Equal(t, sent, r.server.Stats().Receipts, "nothing leaves without a session")
			r.login()
			r.untilClose(v)
			require.Equal(t, tally{schedule.Accepted: 30}, counts(r.books()))
			b := r.audit()
			require.Len(t, b.got, 60)
			require.Equal(t, 2, r.server.Stats().Logins)
		})
	}
}

// TestRefusals has the service refuse four of five messages. Ret 1 is no definite
// no: what was refused is uncertain, is never sent again and counts nowhere. The
// breaker keeps most groups from that: people forward to them.
func TestRefusals(t *testing.T) {
	const groups = 100
	r := newRig(t, groups).login()
	var faults []loopback.Fault
	for i := range groups {
		if i%5 != 0 {
			faults = append(faults, loopback.Fault{Endpoint: "send", To: fmt.Sprint("g", i+1), Count: -1, Action: "ret:1"})
		}
	}
	require.NoError(t, r.server.SetFaults(faults))
	v := r.push(false)
	r.untilClose(v)
	b := r.audit()
	sent, lost := b.in(schedule.Accepted), b.in(schedule.Uncertain)
	require.Positive(t, sent)
	require.Less(t, lost, groups/4, "the breaker opened")
	require.Equal(t, groups-sent-lost, b.in(schedule.Handed))
	require.Len(t, b.got, sent)
	require.EqualValues(t, sent+lost, r.server.Stats().Attempts)
}

// TestStrikes is a service that proves nothing for an hour: after five tries the
// account pauses, and each trial costs one group at most its certainty.
func TestStrikes(t *testing.T) {
	r := newRig(t, 30).login()
	require.NoError(t, r.server.AddFault(loopback.Fault{Endpoint: "send", Count: 7, Action: "502"}))
	v := r.push(false)
	_, err := r.step()
	require.NoError(t, err)
	require.Equal(t, tally{schedule.Uncertain: 5, schedule.Queued: 25}, counts(r.books()))
	r.untilClose(v)
	require.Equal(t, tally{schedule.Uncertain: 7, schedule.Accepted: 23}, counts(r.audit()))
}
