package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRestoreSealed: what the settings sealed they open again; --key goes before
// them, and nothing at all is answered with what to write.
func TestRestoreSealed(t *testing.T) {
	p := newPC(t)
	secret := filepath.Join(p.dir, p.file("passphrase", "口令 很长的一句话\n"))
	p.file("other", "别的\n")
	p.settings(fmt.Sprintf("[backup]\npassphrase_file = %q\n", secret))
	p.file("roster.csv", sheet)
	p.ok("roster", "import", "roster.csv")
	made := document[map[string]string](p, "backup")["file"]
	require.Equal(t, ".age", filepath.Ext(made))
	require.Contains(t, p.ok("restore", made), "已从备份恢复")
	wrong := p.run("restore", made, "--key", "other")
	require.Equal(t, exitInput, wrong.code, wrong.err)
	p.settings("")
	none := p.run("restore", made)
	require.Equal(t, exitInput, none.code, none.err)
	require.Contains(t, none.err, "--key")
	require.Contains(t, p.ok("restore", made, "--key", "passphrase"), "已从备份恢复")
}
