package plans

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/calendar"
)

// good is a plan of a user's own; line numbers below count from its first line.
const good = `number = 101
id = "school-2026"
title = "我校反诈周"
from = "2026-11-25"
to = "2026-12-31"

phases = [
  { name = "准备", to = "11-30" },
  { name = "宣传", from = "12-01" },
]

[[decisions]]
key = "year"
default = ""
about = "文中没有年份。"

[[duties]]
id = "weekly"
kind = "quota"
quote = "每周推送一次"
groups = ["班级群"]
phases = ["宣传"]
at_least = 1
per = "week"
means = "push"
media = ["text"]

[[duties]]
id = "summary"
kind = "report"
quote = "每周五报送"
per = "week"
due = "FRI 16:00"
owed_by = "class"

[[duties.decisions]]
key = "receiver"
default = "综治处"
about = "没有写报给谁。"
`

func TestParse(t *testing.T) {
	t.Run("a_plan_of_one's_own", func(t *testing.T) {
		p, err := Parse("own.toml", []byte(good))
		require.NoError(t, err)
		require.Len(t, p.Duties, 2)
		require.Equal(t, []string{}, p.Duties[1].Groups)
		terms, err := Resolve(p, 2026, map[string]string{"summary.receiver": "校长室"})
		require.NoError(t, err)
		require.Equal(t, "校长室", terms.Duties[1].Receiver)
		require.Equal(t, calendar.MustDate("2026-12-01"), terms.Duties[0].Windows[0].Start)
		require.Equal(t, calendar.MustDate("2027-01-01"), terms.Duties[0].Windows[0].End)
	})
	t.Run("as_a_windows_editor_saves_it", func(t *testing.T) {
		windows := "\xef\xbb\xbf" + strings.ReplaceAll(good, "\n", "\r\n")
		_, err := Parse("own.toml", []byte(windows))
		require.NoError(t, err)
	})
	t.Run("too_large", func(t *testing.T) {
		_, err := Parse("own.toml", make([]byte, largestFile+1))
		require.EqualError(t, err, "own.toml:1:1: 文件超过 1 MB，不像是方案文件，请只写方案本身")
	})
}

