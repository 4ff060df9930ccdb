package ops_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
)

// far is a made-up far end: it keeps what it was sent and answers as the test says.
type far struct {
	*httptest.Server
	mu     sync.Mutex
	got    []letter
	answer func(w http.ResponseWriter, r *http.Request)
}

type letter struct {
	url        *url.URL
	host, body string
}

func newFar(t testing.TB, answer func(http.ResponseWriter, *http.Request)) *far {
	t.Helper()
	f := &far{answer: answer}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.got = append(f.got, letter{r.URL, r.Host, string(body)})
		say := f.answer
		f.mu.Unlock()
		if say != nil {
			say(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *far) says(answer func(http.ResponseWriter, *http.Request)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *far) letters() []letter {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]letter(nil), f.got...)
}

func saying(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func failing(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hanging says nothing until the caller has gone.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

const canary = "canary-3f9c"

func TestWebhook(t *testing.T) {
	f := newFar(t, nil)
	road := ops.NewWebhook(f.URL + "/hook?key=" + canary)
	t.Run("posts title and text as JSON", func(t *testing.T) {
		answer, err := road.Send(t.Context(), "题", "话")
		require.NoError(t, err)
		require.Equal(t, "对方收下了", answer)
		var got map[string]string
		require.NoError(t, json.Unmarshal([]byte(f.letters()[0].body), &got))
		require.Equal(t, map[string]string{"title": "题", "text": "话"}, got)
	})
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"refuses": failing(403), "is ill": failing(500), "sends elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		},
	} {
		t.Run("the far end "+name, func(t *testing.T) {
			f.says(answer)
			was := len(f.letters())
			_, err := road.Send(t.Context(), "题", "话")
			require.ErrorContains(t, err, "没有收下")
			require.NotContains(t, err.Error(), canary)
			require.Len(t, f.letters(), was+1, "one call, nothing followed")
		})
	}
	t.Run("hangs: nobody waits longer than the caller", func(t *testing.T) {
		f.says(hanging)
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		_, err := road.Send(ctx, "题", "话")
		require.ErrorContains(t, err, "没有回答")
	})
	t.Run("is not there: the address is in no error", func(t *testing.T) {
		for _, address := range []string{"http://127.0.0.1:1/" + canary, "http://" + canary + ".invalid/", "http://127.0.0.1:1/%zz" + canary} {
			_, err := ops.NewWebhook(address).Send(t.Context(), "题", "话")
			require.Error(t, err)
			require.NotContains(t, err.Error(), canary)
			require.Regexp(t, `\p{Han}`, err.Error())
		}
	})
}

// TestDingTalk verifies the signature as the service documents it, by another
// implementation than the one that signs.
func TestDingTalk(t *testing.T) {
	const secret = "SEC0123456789" + canary
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	f := newFar(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		got, err2 := base64.StdEncoding.DecodeString(q.Get("sign"))
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d\n%s", ms, secret)
		switch {
		case q.Get("access_token") != "tok":
			_, _ = io.WriteString(w, `{"errcode":300001,"errmsg":"token is not exist"}`)
		case err != nil || err2 != nil || !hmac.Equal(got, mac.Sum(nil)) || now.Sub(time.UnixMilli(ms)).Abs() > time.Hour:
			_, _ = io.WriteString(w, `{"errcode":310000,"errmsg":"sign not match"}`)
		default:
			_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
		}
	})
	road := ops.NewDingTalk(f.URL+"/robot/send?access_token=tok", secret)
	for i := range 20 { // base64 has + and / in it now and then
		road.Now = func() time.Time { return now.Add(time.Duration(i) * 7 * time.Millisecond) }
		answer, err := road.Send(t.Context(), "题", "话")
		require.NoError(t, err)
		require.Equal(t, "钉钉收下了", answer)
	}
	var got struct {
		Msgtype string
		Text    struct{ Content string }
	}
	require.NoError(t, json.Unmarshal([]byte(f.letters()[0].body), &got))
	require.Equal(t, "text", got.Msgtype)
	require.Equal(t, "题\n话", got.Text.Content)
	for name, change := range map[string]func(*ops.DingTalk){
		"an old signature": func(d *ops.DingTalk) { d.Now = func() time.Time { return now.Add(-2 * time.Hour) } },
		"another secret":   func(d *ops.DingTalk) { d.Secret = "SECx" + canary },
		"no secret":        func(d *ops.DingTalk) { d.Secret = "" },
		"another token":    func(d *ops.DingTalk) { d.Address = f.URL + "/robot/send?access_token=" + canary },
	} {
		t.Run(name+" is refused and said so", func(t *testing.T) {
			d := road
			change(&d)
			_, err := d.Send(t.Context(), "题", "话")
			require.ErrorContains(t, err, "钉钉没有收下：错误码 3")
			require.NotContains(t, err.Error(), canary)
		})
	}
	for _, reply := range []string{"", "{}", "null", "<html>", `{"errcode":"0"}`} {
		f.says(saying(reply))
		_, err := road.Send(t.Context(), "题", "话")
		require.ErrorContains(t, err, "看不懂", "%q is no word of a robot", reply)
	}
}

