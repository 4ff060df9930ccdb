package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestService installs the program for a user of a make-believe systemd.
func TestService(t *testing.T) {
	p := newPC(t)
	p.settings("")
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", home)
	t.Run("without a manager of services", func(t *testing.T) {
		r := p.run("service", "install")
		require.Equal(t, exitInput, r.code)
		require.Contains(t, r.err, "systemd")
	})
	script := "#!/bin/sh\ncase \"$1\" in is-active) echo inactive; exit 3;; list-unit-files) [ -f " +
		"$HOME/.config/systemd/user/tongluo.service ] && echo tongluo.service || true;; esac\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, "systemctl"), []byte(script), 0o700))
	require.Contains(t, p.ok("service", "status"), "没有装")
	require.Equal(t, exitInput, p.run("service", "start").code)
	require.Contains(t, p.ok("service", "install"), "tongluo service start")
	unit, err := os.ReadFile(filepath.Join(home, ".config", "systemd", "user", "tongluo.service"))
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(p.dir)
	require.NoError(t, err)
	require.Contains(t, string(unit), `"--data" "`+dir+`/data" "--config" "`+dir+`/config.toml" "run"`, "wherever the system starts it")
	require.Equal(t, map[string]bool{"installed": true, "running": false}, document[map[string]bool](p, "service", "status"))
	require.Equal(t, exitInput, p.run("service", "install").code)
	p.ok("service", "uninstall")
	require.Contains(t, p.ok("service", "status"), "没有装")
	t.Run("a mistake in the settings shows at once", func(t *testing.T) {
		p.file("config.toml", strings.Repeat("[", 3))
		require.Equal(t, exitInput, p.run("service", "install").code)
	})
}
