package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestRandomLead lets three weeks pass in which the office changes its mind about
// everything: keepers change and go, groups move, plans are dropped, pushes are
// corrected, moved and taken back, periods are excused, the past is entered.
// Whatever happened, what has ended is added up as the ledger says, and whatever is
// behind has a flag.
func TestRandomLead(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		seed := seedOf(n)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			w := newWorld(t, "2026-11-01 12:00")
			w.revoke = func(schedule.Recall) error {
				return []error{nil, nil, schedule.ErrGone, errors.New("no answer")}[r.IntN(4)]
			}
			for i := range 3 {
				w.shelve(fmt.Sprintf("s%d", i), i, 0, "")
			}
			dropped := adoptAll(w, r)
			for day := calendar.MustDate("2026-11-02"); day.Before(calendar.MustDate("2026-11-25")); day = day.AddDays(1) {
				for hour := 8; hour < 20; hour += 2 + r.IntN(4) { // at night a correction may go
					w.run(fmt.Sprintf("%s %02d:%02d", day, hour, r.IntN(60)))
					dropped(day)
					w.anything(r)
					w.leads(r)
				}
				if day.Weekday() == time.Monday {
					w.sound()
				}
			}
			w.run("2026-11-25 09:00")
			w.countAgain()
			w.sound()
			w.flagged()
		})
	}
}

// seedOf is the n-th seed: the same ones in every run, others in a soak.
func seedOf(n int) uint64 {
	if os.Getenv("TONGLUO_SOAK") != "" {
		return rand.Uint64()
	}
	return uint64(n) + 1
}

// adoptAll adopts the plans; what it returns drops one of them one day, and takes it
// up again.
func adoptAll(w *world, r *rand.Rand) func(calendar.Date) {
	w.adopt("11", 2026, nil)
	w.adoptPlan(relayPlan("便民群", 1+r.IntN(2)), 2026, nil)
	w.adoptPlan(quotaPlan("党员群", 1, calendar.Week, "text"), 2026, nil)
	w.adoptPlan(reportPlan(), 2026, nil)
	off, on := calendar.MustDate("2026-11-03").AddDays(r.IntN(14)), calendar.MustDate("2026-11-12").AddDays(r.IntN(14))
	return func(day calendar.Date) {
		if day == off && off.Before(on) {
			off = calendar.Date{}
			require.NoError(w.t, w.office.Drop(w.ctx, operator, "90", "", w.now))
		}
		if day == on && off.IsZero() {
			on = calendar.Date{}
			w.adoptPlan(quotaPlan("党员群", 1, calendar.Week, "text"), 2026, nil)
		}
	}
}

// reportPlan is a plan of one weekly report that villages hand in.
func reportPlan() plans.Plan {
	return plans.Plan{Number: 92, ID: "92-report", Title: "报", Duties: []plans.Duty{{ID: "report", Kind: plans.Report, Title: "周报",
		Quote: "每周五报送", Per: calendar.Week, Due: "FRI 16:00", OwedBy: "unit", AtLeast: 1}}}
}

