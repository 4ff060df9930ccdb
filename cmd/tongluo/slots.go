package main

import (
	"fmt"
	"time"

	"tongluo/schedule"
)

// slotView is a slot on a day, as --json prints it.
type slotView struct {
	Day       string           `json:"date"`
	Slot      string           `json:"slot"`
	Opens     time.Time        `json:"opens"`
	Closes    time.Time        `json:"closes"`
	Outcome   schedule.Outcome `json:"outcome"`
	Why       string           `json:"why"`
	Groups    int              `json:"groups"`
	Missed    int              `json:"missed"`
	Handed    int              `json:"handed"`
	SettledAt *time.Time       `json:"settled_at"`
}

type slotsCmd struct {
	Days int `default:"14" help:"看最近多少天"`
	reads
}

var outcomes = map[schedule.Outcome]string{schedule.SlotPlanned: "还没到", schedule.SlotFired: "办了", schedule.SlotMissed: "错过", schedule.SlotCancelled: "没有"}

// Run lists the slots of the last days, each with its one outcome.
func (c *slotsCmd) Run(a *app) error {
	now, _, err := c.now()
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		today := o.set.Calendar.Today(now)
		all, err := o.Occasions(a.ctx, reader(), today.AddDays(-max(c.Days, 0)), today)
		if err != nil {
			return err
		}
		if c.JSON {
			views := make([]slotView, 0, len(all))
			for _, s := range all {
				v := slotView{Day: s.Day.String(), Slot: s.Slot, Opens: s.Opens, Closes: s.Closes, Outcome: s.Outcome, Why: s.Why, Groups: s.All, Missed: s.Missed, Handed: s.Handed}
				if !s.SettledAt.IsZero() {
					v.SettledAt = &s.SettledAt
				}
				views = append(views, v)
			}
			return a.document(views)
		}
		if len(all) == 0 {
			a.say("这几天没有时段；铜锣没有运行过的日子，下次启动时补记。")
			return nil
		}
		var cells [][]string
		for _, s := range all {
			cells = append(cells, []string{day(s.Day), s.Slot, o.dayTime(s.Opens), outcomes[s.Outcome], fmt.Sprint(s.All), fmt.Sprint(s.Missed), fmt.Sprint(s.Handed), s.Why})
		}
		a.table([]string{"日期", "时段", "开始", "结果", "群", "错过", "转给人", "原因"}, cells)
		return nil
	})
}

// sayTrouble says before a list what somebody must mend first: the clock, and
// slots that left something undone.
func (a *app) sayTrouble(o *office, now time.Time) error {
	clock, err := o.Clock(a.ctx)
	if err != nil {
		return err
	}
	if line := o.ClockLine(clock); line != "" {
		a.say("%s", line)
	}
	lines, err := o.MissedLines(a.ctx, reader(), missedDays, now)
	for _, line := range lines {
		a.say("%s。", line)
	}
	return err
}

// missedDays is how long a slot that left something undone is spoken of.
const missedDays = 7

type clockCmd struct {
	Show  clockShowCmd  `cmd:"default" help:"电脑的时间靠得住吗"`
	Trust clockTrustCmd `cmd:"" help:"电脑现在的时间是对的，从前的错了：接着发"`
}

type clockShowCmd struct{ output }

// Run says whether the daemon goes by the clock.
func (c *clockShowCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		clock, err := o.Clock(a.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(struct {
				Trouble      string  `json:"trouble"`
				AheadSeconds float64 `json:"ahead_seconds"`
				Say          string  `json:"say"`
			}{clock.Kind, clock.Ahead.Seconds(), o.ClockLine(clock)})
		}
		if line := o.ClockLine(clock); line != "" {
			a.say("%s", line)
			return nil
		}
		a.say("电脑的时间没有发现问题：%s。", o.dayTime(time.Now()))
		return nil
	})
}

type clockTrustCmd struct{ writes }

// Run takes the operator's word that the clock is right.
func (c *clockTrustCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		now := time.Now()
		if err := o.TrustClock(a.ctx, o.who, now); err != nil {
			return err
		}
		return a.done(c.output, "记下了：现在 %s 是对的。正在运行的铜锣会接着办。", o.dayTime(now))
	})
}
