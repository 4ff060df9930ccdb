package ops

import (
	"errors"
	"fmt"
	"path/filepath"
	"unicode/utf16"

	"github.com/kardianos/service"
)

// Name is what the system calls us.
const Name = "tongluo"

// Errors of a Manager. Their text is for the person at the PC.
var (
	ErrInstalled    = errors.New("已经装过了；要改路径请先 tongluo service uninstall")
	ErrNotInstalled = errors.New("还没有安装成开机自动启动，请先 tongluo service install")
	ErrTooLong      = errors.New("路径太长")
	ErrNoManager    = errors.New("这个系统没有能用的服务管理（Linux 要有 systemd），请自己设成开机运行 tongluo run")
)

// Spec is what is to be started with the PC.
type Spec struct {
	Program string // the program, absolute
	Home    string // the directory it works in, absolute
	Data    string // the data directory, absolute
	Config  string // the settings file, absolute; "" for the defaults
	// System is for the whole PC, before anybody logs on: needs an
	// administrator. Otherwise it is started when this user logs on.
	System bool
}

// Status of a program that is started with the PC.
type Status struct {
	Installed, Running bool
}

// Manager starts the program with the PC.
type Manager interface {
	Install() error   // ErrInstalled, ErrTooLong
	Uninstall() error // ErrNotInstalled
	Start() error     // ErrNotInstalled
	Stop() error      // lets the message in flight end
	Status() (Status, error)
	// Where says in Chinese what Install has put where.
	Where() string
}

// arguments are those of a command of ours in that place.
func (s Spec) arguments(command ...string) []string {
	args := []string{"--data", s.Data}
	if s.Config != "" {
		args = append(args, "--config", s.Config)
	}
	return append(args, command...)
}

// logonCommand is what is started when this user logs on. What lies in Home is
// named from there, to which it goes first: the line must be short.
func (s Spec) logonCommand() []string {
	inside := s
	for _, p := range []*string{&inside.Data, &inside.Config} {
		if rel, err := filepath.Rel(s.Home, *p); err == nil && *p != "" && filepath.IsLocal(rel) {
			*p = rel
		}
	}
	return append([]string{s.Program}, inside.arguments("service", "supervise", "--home", s.Home)...)
}

// longestLogon is how long a line Windows starts at a logon, in its own letters,
// with one for the end; a longer one it passes over without a word.
const longestLogon = 260

// fitsLogon refuses a line that Windows would not start: ErrTooLong.
func fitsLogon(line string) error {
	if n := len(utf16.Encode([]rune(line))); n >= longestLogon {
		return fmt.Errorf("%w：登录启动项要写 %d 个字，Windows 只认 %d 个，装了也不会启动。请把程序、数据目录和设置文件一起移到路径短的文件夹（例如 C:\\tongluo），在那里再运行 tongluo service install",
			ErrTooLong, n, longestLogon-1)
	}
	return nil
}

// description is what the system shows of us.
const description = "铜锣：按方案把反诈宣传按时发到每个群"

// config is the spec in the words of the library.
func (s Spec) config() *service.Config {
	return &service.Config{
		Name: Name, DisplayName: "铜锣", Description: description,
		Executable: s.Program, Arguments: s.arguments("run"), WorkingDirectory: s.Home,
		Option: service.KeyValue{
			"UserService":   !s.System,
			"SystemdScript": unit(s.System),
			// Windows: start again ten seconds after a crash.
			"OnFailure": "restart", "OnFailureDelayDuration": "10s", "OnFailureResetPeriod": 3600,
			"DelayedAutoStart": true, // the network first
		},
	}
}

// unit is the systemd unit, as a template of the library. What a person must
// mend (2: the settings, 3: another one runs, or the data are a copy) is not
// tried again and again; a crash is.
func unit(system bool) string {
	target := "default.target"
	if system {
		target = "multi-user.target"
	}
	return `[Unit]
Description={{Description}}
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={{Path | cmdEscape}}{{range Arguments}} {{. | cmd}}{{end}}
WorkingDirectory={{WorkingDirectory | cmdEscape}}
UMask=0077
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2 3
KillMode=mixed
TimeoutStopSec=60

[Install]
WantedBy=` + target + `
`
}

// Absolute completes a spec that names places relative to the present directory.
func (s Spec) Absolute() (Spec, error) {
	var err error
	for _, p := range []*string{&s.Program, &s.Home, &s.Data, &s.Config} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return s, err
		}
	}
	return s, nil
}

// idle is the program as the library wants it, for when it is only installed.
type idle struct{}

func (idle) Start(service.Service) error { return nil }
func (idle) Stop(service.Service) error  { return nil }

// library is a Manager over the library.
type library struct {
	service.Service
	where string
}

// Install implements Manager.
func (l library) Install() error {
	if st, err := l.Status(); err == nil && st.Installed {
		return ErrInstalled
	}
	return l.Service.Install()
}

// Uninstall implements Manager; what runs is stopped first.
func (l library) Uninstall() error {
	st, err := l.Status()
	if err != nil {
		return err
	}
	if !st.Installed {
		return ErrNotInstalled
	}
	if st.Running {
		if err := l.Service.Stop(); err != nil {
			return err
		}
	}
	return l.Service.Uninstall()
}

// Start implements Manager.
func (l library) Start() error {
	if st, err := l.Status(); err == nil && !st.Installed {
		return ErrNotInstalled
	}
	return l.Service.Start()
}

// Status implements Manager. A service that failed is installed.
func (l library) Status() (Status, error) {
	st, err := l.Service.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return Status{}, nil
	case st == service.StatusRunning:
		return Status{Installed: true, Running: true}, nil
	case st == service.StatusStopped, err != nil && err.Error() == "service in failed state":
		return Status{Installed: true}, nil
	}
	return Status{}, err
}

// Where implements Manager.
func (l library) Where() string { return l.where }
