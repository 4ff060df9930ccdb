package wechat

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// callGap makes any second hold two calls at most, whatever the service
// answers and however quickly (protocol traps T13, T21). A login with 5,000
// groups asks for them by fifties, and so takes a minute.
const callGap = time.Second / 2

// pacer is the one place that holds the account's calls to their pace. It
// outlives sessions: a login that fails at once is not quicker. Messages and
// their uploads pass; the runner paces those.
type pacer struct {
	t *Transport

	// mu guards what follows.
	mu   sync.Mutex
	next time.Time // when the next call may go
}

// turn waits until a call may go.
func (p *pacer) turn(ctx context.Context) error {
	p.mu.Lock()
	now := p.t.now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(callGap)
	p.mu.Unlock()
	if !at.After(now) {
		return nil
	}
	return p.t.wait(ctx, at.Sub(now))
}

// keep waits for the call's turn, and has each further time that net/http puts
// it on the wire wait too: a GET whose used connection is cut is sent again.
func (p *pacer) keep(req *http.Request) (*http.Request, error) {
	if p == nil || isMessage(req.URL.Path) {
		return req, nil
	}
	ctx := req.Context()
	if err := p.turn(ctx); err != nil {
		return nil, err
	}
	again := false
	return req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if again {
			_ = p.turn(ctx) // a call that was given up fails on its own
		}
		again = true
	}})), nil
}

// isMessage reports whether a call is a message or carries part of one.
func isMessage(path string) bool {
	return strings.Contains(path, "/webwxsend") || strings.HasSuffix(path, "/webwxuploadmedia")
}
