package schedule_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// Revoke is the scripted account's word about a message that is taken back.
func (w *world) Revoke(_ context.Context, r schedule.Recall) error {
	if w.revoke == nil {
		return schedule.ErrGone
	}
	return w.revoke(r)
}

const said = "有人冒充老师收资料费。遇到收费先打电话问班主任。"

// send puts a text into a person's draft.
func (w *world) send(person int64, text string) {
	w.t.Helper()
	_, err := w.office.AddToDraft(w.ctx, w.actor(person), schedule.Piece{Kind: content.Text, Text: text, Said: w.now}, w.now)
	require.NoError(w.t, err)
}

// photo is a picture with a place in its metadata.
func (w *world) photo() schedule.Piece {
	var b bytes.Buffer
	require.NoError(w.t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)), nil))
	secret := append([]byte{0xff, 0xe1, 0, 20}, []byte("Exif\x00\x00GPS 24.70,118.60")[:18]...)
	data := append(append(append([]byte{}, b.Bytes()[:2]...), secret...), b.Bytes()[2:]...)
	return schedule.Piece{Kind: content.Picture, Said: w.now, Open: func(context.Context) ([]byte, error) { return data, nil }}
}

func (w *world) propose(person int64, to string) schedule.Preview {
	w.t.Helper()
	v, err := w.office.ProposePush(w.ctx, w.actor(person), schedule.Request{To: to}, "private", w.now)
	require.NoError(w.t, err)
	return v
}

func (w *world) yes(person, id int64) (schedule.Preview, error) {
	return w.office.ConfirmProposal(w.ctx, w.actor(person), id, "private", w.now)
}

// draftFiles are the media of drafts on disk.
func (w *world) draftFiles() []string {
	files, err := filepath.Glob(filepath.Join(w.dir, "media", "drafts", "*"))
	require.NoError(w.t, err)
	return files
}

func TestDraft(t *testing.T) {
	t.Parallel()
	t.Run("is kept with its pictures bare, over a restart, for half an hour", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		d, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), w.photo(), w.now)
		require.NoError(t, err)
		require.Equal(t, 2, d.Parts())
		require.Len(t, w.draftFiles(), 1)
		data, err := os.ReadFile(w.draftFiles()[0])
		require.NoError(t, err)
		require.NotContains(t, string(data), "GPS")
		w.restart()
		w.run("2026-11-03 15:29")
		again, err := w.office.DraftOf(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.Equal(t, said, again.Body)
		require.Equal(t, d.Attachments, again.Attachments)
		w.run("2026-11-03 15:30")
		_, err = w.office.DraftOf(w.ctx, w.actor(clerkA), w.now)
		require.ErrorIs(t, err, schedule.ErrState)
		require.Empty(t, w.draftFiles(), "nothing of it stays on disk")
		rows, err := w.db.Stats(w.ctx)
		require.NoError(t, err)
		require.Zero(t, rows["drafts"])
	})
	t.Run("of somebody who may not push nothing is fetched or kept", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		for _, a := range []roster.Actor{w.actor(eastKeeper), operator, {Person: clerkA, Via: roster.ViaChat}} {
			p := w.photo()
			p.Open = func(context.Context) ([]byte, error) { require.Fail(t, "fetched"); return nil, nil }
			_, err := w.office.AddToDraft(w.ctx, a, p, w.now)
			require.ErrorIs(t, err, schedule.ErrDenied)
		}
		rows, err := w.db.Stats(w.ctx)
		require.NoError(t, err)
		require.Zero(t, rows["drafts"])
	})
	t.Run("what is heard half an hour late is not kept", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		_, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), schedule.Piece{Kind: content.Text, Text: said, Said: w.now.Add(-30 * time.Minute)}, w.now)
		require.ErrorIs(t, err, schedule.ErrState)
	})
	t.Run("is its person's own", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		for _, who := range []int64{clerkA, clerkB} {
			_, err := w.office.AddToDraft(w.ctx, w.actor(who), w.photo(), w.now)
			require.NoError(t, err)
		}
		require.Len(t, w.draftFiles(), 2)
		had, err := w.office.DropDraft(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.True(t, had)
		require.Len(t, w.draftFiles(), 1)
		d, err := w.office.DraftOf(w.ctx, w.actor(clerkB), w.now)
		require.NoError(t, err)
		_, err = w.db.DraftBlob(w.ctx, clerkB, d.Attachments[0].SHA256)
		require.NoError(t, err)
	})
	t.Run("holds three messages; texts make one", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		w.send(clerkA, said)
		for range 2 {
			_, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), w.photo(), w.now)
			require.NoError(t, err)
		}
		_, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), w.photo(), w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		v := w.propose(clerkA, "家长群")
		require.Len(t, v.Parts, 3)
		require.Equal(t, said+"\n"+said, v.Parts[0].Text, "word for word")
	})
	t.Run("messages that come at once are all kept", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		var all sync.WaitGroup
		var kept atomic.Int64
		for range 3 {
			p := w.photo()
			all.Go(func() {
				if _, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), p, w.now); err == nil {
					kept.Add(1)
				}
			})
		}
		all.Wait()
		d, err := w.office.DraftOf(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.EqualValues(t, kept.Load(), d.Parts())
		require.EqualValues(t, 3, kept.Load())
	})
}

