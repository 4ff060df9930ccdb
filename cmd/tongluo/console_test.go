package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
)

// freePort is an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close() //nolint:errcheck // only its number is wanted
	return ln.Addr().String()
}

// firstPage signs in and returns what the first page says.
func firstPage(t *testing.T, address, password string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	read := func(resp *http.Response, err error) string {
		require.NoError(t, err)
		defer resp.Body.Close() //nolint:errcheck // only read
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	token := regexp.MustCompile(`name="token" value="([0-9a-f]+)"`).FindStringSubmatch(read(client.Get("http://" + address + "/signin")))
	require.NotNil(t, token)
	return read(client.PostForm("http://"+address+"/signin", url.Values{"token": {token[1]}, "password": {password}, "name": {"王办"}}))
}

// setPassword types a new password.
func (p *pc) setPassword(pw string) {
	p.t.Helper()
	cmd := p.command("console", "password")
	cmd.Stdin = strings.NewReader(pw + "\r\n")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	require.NoError(p.t, cmd.Run(), errOut.String())
	require.Contains(p.t, out.String(), "密码已经换了")
	require.NotContains(p.t, out.String()+errOut.String(), pw)
}

func TestConsole(t *testing.T) {
	address := freePort(t)
	p := newOffice(t, fmt.Sprintf("[console]\nlisten = %q\n", address))
	d := p.start(nil, "run")
	eventually(t, "the daemon runs", func() bool { return strings.Contains(d.said(), "http://"+address) })
	t.Run("makes no password up where nobody watches", func(t *testing.T) {
		eventually(t, "it says so", func() bool { return strings.Contains(d.said(), "还没有密码") })
		require.NoFileExists(t, filepath.Join(p.dir, "data", console.PasswordFile))
	})
	t.Run("shows the office's own numbers, with the password of this moment", func(t *testing.T) {
		p.setPassword("第一个密码-1234")
		require.Contains(t, firstPage(t, address, "第一个密码-1234"), "没有启用微信")
		p.setPassword("第二个密码-1234")
		require.Contains(t, firstPage(t, address, "第一个密码-1234"), "密码不对")
		require.Contains(t, firstPage(t, address, "第二个密码-1234"), "永宁村")
	})
	t.Run("keeps nothing from being sent when its address is taken", func(t *testing.T) {
		other := newOffice(t, fmt.Sprintf("[console]\nlisten = %q\n", address))
		second := other.start(nil, "run")
		eventually(t, "it runs", func() bool { return strings.Contains(second.said(), "控制台没有开成") })
		v := pushNow(other)
		eventually(t, "handed", func() bool { return len(states(other, v.ID)) == 1 })
		require.Zero(t, second.stop(t), second.said())
	})
	t.Run("ends with the daemon", func(t *testing.T) {
		require.Zero(t, d.stop(t), d.said())
		_, err := net.Dial("tcp", address)
		require.Error(t, err)
	})
}

func TestDemoStays(t *testing.T) {
	if !hasDemo() {
		t.Skip("the demo has been deleted")
	}
	p := newPC(t)
	out, err := os.Create(filepath.Join(p.dir, "stdout"))
	require.NoError(t, err)
	defer out.Close() //nolint:errcheck // a temporary file
	d := p.start(out, "demo", "--days", "2", "--data", "shown", "--stay")
	var at []string
	eventually(t, "the console is up", func() bool {
		said, err := os.ReadFile(out.Name())
		at = regexp.MustCompile(`http://(127\.0\.0\.1:[0-9]+)　密码：(\S+?)　`).FindStringSubmatch(string(said))
		return err == nil && at != nil
	})
	require.Contains(t, firstPage(t, at[1], at[2]), "花名册里叫“王办”的人有 0 个", "its people are its own")
	require.Zero(t, d.stop(t), d.said())
}
