package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// The kinds of job.
const (
	jobDay        = "day"    // a local day begins: open periods, plan slots
	jobStart      = "start"  // a push's window opens
	jobPack       = "pack"   // its office pack must be on disk
	jobClose      = "close"  // its window closes
	jobReady      = "ready"  // a cooling delay is over
	jobEnd        = "end"    // obligations have run out of time
	jobHandoffDue = "due"    // a handoff is to be reminded of, or has run out of time
	jobFlag       = "flag"   // a flag goes up a rung
	jobResume     = "resume" // 恢复 by delay
	jobDigest     = "digest" // the office's digest of the day
	jobPhoto      = "photo"  // a photo that waited has expired
)

// batch is how many jobs one DoDue does before it looks at the time again.
const batch = 64

// Start puts the first jobs of a new office; doing it again changes nothing.
func (o *Office) Start(ctx context.Context, now time.Time) error {
	started, err := o.store.MarkOf(ctx, "started")
	if err != nil || started != "" {
		return err
	}
	today := o.cal.Today(now)
	jobs := []Job{
		{Key: "day", Kind: jobDay, At: today.Start(o.cal.Zone())},
		{Key: "digest", Kind: jobDigest, At: o.nextDigest(now)},
	}
	if err := o.store.PutJobs(ctx, jobs); err != nil {
		return fmt.Errorf("start the clock: %w", err)
	}
	return o.store.Mark(ctx, "started", today.String())
}

// DoDue does what is due by now, earliest first, at most a batch of it, and
// returns how much it did. A job that fails is tried again in a minute and does
// not keep the others from being done; the first error is returned.
func (o *Office) DoDue(ctx context.Context, now time.Time) (int, error) {
	jobs, err := o.store.Jobs(ctx, now, batch)
	if err != nil {
		return 0, fmt.Errorf("look for due jobs: %w", err)
	}
	var first error
	for _, j := range jobs {
		next, err := o.do(ctx, j, now)
		if err != nil {
			if ctx.Err() != nil {
				return 0, err
			}
			if first == nil {
				first = fmt.Errorf("job %s: %w", j.Key, err)
			}
			next = []Job{{Key: j.Key, Kind: j.Kind, Ref: j.Ref, At: now.Add(time.Minute)}}
		}
		if err := o.store.EndJob(ctx, j, next); err != nil {
			return 0, fmt.Errorf("end job %s: %w", j.Key, err)
		}
	}
	return len(jobs), first
}

// do does one job and returns what follows it. Every handler may be run twice.
func (o *Office) do(ctx context.Context, j Job, now time.Time) ([]Job, error) {
	switch j.Kind {
	case jobDay:
		return o.beginDay(ctx, j, now)
	case jobStart:
		return nil, o.startPush(ctx, j.Ref, now)
	case jobPack:
		return nil, o.packPush(ctx, j.Ref)
	case jobClose:
		return nil, o.closePush(ctx, j.Ref, now)
	case jobReady:
		return nil, o.readyPush(ctx, j.Ref, now)
	case jobEnd:
		return nil, o.endObligations(ctx, j.At, now)
	case jobHandoffDue:
		return nil, o.handoffDueNow(ctx, j.Ref, now)
	case jobFlag:
		return nil, o.climbFlag(ctx, j.Ref, now)
	case jobResume:
		return nil, o.resumeDue(ctx, now)
	case jobPhoto:
		return nil, o.store.ForgetPhotos(ctx, 0, now)
	case jobDigest:
		return []Job{{Key: j.Key, Kind: jobDigest, At: o.nextDigest(now)}}, o.digest(ctx, now)
	}
	return nil, fmt.Errorf("unknown kind of job %q", j.Kind)
}

// beginDay opens the periods of a local day and plans its slots; days the PC
// was off for are gone through one by one.
func (o *Office) beginDay(ctx context.Context, j Job, now time.Time) ([]Job, error) {
	day := o.cal.Today(j.At)
	begins := func(ad Adoption, p calendar.Period) bool { return p.Start == day || ad.owes() == day }
	if err := o.openPeriods(ctx, day, day.AddDays(1), begins, now); err != nil {
		return nil, err
	}
	if err := o.planDay(ctx, day, now); err != nil {
		return nil, err
	}
	return []Job{{Key: j.Key, Kind: jobDay, At: day.AddDays(1).Start(o.cal.Zone())}}, nil
}

// readyPush lets a push go whose cooling delay is over. One that was approved,
// cancelled or voided meanwhile is left alone.
func (o *Office) readyPush(ctx context.Context, id int64, now time.Time) error {
	err := o.ApprovePush(ctx, roster.Clock(), id, now)
	if errors.Is(err, ErrState) {
		return nil
	}
	return err
}

