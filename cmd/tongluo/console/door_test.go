package console_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
	"tongluo/schedule"
)

func TestSession(t *testing.T) {
	o := newRoom(t)
	require.NoError(t, console.SetPassword(o.data, password))
	t.Run("has a cookie that scripts and other sites do not get", func(t *testing.T) {
		b := o.browser()
		before := b.signIn("x" + password)
		require.NotEmpty(t, before.head.Get("Set-Cookie"))
		old := b.cookie()
		p := b.signIn(password)
		set, err := http.ParseSetCookie(p.head.Get("Set-Cookie"))
		require.NoError(t, err)
		require.True(t, set.HttpOnly)
		require.Equal(t, http.SameSiteStrictMode, set.SameSite)
		require.Equal(t, "/", set.Path)
		require.GreaterOrEqual(t, len(set.Value)*5, 128, "bits in letters of 32")
		require.NotEqual(t, old, set.Value, "what the browser brought along is worth nothing")
		require.Zero(t, set.MaxAge)
	})
	t.Run("ends when nobody uses it for half an hour", func(t *testing.T) {
		b := o.signedIn()
		o.pass(29 * time.Minute)
		require.True(t, b.inside())
		o.pass(29 * time.Minute)
		require.True(t, b.inside())
		o.pass(30 * time.Minute)
		require.False(t, b.inside())
	})
	t.Run("is not kept up by a page that reloads itself", func(t *testing.T) {
		b := o.signedIn()
		for range 29 {
			o.pass(time.Minute)
			require.Equal(t, http.StatusOK, b.get("/?auto=1").code)
		}
		o.pass(time.Minute)
		require.Equal(t, http.StatusSeeOther, b.get("/?auto=1").code)
	})
	t.Run("ends after eight hours of use", func(t *testing.T) {
		b := o.signedIn()
		for range 31 {
			o.pass(15 * time.Minute)
			require.True(t, b.inside())
		}
		o.pass(15 * time.Minute)
		require.False(t, b.inside())
	})
	t.Run("ends by 退出, for the cookie too", func(t *testing.T) {
		b := o.signedIn()
		kept := b.cookie()
		b.do(http.MethodPost, "/signout", url.Values{"token": {b.token("/", "/signout")}})
		require.False(t, b.inside())
		thief := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "tongluo_console", Value: kept}) }
		require.Equal(t, http.StatusSeeOther, o.browser().do(http.MethodGet, "/", nil, thief).code)
	})
	t.Run("ends when the password is changed", func(t *testing.T) {
		b := o.signedIn()
		require.NoError(t, console.SetPassword(o.data, password)) // the same word, another salt
		require.False(t, b.inside())
	})
	t.Run("of the browser longest away gives way to the next", func(t *testing.T) {
		first := o.signedIn()
		for range 32 {
			o.pass(time.Second)
			o.signedIn()
		}
		require.False(t, first.inside())
	})
}

func TestWrongPasswords(t *testing.T) {
	o := newRoom(t)
	require.NoError(t, console.SetPassword(o.data, password))
	b := o.browser()
	t.Run("four are forgiven", func(t *testing.T) {
		for range 4 {
			require.Equal(t, http.StatusForbidden, b.signIn("wrong-wrong").code)
		}
		require.Equal(t, http.StatusSeeOther, b.signIn(password).code)
	})
	t.Run("after five nobody gets in for a quarter of an hour, from any browser", func(t *testing.T) {
		for range 4 {
			require.Contains(t, o.browser().signIn("wrong-wrong").body, "密码不对")
		}
		require.Contains(t, b.signIn("wrong-wrong").body, "6月1日 周一 08:45以后再试")
		o.pass(14*time.Minute + 59*time.Second)
		p := o.browser().signIn(password)
		require.Equal(t, http.StatusForbidden, p.code)
		require.Contains(t, p.body, "密码错了 5 次")
		o.pass(time.Second)
		require.Equal(t, http.StatusSeeOther, o.browser().signIn(password).code)
	})
	t.Run("are in no log", func(t *testing.T) {
		require.Contains(t, o.log.String(), "too many wrong passwords")
		require.NotContains(t, o.log.String(), "wrong-wrong")
		require.NotContains(t, o.log.String(), password)
	})
}

