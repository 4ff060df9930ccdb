package command

import (
	"context"
	"fmt"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// leadWords are the questions of who looks after units: pictures, the week in
// sentences, where a relay stands still.
func leadWords() []command {
	all := []roster.Role{roster.Cadre, roster.Staff, roster.Leader, roster.Admin}
	office := []roster.Role{roster.Staff, roster.Leader, roster.Admin}
	return []command{
		{word: "图", who: all, where: privately, args: places, handle: (*Dialogue).picture,
			also:  []string{"看图", "画图", "出图", "进度图", "覆盖图", "周图"},
			usage: []string{"图", "图 永宁村"}, about: "各单位每周达标多少，一张图"},
		{word: "周报", who: all, where: privately, args: places, handle: (*Dialogue).weekly,
			also:  []string{"本周周报", "每周小结", "周小结"},
			usage: []string{"周报", "周报 永宁村 上周"}, about: "这一周应发多少、发了多少、谁落后"},
		{word: "卡在哪", who: all, where: privately, args: maybeNumber, handle: (*Dialogue).stuck,
			also:  []string{"卡在哪里", "卡在谁", "卡在谁那里", "谁卡住了", "卡住", "转发链", "转到哪了", "转到哪里了"},
			usage: []string{"卡在哪", "转发链 12"}, about: "逐级转发卡在谁、几时起，每级用了多久"},
		{word: "排名", who: office, where: privately, args: places, handle: (*Dialogue).ranking,
			also:  []string{"排行", "排行榜", "名次"},
			usage: []string{"排名", "排名 上月"}, about: "办公室开了才有"},
	}
}

// picture answers 图: the sentence, and the grid of units by weeks behind it.
func (d *Dialogue) picture(ctx context.Context, t turn, c call) (answer, error) {
	var p calendar.Period
	label := "近 8 周"
	if c.period != "" {
		var err error
		if p, label, err = periodOf(c.period, d.office.Calendar().Today(t.now)); err != nil {
			return answer{}, &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
		}
	}
	v, err := d.office.Weeks(ctx, t.actor, c.unit, p, t.now)
	if err != nil {
		return answer{}, err
	}
	title := strings.TrimSpace(v.Unit + " " + label)
	a := answer{lines: weekSums(title, v.Grid.Total.Sum), next: strings.TrimSpace("看谁落后请回：落后 " + c.unit)}
	data, err := d.paint.Grid(v.Grid, title+" 每周达标", d.clock(t.now))
	if err != nil {
		return a, err
	}
	a.lines[0] += "图见下一条。"
	*t.pictures = append(*t.pictures, Attachment{Name: "每周达标.png", Data: data})
	return a, nil
}

// weekSums are the sentences above a picture: sums without what is at risk.
func weekSums(label string, r coverage.Row) []string {
	lines := sums(label, r)
	if open := r.SoFar; open.Owed > 0 {
		pending := fmt.Sprintf("还没到期 %d：已达标 %d", open.Owed, open.Met)
		if r.Owed == 0 {
			pending = label + pending + "。"
		}
		lines[len(lines)-1] = pending
	}
	return lines
}

// weekly answers 周报: this week unless another is named.
func (d *Dialogue) weekly(ctx context.Context, t turn, c call) (answer, error) {
	said := c.period
	if said == "" {
		said = "本周"
	}
	p, _, err := periodOf(said, d.office.Calendar().Today(t.now))
	if err != nil {
		return answer{}, &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
	}
	w, err := d.office.WeekReport(ctx, t.actor, c.unit, p, t.now)
	if err != nil {
		return answer{}, err
	}
	a := answer{lines: []string{strings.TrimSpace(w.Unit+" ") + calendar.SayPeriod(w.Week.Key) + "周报"}, next: strings.TrimSpace("看图请回：图 " + c.unit)}
	if w.Groups == 0 {
		a.lines = append(a.lines, fmt.Sprintf("没有应发的群，免考核 %d 群。", w.Excused))
		a.audit(w.Audit)
		return a, nil
	}
	a.lines = append(a.lines, fmt.Sprintf("%d 群应发 %d 条次，已发 %d，按时 %d，免考核 %d 群。", w.Groups, w.Due, w.Done, w.OnTime, w.Excused),
		fmt.Sprintf("落后 %d 群：怪不到村里 %d，村里的 %d", len(w.Theirs)+len(w.Others), len(w.Others), len(w.Theirs)))
	a.names("村里的：", w.Theirs)
	a.names("怪不到村里：", w.Others)
	if !w.Ended {
		a.lines = append(a.lines, fmt.Sprintf("还没到期，临期 %d 群", len(w.AtRisk)))
		a.names("临期：", w.AtRisk)
	}
	a.audit(w.Audit)
	return a, nil
}

// audit adds where the audit log ends, if it is to be told.
func (a *answer) audit(head string) {
	if head != "" {
		a.lines = append(a.lines, "日志校验码 "+head)
	}
}

// names adds a line of names, as many as a phone shows.
func (a *answer) names(head string, names []string) {
	if len(names) == 0 {
		return
	}
	s := strings.Join(names[:min(len(names), mostLines)], "、")
	if len(names) > mostLines {
		s += fmt.Sprintf("，还有 %d 个", len(names)-mostLines)
	}
	a.lines = append(a.lines, "　"+head+s)
}

// stuck answers 卡在哪, or with a number 转发链 12.
func (d *Dialogue) stuck(ctx context.Context, t turn, c call) (answer, error) {
	if c.id != 0 {
		return d.chain(ctx, t, c.id)
	}
	hs, err := d.office.Stuck(ctx, t.actor, "", t.now)
	if err != nil {
		return answer{}, err
	}
	if len(hs) == 0 && t.actor.Role == roster.Cadre { // those above may well be stuck
		return answer{lines: []string{"没有卡在您和您下面的转发。"}, next: "看手上的请回：任务"}, nil
	}
	if len(hs) == 0 {
		return answer{lines: []string{"没有卡住的逐级转发。"}, next: "看谁落后请回：落后"}, nil
	}
	a := answer{lines: []string{fmt.Sprintf("%d 份转发没转到底，过时限 %d：", len(hs), d.overdue(t, hs))},
		next: fmt.Sprintf("看每一级请回：转发链 %d", hs[0].ID)}
	for i, h := range hs {
		if i == mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 份", len(hs)-i))
			break
		}
		a.lines = append(a.lines, fmt.Sprintf("#%d %d/%d 第%d级 %s %s", h.ID, h.Done, h.All, h.Hop, lastName(h.Unit.Name), personOf(h)), "　"+d.since(t, h))
	}
	return a, nil
}

