package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

// keptFiles is how many files that were said can still be asked for.
const keptFiles = 64

// fileHandle is what the service wants to hear to give a file out.
type fileHandle struct{ from, media, encrypted string }

// fileHandles remembers the last files of a session: Serve writes, Fetch reads.
// Its zero value is ready.
type fileHandles struct {
	mu    sync.Mutex
	byID  map[string]fileHandle
	order []string // oldest first
}

func (f *fileHandles) keep(id string, h fileHandle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byID == nil {
		f.byID = map[string]fileHandle{}
	}
	f.byID[id] = h
	if f.order = append(f.order, id); len(f.order) > keptFiles {
		delete(f.byID, f.order[0])
		f.order = f.order[1:]
	}
}

func (f *fileHandles) of(id string) (fileHandle, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, ok := f.byID[id]
	return h, ok
}

// Fetch implements bot.Transport. What is too big, and an empty answer, which
// is how the service refuses, are errors.
func (t *Transport) Fetch(ctx context.Context, session, messageID string) ([]byte, error) {
	l := t.lineOf(session)
	if l == nil || messageID == "" {
		return nil, fmt.Errorf("fetch media: %w", bot.ErrGone)
	}
	ctx, cancel := context.WithTimeout(ctx, t.opts.SendTimeout)
	defer cancel()
	msg := openwechat.Message{MsgId: messageID}
	get := l.client.WebWxGetMsgImg
	if h, ok := l.files.of(messageID); ok {
		msg.FromUserName, msg.MediaId, msg.EncryFileName = h.from, h.media, h.encrypted
		get = l.client.WebWxGetMedia
	}
	resp, err := get(ctx, &msg, &l.login)
	if err != nil {
		return nil, fmt.Errorf("fetch media: %w", quiet(err))
	}
	if resp.StatusCode == http.StatusNotFound {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("fetch media: %w", bot.ErrGone)
	}
	data, err := body(resp)
	if err == nil && len(data) == 0 {
		err = errMalformed
	}
	if err != nil {
		return nil, fmt.Errorf("fetch media: %w", err)
	}
	return data, nil
}

// Revoke implements bot.Transport. A refusal is bot.ErrGone: the time is over
// or the message is not ours.
func (t *Transport) Revoke(ctx context.Context, r bot.Recall) error {
	l := t.lineOf(r.Session)
	if l == nil || r.MessageID == "" || r.To == "" {
		return fmt.Errorf("revoke: %w", bot.ErrGone)
	}
	ctx, cancel := context.WithTimeout(ctx, t.opts.SendTimeout)
	defer cancel()
	sent := &openwechat.SentMessage{MsgId: r.MessageID,
		SendMessage: &openwechat.SendMessage{ToUserName: r.To, ClientMsgId: r.ClientID, LocalID: r.ClientID}}
	resp, err := l.client.WebWxRevokeMsg(ctx, sent, &l.base)
	if err != nil {
		return fmt.Errorf("revoke: %w", quiet(err))
	}
	data, err := body(resp)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	var reply struct{ BaseResponse *head }
	if json.Unmarshal(data, &reply) != nil {
		return fmt.Errorf("revoke: %w", errMalformed)
	}
	if err := reply.BaseResponse.err(); err != nil {
		if retOf(err) != unknownReturn {
			err = fmt.Errorf("%w: %w", bot.ErrGone, err)
		}
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}
