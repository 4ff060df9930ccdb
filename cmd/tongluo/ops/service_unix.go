//go:build unix

package ops

import (
	"os"
	"os/exec"
	"syscall"
)

func hasSystemd() bool {
	_, err := exec.LookPath("systemctl")
	return err == nil
}

// ask asks a program to end.
func ask(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// apart keeps a Ctrl+C meant for us from the program: we pass it on.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// DoubleClicked reports whether a person started the program by its icon; only
// Windows tells.
func DoubleClicked() bool { return false }

// Browse opens an address in the browser; only on Windows, where the office
// has a desktop.
func Browse(string) error { return nil }

// Minimise puts the window of a program that runs by itself out of the way.
func Minimise() {}
