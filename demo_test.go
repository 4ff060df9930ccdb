package tongluo_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutDemo writes a build overlay in which the demo, and the file that
// registers its command, do not exist.
func withoutDemo(t *testing.T) string {
	t.Helper()
	gone, err := filepath.Glob("cmd/tongluo/demo/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, gone, "the demo is where this test thinks it is")
	replace := map[string]string{}
	for _, name := range append(gone, "cmd/tongluo/demo.go") {
		abs, err := filepath.Abs(name)
		require.NoError(t, err)
		replace[abs] = ""
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	return file
}

func runGo(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("go", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// The demo is made-up people; the product must not lean on them.
func TestWithoutTheDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program a second time")
	}
	overlay := withoutDemo(t)
	program := filepath.Join(t.TempDir(), "tongluo.exe")
	runGo(t, "build", "-overlay", overlay, "-o", program, "./cmd/tongluo")

	t.Run("the program runs", func(t *testing.T) {
		out, err := exec.Command(program, "version").Output()
		require.NoError(t, err)
		require.Contains(t, string(out), "铜锣")
	})
	t.Run("and has no such command", func(t *testing.T) {
		var said bytes.Buffer
		cmd := exec.Command(program, "demo")
		cmd.Stderr = &said
		var exit *exec.ExitError
		require.ErrorAs(t, cmd.Run(), &exit)
		require.Equal(t, 2, exit.ExitCode(), said.String())
	})
	t.Run("everything else passes vet, tests included", func(t *testing.T) {
		runGo(t, "vet", "-overlay", overlay, "./...")
	})
}