// leads does one thing that the office or its roster might do.
func (w *world) leads(r *rand.Rand) {
	groups := []int64{eastGroup, westGroup, parentGroup, eastParty}
	g := groups[r.IntN(4)]
	clerk := w.actor([]int64{clerkA, clerkB}[r.IntN(2)])
	today := w.cal.Today(w.now)
	ds := w.deliveries(schedule.DeliveryFilter{From: today.AddDays(-3)})
	push := int64(1)
	if len(ds) > 0 {
		push = ds[r.IntN(len(ds))].Push
	}
	var err error
	switch r.IntN(12) {
	case 0:
		_, err = w.office.Excuse(w.ctx, operator, fmt.Sprint(g), fmt.Sprintf("2026-W%d", 45+r.IntN(3)), "洪水", w.now)
	case 1:
		_, err = w.office.Revoke(w.ctx, clerk, push, w.now)
	case 2:
		var v schedule.Preview
		if v, err = w.office.ProposeCorrection(w.ctx, clerk, push, "以群里公告为准", "private", w.now); err == nil {
			_, err = w.office.ConfirmProposal(w.ctx, clerk, v.ID, "private", w.now)
		}
	case 3:
		n := r.IntN(3)
		_, err = w.office.Observe(w.ctx, roster.Clock(), g, schedule.Seen{Text: heardIn(n), At: w.now}, w.now)
	case 4:
		_, err = w.office.EnterOwn(w.ctx, w.actor([]int64{eastKeeper, westKeeper, teacher}[r.IntN(3)]), schedule.Own{What: fmt.Sprintf("i%02d", r.IntN(12)),
			Day: today.AddDays(-r.IntN(12)), All: true}, w.now)
	case 5:
		_, err = w.office.Reschedule(w.ctx, clerk, push, w.now.Add(time.Duration(r.IntN(72))*time.Hour), w.now)
	case 6, 7:
		w.reshuffle(r, g)
	case 8:
		tasks, terr := w.office.Tasks(w.ctx, clerk, w.now)
		if err = terr; err == nil && len(tasks) > 0 {
			_, err = w.office.ConfirmWord(w.ctx, clerk, schedule.Word{Handoff: tasks[r.IntN(len(tasks))].ID}, w.now)
		}
	case 9:
		obs, oerr := w.db.Obligations(w.ctx, schedule.ObligationFilter{Now: w.now})
		require.NoError(w.t, oerr)
		for _, ob := range obs {
			if ob.Task != 0 && !ob.DoneAt.IsZero() && r.IntN(3) == 0 {
				_, err = w.office.UndoForward(w.ctx, clerk, ob.Task, w.now)
			}
		}
	case 10:
		err = w.office.CancelPush(w.ctx, clerk, push, w.now)
	case 11:
		_, err = w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: fmt.Sprintf("s%d", r.IntN(3)), To: "all"}, w.now)
	}
	var said *schedule.Problem
	require.True(w.t, err == nil || errors.As(err, &said), "a verb may refuse in words, not fail: %v", err)
}

// reshuffle imports a roster in which a group has another keeper, none, another
// unit, another carrier, or is no more.
func (w *world) reshuffle(r *rand.Rand, id int64) {
	old, err := w.db.Roster(w.ctx)
	require.NoError(w.t, err)
	w.roster(with(old, id, func(g *roster.Group) {
		switch r.IntN(5) {
		case 0:
			g.Keeper = []int64{eastKeeper, westKeeper, teacher, eastGrid}[r.IntN(4)]
		case 1:
			g.Keeper = 0
		case 2:
			to, _ := old.Unit([]int64{2, 3, 4}[r.IntN(3)])
			g.Unit, g.UnitPath = to.ID, to.Path
		case 3:
			g.Carrier = map[roster.Carrier]roster.Carrier{roster.ByBot: roster.ByKeeper, roster.ByKeeper: roster.ByBot}[g.Carrier]
		case 4:
			g.Keeper = eastKeeper
		}
	}))
}

// flagged: whatever is behind has an open flag, and nothing else has one.
func (w *world) flagged() {
	w.t.Helper()
	flags, err := w.db.Flags(w.ctx, false)
	require.NoError(w.t, err)
	open := map[int64]bool{}
	for _, f := range flags {
		open[f.Obligation] = true
	}
	obs, err := w.db.Obligations(w.ctx, schedule.ObligationFilter{EndsBy: w.now, Now: w.now})
	require.NoError(w.t, err)
	for _, ob := range obs {
		require.Equal(w.t, ob.Standing(w.now) == coverage.Behind, open[ob.ID], "flag of obligation %d: %s of group %d, unit %s in %s", ob.ID, ob.Duty, ob.Group, ob.UnitPath, ob.Period.Key)
	}
}
