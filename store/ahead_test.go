package store

import (
	"context"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestAhead: claims are read ahead, and yet each knows what anybody did since
// the one before it.
func TestAhead(t *testing.T) {
	now := at(0, 2)
	// begin plans a push to six groups and claims its first message.
	begin := func(t *testing.T) (*office, *schedule.Result, schedule.Push) {
		o := newOffice(t, 6)
		p := o.plan("早", 0, 6, 1)
		first := o.next(claim(), now)
		return o, &schedule.Result{Delivery: first.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}, p
	}
	for _, who := range []string{"this process", "another process"} {
		t.Run(who, func(t *testing.T) {
			other := func(o *office) *DB {
				if who == "this process" {
					return o.DB
				}
				return openDir(t, o.Dir())
			}
			t.Run("stops", func(t *testing.T) {
				o, done, _ := begin(t)
				require.NoError(t, other(o).SetHalt(o.ctx, clerk, true, now))
				_, err := o.Advance(o.ctx, done, claim(), now)
				require.ErrorIs(t, err, schedule.ErrHalted)
				require.Equal(t, schedule.Accepted, o.delivery(done.Delivery).State, "what was sent is recorded")
				require.NoError(t, other(o).SetHalt(o.ctx, clerk, false, now))
				require.NotNil(t, o.next(claim(), now))
			})
			t.Run("cancels", func(t *testing.T) {
				o, done, p := begin(t)
				require.NoError(t, other(o).MovePush(o.ctx, clerk, p.ID, schedule.PushReady, schedule.PushCancelled, now))
				_, err := o.Advance(o.ctx, done, claim(), now)
				require.ErrorIs(t, err, schedule.ErrNotFound)
			})
			t.Run("hands one to a person", func(t *testing.T) {
				o, done, _ := begin(t)
				all, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Queued}})
				require.NoError(t, err)
				change := schedule.Change{ID: all[0].ID, From: schedule.Queued, To: schedule.Handed}
				require.NoError(t, other(o).Shift(o.ctx, clerk, []schedule.Change{change}, now))
				try, err := o.Advance(o.ctx, done, claim(), now)
				require.NoError(t, err)
				require.Equal(t, all[1].ID, try.Delivery.ID)
			})
		})
	}
	t.Run("a commit that fails is forgotten", func(t *testing.T) {
		o, done, _ := begin(t)
		stale := *done
		stale.Delivery = 999
		_, err := o.Advance(o.ctx, &stale, claim(), now)
		require.ErrorIs(t, err, schedule.ErrStale)
		seen := map[int64]bool{done.Delivery: true}
		for range 5 {
			try, err := o.Advance(context.Background(), done, claim(), now)
			require.NoError(t, err)
			require.False(t, seen[try.Delivery.ID])
			seen[try.Delivery.ID] = true
			done = &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}
		}
		_, err = o.Advance(o.ctx, done, claim(), now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	})
}

// TestGroupCap counts what a group was sent today from its deliveries.
func TestGroupCap(t *testing.T) {
	// two claims the messages of two pushes to one group under a cap of one a day.
	two := func(t *testing.T, o *office, want *schedule.Claim, now time.Time) {
		want.PerGroupDay = 1
		try := o.next(want, now)
		done := &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "m", At: now}
		_, err := o.Advance(o.ctx, done, want, now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	}
	t.Run("a group that comes again is counted again", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		o.plan("晚", 0, 1, 1)
		two(t, o, claim(), at(0, 2))
	})
	t.Run("a push that cooled over the longest holiday is of today", func(t *testing.T) {
		o := newOffice(t, 1)
		for range 2 {
			p := schedule.Push{Day: calendar.MustDate("2026-06-01"), Item: "i", Opens: at(0, 9), Closes: at(12, 4), State: schedule.PushReady}
			_, planned, err := o.PlanPush(o.ctx, clerk, p, []schedule.Delivery{{Group: 1, Unit: 2, Carrier: roster.ByBot, Parts: make([]schedule.Part, 1)}}, nil, at(0, 9))
			require.NoError(t, err)
			require.Equal(t, 1, planned)
		}
		want := claim()
		want.Day = calendar.MustDate("2026-06-13")
		two(t, o, want, at(12, 2))
	})
}

