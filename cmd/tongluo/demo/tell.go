package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// tell prints the month, sentences first.
func (w *world) tell(ctx context.Context, res *result) error {
	for _, part := range []func(context.Context, *result) error{
		w.tellSummary, w.tellMessage, w.tellConversation, w.tellShared, w.tellWhy, w.tellTable, w.tellFlags, w.tellFiles,
	} {
		if err := part(ctx, res); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) print(format string, args ...any) { fmt.Fprintf(w.opt.Out, format+"\n", args...) }

func (w *world) title(title string) { w.print("\n—— %s ——", title) }

func (w *world) tellSummary(_ context.Context, res *result) error {
	t := res.total
	w.print("铜锣演示：%s和%s，%d 天（编造的时间，从 2026年6月1日起）。", townName, schoolName, w.opt.Days)
	w.print("启用方案 1、10、11、15、16；%d 个群，推送 %d 份，群里收到 %d 条消息，重复 %d，发错群 %d。",
		res.Groups, res.Pushes, res.Server.Received, res.Server.Duplicates, res.Server.WrongGroup)
	w.print("已到期应办 %d 项：达标 %d，补齐 %d，落后 %d，免考核 %d。覆盖率 %s（%d/%d）。", t.Owed, t.Met, t.Late, t.Behind, t.Excused,
		percent(t.Coverage), t.Met, t.Owed-t.Excused)
	w.print("还没到期：已达标 %d，正常 %d，临期 %d。", t.SoFar.Met, t.OnPace, t.AtRisk)
	w.print("6月15日至17日账号掉线，转发包照常出，办公室回读登记表 %d 个群。", w.ticked)
	return nil
}

func percent(c *float64) string {
	if c == nil {
		return "无应办"
	}
	return fmt.Sprintf("%.1f%%", *c*100)
}

// tellMessage shows the first push as a group sees it.
func (w *world) tellMessage(context.Context, *result) error {
	g := w.place.groupNamed(villages[5] + "便民服务群")
	w.title("群里看到的（" + g.Name + "）")
	shown := 0
	for _, r := range w.server.Receipts() {
		if r.To != w.place.room[g.ID] || shown >= 2 {
			continue
		}
		shown++
		at := w.local(r.At).Format("1月2日 15:04")
		if r.Kind == loopbackText {
			w.print("%s\n%s", at, r.Text)
		} else {
			w.print("%s [图片 %s]", at, r.MediaName)
		}
	}
	return nil
}

const loopbackText = "text"

// tellConversation shows one cadre's talk with the bot.
func (w *world) tellConversation(context.Context, *result) error {
	p := w.place.head(handVillage)
	w.title("一位村干部的聊天（" + villages[handVillage] + " " + p.Name + "）")
	shown := 0
	for _, l := range w.log {
		if l.person != p.ID || shown >= 10 || l.bot && isContent(l) {
			continue
		}
		shown++
		who := p.Name
		if l.bot {
			who = "铜锣"
		}
		text := l.text
		if asked.MatchString(text) {
			text += "\n（下面跟着要转发的正文和图片）"
		}
		w.print("%s %s：%s", w.local(l.at).Format("1/2 15:04"), who, text)
	}
	return nil
}

// isContent reports whether the bot's line is what is to be forwarded, not talk.
func isContent(l line) bool {
	return l.kind != loopbackText || strings.HasPrefix(l.text, "【") && !asked.MatchString(l.text) && !reminded.MatchString(l.text)
}

// tellShared shows one push that served two clauses.
func (w *world) tellShared(ctx context.Context, _ *result) error {
	ds, err := w.office.Deliveries(ctx, roster.Operator(""), schedule.DeliveryFilter{})
	if err != nil {
		return err
	}
	serves := map[int64]map[string]int{}
	for _, d := range ds {
		for _, duty := range d.Duties {
			if serves[d.Push] == nil {
				serves[d.Push] = map[string]int{}
			}
			serves[d.Push][duty]++
		}
	}
	for _, d := range ds {
		n := serves[d.Push]
		if n["10/parent-push"] > 0 && n["11/weekly-push"] > 0 {
			w.title("一份推送，两条任务")
			w.print("推送 #%d（%s %s，素材 %s）：%d 个家长群记方案10“每月不少于一次”，%d 个村群记方案11“每周至少两次”。",
				d.Push, d.Date, d.Slot, d.Item, n["10/parent-push"], n["11/weekly-push"])
			return nil
		}
	}
	return nil
}

// tellWhy shows the leader's questions and the bot's answers.
func (w *world) tellWhy(context.Context, *result) error {
	leader := w.leader()
	w.title("领导问，铜锣答")
	for _, l := range w.log {
		if l.person != leader.Person {
			continue
		}
		who := "领导"
		if l.bot {
			who = "铜锣"
		}
		w.print("%s：%s", who, l.text)
	}
	return nil
}

// tellTable shows coverage, units by weeks.
func (w *world) tellTable(ctx context.Context, _ *result) error {
	w.title("覆盖率（达标/应考核，* 有落后，还没到期不列）")
	weeks := w.weeks()
	cells := map[string][]string{}
	var units []string
	for i, week := range weeks {
		c, err := w.office.Coverage(ctx, roster.Operator(""), schedule.Query{Period: week, By: coverage.ByUnit, Now: w.end})
		if err != nil {
			return err
		}
		for _, r := range c.Rows {
			if r.Kind != "push" || !w.shows(r.Key) {
				continue
			}
			if cells[r.Key] == nil {
				cells[r.Key] = make([]string, len(weeks))
				units = append(units, r.Key)
			}
			cells[r.Key][i] = cell(r)
		}
	}
	slices.Sort(units)
	var names []string
	var table [][]string
	for _, u := range units {
		names = append(names, u[strings.LastIndexByte(u, '/')+1:])
		table = append(table, cells[u])
	}
	w.print("%s", strings.TrimRight(report.Grid(names, weeks, table, w.opt.Width), "\n"))
	return nil
}

// shows keeps the town, its villages and the school; grids and classes are in
// their rows.
func (w *world) shows(path string) bool { return strings.Count(path, "/") <= 1 }

func cell(r coverage.Row) string {
	if r.Owed-r.Excused == 0 {
		return ""
	}
	mark := ""
	if r.Behind > 0 {
		mark = "*"
	}
	return fmt.Sprintf("%d/%d%s", r.Met, r.Owed-r.Excused, mark)
}

// weeks are the ISO weeks that have ended.
func (w *world) weeks() []string {
	var out []string
	for p := w.office.Week(w.end.AddDate(0, 0, -w.opt.Days)); !p.End.After(w.cal.Today(w.end)); p = p.Next() {
		out = append(out, p.Key)
	}
	return out
}

// debt is what one group is behind on in one period, under every clause.
type debt struct {
	first schedule.BehindRow
	ids   []string
	plans []int
}

// tellFlags shows who is behind, why and by which clause: one line a group and
// period, each clause once.
func (w *world) tellFlags(_ context.Context, res *result) error {
	w.title(fmt.Sprintf("督办 %d 项", len(res.Flags)))
	keeper := 0
	var debts []*debt
	at := map[string]*debt{}
	for _, f := range res.Flags {
		if f.Cause == coverage.ByKeeper {
			keeper++
		}
		key := fmt.Sprint(f.Group.ID, f.Unit.ID, f.Period, f.Cause, f.StuckAt)
		if at[key] == nil {
			at[key] = &debt{first: f}
			debts = append(debts, at[key])
		}
		at[key].ids = append(at[key].ids, fmt.Sprintf("#%d", f.ID))
		at[key].plans = append(at[key].plans, f.Plan)
	}
	for i, d := range debts {
		if i == mostDebts {
			w.print("……还有 %d 行，用 behind 命令看全部", len(debts)-i)
			break
		}
		w.print("%s", d)
	}
	w.print("依据：")
	for _, c := range clauses(res.Flags) {
		w.print("  %s", c.Quoted())
	}
	w.print("怪不到村里：%d，村里的：%d", len(res.Flags)-keeper, keeper)
	return nil
}

// mostDebts is how many lines of flags are printed.
const mostDebts = 14

// String is one line: numbers first, then where, when, how much, why.
func (d *debt) String() string {
	f := d.first
	name := f.Group.Name
	if name == "" {
		name = f.Unit.Name
	}
	var plans []string
	for _, p := range d.plans {
		plans = append(plans, fmt.Sprint(p))
	}
	out := fmt.Sprintf("%s %s %s %d/%d，方案%s，%s", strings.Join(d.ids, " "), name, f.Period, f.Credits, f.Need, strings.Join(plans, "、"), f.Cause.Chinese())
	if f.StuckAt != "" {
		out += "，" + f.StuckAt
	}
	return out
}

// clauses are the different clauses of the flags, in plan order.
func clauses(flags []schedule.BehindRow) []schedule.Clause {
	var out []schedule.Clause
	for _, f := range flags {
		c := schedule.Clause{Plan: f.Plan, Duty: f.Duty, Quote: f.Quote}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b schedule.Clause) int { return a.Plan - b.Plan })
	return out
}

func (w *world) tellFiles(context.Context, *result) error {
	w.title("文件")
	w.print("台账数据库：%s", filepath.Join(w.dir, "tongluo.db"))
	w.print("转发包：%s", filepath.Join(w.dir, "packs"))
	if w.opt.JSON != "" {
		w.print("结果：%s", w.opt.JSON)
	}
	w.print("接着看：go run ./cmd/tongluo behind --data %s --as-of %s", w.dir, w.end.UTC().Format("2006-01-02T15:04:05Z"))
	return nil
}
