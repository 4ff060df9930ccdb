package loopback

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// endpoint is one call of the protocol: host is the first label of the host
// that serves it, "" the plain domain.
type endpoint struct {
	post   bool
	send   bool
	host   string
	handle func(*call) reply
}

// call is one request, its body already read.
type call struct {
	ctx    context.Context
	name   string
	query  url.Values
	cookie map[string]string
	kind   string
	body   []byte
	twist  string
}

// reply is what goes back.
type reply struct {
	status int
	kind   string
	header http.Header
	body   []byte
}

// table lists the protocol.
func (s *Server) table() map[string]endpoint {
	sends := func(kind string) endpoint {
		return endpoint{post: true, send: true, handle: func(c *call) reply { return s.send(c, kind) }}
	}
	return map[string]endpoint{
		"jslogin":              {host: "login.", handle: s.jslogin},
		"login":                {host: "login.", handle: s.pollLogin},
		"webwxnewloginpage":    {handle: s.newLoginPage},
		"webwxpushloginurl":    {handle: s.askPhone},
		"webwxlogout":          {handle: s.logout},
		"webwxinit":            {post: true, handle: s.webInit},
		"webwxstatusnotify":    {post: true, handle: s.statusNotify},
		"webwxgetcontact":      {handle: s.getContact},
		"webwxbatchgetcontact": {post: true, handle: s.batchGetContact},
		"webwxoplog":           {post: true, handle: s.oplog},
		"webwxverifyuser":      {post: true, handle: s.forbidden},
		"webwxupdatechatroom":  {post: true, handle: s.forbidden},
		"webwxcreatechatroom":  {post: true, handle: s.forbidden},
		"webwxgeticon":         {handle: s.icon},
		"webwxgetheadimg":      {handle: s.icon},
		"synccheck":            {host: "webpush.", handle: s.syncCheck},
		"webwxsync":            {post: true, handle: s.sync},
		"webwxsendmsg":         sends(KindText),
		"webwxsendmsgimg":      sends(KindImage),
		"webwxsendvideomsg":    sends(KindVideo),
		"webwxsendappmsg":      sends(KindFile),
		"webwxsendemoticon":    sends(KindEmoticon),
		"webwxrevokemsg":       {post: true, handle: s.revoke},
		"webwxuploadmedia":     {post: true, host: "file.", handle: s.upload},
		"webwxcheckupload":     {post: true, handle: s.checkUpload},
		"webwxgetmsgimg":       {handle: s.mediaOfMessage},
		"webwxgetvideo":        {handle: s.mediaOfMessage},
		"webwxgetmedia":        {host: "file.", handle: s.mediaByID},
	}
}

// rightHost checks the service that was meant by its first label, because the
// domain behind it differs between accounts. A client that names none is let
// through.
func rightHost(orig, want string) bool {
	if orig == "" {
		return true
	}
	if want != "" {
		return strings.HasPrefix(orig, want)
	}
	for _, other := range []string{"login.", "file.", "webpush."} {
		if strings.HasPrefix(orig, other) {
			return false
		}
	}
	return true
}

func newCall(r *http.Request, name string, body []byte) *call {
	c := &call{
		ctx:    r.Context(),
		name:   name,
		query:  r.URL.Query(),
		cookie: map[string]string{},
		kind:   r.Header.Get("Content-Type"),
		body:   body,
	}
	for _, k := range r.Cookies() {
		c.cookie[k.Name] = k.Value
	}
	return c
}
