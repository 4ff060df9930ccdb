package wechat

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
)

// The phone's list of recent chats is believed whole or not at all, and only
// from the account itself.
func TestIdentify(t *testing.T) {
	for name, c := range map[string]struct {
		from, handles, ids string
		want               bool
	}{
		"pairs":               {"SELF", "@@g,P1", "1@chatroom,wxid_p1", true},
		"from somebody else":  {"P2", "P1", "wxid_p1", false},
		"one too few":         {"SELF", "@@g,P1", "wxid_p1", false},
		"a room for a person": {"SELF", "@@g,P1", "wxid_p1,1@chatroom", false},
		"the same twice":      {"SELF", "@x,P1", "wxid_p1,wxid_p1", false},
		"nothing":             {"SELF", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var reply atomic.Pointer[string]
			r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
				if !strings.HasSuffix(q.URL.Path, "/webwxsync") {
					return false
				}
				once := reply.Swap(nil)
				if once != nil {
					_, _ = io.WriteString(w, *once)
				}
				return once != nil
			})
			r.serve()
			swap := strings.NewReplacer("SELF", r.w.lineOf(r.session.ID).self, "P1", r.handle("p1"), "P2", r.handle("p2")).Replace
			list := fmt.Sprintf(`{"BaseResponse":{"Ret":0},"AddMsgList":[
				{"MsgId":"8","FromUserName":"%s","MsgType":51,"StatusNotifyCode":4,"StatusNotifyUserName":"%s","Content":"&lt;msg&gt;<br/>&lt;op id='4'&gt;<br/>&lt;username&gt;%s&lt;/username&gt;<br/>&lt;/op&gt;<br/>&lt;/msg&gt;"},
				{"MsgId":"9","FromUserName":"@p","MsgType":1,"Content":"末尾"}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":1}]}}`,
				swap(c.from), swap(c.handles), c.ids)
			reply.Store(&list)
			r.say("p1", "", "敲门")
			m := r.next()
			if c.want {
				require.Equal(t, bot.Identified, m.Kind)
				require.Equal(t, "wxid_p1", m.Text)
				require.Equal(t, r.handle("p1"), m.Sender)
				m = r.next()
			}
			require.Equal(t, "末尾", m.Text)
		})
	}
}

// A restart goes on with the login and its handles; another login is another.
func TestLoginOutlivesARestart(t *testing.T) {
	r := start(t, 1)
	first := r.serve()
	require.NotEmpty(t, first.Login)
	r.stop()
	again := r.serve()
	require.Equal(t, first.Login, again.Login)
	require.Equal(t, first.Friends, again.Friends, "the handles are those of the login")
	r.stop()
	r.server.Kill(1101)
	anew := r.serve()
	require.NotEqual(t, first.Login, anew.Login)
}
