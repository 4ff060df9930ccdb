package store

import (
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// claim asks for the next message on the first day, with a handle for every
// group but those named.
func claim(unbound ...int64) *schedule.Claim {
	return &schedule.Claim{Session: "s1", Day: calendar.MustDate("2026-06-01"), Bound: func(g int64) bool {
		for _, u := range unbound {
			if g == u {
				return false
			}
		}
		return true
	}}
}

// next claims a message, which there must be.
func (o *office) next(want *schedule.Claim, now time.Time) *schedule.Try {
	o.t.Helper()
	try, err := o.Advance(o.ctx, nil, want, now)
	require.NoError(o.t, err)
	return try
}

// none requires that there is nothing to send.
func (o *office) none(want *schedule.Claim, now time.Time) {
	o.t.Helper()
	try, err := o.Advance(o.ctx, nil, want, now)
	require.ErrorIs(o.t, err, schedule.ErrNotFound)
	require.Nil(o.t, try)
}

// done records what became of a try.
func (o *office) done(try *schedule.Try, outcome schedule.State, now time.Time) {
	o.t.Helper()
	_, err := o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: outcome, MessageID: "m", At: now,
		RetryAt: now.Add(time.Minute)}, nil, now)
	require.NoError(o.t, err)
}

func TestAdvance(t *testing.T) {
	now := at(0, 2)
	t.Run("sends every part in order and is accepted with the last", func(t *testing.T) {
		o := newOffice(t, 2)
		o.add(monday, o.owes("weekly", 1, 0, 0))
		o.plan("早", 0, 2, 3)
		first := o.next(claim(), now)
		require.Equal(t, 0, first.Part)
		require.Regexp(t, `^\d{17}$`, first.Delivery.Parts[0].ClientID)
		require.Equal(t, schedule.Sending, o.delivery(first.Delivery.ID).Parts[0].State, "the intent is on disk")
		for part := range 3 {
			o.done(first, schedule.Accepted, now)
			if part < 2 {
				require.Equal(t, schedule.Sending, o.delivery(first.Delivery.ID).State)
				require.Zero(t, o.obligation("weekly", 1, now).Credits)
				id := first.Delivery.ID
				first = o.next(claim(), now)
				require.Equal(t, [2]int64{id, int64(part) + 1}, [2]int64{first.Delivery.ID, int64(first.Part)}, "what has begun goes on first")
			}
		}
		d := o.delivery(first.Delivery.ID)
		require.Equal(t, schedule.Accepted, d.State)
		require.Equal(t, now, d.AcceptedAt)
		require.Equal(t, "m", d.Parts[2].MessageID)
		require.Equal(t, 1, o.obligation("weekly", 1, now).Credits)
		require.NotEqual(t, d.ID, o.next(claim(), now).Delivery.ID)
	})
	t.Run("records a result and the next intent in one commit", func(t *testing.T) {
		o := newOffice(t, 2)
		o.plan("早", 0, 2, 1)
		try := o.next(claim(), now)
		before := o.commits.Load()
		next, err := o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, At: now}, claim(), now)
		require.NoError(t, err)
		require.Equal(t, before+1, o.commits.Load())
		require.NotEqual(t, try.Delivery.ID, next.Delivery.ID)
		require.NotEqual(t, try.Delivery.Parts[0].ClientID, next.Delivery.Parts[0].ClientID)
	})
	t.Run("a definite refusal comes back later as the same message", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		try := o.next(claim(), now)
		o.done(try, schedule.Queued, now)
		d := o.delivery(try.Delivery.ID)
		require.Equal(t, schedule.Queued, d.State)
		require.Equal(t, 1, d.Attempts)
		o.none(claim(), now)
		when, waits, err := o.NextDelivery(o.ctx, now)
		require.NoError(t, err)
		require.True(t, waits)
		require.Equal(t, now.Add(time.Minute), when)
		again := o.next(claim(), when)
		require.Equal(t, try.Delivery.Parts[0].ClientID, again.Delivery.Parts[0].ClientID)
	})
	t.Run("what is uncertain is not sent again until a person says so", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 2)
		try := o.next(claim(), now)
		o.done(try, schedule.Uncertain, now)
		require.Equal(t, schedule.Uncertain, o.delivery(try.Delivery.ID).State)
		o.none(claim(), now)
		o.shift(now, schedule.Change{ID: try.Delivery.ID, From: schedule.Uncertain, To: schedule.Queued, Due: now})
		again := o.next(claim(), now)
		require.Equal(t, 0, again.Part)
		require.Equal(t, try.Delivery.Parts[0].ClientID, again.Delivery.Parts[0].ClientID)
	})
	t.Run("a result of a try that is not out is stale and changes nothing", func(t *testing.T) {
		o := newOffice(t, 2)
		o.plan("早", 0, 2, 1)
		try := o.next(claim(), now)
		o.done(try, schedule.Uncertain, now)
		_, err := o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted}, claim(), now)
		require.ErrorIs(t, err, schedule.ErrStale)
		require.Equal(t, schedule.Uncertain, o.delivery(try.Delivery.ID).State)
		sending, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Sending}})
		require.NoError(t, err)
		require.Empty(t, sending, "nothing was claimed either")
	})
	t.Run("a result of a try that another process has made anew is stale", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		try := o.next(claim(), now)
		other := &office{DB: openDir(t, o.Dir()), t: t, ctx: o.ctx}
		_, err := other.Recover(o.ctx, now)
		require.NoError(t, err)
		other.shift(now, schedule.Change{ID: try.Delivery.ID, From: schedule.Uncertain, To: schedule.Queued})
		again := other.next(claim(), now.Add(time.Minute))
		require.Equal(t, try.Delivery.Parts[0].ClientID, again.Delivery.Parts[0].ClientID)
		_, err = o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, At: now}, nil, now)
		require.ErrorIs(t, err, schedule.ErrStale)
		require.Equal(t, schedule.Sending, o.delivery(try.Delivery.ID).State)
		other.done(again, schedule.Accepted, now.Add(time.Minute))
		require.Equal(t, schedule.Accepted, o.delivery(try.Delivery.ID).State)
	})
	t.Run("what is accepted on another day than it was planned for is heard on that day", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		o.done(o.next(claim(), now), schedule.Accepted, at(1, 2))
		heard, err := o.Heard(o.ctx, calendar.MustDate("2026-06-01"))
		require.NoError(t, err)
		require.Equal(t, map[int64]map[string]string{1: {"item-早": "2026-06-02"}}, heard)
	})
	t.Run("while stopped it records and claims nothing", func(t *testing.T) {
		o := newOffice(t, 2)
		o.plan("早", 0, 2, 1)
		try := o.next(claim(), now)
		require.NoError(t, o.SetHalt(o.ctx, clerk, true, now))
		got, err := o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, At: now}, claim(), now)
		require.ErrorIs(t, err, schedule.ErrHalted)
		require.Nil(t, got)
		require.Equal(t, schedule.Accepted, o.delivery(try.Delivery.ID).State)
		require.NoError(t, o.SetHalt(o.ctx, clerk, false, now))
		o.next(claim(), now)
	})
	t.Run("leaves alone what is not the bot's, not approved, early or over", func(t *testing.T) {
		o := newOffice(t, 2)
		p := o.plan("早", 0, 1, 1)
		o.none(claim(), p.Opens.Add(-time.Second))
		o.none(claim(), p.Closes)
		_, waits, err := o.NextDelivery(o.ctx, p.Closes)
		require.NoError(t, err)
		require.False(t, waits)
		ds := []schedule.Delivery{{Group: 2, Carrier: roster.ByKeeper, Parts: make([]schedule.Part, 1)}}
		_, _, err = o.PlanPush(o.ctx, clerk, schedule.Push{Slot: "晚", Opens: p.Opens, Closes: p.Closes, State: schedule.PushReady}, ds, nil, now)
		require.NoError(t, err)
		ds[0].Carrier = roster.ByBot
		waiting, _, err := o.PlanPush(o.ctx, clerk, schedule.Push{Opens: p.Opens, Closes: p.Closes, State: schedule.PushWaiting}, ds, nil, now)
		require.NoError(t, err)
		o.done(o.next(claim(), now), schedule.Accepted, now)
		o.none(claim(), now)
		looked, err := o.Push(o.ctx, waiting)
		require.NoError(t, err)
		other := looked
		other.Hash = "another window"
		require.ErrorIs(t, o.ApprovePush(o.ctx, clerk, other, now), schedule.ErrStale)
		require.NoError(t, o.ApprovePush(o.ctx, clerk, looked, now))
		require.Equal(t, waiting, o.next(claim(), now).Delivery.Push)
		approved, err := o.Push(o.ctx, waiting)
		require.NoError(t, err)
		require.Equal(t, clerk.Person, approved.Approver)
	})
}

