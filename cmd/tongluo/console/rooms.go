package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// listRows is how many lines of a list that is answered as a whole one page shows.
const listRows = 100

// roomsView is which group is which room, and what waits for a yes.
type roomsView struct {
	List  schedule.RoomList
	Why   string // everything is held
	Parts []roomPart
	All   bool // also those that were found are listed
	// Ask: all that the yes is for has been shown, by this page and those before.
	Ask bool
	// Changed: the list is not the one whose earlier pages were read.
	Changed bool
	Token   string
	Turn    turned
}

// roomPart is the rows of one verdict on a page.
type roomPart struct {
	Title string
	Rows  []schedule.RoomRow
}

var partTitles = map[roster.Verdict]string{
	roster.Ask:    "待认：是不是同一个群，请看一下",
	roster.Refuse: "没认：没有把握，不会往里发",
	roster.Bind:   "已认",
}

func (c *Console) roomsPage(w http.ResponseWriter, r *http.Request, s *session) error {
	list, err := c.opt.Office.RoomList(r.Context(), s.actor)
	if err != nil {
		return err
	}
	list.Sort()
	v := roomsView{List: list, All: list.Held || r.URL.Query().Has("all"), Token: c.door.token(s.id, "/rooms")}
	if list.Held {
		v.Why = c.opt.Account.Status().Why
	}
	rows, ends := list.Rows, list.Asked // where what the yes is for ends
	if !v.All {
		rows = rows[:list.Asked+list.Refused]
	}
	if list.Held {
		ends = len(rows)
	}
	at, skip, changed := turnOf(r, listRows, list.Shown)
	v.Changed = changed
	page := rows[min(skip, len(rows)):min(skip+listRows, len(rows))]
	for _, row := range page {
		if n := len(v.Parts); n == 0 || v.Parts[n-1].Rows[0].Verdict != row.Verdict {
			v.Parts = append(v.Parts, roomPart{Title: partTitles[row.Verdict]})
		}
		last := &v.Parts[len(v.Parts)-1]
		last.Rows = append(last.Rows, row)
	}
	v.Ask = list.Waits() && skip+len(page) >= ends && (len(page) > 0 || len(rows) == 0)
	v.Turn = turnedTo(r, at, listRows, len(rows))
	return c.show(w, r, s, http.StatusOK, frame{Title: "认群", Body: v})
}

func (v roomsView) draw(f frame) g.Node {
	if !v.List.Live {
		return h.Section(
			h.H1(g.Text("认群")),
			h.P(g.Text("微信没有登录，现在没有群可以认。登录以后再来看。")),
			h.P(home("回首页")),
		)
	}
	return h.Section(
		h.H1(g.Text("认群")),
		g.If(v.Changed, listChanged()),
		h.P(g.Textf("这次登录认出 %d 个群，%d 个等人认一下，%d 个没认。", v.List.Bound, v.List.Asked, v.List.Refused)),
		v.means(f),
		v.parts(),
		v.Turn.draw(f),
		v.yes(),
		g.If(!v.All && !v.List.Held && v.List.Bound > 0, h.P(link("/rooms?all=1", fmt.Sprintf("已认的 %d 个也列出来", v.List.Bound)))),
	)
}

// means says what a yes does, and what there is without one.
func (v roomsView) means(f frame) g.Node {
	switch {
	case v.List.Held:
		return g.Group{
			h.P(h.B(g.Textf("%s全部暂停发送。", since(f, v.List))), g.Text(v.Why)),
			h.P(g.Text("认可以后，待认的算数，已认的接着发。不认可就一直不发，到点的转给负责人转发。")),
		}
	case v.List.Asked > 0:
		return h.P(g.Text("认了才往这些群里发。没认的时候，到点的转给负责人转发；别的群照常。"))
	}
	return nil
}

// since is from when everything is held, where somebody has noted it.
func since(f frame, list schedule.RoomList) string {
	if list.Since == nil {
		return ""
	}
	return f.when(*list.Since) + " 起"
}

