package console_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
	"tongluo/store"
)

const password = "合格的密码-2026"

// What people may call a group, and what must never reach a browser unescaped.
const (
	hostileGroup = `"><img src=x onerror=alert(1)>群`
	hostileUnit  = "<script>alert(2)</script>村\u202e"
)

// room is a console over a real store, served over real HTTP, with a clock and
// an account of the test's own.
type room struct {
	t       testing.TB
	data    string
	db      *store.DB
	office  *schedule.Office
	account *account
	server  *httptest.Server
	millis  atomic.Int64
	log     *record
	cal     *calendar.Calendar
}

// account is in whatever state the test wants.
type account struct {
	mu      sync.Mutex
	state   schedule.AccountState
	code    string
	session string
	why     string
}

func (a *account) Status() schedule.AccountStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	return schedule.AccountStatus{State: a.state, Session: a.session, Why: a.why, Bound: 3, Sees: func(int64) bool { return false }, Knows: func(int64) bool { return false }}
}

func (a *account) loginCode() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.code
}

func (a *account) is(state schedule.AccountState, code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.code = state, code
}

// record keeps what was logged.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

type noPacks struct{}

func (noPacks) Write(context.Context, schedule.Pack) (string, error) { return "", nil }

// newRoom is a console over an empty office on Monday 2026-06-01, 08:30.
func newRoom(t testing.TB) *room {
	t.Helper()
	return roomIn(t, t.TempDir())
}

func roomIn(t testing.TB, data string) *room {
	t.Helper()
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	o := &room{t: t, data: data, account: &account{state: schedule.AccountOff}, log: &record{}, cal: cal}
	o.db, err = store.Open(t.Context(), o.data, store.Options{Cal: cal})
	require.NoError(t, err)
	t.Cleanup(o.close)
	o.set(time.Date(2026, time.June, 1, 8, 30, 0, 0, cal.Zone()))
	settings := schedule.DefaultSettings()
	settings.WideFrom = 2
	for name, day := range map[string]string{"周二上午": "TUE", "周五上午": "FRI"} {
		cron, err := calendar.ParseCron("0 9 * * "+day, cal.Zone())
		require.NoError(t, err)
		settings.Slots = append(settings.Slots, schedule.Slot{Name: name, Cron: cron, Length: 150 * time.Minute})
	}
	o.office = schedule.New(o.db, cal, settings, o.account, noPacks{})
	o.server = httptest.NewServer(o.console().Handler())
	t.Cleanup(o.server.Close)
	return o
}

// close shuts the store; a second time does nothing.
func (o *room) close() {
	if o.db != nil {
		require.NoError(o.t, o.db.Close())
		o.db = nil
	}
}

func (o *room) console() *console.Console {
	return console.New(console.Options{Name: "永宁镇综治办", Office: o.office, Account: o.account, Code: o.account.loginCode,
		Data: o.data, Packs: "/data/packs", Now: o.now, Log: slog.New(slog.NewTextHandler(o.log, nil))})
}

// newTown is a console with a password over a town, three weeks into plan 11:
// some forwarded, some did not, and a push waits for a second person.
func newTown(t testing.TB) *room {
	t.Helper()
	lived.once.Do(func() { liveTown(t) })
	require.NotEmpty(t, lived.data, "the town was lived through")
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.CopyFS(dir, os.DirFS(lived.data)))
	o := roomIn(t, dir)
	o.set(lived.now)
	return o
}

// lived is the town after its three weeks, made once: living is what takes time.
var lived struct {
	once sync.Once
	data string
	now  time.Time
}

func TestMain(m *testing.M) {
	code := m.Run()
	if lived.data != "" {
		_ = os.RemoveAll(lived.data)
	}
	os.Exit(code)
}

