package command

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule"
)

// mostLines is how many lines of a list fit on a phone.
const mostLines = 8

// mine are the handoffs that wait for the person's word, late ones among them.
func (d *Dialogue) mine(ctx context.Context, t turn) ([]schedule.HandoffView, error) {
	return d.office.Handoffs(ctx, t.actor, schedule.HandoffFilter{Person: t.actor.Person, Wanted: true,
		States: []schedule.HandoffState{schedule.HandoffOpen, schedule.HandoffPart, schedule.HandoffLapsed}})
}

// remaining is the word to type about what still waits.
func remaining(hs []schedule.HandoffView) string {
	switch len(hs) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("转好请回：已转 %d", hs[0].ID)
	}
	return "都转好了请回：全部已转"
}

// tasks answers 任务: what waits for me, or one of it with its groups.
func (d *Dialogue) tasks(ctx context.Context, t turn, c call) (answer, error) {
	hs, err := d.mine(ctx, t)
	if err != nil {
		return answer{}, err
	}
	if c.id != 0 {
		return d.oneTask(hs, c.id)
	}
	if len(hs) == 0 {
		return answer{[]string{"现在没有待转发的内容。"}, "看本单位情况请回：进度"}, nil
	}
	a := answer{[]string{fmt.Sprintf("%d 份待转发：", len(hs))}, remaining(hs)}
	for i, h := range hs {
		if i == mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 份", len(hs)-i))
			break
		}
		a.lines = append(a.lines, fmt.Sprintf("#%d %s", h.ID, h.Title), "　"+d.standing(h))
	}
	return a, nil
}

// standing is where a handoff is: how many groups, how many done, until when.
func (d *Dialogue) standing(h schedule.HandoffView) string {
	s := fmt.Sprintf("%d 个群", h.All)
	if h.Done > 0 {
		s = fmt.Sprintf("已转 %d/%d 个群", h.Done, h.All)
	}
	if h.State == schedule.HandoffLapsed {
		return s + "，已过时限，补转也请回"
	}
	return s + "，" + d.clock(h.Due) + "前"
}

func (d *Dialogue) oneTask(hs []schedule.HandoffView, id int64) (answer, error) {
	for _, h := range hs {
		if h.ID != id {
			continue
		}
		a := answer{[]string{fmt.Sprintf("#%d %s", h.ID, h.Title), d.standing(h)}, fmt.Sprintf("转好请回：已转 %d", h.ID)}
		for i, g := range h.Groups {
			a.lines = append(a.lines, fmt.Sprintf("%d. %s", i+1, g.Name))
		}
		return a, nil
	}
	return answer{}, &schedule.Problem{Say: fmt.Sprintf("您手上没有 #%d 这份待转发。看手上的请回：任务", id), Err: schedule.ErrNotFound}
}

// forwarded answers 已转.
func (d *Dialogue) forwarded(ctx context.Context, t turn, c call) (answer, error) {
	var a answer
	var last int64
	for _, w := range c.words {
		w, err := d.meant(ctx, t, w)
		if err != nil {
			return a, err
		}
		said, err := d.office.Forwarded(ctx, t.actor, w, t.now)
		if err != nil {
			return a, err
		}
		last = said.Handoff.ID
		a.lines = append(a.lines, credited(said))
	}
	hs, err := d.mine(ctx, t)
	if a.next = remaining(hs); len(hs) == 0 {
		a.next = fmt.Sprintf("记错了请回：撤销 %d", last)
	}
	return a, err
}

// meant settles which handoff a late word without a number is about: only one
// that lay readable when it was said. With several, or none, it is asked.
func (d *Dialogue) meant(ctx context.Context, t turn, w schedule.Word) (schedule.Word, error) {
	w.Day, w.Said = t.day, t.said
	if !t.stale || w.Handoff != 0 {
		return w, nil
	}
	all, err := d.mine(ctx, t)
	if err != nil || len(all) == 0 { // of nothing the verb says it best
		return w, err
	}
	hs := readableAt(all, t.said)
	if len(hs) != 1 {
		return w, &schedule.Problem{Err: schedule.ErrInput,
			Say: fmt.Sprintf("您%s的话现在才收到，不知道说的是哪一份。请写上编号，如：已转 12。看编号请回：任务", d.clock(t.said))}
	}
	w.Handoff = hs[0].ID
	return w, nil
}

// readableAt are those that lay readable with their person at the instant.
func readableAt(hs []schedule.HandoffView, at time.Time) []schedule.HandoffView {
	var then []schedule.HandoffView
	for _, h := range hs {
		if h.ReadableAt != nil && !h.ReadableAt.After(at) {
			then = append(then, h)
		}
	}
	return then
}

