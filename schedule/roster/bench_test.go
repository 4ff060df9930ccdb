package roster

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// county is a roster of the size the schema is made for: 50,000 groups.
func county() *Roster {
	var units []Unit
	var groups []Group
	var persons []Person
	for i := range 5000 {
		id := int64(i + 1)
		path := fmt.Sprintf("村%d", i)
		units = append(units, Unit{ID: id, Name: path, Path: path})
		persons = append(persons, Person{ID: id, Name: "张三", Unit: id, UnitPath: path, Role: Cadre, Tag: path, Phone: "13800000001"})
		for j := range 10 {
			groups = append(groups, Group{ID: int64(i*10 + j + 1), Name: fmt.Sprintf("群%d", j), Unit: id, UnitPath: path, Kind: "网格群", Audiences: []string{"居民"}, Keeper: id, Carrier: ByBot})
		}
	}
	return New(units, groups, persons)
}

func BenchmarkSelect(b *testing.B) {
	r := county()
	sel, err := ParseSelector("kind:网格群,unit:村4999,audience:居民")
	require.NoError(b, err)
	for b.Loop() {
		require.Len(b, r.Select(sel, "2026-06-02"), 10)
	}
}

func BenchmarkImport(b *testing.B) {
	r := county()
	for _, name := range []string{"a.csv", "a.xlsx"} {
		var file bytes.Buffer
		require.NoError(b, WriteSheet(&file, name, r))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := ReadSheet(name, bytes.NewReader(file.Bytes()))
				require.NoError(b, err)
				_, changes := Merge(r, s)
				require.Empty(b, changes)
			}
		})
	}
}
