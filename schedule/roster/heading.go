package roster

import (
	"slices"
	"strings"
	"unicode"
)

// synonyms are the headings that offices write for ours, by column. What is
// written here stands without brackets, spaces and asterisks.
var synonyms = map[string][]string{
	colUnit: {"单位名称", "所属单位", "村", "村居", "村名", "村社", "村社区", "村别", "行政村", "社区", "所在村", "所属村", "所属村居",
		"所属村社区", "学校", "学校名称", "班级", "学院", "二级学院", "部门"},
	colParent:   {"上级", "乡镇", "镇", "镇街", "街道", "乡镇街道", "镇街道", "所属乡镇", "所在乡镇", "所属镇街", "主管单位"},
	colGroup:    {"群名", "微信群名称", "微信群名", "微信群", "群聊名称", "群聊", "群组名称", "工作群名称"},
	colKind:     {"类型", "群类别", "类别", "群种类", "群性质"},
	colAudience: {"受众", "服务对象", "面向对象", "群对象", "人群", "覆盖对象"},
	colPerson: {"姓名", "负责人姓名", "联系人", "联系人姓名", "网格员", "网格员姓名", "群负责人", "联络员", "联络员姓名", "责任人", "班主任",
		"辅导员", "指导员"},
	colPhone:   {"电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "联系手机", "负责人电话", "联系人电话", "网格员电话"},
	colRole:    {"人员角色"},
	colTag:     {"备注名", "微信备注", "手机备注"},
	colCarrier: {"发送方式"},
	colSince:   {"建群时间", "成立日期", "创建时间"},
	colUntil:   {"停用时间", "解散日期", "撤销日期"},
}

// asides are headings of columns that say nothing to us and may stand.
var asides = []string{"序号", "备注", "说明", "性别", "年龄", "民族", "职务", "职位", "微信号", "群人数", "人数", "成员数", "成员人数", "户数",
	"住址", "地址", "政治面貌"}

// aside is the column that is not read.
const aside = "-"

// columnOf is our column for a heading, aside for one to pass over, "" for one
// nobody knows. A heading all in brackets is passed over: （微信号）.
func columnOf(heading string) string {
	s := bareHeading(heading)
	switch {
	case s == "" && heading != "" || slices.Contains(asides, s):
		return aside
	case slices.Contains(SheetColumns(), s):
		return s
	}
	for column, names := range synonyms {
		if slices.Contains(names, s) {
			return column
		}
	}
	return ""
}

// bareHeading takes away brackets with what they hold, spaces, * and a colon.
func bareHeading(s string) string {
	depth := 0
	return strings.Map(func(r rune) rune {
		switch {
		case r == '(' || r == '[' || r == '【':
			depth++
			return -1
		case r == ')' || r == ']' || r == '】':
			depth--
			return -1
		case depth > 0 || unicode.IsSpace(r) || r == '*' || r == ':':
			return -1
		}
		return r
	}, HalfWidth(s))
}

// header is what the heading rows of a tab say.
type header struct {
	column  map[int]string    // index of the cell → our column, or aside
	written map[string]string // our column → the heading as written
	unknown map[int]string    // headings nobody knows
	twice   map[int]string
	below   int // index of the first row beneath
}

// knows counts our columns.
func (h header) knows() int { return len(h.written) }

// tallest is how far down the headings may begin: titles stand above.
const tallest = 40

// findHeader takes the row, or two rows, that name most of our columns; the
// first of them if several do. False: nothing here names the unit or the group.
func (g *grid) findHeader() (header, bool) {
	var best header
	for i := range min(len(g.rows), tallest) {
		one := headerOf(nil, g.rows[i].cells, i+1)
		if one.knows() > best.knows() {
			best = one
		}
		if i+1 < len(g.rows) && g.headings(i) {
			if two := headerOf(g.rows[i].cells, g.rows[i+1].cells, i+2); two.knows() > best.knows() {
				best = two
			}
		}
	}
	_, unit := best.written[colUnit]
	_, group := best.written[colGroup]
	return best, unit || group && best.knows() > 1
}

// headings reports whether the row after i may be the second row of a header:
// every cell of it is a heading.
func (g *grid) headings(i int) bool {
	own := 0
	for c, s := range g.rows[i+1].cells {
		if s == "" {
			continue
		}
		if columnOf(s) == "" && columnOf(above(g.rows[i].cells, c)+s) == "" {
			return false
		}
		own++
	}
	return own > 0
}

// above is the heading over a cell: its own, or that of the merged one to the left.
func above(top []string, c int) string {
	for c = min(c, len(top)-1); c >= 0; c-- {
		if top[c] != "" {
			return top[c]
		}
	}
	return ""
}

func headerOf(top, row []string, below int) header {
	h := header{column: map[int]string{}, written: map[string]string{}, unknown: map[int]string{}, twice: map[int]string{}, below: below}
	for c := range max(len(top), len(row)) {
		text, column := "", ""
		if c < len(row) && row[c] != "" {
			text = row[c]
			if joined := columnOf(above(top, c) + text); top != nil && joined != "" && joined != aside {
				column = joined
			} else {
				column = columnOf(text)
			}
		} else if c < len(top) {
			text, column = top[c], columnOf(top[c])
		}
		_, again := h.written[column]
		switch {
		case text == "":
		case column == "":
			h.unknown[c] = text
		case column != aside && again:
			h.twice[c] = text
		default:
			h.column[c] = column
			if column != aside {
				h.written[column] = strings.Join(strings.Fields(text), "")
			}
		}
	}
	return h
}

// problems are the headings that must be mended before the rows mean anything.
func (g *grid) problems(h header) Problems {
	var out Problems
	row := g.rows[h.below-1].Number
	for c := range maxColumns {
		if text, ok := h.unknown[c]; ok {
			out = append(out, g.table.Problem(row, text, "不认识这一列，请只用：%s；与花名册无关的，把列名放进括号，如（%s）", strings.Join(SheetColumns(), "、"), bareHeading(text)))
		}
		if text, ok := h.twice[c]; ok {
			column := columnOf(text)
			out = append(out, g.table.Problem(row, text, "这一列写了两次（都当作“%s”），请只留一列，另一列的列名放进括号", column))
		}
	}
	_, unit := h.written[colUnit]
	if !unit && !unitName(g.table.Sheet) {
		out = append(out, g.table.Problem(row, "", "没有“单位”一列，请加上，或把表名改成单位名称，如“永宁村”"))
	}
	return out
}

// unitName reports whether a name can only be a unit's.
func unitName(s string) bool {
	return slices.ContainsFunc([]string{"村", "社区", "街道", "镇", "乡", "县", "区", "居委会", "网格", "组", "学校", "小学", "中学", "幼儿园", "学院", "大学"},
		func(end string) bool { return len(s) > len(end) && strings.HasSuffix(s, end) })
}
