package console

import (
	"fmt"
	"net/http"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
)

// releaseView is what a restore holds.
type releaseView struct {
	List schedule.HeldList
	Rows []heldLine
	Last bool // all of it has been shown, by this page and those before
	// Changed: the list is not the one whose earlier pages were read.
	Changed bool
	Token   string
	Turn    turned
}

// heldLine is one push that is held.
type heldLine struct {
	schedule.HeldPush
	Early bool // its window has not begun
}

// fewGroups are named of one push before its reader unfolds the rest.
const fewGroups = 20

func (c *Console) releasePage(w http.ResponseWriter, r *http.Request, s *session) error {
	list, err := c.opt.Office.HeldList(r.Context(), s.actor)
	if err != nil {
		return err
	}
	at, skip, changed := turnOf(r, pageRows, list.Shown)
	v := releaseView{List: list, Last: skip < len(list.Rows) && skip+pageRows >= len(list.Rows), Changed: changed, Token: c.door.token(s.id, "/release")}
	for _, p := range list.Rows[min(skip, len(list.Rows)):min(skip+pageRows, len(list.Rows))] {
		v.Rows = append(v.Rows, heldLine{p, p.Opens.After(c.opt.Now())})
	}
	v.Turn = turnedTo(r, at, pageRows, len(list.Rows))
	return c.show(w, r, s, http.StatusOK, frame{Title: "放行", Body: v})
}

func (v releaseView) draw(f frame) g.Node {
	if v.List.All == 0 {
		return h.Section(
			h.H1(g.Text("放行")),
			h.P(g.Text("没有压着的，不用放行。")),
			h.P(home("回首页")),
		)
	}
	return h.Section(
		h.H1(g.Text("放行")),
		g.If(v.Changed, listChanged()),
		h.P(g.Textf("%s 从备份恢复或换过电脑。那时没发完的都压着：原来那边也许已经发过，放行以前请到群里看一眼，发过的不要放。", f.when(v.List.Since))),
		g.If(f.Halt.On, h.P(h.B(g.Text("现在停发着，放行了也要等恢复才发。")))),
		h.H2(g.Textf("压着 %d 个推送，%d 条", len(v.List.Rows), v.List.All)),
		v.pushes(f),
		v.Turn.draw(f),
		v.yes(),
	)
}

func (v releaseView) pushes(f frame) g.Node {
	if len(v.Rows) == 0 {
		return h.P(g.Text("这一页没有了。"))
	}
	return h.Ul(h.Class("list"), g.Map(v.Rows, func(l heldLine) g.Node { return v.push(f, l) }))
}

func (v releaseView) push(f frame, l heldLine) g.Node {
	then := "马上接着发，由人转的群交给负责人"
	if l.Early {
		then = f.when(l.Opens) + " 到点发"
	}
	return h.Li(
		number(l.Push), g.Textf(" %d 个群 ", len(l.Groups)), shown(l.Title),
		l.names(),
		h.Small(g.Textf("放行：%s。", then)),
		h.Small(g.Textf("不放行：到 %s 时段结束算错过，不再由机器人发，还算数的交给负责人转发。", f.when(l.Closes))),
		form("/release", v.Token, hidden("push", strconv.FormatInt(l.Push, 10)), hidden("shown", l.Shown), button(fmt.Sprintf("放行 #%d", l.Push))),
	)
}

// names are all its groups: nobody lets go what they were not shown.
func (l heldLine) names() g.Node {
	few := min(fewGroups, len(l.Groups))
	return g.Group{
		h.Small(namesOf(l.Groups[:few])),
		g.If(few < len(l.Groups), h.Details(h.Summary(g.Textf("还有 %d 个群", len(l.Groups)-few)), namesOf(l.Groups[few:]))),
	}
}

func namesOf(groups []schedule.Ref) g.Group {
	var out g.Group
	for i, group := range groups {
		out = append(out, g.If(i > 0, g.Text("、")), shown(group.Name))
	}
	return out
}

// yes is for all of it, once all has been shown.
func (v releaseView) yes() g.Node {
	if !v.Last {
		return h.P(g.Text("下面还有要看的，看到最后可以全部放行。"))
	}
	return form("/release", v.Token, h.Class("confirm"), hidden("shown", v.List.Shown),
		h.Button(h.Class("yes"), g.Text("全部放行")), space, home("先不放，回首页"),
	)
}

// release is 放行 of what was shown: one push, or all.
func (c *Console) release(w http.ResponseWriter, r *http.Request, s *session) error {
	push, err := numberIn(r, "push")
	if err != nil {
		return err
	}
	n, err := c.opt.Office.ReleaseShown(r.Context(), s.actor, push, r.PostFormValue("shown"), c.opt.Now())
	return c.answered(w, r, s, fmt.Sprintf("放行了 %d 条：时段内的接着发，过了时段的交给人转。", n), push == 0, err)
}
