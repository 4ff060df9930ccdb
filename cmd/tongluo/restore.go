package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// errAudit: what was found has been said.
var errAudit = errors.New("日志有改动，见上")

type restoreCmd struct {
	File string `arg:"" help:"备份文件（.db 或 .db.age）" placeholder:"FILE"`
	Key  string `help:"加密备份的钥匙：装口令或 AGE-SECRET-KEY 的文件" placeholder:"FILE"`
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
	r := ops.Restoring{Data: a.data(), File: c.File, Key: c.Key, Actor: roster.Operator(a.by), Cal: set.Calendar, Settings: set.Office, Account: set.WeChat.Enabled}
	began := time.Now()
	done, err := r.Restore(a.ctx, began)
	switch {
	case errors.Is(err, ops.ErrKey):
		return input(err)
	case errors.Is(err, store.ErrCorrupt):
		return inputf("这份备份坏了，没有动现在的数据，请换一份（%w）", err)
	case err != nil:
		return err
	}
	if c.JSON {
		return a.document(done)
	}
	a.sayRestored(done, set)
	return nil
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
	if d.Blind {
		a.say("注意：发送日记（journal）没有、不全或有看不懂的行，不知道备份以后发过什么。已停发：请先对着手机看各群，确认以后再 tongluo resume。")
	}
	a.say("接下来：\n1. tongluo run，登录微信；\n2. 到群里看未确定的，一条条回 tongluo settle 编号 seen 或 unseen；\n3. 暂缓的看过以后，在控制台点“放行”，或在微信里回“放行”，或 tongluo release --all（只放一个：tongluo release 推送编号）；\n4. 备份以后交过表的（转发包登记表），再读一次 tongluo confirm --sheet 文件。")
}

type releaseCmd struct {
	Push []string `arg:"" optional:"" help:"推送编号" placeholder:"PUSH"`
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
