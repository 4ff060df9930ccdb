package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// whySecond are the reasons a push needs a second person, in Chinese.
func (o *Office) whySecond(it content.Item, pictures [][]byte, groups []roster.Group, at time.Time) []string {
	why := []string{}
	if len(groups) > o.settings.WideFrom {
		why = append(why, fmt.Sprintf("发往 %d 个群，超过 %d 个", len(groups), o.settings.WideFrom))
	}
	if o.cal.Quiet(at) {
		why = append(why, "在夜间发送")
	}
	for _, f := range content.CheckItem(it, pictures, o.settings.Allow) {
		why = append(why, f.Reason)
	}
	for _, m := range it.Media {
		if m == content.Link || m == content.File {
			why = append(why, "带有"+m.Word())
		}
	}
	return why
}

// need is why a push needs a second person, and who could be that: nobody when
// no reason is given.
type need struct {
	why []string
	by  []roster.Person
}

// needOf tells whether a push to the groups from an instant on needs a second
// person, and who could be one: with the right over all of the groups, and
// neither its author nor its mover. ErrInput when nobody knows who its author is.
func (o *Office) needOf(ctx context.Context, p Push, it content.Item, pictures [][]byte, groups []roster.Group, at time.Time) (need, error) {
	n := need{why: o.whySecond(it, pictures, groups, at)}
	if len(n.why) == 0 {
		return n, nil
	}
	if p.Author == 0 && strings.TrimSpace(p.By) == "" {
		return n, problem(ErrInput, "这次推送要第二个人批准（%s），请写明是谁排的：--by 姓名", strings.Join(n.why, "；"))
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return n, err
	}
	for _, who := range r.Persons {
		a := roster.ActorOf(who, roster.ViaChat)
		if slices.ContainsFunc(groups, func(g roster.Group) bool { return !roster.May(a, roster.ApprovePush, g.UnitPath) }) {
			continue
		}
		switch err := o.maySecond(ctx, a, p, at); {
		case err == nil:
			n.by = append(n.by, who)
		case !errors.Is(err, ErrDenied):
			return n, err
		}
	}
	return n, nil
}

// askSecond puts a waiting push before those who could let it go: the office's
// staff, or the leaders where no staff could. Where nobody could, it is the
// delay that is shown, to all of the office.
func (o *Office) askSecond(ctx context.Context, p Push, it content.Item, groups []int64, n need, now time.Time) error {
	if len(n.by) == 0 {
		return o.showCooling(ctx, p, it, groups, n.why, now)
	}
	text := fmt.Sprintf("【待审 #%d】《%s》%d 个群，%s起\n%s\n要第二个人看：%s\n没有人放行就不发，%s作废。\n放行请回：审批 %d\n不同意请回：退回 %d 原因",
		p.ID, it.Title, len(groups), o.say(p.Opens), shownAs(it), strings.Join(n.why, "；"), o.say(p.Closes), p.ID, p.ID)
	staff := slices.DeleteFunc(slices.Clone(n.by), func(who roster.Person) bool { return who.Role == roster.Leader })
	if len(staff) == 0 {
		staff = n.by
	}
	return o.tell(ctx, staff, fmt.Sprintf("second:%d:%d", p.ID, p.Opens.UnixMilli()), text, now)
}

// maySecond refuses whoever cannot be the second person of a push: its author
// and who moved it, by whatever road or account, and the command line without a
// name.
func (o *Office) maySecond(ctx context.Context, a roster.Actor, p Push, now time.Time) error {
	if a.Via == roster.ViaClock {
		if p.ReadyAt.IsZero() || now.Before(p.ReadyAt) {
			return problem(ErrState, "推送 #%d 还没到放行时间", p.ID)
		}
		return nil
	}
	if nameless(a) {
		return problem(ErrInput, "请写明是谁审批：--by 批准人")
	}
	same, err := o.samePerson(ctx, p.Author, p.By, a)
	if err != nil {
		return err
	}
	if !same {
		return o.notMover(ctx, a, p)
	}
	if p.ReadyAt.IsZero() {
		return problem(ErrDenied, "推送 #%d 是您自己排的，要由另一个人审批", p.ID)
	}
	return problem(ErrDenied, "推送 #%d 是您自己排的，要由另一个人审批；也可以等到 %s 自动放行", p.ID, o.say(p.ReadyAt))
}

// notMover refuses whoever gave the push its window.
func (o *Office) notMover(ctx context.Context, a roster.Actor, p Push) error {
	if p.Mover == 0 {
		return nil
	}
	same, err := o.samePerson(ctx, p.Mover, "", a)
	if err != nil || !same {
		return err
	}
	return problem(ErrDenied, "推送 #%d 是您自己改期的，要由另一个人审批", p.ID)
}

// letGo makes a waiting push ready as it was read, and no other.
func (o *Office) letGo(ctx context.Context, a roster.Actor, p Push, now time.Time) error {
	err := o.store.ApprovePush(ctx, a, p, now)
	if !errors.Is(err, ErrStale) {
		return err
	}
	after, err := o.store.Push(ctx, p.ID)
	if err != nil {
		return err
	}
	if after.State == PushWaiting {
		return problem(ErrState, "推送 #%d 刚才改过，这次审批不算；请看过再审：审批 %d", p.ID, p.ID)
	}
	return problem(ErrState, "推送 #%d 刚才已经有人处理", p.ID)
}

// notAuthor refuses whoever wrote an item, also under another entry of the roster.
func (o *Office) notAuthor(ctx context.Context, a roster.Actor, it content.Item) error {
	id, err := strconv.ParseInt(it.Author, 10, 64)
	by := ""
	if err != nil {
		by = it.Author
	}
	same, err := o.samePerson(ctx, id, by, a)
	if err != nil || !same || it.Author == "" {
		return err
	}
	return problem(ErrState, "作者不能审核自己写的素材，请换一位同志审核")
}

// nameless reports whether nobody knows who is at the command line: whoever it
// is cannot be a second person.
func nameless(a roster.Actor) bool { return a.Person == 0 && strings.TrimSpace(a.By) == "" }

// samePerson reports whether somebody on record, by id or as --by wrote it, is
// the actor: the same id, the same name, or one telephone on two entries of the
// roster.
func (o *Office) samePerson(ctx context.Context, id int64, by string, a roster.Actor) (bool, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return false, err
	}
	who := func(id int64, by string) int64 {
		if p, err := findPerson(r, strings.TrimSpace(by)); id == 0 && by != "" && err == nil {
			return p.ID
		}
		return id
	}
	one, two := who(id, by), who(a.Person, a.By)
	if one == 0 || two == 0 {
		return one == two && strings.TrimSpace(by) == strings.TrimSpace(a.By), nil
	}
	p, _ := r.Person(one)
	q, _ := r.Person(two)
	return one == two || p.Phone != "" && p.Phone == q.Phone, nil
}
