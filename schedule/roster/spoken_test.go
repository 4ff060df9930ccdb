package roster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func spokenRoster() *Roster {
	unit := func(id, parent int64, name, path string) Unit {
		return Unit{ID: id, Parent: parent, Name: name, Path: path}
	}
	group := func(id, unit int64, path, name, kind string, hears ...string) Group {
		return Group{ID: id, Unit: unit, UnitPath: path, Name: name, Kind: kind, Audiences: hears}
	}
	return New([]Unit{unit(1, 0, "永宁镇", "永宁镇"), unit(2, 1, "永宁村", "永宁镇/永宁村"), unit(3, 1, "前埔村", "永宁镇/前埔村"),
		unit(4, 2, "三组", "永宁镇/永宁村/三组"), unit(5, 3, "三组", "永宁镇/前埔村/三组"),
		unit(6, 1, "和平村", "永宁镇/和平村")},
		[]Group{
			group(11, 2, "永宁镇/永宁村", "永宁村便民群", "便民群", "居民"),
			group(12, 4, "永宁镇/永宁村/三组", "三组网格群", "网格群", "居民"),
			group(13, 5, "永宁镇/前埔村/三组", "三组网格群", "网格群", "居民"),
			group(14, 3, "永宁镇/前埔村", "前埔A群 家长", "家长群", "家长"),
			group(15, 3, "永宁镇/前埔村", "党员群", "党员群", "党员"),
			group(16, 3, "永宁镇/前埔村", "妈妈群", "育儿群", "老年人"),
		}, nil)
}

func TestReadSelector(t *testing.T) {
	r := spokenRoster()
	for want, said := range map[string][]string{
		"kind:网格群": {"网格群", "全部网格群", "所有的网格群", "kind:网格群", "类型：网格群"},
		"kind:网格群,unit:永宁镇/永宁村":     {"永宁村 网格群", "永宁村网格群", "网格群，永宁村", "永宁村的网格群", "永宁镇/永宁村 网格群"},
		"kind:网格群,unit:永宁村":         {"kind:网格群,unit:永宁村"},
		"kind:家长群":                  {"全部家长群", "各家长群"},
		"kind:网格群,kind:家长群":         {"网格群、家长群", "网格群和家长群"},
		"audience:老年人":              {"老年人", "老年人群"},
		"unit:永宁镇/前埔村":              {"前埔村"},
		"group:14":                  {"前埔a群 家长", "前埔Ａ群　家长", "14", "#14"},
		"group:11":                  {"永宁村便民群"},
		"unit:永宁镇/永宁村,unit:永宁镇/前埔村": {"永宁村、前埔村"},
		"kind:网格群,unit:永宁镇/和平村":     {"和平村 网格群", "和平村网格群"},
		"unit:永宁镇/永宁村,unit:永宁镇/和平村": {"永宁村和和平村"},
		"all": {"全部", "所有群", "all"},
	} {
		for _, s := range said {
			sel, err := r.ReadSelector(s)
			require.NoError(t, err, s)
			require.Equal(t, want, sel.String(), s)
		}
	}
	for said, want := range map[string]string{
		"三组网格群":   "有 2 种意思，请写其中一种：group:12，或 group:13", // two villages, one name
		"三组":      "unit:永宁镇/永宁村/三组，或 unit:永宁镇/前埔村/三组",
		"党员群":     "group:15，或 kind:党员群", // a group called as its kind
		"沙堤村 网格群": "“沙堤村”不是花名册里的群",
		"":        "不是花名册里的群",
		"网格":      "不是花名册里的群",
	} {
		_, err := r.ReadSelector(said)
		require.ErrorContains(t, err, want, said)
	}
}

func TestNamedGroups(t *testing.T) {
	r := spokenRoster()
	ids := func(gs []Group) (out []int64) {
		for _, g := range gs {
			out = append(out, g.ID)
		}
		return out
	}
	for text, want := range map[string]struct {
		ids  []int64
		rest string
	}{
		"三组 群解散了":       {[]int64{12, 13}, " 群解散了"},
		"永宁村便民群停用":      {[]int64{11}, "停用"},
		"永宁村 停用":        {[]int64{11}, " 停用"},
		"永宁镇/前埔村/三组 停用": {[]int64{13}, " 停用"},
		"前埔a群 家长 停用":    {[]int64{14}, " 停用"},
		"没有这个 停用":       {nil, "没有这个 停用"},
	} {
		gs, _, rest := r.NamedGroups(text)
		require.Equal(t, want.ids, ids(gs), text)
		require.Equal(t, want.rest, rest, text)
	}
}
