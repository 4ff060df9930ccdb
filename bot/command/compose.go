package command

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tongluo/bot"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// composeWords make a push or an item of what the office has just sent.
func composeWords() []command {
	staff := []roster.Role{roster.Staff, roster.Admin}
	return []command{
		{word: "发", who: staff, where: privately, args: targets, does: true, handle: (*Dialogue).compose,
			also:  []string{"发给", "发到", "发往", "发送", "推送", "群发"},
			usage: []string{"发 网格群 明天9点", "发 永宁村 家长群"}, about: "把刚才发来的内容发到群里，先看一遍再确认"},
		{word: "重来", who: staff, where: privately, args: nothing, does: true, handle: (*Dialogue).again,
			also:  []string{"重新来", "重新发", "清空"},
			usage: []string{"重来"}, about: "刚才发来的内容不要了"},
		{word: "入库", who: staff, where: privately, args: freely, does: true, handle: (*Dialogue).shelve,
			also:  []string{"存入素材库", "加入素材库"},
			usage: []string{"入库 刷单 家长"}, about: "把刚才发来的内容存进素材库，写上主题和对象"},
		{word: "改期", who: staff, where: privately, args: numberThen, does: true, handle: (*Dialogue).reschedule,
			also:  []string{"改时间", "改到"},
			usage: []string{"改期 37 周五9点"}, about: "给排着的推送换个时间"},
	}
}

// inPrivate is the place of questions that are put in private.
const inPrivate = "private"

// place is where a message was said, as questions remember it.
func (t turn) place() string {
	if t.private {
		return inPrivate
	}
	return fmt.Sprintf("group/%d", t.group)
}

// isContent reports whether a message is no words but may be meant for a push.
// Said in a group it never is.
func isContent(in bot.Incoming) bool {
	return in.Private && (in.Kind == bot.Picture || in.Kind == bot.File || in.Kind == bot.Card)
}

// proseFrom is how long a text is, in runes, that is no command but meant to be
// sent; with a line end, half of it.
const proseFrom = 20

// isProse reports whether a text that is no command reads like one to be sent. A
// quoted message is somebody else's.
func isProse(text string) bool {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	return !quoted().MatchString(text) && (n >= proseFrom || n >= proseFrom/2 && strings.Contains(text, "\n") || strings.Contains(text, "://"))
}

// takePiece keeps content of somebody who may push, and says so. Of anybody else
// nothing is fetched, kept or said.
func (d *Dialogue) takePiece(ctx context.Context, t turn, in bot.Incoming) (Reply, error) {
	kinds := map[bot.Kind]content.Media{bot.Text: content.Text, bot.Picture: content.Picture, bot.File: content.File, bot.Card: content.Link}
	p := schedule.Piece{Kind: kinds[in.Kind], Text: in.Text, Open: in.Open, Said: t.said}
	draft, err := d.office.AddToDraft(ctx, t.actor, p, t.now)
	u := Understood{Outcome: outcomeOf(err), Args: []string{}}
	if u.Outcome == Denied {
		u.Outcome = Ignored
		return Reply{Understood: []Understood{u}}, nil
	}
	var a answer
	if err == nil {
		a = received(draft, p)
		if cmd, _, ok := d.table.match(plain(in.Text)); ok && in.Kind == bot.Text {
			a.lines[0] += fmt.Sprintf("（没有当作“%s”来办）", cmd.word)
		}
	}
	var all answer
	all.add(a, err)
	reply := Reply{To: Private, Text: all.text(), Understood: []Understood{u}}
	if u.Outcome == Ignored {
		return reply, fmt.Errorf("keep content: %w", err)
	}
	return reply, nil
}

