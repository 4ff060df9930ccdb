package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/console"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func TestPagesEscapeWhatPeopleWrite(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	shown := false
	for _, path := range []string{"/", "/waiting", "/coverage", "/flags", "/coverage?unit=" + url.QueryEscape("永宁镇/"+hostileUnit), "/halt", "/signin",
		"/coverage?unit=%3Cscript%3E", "/coverage?per=%22%3E%3Cscript%3E", "/waiting?page=%22%3E%3Cscript%3E"} {
		body := b.get(path).body
		for _, bad := range []string{"<script", "<img src=x", "onerror=alert(1)>", " style=", "javascript:"} {
			require.NotContains(t, body, bad, path)
		}
		shown = shown || strings.Contains(body, "&lt;script&gt;alert(2)")
	}
	require.True(t, shown, "the names are shown after all")
	p := b.signIn(password, `"><script>alert(3)</script>`)
	require.NotContains(t, p.body, "<script")
}

func TestFirstPage(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	p := b.get("/")
	require.Equal(t, http.StatusOK, p.code)
	t.Run("says the day in sentences", func(t *testing.T) {
		for _, say := range []string{"6月23日 周二，上班", "今天的投递", "下一个时段：6月26日 周五 09:00（周五上午）", "待审推送 1 个，等人转发 3 份"} {
			require.Contains(t, p.body, say)
		}
	})
	t.Run("says how to work without an account", func(t *testing.T) {
		require.Contains(t, p.body, "没有启用微信")
		require.Contains(t, p.body, "/data/packs")
		require.Contains(t, p.body, "tongluo confirm --sheet")
	})
	t.Run("says who waits for what", func(t *testing.T) {
		require.Contains(t, p.body, "自称公检法的都是骗子")
		require.Contains(t, p.body, "确认 ")
	})
	t.Run("gives each flag its clause and whose it is", func(t *testing.T) {
		require.Contains(t, p.body, "凭 方案11“")
		require.Contains(t, p.body, "每周至少推送两次以上")
		require.Contains(t, p.body, "村里的：内容早已送到负责人手上")
	})
	t.Run("shows the clause that the verbs show", func(t *testing.T) {
		rows, err := o.office.Behind(t.Context(), roster.Operator(""), "", o.now())
		require.NoError(t, err)
		require.NotEmpty(t, rows)
		all := b.get("/flags").body
		for _, r := range rows {
			require.Contains(t, all, fmt.Sprintf("<b>#%d</b> %d/%d", r.ID, r.Credits, r.Need))
		}
		require.Contains(t, all, fmt.Sprintf("督办 %d 项", len(rows)))
	})
}

func TestCoverageTable(t *testing.T) {
	o := newTown(t)
	body := o.signedIn().get("/coverage").body
	row := func(name string) string {
		_, rest, ok := strings.Cut(body, "<bdi>"+name+"</bdi>")
		require.True(t, ok, name)
		line, _, ok := strings.Cut(rest, "</tr>")
		require.True(t, ok)
		return line
	}
	t.Run("shows met and denominator of every week", func(t *testing.T) {
		require.Equal(t, 3, strings.Count(row("永宁村"), "<b>1/1</b>"))
		require.Contains(t, row("前埔村"), "<b>0/1</b>")
		require.Contains(t, row("永宁村"), `data-of="6月15日至21日"`)
	})
	t.Run("colours a keeper's share alone", func(t *testing.T) {
		require.Contains(t, row("前埔村"), `class="keeper"`)
		require.NotContains(t, row("永宁村"), `class="keeper"`)
		require.Equal(t, strings.Count(body, `<td class="keeper"`), strings.Count(body, "：村里 1，")+strings.Count(body, "：村里 2，"))
	})
	t.Run("hatches where nothing is owed and writes the zero", func(t *testing.T) {
		require.Equal(t, 6, strings.Count(row("沙堤村"), `class="none"`))
		require.Equal(t, 6, strings.Count(row("沙堤村"), "<b>0/0</b>"))
		require.Equal(t, 2, strings.Count(row("永宁村"), `class="none"`), "the weeks before it was adopted")
	})
	t.Run("tells open weeks apart", func(t *testing.T) {
		require.Contains(t, row("永宁村"), "至今 0/1")
	})
	t.Run("leads down to the units below and by month", func(t *testing.T) {
		b := o.signedIn()
		require.Contains(t, body, `href="/coverage?unit=`)
		under := b.get("/coverage?per=month&unit=" + url.QueryEscape("永宁镇/永宁村")).body
		require.Contains(t, under, "三组")
		require.Contains(t, under, "2026年6月")
		require.Contains(t, under, "看上一级")
		p := b.get("/coverage?unit=" + url.QueryEscape("没有的村"))
		require.Equal(t, http.StatusBadRequest, p.code)
		require.Contains(t, p.body, "没有单位")
	})
}

