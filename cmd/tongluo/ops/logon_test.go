package ops

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLogonLine: what Windows would pass over without a word is refused, and a
// folder of the usual kind is not.
func TestLogonLine(t *testing.T) {
	at := func(home string) Spec {
		return Spec{Program: filepath.Join(home, "tongluo.exe"), Home: home, Data: filepath.Join(home, "data"), Config: filepath.Join(home, "config.toml")}
	}
	t.Run("what lies in the folder is named from there", func(t *testing.T) {
		home := filepath.FromSlash("/Users/Administrator/Desktop/铜锣")
		require.Equal(t, []string{filepath.Join(home, "tongluo.exe"), "--data", "data", "--config", "config.toml", "service", "supervise", "--home", home}, at(home).logonCommand())
	})
	t.Run("what lies elsewhere by its whole path", func(t *testing.T) {
		s := at(filepath.FromSlash("/tongluo"))
		s.Data, s.Config = filepath.FromSlash("/mnt/data"), ""
		require.Equal(t, []string{s.Program, "--data", s.Data, "service", "supervise", "--home", s.Home}, s.logonCommand())
	})
	t.Run("259 letters are started, 260 are not", func(t *testing.T) {
		require.NoError(t, fitsLogon(strings.Repeat("锣", 259)))
		err := fitsLogon(strings.Repeat("锣", 260))
		require.ErrorIs(t, err, ErrTooLong)
		require.ErrorContains(t, err, "要写 260 个字")
		require.ErrorContains(t, err, `移到路径短的文件夹（例如 C:\tongluo）`)
	})
	t.Run("Windows counts rare characters twice", func(t *testing.T) {
		require.ErrorIs(t, fitsLogon(strings.Repeat("𠮷", 130)), ErrTooLong)
	})
}
