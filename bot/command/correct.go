package command

import (
	"context"
	"fmt"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// correctWords mend what has gone out, and what should not be owed.
func correctWords() []command {
	staff := []roster.Role{roster.Staff, roster.Admin}
	return []command{
		{word: "更正", who: staff, where: privately, args: verbatim, does: true, handle: (*Dialogue).correct,
			also:  []string{"勘误", "纠正"},
			usage: []string{"更正 37 时间是周五上午"}, about: "给收到过的群发一条更正，一个人就能发"},
		{word: "撤回", who: staff, where: privately, args: aNumber, does: true, handle: (*Dialogue).revoke,
			also:  []string{"撤回推送"},
			usage: []string{"撤回 37"}, about: "2 分钟内的收回来，没发的不再发"},
		{word: "免", who: staff, where: privately, args: freely, does: true, handle: (*Dialogue).excuse,
			also:  []string{"免考核", "免除"},
			usage: []string{"免 三组 群解散了"}, about: "这个群现在欠的不考核了，写上原因"},
	}
}

// behindNumber finds in a message as it was written what follows the number of
// the correction.
var behindNumber = pattern(`(?s)^\D*\p{Nd}+\s*[号號]?[\s:：,，、]*(.*)$`)

// correct answers 更正 37 …: what the groups will see; nothing goes before 确认.
// The words are those that were written, not as they are read for commands.
func (d *Dialogue) correct(ctx context.Context, t turn, c call) (answer, error) {
	words := c.text
	if m := behindNumber().FindStringSubmatch(quoted().ReplaceAllString(t.text, "")); m != nil {
		words = strings.TrimSpace(m[1])
	}
	v, err := d.office.ProposeCorrection(ctx, t.actor, c.id, words, inPrivate, t.now)
	if err != nil {
		return answer{}, err
	}
	return d.preview(ctx, t, v, "确认后马上发")
}

// revoke answers 撤回 37: what is back, what stays, and how to mend it.
func (d *Dialogue) revoke(ctx context.Context, t turn, c call) (answer, error) {
	back, err := d.office.Revoke(ctx, t.actor, c.id, t.now)
	if err != nil {
		return answer{}, err
	}
	a := answer{[]string{fmt.Sprintf("推送 #%d：撤回了 %d 个群", c.id, len(back.Back))}, "看其余的请回：队列"}
	if back.Stopped {
		a.lines = append(a.lines, "没发的不再发。")
	}
	r, err := d.office.Roster(ctx, t.actor)
	if err != nil {
		return a, err
	}
	for _, left := range []struct {
		groups []schedule.Ref
		why    string
	}{
		{back.Stays, "%d 个群撤不回（过了 2 分钟，或是人转的）：%s"},
		{back.Unknown, "%d 个群不知道撤没撤成，请看一眼：%s"},
		{back.Handed, "%d 个群还在负责人手上，请告诉他们别转：%s"},
	} {
		if len(left.groups) == 0 {
			continue
		}
		a.lines = append(a.lines, fmt.Sprintf(left.why, len(left.groups), listed(r, t.actor.Unit, left.groups)))
	}
	if len(back.Stays)+len(back.Unknown) > 0 {
		a.next = fmt.Sprintf("要更正请回：更正 %d 正确的说法", c.id)
	}
	return a, nil
}

// excuse answers 免 三组 原因.
func (d *Dialogue) excuse(ctx context.Context, t turn, c call) (answer, error) {
	e, err := d.office.ExcuseOpen(ctx, t.actor, c.text, t.now)
	if err != nil {
		return answer{}, err
	}
	return answer{[]string{fmt.Sprintf("已免 %d 项：%s", e.Obligations, e.Group.Name), "原因：" + e.Reason}, "看其余落后的请回：落后"}, nil
}
