package loopback

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ask posts (or gets, with an empty body) to the control side.
func ask(t *testing.T, base, path, body string) (int, string) {
	var resp *http.Response
	var err error
	if body == "" {
		resp, err = http.Get(base + "/_control/" + path)
	} else {
		resp, err = http.Post(base+"/_control/"+path, "application/json", strings.NewReader(body))
	}
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.True(t, json.Valid(text), string(text))
	return resp.StatusCode, strings.TrimSpace(string(text))
}

func TestControl(t *testing.T) {
	s, base := start(t, Options{})
	done := func(path, body string) {
		t.Helper()
		status, text := ask(t, base, path, body)
		require.Equal(t, 200, status, text)
	}

	bot, messages, _ := newBot(t, base)
	bot.UUIDCallback = func(string) { done("login", `{"action":"confirm"}`) }
	require.NoError(t, bot.Login())
	self, err := bot.GetCurrentUser()
	require.NoError(t, err)
	group := groupOf(t, s, self, "room_east")

	done("say", `{"from":"wxid_lin","to":"room_east","text":"收到请回复"}`)
	require.Equal(t, "收到请回复", next(t, messages).Content)
	image := noise(2000, pngSign)
	done("say", `{"from":"wxid_lin","to":"","image":"`+base64.StdEncoding.EncodeToString(image)+`"}`)
	require.Equal(t, image, saved(t, next(t, messages)))
	done("rename", `{"group":"room_east","name":"改名"}`)
	require.True(t, next(t, messages).IsRenameGroup())
	done("add", `{"group":{"id":"room_9","name":"第九群","members":["wxid_he"],"saved":true}}`)
	require.Contains(t, next(t, messages).Content, "邀请你加入了群聊")
	done("friend", `{"id":"wxid_new","nickname":"新朋友"}`)
	require.Contains(t, next(t, messages).Content, "新朋友")
	done("kick", `{"group":"room_west"}`)
	require.Contains(t, next(t, messages).Content, "移出群聊")
	require.NoError(t, s.WaitIdle(patient(t)))

	done("faults", `[{"endpoint":"send","action":"ret:1205"}]`)
	done("faults", `{"endpoint":"send","nth":2,"action":"ret:1"}`)
	done("latency", `{"ms":1}`)
	for range 3 {
		_, _ = group.SendText("一")
	}
	_, text := ask(t, base, "faults", "")
	require.Equal(t, 2, strings.Count(text, `"fired":1`), text)
	_, text = ask(t, base, "receipts", "")
	var receipts []Receipt
	require.NoError(t, json.Unmarshal([]byte(text), &receipts))
	require.Len(t, receipts, 1)
	require.Equal(t, "room_east", receipts[0].To)
	_, text = ask(t, base, "receipts?after=1", "")
	require.Equal(t, "[]", text)
	_, text = ask(t, base, "stats", "")
	var st Stats
	require.NoError(t, json.Unmarshal([]byte(text), &st))
	require.Equal(t, []int64{3, 1, 2, 0}, []int64{st.Attempts, st.Receipts, st.Faults, st.Duplicates})
	require.Positive(t, st.Connections)

	done("kill", `{"retcode":1101}`)
	require.Zero(t, s.Session())
	for _, action := range []string{"refuse", "ignore", "allow"} {
		done("login", `{"action":"`+action+`"}`)
	}
}

func TestControlRefuses(t *testing.T) {
	_, base := start(t, Options{})
	status, text := ask(t, base, "login", `{"action":"confirm"}`)
	require.Equal(t, 400, status)
	require.Contains(t, text, "waiting")
	for path, body := range map[string]string{
		"login": `{"action":"dance"}`, "kill": `{"retcode":0}`, "rename": `{"grup":"x"}`, "kick": `{"group":"nowhere"}`,
		"say": `{"from":"nobody","text":"x"}`, "faults": `[{"action":"explode"}]`, "friend": `{"id":"room_east"}`, "add": `not json`,
	} {
		status, text := ask(t, base, path, body)
		require.Equal(t, 400, status, path)
		require.Contains(t, text, `"error"`)
	}
}