// overdue counts those whose time is over.
func (d *Dialogue) overdue(t turn, hs []schedule.HandoffView) int {
	n := 0
	for _, h := range hs {
		if !t.now.Before(h.Due) {
			n++
		}
	}
	return n
}

// chain lists the hops of one relay.
func (d *Dialogue) chain(ctx context.Context, t turn, id int64) (answer, error) {
	c, err := d.office.ChainOf(ctx, t.actor, id, t.now)
	if err != nil {
		return answer{}, err
	}
	a := answer{lines: []string{c.Title}, next: "看别的请回：卡在哪"}
	var stuck []schedule.HandoffView
	for i, h := range c.Hops {
		if h.Stuck {
			stuck = append(stuck, h)
		}
		if i >= mostLines {
			continue
		}
		a.lines = append(a.lines, fmt.Sprintf("%d级 #%d %d/%d %s %s", h.Hop, h.ID, h.Done, h.All, lastName(h.Unit.Name), personOf(h)), "　"+d.hop(t, h))
	}
	if more := len(c.Hops) - mostLines; more > 0 {
		a.lines = append(a.lines, fmt.Sprintf("还有 %d 份", more))
	}
	a.lines[0] = fmt.Sprintf("%s：%d 级 %d 份，在等 %d，过时限 %d", c.Title, c.Hops[0].Hops, len(c.Hops), len(stuck), d.overdue(t, stuck))
	return a, nil
}

// hop is where one hop stands and how long it took.
func (d *Dialogue) hop(t turn, h schedule.HandoffView) string {
	switch {
	case h.Stuck:
		return d.since(t, h)
	case h.State == schedule.HandoffDone && h.Lag != nil:
		return "已转，用了 " + schedule.SayLag(h.Waited)
	case h.State == schedule.HandoffDone:
		return "已转"
	case h.State == schedule.HandoffDeclined:
		return "转不了"
	case h.State == schedule.HandoffPart:
		return "转了一部分"
	}
	return "还没有转到这一级"
}

// since says from when a hop has had the pack, and for how long in working time.
// Within its time it is not late, and is not called so.
func (d *Dialogue) since(t turn, h schedule.HandoffView) string {
	switch {
	case h.Lag == nil && h.Since == nil: // nobody knows that the person has it
		return "还没有送到"
	case h.Lag == nil:
		return "还没有送到，自" + d.clock(*h.Since)
	case t.now.Before(h.Due):
		return fmt.Sprintf("在办，已 %s，自%s，%s前", schedule.SayLag(h.Waited), d.clock(*h.Since), d.clock(h.Due))
	}
	return fmt.Sprintf("卡了 %s（工作时间），自%s", schedule.SayLag(h.Waited), d.clock(*h.Since))
}

func personOf(h schedule.HandoffView) string {
	if h.Person.Name == "" {
		return "没有负责人"
	}
	return h.Person.Name
}

// lastName is the unit itself of a path.
func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// ranking answers 排名, which an office has to want.
func (d *Dialogue) ranking(ctx context.Context, t turn, c call) (answer, error) {
	if !d.ranks {
		return answer{lines: []string{"办公室没有开排名。"}, next: strings.TrimSpace("看各单位请回：覆盖率 " + c.unit)}, nil
	}
	said := c.period
	if said == "" {
		said = "本月"
	}
	p, label, err := periodOf(said, d.office.Calendar().Today(t.now))
	if err != nil {
		return answer{}, &schedule.Problem{Say: err.Error(), Err: schedule.ErrInput}
	}
	ranks, err := d.office.Ranking(ctx, t.actor, schedule.Query{Unit: c.unit, Period: p.Key, Pushes: true, Now: t.now})
	if err != nil {
		return answer{}, err
	}
	a := answer{lines: []string{c.unit + label + "，按村里没转的占多少排，一样的并列，怪不到村里的不算："}, next: strings.TrimSpace("看图请回：图 " + c.unit)}
	for i, r := range ranks {
		if i == 2*mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 个单位", len(ranks)-i))
			break
		}
		place := "不排"
		if r.Place > 0 {
			place = fmt.Sprintf("%d.", r.Place)
		}
		a.lines = append(a.lines, place+" "+unitLine(r.Row))
	}
	return a, nil
}
