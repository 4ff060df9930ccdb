package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"tongluo/content"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// queuedWindow is how long a push queued by a person may take from its hour on.
const queuedWindow = 150 * time.Minute

// QueuePush queues an approved item to the groups a selector names, from an
// instant on (zero: now). It waits for a second person, or where the roster has
// nobody who could be one for the cooling delay, when it is wide, at night, or carries what the gate does not let through by
// itself (design rule 9).
//
// It returns ErrInput for an unknown item or selector, for an item not
// approved, for a past instant, and ErrDenied for groups outside the actor's
// subtree.
func (o *Office) QueuePush(ctx context.Context, a roster.Actor, q Request, now time.Time) (Preview, error) {
	if err := allow(a, roster.Queue, a.Unit); err != nil {
		return Preview{}, err
	}
	it, groups, at, err := o.readRequest(ctx, a, q, now)
	if err != nil {
		return Preview{}, err
	}
	p := Push{ID: q.number, Item: it.ID, Revision: it.Revision(), Selector: q.To, Author: a.Person, By: a.By, CreatedAt: now}
	p, second, err := o.schedule(ctx, p, it, groups, at, now)
	if err != nil {
		return Preview{}, fmt.Errorf("queue push of %s: %w", it.ID, err)
	}
	if p.Relay, err = o.isRelay(ctx, p, groups); err != nil {
		return Preview{}, err
	}
	ids := idsOf(groups)
	p.Hash = pushHash(p, ids)
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Preview{}, err
	}
	lately, err := o.heardLately(ctx, p, groups)
	if err != nil {
		return Preview{}, err
	}
	if p.ID, err = o.planQueued(ctx, a, p, it, ids, r, now); err != nil {
		return Preview{}, fmt.Errorf("queue push of %s: %w", it.ID, err)
	}
	if p.State == PushWaiting {
		if err := o.askSecond(ctx, p, it, ids, second, now); err != nil {
			return Preview{}, err
		}
	}
	v := o.preview(p, it, groups, second)
	if err := o.addBurden(ctx, a, &v, groups); err != nil {
		return Preview{}, err
	}
	if lately > 0 {
		v.Warnings = append(v.Warnings, fmt.Sprintf("有 %d 个群 %d 天内发过这条素材", lately, o.settings.ItemRest))
	}
	return v, nil
}

// schedule gives a push its window from an instant on. If it needs a second
// person it waits for one; where the roster has nobody who could be one, for the
// delay.
func (o *Office) schedule(ctx context.Context, p Push, it content.Item, groups []roster.Group, at, now time.Time) (Push, need, error) {
	shown, err := o.picturesOf(ctx, it)
	if err != nil {
		return p, need{}, err
	}
	p.Day, p.Opens, p.Closes, p.State, p.ReadyAt = o.cal.Today(at), at, o.windowEnd(at), PushReady, time.Time{}
	second, err := o.needOf(ctx, p, it, shown, groups, at)
	if err != nil || len(second.why) == 0 {
		return p, second, err
	}
	if p.State = PushWaiting; len(second.by) > 0 {
		return p, second, nil
	}
	// Approved by a person it goes at its hour; by the delay alone, after it.
	if p.ReadyAt = o.cal.AddWorking(now, o.settings.Cooling); p.ReadyAt.After(p.Opens) {
		p.Closes = o.windowEnd(p.ReadyAt)
	}
	return p, second, nil
}

// heardLately counts the groups that heard the item within its rest.
func (o *Office) heardLately(ctx context.Context, p Push, groups []roster.Group) (int, error) {
	heard, err := o.store.Heard(ctx, p.Day.AddDays(-o.settings.ItemRest))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, g := range groups {
		if heard[g.ID][p.Item] != "" {
			n++
		}
	}
	return n, nil
}

// windowEnd is when a push that opens at the instant must be through: it does
// not run on into the quiet hours.
func (o *Office) windowEnd(opens time.Time) time.Time {
	end := opens.Add(queuedWindow)
	if o.cal.Quiet(opens) {
		return end
	}
	for o.cal.Quiet(end.Add(-time.Minute)) {
		end = end.Add(-time.Minute)
	}
	return end
}

