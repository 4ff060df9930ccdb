package wechat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
)

const (
	patience = 30 * time.Second
	nickname = "铜锣"
)

// rig is the real openwechat against the make-believe service over HTTP.
type rig struct {
	t       testing.TB
	server  *loopback.Server
	w       *Transport
	session bot.Session
	codes   int
	asked   int // times the phone was asked

	cancel context.CancelFunc
	done   chan error
	err    error
}

// town has n saved groups g1… named 群1…, members p1 (remark 张三-01) and p2, and
// where they are few a dozen people of its own.
func town(n int) loopback.Town {
	t := loopback.Town{
		Account: loopback.Account{Uin: 155217200, Nickname: nickname},
		Contacts: []loopback.Contact{
			{ID: "p1", Nickname: "老张", Remark: "张三-01"}, {ID: "p2", Nickname: "李四"},
		},
	}
	for i := range n {
		t.Groups = append(t.Groups, loopback.Group{
			ID: fmt.Sprintf("g%d", i+1), Name: fmt.Sprintf("群%d", i+1), Members: []string{"p1", "p2"}, Saved: true,
		})
		if n <= 100 {
			people(&t, i)
		}
	}
	return t
}

// people gives the i-th group a dozen members of its own.
func people(t *loopback.Town, i int) {
	for j := range 12 {
		c := loopback.Contact{ID: fmt.Sprintf("v%d-%d", i, j), Nickname: fmt.Sprintf("村民%d-%d", i, j), Stranger: true}
		t.Contacts = append(t.Contacts, c)
		t.Groups[i].Members = append(t.Groups[i].Members, c.ID)
	}
}

// start serves a town of n groups; nobody has logged in yet.
func start(t testing.TB, n int) *rig {
	return startTown(t, town(n), loopback.Options{})
}

func startTown(t testing.TB, town loopback.Town, o loopback.Options) *rig {
	o.AutoLogin, o.Hold = true, patience
	server := loopback.New(town, o)
	base, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return newRig(t, server, base)
}

// startBehind puts a handler of the test's before the service: it answers what
// it wants and leaves the rest by returning false.
func startBehind(t testing.TB, n int, hook func(http.ResponseWriter, *http.Request) bool) *rig {
	return startTownBehind(t, town(n), hook)
}

func startTownBehind(t testing.TB, town loopback.Town, hook func(http.ResponseWriter, *http.Request) bool) *rig {
	server := loopback.New(town, loopback.Options{AutoLogin: true, Hold: patience})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hook(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		front.CloseClientConnections()
		front.Close()
	})
	return newRig(t, server, front.URL)
}

func newRig(t testing.TB, server *loopback.Server, base string) *rig {
	r := &rig{t: t, server: server}
	w, err := New(Options{Dir: t.TempDir(), Endpoint: base, QR: func(string) { r.codes++ }, Phone: func() { r.asked++ }, Unpaced: true})
	require.NoError(t, err)
	r.w = w
	t.Cleanup(func() { r.stop() })
	return r
}

// serve logs in and returns when the session is ready.
func (r *rig) serve() bot.Session {
	r.t.Helper()
	ready := r.begin()
	select {
	case r.session = <-ready:
	case err := <-r.done:
		r.cancel, r.err = nil, err
		require.NoError(r.t, err, "no session")
	case <-time.After(patience):
		require.Fail(r.t, "no session in time")
	}
	return r.session
}

func (r *rig) begin() <-chan bot.Session {
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan bot.Session, 1)
	r.done, r.cancel = make(chan error, 1), cancel
	go func() { r.done <- r.w.Serve(ctx, func(s bot.Session) { ready <- s }) }()
	return ready
}

// ended waits until Serve has returned by itself.
func (r *rig) ended() error {
	r.t.Helper()
	select {
	case r.err = <-r.done:
	case <-time.After(patience):
		require.Fail(r.t, "session did not end")
	}
	r.cancel()
	r.cancel = nil
	return r.err
}

func (r *rig) stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	<-r.done
	r.cancel = nil
}

// refused runs a Serve that must fail before a session is ready.
func (r *rig) refused() error {
	r.t.Helper()
	r.begin()
	return r.ended()
}

// handle of a permanent id in the live session.
func (r *rig) handle(id string) string {
	r.t.Helper()
	h, ok := r.server.Handle(id)
	require.True(r.t, ok, id)
	return h
}

// next message, whatever it is.
func (r *rig) next() bot.Message {
	r.t.Helper()
	select {
	case m := <-r.w.Inbox():
		return m
	case <-time.After(patience):
		require.Fail(r.t, "nothing was said")
	}
	return bot.Message{}
}

func (r *rig) say(from, to, text string) {
	r.t.Helper()
	_, err := r.server.Say(loopback.Words{From: from, To: to, Text: text})
	require.NoError(r.t, err)
}

func (r *rig) send(to string, p content.Part, data []byte) (bot.Receipt, error) {
	return r.w.Send(context.Background(), r.envelope(to, p, data))
}

func (r *rig) envelope(to string, p content.Part, data []byte) bot.Envelope {
	return bot.Envelope{
		Session: r.session.ID, To: r.handle(to), ClientID: "17641000000000001", Part: p,
		Open: func() ([]byte, error) { return data, nil },
	}
}

func (r *rig) sendText(to string) (bot.Receipt, error) { return r.send(to, text("防骗提醒"), nil) }

func nextOf(t testing.TB, err error) schedule.NextAction {
	var se *bot.SendError
	require.ErrorAs(t, err, &se)
	return se.Next
}

func text(s string) content.Part { return content.Part{Kind: content.Text, Text: s} }

func part(kind content.Media, name string, data []byte) content.Part {
	sum := sha256.Sum256(data)
	return content.Part{Kind: kind, Name: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

// picture is a PNG of about the given size; the bytes after the image are
// padding that any decoder ignores.
func picture(t testing.TB, size int) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	for b.Len() < size {
		b.WriteByte(byte(b.Len()))
	}
	return b.Bytes()
}

// waits records what would have been waited for, and stops the waiter for
// good after so many times.
type waits struct {
	mu    sync.Mutex
	all   []time.Duration
	limit int
	full  chan struct{}
}

// fakeTime stops the clock and the waiting.
func (r *rig) fakeTime(limit int) *waits {
	v := &waits{limit: limit, full: make(chan struct{})}
	noon := time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC)
	r.w.now = func() time.Time { return noon }
	r.w.wait = func(ctx context.Context, d time.Duration) error {
		v.mu.Lock()
		v.all = append(v.all, d)
		n := len(v.all)
		v.mu.Unlock()
		if n == v.limit {
			close(v.full)
		}
		if n < v.limit {
			return ctx.Err()
		}
		<-ctx.Done()
		return ctx.Err()
	}
	return v
}
