package store

import (
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"github.com/stretchr/testify/require"
)

func ids(ds []schedule.Delivery) []int64 {
	all := make([]int64, len(ds))
	for i, d := range ds {
		all[i] = d.ID
	}
	return all
}

func (o *office) handoff(id int64) schedule.Handoff {
	h, err := o.Handoff(o.ctx, id)
	require.NoError(o.t, err)
	return h
}

func TestHandoff(t *testing.T) {
	now := at(0, 2)
	open := func(t *testing.T) (*office, schedule.Push, []int64, int64) {
		o := newOffice(t, 4)
		p := o.plan("早", 0, 4, 1)
		all := ids(o.deliveries(p.ID))
		h := schedule.Handoff{Push: p.ID, Person: 9, Unit: 2, Hop: 1, Hops: 1, State: schedule.HandoffOpen, All: 2, Due: at(1, 0)}
		id, err := o.OpenHandoff(o.ctx, clerk, h, all[:2], now)
		require.NoError(t, err)
		return o, p, all, id
	}
	t.Run("takes its deliveries with it", func(t *testing.T) {
		o, _, all, id := open(t)
		for _, d := range all[:2] {
			got := o.delivery(d)
			require.Equal(t, schedule.Handed, got.State)
			require.Equal(t, id, got.Handoff)
			require.EqualValues(t, "keeper", got.Carrier)
		}
		kind, err := o.Kind(o.ctx, id)
		require.NoError(t, err)
		require.Equal(t, "handoff", kind)
		o.noDoubleNumbers()
	})
	t.Run("a second of the same adds to the first", func(t *testing.T) {
		o, p, all, id := open(t)
		h := schedule.Handoff{Push: p.ID, Person: 9, Unit: 2, Hop: 1, State: schedule.HandoffOpen}
		for range 2 {
			again, err := o.OpenHandoff(o.ctx, clerk, h, all[1:3], now)
			require.NoError(t, err)
			require.Equal(t, id, again)
		}
		require.Equal(t, 3, o.handoff(id).All)
	})
	t.Run("is not opened with a delivery that may not be handed", func(t *testing.T) {
		o, p, all, _ := open(t)
		o.bring(all[3], schedule.Accepted)
		h := schedule.Handoff{Push: p.ID, Person: 10, Unit: 2, Hop: 1, State: schedule.HandoffOpen}
		_, err := o.OpenHandoff(o.ctx, clerk, h, all[2:], now)
		require.ErrorIs(t, err, schedule.ErrState)
		require.Equal(t, schedule.Queued, o.delivery(all[2]).State)
		got, err := o.Handoffs(o.ctx, schedule.HandoffFilter{Person: 10})
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("is readable when its last message is taken", func(t *testing.T) {
		o, _, all, id := open(t)
		ns := []schedule.Notice{{Person: 9, Handoff: id, Key: "a", Due: now, Part: content.Part{Kind: content.Text, Text: "一"}},
			{Person: 9, Handoff: id, Key: "b", Due: now, Last: true}}
		for round, want := range []int{2, 0} {
			n, err := o.AddNotices(o.ctx, ns, now)
			require.NoError(t, err)
			require.Equal(t, want, n, "round %d", round)
		}
		for _, n := range ns {
			got, err := o.ClaimNotice(o.ctx, anywhere, now)
			require.NoError(t, err)
			require.Equal(t, n.Key, got.Key)
			require.Equal(t, n.Part, got.Part)
			require.Regexp(t, `^\d{17}$`, got.ClientID)
			require.True(t, o.handoff(id).ReadableAt.IsZero())
			require.NoError(t, o.FinishNotice(o.ctx, got.ID, schedule.Accepted, time.Time{}, at(0, 3)))
		}
		require.Equal(t, at(0, 3), o.handoff(id).ReadableAt)
		require.Equal(t, "chat", o.handoff(id).By)
		require.Equal(t, at(0, 3), o.delivery(all[0]).AskedAt)
		require.Zero(t, o.delivery(all[2]).AskedAt)
	})
	t.Run("an answer moves deliveries and handoff together, guarded", func(t *testing.T) {
		o, _, all, id := open(t)
		o.add(monday, o.owes("weekly", 1, 0, 0))
		h := o.handoff(id)
		h.State, h.Done, h.ReadableAt, h.By = schedule.HandoffPart, 1, at(0, 3), "pack"
		changes := []schedule.Change{{ID: all[0], From: schedule.Handed, To: schedule.Reported, SaidDay: calendar.MustDate("2026-06-01")}}
		require.NoError(t, o.Answer(o.ctx, clerk, schedule.HandoffOpen, h, changes, at(0, 4)))
		require.Equal(t, schedule.HandoffPart, o.handoff(id).State)
		require.Equal(t, 1, o.obligation("weekly", 1, at(0, 4)).Credits)
		got := o.delivery(all[0])
		when, _ := got.When(o.cal)
		require.Equal(t, at(0, 2), when, "not before it was handed; when the pack was given is for blame alone")
		require.ErrorIs(t, o.Answer(o.ctx, clerk, schedule.HandoffOpen, h, nil, at(0, 4)), schedule.ErrStale)
		require.ErrorIs(t, o.Answer(o.ctx, clerk, schedule.HandoffPart, h, changes, at(0, 4)), schedule.ErrStale)
	})
	t.Run("filters", func(t *testing.T) {
		o, p, _, id := open(t)
		for _, f := range []schedule.HandoffFilter{{Push: p.ID}, {Person: 9}, {Unit: "永宁镇"}, {DueBy: at(1, 0)},
			{States: []schedule.HandoffState{schedule.HandoffOpen}}} {
			got, err := o.Handoffs(o.ctx, f)
			require.NoError(t, err)
			require.Len(t, got, 1, "%+v", f)
			require.Equal(t, id, got[0].ID)
		}
		for _, f := range []schedule.HandoffFilter{{Push: 1234}, {Unit: "别处"}, {Above: id}, {DueBy: at(0, 23)}} {
			got, err := o.Handoffs(o.ctx, f)
			require.NoError(t, err)
			require.Empty(t, got, "%+v", f)
		}
	})
}

func TestNotices(t *testing.T) {
	now := at(0, 2)
	o := newOffice(t, 1)
	_, err := o.AddNotices(o.ctx, []schedule.Notice{
		{Person: 1, Key: "1", Due: now, Reminder: true},
		{Person: 2, Key: "2", Due: now},
		{Person: 2, Handoff: 5, Key: "3", Due: now.Add(time.Hour)},
	}, now)
	require.NoError(t, err)
	_, err = o.ClaimNotice(o.ctx, anywhere, now.Add(-time.Second))
	require.ErrorIs(t, err, schedule.ErrNotFound)
	n, err := o.ClaimNotice(o.ctx, func(p int64) bool { return p == 2 }, now)
	require.NoError(t, err)
	require.Equal(t, "2", n.Key, "who cannot be reached stands in nobody's way")
	require.NoError(t, o.FinishNotice(o.ctx, n.ID, schedule.Queued, now.Add(time.Minute), now))
	when, ok, err := o.NextNotice(o.ctx, func(int64) bool { return true })
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, now, when)
	require.NoError(t, o.SetHalt(o.ctx, clerk, true, now))
	_, err = o.ClaimNotice(o.ctx, anywhere, now)
	require.ErrorIs(t, err, schedule.ErrHalted)
	require.NoError(t, o.SetHalt(o.ctx, clerk, false, now))
	first, err := o.ClaimNotice(o.ctx, anywhere, now)
	require.NoError(t, err)
	require.Equal(t, "1", first.Key)
	count, err := o.Reminded(o.ctx, 1, now, now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, count)
	require.NoError(t, o.CancelNotices(o.ctx, 5, now))
	again, err := o.ClaimNotice(o.ctx, anywhere, now.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, n.ClientID, again.ClientID, "the same message keeps its id")
	_, err = o.ClaimNotice(o.ctx, anywhere, now.Add(2*time.Hour))
	require.ErrorIs(t, err, schedule.ErrNotFound)
	all, err := o.Notices(o.ctx, 2)
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, schedule.Cancelled, all[1].State)
}

