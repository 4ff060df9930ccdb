package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Recall tells the desk, before its first session, what the office remembers:
// account is the one of the last session, "" for none.
func (c *Conversation) Recall(ctx context.Context, account string) error {
	traces, err := c.Office.Traces(ctx)
	if err != nil {
		return fmt.Errorf("recall which room was which group: %w", err)
	}
	c.Desk.Recall(account, traces)
	return nil
}

// Greet binds a new session's rooms to our groups, and its friends to persons.
// When it fails, nothing is bound and nothing is sent.
func (c *Conversation) Greet(ctx context.Context, s bot.Session, now time.Time) (bot.Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Without proofs high roles bind again; that is no reason to bind nothing.
	proofs, lapse := c.Office.SessionBegan(ctx, cmp.Or(s.Login, s.ID), now)
	c.Desk.Trust(proofs)
	var report bot.Report
	c.people = nil
	err := c.bind(ctx, func(r *roster.Roster, words []bot.Binding) { report = c.Desk.Bind(s, r, words) })
	if err == nil {
		err = c.keep(ctx, now)
	}
	return report, errors.Join(err, lapse)
}

// Look takes in what was changed elsewhere (roster, bindings by hand, a list of
// rooms accepted) and keeps what the session taught.
func (c *Conversation) Look(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.bind(ctx, func(r *roster.Roster, words []bot.Binding) { c.Desk.Rebind(r, words) }); err != nil {
		return err
	}
	if err := c.accept(ctx); err != nil {
		return err
	}
	return c.keep(ctx, now)
}

// bind has the desk bound to the roster and the bindings by hand, if either has
// changed since.
func (c *Conversation) bind(ctx context.Context, to func(*roster.Roster, []bot.Binding)) error {
	r, err := c.Office.Roster(ctx, roster.Clock())
	if err != nil {
		return fmt.Errorf("read the roster: %w", err)
	}
	newest, err := c.Office.NewestWord(ctx)
	if err != nil || r == c.people && newest == c.newest {
		return err
	}
	words, err := c.words(ctx)
	if err != nil {
		return err
	}
	to(r, words)
	c.people, c.newest = r, newest
	return nil
}

// accept takes a person's word for the very list of a session that is held.
func (c *Conversation) accept(ctx context.Context) error {
	st := c.Desk.Status()
	if st.State != schedule.AccountHeld {
		return nil
	}
	yes, err := c.Office.Accepted(ctx, st.Session, c.Desk.Decisions())
	if yes {
		c.Desk.Accept()
	}
	return err
}

func (c *Conversation) keep(ctx context.Context, now time.Time) error {
	return c.Desk.Keep(ctx, func(ctx context.Context, session string, all []roster.Decision, traces []roster.Trace) error {
		return c.Office.NoteIdentity(ctx, session, all, traces, now)
	})
}

// words are the bindings people made by hand: a handle begins with @@, a name
// does not.
func (c *Conversation) words(ctx context.Context) ([]bot.Binding, error) {
	all, err := c.Office.RoomWords(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]bot.Binding, 0, len(all))
	for _, b := range all {
		w := bot.Binding{ID: b.ID, Group: b.Group, Room: b.Room}
		if strings.HasPrefix(b.Room, "@@") {
			w.Handle, w.Room = b.Room, ""
		}
		out = append(out, w)
	}
	return out, nil
}
