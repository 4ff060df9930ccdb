package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
)

type planCmd struct {
	List    planListCmd    `cmd:"" help:"列出内置的方案"`
	Show    planShowCmd    `cmd:"" help:"看一个方案的任务、原文和待定项"`
	Check   planCheckCmd   `cmd:"" help:"检查自己写的方案文件"`
	Adopt   planAdoptCmd   `cmd:"" help:"启用一个方案"`
	Drop    planDropCmd    `cmd:"" help:"停用一个方案"`
	Adopted planAdoptedCmd `cmd:"" help:"列出启用中的方案"`
}

type planListCmd struct{ output }

func (c *planListCmd) Run(a *app) error {
	all, err := plans.Embedded()
	if err != nil {
		return fmt.Errorf("read the embedded plans: %w", err)
	}
	if c.JSON {
		return a.document(all)
	}
	var rows [][]string
	for _, p := range all {
		rows = append(rows, []string{fmt.Sprint(p.Number), p.ID, p.Title, span(p.From, p.To), fmt.Sprint(len(p.Duties))})
	}
	a.table([]string{"编号", "名称", "标题", "期间", "任务"}, rows)
	return nil
}

func span(from, to string) string {
	if from == "" {
		from = "启用之日"
	}
	if to == "" {
		to = "未定"
	}
	return from + " 至 " + to
}

type planShowCmd struct {
	ID string `arg:"positional,required" help:"编号（如 11）、名称，或自己的方案文件"`
	output
}

func (c *planShowCmd) Run(a *app) error {
	p, err := findPlan(c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return a.document(p)
	}
	a.say("方案%d %s（%s）\n期间：%s", p.Number, p.Title, p.ID, span(p.From, p.To))
	for _, ph := range p.Phases {
		a.say("阶段：%s，%s", ph.Name, span(ph.From, ph.To))
	}
	for _, d := range p.Duties {
		a.say("\n%s %s：%s", d.ID, dutyKinds[d.Kind], d.Title)
		a.say("  原文：%s", plans.Simplified(d.Quote))
		if len(d.Groups) > 0 {
			a.say("  群：%s", strings.Join(d.Groups, "、"))
		}
		for _, q := range d.Decisions {
			a.say("  待定：%s（--set %s.%s=%s）", q.About, d.ID, q.Key, q.Default)
		}
	}
	for _, q := range p.Decisions {
		a.say("\n待定：%s（--set %s=%s）", q.About, q.Key, q.Default)
	}
	if len(p.Duties) == 0 {
		a.say("\n这个方案没有次数、转发、报送等任务。")
	}
	return nil
}

var dutyKinds = map[plans.Kind]string{plans.Quota: "次数", plans.Relay: "转发", plans.Report: "报送",
	plans.Roster: "名册", plans.Rule: "群规", plans.Figure: "填报"}

// findPlan takes an embedded plan by number or id, or a file.
func findPlan(id string) (plans.Plan, error) {
	if strings.HasSuffix(id, ".toml") {
		return readPlan(id)
	}
	all, err := plans.Embedded()
	if err != nil {
		return plans.Plan{}, fmt.Errorf("read the embedded plans: %w", err)
	}
	p, err := plans.Find(all, id)
	return p, input(err)
}

func readPlan(path string) (plans.Plan, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return plans.Plan{}, opened(path, err)
	}
	p, err := plans.Parse(filepath.Base(path), src)
	return p, input(err)
}

type planCheckCmd struct {
	Files []string `arg:"positional,required" name:"file" help:"方案文件（TOML）"`
}

func (c *planCheckCmd) Run(a *app) error {
	bad := 0
	for _, path := range c.Files {
		p, err := readPlan(path)
		if err != nil {
			bad++
			a.note("%v", err)
			continue
		}
		a.say("%s：没有问题（方案%d %s，%d 项任务）", path, p.Number, p.Title, len(p.Duties))
	}
	if bad > 0 {
		return inputf("%d 个文件要改", bad)
	}
	return nil
}

type planAdoptCmd struct {
	ID      string `arg:"positional" help:"编号、名称，或自己的方案文件"`
	Unit    string `help:"在哪个单位（及其下级）启用" placeholder:"U"`
	Year    int    `help:"哪一年" placeholder:"Y"`
	Confirm int64  `help:"另一个人（--by）确认一次启用：不用再等，马上按时段发送" placeholder:"ID"`
	Set     pairs  `help:"定下一个待定项，可以写多次，见 plan show" placeholder:"KEY=VALUE"`
	writes
}

