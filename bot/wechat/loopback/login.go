package loopback

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// ErrNoCode means that no login waits for the phone just now.
var ErrNoCode = errors.New("loopback: no login is waiting for the phone")

// refusalText is what the real service says with ret 1203.
const refusalText = "为了你的帐号安全，此微信号不能登录网页微信。你可以使用Windows微信或Mac微信在电脑端登录。"

// ticket is one login code on its way from shown to used.
type ticket struct {
	uuid      string
	scanned   bool
	told      bool
	confirmed bool
	expired   bool
	declined  bool // the owner says no to a login without a code
	unseen    bool // nobody looks at the phone
}

// newTicket shows a code. The lock is held.
func (s *Server) newTicket() *ticket {
	t := &ticket{uuid: s.digest("uuid", len(s.tickets))[:10] + "=="}
	t.scanned, t.confirmed = s.opts.AutoLogin, s.opts.AutoLogin
	s.tickets[t.uuid] = t
	s.shown = t.uuid
	s.wake()
	return t
}

func (s *Server) jslogin(*call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return textReply(`window.QRLogin.code = 200; window.QRLogin.uuid = "%s";`, s.newTicket().uuid)
}

func (s *Server) pollLogin(c *call) reply {
	var out reply
	s.hold(c, func() bool {
		var done bool
		out, done = s.loginState(c.query.Get("uuid"))
		return done
	})
	return out
}

// loginState is what a poll is told, and whether that is news. The lock is
// held.
func (s *Server) loginState(uuid string) (reply, bool) {
	t, ok := s.tickets[uuid]
	switch {
	case !ok || t.expired:
		return textReply("window.code=400;"), true
	case t.declined:
		return textReply("window.code=%d;", codeDeclined), true
	case s.ignoring || t.unseen:
		return textReply("window.code=408;"), false
	case t.scanned && !t.told:
		t.told = true
		return textReply("window.code=201;window.userAvatar = 'data:img/jpg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==';"), true
	case t.confirmed:
		return textReply("window.code=200;\nwindow.redirect_uri=\"https://%s%swebwxnewloginpage?ticket=%s@qrticket_0&uuid=%s&lang=zh_CN&scan=%d\";",
			domain, apiPath, s.digest("ticket", t.uuid)[:24], url.QueryEscape(t.uuid), s.opts.Now().Unix()), true
	}
	return textReply("window.code=408;"), false
}

// newLoginPage answers 301 without Location: one client insists on the status,
// the other ignores it.
func (s *Server) newLoginPage(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tickets[c.query.Get("uuid")]
	if !ok || !t.confirmed || t.expired || c.query.Get("ticket") != s.digest("ticket", t.uuid)[:24]+"@qrticket_0" {
		return loginRefusal(retParam, "ticket expired")
	}
	if s.refusing {
		return loginRefusal(retEnvRefused, refusalText)
	}
	t.expired = true
	ses := s.openSession()
	body := fmt.Appendf(nil, "<error><ret>0</ret><message></message><skey>%s</skey><wxsid>%s</wxsid><wxuin>%d</wxuin><pass_ticket>%s</pass_ticket><isgrayscale>1</isgrayscale></error>",
		ses.skey, ses.sid, ses.uin, ses.passTicket)
	return reply{status: http.StatusMovedPermanently, header: s.cookies(ses), body: body}
}

func loginRefusal(ret int, message string) reply {
	r := textReply("<error><ret>%d</ret><message>%s</message></error>", ret, message)
	r.status = http.StatusMovedPermanently
	return r
}

// cookies sets the data ticket for the whole of qq.com, because the file host
// must see it, and the rest for the domain and its sub-domains.
func (s *Server) cookies(ses *session) http.Header {
	h := http.Header{}
	add := func(name, value, domain string) {
		h.Add("Set-Cookie", fmt.Sprintf("%s=%s; Domain=%s; Path=/; Secure", name, value, domain))
	}
	add("wxuin", strconv.FormatInt(ses.uin, 10), domain)
	add("wxsid", ses.sid, domain)
	add("wxloadtime", strconv.FormatInt(s.opts.Now().Unix(), 10), domain)
	add("mm_lang", "zh_CN", domain)
	add("webwx_data_ticket", ses.dataTicket, ".qq.com")
	add("webwxuvid", s.digest("uvid", ses.number)[:32], domain)
	add("webwx_auth_ticket", s.digest("auth", ses.number)[:32], domain)
	return h
}

// logout answers a redirect without JSON, as the real service seems to.
func (s *Server) logout(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ret := s.admit(c, nil); ret == retOK {
		s.endSession(retLoggedOut)
	}
	return reply{status: http.StatusMovedPermanently, header: http.Header{"Location": {"https://" + domain + "/"}}}
}

// Scan is the phone scanning the newest code; ErrNoCode when none waits.
func (s *Server) Scan() error {
	return s.onPhone(func(t *ticket) { t.scanned = true })
}

// Confirm is the phone agreeing to the newest login (and scanning it, if that
// has not happened); ErrNoCode when none waits.
func (s *Server) Confirm() error {
	return s.onPhone(func(t *ticket) { t.scanned, t.confirmed = true, true })
}

// Expire lets the newest code run out; ErrNoCode when none waits.
func (s *Server) Expire() error {
	return s.onPhone(func(t *ticket) { t.expired = true })
}

func (s *Server) onPhone(do func(*ticket)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tickets[s.shown]
	if !ok || t.expired {
		return ErrNoCode
	}
	do(t)
	s.wake()
	return nil
}

// Refuse makes every login fail with ret 1203 after the phone has agreed, until
// Allow. The live session goes on.
func (s *Server) Refuse() { s.setGate(true, false) }

// Ignore leaves every login poll unanswered by the phone (408 for ever), until
// Allow.
func (s *Server) Ignore() { s.setGate(false, true) }

// Allow takes back Refuse and Ignore.
func (s *Server) Allow() { s.setGate(false, false) }

func (s *Server) setGate(refusing, ignoring bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing, s.ignoring = refusing, ignoring
	s.wake()
}

// Kill ends the live session; every later call with its cookies is answered
// with retcode, usually 1100, 1101 or 1102. Without a session it does nothing.
func (s *Server) Kill(retcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endSession(retcode)
}
