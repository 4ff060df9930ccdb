package roster

import (
	"strings"
)

// separators may not stand in a unit's name or a kind: selectors and paths are
// written with them.
const separators = ",，、:：;；"

// rowParser turns rows of text into Rows and gathers what is wrong.
type rowParser struct {
	tab      int
	table    Table
	written  map[string]string // column → the heading as written
	grid     *grid
	from     map[string]int // column → index of the cell in the grid
	row      TableRow
	problems Problems

	unit, parent string // of the block: written once, meant for the rows below
}

func (p *rowParser) parse() Row {
	out := Row{
		Tab: p.tab, Number: p.row.Number, Unit: p.path(colUnit, p.cell(colUnit)), Parent: p.path(colParent, p.cell(colParent)),
		Group: p.cell(colGroup), Kind: p.word(colKind), Audiences: SplitList(p.cell(colAudience)), Carrier: p.carrier(),
		Since: p.day(colSince), Until: p.day(colUntil),
	}
	out.Role, out.Plain = p.role()
	return out
}

// whole checks what only the cells together can say.
func (p *rowParser) whole(out Row) {
	if out.Group != "" && out.Since != "" && out.Until != "" && out.Until <= out.Since {
		p.wrong(colUntil, "不晚于建群日期 %s，请写停用后的第一天", out.Since)
	}
	if out.Group == "" {
		p.mustBeEmpty("没有群名称却写了这一格，请补写群名称或清空", colKind, colAudience, colCarrier, colSince)
	}
	if out.Group == "" && p.vacant() {
		p.mustBeEmpty("没有群名称也没有负责人却写了这一格，请补写或清空", colUntil)
	}
	if p.vacant() {
		p.mustBeEmpty("没有负责人却写了这一格，请补写负责人或清空", colPhone, colRole, colTag)
	}
}

func (p *rowParser) mustBeEmpty(what string, columns ...string) {
	for _, c := range columns {
		if p.cell(c) != "" {
			p.wrong(c, "%s", what)
		}
	}
}

// cell is a cell on one line.
func (p *rowParser) cell(column string) string {
	return strings.ReplaceAll(p.lines(column), "\n", " ")
}

// lines is a cell as it was broken into lines; a word that says that there is
// nothing is nothing.
func (p *rowParser) lines(column string) string {
	s := p.table.Cell(p.row, column)
	switch column {
	case colGroup, colPerson, colPhone, colTag:
		switch s {
		case "无", "暂无", "暂缺", "空缺", "空", "待定", "/", "-", "—", "——":
			return ""
		}
	}
	return s
}

// under reports whether the cell is the lower part of a merged one.
func (p *rowParser) under(column string) bool {
	c, ok := p.from[column]
	return ok && p.grid.under[spot{p.row.Number, c}]
}

func (p *rowParser) wrong(column, format string, args ...any) {
	p.problems = append(p.problems, p.table.Problem(p.row.Number, either(p.written[column], column), format, args...))
}

// path reads a name or a path and trims every step of it.
func (p *rowParser) path(column, s string) string {
	if s == "" {
		return ""
	}
	steps := strings.Split(strings.ReplaceAll(s, "／", "/"), "/")
	for i, step := range steps {
		if steps[i] = strings.TrimSpace(step); steps[i] == "" {
			p.wrong(column, "“%s”里斜杠多了，请写成“永宁镇/永宁村”这样", s)
			return ""
		}
		if column != colPerson && strings.ContainsAny(step, separators) {
			p.wrong(column, "“%s”里有逗号、顿号、冒号或分号，请改用别的写法", s)
			return ""
		}
	}
	return strings.Join(steps, "/")
}

func (p *rowParser) word(column string) string {
	s := p.cell(column)
	if strings.ContainsAny(s, separators) {
		p.wrong(column, "“%s”只能写一种，请去掉标点", s)
	}
	return s
}

func (p *rowParser) role() (role Role, plain bool) {
	switch s := p.cell(colRole); s {
	case "":
		return "", false
	case plainCadre:
		return Cadre, true
	default:
		for _, r := range []Role{Cadre, Staff, Leader, Admin} {
			if s == r.Word() {
				return r, false
			}
		}
		p.wrong(colRole, "不认识“%s”，请写 干部、普通干部、办公室、领导 或 管理员", s)
		return "", false
	}
}

func (p *rowParser) carrier() Carrier {
	switch s := p.cell(colCarrier); s {
	case "", ByBot.Word():
		return ByBot
	case ByKeeper.Word():
		return ByKeeper
	default:
		p.wrong(colCarrier, "不认识“%s”，请写 机器人 或 人工", s)
		return ByBot
	}
}

func (p *rowParser) day(column string) string {
	s := p.cell(column)
	if s == "" {
		return ""
	}
	day, ok := p.table.Day(s)
	if !ok {
		p.wrong(column, "“%s”不是日期，请写成 2026-06-02 这样", s)
	}
	return day
}
