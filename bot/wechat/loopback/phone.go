package loopback

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// The answers to a login without a code: the owner agrees when Confirm says so
// (at once with AutoLogin), the service will not ask, the owner says no, or the
// phone lies about unseen.
const (
	PushConfirm = "confirm"
	PushRefuse  = "refuse"
	PushDecline = "decline"
	PushIgnore  = "ignore"
)

// codeDeclined is a guess: nobody has written down what the real service says
// when the phone's owner says no.
const codeDeclined = 402

// askPhone is the login without a code: the phone is asked directly. It needs
// the cookie of a login before.
func (s *Server) askPhone(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := strconv.FormatInt(s.account.Uin, 10)
	if c.query.Get("uin") != own || c.cookie["wxuin"] != own || s.logins == 0 || s.pushes == PushRefuse {
		return jsonReply(map[string]string{"ret": "1", "msg": "push login refused", "uuid": ""})
	}
	t := s.newTicket()
	t.scanned, t.told = true, true
	t.declined, t.unseen = s.pushes == PushDecline, s.pushes == PushIgnore
	if t.declined || t.unseen {
		t.confirmed = false
	}
	return jsonReply(map[string]string{"ret": "0", "msg": "all ok", "uuid": t.uuid})
}

// OnPush decides what becomes of later logins without a code, by one of the
// Push words; any other is an error.
func (s *Server) OnPush(answer string) error {
	switch answer {
	case PushConfirm, PushRefuse, PushDecline, PushIgnore:
	default:
		return fmt.Errorf("%w: answer %q; want confirm, refuse, decline or ignore", errControl, answer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushes = answer
	return nil
}

// Become has another account scan the codes from now on. The live session goes
// on as it is until the next login.
func (s *Server) Become(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = a
}

// EchoFrom decides anew how what the account sends comes back to it (Options.Echo).
func (s *Server) EchoFrom(e Echo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Echo = e
}

// deafen answers as a session does that seems alive and is not (trap T9): polls
// bring nothing, messages are taken and reach nobody.
func (s *Server) deafen(ep endpoint, c *call, f *armed) reply {
	switch {
	case c.name == "synccheck":
		s.hold(c, func() bool { return !s.isArmed(f) })
		return checkReply(retOK, 0)
	case c.name == "webwxsync":
		return s.sayNothing(c)
	case ep.send:
		var in sendBody
		if json.Unmarshal(c.body, &in) != nil {
			return retReply(retParam)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ret := s.admit(c, &in.BaseRequest); ret != retOK {
			return retReply(ret)
		}
		return sentReply(s.newMsgID(), string(in.Msg.LocalID))
	}
	return ep.handle(c)
}

// sayNothing answers webwxsync with the key that was posted.
func (s *Server) sayNothing(c *call) reply {
	var in struct {
		BaseRequest baseRequest
		SyncKey     syncKey
	}
	if json.Unmarshal(c.body, &in) != nil {
		return jsonReply(newSyncReply(retParam))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ret := s.admit(c, &in.BaseRequest)
	out := newSyncReply(ret)
	out.SyncKey = in.SyncKey
	return jsonReply(out)
}

// isArmed reports whether a fault is still set. The lock is held.
func (s *Server) isArmed(f *armed) bool {
	for _, a := range s.faults {
		if a == f {
			return true
		}
	}
	return false
}

// The controls of the above.
func (s *Server) controlPush(in struct{ Answer string }) error { return s.OnPush(in.Answer) }

func (s *Server) controlAccount(a Account) error {
	if a.Uin <= 0 {
		return fmt.Errorf("%w: uin must be positive", errControl)
	}
	s.Become(a)
	return nil
}

func (s *Server) controlEcho(in struct{ Echo Echo }) error {
	if in.Echo != NoEcho && in.Echo != PlainEcho && in.Echo != NamedEcho {
		return fmt.Errorf("%w: echo %q; want plain, named or nothing", errControl, in.Echo)
	}
	s.EchoFrom(in.Echo)
	return nil
}
