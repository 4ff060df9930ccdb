package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// The engines that must be caught. mutantEnv makes this test binary one of them.
const (
	mutantEnv  = "TONGLUO_TEST_MUTANT"
	sendsFirst = "sends before it records"
	marksFirst = "checkpoints at fetch"
)

// mutant starts a wrong engine in a process of its own.
func (s *siege) mutant(kind string) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMutantEngine$")
		cmd.Dir = s.p.dir
		cmd.Env = append(os.Environ(), mutantEnv+"="+kind, "TMPDIR="+s.p.dir)
		return cmd
	}
}

// TestMutantEngine is the daemon with another order of sending and recording;
// everything else is what `tongluo run` does.
func TestMutantEngine(t *testing.T) {
	kind := os.Getenv(mutantEnv)
	if kind == "" {
		t.Skip("only as a child of TestCrashMutants")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{ctx: ctx, place: &place{}, out: os.Stdout, err: os.Stderr}
	set, err := a.settings()
	require.NoError(t, err)
	require.NoError(t, a.makeData())
	release, err := store.Lock(a.data())
	require.NoError(t, err)
	defer release() //nolint:errcheck // the process ends
	log := slog.New(slog.NewTextHandler(a.err, nil))
	db, err := store.Open(ctx, a.data(), store.Options{Cal: set.Calendar, Log: log})
	require.NoError(t, err)
	defer db.Close() //nolint:errcheck // the process ends
	d, err := a.newDaemon(set, db, log)
	require.NoError(t, err)
	verbs := schedule.New(db, set.Calendar, set.Office, d.desk, packs{dir: a.packDir(), zone: set.Calendar.Zone()})
	var wrong runner.Store = &late{DB: db, since: time.Now()}
	if kind == marksFirst {
		wrong = &early{DB: db}
	}
	d.clock = runner.New(verbs, wrong, patient{d.desk}, d.desk, time.Now().UnixNano())
	require.NoError(t, d.start(ctx, time.Now()))
	d.serve(ctx)
}

// late sends before it records: it hands out what is queued and writes intent
// and result together when the answer is there.
type late struct {
	*store.DB
	last *schedule.Claim
	at   time.Time // when it was shown: the message id follows from it

	since time.Time // of this process
}

// Advance implements runner.Store, wrongly.
func (l *late) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	if done != nil {
		try, err := l.DB.Advance(ctx, nil, l.last, l.at) // the one that peek has shown
		if err != nil {
			return nil, err
		}
		done.Delivery, done.Part = try.Delivery.ID, try.Part
		if _, err := l.DB.Advance(ctx, done, nil, now); err != nil {
			return nil, err
		}
	}
	if want == nil {
		return nil, nil
	}
	l.last, l.at = want, now
	return l.peek(ctx)
}

// peek is the message that a claim would take.
func (l *late) peek(ctx context.Context) (*schedule.Try, error) {
	for _, state := range []schedule.State{schedule.Sending, schedule.Queued} {
		ds, err := l.Deliveries(ctx, schedule.DeliveryFilter{States: []schedule.State{state}})
		if err != nil {
			return nil, err
		}
		if len(ds) == 0 {
			continue
		}
		d := slices.MinFunc(ds, func(a, b schedule.Delivery) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
		n := slices.IndexFunc(d.Parts, func(p schedule.Part) bool { return p.State == schedule.Queued })
		if d.Parts[n].ClientID == "" {
			d.Parts[n].ClientID = l.written(d.ID, n)
		}
		return &schedule.Try{Delivery: d, Part: n}, nil
	}
	return nil, schedule.ErrNotFound
}

// written is the message id that the store has written down for a message, or
// will when it is claimed.
func (l *late) written(delivery int64, part int) string {
	if j, err := store.ReadJournal(l.Dir()); err == nil {
		for _, a := range slices.Backward(j.Attempts) {
			if a.Delivery == delivery && a.Session == l.last.Session && !a.At.Before(l.since) {
				return a.Clients[part]
			}
		}
	}
	return fmt.Sprintf("%017d", l.at.Unix()*10_000_000+delivery*4+int64(part))
}

// early checkpoints at fetch: it takes a batch, marks all of it done, and hands
// it out afterwards.
type early struct {
	*store.DB
	batch []*schedule.Try
}

// Advance implements runner.Store, wrongly.
func (e *early) Advance(ctx context.Context, _ *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	if want == nil {
		return nil, nil
	}
	for len(e.batch) < 20 {
		try, err := e.DB.Advance(ctx, nil, want, now)
		if err != nil && len(e.batch) == 0 {
			return nil, err
		}
		if err != nil {
			break
		}
		done := &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, Session: want.Session, At: now}
		if _, err := e.DB.Advance(ctx, done, nil, now); err != nil {
			return nil, err
		}
		e.batch = append(e.batch, try)
	}
	try := e.batch[0]
	e.batch = e.batch[1:]
	return try, nil
}