func TestFlags(t *testing.T) {
	o := newOffice(t, 1)
	id, raised, err := o.RaiseFlag(o.ctx, schedule.Flag{Obligation: 3, Cause: "keeper", Since: monday}, monday)
	require.NoError(t, err)
	require.True(t, raised)
	same, raised, err := o.RaiseFlag(o.ctx, schedule.Flag{Obligation: 3}, monday)
	require.NoError(t, err)
	require.False(t, raised)
	require.Equal(t, id, same)
	f, err := o.Flag(o.ctx, id)
	require.NoError(t, err)
	require.Equal(t, schedule.FlagRaised, f.State)
	f.State = schedule.FlagEscalated
	require.NoError(t, o.MoveFlag(o.ctx, clerk, id, schedule.FlagRaised, f, monday))
	require.ErrorIs(t, o.MoveFlag(o.ctx, clerk, id, schedule.FlagRaised, f, monday), schedule.ErrStale)
	f.State = schedule.FlagReminded
	require.ErrorIs(t, o.MoveFlag(o.ctx, clerk, id, schedule.FlagEscalated, f, monday), schedule.ErrState)
	f.State, f.Why, f.ResolvedAt = schedule.FlagResolved, "补齐", monday
	require.NoError(t, o.MoveFlag(o.ctx, clerk, id, schedule.FlagEscalated, f, monday))
	open, err := o.Flags(o.ctx, false)
	require.NoError(t, err)
	require.Empty(t, open)
	all, err := o.Flags(o.ctx, true)
	require.NoError(t, err)
	require.Equal(t, []schedule.Flag{f}, all)
	_, raised, err = o.RaiseFlag(o.ctx, schedule.Flag{Obligation: 3}, monday)
	require.NoError(t, err)
	require.True(t, raised, "a resolved flag does not keep a new one from opening")
}

