package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

var errOff = errors.New("the PC was switched off")

// failing is the store of a PC that is switched off after some of an approval's
// writes.
type failing struct {
	schedule.Store
	left int
	off  func()
}

func (f *failing) spend() error {
	if f.left == 0 {
		f.off()
		return errOff
	}
	f.left--
	return nil
}

func (f *failing) MovePush(ctx context.Context, a roster.Actor, id int64, from, to schedule.PushState, now time.Time) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Store.MovePush(ctx, a, id, from, to, now)
}

func (f *failing) ApprovePush(ctx context.Context, a roster.Actor, p schedule.Push, now time.Time) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Store.ApprovePush(ctx, a, p, now)
}

func (f *failing) Shift(ctx context.Context, a roster.Actor, changes []schedule.Change, now time.Time) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Store.Shift(ctx, a, changes, now)
}

func (f *failing) PutJobs(ctx context.Context, jobs []schedule.Job) error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.Store.PutJobs(ctx, jobs)
}

func (f *failing) AddObligations(ctx context.Context, obs []schedule.Obligation, now time.Time) (int, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.Store.AddObligations(ctx, obs, now)
}

func (f *failing) OpenHandoff(ctx context.Context, a roster.Actor, h schedule.Handoff, ids []int64, now time.Time) (int64, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.Store.OpenHandoff(ctx, a, h, ids, now)
}

func (f *failing) AddNotices(ctx context.Context, ns []schedule.Notice, now time.Time) (int, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.Store.AddNotices(ctx, ns, now)
}

// offAfter does something with a PC that is switched off after n writes, and
// switches it on again a minute later.
func (w *world) offAfter(n int, do func(context.Context, *schedule.Office) error) {
	ctx, off := context.WithCancel(w.ctx)
	defer off()
	o := schedule.New(&failing{w.db, n, off}, w.cal, w.settings, w, w)
	if err := do(ctx, o); err != nil {
		require.ErrorIs(w.t, err, errOff)
	}
	w.now = w.now.Add(time.Minute)
	w.restart()
}

func (w *world) runTo(at time.Time) { w.run(at.In(w.cal.Zone()).Format("2006-01-02 15:04")) }

// wentOnce requires that each of the eleven groups of the bot got words and
// picture, and that their keeper was asked once for the other eleven.
func (w *world) wentOnce() {
	for i := range 22 {
		want := 2 * (1 - i%2)
		require.Equal(w.t, want, w.got(int64(100+i)), "group %d", 100+i)
	}
	hs := w.handoffs(eastKeeper)
	require.Len(w.t, hs, 1)
	require.Equal(w.t, 11, hs[0].All)
	require.Len(w.t, w.told(eastKeeper, "【待转发"), 1)
}

// TestApprove_cutShort: an approval that a crash cut short is finished by the
// next step, not lost at the end of the window and not done twice.
func TestApprove_cutShort(t *testing.T) {
	t.Parallel()
	waiting := func(t *testing.T, at string, r *roster.Roster) (*world, schedule.Preview) {
		w := newWorld(t, "2026-11-03 10:00", starting(r), func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群", At: w.at(at)}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		w.run("2026-11-03 10:05")
		return w, p
	}
	finished := func(w *world, at string) {
		if begins := w.at(at); w.now.Before(begins) {
			w.runTo(begins.Add(-time.Minute))
			for i := range 22 {
				require.Zero(w.t, w.got(int64(100+i)), "nothing before its hour")
			}
			require.Empty(w.t, w.handoffs(0))
			w.runTo(begins.Add(time.Minute))
		}
		if unapproved := w.at("2026-11-03 10:32"); w.now.Before(unapproved) {
			w.runTo(unapproved) // when it would have gone without a word
		}
		w.wentOnce()
		w.run("2026-11-03 20:00")
		w.wentOnce()
		w.sound()
	}
	for n := range 5 {
		for _, at := range []string{"2026-11-03 14:00", "2026-11-03 10:00"} {
			t.Run(fmt.Sprintf("by a person, after %d writes, to go at %s", n, at), func(t *testing.T) {
				w, p := waiting(t, at, wideRoster(11))
				w.offAfter(n, func(ctx context.Context, o *schedule.Office) error {
					return o.ApprovePush(ctx, w.actor(clerkB), p.ID, w.now)
				})
				if w.push(p.ID).State == schedule.PushWaiting { // told to try again
					require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
				}
				finished(w, at)
			})
			t.Run(fmt.Sprintf("by the delay, after %d writes, to go at %s", n, at), func(t *testing.T) {
				w, _ := waiting(t, at, oneClerk(wideRoster(11)))
				w.run("2026-11-03 10:29")
				w.now = w.at("2026-11-03 10:30")
				w.offAfter(n, func(ctx context.Context, o *schedule.Office) error {
					_, err := o.DoDue(ctx, w.now)
					return err
				})
				finished(w, at)
			})
		}
	}
}

// TestStart_cutShort: so is the start of a push, and the end of its window.
func TestStart_cutShort(t *testing.T) {
	t.Parallel()
	due := func(w *world, n int, at string) {
		w.runTo(w.at(at).Add(-time.Minute))
		w.now = w.at(at)
		w.offAfter(n, func(ctx context.Context, o *schedule.Office) error {
			_, err := o.DoDue(ctx, w.now)
			return err
		})
	}
	for n := range 7 {
		t.Run(fmt.Sprintf("a relay is started, and owed, once: after %d writes", n), func(t *testing.T) {
			r := wideRoster(11)
			for i := range r.Groups {
				r.Groups[i].Kind = "网格群"
			}
			w := newWorld(t, "2026-11-03 10:00", starting(r), func(w *world) { w.settings.Slots = nil })
			w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
			p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all", At: w.at("2026-11-03 14:00")}, w.now)
			require.NoError(t, err)
			require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
			due(w, n, "2026-11-03 14:00")
			for _, until := range []string{"2026-11-03 14:02", "2026-11-10 12:00"} {
				w.run(until)
				w.wentOnce()
				for i := range 22 {
					require.Len(t, w.owed(int64(100+i), "relay"), 1, "group %d", 100+i)
				}
			}
			w.sound()
		})
	}
	t.Run("a relay that ran when the PC was switched off for the weekend is owed once", func(t *testing.T) {
		r := with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Kind = "网格群" })
		w := newWorld(t, "2026-11-06 14:00", starting(r), func(w *world) { w.settings.Slots = nil })
		w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-06 14:10")
		w.sleep("2026-11-09 09:00")
		w.run("2026-11-09 12:00")
		require.Len(t, w.owed(eastGroup, "relay"), 1)
		require.Equal(t, "2026-W45", w.owed(eastGroup, "relay")[0].Period.Key)
		w.sound()
	})
	for n := range 5 {
		t.Run(fmt.Sprintf("what was missed is handed once: after %d writes", n), func(t *testing.T) {
			w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
			w.blind[eastGroup] = true
			w.adopt("11", 2026, nil)
			due(w, n, "2026-11-03 11:30")
			for _, until := range []string{"2026-11-03 11:32", "2026-11-03 20:00"} {
				w.run(until)
				require.Equal(t, []string{"2026-11-03 handed"}, w.log(eastGroup))
				require.Len(t, w.told(eastKeeper, "【待转发"), 1)
			}
			w.sound()
		})
	}
}