func (c *planAdoptCmd) Run(a *app) error {
	if c.Confirm != 0 {
		return c.second(a)
	}
	if c.ID == "" || c.Unit == "" || c.Year == 0 {
		return inputf("请写 plan adopt 方案 --unit 单位 --year 年份，或者 plan adopt --confirm 启用编号 --by 另一个人")
	}
	p, err := findPlan(c.ID)
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		now := time.Now()
		if err := a.stock(o, now); err != nil {
			return err
		}
		ad, warnings, err := o.Adopt(a.ctx, o.who, p, c.Unit, c.Year, c.Set, now)
		if err != nil {
			return err
		}
		for _, w := range warnings {
			a.note("注意：%s", w)
		}
		if c.JSON {
			return a.document(struct {
				adoptionView
				Warnings []string `json:"warnings"`
			}{viewAdoption(ad), list(warnings)})
		}
		v := viewAdoption(ad)
		a.say("已启用方案%d《%s》：%s，%s 至 %s。", v.Number, v.Title, v.Unit, v.From, v.To)
		for _, k := range slices.Sorted(maps.Keys(v.Decisions)) {
			a.say("  %s = %s", k, v.Decisions[k])
		}
		if v.SendsFrom != nil {
			a.say("一个人启用的，%s 起才按时段发送（应办现在就算起）。另一个人同意就不用等：tongluo plan adopt --confirm %d --by 那个人。", o.dayTime(*v.SendsFrom), v.ID)
		}
		a.say("下一步：tongluo run 启动守护进程；tongluo coverage 看覆盖率。")
		return nil
	})
}

// second is another person's word for an adoption.
func (c *planAdoptCmd) second(a *app) error {
	return a.with(func(o *office) error {
		ad, err := o.ConfirmAdoption(a.ctx, o.who, c.Confirm, time.Now())
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(viewAdoption(ad))
		}
		a.say("已确认方案%d《%s》在“%s”的启用，现在起按时段发送。", ad.Terms.Number, ad.Terms.Title, ad.UnitPath)
		return nil
	})
}

// adoptionView is an adoption as `plan adopted --json` prints it.
type adoptionView struct {
	ID        int64             `json:"id"`
	Number    int               `json:"number"`
	Plan      string            `json:"plan"`
	Title     string            `json:"title"`
	Unit      string            `json:"unit"`
	Year      int               `json:"year"`
	From      calendar.Date     `json:"from"`
	To        calendar.Date     `json:"to"` // last day
	Decisions map[string]string `json:"decisions"`
	AdoptedAt time.Time         `json:"adopted_at"`
	DroppedOn *calendar.Date    `json:"dropped_on"`
	By        string            `json:"by"`
	SendsFrom *time.Time        `json:"sends_from"` // while one person alone adopted it
}

func viewAdoption(ad schedule.Adoption) adoptionView {
	v := adoptionView{ID: ad.ID, Number: ad.Terms.Number, Plan: ad.Terms.Plan, Title: ad.Terms.Title, Unit: ad.UnitPath,
		Year: ad.Terms.Year, From: ad.Terms.Start, To: ad.Terms.End.AddDays(-1), Decisions: ad.Terms.Decisions, AdoptedAt: ad.AdoptedAt.UTC(), By: ad.By}
	if v.Decisions == nil {
		v.Decisions = map[string]string{}
	}
	if !ad.DroppedOn.IsZero() {
		v.DroppedOn = &ad.DroppedOn
	}
	if !ad.ReadyAt.IsZero() {
		at := ad.ReadyAt.UTC()
		v.SendsFrom = &at
	}
	return v
}

type planDropCmd struct {
	ID   string `arg:"positional,required" help:"编号或名称"`
	Unit string `help:"在哪个单位停用" placeholder:"U"`
	writes
}

func (c *planDropCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.Drop(a.ctx, o.who, c.ID, c.Unit, time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "已停用方案 %s。已经过去的各期照旧计算。", c.ID)
	})
}

type planAdoptedCmd struct{ output }

func (c *planAdoptedCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		ads, err := o.Adopted(a.ctx, reader())
		if err != nil {
			return err
		}
		views := make([]adoptionView, len(ads))
		rows := make([][]string, len(ads))
		for i, ad := range ads {
			v := viewAdoption(ad)
			views[i] = v
			state := "启用中"
			if v.DroppedOn != nil {
				state = day(*v.DroppedOn) + " 起停用"
			}
			rows[i] = []string{fmt.Sprint(v.Number), v.Title, v.Unit, fmt.Sprintf("%s 至 %s", v.From, v.To), state}
		}
		if c.JSON {
			return a.document(views)
		}
		if len(ads) == 0 {
			a.say("还没有启用任何方案。用 tongluo plan list 看有哪些，tongluo plan adopt 启用。")
			return nil
		}
		a.table([]string{"编号", "标题", "单位", "期间", "状态"}, rows)
		return nil
	})
}

// done answers a command that has nothing else to say.
func (a *app) done(o output, format string, args ...any) error {
	if o.JSON {
		return a.document(struct {
			Done bool   `json:"done"`
			Say  string `json:"say"`
		}{true, fmt.Sprintf(format, args...)})
	}
	a.say(format, args...)
	return nil
}
