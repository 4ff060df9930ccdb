package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// AllForwarded records 全部已转 for every open handoff of the actor.
func (o *Office) AllForwarded(ctx context.Context, a roster.Actor, now time.Time) ([]Answered, error) {
	if a.Person == 0 {
		return nil, problem(ErrInput, "请逐个写编号")
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Person: a.Person, Wanted: true, States: []HandoffState{HandoffOpen, HandoffPart, HandoffLapsed}})
	if err != nil {
		return nil, err
	}
	if len(hs) == 0 {
		return nil, problem(ErrNotFound, "您现在没有待转发的内容")
	}
	var out []Answered
	for _, h := range hs {
		ans, err := o.Forwarded(ctx, a, Word{Handoff: h.ID}, now)
		if err != nil {
			return out, err
		}
		out = append(out, ans)
	}
	return out, nil
}

// CannotForward records 转不了 with its reason. The groups are declined: the
// office must find another way; the person is blamed for nothing that the
// reason explains.
func (o *Office) CannotForward(ctx context.Context, a roster.Actor, id int64, reason string, now time.Time) (Answered, error) {
	h, err := o.pick(ctx, a, id)
	if err != nil {
		return Answered{}, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Answered{}, problem(ErrInput, "请写上原因，如：转不了 %d 群解散了", h.ID)
	}
	if !h.State.Open() && h.State != HandoffLapsed {
		return Answered{}, problem(ErrState, "#%d 现在不是待转发状态", h.ID)
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return Answered{}, err
	}
	var changes []Change
	for _, d := range ds {
		if d.State == Handed || d.State == Lapsed {
			changes = append(changes, Change{ID: d.ID, From: d.State, To: Declined, Reason: reason, SaidBy: a.Person})
		}
	}
	from := h.State
	h.State, h.Reason, h.AnsweredAt = HandoffDeclined, reason, now
	if err := o.store.Answer(ctx, a, from, h, changes, now); err != nil {
		return Answered{}, fmt.Errorf("decline handoff %d: %w", h.ID, err)
	}
	if err := o.store.CancelNotices(ctx, h.ID, now); err != nil {
		return Answered{}, err
	}
	groups := make([]int64, 0, len(ds))
	for _, d := range ds {
		groups = append(groups, d.Group)
	}
	if err := o.settleFlags(ctx, now, groups...); err != nil {
		return Answered{}, err
	}
	view, err := o.handoffView(ctx, h)
	return Answered{Handoff: view, Groups: view.Groups}, err
}

// UndoForward records 撤销: the word of 已转 or 转不了 is taken back and the
// handoff is open again. With id 0 it is the actor's last answer.
func (o *Office) UndoForward(ctx context.Context, a roster.Actor, id int64, now time.Time) (Answered, error) {
	if done, err := o.undoOne(ctx, a, id, now); done || err != nil {
		return Answered{}, err
	}
	h, err := o.lastAnswered(ctx, a, id)
	if err != nil {
		return Answered{}, err
	}
	if h.State != HandoffDone && h.State != HandoffPart && h.State != HandoffDeclined {
		return Answered{}, problem(ErrState, "#%d 还没有回复过，不用撤销", h.ID)
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return Answered{}, err
	}
	var changes []Change
	for _, d := range ds {
		if d.State == Reported || d.State == Declined {
			changes = append(changes, Change{ID: d.ID, From: d.State, To: Handed, Reason: "撤销"})
		}
	}
	from := h.State
	h.State, h.Done, h.Reason, h.AnsweredAt = HandoffOpen, 0, "", time.Time{}
	if h.Hop < h.Hops { // what those below said themselves stays
		if changes, err = o.takenBack(ctx, h, ds, changes); err != nil {
			return Answered{}, err
		}
	} else if h.Done = settled(ds); h.Done == len(ds) {
		return Answered{}, problem(ErrState, "#%d 的内容群里已经见到，不用撤销", h.ID)
	}
	if h.Done > 0 {
		h.State = HandoffPart
	}
	if err := o.store.Answer(ctx, a, from, h, changes, now); err != nil {
		return Answered{}, fmt.Errorf("undo handoff %d: %w", h.ID, err)
	}
	if h.Hop < h.Hops {
		if err := o.reopenSpoken(ctx, a, h, ds, changes, now); err != nil {
			return Answered{}, err
		}
	}
	if err := o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("due:%d", h.ID), Kind: jobHandoffDue, Ref: h.ID, At: h.Due}}); err != nil {
		return Answered{}, err
	}
	if err := o.flagAgain(ctx, ds, now); err != nil {
		return Answered{}, err
	}
	view, err := o.handoffView(ctx, h)
	return Answered{Handoff: view}, err
}

// settled counts the deliveries that rest on more than their person's word,
// which that person cannot take back.
func settled(ds []Delivery) int {
	n := 0
	for _, d := range ds {
		if d.State.Evidence() != "" && d.State != Reported {
			n++
		}
	}
	return n
}

