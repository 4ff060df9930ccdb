package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// Reschedule is 改期: a push that a person queued and that has not begun gets
// another window. That voids an approval: whatever needs a second person waits
// again, for another than whoever queued it and whoever moved it. ErrState for a push of a slot
// or one that has begun, ErrInput for a past instant.
func (o *Office) Reschedule(ctx context.Context, a roster.Actor, id int64, at, now time.Time) (Preview, error) {
	if err := allow(a, roster.Reschedule, a.Unit); err != nil {
		return Preview{}, err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return Preview{}, o.wrongNumber(ctx, id, "推送", err)
	}
	if err := o.mayTouch(ctx, a, roster.Reschedule, p); err != nil {
		return Preview{}, err
	}
	switch {
	case p.Slot != "":
		return Preview{}, problem(ErrState, "推送 #%d 是时段“%s”排的，不能改期；不想发请回：取消 %d", id, p.Slot, id)
	case p.State != PushWaiting && p.State != PushReady:
		return Preview{}, problem(ErrState, "推送 #%d 已经开始或结束，不能改期", id)
	case at.Before(now):
		return Preview{}, problem(ErrInput, "推送时间 %s 已经过去，请写以后的时间", o.say(at))
	}
	it, err := o.store.Item(ctx, p.Item)
	if err != nil {
		return Preview{}, err
	}
	groups, err := o.groupsOf(ctx, id, []State{Queued, Held})
	if err != nil {
		return Preview{}, err
	}
	from, ids := p.State, idsOf(groups)
	p.Mover, p.Approver, p.ApprovedAt, p.Reason = a.Person, 0, time.Time{}, ""
	p, second, err := o.schedule(ctx, p, it, groups, at, now)
	if err != nil {
		return Preview{}, fmt.Errorf("reschedule push %d: %w", id, err)
	}
	if p.Relay, err = o.isRelay(ctx, p, groups); err != nil {
		return Preview{}, err
	}
	p.Hash = pushHash(p, ids)
	if err := o.store.ReschedulePush(ctx, a, from, p, now); err != nil {
		return Preview{}, fmt.Errorf("reschedule push %d: %w", id, err)
	}
	jobs := windowJobs(id, p)
	if p.State == PushWaiting {
		if err := o.askSecond(ctx, p, it, ids, second, now); err != nil {
			return Preview{}, err
		}
	}
	if !p.ReadyAt.IsZero() {
		jobs = append(jobs, Job{Key: fmt.Sprintf("ready:%d", id), Kind: jobReady, Ref: id, At: p.ReadyAt})
	}
	if err := o.store.PutJobs(ctx, jobs); err != nil {
		return Preview{}, err
	}
	v := o.preview(p, it, groups, second)
	if err := o.addBurden(ctx, a, &v, groups); err != nil {
		return Preview{}, err
	}
	return o.whileHalted(ctx, v)
}
