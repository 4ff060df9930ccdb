package loopback

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// OrigHost is the header in which a client that was redirected here names the
// host it meant to reach.
const OrigHost = "X-Orig-Host"

const (
	domain   = "wx2.qq.com"
	apiPath  = "/cgi-bin/mmwebwx-bin/"
	maxBody  = 64 << 20
	holdTime = 25 * time.Second
	pageSize = 500
)

// Errors of Listen and of the actions from the outside world.
var (
	ErrClosed    = errors.New("loopback: server is closed")
	ErrListening = errors.New("loopback: server already listens")
	ErrNotLocal  = errors.New("loopback: only a loopback address may be listened on")
)

// Options of a server. The zero value is usable.
type Options struct {
	// Seed decides handles, their order, session secrets: same seed, town and
	// calls, same answers.
	Seed int64
	// Hold is how long a poll without news is kept waiting; 0 means 25 s as on
	// the real service.
	Hold time.Duration
	// AutoLogin has the account's owner scan and confirm every code at once.
	AutoLogin bool
	// Echo has the service show the account what it sent itself, as it shows other
	// devices of the account.
	Echo Echo
	// Page is how many entries one contact page holds; 0 means 500.
	Page int
	// Now stamps receipts and messages; nil means time.Now. Waiting always
	// happens in real time.
	Now func() time.Time
}

// Echo is what a message that the account sent looks like when it comes back; it
// is not known whether the real service sends any.
type Echo string

// The echoes.
const (
	NoEcho    Echo = ""      // it does not come back
	PlainEcho Echo = "plain" // under the service's own id alone
	NamedEcho Echo = "named" // with the client's id too
)

// Server is the make-believe service. Its methods may be called from any
// goroutine.
type Server struct {
	opts      Options
	endpoints map[string]endpoint
	control   http.Handler
	closing   chan struct{}
	conns     atomic.Int64
	latency   atomic.Int64
	calls     sync.WaitGroup
	serving   sync.WaitGroup

	// mu guards everything below.
	mu       sync.Mutex
	closed   bool
	web      *http.Server
	account  Account
	contacts map[string]*Contact
	groups   map[string]*room
	ids      []string
	news     chan struct{}

	tickets   map[string]*ticket
	shown     string
	refusing  bool
	ignoring  bool
	pushes    string // a Push word, "" as PushConfirm
	logins    int
	live      *session
	dead      map[string]int
	events    []event
	spoke     map[string]int64
	receipts  []Receipt
	byMsgID   map[string]int
	seenIDs   map[string]int
	media     mediaShelf
	faults    []*armed
	stats     Stats
	lastMsgID int64
}

// room is a chat room and whether the account is (still) in it.
type room struct {
	Group
	gone bool
}

// New builds a server for a town that has passed ReadTown (a hand-made town
// must keep the same rules). It listens nowhere yet; it is an http.Handler.
func New(town Town, opts Options) *Server {
	opts = opts.withDefaults()
	s := &Server{
		opts:      opts,
		account:   town.Account,
		contacts:  make(map[string]*Contact, len(town.Contacts)),
		groups:    make(map[string]*room, len(town.Groups)),
		closing:   make(chan struct{}),
		news:      make(chan struct{}),
		tickets:   map[string]*ticket{},
		dead:      map[string]int{},
		spoke:     map[string]int64{},
		byMsgID:   map[string]int{},
		seenIDs:   map[string]int{},
		media:     newMediaShelf(),
		lastMsgID: 5672000000000000000,
	}
	s.stats.Requests = map[string]int64{}
	for _, c := range town.Contacts {
		s.contacts[c.ID] = &c
		s.ids = append(s.ids, c.ID)
	}
	for _, g := range town.Groups {
		s.groups[g.ID] = &room{Group: g}
		s.ids = append(s.ids, g.ID)
	}
	s.endpoints = s.table()
	s.control = s.controlHandler()
	return s
}

func (o Options) withDefaults() Options {
	if o.Hold <= 0 {
		o.Hold = holdTime
	}
	if o.Page <= 0 {
		o.Page = pageSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Listen serves on a loopback address such as "127.0.0.1:0" until Close and
// returns the base URL. ErrNotLocal, ErrListening and ErrClosed come back for
// any other address, a second call, or a closed server.
func (s *Server) Listen(addr string) (string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("listen on %q: %w", addr, ErrNotLocal)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", ErrClosed
	}
	if s.web != nil {
		return "", ErrListening
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen on %q: %w", addr, err)
	}
	s.web = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: holdTime,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState:         s.countConns,
	}
	s.serving.Go(func() { _ = s.web.Serve(ln) })
	return "http://" + ln.Addr().String(), nil
}

func (s *Server) countConns(_ net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.conns.Add(1)
	}
}

// Close wakes every held poll, ends the connections and waits until no
// goroutine of the server is left. Later calls are answered by a cut
// connection; a second Close does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	web := s.web
	s.mu.Unlock()
	var err error
	if web != nil {
		err = web.Close()
	}
	s.calls.Wait()
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("close loopback server: %w", err)
	}
	return nil
}

// ServeHTTP answers for every WeChat host and for /_control/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.calls.Done()
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if strings.HasPrefix(r.URL.Path, "/_control/") {
		s.control.ServeHTTP(w, r)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, apiPath)
	if r.URL.Path == "/jslogin" {
		name = "jslogin"
	}
	ep, ok := s.endpoints[name]
	if !ok || (ep.post && r.Method != http.MethodPost) || !rightHost(r.Header.Get(OrigHost), ep.host) {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.answer(w, ep, newCall(r, name, body))
}

// begin counts a call in, so that Close can wait for it.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.calls.Add(1)
	return true
}

func (s *Server) answer(w http.ResponseWriter, ep endpoint, c *call) {
	if d := s.latency.Load(); ep.send && d > 0 {
		s.wait(c, time.Duration(d))
	}
	fault := s.noteCall(ep, c)
	var out reply
	if fault == nil {
		out = ep.handle(c)
	} else {
		out = s.misbehave(ep, c, fault)
	}
	for k, v := range out.header {
		w.Header()[k] = v
	}
	if out.kind == "" {
		out.kind = "text/plain"
	}
	w.Header().Set("Content-Type", out.kind)
	if out.status == 0 {
		out.status = http.StatusOK
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}

// wait pauses a call; it ends early when the client leaves or the server
// closes.
func (s *Server) wait(c *call, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	case <-s.closing:
	}
}

// hold keeps a poll until ready says so, the hold time is over, the client
// leaves or the server closes. ready runs under the lock.
func (s *Server) hold(c *call, ready func() bool) {
	timer := time.NewTimer(s.opts.Hold)
	defer timer.Stop()
	for {
		s.mu.Lock()
		done, news := ready(), s.news
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-news:
		case <-timer.C:
			return
		case <-c.ctx.Done():
			return
		case <-s.closing:
			return
		}
	}
}

// wake lets every held poll and waiter look again. The lock is held.
func (s *Server) wake() {
	close(s.news)
	s.news = make(chan struct{})
}