// handoffDueNow ends a handoff whose time is up, or reminds its person.
func (o *Office) handoffDueNow(ctx context.Context, id int64, now time.Time) error {
	h, err := o.store.Handoff(ctx, id)
	if err != nil || !h.State.Open() {
		return err
	}
	again := func(at time.Time) error {
		return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("remind:%d", id), Kind: jobHandoffDue, Ref: id, At: at}})
	}
	if now.Before(h.Due) {
		return o.remindHandoff(ctx, h, again, now)
	}
	ds, err := o.handoffGroups(ctx, h) // with those that wait below: the pack never reached their hop
	if err != nil {
		return err
	}
	waiting, err := o.waitingBelow(ctx, h)
	if err != nil {
		return err
	}
	changes := make([]Change, 0, len(ds))
	for _, d := range ds {
		if d.State != Handed || d.Handoff != h.ID && !waiting[d.Handoff] {
			continue // a hop below that has the pack has its own time
		}
		changes = append(changes, Change{ID: d.ID, From: Handed, To: Lapsed, Reason: "到期未回复"})
	}
	for id := range waiting {
		below, err := o.store.Handoff(ctx, id)
		if err != nil {
			return err
		}
		below.State = HandoffLapsed
		if err := o.store.SaveHandoff(ctx, roster.Clock(), HandoffWaiting, below, now); err != nil {
			return err
		}
	}
	from := h.State
	h.State = HandoffLapsed
	if err := o.store.Answer(ctx, roster.Clock(), from, h, changes, now); err != nil {
		return fmt.Errorf("lapse handoff %d: %w", id, err)
	}
	return o.store.CancelNotices(ctx, id, now)
}

// waitingBelow are the hops below a handoff that were not passed the pack.
func (o *Office) waitingBelow(ctx context.Context, h Handoff) (map[int64]bool, error) {
	if h.Hop == h.Hops {
		return nil, nil
	}
	below, err := o.store.Handoffs(ctx, HandoffFilter{Above: h.ID, States: []HandoffState{HandoffWaiting}})
	if err != nil {
		return nil, err
	}
	waiting := map[int64]bool{}
	for _, b := range below {
		waiting[b.ID] = true
	}
	return waiting, nil
}

// remindHandoff reminds once two working hours after the pack lay readable, and
// then each working morning, until 收到 or an answer.
func (o *Office) remindHandoff(ctx context.Context, h Handoff, again func(time.Time) error, now time.Time) error {
	if h.Acked || h.ReadableAt.IsZero() || h.Person == 0 {
		return nil
	}
	if first := o.cal.AddWorking(h.ReadableAt, remindAfter); now.Before(first) {
		return again(first)
	}
	text := fmt.Sprintf("【提醒 #%d】还有 %d 个群待转发，时限%s前。\n转好请回：已转 %d\n不用再提醒请回：收到", h.ID, h.All-h.Done, o.say(h.Due), h.ID)
	key := fmt.Sprintf("remind:%d:%s", h.ID, o.cal.Today(now))
	if err := o.remind(ctx, h.Person, h.ID, key, text, now); err != nil {
		return err
	}
	return again(o.cal.NextWorkday(o.cal.Today(now).AddDays(1)).At(9, 0, o.cal.Zone()))
}

const remindAfter = 2 * time.Hour

// PackRead tells the office that a handoff's pack lay readable from now: its
// reminders are set, and a relay's working time runs from here. The sender calls
// it after the last message.
func (o *Office) PackRead(ctx context.Context, handoff int64, now time.Time) error {
	h, err := o.store.Handoff(ctx, handoff)
	if err != nil || !h.State.Open() {
		return err
	}
	jobs := []Job{{Key: fmt.Sprintf("remind:%d", handoff), Kind: jobHandoffDue, Ref: handoff, At: o.cal.AddWorking(now, remindAfter)}}
	p, err := o.store.Push(ctx, h.Push)
	if err != nil {
		return err
	}
	within, err := o.handoffWithin(ctx, p, h)
	if err != nil {
		return err
	}
	if within > 0 {
		h.Due = o.cal.AddWorking(now, within)
		if err := o.store.SaveHandoff(ctx, roster.Clock(), h.State, h, now); err != nil {
			return err
		}
		if err := o.moveDeadline(ctx, h, p, now); err != nil {
			return err
		}
		jobs = append(jobs, Job{Key: fmt.Sprintf("due:%d", handoff), Kind: jobHandoffDue, Ref: handoff, At: h.Due})
	}
	return o.store.PutJobs(ctx, jobs)
}

// nextDigest is 08:30 of the next working day after now.
func (o *Office) nextDigest(now time.Time) time.Time {
	day := o.cal.Today(now)
	if at := o.cal.NextWorkday(day).At(8, 30, o.cal.Zone()); at.After(now) {
		return at
	}
	return o.cal.NextWorkday(day.AddDays(1)).At(8, 30, o.cal.Zone())
}

// Week is the ISO week of an instant.
func (o *Office) Week(t time.Time) calendar.Period {
	return calendar.PeriodOf(calendar.Week, o.cal.Today(t))
}