func TestProposal(t *testing.T) {
	t.Parallel()
	t.Run("nothing is queued before the yes; then it goes, word for word", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00", func(w *world) { w.settings.Slots = nil })
		w.send(clerkA, said)
		v := w.propose(clerkA, "家长群")
		w.run("2026-11-03 15:05")
		require.Empty(t, w.deliveries(schedule.DeliveryFilter{}))
		w.restart()
		done, err := w.yes(clerkA, v.ID)
		require.NoError(t, err)
		require.Equal(t, v.ID, done.ID, "one number for the question and the push")
		require.Equal(t, schedule.PushReady, done.State)
		w.run("2026-11-03 15:10")
		require.Equal(t, []receipt{{group: parentGroup, kind: content.Text, at: w.at("2026-11-03 15:05").UTC(), text: said}}, w.received)
		_, err = w.office.DraftOf(w.ctx, w.actor(clerkA), w.now)
		require.ErrorIs(t, err, schedule.ErrState, "a draft is used once")
		w.sound()
	})
	t.Run("only its person answers, there, in time, once", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		v := w.propose(clerkA, "家长群")
		_, err := w.yes(clerkB, v.ID)
		require.ErrorIs(t, err, schedule.ErrNotFound)
		_, err = w.office.ConfirmProposal(w.ctx, w.actor(clerkA), v.ID, "group/11", w.now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
		_, err = w.office.ConfirmProposal(w.ctx, operator, v.ID, "private", w.now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
		w.now = w.now.Add(10 * time.Minute)
		_, err = w.yes(clerkA, v.ID)
		require.ErrorIs(t, err, schedule.ErrState)
		w.run("2026-11-03 15:20") // what it remembers is gone, the number is still known
		_, err = w.yes(clerkA, v.ID)
		require.ErrorIs(t, err, schedule.ErrState)
		v = w.propose(clerkA, "家长群")
		_, err = w.yes(clerkA, v.ID)
		require.NoError(t, err)
		_, err = w.yes(clerkA, v.ID)
		require.ErrorIs(t, err, schedule.ErrNotFound)
		require.Len(t, w.deliveries(schedule.DeliveryFilter{Groups: []int64{parentGroup}, Push: v.ID}), 1)
	})
	t.Run("a hundred at once queue it once", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		v := w.propose(clerkA, "家长群")
		a := w.actor(clerkA)
		var all sync.WaitGroup
		var done atomic.Int64
		for range 100 {
			all.Go(func() {
				if _, err := w.office.ConfirmProposal(w.ctx, a, v.ID, "private", w.now); err == nil {
					done.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, done.Load())
		require.Len(t, w.deliveries(schedule.DeliveryFilter{Push: v.ID}), 1)
	})
	t.Run("what changed since it was shown is not queued", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		v := w.propose(clerkA, "家长群")
		w.send(clerkA, "还有一句")
		_, err := w.yes(clerkA, v.ID)
		require.ErrorIs(t, err, schedule.ErrState)
		v = w.propose(clerkA, "家长群")
		r := townRoster()
		more := r.Groups[2]
		more.ID, more.Name = 99, "新家长群"
		w.roster(roster.New(r.Units, append(r.Groups, more), r.Persons))
		_, err = w.yes(clerkA, v.ID)
		require.ErrorIs(t, err, schedule.ErrState)
		ps, err := w.db.Pushes(w.ctx, schedule.PushReady, schedule.PushWaiting)
		require.NoError(t, err)
		for _, p := range ps {
			require.NotEmpty(t, p.Slot)
		}
	})
	t.Run("the gate says what it found", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, "领补贴点 http://lingqian.top/a ，打 13800138000")
		_, err := w.office.ProposePush(w.ctx, w.actor(clerkA), schedule.Request{To: "家长群"}, "private", w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		require.ErrorContains(t, err, "lingqian.top")
		require.ErrorContains(t, err, "13800138000")
	})
	t.Run("an item written for one push is no other push's", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00")
		w.send(clerkA, said)
		v := w.propose(clerkA, "家长群")
		_, err := w.yes(clerkA, v.ID)
		require.NoError(t, err)
		p, err := w.db.Push(w.ctx, v.ID)
		require.NoError(t, err)
		_, err = w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: p.Item, To: "家长群"}, w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		require.Error(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), p.Item, w.now))
	})
	t.Run("a card of an allowed host waits for a second person", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 15:00", func(w *world) { w.settings.Allow.Hosts = []string{"mp.weixin.qq.com"} })
		card := schedule.Piece{Kind: content.Link, Text: "警方提醒\nhttps://mp.weixin.qq.com/s?a=1", Said: w.now}
		_, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), card, w.now)
		require.NoError(t, err)
		v := w.propose(clerkA, "家长群")
		done, err := w.yes(clerkA, v.ID)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, done.State)
		require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(clerkA), v.ID, w.now), schedule.ErrDenied)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), v.ID, w.now))
		evil := schedule.Piece{Kind: content.Link, Text: "领钱\nhttps://mp.weixin.qq.com.evil.top/s", Said: w.now}
		_, err = w.office.AddToDraft(w.ctx, w.actor(clerkA), evil, w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
	})
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	queue := func(t *testing.T) (*world, schedule.Preview) {
		w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots, w.settings.WideFrom = nil, 1 })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "便民群", At: w.at("2026-11-03 14:00")}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, p.State)
		return w, p
	}
	t.Run("leaves to 放行 what a takeover holds: it may have gone already", func(t *testing.T) {
		w, p := queue(t)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		_, held, err := w.db.BeginEpoch(w.ctx, operator, schedule.HeldByRestore, w.now)
		require.NoError(t, err)
		_, err = w.office.Reschedule(w.ctx, w.actor(clerkB), p.ID, w.at("2026-11-04 09:00"), w.now)
		require.NoError(t, err)
		third := roster.Actor{Person: 99, Name: "书记", Role: roster.Leader, Unit: "永宁镇", Via: roster.ViaChat}
		require.NoError(t, w.office.ApprovePush(w.ctx, third, p.ID, w.now))
		w.run("2026-11-04 09:05")
		require.Zero(t, w.got(eastGroup))
		list, err := w.office.HeldList(w.ctx, operator)
		require.NoError(t, err)
		require.Equal(t, held, list.All)
		_, err = w.office.ReleaseShown(w.ctx, operator, p.ID, list.Rows[0].Shown, w.now)
		require.NoError(t, err)
		w.run("2026-11-04 09:10")
		require.Equal(t, []string{"2026-11-04 accepted"}, w.log(eastGroup))
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 1)
		w.sound()
	})
	t.Run("is approved after 放行, too", func(t *testing.T) {
		w, p := queue(t)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		_, _, err := w.db.BeginEpoch(w.ctx, operator, schedule.HeldByRestore, w.now)
		require.NoError(t, err)
		_, err = w.office.Reschedule(w.ctx, w.actor(clerkB), p.ID, w.at("2026-11-04 09:00"), w.now)
		require.NoError(t, err)
		_, err = w.office.Release(w.ctx, operator, p.ID, w.now)
		require.NoError(t, err)
		third := roster.Actor{Person: 99, Name: "书记", Role: roster.Leader, Unit: "永宁镇", Via: roster.ViaChat}
		require.NoError(t, w.office.ApprovePush(w.ctx, third, p.ID, w.now))
		w.run("2026-11-04 08:59")
		require.Zero(t, w.got(eastGroup))
		w.run("2026-11-04 09:10")
		require.Equal(t, []string{"2026-11-04 accepted"}, w.log(eastGroup))
		w.sound()
	})
	t.Run("voids an approval, and is approved by another than who queued or moved it", func(t *testing.T) {
		w, p := queue(t)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		v, err := w.office.Reschedule(w.ctx, w.actor(clerkB), p.ID, w.at("2026-11-04 09:00"), w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, v.State)
		for _, involved := range []int64{clerkA, clerkB} {
			require.ErrorIs(t, w.office.ApprovePush(w.ctx, w.actor(involved), p.ID, w.now), schedule.ErrDenied)
		}
		third := roster.Actor{Person: 99, Name: "书记", Role: roster.Leader, Unit: "永宁镇", Via: roster.ViaChat}
		require.NoError(t, w.office.ApprovePush(w.ctx, third, p.ID, w.now))
		w.run("2026-11-04 08:59")
		require.Zero(t, w.got(eastGroup), "not at its old hour")
		w.run("2026-11-04 09:05")
		require.Equal(t, []string{"2026-11-04 accepted"}, w.log(eastGroup))
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 1)
		w.run("2026-11-04 13:00")
		w.sound()
	})
	t.Run("of one that is harmless it goes at the new hour", func(t *testing.T) {
		w, _ := queue(t)
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i01", To: "家长群", At: w.at("2026-11-03 14:00")}, w.now)
		require.NoError(t, err)
		v, err := w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 11:00"), w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushReady, v.State)
		night, err := w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 23:00"), w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushWaiting, night.State, "at night it needs another person")
		_, err = w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 11:00"), w.now)
		require.NoError(t, err)
		w.run("2026-11-03 11:05")
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(parentGroup))
		_, err = w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 12:00"), w.now)
		require.ErrorIs(t, err, schedule.ErrState, "it has begun")
	})
	t.Run("not into the past, not by anybody", func(t *testing.T) {
		w, p := queue(t)
		_, err := w.office.Reschedule(w.ctx, w.actor(clerkA), p.ID, w.at("2026-11-03 09:59"), w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		_, err = w.office.Reschedule(w.ctx, w.actor(eastKeeper), p.ID, w.at("2026-11-04 09:00"), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
}
