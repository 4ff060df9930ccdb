package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

type rosterCmd struct {
	Import rosterImportCmd `cmd:"" help:"导入花名册（xlsx 或 csv）"`
	Export rosterExportCmd `cmd:"" help:"导出花名册；导出的能再导入"`
	Check  rosterCheckCmd  `cmd:"" help:"还要办什么：谁没加好友、机器人看不到哪些群、哪些群没有负责人，按先后列出"`
	Bind   rosterBindCmd   `cmd:"" help:"手工把一个群和微信里的群对上；或认可这次登录认出的群"`
	Code   rosterCodeCmd   `cmd:"" help:"给一个人发绑定码：他在微信里私下发给机器人，机器人就认得他；给一个群发，在群里发一次就认得群"`

	Bindings rosterBindingsCmd `cmd:"" help:"每个群认得怎样：哪些认出了，哪些等人认一下，哪些没认、为什么、怎么办"`
}

type rosterImportCmd struct {
	File   string `arg:"positional,required" help:"花名册文件，可以是办公室平时用的表"`
	DryRun bool   `arg:"--dry-run" help:"只看会改什么，不写入"`
	writes
}

// imported is what `roster import --json` prints.
type imported struct {
	DryRun  bool     `json:"dry_run"`
	Units   int      `json:"units"`
	Groups  int      `json:"groups"`
	Persons int      `json:"persons"`
	Changes []string `json:"changes"`
	Moves   []string `json:"moves"`   // open handoffs that another person carries from now on
	Skipped []string `json:"skipped"` // tabs that were not read
}

func (c *rosterImportCmd) Run(a *app) error {
	f, err := os.Open(c.File)
	if err != nil {
		return opened(c.File, err)
	}
	defer f.Close() //nolint:errcheck // only read
	return a.with(func(o *office) error {
		current, err := o.Roster(a.ctx, o.who)
		if err != nil {
			return err
		}
		sheet, err := roster.ReadSheetFor(current, c.File, f)
		if err != nil {
			return input(err)
		}
		merged, changes := roster.Merge(current, sheet)
		moves, err := o.Handovers(a.ctx, o.who, merged, time.Now())
		if err != nil {
			return err
		}
		if !c.DryRun && len(changes)+len(moves) > 0 {
			if err := o.ImportRoster(a.ctx, o.who, merged, time.Now()); err != nil {
				return err
			}
		}
		return c.print(a, merged, changes, moves, sheet.Skipped)
	})
}

func (c *rosterImportCmd) print(a *app, r *roster.Roster, changes []roster.Change, moves []schedule.Handover, skipped []string) error {
	v := imported{DryRun: c.DryRun, Units: len(r.Units), Groups: len(r.Groups), Persons: len(r.Persons), Changes: []string{}, Moves: []string{}, Skipped: list(skipped)}
	for _, ch := range changes {
		v.Changes = append(v.Changes, ch.String())
	}
	for _, m := range moves {
		v.Moves = append(v.Moves, m.Line())
	}
	if c.JSON {
		return a.document(v)
	}
	for _, line := range append(v.Changes, v.Moves...) {
		a.say("%s", line)
	}
	for _, tab := range v.Skipped {
		a.note("没有读表“%s”：它是隐藏的，或没有表头。", tab)
	}
	if tops := newTops(r, changes); len(tops) > 0 {
		a.note("注意：%s 没有写上级单位，都当作最上级，互相看不到。谁归谁管，请加一列“上级单位”再导入。", strings.Join(tops, "、"))
	}
	word := "已导入"
	if c.DryRun {
		word = "只是试算，没有写入。导入后会有"
	}
	a.say("%s：%d 个单位，%d 个群，%d 人；改动 %d 处。", word, v.Units, v.Groups, v.Persons, len(changes))
	return nil
}

