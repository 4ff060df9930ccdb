package loopback

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Return codes of the service (protocol §1.0, trap T8).
const (
	retOK         = 0
	retSystem     = -1
	retParam      = 1
	retLoggedOut  = 1100
	retElsewhere  = 1101
	retBadCookie  = 1102
	retEnvRefused = 1203
	retToSelf     = 1204
)

// session is one login: its secrets and the handles it issued.
type session struct {
	number     int
	uin        int64
	sid        string
	skey       string
	passTicket string
	dataTicket string
	self       string
	order      []string
	handle     map[string]string
	id         map[string]string
	// fetched and polled are positions in the event log: up to where webwxsync
	// has answered, and up to where a later synccheck said it has arrived.
	fetched int64
	polled  int64
}

// baseRequest is the proof of session inside nearly every body. Numbers and
// strings are both taken, because the two known clients differ.
type baseRequest struct {
	Uin  looseString
	Sid  string
	Skey string
}

// digest is the source of everything that looks random: a pure function of the
// seed and what is named.
func (s *Server) digest(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendln(nil, append([]any{s.opts.Seed}, parts...)...))
	return hex.EncodeToString(sum[:])
}

// openSession ends the session before it and issues new handles to everybody.
// The lock is held.
func (s *Server) openSession() *session {
	s.endSession(retElsewhere)
	s.logins++
	n := s.logins
	ses := &session{
		number:     n,
		uin:        s.account.Uin,
		sid:        s.digest("sid", n)[:16],
		skey:       "@crypt_" + s.digest("skey", n)[:8] + "_" + s.digest("skey2", n)[:32],
		passTicket: s.digest("pass", n)[:24] + "%2B" + s.digest("pass2", n)[:16] + "%3D",
		dataTicket: "gS" + s.digest("data", n)[:20],
		handle:     make(map[string]string, len(s.ids)),
		id:         make(map[string]string, len(s.ids)),
		fetched:    int64(len(s.events)),
	}
	ses.self = "@" + s.digest("self", n)
	ses.bind(FileHelper, FileHelper)
	for _, id := range s.ids {
		s.issue(ses, id)
	}
	rng := rand.New(rand.NewPCG(uint64(s.opts.Seed), uint64(n)))
	rng.Shuffle(len(ses.order), func(i, j int) { ses.order[i], ses.order[j] = ses.order[j], ses.order[i] })
	s.live = ses
	s.media.dropPartial()
	s.wake()
	return ses
}

// issue gives one contact or group a handle, once. Groups the account has left
// get none. The lock is held.
func (s *Server) issue(ses *session, id string) {
	if _, ok := ses.handle[id]; ok {
		return
	}
	handle := "@" + s.digest("handle", ses.number, id)
	if g, ok := s.groups[id]; ok {
		if g.gone {
			return
		}
		handle = "@" + handle
	}
	ses.bind(id, handle)
	ses.order = append(ses.order, id)
}

func (ses *session) bind(id, handle string) {
	ses.handle[id], ses.id[handle] = handle, id
}

// endSession makes every later call with the live session's cookies come back
// with ret. The lock is held.
func (s *Server) endSession(ret int) {
	if s.live == nil {
		return
	}
	s.dead[s.live.sid] = ret
	s.live = nil
	s.wake()
}

// admit decides whether a call belongs to the live session. base is nil for
// calls without a body. The lock is held.
func (s *Server) admit(c *call, base *baseRequest) (*session, int) {
	sid, uin := c.cookie["wxsid"], c.cookie["wxuin"]
	if sid == "" || uin == "" {
		return nil, retLoggedOut
	}
	if ret, ok := s.dead[sid]; ok {
		return nil, ret
	}
	if s.live == nil || sid != s.live.sid || uin != strconv.FormatInt(s.live.uin, 10) {
		return nil, retBadCookie
	}
	if base != nil && (base.Sid != sid || base.Skey != s.live.skey || string(base.Uin) != uin) {
		return nil, retElsewhere
	}
	if base == nil && c.query.Get("skey") != "" && c.query.Get("skey") != s.live.skey {
		return nil, retElsewhere
	}
	return s.live, retOK
}

// Handle is the handle that the live session gave to a permanent id; false
// when nobody is logged in or the id has none. Self names the account.
func (s *Server) Handle(id string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		return "", false
	}
	if id == Self {
		return s.live.self, true
	}
	h, ok := s.live.handle[id]
	return h, ok
}

// Session is the number of the live login, counted from 1; 0 when nobody is
// logged in.
func (s *Server) Session() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		return 0
	}
	return s.live.number
}
