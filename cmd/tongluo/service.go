package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	"tongluo/cmd/tongluo/ops"
)

type serviceCmd struct {
	Install   serviceInstallCmd   `cmd:"" help:"安装成开机自动启动"`
	Uninstall serviceUninstallCmd `cmd:"" help:"取消开机自动启动"`
	Status    serviceStatusCmd    `cmd:"" help:"装了没有，在不在运行"`
	Start     serviceStartCmd     `cmd:"" help:"现在就在后台启动"`
	Stop      serviceStopCmd      `cmd:"" help:"停下后台的铜锣（正在发的一条发完才停）"`
	Supervise serviceSuperviseCmd `cmd:"" hidden:"" help:"登录启动项用：运行，意外退出就再启动"`
}

// forWhom is shared by the commands about being started with the PC.
type forWhom struct {
	System bool `help:"给整台电脑装（不登录也运行，要管理员权限）；不写就只给当前用户，登录后启动"`
}

// manager starts this very program, with this data directory and settings.
func (a *app) manager(w forWhom) (ops.Manager, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	home, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	spec := ops.Spec{Program: program, Home: home, Data: a.data(), Config: a.place.Config, System: w.System}
	if spec.Config == "" { // also later, whatever directory the system starts it in
		if _, err := os.Stat(defaultConfig); err == nil {
			spec.Config = defaultConfig
		}
	}
	if spec, err = spec.Absolute(); err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	m, err := ops.ManagerOf(spec)
	return m, managing(err)
}

// managing marks what the person at the keyboard can mend.
func managing(err error) error {
	switch {
	case errors.Is(err, ops.ErrInstalled), errors.Is(err, ops.ErrNotInstalled), errors.Is(err, ops.ErrNoManager), errors.Is(err, ops.ErrTooLong):
		return input(err)
	case errors.Is(err, fs.ErrPermission):
		return inputf("没有权限：给整台电脑装（--system）要用管理员运行；不写 --system 就只给当前用户装（%w）", err)
	}
	return err
}

type serviceInstallCmd struct{ forWhom }

// Run installs it, after the settings have been read: a mistake in them would
// show only at the next start.
func (c *serviceInstallCmd) Run(a *app) error {
	if _, err := a.settings(); err != nil {
		return err
	}
	if err := a.makeData(); err != nil {
		return err
	}
	m, err := a.manager(c.forWhom)
	if err != nil {
		return err
	}
	if err := m.Install(); err != nil {
		return managing(err)
	}
	a.say("已装好：%s。", m.Where())
	a.say("现在就启动：tongluo service start；不要了：tongluo service uninstall。")
	return nil
}

type serviceUninstallCmd struct{ forWhom }

// Run stops what runs and takes the entry out. The data stay.
func (c *serviceUninstallCmd) Run(a *app) error {
	m, err := a.manager(c.forWhom)
	if err == nil {
		err = managing(m.Uninstall())
	}
	if err != nil {
		return err
	}
	a.say("已取消开机自动启动。数据都还在。")
	return nil
}

type serviceStatusCmd struct {
	forWhom
	output
}

// Run says whether it is installed and whether it runs.
func (c *serviceStatusCmd) Run(a *app) error {
	m, err := a.manager(c.forWhom)
	if err != nil {
		return err
	}
	st, err := m.Status()
	if err != nil {
		return fmt.Errorf("ask for the service: %w", err)
	}
	if c.JSON {
		return a.document(struct {
			Installed bool `json:"installed"`
			Running   bool `json:"running"`
		}{st.Installed, st.Running})
	}
	switch {
	case !st.Installed:
		a.say("没有装成开机自动启动。要装：tongluo service install。")
	case st.Running:
		a.say("装好了，正在运行（%s）。", m.Where())
	default:
		a.say("装好了，现在没有运行（%s）。启动：tongluo service start。", m.Where())
	}
	return nil
}

type serviceStartCmd struct{ forWhom }

// Run starts it in the background.
func (c *serviceStartCmd) Run(a *app) error {
	m, err := a.manager(c.forWhom)
	if err == nil {
		err = managing(m.Start())
	}
	if err != nil {
		return err
	}
	a.say("已在后台启动。看它在做什么：tongluo queue，或打开控制台网页。")
	return nil
}

type serviceStopCmd struct{ forWhom }

// Run stops what runs in the background.
func (c *serviceStopCmd) Run(a *app) error {
	m, err := a.manager(c.forWhom)
	if err == nil {
		err = managing(m.Stop())
	}
	if err != nil {
		return err
	}
	a.say("已叫它停下：正在发的一条发完就停（最多 40 秒）。")
	return nil
}

type serviceSuperviseCmd struct {
	Home string `help:"在哪个目录里运行" placeholder:"DIR"`
}

// Run is what a logon entry starts: the daemon, again and again.
func (c *serviceSuperviseCmd) Run(a *app) error {
	if c.Home != "" {
		if err := os.Chdir(c.Home); err != nil {
			return opened(c.Home, err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	if err := a.makeData(); err != nil {
		return err
	}
	args := []string{"--data", a.data()}
	if a.place.Config != "" {
		args = append(args, "--config", a.place.Config)
	}
	ops.Minimise()
	s := ops.Supervisor{Final: []int{exitInput, exitLocked}, StopFile: ops.StopFileIn(a.data()), Log: slog.New(slog.NewTextHandler(a.err, nil))}
	s.Command = func() *exec.Cmd {
		cmd := exec.Command(program, append(args, "run")...)
		cmd.Stdout, cmd.Stderr = a.out, a.err
		return cmd
	}
	code, err := s.Run(a.ctx)
	if err != nil {
		return err
	}
	if code != exitDone {
		return childEnded(code)
	}
	return nil
}

// childEnded is the exit code of the program that was kept running, which has
// said why itself.
type childEnded int

// Error implements error.
func (c childEnded) Error() string {
	return fmt.Sprintf("铜锣已退出（%d），原因见上面", int(c))
}

// browse opens the console in the browser of a person who started the program by
// its icon.
func (a *app) browse(address string, log func(msg string, args ...any)) {
	if err := ops.Browse("http://" + address); err != nil {
		log("open the browser", "err", err)
	}
}

// besideProgram goes to where the program lies: that is where a person who
// starts it by its icon has put the settings.
func besideProgram() {
	if program, err := os.Executable(); err == nil {
		_ = os.Chdir(filepath.Dir(program)) // otherwise wherever we are will do
	}
}
