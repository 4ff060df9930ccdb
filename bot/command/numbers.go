package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// coverage answers 覆盖率: one sentence with its denominator, then the units,
// worst first.
func (d *Dialogue) coverage(ctx context.Context, t turn, c call) (answer, error) {
	said := c.period
	if said == "" {
		said = "本月"
	}
	v, label, err := d.count(ctx, t, c.unit, said)
	if err != nil {
		return answer{}, err
	}
	a := answer{sums(c.unit+label, v.Total), strings.TrimSpace("看谁落后请回：落后 " + c.unit)}
	rows := below(v.Rows)
	if v.Total.Owed == 0 { // as many lines of nothing say nothing
		rows = nil
	}
	for i, r := range rows {
		if i == mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 个单位", len(rows)-i))
			break
		}
		a.lines = append(a.lines, unitLine(r))
	}
	return a, nil
}

// count asks for the coverage of a unit ("": the asker's own) in a period as
// people say it, and returns how to call the period.
func (d *Dialogue) count(ctx context.Context, t turn, unit, said string) (schedule.CoverageView, string, error) {
	p, label, err := periodOf(said, d.office.Calendar().Today(t.now))
	if err != nil {
		return schedule.CoverageView{}, "", &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
	}
	v, err := d.office.Coverage(ctx, t.actor, schedule.Query{Unit: unit, Period: p.Key, By: coverage.ByUnit, Pushes: true, Now: t.now})
	return v, label, err
}

// sums are the sentences above any table: what has ended with its denominator
// and whose the rest is, then what is still open.
func sums(label string, r coverage.Row) []string {
	pending := fmt.Sprintf("还没到期 %d：已达标 %d，临期 %d", r.SoFar.Owed, r.SoFar.Met, r.AtRisk)
	switch {
	case r.Owed == 0 && r.SoFar.Owed == 0:
		return []string{label + "：没有应办的推送。"}
	case r.Owed == 0:
		return []string{label + pending}
	}
	s := fmt.Sprintf("%s：%d/%d 达标，免考核 %d", label, r.Met, r.Owed-r.Excused, r.Excused)
	if r.Late > 0 {
		s += fmt.Sprintf("，补齐 %d", r.Late)
	}
	lines := []string{s + "。", fmt.Sprintf("落后 %d：怪不到村里 %d，村里的 %d", r.Behind, r.BehindOffice, r.BehindKeeper)}
	if r.SoFar.Owed > 0 {
		lines = append(lines, pending)
	}
	return lines
}

func unitLine(r coverage.Row) string {
	if r.Owed == 0 {
		return fmt.Sprintf("0/0 %s 没有到期的", r.Name)
	}
	s := fmt.Sprintf("%d/%d %s", r.Met, r.Owed-r.Excused, r.Name)
	if r.Behind > 0 {
		s += fmt.Sprintf(" 落后 %d，村里的 %d", r.Behind, r.BehindKeeper)
	}
	return s
}

// below are the rows of push duties one level under what was asked about: rows
// of a single unit that only repeat the sentence are left out.
func below(rows []coverage.Row) []coverage.Row {
	left := slices.DeleteFunc(slices.Clone(rows), func(r coverage.Row) bool { return r.Kind != "push" })
	for len(left) > 0 {
		depth := slices.MinFunc(left, func(a, b coverage.Row) int { return level(a) - level(b) })
		var top, rest []coverage.Row
		for _, r := range left {
			if level(r) == level(depth) {
				top = append(top, r)
			} else {
				rest = append(rest, r)
			}
		}
		if len(top) > 1 {
			return top
		}
		left = rest
	}
	return nil
}

func level(r coverage.Row) int { return strings.Count(r.Key, "/") }

// progress answers 进度: this week so far, the period that was asked for (else
// this month), and what waits for the asker.
func (d *Dialogue) progress(ctx context.Context, t turn, c call) (answer, error) {
	unit := c.unit
	if unit == "" {
		unit = t.actor.Unit[strings.LastIndexByte(t.actor.Unit, '/')+1:]
	}
	said := []string{"本周", "本月"}
	if c.period != "" {
		said = []string{c.period}
	}
	a := answer{[]string{unit}, strings.TrimSpace("看落后原因请回：落后 " + c.unit)}
	for _, p := range said {
		v, label, err := d.count(ctx, t, c.unit, p)
		if err != nil {
			return answer{}, err
		}
		a.lines = append(a.lines, sums(label, v.Total)...)
	}
	hs, err := d.mine(ctx, t)
	if len(hs) > 0 {
		a.lines = append(a.lines, fmt.Sprintf("您手上待转发 %d 份", len(hs)))
		a.next = "看待转发的请回：任务"
	}
	return a, err
}

