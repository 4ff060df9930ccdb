package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// TestDaemonWatches runs the daemon's own parts without its loop, so that the
// test alone moves its clock: a session that goes deaf is doubted, given up, and
// taken back; its time holds nothing against a village.
func TestDaemonWatches(t *testing.T) {
	server := loopback.New(smallTown(), loopback.Options{Seed: 1, AutoLogin: true})
	address, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	p := newOffice(t, fmt.Sprintf(fast, address))
	a := &app{ctx: t.Context(), out: io.Discard, err: io.Discard, place: &place{Data: filepath.Join(p.dir, "data"), Config: filepath.Join(p.dir, "config.toml")}}
	set, err := a.settings()
	require.NoError(t, err)
	db, err := store.Open(t.Context(), a.data(), store.Options{Cal: set.Calendar})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	d, err := a.newDaemon(set, db, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	now := time.Now().Round(0) // about noon there, whenever it runs
	require.NoError(t, d.start(t.Context(), now))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.keepSession(ctx, ctx); close(done) }()
	defer func() { stop(); <-done }()
	state := func() schedule.AccountState { return d.desk.Status().State }
	eventually(t, "online", func() bool { return state() == schedule.AccountOnline })
	look := func(later time.Duration) schedule.AccountState {
		t.Helper()
		now = now.Add(later)
		require.NoError(t, d.watchOver(ctx, now))
		require.NoError(t, d.look(ctx))
		return state()
	}
	require.Equal(t, schedule.AccountOnline, look(0))
	server.EchoFrom(loopback.PlainEcho)
	require.Equal(t, schedule.AccountSuspect, look(time.Hour))
	seen, err := readSeen(ctx, db)
	require.NoError(t, err)
	require.Equal(t, schedule.AccountSuspect, seen.State, "the commands beside know")
	eventually(t, "echoed", func() bool { return look(0) == schedule.AccountOnline })
	require.NoError(t, server.SetFaults([]loopback.Fault{{Action: "deaf", Count: -1}}))
	require.Equal(t, schedule.AccountSuspect, look(time.Hour))
	require.Equal(t, schedule.AccountOffline, look(5*time.Minute))
	seen, err = readSeen(ctx, db)
	require.NoError(t, err)
	require.True(t, seen.Echoes, "and remember it")
	require.Contains(t, seen.Why, "打开手机")
	digest, err := d.office.DigestText(ctx, roster.Operator(""), now)
	require.NoError(t, err)
	require.Contains(t, digest, "微信离线：登录还在")
	attempts := server.Stats().Attempts
	require.NoError(t, db.SetHalt(ctx, roster.Operator(""), true, now))
	look(time.Hour)
	require.Equal(t, attempts, server.Stats().Attempts, "no check while 停发 is on")
	require.NoError(t, db.SetHalt(ctx, roster.Operator(""), false, now))
	look(10 * time.Hour)
	require.Equal(t, attempts, server.Stats().Attempts, "nor outside working hours")
	_, err = server.Say(loopback.Words{From: "keeper-1", Text: "有人吗"})
	require.NoError(t, err)
	require.NoError(t, server.SetFaults(nil))
	eventually(t, "somebody opened the phone", func() bool { return look(0) == schedule.AccountOnline })
	stop()
	<-done
	require.NoError(t, d.office.ChangeAccount(t.Context(), roster.Operator(""), now))
	require.NoError(t, d.readPin(t.Context()))
	require.True(t, d.leave, "what is kept of the account is left before the next login")
}

// TestChangeBetweenSessions: what is kept of the account before is left, even
// though no session was there to be ended.
func TestChangeBetweenSessions(t *testing.T) {
	var d daemon
	d.desk = bot.NewDesk(leaving{}, nil, nil)
	d.leave = true
	require.ErrorIs(t, d.serveSession(t.Context()), bot.ErrLeave)
	require.False(t, d.leave)
}

// leaving is a transport that waits for the end of its context.
type leaving struct{ bot.Transport }

// Serve implements bot.Transport.
func (leaving) Serve(ctx context.Context, _ func(bot.Session)) error {
	<-ctx.Done()
	return context.Cause(ctx)
}