func (v roomsView) parts() g.Node {
	switch {
	case len(v.Parts) > 0:
		return g.Map(v.Parts, v.part)
	case len(v.List.Rows) > 0:
		return h.P(g.Text("这一页没有了。"))
	}
	return h.P(g.Text("花名册里没有群。"))
}

func (v roomsView) part(p roomPart) g.Node {
	return g.Group{
		h.H2(g.Text(p.Title)),
		h.Ul(h.Class("list"), g.Map(p.Rows, v.row)),
	}
}

func (v roomsView) row(r schedule.RoomRow) g.Node {
	found := r.Called()
	return h.Li(
		number(r.Group.ID), space, shown(r.Group.Name),
		g.If(found != "", g.Group{g.Text(" → 微信里叫“"), called(found), g.Text("”")}),
		g.Text(r.People()),
		h.Small(shown(r.Unit.Name), g.Textf("：%s", r.Why)),
		v.does(r),
	)
}

// does is what can be done about one line, here or elsewhere.
func (v roomsView) does(r schedule.RoomRow) g.Node {
	switch {
	case r.Shown != "":
		return form("/rooms", v.Token, hidden("group", strconv.FormatInt(r.Group.ID, 10)), hidden("shown", r.Shown), button("只认这一个"))
	case r.Do != "":
		return h.Small(g.Text(r.Do))
	}
	return nil
}

// yes is for the whole list, once all of it has been shown.
func (v roomsView) yes() g.Node {
	asked := ""
	if v.List.Asked > 0 {
		asked = fmt.Sprintf("待认的 %d 个", v.List.Asked)
	}
	switch {
	case v.Ask:
		return form("/rooms", v.Token, h.Class("confirm"), hidden("shown", v.List.Shown),
			h.P(g.Textf("看过的都对，就一次认完%s。有一个不对，就不要按，只认对的。", asked)),
			h.Button(h.Class("yes"), g.Text("这些都对")), space, home("先不认，回首页"),
		)
	case v.List.Waits():
		return h.P(g.Text("下面还有要看的，看到最后再按“这些都对”。"))
	}
	return nil
}

// turnOf is turn for a list that is answered as a whole: the links to its other
// pages say which list it is, and where that has changed its reader begins anew.
func turnOf(r *http.Request, size int, shown string) (at, skip int, changed bool) {
	at, skip = turn(r, size)
	q := r.URL.Query()
	if changed = at > 1 && q.Get("list") != shown; changed {
		at, skip = 1, 0
	}
	q.Set("list", shown)
	r.URL.RawQuery = q.Encode()
	return at, skip, changed
}

func listChanged() g.Node {
	return h.P(h.Class("notice"), h.Role("alert"), g.Text("您看的时候名单变了，请从第一页再看一遍。"))
}

// acceptRooms is the yes to the list that was shown, or to one line of it.
func (c *Console) acceptRooms(w http.ResponseWriter, r *http.Request, s *session) error {
	group, err := numberIn(r, "group")
	if err != nil {
		return err
	}
	n, err := c.opt.Office.AcceptShown(r.Context(), s.actor, group, r.PostFormValue("shown"), c.opt.Now())
	say := fmt.Sprintf("认了 %d 个群，十秒内生效。", n)
	if n == 0 {
		say = "认可了这次登录，十秒内接着发。"
	}
	return c.answered(w, r, s, say, group == 0, err)
}

// answered leads on after a yes: to the first page when all has been answered,
// else back to the list, also when that had changed meanwhile.
func (c *Console) answered(w http.ResponseWriter, r *http.Request, s *session, say string, all bool, err error) error {
	var p *schedule.Problem
	to := r.URL.Path
	switch {
	case errors.Is(err, schedule.ErrStale) && errors.As(err, &p):
		say = p.Say + "。"
	case err != nil:
		return err
	case all:
		to = "/"
	}
	c.door.tell(s.id, say)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// numberIn is the number in a field of a form, 0 where there is no such field.
func numberIn(r *http.Request, field string) (int64, error) {
	text := r.PostFormValue(field)
	if text == "" && !r.PostForm.Has(field) {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, errForm
	}
	return n, nil
}
