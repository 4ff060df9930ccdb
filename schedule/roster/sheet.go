package roster

import (
	"io"
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
	File string
	Tab  string   // of a workbook, "" for CSV
	Has  []string // the columns present: a column that is absent says nothing
	Rows []Row
}

// Row is one group with its keeper, or a person of a unit, or a bare unit.
type Row struct {
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
	Tag       string // "" says nothing about the tag
	Carrier   Carrier
	Since     string // "2006-01-02" or empty
	Until     string
}

// ReadSheet reads a roster from clean CSV or XLSX, by the name's extension.
// Header order is free, 单位 is required. Everything wrong is reported at once
// as Problems, and nothing is returned half-read.
//
//   - 单位 and 上级单位 are names or full paths; a parent nobody defines is a root.
//   - 负责人 of another unit is written with it: "永宁镇/永宁村/张三".
//   - 角色: 干部 (default), 普通干部, 办公室, 领导, 管理员. 承运: 机器人 (default), 人工.
//   - 对象 holds several values separated by 、,; or /.
//   - The first 干部 of a unit in a row without 群名称 becomes its contact; later
//     ones, and every 普通干部, do not.
//   - An empty 联系电话, 角色 or 标记 says nothing; an empty 负责人 of a group is a vacancy.
func ReadSheet(name string, r io.Reader) (Sheet, error) {
	t, err := ReadTable(name, r, Layout{Columns: SheetColumns(), Required: []string{colUnit}})
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{File: t.File, Tab: t.Sheet, Has: t.Has, Rows: make([]Row, 0, len(t.Rows))}
	p := rowParser{table: t}
	for _, row := range t.Rows {
		s.Rows = append(s.Rows, p.parse(row))
	}
	if err := append(p.problems, s.check(nil)...).Err(); err != nil {
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
	first := map[groupKey]int{}
	for i, row := range s.Rows {
		if row.Group == "" {
			continue
		}
		k := groupKey{places[i].unit, row.Group}
		if n, ok := first[k]; ok {
			problems = append(problems, s.problem(row, colGroup, "与第%d行是同一个群（同单位、同名），请只留一行，或把群名称写得不同", n))
			continue
		}
		first[k] = row.Number
	}
	return problems
}

func (s Sheet) problem(row Row, column, format string, args ...any) Problem {
	return Table{File: s.File, Sheet: s.Tab}.Problem(row.Number, column, format, args...)
}

// says reports whether the sheet has the column.
func (s Sheet) says(column string) bool { return slices.Contains(s.Has, column) }

type groupKey struct{ unit, name string }

// splitHome splits "永宁村/张三" into the unit and the name.
func splitHome(s string) (home, name string) {
	if i := strings.LastIndex(s, "/"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return "", s
}