// behind answers 落后: who, since which period, why.
func (d *Dialogue) behind(ctx context.Context, t turn, c call) (answer, error) {
	var asked calendar.Period
	if c.period != "" {
		var err error
		if asked, _, err = periodOf(c.period, d.office.Calendar().Today(t.now)); err != nil {
			return answer{}, &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
		}
	}
	page, err := d.office.BehindNow(ctx, t.actor, schedule.FlagQuery{Unit: c.unit, Period: asked, Limit: mostLines}, t.now)
	if err != nil {
		return answer{}, err
	}
	if page.All == 0 {
		return answer{[]string{c.unit + c.period + "没有落后的。"}, strings.TrimSpace("看达标情况请回：覆盖率 " + c.unit)}, nil
	}
	a := answer{[]string{fmt.Sprintf("%s落后 %d：怪不到村里 %d，村里的 %d", c.unit+c.period, page.All, page.All-page.Keeper, page.Keeper)},
		fmt.Sprintf("看依据请回：凭什么 %d", page.Rows[0].ID)}
	for _, r := range page.Rows {
		a.lines = append(a.lines, fmt.Sprintf("#%d %d/%d %s", r.ID, r.Credits, r.Need, nameOf(r)), fmt.Sprintf("　%s，方案%d，%s", calendar.SayPeriod(r.Period), r.Plan, short(r.Cause)))
		if r.StuckAt != "" {
			a.lines = append(a.lines, "　"+r.StuckAt)
		}
	}
	if more := page.All - len(page.Rows); more > 0 {
		a.lines = append(a.lines, fmt.Sprintf("还有 %d 项", more))
	}
	return a, nil
}

// why answers 凭什么: the clause in its own words, what was owed, and whose it is.
func (d *Dialogue) why(ctx context.Context, t turn, c call) (answer, error) {
	if c.id == 0 {
		return d.behind(ctx, t, call{cmd: c.cmd})
	}
	clauses, row, err := d.office.Why(ctx, t.actor, c.id, t.now)
	if err != nil {
		return answer{}, err
	}
	a := answer{[]string{fmt.Sprintf("#%d", c.id)}, "看全部落后的请回：落后"}
	if row != nil {
		a.lines = []string{fmt.Sprintf("#%d %s", row.ID, nameOf(*row)),
			fmt.Sprintf("%s应 %d 次，已 %d 次，%s", calendar.SayPeriod(row.Period), row.Need, row.Credits, row.Standing.Chinese())}
	}
	for _, cl := range clauses {
		a.lines = append(a.lines, "依据："+cl.Quoted())
	}
	switch {
	case len(clauses) == 0:
		a.lines = []string{fmt.Sprintf("#%d 没有方案要求，是办公室自己发的。", c.id)}
	case row != nil && row.Standing == coverage.Behind: // what was made up is nobody's fault
		a.explain(*row, t.actor.Role)
	}
	return a, nil
}

// explain adds whose a debt is, in plain words, and where a relay is stuck.
func (a *answer) explain(row schedule.BehindRow, asker roster.Role) {
	a.lines = append(a.lines, "原因："+plainCause(row.Cause))
	if row.StuckAt != "" {
		a.lines = append(a.lines, row.StuckAt)
		a.next = fmt.Sprintf("看每一级请回：转发链 %d", row.ID)
	}
	if asker == roster.Cadre && row.Cause == coverage.ByKeeper {
		a.next = "补发后请回：已转"
	}
}

// nameOf is the group, or the unit where a unit owes.
func nameOf(r schedule.BehindRow) string {
	if r.Group.Name != "" {
		return r.Group.Name
	}
	return r.Unit.Name[strings.LastIndexByte(r.Unit.Name, '/')+1:]
}

// short is a cause in a list.
func short(c coverage.Cause) string {
	if c == coverage.ByKeeper {
		return "村里还没转"
	}
	return "不怪村里"
}

// plainCause is a cause in a sentence (design rule 7: only the first is a
// keeper's).
func plainCause(c coverage.Cause) string {
	switch c {
	case coverage.ByKeeper:
		return "内容早已送到负责人手上，还没有回“已转”"
	case coverage.ByGroup:
		return "群不在了，或机器人不在群里，不怪村里"
	case coverage.ByContent:
		return "当时没有合适的素材，不怪村里"
	}
	return "机器人不在线或办公室没有按时送到，不怪村里"
}
