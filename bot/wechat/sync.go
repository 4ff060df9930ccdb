package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

const (
	// roundGap is the least time between two rounds that bring nothing: two
	// requests a second at worst (protocol trap T21).
	roundGap   = time.Second
	firstDelay = time.Second
	lastDelay  = 5 * time.Minute
	// saveEvery bounds how often the key is kept. A crash asks again for what
	// was not dealt with, and for what came since: it is delivered twice rather
	// than lost (reliability.md H10).
	saveEvery = 5 * time.Second
)

// listen fetches what is said until the session ends; it returns why.
func (s *session) listen(ctx context.Context) error {
	for failed := 0; ; {
		began := s.t.now()
		news, err := s.round(ctx)
		var delay time.Duration
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case sessionFault(err) != nil:
			return err
		case errors.Is(err, errMalformed):
			return fmt.Errorf("%w: %w", bot.ErrSessionOver, err)
		case err != nil:
			delay = backoff(failed, rand.Float64())
			failed++
			s.t.opts.Log.Warn("no news", "session", s.line.id, "failed", failed, "err", err)
		default:
			failed = 0
			if err := s.refresh(ctx); err != nil {
				return err
			}
			if !news {
				delay = roundGap - s.t.now().Sub(began)
			}
		}
		if err := s.t.wait(ctx, delay); err != nil {
			return context.Cause(ctx)
		}
	}
}

// backoff doubles from 1 s to 5 min; chance in [0,1) takes up to half of it
// away.
func backoff(failed int, chance float64) time.Duration {
	d := lastDelay
	if failed < 9 {
		d = min(firstDelay<<failed, lastDelay)
	}
	return d - time.Duration(chance*float64(d)/2)
}

// round is one poll and, if there is news, one fetch. It reports whether the
// fetch brought anything.
func (s *session) round(ctx context.Context) (bool, error) {
	state, err := s.check(ctx)
	if err != nil {
		return false, fmt.Errorf("synccheck: %w", err)
	}
	if s.moved && s.t.now().Sub(s.saved) >= saveEvery {
		s.save()
	}
	if state.Selector == openwechat.SelectorNormal {
		return false, nil
	}
	data, err := s.fetch(ctx, func(ctx context.Context) (*http.Response, error) {
		return s.client.WebWxSync(ctx, &openwechat.ClientWebWxSyncOptions{
			BaseRequest: &s.base, LoginInfo: &s.login, WebInitResponse: s.position(),
		})
	})
	if err != nil {
		return false, fmt.Errorf("webwxsync: %w", err)
	}
	reply, err := readSync(data)
	if err != nil {
		return false, fmt.Errorf("webwxsync: %w", err)
	}
	moved := s.advance(reply.SyncKey)
	s.moved = s.moved || moved
	said := len(reply.AddMsgList)+len(reply.ModContactList)+len(reply.DelContactList) > 0
	if err := s.deliver(ctx, reply); err != nil {
		return false, err
	}
	s.line.handled.reached(s.key)
	return moved && said, nil
}

// check is the long poll.
func (s *session) check(ctx context.Context) (*openwechat.SyncCheckResponse, error) {
	resp, err := limited(ctx, holdTimeout, func(ctx context.Context) (*http.Response, error) {
		return s.client.SyncCheck(ctx, &openwechat.ClientSyncCheckOptions{
			BaseRequest: &s.base, LoginInfo: &s.login, WebInitResponse: s.position(),
		})
	})
	if err != nil {
		return nil, err
	}
	data, err := body(resp)
	if err != nil {
		return nil, err
	}
	state, err := openwechat.NewSyncCheckResponse(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return state, state.Err()
}

func (s *session) position() *openwechat.WebInitResponse {
	return &openwechat.WebInitResponse{SyncKey: &s.key}
}

// advance takes the new key and reports whether it is another one.
func (s *session) advance(key *openwechat.SyncKey) bool {
	if key.Count == 0 {
		return false
	}
	moved := key.Count != s.key.Count
	for i := range key.List {
		moved = moved || key.List[i] != s.key.List[i]
	}
	s.key = *key
	return moved
}

// deliver turns one fetch into messages: first who is new or renamed, then
// what was said, then who is gone.
func (s *session) deliver(ctx context.Context, reply syncReply) error {
	mods, bad1 := each[contact](reply.ModContactList)
	said, bad2 := each[wireMessage](reply.AddMsgList)
	gone, bad3 := each[contact](reply.DelContactList)
	if bad := bad1 + bad2 + bad3; bad > 0 {
		s.t.opts.Log.Warn("news of unknown shape", "session", s.line.id, "count", bad)
	}
	for _, c := range mods {
		if err := s.put(ctx, s.changed(c)); err != nil {
			return err
		}
	}
	for _, w := range said {
		if err := s.hear(ctx, w); err != nil {
			return err
		}
	}
	for _, c := range gone {
		if err := s.put(ctx, s.lost(c.UserName)); err != nil {
			return err
		}
	}
	return nil
}

// put hands one message to whoever reads the inbox; a message without a Kind
// is none.
func (s *session) put(ctx context.Context, m bot.Message) error {
	if m.Kind == "" {
		return nil
	}
	m.Session = s.line.id
	if m.At.IsZero() {
		m.At = s.t.now().UTC()
	}
	select {
	case s.t.inbox <- m:
		s.line.handled.said()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readHead checks a reply of which only the Ret matters.
func readHead(data []byte) error {
	var r struct{ BaseResponse *head }
	if json.Unmarshal(data, &r) != nil {
		return fmt.Errorf("%w: not JSON", errMalformed)
	}
	return r.BaseResponse.err()
}
