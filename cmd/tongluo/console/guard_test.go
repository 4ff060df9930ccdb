package console_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
)

var insidePages = []string{"/", "/waiting", "/coverage", "/flags", "/halt", "/code.png"}

func TestStranger(t *testing.T) {
	o := newTown(t)
	o.account.is("offline", "http://login.example/secret")
	b := o.browser()
	t.Run("is sent to the door from every page", func(t *testing.T) {
		for _, path := range insidePages {
			p := b.get(path)
			require.Equal(t, http.StatusSeeOther, p.code, path)
			require.Equal(t, "/signin", p.head.Get("Location"), path)
			require.NotContains(t, p.body, "永宁村", path)
			require.NotContains(t, p.body, "PNG", path)
		}
	})
	t.Run("reads no name at the door", func(t *testing.T) {
		p := b.signIn("不对的密码", "没有这个人")
		require.Equal(t, http.StatusForbidden, p.code)
		require.Contains(t, p.body, "密码不对，还可以试 4 次")
		require.NotContains(t, p.body, "花名册")
	})
	t.Run("does not halt, whatever cookie is made up", func(t *testing.T) {
		p := b.do(http.MethodPost, "/halt", url.Values{"token": {b.token("/signin", "/signin")}},
			func(r *http.Request) {
				r.AddCookie(&http.Cookie{Name: "tongluo_console", Value: strings.Repeat("A", 26)})
			})
		require.Equal(t, http.StatusSeeOther, p.code)
		require.False(t, o.halted())
	})
}

func TestHeaders(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	spoilt := func(r *http.Request) { r.Host = "evil.example" }
	for name, p := range map[string]answer{"first": b.get("/"), "door": o.browser().get("/signin"), "sheet": b.get("/style.css"), "nothing": b.get("/none"),
		"other host": b.do(http.MethodGet, "/", nil, spoilt), "wrong method": b.do(http.MethodPut, "/signin", nil), "problem": b.get("/coverage?unit=x")} {
		require.Equal(t, "no-store", p.head.Get("Cache-Control"), name)
		require.Equal(t, "nosniff", p.head.Get("X-Content-Type-Options"), name)
		require.Equal(t, "no-referrer", p.head.Get("Referrer-Policy"), name)
		require.Equal(t, "DENY", p.head.Get("X-Frame-Options"), name)
		csp := p.head.Get("Content-Security-Policy")
		require.Contains(t, csp, "default-src 'none'", name)
		require.Contains(t, csp, "frame-ancestors 'none'", name)
		require.NotContains(t, csp, "unsafe", name)
		require.NotContains(t, csp, "script-src", name)
	}
}

func TestHost(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	inside := b.cookie()
	_, port, err := net.SplitHostPort(o.server.Listener.Addr().String())
	require.NoError(t, err)
	for host, code := range map[string]int{
		"127.0.0.1:" + port:                   http.StatusOK,
		"localhost:" + port:                   http.StatusOK,
		"[::1]:" + port:                       http.StatusOK,
		"evil.example:" + port:                http.StatusMisdirectedRequest, // DNS rebinding
		"127.0.0.1.evil.example:" + port:      http.StatusMisdirectedRequest,
		"localhost.evil.example:" + port:      http.StatusMisdirectedRequest,
		"192.168.1.5:" + port:                 http.StatusMisdirectedRequest,
		"127.0.0.1":                           http.StatusMisdirectedRequest, // another port than ours
		"127.0.0.1:1":                         http.StatusMisdirectedRequest,
		"127.0.0.1:" + port + "@evil.example": http.StatusMisdirectedRequest,
	} {
		p := b.do(http.MethodGet, "/", nil, func(r *http.Request) {
			r.Host = host
			r.AddCookie(&http.Cookie{Name: "tongluo_console", Value: inside})
		})
		require.Equal(t, code, p.code, host)
		if code != http.StatusOK {
			require.NotContains(t, p.body, "永宁", host)
		}
	}
}

