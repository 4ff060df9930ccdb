package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

type pushCmd struct {
	Item string `arg:"required" help:"素材编号" placeholder:"ID"`
	To   string `arg:"required" help:"发给谁：kind:网格群,unit:永宁村、group:编号、audience:家长；逗号表示“并且”；all 是全部" placeholder:"SELECTOR"`
	At   string `help:"什么时候：2026-06-02 09:30、09:30（今天）、2026-06-02（那天的第一个时段）；不写就是现在" placeholder:"TIME"`
	writes
}

func (c *pushCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		now := time.Now()
		at, err := parseWhen(c.At, now, o.set.Calendar, o.set.Office.Slots)
		if err != nil {
			return err
		}
		p, err := o.QueuePush(a.ctx, o.who, schedule.Request{Item: c.Item, To: c.To, At: at}, now)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(p)
		}
		a.say("推送 #%d《%s》，发往 %d 个群，%s 至 %s。", p.ID, p.Title, len(p.Groups), o.dayTime(p.Opens), o.dayTime(p.Closes))
		a.say("群里看到的：\n%s\n", p.Text)
		a.say("群：%s", strings.Join(names(p.Groups), "、"))
		for _, w := range p.Warnings {
			a.say("注意：%s", w)
		}
		if p.State == schedule.PushWaiting {
			a.say("要等另一个人批准：%s。", strings.Join(p.Why, "；"))
			if p.ReadyAt != nil {
				a.say("花名册里没有别人能批准；没有人取消的话，%s 自动放行。", o.dayTime(*p.ReadyAt))
			} else {
				a.say("能批准的：%s。没有人批准就不发，%s 作废。", strings.Join(names(p.Seconds), "、"), o.dayTime(p.Closes))
			}
			a.say("下一步：tongluo approve %d --by 批准人，或 tongluo cancel %d。", p.ID, p.ID)
			return nil
		}
		a.say("不想发就：tongluo cancel %d。", p.ID)
		return nil
	})
}

func names(refs []schedule.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.Name
	}
	return out
}

// parseWhen reads a time as people write it, in the office's zone: with an
// offset, a day and hour, an hour of today, or a day, which is its first slot.
func parseWhen(s string, now time.Time, cal *calendar.Calendar, slots []schedule.Slot) (time.Time, error) {
	s = strings.TrimSpace(strings.ReplaceAll(roster.HalfWidth(s), "/", "-"))
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	date, clock, both := strings.Cut(s, " ")
	if !both && strings.Contains(s, ":") {
		date, clock = cal.Today(now).String(), s
	}
	d, err := calendar.ParseDate(date)
	if err != nil {
		return time.Time{}, inputf("时间“%s”读不懂，请写成 2026-06-02 09:30、09:30 或 2026-06-02", s)
	}
	if clock == "" {
		return firstSlot(d, slots)
	}
	minutes, err := calendar.ParseClock(clock)
	if err != nil {
		return time.Time{}, input(err)
	}
	return d.At(0, minutes, cal.Zone()), nil
}

func firstSlot(d calendar.Date, slots []schedule.Slot) (time.Time, error) {
	var hits []time.Time
	for _, s := range slots {
		for _, o := range s.Cron.Days(d, d.AddDays(1)) {
			hits = append(hits, o.At)
		}
	}
	if len(hits) == 0 {
		return time.Time{}, inputf("%s 没有时段，请写上几点，例如 %s 09:30", day(d), d)
	}
	return slices.MinFunc(hits, time.Time.Compare), nil
}

type queueCmd struct{ output }

