package wechat

import (
	"context"
	"html"
	"strconv"
	"strings"
	"time"

	"tongluo/bot"
)

// Message types of the service (protocol §1.3).
const (
	typeText    = 1
	typePicture = 3
	typeApp     = 49
	typeNotify  = 51
	typeSystem  = 10000
)

// appCard is the sort of app message that is a link (protocol §1.3).
const appCard = 5

// wireMessage is what is read of an incoming message.
type wireMessage struct {
	MsgId        loose
	FromUserName string
	ToUserName   string
	MsgType      int
	Content      string
	CreateTime   int64
	// Of a message of our own, where the service says it: our id for it.
	ClientMsgId loose
	LocalID     loose

	StatusNotifyUserName string
	// Of an app message: the name of a file or the title of a card, its address,
	// and what a file is asked for by.
	AppMsgType    int
	FileName      string
	Url           string
	MediaId       string
	EncryFileName string
}

// hear delivers one message, once. The phone's own notices, and what the
// account's owner types in private, are not said to the account.
func (s *session) hear(ctx context.Context, w wireMessage) error {
	s.sign(w)
	if w.MsgType == typeNotify {
		return s.identify(ctx, w)
	}
	if w.FromUserName == s.line.self && !isRoom(w.ToUserName) || !s.seen.first(string(w.MsgId)) {
		return nil
	}
	if w.FromUserName == s.line.self {
		return s.put(ctx, own(w, w.ToUserName, w.Content))
	}
	m := bot.Message{ID: string(w.MsgId), Sender: w.FromUserName, Kind: bot.Other, At: time.Unix(w.CreateTime, 0).UTC()}
	if !isRoom(w.FromUserName) {
		if w.MsgType == typeText {
			m.Kind, m.Text = bot.Text, plain(w.Content)
		}
		s.enclosed(&m, w)
		if w.MsgType == typeSystem {
			m = s.notice(m, w.Content)
		}
		return s.put(ctx, m)
	}
	m.Room, m.Sender = w.FromUserName, ""
	if w.MsgType == typeSystem {
		return s.put(ctx, s.notice(m, w.Content))
	}
	if err := s.join(ctx, m.Room); err != nil {
		return err
	}
	sender, said, ok := strings.Cut(w.Content, ":<br/>")
	if ok {
		m.Sender = sender
	}
	if sender == s.line.self {
		return s.put(ctx, own(w, m.Room, said))
	}
	if w.MsgType == typeText && ok {
		m.Kind = bot.Text
		m.Text, m.Mentioned = s.unmention(plain(said))
	}
	if ok {
		s.enclosed(&m, w)
	}
	return s.put(ctx, m)
}

// own is a message of the account itself in a room: what we sent, as the service
// shows it to the account's other devices, or what its owner typed on the phone.
func own(w wireMessage, room, said string) bot.Message {
	m := bot.Message{ID: string(w.MsgId), Room: room, Kind: bot.Own, At: time.Unix(w.CreateTime, 0).UTC()}
	for _, id := range []loose{w.ClientMsgId, w.LocalID} {
		if m.ClientID == "" && id != "0" {
			m.ClientID = string(id)
		}
	}
	if w.MsgType == typeText {
		m.Text = plain(said)
	}
	return m
}

