package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
)

func TestSend(t *testing.T) {
	r := start(t, 2)
	r.serve()
	t.Run("text and link", func(t *testing.T) {
		rc, err := r.send("g1", text("第一行 <b>&\n第二行"), nil)
		require.NoError(t, err)
		require.Equal(t, r.session.ID, rc.Session)
		_, err = r.send("p1", content.Part{Kind: content.Link, Text: "标题\nhttps://mp.weixin.qq.com/s/x"}, nil)
		require.NoError(t, err)
		got := r.server.Receipts()
		require.Equal(t, "g1", got[0].To)
		require.Equal(t, "第一行 <b>&\n第二行", got[0].Text)
		require.Equal(t, rc.MessageID, got[0].MsgID)
		require.Equal(t, "17641000000000001", got[0].ClientMsgID)
		require.Equal(t, "p1", got[1].To)
	})
	big := picture(t, 3*512<<10+17)
	for _, c := range []struct {
		kind content.Media
		name string
		data []byte
		as   string
		seen string
	}{
		{content.Picture, "/office/海报.png", picture(t, 300), loopback.KindImage, "picture.png"},
		{content.Picture, "海报.png", big, loopback.KindImage, "picture.png"},
		{content.Video, "反诈.mp4", []byte("no video, but the service does not look"), loopback.KindVideo, "video.mp4"},
		{content.File, `C:\office\名单.docx`, []byte("some document"), loopback.KindFile, "名单.docx"},
	} {
		t.Run(fmt.Sprintf("%s of %d bytes", c.kind, len(c.data)), func(t *testing.T) {
			p := part(c.kind, c.name, c.data)
			_, err := r.send("g2", p, c.data)
			require.NoError(t, err)
			all := r.server.Receipts()
			got := all[len(all)-1]
			require.Equal(t, "g2", got.To)
			require.Equal(t, c.as, got.Kind)
			require.Equal(t, p.SHA256, got.MediaSHA256)
			require.Equal(t, c.seen, got.MediaName)
		})
	}
}

func TestUploads(t *testing.T) {
	t.Run("once for 500 groups", func(t *testing.T) {
		r := start(t, 500)
		r.serve()
		data := picture(t, 2000)
		for i := range 500 {
			_, err := r.send(fmt.Sprintf("g%d", i+1), part(content.Picture, "a.png", data), data)
			require.NoError(t, err)
		}
		st := r.server.Stats()
		require.EqualValues(t, 1, st.Uploads)
		require.EqualValues(t, 500, st.Receipts)
	})
	t.Run("again after the time to live and in a new session", func(t *testing.T) {
		r := start(t, 1)
		now := time.Date(2026, 6, 1, 1, 0, 0, 0, time.UTC)
		r.w.now = func() time.Time { return now }
		data := picture(t, 300)
		p := part(content.Picture, "a.png", data)
		r.serve()
		for _, want := range []int64{1, 1, 2} {
			_, err := r.send("g1", p, data)
			require.NoError(t, err)
			require.Equal(t, want, r.server.Stats().Uploads)
			if want = r.server.Stats().Receipts; want == 2 {
				r.stop()
				now = now.Add(mediaTTL)
				r.serve()
			}
		}
	})
	for _, f := range []struct {
		action string
		next   schedule.NextAction
	}{
		{"media_empty", bot.RetryLater}, {"ret:1", bot.RetryLater}, {"502", bot.RetryLater}, {"cut", bot.RetryLater},
		{"{}", bot.RetryLater}, {"empty", bot.RetryLater}, {"lose_reply", bot.RetryLater},
		{"ret:1205", bot.StopAccount}, {"ret:1101", bot.AwaitSession}, {"ret:1203", bot.AwaitPerson},
	} {
		t.Run("failing with "+f.action+" sends nothing", func(t *testing.T) {
			r := start(t, 1)
			r.serve()
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxuploadmedia", Action: f.action}}))
			data := picture(t, 300)
			_, err := r.send("g1", part(content.Picture, "a.png", data), data)
			require.Equal(t, f.next, nextOf(t, err))
			require.Zero(t, r.server.Stats().Attempts)
		})
	}
	t.Run("a refused picture is uploaded anew at the next try", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxsendmsgimg", Action: "ret:1"}}))
		data := picture(t, 300)
		_, err := r.send("g1", part(content.Picture, "a.png", data), data)
		require.Equal(t, bot.AskSomebody, nextOf(t, err))
		_, err = r.send("g1", part(content.Picture, "a.png", data), data)
		require.NoError(t, err)
		require.EqualValues(t, 2, r.server.Stats().Uploads)
	})
}

