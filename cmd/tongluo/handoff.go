package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

type handoffsCmd struct {
	Unit string `help:"只看一个单位及其下级" placeholder:"U"`
	All  bool   `help:"已答复的也列出来"`
	output
}

func (c *handoffsCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		f := schedule.HandoffFilter{Wanted: true, States: []schedule.HandoffState{schedule.HandoffWaiting, schedule.HandoffOpen, schedule.HandoffPart, schedule.HandoffDeclined}}
		if c.All {
			f.States = nil
		}
		if c.Unit != "" {
			r, err := o.Roster(a.ctx, reader())
			if err != nil {
				return err
			}
			u, err := r.FindUnit(c.Unit)
			if err != nil {
				return input(err)
			}
			f.Unit = u.Path
		}
		rows, err := o.HandoffsAt(a.ctx, reader(), f, time.Now())
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(list(rows))
		}
		for _, h := range rows {
			printHandoff(a, o, h)
		}
		a.say("共 %d 张。转发包在 %s。记下已转：tongluo confirm 编号，或 tongluo confirm --sheet 登记表.xlsx。", len(rows), a.packDir())
		return nil
	})
}

var handoffStates = map[schedule.HandoffState]string{schedule.HandoffWaiting: "等上一级", schedule.HandoffOpen: "待转发", schedule.HandoffPart: "转了一部分",
	schedule.HandoffDone: "已转", schedule.HandoffDeclined: "转不了", schedule.HandoffLapsed: "过期未转",
	schedule.HandoffMoved: "已改派"}

func printHandoff(a *app, o *office, h schedule.HandoffView) {
	who := h.Person.Name
	if who == "" {
		who = "（没有负责人，办公室代转）"
	}
	a.say("#%d %s %s《%s》 %s %d/%d，%s 前", h.ID, h.Unit.Name, who, h.Title, handoffStates[h.State], h.Done, h.All, o.dayTime(h.Due))
	a.say("   群：%s", strings.Join(names(h.Groups), "、"))
	if h.Pictures > 0 {
		a.say("   有图 %d 张", h.Pictures)
	}
	if h.Seen > 0 {
		a.say("   群里见到 %d 个", h.Seen)
	}
	if h.Hops > 1 {
		a.say("   第 %d 级，共 %d 级", h.Hop, h.Hops)
	}
	if h.Lag != nil {
		a.say("   到手 %s（工作时间），自%s", schedule.SayLag(h.Waited), o.dayTime(*h.Since))
	}
	if h.Requests >= schedule.BurdenFrom {
		a.say("   %s这一周被请转 %d 次", h.Person.Name, h.Requests)
	}
	for _, cl := range h.Clauses {
		a.say("   凭%s", cl.Quoted())
	}
}

type confirmCmd struct {
	ID     string `arg:"positional" help:"转发单或投递的编号"`
	Part   string `arg:"positional" name:"n/m" help:"只转了一部分，例如 5/7"`
	Undo   bool   `help:"撤销：这份转发单改回待转发"`
	Day    string `help:"哪一天办的，例如 2026-06-30（不写就是今天）" placeholder:"DAY"`
	Sheet  string `help:"读回填好的登记表" placeholder:"FILE"`
	Ledger string `help:"补录以前的台账" placeholder:"FILE"`
	writes
}

func (c *confirmCmd) Run(a *app) error {
	given := 0
	for _, s := range []string{c.ID, c.Sheet, c.Ledger} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return inputf("请写 confirm 编号 [5/7]、confirm --sheet 登记表.xlsx 或 confirm --ledger 台账.xlsx，三样选一样")
	case c.Sheet != "":
		return c.sheet(a)
	case c.Ledger != "":
		return c.ledger(a)
	}
	return c.one(a)
}

