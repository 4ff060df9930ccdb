package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// login has a session find the rooms of our groups.
func (o *room) login(session string, state schedule.AccountState, found ...roster.Decision) {
	o.t.Helper()
	require.NoError(o.t, o.office.NoteIdentity(o.t.Context(), session, found, nil, o.now()))
	o.account.mu.Lock()
	defer o.account.mu.Unlock()
	o.account.state, o.account.session = state, session
}

// asked is a question about a group that was never bound.
func asked(group int64, called string) roster.Decision {
	return roster.Decision{Group: group, Verdict: roster.Ask, Handle: fmt.Sprint("@@", group), By: roster.ByName, First: true, NewName: called, NewSize: 53,
		Overlap: -1, Second: -1, Why: "第一次认，名称对得上，要人看过才算"}
}

func refused(group int64) roster.Decision {
	return roster.Decision{Group: group, Verdict: roster.Refuse, Overlap: -1, Second: -1, Why: "微信里有 2 个群叫这个名字，分不清"}
}

func bound(group int64) roster.Decision {
	d := asked(group, "认得的群")
	d.Verdict, d.Why = roster.Bind, "名称和成员都对得上"
	return d
}

// words are the groups that somebody has said yes to, with their rooms.
func (o *room) words() map[int64]string {
	all, err := o.office.RoomWords(o.t.Context())
	require.NoError(o.t, err)
	out := map[int64]string{}
	for _, b := range all {
		out[b.Group] = b.Room
	}
	return out
}

var (
	shownList = regexp.MustCompile(`name="shown" value="([0-9a-f]+)">\s*<p>`)
	shownRow  = regexp.MustCompile(`name="group" value="(\d+)"><input type="hidden" name="shown" value="([0-9a-f]+)"`)
)

// yes fills in the form of the whole list as a page shows it, or that of a group.
func (b *browser) yes(page string, group string) url.Values {
	b.o.t.Helper()
	body := b.get(page).body
	form := url.Values{"token": {b.token(page, "/rooms")}}
	if group == "" {
		m := shownList.FindStringSubmatch(body)
		require.NotNil(b.o.t, m, body)
		form.Set("shown", m[1])
		return form
	}
	for _, m := range shownRow.FindAllStringSubmatch(body, -1) {
		if m[1] == group {
			form.Set("group", group)
			form.Set("shown", m[2])
		}
	}
	require.NotEmpty(b.o.t, form.Get("shown"), body)
	return form
}

func TestRoomsFirstPage(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	t.Run("says nothing of 认群 when nothing waits", func(t *testing.T) {
		require.NotContains(t, b.get("/").body, "/rooms")
		o.login("s1", schedule.AccountOnline, bound(11), refused(12))
		require.NotContains(t, b.get("/").body, "<h2>认群")
		require.Contains(t, b.get("/").body, `<a href="/rooms">看每个群认得怎样</a>`)
	})
	t.Run("leads to the list while something waits", func(t *testing.T) {
		o.login("s1", schedule.AccountOnline, asked(11, "永宁村便民群"), refused(12))
		body := b.get("/").body
		require.Contains(t, body, "<h2>认群：1 个群等人认一下</h2>")
		require.Contains(t, body, `href="/rooms">看名单，认群</a>`)
		require.Contains(t, body, "这里能做的只有停发、认群、放行，和对告警说“知道了”，别的只能看。")
	})
	t.Run("says that everything is held, and since when", func(t *testing.T) {
		o.login("s1", schedule.AccountHeld, bound(11), refused(12))
		_, err := o.office.WatchAlerts(t.Context(), schedule.Facts{Account: schedule.AccountHeld, Bound: 1}, false, o.now())
		require.NoError(t, err)
		o.pass(20 * time.Minute)
		require.Contains(t, b.get("/").body, "6月23日 周二 12:00 起暂停发送，要有人看过这次认出的群才发")
	})
	t.Run("not any more when the session is over", func(t *testing.T) {
		o.account.is(schedule.AccountOffline, "")
		o.account.session = ""
		require.NotContains(t, b.get("/").body, "<h2>认群")
		require.Contains(t, b.get("/rooms").body, "微信没有登录")
	})
}

