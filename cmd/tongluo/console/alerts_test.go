package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func TestAlerts(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	require.NotContains(t, b.get("/").body, "<h2>告警")
	_, err := o.office.WatchAlerts(t.Context(), schedule.Facts{Account: schedule.AccountBarred, Free: 1, Need: 2}, false, o.now())
	require.NoError(t, err)
	t.Run("stand on the first page with what to do", func(t *testing.T) {
		body := b.get("/").body
		require.Contains(t, body, "<h2>告警 2 个</h2>")
		require.Contains(t, body, "微信不让这个账号登录")
		require.Contains(t, body, "怎么办：请先在手机上处理这个账号")
		require.Contains(t, body, "还没有通知到人")
	})
	t.Run("are known by one click, of whoever is signed in", func(t *testing.T) {
		p := b.do(http.MethodPost, "/ack", url.Values{"token": {b.token("/", "/ack")}, "kind": {"barred"}})
		require.Equal(t, "/", p.head.Get("Location"), p.body)
		body := b.get("/").body
		require.Contains(t, body, "记下了：这个告警好了以前不再通知")
		require.Contains(t, body, "知道了")
		o.pass(time.Minute)
		open, err := o.office.Alerts(t.Context(), roster.Operator(""))
		require.NoError(t, err)
		require.NotNil(t, open[1].Acked)
		require.Nil(t, open[0].Acked)
	})
	t.Run("not by a link, without the form, or of a kind there is not", func(t *testing.T) {
		require.Equal(t, http.StatusMethodNotAllowed, b.get("/ack").code)
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/ack", url.Values{"kind": {"disk-full"}}).code)
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/ack", url.Values{"kind": {"disk-full"}, "token": {b.token("/halt", "/halt")}}).code)
		p := b.do(http.MethodPost, "/ack", url.Values{"token": {b.token("/", "/ack")}, "kind": {"<b>"}})
		require.Equal(t, http.StatusBadRequest, p.code)
		require.NotContains(t, p.body, "<b>”")
		require.Equal(t, http.StatusSeeOther, o.browser().do(http.MethodPost, "/ack", url.Values{"kind": {"disk-full"}}).code, "to the door")
	})
}
