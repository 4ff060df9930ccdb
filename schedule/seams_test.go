package schedule_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// This file holds what must stay true where two verbs meet.

// TestCorrection_fair: a correction credits nothing, so whoever did not pass it
// on is the cause of nothing, and it stands in no push's way.
func TestCorrection_fair(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 10:00", starting(only(westGroup)), func(w *world) { w.settings.Slots = nil })
	w.adoptPlan(quotaPlan("便民群", 2, calendar.Week), 2026, nil)
	w.run("2026-11-03 10:00")
	w.send(clerkA, said)
	v := w.propose(clerkA, "便民群")
	_, err := w.yes(clerkA, v.ID)
	require.NoError(t, err)
	w.run("2026-11-03 11:00")
	w.forwarded(westKeeper, schedule.Word{})
	w.run("2026-11-04 10:00")
	c, err := w.office.ProposeCorrection(w.ctx, w.actor(clerkA), v.ID, "改到周五", "private", w.now)
	require.NoError(t, err)
	_, err = w.yes(clerkA, c.ID)
	require.NoError(t, err)
	w.run("2026-11-09 12:00")
	require.Equal(t, []string{"2026-11-03 reported", "2026-11-04 lapsed"}, w.log(westGroup))
	require.Contains(t, w.standings(westGroup, "push"), "2026-W45 behind office", "passing the correction on would have counted for nothing")
	w.sound()
}

// TestCancel_plannedAnew: what the office took back from people is no hope any
// more; the week is planned anew.
func TestCancel_plannedAnew(t *testing.T) {
	t.Parallel()
	for _, groups := range [][]int64{{westGroup}, {westGroup, eastParty}} {
		r := with(only(groups...), eastParty, func(g *roster.Group) { g.Kind = "便民群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-03 10:00")
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
		require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkB), w.of(westGroup)[0].Push, w.now))
		w.run("2026-11-06 10:00")
		require.Equal(t, []string{"2026-11-03 handed", "2026-11-06 handed"}, w.log(westGroup))
		for _, h := range w.handoffs(westKeeper, schedule.HandoffOpen) {
			if p, err := w.db.Push(w.ctx, h.Push); err == nil && p.State != schedule.PushCancelled {
				w.forwarded(westKeeper, schedule.Word{Handoff: h.ID})
			}
		}
		w.run("2026-11-09 12:00")
		require.Contains(t, w.standings(westGroup, "push"), "2026-W45 met")
		w.sound()
	}
}

// TestRevoke_halfSent: what 撤回 or 取消 finds half sent goes no further, and a
// person looks at it.
func TestRevoke_halfSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", func(w *world) {
		w.settings.Slots = nil
		w.settings.TextPace = schedule.Pace{Min: time.Minute, Max: time.Minute}
		w.settings.PicturePace = w.settings.TextPace
	})
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "家长群"}, w.now)
	require.NoError(t, err)
	_, err = w.runner.Step(w.ctx, w.now)
	require.NoError(t, err)
	require.Equal(t, 1, w.got(parentGroup), "the words went, the picture is to come")
	got, err := w.office.Revoke(w.ctx, w.actor(clerkA), p.ID, w.now)
	require.NoError(t, err)
	require.True(t, got.Stopped)
	require.Equal(t, []schedule.Ref{{ID: parentGroup, Name: "群13"}}, got.Unknown)
	w.run("2026-11-03 13:00")
	require.Equal(t, 1, w.got(parentGroup))
	require.Equal(t, []string{"2026-11-03 uncertain"}, w.log(parentGroup))
	w.sound()
}

// TestCancel_refused: what was out when its push was cancelled, and came back
// refused, does not stay queued.
func TestCancel_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
	w.item("words", nil, false)
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "words", To: "家长群"}, w.now)
	require.NoError(t, err)
	w.answer = func(schedule.Outgoing) error {
		require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkA), p.ID, w.now))
		return &schedule.SendError{Next: schedule.RetryLater, Err: context.DeadlineExceeded}
	}
	w.run("2026-11-03 15:00")
	require.Equal(t, []string{"2026-11-03 cancelled"}, w.log(parentGroup))
	w.sound()
}

