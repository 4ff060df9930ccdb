package schedule_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// TestSecondPerson holds every clause of design rule 9 that a push is under.
func TestSecondPerson(t *testing.T) {
	t.Parallel()
	began := func(t *testing.T, changes ...func(*world)) *world {
		return newWorld(t, "2026-11-03 10:00", append([]func(*world){starting(wideRoster(11)), func(w *world) { w.settings.Slots = nil }}, changes...)...)
	}
	queueAt := func(w *world, item, to string, at time.Time) schedule.Preview {
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: item, To: to, At: at}, w.now)
		require.NoError(w.t, err)
		return p
	}
	wide := func(w *world) schedule.Preview { return queueAt(w, "i00", "kind:便民群", time.Time{}) }
	approve := func(w *world, a roster.Actor, id int64) error {
		return w.office.ApprovePush(w.ctx, a, id, w.now)
	}
	stored := func(w *world, id int64) schedule.Push {
		p, err := w.db.Push(w.ctx, id)
		require.NoError(w.t, err)
		return p
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
	edit := func(w *world, change func(*content.Item)) {
		it, err := w.db.Item(w.ctx, "i00")
		require.NoError(w.t, err)
		it = content.Edit(it, change)
		it.Author = "办公室甲"
		require.NoError(w.t, w.office.AddItem(w.ctx, w.actor(clerkA), it, nil, w.now))
	}

	t.Run("what is in it decides", func(t *testing.T) {
		for name, c := range map[string]struct {
			body, link string
			waits      bool
		}{
			"plain words":       {"陌生来电不要信", "", false},
			"an allowed number": {"请拨打96110，或110", "", false},
			"another number":    {"请拨打13800138000", "", true},
			"an allowed link":   {"看看这一篇", "https://mp.weixin.qq.com/s/abc", true},
			"another link":      {"看看 http://example.com", "", true},
		} {
			w := began(t, func(w *world) { w.first = only(eastGroup) })
			w.settings.Allow = content.Allow{Hosts: []string{"mp.weixin.qq.com"}, Numbers: []string{"96110", "110"}}
			w.restart()
			it := content.Edit(content.Item{ID: "x", Title: "防骗", Author: "7", CreatedAt: w.now}, func(i *content.Item) { i.Body, i.Link = c.body, c.link })
			it, err := content.Approve(it, "8", w.now)
			require.NoError(t, err)
			require.NoError(t, w.db.SaveItem(w.ctx, operator, it, nil, w.now)) // as if it had passed the gate
			require.Equal(t, c.waits, queueAt(w, "x", "all", time.Time{}).State == schedule.PushWaiting, name)
		}
	})
	t.Run("quiet hours decide to the minute", func(t *testing.T) {
		w := began(t, func(w *world) { w.first = only(eastGroup) })
		for at, waits := range map[string]bool{"2026-11-03 20:59": false, "2026-11-03 21:00": true, "2026-11-04 07:59": true, "2026-11-04 08:00": false} {
			require.Equal(t, waits, queueAt(w, "i00", "all", w.at(at)).State == schedule.PushWaiting, at)
		}
	})
	t.Run("one person by any road is one person", func(t *testing.T) {
		w := began(t)
		r := wideRoster(11)
		for i := range r.Persons {
			if r.Persons[i].ID == clerkA || r.Persons[i].ID == townHead { // one telephone, two entries
				r.Persons[i].Phone, r.Persons[i].Role = "13800000001", roster.Staff
			}
		}
		w.roster(roster.New(r.Units, r.Groups, r.Persons))
		p := wide(w)
		clerk := w.actor(clerkA)
		console, command := clerk, roster.Operator("办公室甲")
		console.Via = roster.ViaConsole
		named, err := w.office.Operator(w.ctx, "t5")
		require.NoError(t, err)
		for _, a := range []roster.Actor{clerk, console, command, named, w.actor(townHead)} {
			require.ErrorIs(t, approve(w, a, p.ID), schedule.ErrDenied, "%+v", a)
		}
		require.ErrorIs(t, approve(w, operator, p.ID), schedule.ErrInput, "nobody knows who")
		require.NoError(t, approve(w, roster.Operator("办公室乙"), p.ID))
	})
	t.Run("with the same --by before there is a roster", func(t *testing.T) {
		w := began(t)
		p, err := w.office.QueuePush(w.ctx, roster.Operator("王办"), schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
		require.NoError(t, err)
		require.ErrorIs(t, approve(w, roster.Operator(" 王办"), p.ID), schedule.ErrDenied)
		require.NoError(t, approve(w, roster.Operator("李办"), p.ID))
	})
	t.Run("a hundred approvals at once give one", func(t *testing.T) {
		w := began(t)
		p := wide(w)
		var won atomic.Int64
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				switch err := approve(w, w.actor(clerkB), p.ID); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, schedule.ErrState):
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, won.Load())
		w.run("2026-11-03 12:00")
		require.Equal(t, 22, groupsGot(w))
		w.sound()
	})
	t.Run("an approval holds a day", func(t *testing.T) {
		for opens, sent := range map[string]int{"2026-11-04 10:00": 22, "2026-11-04 10:01": 0} {
			w := began(t)
			p := queueAt(w, "i00", "kind:便民群", w.at(opens))
			require.NoError(t, approve(w, w.actor(clerkB), p.ID))
			w.run("2026-11-04 14:00")
			require.Equal(t, sent, groupsGot(w), opens)
			if sent == 0 {
				require.Equal(t, schedule.PushCancelled, stored(w, p.ID).State, "nobody approved it again")
				require.Len(t, w.told(clerkB, "审批超过 24 小时"), 1)
				require.Contains(t, w.told(clerkB, "审批超过 24 小时")[0].text, "\n放行请回：审批 ")
			}
			w.sound()
		}
	})
	t.Run("an old approval is given again, and the push goes", func(t *testing.T) {
		w := began(t)
		p := queueAt(w, "i00", "kind:便民群", w.at("2026-11-05 10:00"))
		require.NoError(t, approve(w, w.actor(clerkB), p.ID))
		rows, err := w.office.Queue(w.ctx, w.actor(clerkB))
		require.NoError(t, err)
		require.Equal(t, w.at("2026-11-04 10:00").UTC(), *rows[0].Lapses)
		require.Equal(t, w.at("2026-11-04 10:00"), rows[0].AgainFrom().In(w.cal.Zone()))
		w.run("2026-11-04 11:00")
		require.Equal(t, schedule.PushWaiting, stored(w, p.ID).State)
		require.Contains(t, stored(w, p.ID).Reason, "24 小时")
		require.Zero(t, stored(w, p.ID).Approver)
		w.run("2026-11-04 17:00")
		require.Equal(t, schedule.PushWaiting, stored(w, p.ID).State, "no delay lets it go")
		require.NoError(t, approve(w, w.actor(clerkB), p.ID))
		w.run("2026-11-05 12:30")
		require.Equal(t, 22, groupsGot(w))
		w.sound()
	})
	t.Run("one that lapses days before says from when a new one holds", func(t *testing.T) {
		w := began(t)
		p := queueAt(w, "i00", "kind:便民群", w.at("2026-11-06 10:00"))
		require.NoError(t, approve(w, w.actor(clerkB), p.ID))
		w.run("2026-11-04 11:00")
		told := w.told(clerkB, "审批超过 24 小时")
		require.Len(t, told, 1)
		require.Contains(t, told[0].text, "放行请等到11月5日 周四 10:00以后")
	})
	t.Run("an edit sends an approved push back, with its reason", func(t *testing.T) {
		w := began(t)
		p := queueAt(w, "i00", "kind:便民群", w.at("2026-11-03 15:00"))
		require.NoError(t, approve(w, w.actor(clerkB), p.ID))
		edit(w, func(i *content.Item) { i.Body = "改过的话" })
		require.Equal(t, schedule.PushWaiting, stored(w, p.ID).State)
		require.Contains(t, stored(w, p.ID).Reason, "改动")
		require.ErrorIs(t, approve(w, w.actor(clerkB), p.ID), schedule.ErrState, "the words are a draft yet")
		require.NoError(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), "i00", w.now))
		w.run("2026-11-03 14:00")
		require.Equal(t, schedule.PushWaiting, stored(w, p.ID).State, "approved words are no approved push")
		require.NotEmpty(t, w.told(clerkB, "改动"))
		require.NoError(t, approve(w, w.actor(clerkB), p.ID))
		w.run("2026-11-03 17:30")
		require.Equal(t, 22, groupsGot(w))
		for _, r := range w.received {
			if r.group != 0 && r.kind == content.Text {
				require.Contains(t, r.text, "改过的话")
			}
		}
		w.sound()
	})
	t.Run("other messages than were planned cannot be approved", func(t *testing.T) {
		w := began(t)
		p := wide(w)
		edit(w, func(i *content.Item) { i.Attachments = nil })
		require.NoError(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), "i00", w.now))
		require.ErrorIs(t, approve(w, w.actor(clerkB), p.ID), schedule.ErrState)
		require.ErrorIs(t, approve(w, w.actor(clerkB), p.ID), schedule.ErrState)
		w.run("2026-11-03 18:00")
		require.Zero(t, groupsGot(w))
		w.sound()
	})
	t.Run("what waits is shown to who could let it go, once", func(t *testing.T) {
		w := began(t)
		wide(w)
		w.run("2026-11-03 10:10")
		require.Len(t, w.told(clerkB, "没有人放行就不发"), 1)
		require.Empty(t, w.told(clerkA, ""))
		require.Empty(t, w.told(eastKeeper, ""))
	})
	t.Run("停发 stops the delay, 恢复 begins it anew", func(t *testing.T) {
		w := began(t, starting(oneClerk(wideRoster(11))))
		p := wide(w)
		w.run("2026-11-03 10:29")
		require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
		w.run("2026-11-03 10:45")
		require.Equal(t, schedule.PushWaiting, stored(w, p.ID).State)
		_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		_, err = w.office.Resume(w.ctx, roster.Operator("书记"), w.now)
		require.NoError(t, err)
		w.run("2026-11-03 11:14")
		require.Zero(t, groupsGot(w), "not at the old hour")
		w.run("2026-11-03 11:20")
		require.Equal(t, 22, groupsGot(w))
		w.sound()
	})
	t.Run("恢复 takes two people, and nobody without a name is the second", func(t *testing.T) {
		w := began(t)
		for name, second := range map[string]struct {
			a    roster.Actor
			once bool
		}{
			"the same":             {w.actor(clerkA), false},
			"the same by --by":     {roster.Operator("办公室甲"), false},
			"the machine, unnamed": {operator, false},
			"another":              {w.actor(clerkB), true},
		} {
			require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
			_, err := w.office.Resume(w.ctx, w.actor(clerkA), w.now)
			require.NoError(t, err)
			at, err := w.office.Resume(w.ctx, second.a, w.now)
			require.NoError(t, err)
			require.Equal(t, second.once, at.Equal(w.now), name)
			on, _, err := w.db.Halted(w.ctx)
			require.NoError(t, err)
			require.Equal(t, !second.once, on, name)
		}
	})
	t.Run("退回 ends it and tells its author why", func(t *testing.T) {
		w := began(t)
		p := wide(w)
		require.ErrorIs(t, w.office.ReturnPush(w.ctx, w.actor(eastKeeper), p.ID, "不好", w.now), schedule.ErrDenied)
		require.ErrorIs(t, w.office.ReturnPush(w.ctx, w.actor(clerkB), p.ID, " ", w.now), schedule.ErrInput)
		require.NoError(t, w.office.ReturnPush(w.ctx, w.actor(clerkB), p.ID, "等通知", w.now))
		require.ErrorIs(t, w.office.ReturnPush(w.ctx, w.actor(clerkB), p.ID, "等通知", w.now), schedule.ErrState)
		w.run("2026-11-03 18:00")
		require.Zero(t, groupsGot(w))
		require.Len(t, w.told(clerkA, "等通知"), 1)
		w.sound()
	})
	t.Run("a returned draft cannot be approved until it is changed", func(t *testing.T) {
		w := began(t)
		edit(w, func(i *content.Item) { i.Body = "错字" })
		require.NoError(t, w.office.ReturnItem(w.ctx, w.actor(clerkB), "i00", "有错字", w.now))
		require.ErrorIs(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), "i00", w.now), schedule.ErrState)
		drafts, err := w.office.Drafts(w.ctx, w.actor(clerkB))
		require.NoError(t, err)
		require.Empty(t, drafts)
		edit(w, func(i *content.Item) { i.Body = "改好了" })
		require.NoError(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), "i00", w.now))
		w.run("2026-11-03 10:05")
		require.Len(t, w.told(clerkA, "有错字"), 1)
	})
}

