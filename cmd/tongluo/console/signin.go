package console

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// signInView is the form at the door.
type signInView struct {
	Token string
	Name  string // as typed before
	Wrong string // why it was not opened
	Unset bool
}

func (v signInView) draw(frame) g.Node {
	return h.Section(h.Class("door"),
		h.H1(g.Text("登录")),
		g.If(v.Wrong != "", h.P(h.Class("notice"), h.Role("alert"), g.Text(v.Wrong))),
		v.asks(),
	)
}

func (v signInView) asks() g.Node {
	if v.Unset {
		return g.Group{
			h.P(g.Text("还没有设密码。请在这台电脑上运行：")),
			h.P(h.Code(g.Text("tongluo console password"))),
			h.P(g.Text("设好以后"), link("/signin", "再打开这一页"), g.Text("。")),
		}
	}
	return form("/signin", v.Token,
		h.Label(g.Text("密码"), h.Input(h.Type("password"), h.Name("password"), h.AutoComplete("current-password"), h.MaxLength("256"),
			h.Required(), h.AutoFocus())),
		h.Label(g.Text("姓名（可以不填，填了记入日志）"), h.Input(h.Name("name"), h.Value(v.Name), h.AutoComplete("off"), h.MaxLength("60"))),
		button("登录"),
	)
}

// askPassword shows the form. The cookie it hands out opens nothing: it ties the
// form to this browser, so that nobody else can sign it in.
func (c *Console) askPassword(w http.ResponseWriter, r *http.Request) {
	c.atDoor(w, r, http.StatusOK, signInView{})
}

func (c *Console) atDoor(w http.ResponseWriter, r *http.Request, code int, v signInView) {
	set, err := HasPassword(c.opt.Data)
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	v.Unset = !set
	stranger := rand.Text()
	http.SetCookie(w, cookie(stranger))
	v.Token = c.door.token(stranger, "/signin")
	if err := c.show(w, r, nil, code, frame{Title: "登录", Body: v}); err != nil {
		c.fail(w, r, nil, err)
	}
}

// signIn opens the door to the right password. Whose name is typed is only
// looked up once the password is right: a stranger learns no names.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	brought, err := r.Cookie(cookieName)
	if err != nil || !c.door.fits(r.PostFormValue("token"), brought.Value, "/signin") {
		c.atDoor(w, r, http.StatusForbidden, signInView{Wrong: "登录页已经过期，请再输一次。"})
		return
	}
	v := signInView{Name: strings.TrimSpace(r.PostFormValue("name"))}
	got, hash, err := c.door.try(r.PostFormValue("password"))
	if err != nil {
		c.fail(w, r, nil, err)
		return
	}
	if got != right {
		v.Wrong = c.refusal(got)
		c.atDoor(w, r, http.StatusForbidden, v)
		return
	}
	a, err := c.actor(r, v.Name)
	if err != nil {
		v.Wrong = err.Error()
		c.atDoor(w, r, http.StatusBadRequest, v)
		return
	}
	http.SetCookie(w, cookie(c.door.enter(a, hash).id))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// refusal says what is wrong and when to try again.
func (c *Console) refusal(v verdict) string {
	guesses, until := c.door.left()
	switch v {
	case closed:
		c.opt.Log.Warn("too many wrong passwords at the console", "until", until.UTC().Format(time.RFC3339))
		return fmt.Sprintf("密码错了 %d 次，请在%s以后再试。忘了密码可以在这台电脑上运行 tongluo console password 重设。", mostWrong, when(until.In(c.zone)))
	case unset:
		return "还没有密码。"
	}
	return fmt.Sprintf("密码不对，还可以试 %d 次。", guesses)
}

// longestName is more than any name or unit path.
const longestName = 60

// actor is the operator of this PC at the console, for the person named: the
// verbs decide what that may do.
func (c *Console) actor(r *http.Request, by string) (roster.Actor, error) {
	if utf8.RuneCountInString(by) > longestName || strings.ContainsFunc(by, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return roster.Actor{}, &schedule.Problem{Say: "姓名写得不对，请写花名册里的姓名，或留空。", Err: schedule.ErrInput}
	}
	a, err := c.opt.Office.Operator(r.Context(), by)
	if err != nil {
		return roster.Actor{}, err
	}
	a.Via = roster.ViaConsole
	return a, nil
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	if brought, err := r.Cookie(cookieName); err == nil && c.door.fits(r.PostFormValue("token"), brought.Value, "/signout") {
		c.door.leave(brought.Value)
	}
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}