func TestRoomsTakesWhatWasShown(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	o.login("s1", schedule.AccountOnline, asked(11, "永宁村便民群"), refused(12), asked(13, "换了名字"))
	t.Run("shows the list with its reasons", func(t *testing.T) {
		body := b.get("/rooms").body
		for _, say := range []string{"这次登录认出 0 个群，2 个等人认一下，1 个没认", "待认：", "<b>#11</b> <bdi>永宁村便民群</bdi>（53 人）", "微信里叫“<bdi>换了名字</bdi>”",
			"第一次认，名称对得上，要人看过才算", "没认：", "微信里有 2 个群叫这个名字，分不清", "这些都对"} {
			require.Contains(t, body, say)
		}
	})
	t.Run("one line alone", func(t *testing.T) {
		p := b.do(http.MethodPost, "/rooms", b.yes("/rooms", "13"))
		require.Equal(t, "/rooms", p.head.Get("Location"), p.body)
		require.Equal(t, map[int64]string{13: "@@13"}, o.words())
		require.Contains(t, b.get("/rooms").body, "认了 1 个群，十秒内生效。")
	})
	t.Run("a list that changed since waits again, and says so", func(t *testing.T) {
		for name, now := range map[string][]roster.Decision{
			"one more":     {asked(11, "永宁村便民群"), asked(12, "前埔村便民群"), asked(13, "换了名字")},
			"one less":     {asked(11, "永宁村便民群"), refused(12)},
			"another name": {asked(11, "永宁村便民群"), refused(12), asked(13, "又换了名字")},
			"another room": {asked(11, "永宁村便民群"), refused(12), func() roster.Decision { d := asked(13, "换了名字"); d.Handle = "@@twin"; return d }()},
		} {
			o.login("s1", schedule.AccountOnline, asked(11, "永宁村便民群"), refused(12), asked(13, "换了名字"))
			form := b.yes("/rooms", "")
			o.login("s1", schedule.AccountOnline, now...)
			p := b.do(http.MethodPost, "/rooms", form)
			require.Equal(t, "/rooms", p.head.Get("Location"), name)
			require.Contains(t, b.get("/rooms").body, "名单刚才变了，这次一个也没有认", name)
			require.Equal(t, map[int64]string{13: "@@13"}, o.words(), name)
		}
	})
	t.Run("nor is it taken in another session", func(t *testing.T) {
		form, one := b.yes("/rooms", ""), b.yes("/rooms", "11")
		o.login("s2", schedule.AccountOnline, asked(11, "永宁村便民群"), refused(12), asked(13, "换了名字"))
		for _, f := range []url.Values{form, one} {
			require.Equal(t, "/rooms", b.do(http.MethodPost, "/rooms", f).head.Get("Location"))
		}
		require.Equal(t, map[int64]string{13: "@@13"}, o.words())
	})
	t.Run("all of it at once", func(t *testing.T) {
		p := b.do(http.MethodPost, "/rooms", b.yes("/rooms", ""))
		require.Equal(t, "/", p.head.Get("Location"), p.body)
		require.Contains(t, b.get("/").body, "认了 2 个群，十秒内生效。")
		require.Equal(t, map[int64]string{11: "@@11", 13: "@@13"}, o.words())
		require.Contains(t, o.logged(string(roster.EditRoster)), [4]string{"edit roster", "0", "console", ""})
	})
	t.Run("not by a link, without the form, without a list, or of a group there is not", func(t *testing.T) {
		before := o.words()
		form := b.yes("/rooms", "11")
		without := func(field string) url.Values {
			v := url.Values{}
			for k := range form {
				v.Set(k, form.Get(k))
			}
			v.Del(field)
			return v
		}
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/rooms", without("token")).code)
		require.Equal(t, "/rooms", b.do(http.MethodPost, "/rooms", without("shown")).head.Get("Location"), "a list nobody named")
		form.Set("group", "99")
		require.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, "/rooms", form).code)
		form.Set("group", "")
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/rooms", form).code)
		require.Equal(t, http.StatusSeeOther, o.browser().do(http.MethodPost, "/rooms", form).code, "to the door")
		require.Equal(t, before, o.words())
	})
}

