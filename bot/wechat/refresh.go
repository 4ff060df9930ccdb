package wechat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"tongluo/bot"
	"tongluo/schedule/roster"
)

const (
	// refreshGap is how long after a look at all rooms the next one is due: who
	// leaves a group, or disbands it, is told of by nothing else (protocol T20).
	refreshGap = 30 * time.Minute
	// absentGap must lie between two looks that both miss a room (reliability.md
	// §3.6).
	absentGap = 10 * time.Minute
	keyLength = 32
)

// sketch is what is kept of a room's members: nil when fewer than half have a
// name, for then the list says nothing.
func (t *Transport) sketch(members []member) roster.Sketch {
	mac := hmac.New(sha256.New, t.opts.Key)
	var sum [sha256.Size]byte
	hashes := make([]uint32, 0, len(members))
	for _, m := range members {
		name := plainName(m.NickName)
		if name == "" {
			continue
		}
		mac.Reset()
		mac.Write([]byte(name))
		hashes = append(hashes, binary.BigEndian.Uint32(mac.Sum(sum[:0])))
	}
	if 2*len(hashes) < len(members) {
		return nil
	}
	return roster.NewSketch(hashes)
}

// mark is the keyed hash of a room's lasting id.
func (t *Transport) mark(id string) string {
	mac := hmac.New(sha256.New, t.opts.Key)
	mac.Write([]byte("room " + id))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// newKey is for a transport that was given none: what it hashes can be compared
// only with what it hashed itself.
func newKey() []byte {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key)
	return key
}

// refresh looks at all rooms when it is time to: news of names and members, and
// whether a room is still there. One that two looks miss is lost; one that is
// merely not in the address book any more is still there (protocol T4).
func (s *session) refresh(ctx context.Context) error {
	gap := refreshGap
	if len(s.absent) > 0 {
		gap = absentGap
	}
	now := s.t.now()
	if now.Sub(s.refreshed) < gap {
		return nil
	}
	s.refreshed = now
	met := map[string]bool{}
	var news []bot.Message
	take := func(c contact) {
		if isRoom(c.UserName) && plainName(c.NickName) != "" {
			met[c.UserName] = true
		}
		if m := s.changed(c); m.Kind != "" {
			news = append(news, m)
		}
	}
	whole, err := s.addressBook(ctx, take)
	if err == nil {
		err = s.askFor(ctx, s.handles(), take)
	}
	for _, m := range news {
		if err := s.put(ctx, m); err != nil {
			return err
		}
	}
	if err != nil || !whole { // a look that was cut short has missed nothing
		if fault := sessionFault(err); fault != nil || ctx.Err() != nil {
			return err
		}
		s.t.opts.Log.Warn("rooms not looked at", "session", s.line.id, "err", err)
		return nil
	}
	return s.settleAbsent(ctx, met, now)
}

func (s *session) handles() []string {
	out := make([]string, 0, len(s.rooms))
	for h := range s.rooms {
		out = append(out, h)
	}
	return out
}

// settleAbsent tells of the rooms that have been missed twice. Many at once is
// the service's doing, not that of so many groups: nothing is told.
func (s *session) settleAbsent(ctx context.Context, met map[string]bool, now time.Time) error {
	missed := map[string]time.Time{}
	var lost []string
	for h := range s.rooms {
		if met[h] {
			continue
		}
		since, again := s.absent[h]
		if !again {
			since = now
		}
		missed[h] = since
		if now.Sub(since) >= absentGap {
			lost = append(lost, h)
		}
	}
	if few := len(s.rooms)/10 + 1; len(lost) > few {
		s.t.opts.Log.Warn("too many rooms missed to believe it", "session", s.line.id, "missed", len(lost))
		lost = nil
	}
	for _, h := range lost {
		delete(missed, h)
		if err := s.put(ctx, s.lost(h)); err != nil {
			return err
		}
	}
	s.absent = missed
	return nil
}
