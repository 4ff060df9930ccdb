package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// lead is a second leader of the town; double is a second entry of clerkA with
// the same telephone, double2 one of clerkB.
const lead, double, double2 = 8, 9, 10

// approvers is a town in which an approval may be tried by many: 22 groups, two
// clerks, each also under another name, and a leader.
func approvers() *roster.Roster {
	r := wideRoster(11)
	for i := range r.Persons {
		switch r.Persons[i].ID {
		case clerkA:
			r.Persons[i].Phone = "13800000001"
		case clerkB:
			r.Persons[i].Phone = "13800000002"
		}
	}
	add := func(id int64, name, phone string, role roster.Role) {
		r.Persons = append(r.Persons, roster.Person{ID: id, Name: name, Unit: 1, UnitPath: "永宁镇", Role: role, Tag: fmt.Sprint("t", id), Phone: phone})
	}
	add(lead, "镇领导", "13800000008", roster.Leader)
	add(double, "甲的小号", "13800000001", roster.Admin)
	add(double2, "乙的小号", "13800000002", roster.Leader)
	return roster.New(r.Units, r.Groups, r.Persons)
}

// waits is the town with a push of clerkA's to 22 groups that waits for 14:00.
func waits(t *testing.T) (*world, int64) {
	w := newWorld(t, "2026-11-03 10:00", starting(approvers()), func(w *world) { w.settings.Slots = nil })
	p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "kind:便民群", At: w.at("2026-11-03 14:00")}, w.now)
	require.NoError(t, err)
	require.Equal(t, schedule.PushWaiting, p.State)
	return w, p.ID
}

// roads are the ways in which one person may come: chat, the console, and the
// command line with --by a name, a tag or a path.
func (w *world) roads(person int64) map[string]roster.Actor {
	r, err := w.db.Roster(w.ctx)
	require.NoError(w.t, err)
	p, _ := r.Person(person)
	console := w.actor(person)
	console.Via = roster.ViaConsole
	say := roster.Heard(p, true) // say --as
	say.Via = roster.ViaCommand
	all := map[string]roster.Actor{"chat": w.actor(person), "console": console, "say --as": say, "--by, unread": roster.Operator(" " + p.Name + " ")}
	for _, by := range []string{p.Name, p.Tag, p.UnitPath + "/" + p.Name, " " + p.Name + " "} {
		a, err := w.office.Operator(w.ctx, by)
		require.NoError(w.t, err)
		all["--by "+by] = a
	}
	return all
}

func (w *world) messages() int {
	n := 0
	for _, r := range w.received {
		if r.group != 0 {
			n++
		}
	}
	return n
}

// TestNoSecondPerson: whoever wrote, queued or moved a push is not its second
// person by any road, under any entry of the roster.
func TestNoSecondPerson(t *testing.T) {
	t.Parallel()
	nobodyOf := func(w *world, id int64, persons ...int64) {
		for _, person := range persons {
			for road, a := range w.roads(person) {
				require.ErrorIs(w.t, w.office.ApprovePush(w.ctx, a, id, w.now), schedule.ErrDenied, "%d by %s", person, road)
			}
		}
		require.ErrorIs(w.t, w.office.ApprovePush(w.ctx, operator, id, w.now), schedule.ErrInput, "nobody knows who")
		w.run("2026-11-03 10:20")
		require.Zero(w.t, w.messages())
	}
	t.Run("its author", func(t *testing.T) {
		w, id := waits(t)
		nobodyOf(w, id, clerkA, double)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(lead), id, w.now))
	})
	t.Run("its author at the command line", func(t *testing.T) {
		for _, by := range []string{"办公室甲", "甲的小号"} {
			w := newWorld(t, "2026-11-03 10:00", starting(approvers()), func(w *world) { w.settings.Slots = nil })
			a, err := w.office.Operator(w.ctx, by)
			require.NoError(t, err)
			p, err := w.office.QueuePush(w.ctx, a, schedule.Request{Item: "i00", To: "kind:便民群"}, w.now)
			require.NoError(t, err)
			nobodyOf(w, p.ID, clerkA, double)
		}
	})
	t.Run("its author after another moved it, and who moved it", func(t *testing.T) {
		w, id := waits(t)
		_, err := w.office.Reschedule(w.ctx, w.actor(clerkB), id, w.at("2026-11-03 15:00"), w.now)
		require.NoError(t, err)
		nobodyOf(w, id, clerkA, double, clerkB, double2)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(lead), id, w.now))
		w.run("2026-11-03 14:59")
		require.Zero(t, w.messages())
		w.run("2026-11-03 15:05")
		require.Equal(t, 22, w.messages())
		w.sound()
	})
	t.Run("who moved what another had approved", func(t *testing.T) {
		w, id := waits(t)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), id, w.now))
		_, err := w.office.Reschedule(w.ctx, w.actor(double2), id, w.at("2026-11-03 22:00"), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied, "a leader moves nothing")
		_, err = w.office.Reschedule(w.ctx, w.actor(double), id, w.at("2026-11-03 22:00"), w.now)
		require.NoError(t, err)
		p, err := w.db.Push(w.ctx, id)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		require.Zero(t, p.Approver)
		nobodyOf(w, id, clerkA, double)
	})
	t.Run("the author of an item", func(t *testing.T) {
		w, _ := waits(t)
		for i, author := range []roster.Actor{w.actor(clerkA), w.actor(double), roster.Operator("办公室甲")} {
			it := content.Edit(content.Item{ID: fmt.Sprint("mine", i), Title: "防骗", CreatedAt: w.now}, func(i *content.Item) { i.Body = "不要信" })
			require.NoError(t, w.office.AddItem(w.ctx, author, it, nil, w.now))
			for _, person := range []int64{clerkA, double} {
				for road, a := range w.roads(person) {
					require.ErrorIs(t, w.office.ApproveItem(w.ctx, a, it.ID, w.now), schedule.ErrState, "%d by %s", i, road)
				}
			}
			stored, err := w.db.Item(w.ctx, it.ID)
			require.NoError(t, err)
			require.Equal(t, content.Draft, stored.State)
			require.NoError(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), it.ID, w.now))
		}
	})
}

