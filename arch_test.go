// Package tongluo_test guards the house as a whole: which room may import
// which, how long a function may be, what the documents promise. It knows the
// tree and the documents; it refuses to know what any room does.
package tongluo_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rooms are the arrows of design §3: each room and the rooms it may import. A
// room may also import the leaves beneath what it imports. Rooms that nobody
// has built yet stand here because the design draws them.
var rooms = map[string][]string{
	"content":             {},
	"content/poster":      {"content"},
	"content/starter":     {"content", "content/poster"},
	"schedule/roster":     {},
	"schedule/calendar":   {},
	"schedule/plans":      {"schedule/roster", "schedule/calendar"},
	"schedule/coverage":   {"schedule/plans"},
	"schedule":            {"schedule/coverage", "schedule/plans", "content"},
	"schedule/runner":     {"schedule", "schedule/coverage", "schedule/plans"},
	"schedule/report":     {"schedule/coverage", "schedule/plans", "content/poster"},
	"store":               {"content", "schedule", "schedule/coverage", "schedule/plans", "schedule/roster"},
	"bot":                 {"schedule", "content", "schedule/roster"},
	"bot/wechat":          {"bot"},
	"bot/wechat/loopback": {},
	"bot/command":         {"bot", "schedule", "content", "schedule/coverage", "schedule/report"},
	"cmd/tongluo/config":  {"schedule", "content"},
	"cmd/tongluo/console": {"bot", "schedule", "content", "schedule/coverage", "schedule/report"},
	"cmd/tongluo/demo":    everything,
	"cmd/tongluo/ops":     everything,
	"cmd/tongluo":         append([]string{"cmd/tongluo/config", "cmd/tongluo/console", "cmd/tongluo/demo", "cmd/tongluo/ops"}, everything...),
}

// everything is what the operator's rooms may use; the rooms beside them are
// not in it, because nobody but cmd/tongluo imports those.
var everything = []string{
	"content", "content/poster", "content/starter", "schedule", "schedule/roster", "schedule/calendar", "schedule/plans",
	"schedule/coverage", "schedule/report", "schedule/runner", "store", "bot", "bot/command", "bot/wechat", "bot/wechat/loopback",
}

var leaves = []string{"content", "schedule/roster", "schedule/calendar"}

// keepers are the only rooms that may touch a library which must not spread;
// templates look methods up by name, for which the linker keeps every method of
// the program (docs/performance.md, The size).
var keepers = map[string][]string{
	"github.com/eatmoreapple/openwechat": {"bot/wechat"},
	"github.com/alexflint/go-arg":        {"cmd/tongluo"},
	"maragu.dev/gomponents":              {"cmd/tongluo/console"},
	"maragu.dev/gomponents/html":         {"cmd/tongluo/console"},
	"database/sql":                       {"store"},
	"modernc.org/sqlite":                 {"store"},
	"html/template":                      {},
	"text/template":                      {},
}

// reach is every room that can be come to from one, step by step.
func reach(room string) map[string]bool {
	seen := map[string]bool{}
	var walk func(string)
	walk = func(r string) {
		for _, next := range rooms[r] {
			if !seen[next] {
				seen[next] = true
				walk(next)
			}
		}
	}
	walk(room)
	return seen
}

// strayArrows lists, sorted, what in a package's imports the design does not
// draw. Paths are as `go list` prints them.
func strayArrows(imports map[string][]string) []string {
	var stray []string
	for pkg, list := range imports {
		room := strings.TrimPrefix(pkg, "tongluo/")
		allowed, known := rooms[room]
		if !known && pkg != "tongluo" {
			stray = append(stray, room+" is no room of the design")
			continue
		}
		beneath := reach(room)
		for _, path := range list {
			to, ours := strings.CutPrefix(path, "tongluo/")
			switch {
			case !ours && keepers[path] != nil && !slices.Contains(keepers[path], room):
				stray = append(stray, room+" → "+path)
			case ours && !slices.Contains(allowed, to) && !(slices.Contains(leaves, to) && beneath[to]):
				stray = append(stray, room+" → "+to)
			}
		}
	}
	slices.Sort(stray)
	return stray
}

// listed asks go list for the imports, tests left out, of every package.
func listed(t *testing.T, goos string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go list")
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		imports[words[0]] = words[1:]
	}
	require.NotEmpty(t, imports["tongluo/schedule"], "go list saw the house")
	return imports
}

func TestArrows(t *testing.T) {
	for _, goos := range []string{"linux", "windows"} {
		t.Run("the design draws every import on "+goos, func(t *testing.T) {
			require.Empty(t, strayArrows(listed(t, goos)))
		})
	}
	t.Run("the table has no circle", func(t *testing.T) {
		for room := range rooms {
			require.False(t, reach(room)[room], "%s comes back to itself", room)
		}
	})
}

func TestArrowsCanFail(t *testing.T) {
	for arrow, drawn := range map[string]bool{
		"tongluo/bot tongluo/store":                              false,
		"tongluo/store tongluo/bot":                              false,
		"tongluo/content tongluo/schedule":                       false,
		"tongluo/schedule/coverage tongluo/schedule":             false,
		"tongluo/schedule tongluo/schedule/runner":               false,
		"tongluo/schedule tongluo/store":                         false,
		"tongluo/schedule/report tongluo/schedule":               false,
		"tongluo/bot/wechat tongluo/schedule":                    false,
		"tongluo/bot/wechat/loopback tongluo/content":            false,
		"tongluo/cmd/tongluo/demo tongluo/cmd/tongluo/config":    false,
		"tongluo/bot tongluo/cmd/tongluo":                        false,
		"tongluo/schedule/roster tongluo/schedule/calendar":      false,
		"tongluo/util fmt":                                       false,
		"tongluo/schedule database/sql":                          false,
		"tongluo/cmd/tongluo github.com/eatmoreapple/openwechat": false,
		"tongluo/cmd/tongluo/console html/template":              false,
		"tongluo/bot/command text/template":                      false,
		"tongluo/schedule/report maragu.dev/gomponents/html":     false,
		"tongluo/schedule tongluo/schedule/coverage":             true,
		"tongluo/schedule/coverage tongluo/schedule/calendar":    true,
		"tongluo/bot tongluo/schedule/calendar":                  true,
		"tongluo/schedule/report tongluo/content":                true,
		"tongluo/cmd/tongluo tongluo/store":                      true,
		"tongluo/store database/sql":                             true,
		"tongluo/cmd/tongluo/console maragu.dev/gomponents":      true,
		"tongluo/bot/wechat github.com/eatmoreapple/openwechat":  true,
	} {
		t.Run(arrow, func(t *testing.T) {
			pkg, imported, _ := strings.Cut(arrow, " ")
			stray := strayArrows(map[string][]string{pkg: {"fmt", imported}})
			require.Equal(t, drawn, len(stray) == 0, fmt.Sprint(stray))
		})
	}
}

// A room that is drawn only in the table, or only in the document, misleads.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	page := read(t, "docs/architecture.md")
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		require.Contains(t, page, "`"+room+"`", "docs/architecture.md, Rooms")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
