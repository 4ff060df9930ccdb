package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/console"
	"tongluo/schedule"
)

type consoleCmd struct {
	Password consolePasswordCmd `cmd:"" help:"换控制台的密码，新密码从标准输入读"`
}

type consolePasswordCmd struct{}

// Run reads one line and makes it the password. Whoever is signed in has to sign
// in again.
func (c *consolePasswordCmd) Run(a *app) error {
	if err := a.makeData(); err != nil {
		return err
	}
	pw, err := a.readPassword(os.Stdin)
	if err != nil {
		return err
	}
	if err := console.CheckPassword(pw); err != nil {
		return input(err)
	}
	if err := console.SetPassword(a.data(), pw); err != nil {
		return err
	}
	a.say("控制台的密码已经换了，请重新登录。")
	return nil
}

// readPassword reads a line; what is typed at a terminal is not shown.
func (a *app) readPassword(in *os.File) (string, error) {
	if term.IsTerminal(int(in.Fd())) {
		a.note("新密码（打字时不显示，至少 8 个字），回车结束：")
		text, err := term.ReadPassword(int(in.Fd()))
		if err != nil {
			return "", fmt.Errorf("read the new password: %w", err)
		}
		return string(text), nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the new password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// newConsole prepares the page over the daemon's own verbs and account.
func (a *app) newConsole(set config.Settings, verbs *schedule.Office, account schedule.Account, d *daemon) *console.Console {
	packs := a.packDir()
	if whole, err := filepath.Abs(packs); err == nil {
		packs = whole
	}
	return console.New(console.Options{Name: set.Name, Office: verbs, Account: account, Code: d.loginCode, Data: a.data(),
		Packs: packs, Now: func() time.Time { return time.Now().Round(0) }, Log: d.log})
}

// openConsole opens the page's address and says where it is. An address that is
// taken keeps nothing from being sent: the daemon goes on without the page.
func (a *app) openConsole(set config.Settings, d *daemon) error {
	if d.console == nil {
		return nil
	}
	var err error
	if d.page, err = console.Listen(a.ctx, set.Console); err != nil {
		d.page = nil
		d.log.Warn("no console", "err", err)
		a.note("控制台没有开成：%s 可能被别的程序占用。请在 config.toml 的 [console] 里换一个端口，再重新启动；发送不受影响。", set.Console)
		return nil
	}
	a.note("控制台：在这台电脑的浏览器里打开 http://%s", d.page.Addr())
	return a.firstPassword()
}

// firstPassword makes up the first password and shows it once, to a person only:
// where nobody watches it would end up in a log.
func (a *app) firstPassword() error {
	set, err := console.HasPassword(a.data())
	if err != nil || set {
		return err
	}
	if !onTerminal(a.err) {
		a.note("控制台还没有密码，请运行 tongluo console password 设一个。")
		return nil
	}
	pw, err := console.FirstPassword(a.data())
	if err != nil {
		return err
	}
	a.note("控制台的密码：%s　只显示这一次，请记下。换密码：tongluo console password", pw)
	return nil
}

// serveConsole serves the page until ctx is done.
func (d *daemon) serveConsole(ctx context.Context) {
	if err := d.console.Serve(ctx, d.page); err != nil {
		d.log.Error("the console has stopped; sending goes on", "err", err)
	}
}
