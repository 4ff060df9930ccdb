package wechat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
	"tongluo/content"
)

var _ bot.Checker = (*Transport)(nil)

// Check implements bot.Checker: a line to the account's own 文件传输助手. The
// echo, if the service sends one, is a bot.SignEcho.
func (t *Transport) Check(ctx context.Context, session string) error {
	var b [4]byte
	_, _ = rand.Read(b[:])
	text := "铜锣自检 " + hex.EncodeToString(b[:])
	t.mu.Lock()
	t.checking = text
	t.mu.Unlock()
	_, err := t.Send(ctx, bot.Envelope{
		Session: session, To: openwechat.FileHelper, ClientID: strconv.FormatInt(t.now().UnixNano()/100, 10),
		Part: content.Part{Kind: content.Text, Text: text},
	})
	return err
}

// sign tells of a message that the service brought.
func (s *session) sign(w wireMessage) {
	if s.heard != nil {
		s.heard(w, s.line.self)
	}
	sign := bot.SignSaid
	if w.FromUserName == s.line.self && w.ToUserName == openwechat.FileHelper {
		s.t.mu.Lock()
		if s.t.checking != "" && plain(w.Content) == s.t.checking {
			sign = bot.SignEcho
		}
		s.t.mu.Unlock()
	}
	s.t.opts.Sign(sign)
}
