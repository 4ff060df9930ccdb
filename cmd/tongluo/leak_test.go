package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// TestF34 runs the whole daemon in this process, with a session, the console, a
// guard, a push and an alert under way, and stops it in the middle: nothing it
// started is left, whether one thread runs it or sixteen. Under -race and as
// part of the soak it is the concurrency test of reliability.md §6.
func TestF34(t *testing.T) {
	rounds := 1
	if os.Getenv("TONGLUO_SOAK") != "" {
		rounds = 10
	}
	before := goleak.IgnoreCurrent()
	for _, procs := range []int{1, 2, 16} {
		for range rounds {
			was := runtime.GOMAXPROCS(procs)
			liveOnce(t)
			runtime.GOMAXPROCS(was)
			goleak.VerifyNone(t, before)
		}
	}
}

// liveOnce is one life of a daemon.
func liveOnce(t *testing.T) {
	t.Helper()
	l := newListener(t)
	defer l.Close()
	server := loopback.New(besieged(40), loopback.Options{Seed: 1, AutoLogin: true})
	address, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	p := newPC(t)
	p.settings("[console]\nenabled = true\nlisten = \"" + freePort(t) + "\"\n" + fmt.Sprintf(fast, address) + "\n" + l.settings())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	a := &app{ctx: ctx, place: &place{Data: filepath.Join(p.dir, "data"), Config: filepath.Join(p.dir, "config.toml")}, out: io.Discard, err: io.Discard}
	set, err := a.settings()
	require.NoError(t, err)
	require.NoError(t, a.makeData())
	db, err := store.Open(ctx, a.data(), store.Options{Cal: set.Calendar})
	require.NoError(t, err)
	r := &rig{t: t, db: db, chat: map[int64]string{}, now: time.Now()}
	r.people(40)
	vouch(t, a.data())
	d, err := a.newDaemon(set, db, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, d.start(ctx, time.Now()))
	require.NoError(t, a.openConsole(set, d))
	ended := make(chan struct{})
	go func() { d.serve(ctx); close(ended) }()
	eventually(t, "a session", func() bool { return d.desk.Status().Online() })
	it := saveItem(t, db, "a", false, time.Now())
	verbs := schedule.New(db, set.Calendar, set.Office, d.desk, packs{dir: a.packDir(), zone: set.Calendar.Zone()})
	v, err := verbs.QueuePush(ctx, roster.Operator("王办"), schedule.Request{Item: it.ID, To: "all"}, time.Now())
	require.NoError(t, err)
	if v.State == schedule.PushWaiting {
		require.NoError(t, verbs.ApprovePush(ctx, roster.Operator("李主任"), v.ID, time.Now()))
	}
	eventually(t, "the push is under way", func() bool { return server.Stats().Attempts > 0 && len(l.heard("/ping")) > 0 })
	stop()
	<-ended
	require.NoError(t, db.Close())
	require.NoError(t, server.Close())
}
