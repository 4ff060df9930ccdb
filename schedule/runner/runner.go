// Package runner does what is due: jobs of the office, private messages, and
// deliveries, one jittered queue for the account. It never sleeps and never
// asks the time: Step takes now and returns when to be called again.
//
// It knows the order of doing things and what a refusal means for the next
// try. It knows no transport and no plan.
package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tongluo/content"
	"tongluo/schedule"
)

// Store is what the runner needs beyond the office's verbs.
type Store interface {
	schedule.DeliveryStore
	schedule.NoticeStore
	schedule.ClockStore
	schedule.SlotStore
	Push(ctx context.Context, id int64) (schedule.Push, error)
	Item(ctx context.Context, id string) (content.Item, error)
	// Blob as in schedule.ContentStore.
	Blob(ctx context.Context, sha string) ([]byte, error)
}

// Runner belongs to one goroutine.
type Runner struct {
	office  *schedule.Office
	store   Store
	sender  schedule.Sender
	account schedule.Account
	random  *rand.Rand

	session string           // the session that is online, "" while none is
	nextAt  time.Time        // when the account's queue may send again
	pending *schedule.Result // a result the disk would not take yet
	lost    bool             // a message is uncertain that nobody has been asked about
	fault   error            // a pause that could not be written down
	pauses  schedule.Pauses  // as written to the store
	tally   tally            // what the breaker counts
	pushID  int64            // the push whose content is at hand
	parts   []content.Part
	sound   vetted
	unsound int64 // the push of which the office has been told that its media are bad

	deaf  time.Time // since when no answer can be heard, zero when it can
	noted time.Time // until when that is on record

	latest  time.Time     // the last instant on record: the present is not before it
	skew    time.Duration // of the service's clock
	heard   bool          // skew is known
	trouble string        // why the clock is not gone by
	told    bool          // and the store knows
}

// New makes a runner. The seed decides the jitter only.
func New(office *schedule.Office, store Store, sender schedule.Sender, account schedule.Account, seed int64) *Runner {
	return &Runner{office: office, store: store, sender: sender, account: account,
		random: rand.New(rand.NewPCG(uint64(seed), 0x676f6e67))}
}

// The limits of one Step, so that what is said meanwhile never waits long; a
// stop does not wait for them. There is no burst at the pace of a real account:
// only a loopback endpoint has none, and there a whole push should fit in one,
// because each burst ends with a commit that no intent shares.
const (
	maxBatches = 50
	burst      = 1024
	idle       = time.Hour   // the longest a caller may stay away
	lookAgain  = time.Minute // at a clock that is not believed
)

// Recover settles what a crash left; call it once, under the instance lock,
// before the first Step. It returns how many deliveries became uncertain.
func (r *Runner) Recover(ctx context.Context, now time.Time) (int, error) {
	if err := r.readPauses(ctx); err != nil {
		return 0, err
	}
	if err := r.awake(ctx, now); err != nil {
		return 0, err
	}
	n, err := r.store.Recover(ctx, now)
	if err != nil {
		return n, fmt.Errorf("recover after a stop: %w", err)
	}
	if n > 0 {
		err = r.office.Doubt(ctx, now)
	}
	return n, errors.Join(err, r.office.Start(ctx, now))
}

// Step does everything that is due at now and returns when to call again. An
// error is for the log: the next Step goes on where this one stopped.
func (r *Runner) Step(ctx context.Context, now time.Time) (time.Time, error) {
	if ok, err := r.believes(ctx, now); !ok {
		return now.Add(lookAgain), errors.Join(err, r.record(ctx, now))
	}
	errs := errors.Join(r.fault, r.listen(ctx, now), r.greet(ctx, now), r.lookAtBreak(ctx, now), r.doJobs(ctx, now))
	r.fault = nil
	if r.mayUse(now) {
		errs = errors.Join(errs, r.sendDue(ctx, now), r.doubt(ctx, now))
	} else if r.pending != nil {
		errs = errors.Join(errs, r.record(ctx, now))
	}
	next, err := r.next(ctx, now)
	return next, errors.Join(errs, err)
}

