// Package ops is what keeps the house on an office PC: started with it and awake
// while something is to be sent; backups and restores; alerts by another road
// than WeChat, the heartbeat, and the doctor.
//
// It knows the operating system, roads to the operator, files, disks and clocks.
// It refuses to know what is an alert (schedule decides) and how anything is
// sent to a group.
package ops

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Watch looks at one thing and writes what it sees into the facts.
type Watch func(ctx context.Context, now time.Time, f *schedule.Facts) error

// Alerts are the verbs the guard calls; *schedule.Office has them.
type Alerts interface {
	WatchAlerts(ctx context.Context, f schedule.Facts, tell bool, now time.Time) ([]schedule.Alert, error)
	TellAlerts(ctx context.Context, digest []schedule.Alert, reached bool, now time.Time) error
	AlertText(digest []schedule.Alert) (title, text string)
	Alerts(ctx context.Context, a roster.Actor) ([]schedule.AlertView, error)
	Alive(ctx context.Context, f schedule.Facts, at int, now time.Time) (string, error)
	SaidAlive(ctx context.Context, now time.Time) error
}

var _ Alerts = (*schedule.Office)(nil)

// Options of a Guard. Without roads alerts are recorded and shown, not told.
type Options struct {
	Alerts    Alerts
	Roads     []Road // tried in this order until one takes the word
	Heartbeat *Heartbeat
	AliveAt   int // minutes since midnight of the daily word, -1 for none
	Watches   []Watch
	Log       *slog.Logger
}

// Guard looks after the daemon from beside it: it shares nothing with the loop
// that sends, so neither can hold up the other.
type Guard struct {
	opt Options

	// mu guards what Look, Tell and Beat share.
	mu      sync.Mutex
	started time.Time
	looked  time.Time
	facts   schedule.Facts
	failing time.Time      // since when the store refuses
	alone   schedule.Alert // the one alert that cannot be recorded: that the store refuses, or is damaged
	untold  bool           // something is wrong and nobody could be told
	beat    time.Time      // the last heartbeat
	unheard time.Time      // since when no heartbeat has arrived
	alive   time.Time      // when the daily word is tried next
}

const (
	lookEvery = 5 * time.Second
	// storeGrace is how long the store may refuse before that is an alert.
	storeGrace = 10 * time.Second
	// slept: what comes so late means that the PC slept, not that the daemon hangs.
	slept      = time.Minute
	hangs      = 5 * time.Minute
	aliveAgain = 10 * time.Minute
)

// NewGuard makes a guard; Run or Look starts it.
func NewGuard(o Options) *Guard {
	return &Guard{opt: o, alone: schedule.Alert{Kind: schedule.AlertNoStore}}
}

// Run guards until ctx is done. It returns when everything it started has ended,
// which a robot's road may delay by 30 seconds.
func (g *Guard) Run(ctx context.Context) {
	var owned sync.WaitGroup
	defer owned.Wait()
	words := make(chan Word)
	free := make(chan struct{}, 1)
	free <- struct{}{}
	owned.Go(func() {
		for w := range words {
			g.Tell(ctx, w, time.Now().Round(0))
			free <- struct{}{}
		}
	})
	defer close(words)
	g.Look(ctx, false, time.Now().Round(0)) // before the first heartbeat says how things are
	if g.opt.Heartbeat != nil {
		owned.Go(func() {
			every(ctx, g.opt.Heartbeat.Every, func() { g.Beat(ctx, time.Now().Round(0)) })
		})
	}
	every(ctx, lookEvery, func() {
		now := time.Now().Round(0)
		select {
		case <-free:
			if w := g.Look(ctx, true, now); !w.Empty() {
				words <- w
				return
			}
			free <- struct{}{}
		default:
			g.Look(ctx, false, now)
		}
	})
}

// every calls at once and then again and again until ctx is done.
func every(ctx context.Context, d time.Duration, do func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
}

// Word is what is to be told: a digest, or the daily word.
type Word struct {
	Digest []schedule.Alert
	Alive  string
}

// Empty reports that nothing is to be told.
func (w Word) Empty() bool { return len(w.Digest) == 0 && w.Alive == "" }

// Look looks at everything and, with tell, claims what is to be told now.
func (g *Guard) Look(ctx context.Context, tell bool, now time.Time) Word {
	f := g.see(ctx, now)
	tell = tell && len(g.opt.Roads) > 0
	digest, err := g.opt.Alerts.WatchAlerts(ctx, f, tell, now)
	if ctx.Err() != nil {
		return Word{}
	}
	unknown := g.unknown(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.opt.Roads) == 0 {
		g.untold = unknown
	}
	if own := g.judgeStore(err, tell, now); own != nil {
		digest = append(digest, *own)
	}
	w := Word{Digest: digest}
	if len(digest) == 0 && tell && err == nil && g.opt.AliveAt >= 0 && !now.Before(g.alive) {
		if w.Alive, err = g.opt.Alerts.Alive(ctx, f, g.opt.AliveAt, now); err != nil {
			g.opt.Log.Error("prepare the daily word", "err", err)
		}
		if w.Alive != "" {
			g.alive = now.Add(aliveAgain)
		}
	}
	return w
}

