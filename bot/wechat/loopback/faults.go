package loopback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrFault wraps every complaint about a fault that cannot be set.
var ErrFault = errors.New("loopback: no such fault")

// Fault is one way of failing. Count 0 means once and -1 always; Nth counts
// matching calls from 1, and 0 means the first.
//
// Actions: "cut" (before processing), "lose_reply" (processed, then cut),
// "hang" (until the client leaves or Close, then cut), "delay:MS", "502" and
// "html" (an HTML page with status 502 or 200), "empty", "{}", "truncate" (half
// of the true reply), "ret:N" (BaseResponse), "throttle" (sends: Ret 0, then
// only a system line in the chat), "media_empty" (upload without MediaId),
// "bad_sync" and "sync_skeleton" (webwxsync Ret 1101 without and with an empty
// SyncKey), "retcode:N" and "selector:N" (synccheck), "code:N" (login),
// "push_ret:N" (webwxnewloginpage), "blank_contacts" and "short_contacts"
// (webwxbatchgetcontact), "deaf" (polls bring nothing and sends, though answered
// with Ret 0, reach nobody). "hang", "502", "html", "empty", "{}" and "ret:N" do
// not process the call unless Processed is set or the action ends in
// "_processed", as in "502_processed".
type Fault struct {
	Endpoint  string `json:"endpoint"`           // last part of the path, "send" for any send, "" for any
	To        string `json:"to,omitempty"`       // permanent id of the target, "" for any
	Contains  string `json:"contains,omitempty"` // words in the content or the media name
	Nth       int    `json:"nth,omitempty"`
	Count     int    `json:"count,omitempty"`
	Action    string `json:"action"`
	Processed bool   `json:"processed,omitempty"`
}

const (
	actMediaEmpty = "media_empty"
	actBlank      = "blank_contacts"
	actShort      = "short_contacts"
	htmlPage      = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)

// armed is a fault and how often it has matched and fired.
type armed struct {
	Fault
	verb  string
	arg   int
	seen  int
	fired int
}

func (s *Server) arm(f Fault) (*armed, error) {
	a := &armed{Fault: f}
	verb, arg, hasArg := strings.Cut(f.Action, ":")
	verb, processed := strings.CutSuffix(verb, "_processed")
	a.verb, a.Processed = verb, f.Processed || processed
	switch verb {
	case "cut", "lose_reply", "hang", "502", "html", "empty", "{}", "truncate", "throttle", "deaf",
		actMediaEmpty, "bad_sync", "sync_skeleton", actBlank, actShort:
		if hasArg {
			return nil, fmt.Errorf("%w: action %q takes no number", ErrFault, f.Action)
		}
	case "delay", "ret", "retcode", "selector", "code", "push_ret":
		n, err := strconv.Atoi(arg)
		if err != nil {
			return nil, fmt.Errorf("%w: action %q needs a number after the colon", ErrFault, f.Action)
		}
		a.arg = n
	default:
		return nil, fmt.Errorf("%w: action %q", ErrFault, f.Action)
	}
	if _, ok := s.endpoints[f.Endpoint]; !ok && f.Endpoint != "" && f.Endpoint != "send" {
		return nil, fmt.Errorf("%w: endpoint %q", ErrFault, f.Endpoint)
	}
	return a, nil
}

