package loopback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// errControl is a request to /_control/ that makes no sense.
var errControl = errors.New("loopback: bad control request")

// controlHandler is the outside world over HTTP, for callers in another
// process. Every answer is JSON; a refused request is 400 {"error": …}.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_control/receipts", s.controlReceipts)
	mux.HandleFunc("GET /_control/idle", s.controlIdle)
	mux.HandleFunc("GET /_control/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Stats()) })
	mux.HandleFunc("GET /_control/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.faultList()) })
	mux.HandleFunc("POST /_control/faults", s.controlFaults)
	mux.HandleFunc("POST /_control/say", s.controlSay)
	mux.HandleFunc("POST /_control/login", control(func(in struct{ Action string }) error { return s.phone(in.Action) }))
	mux.HandleFunc("POST /_control/push", control(s.controlPush))
	mux.HandleFunc("POST /_control/account", control(s.controlAccount))
	mux.HandleFunc("POST /_control/echo", control(s.controlEcho))
	mux.HandleFunc("POST /_control/kill", control(s.controlKill))
	mux.HandleFunc("POST /_control/rename", control(func(in struct{ Group, Name string }) error { return s.Rename(in.Group, in.Name) }))
	mux.HandleFunc("POST /_control/kick", control(func(in struct{ Group string }) error { return s.Kick(in.Group) }))
	mux.HandleFunc("POST /_control/leave", control(func(in struct{ Group string }) error { return s.Leave(in.Group) }))
	mux.HandleFunc("POST /_control/add", control(func(in struct{ Group Group }) error { return s.Add(in.Group) }))
	mux.HandleFunc("POST /_control/friend", control(s.Befriend))
	mux.HandleFunc("POST /_control/latency", control(s.controlLatency))
	return mux
}

// control turns a method into a handler: strict JSON in, {"ok": true} out.
func control[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		err := decodeStrict(r.Body, &in)
		if err == nil {
			err = do(in)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
	}
}

func decodeStrict(r io.Reader, v any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: %v", errControl, err)
	}
	return nil
}

func refuse(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// controlReceipts lists all receipts, or those after ?after=SEQ.
func (s *Server) controlReceipts(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	writeJSON(w, http.StatusOK, s.receiptsAfter(after))
}

// controlIdle answers when everything that was said has been fetched (WaitIdle).
func (s *Server) controlIdle(w http.ResponseWriter, r *http.Request) {
	if err := s.WaitIdle(r.Context()); err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

// controlFaults takes a list, which replaces all faults, or one object, which
// is added.
func (s *Server) controlFaults(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		control(s.SetFaults)(w, r)
		return
	}
	control(s.AddFault)(w, r)
}

// firedFault is a fault and how often it has struck.
type firedFault struct {
	Fault
	Fired int `json:"fired"`
}

func (s *Server) faultList() []firedFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]firedFault, len(s.faults))
	for i, a := range s.faults {
		out[i] = firedFault{Fault: a.Fault, Fired: a.fired}
	}
	return out
}

func (s *Server) controlSay(w http.ResponseWriter, r *http.Request) {
	var in Words
	err := decodeStrict(r.Body, &in)
	var id string
	if err == nil {
		id, err = s.Say(in)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "msg_id": id})
}

func (s *Server) phone(action string) error {
	switch action {
	case "scan":
		return s.Scan()
	case "confirm":
		return s.Confirm()
	case "expire":
		return s.Expire()
	case "refuse":
		s.Refuse()
	case "ignore":
		s.Ignore()
	case "allow":
		s.Allow()
	default:
		return fmt.Errorf("%w: action %q; want scan, confirm, expire, refuse, ignore or allow", errControl, action)
	}
	return nil
}

func (s *Server) controlKill(in struct{ Retcode int }) error {
	if in.Retcode <= 0 {
		return fmt.Errorf("%w: retcode must be positive, such as 1101", errControl)
	}
	s.Kill(in.Retcode)
	return nil
}

func (s *Server) controlLatency(in struct{ MS int }) error {
	s.Latency(time.Duration(in.MS) * time.Millisecond)
	return nil
}
