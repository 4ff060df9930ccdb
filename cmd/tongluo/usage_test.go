package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	p := newPC(t)
	p.file("bad.toml", "[wechat]\nendpoint = \"http://example.com:80\"\n")
	p.file("open.toml", "[console]\nlisten = \"0.0.0.0:8600\"\n")
	p.file("unknown.toml", "[ofice]\n")
	p.file("plan.toml", "number = 1\nnumbr = 2\n")
	p.file("roster.csv", "单位,群\n永宁村,群一\n")
	p.file("ticks.csv", "编号,已转发(填√),转发日期\n12,√,六月一日\n")
	p.file("item.md", "+++\nid = \"x\"\ntitel = \"y\"\n+++\n正文\n")
	p.file("link.md", "+++\nid = \"x\"\ntitle = \"标题\"\n+++\n详情见 https://evil.example.com/a\n")
	p.file("town.json", "{\"acount\":{}}")
	for _, c := range []struct{ args, say string }{
		{"", "还要写上"},
		{"nosuch", "nosuch"},
		{"coverage --nosuch", "不认识选项 --nosuch"},
		{"push", "--item"},
		{"plan adopt 11 --unit 永宁村", "--year"},
		{"plan adopt 11 --unit 永宁村 --year 今年", "要写一个整数"},
		{"plan show 99", "没有方案“99”"},
		{"plan show none.toml", "没有文件“none.toml”"},
		{"plan check plan.toml", "plan.toml:2"},
		{"coverage --as-of yesterday", "RFC3339|2026-06-15T09:00:00"},
		{"coverage --by town", "unit、duty、plan"},
		{"coverage --grade good", "reported"},
		{"coverage --period 2026-W60", "2026-W60"},
		{"deliveries --from 6月", "2026-06-01"},
		{"roster import none.xlsx", "没有文件“none.xlsx”"},
		{"roster import roster.csv", "不认识这一列"},
		{"roster bind 永宁村", "roster bind"},
		{"item import none", "没有文件“none”"},
		{"item check item.md", "item.md 第 3 行"},
		{"item check link.md", "evil.example.com"},
		{"confirm", "三样选一样"},
		{"confirm 12 --sheet ticks.csv", "三样选一样"},
		{"confirm 12 7/5", "5/7"},
		{"confirm --sheet ticks.csv", "第2行“转发日期”"},
		{"confirm --ledger none.csv", "没有文件"},
		{"settle 12 maybe", "seen"},
		{"cancel abc", "编号“abc”读不懂"},
		{"loopback --listen 0.0.0.0:0", "本机"},
		{"loopback --town town.json", "town"},
		{"--config none.toml queue", "没有文件“none.toml”"},
		{"--config unknown.toml queue", "unknown.toml 第 1 行"},
		{"--config bad.toml run", "bad.toml 第 2 行"},
		{"--config open.toml run", "open.toml 第 2 行"},
		{"console password", "太短"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := p.run(strings.Fields(c.args)...)
			require.Equal(t, exitInput, r.code, r.err)
			require.Empty(t, r.out)
			require.Regexp(t, `\p{Han}`, r.err)
			said := false
			for _, want := range strings.Split(c.say, "|") {
				said = said || strings.Contains(r.err, want)
			}
			require.True(t, said, "%q does not say %q", r.err, c.say)
			require.NotContains(t, r.err, "没有做成")
		})
	}
}

func TestHelp(t *testing.T) {
	p := newPC(t)
	t.Run("is Chinese and names every command", func(t *testing.T) {
		out := p.ok("--help")
		for _, c := range strings.Fields("run plan roster item push queue approve cancel halt resume coverage behind excuse deliveries handoffs confirm settle loopback console backup version") {
			require.Contains(t, out, "\n  "+c)
		}
		require.NotContains(t, out, "Usage")
		require.NotContains(t, out, "Show context")
	})
	t.Run("touches nothing", func(t *testing.T) {
		require.Contains(t, p.ok("coverage", "--help"), "--as-of")
		require.NoDirExists(t, p.dir+"/data")
	})
}
