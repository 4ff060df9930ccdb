package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// notes are rows of people's own beneath or between the entries.
var (
	notes = regexp.MustCompile(`^(备注|注|说明|填表说明|填表人|制表人|制表|填报人|填报单位|填报日期|填报时间|填表日期|制表日期|日期|审核人|审核|单位负责人|负责人签字|联系人|联系电话|电话)\s*[:：]`)
	sums  = regexp.MustCompile(`^(合\s*计|总\s*计|小\s*计|共\s*计)(\s*[:：].*)?$`)
)

// read takes the rows beneath a tab's headings into the sheet.
func (s *Sheet) read(g *grid, h header) Problems {
	p := rowParser{tab: len(s.Tabs), table: g.table, written: h.written, grid: g, from: map[string]int{}}
	tab := Tab{Name: g.table.Sheet, written: h.written}
	p.table.at = map[string]int{}
	for c := range maxColumns {
		column, ok := h.column[c]
		if !ok || column == aside {
			continue
		}
		p.from[column] = c
		p.table.at[column] = slices.Index(SheetColumns(), column)
		tab.Has = append(tab.Has, column)
	}
	s.Tabs = append(s.Tabs, tab)
	before := g.rows[h.below-1]
	for _, row := range g.rows[h.below:] {
		gap := row.Number > before.Number+before.lines+1
		if before = row; gap { // a blank row ends the block
			p.unit, p.parent = "", ""
		}
		switch {
		case sums.MatchString(firstFilled(row.cells)), isNote(row.cells):
			p.unit, p.parent = "", ""
		case p.repeatsHeadings(h, row):
		case p.project(h, row):
			s.Rows = append(s.Rows, p.rows(gap)...)
		}
	}
	return p.problems
}

func firstFilled(cells []string) string {
	for _, c := range cells {
		if c != "" {
			return c
		}
	}
	return ""
}

// isNote reports whether a row holds notes only: 填表人：小陈 … 审核人：老王, the name
// in the same cell or in the next one.
func isNote(cells []string) bool {
	noted, label := false, false
	for _, c := range cells {
		switch {
		case c == "":
		case notes.MatchString(c):
			noted, label = true, strings.HasSuffix(strings.TrimSpace(HalfWidth(c)), ":")
		case label:
			label = false
		default:
			return false
		}
	}
	return noted
}

// repeatsHeadings reports whether the row is the headings again, as on every
// printed page.
func (p *rowParser) repeatsHeadings(h header, row TableRow) bool {
	same := 0
	for column, c := range p.from {
		if c < len(row.cells) && columnOf(row.cells[c]) == column {
			same++
		} else if c < len(row.cells) && row.cells[c] != "" {
			return false
		}
	}
	return same > 0 && (same > 1 || h.knows() == 1)
}

// project puts the cells into the order of our columns and reports what cannot
// be read; false: nothing in the row is for us.
func (p *rowParser) project(h header, row TableRow) bool {
	p.row = TableRow{Number: row.Number, cells: make([]string, len(SheetColumns()))}
	something := false
	for c := range max(len(row.cells), 1+p.last()) {
		column, known := h.column[c]
		text := ""
		if c < len(row.cells) {
			text = row.cells[c]
		}
		at := spot{row.Number, c}
		switch {
		case column == aside:
		case !known && text != "":
			p.problems = append(p.problems, p.table.Problem(row.Number, "", "第 %d 格有内容，但那一列没有列名，请写列名或清空", c+1))
		case known && p.grid.odd.hollow[at]:
			p.wrong(column, "是还没算出结果的公式，请用 Excel 或 WPS 打开保存一次，或直接写内容")
		case known && p.grid.odd.failed[at]:
			p.wrong(column, "是公式的错误值“%s”，请直接写内容", text)
		case known:
			if utf8.RuneCountInString(text) > maxCell {
				p.wrong(column, "超过 %d 个字，请写短些", maxCell)
				continue
			}
			p.row.cells[p.table.at[column]] = text
			something = something || text != "" && !p.grid.under[at]
		}
	}
	return something
}

// last is the rightmost column that is read.
func (p *rowParser) last() (c int) {
	for _, i := range p.from {
		c = max(c, i)
	}
	return c
}

// rows are what one row of the file says: a group with its keeper, a person or a
// unit, and one more for each further keeper. gap: a blank row lies above.
func (p *rowParser) rows(gap bool) []Row {
	out := p.parse()
	carried := p.block(&out, gap)
	keepers := p.keepers()
	p.whole(out)
	switch {
	case out.Group != "" && p.under(colGroup): // one group over several rows: more keepers
		out.Group, out.Helper = "", true
		if p.under(colPerson) && !p.under(colPhone) && p.cell(colPhone) != "" {
			p.wrong(colPhone, "是同一个人的第二个号码，请只留一个")
		}
		if p.vacant() || p.under(colPerson) {
			return nil
		}
	case carried && out.Group == "":
		out.Helper = true
	}
	if out.Helper {
		out.Kind, out.Audiences, out.Carrier, out.Since, out.Until, out.Plain = "", nil, ByBot, "", "", true
	}
	if len(keepers) == 0 {
		return []Row{out}
	}
	rows := make([]Row, 0, len(keepers))
	for i, k := range keepers {
		r := out
		if i > 0 {
			r = Row{Tab: out.Tab, Number: out.Number, Unit: out.Unit, Parent: out.Parent, Role: out.Role, Plain: true, Helper: true, Carrier: ByBot}
		}
		r.Person, r.Home, r.Phone, r.Tag = k.name, k.home, k.phone, k.tag
		rows = append(rows, r)
	}
	return rows
}

// block gives a row without a unit that of its block, and reports whether it did.
func (p *rowParser) block(out *Row, gap bool) bool {
	written := p.cell(colUnit) != ""
	switch {
	case !p.table.has(colUnit):
		out.Unit = p.table.Sheet
	case written:
		// Our own 上级单位 means something when it is empty; 乡镇 over a list of
		// villages is written once.
		if out.Parent == "" && p.written[colParent] != colParent {
			out.Parent = p.parent
		}
		p.unit, p.parent = out.Unit, out.Parent
		return p.under(colUnit)
	case p.unit != "":
		out.Unit, out.Parent = p.unit, either(out.Parent, p.parent)
		return true
	case gap:
		p.wrong(colUnit, "空着，上面又隔了空行，看不出是哪个单位，请写单位名称")
	default:
		p.wrong(colUnit, "空着，请写单位名称")
	}
	return false
}

// has reports whether the table has the column.
func (t Table) has(column string) bool {
	_, ok := t.at[column]
	return ok
}

// vacant reports whether no keeper is written.
func (p *rowParser) vacant() bool { return strings.TrimSpace(p.cell(colPerson)) == "" }
