package schedule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// pauses are as the store has them, for whoever watches.
func (w *world) pauses() schedule.Pauses {
	p, err := w.office.Pauses(w.ctx, operator)
	require.NoError(w.t, err)
	return p
}

// tries are when groups were tried, or everybody; each is answered as said.
func (w *world) tries(answer func(n int) error) *[]time.Time {
	var at []time.Time
	w.answer = func(m schedule.Outgoing) error {
		if m.Group == 0 && !w.everybody {
			return nil
		}
		at = append(at, w.now)
		return answer(len(at))
	}
	return &at
}

func tooOften() error {
	return &schedule.SendError{Next: schedule.StopAccount, Ret: 1205, Err: errors.New("1205")}
}

func nobodyKnows() error {
	return &schedule.SendError{Next: schedule.AskSomebody, Err: errors.New("timeout")}
}

// manyWorld has words queued to n parents' groups, with no cap in their way.
func manyWorld(t *testing.T, n int) *world {
	town := townRoster()
	var groups []roster.Group
	for i := range n {
		g, _ := town.Group(parentGroup)
		g.ID, g.Name = int64(1000+i), fmt.Sprint("家长", i)
		groups = append(groups, g)
	}
	w := newWorld(t, "2026-11-03 09:00", starting(roster.New(town.Units, groups, town.Persons)), func(w *world) {
		w.settings.Slots, w.settings.WideFrom = nil, 10_000
	})
	w.item("words", nil, false)
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "words", To: "家长群"}, w.now)
	require.NoError(t, err)
	return w
}

// TestRest is the ladder: half an hour, longer within a day, and a second one on
// a local day until the next.
func TestRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
	rest := func(at string) string {
		w.now = w.at(at)
		w.runner.Rest(w.ctx, w.now)
		w.restart()
		require.Equal(t, w.now.Before(w.pauses().Rest.Until), w.runner.Resting(w.now), "a restart does not wake it")
		return w.pauses().Rest.Until.In(w.cal.Zone()).Format("01-02 15:04")
	}
	require.False(t, w.runner.Resting(w.now))
	require.Equal(t, "11-03 10:30", rest("2026-11-03 10:00"))
	require.Equal(t, "11-03 10:30", rest("2026-11-03 10:20"), "what is heard meanwhile is the same one")
	require.Equal(t, "11-04 00:00", rest("2026-11-03 10:31"), "a second in a day")
	require.Equal(t, "11-04 12:00", rest("2026-11-04 10:00"), "2 h")
	require.Equal(t, "11-05 00:00", rest("2026-11-04 15:00"))
	require.Equal(t, "11-05 13:00", rest("2026-11-05 09:00"), "4 h")
	require.Equal(t, "11-07 13:31", rest("2026-11-07 13:01"), "a clean day")
	w.run("2026-11-09 12:00")
	require.Len(t, w.told(clerkA, "【账号休息】"), 6, "each is told once")
}

// TestRest_pace: messages lie twice as far apart after each, and closer again by a
// tenth a day.
func TestRest_pace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", func(w *world) {
		w.settings.Slots, w.settings.TextPace = nil, schedule.Pace{Min: 10 * time.Second, Max: 10 * time.Second}
	})
	gap := func() time.Duration {
		w.item("g"+w.now.Format("0102"), nil, false)
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "g" + w.now.Format("0102"), To: "家长群"}, w.now)
		require.NoError(t, err)
		for {
			sent := w.got(parentGroup)
			next, err := w.runner.Step(w.ctx, w.now)
			require.NoError(t, err)
			if w.got(parentGroup) > sent { // it goes on when the gap is over, if something is due
				w.item("x"+w.now.Format("0102"), nil, false)
				_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "x" + w.now.Format("0102"), To: "家长群"}, w.now)
				require.NoError(t, err)
				next, err = w.runner.Step(w.ctx, w.now)
				require.NoError(t, err)
				return next.Sub(w.now).Round(100 * time.Millisecond)
			}
			w.now = next
		}
	}
	require.Equal(t, 10*time.Second, gap())
	w.runner.Rest(w.ctx, w.now)
	w.now = w.at("2026-11-03 17:00")
	require.Equal(t, 20*time.Second, gap())
	w.restart()
	w.now = w.at("2026-11-06 11:00")
	require.Equal(t, 14600*time.Millisecond, gap())
	w.now = w.at("2026-11-20 11:00")
	require.Equal(t, 10*time.Second, gap(), "never closer than usual")
}

