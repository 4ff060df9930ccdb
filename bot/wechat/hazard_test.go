package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
)

// H9: the session's file is replaced, never written over: whoever had it open,
// and a crash at any moment, has the old one whole.
func TestKeptFileIsReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file is not replaced there")
	}
	r := start(t, 1)
	r.serve()
	old, err := os.Open(r.w.kept.path())
	require.NoError(t, err)
	defer old.Close()
	before, err := io.ReadAll(old)
	require.NoError(t, err)
	r.say("p1", "", "在吗")
	r.w.Done(r.next())
	r.stop()
	now, err := os.ReadFile(r.w.kept.path())
	require.NoError(t, err)
	require.NotEqual(t, string(before), string(now), "it was saved since")
	_, err = old.Seek(0, io.SeekStart)
	require.NoError(t, err)
	again, err := io.ReadAll(old)
	require.NoError(t, err)
	require.Equal(t, string(before), string(again))
}

// H13, and "no lock anywhere" of protocol §1.5: many senders while sessions end
// under them. Each send has one outcome, and the service has every accepted one.
func TestSendersOutliveSessions(t *testing.T) {
	r := start(t, 4)
	accepted := 0
	var mu sync.Mutex
	for range 3 {
		r.serve()
		handles := []string{r.handle("g1"), r.handle("g2"), r.handle("g3"), r.handle("g4")}
		session, began := r.session.ID, make(chan struct{})
		var senders sync.WaitGroup
		var once sync.Once
		for i := range 8 {
			senders.Go(func() {
				for n := range 40 {
					_, err := r.w.Send(context.Background(), bot.Envelope{Session: session, To: handles[i%4], ClientID: fmt.Sprintf("176410000%02d%06d", i, n), Part: text("x")})
					if err == nil {
						mu.Lock()
						accepted++
						mu.Unlock()
						continue
					}
					var refused *bot.SendError
					if !bareSendError(err, &refused) {
						panic(err)
					}
					once.Do(func() { close(began) })
				}
			})
		}
		r.say("p1", "", "在吗")
		r.server.Kill(1101)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
		senders.Wait()
		<-began
	}
	require.Len(t, r.server.Receipts(), accepted)
}

func bareSendError(err error, to **bot.SendError) bool {
	se, ok := err.(*bot.SendError) //nolint:errorlint // Send promises the bare type
	*to = se
	return ok
}

// Protocol §1.5: openwechat's jar is an unguarded map, written at the first
// cookie of a host: all three hosts are in it before a second goroutine is.
func TestJarKnowsItsHosts(t *testing.T) {
	r := start(t, 1)
	r.serve()
	data, err := json.Marshal(r.w.line.client.Jar())
	require.NoError(t, err)
	for _, host := range []string{"https://wx2.qq.com", "https://file.wx2.qq.com", "https://webpush.wx2.qq.com"} {
		require.Contains(t, string(data), `"`+host+`"`)
	}
}

// Protocol §1.5: a reader that is slow, or gone, stops neither a send nor the
// end of the session.
func TestSlowReader(t *testing.T) {
	r := start(t, 1)
	r.serve()
	for i := range inboxSize + 20 {
		r.say("p1", "", fmt.Sprint(i))
	}
	require.Eventually(t, func() bool { return len(r.w.inbox) == inboxSize }, patience, time.Millisecond)
	_, err := r.sendText("g1")
	require.NoError(t, err)
	before := time.Now()
	r.stop()
	require.Less(t, time.Since(before), patience)
}

// Protocol §1.5 and trap T15: the same bytes sent again are the same file, also
// when they are uploaded again.
func TestSameFileTwice(t *testing.T) {
	r := start(t, 2)
	r.w.opts.MediaTTL = time.Nanosecond
	r.serve()
	data := picture(t, 2000)
	p := part(content.Picture, "a.png", data)
	for _, g := range []string{"g1", "g2", "g1"} {
		_, err := r.send(g, p, data)
		require.NoError(t, err)
	}
	require.EqualValues(t, 3, r.server.Stats().Uploads)
	for _, got := range r.server.Receipts() {
		require.Equal(t, p.SHA256, got.MediaSHA256)
	}
}

// Protocol §1.7: an upload whose ticket the session has lost ends the session
// before anything is asked of the service; a text goes on.
func TestTicketLost(t *testing.T) {
	var r *rig
	r = startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, "/webwxnewloginpage") {
			return false
		}
		rec := httptest.NewRecorder()
		r.server.ServeHTTP(rec, q)
		for _, c := range rec.Header()["Set-Cookie"] {
			if !strings.HasPrefix(c, "webwx_data_ticket") {
				w.Header().Add("Set-Cookie", c)
			}
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
		return true
	})
	r.serve()
	data := picture(t, 300)
	_, err := r.send("g1", part(content.Picture, "a.png", data), data)
	require.Equal(t, bot.AwaitSession, nextOf(t, err))
	require.Zero(t, r.server.Stats().Uploads)
	require.Zero(t, r.server.Stats().Attempts)
	require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
}

// H15: a room that is not in the address book, or that a later login does not
// list, was not left: only the service's word removes it.
func TestUnlistedIsNotRemoved(t *testing.T) {
	var hide atomic.Bool
	city := town(2)
	r := startTownBehind(t, city, func(w http.ResponseWriter, q *http.Request) bool {
		if hide.Load() && (strings.HasSuffix(q.URL.Path, contactsPath) || strings.HasSuffix(q.URL.Path, "/webwxbatchgetcontact")) {
			_, _ = io.WriteString(w, `{"BaseResponse":{"Ret":0},"MemberCount":0,"MemberList":[],"ContactList":[],"Seq":0}`)
			return true
		}
		return false
	})
	require.Len(t, r.serve().Rooms, 2)
	r.stop()
	hide.Store(true)
	require.Empty(t, r.serve().Rooms)
	r.say("p1", "", "末尾")
	for m := r.next(); m.Text != "末尾"; m = r.next() {
		require.NotEqual(t, bot.Removed, m.Kind)
	}
	hide.Store(false)
	r.say("p1", "g1", "还在")
	for m := r.next(); ; m = r.next() {
		require.NotEqual(t, bot.Removed, m.Kind)
		if m.Text == "还在" {
			require.Equal(t, r.handle("g1"), m.Room)
			return
		}
	}
}

// Protocol §1.7: what may be said twice, or late, is delivered once.
func TestSaidTwice(t *testing.T) {
	r := start(t, 1)
	r.fakeTime(1000)
	r.serve()
	require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxsync", Action: "lose_reply", Count: 2}}))
	r.say("p1", "", "已转 12")
	require.Equal(t, "已转 12", r.next().Text)
	r.say("p1", "", "末尾")
	require.Equal(t, "末尾", r.next().Text)
}
