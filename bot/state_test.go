package bot

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// Every event in every state, against what the office is told and against the
// diagram of docs/states.md (schedule.AccountMoves).
func TestAccountTransitions(t *testing.T) {
	const (
		online  = schedule.AccountOnline
		suspect = schedule.AccountSuspect
		offline = schedule.AccountOffline
		scan    = schedule.AccountNeedsScan
		held    = schedule.AccountHeld
		barred  = schedule.AccountBarred
	)
	names := []string{"一群", "二群", "三群", "四群"}
	end := func(why error) func(*Desk, *wire) {
		return func(d *Desk, w *wire) {
			w.serve = func(context.Context, func(Session)) error { return why }
			_ = d.Serve(context.Background(), nil)
		}
	}
	reach := map[schedule.AccountState][]func(*Desk, *wire){
		offline: nil,
		scan:    {func(d *Desk, _ *wire) { d.AwaitScan() }},
		online:  {func(d *Desk, _ *wire) { first(d, session("a", names...), crew(names...)) }},
		suspect: {func(d *Desk, _ *wire) { first(d, session("a", names...), crew(names...)) }, func(d *Desk, _ *wire) { d.Doubt() }},
		held: {func(d *Desk, _ *wire) {
			d.Expect("7", []int64{1, 2, 3, 4})
			d.Bind(session("a", names[:1]...), crew(names...), nil)
		}},
		barred: {func(d *Desk, _ *wire) { d.Restrict("x") }},
	}
	send := func(next NextAction) func(*Desk, *wire) {
		return func(d *Desk, w *wire) {
			w.fail = &SendError{Next: next, Err: errUnbound}
			_, _ = d.Send(context.Background(), say(1))
			w.fail = nil
		}
	}
	for _, c := range []struct {
		event string
		do    func(*Desk, *wire)
		to    map[schedule.AccountState]schedule.AccountState // absent: stays as it is
	}{
		{"a code is shown", func(d *Desk, _ *wire) { d.AwaitScan() }, map[schedule.AccountState]schedule.AccountState{offline: scan}},
		{"the phone is asked", func(d *Desk, _ *wire) { d.AwaitPhone() }, nil},
		{"silence", func(d *Desk, _ *wire) { d.Doubt() }, map[schedule.AccountState]schedule.AccountState{online: suspect}},
		{"no proof", func(d *Desk, _ *wire) { d.Deaf() }, map[schedule.AccountState]schedule.AccountState{suspect: offline}},
		{"a proof", func(d *Desk, _ *wire) { d.Alive() }, map[schedule.AccountState]schedule.AccountState{suspect: online}},
		{"accepted", func(d *Desk, _ *wire) { d.Accept() }, map[schedule.AccountState]schedule.AccountState{held: online}},
		{"restricted", func(d *Desk, _ *wire) { d.Restrict("y") }, map[schedule.AccountState]schedule.AccountState{
			offline: barred, scan: barred, online: barred, suspect: barred, held: barred}},
		{"a person allows", func(d *Desk, _ *wire) { d.Allow() }, map[schedule.AccountState]schedule.AccountState{barred: offline}},
		{"the session ends", end(ErrSessionOver), map[schedule.AccountState]schedule.AccountState{scan: offline, online: offline, suspect: offline, held: offline}},
		{"nobody scanned", end(context.DeadlineExceeded), map[schedule.AccountState]schedule.AccountState{scan: offline, online: offline, suspect: offline, held: offline}},
		{"the account is barred", end(fmt.Errorf("x: %w", ErrBarred)), map[schedule.AccountState]schedule.AccountState{
			offline: barred, scan: barred, online: barred, suspect: barred, held: barred}},
		{"thrown out soon", end(ErrSoonOver), map[schedule.AccountState]schedule.AccountState{
			offline: barred, scan: barred, online: barred, suspect: barred, held: barred}},
		{"another account", end(ErrOtherAccount), map[schedule.AccountState]schedule.AccountState{
			offline: barred, scan: barred, online: barred, suspect: barred, held: barred}},
		{"a send ends the session", send(AwaitSession), map[schedule.AccountState]schedule.AccountState{online: offline}},
		{"a send is barred", send(AwaitPerson), map[schedule.AccountState]schedule.AccountState{online: barred}},
	} {
		for from, steps := range reach {
			t.Run(fmt.Sprintf("%s/%s", c.event, from), func(t *testing.T) {
				d, w := newDesk()
				for _, step := range steps {
					step(d, w)
				}
				require.Equal(t, from, d.Status().State)
				c.do(d, w)
				want, moves := c.to[from]
				if !moves {
					want = from
				}
				st := d.Status()
				require.Equal(t, want, st.State)
				require.True(t, want == from || slices.Contains(schedule.AccountMoves[from], want), "drawn")
				require.NotEmpty(t, st.Say())
				w.sent = nil
				_, err := d.Send(t.Context(), say(1))
				require.Equal(t, want == online, err == nil, "only online sends")
				require.Len(t, w.sent, map[bool]int{true: 1}[want == online])
			})
		}
	}
	t.Run("a deaf session is taken back by a proof, a lost one is not", func(t *testing.T) {
		d, w := newDesk()
		first(d, session("a", names...), crew(names...))
		d.Doubt()
		d.Deaf()
		require.Equal(t, offline, d.Status().State)
		require.Contains(t, d.Status().Say(), "打开手机")
		require.True(t, d.Status().NeedsPerson())
		d.Alive()
		require.Equal(t, online, d.Status().State)
		end(ErrSessionOver)(d, w)
		d.Alive()
		require.Equal(t, offline, d.Status().State)
	})
	t.Run("every state has its word, and what to do", func(t *testing.T) {
		words := map[string]bool{}
		for from := range schedule.AccountMoves {
			require.NotEqual(t, string(from), from.Chinese())
			words[from.Chinese()] = true
			require.NotEmpty(t, schedule.AccountStatus{State: from}.Say())
		}
		require.Len(t, words, len(schedule.AccountMoves))
	})
}

func TestStops(t *testing.T) {
	for why, say := range map[error]string{ErrSoonOver: "过一两天", ErrBarred: "已停止登录", ErrOtherAccount: "account change", ErrServed: "先停掉那一个"} {
		got := Stops(fmt.Errorf("log in: %w", why))
		require.Contains(t, got, say)
		require.Contains(t, got, "account login")
	}
	require.Empty(t, Stops(ErrSessionOver))
	require.Empty(t, Stops(nil))
}
