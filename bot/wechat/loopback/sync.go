package loopback

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// keyBase keeps the numbers of the SyncKey looking like the real ones: the
// value of key 1 is keyBase plus a position in the event log.
const keyBase = 636444437

// event is one piece of news: a message, a changed or a removed contact, or
// several of these at once. Ids are permanent; handles are put in when it is
// fetched.
type event struct {
	msg *message
	mod string
	del string
}

type keyPair struct{ Key, Val int64 }

type syncKey struct {
	Count int
	List  []keyPair
}

// syncReply is the whole of a webwxsync answer (protocol §1.3).
type syncReply struct {
	BaseResponse           baseResponse
	AddMsgCount            int
	AddMsgList             []wireMessage
	ModContactCount        int
	ModContactList         []wireUser
	DelContactCount        int
	DelContactList         []wireGone
	ModChatRoomMemberCount int
	ModChatRoomMemberList  []wireUser
	Profile                struct{ BitFlag int }
	ContinueFlag           int
	SyncKey                syncKey
	SyncCheckKey           syncKey
	SKey                   string
}

type wireGone struct {
	UserName    string
	ContactFlag int
}

func newSyncReply(ret int) syncReply {
	return syncReply{
		BaseResponse:          baseResponse{Ret: ret},
		AddMsgList:            []wireMessage{},
		ModContactList:        []wireUser{},
		DelContactList:        []wireGone{},
		ModChatRoomMemberList: []wireUser{},
		SyncKey:               syncKey{List: []keyPair{}},
		SyncCheckKey:          syncKey{List: []keyPair{}},
	}
}

func (s *Server) syncKey(position int64) syncKey {
	return syncKey{Count: 4, List: []keyPair{{1, keyBase + position}, {2, keyBase + 13}, {3, keyBase - 97}, {1000, 1463755801}}}
}

// syncCheckKey says the same with more pairs, so that a client that mixes the
// two up still works and one that counts pairs notices.
func (s *Server) syncCheckKey(position int64) syncKey {
	k := s.syncKey(position)
	k.List = append(k.List, keyPair{1001, 1463755802}, keyPair{1004, 1463755803})
	k.Count = len(k.List)
	return k
}

// position reads key 1; a number from the future is taken for the present.
// False when the key is missing or older than this server.
func (s *Server) position(pairs []keyPair) (int64, bool) {
	for _, p := range pairs {
		if p.Key == 1 && p.Val >= keyBase {
			return min(p.Val-keyBase, int64(len(s.events))), true
		}
	}
	return 0, false
}

func parseKeys(text string) []keyPair {
	var pairs []keyPair
	for part := range strings.SplitSeq(text, "|") {
		k, v, _ := strings.Cut(part, "_")
		key, err1 := strconv.ParseInt(k, 10, 64)
		val, err2 := strconv.ParseInt(v, 10, 64)
		if err1 == nil && err2 == nil {
			pairs = append(pairs, keyPair{key, val})
		}
	}
	return pairs
}

// syncCheck is held while there is no news.
func (s *Server) syncCheck(c *call) reply {
	retcode, selector := retOK, 0
	s.hold(c, func() bool {
		retcode, selector = s.checkNews(c)
		return retcode != retOK || selector != 0
	})
	return checkReply(retcode, selector)
}

func checkReply(retcode, selector int) reply {
	return textReply(`window.synccheck={retcode:"%d",selector:"%d"}`, retcode, selector)
}

// checkNews is one look at the log. The lock is held.
func (s *Server) checkNews(c *call) (retcode, selector int) {
	ses, ret := s.admit(c, nil)
	if ret != retOK {
		return ret, 0
	}
	if c.query.Get("sid") != ses.sid {
		return retElsewhere, 0
	}
	at, ok := s.position(parseKeys(c.query.Get("synckey")))
	if !ok {
		return retParam, 0
	}
	if at > ses.polled {
		ses.polled = at
		s.wake()
	}
	for _, e := range s.events[at:] {
		switch {
		case e.msg != nil:
			return retOK, 2
		case e.del != "":
			selector = 6
		default:
			selector = max(selector, 4)
		}
	}
	return retOK, selector
}

// sync returns everything newer than the posted key, so that a stale key gets
// it all again.
func (s *Server) sync(c *call) reply {
	var in struct {
		BaseRequest baseRequest
		SyncKey     struct{ List []keyPair }
	}
	if json.Unmarshal(c.body, &in) != nil {
		return jsonReply(newSyncReply(retParam))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &in.BaseRequest)
	if ret != retOK {
		return jsonReply(newSyncReply(ret))
	}
	at, ok := s.position(in.SyncKey.List)
	if !ok {
		return jsonReply(newSyncReply(retParam))
	}
	out := newSyncReply(retOK)
	for _, e := range s.events[at:] {
		s.addNews(&out, ses, e)
	}
	out.AddMsgCount, out.ModContactCount, out.DelContactCount = len(out.AddMsgList), len(out.ModContactList), len(out.DelContactList)
	end := int64(len(s.events))
	out.SyncKey, out.SyncCheckKey = s.syncKey(end), s.syncCheckKey(end)
	ses.fetched = end
	s.wake()
	return jsonReply(out)
}

func (s *Server) addNews(out *syncReply, ses *session, e event) {
	if e.msg != nil {
		if m, ok := s.render(ses, e.msg); ok {
			out.AddMsgList = append(out.AddMsgList, m)
		}
	}
	if u, ok := s.user(ses, e.mod, true); ok {
		out.ModContactList = append(out.ModContactList, u)
	}
	if h, ok := ses.handle[e.del]; ok {
		out.DelContactList = append(out.DelContactList, wireGone{UserName: h})
	}
}

// tell appends news and wakes the polls. The lock is held.
func (s *Server) tell(e event) {
	s.events = append(s.events, e)
	if e.msg != nil {
		s.spoke[e.msg.chat] = int64(len(s.events))
	}
	s.wake()
}

// Pending counts the news (messages, changed contacts) that the live session
// has not fetched by webwxsync. Without a session it is 0: what is said to an
// account that is logged out stays on the phone.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending()
}

func (s *Server) pending() int {
	if s.live == nil {
		return 0
	}
	return len(s.events) - int(s.live.fetched)
}

// WaitIdle returns when the live session has fetched all news and has come
// back with a later synccheck, which a client that handles messages in its
// poll loop does only after handling them; at once when nobody is logged in.
// It fails with the context's error or ErrClosed.
func (s *Server) WaitIdle(ctx context.Context) error {
	for {
		s.mu.Lock()
		idle := s.live == nil || (s.pending() == 0 && s.live.polled == int64(len(s.events)))
		news := s.news
		s.mu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return ErrClosed
		}
	}
}
