package wechat

import (
	"encoding/json"
	"fmt"
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

// What a probe makes of a service that behaves in one way or the other.
func TestProbe(t *testing.T) {
	ask := Probe{SelfToo: true, Patient: 100 * time.Millisecond}
	t.Run("no echo", func(t *testing.T) {
		r := start(t, 2)
		f, err := r.w.Probe(t.Context(), ask)
		require.NoError(t, err)
		require.True(t, f.Echo.Sent.HasID)
		require.False(t, f.Echo.Echoed)
		require.Zero(t, f.Dedupe.Echoes)
		require.False(t, f.Dedupe.SameID)
		require.Equal(t, LocalID{Answers: 3, Present: 3, Equal: 3}, f.LocalID)
	})
	t.Run("refusals and nonsense are written down as they are", func(t *testing.T) {
		r := start(t, 2)
		require.NoError(t, r.server.SetFaults([]loopback.Fault{
			{Endpoint: "send", Action: "ret:1205", Nth: 1}, {Endpoint: "send", Action: "{}", Nth: 2}, {Endpoint: "send", Action: "cut", Nth: 3}}))
		f, err := r.w.Probe(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, Answer{Asked: true, Status: 200, Ret: 1205}, f.Echo.Sent)
		require.Equal(t, Answer{Asked: true, Status: 200, Why: "no Ret"}, f.Dedupe.First)
		require.Equal(t, Answer{Asked: true, Why: "no answer"}, f.Dedupe.Second)
		require.Equal(t, Limits{Texts: 3, TooMany: 1}, f.Limits)
	})
	t.Run("a session that ends meanwhile", func(t *testing.T) {
		r := start(t, 2)
		r.w.opts.SendTimeout = time.Second
		said := 0
		p := ask
		p.Stay = time.Hour
		p.Tell = func(string) {
			if said++; said == 3 { // it only listens now
				r.server.Kill(1100)
			}
		}
		f, err := r.w.Probe(t.Context(), p)
		require.NoError(t, err)
		require.False(t, f.Login.StillHere)
		require.Equal(t, 1100, f.Login.Ret)
		require.Zero(t, f.Handles.Hot.Before, "there is nothing to go on with")
	})
	t.Run("a barred account is an error, and what was learned before it stands", func(t *testing.T) {
		r := start(t, 2)
		p := ask
		p.Stay = time.Hour
		p.Tell = func(line string) {
			if strings.Contains(line, "正在听") {
				r.server.Kill(1102)
			}
		}
		f, err := r.w.Probe(t.Context(), p)
		require.ErrorIs(t, err, bot.ErrSoonOver)
		require.True(t, f.Echo.Sent.HasID)
	})
	t.Run("lasting ids, and one as the target", func(t *testing.T) {
		var r *rig
		var told atomic.Bool
		r = startBehind(t, 2, func(w http.ResponseWriter, q *http.Request) bool {
			if told.Load() || r == nil || !strings.HasSuffix(q.URL.Path, "/synccheck") && !strings.HasSuffix(q.URL.Path, "/webwxsync") {
				return false
			}
			if strings.HasSuffix(q.URL.Path, "/synccheck") {
				_, _ = io.WriteString(w, `window.synccheck={retcode:"0",selector:"2"}`)
				return true
			}
			told.Store(true)
			g, _ := r.server.Handle("g1")
			me, _ := r.server.Handle(loopback.Self)
			// The one that can be used comes last: nothing is waited for after it.
			_, _ = fmt.Fprintf(w, `{"BaseResponse":{"Ret":0},"AddMsgList":[
				{"MsgId":"8","FromUserName":%q,"MsgType":51,"StatusNotifyUserName":"%s,@x","Content":"&lt;username&gt;90280@chatroom&lt;/username&gt;"},
				{"MsgId":"9","FromUserName":%q,"MsgType":51,"StatusNotifyUserName":"%s,@x","Content":"&lt;username&gt;90280@chatroom,wxid_x&lt;/username&gt;"}],
				"SyncKey":{"Count":0,"List":[]}}`, me, g, me, g)
			return true
		})
		p := ask
		p.Group, p.SelfToo, p.Patient = "群1", false, patience
		f, err := r.w.Probe(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, Stable{Lists: 2, Pairs: 2, Rooms: 1, Uneven: 1, Target: Answer{Asked: true, Status: 200, Ret: 1}}, f.Stable)
		text, err := json.Marshal(f)
		require.NoError(t, err)
		for _, secret := range []string{"90280", "wxid_x", "群1", "chatroom"} {
			require.NotContains(t, string(text), secret)
		}
	})
	t.Run("does not run beside a session", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		_, err := r.w.Probe(t.Context(), ask)
		require.ErrorIs(t, err, ErrServing)
	})
}
