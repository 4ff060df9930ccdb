package main

import (
	"fmt"
	"slices"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
)

type coverageCmd struct {
	Plan   string `help:"只看一个方案" placeholder:"ID"`
	Unit   string `help:"只看一个单位及其下级" placeholder:"U"`
	Period string `help:"只看一期：2026-W47、2026-11" placeholder:"P"`
	By     string `default:"unit" help:"每行是什么：unit、duty、plan、period、kind、audience、group（默认 unit）" placeholder:"BY"`
	Grade  string `help:"凭证至少到哪一级：reported、accepted、observed、confirmed（默认 reported）" placeholder:"G"`
	Kind   string `help:"只看一类：任务种类（quota、relay…）或群类型" placeholder:"K"`
	reads
}

func (c *coverageCmd) Run(a *app) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		v, err := o.Coverage(a.ctx, reader(), q)
		if err != nil {
			return err
		}
		if c.JSON {
			v.Rows = list(v.Rows)
			return a.document(v)
		}
		a.say("%s", coverageSentence(o, v))
		if len(v.Rows) == 0 {
			return nil
		}
		var cells [][]string
		for _, r := range v.Rows {
			cells = append(cells, []string{rowName(q.By, r), coverageKinds[r.Kind], fmt.Sprint(r.Owed), fmt.Sprint(r.Met), fmt.Sprint(r.Late),
				fmt.Sprint(r.BehindKeeper), fmt.Sprint(r.BehindOffice), fmt.Sprint(r.Excused), percent(r.Coverage), soFar(r.SoFar)})
		}
		a.table([]string{rowNames[q.By], "类", "应办", "达标", "补齐", "落后·村里", "落后·其他", "免考核", "覆盖率", "本期至今"}, cells)
		return nil
	})
}

// soFar is met over what is to be met in open periods, and what is excused of them.
func soFar(s coverage.SoFar) string {
	out := fmt.Sprintf("%d/%d", s.Met, s.Owed-s.Excused)
	if s.Excused > 0 {
		out += fmt.Sprintf("（免%d）", s.Excused)
	}
	return out
}

var rowNames = map[coverage.By]string{coverage.ByUnit: "单位", coverage.ByDuty: "任务", coverage.ByPlan: "方案", coverage.ByPeriod: "时期",
	coverage.ByKind: "群类型", coverage.ByAudience: "对象", coverage.ByGroups: "群"}

// rowName is the row's name; a duty's is its clause, of which the key and the
// beginning are enough to know it.
func rowName(by coverage.By, r coverage.Row) string {
	if by != coverage.ByDuty {
		return r.Name
	}
	quote := []rune(plans.Simplified(r.Name))
	if len(quote) > quoted {
		quote = append(quote[:quoted], '…')
	}
	return r.Key + " " + string(quote)
}

const quoted = 16 // characters

var coverageKinds = map[string]string{"push": "推送", "activity": "活动", "quota": "次数", "relay": "转发", "report": "报送",
	"roster": "名册", "rule": "群规", "figure": "填报"}

func (c *coverageCmd) query() (schedule.Query, error) {
	by := coverage.By(strings.ToLower(c.By))
	if !slices.Contains(coverage.Bys, by) {
		return schedule.Query{}, inputf("--by “%s”不认识，可以写 unit、duty、plan、period、kind、audience、group", c.By)
	}
	grade, ok := coverage.ParseGrade(c.Grade)
	if !ok {
		return schedule.Query{}, inputf("--grade “%s”不认识，可以写 reported（自报）、accepted（受理）、observed（见到）、confirmed（确认）", c.Grade)
	}
	if c.Period != "" {
		if _, err := calendar.ParsePeriod(c.Period); err != nil {
			return schedule.Query{}, input(err)
		}
	}
	now, past, err := c.now()
	return schedule.Query{Plan: c.Plan, Unit: c.Unit, Period: c.Period, By: by, Grade: grade, Kind: c.Kind, Now: now, Past: past}, err
}

// coverageSentence says the total before any table: denominator first, and
// whose the rest is.
func coverageSentence(o *office, v schedule.CoverageView) string {
	t := v.Total
	if t.Owed == 0 && t.SoFar.Owed == 0 {
		return "截至" + o.dayTime(v.AsOf) + "，没有应办的推送（没有启用方案，或还没到期）。"
	}
	return fmt.Sprintf("截至%s，已结束各期应办 %d 项（免考核 %d），达标 %d，补齐 %d，落后 %d：村里的 %d，怪不到村里 %d。覆盖率 %s。进行中 %d 项（免考核 %d），已达标 %d，临期 %d。",
		o.dayTime(v.AsOf), t.Owed, t.Excused, t.Met, t.Late, t.Behind, t.BehindKeeper, t.BehindOffice, percent(t.Coverage), t.SoFar.Owed, t.SoFar.Excused, t.SoFar.Met, t.AtRisk)
}
