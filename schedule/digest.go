package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// digest is the one message a day that each member of the office staff gets:
// what waits for them, and everything that was muted. Nothing waits: nothing is
// sent.
func (o *Office) digest(ctx context.Context, now time.Time) error {
	text, err := o.DigestText(ctx, now)
	if err != nil || text == "" {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	var ns []Notice
	for _, p := range r.Persons {
		if p.Role == roster.Staff && p.Tag != "" {
			ns = append(ns, Notice{Person: p.ID, Key: fmt.Sprintf("digest:%d:%s", p.ID, o.cal.Today(now)), Due: o.cal.NextSpeak(now),
				State: Queued, Part: content.Part{Kind: content.Text, Text: text}})
		}
	}
	_, err = o.store.AddNotices(ctx, ns, now)
	return err
}

// DigestText is the office's digest, "" when nothing waits.
func (o *Office) DigestText(ctx context.Context, now time.Time) (string, error) {
	var lines []string
	add := func(n int, format string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(format, n))
		}
	}
	waiting, err := o.store.Pushes(ctx, PushWaiting)
	if err != nil {
		return "", err
	}
	add(len(waiting), "待审推送 %d 份（queue 查看，approve 编号 放行）")
	for _, s := range []struct {
		state  State
		format string
	}{{Uncertain, "未确定投递 %d 条，请到群里看一眼（settle 编号 seen/unseen）"}, {Declined, "转不了 %d 条"}, {Failed, "发送失败 %d 条"}} {
		ds, err := o.store.Deliveries(ctx, DeliveryFilter{States: []State{s.state}, From: o.cal.Today(now).AddDays(-14), To: o.cal.Today(now)})
		if err != nil {
			return "", err
		}
		add(len(ds), s.format)
	}
	open, err := o.store.Handoffs(ctx, HandoffFilter{States: []HandoffState{HandoffOpen, HandoffPart}})
	if err != nil {
		return "", err
	}
	add(len(open), "等人转发 %d 份")
	behind, err := o.Behind(ctx, roster.Clock(), "", now)
	if err != nil {
		return "", err
	}
	keeper := 0
	for _, b := range behind {
		if b.Cause == coverage.ByKeeper {
			keeper++
		}
	}
	if len(behind) > 0 {
		lines = append(lines, fmt.Sprintf("落后 %d 项：怪不到村里 %d，村里的 %d", len(behind), len(behind)-keeper, keeper))
	}
	if len(lines) == 0 {
		return "", nil
	}
	return "【铜锣今日】\n" + strings.Join(lines, "\n"), nil
}
