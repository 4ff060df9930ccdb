package demo

import (
	"context"
	"strings"
	"time"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// sight is how a person settled what nobody could vouch for.
type sight struct {
	asked         time.Time
	person        int64
	before, after map[schedule.State]int // deliveries, as the person spoke and a minute later
}

// unheard is the group whose reply is lost.
func (w *world) unheard() roster.Group {
	return w.place.groupNamed(villages[lostVillage] + "党员群")
}

// lookInGroup has a person who is asked look into the group and say in one word
// what is there.
func (w *world) lookInGroup(person int64, number, group, title string) {
	w.sight.asked, w.sight.person = w.now, person
	w.at(w.cal.AddWorking(w.now, 8*time.Minute), func(ctx context.Context) (err error) {
		if w.sight.before, err = w.states(ctx); err != nil {
			return err
		}
		w.at(w.now.Add(time.Minute), func(ctx context.Context) (err error) {
			w.sight.after, err = w.states(ctx)
			return err
		})
		word := "没见到 "
		if w.shows(group, title) {
			word = "见到 "
		}
		return w.say(ctx, person, word+number)
	})
}

// shows reports whether a group's chat shows the words and then a picture.
func (w *world) shows(group, title string) bool {
	room, words := w.place.room[w.place.groupNamed(group).ID], false
	for _, r := range w.server.Receipts() {
		switch {
		case r.To != room:
		case strings.HasPrefix(r.Text, "【"+title+"】"):
			words = true
		case words && r.Kind == loopback.KindImage:
			return true
		}
	}
	return false
}

// states counts the deliveries by their states.
func (w *world) states(ctx context.Context) (map[schedule.State]int, error) {
	ds, err := w.db.Deliveries(ctx, schedule.DeliveryFilter{})
	n := map[schedule.State]int{}
	for _, d := range ds {
		n[d.State]++
	}
	return n, err
}

// tellSight shows how one word settles a lost reply.
func (w *world) tellSight(ctx context.Context, _ *result) error {
	s, g := w.sight, w.unheard()
	if s.after == nil {
		return nil // the keeper has not been asked yet
	}
	w.title("没有答复，请负责人看一眼（%s）", w.local(s.asked).Format("1月2日"))
	w.print("%s的一张图片发出去，微信没有答复，不知道到没到。铜锣不重发，私下问负责人%s。", g.Name, w.called(s.person))
	w.tellLines(w.heardAbout(s.person, "【请看一眼 #", 3))
	w.print("账上：未确定 %d → %d，见到 %d → %d。", s.before[schedule.Uncertain], s.after[schedule.Uncertain],
		s.before[schedule.Observed], s.after[schedule.Observed])
	got, err := w.delivered(ctx, g, w.day(1, 0, 0), s.asked)
	if err != nil {
		return err
	}
	w.print("模拟微信数过：这个群该有正文和图片 %d 条，各收到 1 次的 %d 条，重复 %d。", got.owed, got.once, got.twice)
	return nil
}

// heardAbout is talk with a person from a line of the bot that begins so.
func (w *world) heardAbout(person int64, begins string, lines int) []line {
	var out []line
	for _, l := range w.log {
		if l.person == person && len(out) < lines && (len(out) > 0 || l.bot && strings.HasPrefix(l.text, begins)) {
			out = append(out, l)
		}
	}
	return out
}

// inbox is what a group was owed by the bot and what it got, message by message,
// counted by the make-believe WeChat.
type inbox struct{ owed, once, twice int }

// delivered holds what the ledger owes a group in a while against its chat.
func (w *world) delivered(ctx context.Context, g roster.Group, from, to time.Time) (inbox, error) {
	ds, err := w.db.Deliveries(ctx, schedule.DeliveryFilter{Groups: []int64{g.ID}})
	if err != nil {
		return inbox{}, err
	}
	got := map[string]int{}
	for _, r := range w.server.Receipts() {
		if r.To == w.place.room[g.ID] {
			got[r.ClientMsgID]++
		}
	}
	var n inbox
	for _, d := range ds {
		if d.Opens.Before(from) || !d.Opens.Before(to) {
			continue
		}
		for _, p := range d.Parts {
			n.owed++
			switch times := got[p.ClientID]; {
			case times == 1:
				n.once++
			case times > 1:
				n.twice++
			}
		}
	}
	return n, nil
}
