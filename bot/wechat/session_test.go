package wechat

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
)

// after is a rig whose session has been ended by the service.
func after(t *testing.T, ret int) *rig {
	r := start(t, 2)
	r.serve()
	r.server.Kill(ret)
	require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
	return r
}

// again makes a new Transport on the same directory, as a restart does.
func (r *rig) again(log *slog.Logger) {
	r.t.Helper()
	r.stop()
	o := r.w.opts
	o.Log = log
	w, err := New(o)
	require.NoError(r.t, err)
	r.w = w
}

func TestLoginOrder(t *testing.T) {
	t.Run("hot, then the phone, then a code", func(t *testing.T) {
		r := start(t, 2)
		r.serve()
		r.stop()
		r.serve()
		require.Equal(t, []int{1, 0, 1}, []int{r.codes, r.asked, r.server.Stats().Logins}, "hot")
		r.server.Kill(1101)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
		r.serve()
		require.Equal(t, []int{1, 1, 2}, []int{r.codes, r.asked, r.server.Stats().Logins}, "the phone")
		_, err := r.sendText("g1")
		require.NoError(t, err)
		require.NoError(t, r.server.OnPush(loopback.PushRefuse))
		r.server.Kill(1100)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
		r.serve()
		require.Equal(t, []int{2, 1, 3}, []int{r.codes, r.asked, r.server.Stats().Logins}, "a code")
	})
	t.Run("what a phone says that does not agree", func(t *testing.T) {
		for answer, asked := range map[string]int{loopback.PushRefuse: 0, loopback.PushDecline: 1} {
			r := after(t, 1101)
			require.NoError(t, r.server.OnPush(answer))
			r.serve()
			require.Equal(t, 2, r.codes, answer)
			require.Equal(t, asked, r.asked, answer)
		}
	})
	t.Run("a phone that nobody looks at is asked once and given two minutes", func(t *testing.T) {
		r := startTown(t, town(1), loopback.Options{})
		r.serve()
		r.server.Kill(1101)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "login", Action: "code:408", Count: 4}}))
		var mu sync.Mutex
		clock := time.Now()
		r.w.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
		r.w.wait = func(ctx context.Context, _ time.Duration) error {
			mu.Lock()
			clock = clock.Add(phonePatience / 3)
			mu.Unlock()
			return ctx.Err()
		}
		r.serve()
		require.Equal(t, []int{2, 1}, []int{r.codes, r.asked})
		require.EqualValues(t, 1, r.server.Stats().Requests["webwxpushloginurl"])
	})
	t.Run("a phone that said no is not asked again, however often nobody scans", func(t *testing.T) {
		r := after(t, 1101)
		require.NoError(t, r.server.OnPush(loopback.PushDecline))
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "jslogin", Action: "empty", Count: 3}}))
		for range 3 {
			require.Error(t, r.refused())
		}
		r.serve()
		require.EqualValues(t, 1, r.server.Stats().Requests["webwxpushloginurl"])
	})
	for name, reply := range map[string]string{"empty": "", "no ret": "{}", "a number": `{"ret":1101,"uuid":""}`, "no login": `{"ret":"0","uuid":""}`,
		"words": `{"ret":"no"}`, "html": "<html>"} {
		t.Run("a push answered with "+name+" leads to a code", func(t *testing.T) {
			r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
				if !strings.HasSuffix(q.URL.Path, "/webwxpushloginurl") {
					return false
				}
				_, _ = io.WriteString(w, reply)
				return true
			})
			r.serve()
			r.server.Kill(1101)
			require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
			r.serve()
			require.Equal(t, []int{2, 0}, []int{r.codes, r.asked})
		})
	}
	t.Run("a service that cannot be reached is not a refusal", func(t *testing.T) {
		for _, action := range []string{"502", "cut", "ret:1205"} {
			r := after(t, 1101)
			require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxinit", Action: action, Count: -1}}))
			err := r.refused()
			require.NotErrorIs(t, err, bot.ErrBarred, action)
			require.Equal(t, 1, r.codes, action)
			require.FileExists(t, r.w.kept.path(), action)
		}
	})
	t.Run("each login has a Bot of its own", func(t *testing.T) {
		r := start(t, 1)
		a, b := r.w.open(t.Context()), r.w.open(t.Context())
		defer a.close()
		defer b.close()
		require.NotSame(t, a.bot, b.bot)
		require.NotSame(t, a.client, b.client)
	})
}

func TestStopsForAPerson(t *testing.T) {
	for name, kill := range map[string]func(r *rig){
		"1102 in a poll":   func(r *rig) { r.server.Kill(1102) },
		"1102 to a send":   func(r *rig) { r.server.Kill(1102); _, _ = r.sendTo("@@gone") },
		"1203 in a poll":   func(r *rig) { r.server.Kill(1203) },
		"1102 after a hot": func(r *rig) { r.stop(); r.serve(); r.server.Kill(1102) },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, 1)
			r.serve()
			kill(r)
			require.ErrorIs(t, r.ended(), bot.ErrBarred)
			require.NoFileExists(t, r.w.kept.path())
		})
	}
	t.Run("1102 long after the login is an end like any other", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.stop()
		r.age(soonAfter)
		r.server.Kill(1102)
		r.serve() // hot refused, the phone agrees
		require.Equal(t, []int{1, 1}, []int{r.codes, r.asked})
	})
	t.Run("1102 to a hot login soon after the scan", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.stop()
		r.server.Kill(1102)
		require.ErrorIs(t, r.refused(), bot.ErrSoonOver)
		require.Zero(t, r.asked)
	})
	t.Run("1203 when the phone agreed, its words kept", func(t *testing.T) {
		r := after(t, 1101)
		r.server.Refuse()
		err := r.refused()
		require.ErrorIs(t, err, bot.ErrBarred)
		require.Contains(t, err.Error(), "不能登录网页微信")
		require.Equal(t, []int{1, 1}, []int{r.codes, r.asked}, "no code is shown after that")
	})
}

