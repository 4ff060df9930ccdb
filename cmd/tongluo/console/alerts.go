package console

import (
	"context"
	"net/http"

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
