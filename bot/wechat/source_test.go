package wechat

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard(t *testing.T) {
	ask := func(r *rig, url string, header ...string) error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader("{}"))
		require.NoError(t, err)
		for _, h := range header {
			req.Header.Set(h, "1")
		}
		resp, err := newGuard(r.w.endpoint).RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	t.Run("lets nothing go elsewhere", func(t *testing.T) {
		r := start(t, 0)
		for _, u := range []string{"https://example.com/", "https://wx.qq.com.example.com/", "https://file.example.com/",
			"http://wx.qq.com/", "https://evil.wx.qq.com/", "https://127.0.0.1/"} {
			require.ErrorIs(t, ask(r, u), errHost, u)
		}
		for _, u := range []string{"https://wx2.qq.com/", "https://file.web.wechat.com/", "https://webpush.wx.qq.com/", "https://login.wx.qq.com/"} {
			require.NoError(t, ask(r, u), u)
		}
	})
	t.Run("refuses headers that make a POST repeatable", func(t *testing.T) { // H14
		r := start(t, 0)
		for _, h := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			require.ErrorIs(t, ask(r, "https://wx2.qq.com/", h), errReplay)
		}
	})
	t.Run("no request carries such a header", func(t *testing.T) { // H14
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			for name := range q.Header {
				require.NotContains(t, strings.ToLower(name), "idempotency")
			}
			return false
		})
		r.serve()
		_, err := r.sendText("g1")
		require.NoError(t, err)
	})
	t.Run("no path of this machine reaches the service", func(t *testing.T) { // H12
		var sent []string
		r := startBehind(t, 1, func(w http.ResponseWriter, q *http.Request) bool {
			if strings.HasSuffix(q.URL.Path, "/webwxuploadmedia") {
				b, _ := io.ReadAll(q.Body)
				sent = append(sent, string(b))
				q.Body = io.NopCloser(strings.NewReader(string(b)))
			}
			return false
		})
		r.serve()
		data := picture(t, 300)
		_, err := r.send("g1", part("file", "/office/docs/通知.docx", data), data)
		require.NoError(t, err)
		require.Len(t, sent, 1)
		require.NotContains(t, sent[0], "/home")
		require.NotContains(t, sent[0], os.TempDir()+"/")
		require.Contains(t, sent[0], "通知.docx")
	})
	t.Run("bounds a reply", func(t *testing.T) {
		r := startBehind(t, 0, func(w http.ResponseWriter, q *http.Request) bool {
			_, _ = io.WriteString(w, strings.Repeat("x", maxReply+1))
			return true
		})
		require.ErrorIs(t, ask(r, "https://wx2.qq.com/"), errTooBig)
	})
}
