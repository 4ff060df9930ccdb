package tongluo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// Whoever is woken by an alert looks its kind up on this page.
func TestOperationsNamesEveryAlert(t *testing.T) {
	_, part, found := strings.Cut(read(t, "docs/operations.md"), "\n## Alerts\n")
	require.True(t, found)
	part, _, _ = strings.Cut(part, "\n## ")
	for _, k := range schedule.AlertKinds() {
		require.Contains(t, part, "`"+string(k)+"`")
	}
}
