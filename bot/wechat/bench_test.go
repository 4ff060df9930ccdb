package wechat

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
)

// meter counts what reaches the service on the wire.
type meter struct {
	net.Listener
	bytes, conns atomic.Int64
}

func (m *meter) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	m.conns.Add(1)
	return &metered{Conn: c, m: m}, nil
}

type metered struct {
	net.Conn
	m *meter
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.bytes.Add(int64(n))
	return n, err
}

// startMetered serves a town of n groups behind a meter.
func startMetered(b testing.TB, n int) (*loopback.Server, string, *meter) {
	server := loopback.New(town(n), loopback.Options{AutoLogin: true, Hold: patience})
	front := httptest.NewUnstartedServer(server)
	m := &meter{Listener: front.Listener}
	front.Listener = m
	front.Start()
	b.Cleanup(func() {
		require.NoError(b, server.Close())
		front.CloseClientConnections()
		front.Close()
	})
	return server, front.URL, m
}

// bare is openwechat's own Caller, logged in, redirected as wechat-protocol.md
// §1.0 says, and otherwise as the library makes it.
type bare struct {
	bot  *openwechat.Bot
	self string
}

type redirect struct {
	host string
	next *http.Transport
}

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Set(origHost, req.URL.Host)
	out.URL.Scheme, out.URL.Host = "http", r.host
	return r.next.RoundTrip(out)
}

func startBare(b testing.TB, base string) *bare {
	ctx, cancel := context.WithCancel(context.Background())
	wb := openwechat.NewBot(ctx)
	openwechat.Desktop.Prepare(wb)
	next := &http.Transport{}
	wb.Caller.Client.HTTPClient().Transport = redirect{host: base[len("http://"):], next: next}
	require.NoError(b, wb.Login())
	b.Cleanup(func() {
		cancel()
		next.CloseIdleConnections()
	})
	self, err := wb.GetCurrentUser()
	require.NoError(b, err)
	return &bare{bot: wb, self: self.UserName}
}

func (x *bare) text(b testing.TB, to string) {
	_, err := x.bot.Caller.WebWxSendMsg(x.bot.Context(), &openwechat.CallerWebWxSendMsgOptions{
		LoginInfo: x.bot.Storage.LoginInfo, BaseRequest: x.bot.Storage.Request,
		Message: openwechat.NewTextSendMessage("防骗提醒：96110 来电请一定接听", x.self, to),
	})
	require.NoError(b, err)
}

func (x *bare) image(b testing.TB, file, to string) {
	f, err := os.Open(file)
	require.NoError(b, err)
	defer func() { _ = f.Close() }()
	_, err = x.bot.Caller.WebWxSendImageMsg(x.bot.Context(), f, &openwechat.CallerWebWxSendImageMsgOptions{
		FromUserName: x.self, ToUserName: to, LoginInfo: x.bot.Storage.LoginInfo, BaseRequest: x.bot.Storage.Request,
	})
	require.NoError(b, err)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkText sends rounds of 300 texts, ours and the bare loop's in turn,
// and reports our rate as a share of the bare one (median of the rounds).
func BenchmarkText(b *testing.B) {
	const round = 300
	server, base, _ := startMetered(b, 1)
	other := startBare(b, base)
	to, _ := server.Handle("g1")
	own, ownBase, _ := startMetered(b, 1)
	mine := newRig(b, own, ownBase)
	mine.serve()
	e := mine.envelope("g1", text("防骗提醒：96110 来电请一定接听"), nil)
	ours := func() {
		for i := range round {
			e.ClientID = strconv.Itoa(17641000000000000 + i)
			_, err := mine.w.Send(context.Background(), e)
			require.NoError(b, err)
		}
	}
	theirs := func() {
		for range round {
			other.text(b, to)
		}
	}
	ours()
	theirs()
	var shares, rates []float64
	for b.Loop() {
		var a, z time.Duration
		if len(shares)%2 == 0 {
			a, z = took(ours), took(theirs)
		} else {
			z, a = took(theirs), took(ours)
		}
		shares, rates = append(shares, z.Seconds()/a.Seconds()), append(rates, round/a.Seconds())
	}
	b.ReportMetric(median(shares), "x-bare-rate")
	b.ReportMetric(median(rates), "sends/s")
}

func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// BenchmarkPicture sends one 200 KB picture to 500 groups, uploaded once, and
// with openwechat's own way of uploading each time.
func BenchmarkPicture(b *testing.B) {
	const groups = 500
	data := picture(b, 200<<10)
	file := filepath.Join(b.TempDir(), "p.png")
	require.NoError(b, os.WriteFile(file, data, 0o600))
	p := part(content.Picture, "p.png", data)
	var shares, faster, conns, uploads []float64
	for b.Loop() {
		server, base, m := startMetered(b, groups)
		r := newRig(b, server, base)
		r.serve()
		_, err := r.sendText("g1")
		require.NoError(b, err)
		bytes0, conns0 := m.bytes.Load(), m.conns.Load()
		a := took(func() { r.pictures(p, data, groups) })
		up := m.bytes.Load() - bytes0
		conns = append(conns, float64(m.conns.Load()-conns0))
		uploads = append(uploads, float64(server.Stats().Uploads))
		r.stop()

		server, base, m = startMetered(b, groups)
		other := startBare(b, base)
		bytes0 = m.bytes.Load()
		z := took(func() {
			for i := range groups {
				to, _ := server.Handle(fmt.Sprintf("g%d", i+1))
				other.image(b, file, to)
			}
		})
		shares = append(shares, 100*float64(up)/float64(m.bytes.Load()-bytes0))
		faster = append(faster, z.Seconds()/a.Seconds())
	}
	b.ReportMetric(median(shares), "%-of-naive-bytes-up")
	b.ReportMetric(median(faster), "x-naive-rate")
	b.ReportMetric(median(uploads), "uploads")
	b.ReportMetric(median(conns), "new-conns")
}

// pictures sends one picture to groups g1…gn.
func (r *rig) pictures(p content.Part, data []byte, n int) {
	r.t.Helper()
	for i := range n {
		_, err := r.w.Send(context.Background(), bot.Envelope{
			Session: r.session.ID, To: r.handle(fmt.Sprintf("g%d", i+1)), ClientID: strconv.Itoa(17641000000000000 + i), Part: p,
			Open: func() ([]byte, error) { return bytes.Clone(data), nil },
		})
		require.NoError(r.t, err)
	}
}
