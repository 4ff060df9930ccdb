package console

import (
	"bytes"
	"errors"
	"net/http"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
	"rsc.io/qr"

	"tongluo/schedule"
)

// view answers a signed-in browser.
type view func(w http.ResponseWriter, r *http.Request, s *session) error

// inside lets only a signed-in browser through, and a form only with its token.
func (c *Console) inside(show view) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := c.door.who(r, r.URL.Query().Has("auto"))
		if err != nil {
			c.fail(w, r, nil, err)
			return
		}
		if s == nil {
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return
		}
		if r.Method == http.MethodPost && !c.door.fits(r.PostFormValue("token"), s.id, r.URL.Path) {
			c.fail(w, r, s, errForm)
			return
		}
		if err := show(w, r, s); err != nil {
			c.fail(w, r, s, err)
		}
	}
}

var errForm = &schedule.Problem{Say: "这张表单已经过期，没有执行。请回到首页再做一次。", Err: schedule.ErrDenied}

// show writes a page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, s *session, code int, f frame) error {
	f.Office, f.Now, f.Path, f.zone = c.opt.Name, c.opt.Now(), r.URL.Path, c.zone
	if s != nil {
		halt, err := c.opt.Office.HaltState(r.Context(), s.actor)
		if err != nil {
			return err
		}
		f.Inside, f.Halt, f.By, f.Notice, f.SignOut = true, halt, s.actor.By, s.notice, c.door.token(s.id, "/signout")
	}
	var b bytes.Buffer
	if err := f.document().Render(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the browser may have gone
	return nil
}

// fail shows a sentence: that of a Problem, or that it did not work.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, s *session, err error) {
	say, code := "没有查出来，请过一会儿再试；还不行请看铜锣窗口里的提示。", http.StatusInternalServerError
	var p *schedule.Problem
	switch {
	case errors.As(err, &p):
		say, code = p.Say, http.StatusBadRequest
		if errors.Is(p, schedule.ErrDenied) {
			code = http.StatusForbidden
		}
	case r.Context().Err() != nil:
		return // nobody waits any more
	default:
		c.opt.Log.Error("show the console", "page", r.Pattern, "err", err)
	}
	if err := c.show(w, r, s, code, frame{Title: "没有做成", Body: problem(say)}); err != nil {
		http.Error(w, say, code)
	}
}

// problem is a page of one sentence.
type problem string

func (p problem) draw(frame) g.Node {
	return h.Section(
		h.H1(g.Text("没有做成")),
		h.P(g.Text(string(p))),
		h.P(home("回首页")),
	)
}

// code is the login code as a picture.
func (c *Console) code(w http.ResponseWriter, _ *http.Request, _ *session) error {
	text := c.opt.Code()
	if text == "" {
		return &schedule.Problem{Say: "现在没有要扫的登录码。", Err: schedule.ErrNotFound}
	}
	picture, err := qr.Encode(text, qr.L)
	if err != nil {
		return errors.New("draw the login code") // the cause may hold the code
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(picture.PNG())
	return nil
}