func liveTown(t testing.TB) {
	dir, err := os.MkdirTemp("", "tongluo-console-")
	require.NoError(t, err)
	o := roomIn(t, dir)
	require.NoError(t, console.SetPassword(o.data, password))
	o.people(town())
	for id, title := range map[string]string{"shua-dan": "刷单返利是诈骗", "tui-kuan": "客服退款要当心", "gong-jian": "自称公检法的都是骗子"} {
		o.fill(id, title)
	}
	o.adopt("11")
	for week := range 3 {
		for _, day := range []int{1, 4} {
			o.until(o.day(week*7+day, 12))
			o.forward(week)
		}
	}
	o.until(o.day(22, 12))
	_, err = o.office.QueuePush(t.Context(), roster.Operator("陈明"), schedule.Request{Item: "gong-jian", To: "all"}, o.now())
	require.NoError(t, err)
	lived.now = o.now()
	o.close()
	lived.data = dir
}

// town has a village that forwards, one that does not, one without a group that
// owes, and one whose name is an attack.
func town() *roster.Roster {
	unit := func(id, parent, contact int64, name, path string) roster.Unit {
		return roster.Unit{ID: id, Parent: parent, Contact: contact, Name: name, Path: path}
	}
	person := func(id, unit int64, name, path string, role roster.Role) roster.Person {
		return roster.Person{ID: id, Unit: unit, Name: name, UnitPath: path, Role: role, Tag: name}
	}
	group := func(id, unit, keeper int64, name, path string) roster.Group {
		return roster.Group{ID: id, Unit: unit, Keeper: keeper, Name: name, UnitPath: path, Kind: "便民群", Carrier: roster.ByKeeper}
	}
	return roster.New(
		[]roster.Unit{unit(1, 0, 0, "永宁镇", "永宁镇"), unit(2, 1, 1, "永宁村", "永宁镇/永宁村"), unit(3, 1, 2, "前埔村", "永宁镇/前埔村"),
			unit(4, 1, 0, "沙堤村", "永宁镇/沙堤村"), unit(5, 1, 4, hostileUnit, "永宁镇/"+hostileUnit), unit(6, 2, 0, "三组", "永宁镇/永宁村/三组")},
		[]roster.Group{group(11, 2, 1, "永宁村便民群", "永宁镇/永宁村"), group(12, 3, 2, "前埔村便民群", "永宁镇/前埔村"),
			group(13, 5, 4, hostileGroup, "永宁镇/"+hostileUnit)},
		[]roster.Person{person(1, 2, "王海", "永宁镇/永宁村", roster.Cadre), person(2, 3, "李玉", "永宁镇/前埔村", roster.Cadre),
			person(3, 1, "陈明", "永宁镇", roster.Staff), person(4, 5, "孙立", "永宁镇/"+hostileUnit, roster.Cadre)})
}

func (o *room) now() time.Time       { return time.UnixMilli(o.millis.Load()) }
func (o *room) set(t time.Time)      { o.millis.Store(t.UnixMilli()) }
func (o *room) pass(d time.Duration) { o.set(o.now().Add(d)) }
func (o *room) day(n, h int) time.Time {
	return time.Date(2026, time.June, 1+n, h, 0, 0, 0, o.cal.Zone())
}

func (o *room) people(r *roster.Roster) {
	require.NoError(o.t, o.office.ImportRoster(o.t.Context(), roster.Operator(""), r, o.now()))
}

func (o *room) adopt(number string) {
	all, err := plans.Embedded()
	require.NoError(o.t, err)
	plan, err := plans.Find(all, number)
	require.NoError(o.t, err)
	_, _, err = o.office.Adopt(o.t.Context(), roster.Operator(""), plan, "永宁镇", 2026, map[string]string{"weekly-push.media": "any"}, o.now())
	require.NoError(o.t, err)
}

func (o *room) fill(id, title string) {
	it := content.Item{ID: id, Title: title, Body: "陌生人叫你先垫钱，一律不信。", Media: []content.Media{content.Text},
		Author: "甲", State: content.Draft, CreatedAt: o.now()}
	require.NoError(o.t, o.office.AddItem(o.t.Context(), roster.Operator("甲"), it, nil, o.now()))
	require.NoError(o.t, o.office.ApproveItem(o.t.Context(), roster.Operator("乙"), id, o.now()))
}

