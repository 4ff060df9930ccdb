package console

import (
	"context"
	"net/http"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
)

// alertsView is what is wrong with the machine or the account.
type alertsView struct {
	Rows  []schedule.AlertView
	Token string
}

func (c *Console) alerts(ctx context.Context, s *session) (alertsView, error) {
	rows, err := c.opt.Office.Alerts(ctx, s.actor)
	return alertsView{rows, c.door.token(s.id, "/ack")}, err
}

func (v alertsView) draw(f frame) g.Node {
	if len(v.Rows) == 0 {
		return nil
	}
	return h.Section(
		h.H2(g.Textf("告警 %d 个", len(v.Rows))),
		h.Ul(h.Class("list"), g.Map(v.Rows, func(a schedule.AlertView) g.Node {
			return h.Li(
				h.B(g.Text(a.Title)),
				h.Small(g.Textf("%s 起", f.when(a.Opened)), whoKnows(f, a)),
				h.Small(g.Textf("怎么办：%s。", a.Do)),
				g.If(a.Acked == nil, form("/ack", v.Token, hidden("kind", string(a.Kind)), button("知道了"))),
			)
		})),
	)
}

func whoKnows(f frame, a schedule.AlertView) g.Node {
	switch {
	case a.Acked != nil:
		return g.Group{g.Textf("，%s ", f.when(*a.Acked)), called(a.By), g.Text(" 知道了")}
	case a.Told != nil:
		return g.Textf("，%s 通知过", f.when(*a.Told))
	}
	return g.Text("，还没有通知到人")
}

// ack is 知道了 of one alert: it is not told again until it is solved.
func (c *Console) ack(w http.ResponseWriter, r *http.Request, s *session) error {
	kind := schedule.AlertKind(r.PostFormValue("kind"))
	if err := c.opt.Office.AckAlert(r.Context(), s.actor, kind, c.opt.Now()); err != nil {
		return err
	}
	c.door.tell(s.id, "记下了：这个告警好了以前不再通知，好了会说一声。")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
