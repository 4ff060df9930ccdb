package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// TestServiceClock: when the service's replies say that this PC's clock is far
// from right, nothing is sent until it is not; the office is told what to do.
func TestServiceClock(t *testing.T) {
	if testing.Short() {
		t.Skip("real daemons")
	}
	t.Parallel()
	to, err := url.Parse(startLoopback(newPC(t)))
	require.NoError(t, err)
	var ahead atomic.Int64
	ahead.Store(int64(20 * time.Minute))
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Date", time.Now().Add(time.Duration(ahead.Load())).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.CloseClientConnections)
	p := newOffice(t, fmt.Sprintf(fast, server.URL))
	vouch(t, filepath.Join(p.dir, "data"))
	d := p.start(nil, "run").up(t)
	eventually(t, "logged in", func() bool { return strings.Contains(d.said(), "msg=\"logged in\"") })
	v := pushNow(p)
	eventually(t, "the queue says what is wrong", func() bool { return strings.Contains(p.ok("queue"), "比微信的慢了 ") })
	require.Equal(t, schedule.ClockSkewed, document[map[string]any](p, "clock")["trouble"])
	require.Empty(t, receipts(t, to.String()))
	ahead.Store(int64(-2 * time.Minute))
	say(t, to.String(), "keeper-3", "在吗") // a stranger to us, whose word brings the next reply at once
	eventually(t, "accepted", func() bool { return states(p, v.ID)[schedule.Accepted] == 3 })
	require.Contains(t, p.ok("clock"), "没有发现问题")
	require.Zero(t, d.stop(t), d.said())
}
