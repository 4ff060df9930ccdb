package store

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"github.com/stretchr/testify/require"
)

// states are all states a delivery can be in.
var states = []schedule.State{schedule.Queued, schedule.Held, schedule.Sending, schedule.Accepted, schedule.Observed,
	schedule.Confirmed, schedule.Uncertain, schedule.Failed, schedule.Refused, schedule.Missed, schedule.Handed,
	schedule.Reported, schedule.Declined, schedule.Lapsed, schedule.Cancelled, schedule.Revoked}

// pathTo is a shortest lawful way from queued.
func pathTo(to schedule.State) []schedule.State {
	paths := [][]schedule.State{{schedule.Queued}}
	for len(paths) > 0 {
		p := paths[0]
		paths = paths[1:]
		if p[len(p)-1] == to {
			return p
		}
		for _, next := range schedule.Moves[p[len(p)-1]] {
			if !slices.Contains(p, next) {
				paths = append(paths, append(slices.Clone(p), next))
			}
		}
	}
	return nil
}

func (o *office) bring(id int64, to schedule.State) {
	path := pathTo(to)
	require.NotEmpty(o.t, path, "no way to %s", to)
	for i, next := range path[1:] {
		o.shift(at(0, 2), schedule.Change{ID: id, From: path[i], To: next})
	}
}

func TestMoves(t *testing.T) {
	o := newOffice(t, len(states)*len(states))
	ds := o.deliveries(o.plan("早", 0, o.groups, 1).ID)
	for i, from := range states {
		for j, to := range states {
			d := ds[i*len(states)+j]
			o.bring(d.ID, from)
			byHand := o.change(o.ctx, "by hand", func(x *tx) error {
				_, err := x.exec(`UPDATE deliveries SET state = $2 WHERE id = $1`, d.ID, string(to))
				if err == nil {
					err = errUndo
				}
				return err
			})
			err := o.Shift(o.ctx, clerk, []schedule.Change{{ID: d.ID, From: from, To: to}}, at(0, 3))
			if schedule.CanMove(from, to) {
				require.NoError(t, err, "%s to %s", from, to)
				require.ErrorIs(t, byHand, errUndo, "the trigger lets %s go to %s", from, to)
				require.Equal(t, to, o.delivery(d.ID).State)
				continue
			}
			require.ErrorIs(t, err, schedule.ErrState, "%s to %s", from, to)
			require.Equal(t, from, o.delivery(d.ID).State)
			if from != to {
				require.ErrorContains(t, byHand, "unlawful", "%s to %s", from, to)
			}
		}
	}
	o.exact(at(1, 0))
}

// errUndo rolls a test's own meddling back.
var errUndo = schedule.ErrInput

func TestLedger(t *testing.T) {
	o := newOffice(t, 4)
	p := o.plan("早", 0, 4, 2)
	ds := o.deliveries(p.ID)

	t.Run("writes a log row with every change", func(t *testing.T) {
		before, err := o.Stats(o.ctx)
		require.NoError(t, err)
		require.Equal(t, 4, before["delivery_log"], "one for each new delivery")
		o.shift(at(0, 2), schedule.Change{ID: ds[0].ID, From: schedule.Queued, To: schedule.Missed})
		after, err := o.Stats(o.ctx)
		require.NoError(t, err)
		require.Equal(t, 5, after["delivery_log"])
	})
	t.Run("log rows neither change nor go", func(t *testing.T) {
		for _, query := range []string{`UPDATE delivery_log SET at = 1`, `DELETE FROM delivery_log`, `UPDATE log SET at = 1`,
			`DELETE FROM log`, `DELETE FROM deliveries`} {
			err := o.change(o.ctx, "meddle", func(x *tx) error { _, err := x.exec(query); return err })
			require.Error(t, err, query)
		}
	})
	t.Run("a change that is not from the present state is stale", func(t *testing.T) {
		err := o.Shift(o.ctx, clerk, []schedule.Change{{ID: ds[1].ID, From: schedule.Held, To: schedule.Queued}}, at(0, 2))
		require.ErrorIs(t, err, schedule.ErrStale)
	})
	t.Run("all changes or none", func(t *testing.T) {
		err := o.Shift(o.ctx, clerk, []schedule.Change{
			{ID: ds[1].ID, From: schedule.Queued, To: schedule.Held, Reason: "等"},
			{ID: ds[0].ID, From: schedule.Queued, To: schedule.Held},
		}, at(0, 2))
		require.ErrorIs(t, err, schedule.ErrStale)
		require.Equal(t, schedule.Queued, o.delivery(ds[1].ID).State)
		require.ErrorIs(t, o.Shift(o.ctx, clerk, []schedule.Change{{ID: 999999}}, at(0, 2)), schedule.ErrNotFound)
	})
	t.Run("filters", func(t *testing.T) {
		count := func(f schedule.DeliveryFilter) int {
			got, err := o.Deliveries(o.ctx, f)
			require.NoError(t, err)
			for _, d := range got {
				require.Len(t, d.Parts, 2)
			}
			return len(got)
		}
		require.Equal(t, 4, count(schedule.DeliveryFilter{Push: p.ID, Unit: "永宁镇"}))
		require.Equal(t, 2, count(schedule.DeliveryFilter{Unit: "永宁镇/村C"}))
		require.Equal(t, 0, count(schedule.DeliveryFilter{Unit: "永宁"}))
		require.Equal(t, 1, count(schedule.DeliveryFilter{Groups: []int64{1, 9}, States: []schedule.State{schedule.Missed}}))
		require.Equal(t, 4, count(schedule.DeliveryFilter{From: p.Day, To: p.Day}))
		require.Equal(t, 0, count(schedule.DeliveryFilter{From: p.Day.AddDays(1)}))
	})
	t.Run("a cancelled push takes its queued and held deliveries with it", func(t *testing.T) {
		o.shift(at(0, 2), schedule.Change{ID: ds[2].ID, From: schedule.Queued, To: schedule.Handed})
		o.shift(at(0, 2), schedule.Change{ID: ds[3].ID, From: schedule.Queued, To: schedule.Held})
		require.ErrorIs(t, o.MovePush(o.ctx, clerk, p.ID, schedule.PushWaiting, schedule.PushCancelled, at(0, 2)), schedule.ErrStale)
		require.NoError(t, o.MovePush(o.ctx, clerk, p.ID, schedule.PushReady, schedule.PushCancelled, at(0, 2)))
		got := o.deliveries(p.ID)
		require.Equal(t, []schedule.State{schedule.Missed, schedule.Cancelled, schedule.Handed, schedule.Cancelled},
			[]schedule.State{got[0].State, got[1].State, got[2].State, got[3].State})
	})
}

