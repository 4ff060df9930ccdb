package wechat

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

// How a login that waits for the phone ends without it.
var (
	errExpired  = errors.New("nobody used it in time")
	errDeclined = errors.New("the phone said no")
)

const (
	codePrefix  = "https://login.weixin.qq.com/l/"
	maxCodes    = 20
	maxPollFail = 5
	codeGap     = 5 * time.Second
	pollGap     = 500 * time.Millisecond
	// phonePatience is how long the phone may take to agree to a login without a
	// code.
	phonePatience = 2 * time.Minute
	callTimeout   = 60 * time.Second
	holdTimeout   = 45 * time.Second
)

// session is one login. It belongs to the goroutine of Serve; only line is
// shared.
type session struct {
	t      *Transport
	bot    *openwechat.Bot
	guard  *guard
	client *openwechat.Client
	login  openwechat.LoginInfo
	base   openwechat.BaseRequest
	key    openwechat.SyncKey
	init   initReply
	nick   string
	since  time.Time // when the phone agreed to the login
	way    string    // how it was logged in: hot, phone or code
	// heard, if set, is shown each message before anything else is made of it.
	heard   func(w wireMessage, self string)
	rooms   map[string]bot.Room
	friends map[string]bot.Friend
	seen    recent
	saved   time.Time
	moved   bool // the key has moved since saved
	line    *line

	refreshed time.Time            // when all rooms were last looked at
	absent    map[string]time.Time // rooms missed at the last look, since when
}

// open makes a new openwechat.Bot, of which only the client is used: a Bot
// cannot be logged in twice, and its own sync loop is never started.
func (t *Transport) open(ctx context.Context) *session {
	b := openwechat.NewBot(ctx)
	openwechat.Desktop.Prepare(b)
	s := &session{t: t, bot: b, guard: newGuard(t.endpoint), client: b.Caller.Client}
	s.guard.date = t.opts.Date
	s.client.MaxRetryTimes = 1
	s.guard.pace = t.pace
	s.client.HTTPClient().Transport = s.guard
	// Every call has a limit of its own.
	s.client.HTTPClient().Timeout = 0
	return s
}

func (s *session) close() {
	s.bot.Exit()
	s.guard.close()
}

// login goes on with the kept session, asks the phone, or shows codes until
// one is used.
func (t *Transport) login(ctx context.Context) (*session, error) {
	kept, err := t.kept.load()
	switch pin := t.opts.Pin(); {
	case errors.Is(err, errNoSession):
	case err != nil:
		t.opts.Log.Warn("kept session not usable", "err", err)
	case pin != "" && pin != uin(kept.Login):
		t.opts.Log.Warn("kept session is of another account")
		t.kept.drop()
	default:
		s, err := t.again(ctx, kept)
		if s != nil || err != nil {
			return s, err
		}
	}
	return t.scan(ctx)
}

// again goes on with a kept session, or has its phone agree to another. Neither
// a session nor an error: the service or the phone said no, and a code is
// needed.
func (t *Transport) again(ctx context.Context, kept keptSession) (*session, error) {
	if !kept.Over {
		s, err := t.resume(ctx, kept)
		if err == nil {
			return s, nil
		}
		if why := t.stopped(err, kept.Since); why != nil {
			return nil, why
		}
		if !refused(err) {
			return nil, fault("resume session", err)
		}
		t.opts.Log.Info("kept session refused", "err", err)
		t.kept.over(kept)
	}
	s, err := t.push(ctx, kept)
	if err == nil {
		return s, nil
	}
	if errors.Is(err, bot.ErrBarred) || errors.Is(err, bot.ErrOtherAccount) {
		return nil, err
	}
	if !refused(err) && !errors.Is(err, errExpired) && !errors.Is(err, errDeclined) {
		return nil, fault("ask the phone", err)
	}
	// The phone is asked once for each session that has ended: a code is shown
	// until somebody comes, but nobody's phone rings all night.
	t.opts.Log.Info("the phone did not agree", "err", err)
	t.kept.drop()
	return nil, nil
}

