package ops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"

	"github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"tongluo/store"
)

// ManagerOf: with System a Windows service, which needs an administrator and
// runs without a desktop; otherwise an entry that starts the program when this
// user logs on. The entry needs no rights beyond the user's own, works on the
// user's files, and its window and browser are on the user's desktop, where the
// login code is scanned: what an ordinary office PC wants.
func ManagerOf(s Spec) (Manager, error) {
	if !s.System {
		return logon{s}, nil
	}
	made, err := service.New(idle{}, s.config())
	if err != nil {
		return nil, err
	}
	return library{made, "Windows 服务“铜锣”，开机自动启动（不用登录；登录码在控制台网页上扫）"}, nil
}

// runKey holds what is started at this user's logon.
const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

// logon is the entry of one user.
type logon struct{ spec Spec }

// Install implements Manager; ErrTooLong changes nothing.
func (l logon) Install() error {
	line := windows.ComposeCommandLine(l.spec.logonCommand())
	if err := fitsLogon(line); err != nil {
		return err
	}
	if st, err := l.Status(); err != nil || st.Installed {
		return errors.Join(err, ErrInstalled)
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("open the logon entries: %w", err)
	}
	defer key.Close() //nolint:errcheck // written by then
	return key.SetStringValue(Name, line)
}

// Uninstall implements Manager; what runs is stopped first.
func (l logon) Uninstall() error {
	st, err := l.Status()
	if err != nil {
		return err
	}
	if !st.Installed {
		return ErrNotInstalled
	}
	if st.Running {
		if err := l.Stop(); err != nil {
			return err
		}
	}
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("open the logon entries: %w", err)
	}
	defer key.Close() //nolint:errcheck // written by then
	return key.DeleteValue(Name)
}

// Start implements Manager: as the logon would.
func (l logon) Start() error {
	if st, err := l.Status(); err != nil || !st.Installed {
		return errors.Join(err, ErrNotInstalled)
	}
	line := l.spec.logonCommand()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = l.spec.Home
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_CONSOLE}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return cmd.Process.Release()
}

// Stop implements Manager.
func (l logon) Stop() error { return AskToStop(l.spec.Data) }

// Status implements Manager. Whoever holds the data runs.
func (l logon) Status() (Status, error) {
	var st Status
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err == nil {
		_, _, err = key.GetStringValue(Name)
		st.Installed = err == nil
		_ = key.Close()
	}
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return st, fmt.Errorf("read the logon entries: %w", err)
	}
	if _, err := os.Stat(filepath.Join(l.spec.Data, store.FileName)); errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	release, err := store.Lock(l.spec.Data)
	if errors.Is(err, store.ErrLocked) {
		st.Running = true
		return st, nil
	}
	if err != nil {
		return st, err
	}
	return st, release()
}

// Where implements Manager.
func (l logon) Where() string {
	return "当前用户的登录启动项，您登录 Windows 后自动启动（不用管理员）"
}

// managed is the program under the manager of Windows services.
type managed struct {
	run  func(context.Context) error
	ctx  context.Context
	end  context.CancelFunc
	done chan error
}

func (m *managed) Start(s service.Service) error {
	m.done = make(chan error, 1)
	go func() {
		err := m.run(m.ctx)
		m.done <- err
		if err != nil && m.ctx.Err() == nil { // end at once, so that it is started again
			os.Exit(1)
		}
	}()
	return nil
}

// Stop waits for the message in flight.
func (m *managed) Stop(service.Service) error {
	m.end()
	select {
	case err := <-m.done:
		return err
	case <-time.After(longestStop):
		return errors.New("the program does not stop")
	}
}

// Managed runs the program under the manager of Windows services, if that has started it.
func Managed(ctx context.Context, run func(context.Context) error) (bool, error) {
	if service.Interactive() {
		return false, nil
	}
	inner, end := context.WithCancel(ctx)
	defer end()
	made, err := service.New(&managed{run: run, ctx: inner, end: end}, &service.Config{Name: Name})
	if err != nil {
		return true, err
	}
	return true, made.Run()
}

var (
	kernel                = windows.NewLazySystemDLL("kernel32.dll")
	getConsoleProcessList = kernel.NewProc("GetConsoleProcessList")
	getConsoleWindow      = kernel.NewProc("GetConsoleWindow")
	setExecutionState     = kernel.NewProc("SetThreadExecutionState")
	showWindow            = windows.NewLazySystemDLL("user32.dll").NewProc("ShowWindow")
)

// DoubleClicked reports whether a person started the program by its icon: then
// nobody else is in its console.
func DoubleClicked() bool {
	var ids [2]uint32
	n, _, _ := getConsoleProcessList.Call(uintptr(unsafe.Pointer(&ids[0])), uintptr(len(ids)))
	return n == 1
}

// Browse opens an address in the browser.
func Browse(address string) error {
	return exec.Command("rundll32", "url.dll,FileProtocolHandler", address).Start()
}

// Minimise puts the window of a program that runs by itself out of the way.
func Minimise() {
	const minimised = 6
	if w, _, _ := getConsoleWindow.Call(); w != 0 {
		_, _, _ = showWindow.Call(w, minimised)
	}
}

// ask asks a program to end, as Ctrl+Break does.
func ask(p *os.Process) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}

// apart keeps a Ctrl+C meant for us from the program: we pass it on.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