// readRequest checks what a person asked for.
func (o *Office) readRequest(ctx context.Context, a roster.Actor, q Request, now time.Time) (content.Item, []roster.Group, time.Time, error) {
	fail := func(err error) (content.Item, []roster.Group, time.Time, error) {
		return content.Item{}, nil, time.Time{}, err
	}
	it, err := o.store.Item(ctx, q.Item)
	if err != nil {
		return fail(problem(ErrInput, "素材库里没有“%s”，请用 item list 看编号", q.Item))
	}
	if it.State != content.Approved && (it.State != content.Once || q.number == 0) {
		return fail(problem(ErrInput, "素材“%s”现在是“%s”，审核通过后才能推送", it.ID, it.State.Word()))
	}
	groups, at, err := o.targets(ctx, a, q.To, q.At, now)
	return it, groups, at, err
}

// targets are the groups that a selector means from an instant on (zero: now),
// if the actor may push to all of them.
func (o *Office) targets(ctx context.Context, a roster.Actor, to string, at, now time.Time) ([]roster.Group, time.Time, error) {
	fail := func(err error) ([]roster.Group, time.Time, error) { return nil, time.Time{}, err }
	if at.IsZero() {
		at = now
	}
	if at.Before(now) {
		return fail(problem(ErrInput, "推送时间 %s 已经过去，请写以后的时间", o.say(at)))
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return fail(err)
	}
	sel, err := r.ReadSelector(to)
	if err == nil {
		sel, err = r.Resolve(sel)
	}
	if err != nil {
		return fail(problem(ErrInput, "%s", err))
	}
	groups := r.Select(sel, o.cal.Today(at).String())
	if len(groups) == 0 {
		return fail(problem(ErrInput, "没有群符合“%s”，请照花名册写群类型、单位名称或群名称", to))
	}
	for _, g := range groups {
		if !roster.May(a, roster.Queue, g.UnitPath) {
			return fail(problem(ErrDenied, "没有权限：“%s”不在您负责的范围内", g.Name))
		}
	}
	return groups, at, nil
}

// isRelay reports whether an adopted relay duty concerns one of the groups: what
// the office sends to them is to be passed on.
func (o *Office) isRelay(ctx context.Context, p Push, groups []roster.Group) (bool, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return false, err
	}
	for _, ad := range ads {
		for _, t := range ad.Terms.Duties {
			if t.Kind == plans.Relay && ad.inForce(p.Day) && t.Holds(p.Day) &&
				slices.ContainsFunc(groups, func(g roster.Group) bool { return concerns(ad, t, g) }) {
				return true, nil
			}
		}
	}
	return false, nil
}

// planQueued stores a push queued by a person. One that waits has its
// deliveries held until it is approved.
func (o *Office) planQueued(ctx context.Context, a roster.Actor, p Push, it content.Item, groups []int64, r *roster.Roster, now time.Time) (int64, error) {
	ds := make([]Delivery, 0, len(groups))
	for _, id := range groups {
		g, _ := r.Group(id)
		d := o.delivery(p, it, g)
		if p.State == PushWaiting {
			d.State, d.Reason = Held, HeldForApproval
		}
		ds = append(ds, d)
	}
	id, _, err := o.store.PlanPush(ctx, a, p, ds, func(id int64) []Job {
		jobs := windowJobs(id, p)
		if !p.ReadyAt.IsZero() {
			jobs = append(jobs, Job{Key: fmt.Sprintf("ready:%d", id), Kind: jobReady, Ref: id, At: p.ReadyAt})
		}
		return jobs
	}, now)
	return id, err
}