func (c *queueCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		rows, err := o.Queue(a.ctx, reader())
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(list(rows))
		}
		halted, since, err := o.store.Halted(a.ctx)
		if err != nil {
			return fmt.Errorf("read the halt: %w", err)
		}
		if halted {
			a.say("停发中（%s 起）。恢复：tongluo resume。", o.dayTime(since))
		}
		paused, err := o.PauseLines(a.ctx, reader(), time.Now())
		if err != nil {
			return err
		}
		for _, line := range paused {
			a.say("%s。", line)
		}
		if err := a.sayTrouble(o, time.Now()); err != nil {
			return err
		}
		if len(rows) == 0 {
			a.say("没有排着的推送。")
			return nil
		}
		var cells [][]string
		for _, r := range rows {
			cells = append(cells, []string{fmt.Sprintf("#%d", r.ID), r.Title, cmp.Or(r.Slot, "手工"), o.dayTime(r.Opens), pushStates[r.State], fmt.Sprint(r.Groups), stateCounts(r.States)})
		}
		a.table([]string{"编号", "素材", "时段", "开始", "状态", "群", "进展"}, cells)
		return nil
	})
}

var pushStates = map[schedule.PushState]string{schedule.PushWaiting: "待审", schedule.PushReady: "已排期",
	schedule.PushRunning: "发送中", schedule.PushDone: "已结束", schedule.PushCancelled: "已取消"}

func stateCounts(n map[schedule.State]int) string {
	var parts []string
	for s, count := range n {
		parts = append(parts, fmt.Sprintf("%s %d", s.Chinese(), count))
	}
	slices.Sort(parts)
	return strings.Join(parts, "，")
}

type approveCmd struct {
	ID string `arg:"positional,required" help:"推送编号"`
	writes
}

func (c *approveCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		id, err := a.number(o, c.ID, "push")
		if err != nil {
			return err
		}
		if err := o.ApprovePush(a.ctx, o.who, id, time.Now()); err != nil {
			return err
		}
		rows, err := o.Queue(a.ctx, o.who)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.ID == id && r.Lapses != nil {
				a.note("审批只管 24 小时，%s还没发就作废；%s以后请再批准一次。", o.dayTime(*r.Lapses), o.dayTime(r.AgainFrom()))
			}
		}
		return a.done(c.output, "已批准推送 #%d。", id)
	})
}

type cancelCmd struct {
	ID string `arg:"positional,required" help:"推送编号"`
	writes
}

func (c *cancelCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		id, err := a.number(o, c.ID, "push")
		if err != nil {
			return err
		}
		if err := o.CancelPush(a.ctx, o.who, id, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已取消推送 #%d，还没发出的都不再发。", id)
	})
}

var numberKinds = map[string]string{"push": "推送", "delivery": "投递", "handoff": "转发单", "flag": "督办", "task": "报送任务", "question": "还没确认的问题"}

// number reads "#12" or "12" and makes sure that it is one of what the command
// is about: there is one number space for everything.
func (a *app) number(o *office, s string, kinds ...string) (int64, error) {
	id, err := parseNumber(s)
	if err != nil {
		return 0, err
	}
	kind, err := o.store.Kind(a.ctx, id)
	switch {
	case errors.Is(err, schedule.ErrNotFound):
		return 0, inputf("没有 #%d 这个编号", id)
	case err != nil:
		return 0, fmt.Errorf("look up number %d: %w", id, err)
	case slices.Contains(kinds, kind):
		return id, nil
	}
	want := make([]string, len(kinds))
	for i, k := range kinds {
		want[i] = numberKinds[k]
	}
	return 0, inputf("#%d 是%s，不是%s", id, numberKinds[kind], strings.Join(want, "或"))
}

func parseNumber(s string) (int64, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(roster.HalfWidth(strings.TrimSpace(s)), "#"), 10, 64)
	if err != nil || id <= 0 {
		return 0, inputf("编号“%s”读不懂，请写数字，例如 12", s)
	}
	return id, nil
}

type haltCmd struct{ writes }

func (c *haltCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.Halt(a.ctx, o.who, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已停发：从现在起不再发出任何消息。恢复：tongluo resume。")
	})
}

type resumeCmd struct{ writes }

func (c *resumeCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		now := time.Now()
		at, err := o.Resume(a.ctx, o.who, now)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(struct {
				ResumesAt time.Time `json:"resumes_at"`
			}{at.UTC()})
		}
		if at.After(now) {
			a.say("将在 %s 恢复；由另一个人再说一次（--by）就立即恢复。", o.dayTime(at))
			return nil
		}
		a.say("已恢复发送。")
		return nil
	})
}
