package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// approvalLife is how long a person's approval holds for a push that has not
// started (design rule 9).
const approvalLife = 24 * time.Hour

// Why a push waits again, for the screen.
const (
	voidedByEdit   = "内容有改动，审批作废"
	voidedByParts  = "素材的条数或种类变了，请取消后重新排"
	approvalOver   = "审批超过 24 小时没有发"
	coolingHalted  = "停发，等候停下"
	coolingTooLate = "恢复得晚，等候放行已来不及"
)

// lapsed reports whether a person's approval of the push is too old.
func (p Push) lapsed(now time.Time) bool {
	return !p.ApprovedAt.IsZero() && now.After(p.ApprovedAt.Add(approvalLife))
}

// checkHash refuses an approval of anything but what was previewed; the push
// then waits for one of what it is now.
func (o *Office) checkHash(ctx context.Context, p Push, held []Delivery, now time.Time) error {
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return err
	}
	var groups []int64
	for _, d := range held {
		groups = append(groups, d.Group)
	}
	slices.Sort(groups)
	present := p
	present.Revision = it.Revision()
	if it.Cleared() && pushHash(present, groups) == p.Hash {
		return nil
	}
	if p.Reason == voidedByParts {
		return problem(ErrState, "推送 #%d：%s", p.ID, voidedByParts)
	}
	if _, err := o.voidPush(ctx, p, voidedByEdit, now); errors.Is(err, ErrStale) {
		return problem(ErrState, "推送 #%d 刚才已经有人处理", p.ID)
	} else if err != nil {
		return err
	}
	if !it.Cleared() {
		return problem(ErrState, "推送 #%d 的素材现在是“%s”，先审素材：审批 %s", p.ID, it.State.Word(), it.ID)
	}
	return problem(ErrState, "推送 #%d 排好以后内容或对象有改动，审批作废；请看过再审：审批 %d", p.ID, p.ID)
}

// voidPush lets a push wait again, for an approval by a person: whatever was
// approved, or cooled, is void. What it would now send is what the next approval
// binds, unless its messages are other ones than were planned. The office is told.
func (o *Office) voidPush(ctx context.Context, p Push, why string, now time.Time) (Push, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Queued, Held}})
	if err != nil {
		return p, err
	}
	it, err := o.store.Item(ctx, p.Item)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return p, err
	}
	from, same := p.State, true
	groups := make([]int64, 0, len(ds))
	for _, d := range ds {
		groups = append(groups, d.Group)
		same = same && slices.EqualFunc(d.Parts, it.Parts(), func(a Part, b content.Part) bool { return a.Kind == b.Kind })
	}
	slices.Sort(groups)
	p.State, p.ReadyAt, p.ApprovedAt, p.Approver, p.Reason = PushWaiting, time.Time{}, time.Time{}, 0, why
	switch {
	case !same:
		p.Reason = voidedByParts
	case it.Cleared():
		p.Revision = it.Revision()
		p.Hash = pushHash(p, groups)
	}
	if err := o.store.RewaitPush(ctx, roster.Clock(), from, p, now); err != nil {
		return p, fmt.Errorf("void push %d: %w", p.ID, err)
	}
	if !now.Before(p.Closes) {
		return p, nil // too late for anybody to mend
	}
	when := "放行"
	if from := p.Opens.Add(-approvalLife); from.After(now) { // one given now would be over before it opens
		when = fmt.Sprintf("放行请等到%s以后，审批只管 24 小时。\n到时", o.say(from))
	}
	text := fmt.Sprintf("【待审 #%d】%s。\n《%s》%d 个群，%s起\n%s\n%s请回：审批 %d\n不发请回：取消 %d",
		p.ID, p.Reason, it.Title, len(ds), o.say(p.Opens), shownAs(it), when, p.ID, p.ID)
	units, err := o.unitsOf(ctx, groups)
	if err != nil {
		return p, err
	}
	return p, o.tellOffice(ctx, units, 0, fmt.Sprintf("void:%d:%d", p.ID, now.UnixMilli()), text, now)
}