// pushHash is what an approval binds: content, targets and window.
func pushHash(p Push, groups []int64) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d %d\n", p.Revision, p.Opens.UnixMilli(), p.Closes.UnixMilli())
	for _, g := range groups {
		fmt.Fprintln(h, g)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func idsOf(groups []roster.Group) []int64 {
	ids := make([]int64, 0, len(groups))
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return ids
}

func (o *Office) preview(p Push, it content.Item, groups []roster.Group, second need) Preview {
	v := Preview{Push: p, ID: p.ID, Item: it.ID, Title: it.Title, Text: it.Text(), Groups: []Ref{}, Opens: p.Opens.UTC(), Closes: p.Closes.UTC(),
		State: p.State, ReadyAt: instant(p.ReadyAt), Why: append([]string{}, second.why...), Seconds: []Ref{}, Warnings: []string{}, Burden: []Burden{}, Parts: it.Parts()}
	for _, who := range second.by {
		v.Seconds = append(v.Seconds, Ref{who.ID, who.Name})
	}
	st := o.account.Status()
	blind := 0
	for _, g := range groups {
		v.Groups = append(v.Groups, Ref{g.ID, g.Name})
		if st.Online() && g.Carrier == roster.ByBot && !st.Sees(g.ID) {
			blind++
		}
	}
	if blind > 0 {
		v.Warnings = append(v.Warnings, fmt.Sprintf("有 %d 个群机器人现在看不到，到时会转给负责人", blind))
	}
	if st.State != AccountOff {
		bot := 0
		for _, g := range groups {
			if g.Carrier == roster.ByBot {
				bot++
			}
		}
		v.Warnings = append(v.Warnings, o.fit(bot, it.Parts(), p.Closes.Sub(p.Opens), "这次推送")...)
	}
	return v
}

// mayTouch checks the verb against every group of the push.
func (o *Office) mayTouch(ctx context.Context, a roster.Actor, v roster.Verb, p Push) error {
	if a.Unit == "" {
		return allow(a, v, "")
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID})
	if err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		if err := allow(a, v, g.UnitPath); err != nil {
			return err
		}
	}
	return nil
}

// CancelPush cancels a push that has not ended: what is queued or held goes no more.
func (o *Office) CancelPush(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	if err := allow(a, roster.Cancel, a.Unit); err != nil {
		return err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return o.wrongNumber(ctx, id, "推送", err)
	}
	if err := o.mayTouch(ctx, a, roster.Cancel, p); err != nil {
		return err
	}
	if p.State == PushDone || p.State == PushCancelled {
		return problem(ErrState, "推送 #%d 已经结束，不能取消", id)
	}
	return o.cancel(ctx, a, p, now)
}

// cancel ends a push: nothing more of it goes, by the bot or by people.
func (o *Office) cancel(ctx context.Context, a roster.Actor, p Push, now time.Time) error {
	if err := o.store.MovePush(ctx, a, p.ID, p.State, PushCancelled, now); err != nil {
		return fmt.Errorf("cancel push %d: %w", p.ID, err)
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Push: p.ID})
	if err != nil {
		return err
	}
	for _, h := range hs { // who has not been asked is not asked any more
		if err := o.store.CancelNotices(ctx, h.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// Queue lists the pushes that have not ended.
func (o *Office) Queue(ctx context.Context, a roster.Actor) ([]QueueRow, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	ps, err := o.store.Pushes(ctx, PushWaiting, PushReady, PushRunning)
	if err != nil {
		return nil, err
	}
	rows := []QueueRow{}
	if len(ps) == 0 {
		return rows, nil
	}
	ids := make([]int64, 0, len(ps))
	for _, p := range ps {
		ids = append(ids, p.ID)
	}
	counts, err := o.store.Counts(ctx, DeliveryFilter{Pushes: ids, Unit: a.Unit})
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		row := QueueRow{ID: p.ID, Item: p.Item, Slot: p.Slot, Day: p.Day, Opens: p.Opens.UTC(), Closes: p.Closes.UTC(), State: p.State,
			ReadyAt: instant(p.ReadyAt), States: map[State]int{}, Reason: p.Reason}
		if p.State == PushReady && p.lapsed(p.Opens) {
			row.Lapses = instant(p.ApprovedAt.Add(approvalLife))
		}
		if it, err := o.store.Item(ctx, p.Item); err == nil {
			row.Title = it.Title
		}
		for state, n := range counts[p.ID] {
			row.States[state] = n
			row.Groups += n
		}
		rows = append(rows, row)
	}
	return rows, nil
}
