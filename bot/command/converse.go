package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tongluo/bot"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
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

	// mu guards what the desk was last bound to: Greet and Look may meet.
	mu     sync.Mutex
	people *roster.Roster
	newest int64 // the newest binding by hand
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
	if in.Kind == bot.Removed && in.Group != 0 {
		return errors.Join(c.keep(ctx, now), c.Office.GroupLost(ctx, in.Group, in.Session, now))
	}
	if dealt, err := c.enrol(ctx, in, now); dealt || err != nil {
		return err
	}
	if dealt, err := c.prove(ctx, in, now); dealt || err != nil {
		return err
	}
	seen := c.look(ctx, in, now)
	reply, err := c.Talk.Answer(ctx, in, now)
	err = errors.Join(seen, err)
	if reply.Text == "" {
		return err
	}
	out := schedule.Outgoing{Person: in.Person}
	if reply.To == Group {
		out = schedule.Outgoing{Group: in.Group}
	}
	out.Part = content.Part{Kind: content.Text, Text: reply.Text}
	sent, sendErr := c.reply(ctx, out, now)
	for _, a := range reply.Attachments {
		if !sent || sendErr != nil {
			break
		}
		sum := sha256.Sum256(a.Data)
		sent, sendErr = c.reply(ctx, schedule.Outgoing{Person: in.Person, Data: a.Data, Part: content.Part{Kind: content.Picture,
			Name: a.Name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(a.Data))}}, now)
	}
	return errors.Join(err, sendErr)
}

// reply sends one message of an answer; false when the service refused it.
func (c *Conversation) reply(ctx context.Context, out schedule.Outgoing, now time.Time) (bool, error) {
	c.replies++
	out.ClientID = c.replyID(now)
	_, err := c.Sender.Send(ctx, out)
	var refused *schedule.SendError
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}

// replyID is a message id of 17 digits that no delivery can have: those begin
// with the second they were first tried in, long before 9.
func (c *Conversation) replyID(now time.Time) string {
	return fmt.Sprintf("9%013d%03d", now.UnixMilli(), c.replies%1000)
}