func TestPlanPush(t *testing.T) {
	t.Run("never plans a group's slot of a day twice", func(t *testing.T) {
		o := newOffice(t, 10)
		o.plan("早", 0, 6, 1)
		o.plan("早", 0, 10, 1)
		require.Zero(t, o.plan("早", 0, 10, 1).ID, "nothing is left, nothing is inserted")
		rows, err := o.Stats(o.ctx)
		require.NoError(t, err)
		require.Equal(t, 10, rows["deliveries"])
		require.Equal(t, 2, rows["pushes"])
		taken, err := o.Planned(o.ctx, calendar.MustDate("2026-06-01"), "早")
		require.NoError(t, err)
		require.Len(t, taken, 10)
	})
	t.Run("neither by many at once through two handles", func(t *testing.T) {
		o := newOffice(t, 20)
		other := &office{DB: openDir(t, o.Dir()), t: t, ctx: o.ctx, adoption: o.adoption, groups: 20}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = []*office{o, other}[i%2].planned("早", 0, 10+i, 1) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		rows, err := o.Stats(o.ctx)
		require.NoError(t, err)
		require.Equal(t, 17, rows["deliveries"])
		o.noDoubleNumbers()
	})
	t.Run("a person's push has no slot and may repeat", func(t *testing.T) {
		o := newOffice(t, 3)
		first, second := o.plan("", 0, 3, 1), o.plan("", 0, 3, 1)
		require.NotEqual(t, first.ID, second.ID)
		require.Len(t, o.deliveries(second.ID), 3)
	})
	t.Run("the database itself refuses a second delivery of a slot", func(t *testing.T) {
		o := newOffice(t, 1)
		d := o.deliveries(o.plan("早", 0, 1, 1).ID)[0]
		d.ID += 1000
		err := o.change(o.ctx, "insert", func(x *tx) error { return o.insertDelivery(x, clerk, d, true, monday) })
		require.ErrorContains(t, err, "UNIQUE")
	})
}

// noDoubleNumbers requires that no #number means two things.
func (o *office) noDoubleNumbers() {
	var all, distinct int
	require.NoError(o.t, o.view(o.ctx, "numbers", func(x *tx) error {
		return x.one(`SELECT COUNT(*), COUNT(DISTINCT id) FROM (SELECT id FROM pushes UNION ALL SELECT id FROM deliveries
			UNION ALL SELECT id FROM handoffs UNION ALL SELECT id FROM flags
			UNION ALL SELECT number FROM obligations WHERE number <> 0)`, nil, &all, &distinct)
	}))
	require.Equal(o.t, all, distinct)
}

