package wechat

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
)

func TestNew(t *testing.T) {
	t.Run("refuses an endpoint that is not loopback", func(t *testing.T) {
		for _, e := range []string{"http://10.0.0.1:80", "http://wx.qq.com", "https://127.0.0.1:1", "http://127.0.0.1", "http://localhost:9000",
			"http://127.0.0.1:1/x", "http://u@127.0.0.1:1", "http://127.0.0.1:1?x=1", "::", "http://0.0.0.0:80"} {
			_, err := New(Options{Dir: t.TempDir(), Endpoint: e})
			require.ErrorIs(t, err, ErrEndpoint, e)
		}
	})
	t.Run("takes loopback and none", func(t *testing.T) {
		for _, e := range []string{"", "http://127.0.0.1:9000", "http://[::1]:9000/"} {
			_, err := New(Options{Dir: t.TempDir(), Endpoint: e})
			require.NoError(t, err, e)
		}
	})
}

func TestServe(t *testing.T) {
	t.Run("shows a code and lists rooms and friends", func(t *testing.T) {
		r := startTown(t, town(7), loopback.Options{Page: 2})
		s := r.serve()
		require.Equal(t, 1, r.codes)
		require.Equal(t, "155217200", s.Account)
		require.Len(t, s.Rooms, 7)
		require.Len(t, s.Friends, 2)
		for _, room := range s.Rooms {
			require.True(t, isRoom(room.Handle))
			require.True(t, strings.HasPrefix(room.Name, "群"))
		}
	})
	t.Run("shows another code when one runs out", func(t *testing.T) {
		expired := false
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			if expired || !strings.HasSuffix(q.URL.Path, "/login") {
				return false
			}
			expired = true
			_, _ = io.WriteString(w, "window.code=400;")
			return true
		})
		r.fakeTime(100)
		r.serve()
		require.Equal(t, 2, r.codes)
	})
	t.Run("does not spin on a login code it does not know", func(t *testing.T) {
		r := start(t, 1)
		v := r.fakeTime(4)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "login", Action: "code:402", Count: -1}}))
		r.begin()
		<-v.full
		r.stop()
		require.Equal(t, []time.Duration{pollGap, pollGap, pollGap, pollGap}, v.all)
		require.EqualValues(t, 4, r.server.Stats().Requests["login"])
	})
	t.Run("gives up on a barred account", func(t *testing.T) {
		r := start(t, 1)
		r.server.Refuse()
		err := r.refused()
		require.ErrorIs(t, err, bot.ErrBarred)
		require.Contains(t, err.Error(), "不能登录网页微信")
	})
	t.Run("refuses another account than the pinned one", func(t *testing.T) {
		r := start(t, 1)
		r.w.opts.Pin = func() string { return "1" }
		require.ErrorIs(t, r.refused(), bot.ErrOtherAccount)
		require.Zero(t, r.server.Session(), "logged out")
	})
	t.Run("runs once at a time", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		require.ErrorIs(t, r.w.Serve(t.Context(), nil), ErrServing)
	})
	t.Run("leaves no goroutine", func(t *testing.T) {
		r := start(t, 3)
		before := runtime.NumGoroutine()
		for range 3 {
			r.serve()
			_, err := r.sendText("g1")
			require.NoError(t, err)
			r.stop()
		}
		settles(t, before)
	})
}

// settles waits until no more goroutines are left than before; the other end of
// a closed connection needs a moment.
func settles(t testing.TB, before int) {
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func TestSessionsEnd(t *testing.T) {
	// H5, H6: what makes openwechat panic in a goroutine of its own.
	for _, f := range []loopback.Fault{
		{Endpoint: "webwxsync", Action: "bad_sync"}, {Endpoint: "webwxsync", Action: "sync_skeleton"},
		{Endpoint: "webwxsync", Action: "{}"}, {Endpoint: "webwxsync", Action: "empty"},
		{Endpoint: "webwxsync", Action: "html"}, {Endpoint: "webwxsync", Action: "ret:1101"},
		{Endpoint: "synccheck", Action: "{}"}, {Endpoint: "synccheck", Action: "html"},
		{Endpoint: "synccheck", Action: "retcode:1100"}, {Endpoint: "synccheck", Action: "retcode:1101"},
	} {
		t.Run(f.Endpoint+" "+f.Action, func(t *testing.T) {
			r := start(t, 1)
			f.Count = -1
			r.serve()
			require.NoError(t, r.server.SetFaults([]loopback.Fault{f}))
			r.say("p1", "", "在吗")
			require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
			_, err := r.sendText("g1")
			require.Equal(t, bot.AwaitSession, nextOf(t, err))
		})
	}
	t.Run("1203 bars the account", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "synccheck", Action: "retcode:1203", Count: -1}}))
		r.say("p1", "", "在吗")
		require.ErrorIs(t, r.ended(), bot.ErrBarred)
	})
	for _, action := range []string{"{}", "empty", "html", "502", "ret:1", "ret:1205"} {
		t.Run("webwxinit "+action+" is no session", func(t *testing.T) {
			r := start(t, 1)
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxinit", Action: action, Count: -1}}))
			require.Error(t, r.refused())
		})
	}
	t.Run("a killed session is over and never gone on with", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		require.FileExists(t, r.w.kept.path())
		r.server.Kill(1101)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
		kept, err := r.w.kept.load()
		require.NoError(t, err)
		require.True(t, kept.Over)
		before := r.server.Stats().Requests["webwxinit"]
		r.serve()
		require.Equal(t, before+1, r.server.Stats().Requests["webwxinit"], "only that of the new login")
	})
}

