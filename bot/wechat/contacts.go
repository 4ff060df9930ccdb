package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

const (
	maxPages    = 200
	maxListed   = 64 << 20
	batchSize   = 50
	officialBit = 8
)

// contact is what is read of a contact, room or member.
type contact struct {
	UserName    string
	NickName    string
	RemarkName  string
	MemberCount int
	VerifyFlag  int
	IsOwner     int
	MemberList  []member
}

// member is a person in a room; the name is hashed and forgotten.
type member struct {
	NickName string
}

// meet lists rooms and friends: the address book, the recent chats of
// webwxinit, and of every room who is in it. Everything is keyed by handle,
// never by position (reliability.md H4).
func (s *session) meet(ctx context.Context) error {
	s.line = s.newLine()
	s.rooms, s.friends = map[string]bot.Room{}, map[string]bot.Friend{}
	if _, err := s.addressBook(ctx, s.know); err != nil {
		return err
	}
	recent, _ := each[contact](s.init.ContactList)
	for _, c := range recent {
		s.know(c)
	}
	var unread []string
	for h := range s.rooms {
		unread = append(unread, h)
	}
	for handle := range strings.SplitSeq(s.init.ChatSet, ",") {
		if _, known := s.rooms[handle]; isRoom(handle) && !known {
			unread = append(unread, handle)
		}
	}
	s.init = initReply{}
	s.refreshed = s.t.now()
	if err := s.askFor(ctx, unread, s.know); err != nil {
		if sessionFault(err) != nil || ctx.Err() != nil {
			return err
		}
		// Rooms whose members are not known are not bound by themselves.
		s.t.opts.Log.Warn("members not read", "session", s.line.id, "err", err)
	}
	return nil
}

// addressBook pages until the service says so, turns in circles, or has sent
// more than any account has. It reports whether it came to the end.
func (s *session) addressBook(ctx context.Context, take func(contact)) (bool, error) {
	var seq int64
	total := 0
	asked := map[int64]bool{}
	for range maxPages {
		asked[seq] = true
		page, size, err := s.page(ctx, func(ctx context.Context) (*http.Response, error) {
			return s.client.WebWxGetContact(ctx, s.login.SKey, seq)
		})
		if err != nil {
			return false, fmt.Errorf("webwxgetcontact: %w", err)
		}
		for _, c := range page.MemberList {
			take(c)
		}
		seq, total = page.Seq, total+size
		if seq == 0 || asked[seq] || total > maxListed {
			break
		}
	}
	if seq != 0 {
		s.t.opts.Log.Warn("address book has no end", "pages", len(asked), "bytes", total)
	}
	return seq == 0, nil
}

// contactPage is one reply about contacts; of a member only the name is read, so
// that fifty rooms take no more than their names.
type contactPage struct {
	BaseResponse *head
	MemberList   []contact
	ContactList  []contact
	Seq          int64
}

// page makes one call and reads its contacts.
func (s *session) page(ctx context.Context, call func(context.Context) (*http.Response, error)) (p contactPage, size int, err error) {
	data, err := s.fetch(ctx, call)
	if err != nil {
		return p, 0, err
	}
	p, err = readPage(data)
	return p, len(data), err
}

// readPage reads one page. What has another shape costs only itself: it is read
// as empty, and a contact without a handle or a room without a name is none.
func readPage(data []byte) (p contactPage, err error) {
	if err := json.Unmarshal(data, &p); err != nil {
		if _, shape := errors.AsType[*json.UnmarshalTypeError](err); !shape {
			return p, fmt.Errorf("%w: not JSON", errMalformed)
		}
	}
	return p, p.BaseResponse.err()
}

// askFor looks up rooms by handle. What was not asked for is dropped, what
// does not come back stays unknown.
func (s *session) askFor(ctx context.Context, handles []string, take func(contact)) error {
	for len(handles) > 0 {
		n := min(len(handles), batchSize)
		some := handles[:n]
		handles = handles[n:]
		members := make(openwechat.Members, n)
		wanted := make(map[string]bool, n)
		for i, h := range some {
			members[i], wanted[h] = &openwechat.User{UserName: h}, true
		}
		page, _, err := s.page(ctx, func(ctx context.Context) (*http.Response, error) {
			return s.client.WebWxBatchGetContact(ctx, members, &s.base)
		})
		if err != nil {
			return fmt.Errorf("webwxbatchgetcontact: %w", err)
		}
		for _, c := range page.ContactList {
			if wanted[c.UserName] {
				delete(wanted, c.UserName) // a second answer to one question is none
				take(c)
			}
		}
	}
	return nil
}

// know takes a contact into the session: rooms that have a name, and friends.
func (s *session) know(c contact) {
	switch {
	case isRoom(c.UserName):
		name := plainName(c.NickName)
		if name == "" {
			return
		}
		room := s.rooms[c.UserName]
		room.Handle, room.Name = c.UserName, name
		if len(c.MemberList) > 0 {
			room.Members, room.Owner = len(c.MemberList), c.IsOwner != 0
			room.Sketch = s.t.sketch(c.MemberList)
		}
		room.Members = max(c.MemberCount, room.Members)
		s.rooms[c.UserName] = room
	case strings.HasPrefix(c.UserName, "@") && c.UserName != s.line.self && c.VerifyFlag&officialBit == 0:
		s.friends[c.UserName] = bot.Friend{Handle: c.UserName, Remark: plainName(c.RemarkName)}
	}
}

// changed takes a changed contact in and says what is new about it. openwechat
// has no eyes for this (reliability.md H11).
func (s *session) changed(c contact) bot.Message {
	room, known := s.rooms[c.UserName]
	friend, friends := s.friends[c.UserName]
	s.know(c)
	if now, ok := s.rooms[c.UserName]; ok {
		switch {
		case !known:
			return bot.Message{Room: now.Handle, Kind: bot.Joined, Text: now.Name, Now: &now}
		case now.Name != room.Name:
			return bot.Message{Room: now.Handle, Kind: bot.Renamed, Text: now.Name, Now: &now}
		}
	}
	if now, ok := s.friends[c.UserName]; ok && (!friends || now.Remark != friend.Remark) {
		return bot.Message{Sender: now.Handle, Kind: bot.Remarked, Text: now.Remark}
	}
	return bot.Message{}
}

// lost takes a room or friend out of the session, once.
func (s *session) lost(handle string) bot.Message {
	if _, ok := s.rooms[handle]; ok {
		delete(s.rooms, handle)
		return bot.Message{Room: handle, Kind: bot.Removed}
	}
	if _, ok := s.friends[handle]; ok {
		delete(s.friends, handle)
		return bot.Message{Sender: handle, Kind: bot.Remarked}
	}
	return bot.Message{}
}