// unitsOf are the unit paths of some groups, each once.
func (o *Office) unitsOf(ctx context.Context, groups []int64) ([]string, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	var units []string
	for _, id := range groups {
		if g, ok := r.Group(id); ok && !slices.Contains(units, g.UnitPath) {
			units = append(units, g.UnitPath)
		}
	}
	return units, nil
}

// voidPushesOf lets every push of an item wait that a person queued and that has
// not started, if it is not what would now be sent.
func (o *Office) voidPushesOf(ctx context.Context, item string, now time.Time) error {
	ps, err := o.store.Pushes(ctx, PushWaiting, PushReady)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.Item != item || p.Slot != "" {
			continue
		}
		if same, err := o.frozen(ctx, p); err != nil || same {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := o.voidPush(ctx, p, voidedByEdit, now); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	return nil
}

// stillApproved reports whether a push that is to start may: one that a person
// queued waits again if its words changed since, or its approval is too old.
func (o *Office) stillApproved(ctx context.Context, p Push, now time.Time) (bool, error) {
	if p.Slot != "" || p.State != PushReady {
		return true, nil
	}
	same, err := o.frozen(ctx, p)
	if err != nil {
		return false, err
	}
	why := ""
	switch {
	case !same:
		why = voidedByEdit
	case p.lapsed(now):
		why = approvalOver
	default:
		return true, nil
	}
	_, err = o.voidPush(ctx, p, why, now)
	return false, err
}

// lapseApproval ends an approval whose push has not started in time.
func (o *Office) lapseApproval(ctx context.Context, id int64, now time.Time) error {
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return err
	}
	_, err = o.stillApproved(ctx, p, now)
	return err
}

// showCooling tells the office that a push goes by itself unless somebody stops it.
func (o *Office) showCooling(ctx context.Context, p Push, it content.Item, groups []int64, why []string, now time.Time) error {
	units, err := o.unitsOf(ctx, groups)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("【待审 #%d】《%s》%d 个群，%s起\n%s\n要第二个人看：%s\n没有人拦的话，%s自动放行。\n放行请回：审批 %d\n拦下请回：取消 %d；全部停下请回：停发",
		p.ID, it.Title, len(groups), o.say(p.Opens), shownAs(it), strings.Join(why, "；"), o.say(p.ReadyAt), p.ID, p.ID)
	key := fmt.Sprintf("cool:%d:%d", p.ID, p.ReadyAt.UnixMilli())
	if p.ReadyAt.IsZero() {
		text = fmt.Sprintf("【待审 #%d】《%s》%d 个群，%s。\n%s\n%s前没有人审批就不发。\n放行请回：审批 %d\n换个时间请回：改期 %d 明天9点",
			p.ID, it.Title, len(groups), p.Reason, shownAs(it), o.say(p.Closes), p.ID, p.ID)
		key = fmt.Sprintf("cool:%d:late:%d", p.ID, p.Closes.UnixMilli())
		return o.tellOffice(ctx, units, 0, key, text, now)
	}
	return o.tellOffice(ctx, units, p.Author, key, text, now)
}

// shownAs is what the second person reads: the content as the groups will get it,
// pictures as a count.
func shownAs(it content.Item) string {
	return "群里会看到：\n" + strings.Join(append(content.Shown(it.Parts()), "──"), "\n")
}

// stopCooling keeps what waits from going by itself: 停发 was said.
func (o *Office) stopCooling(ctx context.Context, now time.Time) error {
	ps, err := o.store.Pushes(ctx, PushWaiting)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.ReadyAt.IsZero() {
			continue
		}
		p.ReadyAt, p.Reason = time.Time{}, coolingHalted
		if err := o.store.RewaitPush(ctx, roster.Clock(), PushWaiting, p, now); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	return nil
}

