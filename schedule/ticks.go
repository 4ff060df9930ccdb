package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// Confirm is ConfirmWord without a day.
func (o *Office) Confirm(ctx context.Context, a roster.Actor, id int64, done, all int, now time.Time) (Answered, error) {
	return o.ConfirmWord(ctx, a, Word{Handoff: id, Done: done, All: all}, now)
}

// ConfirmWord is a person's word at the office about the number in w.Handoff: a
// handoff, one delivery, or a task that a unit handed in (by its own number or
// its flag's). For a delivery already reported it is the word of somebody else,
// the highest evidence. w.Day is the day it was done, zero for today.
func (o *Office) ConfirmWord(ctx context.Context, a roster.Actor, w Word, now time.Time) (Answered, error) {
	const what = "转发单、投递或报送任务"
	kind, err := o.store.Kind(ctx, w.Handoff)
	if err != nil {
		return Answered{}, o.wrongNumber(ctx, w.Handoff, what, err)
	}
	day := w.Day
	if day.IsZero() {
		day = o.cal.Today(now)
	}
	switch kind {
	case "handoff":
		return o.Forwarded(ctx, a, w, now)
	case "delivery":
		return Answered{}, o.confirmDelivery(ctx, a, w.Handoff, w.Day, now)
	case "task":
		return Answered{}, o.finishTask(ctx, a, w.Handoff, day, now)
	case "flag":
		return Answered{}, o.finishFlagged(ctx, a, w.Handoff, day, now)
	}
	return Answered{}, o.wrongNumber(ctx, w.Handoff, what, ErrInput)
}

// finishFlagged hands in the task that a flag is about.
func (o *Office) finishFlagged(ctx context.Context, a roster.Actor, id int64, day calendar.Date, now time.Time) error {
	f, err := o.store.Flag(ctx, id)
	if err != nil {
		return err
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{IDs: []int64{f.Obligation}, Now: now})
	if err != nil {
		return err
	}
	if len(obs) == 0 || obs[0].Task == 0 {
		return problem(ErrInput, "督办 #%d 是群里的推送，请确认它的转发单或投递", id)
	}
	return o.finishTask(ctx, a, obs[0].Task, day, now)
}

// mayHandIn checks that the actor may answer for the unit that a task is owed by.
func (o *Office) mayHandIn(ctx context.Context, a roster.Actor, task int64, now time.Time) error {
	obs, err := o.store.Obligations(ctx, ObligationFilter{Task: task, Now: now})
	if err != nil {
		return err
	}
	if len(obs) != 1 {
		return problem(ErrNotFound, "没有 #%d 这个编号", task)
	}
	return allow(a, roster.AnswerFor, obs[0].UnitPath)
}

func (o *Office) finishTask(ctx context.Context, a roster.Actor, id int64, day calendar.Date, now time.Time) error {
	if err := o.mayHandIn(ctx, a, id, now); err != nil {
		return err
	}
	if o.cal.Today(now).Before(day) {
		return problem(ErrInput, "日期 %s 还没到，请写今天或以前的日期", day)
	}
	switch err := o.store.FinishTask(ctx, a, id, day, now); {
	case errors.Is(err, ErrStale):
		return &Problem{Say: fmt.Sprintf("#%d 已经交过；记错了：confirm %d --undo", id, id), Err: ErrStale}
	case errors.Is(err, ErrInput):
		return problem(ErrInput, "#%d 的这一期在 %s 还没开始，请核对日期", id, day)
	case err != nil:
		return fmt.Errorf("finish task %d: %w", id, err)
	}
	return o.settleFlags(ctx, now)
}

// confirmDelivery is one delivery's tick.
func (o *Office) confirmDelivery(ctx context.Context, a roster.Actor, id int64, day calendar.Date, now time.Time) error {
	d, path, err := o.oneDelivery(ctx, id)
	if err != nil {
		return err
	}
	if err := allow(a, roster.AnswerFor, path); err != nil {
		return err
	}
	if !day.IsZero() && o.cal.Today(now).Before(day) {
		return problem(ErrInput, "转发日期 %s 还没到，请写今天或以前的日期", day)
	}
	if !day.IsZero() && day.Before(o.asked(d)) {
		return problem(ErrInput, "转发日期 %s 早于请他转发的 %s，请核对", day, o.asked(d))
	}
	switch d.State {
	case Handed, Lapsed:
		return o.reportOne(ctx, a, d, day, now)
	case Confirmed:
		return nil
	case Reported, Accepted, Observed:
	default:
		return problem(ErrState, "#%d 现在是“%s”，不能这样确认", id, d.State.Chinese())
	}
	own, err := o.forwardedIt(ctx, a, d)
	if err != nil {
		return err
	}
	if own {
		return problem(ErrState, "#%d 已经是自报，确认要由另一个人来说", id)
	}
	c := Change{ID: id, From: d.State, To: Confirmed, SeenAt: now}
	if err := o.store.Shift(ctx, a, []Change{c}, now); err != nil {
		return fmt.Errorf("confirm delivery %d: %w", id, err)
	}
	return o.settleFlags(ctx, now, d.Group)
}

