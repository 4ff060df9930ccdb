package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxDepth is how deep a tree of units may be; a county office needs five.
const maxDepth = 12

// place is where one row stands once every name has become a path.
type place struct {
	unit string
	home string // the keeper's or person's unit
}

// locate settles every unit name of the sheet: by the sheet's own parents
// first, then by the current roster (nil for none), otherwise as a root. What
// could mean two units is a Problem, and the place then a root of that name.
func (s Sheet) locate(current *Roster) ([]place, Problems) {
	a := newAtlas(current)
	for _, row := range s.Rows {
		for _, name := range []string{row.Unit, row.Parent} {
			a.rows[name[strings.LastIndex(name, "/")+1:]] = true
		}
		if row.Parent != "" && !slices.Contains(a.parents[row.Unit], row.Parent) {
			a.parents[row.Unit] = append(a.parents[row.Unit], row.Parent)
		}
	}
	var problems Problems
	places := make([]place, len(s.Rows))
	for i, row := range s.Rows {
		path, err := a.unit(row.Unit, row.Parent)
		if err != nil {
			problems = append(problems, s.problem(row, colUnit, "%v", err))
		}
		places[i] = place{unit: path, home: path}
		if row.Home == "" {
			continue
		}
		if current != nil && !a.heard(row.Home) {
			problems = append(problems, s.problem(row, colPerson, "看不出“%s/%s”是两个人还是“单位/姓名”：两个人请写成“%s、%s”，不然请先有单位“%s”的一行", row.Home, row.Person, row.Home, row.Person, row.Home))
		}
		if places[i].home, err = a.named(row.Home); err != nil {
			problems = append(problems, s.problem(row, colPerson, "%v", err))
		}
	}
	return places, problems
}

// atlas turns unit names into paths.
type atlas struct {
	parents map[string][]string // unit as written → the parents its rows give
	known   map[string][]string // name → paths in the current roster
	rows    map[string]bool     // names of units that the rows give
	done    map[string]found
	busy    map[string]bool
}

// heard reports whether the name can be a unit's: it has a row, is in the
// roster, or is written or ends like a unit.
func (a *atlas) heard(name string) bool {
	last := name[strings.LastIndex(name, "/")+1:]
	return a.rows[last] || len(a.known[last]) > 0 || last != name || unitName(last)
}

type found struct {
	path string
	err  error
}

func newAtlas(current *Roster) *atlas {
	a := &atlas{parents: map[string][]string{}, known: map[string][]string{}, rows: map[string]bool{}, done: map[string]found{}, busy: map[string]bool{}}
	if current == nil {
		return a
	}
	for _, u := range current.Units {
		a.known[u.Name] = append(a.known[u.Name], u.Path)
	}
	return a
}

// unit returns the path of a unit whose row gives this parent.
func (a *atlas) unit(name, parent string) (string, error) {
	switch parent {
	case "":
		return a.named(name)
	case noParent:
		return name, nil
	}
	above, err := a.named(parent)
	if err != nil {
		return name, err
	}
	return join(above, name)
}

// named returns the path of a unit known by a name or by the path down to it.
func (a *atlas) named(name string) (string, error) {
	if f, ok := a.done[name]; ok {
		return f.path, f.err
	}
	if a.busy[name] {
		return name, fmt.Errorf("“%s”的上级绕成了圈，请改“上级单位”", name)
	}
	a.busy[name] = true
	path, err := a.search(name)
	delete(a.busy, name)
	a.done[name] = found{path, err}
	return path, err
}

func (a *atlas) search(name string) (string, error) {
	if slices.Contains(a.parents[name], noParent) {
		return name, nil
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && len(a.parents[name]) == 0 {
		above, err := a.named(first)
		if err != nil {
			return name, err
		}
		return join(above, rest)
	}
	var paths []string
	for _, parent := range a.parents[name] {
		path, err := a.unit(name, parent)
		if err != nil {
			return name, err
		}
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		paths = a.known[name]
	}
	switch {
	case len(paths) == 0 || slices.Contains(paths, name):
		return name, nil
	case len(paths) == 1:
		return paths[0], nil
	}
	return name, fmt.Errorf("有 %d 个单位叫“%s”，请写全路径，例如“%s”", len(paths), name, paths[0])
}

var errDeep = errors.New("单位超过 12 层，请减少层级")

func join(above, name string) (string, error) {
	path := above + "/" + name
	if strings.Count(path, "/") >= maxDepth {
		return name, errDeep
	}
	return path, nil
}

// lineage returns the path and every path above it, root first.
func lineage(path string) []string {
	var out []string
	for i, r := range path {
		if r == '/' {
			out = append(out, path[:i])
		}
	}
	return append(out, path)
}

// isSchool tells a school by its name; a village named after one is none.
func isSchool(name string) bool {
	for _, place := range []string{"村", "社区", "街道", "镇", "乡", "居委会", "网格", "片区"} {
		if strings.HasSuffix(name, place) {
			return false
		}
	}
	return slices.ContainsFunc([]string{"小学", "中学", "学校", "幼儿园", "学院", "大学"}, func(s string) bool {
		return strings.Contains(name, s)
	})
}