// greet notices a new session, or one that was in doubt and is no more: what
// could only be laid on disk is now put before its people.
func (r *Runner) greet(ctx context.Context, now time.Time) error {
	st := r.account.Status()
	if !st.Online() {
		r.session = ""
		return nil
	}
	if st.Session == r.session {
		return nil
	}
	if err := errors.Join(r.office.AskAgain(ctx, now), r.office.Doubt(ctx, now)); err != nil {
		return fmt.Errorf("ask again after a login: %w", err)
	}
	r.session, r.sound = st.Session, vetted{} // nothing is uploaded yet
	return nil
}

func (r *Runner) doJobs(ctx context.Context, now time.Time) error {
	var errs error
	for range maxBatches {
		n, err := r.office.DoDue(ctx, now)
		errs = errors.Join(errs, err)
		if n == 0 || err != nil {
			break
		}
	}
	return errs
}

// mayUse reports whether the account is online and rested.
func (r *Runner) mayUse(now time.Time) bool {
	return r.account.Status().Online() && !now.Before(r.ready())
}

// Pace counts a message that went past the runner as one of its own.
func (r *Runner) Pace(now time.Time) {
	if at := now.Add(r.gap(content.Text, now)); at.After(r.nextAt) {
		r.nextAt = at
	}
}

// Rests reports whether the account must send nothing yet: it rests, or the gap
// after a message is not over.
func (r *Runner) Rests(now time.Time) bool { return now.Before(r.ready()) }

// sendDue sends private messages first, since people wait for them, then
// deliveries. With a pace it is one message a Step.
func (r *Runner) sendDue(ctx context.Context, now time.Time) error {
	if r.pending != nil {
		if err := r.record(ctx, now); err != nil {
			return err
		}
	}
	for range burst {
		sent, err := r.sendNotice(ctx, now)
		if err != nil || now.Before(r.ready()) {
			return err
		}
		if !sent {
			break
		}
	}
	return r.sendDeliveries(ctx, now)
}

// sendNotice sends the next private message that is due, if any.
func (r *Runner) sendNotice(ctx context.Context, now time.Time) (bool, error) {
	if !r.office.Calendar().MaySpeak(now) { // due by day, but the account is back at night
		return false, nil
	}
	n, err := r.store.ClaimNotice(ctx, r.account.Status().Knows, now)
	if errors.Is(err, schedule.ErrNotFound) || errors.Is(err, schedule.ErrHalted) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim a private message: %w", err)
	}
	_, sendErr := r.sender.Send(ctx, schedule.Outgoing{Person: n.Person, ClientID: n.ClientID, Part: n.Part})
	after := r.judge(ctx, sendErr, n.Part.Kind, 0, now)
	if after.outcome == schedule.Accepted {
		r.tally.row = 0 // the network is there; that groups are reached it does not prove
	}
	keep := context.WithoutCancel(ctx) // what was sent must be on record, even while stopping
	if err := r.store.FinishNotice(keep, n.ID, after.outcome, after.retryAt, now); err != nil {
		return false, fmt.Errorf("record private message %d: %w", n.ID, err)
	}
	if n.Last && after.outcome == schedule.Accepted && n.Handoff != 0 {
		if err := r.office.PackRead(keep, n.Handoff, now); err != nil {
			return true, err
		}
	}
	return true, nil
}

// sendDeliveries works through the queue: each commit holds the last result
// and the next intent, so at most one message is unknown after a crash.
func (r *Runner) sendDeliveries(ctx context.Context, now time.Time) error {
	r.pushID = 0 // its content may have been changed or taken out since
	for range burst {
		if ctx.Err() != nil { // a stop: nothing new is claimed, the last result is recorded below
			break
		}
		try, err := r.store.Advance(context.WithoutCancel(ctx), r.pending, r.claim(now), now)
		if err == nil || errors.Is(err, schedule.ErrNotFound) || errors.Is(err, schedule.ErrHalted) {
			r.pending = nil
		}
		if errors.Is(err, schedule.ErrNotFound) || errors.Is(err, schedule.ErrHalted) {
			return nil
		}
		if err != nil {
			return r.keepOrDrop(fmt.Errorf("claim the next delivery: %w", err))
		}
		r.pending = r.attempt(ctx, try, now)
		if !r.mayUse(now) {
			break
		}
	}
	return r.record(ctx, now)
}

