package ops

import (
	"fmt"
	"io"
	"os/exec"
)

// grip is a program that holds logind's inhibitor until its input ends, which it
// does with us, however we end.
type grip struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// hold takes the inhibitor. Where there is no systemd nothing sends the PC to
// sleep that we know how to stop.
func (a *Awake) hold() error {
	path, err := exec.LookPath("systemd-inhibit")
	if err != nil {
		return nil //nolint:nilerr // nothing to hold
	}
	cmd := exec.Command(path, inhibition()...)
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("keep the PC awake: %w", err)
	}
	a.grip = grip{cmd, in}
	return nil
}

func inhibition() []string {
	return []string{"--what=sleep:idle", "--who=tongluo", "--why=sending", "--mode=block", "cat"}
}

func (a *Awake) release() error {
	if a.grip.cmd == nil {
		return nil
	}
	err := a.grip.in.Close()
	_ = a.grip.cmd.Wait() // refused by logind: then there was nothing to let go
	a.grip = grip{}
	return err
}