func TestPacing(t *testing.T) {
	t.Run("news without content twice a second at most", func(t *testing.T) {
		r := start(t, 1)
		v := r.fakeTime(5)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "synccheck", Action: "selector:7", Count: -1}}))
		r.serve()
		<-v.full
		r.stop()
		for _, d := range v.all {
			require.Equal(t, roundGap, d)
		}
		require.EqualValues(t, 5, r.server.Stats().Requests["webwxsync"])
	})
	t.Run("an unreachable service is tried less and less", func(t *testing.T) { // H7
		r := start(t, 1)
		v := r.fakeTime(12)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "synccheck", Action: "cut", Count: -1}}))
		r.serve()
		<-v.full
		r.stop()
		for i, d := range v.all {
			most := min(firstDelay<<i, lastDelay)
			require.LessOrEqual(t, d, most)
			require.GreaterOrEqual(t, d, most/2)
		}
		// net/http itself repeats a GET whose used connection was cut.
		require.LessOrEqual(t, r.server.Stats().Requests["synccheck"], int64(2*12))
	})
	t.Run("a refusal without a meaning does not end the session", func(t *testing.T) {
		r := start(t, 1)
		r.fakeTime(1000)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{
			{Endpoint: "synccheck", Action: "retcode:1205", Count: 2}, {Endpoint: "synccheck", Action: "502", Count: 2},
		}))
		r.serve()
		r.say("p1", "", "在吗")
		require.Equal(t, "在吗", r.next().Text)
	})
	t.Run("an address book that turns in circles ends", func(t *testing.T) { // H8
		pages := 0
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			if !strings.HasSuffix(q.URL.Path, contactsPath) {
				return false
			}
			pages++
			_ = json.NewEncoder(w).Encode(map[string]any{"BaseResponse": map[string]int{"Ret": 0}, "Seq": 1 + pages%2, "MemberList": []any{}})
			return true
		})
		r.serve()
		require.Equal(t, 3, pages)
	})
	t.Run("an address book without end ends", func(t *testing.T) { // H8
		pages := 0
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			if !strings.HasSuffix(q.URL.Path, contactsPath) {
				return false
			}
			pages++
			_ = json.NewEncoder(w).Encode(map[string]any{"BaseResponse": map[string]int{"Ret": 0}, "Seq": pages, "MemberList": []any{}})
			return true
		})
		r.serve()
		require.Equal(t, maxPages, pages)
	})
}

func TestKeptSession(t *testing.T) {
	t.Run("goes on three times, pictures too", func(t *testing.T) {
		r := start(t, 1)
		data := picture(t, 500)
		ids := map[string]bool{}
		for range 4 {
			ids[r.serve().ID] = true
			_, err := r.send("g1", part(content.Picture, "海报.png", data), data)
			require.NoError(t, err)
			r.stop()
		}
		require.Equal(t, 1, r.codes)
		require.Len(t, ids, 4)
		require.Equal(t, 1, r.server.Stats().Logins)
		require.Len(t, r.server.Receipts(), 4)
	})
	t.Run("asks again for what was said meanwhile", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.stop()
		r.say("p1", "", "已转 12")
		r.serve()
		require.Equal(t, "已转 12", r.next().Text)
	})
	t.Run("is private and whole", func(t *testing.T) { // H9
		r := start(t, 1)
		r.serve()
		r.stop()
		files, err := os.ReadDir(r.w.kept.dir)
		require.NoError(t, err)
		require.Len(t, files, 1)
		if runtime.GOOS != "windows" {
			info, err := os.Stat(r.w.kept.path())
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			dir, err := os.Stat(r.w.kept.dir)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o700), dir.Mode().Perm())
		}
	})
	t.Run("a damaged one costs a code, not the process", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.stop()
		good, err := os.ReadFile(r.w.kept.path())
		require.NoError(t, err)
		for i, bad := range []string{"", "{}", "null", `{"Jar":null}`, string(good[:len(good)/2]),
			strings.Replace(string(good), "wx2.qq.com", "evil.example.com", 1), strings.ReplaceAll(string(good), "webwx_data_ticket", "other")} {
			require.NoError(t, os.WriteFile(r.w.kept.path(), []byte(bad), 0o600))
			r.serve()
			require.Equal(t, i+2, r.codes)
			r.stop()
		}
	})
	t.Run("survives what passes, and gives way to what does not", func(t *testing.T) {
		for action, codes := range map[string]int{"502": 1, "cut": 1, "ret:1205": 1, "html": 2, "{}": 2, "ret:1100": 2, "ret:-14": 2} {
			r := start(t, 1)
			r.serve()
			r.stop()
			require.NoError(t, r.server.OnPush(loopback.PushRefuse))
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxinit", Action: action}}))
			if codes == 1 {
				require.Error(t, r.refused(), action)
				require.FileExists(t, r.w.kept.path(), action)
			}
			r.serve()
			require.Equal(t, codes, r.codes, action)
		}
	})
	t.Run("of another endpoint or of the real service is not loaded", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.stop()
		_, err := (&keeper{dir: r.w.kept.dir, endpoint: "http://127.0.0.1:1"}).load()
		require.ErrorIs(t, err, errKept)
		real, err := New(Options{Dir: filepath.Dir(r.w.kept.dir)})
		require.NoError(t, err)
		_, err = real.kept.load()
		require.ErrorIs(t, err, errNoSession)
	})
	t.Run("a dead one is replaced by a login with new handles", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		old := r.handle("g1")
		r.stop()
		r.server.Kill(1101)
		r.serve()
		require.Equal(t, 1, r.codes, "the phone agreed without one")
		require.NotEqual(t, old, r.handle("g1"))
	})
}