// record commits the last result alone.
func (r *Runner) record(ctx context.Context, now time.Time) error {
	if r.pending == nil {
		return nil
	}
	_, err := r.store.Advance(context.WithoutCancel(ctx), r.pending, nil, now)
	if err != nil {
		return r.keepOrDrop(fmt.Errorf("record a result: %w", err))
	}
	r.pending = nil
	return nil
}

// doubt has keepers asked about what this Step left uncertain, once it is on
// record.
func (r *Runner) doubt(ctx context.Context, now time.Time) error {
	if !r.lost || r.pending != nil {
		return nil
	}
	r.lost = false
	return r.office.Doubt(context.WithoutCancel(ctx), now)
}

// keepOrDrop keeps a result that the disk would not take, and drops one that
// somebody else has settled.
func (r *Runner) keepOrDrop(err error) error {
	if errors.Is(err, schedule.ErrStale) {
		r.pending = nil
	}
	return err
}

func (r *Runner) claim(now time.Time) *schedule.Claim {
	st, s := r.account.Status(), r.office.Settings()
	return &schedule.Claim{Session: st.Session, Bound: st.Sees, PerGroupDay: s.PerGroupDay, PerAccountDay: s.PerAccountDay, GroupGap: s.GroupGap,
		Day: r.office.Calendar().Today(now)}
}

// attempt sends the claimed message and says what became of it.
func (r *Runner) attempt(ctx context.Context, try *schedule.Try, now time.Time) *schedule.Result {
	d := try.Delivery
	res := &schedule.Result{Delivery: d.ID, Part: try.Part, Session: r.account.Status().Session, At: now}
	part, err := r.part(context.WithoutCancel(ctx), d, try.Part, now) // a stop is no reason to fail it
	switch {
	case errors.Is(err, errChanged):
		res.Outcome, res.Reason = schedule.Failed, err.Error()
		return res
	case errors.Is(err, content.ErrUnsound):
		res.Outcome, res.Reason = schedule.Failed, unsound
		if r.unsound != d.Push {
			r.unsound, r.fault = d.Push, errors.Join(r.fault, r.office.Unsound(context.WithoutCancel(ctx), d.Push, now))
		}
		return res
	}
	if err != nil { // the disk would not say: nothing was sent
		res.Outcome, res.Reason, res.RetryAt = schedule.Queued, "素材暂时读不出来", now.Add(time.Minute)
		return res
	}
	receipt, err := r.sender.Send(ctx, schedule.Outgoing{Group: d.Group, ClientID: d.Parts[try.Part].ClientID, Part: part})
	after := r.judge(ctx, err, part.Kind, d.Attempts, now)
	res.Outcome, res.Reason, res.RetryAt, res.Hold = after.outcome, after.reason, after.retryAt, after.hold
	res.MessageID = receipt.MessageID
	r.lost = r.lost || res.Outcome == schedule.Uncertain
	if res.Outcome == schedule.Accepted {
		r.went(ctx)
	}
	return res
}

// next is when something will be due.
func (r *Runner) next(ctx context.Context, now time.Time) (time.Time, error) {
	next := now.Add(idle)
	sooner := func(at time.Time, ok bool, err error) error {
		if err == nil && ok && at.Before(next) {
			next = at
		}
		return err
	}
	err := sooner(r.store.NextJob(ctx))
	halted, _, haltErr := r.store.Halted(ctx)
	err = errors.Join(err, haltErr)
	if st := r.account.Status(); st.Online() && !halted {
		sending := next
		next = now.Add(idle)
		err = errors.Join(err, sooner(r.store.NextDelivery(ctx, now)), sooner(r.nextNotice(ctx, st, now)))
		if ready := r.ready(); next.Before(ready) {
			next = ready
		}
		if sending.Before(next) {
			next = sending
		}
	}
	if next.Before(now) {
		next = now
	}
	return next, err
}

// nextNotice is when the next private message may be sent: not at night, not on
// a holiday.
func (r *Runner) nextNotice(ctx context.Context, st schedule.AccountStatus, now time.Time) (time.Time, bool, error) {
	at, ok, err := r.store.NextNotice(ctx, st.Knows)
	if at.Before(now) {
		at = now
	}
	return r.office.Calendar().NextSpeak(at), ok, err
}
