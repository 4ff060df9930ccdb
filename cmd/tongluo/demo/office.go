package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// tellPush shows how content becomes a push: sent to the bot, previewed, let go
// by a second person, counted on the receiving side.
func (w *world) tellPush(ctx context.Context, _ *result) error {
	if w.notice.push == 0 {
		return nil // the clerk has not sent it yet
	}
	w.title("办公室发，另一个人放行（6月%d日）", composedOn)
	w.print("%s、%s是办公室的两个人。一次发往 20 个群以上，要另一个人看过才发。", w.clerk().Name, w.second().Name)
	w.tellLines(w.heard(w.day(composedOn, 15, 0), time.Hour, w.clerk().ID, w.second().ID))
	return w.tellReceived(ctx, w.notice.push, lectureBegins)
}

// tellCorrection shows how what was wrong is put right.
func (w *world) tellCorrection(ctx context.Context, _ *result) error {
	if w.notice.correction == 0 {
		return nil
	}
	w.title("写错了，一个人就能更正（6月%d日）", correctedOn)
	w.tellLines(w.heard(w.day(correctedOn, 10, 30), 5*time.Minute, w.clerk().ID))
	return w.tellReceived(ctx, w.notice.correction, mendedBegins)
}

// tellStuck shows where a relay of two hops stands still.
func (w *world) tellStuck(context.Context, *result) error {
	lines := w.heard(w.day(correctedOn, 16, 30), 5*time.Minute, w.clerk().ID)
	if len(lines) == 0 {
		return nil
	}
	w.title("逐级转发卡在哪（6月%d日）", correctedOn)
	w.tellLines(lines)
	return nil
}

// tellWhy shows the leader's questions and the bot's answers; a picture among
// them is put beside the reports.
func (w *world) tellWhy(context.Context, *result) error {
	lines := w.heard(w.day(askedOn, 16, 20), time.Hour, w.leader().ID)
	if len(lines) == 0 {
		return nil // the leader has not asked yet
	}
	w.title("领导问，铜锣答（6月%d日）", askedOn)
	w.tellLines(lines)
	pictures := 0
	for _, l := range lines {
		if l.kind == loopback.KindImage {
			pictures++
		}
	}
	w.print("模拟微信数过：领导私下收到图片 %d 张。", pictures)
	return w.keepPicture(lines)
}

// tellLines prints talk as a telephone shows it; among several people, and beside
// what is said in a group, the bot's lines say to whom.
func (w *world) tellLines(lines []line) {
	several := slices.ContainsFunc(lines, func(l line) bool { return l.person != lines[0].person || l.group != "" })
	for _, l := range lines {
		who := w.called(l.person)
		switch {
		case l.bot && several:
			who = "铜锣对" + who
		case l.bot:
			who = "铜锣"
		}
		if l.group != "" {
			who += "（在“" + l.group + "”里）"
		}
		text := l.text
		if l.kind != loopback.KindText {
			text = "[图片]"
		}
		w.print("%s %s：%s", w.local(l.at).Format("15:04"), who, text)
	}
}

// called is how the story calls a person.
func (w *world) called(person int64) string {
	p, _ := w.place.roster.Person(person)
	if p.Role == roster.Leader {
		return "领导"
	}
	return p.Name
}

// How what the clerk sent, and what put it right, begins in a group.
const (
	lectureBegins = "【" + lectureTitle + "】"
	mendedBegins  = "【更正：" + lectureTitle + "】"
)

// arrival is how a text arrived, counted by the make-believe WeChat.
type arrival struct {
	times       map[string]int // by room
	first, last time.Time
}

// arrived counts how often each room received a text that begins so.
func (w *world) arrived(begins string) arrival {
	a := arrival{times: map[string]int{}}
	for _, r := range w.server.Receipts() {
		if r.Kind != loopback.KindText || !strings.HasPrefix(r.Text, begins) || !w.place.isRoom(r.To) {
			continue
		}
		if len(a.times) == 0 {
			a.first = r.At
		}
		a.times[r.To]++
		a.last = r.At
	}
	return a
}

// tellReceived holds what a push was to reach against what has arrived.
func (w *world) tellReceived(ctx context.Context, push int64, begins string) error {
	ds, err := w.office.Deliveries(ctx, roster.Operator(""), schedule.DeliveryFilter{Push: push})
	if err != nil {
		return err
	}
	got := w.arrived(begins)
	once, others := 0, len(got.times)
	for _, d := range ds {
		room := w.place.room[d.Group.ID]
		if got.times[room] > 0 {
			others--
		}
		if got.times[room] == 1 {
			once++
		}
	}
	when := "还没有发"
	if len(got.times) > 0 {
		when = fmt.Sprintf("%s到%s", w.local(got.first).Format("1月2日 15:04"), w.local(got.last).Format("15:04"))
	}
	w.print("模拟微信数过（%s）：名单上 %d 个群，各收到 1 次的 %d 个，名单外收到的 %d 个。", when, len(ds), once, others)
	return nil
}

// pictureName is the leader's picture among the files.
const pictureName = "领导要的图.png"

// keepPicture writes the last picture of the talk as it arrived.
func (w *world) keepPicture(lines []line) error {
	for _, l := range lines {
		if l.kind != loopback.KindImage {
			continue
		}
		data, ok := w.server.Media(l.media)
		if !ok {
			return errors.New("the picture did not arrive")
		}
		file := filepath.Join(w.dir, "reports", pictureName)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600)); err != nil {
			return fmt.Errorf("keep the leader's picture: %w", err)
		}
		w.copied("图在这里", file)
	}
	return nil
}