// age makes the kept session older.
func (r *rig) age(d time.Duration) {
	r.t.Helper()
	k, err := r.w.kept.load()
	require.NoError(r.t, err)
	k.Since = k.Since.Add(-d)
	require.NoError(r.t, r.w.kept.save(k))
}

// sendTo sends to a handle, whether there is such a one or not.
func (r *rig) sendTo(handle string) (bot.Receipt, error) {
	return r.w.Send(context.Background(), bot.Envelope{Session: r.session.ID, To: handle, ClientID: "17641000000000002", Part: text("x")})
}

// Three generations of hot login, each in a Transport that knows only the file.
func TestThreeGenerations(t *testing.T) {
	r := start(t, 1)
	data := picture(t, 700)
	upload := func(generation int) {
		_, err := r.send("g1", part(content.Picture, "海报.png", data), data)
		require.NoError(t, err)
		require.EqualValues(t, generation, r.server.Stats().Uploads)
		require.Len(t, r.server.Receipts(), generation)
	}
	r.serve()
	upload(1)
	for generation := 2; generation <= 4; generation++ {
		r.again(nil)
		r.serve()
		upload(generation)
	}
	require.Equal(t, []int{1, 0, 1}, []int{r.codes, r.asked, r.server.Stats().Logins})
}

func TestOtherAccount(t *testing.T) { // F13
	r := start(t, 2)
	r.w.opts.Pin = func() string { return "155217200" }
	r.serve()
	r.server.Kill(1101)
	require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
	r.server.Become(loopback.Account{Uin: 99, Nickname: "别人"})
	require.ErrorIs(t, r.refused(), bot.ErrOtherAccount)
	st := r.server.Stats()
	require.Zero(t, st.Session, "logged out on the service")
	require.EqualValues(t, 1, st.Requests["webwxlogout"])
	require.EqualValues(t, 1, st.Requests["webwxinit"], "nothing of it was looked at")
	require.Zero(t, st.Attempts)
	r.w.opts.Pin = func() string { return "" }
	r.serve()
	require.Equal(t, "99", r.session.Account, "a person may want it so")
}

func TestLeave(t *testing.T) {
	r := start(t, 1)
	ctx, leave := context.WithCancelCause(t.Context())
	ready, done := make(chan bot.Session, 1), make(chan error, 1)
	go func() { done <- r.w.Serve(ctx, func(s bot.Session) { ready <- s }) }()
	<-ready
	leave(bot.ErrLeave)
	require.ErrorIs(t, <-done, bot.ErrLeave)
	require.Zero(t, r.server.Session())
	require.NoFileExists(t, r.w.kept.path())
}

// No code, cookie or key is ever in a log, whatever goes wrong.
func TestLogsHoldNoSecret(t *testing.T) {
	var out bytes.Buffer
	var mu sync.Mutex
	log := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return out.Write(p) }),
		&slog.HandlerOptions{Level: slog.LevelDebug}))
	var secrets []string
	var codes []string
	r := start(t, 3)
	r.w.opts.QR = func(code string) { codes = append(codes, code, strings.TrimPrefix(code, codePrefix)) }
	r.again(log)
	learn := func() {
		k, err := r.w.kept.load()
		require.NoError(t, err)
		secrets = append(secrets, k.Login.SKey, k.Login.WxSid, k.Login.PassTicket, k.Base.DeviceID, uin(k.Login))
		for _, c := range k.Cookies {
			if c.Name != "mm_lang" {
				secrets = append(secrets, c.Value)
			}
		}
	}
	r.serve()
	learn()
	for _, action := range []string{"502", "cut", "html", "retcode:1205", "retcode:1101"} {
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "synccheck", Action: action, Count: 1}}))
		r.say("p1", "", "在吗"+action)
		if action == "retcode:1101" || action == "html" {
			_ = r.ended()
			r.serve()
			learn()
		}
	}
	require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "send", Action: "ret:1100"}}))
	_, err := r.sendText("g1")
	require.Error(t, err)
	said := err.Error() + r.ended().Error()
	require.NoError(t, r.server.OnPush(loopback.PushRefuse))
	require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxinit", Action: "cut"}, {Endpoint: "webwxinit", Action: "ret:1203", Nth: 2}}))
	said += r.refused().Error() + r.refused().Error()
	mu.Lock()
	defer mu.Unlock()
	require.NotEmpty(t, codes)
	require.Greater(t, len(secrets), 15)
	require.Contains(t, out.String(), "session over", "the log is looked at")
	for _, s := range append(secrets, codes...) {
		require.NotEmpty(t, s)
		require.NotContains(t, out.String()+said, s)
	}
	for _, words := range []string{"在吗", "防骗提醒", "张三", "@@", "://"} {
		require.NotContains(t, out.String()+said, words)
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
