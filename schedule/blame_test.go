package schedule_test

import (
	"testing"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// twoOnTuesday is a week of plan 11, which asks for two: the west's keeper got
// the slot's pack and one more on Tuesday, and none on Friday, when the office's
// PC was off.
func twoOnTuesday(t *testing.T, answers map[string]string) *world {
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, answers)
	w.run("2026-11-03 10:00")
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i11", To: "all"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 17:00") // the packs lay readable for hours, and an answer would have been heard
	require.Equal(t, []string{"2026-11-03 handed", "2026-11-03 handed"}, w.log(westGroup))
	for _, h := range w.handoffs(westKeeper) {
		require.Equal(t, "2026-11-03", w.cal.Today(h.ReadableAt).String())
	}
	return w
}

// TestBlame_sameDay: packs that would have counted once together blame once.
func TestBlame_sameDay(t *testing.T) {
	t.Parallel()
	week := func(w *world) string {
		w.sleep("2026-11-09 09:00")
		w.run("2026-11-09 12:00")
		w.sound()
		return w.standings(westGroup, "weekly-push")[1]
	}
	t.Run("two silent packs of one day are one of the two that miss", func(t *testing.T) {
		require.Equal(t, "2026-W45 behind office", week(twoOnTuesday(t, nil)))
	})
	t.Run("they are two where two of one day count", func(t *testing.T) {
		require.Equal(t, "2026-W45 behind keeper", week(twoOnTuesday(t, map[string]string{"weekly-push.distinct_days": "false"})))
	})
	t.Run("one forwarded, the other of that day would have added nothing", func(t *testing.T) {
		w := twoOnTuesday(t, nil)
		w.forwarded(westKeeper, schedule.Word{Handoff: w.handoffs(westKeeper)[0].ID})
		require.Equal(t, "2026-W45 behind office", week(w))
	})
	t.Run("a pack of another day is the keeper's still", func(t *testing.T) {
		w := twoOnTuesday(t, nil)
		w.forwarded(westKeeper, schedule.Word{Handoff: w.handoffs(westKeeper)[0].ID})
		w.run("2026-11-09 12:00")
		require.Equal(t, "2026-W45 behind keeper", w.standings(westGroup, "weekly-push")[1])
	})
}
