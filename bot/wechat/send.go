package wechat

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"path"
	"strings"
	"sync/atomic"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
	"tongluo/content"
)

// Causes of a send that never left.
var (
	errNoLine   = errors.New("no such session")
	errHandle   = errors.New("no handle to send to")
	errNothing  = errors.New("nothing to send, or no message id")
	errPart     = errors.New("unknown kind of part")
	errNoTicket = errors.New("session has no ticket for uploads")
)

// appID is the one under which the service takes files, appFile their type.
const (
	appID   = "wxeb7ec651dd0aefa9"
	appFile = 6
)

// line is what sending needs of a session: plain copies that nobody writes
// after Serve has put them there, and the shelf of uploads with its own lock.
type line struct {
	t      *Transport
	id     string
	client *openwechat.Client
	login  openwechat.LoginInfo
	base   openwechat.BaseRequest
	self   string
	shelf  shelf
	files  fileHandles
	// handled is how far what was said has been dealt with.
	handled handled
	end     context.CancelCauseFunc
}

func (s *session) newLine() *line {
	l := &line{
		t: s.t, id: newSessionID(), client: s.client, login: s.login, base: s.base,
		self: s.init.User.UserName, shelf: shelf{items: map[string]shelved{}},
	}
	l.handled.begin(s.key)
	return l
}

// Send implements bot.Transport. The error is always a *bot.SendError; whoever
// calls must not send again after AskSomebody. A picture, video or file is
// uploaded on its first use in a session and then sent by its id until MediaTTL
// is over. A refusal that ends the session also ends Serve.
func (t *Transport) Send(ctx context.Context, e bot.Envelope) (bot.Receipt, error) {
	l := t.lineOf(e.Session)
	if l == nil {
		return bot.Receipt{}, refusal(bot.AwaitSession, errNoLine)
	}
	if !strings.HasPrefix(e.To, "@") && e.To != openwechat.FileHelper {
		return bot.Receipt{}, refusal(bot.HoldGroup, errHandle)
	}
	msg, err := l.compose(ctx, e)
	if err != nil {
		return bot.Receipt{}, l.settle(err)
	}
	id, err := l.post(ctx, e.Part.Kind, msg)
	if err != nil {
		l.forget(e.Part, err)
		return bot.Receipt{}, l.settle(err)
	}
	return bot.Receipt{MessageID: id, Session: l.id, At: t.now().UTC()}, nil
}

func refusal(next nextAction, err error) *bot.SendError { return &bot.SendError{Next: next, Err: err} }

// settle ends the session when the refusal says it is over.
func (l *line) settle(err *bot.SendError) error {
	switch err.Next {
	case bot.AwaitSession, bot.AwaitPerson:
		l.t.detach(l)
		cause := sessionFault(err)
		if cause == nil {
			cause = fmt.Errorf("%w: %w", bot.ErrSessionOver, err.Err)
		}
		l.end(cause)
	}
	return err
}

// compose builds the message, uploading what must be uploaded.
func (l *line) compose(ctx context.Context, e bot.Envelope) (*openwechat.SendMessage, *bot.SendError) {
	msg := &openwechat.SendMessage{FromUserName: l.self, ToUserName: e.To, LocalID: e.ClientID, ClientMsgId: e.ClientID}
	if e.ClientID == "" {
		return nil, refusal(bot.GiveUp, errNothing)
	}
	switch e.Part.Kind {
	case content.Text, content.Link:
		if e.Part.Text == "" {
			return nil, refusal(bot.GiveUp, errNothing)
		}
		msg.Content = e.Part.Text
		return msg, nil
	case content.Picture, content.Video, content.File:
	default:
		return nil, refusal(bot.GiveUp, errPart)
	}
	id, err := l.media(ctx, e)
	if err != nil {
		return nil, err
	}
	switch e.Part.Kind {
	case content.File:
		msg.Content = fileMessage(e.Part, id)
	case content.Video:
		msg.Type, msg.MediaId = openwechat.MsgTypeVideo, id
	default:
		msg.MediaId = id
	}
	return msg, nil
}

