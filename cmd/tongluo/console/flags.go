package console

import (
	"context"
	"net/http"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

// flagsView is what is behind, with the clause that makes it owed.
type flagsView struct {
	All, Keeper int
	Rows        []flagLine
	Turn        turned
}

// Others are those that are nobody's in a village.
func (v flagsView) Others() int { return v.All - v.Keeper }

type flagLine struct {
	schedule.BehindRow
	Who    string // group, or unit where a unit owes
	Of     string // the period as people say it
	Cause  string
	Mine   bool // a keeper's
	State  string
	Clause string
}

func (c *Console) flags(ctx context.Context, s *session, skip, most int, now time.Time) (flagsView, error) {
	g, err := c.opt.Office.BehindNow(ctx, s.actor, schedule.FlagQuery{Skip: skip, Limit: most}, now)
	v := flagsView{All: g.All, Keeper: g.Keeper}
	for _, row := range g.Rows {
		line := flagLine{BehindRow: row, Who: row.Group.Name, Of: calendar.SayPeriod(row.Period), Cause: plainCause(row.Cause),
			Mine: row.Cause == coverage.ByKeeper, State: flagWords[row.State], Clause: schedule.Clause{Plan: row.Plan, Quote: row.Quote}.Quoted()}
		if line.Who == "" {
			line.Who = lastName(row.Unit.Name)
		}
		v.Rows = append(v.Rows, line)
	}
	return v, err
}

func (c *Console) flagsPage(w http.ResponseWriter, r *http.Request, s *session) error {
	at, skip := turn(r, pageRows)
	v, err := c.flags(r.Context(), s, skip, pageRows, c.opt.Now())
	if err != nil {
		return err
	}
	v.Turn = turnedTo(r, at, pageRows, v.All)
	return c.show(w, r, s, http.StatusOK, frame{Title: "督办", Body: v})
}

func (v flagsView) draw(f frame) g.Node {
	return h.Section(
		h.H1(g.Textf("督办 %d 项", v.All)),
		h.P(g.Textf("村里的 %d，怪不到村里 %d。", v.Keeper, v.Others())),
		v.list(f),
		v.Turn.draw(f),
	)
}

// list is also on the first page.
func (v flagsView) list(f frame) g.Node { return list(f, v.Rows, v.All, "没有落后的。") }

func (l flagLine) draw(f frame) g.Node {
	return h.Li(g.If(l.Mine, h.Class("keeper")),
		number(l.ID), g.Textf(" %d/%d ", l.Credits, l.Need), called(l.Who),
		h.Small(called(l.Unit.Name), g.Textf("，%s，%s 起落后，%s", l.Of, f.when(l.Since), l.State)),
		h.Small(g.Text(l.Cause), g.If(l.Mine && l.Keeper != "", g.Group{g.Text("。负责人 "), called(l.Keeper)})),
		g.If(l.StuckAt != "", h.Small(g.Text(l.StuckAt))),
		h.BlockQuote(g.Textf("凭 %s", l.Clause)),
	)
}
