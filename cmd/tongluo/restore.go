package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// errAudit: what was found has been said.
var errAudit = errors.New("日志有改动，见上")

type restoreCmd struct {
	File string `arg:"positional,required" help:"备份文件（.db 或 .db.age）" placeholder:"FILE"`
	Key  string `help:"加密备份的钥匙：装口令或 AGE-SECRET-KEY 的文件（默认是 config.toml 里 [backup] 的 passphrase_file）" placeholder:"FILE"`
	writes
}

// Run puts a backup in the ledger's place while no daemon runs.
func (c *restoreCmd) Run(a *app) (err error) {
	set, err := a.settings()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.File); err != nil {
		return opened(c.File, err)
	}
	if err := a.makeData(); err != nil {
		return err
	}
	release, err := store.Lock(a.data())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	r := ops.Restoring{Data: a.data(), File: c.File, Key: cmp.Or(c.Key, set.Backup.PassphraseFile), Actor: roster.Operator(a.by), Cal: set.Calendar, Settings: set.Office, Account: set.WeChat.Enabled,
		Tell: func(of store.Owner, unsure bool) { a.tellWhose(of, unsure, set) }}
	began := time.Now()
	done, err := r.Restore(a.ctx, began)
	var other ops.OtherOffice
	switch {
	case errors.As(err, &other):
		return inputf("不是同一个办公室，没有恢复，什么也没有动：这里的数据是%s。\n拿错了文件就换一份。真要在这台电脑上用那一份，请另起一个数据目录：tongluo --data 新目录 restore %s",
			whose(other.Here, set), c.File)
	case errors.Is(err, ops.ErrKey):
		return input(err)
	case errors.Is(err, store.ErrCorrupt):
		return inputf("这份备份坏了，没有动现在的数据，请换一份（%w）", err)
	case err != nil:
		return err
	}
	if c.JSON {
		done.Office.Units = list(done.Office.Units)
		return a.document(done)
	}
	a.sayRestored(done, set)
	return nil
}

// tellWhose says whose a backup is before it takes the ledger's place.
func (a *app) tellWhose(of store.Owner, unsure bool, set config.Settings) {
	a.note("这份备份是%s。", whose(of, set))
	if unsure {
		a.note("现在的数据库读不出来，没法核对是不是同一个办公室的。若不是：恢复完不要启动，把对的那份恢复到新的数据目录：tongluo --data 新目录 restore 备份文件")
	}
}

// whose names the office of a ledger.
func whose(o store.Owner, set config.Settings) string {
	name := "还没有花名册的办公室的"
	if !o.Nobody() {
		const most = 3
		name = "“" + strings.Join(o.Units[:min(most, len(o.Units))], "、") + "”"
		if n := len(o.Units); n > most {
			name += fmt.Sprintf("等 %d 个单位", n)
		}
		name += "的"
	}
	last := "什么也没有记过"
	if !o.Last.IsZero() {
		last = "最后记到 " + o.Last.In(set.Calendar.Zone()).Format("2006-01-02 15:04")
	}
	return fmt.Sprintf("%s（%d 个群，%s）", name, o.Groups, last)
}

// sayRestored tells what is lost and what to do, in the order of doing.
func (a *app) sayRestored(d ops.Done, set config.Settings) {
	at := func(t time.Time) string { return t.In(set.Calendar.Zone()).Format("2006-01-02 15:04") }
	a.say("已从备份恢复（第 %d 次）。原来的数据库留在 %s，没有删。", d.Epoch, d.Aside)
	from := "一开始"
	if !d.From.IsZero() {
		from = at(d.From)
	}
	a.say("%s 到 %s 之间的记录没有了：这段时间里说过的已转、转不了、见到、确认、免考核、审批、补录，都要再说一遍。", from, at(d.To))
	a.say("可能已经发出的 %d 条记为未确定（其中备份以后才排的 %d 条），不会再发；还没发的 %d 条暂缓，等人放行；私信 %d 条不再重发。",
		d.Uncertain, d.Unknown, d.Held, d.Private)
	if d.Asked > 0 {
		a.say("%d 张没办完的转发单会再轻声问一次；问到以前，不算任何村拖延。", d.Asked)
	}
	if d.Missing > 0 {
		a.say("备份里有 %d 个图片或文件读不出来，用到它们的推送发不了，请重新导入素材。", d.Missing)
	}
	if d.Strange > 0 {
		say, do := ops.LookAgain(d.Strange)
		a.say("%s：%s。它不进备份；旧电脑的数据目录里还有的话，先拷到 %s 再 tongluo run，就不用认了。", say, do, a.data())
	}
	if d.Blind {
		a.say("注意：发送日记（journal）没有、不全或有看不懂的行，不知道备份以后发过什么。已停发：请先对着手机看各群，确认以后再 tongluo resume。")
	}
	a.say("接下来：\n1. tongluo run，登录微信；\n2. 到群里看未确定的，一条条回 tongluo settle 编号 seen 或 unseen；\n3. 暂缓的看过以后，在控制台点“放行”，或在微信里回“放行”，或 tongluo release --all（只放一个：tongluo release 推送编号）；\n4. 备份以后交过表的（转发包登记表），再读一次 tongluo confirm --sheet 文件。")
}

type releaseCmd struct {
	Push []string `arg:"positional" help:"推送编号" placeholder:"PUSH"`
	All  bool     `help:"全部放行"`
	writes
}

// Run lets go what a restore held.
func (c *releaseCmd) Run(a *app) error {
	if c.All == (len(c.Push) > 0) {
		return inputf("请写要放行的推送编号（tongluo queue 里看），或用 --all 全部放行")
	}
	return a.with(func(o *office) error {
		ids := []int64{0}
		if !c.All {
			ids = nil
		}
		for _, s := range c.Push {
			id, err := a.number(o, s, "push")
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		all := 0
		for _, id := range ids {
			n, err := o.Release(a.ctx, o.who, id, time.Now())
			if err != nil {
				return fmt.Errorf("release push %d: %w", id, err)
			}
			all += n
		}
		return a.done(c.output, "已放行 %d 条投递：时段内的接着发，过了时段的交给人转。", all)
	})
}
