package roster

import (
	"slices"
	"strings"
)

// people finds or adds everyone of the sheet and returns their ids; nobody
// (nil) is 0. Tags are matched before names, so that a known tag is never
// taken for a namesake.
func (m *merger) people(c crew) map[*someone]int64 {
	ids := map[*someone]int64{nil: 0}
	taken := map[int64]bool{}
	byTag, byName := m.index()
	for _, p := range c.people {
		if id, ok := byTag[p.tag]; ok && p.tag != "" {
			ids[p], taken[id] = id, true
		}
	}
	for _, p := range c.people {
		if _, ok := ids[p]; !ok {
			ids[p] = m.namesake(p, byName, taken)
		}
		m.person(p, ids[p])
	}
	return ids
}

func (m *merger) index() (byTag map[string]int64, byName map[homeName][]int64) {
	byTag, byName = map[string]int64{}, map[homeName][]int64{}
	for _, p := range m.persons {
		if _, ok := byTag[p.Tag]; !ok {
			byTag[p.Tag] = p.ID
		}
		k := homeName{p.UnitPath, p.Name}
		byName[k] = append(byName[k], p.ID)
	}
	return byTag, byName
}

// namesake returns a known person of that name in one of the homes whom no tag
// has claimed, or a new one.
func (m *merger) namesake(p *someone, byName map[homeName][]int64, taken map[int64]bool) int64 {
	for _, home := range p.homes() {
		for _, id := range byName[homeName{home, p.name}] {
			if !taken[id] {
				taken[id] = true
				return id
			}
		}
	}
	home := p.homes()[0]
	id := nextID(m.persons, func(p Person) int64 { return p.ID })
	m.byID[id] = len(m.persons)
	now := Person{ID: id, Name: p.name, Unit: m.units[m.unitAt[home]].ID, UnitPath: home,
		Role: either(p.role, Cadre), Phone: p.phone, Tag: p.tag, Until: p.until}
	if now.Until != "" {
		now.Tag = ""
	}
	m.persons = append(m.persons, now)
	m.changes = append(m.changes, Change{What: WhatPerson, Name: m.label(id), New: aboutPerson(now)})
	return id
}

// aboutPerson is what a new person begins with, for the screen.
func aboutPerson(p Person) string {
	words := []string{p.Role.Word(), either(p.Phone, "没写电话")}
	if p.Tag != "" {
		words = append(words, "标记"+p.Tag)
	}
	if p.Until != "" {
		words = append(words, p.Until+"起不在任")
	}
	return strings.Join(words, "，")
}

// person writes what the sheet says over what is known.
func (m *merger) person(p *someone, id int64) {
	known := &m.persons[m.byID[id]]
	name := m.label(id)
	home := known.UnitPath
	if len(p.stated) > 0 && !slices.Contains(p.stated, home) {
		home = p.stated[0] // keeping a group elsewhere moves nobody, a row of one's own does
	}
	m.note(WhatPerson, name, colPerson, known.Name, p.name)
	m.note(WhatPerson, name, colUnit, known.UnitPath, home)
	known.Name, known.UnitPath, known.Unit = p.name, home, m.units[m.unitAt[home]].ID
	if p.role != "" {
		m.note(WhatPerson, name, colRole, known.Role.Word(), p.role.Word())
		known.Role = p.role
	}
	if p.phone != "" {
		m.note(WhatPerson, name, colPhone, known.Phone, p.phone)
		known.Phone = p.phone
	}
	if p.ended {
		m.note(WhatPerson, name, colUntil, known.Until, p.until)
		known.Until = p.until
	}
	tag := either(p.tag, known.Tag)
	if known.Until != "" {
		tag = "" // free for whoever comes next
	}
	m.note(WhatPerson, name, colTag, known.Tag, tag)
	known.Tag = tag
}

// contacts gives every unit the first cadre the sheet lists for it, and drops
// one who has left the unit or is no cadre any more.
func (m *merger) contacts(places []place, c crew, ids map[*someone]int64) {
	first := map[string]int64{}
	for i, row := range m.sheet.Rows {
		id := ids[c.ofRow[i]]
		unit := places[i].unit
		if row.Group == "" && id != 0 && !row.Plain && first[unit] == 0 && m.fits(id, unit) {
			first[unit] = id
		}
	}
	for i := range m.units {
		u := &m.units[i]
		now := first[u.Path]
		if now == 0 && m.fits(u.Contact, u.Path) {
			now = u.Contact
		}
		if now != u.Contact {
			m.note(WhatUnit, u.Path, "联系人", m.label(u.Contact), m.label(now))
			u.Contact = now
		}
	}
}

// fits reports whether a person may be the contact of a unit: a cadre of it who is here.
func (m *merger) fits(person int64, unit string) bool {
	i, ok := m.byID[person]
	return ok && m.persons[i].Role == Cadre && m.persons[i].UnitPath == unit && m.persons[i].Until == ""
}
