// Package wechat is the openwechat transport: one account of the WeChat web
// protocol behind bot.Transport. It knows logins, handles, uploads and what a
// reply of the service means for the next step. It refuses to know groups,
// persons or plans of ours, to keep what it hears, and to send anything twice.
//
// openwechat v1.4.10 builds and carries every request, but never runs its own
// sync loop, never decodes a reply that decides something, and none of its
// objects is touched by two goroutines: Serve owns the session, Send uses
// plain copies (reliability.md §1, wechat-protocol.md §1.5).
package wechat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"tongluo/bot"
)

// Errors of New and Serve. A session's end is bot.ErrSessionOver, a barred
// account bot.ErrBarred, another account than the pinned one
// bot.ErrOtherAccount.
var (
	// ErrEndpoint: the endpoint is not a loopback address. It is a mistake of
	// configuration (exit code 2).
	ErrEndpoint = errors.New("[wechat] endpoint 只能是本机地址，请写成 http://127.0.0.1:端口，或者留空")
	// ErrServing: Serve runs already; one account has one session.
	ErrServing = errors.New("wechat: already serving")
	// ErrNotScanned: nobody scanned any of the login codes shown.
	ErrNotScanned = errors.New("wechat: no login code was scanned")
)

const (
	inboxSize   = 256
	sendTimeout = 35 * time.Second
	mediaTTL    = 30 * time.Minute
)

// Options of a transport. The zero value is usable but for Dir.
type Options struct {
	// Dir is where the session is kept (0700, files 0600). Whoever can read it
	// can use the account.
	Dir string
	// Endpoint is "" for the real service or "http://127.0.0.1:PORT" for a
	// make-believe one.
	Endpoint string
	// QR shows the text of a login code to the office. It is a credential:
	// never log it.
	QR func(url string)
	// Log gets no message text, names or secrets. Nil is silence.
	Log *slog.Logger
	// MediaTTL is how long an uploaded file is believed to stay usable; 0 is
	// 30 minutes.
	MediaTTL time.Duration
	// SendTimeout limits one send, and one upload to four of it; 0 is 35 s.
	SendTimeout time.Duration
	// AccountPin is the only account (uin, decimal) that may be used; "" is any.
	AccountPin string
	// Date is told the service's time, to the second, with each of its replies,
	// from the goroutine that reads it. Nil is nobody.
	Date func(time.Time)
}

// Transport is one account. Send may be called from any goroutine.
type Transport struct {
	opts     Options
	endpoint *url.URL
	kept     *keeper
	inbox    chan bot.Message
	serving  sync.Mutex
	now      func() time.Time
	wait     func(ctx context.Context, d time.Duration) error

	// mu guards line, the session that may be sent on; nil when there is none.
	mu   sync.Mutex
	line *line
}

var _ bot.Transport = (*Transport)(nil)

// New checks the options; it touches neither network nor disk. ErrEndpoint for
// an endpoint that is not loopback.
func New(opts Options) (*Transport, error) {
	endpoint, err := parseEndpoint(opts.Endpoint)
	if err != nil {
		return nil, err
	}
	if opts.Dir == "" {
		return nil, errors.New("wechat: no directory for the session")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if opts.QR == nil {
		opts.QR = func(string) {}
	}
	if opts.MediaTTL <= 0 {
		opts.MediaTTL = mediaTTL
	}
	if opts.SendTimeout <= 0 {
		opts.SendTimeout = sendTimeout
	}
	// A session of the real service is never loaded with an endpoint.
	dir := "real"
	if endpoint != nil {
		dir = "loopback"
	}
	return &Transport{
		opts:     opts,
		endpoint: endpoint,
		kept:     &keeper{dir: filepath.Join(opts.Dir, dir), endpoint: opts.Endpoint},
		inbox:    make(chan bot.Message, inboxSize),
		now:      time.Now,
		wait:     pause,
	}, nil
}

func parseEndpoint(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%w（现在写的是 %q）", ErrEndpoint, s)
	}
	ip := net.ParseIP(u.Hostname())
	plain := u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Path == "" || u.Path == "/")
	if u.Scheme != "http" || ip == nil || !ip.IsLoopback() || u.Port() == "" || !plain {
		return nil, fmt.Errorf("%w（现在写的是 %q）", ErrEndpoint, s)
	}
	return u, nil
}

// Inbox implements bot.Transport. When nobody reads it, 256 messages later the
// session stops fetching more.
func (t *Transport) Inbox() <-chan bot.Message { return t.inbox }

// Serve implements bot.Transport: the kept session first, otherwise a login
// code. It returns ctx's error, bot.ErrSessionOver (log in again),
// bot.ErrBarred or bot.ErrOtherAccount (a person must look, do not log in
// again), ErrNotScanned, or what kept it from logging in. The caller paces the
// next call.
func (t *Transport) Serve(ctx context.Context, ready func(bot.Session)) error {
	if !t.serving.TryLock() {
		return ErrServing
	}
	defer t.serving.Unlock()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s, err := t.login(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.meet(ctx); err != nil {
		return t.ended(s, err)
	}
	s.save()
	s.line.end = end
	t.attach(s.line)
	defer t.detach(s.line)
	ready(s.opening())
	return t.ended(s, s.listen(ctx))
}

// ended drops the kept session when the service has ended it, and settles what
// Serve returns.
func (t *Transport) ended(s *session, err error) error {
	fault := sessionFault(err)
	if fault == nil {
		s.save()
		return err
	}
	t.kept.drop()
	t.opts.Log.Warn("session over", "session", s.line.id, "err", fault)
	return fault
}

func (t *Transport) attach(l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = l
}

// detach takes the session off the wire: later sends are refused.
func (t *Transport) detach(l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line == l {
		t.line = nil
	}
}

// lineOf is the live session of that id, or nil.
func (t *Transport) lineOf(session string) *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line == nil || t.line.id != session {
		return nil
	}
	return t.line
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newSessionID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
