package console

import (
	"net/http"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// haltView is the one confirmation before 停发.
type haltView struct{ Token string }

func (v haltView) draw(f frame) g.Node {
	if f.Halt.On {
		return h.Section(
			h.H1(g.Text("现在就在停发")),
			h.P(home("回首页")),
		)
	}
	return h.Section(
		h.H1(g.Text("要停发吗？")),
		h.P(g.Text("停发马上生效：群里的、给人的，一条也不再发出，已经发出的不会收回。")),
		h.P(g.Text("恢复要两个人，或者一个人说了以后再等冷却时间。")),
		form("/halt", v.Token, h.Class("confirm"),
			h.Button(h.Class("stop"), g.Text("确认停发")), space, home("不停发，回首页"),
		),
	)
}

// askHalt shows what 停发 will do; looking changes nothing.
func (c *Console) askHalt(w http.ResponseWriter, r *http.Request, s *session) error {
	return c.show(w, r, s, http.StatusOK, frame{Title: "停发", Body: haltView{c.door.token(s.id, "/halt")}})
}

// halt is 停发: durable when the browser is sent on.
func (c *Console) halt(w http.ResponseWriter, r *http.Request, s *session) error {
	if err := c.opt.Office.Halt(r.Context(), s.actor, c.opt.Now()); err != nil {
		return err
	}
	c.door.tell(s.id, "已停发，现在起一条也不再发出。")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