// broken changes one text of the good file at a time; want is every problem.
var broken = []struct{ name, old, new, want string }{
	{"key", `at_least = 1`, `atleast = 1`,
		`own.toml:23:1: 不认识“atleast”这个键，是不是“at_least”？可以写的有：id、kind、title、quote、groups、audience、phases、at_least、per、means、media、themes、hops、within、due、owed_by、receiver、target、unit、total_at_least、decisions`},
	{"key in braces", `{ name = "准备", to =`, `{ name = "准备", till =`,
		`own.toml:8:18: 不认识“till”这个键，可以写的有：name、from、to`},
	{"table", `[[duties.decisions]]`, `[[duties.decision]]`,
		`own.toml:36:10: 不认识“decision”这个键，是不是“decisions”？可以写的有：id、kind、title、quote、groups、audience、phases、at_least、per、means、media、themes、hops、within、due、owed_by、receiver、target、unit、total_at_least、decisions`},
	{"one table of many", `[[duties]]` + "\nid = \"summary\"", `[duties]` + "\nid = \"summary\"",
		"own.toml:28:2: “duties”有许多张，请写成 [[duties]]"},
	{"zone", `title =`, "zone = \"Asia/Shangai\"\ntitle =",
		`own.toml:3:1: 不认识“zone”这个键，时区是整个办公室的设置，请写在 config.toml 里`},
	{"cron", `per = "week"` + "\nmeans", `cron = "0 9 * * TUE"` + "\nper = \"week\"\nmeans",
		`own.toml:24:1: 不认识“cron”这个键，几点发由时段决定，请写在 config.toml 的时段里`},
	{"type", `at_least = 1`, `at_least = "两次"`,
		`own.toml:23:1: “at_least”要写整数，如 2，不加引号`},
	{"list", `groups = ["班级群"]`, `groups = "班级群"`,
		`own.toml:21:1: “groups”要写列表，如 ["家长群"]`},
	{"type in braces", `to = "11-30" }`, `to = 11-30 }`,
		`own.toml:8:25: 这里不合 TOML 的写法，请写成 键 = "值"，引号和括号成对，同一个键只写一次（expected ',' or '}' after inline table key-value）`},
	{"number in braces", `to = "11-30" }`, `to = 11 }`,
		`own.toml:8:18: “to”要写带引号的文字，如 "…"`},
	{"syntax", `title = "我校反诈周"`, `title = "我校反诈周`,
		`own.toml:3:15: 这里不合 TOML 的写法，请写成 键 = "值"，引号和括号成对，同一个键只写一次（basic strings cannot have new lines）`},
	{"twice", `title = "我校反诈周"`, "title = \"甲\"\ntitle = \"乙\"",
		`own.toml:4:1: 这里不合 TOML 的写法，请写成 键 = "值"，引号和括号成对，同一个键只写一次（key title is already defined）`},
	{"date", `from = "2026-11-25"`, `from = "11月25日"`,
		`own.toml:4:1: 日期“11月25日”无法识别，请写月-日，如 11-25，或年-月-日，如 2026-11-25`},
	{"no such day", `from = "12-01"`, `from = "12-32"`,
		`own.toml:9:18: 没有“12-32”这一天，请写月-日，如 11-25`},
	{"order", `to = "2026-12-31"`, `to = "2026-11-01"`,
		`own.toml:5:1: 结束日期 2026-11-01 早于开始日期 2026-11-25，请改正`},
	{"number", `number = 101`, `number = 0`, `own.toml:1:1: 请写方案编号，1 到 9999 的整数`},
	{"id", `id = "school-2026"`, `id = "school 2026"`, `own.toml:2:1: “school 2026”不能作名称，请用字母、汉字、数字和短横线，如 "weekly-push"`},
	{"kind", `kind = "report"`, `kind = "reports"`, `own.toml:30:1: “reports”不行，只能写 quota、relay、report、roster、rule、figure`},
	{"per", `per = "week"` + "\nmeans", `per = "fortnight"` + "\nmeans", `own.toml:24:1: “fortnight”不行，只能写 week、month、quarter、year、phase、campaign、once`},
	{"means", `means = "push"`, `means = "sms"`, `own.toml:25:1: “sms”不行，只能写 push、activity`},
	{"media", `media = ["text"]`, `media = ["text", "photo"]`, `own.toml:26:18: “photo”不行，只能写 text、picture、video、file、link`},
	{"phase", `phases = ["宣传"]`, `phases = ["总结"]`, `own.toml:22:11: 没有阶段“总结”，只有：准备、宣传`},
	{"due", `due = "FRI 16:00"`, `due = "周五 16:00"`, `own.toml:33:1: 期限“周五 16:00”无法识别：请写成 FRI 16:00（每周五 16 时）、day 27（每月 27 日当天截止）、10-09（10 月 9 日当天截止）或 10-09 16:00`},
	{"due of another period", `due = "FRI 16:00"`, `due = "day 27"`, `own.toml:33:1: 每周的期限要写星期，如 FRI 16:00，“day 27”不行`},
	{"within", `due = "FRI 16:00"`, "due = \"FRI 16:00\"\nwithin = \"4h\"", `own.toml:34:1: 时限“4h”无法识别：请用工作小时和分钟书写，如 PT4H（4 小时）、PT30M（30 分钟）、PT1H30M；不能写天、周、月`},
	{"duplicate id", `id = "summary"`, `id = "weekly"`, `own.toml:29:1: 任务“weekly”写了两次，请换一个名称`},
	{"duplicate phase", `{ name = "宣传",`, `{ name = "准备",`, "own.toml:9:5: 阶段“准备”写了两次，请换一个名称\nown.toml:22:11: 没有阶段“宣传”，只有：准备、准备"},
	{"missing quote", "quote = \"每周推送一次\"\n", ``, `own.toml:17:3: 请抄写方案原文，督办时要凭它说话`},
	{"missing due", "due = \"FRI 16:00\"\n", ``, `own.toml:28:3: 请写期限，如 due = "FRI 16:00"；原文没有写明的，请写一个 key = "due" 的待定项`},
	{"missing groups", "groups = [\"班级群\"]\n", ``, `own.toml:17:3: 请写推送到哪类群，如 groups = ["家长群"]`},
	{"traditional kind", `groups = ["班级群"]`, `groups = ["班級群"]`, `own.toml:21:1: “班級群”请写简体“班级群”，与花名册一致`},
	{"owner", `owed_by = "class"`, `owed_by = "班级"`, `own.toml:34:1: “班级”不行，只能写 office、unit、town、village、grid、department、institution、school、college、grade、class`},
	{"target", `owed_by = "class"`, "owed_by = \"class\"\ntarget = 80", `own.toml:35:1: 目标 80 大于1，请写 0.8（即80%）这样的比例；若是个数，请再写 unit = "人"`},
	{"decision", `key = "receiver"`, `key = "reciever"`, `own.toml:37:1: 任务的待定项不能是“reciever”，只能写 at_least、audience、distinct_days、due、groups、hops、makeup、media、owed_by、receiver、target、themes、week_start、within`},
	{"plan decision", `key = "year"`, `key = "phase.收尾.from"`, "own.toml:13:1: 没有阶段“收尾”，只有：准备、宣传\nown.toml:14:1: 请写默认值：没有人另作决定时就按它办"},
	{"phase of nothing", `{ name = "准备", to = "11-30" }`, `{ name = "准备", to = "11-30", from = "11-31" }`, `own.toml:8:32: 没有“11-31”这一天，请写月-日，如 11-25`},
	{"phase outside", `{ name = "准备", to = "11-30" }`, `{ name = "准备", from = "10-01", to = "11-01" }`, `own.toml:8:3: 阶段“准备”没有一天在方案期限 2026-11-25 至 2026-12-31 之内，请改日期`},
}

