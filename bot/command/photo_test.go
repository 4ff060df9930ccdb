package command_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func snapshot(t testing.TB) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 60, 80)), nil))
	return b.Bytes()
}

// photo is a picture that a person sends in private; fetched counts how often
// it was asked for.
func (w *town) photo(person int64, data []byte, fetched *int) bot.Incoming {
	in := w.private(person, "")
	in.Kind = bot.Picture
	in.Open = func(context.Context) ([]byte, error) {
		*fetched++
		if data == nil {
			return nil, errors.New("gone")
		}
		return data, nil
	}
	return in
}

func (w *town) sends(in bot.Incoming) command.Reply {
	w.t.Helper()
	r, err := w.talk.Answer(w.t.Context(), in, w.now)
	require.NoError(w.t, err)
	return r
}

func at(w *town, day, hour, minute int) time.Time {
	return time.Date(2026, time.June, day, hour, minute, 0, 0, w.office.Calendar().Zone())
}

// pictures of a handoff as the office sees them.
func (w *town) pictures(id int64) (schedule.HandoffState, int) {
	hs, err := w.office.Handoffs(w.t.Context(), roster.Operator(""), schedule.HandoffFilter{})
	require.NoError(w.t, err)
	for _, h := range hs {
		if h.ID == id {
			return h.State, h.Pictures
		}
	}
	require.Fail(w.t, "no such handoff")
	return "", 0
}

