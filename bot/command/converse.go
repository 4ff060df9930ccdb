package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tongluo/bot"
	"tongluo/content"
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
	looked  heard
}

// Hear takes in one message: news of rooms and friends, a notice of the
// service, or a word that is answered if it is for us and from somebody we
// know. An answer that the service refuses is dropped: its person asks again.
func (c *Conversation) Hear(ctx context.Context, m bot.Message, now time.Time) error {
	in, ok := c.Desk.Translate(m)
	if !ok {
		return nil
	}
	if in.Kind == bot.System && strings.Contains(in.Text, "过于频繁") {
		c.Rest(ctx, now)
		return c.Office.Throttled(ctx, in.Group, now)
	}
	seen := c.look(ctx, in, now)
	reply, err := c.answer(ctx, in, now)
	err = errors.Join(seen, err)
	if reply.Text == "" {
		return err
	}
	c.replies++
	out := schedule.Outgoing{Person: in.Person, ClientID: c.replyID(now), Part: content.Part{Kind: content.Text, Text: reply.Text}}
	if reply.To == Group {
		out.Person, out.Group = 0, in.Group
	}
	_, sendErr := c.Sender.Send(ctx, out)
	var refused *schedule.SendError
	if errors.As(sendErr, &refused) {
		sendErr = nil
	}
	return errors.Join(err, sendErr)
}

// replyID is a message id of 17 digits that no delivery can have: those begin
// with the second they were first tried in, long before 9.
func (c *Conversation) replyID(now time.Time) string {
	return fmt.Sprintf("9%013d%03d", now.UnixMilli(), c.replies%1000)
}