// coolAgain begins the delay anew for what 停发 had stopped: 恢复 lets nothing go
// that nobody could look at.
func (o *Office) coolAgain(ctx context.Context, now time.Time) error {
	ps, err := o.store.Pushes(ctx, PushWaiting)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.Reason != coolingHalted {
			continue
		}
		p.ReadyAt, p.Reason = o.cal.AddWorking(now, o.settings.Cooling), ""
		if !p.ReadyAt.Before(p.Closes) {
			p.ReadyAt, p.Reason = time.Time{}, coolingTooLate
		} else if err := o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("ready:%d", p.ID), Kind: jobReady, Ref: p.ID, At: p.ReadyAt}}); err != nil {
			return err
		}
		if err := o.store.RewaitPush(ctx, roster.Clock(), PushWaiting, p, now); errors.Is(err, ErrStale) {
			continue
		} else if err != nil {
			return err
		}
		ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Held}})
		if err != nil {
			return err
		}
		groups := make([]int64, 0, len(ds))
		for _, d := range ds {
			groups = append(groups, d.Group)
		}
		it, err := o.store.Item(ctx, p.Item)
		if err != nil {
			return err
		}
		if err := o.showCooling(ctx, p, it, groups, []string{"恢复以后重新等候"}, now); err != nil {
			return err
		}
	}
	return nil
}

// ReturnPush 退回 gives a waiting push back to its author with a reason: it goes
// no more, and the author is told in private.
func (o *Office) ReturnPush(ctx context.Context, a roster.Actor, id int64, reason string, now time.Time) error {
	if err := allow(a, roster.Return, a.Unit); err != nil {
		return err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return o.wrongNumber(ctx, id, "推送", err)
	}
	if err := o.mayTouch(ctx, a, roster.Return, p); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return problem(ErrInput, "请写上原因，如：退回 %d 时间改到上午", id)
	}
	if p.State != PushWaiting {
		return problem(ErrState, "推送 #%d %s，不能退回。\n看排着的推送请回：队列", id, p.State.fate())
	}
	if err := o.store.MovePush(ctx, a, id, PushWaiting, PushCancelled, now); err != nil {
		return fmt.Errorf("return push %d: %w", id, err)
	}
	return o.tellAuthor(ctx, p.Author, fmt.Sprintf("return:%d", id), fmt.Sprintf("【退回 #%d】您排的推送没有放行：%s\n改好以后请重新排；看其余的请回：队列", id, reason), now)
}

// ApprovePush lets a waiting push go: another person than its author, bound to
// exactly what was previewed. The clock may do it when the cooling delay is over.
func (o *Office) ApprovePush(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	if err := allow(a, roster.ApprovePush, a.Unit); err != nil {
		return err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return o.wrongNumber(ctx, id, "推送", err)
	}
	if err := o.mayTouch(ctx, a, roster.ApprovePush, p); err != nil {
		return err
	}
	if p.State != PushWaiting {
		return problem(ErrState, "推送 #%d %s，不用再审。\n看排着的推送请回：队列", id, p.State.fate())
	}
	if err := o.maySecond(ctx, a, p, now); err != nil {
		return err
	}
	waiting, err := o.store.Deliveries(ctx, DeliveryFilter{Push: id, States: []State{Queued, Held}}) // queued by 放行
	if err != nil {
		return err
	}
	if err := o.checkHash(ctx, p, waiting, now); err != nil {
		return err
	}
	due := p.Opens
	if due.Before(now) {
		due = now
	}
	// The jobs are put before, so that the start makes up for a crash in what
	// follows, and again after, in case it was done in between.
	jobs := []Job{{Key: fmt.Sprintf("start:%d", id), Kind: jobStart, Ref: id, At: due}}
	if a.Via != roster.ViaClock {
		jobs = append(jobs, Job{Key: fmt.Sprintf("lapse:%d", id), Kind: jobLapse, Ref: id, At: now.Add(approvalLife + time.Millisecond)})
	}
	if err := o.store.PutJobs(ctx, jobs); err != nil {
		return err
	}
	if err := o.letGo(ctx, a, p, now); err != nil {
		return err
	}
	var changes []Change
	for _, d := range waiting {
		if d.State == Held && d.Reason != HeldByRestore { // 放行 is another question: it may have gone already
			changes = append(changes, Change{ID: d.ID, From: Held, To: Queued, Due: due})
		}
	}
	if err := o.store.Shift(ctx, a, changes, now); err != nil {
		return err
	}
	return o.store.PutJobs(ctx, jobs)
}