type appMessage struct {
	XMLName xml.Name `xml:"appmsg"`
	AppID   string   `xml:"appid,attr"`
	SDK     string   `xml:"sdkver,attr"`
	Type    int      `xml:"type"`
	Title   string   `xml:"title"`
	Des     string   `xml:"des"`
	Action  string   `xml:"action"`
	Content string   `xml:"content"`
	URL     string   `xml:"url"`
	LowURL  string   `xml:"lowurl"`
	ExtInfo string   `xml:"extinfo"`
	Attach  struct {
		Total int64  `xml:"totallen"`
		ID    string `xml:"attachid"`
		Ext   string `xml:"fileext"`
	} `xml:"appattach"`
}

func fileMessage(p content.Part, mediaID string) string {
	name := uploadName(p, nil)
	m := appMessage{AppID: appID, Type: appFile, Title: name}
	m.Attach.Total, m.Attach.ID, m.Attach.Ext = p.Size, mediaID, strings.TrimPrefix(path.Ext(name), ".")
	// Strings and numbers always encode.
	out, _ := xml.Marshal(m)
	return string(out)
}

// post sends once and decides what became of it.
func (l *line) post(ctx context.Context, kind content.Media, msg *openwechat.SendMessage) (string, *bot.SendError) {
	ctx, cancel := context.WithTimeout(ctx, l.t.opts.SendTimeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	resp, err := l.call(ctx, kind, msg)
	if err != nil {
		err = quiet(err)
		if !connected.Load() || dialing(err) {
			return "", refusal(bot.RetryLater, err)
		}
		return "", refusal(bot.AskSomebody, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", refusal(bot.AskSomebody, err)
	}
	id, err := readSendReply(data, msg.LocalID)
	return id, verdict(resp.StatusCode, err)
}

// call picks the endpoint. openwechat's Client only builds and carries the
// request here.
func (l *line) call(ctx context.Context, kind content.Media, msg *openwechat.SendMessage) (*http.Response, error) {
	switch kind {
	case content.File:
		return l.client.WebWxSendAppMsg(ctx, msg, &l.base)
	case content.Video:
		return l.client.WebWxSendVideoMsg(ctx, &l.base, msg)
	case content.Picture:
		return l.client.WebWxSendMsgImg(ctx, &openwechat.ClientWebWxSendMsgOptions{LoginInfo: &l.login, BaseRequest: &l.base, Message: msg})
	}
	return l.client.WebWxSendMsg(ctx, &openwechat.ClientWebWxSendMsgOptions{LoginInfo: &l.login, BaseRequest: &l.base, Message: msg})
}

// dialing reports that no connection ever carried the request: net/http tries
// again on another one only when nothing was written on the first.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// verdict classifies an answered send by what to do next (reliability.md
// §3.3). Only a handful of answers is a definite no; all others are nobody
// knows.
func verdict(status int, err error) *bot.SendError {
	if err == nil && status == http.StatusOK {
		return nil
	}
	ret := retOf(err)
	if ret == unknownReturn || status >= http.StatusInternalServerError {
		return byStatus(status, err)
	}
	return byRet(ret, bot.AskSomebody, err)
}

func byStatus(status int, err error) *bot.SendError {
	if err == nil || status != http.StatusOK {
		err = statusError(status)
	}
	switch {
	case status >= 300 && status < 400, status == http.StatusUnauthorized,
		status == http.StatusForbidden, status == http.StatusRequestEntityTooLarge:
		return refusal(bot.AwaitSession, err)
	}
	return refusal(bot.AskSomebody, err)
}

// byRet classifies a code; other is for codes without a known meaning.
func byRet(ret int, other nextAction, err error) *bot.SendError {
	next := other
	switch ret {
	case retTooOften:
		next = bot.StopAccount
	case retLoggedOut, retElsewhere, retBadCookie:
		next = bot.AwaitSession
	case retBarred:
		next = bot.AwaitPerson
	}
	return &bot.SendError{Next: next, Ret: ret, Err: err}
}
