package schedule_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
)

// TestAdopt_afterDrop: what was owed before a plan was dropped is not owed again.
func TestAdopt_afterDrop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-16 12:00", starting(only(westGroup)))
	from := map[string]string{"owed_from": "2026-11-02"}
	w.adopt("11", 2026, from)
	once := len(w.owed(westGroup, "weekly-push"))
	require.NoError(t, w.office.Drop(w.ctx, operator, "11", "", w.now))
	w.adopt("11", 2026, from)
	seen := map[string]int{}
	for _, o := range w.owed(westGroup, "weekly-push") {
		if o.Closed(w.now) {
			seen[o.Period.Key]++
		}
	}
	require.Positive(t, once)
	require.NotEmpty(t, seen)
	for week, n := range seen {
		require.Equal(t, 1, n, week)
	}
	w.sound()
}

// TestResume_samePerson: two spellings of one person are one person.
func TestResume_samePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00")
	require.NoError(t, w.office.Halt(w.ctx, operator, w.now))
	one, two := operator, operator
	one.Person, one.By = westKeeper, "西村干部"
	two.Person, two.By = westKeeper, "别的写法"
	at, err := w.office.Resume(w.ctx, one, w.now)
	require.NoError(t, err)
	require.True(t, at.After(w.now))
	again, err := w.office.Resume(w.ctx, two, w.now)
	require.NoError(t, err)
	require.True(t, again.Equal(at.Truncate(1e6)), "the delay runs on, it does not end")
	two.Person = eastKeeper
	at, err = w.office.Resume(w.ctx, two, w.now)
	require.NoError(t, err)
	require.Equal(t, w.now, at, "somebody else resumes at once")
}

// TestUndo_flagsAgain: a word taken back after the deadline leaves coverage and
// the list of who is behind in agreement.
func TestUndo_flagsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	var said int64
	for _, at := range []string{"2026-11-03 10:00", "2026-11-06 10:00", "2026-11-08 20:00"} {
		w.run(at)
		for _, open := range w.handoffs(westKeeper) {
			if open.State != schedule.HandoffOpen {
				continue
			}
			w.forwarded(westKeeper, schedule.Word{Handoff: open.ID})
			said = open.ID
		}
	}
	w.run("2026-11-09 10:00")
	before, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(t, err)
	require.Empty(t, before)
	_, err = w.office.UndoForward(w.ctx, operator, said, w.now)
	require.NoError(t, err)
	after, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(t, err)
	require.Len(t, after, 1)
	view, err := w.office.Coverage(w.ctx, operator, schedule.Query{Kind: "quota", Now: w.now, By: coverage.ByGroups})
	require.NoError(t, err)
	require.Equal(t, view.Total.Behind, len(after))
	w.sound()
}

// TestReadTicks_declinedCloses: a sheet that says of every group why not closes
// the handoff, so nobody is reminded of it again.
func TestReadTicks_declinedCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 10:00")
	h := w.handoffs(westKeeper, schedule.HandoffOpen)[0]
	var sheet []schedule.Tick
	for _, d := range w.deliveries(schedule.DeliveryFilter{}) {
		if d.State == schedule.Handed {
			sheet = append(sheet, schedule.Tick{Row: len(sheet) + 2, ID: d.ID, Reason: "手机坏了"})
		}
	}
	require.NotEmpty(t, sheet)
	_, err := w.office.ReadTicks(w.ctx, operator, sheet, w.now)
	require.NoError(t, err)
	for _, after := range w.handoffs(westKeeper) {
		if after.ID == h.ID {
			require.Equal(t, schedule.HandoffDeclined, after.State)
		}
	}
	reminded := len(w.told(westKeeper, "提醒"))
	w.run("2026-11-08 23:00")
	for _, r := range w.told(westKeeper, "提醒")[reminded:] {
		require.NotContains(t, r.text, fmt.Sprintf("【提醒 #%d】", h.ID))
	}
	w.sound()
}
