package schedule_test

import (
	"fmt"
	"slices"

	"tongluo/schedule/roster"
)

// townRoster is a town of two villages and a school, with four groups.
func townRoster() *roster.Roster {
	units := []roster.Unit{{ID: 1, Name: "永宁镇", Path: "永宁镇", Contact: townHead},
		{ID: 2, Name: "东村", Path: "永宁镇/东村", Parent: 1, Contact: eastKeeper},
		{ID: 3, Name: "西村", Path: "永宁镇/西村", Parent: 1, Contact: westKeeper},
		{ID: 4, Name: "中心小学", Path: "永宁镇/中心小学", Parent: 1, School: true, Contact: teacher}}
	person := func(id int64, unit int64, path, name string, role roster.Role) roster.Person {
		return roster.Person{ID: id, Name: name, Unit: unit, UnitPath: path, Role: role, Tag: fmt.Sprint("t", id)}
	}
	persons := []roster.Person{person(townHead, 1, "永宁镇", "镇联络员", roster.Cadre), person(eastKeeper, 2, "永宁镇/东村", "东村干部", roster.Cadre),
		person(westKeeper, 3, "永宁镇/西村", "西村干部", roster.Cadre), person(teacher, 4, "永宁镇/中心小学", "班主任", roster.Cadre),
		person(clerkA, 1, "永宁镇", "办公室甲", roster.Staff), person(clerkB, 1, "永宁镇", "办公室乙", roster.Staff),
		person(eastGrid, 2, "永宁镇/东村", "网格员", roster.Cadre)}
	group := func(id, unit int64, path, kind string, keeper int64, by roster.Carrier) roster.Group {
		return roster.Group{ID: id, Name: fmt.Sprint("群", id), Unit: unit, UnitPath: path, Kind: kind, Audiences: []string{"居民"}, Keeper: keeper, Carrier: by}
	}
	return roster.New(units, []roster.Group{group(eastGroup, 2, "永宁镇/东村", "便民群", eastKeeper, roster.ByBot),
		group(westGroup, 3, "永宁镇/西村", "便民群", westKeeper, roster.ByKeeper),
		group(parentGroup, 4, "永宁镇/中心小学", "家长群", teacher, roster.ByBot),
		group(eastParty, 2, "永宁镇/东村", "党员群", eastKeeper, roster.ByKeeper)}, persons)
}

// starting lets a world begin with another roster.
func starting(r *roster.Roster) func(*world) { return func(w *world) { w.first = r } }

// only keeps some groups of the town.
func only(ids ...int64) *roster.Roster {
	r := townRoster()
	groups := slices.DeleteFunc(r.Groups, func(g roster.Group) bool { return !slices.Contains(ids, g.ID) })
	return roster.New(r.Units, groups, r.Persons)
}

// with changes one group of a roster.
func with(r *roster.Roster, id int64, change func(*roster.Group)) *roster.Roster {
	groups := slices.Clone(r.Groups)
	for i := range groups {
		if groups[i].ID == id {
			change(&groups[i])
		}
	}
	return roster.New(r.Units, groups, r.Persons)
}
