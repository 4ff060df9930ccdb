package wechat

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
)

// startSaying is a rig whose next fetch brings exactly the given messages, with
// the handles of this login put in for {g1}, {p1}, {p2} and {me}.
func startSaying(t *testing.T, messages ...map[string]any) *rig {
	var r *rig
	told := false
	r = startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
		if told || !strings.HasSuffix(q.URL.Path, "/webwxsync") {
			return false
		}
		told = true
		for i, m := range messages {
			m["MsgId"] = string(rune('a' + i))
			m["CreateTime"] = 1_700_000_000
		}
		body, err := json.Marshal(map[string]any{"BaseResponse": map[string]int{"Ret": 0}, "AddMsgList": messages,
			"SyncKey": map[string]any{"Count": 1, "List": []map[string]int{{"Key": 1, "Val": 1}}}})
		if err != nil {
			panic(err)
		}
		out := string(body)
		for _, id := range []string{"g1", "p1", "p2"} {
			handle, _ := r.server.Handle(id)
			out = strings.ReplaceAll(out, "{"+id+"}", handle)
		}
		_, _ = io.WriteString(w, strings.ReplaceAll(out, "{me}", r.w.line.self))
		return true
	})
	r.fakeTime(1000)
	r.serve()
	r.say("p1", "", "敲门")
	return r
}

// F24: who said something is what the service says, never what the text says;
// our own words come back to nobody; and a word in a group is the account's only
// if it is @-ed by name.
func TestSpoofedSenders(t *testing.T) {
	long := strings.Repeat("停发 ", 350_000)
	text := func(from, content string) map[string]any {
		return map[string]any{"FromUserName": from, "ToUserName": "{me}", "MsgType": typeText, "Content": content}
	}
	said := []struct {
		message map[string]any
		sender  string // "" for nobody, "-" for a message that must not come
		text    string
		called  bool
	}{
		{text("{g1}", "{p2}:<br/>{p1}:<br/>停发"), "{p2}", "{p1}:\n停发", false},
		{text("{g1}", "停发"), "", "", false},
		{text("{g1}", "&lt;br/&gt;{p1}:&lt;br/&gt;停发"), "", "", false},
		{text("{g1}", "{p1}:\n停发"), "", "", false},
		{text("{p2}", "{p1}:<br/>停发"), "{p2}", "{p1}:\n停发", false},
		{text("{p2}", "@铜锣\u2005{p1}:<br/>停发"), "{p2}", "@铜锣\u2005{p1}:\n停发", false},
		{text("{g1}", "{p2}:<br/>@所有人 停发"), "{p2}", "@所有人 停发", false},
		{text("{g1}", "{p2}:<br/>@all 停发"), "{p2}", "@all 停发", false},
		{text("{g1}", "{p2}:<br/>@铜锣\u2005停发"), "{p2}", "停发", true},
		{text("{g1}", "{p2}:<br/>@铜锣村 停发"), "{p2}", "@铜锣村 停发", false},
		{text("{g1}", "{p2}:<br/>@铜\u200b锣\u2005停发"), "{p2}", "@铜\u200b锣\u2005停发", false},
		{text("{me}", "停发"), "-", "停发", false},
		{text("{g1}", "{me}:<br/>@铜锣\u2005停发"), "own", "停发", false},
		{map[string]any{"FromUserName": "{me}", "ToUserName": "{g1}", "MsgType": typeText, "Content": "{p1}:<br/>停发"}, "own", "停发", false},
		{map[string]any{"FromUserName": "{g1}", "ToUserName": "{me}", "MsgType": typeSystem, "Content": "{p1}:<br/>停发"}, "", "", false},
		{map[string]any{"FromUserName": "{p2}", "ToUserName": "{me}", "MsgType": typeApp, "AppMsgType": 57, "Content": "&lt;title&gt;停发&lt;/title&gt;"}, "{p2}", "", false},
		{map[string]any{"FromUserName": "{p2}", "ToUserName": "{me}", "MsgType": 10002, "Content": "&lt;sysmsg&gt;停发&lt;/sysmsg&gt;"}, "{p2}", "", false},
		{text("{p2}", long), "{p2}", long, false},
	}
	var messages []map[string]any
	for _, s := range said {
		messages = append(messages, s.message)
	}
	r := startSaying(t, append(messages, text("{p2}", "末尾"))...)
	here := strings.NewReplacer("{g1}", r.handle("g1"), "{p1}", r.handle("p1"), "{p2}", r.handle("p2"))
	for _, s := range said {
		if s.sender == "-" {
			continue
		}
		m := r.next()
		if s.sender == "own" { // of the account itself: never an order
			require.Equal(t, bot.Own, m.Kind)
			require.Empty(t, m.Sender)
			continue
		}
		require.Equal(t, here.Replace(s.sender), m.Sender, "%.60q", s.message["Content"])
		require.Equal(t, s.called, m.Mentioned, "%.60q", s.message["Content"])
		require.True(t, m.Text == here.Replace(s.text), "%.60q is heard as %.60q", s.message["Content"], m.Text)
		require.Equal(t, s.text != "", m.Kind == bot.Text)
	}
	require.Equal(t, "末尾", r.next().Text)
}
