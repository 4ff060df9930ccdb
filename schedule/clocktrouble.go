package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// MarkClock keeps why the daemon does not go by the PC's clock, "" while it does.
const MarkClock = "clock-trouble"

// The kinds of trouble with a clock.
const (
	ClockBehind = "behind" // it shows a time before the last one on record
	ClockSkewed = "skewed" // it is far from the service's
)

// ClockTrouble is why the PC's clock is not gone by. While it stands nothing is
// sent and no window is closed.
type ClockTrouble struct {
	Kind   string
	Now    time.Time     // what the clock showed when it was noticed
	Latest time.Time     // the last instant on record
	Ahead  time.Duration // of the service's clock
}

// Mark is the trouble as the store keeps it.
func (c ClockTrouble) Mark() string {
	return fmt.Sprintf("%s %d %d %d", c.Kind, c.Now.UnixMilli(), c.Latest.UnixMilli(), int64(c.Ahead))
}

// Clock tells whether the daemon goes by the PC's clock; the zero trouble: it does.
func (o *Office) Clock(ctx context.Context) (ClockTrouble, error) {
	var c ClockTrouble
	text, err := o.store.MarkOf(ctx, MarkClock)
	if err != nil || text == "" {
		return c, err
	}
	var now, latest, ahead int64
	if _, err := fmt.Sscanf(text, "%s %d %d %d", &c.Kind, &now, &latest, &ahead); err != nil {
		return c, fmt.Errorf("mark %s: %w", MarkClock, err)
	}
	c.Now, c.Latest, c.Ahead = time.UnixMilli(now).UTC(), time.UnixMilli(latest).UTC(), time.Duration(ahead)
	return c, nil
}

// ClockLine says in Chinese what is wrong with the clock and what to do, "" when nothing is.
func (o *Office) ClockLine(c ClockTrouble) string {
	at := func(t time.Time) string { return t.In(o.cal.Zone()).Format("2006年1月2日 15:04") }
	switch c.Kind {
	case ClockBehind:
		return fmt.Sprintf("电脑的时间不对：它显示 %s，可是 %s 已经有过记录。已停止发送和转交。\n"+
			"请校准电脑的日期和时间（打开“自动设置时间”），校准后会自己接着办；如果现在的时间是对的、从前的错了，请运行 tongluo clock trust", at(c.Now), at(c.Latest))
	case ClockSkewed:
		side := "快"
		if c.Ahead < 0 {
			side = "慢"
		}
		return fmt.Sprintf("电脑的时间比微信的%s了 %d 分钟。已停止发送和转交。\n请校准电脑的日期和时间（打开“自动设置时间”），校准后会自己接着办", side, int(c.Ahead.Abs().Minutes()))
	}
	return ""
}

// TrustClock is a person's word that the clock is right although a later time
// stands on record: it had been set wrong before.
func (o *Office) TrustClock(ctx context.Context, a roster.Actor, now time.Time) error {
	if err := allow(a, roster.EditRoster, ""); err != nil {
		return err
	}
	return o.store.BelieveClock(ctx, a, now)
}
