package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// TestMutants is the test of the tests (F02): engines that are wrong in one way
// each go through the ordeals the right one comes out of clean, and every one of
// them is caught by what the chats received.
func TestMutants(t *testing.T) {
	writers.listen()
	for _, o := range ordeals() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, o.through(t, mutant{}), "the right engine")
			for _, m := range o.mutants {
				found := o.through(t, m)
				require.True(t, slices.ContainsFunc(found, func(w string) bool { return strings.HasPrefix(w, m.breach) }), "%s is not caught: %v", m.name, found)
				t.Logf("%s: %s", m.name, found[0])
			}
		})
	}
}

// mutant is a wrong engine: another store, sender or transport than the right one
// has. Nil is the right one's.
type mutant struct {
	name   string
	breach string // what its finding begins with
	store  func(*store.DB) runner.Store
	sender func(schedule.Sender) schedule.Sender
	front  func(bot.Transport) bot.Transport
	slack  bool // its disk is not waited for
}

// engine is a new engine on the rig's data, as after a start of the program.
func (m mutant) engine(r *rig) *runner.Runner {
	var s runner.Store = r.db
	if m.store != nil {
		s = m.store(r.db)
	}
	office, _ := r.engine(r.db)
	if whole, ok := s.(schedule.Store); ok && m.store != nil {
		office = r.officeOn(whole)
	}
	var out schedule.Sender = r.tap
	if m.sender != nil {
		out = m.sender(r.tap)
	}
	e := runner.New(office, s, out, r.desk, 1)
	r.office, r.runner = office, e
	return e
}

// The wrong stores.

// again sends once more what nobody can vouch for.
type again struct{ *store.DB }

func (s again) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	if done != nil && done.Outcome == schedule.Uncertain {
		done.Outcome, done.RetryAt = schedule.Queued, now
	}
	return s.DB.Advance(ctx, done, want, now)
}

// rescue takes what a crash left for not sent.
type rescue struct{ *store.DB }

func (s rescue) Recover(ctx context.Context, now time.Time) (int, error) {
	n, err := s.DB.Recover(ctx, now)
	ds, err2 := s.Deliveries(ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Uncertain}})
	for _, d := range ds {
		err = errors.Join(err, s.Shift(ctx, operator(), []schedule.Change{{ID: d.ID, From: schedule.Uncertain, To: schedule.Queued, Due: now}}, now))
	}
	return n, errors.Join(err, err2)
}

// unstoppable claims whatever 停发 says.
type unstoppable struct{ *store.DB }

func (s unstoppable) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	on, since, err := s.Halted(ctx)
	if err != nil || !on {
		return s.DB.Advance(ctx, done, want, now)
	}
	err = s.SetHalt(ctx, operator(), false, now)
	try, err2 := s.DB.Advance(ctx, done, want, now)
	return try, errors.Join(err, err2, s.SetHalt(ctx, operator(), true, since))
}

func (s unstoppable) NextDelivery(ctx context.Context, now time.Time) (time.Time, bool, error) {
	return s.DB.NextDelivery(ctx, now)
}

// openEnded never closes a window: it neither does the job nor looks at the time.
type openEnded struct {
	*store.DB
	until time.Time
}

func (s *openEnded) Jobs(context.Context, time.Time, int) ([]schedule.Job, error) { return nil, nil }

func (s *openEnded) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	if s.until.IsZero() {
		s.until = now
	}
	return s.DB.Advance(ctx, done, want, s.until)
}

// unfenced hands out what another engine has in hand, and writes over its word.
type unfenced struct {
	*store.DB
	given map[int64]bool
}

func (s *unfenced) Advance(ctx context.Context, _ *schedule.Result, want *schedule.Claim, _ time.Time) (*schedule.Try, error) {
	ds, err := s.Deliveries(ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Sending, schedule.Queued}})
	for _, d := range ds {
		if want != nil && err == nil && !s.given[d.ID] && d.Parts[0].ClientID != "" {
			s.given[d.ID] = true
			return &schedule.Try{Delivery: d}, nil
		}
	}
	if want == nil {
		return nil, err
	}
	return nil, errors.Join(err, schedule.ErrNotFound)
}

// trusting does not look at the bytes of a picture.
type trusting struct {
	*store.DB
	kept map[string][]byte
}

func (s *trusting) Blob(_ context.Context, sha string) ([]byte, error) { return s.kept[sha], nil }

// The wrong senders.

type sender func(context.Context, schedule.Outgoing) (schedule.Receipt, error)

func (s sender) Send(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
	return s(ctx, m)
}

// stubborn is MaxRetryTimes = 5.
func stubborn(next schedule.Sender) schedule.Sender {
	return sender(func(ctx context.Context, m schedule.Outgoing) (got schedule.Receipt, err error) {
		for range 5 {
			if got, err = next.Send(ctx, m); err == nil || schedule.NextOf(err) != schedule.AskSomebody {
				break
			}
		}
		return got, err
	})
}

// hopeful takes any answer for a yes.
func hopeful(next schedule.Sender) schedule.Sender {
	return sender(func(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
		got, err := next.Send(ctx, m)
		if schedule.NextOf(err) == schedule.AskSomebody {
			err = nil
		}
		return got, err
	})
}

// nameless makes an id of its own for every try.
func nameless(next schedule.Sender) schedule.Sender {
	n := 0
	return sender(func(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
		n++
		m.ClientID = fmt.Sprintf("1%016d", n)
		return next.Send(ctx, m)
	})
}

// impatient takes 操作过于频繁 for any other refusal.
func impatient(next schedule.Sender) schedule.Sender {
	return sender(func(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
		got, err := next.Send(ctx, m)
		if schedule.NextOf(err) == schedule.StopAccount {
			err = &schedule.SendError{Next: schedule.RetryLater, Err: err}
		}
		return got, err
	})
}

// positional believes that the rooms of a login stand where they stood before.
type positional struct {
	bot.Transport
	names []string
}

func (p *positional) Serve(ctx context.Context, ready func(bot.Session)) error {
	return p.Transport.Serve(ctx, func(s bot.Session) {
		for i := range s.Rooms {
			if len(p.names) <= i {
				p.names = append(p.names, s.Rooms[i].Name)
			}
			s.Rooms[i].Name = p.names[i]
		}
		ready(s)
	})
}
