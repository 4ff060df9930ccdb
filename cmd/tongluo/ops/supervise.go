package ops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	// The pause before the program is started again doubles from first to
	// longest; one that ran for long starts anew at first.
	firstRest, longestRest, longRun = 5 * time.Second, 5 * time.Minute, 10 * time.Minute
	longestStop                     = 60 * time.Second // a message in flight has 40 s
	askEvery                        = time.Second
)

// Supervisor starts a program again when it ends by itself, where the system
// does not: a fault in a library may end it at any time.
type Supervisor struct {
	Command func() *exec.Cmd
	// Final are the exit codes after which a person must do something first.
	Final []int
	// StopFile is looked for; when it is there, it is removed and the program ended.
	StopFile string
	Log      *slog.Logger

	first, every time.Duration // for tests; 0 is the usual
}

// Run keeps the program running until ctx is done, it is asked to stop, it ends
// well, or with a final exit code, which it returns.
func (s *Supervisor) Run(ctx context.Context) (code int, err error) {
	if s.first == 0 {
		s.first, s.every = firstRest, askEvery
	}
	if err := os.Remove(s.StopFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("forget an old wish to stop: %w", err)
	}
	pause := s.first
	for {
		began := time.Now()
		code, stopped, err := s.once(ctx)
		if err != nil || stopped || code == 0 || slices.Contains(s.Final, code) {
			return code, err
		}
		if time.Since(began) > longRun {
			pause = s.first
		}
		s.Log.Error("the program has ended by itself", "code", code, "again_in", pause)
		if !s.rest(ctx, pause) {
			return code, nil
		}
		pause = min(2*pause, longestRest)
	}
}

// once runs the program one time. stopped: somebody wanted it to end.
func (s *Supervisor) once(ctx context.Context) (code int, stopped bool, err error) {
	cmd := s.Command()
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return 0, false, fmt.Errorf("start the program: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	var giveUp <-chan time.Time
	end := func() {
		if !stopped {
			stopped, giveUp = true, time.After(longestStop)
			if err := ask(cmd.Process); err != nil {
				s.Log.Warn("ask the program to end", "err", err)
			}
		}
	}
	done := ctx.Done()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, stopped, fmt.Errorf("wait for the program: %w", err)
			}
			return cmd.ProcessState.ExitCode(), stopped, nil
		case <-done:
			done = nil
			end()
		case <-tick.C:
			if s.wanted() {
				end()
			}
		case <-giveUp:
			_ = cmd.Process.Kill()
		}
	}
}

// wanted reports whether somebody wants the program to end, once.
func (s *Supervisor) wanted() bool { return s.StopFile != "" && os.Remove(s.StopFile) == nil }

// rest waits; false: there is no need to go on.
func (s *Supervisor) rest(ctx context.Context, d time.Duration) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-over.C:
			return true
		case <-tick.C:
			if s.wanted() {
				return false
			}
		}
	}
}

// StopFileIn is where a supervisor looks whether it is to stop.
func StopFileIn(data string) string { return filepath.Join(data, "tongluo.stop") }

// AskToStop asks the supervisor of a data directory to end its program.
func AskToStop(data string) error {
	if err := os.WriteFile(StopFileIn(data), nil, 0o600); err != nil {
		return fmt.Errorf("ask to stop: %w", err)
	}
	return nil
}
