package plans

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlan_json is the contract of `plan list --json` (design §6): keys may be
// added, never renamed, and are there in every plan.
func TestPlan_json(t *testing.T) {
	data, err := json.Marshal(embedded(t))
	require.NoError(t, err)
	var all []map[string]any
	require.NoError(t, json.Unmarshal(data, &all))
	require.Len(t, all, 18)
	for _, p := range all {
		has(t, p, "number", "id", "title", "from", "to", "phases", "duties", "decisions")
		for _, ph := range objects(t, p["phases"]) {
			has(t, ph, "name", "from", "to")
		}
		for _, dec := range objects(t, p["decisions"]) {
			has(t, dec, "key", "default", "about")
		}
		for _, d := range objects(t, p["duties"]) {
			has(t, d, "id", "kind", "quote", "groups", "audience", "phases", "at_least", "per", "means", "media",
				"themes", "hops", "within", "due", "owed_by", "receiver", "target", "decisions")
			for _, list := range []string{"groups", "audience", "phases", "media", "themes"} {
				require.IsType(t, []any{}, d[list], list)
			}
			for _, dec := range objects(t, d["decisions"]) {
				has(t, dec, "key", "default", "about")
			}
		}
	}
}

func TestPlan_json_values(t *testing.T) {
	first := func(number string) map[string]any {
		data, err := json.Marshal(plan(t, number))
		require.NoError(t, err)
		var p map[string]any
		require.NoError(t, json.Unmarshal(data, &p))
		return objects(t, p["duties"])[0]
	}
	relay := first("16")
	require.EqualValues(t, 2, relay["hops"])
	require.Nil(t, relay["within"], "the text has none: the decision gives it")
	require.Nil(t, relay["means"])
	require.Equal(t, "FRI 16:00", first("13")["due"])
	require.Equal(t, "unit", first("13")["owed_by"])
	require.Nil(t, first("17")["due"])
	require.Equal(t, "push", first("11")["means"])
	require.EqualValues(t, 2, first("11")["at_least"])
	require.Nil(t, first("11")["target"])
}

func TestPlan_json_reads_back(t *testing.T) {
	for _, p := range embedded(t) {
		data, err := json.Marshal(p)
		require.NoError(t, err)
		var back Plan
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, p, back)
	}
	data, err := json.Marshal(Plan{Duties: []Duty{{}}})
	require.NoError(t, err)
	require.Contains(t, string(data), `"phases":[]`)
	require.Contains(t, string(data), `"groups":[]`)
}

func has(t *testing.T, object map[string]any, keys ...string) {
	t.Helper()
	require.Subset(t, slices.Collect(maps.Keys(object)), keys)
}

func objects(t *testing.T, list any) []map[string]any {
	t.Helper()
	require.IsType(t, []any{}, list)
	var all []map[string]any
	for _, one := range list.([]any) {
		require.IsType(t, map[string]any{}, one)
		all = append(all, one.(map[string]any))
	}
	return all
}