// forwardedIt reports whether the actor forwarded what a delivery brought, or
// said that it was forwarded. What the bot sent nobody forwarded.
func (o *Office) forwardedIt(ctx context.Context, a roster.Actor, d Delivery) (bool, error) {
	if d.State != Reported && d.Handoff == 0 {
		return false, nil
	}
	h, err := o.store.Handoff(ctx, d.Handoff)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return a.Person == d.SaidBy || a.Person != 0 && a.Person == h.Person, nil
}

// reportOne credits one delivery as it was read: ErrStale when its person has
// answered meanwhile.
func (o *Office) reportOne(ctx context.Context, a roster.Actor, d Delivery, day calendar.Date, now time.Time) error {
	changes, _, err := o.reportChanges(ctx, a, Handoff{}, []Delivery{d}, Word{Day: day}, now)
	if err != nil {
		return err
	}
	if err := o.store.Shift(ctx, a, changes, now); err != nil {
		return fmt.Errorf("report delivery %d: %w", d.ID, err)
	}
	if err := o.closeAnswered(ctx, a, d.Handoff, now); err != nil {
		return err
	}
	return o.settleFlags(ctx, now, d.Group)
}

func (o *Office) oneDelivery(ctx context.Context, id int64) (Delivery, string, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{IDs: []int64{id}})
	if err != nil {
		return Delivery{}, "", err
	}
	if len(ds) == 0 {
		return Delivery{}, "", o.wrongNumber(ctx, id, "投递", ErrNotFound)
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Delivery{}, "", err
	}
	g, _ := r.Group(ds[0].Group)
	return ds[0], g.UnitPath, nil
}

// closeAnswered closes a handoff whose deliveries have all been answered one by one.
func (o *Office) closeAnswered(ctx context.Context, a roster.Actor, id int64, now time.Time) error {
	if id == 0 {
		return nil
	}
	h, err := o.store.Handoff(ctx, id)
	if err != nil || !h.State.Open() && h.State != HandoffWaiting && h.State != HandoffLapsed {
		return err
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: id})
	if err != nil {
		return err
	}
	done := 0
	for _, d := range ds {
		switch d.State {
		case Handed, Lapsed:
			return nil
		case Reported, Observed, Confirmed:
			done++
		}
	}
	from := h.State
	h.State, h.Done, h.All, h.AnsweredAt = HandoffDone, done, len(ds), now
	if done == 0 {
		h.State = HandoffDeclined
	}
	if err := o.store.SaveHandoff(ctx, a, from, h, now); err != nil {
		return err
	}
	return o.store.CancelNotices(ctx, id, now)
}

// ReadTicks reads a tick-list back: every line or none. A tick on a delivery
// already answered changes nothing, so a sheet may be read twice. It returns
// how many deliveries and tasks were newly credited.
func (o *Office) ReadTicks(ctx context.Context, a roster.Actor, ticks []Tick, now time.Time) (int, error) {
	if err := o.checkTicks(ctx, a, ticks, now); err != nil {
		return 0, err
	}
	n := 0
	for _, t := range ticks {
		credited, err := o.readTick(ctx, a, t, now)
		if err != nil {
			return n, fmt.Errorf("登记表第%d行：%w", t.Row, err)
		}
		if credited {
			n++
		}
	}
	return n, nil
}

// checkTicks refuses the whole sheet before anything is written.
func (o *Office) checkTicks(ctx context.Context, a roster.Actor, ticks []Tick, now time.Time) error {
	var bad []string
	for _, t := range ticks {
		kind, err := o.store.Kind(ctx, t.ID)
		switch {
		case errors.Is(err, ErrNotFound) || err == nil && kind != "delivery" && kind != "task":
			bad = append(bad, fmt.Sprintf("第%d行：编号 %d 不是投递，请照登记表里的编号写", t.Row, t.ID))
		case err != nil:
			return err
		case o.cal.Today(now).Before(t.Day):
			bad = append(bad, fmt.Sprintf("第%d行：转发日期 %s 还没到，请写今天或以前的日期", t.Row, t.Day))
		case kind == "delivery":
			d, path, err := o.oneDelivery(ctx, t.ID)
			if err != nil {
				return err
			}
			if err := allow(a, roster.AnswerFor, path); err != nil {
				return err
			}
			bad = append(bad, o.badDays(t, d, now)...)
		}
	}
	if len(bad) > 0 {
		return problem(ErrInput, "登记表没有读入：\n%s", strings.Join(bad, "\n"))
	}
	return nil
}

