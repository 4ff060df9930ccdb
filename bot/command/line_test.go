package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/schedule"
)

// line is an account that may come to see the groups that the bot carries, and
// takes back what it sent less than 2 minutes ago.
type line struct {
	account
	sees bool
	sent map[string]time.Time // by message id
	now  time.Time
}

func (l *line) Status() schedule.AccountStatus {
	st := l.account.Status()
	if l.sees {
		st.Sees = func(int64) bool { return true }
	}
	return st
}

func (l *line) Revoke(_ context.Context, r schedule.Recall) error {
	at, ok := l.sent[r.MessageID]
	if !ok || l.now.Sub(at) > 2*time.Minute {
		return schedule.ErrGone
	}
	delete(l.sent, r.MessageID)
	return nil
}

// carry sends everything that is due now to the groups.
func (w *town) carry() {
	ctx := w.t.Context()
	w.until(w.now)
	var done *schedule.Result
	for range 1000 {
		want := schedule.Claim{Session: "s", Bound: func(int64) bool { return true }, PerGroupDay: 99, PerAccountDay: 9999,
			Day: w.office.Calendar().Today(w.now)}
		try, err := w.db.Advance(ctx, done, &want, w.now)
		if try == nil {
			require.True(w.t, errors.Is(err, schedule.ErrNotFound), err)
			return
		}
		require.NoError(w.t, err)
		id := fmt.Sprintf("m%d", len(w.line.sent)+1)
		w.line.sent[id] = w.now
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, MessageID: id, Session: "s", At: w.now}
	}
	require.Fail(w.t, "sends for ever")
}

// enclose makes a picture, file or card of a text that names one: [图片],
// [文件 通知.pdf], [链接 标题 https://…].
func (w *town) enclose(in *bot.Incoming) {
	inner, ok := strings.CutPrefix(in.Text, "[")
	inner, end := strings.CutSuffix(inner, "]")
	words := strings.Fields(inner)
	if !ok || !end || len(words) == 0 {
		return
	}
	switch words[0] {
	case "图片":
		in.Kind, in.Text, in.Open = bot.Picture, "", opens(drawing(w.t, 8))
	case "文件":
		in.Kind, in.Text, in.Open = bot.File, words[1], opens([]byte("%PDF-1.7"))
	case "链接":
		in.Kind, in.Text = bot.Card, words[1]+"\n"+words[2]
	}
}

func opens(data []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return data, nil }
}

func drawing(t require.TestingT, size int) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, size, size))))
	return b.Bytes()
}
