package wechat

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// garbage is what an answer can be instead of one (reliability.md F08).
type garbage struct {
	name   string
	status int
	header string
	body   func(io.Writer)
	zero   bool // its Ret is there and 0, which is all that some calls look at
}

func says(s string) func(io.Writer) {
	return func(w io.Writer) { _, _ = io.WriteString(w, s) }
}

// huge is 100 MB, a megabyte at a time.
func huge(w io.Writer) {
	block := bytes.Repeat([]byte(`{"BaseResponse":`), 1<<16)
	for range 100 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// bomb is 256 MB of spaces in 260 KB.
var bomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 256 {
		_, _ = z.Write(block)
	}
	_ = z.Close()
	return b.Bytes()
})

func rubbish() []garbage {
	return []garbage{
		{"empty", 200, "", says(""), false},
		{"{}", 200, "", says("{}"), false},
		{"null", 200, "", says("null"), false},
		{"list", 200, "", says("[]"), false},
		{"html", 200, "", says("<html><body>Welcome to the hotel's network</body></html>"), false},
		{"502", 502, "", says("<html>502 Bad Gateway</html>"), false},
		{"502 {}", 502, "", says("{}"), false},
		{"no Ret", 200, "", says(`{"BaseResponse":{},"MsgID":"5","MediaId":"@crypt_x"}`), false},
		{"null Ret", 200, "", says(`{"BaseResponse":{"Ret":null},"MsgID":"5","MediaId":"@crypt_x","ret":null}`), false},
		{"a word for Ret", 200, "", says(`{"BaseResponse":{"Ret":"0"},"MsgID":"5","MediaId":"@crypt_x","SyncKey":{"Count":"4"}}`), false},
		{"other types", 200, "", says(`{"BaseResponse":{"Ret":0},"MsgID":[5],"MediaId":{},"User":7,"SyncKey":[1],"MemberList":"x","ContactList":{},"AddMsgList":3,"Seq":"x","uuid":{},"ret":[]}`), true},
		{"counts below zero", 200, "", says(`{"BaseResponse":{"Ret":0},"Count":-5,"MemberCount":-5,"AddMsgCount":-1,"Seq":-1,"MsgID":"","MediaId":"","User":{"UserName":"","MemberCount":-9},"SyncKey":{"Count":-3,"List":[]},"MemberList":[{"UserName":"@@x","NickName":"x","MemberCount":-7},null,7],"ContactList":[null,-1]}`), true},
		{"Ret alone", 200, "", says(`{"BaseResponse":{"Ret":0}}`), true},
		{"cut", 200, "", says(`{"BaseResponse":{"Ret":0},"MsgID":"5","Me`), false},
		{"twice", 200, "", says(`{"BaseResponse":{"Ret":0}}{"BaseResponse":{"Ret":0},"MsgID":"5"}`), false},
		{"deep", 200, "", says(strings.Repeat(`{"BaseResponse":`, 1<<17)), false},
		{"not text", 200, "", says("\x00\xff\xfe\x80{\"BaseResponse\":{\"Ret\":0}}"), false},
		{"words of another call", 200, "", says("window.code=200;\nwindow.redirect_uri=\"https://evil.example.com/x\";window.QRLogin.code = 500; window.QRLogin.uuid = \"\";window.synccheck={retcode:\"x\",selector:\"-\"}"), false},
		{"100 MB", 200, "", huge, false},
		{"a gzip bomb", 200, "gzip", func(w io.Writer) { _, _ = w.Write(bomb()) }, false},
	}
}

// rotten is a rig whose service answers one call with garbage from when on is
// set.
type rotten struct {
	*rig
	on  atomic.Bool
	hit atomic.Int64
}

func startRotten(t testing.TB, call string, g garbage) *rotten {
	x := &rotten{}
	city := town(2)
	city.Groups = append(city.Groups, loopback.Group{ID: "u", Name: "没保存的群", Members: []string{"p1"}})
	x.rig = startTownBehind(t, city, func(w http.ResponseWriter, q *http.Request) bool {
		if !x.on.Load() || !strings.HasSuffix(q.URL.Path, "/"+call) {
			return false
		}
		_, _ = io.Copy(io.Discard, q.Body)
		x.hit.Add(1)
		if g.header != "" {
			w.Header().Set("Content-Encoding", g.header)
		}
		w.WriteHeader(g.status)
		g.body(w)
		return true
	})
	return x
}

// tries lets Serve do what it can while the service talks garbage: it comes to a
// session, gives up, or asks again with a pause, thirty times over.
func (x *rotten) tries() (ready bool, err error) {
	x.t.Helper()
	v := x.fakeTime(30)
	up := x.begin()
	select {
	case <-up:
		ready = true
	case err = <-x.done:
		x.cancel()
		x.cancel = nil
		return false, err
	case <-v.full:
	case <-time.After(patience):
		require.Fail(x.t, "Serve neither ends nor waits")
	}
	x.stop()
	return ready, nil
}

// mem watches how much the process holds.
func mem(t testing.TB) (most func() uint64) {
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.HeapInuse > peak.Load() {
				peak.Store(m.HeapInuse)
			}
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	return peak.Load
}

