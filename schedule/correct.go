package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// NoCredit, as the make-up of a delivery, says that it credits nothing: a
// correction is not one more push.
const NoCredit int64 = -1

// longestCorrection is in runes: it mends one thing.
const longestCorrection = 200

// got are the states that prove that a group got a push and has it still.
var got = []State{Accepted, Observed, Confirmed, Reported}

// ProposeCorrection shows a correction 更正 of a push, and asks: only ConfirmProposal of
// the number it returns sends it. Its frame is approved beforehand, so that one
// person may send it at once; it says which push it mends, and goes to exactly
// the groups that got that push. ErrState for a push nobody got; ErrInput for
// what the gate finds: no link, code or number that is not allowed.
func (o *Office) ProposeCorrection(ctx context.Context, a roster.Actor, push int64, words, place string, now time.Time) (Preview, error) {
	it, groups, err := o.correction(ctx, a, push, words, now)
	if err != nil {
		return Preview{}, err
	}
	v := o.preview(Push{Opens: now, Closes: o.correctionEnd(now)}, it, groups, need{})
	if v.ID, err = o.Ask(ctx, a, place, askCorrection, proposal{Push: push, Words: words, Groups: setHash(groups)}, now); err != nil {
		return Preview{}, err
	}
	return v, nil
}

// correction is what a correction of a push says, and to whom it goes.
func (o *Office) correction(ctx context.Context, a roster.Actor, push int64, words string, now time.Time) (content.Item, []roster.Group, error) {
	fail := func(err error) (content.Item, []roster.Group, error) { return content.Item{}, nil, err }
	if err := allow(a, roster.Correct, a.Unit); err != nil {
		return fail(err)
	}
	p, err := o.store.Push(ctx, push)
	if err != nil {
		return fail(o.wrongNumber(ctx, push, "推送", err))
	}
	if err := o.mayTouch(ctx, a, roster.Correct, p); err != nil {
		return fail(err)
	}
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n == 0 || n > longestCorrection {
		return fail(problem(ErrInput, "请写上正确的说法，最多 %d 字，如：更正 %d 时间是周五上午", longestCorrection, push))
	}
	groups, err := o.groupsOf(ctx, push, got)
	if err != nil {
		return fail(err)
	}
	groups = slices.DeleteFunc(groups, func(g roster.Group) bool { return !g.On(o.cal.Today(now).String()) })
	if len(groups) == 0 {
		return fail(problem(ErrState, "推送 #%d 还没有群收到，不用更正；没发的请回：取消 %d", push, push))
	}
	of, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return fail(err)
	}
	it := content.Edit(content.Item{Author: Refer(a), CreatedAt: now.UTC(), Audiences: []string{}, Themes: []string{}, Attachments: []content.Attachment{}},
		func(i *content.Item) {
			title := strings.TrimPrefix(of.Title, "更正：")
			i.Title, i.Body = "更正："+title, fmt.Sprintf("此前“%s”一条有误，以此为准：%s", title, words)
		})
	return it, groups, o.refuseFound(it, nil, fmt.Sprintf("改好以后再写：更正 %d …", push))
}

// groupsOf are the groups of a push whose delivery is in one of the states.
func (o *Office) groupsOf(ctx context.Context, push int64, states []State) ([]roster.Group, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: push, States: states})
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	var groups []roster.Group
	for _, d := range ds {
		if g, ok := r.Group(d.Group); ok {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b roster.Group) int { return int(a.ID - b.ID) })
	return groups, nil
}

// correctionEnd: a correction is urgent at any hour, and has its window at night
// too.
func (o *Office) correctionEnd(now time.Time) time.Time { return now.Add(queuedWindow) }

// confirmCorrection queues a correction as it was shown, ready to go.
func (o *Office) confirmCorrection(ctx context.Context, a roster.Actor, q Question, c proposal, now time.Time) (Preview, error) {
	it, groups, err := o.correction(ctx, a, c.Push, c.Words, now)
	if err != nil {
		return Preview{}, err
	}
	if setHash(groups) != c.Groups {
		return Preview{}, problem(ErrState, "看过 #%d 以后收到的群变了，现在是 %d 个，请重新写一遍：更正 %d …", q.ID, len(groups), c.Push)
	}
	if err := o.EndQuestion(ctx, a, q, now); err != nil {
		return Preview{}, err
	}
	it.ID = fmt.Sprintf("push-%d", q.ID)
	if it, err = content.ForOnePush(it); err != nil {
		return Preview{}, problem(ErrInput, "%s", err)
	}
	if err := o.store.SaveItem(ctx, a, it, nil, now); err != nil {
		return Preview{}, fmt.Errorf("keep correction %d: %w", q.ID, err)
	}
	p := Push{ID: q.ID, Day: o.cal.Today(now), Item: it.ID, Revision: it.Revision(), Selector: fmt.Sprintf("更正 #%d", c.Push),
		Opens: now, Closes: o.correctionEnd(now), State: PushReady, Author: a.Person, By: a.By, CreatedAt: now}
	p.Hash = pushHash(p, idsOf(groups))
	ds := make([]Delivery, 0, len(groups))
	for _, g := range groups {
		d := o.delivery(p, it, g)
		d.Makeup = NoCredit
		ds = append(ds, d)
	}
	if _, _, err := o.store.PlanPush(ctx, a, p, ds, func(id int64) []Job { return windowJobs(id, p) }, now); err != nil {
		return Preview{}, fmt.Errorf("queue correction %d of push %d: %w", q.ID, c.Push, err)
	}
	return o.whileHalted(ctx, o.preview(p, it, groups, need{}))
}
