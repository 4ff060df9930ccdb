package schedule_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// scrawl is a picture of rows of marks; another seed is another picture.
func scrawl(seed uint64, quality int) []byte {
	r := rand.New(rand.NewPCG(seed, 3))
	img := image.NewGray(image.Rect(0, 0, 480, 640))
	for i := range img.Pix {
		img.Pix[i] = 250
	}
	for y := 20; y < 620; y += 40 {
		for x := 20; x < 460; x += 8 + r.IntN(20) {
			for dy := range 24 {
				for dx := range 3 + r.IntN(4) {
					img.Pix[(y+dy)*480+min(x+dx, 479)] = byte(r.IntN(80))
				}
			}
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes()
}

// heardIn is what the shelf's item of that number says.
func heardIn(n int) string {
	return []string{"【刷单都是诈骗】\n叫你先垫钱再返利的，一律是骗子，不要点陌生链接，不要转账。",
		"【客服退款要当心】\n自称平台客服要给你退款，让你共享屏幕报验证码的，马上挂断电话。",
		"【冒充领导借钱】\n网上自称书记镇长加你好友，聊几句就借钱周转，先打他本人电话核实。"}[n]
}

// shelve puts text n, with a picture if seed is not 0, into the library and
// pushes it to the parents' group of the teacher, who has it to forward.
func (w *world) shelve(id string, n int, seed uint64, link string) content.Item {
	title, body, _ := bytes.Cut([]byte(heardIn(n)), []byte("】\n"))
	it := content.Item{ID: id, Title: string(bytes.TrimPrefix(title, []byte("【"))), Body: string(body), Link: link, Author: "7", State: content.Draft, CreatedAt: w.now}
	var blobs []content.Blob
	if seed != 0 {
		data := scrawl(seed, 90)
		sum := sha256.Sum256(data)
		blobs = []content.Blob{{Name: "p.jpg", SHA256: hex.EncodeToString(sum[:]), Data: data}}
		it.Attachments = []content.Attachment{{Kind: content.Picture, Name: "p.jpg", SHA256: blobs[0].SHA256, Size: int64(len(data)), MIME: "image/jpeg"}}
	}
	it = content.Edit(it, func(*content.Item) {})
	it, err := content.Approve(it, "8", w.now)
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.SaveItem(w.ctx, operator, it, blobs, w.now))
	return it
}

// handTo queues the item to groups and lets the window open; the account sees
// no group, so everything is handed to people.
func (w *world) handTo(item, to string) {
	v, err := w.office.QueuePush(w.ctx, roster.Operator("王办"), schedule.Request{Item: item, To: to}, w.now)
	require.NoError(w.t, err)
	if v.State == schedule.PushWaiting {
		require.NoError(w.t, w.office.ApprovePush(w.ctx, roster.Operator("李主任"), v.ID, w.now))
	}
	w.run(v.Closes.Add(time.Minute).In(w.cal.Zone()).Format("2006-01-02 15:04"))
}

func (w *world) seen(group int64, s schedule.Seen) schedule.Recognition {
	got, err := w.office.Observe(w.ctx, roster.Clock(), group, s, w.now)
	require.NoError(w.t, err)
	return got
}

// state of the only delivery of an item to a group.
func (w *world) state(group int64, item string) schedule.State {
	for _, d := range w.of(group) {
		if d.Item == item {
			return d.State
		}
	}
	require.Fail(w.t, "no delivery of "+item)
	return ""
}

func watchedWorld(t *testing.T) *world {
	return newWorld(t, "2026-11-02 10:00", func(w *world) {
		w.settings.Slots = nil
		for _, g := range []int64{eastGroup, westGroup, parentGroup, eastParty} {
			w.blind[g] = true
		}
	})
}

func TestObserve(t *testing.T) {
	t.Run("a forwarded text proves its delivery, by nobody's word", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 0, "")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.Equal(t, schedule.Handed, w.state(eastGroup, "a"))
		got := w.seen(eastGroup, schedule.Seen{Text: "各位乡亲看一下：" + heardIn(0) + "\n——永宁村委会宣"})
		require.NotZero(t, got.Delivery)
		d := w.deliveries(schedule.DeliveryFilter{IDs: []int64{got.Delivery}})[0]
		require.Equal(t, schedule.Observed, d.State)
		require.Zero(t, d.SaidBy)
		require.Equal(t, w.now.UTC(), d.SeenAt.UTC())
		h, err := w.db.Handoff(t.Context(), got.Handoff)
		require.NoError(t, err)
		require.Equal(t, schedule.HandoffDone, h.State)
		require.Zero(t, w.seen(eastGroup, schedule.Seen{Text: heardIn(0)}), "once")
		_, err = w.office.UndoForward(t.Context(), w.actor(eastKeeper), h.ID, w.now)
		require.ErrorIs(t, err, schedule.ErrState, "what was seen cannot be taken back")
		w.sound()
	})
	t.Run("only in the group that waits for it, and only from when it lay readable", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 0, "")
		before := w.now
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.Zero(t, w.seen(westGroup, schedule.Seen{Text: heardIn(0)}))
		require.Zero(t, w.seen(eastGroup, schedule.Seen{Text: heardIn(0), At: before.Add(-time.Minute)}))
		require.Equal(t, schedule.Handed, w.state(eastGroup, "a"))
	})
	t.Run("another item, or chatter, proves nothing", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 5, "")
		w.shelve("b", 1, 6, "")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		for _, s := range []schedule.Seen{{Text: heardIn(1)}, {Text: heardIn(2)}, {Text: "收到，谢谢"}, {}, {Picture: scrawl(6, 60)}, {Picture: scrawl(7, 60)}, {Picture: []byte("GIF89a")}} {
			require.Zero(t, w.seen(eastGroup, s))
		}
		require.Equal(t, schedule.Handed, w.state(eastGroup, "a"))
	})
	t.Run("a picture compressed again proves it", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 5, "")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.NotZero(t, w.seen(eastGroup, schedule.Seen{Picture: scrawl(5, 40)}).Delivery)
		require.Equal(t, schedule.Observed, w.state(eastGroup, "a"))
	})
	t.Run("two items that look alike prove nothing", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 5, "")
		w.shelve("twin", 0, 5, "")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.Zero(t, w.seen(eastGroup, schedule.Seen{Picture: scrawl(5, 40)}))
		require.Zero(t, w.seen(eastGroup, schedule.Seen{Text: heardIn(0)}))
	})
	t.Run("a link or card with what sharing adds proves it", func(t *testing.T) {
		w := watchedWorld(t)
		w.settings.Allow.Hosts = []string{"mp.weixin.qq.com"}
		w.restart()
		w.shelve("a", 0, 0, "https://mp.weixin.qq.com/s?__biz=Mz&mid=1&idx=1&sn=ab")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.Zero(t, w.seen(eastGroup, schedule.Seen{Text: "看看\nhttps://mp.weixin.qq.com/s?__biz=Mz&mid=2&idx=1&sn=cd"}))
		require.NotZero(t, w.seen(eastGroup, schedule.Seen{Text: "看看\nhttp://mp.weixin.qq.com/s?__biz=Mz&amp;mid=1&amp;idx=1&amp;sn=ab&chksm=9&scene=21#rd"}).Delivery)
	})
	t.Run("a duty that asks for words and picture waits for both", func(t *testing.T) {
		w := watchedWorld(t)
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week, "text", "picture"), 2026, nil)
		w.shelve("a", 0, 5, "")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		require.True(t, w.seen(eastGroup, schedule.Seen{Text: heardIn(0)}).Part)
		require.Equal(t, schedule.Handed, w.state(eastGroup, "a"))
		require.False(t, w.seen(eastGroup, schedule.Seen{Picture: scrawl(5, 60)}).Part)
		require.Equal(t, schedule.Observed, w.state(eastGroup, "a"))
		w.sound()
	})
	t.Run("five pictures of a group are looked at on a day", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 5, "")
		may := func(g int64) bool {
			ok, err := w.office.MayLook(t.Context(), roster.Clock(), g, w.now)
			require.NoError(t, err)
			return ok
		}
		require.False(t, may(eastGroup), "nothing is open")
		w.handTo("a", fmt.Sprint("group:", eastGroup))
		for range 5 {
			require.True(t, may(eastGroup))
		}
		w.restart()
		require.False(t, may(eastGroup))
		w.now = w.now.Add(24 * time.Hour)
		require.True(t, may(eastGroup), "another day")
	})
	t.Run("below a hop that has not spoken it proves the whole chain", func(t *testing.T) {
		w := watchedWorld(t)
		w.adoptPlan(relayPlan("便民群", 2), 2026, nil)
		w.shelve("a", 0, 0, "")
		v, err := w.office.QueuePush(w.ctx, operator, schedule.Request{Item: "a", To: fmt.Sprint("group:", westGroup)}, w.now)
		require.NoError(t, err)
		require.Equal(t, schedule.PushReady, v.State)
		w.run("2026-11-02 11:00") // carried by hand: handed at once
		require.Len(t, w.handoffs(townHead, schedule.HandoffOpen), 1)
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffWaiting), 1)
		require.NotZero(t, w.seen(westGroup, schedule.Seen{Text: heardIn(0)}).Delivery)
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffDone), 1)
		require.Len(t, w.handoffs(townHead, schedule.HandoffDone), 1)
		told := len(w.told(townHead, ""))
		w.run("2026-11-04 12:00")
		require.Len(t, w.told(townHead, ""), told, "nobody is reminded of it")
		require.Equal(t, []string{"2026-W45 met"}, w.standings(westGroup, "relay"))
		w.sound()
	})
	t.Run("nobody but the clock observes", func(t *testing.T) {
		w := watchedWorld(t)
		for _, a := range []roster.Actor{operator, w.actor(clerkA), w.actor(eastKeeper)} {
			_, err := w.office.Observe(t.Context(), a, eastGroup, schedule.Seen{Text: heardIn(0)}, w.now)
			require.ErrorIs(t, err, schedule.ErrDenied)
			_, err = w.office.MayLook(t.Context(), a, eastGroup, w.now)
			require.ErrorIs(t, err, schedule.ErrDenied)
		}
	})
	t.Run("of two groups the other still waits, and the word counts both", func(t *testing.T) {
		w := watchedWorld(t)
		w.shelve("a", 0, 0, "")
		w.handTo("a", "unit:东村")
		hs := w.handoffs(eastKeeper, schedule.HandoffOpen)
		require.Len(t, hs, 1)
		require.Equal(t, 2, hs[0].All)
		ds := w.deliveries(schedule.DeliveryFilter{Handoff: hs[0].ID})
		got := w.seen(ds[1].Group, schedule.Seen{Text: heardIn(0)})
		require.NotZero(t, got.Delivery)
		h, err := w.db.Handoff(t.Context(), hs[0].ID)
		require.NoError(t, err)
		require.Equal(t, schedule.HandoffPart, h.State)
		ans := w.forwarded(eastKeeper, schedule.Word{Handoff: h.ID, Done: 1, All: len(ds)})
		require.Equal(t, min(2, len(ds)), ans.Handoff.Done)
		w.sound()
	})
}