// The adoption of a plan takes two people, or the delay.
func TestAdoptionByTwo(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*world, schedule.Adoption) {
		w := newWorld(t, "2026-11-03 08:55", starting(only(eastGroup))) // a Tuesday, five minutes before its slot
		ad, _, err := w.office.Adopt(w.ctx, roster.Operator("办公室甲"), embedded(t, "11"), "永宁镇", 2026, nil, w.now)
		require.NoError(t, err)
		return w, ad
	}
	t.Run("alone it owes at once and sends after thirty working minutes", func(t *testing.T) {
		w, ad := begin(t)
		require.Equal(t, w.at("2026-11-03 09:25"), ad.ReadyAt.In(w.cal.Zone()))
		require.NotEmpty(t, w.owed(eastGroup, "weekly-push"))
		w.run("2026-11-03 09:24")
		require.Zero(t, w.got(eastGroup))
		require.Len(t, w.told(clerkB, "方案11"), 1, "the office is told")
		w.run("2026-11-03 09:30")
		require.Equal(t, 2, w.got(eastGroup), "still within the window")
		w.sound()
	})
	t.Run("a second person's word lets it send at once", func(t *testing.T) {
		w, ad := begin(t)
		require.ErrorIs(t, func() error { _, err := w.office.ConfirmAdoption(w.ctx, operator, ad.ID, w.now); return err }(), schedule.ErrInput)
		for _, a := range []roster.Actor{roster.Operator("办公室甲"), w.actor(clerkA), w.actor(eastKeeper)} {
			_, err := w.office.ConfirmAdoption(w.ctx, a, ad.ID, w.now)
			require.ErrorIs(t, err, schedule.ErrDenied)
		}
		_, err := w.office.ConfirmAdoption(w.ctx, w.actor(clerkB), ad.ID, w.now)
		require.NoError(t, err)
		_, err = w.office.ConfirmAdoption(w.ctx, w.actor(clerkB), ad.ID, w.now)
		require.ErrorIs(t, err, schedule.ErrState)
		w.run("2026-11-03 09:05")
		require.Equal(t, 2, w.got(eastGroup))
		w.sound()
	})
	t.Run("dropped before, it sends nothing after today", func(t *testing.T) {
		w, _ := begin(t)
		require.NoError(t, w.office.Drop(w.ctx, operator, "11", "", w.now))
		w.run("2026-11-06 12:00")
		for _, d := range w.of(eastGroup) {
			require.Equal(t, "2026-11-03", d.Day.String(), "what it owes until today stands")
		}
	})
	t.Run("on a loopback endpoint nobody is asked", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 08:55", starting(only(eastGroup)), func(w *world) { w.settings.OneAdopts = true })
		require.True(t, w.adopt("11", 2026, nil).ReadyAt.IsZero())
		w.run("2026-11-03 09:05")
		require.Equal(t, 2, w.got(eastGroup))
		require.Empty(t, w.told(clerkB, ""))
	})
}
