package tongluo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// pages are what people read first, and everything in docs.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		out = append(out, found...)
	}
	require.Greater(t, len(out), 5)
	return out
}

func TestPagesLinkToWhatIsThere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1])))
			require.NoError(t, err, "%s links to %s", page, m[1])
		}
	}
}

func TestReadmeHasTheTwoCommands(t *testing.T) {
	for _, page := range []string{"README.md", "README.zh-CN.md"} {
		require.Contains(t, read(t, page), "go run ./cmd/tongluo demo", page)
	}
	require.Contains(t, read(t, "README.md"), "go test ./...")
	require.Contains(t, read(t, ".ci/run"), "go test ./...", "CI runs the README's test command")
}

// People fill in sheets by this page.
func TestOperationsNamesEveryColumn(t *testing.T) {
	page := read(t, "docs/operations.md")
	for heading, columns := range map[string][]string{
		"The roster sheet":  roster.SheetColumns(),
		"The ledger so far": report.LedgerColumns(),
	} {
		_, part, found := strings.Cut(page, "\n## "+heading)
		require.True(t, found, heading)
		part, _, _ = strings.Cut(part, "\n## ")
		for _, c := range columns {
			require.Contains(t, part, c, heading)
		}
	}
}