func TestSendFaults(t *testing.T) {
	for _, f := range []struct {
		action   string
		next     schedule.NextAction
		received int
	}{
		{"lose_reply", bot.AskSomebody, 1}, // H1: one POST, not five
		{"truncate", bot.AskSomebody, 1},
		{"502_processed", bot.AskSomebody, 1},
		{"{}_processed", bot.AskSomebody, 1}, // H2
		{"cut", bot.AskSomebody, 0},
		{"hang", bot.AskSomebody, 0},
		{"502", bot.AskSomebody, 0},
		{"html", bot.AskSomebody, 0},
		{"empty", bot.AskSomebody, 0},
		{"{}", bot.AskSomebody, 0}, // H2
		{"ret:-1", bot.AskSomebody, 0},
		{"ret:1", bot.AskSomebody, 0},
		{"ret:1205", bot.StopAccount, 0},
		{"ret:1100", bot.AwaitSession, 0},
		{"ret:1101", bot.AwaitSession, 0},
		{"ret:1102", bot.AwaitSession, 0},
		{"ret:1203", bot.AwaitPerson, 0},
	} {
		t.Run(f.action, func(t *testing.T) {
			r := start(t, 1)
			r.w.opts.SendTimeout = 300 * time.Millisecond
			r.serve()
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "send", Action: f.action, Count: -1}}))
			_, err := r.sendText("g1")
			require.Equal(t, f.next, nextOf(t, err))
			require.EqualValues(t, 1, r.server.Stats().Attempts)
			require.Len(t, r.server.Receipts(), f.received)
			require.NotContains(t, err.Error(), "://")
			require.NotContains(t, err.Error(), "crypt")
			if f.next != bot.AwaitSession && f.next != bot.AwaitPerson {
				return
			}
			over := map[schedule.NextAction]error{bot.AwaitSession: bot.ErrSessionOver, bot.AwaitPerson: bot.ErrBarred}
			if f.action == "ret:1102" { // so soon after the login
				over[f.next] = bot.ErrBarred
			}
			require.ErrorIs(t, r.ended(), over[f.next])
			_, err = r.sendText("g1")
			require.Equal(t, bot.AwaitSession, nextOf(t, err))
			require.EqualValues(t, 1, r.server.Stats().Attempts)
		})
	}
	for status, next := range map[int]schedule.NextAction{
		301: bot.AwaitSession, 401: bot.AwaitSession, 403: bot.AwaitSession, 413: bot.AwaitSession,
		404: bot.AskSomebody, 429: bot.AskSomebody, 500: bot.AskSomebody, 204: bot.AskSomebody,
	} {
		t.Run(fmt.Sprint("status ", status), func(t *testing.T) {
			r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
				if strings.HasSuffix(q.URL.Path, "/webwxsendmsg") {
					w.WriteHeader(status)
				}
				return strings.HasSuffix(q.URL.Path, "/webwxsendmsg")
			})
			r.serve()
			_, err := r.sendText("g1")
			require.Equal(t, next, nextOf(t, err))
		})
	}
	t.Run("a success behind a 500 is no success", func(t *testing.T) {
		require.Equal(t, bot.AskSomebody, verdict(500, nil).Next)
		require.Equal(t, bot.AskSomebody, verdict(500, openwechat.Ret(1205)).Next)
		require.Nil(t, verdict(200, nil))
	})
	t.Run("nobody listening is retried", func(t *testing.T) {
		r := start(t, 1)
		r.fakeTime(1000)
		r.serve()
		e := r.envelope("g1", text("x"), nil)
		require.NoError(t, r.server.Close())
		r.w.lineOf(e.Session).client.HTTPClient().CloseIdleConnections()
		require.Eventually(t, func() bool {
			_, err := r.w.Send(context.Background(), e)
			return nextOf(t, err) == bot.RetryLater
		}, patience, time.Millisecond)
	})
	t.Run("500 sends of which the service refuses 400", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "send", Action: "ret:1205", Nth: 101, Count: -1}}))
		sent := 0
		for range 500 {
			if _, err := r.sendText("g1"); err == nil {
				sent++
			} else {
				require.Equal(t, bot.StopAccount, nextOf(t, err))
			}
		}
		require.Equal(t, 100, sent)
		require.Len(t, r.server.Receipts(), 100)
	})
}