func TestHolds(t *testing.T) {
	now := at(0, 2)
	t.Run("a group without a handle waits for one", func(t *testing.T) {
		o := newOffice(t, 2)
		ds := o.deliveries(o.plan("早", 0, 2, 1).ID)
		require.Equal(t, int64(2), o.next(claim(1), now).Delivery.Group)
		held := o.delivery(ds[0].ID)
		require.Equal(t, schedule.Held, held.State)
		require.Equal(t, schedule.HeldNoHandle, held.Reason)
		o.none(claim(1), now)
		require.Equal(t, int64(1), o.next(claim(), now).Delivery.Group)
	})
	t.Run("what a session refused waits for another session", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		try := o.next(claim(), now)
		_, err := o.Advance(o.ctx, &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Queued, Hold: true,
			Session: "s1", Reason: schedule.HeldNoHandle}, nil, now)
		require.NoError(t, err)
		o.none(claim(), now)
		other := claim()
		other.Session = "s2"
		require.Equal(t, try.Delivery.Parts[0].ClientID, o.next(other, now).Delivery.Parts[0].ClientID)
	})
	t.Run("what a person holds stays held", func(t *testing.T) {
		o := newOffice(t, 1)
		d := o.deliveries(o.plan("早", 0, 1, 1).ID)[0]
		o.shift(now, schedule.Change{ID: d.ID, From: schedule.Queued, To: schedule.Held, Reason: schedule.HeldForApproval})
		o.none(claim(), now)
	})
	t.Run("caps count messages of a group and of the account", func(t *testing.T) {
		o := newOffice(t, 3)
		o.plan("早", 0, 3, 2)
		o.plan("晚", 0, 1, 2)
		want := claim()
		want.PerGroupDay, want.PerAccountDay = 3, 4
		sent := map[int64]int{}
		for range 4 {
			try := o.next(want, now)
			sent[try.Delivery.Group]++
			o.done(try, schedule.Accepted, now)
		}
		o.none(want, now)
		require.Equal(t, map[int64]int{1: 2, 2: 2}, sent, "the account's cap ends it")
		want.PerAccountDay = 0
		try := o.next(want, now)
		require.Equal(t, int64(3), try.Delivery.Group, "group 1 would go beyond its own")
		o.done(try, schedule.Accepted, now)
		o.done(o.next(want, now), schedule.Accepted, now)
		o.none(want, now)
		held, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{States: []schedule.State{schedule.Held}})
		require.NoError(t, err)
		require.Len(t, held, 1)
		require.Equal(t, schedule.HeldAtCap, held[0].Reason)
		want.Day = want.Day.AddDays(1)
		require.Equal(t, held[0].ID, o.next(want, now).Delivery.ID, "another day has its own caps")
	})
	t.Run("a message that was not taken is not counted", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		want := claim()
		want.PerGroupDay = 1
		o.done(o.next(want, now), schedule.Queued, now)
		o.next(want, now.Add(time.Minute))
	})
}

