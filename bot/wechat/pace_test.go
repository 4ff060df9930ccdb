package wechat

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
)

// spinner answers everything at once, as told, and counts what comes in each
// made-up second.
type spinner struct {
	mu    sync.Mutex
	clock time.Time
	calls []time.Time
	paths map[string]int
}

func (s *spinner) now() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.clock }

func (s *spinner) wait(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(max(d, 0))
	return ctx.Err()
}

func (s *spinner) note(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, s.clock)
	s.paths[path[strings.LastIndex(path, "/")+1:]]++
	return len(s.calls)
}

// worst is how many calls came in any one second.
func (s *spinner) worst() (worst int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.calls {
		n := 0
		for j := i; j < len(s.calls) && s.calls[j].Sub(s.calls[i]) < time.Second; j++ {
			n++
		}
		worst = max(worst, n)
	}
	return worst
}

var inJSON = regexp.MustCompile(`^\{`)

// Two requests a second at most, whatever the service answers and however
// quickly (T13, T21).
func TestTwoASecond(t *testing.T) {
	const enough = 300
	for name, c := range map[string]struct{ path, reply string }{
		"login 408":               {"/login", "window.code=408;"},
		"login 400":               {"/login", "window.code=400;"},
		"login 402":               {"/login", "window.code=402;"},
		"login 201":               {"/login", "window.code=201;window.userAvatar = 'data:img/jpg;base64,x';"},
		"login empty":             {"/login", ""},
		"no login code":           {"/jslogin", ""},
		"login page refused":      {"/webwxnewloginpage", "<error><ret>1</ret></error>"},
		"init empty":              {"/webwxinit", "{}"},
		"init 1205":               {"/webwxinit", `{"BaseResponse":{"Ret":1205}}`},
		"contacts 1205":           {"/webwxgetcontact", `{"BaseResponse":{"Ret":1205}}`},
		"contacts without end":    {"/webwxgetcontact", `{"BaseResponse":{"Ret":0},"MemberCount":0,"MemberList":[],"Seq":1}`},
		"rooms cut":               {"/webwxbatchgetcontact", "cut"},
		"selector 2, nothing new": {"/synccheck", `window.synccheck={retcode:"0",selector:"2"}`},
		"selector 3":              {"/synccheck", `window.synccheck={retcode:"0",selector:"3"}`},
		"selector 6":              {"/synccheck", `window.synccheck={retcode:"0",selector:"6"}`},
		"selector 7":              {"/synccheck", `window.synccheck={retcode:"0",selector:"7"}`},
		"selector 0 at once":      {"/synccheck", `window.synccheck={retcode:"0",selector:"0"}`},
		"1205 on synccheck":       {"/synccheck", `window.synccheck={retcode:"1205",selector:"0"}`},
		"1101 at once":            {"/synccheck", `window.synccheck={retcode:"1101",selector:"0"}`},
		"synccheck empty":         {"/synccheck", ""},
		"1205 on sync":            {"/synccheck+/webwxsync", `{"BaseResponse":{"Ret":1205}}`},
		"sync without end":        {"/synccheck+/webwxsync", "news"},
		"sync malformed":          {"/synccheck+/webwxsync", "{}"},
		"502":                     {"*", "502"},
		"cut":                     {"*", "cut"},
		"502 after the login":     {"/synccheck", "502"},
		"cut after the login":     {"/synccheck", "cut"},
	} {
		t.Run(name, func(t *testing.T) { spin(t, c.path, c.reply, enough) })
	}
	t.Run("the network is down", func(t *testing.T) {
		s := &spinner{clock: time.Now(), paths: map[string]int{}}
		dead := httptest.NewServer(http.NotFoundHandler())
		dead.Close()
		w, err := New(Options{Dir: t.TempDir(), Endpoint: dead.URL})
		require.NoError(t, err)
		w.now, w.wait = s.now, func(ctx context.Context, d time.Duration) error { return s.wait(ctx, d) }
		began := s.now()
		for range 20 {
			require.Error(t, w.Serve(t.Context(), func(bot.Session) {}))
		}
		require.GreaterOrEqual(t, s.now().Sub(began), 19*callGap, "each dial had its turn")
	})
}

// spin serves again and again until so many calls have come.
func spin(t *testing.T, path, reply string, enough int) {
	s := &spinner{clock: time.Now(), paths: map[string]int{}}
	ctx, stop := context.WithCancel(t.Context())
	server := loopback.New(town(1), loopback.Options{AutoLogin: true, Hold: time.Millisecond})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if s.note(q.URL.Path) >= enough {
			stop()
		}
		if !answer(w, q, path, reply) {
			server.ServeHTTP(w, q)
		}
	}))
	defer func() {
		require.NoError(t, server.Close())
		front.CloseClientConnections()
		front.Close()
	}()
	w, err := New(Options{Dir: t.TempDir(), Endpoint: front.URL, Unpaced: false})
	require.NoError(t, err)
	w.now, w.wait = s.now, s.wait
	for ctx.Err() == nil {
		err := w.Serve(ctx, func(bot.Session) {})
		require.Error(t, err)
		require.NotErrorIs(t, err, ErrServing)
	}
	require.LessOrEqual(t, s.worst(), 2, s.paths)
	require.GreaterOrEqual(t, len(s.calls), enough)
}

// answer answers a path as told; "a+b" has synccheck promise news for b.
func answer(w http.ResponseWriter, q *http.Request, path, reply string) bool {
	first, second, both := strings.Cut(path, "+")
	at := func(p string) bool { return p == "*" || strings.HasSuffix(q.URL.Path, p) }
	if both {
		if at(first) {
			_, _ = io.WriteString(w, `window.synccheck={retcode:"0",selector:"2"}`)
			return true
		}
		first = second
	}
	if !at(first) {
		return false
	}
	switch reply {
	case "502":
		w.WriteHeader(http.StatusBadGateway)
	case "cut":
		panic(http.ErrAbortHandler)
	case "news":
		reply = `{"BaseResponse":{"Ret":0},"AddMsgList":[{}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":` + time.Now().Format("150405.000000")[7:] + `}]}}`
	}
	if inJSON.MatchString(reply) {
		w.Header().Set("Content-Type", "application/json")
	}
	_, _ = io.WriteString(w, reply)
	return true
}
