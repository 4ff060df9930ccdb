package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
)

// recall takes up what was said of the account before the last stop.
func (d *daemon) recall(ctx context.Context, now time.Time) error {
	if err := d.office.PinKnown(ctx, d.seen.Account, now); err != nil {
		return err
	}
	if err := d.readPin(ctx); err != nil {
		return err
	}
	account := d.seen.Account
	if d.pinned() == "" && account != "" { // the office changes its account
		account, d.leave = "", true
	}
	if err := d.talk.Recall(ctx, account); err != nil {
		return err
	}
	d.watch.Recall(account != "" && d.seen.Echoes)
	stop, stopped, err := d.office.AccountStopped(ctx)
	if stopped {
		d.desk.Restrict(stop.Why)
	}
	return err
}

// readPin takes in which account may log in; when the office has said that it
// changes it, the one that is logged in leaves.
func (d *daemon) readPin(ctx context.Context) error {
	d.mu.Lock() // the first login pins in between, or not at all
	defer d.mu.Unlock()
	pin, err := d.office.AccountPin(ctx)
	if err != nil {
		return err
	}
	changes := d.pin != "" && pin == ""
	d.pin = pin
	if !changes {
		return nil
	}
	d.leave = true
	d.watch.Recall(false)
	if err := d.talk.Recall(ctx, ""); err != nil {
		return err
	}
	if d.end != nil {
		d.end(bot.ErrLeave)
	}
	return nil
}

func (d *daemon) pinned() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pin
}

// keepSession logs in again and again until ctx is done. A session serves as
// long as work lasts, so that a stop does not cut the message in flight. An
// account that is stopped for a person is left alone until the person's word.
func (d *daemon) keepSession(ctx, work context.Context) {
	defer d.lease.give()
	defer d.dropCode()
	pause, owed := firstPause, ""
	for ctx.Err() == nil {
		if !d.mayLogIn(work, &owed) {
			rest(ctx, longestNap)
			continue
		}
		began := time.Now()
		err := d.serveSession(work)
		d.setCode("")
		d.wake()
		if owed = bot.Stops(err); owed != "" {
			d.log.Error("the account needs a person", "err", err)
			continue
		}
		if time.Since(began) > longLife || errors.Is(err, bot.ErrLeave) {
			pause = firstPause
		}
		d.log.Warn("no session; everything goes by office pack until there is one", "err", err, "again_in", pause)
		rest(ctx, pause)
		pause = min(2*pause, longestPause)
	}
}

// serveSession serves one session, which readPin may end.
func (d *daemon) serveSession(work context.Context) error {
	one, end := context.WithCancelCause(work)
	defer end(nil)
	d.mu.Lock()
	if d.leave {
		end(bot.ErrLeave)
	}
	d.end, d.leave = end, false
	d.mu.Unlock()
	return d.desk.Serve(one, func(s bot.Session) {
		if !d.lease.take(s) {
			end(bot.ErrServed)
			return
		}
		if err := d.greetSession(one, s); err != nil {
			d.log.Error("greet the new session", "err", err)
			end(err) // nothing is bound: log in again
		}
	})
}

// mayLogIn reports whether no stop stands. owed is the reason of a stop that is
// not yet on disk: until it is, a restart would log in.
func (d *daemon) mayLogIn(ctx context.Context, owed *string) bool {
	if *owed != "" {
		if err := d.office.StopAccountFor(ctx, *owed, time.Now().Round(0)); err != nil {
			d.log.Error("the account's stop is not on disk", "err", err)
			return false
		}
		*owed = ""
	}
	stop, stopped, err := d.office.AccountStopped(ctx)
	if err != nil {
		d.log.Error("may the account log in", "err", err)
		return false
	}
	barred := d.desk.Status().State == schedule.AccountBarred
	switch {
	case stopped && !barred:
		d.desk.Restrict(stop.Why)
		d.wake()
	case !stopped && barred:
		d.log.Info("a person lets the account log in again")
		d.desk.Allow()
		d.wake()
	}
	return !stopped
}

// greetSession binds the new session's rooms to our groups; before that the
// first account ever to log in is made the only one.
func (d *daemon) greetSession(ctx context.Context, s bot.Session) error {
	if err := d.pinFirst(ctx, s.Account); err != nil {
		return err
	}
	report, err := d.talk.Greet(ctx, s, time.Now().Round(0))
	if err != nil && report.Session == "" {
		return err
	}
	if err != nil { // bound all the same: some bind themselves again, or are kept by the next look
		d.log.Error("take up the new session", "err", err)
	}
	d.dropCode()
	debug.FreeOSMemory() // the contact list is the largest thing ever read; an office PC wants it back
	d.log.Info("logged in", "groups", report.Bound, "asked", report.Asked, "unbound", len(report.Unbound), "persons", report.Persons, "held", report.Held)
	d.wake()
	return nil
}

func (d *daemon) pinFirst(ctx context.Context, account string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.office.PinAccount(ctx, account, time.Now().Round(0)); err != nil {
		return err
	}
	d.account, d.pin = account, account
	return nil
}

// dropCode removes a login code from the disk: it is a credential.
func (d *daemon) dropCode() {
	d.setCode("")
	if err := os.Remove(codeFile(d.db.Dir())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("a login code is still on disk", "err", err)
	}
}

// setCode keeps what the login code that waits holds, "" for none.
func (d *daemon) setCode(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.code = text
}

// loginCode is the login code that waits.
func (d *daemon) loginCode() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.code
}

// wake has loop look again; one wake pending is enough.
func (d *daemon) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// rest waits unless ctx is done first.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// hear takes in one message and answers it, if it is for us and from somebody
// we know.
func (d *daemon) hear(ctx context.Context, m bot.Message) {
	if !d.desk.Status().Online() { // the message itself is a sign of life
		if err := d.watchOver(ctx, time.Now().Round(0)); err != nil {
			d.log.Warn("self check", "err", err)
		}
	}
	if err := d.talk.Hear(ctx, m, time.Now().Round(0)); err != nil {
		d.log.Error("take in a message", "err", err)
	}
}
