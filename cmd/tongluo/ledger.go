package main

import (
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

type deliveriesCmd struct {
	From string `help:"从哪一天" placeholder:"2026-06-01"`
	To   string `help:"到哪一天（含）" placeholder:"2026-06-30"`
	Unit string `help:"只看一个单位及其下级" placeholder:"U"`
	Push string `help:"只看一次推送" placeholder:"ID"`
	reads
}

func (c *deliveriesCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		f, err := c.filter(a, o)
		if err != nil {
			return err
		}
		rows, err := o.Deliveries(a.ctx, reader(), f)
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(list(rows))
		}
		var cells [][]string
		for _, d := range rows {
			state := d.State.Chinese()
			if d.Entered {
				state += "（补录）"
			}
			cells = append(cells, []string{fmt.Sprintf("#%d", d.ID), day(d.Date), d.Group.Name, d.Unit.Name, d.Item, carriers[d.Carrier], state, d.Reason})
		}
		if len(cells) > 0 {
			a.table([]string{"编号", "日期", "群", "单位", "素材", "承运", "状态", "原因"}, cells)
		}
		a.say("共 %d 条。", len(rows))
		return nil
	})
}

var carriers = map[string]string{"bot": "机器人", "keeper": "人工"}

func (c *deliveriesCmd) filter(a *app, o *office) (f schedule.DeliveryFilter, err error) {
	now, past, err := c.now()
	if err != nil {
		return f, err
	}
	if past {
		f.AsOf = now
	}
	if f.From, err = parseDay("--from", c.From); err != nil {
		return f, err
	}
	if f.To, err = parseDay("--to", c.To); err != nil {
		return f, err
	}
	if c.Push != "" {
		if f.Push, err = a.number(o, c.Push, "push"); err != nil {
			return f, err
		}
	}
	if c.Unit == "" {
		return f, nil
	}
	r, err := o.Roster(a.ctx, reader())
	if err != nil {
		return f, err
	}
	u, err := r.FindUnit(c.Unit)
	f.Unit = u.Path
	return f, input(err)
}

func parseDay(flag, s string) (calendar.Date, error) {
	if s == "" {
		return calendar.Date{}, nil
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		return d, inputf("%s：%w", flag, err)
	}
	return d, nil
}

type settleCmd struct {
	ID   string `arg:"positional,required" help:"投递编号"`
	Seen string `arg:"positional,required" help:"群里见到了写 seen，没有写 unseen"`
	writes
}

func (c *settleCmd) Run(a *app) error {
	seen, ok := map[string]bool{"seen": true, "unseen": false, "见到": true, "没有": false}[c.Seen]
	if !ok {
		return inputf("“%s”不认识，群里见到了写 seen，没有写 unseen", c.Seen)
	}
	return a.with(func(o *office) error {
		id, err := a.number(o, c.ID, "delivery")
		if err != nil {
			return err
		}
		now := time.Now()
		if err := o.Settle(a.ctx, o.who, id, seen, now, now); err != nil {
			return err
		}
		if seen {
			return a.done(c.output, "已了结 #%d：群里见到了。", id)
		}
		return a.done(c.output, "已了结 #%d：群里没有，时段还没过就重发，过了就转给人。", id)
	})
}
