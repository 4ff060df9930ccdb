package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/cmd/tongluo/console"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
	"tongluo/store"
)

const (
	// longestNap bounds every wait, so that another process's change, a clock set anew and a PC that slept
	// are noticed: waits are by wall clock, timers are not.
	longestNap = 2 * time.Second
	// shortestNap keeps a mistake in "next at" from eating the office's PC.
	shortestNap = 10 * time.Millisecond
	// lastSend is how long a stop waits for the message in flight.
	lastSend = 40 * time.Second
	// A session that ended is renewed after a pause that doubles from first to
	// longest; one that lived for long starts anew at first.
	firstPause, longestPause, longLife = 2 * time.Second, 10 * time.Minute, 10 * time.Minute
)

// daemon is what runs between start and stop. One goroutine, loop, owns the
// clock and answers what is said; a second one, keepSession, owns the login.
type daemon struct {
	db     *store.DB
	office *schedule.Office
	clock  *runner.Runner
	desk   *bot.Desk             // nil with WeChat off
	talk   *command.Conversation // nil with WeChat off
	log    *slog.Logger
	woken  chan struct{} // the session began or ended
	watch  bot.Watch
	note   func(format string, args ...any) // says something to whoever watches the run
	lease  *accountLease                    // of keepSession alone

	backups ops.Backups
	checked atomic.Bool // the database is sound as far as it can be told quickly
	damaged bool        // it is shown only, since it is known to be damaged

	console *console.Console // nil when it is switched off
	page    net.Listener     // where the console listens, nil when it does not

	guard  *ops.Guard
	turned atomic.Int64 // when loop last came round, unix milliseconds, for the guard

	mu      sync.Mutex
	account string                  // of the present session, set by keepSession
	pin     string                  // the one account that may log in, "" for the next
	end     context.CancelCauseFunc // ends the present session or login
	leave   bool                    // what is kept of a session is to be left before the next login
	code    string                  // what the present login code holds: a credential, in memory alone

	// Of loop alone:
	seen  seen // as last written to the store
	time  *timekeeper
	awake ops.Awake
}

// silent is the sender of an office without an account.
type silent struct{}

// Send implements schedule.Sender; nothing was ever sent.
func (silent) Send(context.Context, schedule.Outgoing) (schedule.Receipt, error) {
	return schedule.Receipt{}, &schedule.SendError{Next: schedule.AwaitSession, Err: errOff}
}

var errOff = errors.New("WeChat is off")

// patient lets a message that is on its way end although a stop was asked for:
// cutting it would leave one more that nobody can vouch for.
type patient struct{ schedule.Sender }

// Send implements schedule.Sender.
func (p patient) Send(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
	if ctx.Err() != nil {
		return schedule.Receipt{}, &schedule.SendError{Next: schedule.RetryLater, Err: ctx.Err()}
	}
	last, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastSend, stop) })()
	return p.Sender.Send(last, m)
}

// start settles what the last run left and recalls its session.
func (d *daemon) start(ctx context.Context, now time.Time) error {
	uncertain, err := d.clock.Recover(ctx, now)
	if err != nil {
		return fmt.Errorf("recover after the last run: %w", err)
	}
	if uncertain > 0 {
		d.log.Warn("the last run left messages nobody can vouch for; settle them", "uncertain", uncertain)
	}
	if d.seen, err = readSeen(ctx, d.db); err != nil || d.desk == nil {
		return err
	}
	return d.recall(ctx, now)
}

// serve runs until ctx is done; a message in flight gets lastSend to end.
func (d *daemon) serve(ctx context.Context) {
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // the session outlives ctx by the last message
	defer stop()
	var owned sync.WaitGroup
	if d.desk != nil {
		owned.Go(func() { d.keepSession(ctx, work) })
	}
	if d.page != nil {
		owned.Go(func() { d.serveConsole(work) })
	}
	owned.Go(func() { d.guard.Run(work) })
	owned.Go(func() { d.checkFirst(ctx) })
	owned.Go(func() { d.keepBackups(ctx, d.backups) })
	d.loop(ctx)
	stop()
	if err := d.awake.Keep(false); err != nil {
		d.log.Warn("let the PC sleep", "err", err)
	}
	owned.Wait()
	d.log.Info("stopped")
}

// loop does what is due, then waits for the next instant, the inbox or news of
// the session, whichever is first.
func (d *daemon) loop(ctx context.Context) {
	var inbox <-chan bot.Message
	if d.desk != nil {
		inbox = d.desk.Inbox()
	}
	nap := time.NewTimer(0)
	defer nap.Stop()
	for {
		nap.Reset(d.turn(ctx))
		d.turned.Store(time.Now().UnixMilli())
		select {
		case <-ctx.Done():
			return
		case m := <-inbox:
			d.hear(ctx, m)
		case <-d.woken:
		case <-nap.C:
		}
	}
}

// turn does everything that is due now and returns how long to wait. A failure
// is logged and tried again: the daemon of an office nobody watches must not
// stop because of one.
func (d *daemon) turn(ctx context.Context) time.Duration {
	read := time.Now()
	now := read.Round(0) // wall clock alone: the monotonic one sleeps with the PC
	sure, err := d.time.look(ctx, d.clock, now, read.Sub(d.time.began), d.desk != nil && d.desk.Status().Online())
	if err != nil && ctx.Err() == nil {
		d.log.Error("keep the clock", "err", err)
	}
	if !sure {
		return longestNap / 4
	}
	if err := d.look(ctx); err != nil && ctx.Err() == nil {
		d.log.Error("look after the session", "err", err)
	}
	if err := d.watchOver(ctx, now); err != nil && ctx.Err() == nil {
		d.log.Warn("self check", "err", err)
	}
	d.keepAwake(ctx, now)
	next, err := d.clock.Step(ctx, now)
	if err != nil && d.db.Damaged() != nil { // said once, by the store
		return longestNap
	}
	if err != nil && ctx.Err() == nil {
		d.log.Error("do what is due", "err", err)
		return longestNap
	}
	if next.IsZero() {
		return longestNap
	}
	return min(max(next.Sub(now), shortestNap), longestNap)
}

// look takes in what other processes changed (roster, bindings, a held session
// accepted) and tells them what the session sees.
func (d *daemon) look(ctx context.Context) error {
	if d.desk == nil {
		return nil
	}
	if err := d.talk.Look(ctx, time.Now().Round(0)); err != nil {
		return err
	}
	r, err := d.db.Roster(ctx)
	if err != nil {
		return fmt.Errorf("read the roster: %w", err)
	}
	if err := d.readPin(ctx); err != nil {
		return err
	}
	return d.tell(ctx, r)
}

// tell writes what the session sees, when it has changed.
func (d *daemon) tell(ctx context.Context, r *roster.Roster) error {
	d.mu.Lock()
	account := d.account
	d.mu.Unlock()
	now := seenAt(d.desk, account, d.seen, r, time.Now())
	now.Echoes = d.watch.Echoes()
	if now.equal(d.seen) {
		return nil
	}
	if now.State != d.seen.State || now.Why != d.seen.Why {
		d.note("微信%s：%s", now.State.Chinese(), now.Status().Say())
	}
	if !slices.Equal(now.Twins, d.seen.Twins) || now.Session != d.seen.Session {
		if err := d.talk.Office.TwinRemarks(ctx, now.Twins, d.desk.Login(), time.Now().Round(0)); err != nil {
			return fmt.Errorf("tell of twin remarks: %w", err)
		}
	}
	if err := writeSeen(ctx, d.db, now); err != nil {
		return err
	}
	d.seen = now
	return nil
}
