package roster

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// The columns of a roster sheet (design §6, Sheets).
const (
	colUnit     = "单位"
	colParent   = "上级单位"
	colGroup    = "群名称"
	colKind     = "群类型"
	colAudience = "对象"
	colPerson   = "负责人"
	colPhone    = "联系电话"
	colRole     = "角色"
	colTag      = "标记"
	colCarrier  = "承运"
	colSince    = "建群日期"
	colUntil    = "停用日期"
)

// noParent in 上级单位 says that the unit is a root although another unit
// bears the same name; an empty cell leaves that to the rest of the sheet.
const noParent = "无"

// plainCadre in 角色 is a cadre who is not the contact of the unit.
const plainCadre = "普通干部"

// SheetColumns are the columns of a roster sheet in the order they are written.
func SheetColumns() []string {
	return []string{colUnit, colParent, colGroup, colKind, colAudience, colPerson,
		colPhone, colRole, colTag, colCarrier, colSince, colUntil}
}

// Sheet is a roster sheet that has been read and checked in itself. What it
// says about units is settled against a roster by Check and Merge.
type Sheet struct {
	File    string
	Tabs    []Tab
	Skipped []string // tabs without headings, and hidden ones: not read
	Rows    []Row
}

// Tab is one sheet of a workbook, or the whole of a CSV file.
type Tab struct {
	Name string   // "" for CSV
	Has  []string // the columns present: a column that is absent says nothing

	written map[string]string // column → the heading as written
}

// Row is one group with its keeper, or a person of a unit, or a bare unit.
type Row struct {
	Tab       int    // index into Sheet.Tabs
	Number    int    // as the spreadsheet numbers it
	Unit      string // as written: a name or a path
	Parent    string // as written: a name, a path, 无 or empty
	Group     string
	Kind      string
	Audiences []string
	Person    string // the bare name
	Home      string // the unit written before the name ("永宁村/张三"), "" for the row's own
	Phone     string // "" says nothing about the phone
	Role      Role   // "" says nothing about the role
	Plain     bool   // 普通干部: never the contact
	Helper    bool   // the second keeper of a group: a cadre of the unit, moved nowhere by it
	Tag       string // "" says nothing about the tag
	Carrier   Carrier
	Since     string // "2006-01-02" or empty
	Until     string // of the group; without a group, of the person
}

// ReadSheet reads a roster as offices keep it, CSV (UTF-8 or GBK) or every
// visible tab of an XLSX, by the name's extension. Everything wrong is reported
// at once as Problems, and nothing is returned half-read.
//
//   - Titles may stand above the headings, and headings may take two rows. 单位 is
//     required, or the tab bears the unit's name. Synonyms of our headings are
//     known; a heading in brackets is passed over.
//   - 单位 and 上级单位 are names or full paths; a parent nobody defines is a root.
//     An empty 单位 is that of the row above, unless a blank row lies between.
//   - 负责人 of another unit is written with it: "永宁镇/永宁村/张三". Of several
//     (张三、李四) the first keeps the group, the others become cadres of the unit.
//   - 角色: 干部 (default), 普通干部, 办公室, 领导, 管理员. 承运: 机器人 (default), 人工.
//   - 对象 holds several values separated by 、,; or /.
//   - The first 干部 of a unit in a row without 群名称 becomes its contact; later
//     ones, and every 普通干部, do not.
//   - An empty 联系电话, 角色 or 标记 says nothing; an empty 负责人 of a group is a vacancy.
//   - 停用日期 in a row without 群名称 is when the person left.
func ReadSheet(name string, r io.Reader) (Sheet, error) { return ReadSheetFor(nil, name, r) }

// ReadSheetFor is ReadSheet and Sheet.Check against the current roster in one:
// whoever mends the sheet sees everything wrong at once.
func ReadSheetFor(current *Roster, name string, r io.Reader) (Sheet, error) {
	grids, hidden, err := readGrids(name, r)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{File: filepath.Base(name)}
	var problems Problems
	for _, g := range grids {
		h, ok := g.findHeader()
		if !ok {
			s.Skipped = append(s.Skipped, g.table.Sheet)
			continue
		}
		if wrong := g.problems(h); len(wrong) > 0 {
			problems = append(problems, wrong...)
			continue
		}
		problems = append(problems, s.read(g, h)...)
	}
	if len(s.Tabs) == 0 && len(problems) == 0 {
		t := Table{File: s.File}
		return Sheet{}, t.Problem(0, "", "没有找到表头，请写一行列名，必须有：%s；可以有：%s", colUnit, strings.Join(SheetColumns(), "、"))
	}
	s.Skipped = append(s.Skipped, hidden...)
	if err := append(problems, s.check(current)...).Err(); err != nil {
		return Sheet{}, err
	}
	return s, nil
}

// Check reports, as Problems, what the sheet leaves open once the current
// roster is known: a unit name that several units bear, a person's name that
// fits several people. Import only what passes.
func (s Sheet) Check(current *Roster) error { return s.check(current).Err() }

func (s Sheet) check(current *Roster) Problems {
	places, problems := s.locate(current)
	_, more := s.crew(places)
	return append(append(problems, more...), s.repeated(places)...)
}

// repeated finds groups that two rows describe.
func (s Sheet) repeated(places []place) Problems {
	var problems Problems
	first := map[groupKey]Row{}
	for i, row := range s.Rows {
		if row.Group == "" {
			continue
		}
		k := groupKey{places[i].unit, row.Group}
		if n, ok := first[k]; ok {
			where := fmt.Sprintf("第%d行", n.Number)
			if n.Tab != row.Tab {
				where = "表“" + s.Tabs[n.Tab].Name + "”" + where
			}
			problems = append(problems, s.problem(row, colGroup, "与%s是同一个群（同单位、同名），请只留一行，或把群名称写得不同", where))
			continue
		}
		first[k] = row
	}
	return problems
}

func (s Sheet) problem(row Row, column, format string, args ...any) Problem {
	tab := s.Tabs[row.Tab]
	return Table{File: s.File, Sheet: tab.Name}.Problem(row.Number, either(tab.written[column], column), format, args...)
}

// says reports whether the row's tab has the column.
func (s Sheet) says(row Row, column string) bool { return slices.Contains(s.Tabs[row.Tab].Has, column) }

type groupKey struct{ unit, name string }

// splitHome splits "永宁村/张三" into the unit and the name.
func splitHome(s string) (home, name string) {
	if i := strings.LastIndex(s, "/"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return "", s
}
