package tongluo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var quoted = regexp.MustCompile("`([^`]+)`")

// rows are those of the tables under a heading: cells by row.
func rows(page, heading string) [][]string {
	_, part, _ := strings.Cut(page, "\n## "+heading+"\n")
	part, _, _ = strings.Cut(part, "\n## ")
	var all [][]string
	for line := range strings.Lines(part) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| fault") || strings.HasPrefix(line, "| |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}

// Every hazard and fault has a row; every fence is a file, every test is there,
// and every row says what made it fail.
func TestHazardsTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range rows(read(t, "docs/reliability.md"), "Hazards and their fences") {
		require.Len(t, row, 5, row[0])
		seen[row[0]] = true
		require.NotEmpty(t, row[4], row[0])
		if row[0][0] != 'F' {
			for _, m := range quoted.FindAllStringSubmatch(row[2], -1) {
				_, err := os.Stat(filepath.FromSlash(m[1]))
				require.NoError(t, err, row[0])
			}
		}
		tests := quoted.FindAllStringSubmatch(row[3], -1)
		require.NotEmpty(t, tests, row[0])
		for _, m := range tests {
			dir, name, found := strings.Cut(m[1], " ")
			require.True(t, found && has(t, dir, name), "%s: no test %s in %s", row[0], name, dir)
		}
	}
	for letter, n := range map[string]int{"H": 17, "P": 13, "Q": 15} {
		for i := range n {
			require.True(t, seen[fmt.Sprint(letter, i+1)], "%s%d has no row", letter, i+1)
		}
	}
	for _, f := range []string{"F06", "F07", "F08", "F12", "F24", "F25", "F26", "F37"} {
		require.True(t, seen[f], "%s has no row", f)
	}
}

// has reports whether a package has a test of that name.
func has(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	require.NoError(t, err)
	for _, f := range files {
		if strings.Contains(read(t, f), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
