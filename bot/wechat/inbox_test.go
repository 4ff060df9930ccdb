package wechat

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
)

func TestInbox(t *testing.T) {
	r := start(t, 2)
	r.serve()
	t.Run("private text with line ends, entities and emoji", func(t *testing.T) {
		said := "已转 12 😂\n<b>&amp; <br/> “好”"
		r.say("p1", "", said)
		m := r.next()
		require.Equal(t, bot.Text, m.Kind)
		require.Equal(t, said, m.Text)
		require.Equal(t, r.handle("p1"), m.Sender)
		require.Equal(t, r.session.ID, m.Session)
		require.Empty(t, m.Room)
		require.NotEmpty(t, m.ID)
		require.Equal(t, time.UTC, m.At.Location())
	})
	t.Run("the sender is split off once", func(t *testing.T) {
		r.say("p2", "g1", "推送 一村:\n第二行")
		m := r.next()
		require.Equal(t, "推送 一村:\n第二行", m.Text)
		require.Equal(t, r.handle("g1"), m.Room)
		require.Equal(t, r.handle("p2"), m.Sender)
		require.False(t, m.Mentioned)
	})
	t.Run("a mention is seen and taken out", func(t *testing.T) {
		r.say("p1", "g1", "@"+nickname+"\u2005覆盖率")
		m := r.next()
		require.True(t, m.Mentioned)
		require.Equal(t, "覆盖率", m.Text)
		r.say("p1", "g1", "@"+nickname+"村的人")
		require.False(t, r.next().Mentioned)
	})
	t.Run("a picture carries no text", func(t *testing.T) {
		_, err := r.server.Say(loopback.Words{From: "p1", To: "g1", Image: picture(t, 300)})
		require.NoError(t, err)
		m := r.next()
		require.Equal(t, bot.Picture, m.Kind)
		require.Empty(t, m.Text)
		require.Equal(t, r.handle("p1"), m.Sender)
	})
	t.Run("what the owner types is told as the account's own", func(t *testing.T) {
		r.say(loopback.Self, "g1", "自己说的<b>\n第二行")
		m := r.next()
		require.Equal(t, bot.Message{ID: m.ID, Session: m.Session, At: m.At, Kind: bot.Own, Room: r.handle("g1"), Text: "自己说的<b>\n第二行"}, m)
		r.say(loopback.Self, "p1", "私下说的")
		r.say("p1", "g1", "下一句")
		require.Equal(t, "下一句", r.next().Text, "in private it is nobody's business")
	})
	t.Run("a rename is told once", func(t *testing.T) {
		require.NoError(t, r.server.Rename("g1", "新“名”&😂"))
		m := r.next()
		require.Equal(t, bot.Renamed, m.Kind)
		require.Equal(t, "新“名”&😂", m.Text)
		require.Equal(t, r.handle("g1"), m.Room)
		r.say("p1", "g1", "后来")
		require.Equal(t, bot.Other, r.next().Kind, "the line itself, without its words")
		require.Equal(t, "后来", r.next().Text)
	})
	t.Run("a new room is told with its name", func(t *testing.T) {
		require.NoError(t, r.server.Add(loopback.Group{ID: "g9", Name: "新建群", Members: []string{"p1"}, Saved: true}))
		m := r.next()
		require.Equal(t, bot.Joined, m.Kind)
		require.Equal(t, "新建群", m.Text)
		require.Equal(t, bot.Other, r.next().Kind)
	})
	t.Run("a removal is told once", func(t *testing.T) {
		room := r.handle("g9")
		require.NoError(t, r.server.Kick("g9"))
		m := r.next()
		require.Equal(t, bot.Removed, m.Kind)
		require.Equal(t, room, m.Room)
		require.NotEmpty(t, m.ID)
		r.say("p1", "", "然后")
		require.Equal(t, "然后", r.next().Text)
	})
	t.Run("a throttled send is a success and then a notice", func(t *testing.T) {
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "send", Action: "throttle"}}))
		_, err := r.sendText("g2")
		require.NoError(t, err)
		m := r.next()
		require.Equal(t, bot.System, m.Kind)
		require.Contains(t, m.Text, "操作过于频繁")
		require.Equal(t, r.handle("g2"), m.Room)
	})
	t.Run("a remark set on the phone is told", func(t *testing.T) {
		require.NoError(t, r.server.Befriend(loopback.Contact{ID: "p2", Nickname: "李四", Remark: "李四-07"}))
		m := r.next()
		require.Equal(t, bot.Remarked, m.Kind)
		require.Equal(t, "李四-07", m.Text)
		require.Equal(t, r.handle("p2"), m.Sender)
	})
}