// until does everything that is due up to the instant.
func (o *room) until(at time.Time) {
	o.t.Helper()
	for range 10_000 {
		for {
			n, err := o.office.DoDue(o.t.Context(), o.now())
			require.NoError(o.t, err)
			if n == 0 {
				break
			}
		}
		next, ok, err := o.db.NextJob(o.t.Context())
		require.NoError(o.t, err)
		if !ok || next.After(at) {
			o.set(at)
			return
		}
		if next.After(o.now()) {
			o.set(next)
		}
	}
	require.Fail(o.t, "something is due for ever")
}

// forward has 永宁村 forward all it is asked to, 前埔村 in the first week only;
// what 前埔村 leaves it had in its hands.
func (o *room) forward(week int) {
	ctx := o.t.Context()
	hs, err := o.db.Handoffs(ctx, schedule.HandoffFilter{States: []schedule.HandoffState{schedule.HandoffOpen}})
	require.NoError(o.t, err)
	for _, h := range hs {
		if h.Person == 1 || h.Person == 2 && week == 0 {
			_, err := o.office.Forwarded(ctx, roster.Operator("陈明"), schedule.Word{Handoff: h.ID}, o.now())
			require.NoError(o.t, err)
			continue
		}
		if h.ReadableAt.IsZero() {
			from := h.State
			h.ReadableAt, h.By = o.now(), "pack"
			require.NoError(o.t, o.db.SaveHandoff(ctx, roster.Operator("陈明"), from, h, o.now()))
		}
	}
}

func (o *room) halted() bool {
	on, _, err := o.db.Halted(o.t.Context())
	require.NoError(o.t, err)
	return on
}

// browser is a visitor: it keeps cookies and follows nothing by itself.
type browser struct {
	o    *room
	http *http.Client
}

// answer is what a browser got.
type answer struct {
	code int
	head http.Header
	body string
}

func (o *room) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	return &browser{o, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is a browser inside.
func (o *room) signedIn() *browser {
	b := o.browser()
	p := b.signIn(password)
	require.Equal(o.t, http.StatusSeeOther, p.code, p.body)
	return b
}

// do sends a request that the test may spoil first.
func (b *browser) do(method, path string, form url.Values, spoil ...func(*http.Request)) answer {
	b.o.t.Helper()
	req, err := http.NewRequestWithContext(b.o.t.Context(), method, b.o.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.o.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", b.o.server.URL)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, s := range spoil {
		s(req)
	}
	resp, err := b.http.Do(req)
	require.NoError(b.o.t, err)
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.o.t, err)
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (b *browser) get(path string) answer {
	b.o.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

var tokens = regexp.MustCompile(`action="(/[a-z]+)"[^>]*>\s*<input type="hidden" name="token" value="([^"]+)"`)

// token is that of a form on a page.
func (b *browser) token(path, action string) string {
	b.o.t.Helper()
	for _, m := range tokens.FindAllStringSubmatch(b.get(path).body, -1) {
		if m[1] == action {
			return m[2]
		}
	}
	return ""
}

func (b *browser) signIn(pw string, name ...string) answer {
	b.o.t.Helper()
	return b.do(http.MethodPost, "/signin", url.Values{"token": {b.token("/signin", "/signin")}, "password": {pw}, "name": {strings.Join(name, "")}})
}

// inside reports whether the first page is shown.
func (b *browser) inside() bool {
	b.o.t.Helper()
	return b.get("/").code == http.StatusOK
}

// cookie is the browser's one.
func (b *browser) cookie() string {
	u, err := url.Parse(b.o.server.URL)
	require.NoError(b.o.t, err)
	for _, c := range b.http.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

// logged are the log rows of a verb: verb, person, road and asker.
func (o *room) logged(verb string) [][4]string {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(o.data, store.FileName))+"?mode=ro")
	require.NoError(o.t, err)
	defer db.Close() //nolint:errcheck // only read
	rows, err := db.QueryContext(o.t.Context(), `SELECT verb, person, via, asker FROM log WHERE verb = $1`, verb)
	require.NoError(o.t, err)
	defer rows.Close() //nolint:errcheck // only read
	var out [][4]string
	for rows.Next() {
		var r [4]string
		require.NoError(o.t, rows.Scan(&r[0], &r[1], &r[2], &r[3]))
		out = append(out, r)
	}
	require.NoError(o.t, rows.Err())
	return out
}