// flagAgain raises the flags of obligations that a word taken back leaves
// behind after their end.
func (o *Office) flagAgain(ctx context.Context, ds []Delivery, now time.Time) error {
	for _, d := range ds {
		obs, err := o.store.Obligations(ctx, ObligationFilter{Group: d.Group, EndsBy: now, Short: true, Now: now})
		if err != nil {
			return err
		}
		for _, ob := range obs {
			if err := o.raise(ctx, ob, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// flagTask raises the flag of a task that is taken back after its end.
func (o *Office) flagTask(ctx context.Context, number int64, now time.Time) error {
	obs, err := o.store.Obligations(ctx, ObligationFilter{EndsBy: now, Short: true, Now: now})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(obs, func(ob Obligation) bool { return ob.Task == number })
	if i < 0 { // its time is not over
		return nil
	}
	return o.raise(ctx, obs[i], now)
}

// undoOne takes back the word about one delivery or task, when that is what the
// number is.
func (o *Office) undoOne(ctx context.Context, a roster.Actor, id int64, now time.Time) (done bool, err error) {
	if id == 0 {
		return false, nil
	}
	switch kind, err := o.store.Kind(ctx, id); {
	case err == nil && kind == "task":
		if err := o.mayHandIn(ctx, a, id, now); err != nil {
			return true, err
		}
		if err := o.store.UnfinishTask(ctx, a, id, now); err != nil {
			return true, problem(ErrState, "#%d 还没有交过，不用撤销", id)
		}
		return true, o.flagTask(ctx, id, now)
	case err == nil && kind == "delivery":
		return true, o.undoDelivery(ctx, a, id, now)
	}
	return false, nil
}

func (o *Office) undoDelivery(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	d, path, err := o.oneDelivery(ctx, id)
	if err != nil {
		return err
	}
	if err := allow(a, roster.AnswerFor, path); err != nil {
		return err
	}
	if d.State != Reported || d.Handoff == 0 {
		return problem(ErrState, "#%d 现在是“%s”，没有可以撤销的自报", id, d.State.Chinese())
	}
	h, err := o.store.Handoff(ctx, d.Handoff)
	if err != nil {
		return err
	}
	from := h.State
	h.Done = max(h.Done-1, 0)
	if h.State == HandoffDone {
		h.State = HandoffPart
	}
	if err := o.store.Answer(ctx, a, from, h, []Change{{ID: id, From: Reported, To: Handed, Reason: "撤销"}}, now); err != nil {
		return err
	}
	return o.flagAgain(ctx, []Delivery{d}, now)
}

func (o *Office) lastAnswered(ctx context.Context, a roster.Actor, id int64) (Handoff, error) {
	if id != 0 {
		return o.pick(ctx, a, id)
	}
	if a.Person == 0 {
		return Handoff{}, problem(ErrInput, "请写上编号，如：撤销 12")
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Person: a.Person, States: []HandoffState{HandoffDone, HandoffPart, HandoffDeclined}})
	if err != nil {
		return Handoff{}, err
	}
	var last Handoff
	for _, h := range hs {
		if last.ID == 0 || h.AnsweredAt.After(last.AnsweredAt) {
			last = h
		}
	}
	if last.ID == 0 {
		return last, problem(ErrNotFound, "没有可以撤销的回复")
	}
	return last, nil
}

// Acknowledge records 收到 for the open handoffs that have been put before the
// actor: their reminders stop. One of which no message has reached them is not
// meant; one of which all went lies readable by that word, if it did not.
func (o *Office) Acknowledge(ctx context.Context, a roster.Actor, now time.Time) (int, error) {
	if a.Person == 0 {
		return 0, nil
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Person: a.Person, States: []HandoffState{HandoffOpen, HandoffPart}})
	if err != nil {
		return 0, err
	}
	came, toCome, err := o.messages(ctx, a.Person)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, h := range hs {
		if !came[h.ID] && toCome[h.ID] {
			continue
		}
		h.Acked = true
		if h.ReadableAt.IsZero() && !toCome[h.ID] {
			h.ReadableAt, h.By = now, "chat"
		}
		if err := o.store.SaveHandoff(ctx, a, h.State, h, now); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// messages says of which handoffs a message may have reached the person, and of
// which one has still to.
func (o *Office) messages(ctx context.Context, person int64) (came, toCome map[int64]bool, err error) {
	ns, err := o.store.Notices(ctx, person)
	if err != nil {
		return nil, nil, err
	}
	came, toCome = map[int64]bool{}, map[int64]bool{}
	for _, n := range ns {
		switch n.State {
		case Accepted, Uncertain, Sending:
			came[n.Handoff] = true
		case Queued, Failed:
			toCome[n.Handoff] = toCome[n.Handoff] || !n.Reminder
		}
	}
	return came, toCome, nil
}

// wrongNumber says what a number is when it is not what was asked for.
func (o *Office) wrongNumber(ctx context.Context, id int64, want string, err error) error {
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInput) {
		return err
	}
	kind, kerr := o.store.Kind(ctx, id)
	if kerr != nil {
		return problem(ErrNotFound, "没有 #%d 这个编号", id)
	}
	words := map[string]string{"push": "推送", "delivery": "投递", "handoff": "转发单", "flag": "督办", "vacancy": "联络员空缺", "task": "报送任务", "question": "还没确认的问题"}
	return problem(ErrInput, "#%d 是%s，不是%s", id, words[kind], want)
}