// TestRevoke_handed: whom the office tells not to forward is not the cause.
func TestRevoke_handed(t *testing.T) {
	t.Parallel()
	w := handedWorld(t) // the window is over, the pack lies with the keeper since the morning
	push := w.of(westGroup)[0].Push
	got, err := w.office.Revoke(w.ctx, w.actor(clerkB), push, w.now)
	require.NoError(t, err)
	require.Equal(t, []schedule.Ref{{ID: westGroup, Name: "群12"}}, got.Handed)
	w.run("2026-11-09 12:00")
	require.Equal(t, "2026-11-06 lapsed", w.log(westGroup)[1], "the week was planned anew")
	for _, h := range w.handoffs(westKeeper) {
		if h.Push == push {
			require.Len(t, w.told(westKeeper, fmt.Sprintf("【提醒 #%d】", h.ID)), 1, "none after 撤回")
		}
	}
	w.sound()
}

// TestRevoke_flags: a week that was met in its last minute and is not any more
// is behind, by the office.
func TestRevoke_flags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 10:00", starting(only(parentGroup)), func(w *world) { w.settings.Slots = nil })
	w.revoke = func(schedule.Recall) error { return nil }
	w.adoptPlan(quotaPlan("家长群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-08 12:00")
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "家长群", At: w.at("2026-11-08 23:59")}, w.now)
	require.NoError(t, err)
	require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
	w.run("2026-11-09 00:00")
	require.Equal(t, []string{"2026-11-08 accepted"}, w.log(parentGroup))
	_, err = w.office.Revoke(w.ctx, w.actor(clerkA), p.ID, w.now)
	require.NoError(t, err)
	require.Equal(t, []string{"2026-11-08 revoked"}, w.log(parentGroup))
	require.Contains(t, w.standings(parentGroup, "push"), "2026-W45 behind office")
	rows, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(t, err)
	require.Len(t, rows, 1, "coverage and the list of who is behind agree")
}

// TestBlame_halted: while 停发 is on nobody is expected to forward anything.
func TestBlame_halted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		halt, resume, standing string
	}{
		"to the end of the week":              {"2026-11-03 10:00", "2026-11-09 09:00", "2026-W45 behind office"},
		"but for three hours and a half":      {"2026-11-03 10:00", "2026-11-06 15:00", "2026-W45 behind office"},
		"with five hours left on Friday":      {"2026-11-03 10:00", "2026-11-06 12:30", "2026-W45 behind keeper"},
		"begun when four hours had gone by":   {"2026-11-03 15:00", "2026-11-09 09:00", "2026-W45 behind keeper"},
		"over before the pack was handed":     {"2026-11-02 10:00", "2026-11-02 12:00", "2026-W45 behind keeper"},
		"still on when the week is looked at": {"2026-11-03 10:00", "", "2026-W45 behind office"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)), func(w *world) { w.settings.Slots = w.settings.Slots[:1] })
			w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
			w.run(c.halt)
			require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
			require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkB), w.now.Add(time.Minute)), "said twice")
			if c.resume != "" {
				w.run(c.resume)
				_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
				require.NoError(t, err)
				_, err = w.office.Resume(w.ctx, w.actor(clerkB), w.now)
				require.NoError(t, err)
			}
			w.run("2026-11-09 12:00")
			require.Contains(t, w.standings(westGroup, "push"), c.standing, "%v", w.log(westGroup))
		})
	}
}

// TestReschedule_anew: another day may owe what the first did not.
func TestReschedule_anew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-12-30 10:00", func(w *world) { w.settings.Slots = nil })
	w.adoptPlan(relayPlan("便民群", 1), 2027, nil)
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "group:12", At: w.at("2026-12-31 14:00")}, w.now)
	require.NoError(t, err)
	relays := func() bool {
		stored, err := w.db.Push(w.ctx, p.ID)
		require.NoError(t, err)
		return stored.Relay
	}
	require.False(t, relays(), "the plan is not in force yet")
	_, err = w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2027-01-05 09:00"), w.now)
	require.NoError(t, err)
	require.True(t, relays())
	_, err = w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-12-31 09:00"), w.now)
	require.NoError(t, err)
	require.False(t, relays())
}

