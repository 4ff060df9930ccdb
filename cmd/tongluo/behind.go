package main

import (
	"time"

	"tongluo/schedule"
	"tongluo/schedule/plans"
)

type behindCmd struct {
	Unit string `help:"只看一个单位及其下级" placeholder:"U"`
	reads
}

func (c *behindCmd) Run(a *app) error {
	now, _, err := c.now()
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		rows, err := o.Behind(a.ctx, reader(), c.Unit, now)
		if err != nil {
			return err
		}
		vacant, err := o.Vacancies(a.ctx, reader(), c.Unit, now)
		if err != nil {
			return err
		}
		if c.JSON {
			all := []any{}
			for _, r := range rows {
				all = append(all, r)
			}
			for _, v := range vacant {
				all = append(all, v)
			}
			return a.document(all)
		}
		sayVacant(a, o, vacant)
		if len(rows) == 0 {
			a.say("没有落后的。")
			return nil
		}
		for _, r := range rows {
			who := r.Group.Name
			if who == "" {
				who = r.Unit.Name
			}
			a.say("#%d %s（%s）　%s　%d/%d　%s，%s", r.ID, who, r.Unit.Name, r.Period, r.Credits, r.Need, r.Standing.Chinese(), r.Cause.Chinese())
			a.say("   从%s起，负责人 %s，%s", o.dayTime(r.Since), orDash(r.Keeper), flagStates[r.State])
			if r.StuckAt != "" {
				a.say("   %s", r.StuckAt)
			}
			a.say("   凭方案%d“%s”", r.Plan, plans.Simplified(r.Quote))
		}
		tasks := 0
		for _, r := range rows {
			if r.Group.ID == 0 {
				tasks++
			}
		}
		a.say("共 %d 项：推送 %d，报送和活动 %d（覆盖率只算推送）。", len(rows), len(rows)-tasks, tasks)
		return nil
	})
}

// sayVacant prints the groups that nobody can be asked about, with whose flag
// it is.
func sayVacant(a *app, o *office, vacant []schedule.VacancyRow) {
	for _, v := range vacant {
		a.say("#%d %s（%s）　%s，%s，%s", v.ID, v.Group.Name, v.Unit.Name, v.Line(), v.Why.Chinese(), v.Cause.Chinese())
		if v.Plan == 0 {
			a.say("   从%s起，没有启用的方案写到换人，是办公室自己的督办", o.dayTime(v.Since))
			continue
		}
		a.say("   从%s起，凭方案%d“%s”", o.dayTime(v.Since), v.Plan, plans.Simplified(v.Quote))
	}
}

var flagStates = map[schedule.FlagState]string{schedule.FlagRaised: "已记督办", schedule.FlagReminded: "已提醒",
	schedule.FlagEscalated: "已上报", schedule.FlagResolved: "已了结"}

type excuseCmd struct {
	Group  string `arg:"positional,required" help:"群的编号或名称"`
	Period string `arg:"required" help:"哪一期：2026-W47、2026-11" placeholder:"P"`
	Reason string `arg:"required" help:"为什么" placeholder:"R"`
	writes
}

func (c *excuseCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		n, err := o.Excuse(a.ctx, o.who, c.Group, c.Period, c.Reason, time.Now())
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(struct {
				Excused int `json:"excused"`
			}{n})
		}
		a.say("已免考核 %d 项：%s，%s，%s。", n, c.Group, c.Period, c.Reason)
		return nil
	})
}