// F08: whatever the service answers, nothing panics, nothing counts as taken
// that it did not take, and memory stays bounded.
func TestGarbage(t *testing.T) {
	most := mem(t)
	for _, call := range []string{"jslogin", "login", "webwxnewloginpage", "webwxinit", "webwxstatusnotify"} {
		t.Run(call, func(t *testing.T) {
			for _, g := range rubbish() {
				x := startRotten(t, call, g)
				x.on.Store(true)
				ready, err := x.tries()
				require.Equal(t, ready, call == "webwxstatusnotify" && g.zero, g.name)
				require.Positive(t, x.hit.Load(), g.name)
				if err != nil {
					require.NotContains(t, err.Error(), "evil", g.name)
				}
			}
		})
	}
	t.Run("webwxpushloginurl", func(t *testing.T) { // a code is shown instead
		for _, g := range rubbish() {
			x := startRotten(t, "webwxpushloginurl", g)
			x.serve()
			x.server.Kill(1101)
			require.ErrorIs(t, x.ended(), bot.ErrSessionOver)
			x.on.Store(true)
			ready, err := x.tries()
			require.True(t, ready || err != nil, g.name)
			require.Zero(t, x.asked, g.name)
			require.Positive(t, x.hit.Load(), g.name)
		}
	})
	t.Run("webwxgetcontact", func(t *testing.T) {
		for _, g := range rubbish() {
			x := startRotten(t, "webwxgetcontact", g)
			x.on.Store(true)
			_, _ = x.tries()
			require.Positive(t, x.hit.Load(), g.name)
		}
	})
	require.Less(t, most(), uint64(256<<20), "bytes held at most")
	t.Logf("%d MB held at most", most()>>20)
}

// F08, of a session that lives.
func TestGarbageInMidSession(t *testing.T) {
	most := mem(t)
	t.Run("webwxbatchgetcontact", func(t *testing.T) {
		for _, g := range rubbish() {
			x := startRotten(t, "webwxbatchgetcontact", g)
			x.fakeTime(1000)
			x.serve()
			x.on.Store(true)
			x.say("p1", "u", "有人吗")
			x.say("p1", "", "末尾")
			for m := x.next(); m.Text != "末尾"; m = x.next() { // it lives on, and learns nothing
				require.NotEqual(t, bot.Joined, m.Kind, g.name)
			}
			require.Positive(t, x.hit.Load(), g.name)
		}
	})
	for _, call := range []string{"synccheck", "webwxsync"} {
		t.Run(call, func(t *testing.T) {
			for _, g := range rubbish() {
				x := startRotten(t, call, g)
				v := x.fakeTime(30)
				x.serve()
				x.on.Store(true)
				x.say("p1", "", "在吗")
				select {
				case <-v.full: // it asks again, with a pause each time
				case err := <-x.done:
					require.ErrorIs(t, err, bot.ErrSessionOver, g.name)
					x.cancel()
					x.cancel = nil
				case <-time.After(patience):
					require.Fail(t, "it neither ends nor waits", g.name)
				}
				require.Positive(t, x.hit.Load(), g.name)
				require.Less(t, x.hit.Load(), int64(100), g.name)
			}
		})
	}
	require.Less(t, most(), uint64(256<<20), "bytes held at most")
	t.Logf("%d MB held at most", most()>>20)
}

// F08, of messages and what goes with them.
func TestGarbageIsNoReceipt(t *testing.T) {
	most := mem(t)
	data := picture(t, 300)
	for call, p := range map[string]content.Part{
		"webwxsendmsg": text("防骗"), "webwxsendmsgimg": part(content.Picture, "a.png", data), "webwxsendvideomsg": part(content.Video, "a.mp4", data),
		"webwxsendappmsg": part(content.File, "a.docx", data), "webwxuploadmedia": part(content.Picture, "a.png", data),
	} {
		t.Run(call, func(t *testing.T) {
			for _, g := range rubbish() {
				x := startRotten(t, call, g)
				x.serve()
				x.on.Store(true)
				_, err := x.send("g1", p, data)
				var refused *bot.SendError
				require.ErrorAs(t, err, &refused, g.name)
				require.EqualValues(t, 1, x.hit.Load(), g.name)
				if call != "webwxuploadmedia" {
					require.Equal(t, bot.AskSomebody, refused.Next, g.name)
				}
				require.Zero(t, x.server.Stats().Attempts, g.name)
			}
		})
	}
	t.Run("webwxgetmsgimg and webwxrevokemsg", func(t *testing.T) {
		for _, g := range rubbish() {
			x := startRotten(t, "webwxgetmsgimg", g)
			x.serve()
			x.on.Store(true)
			got, err := x.w.Fetch(t.Context(), x.session.ID, "5")
			require.True(t, err != nil || len(got) <= maxPicture, g.name)
			x = startRotten(t, "webwxrevokemsg", g)
			rc, err := x.rigSend()
			require.NoError(t, err)
			x.on.Store(true)
			err = x.w.Revoke(t.Context(), bot.Recall{Session: rc.Session, To: x.handle("g1"), ClientID: "17641000000000001", MessageID: rc.MessageID})
			if g.zero {
				continue
			}
			require.Error(t, err, g.name)
			require.False(t, errors.Is(err, bot.ErrGone), g.name)
		}
	})
	require.Less(t, most(), uint64(256<<20), "bytes held at most")
	t.Log(fmt.Sprint(most()>>20, " MB held at most"))
}

func (x *rotten) rigSend() (bot.Receipt, error) {
	x.serve()
	return x.sendText("g1")
}