// received says what is kept, for how long, and what can be done with it.
func received(d schedule.Draft, p schedule.Piece) answer {
	a := answer{next: "要发请回：发 网格群 明天9点"}
	switch p.Kind {
	case content.Text:
		a.lines = []string{fmt.Sprintf("收到文字，%d 字", utf8.RuneCountInString(d.Body))}
	case content.Picture:
		a.lines = []string{"收到图片 1 张"}
	case content.File:
		a.lines = []string{"收到文件：" + p.Text}
	default:
		a.lines = []string{"收到链接：" + d.Title}
	}
	if n := d.Parts(); n > 1 {
		a.lines[0] += fmt.Sprintf("，连前面的共 %d 条", n)
	}
	a.lines = append(a.lines, "还没发，30 分钟内有效；不要了请回：重来")
	return a
}

// compose answers 发: what the groups will see, which groups, and when; nothing
// goes before 确认.
func (d *Dialogue) compose(ctx context.Context, t turn, c call) (answer, error) {
	to, at, err := d.toAndWhen(c.text, t.now)
	if err != nil {
		return answer{}, err
	}
	v, err := d.office.ProposePush(ctx, t.actor, schedule.Request{To: to, At: at}, inPrivate, t.now)
	if err != nil {
		return answer{}, err
	}
	hour := "确认后马上发"
	if !at.IsZero() {
		hour = d.ahead(v.Opens, t.now) + "起发"
	}
	return d.preview(ctx, t, v, hour)
}

// toAndWhen parts a selector from the words of time behind it, or before it. No
// time: the zero instant.
func (d *Dialogue) toAndWhen(text string, now time.Time) (string, time.Time, error) {
	cal, slots := d.office.Calendar(), d.office.Settings().Slots
	for i := range text {
		w, rest, ok := parseWhen(text[i:], now, cal)
		if !ok || i == 0 || strings.Trim(rest, gaps+stops) != "" {
			continue
		}
		at, err := w.instant(slots, now, cal)
		return strings.Trim(text[:i], gaps+stops), at, err
	}
	if w, rest, ok := parseWhen(text, now, cal); ok && strings.HasPrefix(rest, " ") {
		at, err := w.instant(slots, now, cal)
		return strings.Trim(rest, gaps+stops), at, err
	}
	return text, time.Time{}, nil
}

// preview shows a push that is asked about, as the groups will see it.
func (d *Dialogue) preview(ctx context.Context, t turn, v schedule.Preview, hour string) (answer, error) {
	r, err := d.office.Roster(ctx, t.actor)
	if err != nil {
		return answer{}, err
	}
	a := answer{[]string{fmt.Sprintf("#%d 群里会看到：", v.ID)}, fmt.Sprintf("没问题请回：确认 %d", v.ID)}
	a.lines = append(a.lines, content.Shown(v.Parts)...)
	a.lines = append(a.lines, "──", fmt.Sprintf("%d 个群：%s", len(v.Groups), listed(r, t.actor.Unit, v.Groups)), "时间："+hour)
	if len(v.Why) > 0 {
		a.lines = append(a.lines, "要另一个人再确认："+strings.Join(v.Why, "；"))
	}
	for _, w := range v.Warnings {
		a.lines = append(a.lines, "注意："+w)
	}
	return a, nil
}

// mostNamed is how many groups a preview names one by one: whoever says yes
// must be able to read all of them.
const mostNamed = 60

// listed names groups, each of them; of more than can be read how many there are
// in each unit right below the asker's. Two of one name are told apart by their
// units.
func listed(r *roster.Roster, unit string, groups []schedule.Ref) string {
	called := map[string]int{}
	for _, g := range groups {
		called[g.Name]++
	}
	if len(groups) > mostNamed {
		return countedByUnit(r, unit, groups)
	}
	var names []string
	for _, ref := range groups {
		if g, ok := r.Group(ref.ID); ok && called[ref.Name] > 1 {
			ref.Name += "（" + strings.TrimPrefix(g.UnitPath, unit+"/") + "）"
		}
		names = append(names, ref.Name)
	}
	return strings.Join(names, "、")
}

// countedByUnit tells how many of the groups lie in each unit right below a unit,
// in the order of their names; 本级 are the unit's own.
func countedByUnit(r *roster.Roster, unit string, groups []schedule.Ref) string {
	n := map[string]int{}
	for _, ref := range groups {
		g, _ := r.Group(ref.ID)
		below, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(g.UnitPath, unit), "/"), "/")
		n[cmp.Or(below, "本级")]++
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		counts = append(counts, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(counts, "、")
}

