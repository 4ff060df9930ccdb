package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// tell prints the month, sentences first.
func (w *world) tell(ctx context.Context, res *result) error {
	for _, part := range []func(context.Context, *result) error{
		w.tellSummary, w.tellTrouble, w.tellMessage, w.tellSight, w.tellConversation, w.tellPush, w.tellCorrection, w.tellStuck, w.tellShared,
		w.tellRooms, w.tellRest, w.tellWhy, w.tellTable, w.tellFlags, w.tellFiles,
	} {
		if err := part(ctx, res); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) tellSummary(_ context.Context, res *result) error {
	t := res.total
	w.print("铜锣演示：%s和%s，从2026年6月1日起 %d 天。人和时间都是编造的，没有连真的微信。", townName, schoolName, w.opt.Days)
	w.print("启用方案 1、10、11、15、16；%d 个群，推送 %d 份，群里收到 %d 条消息，重复 %d，发错群 %d。",
		res.Groups, res.Pushes, res.Server.Received, res.Server.Duplicates, res.Server.WrongGroup)
	w.print("已到期的应办 %d 项：达标 %d，补齐 %d（过了期才转），落后 %d，免考核 %d。", t.Owed, t.Met, t.Late, t.Behind, t.Excused)
	w.print("覆盖率 %s（%d/%d）。落后的里面，村里的 %d，怪不到村里 %d。", percent(t.Coverage), t.Met, t.Owed-t.Excused, t.BehindKeeper, t.BehindOffice)
	w.print("还没到期的 %d 项：已达标 %d，正常 %d，临期 %d。", t.SoFar.Owed, t.SoFar.Met, t.OnPace, t.AtRisk)
	return nil
}

func percent(c *float64) string {
	if c == nil {
		return "无应办"
	}
	return fmt.Sprintf("%.1f%%", *c*100)
}

// tellTrouble says what was made to go wrong, as far as the days went.
func (w *world) tellTrouble(context.Context, *result) error {
	w.title("故意安排的麻烦")
	for _, t := range []struct {
		day  int
		what string
	}{
		{2, fmt.Sprintf("%s党员群：有一张图片发出去，微信没有答复。铜锣不重发，私下问负责人；负责人说见到了，才算数。", villages[lostVillage])},
		{2, fmt.Sprintf("%s的负责人从来不回话。", villages[neverVillage])},
		{3, fmt.Sprintf("%s一组的组长收到了不往下转。", villages[stuckVillage])},
		{kickedOn, fmt.Sprintf("6月%d日，机器人被移出%s党员群。从那以后请负责人转。", kickedOn, villages[kickedVillage])},
		{newGroupOn, fmt.Sprintf("6月%d日，%s新建一个群。当周免考核，下一周起算。", newGroupOn, villages[newVillage])},
		{offlineFrom, fmt.Sprintf("6月%d日至%d日，账号掉线。转发包照常出，办公室读回登记表，记下 %d 个群。", offlineFrom, offlineTo, w.ticked)},
		{offlineTo, fmt.Sprintf("掉线期间，%s便民服务群改了名，外人新建一个群，冒用%s便民服务群的名。认不准的先不发，办公室认了再发。", villages[otherVillage], villages[twinVillage])},
		{restedOn, fmt.Sprintf("6月%d日，微信提示操作过于频繁。账号自己休息半小时，再接着发。", restedOn)},
	} {
		if t.day <= w.opt.Days {
			w.print("- %s", t.what)
		}
	}
	return nil
}

// tellMessage shows the first push as a group sees it.
func (w *world) tellMessage(context.Context, *result) error {
	g := w.place.groupNamed(villages[5] + "便民服务群")
	w.title("群里看到的（%s）", g.Name)
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
			w.print("%s [图片]", at)
		}
	}
	return nil
}

const loopbackText = "text"

// tellConversation shows one cadre's talk with the bot about the first pack.
func (w *world) tellConversation(context.Context, *result) error {
	p := w.place.head(handVillage)
	w.title("一位村干部和铜锣的聊天（%s %s）", villages[handVillage], p.Name)
	packs := 0
	for _, l := range w.log {
		if l.person != p.ID || l.bot && isContent(l) {
			continue
		}
		who, text := p.Name, l.text
		if l.bot {
			who = "铜锣"
		}
		if l.bot && asked.MatchString(text) {
			text += "\n（下面跟着要转发的正文和图片）"
			if packs++; packs > 1 {
				break
			}
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
		if n["10/parent-push"] == 0 || n["11/weekly-push"] == 0 {
			continue
		}
		it, err := w.db.Item(ctx, d.Item)
		if err != nil {
			return err
		}
		w.title("一份推送，两条任务")
		w.print("推送 #%d（6月%d日 %s）《%s》：%d 个家长群记方案10“每月不少于一次”，%d 个村群记方案11“每周至少两次”。",
			d.Push, d.Date.Day(), d.Slot, it.Title, n["10/parent-push"], n["11/weekly-push"])
		return nil
	}
	return nil
}

// tellTable shows coverage, units by weeks.
func (w *world) tellTable(ctx context.Context, _ *result) error {
	w.title("每周覆盖率")
	w.print("达标数/应考核数；* 有落后；- 这周没有任务。没到期的不列。")
	var weeks []string
	cells := map[string][]string{}
	for _, week := range w.weeks() {
		c, err := w.office.Coverage(ctx, roster.Operator(""), schedule.Query{Period: week, By: coverage.ByUnit, Now: w.end})
		if err != nil {
			return err
		}
		for _, r := range c.Rows {
			if r.Kind == "push" {
				cells[r.Key] = append(cells[r.Key], cell(r))
			}
		}
		weeks = append(weeks, between(week))
	}
	var names []string
	var table [][]string
	for _, u := range w.place.roster.Units {
		if strings.Count(u.Path, "/") <= 1 { // grids and classes are in the rows of their village and school
			names = append(names, u.Name)
			table = append(table, cells[u.Path])
		}
	}
	w.print("%s", strings.TrimRight(report.Grid(names, weeks, table, w.opt.Width), "\n"))
	return nil
}

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

// lastDay is the last made-up day: 6月28日.
func (w *world) lastDay() string { return w.local(w.end).AddDate(0, 0, -1).Format("1月2日") }

func (w *world) tellFiles(context.Context, *result) error {
	w.title("文件在哪里")
	w.copied("台账数据库", filepath.Join(w.dir, "tongluo.db"))
	w.copied("转发包（正文、图片、登记表）", filepath.Join(w.dir, "packs"))
	if w.opt.JSON != "" {
		w.copied("结果", w.opt.JSON)
	}
	w.copied("接着看谁落后", fmt.Sprintf("go run ./cmd/tongluo behind --data %s --as-of %s", w.dir, w.end.UTC().Format("2006-01-02T15:04:05Z")))
	return nil
}
