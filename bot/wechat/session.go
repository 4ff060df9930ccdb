package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

// soonAfter is how shortly after a login a 1102 is not an end like any other
// but a restricted account: trying again makes it worse (protocol trap T1).
const soonAfter = 10 * time.Minute

// logoutTimeout is short: nothing depends on the answer.
const logoutTimeout = 10 * time.Second

// push has the phone agree to a login without a code: the service still knows
// the account by its last session.
func (t *Transport) push(ctx context.Context, kept keptSession) (*session, error) {
	s := t.open(ctx)
	s.way = "phone"
	s.client.SetCookieJar(kept.jar())
	s.client.Domain = openwechat.WechatDomain(kept.Domain)
	err := s.byPhone(ctx, kept.Login.WxUin)
	if err == nil {
		err = s.enter(ctx)
	}
	if err != nil {
		s.close()
		if why := t.stopped(err, s.since); why != nil {
			return nil, why
		}
		return nil, err
	}
	return s, nil
}

func (s *session) byPhone(ctx context.Context, account int64) error {
	data, err := s.fetch(ctx, func(ctx context.Context) (*http.Response, error) { return s.client.WebWxPushLogin(ctx, account) })
	if err != nil {
		return fmt.Errorf("webwxpushloginurl: %w", err)
	}
	uuid, err := readPush(data)
	if err != nil {
		return fmt.Errorf("webwxpushloginurl: %w", err)
	}
	s.t.opts.Phone()
	page, err := s.agreed(ctx, uuid, true)
	if err != nil {
		return err
	}
	return s.fetchLogin(ctx, page)
}

// readPush returns the id of the login that the phone was asked about.
func readPush(data []byte) (string, error) {
	var r struct {
		Ret  *loose
		UUID string
	}
	if json.Unmarshal(data, &r) != nil || r.Ret == nil {
		return "", fmt.Errorf("%w: no Ret", errMalformed)
	}
	ret, err := strconv.Atoi(string(*r.Ret))
	switch {
	case err != nil || ret == 0 && r.UUID == "":
		return "", fmt.Errorf("%w: no login in it", errMalformed)
	case ret != 0:
		return "", openwechat.Ret(ret)
	}
	return r.UUID, nil
}

// loginRefusal is why the service would not let an account in, in its own words.
type loginRefusal struct {
	ret  openwechat.Ret
	said string
}

// Error implements error.
func (r *loginRefusal) Error() string { return fmt.Sprintf("%v: %s", r.ret, r.Said()) }

// Unwrap gives the code.
func (r *loginRefusal) Unwrap() error { return r.ret }

// Said is what the service says to the account's owner.
func (r *loginRefusal) Said() string {
	said := []rune(plainName(r.said))
	return string(said[:min(len(said), 200)])
}

// logout ends the session on the service. Whatever it answers, the session is
// not used again.
func (s *session) logout(ctx context.Context) {
	resp, err := limited(context.WithoutCancel(ctx), logoutTimeout, func(ctx context.Context) (*http.Response, error) {
		return s.client.Logout(ctx, &s.login)
	})
	if err != nil {
		s.t.opts.Log.Warn("not logged out", "err", err)
		return
	}
	_ = resp.Body.Close()
	s.t.opts.Log.Info("logged out")
}

// kept is what the next Serve can go on with: from where everything said before
// has been dealt with.
func (s *session) kept() keptSession {
	return keptSession{
		Domain: string(s.client.Domain), Login: s.login, Base: s.base, Key: s.line.handled.safe(), Cookies: s.guard.jarOf(), Since: s.since,
	}
}

// save keeps the session for the next Serve; failing to is worth a log line,
// nothing more: it costs a login code.
func (s *session) save() {
	kept := s.kept()
	s.saved, s.moved = s.t.now(), !slices.Equal(kept.Key.List, s.key.List)
	if err := s.t.kept.save(kept); err != nil {
		s.t.opts.Log.Error("session not kept", "err", err)
	}
}

// loginName is the same as long as the service knows the login: handles are
// too. The credential cannot be read from it.
func loginName(l openwechat.LoginInfo) string {
	sum := sha256.Sum256([]byte("login " + l.WxSid))
	return hex.EncodeToString(sum[:8])
}

// opening is what can be seen when the session begins.
func (s *session) opening() bot.Session {
	out := bot.Session{ID: s.line.id, Account: uin(s.login), Login: loginName(s.login)}
	for _, h := range slices.Sorted(maps.Keys(s.rooms)) {
		out.Rooms = append(out.Rooms, s.rooms[h])
	}
	for _, h := range slices.Sorted(maps.Keys(s.friends)) {
		out.Friends = append(out.Friends, s.friends[h])
	}
	return out
}

// meaning is what an error means for a session that the phone agreed to at
// since: it wraps bot.ErrSessionOver or bot.ErrBarred, or is nil when the
// session may go on.
func (t *Transport) meaning(err error, since time.Time) error {
	why := sessionFault(err)
	if retOf(err) == retBadCookie && !since.IsZero() && t.now().Sub(since) < soonAfter && !errors.Is(err, bot.ErrSoonOver) {
		return fmt.Errorf("%w: ret %d", bot.ErrSoonOver, retBadCookie)
	}
	return why
}

// sessionFault is what a refusal means for the session: an error that wraps
// bot.ErrSessionOver or bot.ErrBarred and the code, or nil when the session may
// go on.
func sessionFault(err error) error {
	var meaning error
	switch retOf(err) {
	case retLoggedOut, retElsewhere, retBadCookie:
		meaning = bot.ErrSessionOver
	case retBarred:
		meaning = bot.ErrBarred
	default:
		return nil
	}
	if errors.Is(err, meaning) {
		return err
	}
	return fmt.Errorf("%w: ret %d: %w", meaning, retOf(err), err)
}

// seedJar makes openwechat's jar know the hosts before two goroutines use it:
// it writes an unguarded map on the first cookie of a host.
func (s *session) seedJar() {
	for _, prefix := range []string{"", "file.", "webpush."} {
		s.client.Jar().SetCookies(&url.URL{Scheme: "https", Host: prefix + string(s.client.Domain)}, nil)
	}
}
