package main

import (
	"strings"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
)

type alertsCmd struct {
	List alertsListCmd `cmd:"default" help:"没有了结的告警"`
	Ack  alertsAckCmd  `cmd:"" help:"知道了：这个告警好了以前不再说"`
	Test alertsTestCmd `cmd:"" help:"从每条路发一句试试，看哪条到了"`
}

type alertsListCmd struct{ output }

// Run lists what is wrong; nothing wrong is an answer too.
func (c *alertsListCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		open, err := o.Alerts(a.ctx, reader())
		if err != nil {
			return err
		}
		if c.JSON {
			return a.document(open)
		}
		for _, al := range open {
			told := "还没有通知到人"
			if al.Told != nil {
				told = o.dayTime(*al.Told) + " 通知过"
			}
			if al.Acked != nil {
				told = o.dayTime(*al.Acked) + " 有人知道了"
			}
			a.say("%s　%s　%s 起，%s", al.Kind, al.Title, o.dayTime(al.Opened), told)
			a.say("   怎么办：%s。", al.Do)
		}
		if len(open) == 0 {
			a.say("没有没了结的告警（tongluo run 开着时才会查）。")
			return nil
		}
		a.say("共 %d 个。知道了请运行：tongluo alerts ack 名称，例如 tongluo alerts ack %s", len(open), open[0].Kind)
		return nil
	})
}

type alertsAckCmd struct {
	Kind string `arg:"positional,required" help:"告警的名称，例如 account-down（见 tongluo alerts）"`
	writes
}

func (c *alertsAckCmd) Run(a *app) error {
	return a.with(func(o *office) error {
		if err := o.AckAlert(a.ctx, o.who, schedule.AlertKind(c.Kind), time.Now()); err != nil {
			return err
		}
		return a.done(c.output, "记下了：%s 好了以前不再说，好了会说一声。", c.Kind)
	})
}

type alertsTestCmd struct{ output }

// tried is what one road answered, in `alerts test --json`.
type tried struct {
	Road    string `json:"road"`
	Arrived bool   `json:"arrived"`
	Answer  string `json:"answer"`
}

// Run sends a word on every road, whatever became of the one before.
func (c *alertsTestCmd) Run(a *app) error {
	set, err := a.settings()
	if err != nil {
		return err
	}
	roads, err := roadsOf(set.Alerts)
	if err != nil {
		return err
	}
	if len(roads) == 0 && set.Alerts.Heartbeat == "" {
		return inputf("一条告警的路也没有写，请在 config.toml 的 [alerts] 里至少写一条，写法见 config.example.toml")
	}
	all := []tried{}
	for _, r := range roads {
		one := tried{Road: r.Name(), Arrived: true}
		if one.Answer, err = r.Send(a.ctx, "铜锣：试一试", "【铜锣】这是试发，不用处理。能看到这句话，这条路就是通的。"); err != nil {
			one.Arrived, one.Answer = false, err.Error()
		}
		all = append(all, one)
	}
	return c.print(a, append(all, beatOnce(a, set.Alerts)...))
}

func beatOnce(a *app, o config.AlertOptions) []tried {
	if o.Heartbeat == "" {
		return nil
	}
	if err := ops.NewHeartbeat(o.Heartbeat, o.HeartbeatEvery).Beat(a.ctx, true); err != nil {
		return []tried{{"心跳", false, err.Error()}}
	}
	return []tried{{"心跳", true, "对方收到了"}}
}

func (c *alertsTestCmd) print(a *app, all []tried) error {
	var failed []string
	for _, one := range all {
		word := "到了"
		if !one.Arrived {
			word = "没到"
			failed = append(failed, one.Road)
		}
		if !c.JSON {
			a.say("%s　%s：%s", word, one.Road, one.Answer)
		}
	}
	if c.JSON {
		if err := a.document(all); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &schedule.Problem{Say: "没通的：" + strings.Join(failed, "、") + "。请对照上面的回答改 config.toml 的 [alerts]，再试一次。", Err: schedule.ErrState}
	}
	return nil
}
