package loopback

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"
)

const patience = 30 * time.Second

func readTown(t testing.TB) Town {
	f, err := os.Open(filepath.Join("testdata", "town.json"))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	town, err := ReadTown(f)
	require.NoError(t, err)
	return town
}

// start serves the example town until the test ends.
func start(t testing.TB, opts Options) (*Server, string) {
	if opts.Hold == 0 {
		opts.Hold = patience
	}
	s := New(readTown(t), opts)
	base, err := s.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, base
}

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// redirect sends every host to one address and names the host in a header, as
// protocol §1.0 says to do.
type redirect struct {
	base *url.URL
	next *http.Transport
}

func newRedirect(t testing.TB, base string) redirect {
	u, err := url.Parse(base)
	require.NoError(t, err)
	next := &http.Transport{MaxIdleConnsPerHost: 4}
	t.Cleanup(next.CloseIdleConnections)
	return redirect{base: u, next: next}
}

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Set(OrigHost, req.URL.Host)
	out.URL.Scheme, out.URL.Host, out.Host = r.base.Scheme, r.base.Host, r.base.Host
	return r.next.RoundTrip(out)
}

// newBot is the real client, pointed at the server. Any sync error ends it, so
// that a test sees the error; messages are handed over as they come.
func newBot(t testing.TB, base string) (*openwechat.Bot, chan *openwechat.Message, chan error) {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	bot := openwechat.NewBot(ctx)
	bot.Caller.Client.HTTPClient().Transport = newRedirect(t, base)
	bot.Caller.Client.MaxRetryTimes = 1
	messages, failures := make(chan *openwechat.Message, 64), make(chan error, 64)
	bot.MessageHandler = func(m *openwechat.Message) { messages <- m }
	bot.MessageErrorHandler = func(err error) error {
		failures <- err
		return err
	}
	return bot, messages, failures
}

// loggedIn is a bot after its login on an AutoLogin server.
func loggedIn(t testing.TB, base string) (*openwechat.Self, chan *openwechat.Message, chan error) {
	bot, messages, failures := newBot(t, base)
	require.NoError(t, bot.Login())
	self, err := bot.GetCurrentUser()
	require.NoError(t, err)
	return self, messages, failures
}

