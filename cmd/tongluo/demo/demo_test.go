package demo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// days is the month, or its first week when time is short.
func days() int {
	if testing.Short() {
		return 7
	}
	return 28
}

// options of a demo in a folder of its own.
func options(t *testing.T, seed int64, width int) (Options, *bytes.Buffer) {
	t.Helper()
	said, dir := &bytes.Buffer{}, t.TempDir()
	return Options{Days: days(), Seed: seed, JSON: filepath.Join(dir, "result.json"), Data: filepath.Join(dir, "data"), Out: said, Width: width, Packs: packsIn}, said
}

// document is what design §6 promises of demo --json, key by key.
type document struct {
	Days        int                        `json:"days"`
	Groups      int                        `json:"groups"`
	Pushes      int                        `json:"pushes"`
	Deliveries  map[string]int             `json:"deliveries"`
	Obligations map[string]json.RawMessage `json:"obligations"`
	Coverage    *float64                   `json:"coverage"`
	Flags       []struct {
		ID       int64     `json:"id"`
		Group    ref       `json:"group"`
		Unit     ref       `json:"unit"`
		Keeper   string    `json:"keeper"`
		Plan     int       `json:"plan"`
		Duty     string    `json:"duty"`
		Quote    string    `json:"quote"`
		Period   string    `json:"period"`
		Standing string    `json:"standing"`
		Cause    string    `json:"cause"`
		Since    time.Time `json:"since"`
		State    string    `json:"state"`
	} `json:"flags"`
	Server struct {
		Received   int `json:"received"`
		Duplicates int `json:"duplicates"`
		WrongGroup int `json:"wrong_group"`
	} `json:"server"`
}

type ref struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func TestDemo(t *testing.T) {
	o, said := options(t, 1, 0)
	w, err := lived(t.Context(), o)
	require.NoError(t, err)
	defer w.close()
	require.NoError(t, w.show(t.Context()))
	data, err := os.ReadFile(o.JSON)
	require.NoError(t, err)

	t.Run("the same seed gives the same result, however wide the screen", func(t *testing.T) {
		again, narrow := options(t, 1, 40)
		require.NoError(t, Run(t.Context(), again))
		same, err := os.ReadFile(again.JSON)
		require.NoError(t, err)
		require.Equal(t, string(data), string(same))
		checkText(t, narrow.String(), 40)
	})
	t.Run("another seed gives another", func(t *testing.T) {
		other, _ := options(t, 2, 0)
		require.NoError(t, Run(t.Context(), other))
		differs, err := os.ReadFile(other.JSON)
		require.NoError(t, err)
		require.NotEqual(t, string(data), string(differs))
	})
	t.Run("what it prints", func(t *testing.T) { checkText(t, said.String(), 0) })
	t.Run("the document", func(t *testing.T) { checkDocument(t, w, data) })
	t.Run("the receiving side", func(t *testing.T) { checkReceipts(t, w, data) })
	t.Run("the office by chat", func(t *testing.T) { checkOffice(t, w) })
	t.Run("trouble", func(t *testing.T) { checkTrouble(t, w) })
	t.Run("the books", func(t *testing.T) { checkBooks(t, w) })
	t.Run("a folder with data in it is refused", func(t *testing.T) {
		require.ErrorContains(t, Run(t.Context(), o), "已经有数据")
	})
}

func checkText(t *testing.T, said string, width int) {
	require.Equal(t, schedule.Simplified(said), said, "simplified characters only")
	require.NotContains(t, said, "%!", "a verb without its argument")
	flat := strings.Join(strings.Fields(said), "")
	if width > 0 {
		for line := range strings.Lines(said) {
			line = strings.TrimRight(line, "\n")
			if strings.Contains(line, "/tmp") || strings.Contains(line, os.TempDir()) || strings.HasPrefix(line, "  go run") {
				continue // to be copied whole
			}
			require.LessOrEqual(t, report.Width(line), width, line)
		}
	}
	for _, stuck := range []string{"外高村一组网格群", "卡在第1级", "卡在第2级"} { // in whichever order they fell behind
		require.Contains(t, flat, stuck)
	}
	from := 0
	for _, part := range order(width) {
		at := strings.Index(flat[from:], strings.Join(strings.Fields(part), ""))
		require.GreaterOrEqual(t, at, 0, "%q, in its place, in\n%s", part, said)
		from += at
	}
}

