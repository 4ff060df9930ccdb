package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

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
	v.Ask = list.Waits() && skip+len(page) >= ends
	v.Turn = turnedTo(r, at, listRows, len(rows))
	return c.show(w, r, s, "rooms", http.StatusOK, frame{Title: "认群", Body: v})
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

// releaseView is what a restore holds.
type releaseView struct {
	List  schedule.HeldList
	Rows  []heldLine
	Last  bool // all of it has been shown, by this page and those before
	Token string
	Turn  turned
}

// heldLine is one push that is held.
type heldLine struct {
	schedule.HeldPush
	Named []schedule.Ref // the first groups
	Early bool           // its window has not begun
}

// More reports whether it has groups that are not named.
func (l heldLine) More() bool { return len(l.Named) < len(l.Groups) }

// fewGroups are named of one push.
const fewGroups = 20

func (c *Console) releasePage(w http.ResponseWriter, r *http.Request, s *session) error {
	list, err := c.opt.Office.HeldList(r.Context(), s.actor)
	if err != nil {
		return err
	}
	at, skip, _ := turnOf(r, pageRows, list.Shown)
	v := releaseView{List: list, Last: skip+pageRows >= len(list.Rows), Token: c.door.token(s.id, "/release")}
	for _, p := range list.Rows[min(skip, len(list.Rows)):min(skip+pageRows, len(list.Rows))] {
		v.Rows = append(v.Rows, heldLine{p, p.Groups[:min(fewGroups, len(p.Groups))], p.Opens.After(c.opt.Now())})
	}
	v.Turn = turnedTo(r, at, pageRows, len(list.Rows))
	return c.show(w, r, s, "release", http.StatusOK, frame{Title: "放行", Body: v})
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
