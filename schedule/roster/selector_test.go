package roster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSelector(t *testing.T) {
	t.Run("reads Chinese punctuation and words", func(t *testing.T) {
		sel, err := ParseSelector(" 类型：网格群，单位：永宁村、对象:家长 , group:12")
		require.NoError(t, err)
		require.Equal(t, "kind:网格群,unit:永宁村,group:12,audience:家长", sel.String())
	})
	t.Run("prints what it reads", func(t *testing.T) {
		for _, s := range []string{"all", "kind:网格群", "kind:网格群,kind:党员群,unit:永宁镇/永宁村", "group:12,group:便民群", "audience:家长,audience:老年人"} {
			sel, err := ParseSelector(s)
			require.NoError(t, err)
			require.Equal(t, s, sel.String())
		}
		all, err := ParseSelector("全部")
		require.NoError(t, err)
		require.Equal(t, "all", all.String())
	})
	t.Run("refuses what it does not know", func(t *testing.T) {
		for in, want := range map[string]string{"": "写法不对", "永宁村": "写法不对", "kind:": "写法不对", "kind:网格群,": "写法不对", "who:张三": "只能用 kind、unit、group、audience"} {
			_, err := ParseSelector(in)
			require.ErrorContains(t, err, want, "%q", in)
		}
	})
	t.Run("and narrows, a repeated key widens, the day decides", func(t *testing.T) {
		r := town(t)
		names := func(s, day string) []string {
			sel, err := ParseSelector(s)
			require.NoError(t, err)
			var out []string
			for _, g := range r.Select(sel, day) {
				out = append(out, g.Name)
			}
			return out
		}
		require.Equal(t, []string{"便民群", "党员群", "三(1)班家长群"}, names("all", "2026-06-02"))
		require.Equal(t, []string{"便民群", "三(1)班家长群"}, names("all", "2026-01-04"))
		require.Equal(t, []string{"便民群", "党员群"}, names("unit:永宁村", "2026-06-02"))
		require.Equal(t, []string{"党员群"}, names("unit:永宁镇,kind:党员群,kind:家长群", "2026-06-02"))
		require.Equal(t, []string{"三(1)班家长群"}, names("audience:家长", "2026-06-02"))
		require.Equal(t, []string{"党员群"}, names("group:2", "2026-06-02"))
		require.Empty(t, names("unit:永宁", "2026-06-02"))
	})
}

func TestResolve(t *testing.T) {
	r, _ := Merge(nil, mustRead(t, "单位,群名称,群类型,对象\n甲镇/三组,便民群,网格群,居民\n乙镇/三组,便民群,网格群,居民\n乙镇/四组,工作群,工作群,干部\n"))
	got, err := r.Resolve(Selector{Units: []string{"四组"}, Groups: []string{"工作群", "#1"}, Kinds: []string{"网格群"}, Audiences: []string{"干部"}})
	require.NoError(t, err)
	require.Equal(t, Selector{Units: []string{"乙镇/四组"}, Groups: []string{"3", "1"}, Kinds: []string{"网格群"}, Audiences: []string{"干部"}}, got)
	for want, sel := range map[string]Selector{
		"有 2 个单位叫“三组”，请写全路径": {Units: []string{"三组"}},
		"没有单位“五组”":           {Units: []string{"五组"}},
		"有 2 个群叫“便民群”，请写编号":  {Groups: []string{"便民群"}},
		"没有群“99”":            {Groups: []string{"99"}},
		"没有“家长群”这类群":         {Kinds: []string{"家长群"}},
		"没有对象是“家长”的群":        {Audiences: []string{"家长"}},
	} {
		_, err := r.Resolve(sel)
		require.ErrorContains(t, err, want)
	}
}

func TestRoster(t *testing.T) {
	r := town(t)
	t.Run("a tag two persons bear is nobody", func(t *testing.T) {
		p, ok := r.PersonByTag("李四办")
		require.True(t, ok)
		require.Equal(t, "李四", p.Name)
		_, ok = New(nil, nil, []Person{{ID: 1, Tag: "甲"}, {ID: 2, Tag: "甲"}}).PersonByTag("甲")
		require.False(t, ok)
		_, ok = New(nil, nil, []Person{{ID: 1}}).PersonByTag("")
		require.False(t, ok)
	})
	t.Run("classes are bound by their school's terms", func(t *testing.T) {
		school, _ := Merge(r, mustRead(t, "单位,上级单位\n三(1)班,永宁镇中心小学\n"))
		u, err := school.FindUnit("三(1)班")
		require.NoError(t, err)
		require.False(t, u.School)
		require.True(t, school.SchoolUnit(u.ID))
		require.False(t, school.SchoolUnit(r.Units[1].ID))
	})
	t.Run("the next contact upwards stands in", func(t *testing.T) {
		next, _ := Merge(r, mustRead(t, "单位,上级单位,负责人\n三组,永宁村,钱七\n"))
		grid, err := next.FindUnit("永宁村/三组")
		require.NoError(t, err)
		p, ok := next.ContactAbove(grid.ID, grid.Contact)
		require.True(t, ok)
		require.Equal(t, "王五", p.Name)
	})
}

func FuzzParseSelector(f *testing.F) {
	f.Add("kind:网格群,unit:永宁村")
	f.Add("类型：a：b，单位:/")
	f.Add("all")
	f.Fuzz(func(t *testing.T, s string) {
		sel, err := ParseSelector(s)
		if err != nil {
			return
		}
		again, err := ParseSelector(sel.String())
		require.NoError(t, err)
		require.Equal(t, sel, again)
	})
}
