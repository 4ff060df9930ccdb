package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"tongluo/bot"
)

// keepSession logs in again and again until ctx is done. A session serves as
// long as work lasts, so that a stop does not cut the message in flight. A
// barred account is left alone: only a person may try again.
func (d *daemon) keepSession(ctx, work context.Context) {
	defer d.dropCode()
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := d.desk.Serve(work, func(s bot.Session) { d.greetSession(work, s) })
		d.setCode("")
		d.wake()
		if errors.Is(err, bot.ErrBarred) || errors.Is(err, bot.ErrOtherAccount) {
			d.log.Error("the account needs a person; log in on the phone, then start again", "err", err)
			return
		}
		if time.Since(began) > longLife {
			pause = firstPause
		}
		d.log.Warn("no session; everything goes by office pack until there is one", "err", err, "again_in", pause)
		rest(ctx, pause)
		pause = min(2*pause, longestPause)
	}
}

// greetSession binds the new session's rooms to our groups.
func (d *daemon) greetSession(ctx context.Context, s bot.Session) {
	d.mu.Lock()
	d.account = s.Account
	d.mu.Unlock()
	report, err := d.talk.Greet(ctx, s, time.Now().Round(0))
	if err != nil {
		d.log.Error("take up the new session", "err", err)
	}
	d.dropCode()
	debug.FreeOSMemory() // the contact list is the largest thing ever read; an office PC wants it back
	d.log.Info("logged in", "groups", report.Bound, "asked", report.Asked, "unbound", len(report.Unbound), "persons", report.Persons, "held", report.Held)
	d.wake()
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
	if err := d.talk.Hear(ctx, m, time.Now().Round(0)); err != nil {
		d.log.Error("take in a message", "err", err)
	}
}
