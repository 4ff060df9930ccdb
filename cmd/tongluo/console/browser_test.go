package console_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// shots is where screenshots go: TONGLUO_SHOTS, for whoever wants to look at
// them, or a folder that goes with the test.
func shots(t *testing.T) string {
	if dir := os.Getenv("TONGLUO_SHOTS"); dir != "" {
		return dir
	}
	return t.TempDir()
}

// chromium starts a real browser, or skips where there is none; with
// TONGLUO_REQUIRE set that is a failure.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" && os.Getenv("TONGLUO_REQUIRE") != "" {
		t.Fatal("no Chromium is installed, and TONGLUO_REQUIRE is set: apt-get install chromium fonts-wqy-microhei")
	}
	if program == "" {
		t.Skip("NOT LOOKED AT: no Chromium is installed, so no browser has seen the console")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("lang", "zh-CN"))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(leave)
	return ctx
}

// look saves what the browser shows, from top to end; nothing may reach beyond
// the right edge.
func look(t *testing.T, ctx context.Context, file string) {
	t.Helper()
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, shot, 0o600))
	beyond, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	require.NoError(t, err)
	require.LessOrEqual(t, beyond, 0, "%s reaches beyond the edge", file)
}

func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is slow; the long run looks")
	}
	for _, width := range []int64{360, 1280} {
		t.Run(fmt.Sprintf("somebody signs in, looks and halts at %d px", width), func(t *testing.T) { walk(t, width) })
		t.Run(fmt.Sprintf("somebody signs in, reads a list and says yes to it at %d px", width), func(t *testing.T) { sayYes(t, width) })
	}
}

// sayYes is 认群 and 放行: what is read is what the store then has.
func sayYes(t *testing.T, width int64) {
	o, first, second := holding(t)
	ctx, dir := chromium(t), shots(t)
	o.login("s1", schedule.AccountOnline, asked(11, "永宁村便民群"), refused(12), asked(13, "<script>document.title='!'</script>好\u202e群村宁永\u2066"))
	see := func(name string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, steps...), name)
		look(t, ctx, filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)))
	}
	read := func() string {
		t.Helper()
		said, err := chromedp.Run(ctx, chromedp.Text(`main`))
		require.NoError(t, err)
		return said
	}
	see("r1-first", chromedp.EmulateViewport(width, 800), chromedp.Navigate(o.server.URL+"/"), chromedp.SendKeys(`input[name=password]`, password),
		chromedp.SendKeys(`input[name=name]`, "陈明"), chromedp.Click(`main button`), chromedp.WaitVisible(`a[href="/rooms"]`))
	see("r2-rooms", chromedp.Click(`a.go[href="/rooms"]`), chromedp.WaitVisible(`button.yes`))
	for _, say := range []string{"2 个等人认一下", "永宁村便民群", "<script>document.title='!'</script>好□群村宁永□", "分不清"} {
		require.Contains(t, read(), say)
	}
	title, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(t, err)
	require.Equal(t, "认群 · 铜锣 · 永宁镇综治办", title)
	require.Empty(t, o.words())
	see("r3-bound", chromedp.Click(`button.yes`), chromedp.WaitVisible(`.notice`))
	require.Contains(t, read(), "认了 2 个群")
	require.Equal(t, map[int64]string{11: "@@11", 13: "@@13"}, o.words(), "what was shown, and nothing else")
	see("r4-held", chromedp.Click(`a.go[href="/release"]`), chromedp.WaitVisible(`button.yes`))
	require.Contains(t, read(), "压着 2 个推送")
	see("r5-released", chromedp.Click(`button.yes`), chromedp.WaitVisible(`.notice`))
	require.Contains(t, read(), "放行了 2 条")
	require.Equal(t, []schedule.State{schedule.Handed, schedule.Queued}, []schedule.State{o.state(first), o.state(second)})
}

func walk(t *testing.T, width int64) {
	o, ctx, dir := newTown(t), chromium(t), shots(t)
	o.account.is(schedule.AccountOffline, "https://login.example/l/made-up")
	_, err := o.office.WatchAlerts(t.Context(), schedule.Facts{Account: schedule.AccountOffline, Down: o.now().Add(-time.Hour), Scan: true, Free: 1, Need: 2}, false, o.now())
	require.NoError(t, err)
	see := func(name string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, steps...), name)
		look(t, ctx, filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)))
	}
	text := func(selector string) string {
		t.Helper()
		said, err := chromedp.Run(ctx, chromedp.Text(selector))
		require.NoError(t, err)
		return said
	}
	see("1-door", chromedp.EmulateViewport(width, 800), chromedp.Navigate(o.server.URL+"/"), chromedp.WaitVisible(`input[name=password]`))
	see("2-wrong", chromedp.SendKeys(`input[name=password]`, "wrong-wrong"), chromedp.Click(`main button`), chromedp.WaitVisible(`[role=alert]`))
	see("3-first", chromedp.SendKeys(`input[name=password]`, password), chromedp.SendKeys(`input[name=name]`, "陈明"), chromedp.Click(`main button`),
		chromedp.WaitVisible(`.code`))
	require.Equal(t, "6月23日 周二，上班", text(`h1`))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelector('.code').naturalWidth`))
	require.NoError(t, err)
	require.Greater(t, wide, 50, "the login code is drawn")
	for _, part := range []string{"waiting", "coverage", "flags"} {
		see("4-"+part, chromedp.Click(`nav a[href="/`+part+`"]`), chromedp.WaitVisible(`nav a[href="/`+part+`"][aria-current]`))
	}
	see("5-ask", chromedp.Click(`nav a[href="/"]`), chromedp.WaitVisible(`a.stop`), chromedp.Click(`a.stop`), chromedp.WaitVisible(`.confirm button`))
	require.False(t, o.halted())
	see("6-halted", chromedp.Click(`.confirm button`), chromedp.WaitVisible(`.halted .big`))
	require.Equal(t, "已停发", text(`.halted .big`))
	require.True(t, o.halted())
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("7-print-%d.pdf", width)), pdf, 0o600))
	see("8-out", chromedp.Click(`.out button`), chromedp.WaitVisible(`input[name=password]`))
	require.Equal(t, http.StatusSeeOther, o.browser().get("/").code)
}
