package command

import (
	"context"
	"fmt"
	"strings"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// tellWords are what people tell the office of their own accord.
func tellWords() []command {
	us := []roster.Role{roster.Cadre, roster.Staff}
	return []command{
		{word: "补录", who: us, where: privately, args: ownWords, does: true, told: true, handle: (*Dialogue).enter,
			also:  []string{"补记", "补登"},
			slips: []string{"不录", "补路", "补陆"},
			usage: []string{"补录 刷单 11月20日 三个群"}, about: "自己早先转过、没人催的，补记一笔"},
		{word: "反馈", who: []roster.Role{roster.Cadre, roster.Staff, roster.Leader, roster.Admin}, where: privately, args: sentence, does: true, told: true,
			handle: (*Dialogue).feedback,
			also:   []string{"告诉办公室", "转告办公室", "跟办公室说"},
			usage:  []string{"反馈 便民群换了群主"}, about: "带一句话给办公室；后面的都算这句话"},
	}
}

// feedback answers 反馈.
func (d *Dialogue) feedback(ctx context.Context, t turn, c call) (answer, error) {
	n, at, err := d.office.Feedback(ctx, t.actor, c.text, t.now)
	if err != nil {
		return answer{}, err
	}
	line := fmt.Sprintf("已转告办公室 %d 人。", n)
	if at.After(t.now) {
		line = fmt.Sprintf("已记下，%s转告办公室 %d 人。", d.clock(at), n)
	}
	return answer{[]string{line}, "看本单位情况请回：进度"}, nil
}

// enter answers 补录 with everything that was understood, or asks.
func (d *Dialogue) enter(ctx context.Context, t turn, c call) (answer, error) {
	own, err := entryOf(c.text, d.office.Calendar().Today(t.said))
	if err != nil {
		return answer{}, err
	}
	said, err := d.office.EnterOwn(ctx, t.actor, own, t.now)
	if err != nil {
		return answer{}, err
	}
	day := fmt.Sprintf("%d月%d日 %s", int(own.Day.Month()), own.Day.Day(), weekdays[own.Day.Weekday()])
	a := answer{[]string{fmt.Sprintf("已补录：%s，%d 个群", day, len(said.Groups)-said.Known), "　" + said.Title}, "记错了请回：反馈 补录有误"}
	if said.Known == len(said.Groups) {
		return answer{[]string{fmt.Sprintf("%s这 %d 个群早已记过，没有重记。", day, said.Known)}, "看本单位情况请回：进度"}, nil
	}
	if said.Known > 0 {
		a.lines = append(a.lines, fmt.Sprintf("另有 %d 个群早已记过", said.Known))
	}
	return a, nil
}

// entryOf reads what, when and where of 补录, in any order. Only here a day may
// be past, and never to come; of two days it is asked.
func entryOf(s string, today calendar.Date) (own schedule.Own, err error) {
	s, own.Day, err = takePastDay(s, today)
	if err != nil {
		return own, err
	}
	for i := range s {
		n, all, rest, ok := share(s[i:])
		if counted := strings.TrimSuffix(s, rest); ok && all == 0 && strings.HasSuffix(counted, "群") {
			own.Count, s = n, s[:i]+" "+rest
			break
		}
	}
	for _, word := range []string{"全部的群", "所有的群", "全部群", "所有群", "全部", "所有"} {
		if before, after, ok := strings.Cut(s, word); ok {
			own.All, s = true, before+" "+after
			break
		}
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(stops+gaps, r) })
	if len(words) > 0 {
		own.What, own.Groups = words[0], words[1:]
	}
	return own, nil
}

// takePastDay takes the first words for a day out of s.
func takePastDay(s string, today calendar.Date) (string, calendar.Date, error) {
	for i := range s {
		d, rest, ok := readDay(s[i:], today)
		if !ok {
			continue
		}
		before := s[:i] + " " + rest
		switch {
		case len(d.past) == 1:
			return before, d.past[0], nil
		case len(d.past) > 1:
			return s, calendar.Date{}, &schedule.Problem{Err: schedule.ErrInput, Say: fmt.Sprintf("没说清是%d月%d日还是%d月%d日，请写几月几日",
				int(d.past[0].Month()), d.past[0].Day(), int(d.past[1].Month()), d.past[1].Day())}
		case d.sorry != "":
			return s, calendar.Date{}, &schedule.Problem{Say: d.sorry, Err: schedule.ErrInput}
		case len(d.first) > 0:
			return before, d.first[0], nil // to come: refused where days are
		}
	}
	return s, calendar.Date{}, nil
}
