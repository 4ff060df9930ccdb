package schedule_test

import (
	"errors"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// lose has the reply to the next n messages to groups lost, and counts them.
func (w *world) lose(n int) *int {
	lost := 0
	w.answer = func(m schedule.Outgoing) error {
		if m.Group == 0 || lost >= n {
			return nil
		}
		lost++
		return &schedule.SendError{Next: schedule.AskSomebody, Err: errors.New("timeout")}
	}
	return &lost
}

// lostWorld is an office whose one message of this morning nobody can vouch for:
// words to the parents' group, whose keeper is the teacher.
func lostWorld(t *testing.T) (*world, schedule.Delivery) {
	w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
	w.item("words", nil, false)
	w.lose(1)
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "words", To: "家长群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 10:01")
	d := w.of(parentGroup)[0]
	require.Equal(t, schedule.Uncertain, d.State)
	return w, d
}

func (w *world) settle(person int64, d schedule.Delivery, seen bool) error {
	return w.office.Settle(w.ctx, w.actor(person), d.ID, seen, w.now, w.now)
}

// TestSight: the keeper of the group is asked once, in private, and one word
// settles it.
func TestSight(t *testing.T) {
	t.Parallel()
	t.Run("asked once, whatever is restarted", func(t *testing.T) {
		w, d := lostWorld(t)
		require.Empty(t, w.told(teacher, "【请看一眼"), "an echo may come first")
		w.run("2026-11-03 10:03")
		told := w.told(teacher, "【请看一眼")
		require.Len(t, told, 1)
		require.Contains(t, told[0].text, "群13")
		for range 2 {
			w.restart()
			w.run("2026-11-03 12:00")
		}
		require.Len(t, w.told(teacher, "【请看一眼"), 1)
		require.NoError(t, w.settle(teacher, d, true))
		got := w.of(parentGroup)[0]
		require.Equal(t, schedule.Observed, got.State)
		require.Equal(t, int64(teacher), got.SaidBy)
		require.Zero(t, w.got(parentGroup), "nothing was sent again")
		w.sound()
	})
	t.Run("not at night, and not once it is settled", func(t *testing.T) {
		w, d := lostWorld(t)
		w.online = false
		w.run("2026-11-03 22:00")
		w.online = true
		w.run("2026-11-03 23:00")
		require.Empty(t, w.told(teacher, "【请看一眼"))
		require.NoError(t, w.settle(clerkA, d, true))
		w.run("2026-11-04 12:00")
		require.Empty(t, w.told(teacher, "【请看一眼"))
	})
	t.Run("one of the day's reminders, no more", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil; w.settings.PerGroupDay = 9 })
		w.lose(4)
		for _, id := range []string{"a1", "a2", "a3", "a4"} {
			w.item(id, nil, false)
			_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: id, To: "家长群"}, w.now)
			require.NoError(t, err)
		}
		w.run("2026-11-03 12:00")
		require.Len(t, w.told(teacher, "【请看一眼"), 3)
	})
	t.Run("unseen in its window: the same message goes again", func(t *testing.T) {
		w, d := lostWorld(t)
		require.NoError(t, w.settle(teacher, d, false))
		w.run("2026-11-03 10:05")
		got := w.of(parentGroup)[0]
		require.Equal(t, schedule.Accepted, got.State)
		require.Equal(t, d.Parts[0].ClientID, got.Parts[0].ClientID)
		require.Equal(t, 1, w.got(parentGroup))
		w.sound()
	})
	t.Run("unseen after its window: a person has it, the bot never again", func(t *testing.T) {
		w, d := lostWorld(t)
		w.now = d.Closes.Add(time.Minute)
		require.NoError(t, w.settle(teacher, d, false))
		require.Equal(t, schedule.Handed, w.of(parentGroup)[0].State)
		w.run("2026-11-04 12:00")
		require.Zero(t, w.got(parentGroup))
		w.sound()
	})
	t.Run("only who may", func(t *testing.T) {
		w, d := lostWorld(t)
		head := w.actor(townHead)
		head.Role = roster.Leader
		for _, a := range []roster.Actor{w.actor(westKeeper), w.actor(eastKeeper), head, roster.Heard(roster.Person{ID: clerkA, Unit: 1, UnitPath: "永宁镇", Role: roster.Staff}, false), {}} {
			require.ErrorIs(t, w.office.Settle(w.ctx, a, d.ID, true, w.now, w.now), schedule.ErrDenied)
			ds, err := w.office.Unsettled(w.ctx, a, w.now)
			require.NoError(t, err)
			require.Empty(t, ds)
		}
		ds, err := w.office.Unsettled(w.ctx, w.actor(teacher), w.now)
		require.NoError(t, err)
		require.Len(t, ds, 1)
	})
	t.Run("a word from before the last try is about another", func(t *testing.T) {
		w, d := lostWorld(t)
		said := w.now.Add(time.Minute)
		require.NoError(t, w.settle(teacher, d, false))
		w.lose(1)
		w.run("2026-11-03 10:10")
		w.now = w.at("2026-11-03 10:11")
		require.Equal(t, schedule.Uncertain, w.of(parentGroup)[0].State)
		d = w.of(parentGroup)[0]
		require.ErrorIs(t, w.office.Settle(w.ctx, w.actor(teacher), d.ID, false, d.SentAt.Add(-time.Minute), w.now), schedule.ErrState)
		require.NoError(t, w.office.Settle(w.ctx, w.actor(teacher), d.ID, true, said.Add(time.Hour), w.now))
	})
}

