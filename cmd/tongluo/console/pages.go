package console

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"rsc.io/qr"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

//go:embed page
var files embed.FS

// frame is what stands around every page.
type frame struct {
	Office  string
	Title   string
	Path    string // of the page, for the menu
	Now     time.Time
	By      string // who asked the operator, as typed at the door
	Inside  bool
	Halt    schedule.HaltView
	Notice  string
	SignOut string // form token
	Reload  string // where a page that reloads itself goes, "" for none
	Body    any
}

var pageNames = [...]string{"signin", "first", "waiting", "coverage", "flags", "halt", "rooms", "release", "problem"}

func parsePages(zone *time.Location) map[string]*template.Template {
	words := template.FuncMap{"when": func(t time.Time) string { return when(t.In(zone)) }, "shown": roster.ShownName}
	out := map[string]*template.Template{}
	for _, name := range pageNames {
		out[name] = template.Must(template.New("frame.html").Funcs(words).ParseFS(files, "page/frame.html", "page/parts.html", "page/"+name+".html"))
	}
	return out
}

func style(w http.ResponseWriter, _ *http.Request) {
	sheet, err := files.ReadFile("page/style.css")
	if err != nil {
		http.NotFound(w, nil)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(sheet)
}

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
func (c *Console) show(w http.ResponseWriter, r *http.Request, s *session, name string, code int, f frame) error {
	f.Office, f.Now, f.Path = c.opt.Name, c.opt.Now(), r.URL.Path
	if s != nil {
		halt, err := c.opt.Office.HaltState(r.Context(), s.actor)
		if err != nil {
			return err
		}
		f.Inside, f.Halt, f.By, f.Notice, f.SignOut = true, halt, s.actor.By, s.notice, c.door.token(s.id, "/signout")
	}
	var b bytes.Buffer
	if err := c.pages()[name].Execute(&b, f); err != nil {
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
	if err := c.show(w, r, s, "problem", code, frame{Title: "没有做成", Body: say}); err != nil {
		http.Error(w, say, code)
	}
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

// turned is a page of a long list.
type turned struct {
	At, Pages  int
	Prev, Next string // addresses, "" at the ends
}

// turn reads ?page= and says what to skip; the list's length is told to of later.
func turn(r *http.Request, size int) (at, skip int) {
	at, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || at < 1 || at > 1<<20 {
		at = 1
	}
	return at, (at - 1) * size
}

func turnedTo(r *http.Request, at, size, all int) turned {
	t := turned{At: at, Pages: max(1, (all+size-1)/size)}
	link := func(n int) string {
		q := url.Values{}
		for k, v := range r.URL.Query() {
			if k != "auto" {
				q[k] = v
			}
		}
		q.Set("page", strconv.Itoa(n))
		return "?" + q.Encode()
	}
	if at > 1 {
		t.Prev = link(min(at-1, t.Pages))
	}
	if at < t.Pages {
		t.Next = link(at + 1)
	}
	return t
}
