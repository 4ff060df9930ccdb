package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
)

// Conversation is the dialogue over one account: what the account hears goes
// in, answers go out. It belongs to one goroutine.
type Conversation struct {
	Desk   *bot.Desk
	Talk   *Dialogue
	Office *schedule.Office
	Sender schedule.Sender
	// Rest is told that the service asks the account to slow down.
	Rest func(ctx context.Context, now time.Time)

	replies int
}

// Hear takes in one message: news of rooms and friends, a notice of the
// service, a one-time code, or a word that is answered if it is for us and from
// somebody we know. An answer that the service refuses is dropped: its person
// asks again.
func (c *Conversation) Hear(ctx context.Context, m bot.Message, now time.Time) error {
	in, ok := c.Desk.Translate(m)
	if !ok {
		return nil
	}
	if in.Kind == bot.System && strings.Contains(in.Text, "过于频繁") {
		c.Rest(ctx, now)
		return c.Office.Throttled(ctx, in.Group, now)
	}
	if dealt, err := c.prove(ctx, in, now); dealt || err != nil {
		return err
	}
	reply, err := c.Talk.Answer(ctx, in, now)
	if reply.Text == "" {
		return err
	}
	out := schedule.Outgoing{Person: in.Person}
	if reply.To == Group {
		out = schedule.Outgoing{Group: in.Group}
	}
	return errors.Join(err, c.reply(ctx, out, reply.Text, now))
}

// replyID is a message id of 17 digits that no delivery can have: those begin
// with the second they were first tried in, long before 9.
func (c *Conversation) replyID(now time.Time) string {
	return fmt.Sprintf("9%013d%03d", now.UnixMilli(), c.replies%1000)
}