func TestRoomsHeld(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	list := []roster.Decision{bound(11), refused(12), asked(13, "换了名字")}
	o.login("s1", schedule.AccountHeld, list...)
	o.account.why = "原来绑定的 20 个群，这次只认出 11 个，先不发。"
	body := b.get("/rooms").body
	require.Contains(t, body, "原来绑定的 20 个群，这次只认出 11 个")
	require.Contains(t, body, "<h2>已认</h2>", "what would be used is shown as well")
	form := b.yes("/rooms", "")
	o.login("s1", schedule.AccountHeld, bound(12), list[2])
	b.do(http.MethodPost, "/rooms", form)
	require.Empty(t, o.words())
	o.login("s1", schedule.AccountHeld, list...)
	require.Equal(t, "/", b.do(http.MethodPost, "/rooms", form).head.Get("Location"))
	yes, err := o.office.Accepted(t.Context(), "s1", list)
	require.NoError(t, err)
	require.True(t, yes)
	require.Equal(t, map[int64]string{13: "@@13"}, o.words())
}

// A name that strangers chose does nothing to the page, and turns nothing around
// on it.
func TestRoomsEscape(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	for _, name := range []string{`<script>alert(4)</script>`, `"><img src=x onerror=alert(1)>`, "好\u202e群村宁永", "甲\u2066乙\u2069", "一\n二\u0000三\u2028四", "\xff\xfe", strings.Repeat("长", 5000)} {
		o.login("s1", schedule.AccountOnline, asked(11, name), asked(13, name))
		body := b.get("/rooms").body
		for _, bad := range []string{"<script", "<img src=x", "\u202e", "\u2066", "\u2069", "\u2028", "\x00", strings.Repeat("长", 100)} {
			require.NotContains(t, body, bad, "%q", name)
		}
	}
	o.login("s1", schedule.AccountOnline, asked(11, "好\u202e群村宁永"))
	require.Contains(t, b.get("/rooms").body, "微信里叫“<bdi>好□群村宁永</bdi>”")
}

func FuzzRoomsEscape(f *testing.F) {
	for _, s := range []string{"<script>", "</bdi><form action=/halt>", "\u202e'\"", "{{.Token}}", "&lt;b&gt;"} {
		f.Add(s)
	}
	o := newTown(f)
	b := o.signedIn()
	shape := regexp.MustCompile(`<[^>]*>`)
	tags := func(name string) []string {
		o.login("s1", schedule.AccountOnline, asked(11, name))
		body := b.get("/rooms").body
		for _, r := range body {
			require.NotContains(o.t, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", string(r))
		}
		return shape.FindAllString(regexp.MustCompile(`value="[^"]*"`).ReplaceAllString(body, ""), -1)
	}
	want := tags("别的名字")
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || roster.SameName(name, "永宁村便民群") {
			t.Skip("no name of the room is shown")
		}
		o.t = t
		require.Equal(t, want, tags(name), "%q", name)
	})
}

func TestRoomsLongList(t *testing.T) {
	const villages = 230
	o := newRoom(t)
	require.NoError(t, console.SetPassword(o.data, password))
	o.people(crowd(villages))
	var found []roster.Decision
	for i := range villages {
		found = append(found, asked(100_002+int64(i), fmt.Sprintf("村%04d群", i)))
	}
	o.login("s1", schedule.AccountOnline, found...)
	b := o.signedIn()
	next := regexp.MustCompile(`<a href="(\?[^"]+)">下一页`)
	page, seen := "/rooms", 0
	var pages []string
	for {
		body := b.get(page).body
		pages = append(pages, page)
		seen += strings.Count(body, "只认这一个")
		m := next.FindStringSubmatch(body)
		require.Equal(t, m == nil, strings.Contains(body, "这些都对</button>"), "the yes stands behind the last line: %s", page)
		if m == nil {
			break
		}
		page = "/rooms" + strings.ReplaceAll(m[1], "&amp;", "&")
	}
	require.Equal(t, villages, seen)
	require.Len(t, pages, 3)
	t.Run("whoever has read a list that changed begins anew", func(t *testing.T) {
		o.login("s1", schedule.AccountOnline, found[1:]...)
		body := b.get(pages[2]).body
		require.Contains(t, body, "您看的时候名单变了，请从第一页再看一遍")
		require.Contains(t, body, "第 1 页，共 3 页")
		require.NotContains(t, body, "这些都对</button>")
	})
}

