package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selector names a set of groups. Each key narrows; comma is and, the same in
// chat, configuration and command line: "kind:网格群,unit:永宁村".
type Selector struct {
	Kinds     []string
	Units     []string // names or paths
	Groups    []string // ids or names
	Audiences []string
}

// ParseSelector reads a selector. Repeating a key widens that key
// ("kind:网格群,kind:党员群" is either). "all" or "全部" is every group. The
// error is in Chinese and says what to write instead.
func ParseSelector(s string) (Selector, error) {
	var sel Selector
	s = strings.NewReplacer("：", ":", "，", ",", "、", ",").Replace(strings.TrimSpace(s))
	if s == "all" || s == "全部" {
		return sel, nil
	}
	for _, part := range strings.Split(s, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), ":")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			return Selector{}, fmt.Errorf("发送对象“%s”写法不对，请写 kind:网格群、unit:永宁村、group:编号、audience:家长，逗号表示“并且”，全部群写 all", part)
		}
		switch strings.TrimSpace(key) {
		case "kind", "类型":
			sel.Kinds = append(sel.Kinds, value)
		case "unit", "单位":
			sel.Units = append(sel.Units, value)
		case "group", "群":
			sel.Groups = append(sel.Groups, value)
		case "audience", "对象":
			sel.Audiences = append(sel.Audiences, value)
		default:
			return Selector{}, fmt.Errorf("发送对象里不认识“%s”，只能用 kind、unit、group、audience", key)
		}
	}
	return sel, nil
}

// String writes the selector in the grammar that ParseSelector reads. A group
// whose name has a comma in it only survives as an id: see Resolve.
func (s Selector) String() string {
	var parts []string
	for _, k := range []struct {
		key    string
		values []string
	}{{"kind", s.Kinds}, {"unit", s.Units}, {"group", s.Groups}, {"audience", s.Audiences}} {
		for _, v := range k.values {
			parts = append(parts, k.key+":"+v)
		}
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, ",")
}

// Matches reports whether the group satisfies every key of the selector.
func (s Selector) Matches(g Group) bool {
	if len(s.Kinds) > 0 && !slices.Contains(s.Kinds, g.Kind) {
		return false
	}
	if len(s.Groups) > 0 && !slices.Contains(s.Groups, g.Name) && !slices.Contains(s.Groups, strconv.FormatInt(g.ID, 10)) {
		return false
	}
	if len(s.Audiences) > 0 && !g.Hears(s.Audiences) {
		return false
	}
	return len(s.Units) == 0 || slices.ContainsFunc(s.Units, func(u string) bool { return inUnit(g.UnitPath, u) })
}

// Resolve checks a selector against the roster: every unit, group, kind and
// audience must exist, and a name must mean one thing, since the wrong group is
// the one mistake that cannot be taken back. Units come back as paths, groups
// as ids. The error is in Chinese and says what to write instead.
func (r *Roster) Resolve(sel Selector) (Selector, error) {
	var out Selector
	for _, name := range sel.Units {
		u, err := r.FindUnit(name)
		if err != nil {
			return Selector{}, err
		}
		out.Units = append(out.Units, u.Path)
	}
	for _, name := range sel.Groups {
		g, err := r.FindGroup(name)
		if err != nil {
			return Selector{}, err
		}
		out.Groups = append(out.Groups, strconv.FormatInt(g.ID, 10))
	}
	for _, kind := range sel.Kinds {
		if !slices.ContainsFunc(r.Groups, func(g Group) bool { return g.Kind == kind }) {
			return Selector{}, fmt.Errorf("花名册里没有“%s”这类群，请写花名册“群类型”一栏里的类型", kind)
		}
	}
	for _, a := range sel.Audiences {
		if !slices.ContainsFunc(r.Groups, func(g Group) bool { return slices.Contains(g.Audiences, a) }) {
			return Selector{}, fmt.Errorf("花名册里没有对象是“%s”的群，请写花名册“对象”一栏里的对象", a)
		}
	}
	out.Kinds, out.Audiences = sel.Kinds, sel.Audiences
	return out, nil
}

// FindGroup resolves what a person typed: an id, with or without #, or a name
// that only one group bears. The error is in Chinese.
func (r *Roster) FindGroup(s string) (Group, error) {
	s = strings.TrimSpace(s)
	if id, err := strconv.ParseInt(strings.TrimPrefix(s, "#"), 10, 64); err == nil {
		if g, ok := r.Group(id); ok {
			return g, nil
		}
	}
	var hits []Group
	for _, g := range r.Groups {
		if g.Name == s {
			hits = append(hits, g)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return Group{}, fmt.Errorf("花名册里没有群“%s”，请写群的编号或花名册“群名称”一栏里的名称", s)
	}
	return Group{}, fmt.Errorf("有 %d 个群叫“%s”，请写编号，例如 %d（%s）", len(hits), s, hits[0].ID, hits[0].UnitPath)
}

// inUnit reports whether path lies under a unit given by path or bare name.
func inUnit(path, unit string) bool {
	return Under(path, unit) || strings.Contains("/"+path+"/", "/"+unit+"/")
}
