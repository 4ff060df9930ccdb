package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// A stop stands until a person's word, and only those who may give it can.
func TestAccountStop(t *testing.T) {
	w := newWorld(t, "2026-06-01 08:00")
	admin := roster.Operator("")
	_, stopped, err := w.office.AccountStopped(w.ctx)
	require.NoError(t, err)
	require.False(t, stopped)
	require.ErrorIs(t, w.office.LoginAgain(w.ctx, admin, w.now), schedule.ErrState, "nothing is stopped")
	require.NoError(t, w.office.StopAccountFor(w.ctx, "为什么，怎么办", w.now))
	for range 2 {
		stop, stopped, err := w.office.AccountStopped(w.ctx)
		require.NoError(t, err)
		require.True(t, stopped)
		require.Equal(t, "为什么，怎么办", stop.Why)
		require.True(t, stop.At.Equal(w.now))
		for _, role := range []roster.Role{roster.Cadre, roster.Staff, roster.Leader, ""} {
			a := roster.ActorOf(roster.Person{ID: 1, Role: role, UnitPath: "永宁镇"}, roster.ViaChat)
			require.ErrorIs(t, w.office.LoginAgain(w.ctx, a, w.now), schedule.ErrDenied, role)
			require.ErrorIs(t, w.office.ChangeAccount(w.ctx, a, w.now), schedule.ErrDenied, role)
		}
	}
	require.NoError(t, w.db.Mark(w.ctx, "account.stop", "{not json"), "damaged")
	stop, stopped, err := w.office.AccountStopped(w.ctx)
	require.NoError(t, err)
	require.True(t, stopped, "what cannot be read is a stop")
	require.NotEmpty(t, stop.Why)
	require.NoError(t, w.office.LoginAgain(w.ctx, admin, w.now))
	_, stopped, err = w.office.AccountStopped(w.ctx)
	require.NoError(t, err)
	require.False(t, stopped)
}

func TestAccountPin(t *testing.T) {
	w := newWorld(t, "2026-06-01 08:00")
	admin := roster.Operator("")
	pin := func() string {
		t.Helper()
		p, err := w.office.AccountPin(w.ctx)
		require.NoError(t, err)
		return p
	}
	require.Empty(t, pin())
	require.ErrorIs(t, w.office.ChangeAccount(w.ctx, admin, w.now), schedule.ErrState, "there is none to change")
	require.NoError(t, w.office.PinAccount(w.ctx, "", w.now))
	require.Empty(t, pin())
	require.NoError(t, w.office.PinAccount(w.ctx, "7", w.now))
	require.NoError(t, w.office.PinAccount(w.ctx, "7", w.now))
	require.ErrorIs(t, w.office.PinAccount(w.ctx, "8", w.now), schedule.ErrState)
	require.Equal(t, "7", pin(), "the first stays")
	require.NoError(t, w.office.StopAccountFor(w.ctx, "x", w.now))
	require.NoError(t, w.office.ChangeAccount(w.ctx, admin, w.now))
	require.Empty(t, pin())
	_, stopped, err := w.office.AccountStopped(w.ctx)
	require.NoError(t, err)
	require.False(t, stopped, "a new account may log in")
	require.NoError(t, w.office.PinKnown(w.ctx, "7", w.now), "what logged in before")
	require.Empty(t, pin(), "is not pinned again by a restart")
	require.NoError(t, w.office.PinAccount(w.ctx, "8", w.now))
	require.Equal(t, "8", pin())
	t.Run("an office from before there were pins keeps its account", func(t *testing.T) {
		w := newWorld(t, "2026-06-01 08:00")
		require.NoError(t, w.office.PinKnown(w.ctx, "7", w.now))
		p, err := w.office.AccountPin(w.ctx)
		require.NoError(t, err)
		require.Equal(t, "7", p)
	})
}