// TestReschedule_burden: a push that comes into another week may be somebody's
// third request there.
func TestReschedule_burden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 10:00", starting(only(westGroup)), func(w *world) { w.settings.Slots = nil })
	var last schedule.Preview
	for i, at := range []string{"2026-11-10 09:00", "2026-11-11 09:00", "2026-11-03 09:00"} {
		var err error
		last, err = w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: []string{"i00", "i01", "i02"}[i], To: "group:12", At: w.at(at)}, w.now)
		require.NoError(t, err)
		require.Empty(t, last.Burden)
	}
	require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
	v, err := w.office.Reschedule(w.ctx, w.actor(clerkA), last.ID, w.at("2026-11-12 09:00"), w.now)
	require.NoError(t, err)
	require.Len(t, v.Burden, 1)
	require.Equal(t, 3, v.Burden[0].Requests)
	require.Contains(t, v.Warnings, "现在停发着，恢复以后才发")
}

// moving is a store in which a push is moved to another hour just before it is let go.
type moving struct {
	schedule.Store
	first func()
}

func (m *moving) ApprovePush(ctx context.Context, a roster.Actor, p schedule.Push, now time.Time) error {
	m.first()
	return m.Store.ApprovePush(ctx, a, p, now)
}

// TestApprove_moved: an approval is of the window that was read, whoever moves
// the push in the same moment.
func TestApprove_moved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", starting(wideRoster(11)), func(w *world) { w.settings.Slots = nil })
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群", At: w.at("2026-11-03 14:00")}, w.now)
	require.NoError(t, err)
	late := schedule.New(&moving{w.db, func() {
		_, err := w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 18:00"), w.now)
		require.NoError(t, err)
	}}, w.cal, w.settings, w, w)
	require.ErrorIs(t, late.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now), schedule.ErrState)
	stored, err := w.db.Push(w.ctx, p.ID)
	require.NoError(t, err)
	require.Equal(t, schedule.PushWaiting, stored.State)
	for _, d := range w.deliveries(schedule.DeliveryFilter{Push: p.ID}) {
		require.Equal(t, schedule.Held, d.State)
	}
	require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
}

// TestCorrection_ended: a group that is no more gets no correction, and is not counted.
func TestCorrection_ended(t *testing.T) {
	t.Parallel()
	w, push := sentPush(t)
	w.roster(with(w.first, eastGroup, func(g *roster.Group) { g.Until = "2026-11-03" }))
	_, err := w.office.ProposeCorrection(w.ctx, w.actor(clerkA), push, "改到周五", "private", w.now)
	require.ErrorIs(t, err, schedule.ErrState)
}

// TestRedeem_left: a code binds nobody who has left since it was issued.
func TestRedeem_left(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00")
	code, err := w.office.IssueCode(w.ctx, operator, "办公室甲", w.now)
	require.NoError(t, err)
	w.roster(left(w.first, clerkA, "2026-11-03"))
	_, _, err = w.office.Redeem(w.ctx, schedule.Saying{Code: code.Code, Session: "L", Handle: "@a", Private: true}, w.now)
	require.ErrorIs(t, err, schedule.ErrNoCode)
	proofs, err := w.db.Proofs(w.ctx)
	require.NoError(t, err)
	require.Empty(t, proofs)
}

// TestCancel_notAsked: what was cancelled is no task of anybody's, in no list and
// no count; who forwarded it all the same says so with its number.
func TestCancel_notAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 10:00")
	h := w.handoffs(westKeeper, schedule.HandoffOpen)[0]
	require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkB), h.Push, w.now))
	_, err := w.office.AllForwarded(w.ctx, w.actor(westKeeper), w.now)
	require.ErrorIs(t, err, schedule.ErrNotFound, "全部已转 is no word about it")
	fits, err := w.office.PhotoFits(w.ctx, w.actor(westKeeper), w.now)
	require.NoError(t, err)
	require.Empty(t, fits)
	waiting, err := w.office.WaitingHandoffs(w.ctx, w.actor(clerkA), 0, 9)
	require.NoError(t, err)
	require.Zero(t, waiting.All)
	w.run("2026-11-06 10:00")
	second := w.forwarded(westKeeper, schedule.Word{})
	require.NotEqual(t, h.ID, second.Handoff.ID, "the one that is wanted is meant")
	w.forwarded(westKeeper, schedule.Word{Handoff: h.ID})
	require.Equal(t, []string{"2026-11-03 reported", "2026-11-06 reported"}, w.log(westGroup))
	w.sound()
}

