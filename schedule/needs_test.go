package schedule_test

import (
	"errors"
	"sync"
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"

	"github.com/stretchr/testify/require"
)

// TestNeeds: a group with several duties at once.
func TestNeeds(t *testing.T) {
	t.Parallel()
	duty := func(id string, media, themes []string) plans.Duty {
		return plans.Duty{ID: id, Kind: plans.Quota, Title: id, Quote: id, Groups: []string{"便民群"}, AtLeast: 1, Per: calendar.Week,
			Means: plans.ByPush, Media: media, Themes: themes}
	}
	week := func(t *testing.T, duties ...plans.Duty) *world {
		w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
		w.item("loan", []string{"贷款"}, true)
		w.adoptPlan(plans.Plan{Number: 93, ID: "93-needs", Title: "两样", Duties: duties}, 2026, nil)
		w.run("2026-11-09 08:00")
		return w
	}
	t.Run("nothing has the video, the words still go", func(t *testing.T) {
		w := week(t, duty("words", []string{"text"}, nil), duty("film", []string{"video"}, nil))
		require.Equal(t, "met", w.standingOfPeriod(eastGroup, "words", "2026-W45"), "%v", w.log(eastGroup))
		require.Contains(t, w.standings(eastGroup, "film"), "2026-W45 behind content", "the library's fault")
		w.sound()
	})
	t.Run("two themes that no item joins take two days", func(t *testing.T) {
		w := week(t, duty("tricks", nil, []string{"防骗"}), duty("loans", nil, []string{"贷款"}))
		require.Equal(t, "met", w.standingOfPeriod(eastGroup, "tricks", "2026-W45"), "%v", w.log(eastGroup))
		require.Equal(t, "met", w.standingOfPeriod(eastGroup, "loans", "2026-W45"), "%v", w.log(eastGroup))
		w.sound()
	})
	t.Run("an item with both costs one push", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
		w.item("both", []string{"贷款", "刷单"}, true)
		w.adoptPlan(plans.Plan{Number: 93, ID: "93-needs", Title: "两样", Duties: []plans.Duty{duty("tricks", nil, []string{"刷单"}), duty("loans", nil, []string{"贷款"})}}, 2026, nil)
		w.run("2026-11-09 08:00")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
		w.sound()
	})
	t.Run("eight weeks on a library of twelve do not run dry", func(t *testing.T) {
		w := newWorld(t, "2026-09-20 12:00", starting(only(eastGroup)))
		w.adopt("11", 2026, nil)
		w.run("2026-11-16 08:00")
		for _, s := range w.standings(eastGroup, "weekly-push") {
			require.NotContains(t, s, "behind")
		}
		w.sound()
	})
}

// TestDenied: every verb refuses a cadre who is not meant to do it.
func TestDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00")
	_, _, err := w.office.Adopt(w.ctx, w.actor(clerkA), embedded(t, "11"), "永宁镇", 2026, nil, w.now)
	require.Error(t, err, "adopting needs an admin")
	_, _, err = w.office.Adopt(w.ctx, operator, embedded(t, "11"), "永宁镇", 2020, nil, w.now)
	require.Error(t, err, "its years are over")
	require.Error(t, w.office.Drop(w.ctx, operator, "11", "", w.now), "nothing to drop")
	_, err = w.office.Deliveries(w.ctx, w.actor(eastKeeper), schedule.DeliveryFilter{})
	require.Error(t, err)
}

// TestWords_atOnce: a person taps twice, the office reads the sheet meanwhile.
func TestWords_atOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 10:00")
	h, d := w.handoffs(westKeeper)[0], w.of(westGroup)[0]
	keeper := w.actor(westKeeper)
	done := make([]error, 6)
	var wg sync.WaitGroup
	for i := range done {
		wg.Add(1)
		go func() {
			defer wg.Done()
			switch i % 3 {
			case 0, 1:
				_, done[i] = w.office.Forwarded(w.ctx, keeper, schedule.Word{Handoff: h.ID}, w.now)
			case 2:
				_, done[i] = w.office.ReadTicks(w.ctx, operator, []schedule.Tick{{Row: 2, ID: d.ID, Done: true}}, w.now)
			}
		}()
	}
	wg.Wait()
	ok := 0
	for _, err := range done {
		if err == nil {
			ok++
			continue
		}
		require.True(t, errors.Is(err, schedule.ErrState) || errors.Is(err, schedule.ErrStale), "%v", err)
	}
	require.NotZero(t, ok)
	require.Len(t, w.of(westGroup), 1)
	require.NotEmpty(t, w.of(westGroup)[0].State.Evidence())
	require.Equal(t, 1, w.owed(westGroup, "weekly-push")[1].Credits)
	require.Equal(t, schedule.HandoffDone, w.handoffs(westKeeper)[0].State)
	w.sound()
}