// unknown reports whether something is wrong that nobody said is known, where
// there is no road but the heartbeat.
func (g *Guard) unknown(ctx context.Context) bool {
	if len(g.opt.Roads) > 0 || g.opt.Heartbeat == nil {
		return false
	}
	open, err := g.opt.Alerts.Alerts(ctx, roster.Clock())
	return err == nil && slices.ContainsFunc(open, func(a schedule.AlertView) bool { return a.Acked == nil })
}

// see gathers the facts. A watch that fails leaves its facts out.
func (g *Guard) see(ctx context.Context, now time.Time) schedule.Facts {
	g.mu.Lock()
	if g.started.IsZero() {
		g.started = now
	}
	f := schedule.Facts{Started: g.started, Unheard: g.unheard}
	woke := !g.looked.IsZero() && now.Sub(g.looked) > slept
	g.mu.Unlock()
	for _, watch := range g.opt.Watches {
		if err := watch(ctx, now, &f); err != nil && ctx.Err() == nil {
			g.opt.Log.Warn("look after the daemon", "err", err)
		}
	}
	if woke {
		f.Turned = now
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looked, g.facts = now, f
	return f
}

// judgeStore keeps the alert that the store itself cannot keep. It returns it
// when it is to be told. The lock is held.
func (g *Guard) judgeStore(err error, tell bool, now time.Time) *schedule.Alert {
	switch {
	case err == nil:
		g.failing = time.Time{}
	case g.failing.IsZero():
		g.failing = now
		g.opt.Log.Error("record alerts", "err", err)
	}
	kind, grace := schedule.AlertNoStore, storeGrace
	if g.facts.Damaged { // which nothing can be written into
		kind, grace = schedule.AlertDamaged, 0
	}
	there := !g.failing.IsZero() && now.Sub(g.failing) >= grace
	if there && kind != g.alone.Kind {
		g.alone = schedule.Alert{Kind: kind}
	}
	g.alone, _ = g.alone.After(schedule.Finding{Kind: kind}, there, now)
	if !tell || !g.alone.Due(now) {
		return nil
	}
	g.alone = g.alone.Claimed(now)
	own := g.alone
	return &own
}

// Tell sends a word on the first road that takes it, and records what became of it.
func (g *Guard) Tell(ctx context.Context, w Word, now time.Time) (reached bool) {
	title, text := "铜锣：我还活着", w.Alive
	if len(w.Digest) > 0 {
		title, text = g.opt.Alerts.AlertText(w.Digest)
	}
	reached = g.send(ctx, title, text)
	if !reached && ctx.Err() != nil {
		return false // a stop: what was claimed is tried again after the next start
	}
	keep := context.WithoutCancel(ctx)
	var err error
	if len(w.Digest) == 0 {
		if reached {
			err = g.opt.Alerts.SaidAlive(keep, now)
		}
	} else {
		err = g.opt.Alerts.TellAlerts(keep, g.own(w.Digest, reached, now), reached, now)
	}
	if err != nil {
		g.opt.Log.Error("record what was told", "err", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.untold = !reached
	return reached
}

// own records what became of the guard's own alert and returns the others.
func (g *Guard) own(digest []schedule.Alert, reached bool, now time.Time) []schedule.Alert {
	g.mu.Lock()
	defer g.mu.Unlock()
	var others []schedule.Alert
	for _, a := range digest {
		if a.Rev == 0 { // no record has that
			g.alone = g.alone.Heard(reached, now)
			continue
		}
		others = append(others, a)
	}
	return others
}

// send tries the roads in their order.
func (g *Guard) send(ctx context.Context, title, text string) bool {
	for _, road := range g.opt.Roads {
		_, err := road.Send(ctx, title, text)
		if err == nil {
			return true
		}
		if !errors.Is(err, context.Canceled) {
			g.opt.Log.Warn("an alert did not arrive; the next road is tried", "road", road.Name(), "err", err)
		}
	}
	return false
}

// Beat sends one heartbeat. All is not well when nobody looks any more, when the
// daemon hangs, when the store refuses, and when a word reached nobody.
func (g *Guard) Beat(ctx context.Context, now time.Time) {
	g.mu.Lock()
	woke := !g.beat.IsZero() && now.Sub(g.beat) > g.opt.Heartbeat.Every+slept
	g.beat = now
	looks := woke || now.Sub(g.looked) < slept
	turns := g.facts.Turned.IsZero() || g.looked.Sub(g.facts.Turned) < hangs
	well := looks && turns && !g.alone.Open() && !g.untold
	g.mu.Unlock()
	err := g.opt.Heartbeat.Beat(ctx, well)
	if ctx.Err() != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.unheard = time.Time{}
	case g.unheard.IsZero():
		g.unheard = now
		g.opt.Log.Warn("no heartbeat arrives", "err", err)
	}
}
