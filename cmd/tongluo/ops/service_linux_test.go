package ops_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
)

// fakeSystem is a PATH with a systemctl that remembers what it was asked and
// answers as the file `state` says, and a home of its own.
func fakeSystem(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	script := `#!/bin/sh
echo "$@" >> "` + home + `/asked"
case "$1" in
is-active) cat "` + home + `/state"; grep -q ^active "` + home + `/state" ;;
list-unit-files) [ -f "` + home + `/.config/systemd/user/tongluo.service" ] && echo tongluo.service enabled || true ;;
esac
`
	require.NoError(t, os.WriteFile(filepath.Join(home, "systemctl"), []byte(script), 0o700))
	t.Setenv("PATH", home+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("HOME", home)
	setState(t, home, "inactive")
	return home
}

func setState(t *testing.T, home, state string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(home, "state"), []byte(state+"\n"), 0o600))
}

func asked(t *testing.T, home string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, "asked"))
	require.NoError(t, err)
	return string(text)
}

func TestSystemd(t *testing.T) {
	home := fakeSystem(t)
	m, err := ops.ManagerOf(ops.Spec{Program: "/opt/铜 锣/tongluo", Home: "/opt/铜 锣", Data: "/opt/铜 锣/data", Config: "/opt/铜 锣/config.toml"})
	require.NoError(t, err)
	st, err := m.Status()
	require.NoError(t, err)
	require.Equal(t, ops.Status{}, st)
	require.ErrorIs(t, m.Uninstall(), ops.ErrNotInstalled)
	require.ErrorIs(t, m.Start(), ops.ErrNotInstalled)

	require.NoError(t, m.Install())
	unit, err := os.ReadFile(filepath.Join(home, ".config", "systemd", "user", "tongluo.service"))
	require.NoError(t, err)
	for _, line := range []string{
		"After=network-online.target",
		`ExecStart=/opt/铜\x20锣/tongluo "--data" "/opt/铜 锣/data" "--config" "/opt/铜 锣/config.toml" "run"`,
		`WorkingDirectory=/opt/铜\x20锣`,
		"Restart=on-failure",
		"RestartPreventExitStatus=2 3",
		"TimeoutStopSec=60", // a message in flight has 40 s
		"UMask=0077",
		"WantedBy=default.target",
	} {
		require.Contains(t, strings.Split(string(unit), "\n"), line)
	}
	require.Contains(t, asked(t, home), "enable --user tongluo.service")
	require.ErrorIs(t, m.Install(), ops.ErrInstalled)

	require.NoError(t, m.Start())
	require.Contains(t, asked(t, home), "start --user tongluo.service")
	setState(t, home, "active")
	st, err = m.Status()
	require.NoError(t, err)
	require.Equal(t, ops.Status{Installed: true, Running: true}, st)
	setState(t, home, "failed")
	st, err = m.Status()
	require.NoError(t, err)
	require.Equal(t, ops.Status{Installed: true}, st)

	setState(t, home, "active")
	require.NoError(t, m.Uninstall())
	require.Contains(t, asked(t, home), "stop --user tongluo.service", "what runs is stopped first")
	require.NoFileExists(t, filepath.Join(home, ".config", "systemd", "user", "tongluo.service"))
}

func TestNoSystemd(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := ops.ManagerOf(ops.Spec{})
	require.ErrorIs(t, err, ops.ErrNoManager)
}

// TestAwake: the inhibitor is held while something is to be sent, and no longer.
func TestAwake(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"$@\" > \"" + dir + "/args\"\ncat > /dev/null\necho gone >> \"" + dir + "/args\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "systemd-inhibit"), []byte(script), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	var a ops.Awake
	require.NoError(t, a.Keep(false))
	require.NoFileExists(t, filepath.Join(dir, "args"))
	require.NoError(t, a.Keep(true))
	require.NoError(t, a.Keep(true))
	require.NoError(t, a.Keep(false)) // waits for its end
	said, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	require.Equal(t, "--what=sleep:idle --who=tongluo --why=sending --mode=block cat\ngone\n", string(said))
	t.Setenv("PATH", t.TempDir())
	require.NoError(t, a.Keep(true), "nothing to hold is no failure")
	require.NoError(t, a.Keep(false))
}
