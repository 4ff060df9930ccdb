package command

import (
	"context"
	"fmt"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// approveWords are those of the second person.
func approveWords() []command {
	office := []roster.Role{roster.Staff, roster.Leader, roster.Admin}
	return []command{
		{word: "审批", who: office, where: privately, args: maybeThing, does: true, handle: (*Dialogue).second,
			also:  []string{"批准", "同意", "通过"},
			usage: []string{"审批 37", "审批", "审批 shua-dan"}, about: "放行别人排的推送或素材；只说“审批”看等着的"},
		{word: "退回", who: office, where: privately, args: thingAndReason, does: true, handle: (*Dialogue).giveBack,
			also:  []string{"打回", "不同意"},
			usage: []string{"退回 37 时间不对", "退回 shua-dan 有错字"}, about: "退给排的人或写的人，写上原因"},
	}
}

// An item as it is called in the library: it has a letter, so that no number is
// one, or is what 入库 calls it: 刷单-0602. Other names are too much like words.
var (
	itemShape = pattern(`^[ :]*([a-z0-9]*\p{Han}[\p{Han}a-z0-9]{0,20}-[0-9]{4}(?:-[0-9]{1,2})?|[0-9-]*[a-z][a-z0-9-]{0,39})`)
	goesOn    = pattern(`^-?[a-z]`)
)

// thing reads a #number or the name of an item.
func (c *call) thing(s string, lead int64) (rest string, ok bool) {
	id, rest := lead, s
	if lead == 0 {
		id, rest, ok = number(s)
		ok = ok && !goesOn().MatchString(rest)
	}
	if lead != 0 || ok {
		c.id = id
		c.say(id)
		return rest, true
	}
	m := itemShape().FindStringSubmatch(s)
	if m == nil {
		return s, false
	}
	c.item = m[1]
	c.spoken = append(c.spoken, c.item)
	return s[len(m[0]):], true
}

// second answers 审批: a push by its number, an item by its name, or what waits.
func (d *Dialogue) second(ctx context.Context, t turn, c call) (answer, error) {
	switch {
	case c.id != 0:
		return d.approve(ctx, t, c)
	case c.item == "":
		return d.waiting(ctx, t)
	}
	if err := d.office.ApproveItem(ctx, t.actor, c.item, t.now); err != nil {
		return answer{}, err
	}
	return answer{[]string{fmt.Sprintf("素材 %s 已通过，可以发了。", c.item)}, "看还有什么等着请回：审批"}, nil
}

// waiting lists what waits for a second person, pushes first, with the whole
// content of the first of it: that is what the next word lets go.
func (d *Dialogue) waiting(ctx context.Context, t turn) (answer, error) {
	rows, err := d.office.Queue(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	drafts, err := d.office.Drafts(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	var lines []string
	next, first, shown := "", "", ""
	pushes := 0
	for _, r := range rows {
		if r.State != schedule.PushWaiting || r.Groups == 0 {
			continue
		}
		if pushes++; pushes > mostLines/2 {
			continue
		}
		lines = append(lines, fmt.Sprintf("#%d %d 个群 %s", r.ID, r.Groups, d.clock(r.Opens)), "　"+r.Title)
		if r.Reason != "" {
			lines = append(lines, "　"+r.Reason)
		}
		if next == "" {
			next, first = fmt.Sprintf("放行请回：审批 %d；退回请写原因：退回 %d 原因", r.ID, r.ID), r.Item
			shown = fmt.Sprintf("#%d 群里会看到：", r.ID)
		}
	}
	for i, it := range drafts {
		if i == mostLines/2 {
			break
		}
		lines = append(lines, it.ID, "　"+it.Title)
		if next == "" {
			next, first = fmt.Sprintf("通过请回：审批 %s；退回请写原因：退回 %s 原因", it.ID, it.ID), it.ID
			shown = it.ID + " 全文："
		}
	}
	if len(lines) == 0 {
		return answer{[]string{"没有等审批的。"}, "看排着的推送请回：队列"}, nil
	}
	it, err := d.office.Item(ctx, t.actor, first)
	if err != nil {
		return answer{}, err
	}
	head := fmt.Sprintf("%d 个推送、%d 条素材等审批：", pushes, len(drafts))
	lines = append(append([]string{head}, lines...), "──", shown)
	return answer{append(lines, content.Shown(it.Parts())...), next}, nil
}

// giveBack answers 退回.
func (d *Dialogue) giveBack(ctx context.Context, t turn, c call) (answer, error) {
	next := "看还有什么等着请回：审批"
	if c.item != "" {
		if err := d.office.ReturnItem(ctx, t.actor, c.item, c.text, t.now); err != nil {
			return answer{}, err
		}
		return answer{[]string{fmt.Sprintf("素材 %s 已退回，原因会告诉写的人。", c.item)}, next}, nil
	}
	if err := d.office.ReturnPush(ctx, t.actor, c.id, c.text, t.now); err != nil {
		return answer{}, err
	}
	return answer{[]string{fmt.Sprintf("推送 #%d 已退回，不发，原因会告诉排的人。", c.id)}, next}, nil
}