// detour leads every call of the library, which knows its services' addresses by
// heart, to a made-up one.
type detour struct {
	to   string
	next http.RoundTripper
}

func (d detour) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = "http", d.to
	return d.next.RoundTrip(r)
}

func (d detour) CloseIdleConnections() {
	if c, ok := d.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func TestRobots(t *testing.T) {
	f := newFar(t, nil)
	usual := http.DefaultTransport
	http.DefaultTransport = detour{strings.TrimPrefix(f.URL, "http://"), usual}
	t.Cleanup(func() { http.DefaultTransport = usual })
	we, err := ops.NewWeCom(canary)
	require.NoError(t, err)
	fei, err := ops.NewFeishu("open.feishu.cn", "tok-"+canary, "sec-"+canary)
	require.NoError(t, err)
	for _, c := range []struct {
		road            ops.Road
		host, path      string
		good, no, badly string
	}{
		{we, "qyapi.weixin.qq.com", "/cgi-bin/webhook/send?key=" + canary, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":93000,"errmsg":"invalid webhook url"}`, `"content":"题\n话"`},
		{fei, "open.feishu.cn", "/open-apis/bot/v2/hook/tok-" + canary, `{"code":0,"msg":"success"}`, `{"code":19021,"msg":"sign match fail"}`, `"text":"题\n话"`},
	} {
		t.Run(c.road.Name(), func(t *testing.T) {
			f.says(saying(c.good))
			answer, err := c.road.Send(t.Context(), "题", "话")
			require.NoError(t, err)
			require.Equal(t, c.road.Name()+"收下了", answer)
			got := f.letters()[len(f.letters())-1]
			require.Equal(t, c.host, got.host)
			require.Equal(t, c.path, got.url.RequestURI())
			require.Contains(t, got.body, c.badly)
			for _, answer := range []func(http.ResponseWriter, *http.Request){saying(c.no), failing(500), saying("<html>")} {
				f.says(answer)
				_, err := c.road.Send(t.Context(), "题", "话")
				require.ErrorContains(t, err, "没有送到")
				require.NotContains(t, err.Error(), canary)
			}
		})
	}
	t.Run("feishu signs", func(t *testing.T) {
		var got struct{ Timestamp, Sign string }
		for _, l := range f.letters() {
			if l.host == "open.feishu.cn" {
				require.NoError(t, json.Unmarshal([]byte(l.body), &got))
			}
		}
		mac := hmac.New(sha256.New, []byte(got.Timestamp+"\nsec-"+canary))
		require.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)), got.Sign)
	})
	t.Run("nobody there: no key in the error", func(t *testing.T) {
		f.Close()
		for _, road := range []ops.Road{we, fei} {
			_, err := road.Send(t.Context(), "题", "话")
			require.Error(t, err)
			require.NotContains(t, err.Error(), canary)
		}
	})
}

// postOffice is a made-up SMTP server with STARTTLS.
type postOffice struct {
	net.Listener
	cert  *httptest.Server // whose certificate it shows
	auth  string           // how it lets people log in
	mute  string           // the command after which it says nothing more
	mu    sync.Mutex
	heard []string
	data  string
}

func newPostOffice(t *testing.T, auth, mute string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &postOffice{Listener: l, cert: httptest.NewTLSServer(nil), auth: auth, mute: mute}
	var owned sync.WaitGroup
	owned.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			owned.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); owned.Wait(); p.cert.Close() })
	return p
}