func TestClock(t *testing.T) {
	o := newOffice(t, 1)
	a, b := schedule.Job{Key: "a", Kind: "start", Ref: 1, At: at(0, 2)}, schedule.Job{Key: "b", Kind: "close", Ref: 1, At: at(0, 1)}
	require.NoError(t, o.PutJobs(o.ctx, []schedule.Job{a, b}))
	due, err := o.Jobs(o.ctx, at(0, 2), 10)
	require.NoError(t, err)
	require.Equal(t, []schedule.Job{b, a}, due)
	due, err = o.Jobs(o.ctx, at(0, 2), 1)
	require.NoError(t, err)
	require.Len(t, due, 1)
	moved := a
	moved.At = at(5, 0)
	require.NoError(t, o.PutJobs(o.ctx, []schedule.Job{moved}))
	require.NoError(t, o.EndJob(o.ctx, a, nil), "moved meanwhile, it stays")
	require.NoError(t, o.EndJob(o.ctx, b, []schedule.Job{{Key: "c", Kind: "x", At: at(2, 0)}}))
	when, ok, err := o.NextJob(o.ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, at(2, 0), when)
	due, err = o.Jobs(o.ctx, at(9, 0), 10)
	require.NoError(t, err)
	require.Len(t, due, 2)

	on, _, err := o.Halted(o.ctx)
	require.NoError(t, err)
	require.False(t, on)
	require.NoError(t, o.SetHalt(o.ctx, clerk, true, at(0, 1)))
	require.NoError(t, o.SetHalt(o.ctx, clerk, true, at(0, 2)))
	on, since, err := o.Halted(o.ctx)
	require.NoError(t, err)
	require.True(t, on)
	require.Equal(t, at(0, 1), since)

	value, err := o.MarkOf(o.ctx, "k")
	require.NoError(t, err)
	require.Empty(t, value)
	require.NoError(t, o.Mark(o.ctx, "k", "v"))
	value, err = o.MarkOf(o.ctx, "k")
	require.NoError(t, err)
	require.Equal(t, "v", value)
	_, err = o.Kind(o.ctx, 424242)
	require.ErrorIs(t, err, schedule.ErrNotFound)
	require.NoError(t, o.Log(o.ctx, clerk, "v", "r", "n", monday))
}

func TestNoticesOfHandoffStayInOrder(t *testing.T) {
	now := at(0, 2)
	o := newOffice(t, 1)
	id, err := o.OpenHandoff(o.ctx, clerk, schedule.Handoff{Person: 9, Unit: 2, Hop: 1, State: schedule.HandoffOpen}, nil, now)
	require.NoError(t, err)
	_, err = o.AddNotices(o.ctx, []schedule.Notice{
		{Person: 9, Handoff: id, Key: "first", Due: now}, {Person: 9, Handoff: id, Key: "last", Due: now, Last: true}}, now)
	require.NoError(t, err)
	first, err := o.ClaimNotice(o.ctx, anywhere, now)
	require.NoError(t, err)
	require.NoError(t, o.FinishNotice(o.ctx, first.ID, schedule.Queued, now.Add(time.Minute), now))
	_, err = o.ClaimNotice(o.ctx, anywhere, now)
	require.ErrorIs(t, err, schedule.ErrNotFound, "the last waits behind a delayed one")
	again, err := o.ClaimNotice(o.ctx, anywhere, now.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "first", again.Key)
}
