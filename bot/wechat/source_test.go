package wechat

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forbidden are the openwechat helpers that retarget handles, sort a shared
// slice on each call, send to many under one message id, ignore refusals, lose
// bodies, start the library's own sync loop or open a browser (reliability.md
// H1–H7, H12, H13).
var forbidden = map[string]bool{
	"Detail": true, "Members": true, "Groups": true, "Friends": true, "Sender": true, "SenderInGroup": true,
	"SendText": true, "SendImage": true, "SendVideo": true, "SendFile": true,
	"SendTextToGroups": true, "SendImageToGroups": true, "SendFileToGroups": true, "SendVideoToGroups": true,
	"SendTextToFriends": true, "SendImageToFriends": true, "SendFileToFriends": true, "SendVideoToFriends": true,
	"Login": true, "HotLogin": true, "PushLogin": true, "DefaultBot": true, "Default": true,
	"PrintlnQrcodeUrl": true, "NewFileHotReloadStorage": true, "NewJsonFileHotReloadStorage": true,
	"DumpHotReloadStorage": true, "MessageResponseParser": true, "UploadMedia": true,
	"WebWxSendImageMsg": true, "WebWxSendFile": true, "GetCurrentUser": true,
}

// H3, and the rest of the forbid list of reliability.md §7.
func TestSourceUsesNoHelper(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		seen++
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				bad := forbidden[sel.Sel.Name] || strings.HasPrefix(sel.Sel.Name, "Forward")
				require.False(t, bad, "%s calls %s", f.Name(), sel.Sel.Name)
			}
			return true
		})
	}
	require.GreaterOrEqual(t, seen, 8)
}

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
