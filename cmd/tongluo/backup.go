package main

import (
	"cmp"
	"context"
	"os"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/store"
)

type backupCmd struct {
	Out string `help:"另存到哪个文件（默认在数据目录的 backups 里取名，留最近 14 份）" placeholder:"FILE"`
	output
}

// Run makes a backup beside whatever daemon is running.
func (c *backupCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		b, err := a.backups(o.set)
		if err != nil {
			return err
		}
		var m ops.Made
		if c.Out != "" {
			m, err = b.To(a.ctx, o.store, c.Out)
		} else {
			m, err = b.Make(a.ctx, o.store, time.Now())
		}
		if m.File == "" || c.JSON && err != nil {
			return err
		}
		if c.JSON {
			return a.document(m)
		}
		a.say("已备份到 %s，打开、查完整性、查日志都通过。", m.File)
		a.say("日志 %d 条，校验码 %s。", m.Head.Rows(), m.Head)
		if m.Also != "" {
			a.say("另一份在 %s。", m.Also)
		}
		return err
	})
}

// backups are those of the data directory as the settings want them.
func (a *app) backups(set config.Settings) (ops.Backups, error) {
	b := ops.Backups{Data: a.data(), Also: set.Backup.Also, Zone: set.Calendar.Zone(), At: set.Backup.At}
	passphrase := ""
	if f := set.Backup.PassphraseFile; f != "" {
		text, err := os.ReadFile(f)
		if err != nil {
			return b, opened(f, err)
		}
		passphrase = ops.FirstLine(text)
		if passphrase == "" {
			return b, inputf("口令文件“%s”是空的，请在第一行写口令", f)
		}
	}
	seal, err := ops.SealWith(set.Backup.Recipient, passphrase)
	b.Seal = seal
	return b, input(err)
}

// keepBackups makes the backup of the day, until ctx is done.
func (d *daemon) keepBackups(ctx context.Context, b ops.Backups) {
	nap := time.NewTimer(0)
	defer nap.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-nap.C:
		}
		now := time.Now().Round(0)
		next, err := b.Step(ctx, d.db, now)
		if err != nil && ctx.Err() == nil {
			d.log.Error("back up", "err", err)
		}
		nap.Reset(min(max(next.Sub(now), time.Second), time.Minute)) // by wall clock: the PC may sleep
	}
}

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"查日志有没有被改、删、调换、插入或截短"`
}

type auditVerifyCmd struct {
	Head string `help:"以前抄下的校验码（周报、备份文件名里有），例如 812-4031-3f9a8c7d1e2b4a60；不写就用最近一份备份的" placeholder:"HEAD"`
	output
}

// audited is what verify prints as JSON.
type audited struct {
	OK      bool           `json:"ok"`
	Head    store.Head     `json:"head"`
	Against *store.Head    `json:"against"`
	Found   []store.Breach `json:"found"`
}

// Run reads both chains from the beginning; it fails when something was found.
func (c *auditVerifyCmd) Run(a *app) error {
	var earlier *store.Head
	from := "校验码“" + c.Head + "”"
	if c.Head != "" {
		h, err := store.ParseHead(c.Head)
		if err != nil {
			return inputf("校验码“%s”读不懂，请照周报或备份文件名抄全，例如 812-4031-3f9a8c7d1e2b4a60", c.Head)
		}
		earlier = &h
	}
	return a.with(func(o *office) error {
		if earlier == nil {
			earlier, from = a.lastPrinted()
		}
		head, found, err := o.store.VerifyAudit(a.ctx, earlier)
		if err != nil {
			return err
		}
		if c.JSON {
			if err := a.document(audited{len(found) == 0, head, earlier, list(found)}); err != nil {
				return err
			}
		} else {
			a.sayAudit(head, earlier, from, found)
		}
		if len(found) > 0 {
			return errAudit
		}
		return nil
	})
}

// lastPrinted is the head in the name of the newest backup, nil for none.
func (a *app) lastPrinted() (*store.Head, string) {
	names, err := ops.List(ops.Backups{Data: a.data()}.Dir())
	if err != nil || len(names) == 0 {
		return nil, ""
	}
	last := names[len(names)-1]
	h, ok := ops.HeadIn(last)
	if !ok {
		return nil, ""
	}
	return &h, "最近一份备份“" + last + "”"
}

var breachTables = map[string]string{"log": "办公室日志", "delivery_log": "投递日志", "deliveries": "投递台账", "obligations": "应办"}

func (a *app) sayAudit(head store.Head, earlier *store.Head, from string, found []store.Breach) {
	for _, b := range found {
		table := cmp.Or(breachTables[b.Table], b.Table)
		switch b.What {
		case store.BreachMissing:
			a.say("%s第 %d 条不见了（被删掉）。", table, b.Row)
		case store.BreachCut:
			a.say("%s从第 %d 条起被截掉：%s里还有。", table, b.Row, from)
		case store.BreachRewritten:
			a.say("日志对不上%s：被整个重写过，或者在那以后从更早的备份恢复过。", from)
		default:
			switch b.Table {
			case "deliveries":
				a.say("%s #%d 和它的日志对不上：台账被直接改过，或者硬盘出过错。", table, b.Row)
				continue
			case "obligations":
				a.say("%s第 %d 条记的次数对不上投递台账：台账被直接改过，或者硬盘出过错。", table, b.Row)
				continue
			}
			a.say("%s从第 %d 条起对不上：这一条被改过、插进来或调换过。", table, b.Row)
		}
	}
	if len(found) > 0 {
		a.say("请先 tongluo halt 停发，把数据目录整个另存一份，再请管理员查。要恢复：tongluo restore 备份文件。")
		return
	}
	a.say("日志完整：共 %d 条，校验码 %s。", head.Rows(), head)
	if earlier != nil {
		a.say("和%s对得上。", from)
	}
}
