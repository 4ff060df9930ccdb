//go:build unix

package ops

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// supervised runs a shell script under a supervisor that does not wait long.
// The script finds its scratch directory in $D.
func supervised(t *testing.T, script string) (s *Supervisor, dir string, runs func() int) {
	t.Helper()
	dir = t.TempDir()
	s = &Supervisor{Final: []int{2, 3}, StopFile: filepath.Join(dir, "stop"), first: 10 * time.Millisecond, every: 10 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	s.Command = func() *exec.Cmd {
		cmd := exec.Command("/bin/sh", "-c", "echo run >> $D/runs; "+script)
		cmd.Env = append(os.Environ(), "D="+dir)
		return cmd
	}
	return s, dir, func() int {
		text, _ := os.ReadFile(filepath.Join(dir, "runs"))
		return strings.Count(string(text), "run\n")
	}
}

func TestSupervisor(t *testing.T) {
	t.Run("a crash is followed by another run, an end by none", func(t *testing.T) {
		s, _, runs := supervised(t, `[ $(wc -l < $D/runs) -ge 3 ] || kill -9 $$`)
		code, err := s.Run(t.Context())
		require.NoError(t, err)
		require.Zero(t, code)
		require.Equal(t, 3, runs())
	})
	t.Run("what a person must mend is not tried again", func(t *testing.T) {
		for _, final := range []string{"2", "3"} {
			s, _, runs := supervised(t, "exit "+final)
			code, err := s.Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, final, string(rune('0'+code)))
			require.Equal(t, 1, runs())
		}
	})
	waits := `trap 'echo ended > $D/ended; exit 0' TERM; echo up > $D/up; while :; do sleep 0.05; done`
	up := func(t *testing.T, dir string) {
		t.Helper()
		require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, "up")); return err == nil }, 10*time.Second, 5*time.Millisecond)
	}
	t.Run("asked to stop, the program is asked, and ends itself", func(t *testing.T) {
		s, dir, runs := supervised(t, waits)
		s.StopFile = StopFileIn(dir)
		done := make(chan error, 1)
		go func() { _, err := s.Run(context.Background()); done <- err }()
		up(t, dir)
		require.NoError(t, AskToStop(dir))
		require.NoError(t, <-done)
		require.FileExists(t, filepath.Join(dir, "ended"))
		require.NoFileExists(t, StopFileIn(dir))
		require.Equal(t, 1, runs())
	})
	t.Run("interrupted, likewise", func(t *testing.T) {
		s, dir, runs := supervised(t, waits)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { _, err := s.Run(ctx); done <- err }()
		up(t, dir)
		cancel()
		require.NoError(t, <-done)
		require.FileExists(t, filepath.Join(dir, "ended"))
		require.Equal(t, 1, runs())
	})
	t.Run("an old wish to stop stops nothing", func(t *testing.T) {
		s, dir, runs := supervised(t, "sleep 0.1")
		s.StopFile = StopFileIn(dir)
		require.NoError(t, AskToStop(dir))
		_, err := s.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, runs())
	})
}
