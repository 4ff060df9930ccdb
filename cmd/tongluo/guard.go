package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"tongluo/cmd/tongluo/config"
	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
)

// guardOf is the guard of a daemon: a new source of trouble is one line here.
func guardOf(d *daemon, o config.AlertOptions, verbs *schedule.Office, account schedule.Account, log *slog.Logger) (*ops.Guard, error) {
	roads, err := roadsOf(o)
	if err != nil {
		return nil, err
	}
	guard := ops.Options{Alerts: verbs, Roads: roads, AliveAt: o.AliveAt, Log: log, Watches: []ops.Watch{
		watchAccount(account, d.loginCode),
		d.watchRest,
		d.watchClock,
		d.watchLoop,
		func(_ context.Context, _ time.Time, f *schedule.Facts) error {
			f.Damaged = d.damaged || d.db.Damaged() != nil
			return nil
		},
		ops.Disk(d.db.Dir()),
	}}
	if o.Heartbeat != "" {
		guard.Heartbeat = ops.NewHeartbeat(o.Heartbeat, o.HeartbeatEvery)
	}
	return ops.NewGuard(guard), nil
}

// roadsOf are the roads of the settings, in the order of config.example.toml.
func roadsOf(o config.AlertOptions) ([]ops.Road, error) {
	var roads []ops.Road
	if o.WeCom != "" {
		r, err := ops.NewWeCom(o.WeCom)
		if err != nil {
			return nil, input(err)
		}
		roads = append(roads, r)
	}
	if u := o.Feishu.Address; u != nil {
		r, err := ops.NewFeishu(u.Host, lastPart(u.Path), o.Feishu.Secret)
		if err != nil {
			return nil, input(err)
		}
		roads = append(roads, r)
	}
	if u := o.DingTalk.Address; u != nil {
		roads = append(roads, ops.NewDingTalk(u.String(), o.DingTalk.Secret))
	}
	if m := o.Mail; m.Server != "" {
		roads = append(roads, ops.Mail{Server: m.Server, User: m.User, Password: m.Password, From: m.From, To: m.To})
	}
	if o.Webhook != "" {
		roads = append(roads, ops.NewWebhook(o.Webhook))
	}
	return roads, nil
}

// lastPart is what stands after the last slash of a path.
func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// watchAccount remembers since when the account cannot send. A login code that
// was shown once waits until the account is back, also while the next one is
// being fetched.
func watchAccount(account schedule.Account, code func() string) ops.Watch {
	var down time.Time
	var scan bool
	return func(_ context.Context, now time.Time, f *schedule.Facts) error {
		st := account.Status()
		f.Account, f.Bound = st.State, st.Bound
		switch {
		case st.State == schedule.AccountOff, st.State == schedule.AccountOnline:
			down, scan = time.Time{}, false
			return nil
		case down.IsZero():
			down = now
		}
		scan = scan || code() != "" || st.State == schedule.AccountNeedsScan
		f.Down, f.Scan = down, scan
		return nil
	}
}

func (d *daemon) watchRest(ctx context.Context, _ time.Time, f *schedule.Facts) error {
	p, err := schedule.ReadPauses(ctx, d.db)
	f.Rest, f.Break = p.Rest.Until, p.Break.Open()
	return err
}

func (d *daemon) watchClock(ctx context.Context, _ time.Time, f *schedule.Facts) error {
	c, err := d.office.Clock(ctx)
	f.Clock = c.Kind != ""
	return err
}

// watchLoop tells when the loop last came round.
func (d *daemon) watchLoop(_ context.Context, _ time.Time, f *schedule.Facts) error {
	if ms := d.turned.Load(); ms != 0 {
		f.Turned = time.UnixMilli(ms)
	}
	return nil
}
