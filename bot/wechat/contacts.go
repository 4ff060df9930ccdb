package wechat

import (
	"context"
	"encoding/json"
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
	MemberList  []json.RawMessage
}

type contactPage struct {
	BaseResponse *head
	MemberList   []json.RawMessage
	ContactList  []json.RawMessage
	Seq          int64
}

// meet lists rooms and friends: the address book, the recent chats of
// webwxinit, and whatever of those has no name yet. Everything is keyed by
// handle, never by position (reliability.md H4).
func (s *session) meet(ctx context.Context) error {
	s.line = s.newLine()
	s.rooms, s.friends = map[string]bot.Room{}, map[string]bot.Friend{}
	if err := s.addressBook(ctx); err != nil {
		return err
	}
	recent, _ := each[contact](s.init.ContactList)
	for _, c := range recent {
		s.know(c)
	}
	var nameless []string
	for handle := range strings.SplitSeq(s.init.ChatSet, ",") {
		if _, known := s.rooms[handle]; isRoom(handle) && !known {
			nameless = append(nameless, handle)
		}
	}
	s.init = initReply{}
	return s.askFor(ctx, nameless)
}

// addressBook pages until the service says so, turns in circles, or has sent
// more than any account has.
func (s *session) addressBook(ctx context.Context) error {
	var seq, total int64
	asked := map[int64]bool{}
	for range maxPages {
		asked[seq] = true
		data, err := s.fetch(ctx, func(ctx context.Context) (*http.Response, error) {
			return s.client.WebWxGetContact(ctx, s.login.SKey, seq)
		})
		if err != nil {
			return fmt.Errorf("webwxgetcontact: %w", err)
		}
		page, err := readPage(data)
		if err != nil {
			return fmt.Errorf("webwxgetcontact: %w", err)
		}
		list, _ := each[contact](page.MemberList)
		for _, c := range list {
			s.know(c)
		}
		seq, total = page.Seq, total+int64(len(data))
		if seq == 0 || asked[seq] || total > maxListed {
			break
		}
	}
	if seq != 0 {
		s.t.opts.Log.Warn("address book has no end", "pages", len(asked), "bytes", total)
	}
	return nil
}

func readPage(data []byte) (contactPage, error) {
	var p contactPage
	if json.Unmarshal(data, &p) != nil {
		return p, fmt.Errorf("%w: not JSON", errMalformed)
	}
	return p, p.BaseResponse.err()
}

// askFor looks up rooms by handle. What was not asked for is dropped, what
// does not come back stays unknown.
func (s *session) askFor(ctx context.Context, handles []string) error {
	for len(handles) > 0 {
		n := min(len(handles), batchSize)
		some := handles[:n]
		handles = handles[n:]
		members := make(openwechat.Members, n)
		wanted := make(map[string]bool, n)
		for i, h := range some {
			members[i], wanted[h] = &openwechat.User{UserName: h}, true
		}
		data, err := s.fetch(ctx, func(ctx context.Context) (*http.Response, error) {
			return s.client.WebWxBatchGetContact(ctx, members, &s.base)
		})
		if err != nil {
			return fmt.Errorf("webwxbatchgetcontact: %w", err)
		}
		page, err := readPage(data)
		if err != nil {
			return fmt.Errorf("webwxbatchgetcontact: %w", err)
		}
		list, _ := each[contact](page.ContactList)
		for _, c := range list {
			if wanted[c.UserName] {
				s.know(c)
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
		count := max(c.MemberCount, len(c.MemberList), s.rooms[c.UserName].Members)
		s.rooms[c.UserName] = bot.Room{Handle: c.UserName, Name: name, Members: count}
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
			return bot.Message{Room: now.Handle, Kind: bot.Joined, Text: now.Name}
		case now.Name != room.Name:
			return bot.Message{Room: now.Handle, Kind: bot.Renamed, Text: now.Name}
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