// badDays says which days of a tick cannot be: before the group was asked, or
// still to come.
func (o *Office) badDays(t Tick, d Delivery, now time.Time) []string {
	var bad []string
	asked := o.asked(d)
	if !t.Day.IsZero() && t.Day.Before(asked) {
		bad = append(bad, fmt.Sprintf("第%d行：转发日期 %s 早于请他转发的 %s，请核对", t.Row, t.Day, asked))
	}
	if !t.Given.IsZero() && (t.Given.Before(asked) || o.cal.Today(now).Before(t.Given)) {
		bad = append(bad, fmt.Sprintf("第%d行：交给本人日期 %s 不对，请写 %s 到今天之间的日期", t.Row, t.Given, asked))
	}
	return bad
}

// asked is the local day from which a delivery could be forwarded by hand.
func (o *Office) asked(d Delivery) calendar.Date {
	if d.AskedAt.IsZero() || d.AskedAt.After(d.Opens) {
		return o.cal.Today(d.Opens)
	}
	return o.cal.Today(d.AskedAt)
}

func (o *Office) readTick(ctx context.Context, a roster.Actor, t Tick, now time.Time) (bool, error) {
	kind, err := o.store.Kind(ctx, t.ID)
	if err != nil {
		return false, err
	}
	if kind == "task" {
		if !t.Done {
			return false, nil
		}
		day := t.Day
		if day.IsZero() {
			day = o.cal.Today(now)
		}
		err := o.finishTask(ctx, a, t.ID, day, now)
		if errors.Is(err, ErrStale) { // handed in before
			return false, nil
		}
		return err == nil, err
	}
	d, _, err := o.oneDelivery(ctx, t.ID)
	if err != nil {
		return false, err
	}
	if err := o.noteGiven(ctx, a, d, t.Given, now); err != nil {
		return false, err
	}
	switch {
	case t.Done && d.State == Declined:
		if err := o.store.Shift(ctx, a, []Change{{ID: d.ID, From: Declined, To: Handed, Reason: "登记表改为已转"}}, now); err != nil {
			return false, err
		}
		d.State = Handed
		return true, o.reportOne(ctx, a, d, t.Day, now)
	case t.Done && (d.State == Handed || d.State == Lapsed):
		err := o.reportOne(ctx, a, d, t.Day, now)
		if errors.Is(err, ErrStale) { // its person answered first
			return false, nil
		}
		return err == nil, err
	case !t.Done && t.Reason != "" && (d.State == Handed || d.State == Lapsed):
		if err := o.store.Shift(ctx, a, []Change{{ID: d.ID, From: d.State, To: Declined, Reason: t.Reason}}, now); err != nil {
			return false, err
		}
		if err := o.closeAnswered(ctx, a, d.Handoff, now); err != nil {
			return false, err
		}
		return false, o.settleFlags(ctx, now, d.Group)
	case !t.Given.IsZero():
		return false, o.settleFlags(ctx, now, d.Group)
	}
	return false, nil
}

// noteGiven records that the office gave the pack to the person on a day: from
// the end of that day's work it lay readable with them, and not before it was
// made. A later sheet mends an earlier one, and the causes with it.
func (o *Office) noteGiven(ctx context.Context, a roster.Actor, d Delivery, given calendar.Date, now time.Time) error {
	if given.IsZero() || d.Handoff == 0 {
		return nil
	}
	h, err := o.store.Handoff(ctx, d.Handoff)
	if err != nil || !h.ReadableAt.IsZero() && h.By != "pack" {
		return err
	}
	was, start := h.ReadableAt, given.Start(o.cal.Zone())
	h.ReadableAt = o.cal.AddWorking(start, o.cal.WorkingBetween(start, given.AddDays(1).Start(o.cal.Zone())))
	if h.ReadableAt.Before(h.CreatedAt) {
		h.ReadableAt = h.CreatedAt
	}
	if h.ReadableAt.Equal(was) && h.By == "pack" {
		return nil
	}
	h.By = "pack"
	p, err := o.store.Push(ctx, h.Push)
	if err != nil {
		return err
	}
	if err := o.runFrom(ctx, a, h, p, h.ReadableAt, now); err != nil {
		return err
	}
	all, err := o.store.Deliveries(ctx, DeliveryFilter{Handoff: h.ID})
	if err != nil {
		return err
	}
	var groups []int64 // the one pack was for all of them, and what each is behind on may have another cause now
	for _, d := range all {
		groups = append(groups, d.Group)
	}
	return o.settleFlags(ctx, now, groups...)
}