// stopped is why nobody but a person may log in again, nil when there is no
// such reason. The kept session is forgotten.
func (t *Transport) stopped(err error, since time.Time) error {
	if why := t.meaning(err, since); errors.Is(why, bot.ErrBarred) {
		t.kept.drop()
		return fmt.Errorf("log in: %w", why)
	}
	return nil
}

// refused reports that the service will not go on with a session, and not that
// it cannot be reached, or that the account must rest or is barred.
func refused(err error) bool {
	switch retOf(err) {
	case unknownReturn:
		return errors.Is(err, errMalformed)
	case retTooOften, retBarred:
		return false
	}
	return true
}

// fault wraps a failed login with what was attempted and with the sentinel of
// its meaning, if it has one.
func fault(what string, err error) error {
	if f := sessionFault(err); f != nil {
		return fmt.Errorf("%s: %w", what, f)
	}
	return fmt.Errorf("%s: %w", what, quiet(err))
}

func (t *Transport) resume(ctx context.Context, kept keptSession) (*session, error) {
	s := t.open(ctx)
	s.client.SetCookieJar(kept.jar())
	s.guard.cookies = kept.Cookies
	s.client.Domain = openwechat.WechatDomain(kept.Domain)
	s.login, s.base, s.since, s.way = kept.Login, kept.Base, kept.Since, "hot"
	if err := s.enter(ctx); err != nil {
		s.close()
		return nil, err
	}
	// The kept key asks again for what was said since.
	s.key = kept.Key
	return s, nil
}

func (t *Transport) scan(ctx context.Context) (*session, error) {
	s := t.open(ctx)
	s.way = "code"
	err := s.byCode(ctx)
	if err == nil {
		err = s.enter(ctx)
	}
	if err != nil {
		s.close()
		if why := t.stopped(err, s.since); why != nil {
			return nil, why
		}
		return nil, fault("log in", err)
	}
	return s, nil
}

func (s *session) byCode(ctx context.Context) error {
	for range maxCodes {
		shown := s.t.now()
		page, err := s.scanned(ctx)
		if err == nil {
			return s.fetchLogin(ctx, page)
		}
		if !errors.Is(err, errExpired) {
			return err
		}
		if err := s.t.wait(ctx, codeGap-s.t.now().Sub(shown)); err != nil {
			return err
		}
	}
	return ErrNotScanned
}

// scanned shows one code and waits until the phone has agreed.
func (s *session) scanned(ctx context.Context) (*url.URL, error) {
	uuid, err := limited(ctx, callTimeout, s.bot.Caller.GetLoginUUID)
	if err != nil {
		return nil, fmt.Errorf("ask for a login code: %w", err)
	}
	s.t.opts.QR(codePrefix + uuid)
	return s.agreed(ctx, uuid, false)
}

// agreed waits until the phone has agreed to a login. asked says that it was
// asked without a code: then it may say no, or be left lying about.
func (s *session) agreed(ctx context.Context, uuid string, asked bool) (*url.URL, error) {
	failed, told, tip, since := 0, false, "0", s.t.now()
	if asked {
		tip = "1"
	}
	for {
		polled := s.t.now()
		code, page, err := s.poll(ctx, uuid, tip)
		tip = "0"
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			if failed++; failed >= maxPollFail {
				return nil, fmt.Errorf("wait for the phone: %w", err)
			}
		case code == openwechat.LoginCodeSuccess:
			return page, nil
		case code == openwechat.LoginCodeTimeout:
			return nil, errExpired
		case asked && code != openwechat.LoginCodeWait && code != openwechat.LoginCodeScanned:
			return nil, errDeclined
		case asked && s.t.now().Sub(since) >= phonePatience:
			return nil, errExpired
		case code == openwechat.LoginCodeScanned && !told:
			told = true
			continue
		}
		// A code nobody knows comes back at once, and would for ever.
		if err := s.t.wait(ctx, pollGap-s.t.now().Sub(polled)); err != nil {
			return nil, err
		}
	}
}

