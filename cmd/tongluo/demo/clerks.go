package demo

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"tongluo/content/poster"
	"tongluo/schedule/roster"
)

// The days of June on which the office talks with the bot.
const (
	composedOn  = 3
	correctedOn = 4
	boundAgain  = 18 // the account has logged in anew: codes of before count no more
	askedOn     = 26
)

// What a clerk sends out, to whom, and the mistake in it.
const (
	lectureTitle = "防骗讲座"
	lecture      = "本周六（6月6日）上午9点，镇文化中心有防骗讲座。请村干部和家长带上家里的老人来听，不用报名。"
	lectureFor   = "防骗工作群 家长群"
	mended       = "讲座改在6月7日（周日）上午9点，地点不变"
)

// notice is what became of the clerk's push: its number and its correction's, as
// the bot gave them.
type notice struct {
	picture          []byte
	push, correction int64
}

// clerk, second and leader are the town's office. What they say in chat counts
// only once a code has bound them.
func (w *world) clerk() roster.Person  { return w.place.roster.Persons[0] }
func (w *world) second() roster.Person { return w.place.roster.Persons[1] }
func (w *world) leader() roster.Person { return w.place.roster.Persons[2] }

// staff is the clerk at the console.
func (w *world) staff() roster.Actor { return roster.ActorOf(w.clerk(), roster.ViaConsole) }

// officeTalks puts on the calendar what clerks and leader say to the bot.
func (w *world) officeTalks() error {
	p, err := poster.New()
	if err != nil {
		return err
	}
	if w.notice.picture, err = p.Item(lectureTitle, lecture); err != nil {
		return fmt.Errorf("draw the clerk's picture: %w", err)
	}
	for _, d := range []int{composedOn, boundAgain} {
		w.at(w.day(d, 9, 0), w.binding(w.clerk()))
		w.at(w.day(d, 9, 5), w.binding(w.second()))
	}
	me := w.clerk().ID
	w.at(w.day(composedOn, 15, 0), w.saying(me, "【"+lectureTitle+"】"+lecture))
	w.at(w.day(composedOn, 15, 1), func(ctx context.Context) error { return w.sayPicture(ctx, me, w.notice.picture) })
	w.at(w.day(composedOn, 15, 2), w.saying(me, "发 "+lectureFor+" 明天9点"))
	w.at(w.day(composedOn, 15, 4), w.confirming(me, &w.notice.push))
	w.at(w.day(correctedOn, 10, 30), func(ctx context.Context) error {
		return w.say(ctx, me, fmt.Sprintf("更正 %d %s", w.notice.push, mended))
	})
	w.at(w.day(correctedOn, 10, 31), w.confirming(me, &w.notice.correction))
	w.at(w.day(correctedOn, 16, 30), w.saying(me, "卡在哪"))
	w.at(w.day(correctedOn, 16, 31), w.askChain)
	w.leaderAsks()
	return nil
}

// leaderAsks are the leader's questions, near the end of the month.
func (w *world) leaderAsks() {
	w.at(w.day(askedOn, 16, 20), w.binding(w.leader()))
	for i, q := range []string{"覆盖率", "落后"} {
		w.at(w.day(askedOn, 16, 30+i), w.saying(w.leader().ID, q))
	}
	w.at(w.day(askedOn, 16, 33), w.askWhy)
	w.at(w.day(askedOn, 16, 35), w.saying(w.leader().ID, "图"))
}

// binding is the office giving a person a code, who sends it to the bot: a remark
// alone makes nobody a clerk or a leader.
func (w *world) binding(p roster.Person) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		code, err := w.office.IssueCode(ctx, roster.Operator("王办"), p.Name, w.now)
		if err != nil {
			return err
		}
		return w.say(ctx, p.ID, code.Code)
	}
}

// confirming has a person say yes to the preview that the bot has just shown, and
// remembers its number.
func (w *world) confirming(person int64, number *int64) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		n, err := w.told(person, regexp.MustCompile(`^#(\d+) 群里会看到：`))
		if err != nil {
			return err
		}
		*number = n
		return w.say(ctx, person, fmt.Sprintf("确认 %d", n))
	}
}

// askChain has the clerk look at the relay that the demo's grid leader holds up,
// if it is among those shown, else at the one the bot names.
func (w *world) askChain(ctx context.Context) error {
	who, _ := w.place.roster.Person(w.gridLeader(stuckVillage))
	n, err := w.told(w.clerk().ID, regexp.MustCompile(`(?m)^#(\d+) \d+/\d+ 第\d级 \S+ `+who.Name+`$`))
	if err != nil {
		n, err = w.told(w.clerk().ID, regexp.MustCompile(`请回：转发链 (\d+)`))
	}
	if err != nil {
		return err
	}
	return w.say(ctx, w.clerk().ID, fmt.Sprintf("转发链 %d", n))
}

// askWhy has the leader ask about the first number in the last answer.
func (w *world) askWhy(ctx context.Context) error {
	n, err := w.told(w.leader().ID, regexp.MustCompile(`#(\d+)`))
	if err != nil {
		return err
	}
	return w.say(ctx, w.leader().ID, fmt.Sprintf("凭什么 #%d", n))
}

// told finds a number in what the bot has said to a person since they last spoke.
func (w *world) told(person int64, number *regexp.Regexp) (int64, error) {
	for _, l := range slices.Backward(w.log) {
		if l.person != person {
			continue
		}
		if !l.bot {
			break
		}
		if m := number.FindStringSubmatch(l.text); m != nil {
			return strconv.ParseInt(m[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("person %d was told nothing like %s", person, number)
}

// heard is what some people and the bot said to each other within a while.
func (w *world) heard(from time.Time, while time.Duration, people ...int64) []line {
	var out []line
	for _, l := range w.log {
		if slices.Contains(people, l.person) && !l.at.Before(from) && l.at.Before(from.Add(while)) {
			out = append(out, l)
		}
	}
	return out
}
