package console

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func (v coverageView) draw(f frame) g.Node {
	about, other := "按周：只有按周计的任务和转发。", "按月看"
	if !v.Weeks {
		about, other = "按月：按月计的任务，加上星期四在这个月里的各周。", "按周看"
	}
	return h.Section(
		h.H1(g.Text("覆盖率"), g.If(v.Unit != "", g.Group{g.Text("："), called(v.Unit)})),
		h.P(g.Text(about), link(v.Other, other), g.If(v.Up != "", g.Group{g.Text(" 　"), link(v.Up, "看上一级")})),
		v.grid(),
		v.Turn.draw(f),
	)
}

// grid is also on the first page.
func (v coverageView) grid() g.Node {
	switch {
	case v.All > 0:
	case v.Unit != "":
		return h.P(called(v.Unit), g.Text(" 下面没有单位。"))
	default:
		return h.P(g.Text("花名册还是空的，请先运行 tongluo roster import 文件。"))
	}
	return g.Group{
		h.Table(h.Class("grid"),
			h.THead(h.Tr(column("单位"), g.Map(v.Periods, column))),
			h.TBody(
				h.Tr(h.Class("total"), head(g.If(v.Unit != "", g.Group{called(v.Unit), space}), g.Text("合计")), g.Map(v.Total, cell.draw)),
				g.Map(v.Units, unitLine.draw),
			),
		),
		h.Ul(h.Class("legend"),
			h.Li(g.Text("3/4：到期该办 4 项，达标 3 项，免考核的已除去。至今：还没到期的。")),
			h.Li(h.Span(h.Class("key keeper")), g.Text("有村里的落后。怪不到村里的不上色。")),
			h.Li(h.Span(h.Class("key none")), g.Text("这一期不欠。")),
		),
	}
}

func column(says string) g.Node { return h.Th(h.Scope("col"), g.Text(says)) }

func head(says ...g.Node) g.Node { return h.Th(h.Scope("row"), g.Group(says)) }

func (l unitLine) draw() g.Node {
	unit := called(l.Name)
	if l.Into != "" {
		unit = h.A(href(l.Into), unit)
	}
	return h.Tr(head(unit), g.Map(l.Cells, cell.draw))
}

func (c cell) draw() g.Node {
	of := h.Data("of", c.Period)
	switch {
	case c.None:
		return h.Td(h.Class("none"), of, h.B(g.Text("0/0")), space, h.Small(g.Text("不欠")))
	case c.BehindKeeper > 0:
		return h.Td(h.Class("keeper"), of, c.ended(), c.soFar())
	}
	return h.Td(of, c.ended(), c.soFar())
}

// ended is what the periods that ended have come to.
func (c cell) ended() g.Node {
	if !c.Ended {
		return nil
	}
	note := func(n int, says g.Node) g.Node { return g.If(n > 0, g.Group{space, h.Small(says)}) }
	return g.Group{
		h.B(g.Textf("%d/%d", c.Met, c.Base)),
		note(c.Excused, g.Textf("免 %d", c.Excused)),
		note(c.Late, g.Textf("补齐 %d", c.Late)),
		note(c.Behind, g.Textf("落后 %d：村里 %d，其他 %d", c.Behind, c.BehindKeeper, c.BehindOffice)),
	}
}

// soFar is what the open ones have.
func (c cell) soFar() g.Node {
	if c.SoFar.Owed == 0 {
		return nil
	}
	return g.Group{space, h.Small(
		g.Textf("至今 %d/%d", c.SoFar.Met, c.Open),
		g.If(c.AtRisk > 0, g.Textf("，临期 %d", c.AtRisk)),
		g.If(c.SoFar.Excused > 0, g.Textf("，免 %d", c.SoFar.Excused)),
	)}
}
