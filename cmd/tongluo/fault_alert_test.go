package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
)

// TestF31_dropped drops a real session of the make-believe service in the middle
// of a push of 200 groups: one alert within a minute of made-up time, one a kind
// however many groups wait, and one more word when it is over.
func TestF31_dropped(t *testing.T) {
	var mu sync.Mutex
	var got []string
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, string(body))
	}))
	t.Cleanup(far.Close)
	r := newRig(t, 200).login()
	guard := ops.NewGuard(ops.Options{Alerts: r.office, Roads: []ops.Road{ops.NewWebhook(far.URL)}, AliveAt: -1, Log: slog.New(slog.DiscardHandler),
		Watches: []ops.Watch{watchAccount(r.desk, func() string { return "" })}})
	watch := func(d time.Duration) int {
		for end := r.now.Add(d); r.now.Before(end); r.now = r.now.Add(5 * time.Second) {
			if w := guard.Look(t.Context(), true, r.now); !w.Empty() {
				guard.Tell(t.Context(), w, r.now)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		return len(got)
	}
	v := r.push(false)
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 50 {
			r.server.Kill(1101)
		}
	}
	_, _ = r.step()
	r.gone()
	require.False(t, r.desk.Status().Online())
	require.Equal(t, 1, watch(time.Minute))
	require.Contains(t, got[0], "微信掉线")
	require.Equal(t, 1, watch(v.Closes.Sub(r.now)))
	r.now = v.Closes
	_, err := r.runner.Step(t.Context(), r.now)
	require.NoError(t, err)
	require.Equal(t, 1, watch(30*time.Minute), "what was missed follows from what is known")
	r.tap.before = nil
	r.login()
	require.Equal(t, 3, watch(20*time.Minute), "what was missed, and that it is over")
	all := strings.Join(got, "\n")
	require.Contains(t, all, "有 1 次推送到时段结束还没发完")
	require.Contains(t, all, "已经好了：微信掉线")
	for _, name := range []string{"永宁", "张三", "王办", "便民群", "g50"} {
		require.NotContains(t, all, name, "counts, and no names")
	}
	require.NotContains(t, fmt.Sprint(got), "unbound")
}
