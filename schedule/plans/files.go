package plans

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed files/*.toml
var files embed.FS

// Embedded parses the eighteen plans, sorted by number. Nothing is parsed
// before it is called; callers that need them often keep the result.
func Embedded() ([]Plan, error) {
	entries, err := files.ReadDir("files")
	if err != nil {
		return nil, fmt.Errorf("list the embedded plans: %w", err)
	}
	all := make([]Plan, 0, len(entries))
	for _, e := range entries {
		data, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the embedded plan %s: %w", e.Name(), err)
		}
		plan, err := Parse(e.Name(), data)
		if err != nil {
			return nil, err
		}
		all = append(all, plan)
	}
	slices.SortFunc(all, func(a, b Plan) int { return a.Number - b.Number })
	return all, nil
}

// Find picks a plan by number ("11") or id ("11-yongning"). Its error is Chinese
// and lists what there is.
func Find(plans []Plan, idOrNumber string) (Plan, error) {
	want := strings.TrimSpace(idOrNumber)
	names := make([]string, len(plans))
	for i, p := range plans {
		if p.ID == want || strconv.Itoa(p.Number) == want {
			return p, nil
		}
		names[i] = p.ID
	}
	return Plan{}, fmt.Errorf("没有方案“%s”，请写编号（如 11）或名称，现有：%s", idOrNumber, strings.Join(names, "、"))
}