func TestPassword(t *testing.T) {
	file := func(dir string) string { return filepath.Join(dir, console.PasswordFile) }
	t.Run("lies hashed in a file of the office alone", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, console.SetPassword(dir, password))
		text, err := os.ReadFile(file(dir))
		require.NoError(t, err)
		require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$`, string(text))
		info, err := os.Stat(file(dir))
		require.NoError(t, err)
		if runtime.GOOS != "windows" {
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		}
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 1)
	})
	t.Run("the first is made up, and told once", func(t *testing.T) {
		o := newRoom(t)
		first, err := console.FirstPassword(o.data)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(first), 15)
		again, err := console.FirstPassword(o.data)
		require.NoError(t, err)
		require.Empty(t, again)
		require.Equal(t, http.StatusSeeOther, o.browser().signIn(first).code)
	})
	t.Run("without one nobody gets in, and the page says what to do", func(t *testing.T) {
		o := newRoom(t)
		b := o.browser()
		require.Contains(t, b.get("/signin").body, "tongluo console password")
		for _, pw := range []string{"", password} {
			require.NotEqual(t, http.StatusSeeOther, b.do(http.MethodPost, "/signin", url.Values{"password": {pw}}).code)
		}
		require.False(t, b.inside())
	})
	t.Run("a damaged file opens nothing", func(t *testing.T) {
		o := newRoom(t)
		require.NoError(t, console.SetPassword(o.data, password))
		whole, err := os.ReadFile(file(o.data))
		require.NoError(t, err)
		line := strings.TrimSpace(string(whole))
		for _, damaged := range []string{"x", "$$$$$", line[:len(line)-40], strings.Replace(line, "m=19456", "m=4294967295", 1),
			strings.Replace(line, "t=2", "t=0", 1), strings.Replace(line, "argon2id", "argon2i", 1), line[:strings.LastIndexByte(line, '$')+1]} {
			require.NoError(t, os.WriteFile(file(o.data), []byte(damaged), 0o600))
			o.pass(time.Hour) // past the wait for wrong ones
			require.Equal(t, http.StatusForbidden, o.browser().signIn(password).code, damaged)
		}
	})
	t.Run("too short, too long and with blanks around it is refused in words", func(t *testing.T) {
		for pw, say := range map[string]string{"": "太短", "七个字的密码啊": "太短", strings.Repeat("长", 100): "太长", " 前面有空格的密码": "空格"} {
			require.ErrorContains(t, console.SetPassword(t.TempDir(), pw), say)
		}
	})
}

func TestWhoSignsIn(t *testing.T) {
	o := newTown(t)
	t.Run("names somebody of the roster, or nobody", func(t *testing.T) {
		p := o.browser().signIn(password, "没有这个人")
		require.Equal(t, http.StatusBadRequest, p.code)
		require.Contains(t, p.body, "没有这个人")
		require.Equal(t, http.StatusBadRequest, o.browser().signIn(password, "陈明\u202e").code)
		require.Equal(t, http.StatusSeeOther, o.browser().signIn(password).code)
	})
	t.Run("acts as the operator at the console for that person", func(t *testing.T) {
		b := o.browser()
		require.Equal(t, http.StatusSeeOther, b.signIn(password, "陈明").code)
		require.Contains(t, b.get("/").body, "陈明")
		b.do(http.MethodPost, "/halt", url.Values{"token": {b.token("/halt", "/halt")}})
		require.Equal(t, [][4]string{{"halt", "3", "console", "陈明"}}, o.logged("halt"))
	})
}

func TestLoginCode(t *testing.T) {
	const secret = "https://login.example/l/9f3c-secret"
	o := newTown(t)
	b := o.signedIn()
	t.Run("is shown only inside, is never kept and is in no log", func(t *testing.T) {
		o.account.is(schedule.AccountOffline, secret)
		p := b.get("/")
		require.Contains(t, p.body, `src="/code.png"`)
		require.Contains(t, p.body, `http-equiv="refresh"`)
		require.NotContains(t, p.body, secret)
		picture := b.get("/code.png")
		require.Equal(t, "image/png", picture.head.Get("Content-Type"))
		require.Equal(t, "no-store", picture.head.Get("Cache-Control"))
		require.True(t, strings.HasPrefix(picture.body, "\x89PNG"))
		require.Equal(t, http.StatusSeeOther, o.browser().get("/code.png").code)
		require.NotContains(t, o.log.String(), "secret")
	})
	t.Run("goes when the account is in", func(t *testing.T) {
		o.account.is(schedule.AccountOnline, "")
		p := b.get("/")
		require.NotContains(t, p.body, "code.png")
		require.NotContains(t, p.body, "refresh")
		require.Equal(t, http.StatusBadRequest, b.get("/code.png").code)
	})
}