// TestBlame_unsettled: what nobody can vouch for counts nowhere, is the office's,
// and no village's even beside a pack that a keeper let lie.
func TestBlame_unsettled(t *testing.T) {
	t.Parallel()
	begun := func(t *testing.T) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		return w
	}
	alone := func(t *testing.T, n int) *world {
		w := begun(t)
		w.lose(n)
		w.run("2026-11-03 12:00")
		require.Equal(t, []string{"2026-11-03 uncertain"}, w.log(eastGroup))
		return w
	}
	t.Run("alone", func(t *testing.T) {
		w := alone(t, 2) // Friday's too
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 behind office")
		require.Equal(t, 0, w.row("永宁镇", schedule.Query{Period: "2026-W45"}).Met, "counted nowhere")
		w.sound()
	})
	t.Run("beside a pack that lay for days", func(t *testing.T) {
		w := alone(t, 1)
		w.blind[eastGroup] = true
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i11", To: "all"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-09 12:00")
		require.Contains(t, w.log(eastGroup), "2026-11-03 lapsed", "the keeper was asked, and silent")
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 behind office", "the week may have been met by the bot")
		w.sound()
	})
}

// TestEcho: what the account itself is shown to have said settles one delivery,
// and only where no other can be meant.
func TestEcho(t *testing.T) {
	t.Parallel()
	words := func(w *world, d schedule.Delivery) string {
		it, err := w.db.Item(w.ctx, d.Item)
		require.NoError(w.t, err)
		return it.Parts()[0].Text
	}
	heard := func(w *world, group int64, e schedule.Echo) schedule.State {
		require.NoError(w.t, w.office.Echoed(w.ctx, roster.Clock(), group, e, w.now))
		w.run(w.now.Add(2 * time.Minute).In(w.cal.Zone()).Format("2006-01-02 15:04"))
		return w.of(parentGroup)[0].State
	}
	for name, c := range map[string]struct {
		echo func(w *world, d schedule.Delivery) (group int64, e schedule.Echo)
		want schedule.State
	}{
		"by our id": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{MessageID: "m77", ClientID: d.Parts[0].ClientID, At: d.SentAt}
		}, schedule.Observed},
		"by its words": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{MessageID: "m77", Text: words(w, d) + "\n", At: d.SentAt.Truncate(time.Second)}
		}, schedule.Observed},
		"other words": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{MessageID: "m77", Text: words(w, d) + "！", At: d.SentAt}
		}, schedule.Uncertain},
		"another's id with the same words": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{MessageID: "m77", ClientID: "17000000000000000", Text: words(w, d), At: d.SentAt}
		}, schedule.Uncertain},
		"another group": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return eastGroup, schedule.Echo{ClientID: d.Parts[0].ClientID, Text: words(w, d), At: d.SentAt}
		}, schedule.Uncertain},
		"long before": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{Text: words(w, d), At: d.SentAt.Add(-time.Hour)}
		}, schedule.Uncertain},
		"a picture, without an id": {func(w *world, d schedule.Delivery) (int64, schedule.Echo) {
			return parentGroup, schedule.Echo{MessageID: "m77", At: d.SentAt}
		}, schedule.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := lostWorld(t)
			group, e := c.echo(w, d)
			require.Equal(t, c.want, heard(w, group, e))
			w.sound()
		})
	}
	t.Run("the same words went twice: neither is guessed", func(t *testing.T) {
		w, d := lostWorld(t)
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "words", To: "家长群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 10:12")
		require.Equal(t, []string{"2026-11-03 uncertain", "2026-11-03 accepted"}, w.log(parentGroup))
		require.Equal(t, schedule.Uncertain, heard(w, parentGroup, schedule.Echo{MessageID: "m77", Text: words(w, d), At: d.SentAt.Add(9 * time.Minute)}))
		require.Equal(t, schedule.Observed, heard(w, parentGroup, schedule.Echo{ClientID: d.Parts[0].ClientID, At: d.SentAt}))
	})
	t.Run("of the words that were taken, when the picture is in doubt", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
		w.answer = func(m schedule.Outgoing) error {
			if m.Part.Kind == content.Picture {
				return &schedule.SendError{Next: schedule.AskSomebody, Err: errors.New("timeout")}
			}
			return nil
		}
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "家长群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 10:01")
		d := w.of(parentGroup)[0]
		require.Equal(t, schedule.Uncertain, heard(w, parentGroup, schedule.Echo{MessageID: "m77", Text: words(w, d), At: d.SentAt}))
		require.Equal(t, schedule.Uncertain, heard(w, parentGroup, schedule.Echo{ClientID: d.Parts[0].ClientID, At: d.SentAt}))
		require.Equal(t, schedule.Observed, heard(w, parentGroup, schedule.Echo{ClientID: d.Parts[1].ClientID, At: d.SentAt}))
	})
	t.Run("a throttle notice contradicts it", func(t *testing.T) {
		w, d := lostWorld(t)
		require.NoError(t, w.office.Echoed(w.ctx, roster.Clock(), parentGroup, schedule.Echo{ClientID: d.Parts[0].ClientID, At: w.now}, w.now))
		require.NoError(t, w.office.Throttled(w.ctx, parentGroup, time.Time{}, w.now.Add(10*time.Second)))
		w.run("2026-11-03 10:30")
		require.Equal(t, schedule.Uncertain, w.of(parentGroup)[0].State)
		require.Len(t, w.told(teacher, "【请看一眼"), 1, "a person looks")
	})
	t.Run("of an earlier try, settles no later one", func(t *testing.T) {
		w, d := lostWorld(t)
		require.NoError(t, w.office.Echoed(w.ctx, roster.Clock(), parentGroup, schedule.Echo{ClientID: d.Parts[0].ClientID, At: w.now}, w.now))
		w.now = w.now.Add(30 * time.Second)
		w.lose(1)
		require.NoError(t, w.settle(teacher, d, false))
		w.run("2026-11-03 10:10")
		require.Equal(t, schedule.Uncertain, w.of(parentGroup)[0].State)
	})
}
