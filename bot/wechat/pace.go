package wechat

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

const (
	// callGap makes any second hold two calls at most, whatever the service
	// answers and however quickly (protocol traps T13, T21).
	callGap = time.Second / 2
	// bookCalls is what a login may ask at once about contacts: the pages of an
	// address book without end, and 5,000 rooms by fifties. What is asked beyond
	// keeps the gap.
	bookCalls = 300
	// bookAgain is when the next login has that allowance again.
	bookAgain = 10 * time.Minute
)

// pacer is the one place that holds the account's calls to their pace. It
// outlives sessions: a login that fails at once is not quicker. Messages and
// their uploads pass; the runner paces those.
type pacer struct {
	t *Transport

	// mu guards what follows.
	mu   sync.Mutex
	next time.Time // when the next call may go
	book int       // contact calls that need not wait
	had  time.Time // when book was filled
}

// open fills the allowance of a login.
func (p *pacer) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.t.now(); p.had.IsZero() || now.Sub(p.had) >= bookAgain {
		p.book, p.had = bookCalls, now
	}
}

// turn waits until a call may go.
func (p *pacer) turn(ctx context.Context, path string) error {
	p.mu.Lock()
	if isBook(path) && p.book > 0 {
		p.book--
		p.mu.Unlock()
		return nil
	}
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
	path := req.URL.Path
	if p == nil || isMessage(path) {
		return req, nil
	}
	ctx := req.Context()
	if err := p.turn(ctx, path); err != nil {
		return nil, err
	}
	again := false
	return req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if again {
			_ = p.turn(ctx, path) // a call that was given up fails on its own
		}
		again = true
	}})), nil
}

// isMessage reports whether a call is a message or carries part of one.
func isMessage(path string) bool {
	return strings.Contains(path, "/webwxsend") || strings.HasSuffix(path, "/webwxuploadmedia")
}

// isBook reports whether a call asks about contacts.
func isBook(path string) bool {
	return strings.HasSuffix(path, contactsPath) || strings.HasSuffix(path, "/webwxbatchgetcontact")
}