// SetFaults replaces all faults; none are changed when one of them is wrong
// (ErrFault).
func (s *Server) SetFaults(faults []Fault) error {
	all := make([]*armed, 0, len(faults))
	for _, f := range faults {
		a, err := s.arm(f)
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = all
	s.wake()
	return nil
}

// AddFault adds one fault behind the others (ErrFault).
func (s *Server) AddFault(f Fault) error {
	a, err := s.arm(f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, a)
	s.wake()
	return nil
}

// noteCall counts a call and picks the fault that strikes it, if any.
func (s *Server) noteCall(ep endpoint, c *call) *armed {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Requests[c.name]++
	if ep.post {
		s.stats.Posts++
	}
	if ep.send {
		s.stats.Attempts++
	}
	var chosen *armed
	var subject *callSubject
	for _, a := range s.faults {
		if a.Endpoint != "" && a.Endpoint != c.name && (a.Endpoint != "send" || !ep.send) {
			continue
		}
		if a.To != "" || a.Contains != "" {
			if subject == nil {
				subject = s.subject(ep, c)
			}
			if !subject.fits(a.Fault) {
				continue
			}
		}
		a.seen++
		if chosen == nil && a.due() {
			a.fired++
			s.stats.Faults++
			chosen = a
		}
	}
	return chosen
}

func (a *armed) due() bool {
	return a.seen >= a.Nth && (a.Count < 0 || a.fired < max(a.Count, 1))
}

// callSubject is whom a call is about and what it says.
type callSubject struct{ to, content string }

func (cs *callSubject) fits(f Fault) bool {
	return (f.To == "" || f.To == cs.to) && strings.Contains(cs.content, f.Contains)
}

// subject reads a body a second time, which only a fault that asks for a
// target or words costs. The lock is held.
func (s *Server) subject(ep endpoint, c *call) *callSubject {
	out := &callSubject{content: string(c.body)}
	var handle string
	switch {
	case ep.send:
		var in sendBody
		if json.Unmarshal(c.body, &in) == nil {
			handle = in.Msg.ToUserName
			out.content = in.Msg.Content + s.media.items[in.Msg.MediaId].name
		}
	case c.name == "webwxuploadmedia":
		if u, err := parseUpload(c); err == nil {
			handle, out.content = u.request.ToUserName, u.name
		}
	default:
		var in struct{ ToUserName string }
		_ = json.NewDecoder(bytes.NewReader(c.body)).Decode(&in)
		handle = in.ToUserName
	}
	if s.live != nil {
		out.to = s.live.id[handle]
	}
	return out
}

// misbehave answers a struck call. Cutting the connection is a panic with
// http.ErrAbortHandler, the one way net/http offers.
func (s *Server) misbehave(ep endpoint, c *call, f *armed) reply {
	switch f.verb {
	case "cut":
		panic(http.ErrAbortHandler)
	case "lose_reply":
		ep.handle(c)
		panic(http.ErrAbortHandler)
	case "delay":
		s.wait(c, time.Duration(f.arg)*time.Millisecond)
		return ep.handle(c)
	case "truncate":
		out := ep.handle(c)
		out.body = out.body[:len(out.body)/2]
		return out
	case actMediaEmpty, actBlank, actShort:
		c.twist = f.verb
		return ep.handle(c)
	case "throttle":
		return s.throttle(c)
	case "deaf":
		return s.deafen(ep, c, f)
	}
	if f.Processed {
		ep.handle(c)
	}
	if f.verb == "hang" {
		s.hang(c)
	}
	return canned(f.verb, f.arg)
}

func (s *Server) hang(c *call) {
	select {
	case <-c.ctx.Done():
	case <-s.closing:
	}
	panic(http.ErrAbortHandler)
}

// canned is a reply that does not depend on the call.
func canned(verb string, arg int) reply {
	switch verb {
	case "502":
		return reply{status: http.StatusBadGateway, kind: "text/html", body: []byte(htmlPage)}
	case "html":
		return reply{kind: "text/html", body: []byte(htmlPage)}
	case "{}":
		return textReply("{}")
	case "ret":
		return retReply(arg)
	case "retcode":
		return checkReply(arg, 0)
	case "selector":
		return checkReply(retOK, arg)
	case "code":
		return textReply("window.code=%d;", arg)
	case "push_ret":
		return loginRefusal(arg, refusalText)
	case "bad_sync":
		return textReply(`{"BaseResponse":{"Ret":%d}}`, retElsewhere)
	case "sync_skeleton":
		return jsonReply(newSyncReply(retElsewhere))
	}
	return reply{}
}
