package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// digest is the one message a day that each member of the office staff gets:
// what waits for them, and everything that was muted. Nothing waits: nothing is
// sent.
func (o *Office) digest(ctx context.Context, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	var ns []Notice
	for _, p := range r.Persons {
		if p.Role != roster.Staff || p.Tag == "" || p.Until != "" {
			continue
		}
		text, err := o.DigestText(ctx, roster.ActorOf(p, roster.ViaChat), now)
		if err != nil {
			return err
		}
		if text != "" {
			ns = append(ns, Notice{Person: p.ID, Key: digestKey(p.ID, o.cal.Today(now).String()), Due: o.cal.NextSpeak(now),
				State: Queued, Part: content.Part{Kind: content.Text, Text: text}})
		}
	}
	_, err = o.store.AddNotices(ctx, ns, now)
	return err
}

// digestKey names a person's digest of a day.
func digestKey(person int64, day string) string { return fmt.Sprintf("digest:%d:%s", person, day) }

// digestDays is how far back the digest looks for what nobody has settled.
const digestDays = 14

// DigestText is what waits for the office in the actor's subtree, "" when
// nothing does.
func (o *Office) DigestText(ctx context.Context, a roster.Actor, now time.Time) (string, error) {
	queue, err := o.Queue(ctx, a)
	if err != nil {
		return "", err
	}
	waiting := 0
	for _, row := range queue {
		if row.State == PushWaiting && row.Groups > 0 { // others are of other units
			waiting++
		}
	}
	lines, err := o.troubleLines(ctx, a, now)
	if err != nil {
		return "", err
	}
	add := func(n int, format string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(format, n))
		}
	}
	if st := o.account.Status(); st.NeedsPerson() {
		lines = append(lines, "微信"+st.State.Chinese()+"："+st.Say())
	}
	add(waiting, "待审推送 %d 份，请回：队列")
	unsettled, err := o.CountDeliveries(ctx, a, DeliveryFilter{States: []State{Declined, Failed}, From: o.cal.Today(now).AddDays(-digestDays), To: o.cal.Today(now)})
	if err != nil {
		return "", err
	}
	if lost, err := o.unsettledLine(ctx, a, now); err != nil {
		return "", err
	} else if lost != "" {
		lines = append(lines, lost)
	}
	add(unsettled[Declined], "转不了 %d 条：要另想办法")
	add(unsettled[Failed], "发送失败 %d 条")
	open, err := o.store.CountHandoffs(ctx, HandoffFilter{Unit: a.Unit, Wanted: true, States: []HandoffState{HandoffOpen, HandoffPart}})
	if err != nil {
		return "", err
	}
	add(open, "等人转发 %d 份")
	behind, err := o.BehindNow(ctx, a, FlagQuery{}, now)
	if err != nil {
		return "", err
	}
	if behind.All > 0 {
		lines = append(lines, fmt.Sprintf("落后 %d 项：怪不到村里 %d，村里的 %d，请回：落后", behind.All, behind.All-behind.Keeper, behind.Keeper))
	}
	for _, more := range []func(context.Context, roster.Actor, time.Time) ([]string, error){o.vacancyLines, o.ladderLines, o.askedLines, o.heldLines, o.PauseLines} {
		ls, err := more(ctx, a, now)
		if err != nil {
			return "", err
		}
		lines = append(lines, ls...)
	}
	if len(lines) == 0 {
		return "", nil
	}
	return "【铜锣今日】\n" + strings.Join(lines, "\n"), nil
}

func (o *Office) vacancyLines(ctx context.Context, a roster.Actor, now time.Time) ([]string, error) {
	vacant, err := o.Vacancies(ctx, a, "", now)
	if err != nil || len(vacant) == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("%d 个群没有能联系的负责人，最久的%s，请在花名册里补上", len(vacant), vacant[0].Line())}, nil
}

// troubleLines are what somebody at the PC must mend, and the slots since the
// working day before that left something undone.
func (o *Office) troubleLines(ctx context.Context, a roster.Actor, now time.Time) ([]string, error) {
	var lines []string
	clock, err := o.Clock(ctx)
	if err != nil {
		return nil, err
	}
	if line := o.ClockLine(clock); line != "" {
		lines = append(lines, line)
	}
	today := o.cal.Today(now)
	missed, err := o.MissedLines(ctx, a, o.cal.PrevWorkday(today.AddDays(-1)).DaysUntil(today), now)
	return append(lines, missed...), err
}