// identify reads the phone's list of recent chats, which at times gives their
// lasting ids beside the handles, in the same order (protocol trap T3b). It is
// believed only whole: as many of the one as of the other, rooms at rooms, none
// twice.
func (s *session) identify(ctx context.Context, w wireMessage) error {
	if w.FromUserName != s.line.self {
		return nil
	}
	_, rest, _ := strings.Cut(plain(w.Content), "<username>")
	listed, _, _ := strings.Cut(rest, "</username>")
	handles, ids := strings.Split(w.StatusNotifyUserName, ","), strings.Split(listed, ",")
	if len(handles) != len(ids) || len(ids) > maxIdentified {
		return nil
	}
	seen := map[string]bool{}
	for i, id := range ids {
		if id == "" || seen[id] || seen[handles[i]] || isRoom(handles[i]) != strings.HasSuffix(id, "@chatroom") {
			return nil
		}
		seen[id], seen[handles[i]] = true, true
	}
	for i, id := range ids {
		m := bot.Message{Sender: handles[i], Kind: bot.Identified, Text: id, At: time.Unix(w.CreateTime, 0).UTC()}
		_, friend := s.friends[handles[i]]
		if room, known := s.rooms[handles[i]]; known {
			m.Room, m.Sender, m.Text = handles[i], "", s.t.mark(id)
			room.Stable = m.Text
			s.rooms[handles[i]] = room
		} else if !friend {
			continue
		}
		if err := s.put(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// maxIdentified bounds a list of recent chats.
const maxIdentified = 1000

// enclosed says what a message that is no text carries. A file is remembered:
// it is asked for by more than its message id.
func (s *session) enclosed(m *bot.Message, w wireMessage) {
	switch {
	case w.MsgType == typePicture:
		m.Kind = bot.Picture
	case w.MsgType == typeApp && w.AppMsgType == appCard && w.Url != "":
		m.Kind, m.Text = bot.Card, plainName(w.FileName)+"\n"+html.UnescapeString(w.Url)
	case w.MsgType == typeApp && w.AppMsgType == appFile && w.MediaId != "":
		m.Kind, m.Text = bot.File, plainName(w.FileName)
		s.line.files.keep(m.ID, fileHandle{from: w.FromUserName, media: w.MediaId, encrypted: w.EncryFileName})
	}
}

// join makes a room known that speaks up for the first time: one that is not
// in the address book (protocol trap T4).
func (s *session) join(ctx context.Context, room string) error {
	if _, known := s.rooms[room]; known {
		return nil
	}
	if err := s.askFor(ctx, []string{room}, s.know); err != nil {
		if sessionFault(err) != nil || ctx.Err() != nil {
			return err
		}
		s.t.opts.Log.Warn("room not looked up", "session", s.line.id, "err", err)
		return nil
	}
	if now, ok := s.rooms[room]; ok {
		return s.put(ctx, bot.Message{Room: room, Kind: bot.Joined, Text: now.Name, Now: &now})
	}
	return nil
}

// notice reads a line of the service itself. Only lines that decide something
// keep their words; the others name people.
func (s *session) notice(m bot.Message, content string) bot.Message {
	text := plain(content)
	switch {
	case strings.Contains(text, "操作过于频繁"), strings.Contains(text, "发送消息过于频繁"):
		m.Kind, m.Text = bot.System, text
		return m
	case strings.HasPrefix(text, "你被") && strings.Contains(text, "移出群聊"):
		id, at := m.ID, m.At
		m = s.lost(m.Room)
		m.ID, m.At = id, at
	case m.Room != "" && strings.Contains(text, "修改群名为“"):
		m = s.renamed(m, text)
	}
	m.Sender = ""
	return m
}

func (s *session) renamed(m bot.Message, text string) bot.Message {
	_, name, _ := strings.Cut(text, "修改群名为“")
	if i := strings.LastIndex(name, "”"); i >= 0 {
		name = name[:i]
	}
	room, known := s.rooms[m.Room]
	name = strings.TrimSpace(name)
	if !known || name == "" || name == room.Name {
		return m
	}
	room.Name = name
	s.rooms[m.Room] = room
	m.Kind, m.Text = bot.Renamed, name
	return m
}

// unmention takes "@our nickname" out of a text and says whether it was there.
// The service ends a mention with U+2005 (protocol trap T19: it is only text).
func (s *session) unmention(text string) (string, bool) {
	if s.nick == "" {
		return text, false
	}
	name := "@" + s.nick
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return text, false
		}
		i += from
		rest := text[i+len(name):]
		if rest == "" || strings.HasPrefix(rest, "\u2005") || strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "\n") {
			return strings.TrimSpace(text[:i] + strings.TrimPrefix(rest, "\u2005")), true
		}
		from = i + len(name)
	}
}

// plain turns Content into the text a person saw: emoji first, because a
// person's own "<span" comes escaped.
func plain(s string) string {
	s = strings.ReplaceAll(plainEmoji(s), "<br/>", "\n")
	return html.UnescapeString(s)
}

// plainName is a name as a person sees it, without spaces around.
func plainName(s string) string { return strings.TrimSpace(html.UnescapeString(plainEmoji(s))) }

const (
	emojiOpen  = `<span class="emoji emoji`
	emojiClose = `"></span>`
)

// plainEmoji replaces the service's emoji tags.
func plainEmoji(s string) string {
	if !strings.Contains(s, emojiOpen) {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, emojiOpen)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		code, after, ok := strings.Cut(rest, emojiClose)
		if !ok {
			b.WriteString(emojiOpen)
			s = rest
			continue
		}
		b.WriteString(emoji(code))
		s = after
	}
}

// emoji decodes one or two code points written without a gap: openwechat turns
// two (flags, keycaps) into U+FFFD.
func emoji(code string) string {
	splits := map[int][]int{6: {6, 2}, 8: {4}, 9: {5, 4}, 10: {5}}[len(code)]
	if len(code) > 0 && len(code) < 6 {
		splits = []int{len(code)}
	}
	for _, n := range splits {
		first, err1 := strconv.ParseUint(code[:n], 16, 21)
		if n == len(code) {
			if err1 == nil && first <= '\U0010FFFF' {
				return string(rune(first))
			}
			continue
		}
		second, err2 := strconv.ParseUint(code[n:], 16, 21)
		if err1 == nil && err2 == nil && max(first, second) <= '\U0010FFFF' {
			return string(rune(first)) + string(rune(second))
		}
	}
	return "\uFFFD"
}

// recent remembers the last message ids, to drop what is sent twice.
type recent struct {
	ids  map[string]struct{}
	ring []string
	next int
}

const recentSize = 8192

// first reports whether the id is new; an empty one always is.
func (r *recent) first(id string) bool {
	if id == "" {
		return true
	}
	if r.ids == nil {
		r.ids, r.ring = map[string]struct{}{}, make([]string, recentSize)
	}
	if _, ok := r.ids[id]; ok {
		return false
	}
	delete(r.ids, r.ring[r.next])
	r.ids[id], r.ring[r.next] = struct{}{}, id
	r.next = (r.next + 1) % recentSize
	return true
}
