package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tongluo/schedule/roster"
)

const (
	cookieName = "tongluo_console"
	// A session nobody uses ends sooner than one that is used.
	idleFor, liveFor = 30 * time.Minute, 8 * time.Hour
	// After so many wrong passwords in a row nobody gets in for a while.
	mostWrong, wrongWait = 5, 15 * time.Minute
	// mostSessions is more browsers than one office PC has.
	mostSessions = 32
)

// session is one signed-in browser. It lives in memory alone: a restart signs
// everybody out.
type session struct {
	id     string // 128 random bits and more
	actor  roster.Actor
	hash   string // the password's line it was let in with
	began  time.Time
	used   time.Time
	notice string // said once on the next page
}

// door lets browsers in and knows who is inside.
type door struct {
	data string
	now  func() time.Time
	key  []byte // of form tokens; new at every start

	knock sync.Mutex // one password at a time: a guess costs 19 MiB
	wrong int
	until time.Time // nobody gets in before

	mu     sync.Mutex
	inside map[string]*session
}

func newDoor(data string, now func() time.Time) *door {
	d := &door{data: data, now: now, key: make([]byte, 32), inside: map[string]*session{}}
	_, _ = rand.Read(d.key) // never fails (crypto/rand)
	return d
}

// verdict on a password.
type verdict int

const (
	right verdict = iota
	wrong
	closed // too many wrong ones: see until
	unset  // there is no password yet
)

// try holds a password against the stored one and returns the line it matched.
func (d *door) try(pw string) (verdict, string, error) {
	d.knock.Lock()
	defer d.knock.Unlock()
	if d.now().Before(d.until) {
		return closed, "", nil
	}
	stored, err := readHash(d.data)
	switch {
	case err != nil:
		return wrong, "", err
	case stored == "":
		return unset, "", nil
	case len(pw) <= longest && matches(stored, pw):
		d.wrong = 0
		return right, stored, nil
	}
	if d.wrong++; d.wrong >= mostWrong {
		d.wrong, d.until = 0, d.now().Add(wrongWait)
		return closed, "", nil
	}
	return wrong, "", nil
}

// left is how many more guesses there are, and closedUntil when the wait ends.
func (d *door) left() (guesses int, closedUntil time.Time) {
	d.knock.Lock()
	defer d.knock.Unlock()
	return mostWrong - d.wrong, d.until
}

// enter makes a session under a new name: what the browser brought along before
// is worth nothing.
func (d *door) enter(a roster.Actor, hash string) *session {
	now := d.now()
	s := &session{id: rand.Text(), actor: a, hash: hash, began: now, used: now}
	d.mu.Lock()
	defer d.mu.Unlock()
	var oldest *session
	for id, other := range d.inside {
		if other.over(now) {
			delete(d.inside, id)
		} else if oldest == nil || other.used.Before(oldest.used) {
			oldest = other
		}
	}
	if len(d.inside) >= mostSessions {
		delete(d.inside, oldest.id)
	}
	d.inside[s.id] = s
	return s
}

func (s *session) over(now time.Time) bool {
	return now.Sub(s.used) >= idleFor || now.Sub(s.began) >= liveFor
}

// who is the session of a request, if it still holds: not over, and the
// password has not been changed since. A page that reloads itself does not keep
// its session from ending.
func (d *door) who(r *http.Request, byItself bool) (*session, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, nil
	}
	stored, err := readHash(d.data)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, now := d.inside[cookie.Value], d.now()
	if s == nil {
		return nil, nil
	}
	if s.over(now) || s.hash != stored {
		delete(d.inside, s.id)
		return nil, nil
	}
	if !byItself {
		s.used = now
	}
	copied := *s
	s.notice = ""
	return &copied, nil
}

// tell leaves a sentence for the session's next page.
func (d *door) tell(id, notice string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.inside[id]; s != nil {
		s.notice = notice
	}
}

func (d *door) leave(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inside, id)
}

// token is what a form must bring back: it belongs to one cookie and one form.
func (d *door) token(cookie, form string) string {
	m := hmac.New(sha256.New, d.key)
	fmt.Fprintf(m, "%s %s", cookie, form)
	return hex.EncodeToString(m.Sum(nil))
}

// fits reports whether a token is that form's for that cookie.
func (d *door) fits(token, cookie, form string) bool {
	return cookie != "" && hmac.Equal([]byte(token), []byte(d.token(cookie, form)))
}

// cookie is the browser's half of a session. It is not Secure: the page is
// served over loopback HTTP, which some browsers do not count as secure.
func cookie(value string) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}
}
