// Package roster knows who: units, groups, persons, roles, and who may do
// what to which unit. It reads and writes roster sheets. It knows no plans, no
// messages, no clock and no database.
package roster

import (
	"fmt"
	"slices"
	"strings"
)

// Unit 单位 is a node of the office's tree: county › town › village › grid, or
// school › grade › class.
type Unit struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Path is the names from the root joined by "/", unique in a roster:
	// "永宁镇/永宁村/三组".
	Path string `json:"path"`
	// Parent is the parent's id, 0 for a root.
	Parent int64 `json:"parent"`
	// School says that school terms bind this unit; children inherit it.
	School bool `json:"school"`
	// Contact is the person the office turns to for this unit, a cadre of this
	// very unit, 0 for none.
	Contact int64 `json:"contact"`
}

// Under reports whether path lies in the subtree of root. An empty root is the
// whole office.
func Under(path, root string) bool {
	return root == "" || path == root || strings.HasPrefix(path, root+"/")
}

// Carrier 承运 says who posts into a group as a rule.
type Carrier string

// The carriers: the bot sits in the group, or its keeper forwards by hand.
const (
	ByBot    Carrier = "bot"    // 机器人
	ByKeeper Carrier = "keeper" // 人工
)

// Group 群 is one chat group under our own permanent id. WeChat's handles are
// bindings and live one login.
type Group struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	Unit      int64    `json:"unit"`
	UnitPath  string   `json:"unit_path"`
	Kind      string   `json:"kind"`      // 网格群, 家长群, 班级群 …
	Audiences []string `json:"audiences"` // 居民, 家长, 老年人 …
	Keeper    int64    `json:"keeper"`    // person id, 0 when vacant
	Carrier   Carrier  `json:"carrier"`
	// Since is the local day the group began ("2006-01-02", empty: always);
	// Until the first day it no longer exists (empty: still there).
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`
}

// Role 角色 of a person, scoped to the subtree of the person's unit.
type Role string

// The roles, weakest first.
const (
	Cadre  Role = "cadre"  // 干部
	Staff  Role = "staff"  // 办公室
	Leader Role = "leader" // 领导
	Admin  Role = "admin"  // 管理员
)

// Person 人员 of the roster.
type Person struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Unit     int64  `json:"unit"`
	UnitPath string `json:"unit_path"`
	Role     Role   `json:"role"`
	Phone    string `json:"-"`
	// Tag is the remark set on the office's phone for this person; a chat
	// sender is this person only when the friend's remark equals it (design
	// rule 8). Empty: the person cannot be recognised in chat.
	Tag string `json:"tag,omitempty"`
	// Until is the local day from which the person is gone, "" while here. Who is
	// gone has no authority, no tag and carries nothing.
	Until string `json:"until,omitempty"`
}

// Roster is one consistent snapshot; Units, Groups and Persons are sorted by id.
type Roster struct {
	Units   []Unit
	Groups  []Group
	Persons []Person

	units   map[int64]int
	groups  map[int64]int
	persons map[int64]int
}

// New indexes a snapshot. The slices are kept, not copied.
func New(units []Unit, groups []Group, persons []Person) *Roster {
	r := &Roster{Units: units, Groups: groups, Persons: persons,
		units: map[int64]int{}, groups: map[int64]int{}, persons: map[int64]int{}}
	for i, u := range units {
		r.units[u.ID] = i
	}
	for i, g := range groups {
		r.groups[g.ID] = i
	}
	for i, p := range persons {
		r.persons[p.ID] = i
	}
	return r
}

// Unit finds a unit by id.
func (r *Roster) Unit(id int64) (Unit, bool) {
	i, ok := r.units[id]
	if !ok {
		return Unit{}, false
	}
	return r.Units[i], true
}

// Group finds a group by id.
func (r *Roster) Group(id int64) (Group, bool) {
	i, ok := r.groups[id]
	if !ok {
		return Group{}, false
	}
	return r.Groups[i], true
}

// Person finds a person by id.
func (r *Roster) Person(id int64) (Person, bool) {
	i, ok := r.persons[id]
	if !ok {
		return Person{}, false
	}
	return r.Persons[i], true
}

// PersonByTag finds the one person whose tag equals a phone-set remark. Two
// persons with one tag are nobody: false. Who is gone is nobody.
func (r *Roster) PersonByTag(tag string) (Person, bool) {
	var found Person
	n := 0
	for _, p := range r.Persons {
		if tag != "" && p.Tag == tag && p.Until == "" {
			found, n = p, n+1
		}
	}
	return found, n == 1
}

// FindUnit resolves what a person typed: a path, or a name that only one unit
// bears. The error is in Chinese and names what to write instead.
func (r *Roster) FindUnit(s string) (Unit, error) {
	s = strings.TrimSpace(s)
	var hits []Unit
	for _, u := range r.Units {
		if u.Path == s {
			return u, nil
		}
		if u.Name == s || strings.HasSuffix(u.Path, "/"+s) {
			hits = append(hits, u)
		}
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return Unit{}, fmt.Errorf("花名册里没有单位“%s”，请写花名册“单位”一栏里的名称", s)
	}
	return Unit{}, fmt.Errorf("有 %d 个单位叫“%s”，请写全路径，例如“%s”", len(hits), s, hits[0].Path)
}

// SchoolUnit reports whether the unit or one above it is a school.
func (r *Roster) SchoolUnit(id int64) bool {
	for id != 0 {
		u, ok := r.Unit(id)
		if !ok {
			return false
		}
		if u.School {
			return true
		}
		id = u.Parent
	}
	return false
}

// ContactAbove returns the contact of the nearest unit, from the given one
// upwards, that has one other than except.
func (r *Roster) ContactAbove(unit, except int64) (Person, bool) {
	for unit != 0 {
		u, ok := r.Unit(unit)
		if !ok {
			return Person{}, false
		}
		if u.Contact != 0 && u.Contact != except {
			return r.Person(u.Contact)
		}
		unit = u.Parent
	}
	return Person{}, false
}

// Select returns the groups, in id order, that satisfy the selector on the
// given local day ("2006-01-02"; groups not yet or no longer there are left out).
func (r *Roster) Select(sel Selector, day string) []Group {
	var out []Group
	for _, g := range r.Groups {
		if g.On(day) && sel.Matches(g) {
			out = append(out, g)
		}
	}
	return out
}

// On reports whether the group exists on the local day ("2006-01-02").
func (g Group) On(day string) bool {
	return (g.Since == "" || g.Since <= day) && (g.Until == "" || day < g.Until)
}

// Hears reports whether the group has one of the audiences; an empty list is everyone.
func (g Group) Hears(audiences []string) bool {
	if len(audiences) == 0 {
		return true
	}
	return slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(g.Audiences, a) })
}
