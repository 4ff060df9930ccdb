package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// TestNthDiskOperation is F03 at the store: the nth write, fsync, opening or
// removal of a push fails, n = 1, 2, 3 … until none is left to fail. After each
// the promises hold, and the push goes on as if nothing had been; of what is then
// switched off at most one delivery is uncertain.
func TestNthDiskOperation(t *testing.T) {
	if underRace {
		t.Skip("the shim under SQLite's files does not pass the race detector's pointer checks")
	}
	disk.install(t)
	groups, step := 3, scale(7, 1, 1)
	n := 1 + randomOf(t).IntN(step)
	r := newRig(t, groups).login()
	failed, offs, day := map[string]int{}, 0, r.now
	for ; ; n += step {
		before := len(r.books().entries)
		it := saveItem(t, r.db, "n"+time.Duration(n).String(), true, r.now)
		disk.arm(n)
		v := r.tryPush(t, it.ID)
		for range 6 {
			if _, err := r.runner.Step(context.Background(), r.now); err != nil && n%3 == 0 {
				break // it is switched off with what it has in memory
			}
		}
		struck := disk.disarm()
		if n%3 == 0 {
			offs++
			r.office, r.runner = r.engine(r.db)
			_, err := r.runner.Recover(t.Context(), r.now)
			require.NoError(t, err)
		}
		r.untilClose(v)
		require.Empty(t, r.books().wrong(), "operation %d, %s", n, struck)
		require.Len(t, r.books().entries, before+groups)
		day = day.AddDate(0, 0, 1)
		r.run(day) // no later push stands on the shoulders of this one
		r.now = day
		if struck == "" {
			break
		}
		failed[struck]++
	}
	b := r.audit()
	t.Logf("the last of %d operations of a push, failed: %v; switched off %d times, %d uncertain", n-step, failed, offs, b.in(schedule.Uncertain))
	require.NotZero(t, failed["write"], "%v", failed)
	if step == 1 { // every seventh may be writes alone
		require.NotZero(t, failed["fsync"], "%v", failed)
	}
	require.LessOrEqual(t, b.in(schedule.Uncertain), offs)
	require.Equal(t, len(b.entries), b.in(schedule.Accepted)+b.in(schedule.Uncertain))
}

// tryPush queues a push although the disk fails: whoever does it does it again.
func (r *rig) tryPush(t *testing.T, item string) schedule.Preview {
	var v schedule.Preview
	var err error
	for range 3 {
		if v, err = r.office.QueuePush(context.Background(), roster.Operator("王办"), schedule.Request{Item: item, To: "all"}, r.now); err == nil {
			return v
		}
	}
	require.NoError(t, err, "it works again")
	return v
}

// TestNthRequest is F03 at the transport: the nth request of any kind is cut, of a
// login and of a push.
func TestNthRequest(t *testing.T) {
	r := newRig(t, 3)
	lost, cut := 0, 0
	for _, action := range []string{"cut", "502"} {
		for n := 1; n < 60; n += 1 + scale(2, 0, 0) {
			if r.leave != nil {
				r.server.Kill(1101)
				r.gone()
			}
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Nth: n, Action: action}}))
			require.Empty(t, r.loginSomehow())
			v := r.push(true)
			r.drive(r.runner, v.Closes.Add(-time.Minute))
			if r.desk.Status().State != schedule.AccountOnline { // the poll's turn came
				r.gone()
				require.Empty(t, r.loginSomehow())
				r.drive(r.runner, v.Closes.Add(-time.Minute))
			}
			fired := r.server.Stats().Faults
			require.Empty(t, r.books().wrong(), "%s of request %d", action, n)
			r.now = v.Closes
			if int(fired) == cut {
				break
			}
			cut = int(fired)
			lost = r.books().in(schedule.Uncertain)
		}
	}
	b := r.audit()
	t.Logf("%d requests failed, %d deliveries uncertain of %d", cut, lost, len(b.entries))
	require.Greater(t, cut, 5)
	require.LessOrEqual(t, lost, cut)
	require.Equal(t, len(b.entries), b.in(schedule.Accepted)+b.in(schedule.Uncertain)+b.in(schedule.Handed)+b.in(schedule.Missed))
}

// loginSomehow logs in, again if the first try fails, and says why the session is
// held, if it is.
func (r *rig) loginSomehow() string {
	r.t.Helper()
	people, err := r.db.Roster(context.Background())
	require.NoError(r.t, err)
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		r.leave, r.ended = cancel, make(chan error, 1)
		bound := make(chan bot.Report, 1)
		ended := r.ended
		go func() {
			ended <- r.desk.Serve(ctx, func(s bot.Session) { bound <- r.desk.Bind(s, people, nil) })
		}()
		select {
		case report := <-bound:
			return report.Held
		case err := <-ended:
			require.False(r.t, errors.Is(err, bot.ErrBarred))
			cancel()
			r.leave = nil
		case <-time.After(30 * time.Second):
			require.Fail(r.t, "neither in nor out")
		}
	}
	require.Fail(r.t, "no session")
	return ""
}

// TestNoFiles: where session and packs cannot be written, nothing is worse off.
func TestNoFiles(t *testing.T) {
	r := newRig(t, 3)
	for _, name := range []string{"session", "packs"} {
		require.NoError(t, os.RemoveAll(filepath.Join(r.dir, name)))
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, name), nil, 0o600))
	}
	r.login()
	v := r.push(true)
	r.drive(r.runner, v.Closes.Add(-time.Minute))
	b := r.books()
	require.Empty(t, b.wrong())
	require.Equal(t, 3, b.in(schedule.Accepted))
}
