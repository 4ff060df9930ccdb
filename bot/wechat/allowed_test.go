package wechat

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allowed is every function of openwechat that may be called: those that build
// one request, carry it, and read codes. What is not here retargets handles (H4),
// sends to many under one message id and forgets refusals (H3), takes {} for a
// yes (H2), posts five times (H1), keeps the session in the open (H9), names
// files after this machine (H12), runs the library's own loop and panics in it
// (H5, H6, H7, H13), sorts shared lists, or opens a browser.
var allowed = []string{
	"(*Bot).Exit", "(*Caller).CheckLogin", "(*Caller).GetLoginUUID",
	"(*Client).GetLoginInfo", "(*Client).HTTPClient", "(*Client).Jar", "(*Client).Logout", "(*Client).SetCookieJar", "(*Client).SyncCheck",
	"(*Client).WebInit", "(*Client).WebWxBatchGetContact", "(*Client).WebWxGetContact", "(*Client).WebWxGetMedia", "(*Client).WebWxGetMsgImg",
	"(*Client).WebWxPushLogin", "(*Client).WebWxRevokeMsg", "(*Client).WebWxSendAppMsg", "(*Client).WebWxSendMsg", "(*Client).WebWxSendMsgImg",
	"(*Client).WebWxSendVideoMsg", "(*Client).WebWxStatusNotify", "(*Client).WebWxSync", "(*Client).WebWxUploadMediaByChunk",
	"(*Jar).SetCookies", "(CheckLoginResponse).Code", "(CheckLoginResponse).RedirectURL", "(SyncCheckResponse).Err", "(BotPreparer).Prepare",
	"GetRandomDeviceId", "NewBot", "NewJar", "NewSyncCheckResponse",
}

// used is what a package's source uses of openwechat: functions and methods,
// called, named or deferred.
func used(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", dir).Output()
	require.NoError(t, err, "go list")
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			exports[path] = file
		}
	}
	fset := token.NewFileSet()
	var files []*ast.File
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			f, err := parser.ParseFile(fset, e.Name(), nil, 0)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	open := func(path string) (io.ReadCloser, error) {
		data, err := os.ReadFile(exports[path])
		return io.NopCloser(bytes.NewReader(data)), err
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	_, err = (&types.Config{Importer: importer.ForCompiler(fset, "gc", open)}).Check("tongluo/bot/wechat", fset, files, info)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, o := range info.Uses {
		f, ok := o.(*types.Func)
		if !ok || f.Pkg() == nil || f.Pkg().Path() != "github.com/eatmoreapple/openwechat" {
			continue
		}
		name := f.Name()
		if r := f.Signature().Recv(); r != nil {
			name = "(" + types.TypeString(r.Type(), func(*types.Package) string { return "" }) + ")." + name
		}
		names[name] = true
	}
	var all []string
	for n := range names {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

// H1–H7, H9, H12, H13 and the rest of protocol §1.5: nothing else of the library
// is touched. That nobody but this room imports it, TestArrows holds.
func TestOnlyAllowedHelpers(t *testing.T) {
	all := used(t, ".")
	require.Greater(t, len(all), 20, "the source was read")
	for _, name := range all {
		require.True(t, slices.Contains(allowed, name), "%s is not allowed", name)
	}
	for _, name := range allowed {
		require.Contains(t, all, name, "allowed, and used no more")
	}
	t.Log(len(all), "functions of openwechat are used")
}