func TestUnsavedRoom(t *testing.T) {
	city := town(1)
	city.Groups = append(city.Groups, loopback.Group{ID: "u", Name: "没保存的群", Members: []string{"p1"}})
	r := startTown(t, city, loopback.Options{})
	require.Len(t, r.serve().Rooms, 1)
	r.say("p1", "u", "有人吗")
	m := r.next()
	require.Equal(t, bot.Joined, m.Kind)
	require.Equal(t, "没保存的群", m.Text)
	require.Equal(t, "有人吗", r.next().Text)
	r.stop()
	require.Len(t, r.serve().Rooms, 2, "a recent chat is listed by webwxinit")
}

// H4: what the service answers out of order or unasked never moves a name to
// another handle.
func TestBatchAnswersOutOfOrder(t *testing.T) {
	city := town(0)
	for _, id := range []string{"a", "b", "c"} {
		city.Groups = append(city.Groups, loopback.Group{ID: id, Name: "群" + id, Members: []string{"p1"}})
	}
	for _, action := range []string{"short_contacts", "blank_contacts", ""} {
		t.Run(action, func(t *testing.T) {
			r := startTown(t, city, loopback.Options{})
			if action != "" {
				require.NoError(t, r.server.SetFaults([]loopback.Fault{{Endpoint: "webwxbatchgetcontact", Action: action, Count: -1}}))
			}
			r.serve()
			for _, id := range []string{"a", "b", "c"} {
				r.say("p1", id, "我是"+id)
			}
			for heard := 0; heard < 3; {
				m := r.next()
				if m.Kind == bot.Joined {
					require.Equal(t, r.handle(strings.TrimPrefix(m.Text, "群")), m.Room)
					continue
				}
				require.Equal(t, r.handle(strings.TrimPrefix(m.Text, "我是")), m.Room)
				heard++
			}
		})
	}
}

func TestOddNews(t *testing.T) {
	t.Run("one message of another shape costs only itself", func(t *testing.T) {
		var mine func(string) string
		served := false
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			if served || !strings.HasSuffix(q.URL.Path, "/webwxsync") {
				return false
			}
			served = true
			_, _ = io.WriteString(w, mine(`{"MsgId":5,"FromUserName":"@p","MsgType":1,"Content":"数字编号","CreateTime":1},
				{"MsgId":{},"Content":7},{"MsgId":5,"FromUserName":"@p","MsgType":1,"Content":"又来一次"},
				{"MsgId":"6","FromUserName":"@@p","MsgType":51,"Content":"x"},
				{"MsgId":"7","FromUserName":"@p","MsgType":1,"Content":"末尾"}`))
			return true
		})
		mine = func(list string) string {
			return `{"BaseResponse":{"Ret":0},"AddMsgList":[` + list + `],"SyncKey":{"Count":9,"List":[{"Key":1,"Val":1}]}}`
		}
		r.fakeTime(1000)
		r.serve()
		r.say("p1", "", "敲门")
		require.Equal(t, "数字编号", r.next().Text)
		require.Equal(t, "末尾", r.next().Text)
	})
	t.Run("a key whose count lies is mended", func(t *testing.T) { // H5
		r, err := readSync([]byte(`{"BaseResponse":{"Ret":0},"SyncKey":{"Count":1,"List":[{"Key":1,"Val":1},{"Key":2,"Val":2}]}}`))
		require.NoError(t, err)
		require.Equal(t, 2, r.SyncKey.Count)
	})
}

func TestPlain(t *testing.T) {
	flag := `<span class="emoji emoji1f1e81f1f3"></span>`
	for in, want := range map[string]string{
		"":                                "",
		"a<br/>b":                         "a\nb",
		"&lt;span&gt; &amp;amp;":          "<span> &amp;",
		"x" + flag + "y":                  "x🇨🇳y",
		emojiOpen + `1f602` + emojiClose:  "😂",
		emojiOpen + `2320e3` + emojiClose: "#⃣",
		emojiOpen + `zz` + emojiClose:     "\uFFFD",
		emojiOpen + `1f602`:               emojiOpen + "1f602",
		"&lt;span class=\"emoji emoji1f602\"&gt;&lt;/span&gt;": `<span class="emoji emoji1f602"></span>`,
	} {
		require.Equal(t, want, plain(in), in)
	}
}