func TestRecover(t *testing.T) {
	now := at(0, 2)
	begin := func(t *testing.T, parts int) (*office, *schedule.Try) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, parts)
		return o, o.next(claim(), now)
	}
	recovered := func(o *office, want int, now time.Time) {
		n, err := o.Recover(o.ctx, now)
		require.NoError(o.t, err)
		require.Equal(o.t, want, n)
		again, err := o.Recover(o.ctx, now)
		require.NoError(o.t, err)
		require.Zero(o.t, again, "once is enough")
	}
	t.Run("before a claim there is nothing to settle", func(t *testing.T) {
		o := newOffice(t, 1)
		o.plan("早", 0, 1, 1)
		recovered(o, 0, now)
		o.next(claim(), now)
	})
	t.Run("a message that was out is uncertain", func(t *testing.T) {
		o, try := begin(t, 1)
		recovered(o, 1, now.Add(time.Second))
		d := o.delivery(try.Delivery.ID)
		require.Equal(t, schedule.Uncertain, d.State)
		require.Equal(t, schedule.Uncertain, d.Parts[0].State)
		require.NotEmpty(t, d.Reason)
		o.none(claim(), now.Add(time.Second))
	})
	t.Run("after the last part it stays accepted", func(t *testing.T) {
		o, try := begin(t, 1)
		o.done(try, schedule.Accepted, now)
		recovered(o, 0, now.Add(time.Second))
		require.Equal(t, schedule.Accepted, o.delivery(try.Delivery.ID).State)
	})
	t.Run("untried parts go on within half an hour", func(t *testing.T) {
		o, try := begin(t, 2)
		o.done(try, schedule.Accepted, now)
		recovered(o, 0, now.Add(30*time.Minute))
		require.Equal(t, 1, o.next(claim(), now.Add(30*time.Minute)).Part)
	})
	t.Run("but not later", func(t *testing.T) {
		o, try := begin(t, 2)
		o.done(try, schedule.Accepted, now)
		recovered(o, 1, now.Add(31*time.Minute))
		o.none(claim(), now.Add(31*time.Minute))
	})
	t.Run("nor when nobody was online meanwhile", func(t *testing.T) {
		o, try := begin(t, 2)
		o.done(try, schedule.Accepted, now)
		recovered(o, 0, now.Add(time.Minute))
		o.none(claim(), now.Add(31*time.Minute))
		require.Equal(t, schedule.Uncertain, o.delivery(try.Delivery.ID).State)
	})
	t.Run("nor after the window", func(t *testing.T) {
		o := newOffice(t, 1)
		late := o.plan("早", 0, 1, 2).Closes.Add(-time.Minute)
		try := o.next(claim(), late)
		o.done(try, schedule.Accepted, late)
		recovered(o, 1, late.Add(2*time.Minute))
		require.Equal(t, schedule.Uncertain, o.delivery(try.Delivery.ID).State)
		require.Equal(t, schedule.Accepted, o.delivery(try.Delivery.ID).Parts[0].State)
	})
	t.Run("without a crash a half-sent delivery ends with its window too", func(t *testing.T) {
		o, try := begin(t, 2)
		o.done(try, schedule.Accepted, now)
		_, waits, err := o.NextDelivery(o.ctx, now)
		require.NoError(t, err)
		require.True(t, waits)
		o.none(claim(), try.Delivery.Closes)
		require.Equal(t, schedule.Uncertain, o.delivery(try.Delivery.ID).State)
	})
	t.Run("a private message that was out is uncertain", func(t *testing.T) {
		o := newOffice(t, 1)
		_, err := o.AddNotices(o.ctx, []schedule.Notice{{Person: 7, Key: "k", Due: now}}, now)
		require.NoError(t, err)
		n, err := o.ClaimNotice(o.ctx, anywhere, now)
		require.NoError(t, err)
		recovered(o, 0, now)
		require.ErrorIs(t, o.FinishNotice(o.ctx, n.ID, schedule.Accepted, time.Time{}, now), schedule.ErrStale)
	})
}
