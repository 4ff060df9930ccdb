package roster

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = "单位,上级单位,群名称,群类型,对象,负责人,联系电话,角色,标记,承运,建群日期,停用日期\n"

func mustRead(t *testing.T, text string) Sheet {
	t.Helper()
	s, err := ReadSheet("花名册.csv", strings.NewReader(text))
	require.NoError(t, err)
	return s
}

func lines(changes []Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

func town(t *testing.T) *Roster {
	t.Helper()
	r, _ := Merge(nil, mustRead(t, head+
		"永宁村,永宁镇,便民群,便民群,居民、老年人,张三,13800000001,,,,,\n"+
		"永宁村,,党员群,党员群,党员,张三,,,,人工,2026-01-05,\n"+
		"永宁村,,,,,王五,０５７７－８８１２３４５６,,书记王五,,,\n"+
		"永宁镇,,,,,李四,,办公室,李四办,,,\n"+
		"永宁镇中心小学,,三(1)班家长群,家长群,家长,永宁镇/李四,,,,,,\n"))
	return r
}

func TestMerge(t *testing.T) {
	t.Run("builds an office from nothing", func(t *testing.T) {
		r := town(t)
		require.Equal(t, []string{"永宁镇", "永宁镇/永宁村", "永宁镇中心小学"}, []string{r.Units[0].Path, r.Units[1].Path, r.Units[2].Path})
		require.True(t, r.Units[2].School)
		require.False(t, r.Units[0].School)
		require.Equal(t, r.Units[0].ID, r.Units[1].Parent)
		require.Len(t, r.Persons, 3)
		require.Equal(t, "王五", r.Persons[mustIndex(t, r, "王五")].Name)
		village := r.Units[1]
		contact, ok := r.Person(village.Contact)
		require.True(t, ok)
		require.Equal(t, "王五", contact.Name)
		require.Equal(t, "0577-88123456", contact.Phone)
		require.Zero(t, r.Units[0].Contact, "a clerk of the office is no contact")
		require.Equal(t, []string{"居民", "老年人"}, r.Groups[0].Audiences)
		require.Equal(t, ByBot, r.Groups[0].Carrier)
		require.Equal(t, ByKeeper, r.Groups[1].Carrier)
		require.Equal(t, r.Groups[0].Keeper, r.Groups[1].Keeper)
		keeper, _ := r.Person(r.Groups[2].Keeper)
		require.Equal(t, "永宁镇", keeper.UnitPath, "a keeper may belong to another unit")
	})
	t.Run("the same sheet again changes nothing", func(t *testing.T) {
		r := town(t)
		s := mustRead(t, head+"永宁村,,便民群,便民群,居民、老年人,张三,,,,,,\n")
		again, changes := Merge(r, s)
		require.Empty(t, lines(changes))
		require.Equal(t, r, again)
	})
	t.Run("a new keeper keeps the group and its id", func(t *testing.T) {
		r := town(t)
		before := *New(append([]Unit(nil), r.Units...), append([]Group(nil), r.Groups...), append([]Person(nil), r.Persons...))
		next, changes := Merge(r, mustRead(t, "单位,群名称,负责人\n永宁村,便民群,赵六\n"))
		require.Equal(t, []string{"新增人员 赵六（永宁镇/永宁村）：干部，没写电话", "群 永宁镇/永宁村 便民群：负责人 由“张三（永宁镇/永宁村）”改为“赵六（永宁镇/永宁村）”"}, lines(changes))
		require.Equal(t, int64(4), next.Groups[0].Keeper)
		require.Equal(t, r.Groups[0].ID, next.Groups[0].ID)
		require.Equal(t, "便民群", next.Groups[0].Kind, "an absent column says nothing")
		require.Equal(t, before.Groups, r.Groups, "the current roster is not touched")
	})
	t.Run("an end date ends a group and an empty keeper is a vacancy", func(t *testing.T) {
		next, changes := Merge(town(t), mustRead(t, "单位,群名称,负责人,停用日期\n永宁村,党员群,,2026-07-01\n"))
		require.Len(t, changes, 2)
		require.Zero(t, next.Groups[1].Keeper)
		require.True(t, next.Groups[1].On("2026-06-30"))
		require.False(t, next.Groups[1].On("2026-07-01"))
	})
	t.Run("a known tag is the person, whatever the name or unit", func(t *testing.T) {
		next, changes := Merge(town(t), mustRead(t, "单位,负责人,标记\n永宁镇,王武,书记王五\n"))
		require.Len(t, next.Persons, 3)
		i := mustIndex(t, next, "王武")
		require.Equal(t, "永宁镇", next.Persons[i].UnitPath)
		require.Contains(t, strings.Join(lines(changes), "\n"), "联系人 由“王武（永宁镇）”改为“空”")
	})
	t.Run("keeping a group elsewhere moves nobody", func(t *testing.T) {
		next, _ := Merge(town(t), mustRead(t, "单位,群名称,负责人,标记\n永宁镇,工作群,王五,书记王五\n"))
		require.Equal(t, "永宁镇/永宁村", next.Persons[mustIndex(t, next, "王五")].UnitPath)
	})
}

func mustIndex(t *testing.T, r *Roster, name string) int {
	t.Helper()
	for i, p := range r.Persons {
		if p.Name == name {
			return i
		}
	}
	require.Failf(t, "person missing", "no %s", name)
	return -1
}

func TestCheck(t *testing.T) {
	r, _ := Merge(nil, mustRead(t, "单位\n甲镇/三组\n乙镇/三组\n"))
	s := mustRead(t, "单位,群名称\n三组,便民群\n")
	require.EqualError(t, s.Check(r), "花名册.csv 第2行“单位”：有 2 个单位叫“三组”，请写全路径，例如“甲镇/三组”")
	require.NoError(t, mustRead(t, "单位,上级单位,群名称\n三组,乙镇,便民群\n").Check(r))
}

// TestWriteSheet/reads_back is the promise of design §6: what export writes,
// import reads, and nothing changes.
func TestWriteSheet(t *testing.T) {
	for _, name := range []string{"花名册.xlsx", "花名册.csv"} {
		t.Run("reads back "+name, func(t *testing.T) {
			rounds := 60
			if strings.HasSuffix(name, "csv") {
				rounds = 400
			}
			for seed := range rounds {
				r := randomRoster(rand.New(rand.NewPCG(7, uint64(seed))))
				var file bytes.Buffer
				require.NoError(t, WriteSheet(&file, name, r))
				s, err := ReadSheet(name, &file)
				require.NoError(t, err, "seed %d", seed)
				require.NoError(t, s.Check(r), "seed %d", seed)
				again, changes := Merge(r, s)
				require.Empty(t, lines(changes), "seed %d", seed)
				require.Equal(t, r, again, "seed %d", seed)
				fresh, _ := Merge(nil, s)
				require.Equal(t, described(r), described(fresh), "seed %d", seed)
			}
		})
	}
	t.Run("another extension is refused", func(t *testing.T) {
		require.ErrorContains(t, WriteSheet(&bytes.Buffer{}, "a.xls", New(nil, nil, nil)), ".xlsx 或 .csv")
	})
}

// described is a roster without its ids: what two offices with the same sheet share.
func described(r *Roster) map[string]bool {
	out := map[string]bool{}
	who := func(id int64) string {
		p, _ := r.Person(id)
		return fmt.Sprint(p.UnitPath, p.Name, p.Role, p.Phone, p.Tag, p.Until)
	}
	for _, u := range r.Units {
		up, _ := r.Unit(u.Parent)
		out[fmt.Sprint("U", u.Name, u.Path, up.Path, u.School, who(u.Contact))] = true
	}
	for _, g := range r.Groups {
		out[fmt.Sprint("G", g.Name, g.UnitPath, g.Kind, g.Audiences, g.Carrier, g.Since, g.Until, who(g.Keeper))] = true
	}
	for _, p := range r.Persons {
		out["P"+who(p.ID)] = true
	}
	return out
}

func randomRoster(rnd *rand.Rand) *Roster {
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	var units []Unit
	paths := map[string]bool{}
	for range 1 + rnd.IntN(8) {
		u := Unit{ID: int64(len(units)*2 + 1), Name: pick("永宁镇", "三组", "中心小学", "-村", "=1+1", "'@村", "007", "大学村")}
		u.Path = u.Name
		if len(units) > 0 && rnd.IntN(3) > 0 {
			up := units[rnd.IntN(len(units))]
			u.Parent, u.Path = up.ID, up.Path+"/"+u.Name
		}
		if u.School = isSchool(u.Name); !paths[u.Path] {
			paths[u.Path] = true
			units = append(units, u)
		}
	}
	var persons []Person
	for i := range rnd.IntN(10) {
		u := &units[rnd.IntN(len(units))]
		p := Person{ID: int64(i*3 + 1), Name: pick("张三", "李四", "+王五", "阿依古丽·买买提"), Unit: u.ID, UnitPath: u.Path,
			Role: Role(pick("cadre", "cadre", "staff", "leader", "admin")), Phone: pick("", "13800000001", "0577-88123456"), Tag: fmt.Sprintf("%s%d", pick("=", "永宁", "'-"), i)}
		if rnd.IntN(2) == 0 && p.Name != "张三" {
			p.Name, p.Tag = fmt.Sprintf("无标记%d", i), ""
		}
		if p.Tag == "" && rnd.IntN(3) == 0 {
			p.Until = "2026-03-01"
		}
		persons = append(persons, p)
		if p.Until == "" && p.Role == Cadre && rnd.IntN(2) == 0 {
			u.Contact = p.ID
		}
	}
	return New(units, randomGroups(rnd, units, persons), persons)
}

func randomGroups(rnd *rand.Rand, units []Unit, persons []Person) []Group {
	var groups []Group
	for i := range rnd.IntN(12) {
		u := units[rnd.IntN(len(units))]
		g := Group{ID: int64(i + 5), Name: fmt.Sprintf("%s%d", []string{"便民群", "=群", `引"号,群，`, "1e5", "_x0041_", "😀群", "' 群", "<a>&"}[rnd.IntN(8)], i),
			Unit: u.ID, UnitPath: u.Path, Kind: []string{"", "网格群", "@群"}[rnd.IntN(3)], Carrier: []Carrier{ByBot, ByKeeper}[rnd.IntN(2)]}
		if rnd.IntN(2) == 0 {
			g.Audiences = []string{"居民", "-家长"}[:1+rnd.IntN(2)]
		}
		if len(persons) > 0 && rnd.IntN(4) > 0 {
			g.Keeper = persons[rnd.IntN(len(persons))].ID
		}
		if rnd.IntN(2) == 0 {
			g.Since, g.Until = "2026-01-05", []string{"", "2026-07-01"}[rnd.IntN(2)]
		}
		groups = append(groups, g)
	}
	return groups
}
