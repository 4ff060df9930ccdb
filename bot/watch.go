package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"tongluo/schedule"
)

// Sign is a sign of life of a session.
type Sign string

// The signs of life.
const (
	// SignSaid: the service brought something that was said, whoever said it.
	SignSaid Sign = "said"
	// SignEcho: the service brought back the account's own self check.
	SignEcho Sign = "echo"
)

// Checker is a Transport that can say something to itself alone, to see whether
// a session still carries anything.
type Checker interface {
	// Check sends one message that nobody but the account's owner sees. Its
	// errors are those of Send. Nil is the service's word that it took it; the
	// proof is the echo.
	Check(ctx context.Context, session string) error
}

// errNoCheck: the transport has no way of checking.
var errNoCheck = errors.New("transport cannot check itself")

// Check has the transport check the present session, in whatever state it is.
func (d *Desk) Check(ctx context.Context) error {
	d.mu.RLock()
	session := d.present.session
	d.mu.RUnlock()
	checker, ok := d.transport.(Checker)
	if !ok {
		return errNoCheck
	}
	if session == "" {
		return refuseIn(schedule.AccountOffline)
	}
	err := checker.Check(ctx, session)
	if err != nil {
		d.noteEnd(session, err)
	}
	return err
}

// The measures of a Watch. A check more than every ten to thirty minutes gets a
// new account muted (protocol trap T9).
const (
	// QuietFor is how long a silence is nothing to wonder at.
	QuietFor = time.Hour
	// checkEvery is the least time between two checks.
	checkEvery = 30 * time.Minute
	// echoIn is how long an echo may take.
	echoIn = 3 * time.Minute
)

// Act is what a Watch wants done.
type Act string

// The acts of a Watch. After ActDoubt and ActCheck whoever did them tells
// Checked.
const (
	ActNone   Act = ""
	ActDoubt  Act = "doubt"   // hold everything, and check
	ActCheck  Act = "check"   // check again
	ActTrust  Act = "trust"   // the session lives
	ActGiveUp Act = "give up" // it is deaf
)

// Watch tells a quiet session from one that seems alive and is not (假死): the
// service answers every poll, and nothing arrives. From signs that make no noise
// it knows when to doubt; then one message to itself decides. An account that
// was ever echoed must be echoed again; of one that never was, the service's
// word that it took the check has to do. It never asks the time. Its methods may
// be called from any goroutine.
type Watch struct {
	mu      sync.Mutex
	session string
	life    time.Time // of the last sign
	checked time.Time // when the last check went
	sign    bool      // there was a sign since the doubt began
	taken   bool      // the service took the last check
	echoes  bool      // this account has been echoed
}

// Recall tells a new Watch whether the account was ever echoed.
func (w *Watch) Recall(echoes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.echoes = echoes
}

// Echoes reports whether the account was ever echoed.
func (w *Watch) Echoes() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.echoes
}

// Sign takes a sign of life.
func (w *Watch) Sign(s Sign, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life, w.sign = now, true
	w.echoes = w.echoes || s == SignEcho
}

// Sent takes the service's word for a message of ours: a sign only where echoes
// are none to wait for.
func (w *Watch) Sent(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.echoes {
		w.life = now
	}
}

// Checked takes what became of a check.
func (w *Watch) Checked(err error, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked, w.taken = now, err == nil
}

// Step decides what to do. may is whether a check is allowed now: in working
// hours, while nothing else keeps the account from sending.
func (w *Watch) Step(st schedule.AccountStatus, may bool, now time.Time) Act {
	w.mu.Lock()
	defer w.mu.Unlock()
	if st.Session != w.session {
		w.session, w.life, w.sign, w.taken = st.Session, now, false, false
	}
	switch {
	case st.Session == "":
	case st.State == schedule.AccountOnline:
		if may && now.Sub(w.life) >= QuietFor && now.Sub(w.checked) >= checkEvery {
			w.sign, w.taken = false, false
			return ActDoubt
		}
	case st.State == schedule.AccountSuspect, st.State == schedule.AccountOffline: // the latter is deaf: there is a session
		return w.settle(st.State, may, now)
	}
	return ActNone
}

// settle decides about a session in doubt, or given up. The lock is held.
func (w *Watch) settle(state schedule.AccountState, may bool, now time.Time) Act {
	late := now.Sub(w.checked) >= echoIn
	switch {
	case w.sign, late && w.taken && !w.echoes:
		w.life, w.sign = now, false
		return ActTrust
	case state == schedule.AccountSuspect && late:
		return ActGiveUp
	case state == schedule.AccountOffline && may && now.Sub(w.checked) >= checkEvery:
		w.taken = false
		return ActCheck
	}
	return ActNone
}

// Watched does what a Watch wants. It reports whether it checked, and what
// became of that.
func (d *Desk) Watched(ctx context.Context, w *Watch, may bool, now time.Time) (checked bool, err error) {
	switch w.Step(d.Status(), may, now) {
	case ActTrust:
		d.Alive()
		return false, nil
	case ActGiveUp:
		d.Deaf()
		return false, nil
	case ActDoubt:
		d.Doubt()
	case ActCheck:
	default:
		return false, nil
	}
	err = d.Check(ctx)
	w.Checked(err, now)
	return true, err
}
