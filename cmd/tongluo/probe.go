package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"tongluo/bot"
	"tongluo/bot/wechat"
	"tongluo/cmd/tongluo/config"
	"tongluo/schedule"
	"tongluo/store"
)

type probeCmd struct {
	SayToSelf    bool          `arg:"--say-to-self" help:"同意给这个微信号自己的“文件传输助手”发三条测试消息"`
	SayIn        string        `arg:"--say-in" help:"同意在这一个群里发一两条测试消息（写微信里的群名，只能一个）" placeholder:"GROUP"`
	UntilRemoved bool          `arg:"--until-removed" help:"等人把机器人移出这个群，再发一条，看微信怎么回（要先写 --say-in）"`
	Stay         time.Duration `default:"2m" help:"登录后听多久；要知道能不能撑过一天，写 25h" placeholder:"TIME"`
	Out          string        `help:"报告写到哪（默认 data/reports/probe-时间.json）" placeholder:"FILE"`
	output
}

const (
	// probeGap keeps a real account's pace between two test messages.
	probeGap = 8 * time.Second
	// probePatience is how long an echo may take, and a person to open a phone.
	probePatience, probeRemoval = 30 * time.Second, 5 * time.Minute
)

// Run logs the account in, so it holds the data directory as run does: one
// account, one process.
func (c *probeCmd) Run(a *app) (err error) {
	set, err := a.settings()
	if err != nil {
		return err
	}
	switch {
	case !set.WeChat.Enabled:
		return inputf("微信没有启用：请在 config.toml 的 [wechat] 里写 enabled = true，再摸底")
	case c.UntilRemoved && c.SayIn == "":
		return inputf("--until-removed 要和 --say-in 群名 一起写")
	case c.Stay < 0:
		return inputf("--stay 要写正的时间，例如 2m（两分钟）、25h（一天多）")
	}
	if err := a.makeData(); err != nil {
		return err
	}
	release, err := store.Lock(a.data())
	if err != nil {
		return err // it names the holder and says what to do
	}
	defer func() { err = errors.Join(err, release()) }()
	return a.with(func(o *office) error { return c.probe(a, o, set) })
}

// mayProbe says why there is to be no probe: the data are a copy whose original
// may be logged in, the account is stopped, or a message would break a pause.
func (c *probeCmd) mayProbe(a *app, o *office) error {
	if err := o.store.Here(a.ctx); err != nil {
		return err
	}
	stop, stopped, err := o.AccountStopped(a.ctx)
	if err != nil {
		return err
	}
	if stopped {
		return fmt.Errorf("账号停着，没有摸底：%s", stop.Why)
	}
	halted, _, err := o.store.Halted(a.ctx)
	if err != nil {
		return err
	}
	pauses, err := schedule.ReadPauses(a.ctx, o.store)
	if err != nil {
		return err
	}
	switch says := c.SayToSelf || c.SayIn != ""; {
	case says && halted:
		return errors.New("停发中，一条测试消息也不发。恢复以后再试，或者去掉 --say-to-self 和 --say-in")
	case says && time.Now().Before(pauses.Rest.Until):
		return fmt.Errorf("微信提示过操作过于频繁，账号休息到 %s，一条测试消息也不发。到时再试，或者去掉 --say-to-self 和 --say-in", o.dayTime(pauses.Rest.Until))
	}
	return nil
}

func (c *probeCmd) probe(a *app, o *office, set config.Settings) error {
	if err := c.mayProbe(a, o); err != nil {
		return err
	}
	pin, err := o.AccountPin(a.ctx)
	if err != nil {
		return err
	}
	t, err := wechat.New(wechat.Options{Dir: filepath.Join(a.data(), "session"), Endpoint: set.WeChat.Endpoint, QR: a.showCode,
		Pin: func() string { return pin }, Log: slog.New(slog.NewTextHandler(a.err, nil)),
		Phone: func() { a.note("手机上会弹出登录确认，请在手机上点“登录”。") }, Unpaced: unpaced(set)})
	if err != nil {
		return fmt.Errorf("set up WeChat: %w", err)
	}
	p := wechat.Probe{SelfToo: c.SayToSelf, Group: c.SayIn, Stay: c.Stay, Gap: probeGap,
		Patient: probePatience, Tell: func(line string) { a.note("%s", line) }}
	if c.UntilRemoved {
		p.Removal = probeRemoval
	}
	if unpaced(set) {
		p.Gap, p.Patient = 0, time.Second
	}
	found, err := t.Probe(a.ctx, p)
	if e := os.Remove(codeFile(a.data())); e != nil && !errors.Is(e, fs.ErrNotExist) {
		a.note("登录码还在磁盘上，请删掉 %s。", codeFile(a.data()))
	}
	if why := bot.Stops(err); why != "" {
		if e := o.StopAccountFor(a.ctx, why, time.Now()); e != nil {
			return errors.Join(err, e)
		}
		a.note("%s", why)
	}
	if errors.Is(err, wechat.ErrNoGroup) {
		return inputf("这个微信号看不到叫“%s”的群，或者不止一个，什么都没有发。请照微信里的群名写", c.SayIn)
	}
	if found.Login.Way == "" { // nothing was learned
		return err
	}
	return errors.Join(err, c.report(a, found))
}

