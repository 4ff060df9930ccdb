package loopback

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Self names the account itself where a permanent id is wanted.
const Self = "self"

// Errors of what the outside world does.
var (
	ErrUnknown = errors.New("loopback: no such contact or group")
	ErrMember  = errors.New("loopback: not a member of that group")
	ErrNothing = errors.New("loopback: nothing to say")
	ErrTaken   = errors.New("loopback: id is empty or taken")
)

const throttleText = "操作过于频繁，可稍后再试。"

// Words is something said. From is a contact id, or Self for what the owner
// types on the phone. To is a group id, "" for the account in private, or, from
// Self, any contact or group. Exactly one of Text, Image, Video, File and URL
// is given; Name is the file's, Title that of the link.
type Words struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Text  string `json:"text,omitempty"`
	Image []byte `json:"image,omitempty"`
	Video []byte `json:"video,omitempty"`
	File  []byte `json:"file,omitempty"`
	Name  string `json:"name,omitempty"`
	URL   string `json:"url,omitempty"`
	Title string `json:"title,omitempty"`
}

// Say queues a message for the account and returns its message id. It fails
// with ErrUnknown, ErrMember or ErrNothing. Without a live session nobody will
// ever fetch it: the next login starts with what comes after it.
func (s *Server) Say(w Words) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat, err := s.chatOf(w)
	if err != nil {
		return "", fmt.Errorf("say from %q to %q: %w", w.From, w.To, err)
	}
	m := &message{chat: chat, from: w.From, kind: typeText, text: w.Text, at: s.opts.Now()}
	switch {
	case len(w.Image) > 0:
		m.kind, m.media = typeImage, s.store(nameOr(w.Name, "image.png"), w.Image)
	case len(w.Video) > 0:
		m.kind, m.media = typeVideo, s.store(nameOr(w.Name, "video.mp4"), w.Video)
	case len(w.File) > 0:
		m.kind, m.media = typeApp, s.store(nameOr(w.Name, "file"), w.File)
	case w.URL != "":
		m.kind, m.text, m.link = typeApp, w.Title, w.URL
	case w.Text == "":
		return "", fmt.Errorf("say from %q to %q: %w", w.From, w.To, ErrNothing)
	}
	m.id = s.newMsgID()
	if m.media != "" {
		s.media.byMsg[m.id] = m.media
	}
	s.tell(event{msg: m})
	return m.id, nil
}

func nameOr(name, other string) string {
	if name == "" {
		return other
	}
	return cleanName(name)
}

// chatOf is the chat that words show under.
func (s *Server) chatOf(w Words) (string, error) {
	c, person := s.contacts[w.From]
	if !person && w.From != Self {
		return "", ErrUnknown
	}
	if g, group := s.groups[w.To]; group {
		if g.gone || (person && !slices.Contains(g.Members, w.From)) {
			return "", ErrMember
		}
		return w.To, nil
	}
	if person && w.To == "" {
		if c.Stranger {
			return "", ErrUnknown
		}
		return w.From, nil
	}
	if _, friend := s.contacts[w.To]; w.From == Self && (friend || w.To == FileHelper) {
		return w.To, nil
	}
	return "", ErrUnknown
}

// system puts a line of the service itself into a chat, with other news in the
// same breath. The lock is held.
func (s *Server) system(chat, text string, with event) {
	with.msg = &message{id: s.newMsgID(), chat: chat, kind: typeSystem, text: text, at: s.opts.Now()}
	s.tell(with)
}

// Rename gives a group another name; its first member does it. ErrUnknown when
// the account is not in such a group.
func (s *Server) Rename(group, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[group]
	if !ok || g.gone {
		return fmt.Errorf("rename %q: %w", group, ErrUnknown)
	}
	g.Name = name
	s.system(group, `"`+s.host(g)+`"修改群名为“`+name+"”", event{mod: group})
	return nil
}

// Kick takes the account out of a group: what it sends there later is refused
// with Ret 1. ErrUnknown when it is not in such a group.
func (s *Server) Kick(group string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[group]
	if !ok || g.gone {
		return fmt.Errorf("leave %q: %w", group, ErrUnknown)
	}
	g.gone = true
	s.system(group, `你被"`+s.host(g)+`"移出群聊`, event{del: group})
	return nil
}

// Leave has the account's owner leave a group on the phone, or its host disband
// it: nobody is told, and what is sent there later is refused with Ret 1.
// ErrUnknown when it is not in such a group.
func (s *Server) Leave(group string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[group]
	if !ok || g.gone {
		return fmt.Errorf("leave %q: %w", group, ErrUnknown)
	}
	g.gone = true
	return nil
}

// Add brings the account into a group by invitation of its first member: a new
// one, or with a known id one it was taken out of. It fails with ErrTaken or,
// for a member who is no contact, ErrUnknown.
func (s *Server) Add(g Group) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.groups[g.ID]
	if _, person := s.contacts[g.ID]; person || g.ID == "" || g.ID == Self || g.ID == FileHelper || (known && !old.gone) {
		return fmt.Errorf("join %q: %w", g.ID, ErrTaken)
	}
	if known && g.Name == "" {
		g = old.Group
	}
	for _, m := range g.Members {
		if s.contacts[m] == nil {
			return fmt.Errorf("join %q, member %q: %w", g.ID, m, ErrUnknown)
		}
	}
	s.groups[g.ID] = &room{Group: g}
	s.enrol(g.ID, known)
	s.system(g.ID, s.invitation(s.groups[g.ID]), event{mod: g.ID})
	return nil
}

// enrol makes an id known to later logins and to the live one.
func (s *Server) enrol(id string, known bool) {
	if !known {
		s.ids = append(s.ids, id)
	}
	if s.live != nil {
		s.issue(s.live, id)
	}
}

func (s *Server) invitation(g *room) string {
	var others []string
	for i, id := range g.Members {
		if i > 0 {
			others = append(others, s.called(id))
		}
	}
	text := `"` + s.host(g) + `"邀请你加入了群聊`
	if len(others) > 0 {
		text += "，群聊参与人还有：" + strings.Join(others, "、")
	}
	return text
}

// host is who did something to a group, as the service names people: by
// remark, else by nickname.
func (s *Server) host(g *room) string {
	if len(g.Members) == 0 {
		return "群主"
	}
	return s.called(g.Members[0])
}

func (s *Server) called(id string) string {
	c := s.contacts[id]
	if c.Remark != "" {
		return c.Remark
	}
	return c.Nickname
}

// Befriend makes a person a friend: somebody new, or with a known id a
// stranger, or a friend whose nickname or remark changes. ErrTaken for an id
// that is empty or a group's.
func (s *Server) Befriend(c Contact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, group := s.groups[c.ID]
	if group || c.ID == "" || c.ID == Self || c.ID == FileHelper {
		return fmt.Errorf("befriend %q: %w", c.ID, ErrTaken)
	}
	old, known := s.contacts[c.ID]
	if known && c.Nickname == "" {
		c.Nickname = old.Nickname
	}
	c.Stranger = false
	s.contacts[c.ID] = &c
	s.enrol(c.ID, known)
	if known && !old.Stranger {
		s.tell(event{mod: c.ID})
		return nil
	}
	s.system(c.ID, fmt.Sprintf("你已添加了%s，现在可以开始聊天了。", s.called(c.ID)), event{mod: c.ID})
	return nil
}