// meddling is a store in which something happens between the look at a push and
// its approval.
type meddling struct {
	schedule.Store
	meddle func()
}

func (m *meddling) ApprovePush(ctx context.Context, a roster.Actor, p schedule.Push, now time.Time) error {
	m.meddle()
	return m.Store.ApprovePush(ctx, a, p, now)
}

// TestApprovalBindsWhatWasSeen: what changes in the moment of the approval is not
// approved by it.
func TestApprovalBindsWhatWasSeen(t *testing.T) {
	t.Parallel()
	for name, meddle := range map[string]func(w *world, id int64){
		"moved": func(w *world, id int64) {
			_, err := w.office.Reschedule(w.ctx, w.actor(clerkA), id, w.at("2026-11-03 22:00"), w.now)
			require.NoError(w.t, err)
		},
		"other words, approved": func(w *world, _ int64) {
			it, err := w.db.Item(w.ctx, "i00")
			require.NoError(w.t, err)
			it = content.Edit(it, func(i *content.Item) { i.Body = "改过的话" })
			it.Author = "办公室甲"
			require.NoError(w.t, w.office.AddItem(w.ctx, w.actor(clerkA), it, nil, w.now))
			require.NoError(w.t, w.office.ApproveItem(w.ctx, w.actor(lead), "i00", w.now))
		},
		"cancelled": func(w *world, id int64) { require.NoError(w.t, w.office.CancelPush(w.ctx, w.actor(clerkA), id, w.now)) },
	} {
		t.Run(name, func(t *testing.T) {
			w, id := waits(t)
			o := schedule.New(&meddling{w.db, func() { meddle(w, id) }}, w.cal, w.settings, w, w)
			require.ErrorIs(t, o.ApprovePush(w.ctx, w.actor(clerkB), id, w.now), schedule.ErrState)
			p, err := w.db.Push(w.ctx, id)
			require.NoError(t, err)
			require.NotEqual(t, schedule.PushReady, p.State)
			require.Zero(t, p.Approver)
			w.run("2026-11-03 10:29")
			require.Zero(t, w.messages())
		})
	}
}

// race lets everybody do something at once and counts who won; whoever lost was
// told so.
func (w *world) race(n int, do func(i int) error) (won int64) {
	var winners atomic.Int64
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			switch err := do(i); {
			case err == nil:
				winners.Add(1)
			case !errors.Is(err, schedule.ErrState) && !errors.Is(err, schedule.ErrDenied) && !errors.Is(err, schedule.ErrStale):
				w.t.Errorf("%d: %v", i, err)
			}
		})
	}
	close(begin)
	all.Wait()
	return winners.Load()
}

