package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
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
	// Rest is told that the service asks the account to slow down, Resting asked
	// whether it does: then nothing is answered, though every word is taken. A nil
	// Resting never rests.
	Rest    func(ctx context.Context, now time.Time)
	Resting func(now time.Time) bool

	replies int
	looked  heard
	spoke   map[int64]time.Time // when an answer last went to a group

	// mu guards what the desk was last bound to: Greet and Look may meet.
	mu     sync.Mutex
	people *roster.Roster
	newest int64 // the newest binding by hand
}

// Hear takes in one message: news of rooms and friends, a notice of the
// service, a one-time code, or a word that is answered if it is for us and from
// somebody we know. An answer that the service refuses is dropped: its person
// asks again. A mistake of ours that panics costs this one message: the same
// one would be said again after a restart. Its error names no words of it.
func (c *Conversation) Hear(ctx context.Context, m bot.Message, now time.Time) (err error) {
	defer c.Desk.Done(m)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("take in a message of kind %s: panic of type %T\n%s", m.Kind, p, debug.Stack())
			var known runtime.Error
			if why, ok := p.(error); ok && errors.As(why, &known) { // its words are Go's own
				err = fmt.Errorf("%w: %w", known, err)
			}
		}
	}()
	return c.hear(ctx, m, now)
}

func (c *Conversation) hear(ctx context.Context, m bot.Message, now time.Time) error {
	in, ok := c.Desk.Translate(m)
	if !ok {
		return nil
	}
	switch {
	case in.Kind == bot.System && strings.Contains(in.Text, "过于频繁"):
		c.Rest(ctx, now)
		if in.Private {
			return c.Office.ThrottledPerson(ctx, in.Person, now)
		}
		return c.Office.Throttled(ctx, in.Group, c.spoke[in.Group], now)
	case in.Kind == bot.Own:
		return c.Office.Echoed(ctx, roster.Clock(), in.Group, schedule.Echo{MessageID: in.MessageID, ClientID: in.ClientID, Text: in.Text, At: in.At}, now)
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
	if c.Resting != nil && c.Resting(now) {
		return false, nil
	}
	c.replies++
	out.ClientID = c.replyID(now)
	if out.Group != 0 {
		if c.spoke == nil {
			c.spoke = map[int64]time.Time{}
		}
		c.spoke[out.Group] = now
	}
	_, err := c.Sender.Send(ctx, out)
	var refused *schedule.SendError
	if errors.As(err, &refused) {
		if refused.Next == schedule.StopAccount {
			c.Rest(ctx, now)
		}
		return false, nil
	}
	return err == nil, err
}

// replyID is a message id of 17 digits that no delivery can have: those begin
// with the second they were first tried in, long before 9.
func (c *Conversation) replyID(now time.Time) string {
	return fmt.Sprintf("9%013d%03d", now.UnixMilli(), c.replies%1000)
}
