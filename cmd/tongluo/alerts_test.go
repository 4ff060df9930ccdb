package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// secretKey is in the addresses of roads and must be on no screen and in no log.
const secretKey = "canary-key-71d3"

func decode(t *testing.T, text string, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(into), text)
}

// listener is a made-up far end of roads and heartbeats.
type listener struct {
	*httptest.Server
	mu   sync.Mutex
	got  map[string][]string // bodies by path
	code int
}

func newListener(t *testing.T) *listener {
	l := &listener{got: map[string][]string{}, code: http.StatusOK}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got[r.URL.Path] = append(l.got[r.URL.Path], string(body))
		w.WriteHeader(l.code)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) says(code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.code = code
}

func (l *listener) heard(path string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.got[path]...)
}

func (l *listener) settings() string {
	return "[alerts]\nwebhook = \"" + l.URL + "/hook?key=" + secretKey + "\"\nheartbeat = \"" + l.URL + "/ping?key=" + secretKey + "\"\nheartbeat_every = \"200ms\"\n"
}

func TestAlertsTest(t *testing.T) {
	l := newListener(t)
	p := newPC(t)
	p.settings(strings.Replace(l.settings(), "200ms", "5m", 1))
	t.Run("says of every road whether it arrived", func(t *testing.T) {
		out := p.ok("alerts", "test")
		require.Contains(t, out, "到了　网址推送：对方收下了")
		require.Contains(t, out, "到了　心跳：对方收到了")
		require.Contains(t, l.heard("/hook")[0], "这是试发")
	})
	t.Run("and fails when one did not", func(t *testing.T) {
		l.says(http.StatusForbidden)
		r := p.run("alerts", "test", "--json")
		require.Equal(t, exitFailed, r.code)
		var got []tried
		decode(t, r.out, &got)
		require.Equal(t, []tried{{"网址推送", false, "对方没有收下：HTTP 403"}, {"心跳", false, "对方没有收下：HTTP 403"}}, got)
		require.Contains(t, r.err, "没通的：网址推送、心跳")
		require.NotContains(t, r.out+r.err, secretKey)
	})
	t.Run("without a road it says where to write one", func(t *testing.T) {
		p.settings("")
		r := p.run("alerts", "test")
		require.Equal(t, exitInput, r.code)
		require.Contains(t, r.err, "[alerts]")
	})
}

// TestAlerts_secrets: keys in a file of their own, and in no error.
func TestAlerts_secrets(t *testing.T) {
	l := newListener(t)
	p := newPC(t)
	p.settings("[alerts]\nsecrets = \"keys.toml\"\n")
	keys := func(text string, mode os.FileMode) result {
		p.file("keys.toml", text)
		require.NoError(t, os.Chmod(filepath.Join(p.dir, "keys.toml"), mode))
		return p.run("alerts", "test")
	}
	hook := "webhook = \"" + l.URL + "/hook?key=" + secretKey + "\"\n"
	require.Zero(t, keys(hook, 0o600).code)
	require.Len(t, l.heard("/hook"), 1)
	bad := map[string]result{
		"第 2 行写得不对":     keys(hook+"passwort = \""+secretKey+"\"\n", 0o600),
		"第 1 行写得不对：只":   keys("webhook = "+secretKey+"\n", 0o600),
		"wecom 要写群机器人":  keys("wecom = \"https://evil.example/?key="+secretKey+"\"\n", 0o600),
		"以 https:// 开头": keys("webhook = \"http://10.0.0.1/"+secretKey+"\"\n", 0o600),
		"网址不是":          keys("feishu = \"https://feishu.example/"+secretKey+"\"\n", 0o600),
	}
	if runtime.GOOS != "windows" {
		bad["chmod 600"] = keys(hook, 0o640)
	}
	p.settings("[alerts]\nsecrets = \"keys.toml\"\nwebhook = \"" + l.URL + "\"\n")
	bad["只能写在一处"] = keys(hook, 0o600)
	for say, r := range bad {
		require.Equal(t, exitInput, r.code, say)
		require.Contains(t, r.err, say)
		require.Contains(t, r.err, "config.toml 第 ", say)
		require.NotContains(t, r.err, secretKey, say)
	}
}

// TestAlerts_daemon is F31 with real processes: the service bars the account, the
// operator is told by the other road, says that it is known, and the daemon is
// killed, upon which the heartbeat stops.
func TestAlerts_daemon(t *testing.T) {
	l := newListener(t)
	address := startLoopback(newPC(t))
	p := newOffice(t, fmt.Sprintf(fast, address)+"\n"+l.settings())
	control(t, address, "faults", `{"endpoint":"webwxinit","action":"ret:1203","count":-1}`)
	d := p.start(nil, "run")
	eventually(t, "the operator is told", func() bool { return len(l.heard("/hook")) == 1 })
	require.Contains(t, l.heard("/hook")[0], "微信不让这个账号登录")
	eventually(t, "heartbeats arrive", func() bool { return len(l.heard("/ping")) > 2 })
	var open []schedule.AlertView
	eventually(t, "it is on record that somebody was told", func() bool {
		open = document[[]schedule.AlertView](p, "alerts")
		return len(open) == 1 && open[0].Told != nil
	})
	require.Contains(t, p.ok("alerts"), "tongluo alerts ack barred")
	require.Contains(t, p.ok("alerts", "ack", "barred", "--by", "王办"), "记下了")
	require.Equal(t, "王办", document[[]schedule.AlertView](p, "alerts")[0].By)
	r := p.run("alerts", "ack", "nosuch")
	require.Equal(t, exitInput, r.code)
	require.NoError(t, d.cmd.Process.Kill())
	_ = d.cmd.Wait()
	require.NotContains(t, d.said(), secretKey)
	require.NotContains(t, d.said(), "王办")
	require.Empty(t, l.heard("/ping/fail"))
	require.Len(t, l.heard("/hook"), 1)
}

// control sets something at the make-believe service.
func control(t *testing.T, address, what, body string) {
	t.Helper()
	resp, err := http.Post(address+"/_control/"+what, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close() //nolint:errcheck // only read
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(said))
}