// TestHundredApprovals: of a hundred approvals by several persons at once, by
// those among them who may not, one wins; the groups get the push once.
func TestHundredApprovals(t *testing.T) {
	t.Parallel()
	t.Run("exactly one wins, and it goes out once", func(t *testing.T) {
		w, id := waits(t)
		actors := []roster.Actor{w.actor(clerkB), w.actor(lead), w.actor(clerkA), w.actor(double), w.actor(double2)}
		won := w.race(100, func(i int) error { return w.office.ApprovePush(w.ctx, actors[i%len(actors)], id, w.now) })
		require.EqualValues(t, 1, won)
		p, err := w.db.Push(w.ctx, id)
		require.NoError(t, err)
		require.Contains(t, []int64{clerkB, lead, double2}, p.Approver)
		w.run("2026-11-03 18:00")
		w.wentOnce()
		w.sound()
	})
	t.Run("approved, moved, returned and cancelled at once, it goes as one of them left it", func(t *testing.T) {
		w, id := waits(t)
		w.race(100, func(i int) error {
			switch i % 4 {
			case 0:
				return w.office.ApprovePush(w.ctx, w.actor(clerkB), id, w.now)
			case 1:
				return w.office.ReturnPush(w.ctx, w.actor(lead), id, "等通知", w.now)
			case 2:
				_, err := w.office.Reschedule(w.ctx, w.actor(clerkA), id, w.at("2026-11-03 16:00"), w.now)
				return err
			}
			return w.office.CancelPush(w.ctx, w.actor(clerkA), id, w.now)
		})
		p, err := w.db.Push(w.ctx, id)
		require.NoError(t, err)
		require.Equal(t, schedule.PushCancelled, p.State, "a word that ends it always finds it")
		w.run("2026-11-03 20:00")
		require.Zero(t, w.messages())
		w.sound()
	})
	t.Run("approved and moved at once, it goes at the hour that was approved or not at all", func(t *testing.T) {
		for range 5 {
			w, id := waits(t)
			w.race(20, func(i int) error {
				if i%2 == 0 {
					return w.office.ApprovePush(w.ctx, w.actor(clerkB), id, w.now)
				}
				_, err := w.office.Reschedule(w.ctx, w.actor(clerkA), id, w.at("2026-11-03 15:00").Add(time.Duration(i)*time.Minute), w.now)
				return err
			})
			p, err := w.db.Push(w.ctx, id)
			require.NoError(t, err)
			for _, d := range w.deliveries(schedule.DeliveryFilter{Push: id}) {
				require.True(t, d.Opens.Equal(p.Opens))
			}
			if p.State == schedule.PushReady {
				require.EqualValues(t, clerkB, p.Approver)
			} else {
				w.run("2026-11-03 10:29")
				require.NoError(t, w.office.CancelPush(w.ctx, w.actor(clerkA), id, w.now)) // or the delay lets it go
			}
			w.runTo(p.Opens.Add(-time.Minute))
			require.Zero(t, w.messages())
			w.run("2026-11-03 19:00")
			if p.State == schedule.PushReady {
				w.wentOnce()
			} else {
				require.Zero(t, w.messages())
			}
			w.sound()
		}
	})
}

// What a unit hands in is finished, and taken back, by those who answer for it.
func TestTaskOfAnotherUnit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00")
	w.adopt("11", 2026, nil)
	tasks, err := w.office.Tasks(w.ctx, operator, w.now)
	require.NoError(t, err)
	of := map[string]int64{}
	for _, task := range tasks {
		of[task.Unit.Name] = task.ID
	}
	east := roster.Actor{Person: 90, Role: roster.Staff, Unit: "永宁镇/东村", Via: roster.ViaChat}
	_, err = w.office.Confirm(w.ctx, east, of["永宁镇/西村"], 0, 0, w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	_, err = w.office.Confirm(w.ctx, w.actor(clerkA), of["永宁镇/西村"], 0, 0, w.now)
	require.NoError(t, err)
	_, err = w.office.UndoForward(w.ctx, east, of["永宁镇/西村"], w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	_, err = w.office.Confirm(w.ctx, east, of["永宁镇/东村"], 0, 0, w.now)
	require.NoError(t, err)
	_, err = w.office.UndoForward(w.ctx, east, of["永宁镇/东村"], w.now)
	require.NoError(t, err)
}

// Who may not cancel any more drops no question, and 今天 counts what is one's own.
func TestLostRights(t *testing.T) {
	t.Parallel()
	w, _ := waits(t)
	w.send(clerkA, said)
	v := w.propose(clerkA, "便民群")
	for _, change := range []func(*roster.Actor){func(a *roster.Actor) { a.Role = roster.Cadre }, func(a *roster.Actor) { a.Role = roster.Leader },
		func(a *roster.Actor) { a.Role, a.Unproven = roster.Cadre, true }} {
		a := w.actor(clerkA)
		change(&a)
		require.ErrorIs(t, w.office.DropQuestion(w.ctx, a, v.ID, "private", w.now), schedule.ErrDenied)
		_, err := w.office.ConfirmProposal(w.ctx, a, v.ID, "private", w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	}
	require.NoError(t, w.office.DropQuestion(w.ctx, w.actor(clerkA), v.ID, "private", w.now))

	west := roster.Actor{Person: 91, Role: roster.Staff, Unit: "永宁镇/西村", Via: roster.ViaChat}
	text, err := w.office.DigestText(w.ctx, west, w.now)
	require.NoError(t, err)
	require.NotContains(t, text, "待审推送")
	text, err = w.office.DigestText(w.ctx, w.actor(clerkA), w.now)
	require.NoError(t, err)
	require.Contains(t, text, "待审推送 1 份")
}