func (c *confirmCmd) one(a *app) error {
	done, all, err := parsePart(c.Part)
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		id, err := a.number(o, c.ID, "handoff", "delivery", "task", "flag")
		if err != nil {
			return err
		}
		got, err := c.word(a, o, id, done, all)
		if err != nil {
			return err
		}
		if got.Handoff.ID == 0 { // a delivery or a task
			if c.Undo {
				return a.done(c.output, "已撤销 #%d。", id)
			}
			return a.done(c.output, "已记下 #%d。记错了：confirm %d --undo", id, id)
		}
		if c.JSON {
			return a.document(struct {
				Handoff schedule.HandoffView   `json:"handoff"`
				Groups  []schedule.Ref         `json:"groups"`
				Late    bool                   `json:"late"`
				Next    []schedule.HandoffView `json:"next"`
			}{got.Handoff, list(got.Groups), got.Late, list(got.Next)})
		}
		if c.Undo {
			a.say("#%d 已改回待转发。", id)
			return nil
		}
		a.say("已记下 #%d：%d 个群已转。记错了：confirm %d --undo", id, len(got.Groups), id)
		if got.Late {
			a.say("这是过期以后补的。")
		}
		for _, n := range got.Next {
			a.say("下一级 #%d 已交给%s。", n.ID, orDash(n.Person.Name))
		}
		return nil
	})
}

// word says it, or takes it back.
func (c *confirmCmd) word(a *app, o *office, id int64, done, all int) (schedule.Answered, error) {
	if c.Undo {
		return o.UndoForward(a.ctx, o.who, id, time.Now())
	}
	w := schedule.Word{Handoff: id, Done: done, All: all}
	if c.Day != "" {
		day, err := calendar.ParseDate(c.Day)
		if err != nil {
			return schedule.Answered{}, input(err)
		}
		w.Day = day
	}
	return o.ConfirmWord(a.ctx, o.who, w, time.Now())
}

// parsePart reads "5/7"; empty is all of it.
func parsePart(s string) (done, all int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	n, m, ok := strings.Cut(roster.HalfWidth(s), "/")
	done, err1 := strconv.Atoi(n)
	all, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || done < 0 || all <= 0 || done > all {
		return 0, 0, inputf("“%s”读不懂，转了 7 个群里的 5 个就写 5/7", s)
	}
	return done, all, nil
}

func (c *confirmCmd) sheet(a *app) error {
	ticks, err := readSheet(c.Sheet, report.ReadTickList)
	if err != nil {
		return err
	}
	in := make([]schedule.Tick, len(ticks))
	for i, t := range ticks {
		in[i] = schedule.Tick{Row: t.Row, ID: t.ID, Done: t.Done, Day: dayOf(t.Day), Given: dayOf(t.Given), Reason: t.Reason}
	}
	return a.with(func(o *office) error {
		n, err := o.ReadTicks(a.ctx, o.who, in, time.Now())
		if err != nil {
			return err
		}
		return c.counted(a, "credited", n, fmt.Sprintf("登记表填了 %d 行，新记下 %d 项已转。", len(ticks), n))
	})
}

func (c *confirmCmd) ledger(a *app) error {
	entries, err := readSheet(c.Ledger, report.ReadLedger)
	if err != nil {
		return err
	}
	in := make([]schedule.Entry, len(entries))
	for i, e := range entries {
		in[i] = schedule.Entry{Row: e.Row, Day: dayOf(e.Day), Unit: e.Unit, Group: e.Group, Title: e.Title, Media: e.Media, Themes: e.Themes}
	}
	return a.with(func(o *office) error {
		n, err := o.EnterLedger(a.ctx, o.who, in, time.Now())
		if err != nil {
			return err
		}
		idle, err := o.LedgerIdle(a.ctx, o.who, in, time.Now())
		if err != nil {
			return err
		}
		if idle > 0 {
			a.note("其中 %d 行和启用中的任务对不上（形式或主题不够），已留档，不计次。", idle)
		}
		return c.counted(a, "entered", n, fmt.Sprintf("台账 %d 行，补录 %d 条，其余原来就有。", len(entries), n))
	})
}

func (c *confirmCmd) counted(a *app, key string, n int, sentence string) error {
	if c.JSON {
		return a.document(map[string]int{key: n})
	}
	a.say("%s", sentence)
	return nil
}

// readSheet opens a file for one of report's readers, whose errors are the
// sheet's.
func readSheet[T any](path string, read func(string, io.Reader) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, opened(path, err)
	}
	defer f.Close() //nolint:errcheck // only read
	rows, err := read(path, f)
	return rows, input(err)
}

// dayOf is a day that report has checked; empty is none.
func dayOf(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		return calendar.Date{}
	}
	return d
}