func TestForms(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	good := b.token("/halt", "/halt")
	require.NotEmpty(t, good)
	from := func(key, value string) func(*http.Request) {
		return func(r *http.Request) {
			for _, k := range []string{"Origin", "Sec-Fetch-Site"} {
				r.Header.Del(k)
			}
			r.Header.Set(key, value)
		}
	}
	for name, c := range map[string]struct {
		token string
		spoil func(*http.Request)
	}{
		"from another site":          {good, from("Sec-Fetch-Site", "cross-site")},
		"from another port":          {good, from("Sec-Fetch-Site", "same-site")},
		"from another origin":        {good, from("Origin", "http://evil.example")},
		"without a token":            {"", nil},
		"with a made-up token":       {strings.Repeat("0", 64), nil},
		"with the token of another":  {b.token("/", "/signout"), nil},
		"with another's token":       {o.signedIn().token("/halt", "/halt"), nil},
		"in the address, not a form": {"", func(r *http.Request) { r.URL.RawQuery = "token=" + good }},
	} {
		t.Run(name+" does nothing", func(t *testing.T) {
			if c.spoil == nil {
				c.spoil = func(*http.Request) {}
			}
			p := b.do(http.MethodPost, "/halt", url.Values{"token": {c.token}}, c.spoil)
			require.Equal(t, http.StatusForbidden, p.code)
			require.False(t, o.halted())
		})
	}
	t.Run("longer than any form does nothing", func(t *testing.T) {
		p := b.do(http.MethodPost, "/halt", url.Values{"pad": {strings.Repeat("x", 9<<10)}, "token": {good}})
		require.Equal(t, http.StatusForbidden, p.code)
		require.False(t, o.halted())
	})
	t.Run("looking does nothing", func(t *testing.T) {
		for _, path := range append(insidePages, "/halt?token="+good, "/signout?token="+b.token("/", "/signout")) {
			b.get(path)
			b.do(http.MethodHead, path, nil)
		}
		require.False(t, o.halted())
		require.True(t, b.inside())
	})
	t.Run("a sign-in from another site opens nothing", func(t *testing.T) {
		victim := o.browser()
		token := victim.token("/signin", "/signin")
		form := url.Values{"token": {token}, "password": {password}}
		require.Equal(t, http.StatusForbidden, victim.do(http.MethodPost, "/signin", form, from("Sec-Fetch-Site", "cross-site")).code)
		other := o.browser() // the attacker's own token, with another's cookie
		other.get("/signin")
		require.Equal(t, http.StatusForbidden, other.do(http.MethodPost, "/signin", form).code)
		require.False(t, victim.inside())
		require.False(t, other.inside())
	})
	t.Run("with its token it does what it says", func(t *testing.T) {
		require.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/halt", url.Values{"token": {good}}).code)
		require.True(t, o.halted())
	})
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.168.1.5:8600", "localhost:0", "example.com:80", "127.0.0.1", ""} {
		_, err := console.Listen(t.Context(), addr)
		require.ErrorIs(t, err, console.ErrNotLoopback, addr)
	}
}

func TestServe(t *testing.T) {
	o := newRoom(t)
	c := o.console()
	t.Run("waits for nobody for ever", func(t *testing.T) {
		s := console.Server(c, t.Context())
		for _, d := range []time.Duration{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout} {
			require.Positive(t, d)
			require.LessOrEqual(t, d, time.Minute)
		}
		require.LessOrEqual(t, s.MaxHeaderBytes, 64<<10)
	})
	t.Run("ends with its context and lets go of the address", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ln, err := console.Listen(ctx, "127.0.0.1:0")
		require.NoError(t, err)
		addr := ln.Addr().String()
		ended := make(chan error, 1)
		go func() { ended <- c.Serve(ctx, ln) }()
		resp, err := http.Get("http://" + addr + "/signin")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		stop()
		require.NoError(t, <-ended)
		again, err := console.Listen(t.Context(), addr)
		require.NoError(t, err)
		require.NoError(t, again.Close())
	})
}