// queued answers the yes to a preview: it goes, or waits for a second person.
func (d *Dialogue) queued(v schedule.Preview, now time.Time) answer {
	a := answer{[]string{fmt.Sprintf("推送 #%d 已排好：%d 个群，%s起发", v.ID, len(v.Groups), d.ahead(v.Opens, now))}, fmt.Sprintf("不想发请回：取消 %d", v.ID)}
	if v.State == schedule.PushWaiting {
		a.lines[0] = fmt.Sprintf("推送 #%d 等另一个人确认：%d 个群，%s起发", v.ID, len(v.Groups), d.ahead(v.Opens, now))
		a.lines = append(a.lines, "因为："+strings.Join(v.Why, "；"))
		if v.ReadyAt != nil {
			a.lines = append(a.lines, "没人取消的话，"+d.ahead(*v.ReadyAt, now)+"自动放行")
		}
		a.next = fmt.Sprintf("请%s回：确认 %d", someoneElse(v.Seconds), v.ID)
	}
	for _, w := range v.Warnings {
		a.lines = append(a.lines, "注意："+w)
	}
	return a
}

// someoneElse names who could be the second person.
func someoneElse(who []schedule.Ref) string {
	var names []string
	for _, p := range who[:min(len(who), 3)] {
		names = append(names, p.Name)
	}
	switch {
	case len(who) == 0:
		return "另一个人"
	case len(who) > 3:
		return "另一个人（" + strings.Join(names, "、") + "等）"
	}
	return "另一个人（" + strings.Join(names, "、") + "）"
}

// again answers 重来.
func (d *Dialogue) again(ctx context.Context, t turn, _ call) (answer, error) {
	had, err := d.office.DropDraft(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	if !had {
		return answer{[]string{"本来就没有内容，请把要发的发给我。"}, ""}, nil
	}
	return answer{[]string{"刚才的内容已删掉，请重新发给我。"}, ""}, nil
}

// shelve answers 入库 刷单 家长.
func (d *Dialogue) shelve(ctx context.Context, t turn, c call) (answer, error) {
	it, err := d.office.ShelveDraft(ctx, t.actor, strings.FieldsFunc(c.text, func(r rune) bool { return strings.ContainsRune(stops+gaps, r) }), t.now)
	if err != nil {
		return answer{}, err
	}
	hears := "所有群"
	if len(it.Audiences) > 0 {
		hears = strings.Join(it.Audiences, "、")
	}
	return answer{[]string{fmt.Sprintf("已入库：%s《%s》", it.ID, it.Title), "主题：" + strings.Join(it.Themes, "、") + "，对象：" + hears,
		"要另一个人审核通过才会发。"}, "请另一个人回：审批 " + it.ID}, nil
}

// reschedule answers 改期 37 周五9点.
func (d *Dialogue) reschedule(ctx context.Context, t turn, c call) (answer, error) {
	cal := d.office.Calendar()
	w, rest, ok := parseWhen(c.text, t.now, cal)
	if !ok || strings.Trim(rest, gaps+stops) != "" {
		return answer{}, &schedule.Problem{Say: fmt.Sprintf("没看懂改到什么时候，还没有改。请写，如：改期 %d 周五9点", c.id), Err: schedule.ErrInput}
	}
	at, err := w.instant(d.office.Settings().Slots, t.now, cal)
	if err != nil {
		return answer{}, err
	}
	v, err := d.office.Reschedule(ctx, t.actor, c.id, at, t.now)
	if err != nil {
		return answer{}, err
	}
	a := d.queued(v, t.now)
	if v.State == schedule.PushReady {
		a.lines[0] = fmt.Sprintf("推送 #%d 已改期：%d 个群，%s起发", v.ID, len(v.Groups), d.ahead(v.Opens, t.now))
	}
	return a, nil
}
