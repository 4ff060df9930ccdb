package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemoCommand(t *testing.T) {
	if !hasDemo() {
		t.Skip("the demo has been deleted")
	}
	p := newPC(t)
	out := p.ok("demo", "--days", "2", "--data", "shown", "--json", "shown.json")
	require.Contains(t, out, "铜锣演示")
	require.FileExists(t, filepath.Join(p.dir, "shown.json"))
	require.FileExists(t, filepath.Join(p.dir, "shown", "tongluo.db"))
	again := p.run("demo", "--days", "2", "--data", "shown")
	require.Equal(t, exitInput, again.code, "a directory with data is nobody's playground")
	require.Contains(t, again.err, "已经有数据")
}

func hasDemo() bool {
	_, err := os.Stat("demo.go")
	return err == nil
}