// newTops are the units that the import put beside others at the top of the
// tree: mostly because the sheet does not say whose they are.
func newTops(r *roster.Roster, changes []roster.Change) []string {
	tops, fresh := []string{}, false
	for _, u := range r.Units {
		if u.Parent != 0 {
			continue
		}
		tops = append(tops, u.Path)
		fresh = fresh || slices.ContainsFunc(changes, func(c roster.Change) bool { return c.What == roster.WhatUnit && c.Name == u.Path && c.Field == "" })
	}
	if !fresh || len(tops) < 2 {
		return nil
	}
	return tops
}

type rosterExportCmd struct {
	Out string `help:"写到哪个文件（xlsx 或 csv；默认在标准输出印 csv）" placeholder:"FILE"`
}

func (c *rosterExportCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		r, err := o.Roster(a.ctx, reader())
		if err != nil {
			return err
		}
		if c.Out == "" {
			return roster.WriteSheet(a.out, "roster.csv", r)
		}
		var b bytes.Buffer
		if err := roster.WriteSheet(&b, c.Out, r); err != nil {
			return input(err)
		}
		if err := os.WriteFile(c.Out, b.Bytes(), 0o600); err != nil {
			return inputf("写不进“%s”，请换一个文件：%w", c.Out, err)
		}
		a.say("已写到 %s：%d 个单位，%d 个群，%d 人。", c.Out, len(r.Units), len(r.Groups), len(r.Persons))
		return nil
	})
}

// checked is what `roster check --json` prints: the steps, and each as a line.
type checked struct {
	schedule.Onboarding
	Problems []string `json:"problems"`
}

type rosterCheckCmd struct{ reads }

func (c *rosterCheckCmd) Run(a *app) error {
	now, _, err := c.now()
	if err != nil {
		return err
	}
	return a.with(func(o *office) error {
		found, err := o.Onboard(a.ctx, reader(), now)
		if err != nil {
			return err
		}
		if !found.Seen {
			a.note("微信没有登录，这次没有检查机器人看得到哪些群、加了哪些好友。")
		}
		lines := []string{}
		for _, s := range found.Steps {
			lines = append(lines, s.Line())
		}
		if c.JSON {
			return a.document(checked{found, lines})
		}
		for i, line := range lines {
			a.say("%d. %s", i+1, line)
		}
		a.say("共 %d 处，请从上往下办。", len(lines))
		return nil
	})
}

type rosterCodeCmd struct {
	Person string `arg:"positional" help:"花名册里的标记、姓名，或“单位/姓名”"`
	Group  string `help:"给这个群发（群的编号或名称）：由能管这个群的人在群里发一次" placeholder:"GROUP"`
	writes
}

// issued is what `roster code --json` prints; the code is shown nowhere else.
type issued struct {
	Code    string    `json:"code"`
	Person  int64     `json:"person"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Unit    string    `json:"unit"`
	Expires time.Time `json:"expires"`
}

func (c *rosterCodeCmd) Run(a *app) error {
	if (c.Person == "") == (c.Group == "") {
		return inputf("请写 roster code 人，或者 roster code --group 群")
	}
	return a.with(func(o *office) error {
		if c.Group != "" {
			return c.forGroup(a, o)
		}
		code, err := o.IssueCode(a.ctx, o.who, c.Person, time.Now())
		if err != nil {
			return err
		}
		p := code.Person
		if c.JSON {
			return a.document(issued{code.Code, p.ID, p.Name, string(p.Role), p.UnitPath, code.Expires.UTC()})
		}
		a.say("给 %s（%s，%s）的绑定码，只显示这一次：\n\n    %s %s\n", p.Name, p.Role.Word(), p.UnitPath, code.Code[:4], code.Code[4:])
		a.say("%s 前有效，用一次就作废；再发一个，这个也作废。", o.dayTime(code.Expires))
		a.say("当面或打电话告诉本人：用自己的微信私下发给机器人，只发这八个字，不要发在群里。")
		return nil
	})
}