func TestHalt(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	t.Run("is one click and one confirmation", func(t *testing.T) {
		require.Contains(t, b.get("/").body, `href="/halt">停发</a>`)
		require.Contains(t, b.get("/halt").body, "要停发吗？")
		require.False(t, o.halted())
		p := b.do(http.MethodPost, "/halt", url.Values{"token": {b.token("/halt", "/halt")}})
		require.Equal(t, "/", p.head.Get("Location"))
		require.True(t, o.halted())
	})
	t.Run("stands big on every page, and is said once", func(t *testing.T) {
		require.Contains(t, b.get("/").body, "已停发，现在起一条也不再发出。")
		for _, path := range []string{"/", "/waiting", "/coverage", "/flags", "/halt"} {
			body := b.get(path).body
			require.Contains(t, body, `<p class="big">已停发</p>`, path)
			require.Contains(t, body, "6月23日 周二 12:00 起，一条也不发出", path)
			require.NotContains(t, body, "现在起一条也不再发出", path)
			require.NotContains(t, body, `href="/halt"`, path)
		}
	})
	t.Run("says when one person's 恢复 comes", func(t *testing.T) {
		_, err := o.office.Resume(t.Context(), roster.Operator("陈明"), o.now())
		require.NoError(t, err)
		require.Contains(t, b.get("/").body, "6月23日 周二 12:30 恢复，除非再停发")
	})
	t.Run("goes from the pages when it is over", func(t *testing.T) {
		_, err := o.office.Resume(t.Context(), roster.Operator("李玉"), o.now())
		require.NoError(t, err)
		require.NotContains(t, b.get("/").body, "已停发")
	})
}

func TestAccountStates(t *testing.T) {
	o := newTown(t)
	b := o.signedIn()
	for state, say := range map[schedule.AccountState]string{
		schedule.AccountOff:       "没有启用微信",
		schedule.AccountOnline:    "认回 3 个群",
		schedule.AccountSuspect:   "打开手机上的这个微信",
		schedule.AccountOffline:   "正在重新登录",
		schedule.AccountNeedsScan: "微信等扫码",
		schedule.AccountHeld:      "roster bind --accept",
		schedule.AccountBarred:    "先在手机上处理",
	} {
		o.account.is(state, "")
		require.Contains(t, b.get("/").body, say, state)
	}
}

func TestEmptyOffice(t *testing.T) {
	o := newRoom(t)
	require.NoError(t, console.SetPassword(o.data, password))
	b := o.signedIn()
	for path, say := range map[string]string{"/": "今天没有投递。", "/waiting": "没有等人转发的。", "/coverage": "花名册还是空的", "/flags": "没有落后的。"} {
		p := b.get(path)
		require.Equal(t, http.StatusOK, p.code, path)
		require.Contains(t, p.body, say, path)
	}
	require.Equal(t, http.StatusNotFound, b.get("/none").code)
}

// crowd is a roster of n villages, each with a group and a keeper.
func crowd(n int) *roster.Roster {
	units := []roster.Unit{{ID: 1, Name: "永宁镇", Path: "永宁镇"}}
	var groups []roster.Group
	var people []roster.Person
	for i := range n {
		id := int64(i + 2)
		name := fmt.Sprintf("村%04d", i)
		path := "永宁镇/" + name
		units = append(units, roster.Unit{ID: id, Parent: 1, Contact: id, Name: name, Path: path})
		groups = append(groups, roster.Group{ID: 100_000 + id, Unit: id, Keeper: id, Name: name + "群", UnitPath: path, Kind: "便民群", Carrier: roster.ByKeeper})
		people = append(people, roster.Person{ID: id, Unit: id, Name: "某" + name, UnitPath: path, Role: roster.Cadre, Tag: name})
	}
	return roster.New(units, groups, people)
}

// newCrowd is n villages a week and a half in, none of which has answered.
func newCrowd(t testing.TB, n int) *room {
	o := newRoom(t)
	require.NoError(t, console.SetPassword(o.data, password))
	o.people(crowd(n))
	for _, id := range []string{"a", "b", "c", "d"} {
		o.fill(id, "素材"+id)
	}
	o.adopt("11")
	o.until(o.day(8, 12))
	return o
}

func TestLongLists(t *testing.T) {
	const villages = 70
	o := newCrowd(t, villages)
	b := o.signedIn()
	t.Run("are short on the first page, with honest counts", func(t *testing.T) {
		body := b.get("/").body
		require.Contains(t, body, "只列了 8 个单位")
		require.Contains(t, body, fmt.Sprintf("看全部 %d 个", villages))
		require.Contains(t, body, fmt.Sprintf("等人转发 %d 份</h3>", villages))
		require.Equal(t, 10, strings.Count(body, "<li><b>#")+strings.Count(body, `<li class=""><b>#`), "five of two lists")
	})
	t.Run("are turned page by page, and no line is lost", func(t *testing.T) {
		seen := map[string]bool{}
		for n := 1; n <= 3; n++ {
			body := b.get(fmt.Sprintf("/coverage?page=%d", n)).body
			require.Contains(t, body, fmt.Sprintf("第 %d 页，共 3 页", n))
			for i := range villages {
				name := fmt.Sprintf("村%04d", i)
				if strings.Contains(body, "<bdi>"+name+"</bdi>") {
					require.False(t, seen[name], "twice")
					seen[name] = true
				}
			}
		}
		require.Len(t, seen, villages)
	})
	t.Run("end in a sentence, however far somebody turns", func(t *testing.T) {
		for _, page := range []string{"99", "0", "-1", "99999999999999999999", "x"} {
			require.Equal(t, http.StatusOK, b.get("/waiting?page="+page).code)
			require.Equal(t, http.StatusOK, b.get("/flags?page="+page).code)
		}
		require.Contains(t, b.get("/waiting?page=99").body, "这一页没有了")
	})
}

// BenchmarkFirstPage is the page of 5,000 groups none of which has answered.
func BenchmarkFirstPage(b *testing.B) {
	o := newCrowd(b, 5000)
	v := o.signedIn()
	for name, path := range map[string]string{"first": "/", "waiting": "/waiting", "coverage": "/coverage", "flags": "/flags"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.Equal(b, http.StatusOK, v.get(path).code)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
		})
	}
}
