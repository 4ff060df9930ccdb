package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/mdp/qrterminal/v3"
	"rsc.io/qr"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/bot/wechat"
	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

type runCmd struct{}

// Run holds the data directory, puts the rooms together and serves until it is
// interrupted.
func (c *runCmd) Run(a *app) (err error) {
	set, err := a.settings()
	if err != nil {
		return err
	}
	if err := a.makeData(); err != nil {
		return err
	}
	release, err := store.Lock(a.data())
	if err != nil {
		return err // it names the holder and says what to do
	}
	defer func() { err = errors.Join(err, release()) }()
	log := slog.New(slog.NewTextHandler(a.err, nil))
	db, err := store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar, Log: log})
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d, err := a.newDaemon(set, db, log)
	if err != nil {
		return err
	}
	if err := d.start(a.ctx, time.Now()); err != nil {
		return err
	}
	a.greet(set)
	if err := a.openConsole(set, d); err != nil {
		return err
	}
	d.serve(a.ctx)
	return nil
}

// greet says what this run will and will not do.
func (a *app) greet(set config.Settings) {
	switch {
	case !set.WeChat.Enabled:
		a.note("微信没有启用（config.toml 里 [wechat] enabled = false）：全部走转发包，到点放在 %s。", a.packDir())
	case set.WeChat.Endpoint != "":
		a.note("连接本机的模拟微信 %s，不会发到真的群里。", set.WeChat.Endpoint)
	default:
		a.note("正在登录微信，请准备扫码。登录不上时，到点会把转发包放在 %s。", a.packDir())
	}
	if roads, err := roadsOf(set.Alerts); err == nil && len(roads) == 0 && set.Alerts.Heartbeat == "" {
		a.note("告警一条路也没有写，掉线了没有人知道；写法见 config.example.toml 的 [alerts]。")
	}
	a.note("铜锣已启动，Ctrl+C 停止。")
}

// newDaemon puts the rooms together; with WeChat off there is no desk.
func (a *app) newDaemon(set config.Settings, db *store.DB, log *slog.Logger) (*daemon, error) {
	d := &daemon{db: db, log: log, woken: make(chan struct{}, 1)}
	var account schedule.Account = schedule.Off{}
	var sender schedule.Sender = silent{}
	if set.WeChat.Enabled {
		desk, err := a.newDesk(set.WeChat, db, log, d.setCode)
		if err != nil {
			return nil, err
		}
		d.desk, account, sender = desk, desk, patient{desk}
	}
	verbs := schedule.New(db, set.Calendar, set.Office, account, packs{dir: a.packDir(), zone: set.Calendar.Zone()})
	if set.Console != "" {
		d.console = a.newConsole(set, verbs, account, d)
	}
	guard, err := guardOf(d, set.Alerts, verbs, account, log)
	if err != nil {
		return nil, err
	}
	d.guard = guard
	d.clock = runner.New(verbs, db, sender, account, time.Now().UnixNano())
	if d.desk != nil {
		talk := command.New(verbs, command.Settings{TalkIn: set.TalkIn, Ranking: set.Ranking})
		if err := talk.Ready(); err != nil {
			return nil, fmt.Errorf("prepare answers: %w", err)
		}
		d.talk = &command.Conversation{Desk: d.desk, Talk: talk, Office: verbs, Sender: sender, Rest: d.clock.Rest}
	}
	return d, nil
}

// newDesk tells keep what each login code holds.
func (a *app) newDesk(o config.WeChatOptions, db *store.DB, log *slog.Logger, keep func(code string)) (*bot.Desk, error) {
	show := func(code string) {
		keep(code)
		a.showCode(code)
	}
	t, err := wechat.New(wechat.Options{Dir: filepath.Join(a.data(), "session"), Endpoint: o.Endpoint, QR: show, Log: log, MediaTTL: o.MediaTTL})
	if errors.Is(err, wechat.ErrEndpoint) {
		return nil, input(err)
	}
	if err != nil {
		return nil, fmt.Errorf("set up WeChat: %w", err)
	}
	// Media are read for one send at a time; the daemon's stop waits for it.
	blobs := func(sha string) ([]byte, error) { return db.Blob(a.ctx, sha) }
	return bot.NewDesk(t, blobs, log), nil
}

// showCode puts the login code before the person at the terminal. Where nobody
// watches it goes into a file of the office alone: the code is a credential and
// must not end up in a log.
func (a *app) showCode(url string) {
	if onTerminal(a.err) {
		a.note("请用办公室的微信扫码登录：")
		qrterminal.GenerateHalfBlock(url, qrterminal.L, a.err)
		return
	}
	file := codeFile(a.data())
	code, err := qr.Encode(url, qr.L)
	if err == nil {
		err = os.WriteFile(file, code.PNG(), 0o600)
	}
	if err != nil {
		a.note("登录码存不下来：%v", err)
		return
	}
	a.note("请用办公室的微信扫码登录，登录码在 %s。", file)
}

// codeFile is where a login code waits for somebody to look at it.
func codeFile(data string) string { return filepath.Join(data, "session", "login.png") }
