package command

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tongluo/bot"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// prove takes a one-time code that somebody said, known or not, and reports
// whether the message has been dealt with. A right one in private binds and is
// answered; said in a group it is used up in silence; a wrong one from a stranger
// is answered by nothing, so that nobody learns whether a code lives.
func (c *Conversation) prove(ctx context.Context, in bot.Incoming, now time.Time) (bool, error) {
	code, ok := schedule.CodeIn(in.Text)
	if in.Kind != bot.Text || !ok || in.Sender.Handle == "" {
		return false, nil
	}
	who, proof, err := c.Office.Redeem(ctx, schedule.Saying{Code: code, Session: in.Sender.Login, Handle: in.Sender.Handle,
		Stable: in.Sender.Stable, Private: in.Private, Person: in.Person}, now)
	if err == nil {
		c.Talk.heard.first(in.Session, in.MessageID) // delivered again it is no second try
		c.Desk.Prove(proof)
		return true, c.say(ctx, who.ID, welcome(who), now)
	}
	say := ""
	switch {
	case errors.Is(err, schedule.ErrNoCode):
		say = "绑定码不对，或者过期了。请再向办公室要一个"
	case errors.Is(err, schedule.ErrLocked):
		say = "试的次数太多，请一小时后再向办公室要绑定码"
	case errors.Is(err, schedule.ErrBurned):
		return true, nil
	default:
		return false, fmt.Errorf("redeem a code: %w", err)
	}
	if !in.Private || !c.Talk.unproven(ctx, in) || !c.Talk.heard.first(in.Session, in.MessageID) {
		return false, nil
	}
	return true, c.say(ctx, in.Person, say, now)
}

// enrol takes a group's one-time code that somebody said in a room, and reports
// whether the message has been dealt with. Whoever said it is told in private;
// the group reads nothing.
func (c *Conversation) enrol(ctx context.Context, in bot.Incoming, now time.Time) (bool, error) {
	code, ok := schedule.CodeIn(in.Text)
	if in.Kind != bot.Text || !ok || in.Private || in.Sender.Handle == "" {
		return false, nil
	}
	g, err := c.Office.RedeemGroup(ctx, schedule.Saying{Code: code, Session: in.Sender.Login, Handle: in.Sender.Handle, Person: in.Person},
		in.Proven, in.Group, now)
	switch {
	case errors.Is(err, schedule.ErrNoCode), errors.Is(err, schedule.ErrLocked):
		return false, nil
	case errors.Is(err, schedule.ErrBurned):
		return true, nil
	case err != nil && !errors.Is(err, schedule.ErrElsewhere):
		return false, fmt.Errorf("redeem a group's code: %w", err)
	}
	c.Talk.heard.first(in.Session, in.MessageID) // delivered again it is no second try
	if err != nil || !c.Desk.Enrol(g.ID, in.Sender.Room) {
		return true, c.say(ctx, in.Person, fmt.Sprintf("没有绑定：发码的群已经认作花名册里的另一个群，不是“%s”。请办公室核对：控制台的“认群”，或 tongluo roster bindings", g.Name), now)
	}
	return true, errors.Join(c.keep(ctx, now), c.say(ctx, in.Person, fmt.Sprintf("已绑定：刚才发码的群就是“%s”。以后的内容发到那里", g.Name), now))
}

// welcome tells who somebody is from now on, and the next word.
func welcome(p roster.Person) string {
	next := "先看进度请回：进度"
	switch p.Role {
	case roster.Cadre:
		next = "先看手上的请回：任务"
	case roster.Staff, roster.Admin:
		next = "先看今天的请回：今天"
	}
	until := "本次登录有效，机器人重新登录后要再绑一次"
	if !p.Role.High() {
		until = "请办公室把手机备注设成花名册里的标记，以后就不用再绑"
	}
	return fmt.Sprintf("已绑定：%s，%s，%s\n%s\n%s", p.Name, p.Role.Word(), p.UnitPath, until, next)
}

// say sends a text; one that the service refuses is dropped.
func (c *Conversation) say(ctx context.Context, person int64, text string, now time.Time) error {
	_, err := c.reply(ctx, schedule.Outgoing{Person: person, Part: content.Part{Kind: content.Text, Text: text}}, now)
	return err
}

// unproven reports whether the sender has a high role that no code has bound.
func (d *Dialogue) unproven(ctx context.Context, in bot.Incoming) bool {
	if in.Person == 0 || in.Proven {
		return false
	}
	r, err := d.office.Roster(ctx, roster.Clock())
	if err != nil {
		return false
	}
	p, ok := r.Person(in.Person)
	return ok && roster.ActorOf(p, roster.ViaChat).Role.High()
}

// howToBind is said once to a high role that no code has bound.
const howToBind = "这次登录还没有核实您是谁。请向办公室要绑定码，私下发给我"

// told remembers who was told something in which session. Persons of the roster
// are few, so it need not forget. Its zero value is ready.
type told struct {
	mu   sync.Mutex
	said map[string]bool
}

// first reports whether it is the first time, and remembers it.
func (t *told) first(session string, person int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := fmt.Sprintf("%d %s", person, session)
	if t.said[key] {
		return false
	}
	if t.said == nil {
		t.said = map[string]bool{}
	}
	t.said[key] = true
	return true
}

// untilBound adds to what an unproven person may know, once, how to be bound.
// What was refused is left out: it is not explained again and again.
func (d *Dialogue) untilBound(in bot.Incoming, r Reply) Reply {
	if !d.bindTold.first(in.Session, in.Person) {
		return r
	}
	if r.Text == "" {
		return Reply{To: Private, Text: howToBind, Understood: r.Understood}
	}
	if r.To == Private {
		r.Text += "\n" + howToBind
	}
	return r
}