func TestRecent(t *testing.T) {
	var r recent
	require.True(t, r.first("a"))
	require.False(t, r.first("a"))
	require.True(t, r.first(""))
	require.True(t, r.first(""))
	for i := range recentSize {
		require.True(t, r.first(strings.Repeat("x", 1+i%7)+string(rune(0x4e00+i))))
	}
	require.Len(t, r.ids, recentSize)
	require.True(t, r.first("a"), "the oldest is forgotten")
}

func TestReadSendReply(t *testing.T) {
	const ours = "17641000000000001"
	for body, ok := range map[string]bool{
		`{"BaseResponse":{"Ret":0},"MsgID":"5","LocalID":"` + ours + `"}`: true,
		`{"BaseResponse":{"Ret":0},"MsgID":"5","LocalID":` + ours + `}`:   true,
		`{"BaseResponse":{"Ret":0},"MsgID":5}`:                            true,
		`{"BaseResponse":{"Ret":0},"MsgID":"5","LocalID":"1"}`:            false,
		`{"BaseResponse":{"Ret":0},"MsgID":""}`:                           false,
		`{"BaseResponse":{"Ret":0}}`:                                      false,
		`{"BaseResponse":{},"MsgID":"5"}`:                                 false,
		`{"MsgID":"5"}`:                                                   false,
		`{"error":"x"}`:                                                   false,
		`{"BaseResponse":{"Ret":0},"MsgID":"5"} trailing`:                 false,
		`null`: false, `[]`: false, ``: false, `{}`: false,
	} {
		id, err := readSendReply([]byte(body), ours)
		require.Equal(t, ok, err == nil, body)
		if ok {
			require.Equal(t, "5", id)
		} else {
			require.ErrorIs(t, err, errMalformed, body)
		}
	}
}

func FuzzReadSendReply(f *testing.F) {
	for _, s := range []string{`{}`, `{"BaseResponse":{"Ret":0},"MsgID":"5","LocalID":"1"}`, `{"BaseResponse":{"Ret":1205}}`, `<html>`, `{"BaseResponse":{"Ret":0},"MsgID":5.5e3}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(checkSendReply)
}

func checkSendReply(t *testing.T, data []byte) {
	id, err := readSendReply(data, "1")
	if err != nil {
		require.Empty(t, id)
		return
	}
	var r struct {
		BaseResponse struct{ Ret *int }
		MsgID        any
	}
	require.NoError(t, json.Unmarshal(data, &r))
	require.NotEmpty(t, id)
	require.Zero(t, *r.BaseResponse.Ret)
}

func FuzzReadSync(f *testing.F) {
	for _, s := range []string{`{}`, `{"BaseResponse":{"Ret":1101}}`, `{"BaseResponse":{"Ret":0},"SyncKey":{"Count":0,"List":[]}}`,
		`{"BaseResponse":{"Ret":0},"SyncKey":{"Count":7,"List":[{"Key":1,"Val":2}]},"AddMsgList":[{"MsgId":"1","FromUserName":"@@a","MsgType":10000,"Content":"你被移出群聊"},{"FromUserName":"@@a","MsgType":1,"Content":"@b:<br/>x"}],"ModContactList":[{"UserName":"@@a","NickName":"<span class=\"emoji emoji1f602\"></span>"}],"DelContactList":[{"UserName":"@@a"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(checkSync)
}

func checkSync(t *testing.T, data []byte) {
	reply, err := readSync(data)
	if err != nil {
		return
	}
	require.Equal(t, len(reply.SyncKey.List), reply.SyncKey.Count)
	w, err := New(Options{Dir: "unused", Endpoint: "http://127.0.0.1:1"})
	require.NoError(t, err)
	s := w.open(t.Context())
	defer s.close()
	s.line = &line{t: w, id: "s", self: "@me"}
	s.nick = nickname
	s.rooms, s.friends = map[string]bot.Room{"@@a": {Handle: "@@a", Name: "群"}}, map[string]bot.Friend{}
	// Nothing may be asked of the network: rooms nobody knows are skipped.
	msgs, _ := each[wireMessage](reply.AddMsgList)
	mods, _ := each[contact](reply.ModContactList)
	for _, c := range mods {
		s.changed(c)
	}
	for _, m := range msgs {
		s.notice(bot.Message{Room: m.FromUserName}, m.Content)
		s.unmention(plain(m.Content))
	}
}