func TestPhoto(t *testing.T) {
	t.Run("none fits: it is said, and it is not even fetched", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		r := w.sends(w.photo(wang, snapshot(t), &n))
		require.Equal(t, "这张图没有存：您现在没有待转发的，也没有要交的。\n看手上的请回：任务", r.Text)
		require.Zero(t, n)
	})
	t.Run("one fits: it is the person's word, with a picture", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 2, 9, 10))
		r := w.sends(w.photo(wang, snapshot(t), &n))
		require.Equal(t, "#11 已记：2 个群都转了，有图\n不是这一份请回：撤销 11", r.Text)
		state, pictures := w.pictures(11)
		require.Equal(t, schedule.HandoffDone, state)
		require.Equal(t, 1, pictures)
		require.Contains(t, w.say(w.private(wang, "撤销 11")).Text, "已改回待转发")
	})
	t.Run("two fit: asked which, over a restart, and answered by the number", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 5, 9, 30))
		r := w.sends(w.photo(wang, snapshot(t), &n))
		require.Equal(t, "2 份都对得上，这张图是哪一份的？\n#11 刷单返利是诈骗\n#19 客服退款要当心\n请回编号，如：11", r.Text)
		w.talk = command.New(w.office, command.DefaultSettings())
		require.NotContains(t, w.say(w.private(li, "19")).Text, "有图", "another person's word is none")
		require.Contains(t, w.say(w.private(wang, "99")).Text, "您手上没有 #99")
		require.Equal(t, "#19 已记：2 个群都转了，有图\n不是这一份请回：撤销 19", w.say(w.private(wang, "１９")).Text)
		_, pictures := w.pictures(19)
		require.Equal(t, 1, pictures)
		state, pictures := w.pictures(11)
		require.Equal(t, schedule.HandoffOpen, state)
		require.Zero(t, pictures)
		require.NotContains(t, w.say(w.private(wang, "11")).Text, "有图", "the question is answered")
	})
	t.Run("one comes after the word: it is asked, and takes no other handoff for forwarded", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 5, 9, 30))
		require.Contains(t, w.say(w.private(wang, "已转 11")).Text, "#11 已记")
		r := w.sends(w.photo(wang, snapshot(t), &n))
		require.Equal(t, "2 份都对得上，这张图是哪一份的？\n#19 客服退款要当心\n#11 刷单返利是诈骗\n请回编号，如：19", r.Text)
		require.Equal(t, "#11 有图了：刷单返利是诈骗\n转了几个群照您说过的记。\n看手上的请回：任务", w.say(w.private(wang, "11")).Text)
		state, pictures := w.pictures(19)
		require.Equal(t, schedule.HandoffOpen, state)
		require.Zero(t, pictures)
	})
	t.Run("of a part said it is no word for the rest", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 2, 9, 10))
		require.Contains(t, w.say(w.private(wang, "已转 11 1/2")).Text, "还差 1 个")
		require.Contains(t, w.sends(w.photo(wang, snapshot(t), &n)).Text, "#11 有图了")
		state, pictures := w.pictures(11)
		require.Equal(t, schedule.HandoffPart, state)
		require.Equal(t, 1, pictures)
	})
	t.Run("what the office cancelled is nobody's to forward", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 2, 9, 10))
		require.Contains(t, w.say(w.private(wang, "任务")).Text, "#11")
		hs, err := w.office.Handoffs(t.Context(), roster.Operator(""), schedule.HandoffFilter{Person: wang})
		require.NoError(t, err)
		require.NoError(t, w.office.CancelPush(t.Context(), roster.Operator(""), hs[0].Push, w.now))
		require.Contains(t, w.say(w.private(wang, "任务")).Text, "现在没有待转发的内容")
		require.Contains(t, w.sends(w.photo(wang, snapshot(t), &n)).Text, "没有存")
		require.Contains(t, w.say(w.private(wang, "已转 11")).Text, "#11 已记", "who had forwarded it before may say so")
	})
	t.Run("a question expires, and the photo with it", func(t *testing.T) {
		w, n := newTown(t), 0
		w.until(at(w, 5, 9, 30))
		w.sends(w.photo(wang, snapshot(t), &n))
		w.until(at(w, 5, 9, 41))
		require.NotContains(t, w.say(w.private(wang, "19")).Text, "有图")
		require.Error(t, w.db.ForgetPhotos(canceled(t), wang, w.now))
		_, err := w.db.KeptPhoto(t.Context(), wang, at(w, 5, 9, 30))
		require.ErrorIs(t, err, schedule.ErrNotFound, "it is gone from the disk")
	})
	t.Run("strangers and leaders get silence, and nothing is fetched", func(t *testing.T) {
		w, n := newTown(t), 0
		w.until(at(w, 2, 9, 10))
		for _, person := range []int64{0, 77, lin} {
			require.Empty(t, w.sends(w.photo(person, snapshot(t), &n)).Text)
		}
		in := w.photo(wang, snapshot(t), &n)
		in.Private, in.Group, in.Bound = false, residents, true
		require.Empty(t, w.sends(in).Text, "in a group")
		require.Zero(t, n)
	})
	t.Run("one from the office before it is bound is neither a word nor filed", func(t *testing.T) {
		w, n := newTown(t), 0
		v, err := w.office.QueuePush(t.Context(), roster.Operator(""), schedule.Request{Item: "shua-dan", To: "kind:工作群"}, w.now)
		require.NoError(t, err)
		w.until(v.Closes.Add(time.Minute)) // 陈明 keeps the group, and has it to forward
		require.Contains(t, w.say(w.private(chen, "任务")).Text, "1 份待转发")
		in := w.photo(chen, snapshot(t), &n)
		in.Proven = false
		require.Contains(t, w.sends(in).Text, "绑定码")
		in = w.photo(chen, snapshot(t), &n)
		in.Proven = false
		require.Empty(t, w.sends(in).Text, "told once")
		require.Zero(t, n)
		require.Contains(t, w.say(w.private(chen, "任务")).Text, "1 份待转发")
	})
	t.Run("the same message twice is one", func(t *testing.T) {
		w, n := newTown(t), 0
		w.handIn(1)
		w.until(at(w, 2, 9, 10))
		in := w.photo(wang, snapshot(t), &n)
		require.NotEmpty(t, w.sends(in).Text)
		require.Empty(t, w.sends(in).Text)
	})
	t.Run("what cannot be opened is not filed", func(t *testing.T) {
		w, n := newTown(t), 0
		w.until(at(w, 2, 9, 10))
		require.Contains(t, w.sends(w.photo(wang, []byte("GIF89a"), &n)).Text, "打不开")
		_, err := w.talk.Answer(t.Context(), w.photo(wang, nil, &n), w.now)
		require.Error(t, err, "the service has it no more: told to try again, and logged")
		state, pictures := w.pictures(11)
		require.Equal(t, schedule.HandoffOpen, state)
		require.Zero(t, pictures)
	})
	t.Run("a task is for the office to tick off", func(t *testing.T) {
		w, n := newTown(t), 0
		r := w.sends(w.photo(wang, snapshot(t), &n))
		require.Equal(t, "#1 有图了：方案11 每月开一次汇报会或协调会\n交没交由办公室记。\n看手上的请回：任务", r.Text)
		shas, err := w.db.Photos(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, shas, 1)
		w.until(at(w, 2, 9, 10))
		r = w.sends(w.photo(wang, snapshot(t), &n))
		require.Contains(t, r.Text, "2 份都对得上", "a handoff and a task")
		require.Contains(t, w.say(w.private(wang, "1")).Text, "#1 有图了")
		require.ErrorIs(t, w.db.UnfinishTask(t.Context(), roster.Operator(""), 1, w.now), schedule.ErrStale, "a photo hands nothing in")
	})
}

// handIn ticks off the task that would fit every photo of the month.
func (w *town) handIn(task int64) {
	_, err := w.office.Confirm(w.t.Context(), roster.Operator(""), task, 0, 0, w.now)
	require.NoError(w.t, err)
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
