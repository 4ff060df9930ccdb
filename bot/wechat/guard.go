package wechat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Errors of the guard. None of them carries an address: query strings hold
// secrets.
var (
	errHost   = errors.New("host is not one of the service")
	errReplay = errors.New("request may be replayed by the transport")
	errTooBig = errors.New("reply is too big")
)

const (
	// origHost tells an endpoint which host was meant.
	origHost     = "X-Orig-Host"
	maxReply     = 4 << 20
	maxPicture   = 10 << 20
	maxFile      = 25 << 20
	maxContacts  = 32 << 20
	contactsPath = "/webwxgetcontact"
)

// guard is the only way out: it lets requests go to the service's hosts (or
// all of them to the endpoint), reads replies whole and bounded, so that no
// connection is ever lost to an unread body, and remembers cookies with the
// domain they came with, which openwechat forgets.
type guard struct {
	endpoint *url.URL
	wire     *http.Transport
	pace     *pacer          // nil: none
	date     func(time.Time) // is told the service's time; nil is nobody

	// mu guards cookies.
	mu      sync.Mutex
	cookies []cookie
}

func newGuard(endpoint *url.URL) *guard {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &guard{endpoint: endpoint, wire: &http.Transport{
		// No proxy from the environment, and HTTP/1 only: HTTP/2 has replay
		// rules of its own.
		Protocols: protocols,
		// Replies are bounded by what comes over the wire, and an upload once
		// sent is a thousand bytes a group: every header counts.
		DisableCompression:  true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}}
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if !serviceHost(req.URL.Host) || req.URL.Scheme != "https" {
		return nil, errHost
	}
	// net/http replays a POST that carries one of these (reliability.md H14).
	if req.Header["Idempotency-Key"] != nil || req.Header["X-Idempotency-Key"] != nil {
		return nil, errReplay
	}
	req, err := g.pace.keep(req)
	if err != nil {
		return nil, err
	}
	resp, err := g.wire.RoundTrip(g.aim(req))
	if err != nil {
		return nil, err
	}
	g.tell(resp)
	if err := hold(resp, replyLimit(req.URL.Path)); err != nil {
		return nil, err
	}
	resp.Request = req
	if resp.Header["Set-Cookie"] != nil {
		g.note(req.URL.Host, resp.Cookies())
	}
	return resp, nil
}

// tell passes on the service's time, as it is when a reply begins.
func (g *guard) tell(resp *http.Response) {
	if g.date == nil {
		return
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		g.date(at)
	}
}

// replyLimit is how large the reply of an endpoint may be.
func replyLimit(path string) int64 {
	switch {
	case strings.HasSuffix(path, contactsPath), strings.HasSuffix(path, "/webwxbatchgetcontact"):
		return maxContacts
	case strings.HasSuffix(path, "/webwxgetmsgimg"):
		return maxPicture
	case strings.HasSuffix(path, "/webwxgetmedia"):
		return maxFile
	}
	return maxReply
}

// aim turns a request to the endpoint, if there is one. The request itself is
// left alone, so the cookie jar still sees the host that was meant.
func (g *guard) aim(req *http.Request) *http.Request {
	if g.endpoint == nil {
		return req
	}
	out := req.WithContext(req.Context())
	u := *req.URL
	u.Scheme, u.Host = g.endpoint.Scheme, g.endpoint.Host
	out.URL, out.Host = &u, ""
	out.Header = req.Header.Clone()
	out.Header[origHost] = []string{req.URL.Host}
	return out
}

// hold reads the whole body and puts it back.
func hold(resp *http.Response, limit int64) error {
	var body []byte
	var err error
	if n := resp.ContentLength; n >= 0 && n <= limit {
		body = make([]byte, n)
		_, err = io.ReadFull(resp.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	}
	_ = resp.Body.Close()
	if err != nil {
		return fmt.Errorf("read reply: %w", err)
	}
	if int64(len(body)) > limit {
		return errTooBig
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// accountDomain reports whether a login may put an account there (protocol
// §1.0).
func accountDomain(host string) bool {
	switch host {
	case "wx.qq.com", "wx2.qq.com", "wx8.qq.com", "web.wechat.com", "web2.wechat.com":
		return true
	}
	return false
}

// serviceHost reports whether a host belongs to the service: the login hosts,
// and the account domains with their file. and webpush. hosts.
func serviceHost(host string) bool {
	switch host {
	case "login.wx.qq.com", "login.weixin.qq.com":
		return true
	}
	host = strings.TrimPrefix(strings.TrimPrefix(host, "file."), "webpush.")
	return accountDomain(host)
}

// close ends idle connections; one in use is closed when it is done.
func (g *guard) close() { g.wire.CloseIdleConnections() }

// body reads a held reply. A status other than 200 is an error.
func body(resp *http.Response) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}

// statusError is a reply whose HTTP status already says no.
type statusError int

// Error implements error.
func (e statusError) Error() string { return fmt.Sprintf("http status %d", int(e)) }

// quiet takes the address out of a client error: its query holds secrets.
func quiet(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
