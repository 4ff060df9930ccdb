package schedule_test

import (
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestConfirm_forwarder: 确认 is the word of somebody else than the one who
// forwarded. Here that one sits in the office: who keeps the group may confirm
// what others forwarded, and never what they forwarded themselves.
func TestConfirm_forwarder(t *testing.T) {
	t.Parallel()
	named := operator
	named.Person, named.By = clerkA, "办公室甲"
	reported := func(t *testing.T, by func(*world) roster.Actor) (*world, schedule.Delivery) {
		r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Keeper = clerkA })
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 12:00")
		d := w.of(westGroup)[0]
		_, err := w.office.Forwarded(w.ctx, by(w), schedule.Word{Handoff: d.Handoff}, w.now)
		require.NoError(t, err)
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
		return w, d
	}
	confirm := func(w *world, a roster.Actor, d schedule.Delivery) error {
		_, err := w.office.Confirm(w.ctx, a, d.ID, 0, 0, w.now)
		return err
	}
	who := map[string]func(*world) roster.Actor{
		"said by the keeper":             func(w *world) roster.Actor { return w.actor(clerkA) },
		"said for the keeper by another": func(w *world) roster.Actor { return w.actor(clerkB) },
		"said for the keeper at the PC":  func(*world) roster.Actor { return operator },
	}
	for name, by := range who {
		t.Run(name+", the keeper cannot confirm it", func(t *testing.T) {
			w, d := reported(t, by)
			require.ErrorIs(t, confirm(w, w.actor(clerkA), d), schedule.ErrState)
			require.ErrorIs(t, confirm(w, named, d), schedule.ErrState, "nor by asking the operator")
			require.ErrorIs(t, confirm(w, by(w), d), schedule.ErrState, "nor can who said it")
			require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
			w.sound()
		})
	}
	t.Run("somebody else can", func(t *testing.T) {
		w, d := reported(t, who["said by the keeper"])
		atGrade := func(g coverage.Grade) int {
			n := 0
			all, err := w.office.Owed(w.ctx, schedule.ObligationFilter{Group: westGroup, Duty: "weekly-push", Now: w.now}, schedule.Query{Now: w.now, Grade: g})
			require.NoError(t, err)
			for _, o := range all {
				n += o.Credits
			}
			return n
		}
		require.Equal(t, []int{1, 0}, []int{atGrade(coverage.Reported), atGrade(coverage.Confirmed)})
		require.NoError(t, confirm(w, w.actor(clerkB), d))
		require.Equal(t, []string{"2026-11-03 confirmed"}, w.log(westGroup))
		require.Equal(t, []int{1, 1}, []int{atGrade(coverage.Reported), atGrade(coverage.Confirmed)})
		w.sound()
	})
	t.Run("nor when what they forwarded has been seen in the group", func(t *testing.T) {
		w, d := reported(t, who["said by the keeper"])
		seen := []schedule.Change{{ID: d.ID, From: schedule.Reported, To: schedule.Observed, SeenAt: w.now}}
		require.NoError(t, w.db.Shift(w.ctx, roster.Clock(), seen, w.now))
		require.ErrorIs(t, confirm(w, w.actor(clerkA), d), schedule.ErrState)
		require.NoError(t, confirm(w, w.actor(clerkB), d))
		require.Equal(t, []string{"2026-11-03 confirmed"}, w.log(westGroup))
		w.sound()
	})
	t.Run("what the bot sent, anybody can: its keeper, the operator", func(t *testing.T) {
		r := with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Keeper = clerkA })
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adopt("11", 2026, nil)
		w.run("2026-11-03 12:00")
		require.NoError(t, confirm(w, w.actor(clerkA), w.of(eastGroup)[0]))
		w.run("2026-11-06 12:00")
		require.NoError(t, confirm(w, operator, w.of(eastGroup)[1]))
		require.Equal(t, []string{"2026-11-03 confirmed", "2026-11-06 confirmed"}, w.log(eastGroup))
		w.sound()
	})
}