// order is what must be printed, part by part.
func order(width int) []string {
	want := []string{"铜锣演示：永宁镇和永宁镇中心小学", "重复 0，发错群 0。", "覆盖率", "故意安排的麻烦",
		"群里看到的（港边村便民服务群）", "[图片]",
		"请负责人看一眼（6月2日）", "铜锣不重发", "铜锣：【请看一眼 #", "刘丽华：见到", "已记：群里已见到，算数。", "未确定 1 → 0，见到 0 → 1。", "2 条，各收到 1 次的 2 条，重复 0。",
		"一位村干部和铜锣的聊天（梅林村", "铜锣：【待转发 #", "：已转", "撤销", "1 个群都转了",
		"办公室发，另一个人放行（6月3日）", "王建国：【防骗讲座】", "王建国：发 防骗工作群", "铜锣对王建国：#", "21 个群：永宁村防骗工作群", "王建国：确认",
		"铜锣对李秀兰：【待审 #", "李秀兰：审批", "已放行：21", "名单上 21 个群，各收到 1 次的 21 个，名单外收到的 0 个。",
		"写错了，一个人就能更正（6月4日）", "王建国：更正", "【更正：防骗讲座】", "王建国：确认", "名单上 21 个群，各收到 1 次的 21 个，名单外收到的 0 个。",
		"逐级转发卡在哪（6月4日）", "王建国：卡在哪", "第2级 一组", "卡了", "自6月3日", "王建国：转发链", "1级 #",
		"一份推送，两条任务", "9 个家长群记方案10", "36 个村群记方案11"}
	if days() >= askedOn {
		want = append(want, "先认群再发（6月17日）", "自己认出 76 个群，1 个等人认一下，2 个没认", "待认 #", "“前埔一家亲”", "没认 #", "有 2 个群叫这个名字",
			"另外没认的：沙堤村党员群。", "认可改名的 1 个群", "马美玲（在“港边村便民服务群”里）：", "铜锣对马美玲：已绑定：", "认出 78 个群，0 个等人认一下，1 个没认。",
			"同名群：收到 0 条。", "前埔村便民服务群：重新登录以后该收 6 条，各收到 1 次的 6 条，重复 0。", "港边村便民服务群：重新登录以后该收 6 条，各收到 1 次的 6 条，重复 0。",
			"账号自己休息（6月23日）", "操作过于频繁", "群收到 0 条，个人收到 0 条。", "收到两遍的 0 个群，没收到的 0 个群。", "铜锣：【账号休息】")
		want = append(want, "领导：覆盖率", "铜锣：本月：", "领导：落后", "领导：凭什么 #", "依据：方案1“将镇推送", "卡在第",
			"领导：图", "图见下一条", "铜锣：[图片]", "领导私下收到图片 1 张", pictureName)
	}
	want = append(want, "每周覆盖率")
	if width == 0 {
		want = append(want, "单位", "6月1日至7日")
	}
	want = append(want, "永宁镇", "永宁村", "永宁镇中心小学", "谁落后（督办", "村里的：", "卡在第")
	if days() > offlineTo {
		want = append(want, "怪不到村里的：", "后杆村便民服务群")
	}
	return append(want, "方案11“各村(社区)安排专人", "怪不到村里：", "，村里的：", "tongluo.db", "packs", "result.json", "go run ./cmd/tongluo behind")
}

