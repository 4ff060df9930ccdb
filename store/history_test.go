package store

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"

	"github.com/stretchr/testify/require"
)

// history is a random life of a small office: obligations that come early and
// late, pushes, tries, words of people, undoings, makeups, deadlines that move.
type history struct {
	*office
	rnd   *rand.Rand
	now   time.Time
	other *DB // another process's
}

// TestHistories compares the tallies with two other computations: Retally's, and
// one that asks every delivery about every obligation.
func TestHistories(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rounds := 150
	if slow {
		rounds = 25
	}
	for i := range rounds {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		h := &history{office: newOffice(t, 3), rnd: rnd, now: monday}
		h.journal.sync = func(*os.File) error { return nil } // its durability is another test's
		if i%3 == 0 {
			h.other = openDir(t, h.Dir())
		}
		for range 40 {
			h.step()
			h.now = h.now.Add(time.Duration(rnd.IntN(20)) * time.Hour)
		}
		h.agrees()
		h.exact(h.now)
		require.NoError(t, h.Close())
		if t.Failed() {
			t.Fatalf("history %d", i)
		}
	}
}

func (h *history) step() {
	switch h.rnd.IntN(8) {
	case 0:
		h.owe()
	case 1:
		h.push()
	case 2:
		h.try()
	case 3:
		h.delay()
	default:
		h.word()
	}
}

// owe adds obligations of a random week, past weeks among them.
func (h *history) owe() {
	week := h.rnd.IntN(5)
	var obs []schedule.Obligation
	for g := range int64(3) {
		obs = append(obs, h.owes("weekly", g+1, week, 0), h.owes("picture", g+1, week, 0))
	}
	h.add(h.now, obs...)
}

func (h *history) push() {
	days := int(h.now.Sub(monday) / (24 * time.Hour))
	p := h.plan([]string{"早", "晚", ""}[h.rnd.IntN(3)], days, 1+h.rnd.IntN(3), 1+h.rnd.IntN(2))
	if p.ID == 0 || h.rnd.IntN(2) == 0 {
		return
	}
	for _, d := range h.deliveries(p.ID) {
		ob := h.owes("relay", d.Group, 0, p.ID)
		ob.Need, ob.StartAt, ob.EndAt, ob.LastMakeup = 1, h.now, h.now.Add(30*time.Hour), h.now.Add(200*time.Hour)
		h.add(h.now, ob)
	}
}

// meanwhile is what somebody does while a message is out, in another process at times.
func (h *history) meanwhile() {
	was := h.DB
	if h.other != nil && h.rnd.IntN(2) == 0 {
		h.DB = h.other
	}
	[]func(){h.owe, h.word, h.delay}[h.rnd.IntN(3)]()
	h.DB = was
	if h.rnd.IntN(3) == 0 {
		h.now = h.now.Add(time.Duration(h.rnd.IntN(20)) * time.Hour)
	}
}

// try lets the queue go on for a while.
func (h *history) try() {
	want := &schedule.Claim{Session: "s", Bound: func(g int64) bool { return g != 3 }, Day: h.cal.Today(h.now)}
	var done *schedule.Result
	for range 4 {
		try, err := h.Advance(h.ctx, done, want, h.now)
		if err != nil {
			require.ErrorIs(h.t, err, schedule.ErrNotFound)
			return
		}
		if h.rnd.IntN(3) == 0 {
			h.meanwhile()
		}
		outcome := []schedule.State{schedule.Accepted, schedule.Accepted, schedule.Uncertain, schedule.Queued, schedule.Failed}[h.rnd.IntN(5)]
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: outcome, At: h.now, RetryAt: h.now.Add(time.Hour)}
	}
	_, err := h.Advance(h.ctx, done, nil, h.now)
	require.NoError(h.t, err)
}

// delay moves the deadline of a relay.
func (h *history) delay() {
	obs, err := h.Obligations(h.ctx, schedule.ObligationFilter{Duty: "relay"})
	require.NoError(h.t, err)
	if len(obs) == 0 {
		return
	}
	o := obs[h.rnd.IntN(len(obs))]
	end := o.StartAt.Add(time.Duration(h.rnd.IntN(100)) * time.Hour)
	require.NoError(h.t, h.MoveDeadline(h.ctx, []int64{o.ID}, end, end.Add(100*time.Hour), h.now))
}

// word is a lawful change of some delivery by a person.
func (h *history) word() {
	all, err := h.Deliveries(h.ctx, schedule.DeliveryFilter{})
	require.NoError(h.t, err)
	if len(all) == 0 {
		return
	}
	d := all[h.rnd.IntN(len(all))]
	next := schedule.Moves[d.State]
	if len(next) == 0 || d.State == schedule.Sending {
		return
	}
	c := schedule.Change{ID: d.ID, From: d.State, To: next[h.rnd.IntN(len(next))]}
	switch c.To {
	case schedule.Sending:
		return
	case schedule.Handed:
		c.AskedAt = h.now.Add(-time.Hour)
	case schedule.Reported:
		c.SaidDay = h.cal.Today(h.now).AddDays(-h.rnd.IntN(3))
		c.Makeup = h.someObligation(d.Group)
	}
	h.shift(h.now, c)
}

// someObligation is one of the group's, for a makeup, or none.
func (h *history) someObligation(group int64) int64 {
	obs, err := h.Obligations(h.ctx, schedule.ObligationFilter{Group: group})
	require.NoError(h.t, err)
	if len(obs) == 0 || h.rnd.IntN(3) > 0 {
		return 0
	}
	return obs[h.rnd.IntN(len(obs))].ID
}

