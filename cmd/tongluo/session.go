package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
)

// keepSession logs in again and again until ctx is done. A session serves as
// long as work lasts, so that a stop does not cut the message in flight. A
// barred account is left alone: only a person may try again.
func (d *daemon) keepSession(ctx, work context.Context) {
	defer d.lease.give()
	defer d.dropCode()
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := d.serveAlone(work, func(s bot.Session) { d.greetSession(work, s) })
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
	r, err := d.db.Roster(ctx)
	if err != nil {
		d.log.Error("read the roster for the new session", "err", err)
		return
	}
	byHand, err := d.byHand(ctx)
	if err != nil {
		d.log.Error("read the bindings for the new session", "err", err)
		return
	}
	proofs, err := d.talk.Office.SessionBegan(ctx, cmp.Or(s.Login, s.ID), time.Now().Round(0))
	if err != nil { // then high roles bind again
		d.log.Error("recall who was bound", "err", err)
	}
	d.desk.Trust(proofs)
	report := d.desk.Bind(s, r, byHand)
	d.dropCode()
	debug.FreeOSMemory() // the contact list is the largest thing ever read; an office PC wants it back
	d.log.Info("logged in", "groups", report.Bound, "unbound", len(report.Unbound), "persons", report.Persons, "held", report.Held)
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

// binding reads a binding made by hand: a handle begins with @@, a name does not.
func binding(b schedule.Binding) bot.Binding {
	if strings.HasPrefix(b.Room, "@@") {
		return bot.Binding{Group: b.Group, Handle: b.Room}
	}
	return bot.Binding{Group: b.Group, Room: b.Room}
}

// hear takes in one message and answers it, if it is for us and from somebody
// we know.
func (d *daemon) hear(ctx context.Context, m bot.Message) {
	if err := d.talk.Hear(ctx, m, time.Now().Round(0)); err != nil {
		d.log.Error("take in a message", "err", err)
	}
}
