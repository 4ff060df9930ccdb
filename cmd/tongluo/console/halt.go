package console

import (
	"net/http"
)

// haltView is the one confirmation before 停发.
type haltView struct{ Token string }

// askHalt shows what 停发 will do; looking changes nothing.
func (c *Console) askHalt(w http.ResponseWriter, r *http.Request, s *session) error {
	return c.show(w, r, s, "halt", http.StatusOK, frame{Title: "停发", Body: haltView{c.door.token(s.id, "/halt")}})
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
