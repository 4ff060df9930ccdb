package schedule_test

import (
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// askedTwice is the west's keeper in the week after: asked on Tuesday the 3rd
// and on Friday the 6th of November, silent until Tuesday the 10th at noon.
func askedTwice(t *testing.T) *world {
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-10 12:00")
	require.Equal(t, []string{"2026-11-03 lapsed", "2026-11-06 lapsed", "2026-11-10 handed"}, w.log(westGroup))
	return w
}

// counted are the on-time credits and make-ups of a week of plan 11.
func (w *world) counted(week string) [2]int {
	for _, o := range w.owed(westGroup, "weekly-push") {
		if o.Period.Key == week {
			return [2]int{o.Credits, o.Makeups}
		}
	}
	require.Fail(w.t, "nothing owed in "+week)
	return [2]int{}
}

// TestGivenDay: what the office writes down later counts on the day the person
// forwarded it, and on none before that person was asked.
func TestGivenDay(t *testing.T) {
	t.Parallel()
	day := calendar.MustDate
	confirm := func(w *world, id int64, on string) error {
		_, err := w.office.ConfirmWord(w.ctx, w.actor(clerkA), schedule.Word{Handoff: id, Day: day(on)}, w.now)
		return err
	}
	for name, number := range map[string]func(schedule.Delivery) int64{
		"of a delivery": func(d schedule.Delivery) int64 { return d.ID },
		"of a handoff":  func(d schedule.Delivery) int64 { return d.Handoff },
	} {
		t.Run(name+" credits the week that holds it, not the one in which it is written", func(t *testing.T) {
			w := askedTwice(t)
			ds := w.of(westGroup)
			require.NoError(t, confirm(w, number(ds[0]), "2026-11-04"))
			require.Equal(t, [2]int{1, 0}, w.counted("2026-W45"))
			require.NoError(t, confirm(w, number(ds[1]), "2026-11-06"))
			require.Equal(t, [2]int{2, 0}, w.counted("2026-W45"))
			require.Equal(t, [2]int{0, 0}, w.counted("2026-W46"))
			flags, err := w.db.Flags(w.ctx, false)
			require.NoError(t, err)
			require.Empty(t, flags, "nobody was ever behind")
			w.sound()
		})
		t.Run(name+" before its person was asked is refused", func(t *testing.T) {
			w := askedTwice(t)
			ds := w.of(westGroup)
			require.ErrorIs(t, confirm(w, number(ds[1]), "2026-11-05"), schedule.ErrInput)
			require.ErrorIs(t, confirm(w, number(ds[2]), "2026-11-08"), schedule.ErrInput, "this week's words cannot have gone out last week")
			require.Equal(t, []string{"2026-11-03 lapsed", "2026-11-06 lapsed", "2026-11-10 handed"}, w.log(westGroup))
			require.Equal(t, [2]int{0, 0}, w.counted("2026-W45"))
			w.sound()
		})
		t.Run(name+" in the week after is a make-up, and credits that week nothing", func(t *testing.T) {
			w := askedTwice(t)
			require.NoError(t, confirm(w, number(w.of(westGroup)[0]), "2026-11-09"))
			require.Equal(t, [2]int{0, 1}, w.counted("2026-W45"))
			require.Equal(t, [2]int{0, 0}, w.counted("2026-W46"))
			w.sound()
		})
	}
	t.Run("that is the very day of a relay counts from the hour it was asked", func(t *testing.T) {
		r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind = "网格群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r), func(w *world) { w.settings.Slots = nil })
		w.adoptPlan(relayPlan("网格群", 1), 2026, nil)
		w.run("2026-11-03 09:00")
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:网格群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-04 09:00")
		require.Equal(t, "behind", w.standingOf(westGroup, "relay"))
		require.NoError(t, confirm(w, w.of(westGroup)[0].ID, "2026-11-03"))
		require.Equal(t, "met", w.standingOf(westGroup, "relay"))
		w.sound()
	})
	t.Run("is not moved by a message that came after the office pack", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)), func(w *world) { w.online = false })
		w.adopt("11", 2026, nil)
		w.run("2026-11-06 10:00") // Tuesday's and Friday's lie in the office's pack
		w.online = true
		w.run("2026-11-10 12:00")
		require.NotEmpty(t, w.told(westKeeper, "【待转发"))
		ds := w.of(westGroup)
		require.NoError(t, confirm(w, ds[0].ID, "2026-11-03"))
		require.NoError(t, confirm(w, ds[1].ID, "2026-11-06"))
		require.Equal(t, [2]int{2, 0}, w.counted("2026-W45"), "on two days, as the office says")
		w.sound()
	})
}
