// Package console is the first page: what an office sees of its schedule in a
// browser on its own PC, and the few things it can do there: 停发, 知道了 of an
// alert, and the yes to a list it is shown (认群, 放行).
//
// It knows pages, passwords and browsers, and calls the verbs of schedule as
// anybody else does. It refuses to know SQL, WeChat and who may do what; it
// listens on a loopback address only and runs no script.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"tongluo/schedule"
)

// Options of a Console. All but Code and Log are needed.
type Options struct {
	Name    string           // of the office
	Office  *schedule.Office // the verbs
	Account schedule.Account // what they send with
	// Code is the content of the login code that waits to be scanned, "" for
	// none; nil: there never is one. It is a credential.
	Code  func() string
	Data  string           // data directory: the password lies in it
	Packs string           // where office packs lie, for the screen
	Now   func() time.Time // the clock of everything shown, of sign-ins and of 停发
	Log   *slog.Logger
}

// Console serves the page. It is safe for many requests at once.
type Console struct {
	opt  Options
	zone *time.Location
	door *door
}

// New prepares the page; it opens nothing.
func New(o Options) *Console {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Code == nil {
		o.Code = func() string { return "" }
	}
	return &Console{opt: o, zone: o.Office.Calendar().Zone(), door: newDoor(o.Data, o.Now)}
}

// ErrNotLoopback refuses to listen where another machine could knock.
var ErrNotLoopback = errors.New("控制台只能开在本机：请写 127.0.0.1 加端口，例如 127.0.0.1:8600")

// CheckAddress returns ErrNotLoopback unless the address is a loopback IP and a port.
func CheckAddress(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return ErrNotLoopback
	}
	return nil
}

// Listen opens a loopback address and nothing else.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if err := CheckAddress(addr); err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	return ln, nil
}

const (
	readTime  = 10 * time.Second
	writeTime = time.Minute // a town of 5,000 groups on an old PC
	idleTime  = time.Minute
	partTime  = 3 * time.Second // how long a stop waits for pages on their way
)

// Serve answers until ctx is done, and closes ln. Everything it started has
// ended when it returns.
func (c *Console) Serve(ctx context.Context, ln net.Listener) error {
	srv := c.server(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve the console: %w", err)
	case <-ctx.Done():
	}
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), partTime)
	defer stop()
	err := srv.Shutdown(last)
	if err != nil {
		err = srv.Close()
	}
	<-ended
	return err
}

// server waits for nobody for ever; its requests end with ctx.
func (c *Console) server(ctx context.Context) *http.Server {
	return &http.Server{Handler: c.Handler(), ReadHeaderTimeout: readTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(c.opt.Log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx }}
}

// Handler is everything the console answers, with its guards in front.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", style)
	mux.HandleFunc("GET /signin", c.askPassword)
	mux.HandleFunc("POST /signin", c.signIn)
	mux.HandleFunc("POST /signout", c.signOut)
	for pattern, show := range map[string]view{
		"GET /{$}":      c.first,
		"GET /waiting":  c.waitingPage,
		"GET /coverage": c.coveragePage,
		"GET /flags":    c.flagsPage,
		"GET /halt":     c.askHalt,
		"POST /halt":    c.halt,
		"POST /ack":     c.ack,
		"GET /rooms":    c.roomsPage,
		"POST /rooms":   c.acceptRooms,
		"GET /release":  c.releasePage,
		"POST /release": c.release,
		"GET /code.png": c.code,
	} {
		mux.HandleFunc(pattern, c.inside(show))
	}
	return guard(mux)
}
