package command

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"tongluo/bot"
	"tongluo/schedule/roster"
)

// markOf is the same for a message that is said again, by whatever login, and
// for no other; nil for one without an id. Nobody can read it back.
func markOf(in bot.Incoming) []byte {
	if in.MessageID == "" {
		return nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%d\x00%t\x00%s\x00%d\x00%s\x00%s",
		in.Person, in.Group, in.Private, in.Kind, in.At.Unix(), in.MessageID, in.Text))
	return sum[:16]
}

// dealtWith reports whether the message was dealt with before this run, or under
// another login.
func (d *Dialogue) dealtWith(ctx context.Context, in bot.Incoming) (bool, error) {
	mark := markOf(in)
	if mark == nil {
		return false, nil
	}
	before, err := d.office.Dealt(ctx, roster.Clock(), mark)
	if err != nil {
		return false, fmt.Errorf("know a message again: %w", err)
	}
	return before, nil
}

// dealt remembers a message that may have changed something, whatever came of
// it: said again in another hour, the same words could mean another thing. What
// failed by our own fault is not remembered: its person is told to try again.
func (d *Dialogue) dealt(ctx context.Context, in bot.Incoming, r Reply, now time.Time) error {
	mark := markOf(in)
	if mark == nil || !d.changes(r) {
		return nil
	}
	if err := d.office.NoteDealt(ctx, roster.Clock(), mark, now); err != nil {
		return fmt.Errorf("remember a message: %w", err)
	}
	return nil
}

// changes reports whether anything but reading was asked for. A stranger's
// silence is remembered nowhere.
func (d *Dialogue) changes(r Reply) bool {
	for _, u := range r.Understood {
		if u.Outcome == Ignored || u.Command == "" {
			continue
		}
		if c := d.table.of(u.Command); c == nil || c.does {
			return true
		}
	}
	return false
}

// of is a command by its word, nil for what no word asked for (a picture).
func (t table) of(word string) *command {
	for i := range t.commands {
		if t.commands[i].word == word {
			return &t.commands[i]
		}
	}
	return nil
}