func TestAsOf(t *testing.T) {
	o := newOffice(t, 2)
	d := o.deliveries(o.plan("早", 0, 1, 1).ID)[0]
	day1, day2 := calendar.MustDate("2026-06-01"), calendar.MustDate("2026-06-02")
	o.shift(at(0, 2), schedule.Change{ID: d.ID, From: schedule.Queued, To: schedule.Handed, AskedAt: at(0, 2)})
	o.shift(at(1, 2), schedule.Change{ID: d.ID, From: schedule.Handed, To: schedule.Reported, SaidDay: day1, SaidBy: 9})
	o.shift(at(1, 3), schedule.Change{ID: d.ID, From: schedule.Reported, To: schedule.Handed, Reason: "撤销"})
	o.shift(at(1, 5), schedule.Change{ID: d.ID, From: schedule.Handed, To: schedule.Reported, SaidDay: day2, SaidBy: 8})
	for _, c := range []struct {
		asOf  time.Time
		state schedule.State
		said  calendar.Date
		by    int64
	}{
		{at(0, 1), schedule.Queued, calendar.Date{}, 0},
		{at(0, 3), schedule.Handed, calendar.Date{}, 0},
		{at(1, 2), schedule.Reported, day1, 9},
		{at(1, 4), schedule.Handed, calendar.Date{}, 0},
		{at(9, 0), schedule.Reported, day2, 8},
	} {
		got, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{AsOf: c.asOf, States: []schedule.State{c.state}})
		require.NoError(t, err)
		require.Len(t, got, 1, "as of %s", c.asOf)
		require.Equal(t, c.said, got[0].SaidDay)
		require.Equal(t, c.by, got[0].SaidBy)
		for _, at := range []time.Time{got[0].SentAt, got[0].AskedAt, got[0].AcceptedAt, got[0].SaidAt, got[0].SeenAt} {
			require.False(t, at.After(c.asOf))
		}
	}
	early, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{AsOf: at(-1, 0)})
	require.NoError(t, err)
	require.Empty(t, early, "not yet made")
}

func TestEnter(t *testing.T) {
	o := newOffice(t, 3)
	o.add(monday, o.owes("weekly", 1, 0, 0))
	d := schedule.Delivery{Group: 1, Unit: 2, Day: calendar.MustDate("2026-06-02"), Item: "旧素材", Media: []string{"text"}}
	other := d
	other.Group = 2
	for round, want := range []int{2, 0} {
		n, err := o.Enter(o.ctx, clerk, []schedule.Delivery{d, other, d}, at(3, 0))
		require.NoError(t, err)
		require.Equal(t, want, n, "round %d", round)
	}
	got, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{Groups: []int64{1}})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.True(t, got[0].Entered)
	require.Equal(t, schedule.Reported, got[0].State)
	require.Equal(t, 1, o.obligation("weekly", 1, at(3, 0)).Credits)
	heard, err := o.Heard(o.ctx, calendar.MustDate("2026-06-01"))
	require.NoError(t, err)
	require.Equal(t, "2026-06-02", heard[1]["旧素材"])
	o.exact(at(3, 0))
}

func TestHeard(t *testing.T) {
	o := newOffice(t, 3)
	ds := o.deliveries(o.plan("早", 0, 3, 1).ID)
	o.shift(at(0, 2), schedule.Change{ID: ds[1].ID, From: schedule.Queued, To: schedule.Cancelled})
	o.bring(ds[2].ID, schedule.Handed)
	o.shift(at(2, 2), schedule.Change{ID: ds[2].ID, From: schedule.Handed, To: schedule.Reported})
	heard, err := o.Heard(o.ctx, calendar.MustDate("2026-06-01"))
	require.NoError(t, err)
	require.Equal(t, map[int64]map[string]string{1: {"item-早": "2026-06-01"}, 3: {"item-早": "2026-06-03"}}, heard)
	heard, err = o.Heard(o.ctx, calendar.MustDate("2026-06-02"))
	require.NoError(t, err)
	require.Len(t, heard, 1)
}

func TestItem(t *testing.T) {
	o := newOffice(t, 1)
	data := []byte("picture")
	sha := hashOf(data)
	it := content.Item{ID: "a", Title: "标题", Body: "正文", Media: []content.Media{content.Text, content.Picture}, Themes: []string{"刷单"},
		Attachments: []content.Attachment{{Kind: content.Picture, Name: "p.png", SHA256: sha, Size: 7}},
		Author:      "1", State: content.Draft, CreatedAt: monday}
	require.NoError(t, o.SaveItem(o.ctx, clerk, it, []content.Blob{{Name: "p.png", SHA256: sha, Data: data}}, monday))
	got, err := o.Item(o.ctx, "a")
	require.NoError(t, err)
	require.Equal(t, it, got)
	it.State = content.Retired
	require.NoError(t, o.SaveItem(o.ctx, clerk, it, nil, monday))
	all, err := o.Items(o.ctx)
	require.NoError(t, err)
	require.Equal(t, []content.Item{it}, all)
	_, err = o.Item(o.ctx, "b")
	require.ErrorIs(t, err, schedule.ErrNotFound)
}
