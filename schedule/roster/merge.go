package roster

import (
	"slices"
	"strings"
)

// Merge returns the roster after an import and what differs, in a stable
// order: units, persons, groups, contacts, each as the sheet lists them. The
// current roster (nil for none) is not touched.
//
// Ids stay: a unit is known by its path, a group by its unit's path and name,
// a person by tag, otherwise by name and unit (a new tag then replaces the old
// one). New ids are the highest plus one. What the sheet leaves out stays as it
// is; only a 停用日期 ends a group or has a person leave. Run Sheet.Check first: where it complains,
// Merge takes the first reading.
func Merge(current *Roster, s Sheet) (*Roster, []Change) {
	m := newMerger(current, s)
	places, _ := s.locate(current)
	people, _ := s.crew(places)
	for _, at := range places {
		m.unit(at.unit)
		m.unit(at.home)
	}
	ids := m.people(people)
	for i, row := range s.Rows {
		if row.Group != "" {
			m.group(row, places[i].unit, ids[people.ofRow[i]])
		}
	}
	m.contacts(places, people, ids)
	return New(m.units, m.groups, m.persons), m.changes
}

type merger struct {
	sheet   Sheet
	units   []Unit
	groups  []Group
	persons []Person
	changes []Change

	unitAt  map[string]int // path → index
	groupAt map[groupKey]int
	byID    map[int64]int // person id → index
}

func newMerger(current *Roster, s Sheet) *merger {
	if current == nil {
		current = New(nil, nil, nil)
	}
	m := &merger{sheet: s, units: slices.Clone(current.Units), groups: slices.Clone(current.Groups), persons: slices.Clone(current.Persons),
		unitAt: map[string]int{}, groupAt: map[groupKey]int{}, byID: map[int64]int{}}
	for i, u := range m.units {
		m.unitAt[u.Path] = i
	}
	for i, g := range slices.Backward(m.groups) { // the oldest of two wins
		m.groupAt[groupKey{g.UnitPath, g.Name}] = i
	}
	for i, p := range m.persons {
		m.byID[p.ID] = i
	}
	return m
}

// unit makes sure that a path and everything above it exists.
func (m *merger) unit(path string) {
	if _, ok := m.unitAt[path]; ok {
		return
	}
	var parent int64
	for _, p := range lineage(path) {
		i, ok := m.unitAt[p]
		if !ok {
			name := p[strings.LastIndex(p, "/")+1:]
			i = len(m.units)
			m.units = append(m.units, Unit{ID: nextID(m.units, func(u Unit) int64 { return u.ID }), Name: name, Path: p, Parent: parent, School: isSchool(name)})
			m.unitAt[p] = i
			m.changes = append(m.changes, Change{What: WhatUnit, Name: p})
		}
		parent = m.units[i].ID
	}
}

// nextID relies on the order of a roster: sorted by id.
func nextID[T any](list []T, id func(T) int64) int64 {
	if len(list) == 0 {
		return 1
	}
	return id(list[len(list)-1]) + 1
}

func (m *merger) group(row Row, unit string, keeper int64) {
	k := groupKey{unit, row.Group}
	i, ok := m.groupAt[k]
	if !ok {
		i = len(m.groups)
		m.groupAt[k] = i
		u := m.units[m.unitAt[unit]]
		m.groups = append(m.groups, Group{ID: nextID(m.groups, func(g Group) int64 { return g.ID }), Name: row.Group, Unit: u.ID, UnitPath: unit,
			Kind: row.Kind, Audiences: row.Audiences, Keeper: keeper, Carrier: row.Carrier, Since: row.Since, Until: row.Until})
		m.changes = append(m.changes, Change{What: WhatGroup, Name: unit + " " + row.Group, New: m.about(m.groups[i])})
		return
	}
	m.regroup(&m.groups[i], row, keeper)
}

// regroup writes what the sheet says over a known group.
func (m *merger) regroup(g *Group, row Row, keeper int64) {
	name := g.UnitPath + " " + g.Name
	set := func(column string, field *string, now string) {
		if m.sheet.says(row, column) {
			m.note(WhatGroup, name, column, *field, now)
			*field = now
		}
	}
	set(colKind, &g.Kind, row.Kind)
	set(colSince, &g.Since, row.Since)
	set(colUntil, &g.Until, row.Until)
	if m.sheet.says(row, colAudience) && !slices.Equal(g.Audiences, row.Audiences) {
		m.note(WhatGroup, name, colAudience, strings.Join(g.Audiences, "、"), strings.Join(row.Audiences, "、"))
		g.Audiences = row.Audiences
	}
	if m.sheet.says(row, colCarrier) {
		m.note(WhatGroup, name, colCarrier, g.Carrier.Word(), row.Carrier.Word())
		g.Carrier = row.Carrier
	}
	if m.sheet.says(row, colPerson) && g.Keeper != keeper {
		m.note(WhatGroup, name, colPerson, m.label(g.Keeper), m.label(keeper))
		g.Keeper = keeper
	}
}

// about is what a new group begins with, for the screen.
func (m *merger) about(g Group) string {
	words := []string{either(g.Kind, "没写群类型")}
	if len(g.Audiences) > 0 {
		words = append(words, strings.Join(g.Audiences, "、"))
	}
	words = append(words, "负责人"+either(m.label(g.Keeper), "空缺"), g.Carrier.Word())
	if g.Since != "" {
		words = append(words, g.Since+"起")
	}
	if g.Until != "" {
		words = append(words, g.Until+"起停用")
	}
	return strings.Join(words, "，")
}

func (m *merger) note(what, name, field, old, now string) {
	if old != now {
		m.changes = append(m.changes, Change{What: what, Name: name, Field: field, Old: old, New: now})
	}
}

// label tells two people of one name apart.
func (m *merger) label(person int64) string {
	i, ok := m.byID[person]
	if !ok {
		return ""
	}
	return m.persons[i].Name + "（" + m.persons[i].UnitPath + "）"
}
