package command

import (
	"context"
	"errors"
	"fmt"

	"tongluo/schedule"
)

// today answers 今天: the office's digest. It is for who may see the queue.
func (d *Dialogue) today(ctx context.Context, t turn, _ call) (answer, error) {
	text, err := d.office.DigestText(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	if text == "" {
		return answer{[]string{"今天没有等您办的事。"}, "看排着的推送请回：队列"}, nil
	}
	return answer{[]string{text}, "看各单位请回：覆盖率"}, nil
}

// queue answers 队列: the pushes that have not ended, those that wait first.
func (d *Dialogue) queue(ctx context.Context, t turn, _ call) (answer, error) {
	rows, err := d.office.Queue(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	var waiting, others []schedule.QueueRow
	for _, r := range rows {
		switch {
		case r.Groups == 0: // none of it in the asker's units
		case r.State == schedule.PushWaiting:
			waiting = append(waiting, r)
		default:
			others = append(others, r)
		}
	}
	all := append(waiting, others...)
	if len(all) == 0 {
		return answer{[]string{"现在没有排着的推送。"}, ""}, nil
	}
	a := answer{[]string{fmt.Sprintf("%d 个推送，待审 %d：", len(all), len(waiting))}, d.orCancel(t, "取消", all[0].ID, "看达标情况请回：覆盖率")}
	if len(waiting) > 0 {
		a.next = fmt.Sprintf("放行请回：确认 %d", waiting[0].ID)
	}
	for i, r := range all {
		if i == mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 个", len(all)-i))
			break
		}
		a.lines = append(a.lines, fmt.Sprintf("#%d %s %d 个群", r.ID, pushWord(r.State), r.Groups), "　"+r.Title, "　"+d.clock(r.Opens))
	}
	return a, nil
}

// orCancel is the word to type to cancel a push, for those who are shown it, and
// another word for the rest.
func (d *Dialogue) orCancel(t turn, why string, id int64, other string) string {
	if cancel, _, ok := d.table.match("取消"); !ok || !cancel.isFor(t.actor.Role) {
		return other
	}
	return fmt.Sprintf("%s请回：取消 %d", why, id)
}

func pushWord(s schedule.PushState) string {
	switch s {
	case schedule.PushWaiting:
		return "待审"
	case schedule.PushReady:
		return "已排期"
	}
	return "发送中"
}

// approve answers 确认 37: the yes to a question of one's own, a list among them, or the second
// person's to another's push; with the count and the hour that were let go.
func (d *Dialogue) approve(ctx context.Context, t turn, c call) (answer, error) {
	if a, mine, err := d.confirmShown(ctx, t, c.id); mine || err != nil {
		return a, err
	}
	v, err := d.office.ConfirmProposal(ctx, t.actor, c.id, t.place(), t.now)
	if err == nil {
		return d.queued(v, t.now), nil
	}
	if !errors.Is(err, schedule.ErrNotFound) {
		return answer{}, err
	}
	if err := d.office.ApprovePush(ctx, t.actor, c.id, t.now); err != nil {
		return answer{}, err
	}
	a := answer{[]string{fmt.Sprintf("推送 #%d 已放行。", c.id)}, d.orCancel(t, "要撤下", c.id, "看其余的请回：队列")}
	rows, err := d.office.Queue(ctx, t.actor)
	for _, r := range rows {
		if r.ID == c.id {
			a.lines = []string{fmt.Sprintf("推送 #%d 已放行：%d 个群，%s起发", c.id, r.Groups, d.ahead(r.Opens, t.now))}
			if r.Lapses != nil {
				a.lines = append(a.lines, fmt.Sprintf("审批只管 24 小时，%s还没发就作废。", d.clock(*r.Lapses)),
					fmt.Sprintf("%s以后请再回一次：审批 %d", d.clock(r.AgainFrom()), c.id))
			}
		}
	}
	return a, err
}

// cancel answers 取消 37.
func (d *Dialogue) cancel(ctx context.Context, t turn, c call) (answer, error) {
	err := d.office.DropQuestion(ctx, t.actor, c.id, t.place(), t.now)
	if err == nil {
		return answer{[]string{fmt.Sprintf("#%d 不发了。", c.id)}, "看排着的推送请回：队列"}, nil
	}
	if !errors.Is(err, schedule.ErrNotFound) {
		return answer{}, err
	}
	if err := d.office.CancelPush(ctx, t.actor, c.id, t.now); err != nil {
		return answer{}, err
	}
	return answer{[]string{fmt.Sprintf("推送 #%d 已取消，没发的不再发。", c.id)}, "看其余的请回：队列"}, nil
}

// halt answers 停发; it is durable before the answer.
func (d *Dialogue) halt(ctx context.Context, t turn, _ call) (answer, error) {
	if err := d.office.Halt(ctx, t.actor, t.now); err != nil {
		return answer{}, err
	}
	return answer{[]string{"已停发，现在起一条也不再发出。"}, "要继续发请回：恢复"}, nil
}

// resume answers 恢复: at once for the second person, else when.
func (d *Dialogue) resume(ctx context.Context, t turn, _ call) (answer, error) {
	at, err := d.office.Resume(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	if !at.After(t.now) {
		return answer{[]string{"已恢复，继续发送。"}, "要再停请回：停发"}, nil
	}
	return answer{[]string{fmt.Sprintf("已记下，%s恢复。", d.clock(at)), "另一个人也回“恢复”就马上恢复。"}, "要接着停请回：停发"}, nil
}