// credited says what a word of 已转 did.
func credited(said schedule.Answered) string {
	h := said.Handoff
	s := fmt.Sprintf("#%d 已记：%d 个群都转了", h.ID, h.All)
	if h.Done < h.All {
		s = fmt.Sprintf("#%d 已记：转了 %d/%d 个群，还差 %d 个", h.ID, h.Done, h.All, h.All-h.Done)
	}
	if h.Hop < h.Hops {
		s = fmt.Sprintf("#%d 已记：已转给下级", h.ID)
		if n := len(said.Next); n > 0 {
			s += fmt.Sprintf("，接着请 %d 人转", n)
		}
		if len(said.SpokenFor) > 0 {
			s += "；机器人联系不到" + named(said.SpokenFor) + "，按您的话记"
		}
	}
	if said.Late {
		s += "（过了时限，按补转记）"
	}
	return s
}

// allForwarded answers 全部已转. Said long ago it is about what could be read then.
func (d *Dialogue) allForwarded(ctx context.Context, t turn, _ call) (answer, error) {
	said, err := d.forwardAll(ctx, t)
	var a answer
	for _, one := range said {
		a.lines = append(a.lines, credited(one))
	}
	if err == nil && len(said) > 0 {
		a.next = fmt.Sprintf("记错了请回：撤销 %d", said[0].Handoff.ID)
		if len(said) > 1 {
			a.next = fmt.Sprintf("哪份记错了请写编号，如：撤销 %d", said[0].Handoff.ID)
		}
	}
	return a, err
}

func (d *Dialogue) forwardAll(ctx context.Context, t turn) ([]schedule.Answered, error) {
	if !t.stale {
		return d.office.AllForwarded(ctx, t.actor, t.now)
	}
	hs, err := d.mine(ctx, t)
	if err != nil {
		return nil, err
	}
	then := readableAt(hs, t.said)
	if len(then) == 0 {
		if _, err := d.meant(ctx, t, schedule.Word{}); err != nil {
			return nil, err
		}
		return d.office.AllForwarded(ctx, t.actor, t.now) // nothing waits: the verb says so
	}
	var all []schedule.Answered
	for _, h := range then {
		said, err := d.office.Forwarded(ctx, t.actor, schedule.Word{Handoff: h.ID, Day: t.day, Said: t.said}, t.now)
		if err != nil {
			return all, err
		}
		all = append(all, said)
	}
	return all, nil
}

// cannot answers 转不了.
func (d *Dialogue) cannot(ctx context.Context, t turn, c call) (answer, error) {
	w, err := d.meant(ctx, t, schedule.Word{Handoff: c.id})
	if err != nil {
		return answer{}, err
	}
	said, err := d.office.CannotForward(ctx, t.actor, w.Handoff, c.text, t.now)
	if err != nil {
		return answer{}, err
	}
	return answer{[]string{fmt.Sprintf("#%d 已记：%d 个群转不了，%s", said.Handoff.ID, len(said.Groups), c.text), "办公室会另想办法。"},
		fmt.Sprintf("记错了请回：撤销 %d", said.Handoff.ID)}, nil
}

// undo answers 撤销.
func (d *Dialogue) undo(ctx context.Context, t turn, c call) (answer, error) {
	said, err := d.office.UndoForward(ctx, t.actor, c.id, t.now)
	if err != nil {
		return answer{}, err
	}
	if said.Handoff.ID == 0 { // one delivery, or what a unit hands in
		return answer{[]string{fmt.Sprintf("#%d 已撤销，改回没有做", c.id)}, "看落后的请回：落后"}, nil
	}
	return answer{[]string{fmt.Sprintf("#%d 已改回待转发", said.Handoff.ID)}, fmt.Sprintf("转好请回：已转 %d", said.Handoff.ID)}, nil
}

// received answers 收到.
func (d *Dialogue) received(ctx context.Context, t turn, _ call) (answer, error) {
	n, err := d.office.Acknowledge(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	flags, err := d.office.AcknowledgeFlags(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if n > 0 {
		a.lines = append(a.lines, fmt.Sprintf("好的，%d 份在您手上，不再催。", n))
	}
	if flags > 0 {
		a.lines = append(a.lines, fmt.Sprintf("好的，%d 项落后您知道了，不再催，补了才算。", flags))
	}
	if n+flags == 0 {
		return answer{lines: []string{"好的。现在没有等您转发的内容。"}}, nil
	}
	hs, err := d.mine(ctx, t)
	a.next = remaining(hs)
	return a, err
}

// named lists persons in a sentence.
func named(who []schedule.Ref) string {
	var names []string
	for _, w := range who {
		names = append(names, cmp.Or(w.Name, "没有负责人的"))
	}
	return strings.Join(names, "、")
}

// text joins the lines and the next word.
func (a answer) text() string {
	lines := a.lines
	if a.next != "" {
		lines = append(lines[:len(lines):len(lines)], a.next)
	}
	return strings.Join(lines, "\n")
}