// TestHandover_cancelled: nobody is given what the office took back.
func TestHandover_cancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 10:00")
	require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 1)
	require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkB), w.of(westGroup)[0].Push, w.now))
	next := keeperIs(w.first, westGroup, eastGrid)
	moves, err := w.office.Handovers(w.ctx, operator, next, w.now)
	require.NoError(t, err)
	require.Empty(t, moves)
	w.roster(next)
	w.run("2026-11-03 16:00")
	require.Empty(t, w.told(eastGrid, ""))
	require.Empty(t, w.told(westKeeper, "【改派"))
}

// TestCooling_late: after 恢复 nothing is said to go by itself that cannot.
func TestCooling_late(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", starting(oneClerk(wideRoster(11))), func(w *world) { w.settings.Slots = nil })
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 10:05")
	require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
	w.run("2026-11-03 12:45")
	_, err = w.office.Resume(w.ctx, w.actor(clerkA), w.now)
	require.NoError(t, err)
	_, err = w.office.Resume(w.ctx, roster.Operator("书记"), w.now)
	require.NoError(t, err)
	require.True(t, w.now.Before(p.Closes))
	w.run("2026-11-03 12:50")
	told := w.told(clerkA, "【待审 #")
	last := told[len(told)-1].text
	require.NotContains(t, last, "自动放行。")
	require.Contains(t, last, "审批 ")
	require.Contains(t, last, "改期 ")
	w.run("2026-11-03 14:00")
	stored, err := w.db.Push(w.ctx, p.ID)
	require.NoError(t, err)
	require.Equal(t, schedule.PushCancelled, stored.State)
	require.Len(t, w.told(clerkA, "【没发 #"), 1, "whoever queued it learns that it did not go")
}

// TestResume_cutShort: a PC that goes off in the middle of 恢复 leaves 停发 on, and
// 恢复 said again lets everything cool again.
func TestResume_cutShort(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		w := newWorld(t, "2026-11-03 10:00", starting(oneClerk(wideRoster(11))), func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
		require.NoError(t, err)
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		_, err = w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		w.offAfter(n, func(ctx context.Context, o *schedule.Office) error {
			_, err := o.Resume(ctx, roster.Operator("书记"), w.now)
			return err
		})
		if halted, _, err := w.db.Halted(w.ctx); halted || err != nil {
			require.NoError(t, err)
			_, err = w.office.Resume(w.ctx, roster.Operator("书记"), w.now)
			require.NoError(t, err)
		}
		w.run("2026-11-03 10:40")
		stored, err := w.db.Push(w.ctx, p.ID)
		require.NoError(t, err)
		require.Equal(t, schedule.PushRunning, stored.State, "off after %d writes", n)
	}
}

// TestRetire_running: an item that is taken out while its push runs goes to no
// further group.
func TestRetire_running(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00", starting(wideRoster(9)), func(w *world) {
		w.settings.Slots = nil
		w.settings.TextPace = schedule.Pace{Min: time.Minute, Max: time.Minute}
	})
	w.item("words", nil, false)
	_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "words", To: "kind:便民群"}, w.now)
	require.NoError(t, err)
	w.run("2026-11-03 10:02")
	groups := func() (n int) {
		for _, r := range w.received {
			if r.group != 0 {
				n++
			}
		}
		return n
	}
	before := groups()
	require.Positive(t, before)
	require.NoError(t, w.office.RetireItem(w.ctx, w.actor(clerkA), "words", w.now))
	w.run("2026-11-03 13:00")
	require.Equal(t, before, groups())
	w.sound()
}
