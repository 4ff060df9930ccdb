package wechat

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
)

func TestFetch(t *testing.T) {
	r := start(t, 1)
	r.serve()
	hear := func(w loopback.Words) bot.Message {
		_, err := r.server.Say(w)
		require.NoError(t, err)
		return r.next()
	}
	t.Run("a picture", func(t *testing.T) {
		data := picture(t, 5<<20)
		m := hear(loopback.Words{From: "p1", Image: data})
		require.Equal(t, bot.Picture, m.Kind)
		require.Empty(t, m.Text)
		got, err := r.w.Fetch(t.Context(), m.Session, m.ID)
		require.NoError(t, err)
		require.Equal(t, data, got)
	})
	t.Run("a picture in a room", func(t *testing.T) {
		data := picture(t, 300)
		m := hear(loopback.Words{From: "p1", To: "g1", Image: data})
		require.Equal(t, r.handle("g1"), m.Room)
		got, err := r.w.Fetch(t.Context(), m.Session, m.ID)
		require.NoError(t, err)
		require.Equal(t, data, got)
	})
	t.Run("a file with its name", func(t *testing.T) {
		m := hear(loopback.Words{From: "p1", File: []byte("%PDF-1.7 x"), Name: "通知&附件.pdf"})
		require.Equal(t, bot.File, m.Kind)
		require.Equal(t, "通知&附件.pdf", m.Text)
		got, err := r.w.Fetch(t.Context(), m.Session, m.ID)
		require.NoError(t, err)
		require.Equal(t, "%PDF-1.7 x", string(got))
	})
	t.Run("a card is title and address", func(t *testing.T) {
		m := hear(loopback.Words{From: "p1", Title: "警方提醒 <1>", URL: "https://mp.weixin.qq.com/s?a=1&b=2"})
		require.Equal(t, bot.Card, m.Kind)
		require.Equal(t, "警方提醒 <1>\nhttps://mp.weixin.qq.com/s?a=1&b=2", m.Text)
	})
	t.Run("what is not there", func(t *testing.T) {
		_, err := r.w.Fetch(t.Context(), r.session.ID, "1")
		require.ErrorIs(t, err, bot.ErrGone)
		m := hear(loopback.Words{From: "p1", Image: picture(t, 300)})
		_, err = r.w.Fetch(t.Context(), "another session", m.ID)
		require.ErrorIs(t, err, bot.ErrGone)
	})
	t.Run("what is too big", func(t *testing.T) {
		m := hear(loopback.Words{From: "p1", Image: picture(t, maxPicture+1)})
		_, err := r.w.Fetch(t.Context(), m.Session, m.ID)
		require.ErrorIs(t, err, errTooBig)
	})
	t.Run("files are remembered only so far", func(t *testing.T) {
		first := hear(loopback.Words{From: "p1", File: []byte("%PDF-1"), Name: "a.pdf"})
		for range keptFiles {
			hear(loopback.Words{From: "p1", File: []byte("%PDF-2"), Name: "b.pdf"})
		}
		_, ok := r.w.lineOf(r.session.ID).files.of(first.ID)
		require.False(t, ok)
		require.Len(t, r.w.lineOf(r.session.ID).files.byID, keptFiles)
	})
}

func TestFetchEmptyAnswer(t *testing.T) {
	r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
		return strings.HasSuffix(q.URL.Path, "/webwxgetmsgimg") // an empty 200
	})
	r.serve()
	_, err := r.w.Fetch(t.Context(), r.session.ID, "5")
	require.ErrorIs(t, err, errMalformed)
}

func TestRevoke(t *testing.T) {
	var later atomic.Int64
	r := startTown(t, town(2), loopback.Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	r.serve()
	sent, err := r.sendText("g1")
	require.NoError(t, err)
	recall := bot.Recall{Session: r.session.ID, To: r.handle("g1"), ClientID: "17641000000000001", MessageID: sent.MessageID}

	other := recall
	other.To = r.handle("g2")
	require.ErrorIs(t, r.w.Revoke(t.Context(), other), bot.ErrGone)
	other = recall
	other.Session = "another"
	require.ErrorIs(t, r.w.Revoke(t.Context(), other), bot.ErrGone)
	require.False(t, r.server.Receipts()[0].Revoked)

	require.NoError(t, r.w.Revoke(t.Context(), recall))
	require.True(t, r.server.Receipts()[0].Revoked)
	require.ErrorIs(t, r.w.Revoke(t.Context(), recall), bot.ErrGone)

	late, err := r.sendText("g1")
	require.NoError(t, err)
	later.Store(int64(3 * time.Minute))
	recall.MessageID = late.MessageID
	require.ErrorIs(t, r.w.Revoke(t.Context(), recall), bot.ErrGone)
}

func TestRevokeWithoutAnswer(t *testing.T) {
	r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, "/webwxrevokemsg") {
			return false
		}
		_, _ = io.WriteString(w, "{}")
		return true
	})
	r.serve()
	err := r.w.Revoke(t.Context(), bot.Recall{Session: r.session.ID, To: "@@1", MessageID: "5"})
	require.Error(t, err)
	require.NotErrorIs(t, err, bot.ErrGone)
}