// report writes the file, and the findings in ten lines.
func (c *probeCmd) report(a *app, f wechat.Findings) error {
	out := c.Out
	if out == "" {
		out = filepath.Join(a.data(), "reports", "probe-"+f.At.Format("20060102-150405")+".json")
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	if err := os.WriteFile(out, append(data, '\n'), 0o600); err != nil {
		return inputf("写不进“%s”，请换一个文件：%w", out, err)
	}
	if c.JSON {
		return a.document(f)
	}
	for i, line := range sayFindings(f) {
		a.say("%d. %s", i+1, line)
	}
	a.say("报告在 %s，里面没有姓名、群名、消息和密钥，可以发给开发者。", out)
	return nil
}

// sayFindings are the ten answers in the order of the questions.
func sayFindings(f wechat.Findings) []string {
	way := map[string]string{"hot": "接着上次的登录", "phone": "手机点确认", "code": "扫码"}[f.Login.Way]
	alive := "到结束还在线"
	if !f.Login.StillHere {
		alive = fmt.Sprintf("中途断了（代码 %d）", f.Login.Ret)
	}
	again := func(c wechat.Compared) string {
		if c.Before == 0 {
			return "没有可比的"
		}
		return fmt.Sprintf("%d 个里 %d 个没变", c.Before, c.Again)
	}
	return []string{
		fmt.Sprintf("登录：%s，用了 %.0f 秒，撑了 %.0f 秒，%s。", way, f.Login.Seconds, f.Login.Stayed, alive),
		fmt.Sprintf("永久编号：手机给了 %d 份名单，对上 %d 个，其中群 %d 个；拿来当收件人：%s。", f.Stable.Lists, f.Stable.Pairs, f.Stable.Rooms, sayAnswer(f.Stable.Target)),
		fmt.Sprintf("同一编号发两次：第一次%s，第二次%s；消息号相同：%s；回到自己这里 %d 次。", sayAnswer(f.Dedupe.First), sayAnswer(f.Dedupe.Second), yes(f.Dedupe.SameID), f.Dedupe.Echoes),
		fmt.Sprintf("自己发的会不会回来：%s，回来了：%s。", sayAnswer(f.Echo.Sent), yes(f.Echo.Echoed)),
		fmt.Sprintf("被移出群以后再发：%s。", sayAnswer(f.Removed)),
		fmt.Sprintf("回复里带不带编号：%d 次回复，%d 次带，%d 次是我们的。", f.LocalID.Answers, f.LocalID.Present, f.LocalID.Equal),
		fmt.Sprintf("频率上限：不去试（试到就是被限），这次发 %d 条，被说过于频繁 %d 次。", f.Limits.Texts, f.Limits.TooMany),
		fmt.Sprintf("好友备注：%d 个好友，%d 个有备注；上次摸底的 %d 个备注里 %d 个还在。", f.Remarks.Friends, f.Remarks.Remarks, f.Remarks.Before, f.Remarks.Again),
		fmt.Sprintf("群标识：马上再登录，%s；和上次摸底比，%s。", again(f.Handles.Hot), again(f.Handles.Last)),
		fmt.Sprintf("看得到的群：%d 个，最大的 %d 人。", f.Groups.Visible, f.Groups.Largest),
	}
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

func sayAnswer(a wechat.Answer) string {
	switch {
	case !a.Asked:
		return "没有试"
	case a.Why != "":
		return "没有答复"
	case a.Ret == 0 && a.HasID:
		return "收了"
	}
	return fmt.Sprintf("没收（代码 %d）", a.Ret)
}
