package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

type runCmd struct {
	Takeover bool `help:"数据目录是复制来的：从现在起以这份为准（先停掉原来的）"`
	Open     bool `hidden:"" help:"起来以后在浏览器里打开控制台"`
}

// Run serves until it is interrupted, or until the system that started it says so.
func (c *runCmd) Run(a *app) error {
	managed, err := ops.Managed(a.ctx, func(ctx context.Context) error {
		inner := *a
		inner.ctx = ctx
		return c.serve(&inner)
	})
	if managed {
		return err
	}
	return c.serve(a)
}

// serve holds the data directory, puts the rooms together and serves.
func (c *runCmd) serve(a *app) (err error) {
	set, err := a.settings()
	if err != nil {
		return err
	}
	if err := a.makeData(); err != nil {
		return err
	}
	release, err := store.Lock(a.data())
	if err != nil {
		if c.Open && set.Console != "" && errors.Is(err, store.ErrLocked) { // it runs already: look at it
			a.browse(set.Console, slog.Warn)
		}
		return err // it names the holder and says what to do
	}
	defer func() { err = errors.Join(err, release()) }()
	log := slog.New(slog.NewTextHandler(a.err, nil))
	if err = c.work(a, set, log); errors.Is(err, store.ErrCorrupt) && a.ctx.Err() == nil {
		return a.showDamaged(set, log, err)
	}
	return err
}

// work opens the data directory and serves; an error says why it could not begin.
func (c *runCmd) work(a *app, set config.Settings, log *slog.Logger) (err error) {
	db, err := store.Open(a.ctx, a.data(), store.Options{Cal: set.Calendar, Log: log})
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Damaged(); err != nil {
		return err
	}
	if err := a.settle(set, db, c.Takeover, time.Now()); err != nil {
		return err
	}
	d, err := a.newDaemon(set, db, log)
	if err != nil {
		return err
	}
	if err := d.start(a.ctx, time.Now()); err != nil {
		return err
	}
	_ = os.Remove(toldOf(a.data())) // of damage that is mended
	a.greet(set)
	if err := a.openConsole(set, d); err != nil {
		return err
	}
	if c.Open && d.page != nil {
		a.browse(d.page.Addr().String(), log.Warn)
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
	backups, err := a.backups(set)
	if err != nil {
		return nil, err
	}
	d := &daemon{db: db, log: log, woken: make(chan struct{}, 1), note: a.note, backups: backups, time: newTimekeeper(log),
		lease: &accountLease{log: log, where: set.WeChat.Endpoint}}
	var account schedule.Account = schedule.Off{}
	var sender schedule.Sender = silent{}
	if set.WeChat.Enabled {
		desk, err := a.newDesk(set, db, log, d)
		if err != nil {
			return nil, err
		}
		d.desk, account, sender = desk, desk, watched{patient{desk}, &d.watch}
	}
	verbs := schedule.New(db, set.Calendar, set.Office, account, packs{dir: a.packDir(), zone: set.Calendar.Zone()})
	d.office = verbs
	if set.Console != "" {
		d.console = a.newConsole(set, verbs, account, d)
	}
	guard, err := guardOf(d, set.Alerts, verbs, account, log)
	if err != nil {
		return nil, err
	}
	d.guard = guard
	d.clock = runner.New(verbs, db, sender, sound{account, d}, time.Now().UnixNano())
	if d.desk != nil {
		talk := command.New(verbs, command.Settings{TalkIn: set.TalkIn, Ranking: set.Ranking})
		d.talk = &command.Conversation{Desk: d.desk, Talk: talk, Office: verbs, Sender: sender, Rest: d.clock.Rest, Resting: d.clock.Resting}
	}
	return d, nil
}

// newDesk tells the daemon what each login code holds, and asks it who may log in;
// it hears the service's time.
func (a *app) newDesk(set config.Settings, db *store.DB, log *slog.Logger, d *daemon) (*bot.Desk, error) {
	o := set.WeChat
	var desk *bot.Desk
	show := func(code string) {
		d.setCode(code)
		desk.AwaitScan()
		d.wake()
		a.showCode(code)
	}
	key, strange, err := ops.MemberKey(a.ctx, db, time.Now())
	if err != nil {
		return nil, err
	}
	if strange > 0 {
		say, do := ops.LookAgain(strange)
		a.note("%s：%s。", say, do)
	}
	asked := func() {
		desk.AwaitPhone()
		d.wake()
	}
	t, err := wechat.New(wechat.Options{Dir: filepath.Join(a.data(), "session"), Endpoint: o.Endpoint, QR: show, Phone: asked, Pin: d.pinned, Sign: d.sign,
		Log: log, MediaTTL: o.MediaTTL, Key: key, Unpaced: unpaced(set), Date: d.time.hear})
	if errors.Is(err, wechat.ErrEndpoint) {
		return nil, input(err)
	}
	if err != nil {
		return nil, fmt.Errorf("set up WeChat: %w", err)
	}
	// Media are read for one send at a time; the daemon's stop waits for it.
	blobs := func(sha string) ([]byte, error) { return db.Blob(a.ctx, sha) }
	desk = bot.NewDesk(t, blobs, log)
	return desk, nil
}

// unpaced says that an endpoint, which may be sent to without a pace, may be
// asked without one.
func unpaced(set config.Settings) bool {
	return set.WeChat.Endpoint != "" && set.Office.TextPace.Max == 0
}

// showCode puts the login code before the person at the terminal. Where nobody
// watches it goes into a file of the office alone: the code is a credential and
// must not end up in a log.
func (a *app) showCode(url string) {
	if onTerminal(a.err) {
		a.note("请用办公室的微信扫码登录：")
		printCode(a.err, url)
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

// printCode draws a login code on a terminal.
func printCode(w io.Writer, url string) { qrterminal.GenerateHalfBlock(url, qrterminal.L, w) }

// codeFile is where a login code waits for somebody to look at it.
func codeFile(data string) string { return filepath.Join(data, "session", "login.png") }
