package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tongluo/bot"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// photo answers a picture that a cadre sent in private: it is filed to the one
// open handoff or duty it fits, or its person is asked which. It is fetched only
// once it is known that something fits.
func (d *Dialogue) photo(ctx context.Context, t turn, in bot.Incoming) (Reply, error) {
	said, err := d.filePhoto(ctx, t, in)
	return photoReply(said, nil, err)
}

// photoReply puts an answer about a photo together.
func photoReply(said answer, args []string, err error) (Reply, error) {
	u := Understood{Outcome: outcomeOf(err), Command: "图片", Args: append([]string{}, args...)}
	var all answer
	all.add(said, err)
	reply := Reply{To: Private, Text: all.text(), Understood: []Understood{u}}
	if u.Outcome != Ignored {
		err = nil
	}
	return reply, err
}

func (d *Dialogue) filePhoto(ctx context.Context, t turn, in bot.Incoming) (answer, error) {
	fits, err := d.office.PhotoFits(ctx, t.actor, t.now)
	if err != nil {
		return answer{}, err
	}
	if len(fits) == 0 {
		return answer{[]string{"这张图没有存：您现在没有待转发的，也没有要交的。"}, "看手上的请回：任务"}, nil
	}
	data, err := fetch(ctx, in)
	if err != nil {
		return answer{}, fmt.Errorf("fetch a photo: %w", err)
	}
	photo, err := content.Photo(data)
	if errors.Is(err, content.ErrNoPhoto) {
		return answer{[]string{"这张图打不开，没有存。"}, "请再发一次"}, nil
	}
	if err != nil {
		return answer{}, err
	}
	if len(fits) == 1 {
		return d.filed(ctx, t, fits[0].Number, photo)
	}
	if err := d.office.KeepPhoto(ctx, t.actor, photo, fits, t.said, t.now); err != nil {
		return answer{}, err
	}
	a := answer{[]string{fmt.Sprintf("%d 份都对得上，这张图是哪一份的？", len(fits))}, fmt.Sprintf("请回编号，如：%d", fits[0].Number)}
	for i, f := range fits {
		if i == mostLines {
			a.lines = append(a.lines, fmt.Sprintf("还有 %d 份，看全部请回：任务", len(fits)-i))
			break
		}
		a.lines = append(a.lines, fmt.Sprintf("#%d %s", f.Number, f.Title))
	}
	return a, nil
}

// filed files the photo and says where.
func (d *Dialogue) filed(ctx context.Context, t turn, number int64, photo content.Blob) (answer, error) {
	w := schedule.Word{Handoff: number, Day: t.day, Said: t.said}
	f, err := d.office.FilePhoto(ctx, t.actor, w, photo, t.now)
	if err != nil {
		return answer{}, err
	}
	if f.Said {
		return answer{[]string{fmt.Sprintf("#%d 有图了：%s", f.Number, f.Title), "转了几个群照您说过的记。"}, "看手上的请回：任务"}, nil
	}
	if f.Word == nil {
		return answer{[]string{fmt.Sprintf("#%d 有图了：%s", f.Number, f.Title), "交没交由办公室记。"}, "看手上的请回：任务"}, nil
	}
	return answer{[]string{credited(*f.Word) + "，有图"}, fmt.Sprintf("不是这一份请回：撤销 %d", number)}, nil
}

// placePhoto takes a bare number for the answer to where a photo belongs, when
// one waits for it. mine says that the message was that answer.
func (d *Dialogue) placePhoto(ctx context.Context, t turn, text string) (reply Reply, mine bool, err error) {
	if !t.private || t.actor.Role != roster.Cadre || t.stale {
		return Reply{}, false, nil
	}
	id, rest, ok := number(plain(text))
	if !ok || strings.Trim(rest, stops+gaps) != "" {
		return Reply{}, false, nil
	}
	waits, err := d.office.KeptPhoto(ctx, t.actor, t.now)
	if errors.Is(err, schedule.ErrNotFound) {
		return Reply{}, false, nil
	}
	if err != nil {
		return Reply{}, false, err
	}
	t.said = waits.Said
	if cal := d.office.Calendar(); cal.Today(t.said) != cal.Today(t.now) {
		t.day = cal.Today(t.said)
	}
	said, err := d.filed(ctx, t, id, waits.Photo)
	reply, err = photoReply(said, []string{strconv.FormatInt(id, 10)}, err)
	return reply, true, err
}