func (s *session) poll(ctx context.Context, uuid, tip string) (openwechat.LoginCode, *url.URL, error) {
	reply, err := limited(ctx, holdTimeout, func(ctx context.Context) (openwechat.CheckLoginResponse, error) {
		return s.bot.Caller.CheckLogin(ctx, uuid, tip)
	})
	if err != nil {
		return "", nil, err
	}
	code, err := reply.Code()
	if err != nil || code != openwechat.LoginCodeSuccess {
		return code, nil, err
	}
	page, err := reply.RedirectURL()
	return code, page, err
}

// limited gives one call its time. Its error has no address in it.
func limited[T any](ctx context.Context, d time.Duration, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	v, err := call(ctx)
	if err != nil {
		err = quiet(err)
	}
	return v, err
}

// fetchLogin trades the phone's agreement for the session's secrets.
func (s *session) fetchLogin(ctx context.Context, page *url.URL) error {
	if page.Scheme != "https" || !accountDomain(page.Host) {
		return fmt.Errorf("read login page: %w", errHost)
	}
	query := page.Query()
	query.Set("version", "v2")
	page.RawQuery = query.Encode()
	resp, err := limited(ctx, callTimeout, func(ctx context.Context) (*http.Response, error) {
		return s.client.GetLoginInfo(ctx, page)
	})
	if err != nil {
		return fmt.Errorf("read login page: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	// The service answers 301 without a Location here.
	data, _ := io.ReadAll(resp.Body)
	if err := readLogin(data, &s.login); err != nil {
		return fmt.Errorf("read login page: %w", err)
	}
	s.client.Domain = openwechat.WechatDomain(page.Host)
	s.since = s.t.now()
	s.base = openwechat.BaseRequest{Uin: s.login.WxUin, Sid: s.login.WxSid, Skey: s.login.SKey, DeviceID: openwechat.GetRandomDeviceId()}
	return nil
}

func readLogin(data []byte, info *openwechat.LoginInfo) error {
	if err := xml.Unmarshal(data, info); err != nil {
		return fmt.Errorf("%w: not XML", errMalformed)
	}
	if info.Ret != 0 {
		return &loginRefusal{ret: openwechat.Ret(info.Ret), said: info.Message}
	}
	if info.WxUin <= 0 || info.WxSid == "" || info.SKey == "" {
		return fmt.Errorf("%w: no session in it", errMalformed)
	}
	return nil
}

// enter opens the session on the service and tells the phone.
func (s *session) enter(ctx context.Context) error {
	if pin := s.t.opts.Pin(); pin != "" && pin != uin(s.login) {
		s.logout(ctx)
		return bot.ErrOtherAccount
	}
	data, err := s.fetch(ctx, func(ctx context.Context) (*http.Response, error) { return s.client.WebInit(ctx, &s.base) })
	if err != nil {
		return fmt.Errorf("webwxinit: %w", err)
	}
	if s.init, err = readInit(data); err != nil {
		return fmt.Errorf("webwxinit: %w", err)
	}
	s.key = *s.init.SyncKey
	s.nick = plainName(s.init.User.NickName)
	user := &openwechat.User{UserName: s.init.User.UserName}
	data, err = s.fetch(ctx, func(ctx context.Context) (*http.Response, error) {
		return s.client.WebWxStatusNotify(ctx, &openwechat.ClientWebWxStatusNotifyOptions{
			BaseRequest: &s.base, LoginInfo: &s.login, WebInitResponse: &openwechat.WebInitResponse{User: user},
		})
	})
	if err == nil {
		err = readHead(data)
	}
	if err != nil {
		return fmt.Errorf("webwxstatusnotify: %w", err)
	}
	s.seedJar()
	return nil
}

// fetch makes one call and reads its reply.
func (s *session) fetch(ctx context.Context, call func(context.Context) (*http.Response, error)) ([]byte, error) {
	resp, err := limited(ctx, callTimeout, call)
	if err != nil {
		return nil, err
	}
	return body(resp)
}

func uin(l openwechat.LoginInfo) string { return fmt.Sprint(l.WxUin) }

func isRoom(handle string) bool { return strings.HasPrefix(handle, "@@") }