func TestParse_refuses(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, good, c.old)
			_, err := Parse("own.toml", []byte(strings.Replace(good, c.old, c.new, 1)))
			require.EqualError(t, err, c.want)
		})
	}
	t.Run("all_at_once", func(t *testing.T) {
		bad := strings.NewReplacer(`number = 101`, `number = "101"`, `from = "2026-11-25"`, `from = "25-11"`,
			`kind = "quota"`, `kind = "quote"`, `at_least = 1`, `at_least = -1`, `FRI 16:00`, `FRI 25:00`, `title =`, `titel =`).Replace(good)
		_, err := Parse("own.toml", []byte(bad))
		var problems Problems
		require.ErrorAs(t, err, &problems)
		var lines []int
		for _, p := range problems {
			lines = append(lines, p.Line)
		}
		require.Equal(t, []int{1, 3, 4, 19, 23, 33}, lines, err)
		var first Problem
		require.ErrorAs(t, err, &first)
		require.Equal(t, "own.toml", first.File)
	})
}

func TestCheck(t *testing.T) {
	p, err := Parse("own.toml", []byte(good))
	require.NoError(t, err)
	require.Empty(t, Check(p))
	p.Duties[1].Due = "day 27"
	p.Years = 40
	errs := Check(p)
	require.Len(t, errs, 2)
	require.EqualError(t, errs[0], "years：方案期限请写 1 到 10 年")
	require.ErrorContains(t, errs[1], "duties[1].due：")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	for _, s := range []string{"", "a", "[duties]", "[[duties]]\n[[duties.decisions]]", "phases=[{name='x'}]", "duties=[[1]]", "a.b=1", "number=1e9", "phases=[{}]\n[[phases]]", "[[phases.name]]", "years=9223372036854775807", "\xff=1"} {
		f.Add([]byte(s))
	}
	for _, p := range embedded(f) {
		data, err := files.ReadFile("files/" + p.ID + ".toml")
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz.toml", data)
		if err != nil {
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.NotEmpty(t, problems)
			for _, one := range problems {
				require.Positive(t, one.Line)
				require.Positive(t, one.Column)
			}
			return
		}
		require.Empty(t, Check(p))
		_, err = json.Marshal(p)
		require.NoError(t, err)
	})
}

func FuzzResolve(f *testing.F) {
	f.Add(17, 2026, "shared_days", "first")
	f.Add(6, 2026, "phase.总结提升.from", "02-29")
	f.Add(11, 2028, "to", "2031-01-01")
	f.Add(13, 1999, "weekly-report.week_start", "MON")
	f.Add(12, 2026, "contact-roster.due", "02-30 24:00")
	f.Add(2, 2026, "from", "10-16")
	all := embedded(f)
	f.Fuzz(func(t *testing.T, number, year int, key, value string) {
		p := all[(number%18+18)%18]
		terms, err := Resolve(p, year, map[string]string{key: value})
		if err != nil {
			var bad *AnswerError
			require.ErrorAs(t, err, &bad)
			return
		}
		require.True(t, terms.Start.Before(terms.End))
		for _, d := range terms.Duties {
			for _, period := range d.Periods(terms.Start, terms.End) {
				whole, held := d.CutBy(period)
				require.False(t, period.Start.Before(whole.Start) || whole.End.Before(period.End))
				require.True(t, held > 0 && held <= period.Days())
				_, _ = d.Deadline(period, calendar.MustDate("2026-01-01").Start(shanghai(t)).Location())
			}
		}
	})
}
