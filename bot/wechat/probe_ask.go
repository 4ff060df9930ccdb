package wechat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
	"tongluo/content"
)

// Why a question was not asked.
const (
	noConsent = "no consent"
	noStable  = "no stable id was told"
	notGone   = "nobody removed the account in time"
)

// ask sends what it may.
func (b *prober) ask(ctx context.Context, l *line, open bot.Session) error {
	f := &b.found
	f.Stable.Target.Why, f.Removed.Why = noConsent, noConsent
	f.Echo.Sent.Why, f.Dedupe.First.Why, f.Dedupe.Second.Why = noConsent, noConsent, noConsent
	var room bot.Room
	if b.p.Group != "" { // before anything is sent
		var err error
		if room, err = named(open, b.p.Group); err != nil {
			return err
		}
	}
	if b.p.SelfToo {
		if err := b.toSelf(ctx, l); err != nil {
			return err
		}
	}
	if room.Handle == "" {
		return nil
	}
	return b.toGroup(ctx, l, room.Handle)
}

// toSelf writes three lines to the account's own file helper: one to see its
// echo, two under one id.
func (b *prober) toSelf(ctx context.Context, l *line) error {
	f := &b.found
	text, id := b.line(), b.id()
	b.p.Tell("给文件传输助手发第 1 条，看会不会回到自己这里。")
	sent := b.t.now()
	f.Echo.Sent, _ = b.say(ctx, l, openwechat.FileHelper, id, text)
	f.Echo.Echoed = b.until(ctx, b.p.Patient, func() bool { return b.echoes[text] > 0 })
	if f.Echo.Echoed {
		f.Echo.Seconds = b.t.now().Sub(sent).Seconds()
	}
	if err := b.t.wait(ctx, b.p.Gap); err != nil {
		return err
	}
	text, id = b.line(), b.id()
	b.p.Tell("用同一个编号发两次，看微信会不会去重。")
	var one, two string
	f.Dedupe.First, one = b.say(ctx, l, openwechat.FileHelper, id, text)
	if err := b.t.wait(ctx, b.p.Gap); err != nil {
		return err
	}
	f.Dedupe.Second, two = b.say(ctx, l, openwechat.FileHelper, id, text)
	f.Dedupe.SameID = one != "" && one == two
	if f.Echo.Echoed {
		b.until(ctx, b.p.Patient, func() bool { return b.echoes[text] > 1 })
	}
	b.mu.Lock()
	f.Dedupe.Echoes = b.echoes[text]
	b.mu.Unlock()
	return b.t.wait(ctx, b.p.Gap)
}

// toGroup writes to the one group: to its lasting id, if the phone told it, and
// once it is closed to the account.
func (b *prober) toGroup(ctx context.Context, l *line, room string) error {
	f := &b.found
	var lasting string
	b.until(ctx, b.p.Patient, func() bool { lasting = b.stable[room]; return lasting != "" })
	f.Stable.Target.Why = noStable
	if lasting != "" {
		b.p.Tell("用群的永久编号发一条，看微信收不收。")
		f.Stable.Target, _ = b.say(ctx, l, lasting, b.id(), b.line())
		if err := b.t.wait(ctx, b.p.Gap); err != nil {
			return err
		}
	}
	if b.p.Removal <= 0 {
		return nil
	}
	f.Removed.Why = notGone
	b.p.Tell("请现在用别的手机把机器人移出这个群；它会再发一条，看微信怎么回。")
	if !b.until(ctx, b.p.Removal, func() bool { return b.gone[room] }) {
		return ctx.Err()
	}
	f.Removed, _ = b.say(ctx, l, room, b.id(), b.line())
	return nil
}

