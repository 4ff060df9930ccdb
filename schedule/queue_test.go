package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// wideRoster is a town of n groups that the bot carries, and as many by hand.
func wideRoster(n int) *roster.Roster {
	r := townRoster()
	var groups []roster.Group
	for i := range 2 * n {
		g := r.Groups[0]
		g.ID, g.Name = int64(100+i), fmt.Sprint("大群", i)
		if i%2 == 1 {
			g.Carrier = roster.ByKeeper
		}
		groups = append(groups, g)
	}
	return roster.New(r.Units, groups, r.Persons)
}

// oneClerk is the roster of an office in which nobody could approve what clerkA
// queues.
func oneClerk(r *roster.Roster) *roster.Roster { return left(r, clerkB, "2026-11-01") }

func (w *world) push(id int64) schedule.Push {
	p, err := w.db.Push(w.ctx, id)
	require.NoError(w.t, err)
	return p
}

func TestQueue(t *testing.T) {
	t.Parallel()
	lonely := func(t *testing.T, begin string) (*world, schedule.Preview) {
		w := newWorld(t, begin, starting(oneClerk(wideRoster(11))), func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		require.Empty(t, p.Seconds)
		return w, p
	}
	wide := func(t *testing.T) (*world, schedule.Preview) {
		w := newWorld(t, "2026-11-03 10:00", starting(wideRoster(11)), func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		require.Len(t, p.Groups, 22)
		return w, p
	}
	groupsGot := func(w *world) int {
		n := 0
		for _, r := range w.received {
			if r.group != 0 {
				n++
			}
		}
		return n
	}
	t.Run("twenty groups go at once, twenty-one wait", func(t *testing.T) {
		for n, state := range map[int]schedule.PushState{20: schedule.PushReady, 21: schedule.PushWaiting} {
			r := wideRoster(11)
			w := newWorld(t, "2026-11-03 10:00", starting(roster.New(r.Units, r.Groups[:n], r.Persons)))
			p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
			require.NoError(t, err)
			require.Equal(t, state, p.State, "%d groups", n)
		}
	})
	t.Run("where somebody could approve it, it goes for no delay, and is over with its window", func(t *testing.T) {
		w, p := wide(t)
		require.Nil(t, p.ReadyAt)
		require.Equal(t, []schedule.Ref{{ID: clerkB, Name: "办公室乙"}}, p.Seconds)
		w.run("2026-11-03 12:29")
		require.Equal(t, schedule.PushWaiting, w.push(p.ID).State)
		w.run("2026-11-04 18:00")
		require.Zero(t, groupsGot(w))
		require.Empty(t, w.handoffs(0))
		require.Equal(t, schedule.PushCancelled, w.push(p.ID).State)
		require.Len(t, w.told(clerkB, "没有人放行就不发"), 1)
		require.Len(t, w.told(clerkA, "【没发 #"), 1)
		w.sound()
	})
	t.Run("the machine without a name queues nothing that needs a second person", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00", starting(wideRoster(11)))
		_, err := w.office.QueuePush(w.ctx, operator, schedule.Request{Item: "i00", To: "all"}, w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		require.ErrorContains(t, err, "--by")
		q, err := w.office.Queue(w.ctx, operator)
		require.NoError(t, err)
		require.Empty(t, q)
	})
	t.Run("in an office of one the delay is thirty working minutes, then all of it goes", func(t *testing.T) {
		w, p := lonely(t, "2026-11-03 10:00")
		require.Equal(t, w.at("2026-11-03 10:30").UTC(), *p.ReadyAt)
		w.run("2026-11-03 10:29")
		require.Zero(t, groupsGot(w))
		require.Empty(t, w.handoffs(eastKeeper))
		w.run("2026-11-03 10:31")
		require.Equal(t, 22, groupsGot(w), "eleven groups, text and picture")
		require.Len(t, w.handoffs(eastKeeper), 1, "one message for all of a person's groups")
		require.Equal(t, 11, w.handoffs(eastKeeper)[0].All)
		w.sound()
	})
	t.Run("queued in the evening it cools until the next working morning", func(t *testing.T) {
		w, p := lonely(t, "2026-11-06 17:20")
		require.Equal(t, w.at("2026-11-09 08:50").UTC(), *p.ReadyAt)
		w.run("2026-11-09 08:49")
		require.Zero(t, groupsGot(w))
		w.run("2026-11-09 09:00")
		require.Equal(t, 22, groupsGot(w))
		w.sound()
	})
	t.Run("its author may not approve it, another may", func(t *testing.T) {
		w, p := wide(t)
		require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(clerkA), p.ID, w.now), schedule.ErrDenied)
		require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(eastKeeper), p.ID, w.now), schedule.ErrDenied)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now), schedule.ErrState)
		w.run("2026-11-03 12:00")
		require.Equal(t, 22, groupsGot(w))
		stored, err := w.db.Push(w.ctx, p.ID)
		require.NoError(t, err)
		require.Equal(t, int64(clerkB), stored.Approver)
		w.sound()
	})
	t.Run("an edit of the item voids it", func(t *testing.T) {
		w, p := wide(t)
		it, err := w.db.Item(w.ctx, "i00")
		require.NoError(t, err)
		it, err = content.Approve(content.Edit(it, func(i *content.Item) { i.Body += "！" }), "8", w.now)
		require.NoError(t, err)
		require.NoError(t, w.db.SaveItem(w.ctx, operator, it, nil, w.now))
		require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now), schedule.ErrState)
		w.run("2026-11-03 18:00")
		require.Zero(t, groupsGot(w), "nor does the clock let it go")
		require.Empty(t, w.handoffs(eastKeeper), "nor do people carry what nobody approved")
		w.sound()
	})
	t.Run("an edit after the approval voids it too", func(t *testing.T) {
		w, p := wide(t)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		it, err := w.db.Item(w.ctx, "i00")
		require.NoError(t, err)
		it, err = content.Approve(content.Edit(it, func(i *content.Item) { i.Body += "！" }), "8", w.now)
		require.NoError(t, err)
		require.NoError(t, w.db.SaveItem(w.ctx, operator, it, nil, w.now))
		w.run("2026-11-03 18:00")
		require.Zero(t, groupsGot(w))
		require.Empty(t, w.told(eastKeeper, "！"), "the changed words were approved for no group")
		w.sound()
	})
	t.Run("cancelled while it cools, nothing goes", func(t *testing.T) {
		w, p := lonely(t, "2026-11-03 10:00")
		require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkA), p.ID, w.now))
		w.run("2026-11-03 18:00")
		require.Zero(t, groupsGot(w))
		require.Empty(t, w.handoffs(0))
		w.sound()
	})
	t.Run("停发 while it cools holds it back", func(t *testing.T) {
		w, _ := lonely(t, "2026-11-03 10:00")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		w.run("2026-11-03 20:00")
		require.Zero(t, groupsGot(w))
		require.Empty(t, w.told(eastKeeper, ""), "I8: nothing leaves while stopped")
		w.sound()
	})
	t.Run("at night it needs a second person and is not sent at night by itself", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 22:00", starting(oneClerk(townRoster())))
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		w.run("2026-11-04 12:00")
		require.Equal(t, 2, w.got(eastGroup))
		w.sound()
	})
	t.Run("a window does not run on into the quiet hours", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 20:00", starting(only(eastGroup)))
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.NoError(t, err)
		require.Equal(t, w.at("2026-11-03 21:00").UTC(), p.Closes)
	})
	t.Run("a draft, an unknown item, the past and others' groups are refused", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00")
		for _, q := range []schedule.Request{{Item: "none", To: "all"}, {Item: "i00", To: "unit:南村"}, {Item: "i00", To: "all", At: w.now.Add(-time.Minute)}} {
			_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), q, w.now)
			require.ErrorIs(t, err, schedule.ErrInput)
		}
		_, err := w.office.QueuePush(w.ctx, w.actor(eastKeeper), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
	t.Run("a queued push credits the week, so the slot is not needed", func(t *testing.T) {
		r := with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Kind = "试验群" })
		w := newWorld(t, "2026-11-01 12:00", starting(r))
		w.adoptPlan(quotaPlan("试验群", 1, calendar.Week, "text"), 2026, nil)
		w.run("2026-11-02 10:00")
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "all"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-09 08:00")
		require.Equal(t, []string{"2026-11-02 accepted"}, w.log(eastGroup))
		require.Contains(t, w.standings(eastGroup, "push"), "2026-W45 met")
		w.sound()
	})
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	// 5.5 s of text and 22.5 s of picture on average: 28 s a group, so 321 groups
	// fit 150 minutes and 322 do not.
	big := func(n int) *roster.Roster {
		r := townRoster()
		var groups []roster.Group
		for i := range n {
			g := r.Groups[0]
			g.ID, g.Name = int64(100+i), fmt.Sprint("大群", i)
			groups = append(groups, g)
		}
		return roster.New(r.Units, groups, r.Persons)
	}
	paced := func(w *world) {
		w.settings.TextPace, w.settings.PicturePace = schedule.DefaultSettings().TextPace, schedule.DefaultSettings().PicturePace
	}
	for n, fits := range map[int]bool{321: true, 322: false} {
		t.Run(fmt.Sprint(n, " groups"), func(t *testing.T) {
			w := newWorld(t, "2026-11-01 12:00", starting(big(n)), paced)
			w.adopt("11", 2026, nil)
			out, err := w.office.Capacity(w.ctx, operator, w.now)
			require.NoError(t, err)
			if fits {
				require.Empty(t, out)
				return
			}
			require.Len(t, out, 1)
			for _, figure := range []string{"322 个群", "平均 28.0 秒", "只够 321 个群", "2 小时 31 分", "2 天", "①", "②", "③"} {
				require.Contains(t, out[0], figure)
			}
			require.Contains(t, out[0], "共要 2 小时 1 分", "322 × 22.5 s with the words drawn into the picture")
		})
	}
	t.Run("the account's cap", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(big(751)), func(w *world) {
			w.settings.Slots = nil
			w.slot("全天", "0 8 * * 2,5", 12*time.Hour)
		})
		w.adopt("11", 2026, nil)
		out, err := w.office.Capacity(w.ctx, operator, w.now)
		require.NoError(t, err)
		require.Len(t, out, 1)
		require.Contains(t, out[0], "1502 条")
	})
}