// holding is a room in which a restore holds two pushes, one of them begun.
func holding(t *testing.T) (o *room, first, second int64) {
	o = newTown(t)
	for group, at := range map[string]time.Duration{"group:11": time.Hour, "group:12": 4 * time.Hour} {
		v, err := o.office.QueuePush(t.Context(), roster.Operator("陈明"), schedule.Request{Item: "tui-kuan", To: group, At: o.now().Add(at)}, o.now())
		require.NoError(t, err)
		if group == "group:11" {
			first = v.ID
		} else {
			second = v.ID
		}
	}
	_, _, err := o.db.BeginEpoch(t.Context(), roster.Operator(""), schedule.HeldByRestore, o.now())
	require.NoError(t, err)
	o.pass(2 * time.Hour)
	return o, first, second
}

func (o *room) state(push int64) schedule.State {
	ds, err := o.db.Deliveries(o.t.Context(), schedule.DeliveryFilter{Push: push})
	require.NoError(o.t, err)
	require.Len(o.t, ds, 1)
	return ds[0].State
}

var (
	heldAll = regexp.MustCompile(`name="shown" value="([0-9a-f]+)">\s*<button class="yes">`)
	heldOne = regexp.MustCompile(`name="push" value="(\d+)"><input type="hidden" name="shown" value="([0-9a-f]+)"`)
)

func TestRelease(t *testing.T) {
	o, first, second := holding(t)
	b := o.signedIn()
	t.Run("the first page says what is held, and until when", func(t *testing.T) {
		body := b.get("/").body
		require.Contains(t, body, "<h2>放行：压着 2 条没发</h2>")
		require.Contains(t, body, "6月23日 周二 12:00 从备份恢复或换过电脑")
		require.Contains(t, body, "最早的一批到 6月23日 周二 15:30 时段结束")
	})
	t.Run("the list says of each push what it is and what comes of it", func(t *testing.T) {
		body := b.get("/release").body
		for _, say := range []string{"压着 2 个推送，2 条", fmt.Sprintf("<b>#%d</b> 1 个群 <bdi>客服退款要当心</bdi>", first), "<bdi>永宁村便民群</bdi>",
			"放行：马上接着发", "放行：6月23日 周二 16:00 到点发", "不放行：到 6月23日 周二 15:30 时段结束算错过", "发过的不要放"} {
			require.Contains(t, body, say)
		}
	})
	body := b.get("/release").body
	all := url.Values{"token": {b.token("/release", "/release")}, "shown": {heldAll.FindStringSubmatch(body)[1]}}
	m := heldOne.FindStringSubmatch(body)
	require.Equal(t, fmt.Sprint(first), m[1])
	t.Run("one push alone: what people carry is handed to them", func(t *testing.T) {
		p := b.do(http.MethodPost, "/release", url.Values{"token": all["token"], "push": {m[1]}, "shown": {m[2]}})
		require.Equal(t, "/release", p.head.Get("Location"), p.body)
		require.Contains(t, b.get("/release").body, "放行了 1 条")
		require.Equal(t, schedule.Handed, o.state(first))
		require.Equal(t, schedule.Held, o.state(second))
	})
	t.Run("what was shown before is not what stands now", func(t *testing.T) {
		p := b.do(http.MethodPost, "/release", all)
		require.Equal(t, "/release", p.head.Get("Location"), p.body)
		require.Contains(t, b.get("/release").body, "压着的刚才变了，这次一条也没有放")
		require.Equal(t, schedule.Held, o.state(second))
	})
	t.Run("not without the form", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/release", url.Values{"shown": all["shown"]}).code)
		require.Equal(t, schedule.Held, o.state(second))
	})
	t.Run("all of it", func(t *testing.T) {
		all.Set("shown", heldAll.FindStringSubmatch(b.get("/release").body)[1])
		require.Equal(t, "/", b.do(http.MethodPost, "/release", all).head.Get("Location"))
		require.Equal(t, schedule.Queued, o.state(second), "it goes at its hour")
		require.NotContains(t, b.get("/").body, "/release")
		require.Contains(t, b.get("/release").body, "没有压着的")
		p := b.do(http.MethodPost, "/release", all)
		require.Equal(t, http.StatusBadRequest, p.code)
		require.Contains(t, p.body, "没有等着放行的投递")
	})
}

// What nobody lets go is over with its window, as the page says.
func TestReleaseOtherwise(t *testing.T) {
	o, first, _ := holding(t)
	o.until(o.day(22, 16))
	require.NotEqual(t, schedule.Held, o.state(first))
	require.NotContains(t, o.signedIn().get("/release").body, fmt.Sprintf("<b>#%d</b>", first))
}