// agrees counts every obligation over every delivery, without an index, a
// window or a table of credits.
func (h *history) agrees() {
	obs, err := h.Obligations(h.ctx, schedule.ObligationFilter{})
	require.NoError(h.t, err)
	all, err := h.Deliveries(h.ctx, schedule.DeliveryFilter{})
	require.NoError(h.t, err)
	facts := make([]coverage.Fact, len(all))
	for i, d := range all {
		facts[i] = d.Fact(h.cal)
	}
	ads, err := h.Adoptions(h.ctx)
	require.NoError(h.t, err)
	for _, o := range obs {
		term, ok := ads[0].Term(o.Duty)
		require.True(h.t, ok)
		credits, makeups := coverage.Count(o.Owed, term, facts, coverage.Reported, o.LastMakeup)
		require.Equal(h.t, [2]int{credits, makeups}, [2]int{o.Credits, o.Makeups}, "obligation %+v", o)
	}
}

func TestCredits(t *testing.T) {
	day := calendar.MustDate("2026-06-01")
	said := func(o *office, d schedule.Delivery, on calendar.Date, now time.Time, makeup int64) {
		o.bring(d.ID, schedule.Handed)
		o.shift(now, schedule.Change{ID: d.ID, From: schedule.Handed, To: schedule.Reported, SaidDay: on, Makeup: makeup})
	}
	t.Run("two on one local day count once where days must differ", func(t *testing.T) {
		o := newOffice(t, 1)
		o.add(monday, o.owes("weekly", 1, 0, 0), o.owes("picture", 1, 0, 0))
		for _, slot := range []string{"早", "晚"} {
			said(o, o.deliveries(o.plan(slot, 0, 1, 1).ID)[0], day, at(0, 4), 0)
		}
		require.Equal(t, 1, o.obligation("weekly", 1, at(0, 5)).Credits)
		require.Equal(t, 2, o.obligation("picture", 1, at(0, 5)).Credits)
	})
	t.Run("a makeup credits only what it names, until the next period ends", func(t *testing.T) {
		o := newOffice(t, 1)
		o.add(monday, o.owes("weekly", 1, 0, 0), o.owes("weekly", 1, 1, 0))
		first := o.obligation("weekly", 1, monday).ID
		said(o, o.deliveries(o.plan("早", 8, 1, 1).ID)[0], day.AddDays(8), at(8, 4), first)
		said(o, o.deliveries(o.plan("早", 15, 1, 1).ID)[0], day.AddDays(15), at(15, 4), first)
		obs, err := o.Obligations(o.ctx, schedule.ObligationFilter{Duty: "weekly"})
		require.NoError(t, err)
		require.Equal(t, [2]int{0, 1}, [2]int{obs[0].Credits, obs[0].Makeups})
		require.Equal(t, [2]int{0, 0}, [2]int{obs[1].Credits, obs[1].Makeups})
	})
	t.Run("what was undone, revoked or is uncertain is no credit", func(t *testing.T) {
		o := newOffice(t, 3)
		for g := range int64(3) {
			o.add(monday, o.owes("weekly", g+1, 0, 0))
		}
		ds := o.deliveries(o.plan("早", 0, 3, 1).ID)
		said(o, ds[0], day, at(0, 4), 0)
		o.bring(ds[1].ID, schedule.Accepted)
		o.bring(ds[2].ID, schedule.Uncertain)
		require.Equal(t, 1, o.obligation("weekly", 1, at(0, 5)).Credits)
		require.Equal(t, 1, o.obligation("weekly", 2, at(0, 5)).Credits)
		require.Equal(t, 0, o.obligation("weekly", 3, at(0, 5)).Credits)
		o.shift(at(0, 5), schedule.Change{ID: ds[0].ID, From: schedule.Reported, To: schedule.Handed})
		o.shift(at(0, 5), schedule.Change{ID: ds[1].ID, From: schedule.Accepted, To: schedule.Revoked})
		require.Equal(t, 0, o.obligation("weekly", 1, at(0, 5)).Credits)
		require.Equal(t, 0, o.obligation("weekly", 2, at(0, 5)).Credits)
		o.exact(at(0, 6))
	})
	t.Run("a relay is credited by its own push, late after its deadline", func(t *testing.T) {
		o := newOffice(t, 1)
		own, other := o.plan("早", 0, 1, 1), o.plan("晚", 0, 1, 1)
		ob := o.owes("relay", 1, 0, own.ID)
		ob.Need, ob.EndAt = 1, at(0, 3)
		o.add(monday, ob)
		said(o, o.deliveries(other.ID)[0], calendar.Date{}, at(0, 2), 0)
		require.Zero(t, o.obligation("relay", 1, at(0, 2)).Credits)
		said(o, o.deliveries(own.ID)[0], calendar.Date{}, at(0, 4), 0)
		got := o.obligation("relay", 1, at(0, 5))
		require.Equal(t, [2]int{0, 1}, [2]int{got.Credits, got.Makeups})
		require.NoError(t, o.MoveDeadline(o.ctx, []int64{got.ID}, at(0, 6), at(9, 0), at(0, 5)))
		got = o.obligation("relay", 1, at(0, 5))
		require.Equal(t, [2]int{1, 0}, [2]int{got.Credits, got.Makeups})
		o.exact(at(0, 6))
	})
	t.Run("Retally finds and mends a wrong row", func(t *testing.T) {
		o := newOffice(t, 1)
		o.add(monday, o.owes("weekly", 1, 0, 0))
		require.NoError(t, o.change(o.ctx, "spoil", func(x *tx) error {
			_, err := x.exec(`UPDATE obligations SET credits = 5`)
			return err
		}))
		wrong, err := o.Retally(o.ctx, at(0, 1))
		require.NoError(t, err)
		require.Equal(t, 1, wrong)
		require.Zero(t, o.obligation("weekly", 1, at(0, 1)).Credits)
		o.exact(at(0, 1))
	})
}
