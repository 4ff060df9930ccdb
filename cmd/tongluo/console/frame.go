package console

import (
	_ "embed" // the style sheet
	"net/http"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
)

//go:embed style.css
var sheet []byte

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(sheet)
}

// drawn is a page, or a part of one, as HTML.
type drawn interface{ draw(f frame) g.Node }

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
	SignOut string  // form token
	Reload  address // where a page that reloads itself goes, "" for none
	Body    drawn

	zone *time.Location
}

// when says an instant in the office's zone.
func (f frame) when(t time.Time) string { return when(t.In(f.zone)) }

func (f frame) document() g.Node {
	return h.Doctype(h.HTML(h.Lang("zh-CN"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			g.If(f.Reload != "", reload(f.Reload)),
			h.TitleEl(g.Textf("%s · 铜锣 · %s", f.Title, f.Office)),
			h.Link(h.Rel("stylesheet"), href("/style.css")),
		),
		h.Body(
			h.Header(
				h.P(h.Class("name"), g.Text("铜锣 "), h.Span(g.Text(f.Office))),
				g.If(f.Inside, g.Group{f.menu(), f.out()}),
			),
			h.Main(
				g.If(f.Inside && f.Halt.On, f.halted()),
				g.If(f.Notice != "", h.P(h.Class("notice"), h.Role("status"), g.Text(f.Notice))),
				f.Body.draw(f),
			),
			g.If(f.Inside, h.Footer(g.Textf("%s 的数字。这里能做的只有停发、认群、放行，和对告警说“知道了”，别的只能看。", f.when(f.Now)))),
		),
	))
}

func (f frame) menu() g.Node {
	to := func(page address, says string) g.Node {
		return h.A(href(page), g.If(f.Path == string(page), h.Aria("current", "page")), g.Text(says))
	}
	return h.Nav(
		to("/", "首页"), space,
		to("/waiting", "等谁办什么"), space,
		to("/coverage", "覆盖率"), space,
		to("/flags", "督办"),
	)
}

func (f frame) out() g.Node {
	return form("/signout", f.SignOut, h.Class("out"),
		g.If(f.By != "", h.Span(g.Text(f.By))),
		button("退出"),
	)
}

// halted stands over every page while 停发 is on.
func (f frame) halted() g.Node {
	next := h.P(g.Text("要继续发，请在聊天里回“恢复”，或在这台电脑上运行 tongluo resume。"))
	if !f.Halt.ResumeAt.IsZero() {
		next = h.P(g.Textf("已有一个人说恢复：%s 恢复，除非再停发。", f.when(f.Halt.ResumeAt)))
	}
	return h.Section(h.Class("halted"), h.Role("alert"),
		h.P(h.Class("big"), g.Text("已停发")),
		h.P(g.Textf("%s 起，一条也不发出。", f.when(f.Halt.Since))),
		next,
	)
}