// TestBreaker pauses the sending, tells a person, and goes on by one message.
func TestBreaker(t *testing.T) {
	t.Parallel()
	opened := func(t *testing.T, answer func(n int) error) (*world, *[]time.Time) {
		w := manyWorld(t, 20)
		at := w.tries(answer)
		_, err := w.runner.Step(w.ctx, w.now)
		require.NoError(t, err)
		require.Len(t, *at, 5)
		require.True(t, w.pauses().Break.Open())
		require.Equal(t, w.now.Add(10*time.Minute).UTC(), w.pauses().Break.Until.UTC())
		return w, at
	}
	t.Run("five in a row, and every failed trial costs one message", func(t *testing.T) {
		w, at := opened(t, func(n int) error {
			if n <= 7 {
				return nobodyKnows()
			}
			return nil
		})
		w.restart()
		w.run("2026-11-03 09:09")
		require.Len(t, *at, 5, "a restart does not end it")
		w.run("2026-11-03 09:10")
		require.Len(t, *at, 6)
		w.run("2026-11-03 09:30")
		require.Len(t, *at, 7, "twice as long after a trial that failed")
		w.run("2026-11-03 10:09")
		require.Len(t, *at, 7)
		w.run("2026-11-03 10:10")
		require.Equal(t, 0, len(w.deliveries(schedule.DeliveryFilter{States: []schedule.State{schedule.Queued}})), "it goes on by itself")
		require.False(t, w.pauses().Break.Open())
		require.Equal(t, []string{"2026-11-03 09:10"}, w.minutes(clerkA, "【发送暂停】"), "told once, when it could be; that is no trial")
		require.Len(t, w.told(clerkA, "【发送暂停】"), 1, "told once, when it could be")
		w.sound()
	})
	t.Run("a refused trial costs nothing, so it is tried again soon", func(t *testing.T) {
		w, at := opened(t, func(n int) error {
			if n <= 8 {
				return &schedule.SendError{Next: schedule.RetryLater, Err: errors.New("no network")}
			}
			return nil
		})
		w.run("2026-11-03 09:30")
		require.Len(t, *at, 8)
		w.run("2026-11-03 09:40")
		require.False(t, w.pauses().Break.Open())
		w.sound()
	})
	t.Run("a person's word is a trial at once", func(t *testing.T) {
		w, at := opened(t, func(n int) error {
			if n <= 5 {
				return nobodyKnows()
			}
			return nil
		})
		text, err := w.office.DigestText(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.Contains(t, text, "发送暂停着：接连 5 条没有发成。")
		_, err = w.office.Resume(w.ctx, w.actor(eastKeeper), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
		on, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.Equal(t, w.now, on)
		w.run("2026-11-03 09:01")
		require.Len(t, *at, 20)
		_, err = w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.ErrorIs(t, err, schedule.ErrState, "there is nothing to resume")
		w.sound()
	})
	t.Run("a fifth of two hundred that nobody can vouch for", func(t *testing.T) {
		w := manyWorld(t, 220)
		at := w.tries(func(n int) error {
			if n%40 == 0 {
				return nobodyKnows()
			}
			return nil
		})
		for range 3 {
			_, err := w.runner.Step(w.ctx, w.now)
			require.NoError(t, err)
		}
		require.Len(t, *at, 200, "at the fifth")
		require.Equal(t, 5, w.pauses().Break.Lost)
		require.Zero(t, w.pauses().Break.Row)
	})
	t.Run("four of two hundred are the service's usual", func(t *testing.T) {
		w := manyWorld(t, 420)
		at := w.tries(func(n int) error {
			if n%51 == 0 {
				return nobodyKnows()
			}
			return nil
		})
		w.run("2026-11-03 09:05")
		require.GreaterOrEqual(t, len(*at), 420)
		require.False(t, w.pauses().Break.Open())
	})
}

// TestRest_unaided is F09 from inside: whatever the service refuses as too often,
// it is not asked again before the rest is over, by nobody, and the work goes on
// by itself.
func TestRest_unaided(t *testing.T) {
	t.Parallel()
	for _, at := range []struct {
		name string
		hits func(n int) bool
	}{{"the first", func(n int) bool { return n == 1 }}, {"the fortieth", func(n int) bool { return n == 40 }}, {"every tenth", func(n int) bool { return n%10 == 0 }}} {
		t.Run(at.name, func(t *testing.T) {
			w := newWorld(t, "2026-11-01 12:00", starting(with(only(eastGroup, westGroup), westGroup, func(g *roster.Group) { g.Carrier = roster.ByBot })))
			w.everybody = true
			w.adoptPlan(quotaPlan("便民群", 2, calendar.Week), 2026, nil)
			until, wakes := time.Time{}, 0
			tries := w.tries(func(n int) error {
				require.False(t, w.now.Before(until), "asked at %s, resting until %s", w.now, until)
				if !until.IsZero() && !at.hits(n) {
					wakes++
				}
				if at.hits(n) {
					until = w.now.Add(30 * time.Minute)
					return tooOften()
				}
				return nil
			})
			w.run("2026-12-15 12:00")
			require.Greater(t, len(*tries), 40)
			require.Positive(t, wakes, "it resumes unaided")
			w.sound()
		})
	}
}

// minutes are when a person was told something with a word in it.
func (w *world) minutes(person int64, word string) []string {
	out := []string{}
	for _, r := range w.told(person, word) {
		out = append(out, r.at.In(w.cal.Zone()).Format("2006-01-02 15:04"))
	}
	return out
}
