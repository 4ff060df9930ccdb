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
	// Pin is the only account (uin, decimal) that may be used, asked at each
	// login; nil or "" is any. Another one is logged out at once.
	Pin func() string
	// Phone is called when the phone has been asked to agree to a login without a
	// code.
	Phone func()
	// Sign is called, from Serve's goroutine, for each message that the service
	// brings.
	Sign func(bot.Sign)
	// Unpaced lets calls go as fast as they can, which only an endpoint bears:
	// without one the option is ignored.
	Unpaced bool
	// Key hashes members' names and rooms' ids; nothing else of them is kept. Nil
	// is a new key: what one login knew of its rooms says nothing to a later run.
	Key []byte
	// Date is told the service's time, to the second, with each of its replies,
	// from the goroutine that reads it. Nil is nobody.
	Date func(time.Time)
}

// Transport is one account. Send may be called from any goroutine.
type Transport struct {
	opts     Options
	endpoint *url.URL
	kept     *keeper
	pace     *pacer // nil: none
	inbox    chan bot.Message
	serving  sync.Mutex
	now      func() time.Time
	wait     func(ctx context.Context, d time.Duration) error

	// mu guards line, the session that may be sent on, nil when there is none,
	// and checking, the text of the last self check.
	mu       sync.Mutex
	line     *line
	checking string
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
	if opts.Phone == nil {
		opts.Phone = func() {}
	}
	if opts.Sign == nil {
		opts.Sign = func(bot.Sign) {}
	}
	if opts.Pin == nil {
		opts.Pin = func() string { return "" }
	}
	if opts.MediaTTL <= 0 {
		opts.MediaTTL = mediaTTL
	}
	if opts.SendTimeout <= 0 {
		opts.SendTimeout = sendTimeout
	}
	if len(opts.Key) == 0 {
		opts.Key = newKey()
	}
	// A session of the real service is never loaded with an endpoint.
	dir := "real"
	if endpoint != nil {
		dir = "loopback"
	}
	t := &Transport{
		opts:     opts,
		endpoint: endpoint,
		kept:     &keeper{dir: filepath.Join(opts.Dir, dir), endpoint: opts.Endpoint},
		inbox:    make(chan bot.Message, inboxSize),
		now:      time.Now,
		wait:     pause,
	}
	if endpoint == nil || !opts.Unpaced {
		t.pace = &pacer{t: t}
	}
	return t, nil
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

// Serve implements bot.Transport: the kept session first, then the phone of the
// account it belonged to, then a login code. It returns ctx's error,
// bot.ErrSessionOver (log in again), bot.ErrBarred or bot.ErrOtherAccount (a
// person must look, do not log in again), ErrNotScanned, or what kept it from
// logging in. A ctx that ends with bot.ErrLeave logs out and forgets the
// session. The caller paces the next call.
func (t *Transport) Serve(ctx context.Context, ready func(bot.Session)) error {
	if !t.serving.TryLock() {
		return ErrServing
	}
	defer t.serving.Unlock()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s, err := t.login(ctx)
	if err != nil && errors.Is(context.Cause(ctx), bot.ErrLeave) {
		t.kept.drop()
		return bot.ErrLeave
	}
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.meet(ctx); err != nil {
		return t.ended(ctx, s, err)
	}
	s.save()
	s.line.end = end
	t.attach(s.line)
	defer t.detach(s.line)
	ready(s.opening())
	return t.ended(ctx, s, s.listen(ctx))
}

// ended settles what is left of a session and what Serve returns: one that the
// service has ended is good only for asking the phone, one of a barred account
// or that is to be left for nothing.
func (t *Transport) ended(ctx context.Context, s *session, err error) error {
	if errors.Is(context.Cause(ctx), bot.ErrLeave) {
		s.logout(ctx)
		t.kept.drop()
		return bot.ErrLeave
	}
	fault := t.meaning(err, s.since)
	if fault == nil {
		s.save()
		return err
	}
	if errors.Is(fault, bot.ErrBarred) {
		t.kept.drop()
	} else {
		t.kept.over(s.kept())
	}
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