func checkDocument(t *testing.T, w *world, data []byte) {
	var d document
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	require.NoError(t, in.Decode(&d))
	require.Equal(t, days(), d.Days)
	groups := 12*5 + 9*2
	if d.Days >= newGroupOn {
		groups++
	}
	require.Equal(t, groups, d.Groups)
	require.Zero(t, d.Server.Duplicates)
	require.Zero(t, d.Server.WrongGroup)
	n := map[string]int{}
	for key, raw := range d.Obligations {
		var v int
		require.NoError(t, json.Unmarshal(raw, &v), key)
		n[key] = v
	}
	require.Len(t, n, 7)
	for _, key := range []string{"owed", "met", "late", "behind", "excused", "on_pace", "at_risk"} {
		require.Contains(t, n, key)
	}
	require.Equal(t, n["owed"], n["met"]+n["late"]+n["behind"]+n["excused"])
	require.Equal(t, n["behind"], len(d.Flags), "every debt has its flag")
	require.NotNil(t, d.Coverage)
	require.InDelta(t, float64(n["met"])/float64(n["owed"]-n["excused"]), *d.Coverage, 1e-9)

	ds, err := w.db.Deliveries(t.Context(), schedule.DeliveryFilter{})
	require.NoError(t, err)
	pushes, states := map[int64]bool{}, map[string]int{}
	for _, x := range ds {
		pushes[x.Push] = true
		states[string(x.State)]++
	}
	require.Equal(t, states, d.Deliveries)
	require.Len(t, pushes, d.Pushes)
	for _, f := range d.Flags {
		require.NotZero(t, f.ID)
		require.NotEmpty(t, f.Group.Name)
		require.NotEmpty(t, f.Unit.Name)
		require.NotEmpty(t, f.Keeper)
		require.Contains(t, []int{1, 10, 11, 15, 16}, f.Plan)
		require.NotEmpty(t, f.Duty)
		require.NotEmpty(t, f.Quote)
		require.Regexp(t, `^2026-(W\d\d|\d\d)$`, f.Period)
		require.Equal(t, "behind", f.Standing)
		require.Contains(t, []string{"keeper", "office", "group", "content"}, f.Cause)
		require.True(t, f.Since.After(w.day(1, 0, 0)) && !f.Since.After(w.end), f.Since)
		require.Contains(t, []string{"raised", "reminded", "escalated"}, f.State)
	}
}

// checkBooks are the invariants of the ledger, and what the calendar asks of
// private messages.
func checkBooks(t *testing.T, w *world) {
	wrong, err := w.db.Retally(t.Context(), w.now)
	require.NoError(t, err)
	require.Zero(t, wrong)
	require.NoError(t, w.db.IntegrityCheck(t.Context()))
	people := map[string]bool{}
	for _, id := range w.place.contact {
		people[id] = true
	}
	for _, r := range w.server.Receipts() {
		if people[r.To] {
			require.True(t, w.cal.MaySpeak(r.At), "%s at %s", r.To, w.local(r.At))
		} else {
			require.False(t, w.cal.Quiet(r.At), "%s at %s", r.To, w.local(r.At))
		}
	}
}

// rows are the coverage rows of a week by unit path.
func rows(t *testing.T, w *world, week string) map[string]coverage.Row {
	t.Helper()
	c, err := w.office.Coverage(t.Context(), roster.Operator(""), schedule.Query{Period: week, By: coverage.ByUnit, Now: w.end})
	require.NoError(t, err)
	out := map[string]coverage.Row{}
	for _, r := range c.Rows {
		if r.Kind == "push" {
			out[r.Key] = r
		}
	}
	return out
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		width            int
	}{
		{"any width", "一二三四", "一二三四", 0},
		{"between signs", "一二三四五", "一二\n三四\n五", 4},
		{"no mark begins a line", "一二三，四五", "一二\n三，四\n五", 6},
		{"no bracket ends one", "一二（三）", "一二\n（三）", 6},
		{"numbers stay whole", "第 #139 项", "第\n#139\n项", 5},
		{"what is indented stays so", "  一二三", "  一二\n  三", 6},
		{"lines stay lines", "一二三\n四", "一二\n三\n四", 4},
		{"what cannot be broken sticks out", "/tmp/x/y", "/tmp/x/y", 4},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, fold(c.text, c.width)) })
	}
	require.Equal(t, "6月29日至7月5日", between("2026-W27"))
	require.Equal(t, "整个方案期间", between("once"))
	require.Equal(t, "第一阶段", between("第一阶段"), "a phase has its own name")
}