// TestForeseen: what a delivery is worth is read before it is sent. What anybody
// did until it was accepted counts all the same.
func TestForeseen(t *testing.T) {
	said := func(o *office, d schedule.Delivery) { // somebody forwarded another push that day
		o.bring(d.ID, schedule.Handed)
		o.shift(at(0, 2), schedule.Change{ID: d.ID, From: schedule.Handed, To: schedule.Reported, SaidDay: calendar.MustDate("2026-06-01")})
	}
	add := func(o *office) { o.add(at(0, 2), o.owes("picture", 1, 0, 0)) }
	late := func(o *office) { o.add(at(0, 2), o.owes("weekly", 1, 1, 0), o.owes("picture", 1, 1, 0)) }
	word := func(o *office) { said(o, o.deliveries(o.plan("晚", 0, 1, 1).ID)[0]) }
	dropped := func(o *office) {
		require.NoError(o.t, o.DropAdoption(o.ctx, clerk, o.adoption, calendar.MustDate("2026-05-01"), at(0, 2)))
	}
	makeup := func(o *office) int64 { return o.obligation("weekly", 1, at(0, 2)).ID }
	for _, c := range []struct {
		name      string
		days      int // after Monday
		before    func(*office)
		meanwhile func(*office)
		makeup    func(*office) int64
		accepted  time.Time
		want      map[string][2]int // credits and make-ups by duty and week
	}{
		{name: "the first of its day adds one", accepted: at(0, 2), before: add, want: map[string][2]int{"weekly W23": {1, 0}, "picture W23": {1, 0}}},
		{name: "the second of its day does not, where days must differ", accepted: at(0, 2),
			before: func(o *office) { add(o); word(o) }, want: map[string][2]int{"weekly W23": {1, 0}, "picture W23": {2, 0}}},
		{name: "somebody's word while it is out", accepted: at(0, 2),
			before: add, meanwhile: word, want: map[string][2]int{"weekly W23": {1, 0}, "picture W23": {2, 0}}},
		{name: "another duty while it is out", accepted: at(0, 2), meanwhile: add, want: map[string][2]int{"weekly W23": {1, 0}, "picture W23": {1, 0}}},
		{name: "the plan dropped while it is out", accepted: at(0, 2), meanwhile: dropped, want: map[string][2]int{}},
		{name: "accepted after midnight, in the week after", days: 6, accepted: at(6, 16),
			before: func(o *office) { add(o); late(o) }, want: map[string][2]int{"weekly W23": {0, 0}, "picture W23": {0, 0}, "weekly W24": {1, 0}, "picture W24": {1, 0}}},
		{name: "a make-up", days: 7, accepted: at(7, 2), before: late, makeup: makeup,
			want: map[string][2]int{"weekly W23": {0, 1}, "weekly W24": {0, 0}, "picture W24": {0, 0}}},
		{name: "what credits nothing", accepted: at(0, 2), makeup: func(*office) int64 { return schedule.NoCredit }, want: map[string][2]int{"weekly W23": {0, 0}}},
	} {
		for _, who := range []string{"this process", "another process"} {
			t.Run(c.name+", "+who, func(t *testing.T) {
				o := newOffice(t, 1)
				o.add(monday, o.owes("weekly", 1, 0, 0))
				if c.before != nil {
					c.before(o)
				}
				p := schedule.Push{Slot: "早", Day: calendar.MustDate("2026-06-01").AddDays(c.days), Item: "i", Opens: at(c.days, 1), Closes: at(c.days, 3), State: schedule.PushReady}
				d := schedule.Delivery{Group: 1, Unit: 2, Carrier: roster.ByBot, Media: []string{"picture"}, Themes: []string{"刷单"}, Parts: []schedule.Part{{Kind: content.Text}}}
				if c.makeup != nil {
					d.Makeup = c.makeup(o)
				}
				_, planned, err := o.PlanPush(o.ctx, clerk, p, []schedule.Delivery{d}, nil, at(c.days, 0))
				require.NoError(t, err)
				require.Equal(t, 1, planned)
				want := claim()
				want.Day = p.Day
				try := o.next(want, at(c.days, 2))
				if c.meanwhile != nil {
					them := *o
					if who == "another process" {
						them.DB = openDir(t, o.Dir())
					}
					c.meanwhile(&them)
				}
				_, err = o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "4711", At: c.accepted}, nil, c.accepted)
				require.NoError(t, err)
				obs, err := o.Obligations(o.ctx, schedule.ObligationFilter{Group: 1})
				require.NoError(t, err)
				got := map[string][2]int{}
				for _, ob := range obs {
					got[ob.Duty+" "+ob.Period.Key[len("2026-"):]] = [2]int{ob.Credits, ob.Makeups}
				}
				require.Equal(t, c.want, got)
				o.exact(c.accepted)
			})
		}
	}
}

// TestForeseenOfAnother: two messages are out at once, as with two engines.
func TestForeseenOfAnother(t *testing.T) {
	for name, c := range map[string]struct{ groups, pushes int }{"to two groups": {2, 1}, "to one group": {1, 2}} {
		for turn := range 2 {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t, 2)
				o.add(monday, o.owes("weekly", 1, 0, 0), o.owes("picture", 1, 0, 0))
				for i := range c.pushes {
					o.plan([]string{"早", "晚"}[i], 0, c.groups, 1)
				}
				both := []*schedule.Try{o.next(claim(), at(0, 2)), o.next(claim(), at(0, 2))}
				o.done(both[turn], schedule.Accepted, at(0, 2))
				o.done(both[1-turn], schedule.Accepted, at(0, 2))
				require.Equal(t, 1, o.obligation("weekly", 1, at(0, 2)).Credits)
				require.Equal(t, c.pushes, o.obligation("picture", 1, at(0, 2)).Credits, "where days need not differ")
			})
		}
	}
}