func next[T any](t testing.TB, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// groupOf is the client's view of a group by permanent id.
func groupOf(t testing.TB, s *Server, self *openwechat.Self, id string) *openwechat.Group {
	groups, err := self.Groups()
	require.NoError(t, err)
	handle, ok := s.Handle(id)
	require.True(t, ok)
	found := groups.SearchByUserName(1, handle)
	require.Len(t, found, 1)
	return found.First()
}

// raw is a second, independent client: plain net/http speaking the protocol as
// protocol §1.6 describes the other library.
type raw struct {
	t     testing.TB
	web   *http.Client
	skey  string
	sid   string
	uin   int64
	self  string
	key   map[string]any
	check map[string]any
	tick  string
}

const plainHost = "https://wx2.qq.com/cgi-bin/mmwebwx-bin/"

func newRaw(t testing.TB, base string) *raw {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &raw{t: t, web: &http.Client{
		Jar:           jar,
		Transport:     newRedirect(t, base),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (r *raw) do(method, to string, kind string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequest(method, to, bytes.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", kind)
	resp, err := r.web.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp, text, err
}

func (r *raw) get(to string) (*http.Response, string) {
	resp, text, err := r.do(http.MethodGet, to, "", nil)
	require.NoError(r.t, err)
	return resp, string(text)
}

// post adds the BaseRequest, with another device at every call.
func (r *raw) post(to string, fields map[string]any) map[string]any {
	_, text, err := r.tryPost(to, fields)
	require.NoError(r.t, err)
	var out map[string]any
	require.NoError(r.t, json.Unmarshal(text, &out), string(text))
	return out
}

func (r *raw) tryPost(to string, fields map[string]any) (*http.Response, []byte, error) {
	fields["BaseRequest"] = map[string]any{"Uin": r.uin, "Sid": r.sid, "Skey": r.skey, "DeviceID": "e" + strconv.Itoa(len(fields))}
	body, err := json.Marshal(fields)
	require.NoError(r.t, err)
	return r.do(http.MethodPost, to, "application/json;charset=UTF-8", body)
}

func ret(out map[string]any) int {
	return int(out["BaseResponse"].(map[string]any)["Ret"].(float64))
}

func find(t testing.TB, pattern, text string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.Len(t, m, 2, "%s in %s", pattern, text)
	return m[1]
}

// login needs an AutoLogin server.
func (r *raw) login() {
	_, text, err := r.do(http.MethodPost, "https://login.wx.qq.com/jslogin", "application/x-www-form-urlencoded", []byte("appid=wx782c26e4c19acffb&fun=new&lang=zh-CN&redirect_uri=https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?mod=desktop"))
	require.NoError(r.t, err)
	uuid := find(r.t, `uuid = "(.+)"`, string(text))
	poll := "https://login.wx.qq.com/cgi-bin/mmwebwx-bin/login?tip=0&loginicon=true&uuid=" + url.QueryEscape(uuid)
	_, scanned := r.get(poll)
	require.Contains(r.t, scanned, "window.code=201;window.userAvatar = 'data:img/jpg;base64,")
	_, agreed := r.get(poll)
	r.enter(find(r.t, `window.redirect_uri="(.*?)"`, agreed))
}

func (r *raw) enter(redirect string) {
	resp, page := r.get(redirect + "&fun=new")
	require.Equal(r.t, http.StatusMovedPermanently, resp.StatusCode)
	require.Empty(r.t, resp.Header.Get("Location"))
	require.Equal(r.t, "0", find(r.t, "<ret>(.*)</ret>", page))
	r.skey, r.sid = find(r.t, "<skey>(.*)</skey>", page), find(r.t, "<wxsid>(.*)</wxsid>", page)
	uin, err := strconv.ParseInt(find(r.t, "<wxuin>(.*)</wxuin>", page), 10, 64)
	require.NoError(r.t, err)
	r.uin = uin
	for _, c := range resp.Cookies() {
		if c.Name == "webwx_data_ticket" {
			r.tick = c.Value
		}
	}
	init := r.post(plainHost+"webwxinit?r=-1", map[string]any{})
	require.Zero(r.t, ret(init))
	r.key = init["SyncKey"].(map[string]any)
	r.check = r.key
	r.self = init["User"].(map[string]any)["UserName"].(string)
}

func (r *raw) text(to, words string, clientID any) map[string]any {
	return r.post(plainHost+"webwxsendmsg?lang=zh_CN", map[string]any{"Scene": 0, "Msg": map[string]any{
		"Type": 1, "Content": words, "FromUserName": r.self, "ToUserName": to, "LocalID": clientID, "ClientMsgId": clientID,
	}})
}

func keyText(key map[string]any) string {
	var b bytes.Buffer
	for i, p := range key["List"].([]any) {
		if i > 0 {
			b.WriteByte('|')
		}
		pair := p.(map[string]any)
		b.WriteString(strconv.Itoa(int(pair["Key"].(float64))) + "_" + strconv.Itoa(int(pair["Val"].(float64))))
	}
	return b.String()
}

func (r *raw) synccheck() string {
	q := url.Values{"skey": {r.skey}, "sid": {r.sid}, "uin": {strconv.FormatInt(r.uin, 10)}, "deviceid": {"e1"}, "synckey": {keyText(r.check)}}
	_, text := r.get("https://webpush.wx2.qq.com/cgi-bin/mmwebwx-bin/synccheck?" + q.Encode())
	return text
}

func (r *raw) sync() map[string]any {
	out := r.post(plainHost+"webwxsync?sid="+r.sid, map[string]any{"SyncKey": r.key, "rr": -123})
	if ret(out) == 0 {
		r.key, r.check = out["SyncKey"].(map[string]any), out["SyncCheckKey"].(map[string]any)
	}
	return out
}
