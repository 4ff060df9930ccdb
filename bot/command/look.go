package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// fetchTime is how long the account waits for one picture.
const fetchTime = 10 * time.Second

// look shows what is said in a group to the office, if the group has an open
// handoff: it may be the handoff's content, forwarded by hand. A picture is
// fetched only then, and only a few a day. Nothing of it is kept or logged, and
// nothing is said in the group.
func (c *Conversation) look(ctx context.Context, in bot.Incoming, now time.Time) error {
	if in.Private || in.Group == 0 {
		return nil
	}
	switch in.Kind {
	case bot.Text, bot.Card, bot.Picture:
	default:
		return nil
	}
	watched, err := c.Office.Watched(ctx, roster.Clock(), in.Group)
	if err != nil || !watched || !c.looked.first(in.Session, in.MessageID) {
		return err
	}
	seen := schedule.Seen{Text: quoted().ReplaceAllString(in.Text, ""), At: in.At} // what is quoted was said before
	if in.Kind == bot.Picture {
		may, err := c.Office.MayLook(ctx, roster.Clock(), in.Group, now)
		if err != nil || !may {
			return err
		}
		if seen.Picture, err = fetch(ctx, in); err != nil {
			return fmt.Errorf("look at a picture: %w", err)
		}
	}
	_, err = c.Office.Observe(ctx, roster.Clock(), in.Group, seen, now)
	return err
}

// fetch gets the bytes of a picture; none is an error.
func fetch(ctx context.Context, in bot.Incoming) ([]byte, error) {
	if in.Open == nil {
		return nil, errors.New("picture cannot be opened")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	return in.Open(ctx)
}