func TestSendRefuses(t *testing.T) {
	r := start(t, 1)
	r.serve()
	data := picture(t, 300)
	good := part(content.Picture, "a.png", data)
	wrong := func(change func(*bot.Envelope)) bot.Envelope {
		e := r.envelope("g1", good, data)
		change(&e)
		return e
	}
	for name, c := range map[string]struct {
		e    bot.Envelope
		next schedule.NextAction
	}{
		"another session":  {wrong(func(e *bot.Envelope) { e.Session = "0123456789abcdef" }), bot.AwaitSession},
		"no session":       {wrong(func(e *bot.Envelope) { e.Session = "" }), bot.AwaitSession},
		"no handle":        {wrong(func(e *bot.Envelope) { e.To = "" }), bot.HoldGroup},
		"our own group id": {wrong(func(e *bot.Envelope) { e.To = "17" }), bot.HoldGroup},
		"no message id":    {wrong(func(e *bot.Envelope) { e.ClientID = "" }), bot.GiveUp},
		"no text":          {wrong(func(e *bot.Envelope) { e.Part = text("") }), bot.GiveUp},
		"unknown kind":     {wrong(func(e *bot.Envelope) { e.Part.Kind = "voice" }), bot.GiveUp},
		"no bytes":         {wrong(func(e *bot.Envelope) { e.Open = nil }), bot.GiveUp},
		"missing file":     {wrong(func(e *bot.Envelope) { e.Open = func() ([]byte, error) { return nil, io.ErrUnexpectedEOF } }), bot.GiveUp},
		"changed file":     {wrong(func(e *bot.Envelope) { e.Open = func() ([]byte, error) { return data[1:], nil } }), bot.GiveUp},
		"wrong size":       {wrong(func(e *bot.Envelope) { e.Part.Size++ }), bot.GiveUp},
		"not a picture":    {wrong(func(e *bot.Envelope) { e.Part, e.Open = part(content.Picture, "a.exe", []byte("MZ")), bytesOf("MZ") }), bot.GiveUp},
		"too big a picture": {wrong(func(e *bot.Envelope) {
			b := picture(t, 10<<20+1)
			e.Part, e.Open = part(content.Picture, "a.png", b), bytesOf(string(b))
		}), bot.GiveUp},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.w.Send(context.Background(), c.e)
			require.Equal(t, c.next, nextOf(t, err))
		})
	}
	require.Zero(t, r.server.Stats().Attempts)
	require.Zero(t, r.server.Stats().Uploads)
	t.Run("a handle of the session before", func(t *testing.T) {
		old := r.envelope("g1", text("x"), nil)
		r.stop()
		r.server.Kill(1101)
		r.serve()
		_, err := r.w.Send(context.Background(), old)
		require.Equal(t, bot.AwaitSession, nextOf(t, err))
		require.Zero(t, r.server.Stats().Attempts)
	})
	t.Run("a context that is over", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := r.w.Send(ctx, r.envelope("g1", text("x"), nil))
		require.Equal(t, bot.RetryLater, nextOf(t, err))
		require.True(t, errors.Is(err, context.Canceled))
		require.Empty(t, r.server.Receipts())
	})
}

func bytesOf(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}
