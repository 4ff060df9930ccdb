package console

import (
	"cmp"
	"context"
	"net/http"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
)

// waitingView is who waits for what.
type waitingView struct {
	Approvals schedule.Glance[approvalLine]
	Handoffs  schedule.Glance[handoffLine]
	Turn      turned
}

// approvalLine is a push that waits for a second person.
type approvalLine struct {
	ID     int64
	Title  string
	Groups int
	Opens  time.Time
	Alone  time.Time // when it goes without anybody, zero: never
}

type handoffLine struct {
	schedule.HandoffView
	Clause string
}

func (c *Console) waiting(ctx context.Context, s *session, skip, most int) (waitingView, error) {
	var v waitingView
	queue, err := c.opt.Office.Queue(ctx, s.actor)
	if err != nil {
		return v, err
	}
	for _, row := range queue {
		if row.State != schedule.PushWaiting {
			continue
		}
		if v.Approvals.All++; v.Approvals.All <= most {
			line := approvalLine{ID: row.ID, Title: row.Title, Groups: row.Groups, Opens: row.Opens}
			if row.ReadyAt != nil {
				line.Alone = *row.ReadyAt
			}
			v.Approvals.Rows = append(v.Approvals.Rows, line)
		}
	}
	hs, err := c.opt.Office.WaitingHandoffs(ctx, s.actor, skip, most)
	v.Handoffs.All = hs.All
	for _, h := range hs.Rows {
		line := handoffLine{HandoffView: h}
		if len(h.Clauses) > 0 {
			line.Clause = h.Clauses[0].Quoted()
		}
		v.Handoffs.Rows = append(v.Handoffs.Rows, line)
	}
	return v, err
}

func (c *Console) waitingPage(w http.ResponseWriter, r *http.Request, s *session) error {
	at, skip := turn(r, pageRows)
	v, err := c.waiting(r.Context(), s, skip, pageRows)
	if err != nil {
		return err
	}
	v.Turn = turnedTo(r, at, pageRows, v.Handoffs.All)
	return c.show(w, r, s, http.StatusOK, frame{Title: "等谁办什么", Body: v})
}

func (v waitingView) draw(f frame) g.Node {
	return h.Section(
		h.H1(g.Text("等谁办什么")),
		v.lists(f),
		v.Turn.draw(f),
	)
}

// lists are also on the first page.
func (v waitingView) lists(f frame) g.Node {
	rest := v.Approvals.Rest()
	return g.Group{
		h.H3(g.Textf("待审推送 %d 个", v.Approvals.All)),
		list(f, v.Approvals.Rows, v.Approvals.All, "没有待审的推送。"),
		g.If(rest > 0, h.P(g.Textf("还有 %d 个，请看 tongluo queue。", rest))),
		h.H3(g.Textf("等人转发 %d 份", v.Handoffs.All)),
		list(f, v.Handoffs.Rows, v.Handoffs.All, "没有等人转发的。"),
	}
}

func (l approvalLine) draw(f frame) g.Node {
	alone := g.Text("，要第二个人批准")
	if !l.Alone.IsZero() {
		alone = g.Textf("，没人批准的话 %s 自动放行", f.when(l.Alone))
	}
	return h.Li(
		number(l.ID), g.Textf(" %d 个群 ", l.Groups), called(l.Title),
		h.Small(g.Textf("%s 起发", f.when(l.Opens)), alone),
		h.Small(g.Textf("放行请在聊天里回：确认 %d", l.ID)),
	)
}

func (l handoffLine) draw(f frame) g.Node {
	reached := g.Text("，还没有送到本人")
	if l.ReadableAt != nil {
		reached = g.Textf("，%s 已送到", f.when(*l.ReadableAt))
	}
	return h.Li(
		number(l.ID), g.Textf(" %d/%d 个群 ", l.Done, l.All), called(cmp.Or(l.Person.Name, "还没有负责人")),
		h.Small(called(l.Unit.Name), g.Text("，"), called(l.Title), g.If(l.Hops > 1, g.Textf("，第 %d/%d 级", l.Hop, l.Hops))),
		h.Small(g.Textf("%s 前转完", f.when(l.Due)), reached),
		g.If(l.Clause != "", h.Small(g.Textf("依据：%s", l.Clause))),
	)
}
