package schedule_test

import (
	"testing"

	"github.com/stretchr/testify/require"
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