// say sends one text and notes every field of the answer that is asked about.
func (b *prober) say(ctx context.Context, l *line, to, id, text string) (Answer, string) {
	ctx, cancel := context.WithTimeout(ctx, b.t.opts.SendTimeout)
	defer cancel()
	b.mu.Lock()
	b.echoes[text] += 0
	b.mu.Unlock()
	b.found.Limits.Texts++
	a := Answer{Asked: true}
	msg := &openwechat.SendMessage{FromUserName: l.self, ToUserName: to, LocalID: id, ClientMsgId: id, Content: text}
	resp, err := l.call(ctx, content.Text, msg)
	if err != nil {
		a.Why = "no answer"
		return a, ""
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status = resp.StatusCode
	data, _ := io.ReadAll(resp.Body)
	var r sendReply
	if json.Unmarshal(data, &r) != nil || r.BaseResponse == nil || r.BaseResponse.Ret == nil {
		a.Why = "no Ret"
		return a, ""
	}
	a.Ret, a.HasID = *r.BaseResponse.Ret, r.MsgID != ""
	b.found.LocalID.Answers++
	if r.LocalID != "" {
		b.found.LocalID.Present++
	}
	if string(r.LocalID) == id {
		b.found.LocalID.Equal++
	}
	if a.Ret == retTooOften {
		b.found.Limits.TooMany++
		b.found.Login.Refusals++
	}
	return a, string(r.MsgID)
}

// line is a text that nobody else says.
func (b *prober) line() string {
	var r [4]byte
	_, _ = rand.Read(r[:])
	return "铜锣测试，不用理会 " + hex.EncodeToString(r[:])
}

func (b *prober) id() string { return strconv.FormatInt(b.t.now().UnixNano()/100, 10) }

// hear looks at what the service brought, before anybody else does.
func (b *prober) hear(w wireMessage, self string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.wake()
	text := plain(w.Content)
	if _, ours := b.echoes[text]; ours && w.FromUserName == self {
		b.echoes[text]++
	}
	if w.MsgType != typeNotify || w.FromUserName != self || w.StatusNotifyUserName == "" {
		return
	}
	_, rest, _ := strings.Cut(text, "<username>")
	listed, _, _ := strings.Cut(rest, "</username>")
	handles, ids := strings.Split(w.StatusNotifyUserName, ","), strings.Split(listed, ",")
	s := &b.found.Stable
	s.Lists++
	if len(handles) != len(ids) {
		s.Uneven++
		return
	}
	for i, h := range handles {
		if ids[i] == "" || isRoom(h) != strings.HasSuffix(ids[i], "@chatroom") {
			continue
		}
		s.Pairs++
		if isRoom(h) {
			s.Rooms++
		}
		b.stable[h] = ids[i]
	}
}

func (b *prober) wake() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// until waits so long for what the service brings. is runs under the lock.
func (b *prober) until(ctx context.Context, most time.Duration, is func() bool) bool {
	late := time.NewTimer(most)
	defer late.Stop()
	for {
		b.mu.Lock()
		done := is()
		b.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-b.news:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// remembered is what one probe leaves for the next: keyed digests, beside the
// session and as private.
type remembered struct {
	Key     []byte
	Handles map[string]bool
	Remarks map[string]bool
}

// recall holds a login against the last probe's, and leaves word for the next.
func (b *prober) recall(s bot.Session) {
	file := filepath.Join(b.t.kept.dir, "probe.json")
	var before remembered
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, &before) != nil || len(before.Key) == 0 {
		before = remembered{Key: make([]byte, 32)}
		_, _ = rand.Read(before.Key)
	}
	now := remembered{Key: before.Key, Handles: map[string]bool{}, Remarks: map[string]bool{}}
	digest := func(text string) string {
		h := hmac.New(sha256.New, before.Key)
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil))
	}
	for _, r := range s.Rooms {
		now.Handles[digest(r.Handle)] = true
	}
	for _, f := range s.Friends {
		now.Handles[digest(f.Handle)] = true
		if f.Remark != "" {
			now.Remarks[digest(f.Remark)] = true
		}
	}
	f := &b.found
	f.Handles.Last.Way, f.Handles.Last.Before, f.Remarks.Before = f.Login.Way, len(before.Handles), len(before.Remarks)
	f.Handles.Last.Again, f.Remarks.Again = shared(before.Handles, now.Handles), shared(before.Remarks, now.Remarks)
	data, err := json.Marshal(now)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		b.t.opts.Log.Warn("nothing is left for the next probe", "err", err)
	}
}

func shared(a, b map[string]bool) (n int) {
	for k := range a {
		if b[k] {
			n++
		}
	}
	return n
}