func (p *postOffice) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(lines ...string) { fmt.Fprint(conn, strings.Join(lines, "\r\n")+"\r\n") }
	say("220 made-up")
	secure, data := false, false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		p.mu.Lock()
		p.heard = append(p.heard, strings.TrimSpace(line))
		if data && strings.TrimSpace(line) != "." {
			p.data += line
		}
		p.mu.Unlock()
		switch {
		case data && strings.TrimSpace(line) == ".":
			data = false
			say("250 taken")
		case data:
		case word == p.mute:
			_, _ = io.Copy(io.Discard, in) // until the caller goes
			return
		case word == "EHLO" && !secure:
			say("250-made-up", "250 STARTTLS")
		case word == "EHLO":
			say("250-made-up", "250 AUTH "+p.auth)
		case word == "STARTTLS":
			say("220 go")
			conn = tls.Server(conn, p.cert.TLS)
			in, secure = bufio.NewReader(conn), true
		case word == "AUTH" && strings.Contains(line, "LOGIN"):
			say("334 " + base64.StdEncoding.EncodeToString([]byte("Username:")))
		case word == strings.ToUpper(base64.StdEncoding.EncodeToString([]byte("me@example.com"))):
			say("334 " + base64.StdEncoding.EncodeToString([]byte("Password:")))
		case word == "AUTH" || word == strings.ToUpper(base64.StdEncoding.EncodeToString([]byte(canary))):
			say("235 in")
		case word == "DATA":
			data = true
			say("354 go")
		case word == "RCPT" && strings.Contains(line, "nobody@"):
			say("550 no such person, " + canary)
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (p *postOffice) mail() ops.Mail {
	roots := p.cert.Client().Transport.(*http.Transport).TLSClientConfig
	return ops.Mail{Server: p.Addr().String(), User: "me@example.com", Password: canary, From: "me@example.com", To: []string{"a@example.com", "b@example.com"}, Roots: roots}
}

func TestMail(t *testing.T) {
	for _, auth := range []string{"PLAIN LOGIN", "LOGIN"} {
		t.Run("arrives as it was written, by "+auth, func(t *testing.T) {
			p := newPostOffice(t, auth, "")
			long := strings.Repeat("微信掉线，请看一眼。\n.\n", 30)
			answer, err := p.mail().Send(t.Context(), "铜锣告警：微信掉线", long)
			require.NoError(t, err)
			require.Equal(t, "邮件服务器收下了，共 2 个收件人", answer)
			p.mu.Lock()
			defer p.mu.Unlock()
			m, err := mail.ReadMessage(strings.NewReader(p.data))
			require.NoError(t, err)
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			require.NoError(t, err)
			require.Equal(t, "铜锣告警：微信掉线", subject)
			from, err := m.Header.AddressList("From")
			require.NoError(t, err)
			require.Equal(t, "铜锣", from[0].Name)
			to, err := m.Header.AddressList("To")
			require.NoError(t, err)
			require.Len(t, to, 2)
			_, err = m.Header.Date()
			require.NoError(t, err)
			require.NotEmpty(t, m.Header.Get("Message-ID"))
			body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
			require.NoError(t, err)
			require.Equal(t, long, string(body))
			require.NotContains(t, strings.Join(p.heard[:3], " "), "AUTH", "no password before STARTTLS")
		})
	}
	for _, mute := range []string{"EHLO", "AUTH", "MAIL", "DATA"} {
		t.Run("a server that falls silent at "+mute+" keeps nobody", func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer stop()
			_, err := newPostOffice(t, "PLAIN", mute).mail().Send(ctx, "题", "话")
			require.ErrorContains(t, err, "没有回答")
		})
	}
	t.Run("a refusal says no password", func(t *testing.T) {
		m := newPostOffice(t, "PLAIN", "").mail()
		m.To = []string{"nobody@example.com"}
		_, err := m.Send(t.Context(), "题", "话")
		require.ErrorContains(t, err, "no such person")
		require.NotContains(t, err.Error(), canary)
	})
	t.Run("a certificate nobody vouches for is refused before the password", func(t *testing.T) {
		p := newPostOffice(t, "PLAIN", "")
		m := p.mail()
		m.Roots = nil
		_, err := m.Send(t.Context(), "题", "话")
		require.Error(t, err)
		p.mu.Lock()
		defer p.mu.Unlock()
		require.NotContains(t, strings.Join(p.heard, " "), "AUTH")
	})
}
