package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// The kinds of job.
const (
	jobDay        = "day"     // a local day begins: open periods, plan slots
	jobStart      = "start"   // a push's window opens
	jobPack       = "pack"    // its office pack must be on disk
	jobClose      = "close"   // its window closes
	jobReady      = "ready"   // a cooling delay is over
	jobEnd        = "end"     // obligations have run out of time
	jobHandoffDue = "due"     // a handoff is to be reminded of, or has run out of time
	jobFlag       = "flag"    // a flag goes up a rung
	jobResume     = "resume"  // 恢复 by delay
	jobLapse      = "lapse"   // an approval is too old
	jobAdopted    = "adopted" // one person's adoption has waited long enough
	jobDigest     = "digest"  // the office's digest of the day
	jobForget     = "forget"  // a draft or a question has expired
	jobPhoto      = "photo"   // a photo that waited has expired
	jobSight      = "sight"   // keepers are asked about what nobody can vouch for
	jobEcho       = "echo"    // nothing has contradicted the echo of an uncertain delivery
	jobSlot       = "slot"    // the window of a slot is over
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
	case jobAdopted:
		return nil, o.planDay(ctx, o.cal.Today(now), now)
	case jobLapse:
		return nil, o.lapseApproval(ctx, j.Ref, now)
	case jobForget:
		return nil, o.store.Forget(ctx, now)
	case jobSlot:
		return o.settleSlot(ctx, j, now)
	case jobPhoto:
		return nil, o.store.ForgetPhotos(ctx, 0, now)
	case jobSight:
		return nil, o.askSight(ctx, now)
	case jobEcho:
		return nil, o.believe(ctx, j, now)
	case jobDigest:
		return []Job{{Key: j.Key, Kind: jobDigest, At: o.nextDigest(now)}}, o.digest(ctx, now)
	}
	return nil, fmt.Errorf("unknown kind of job %q", j.Kind)
}

// beginDay opens the periods of a local day, plans its slots and notes vacancies; days the PC
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
	if err := o.noteVacancies(ctx, now); err != nil {
		return nil, err
	}
	// Yesterday's reminders are not made up for on top of today's.
	if err := o.store.MuteStale(ctx, day.Start(o.cal.Zone()), now); err != nil {
		return nil, err
	}
	return []Job{{Key: j.Key, Kind: jobDay, At: day.AddDays(1).Start(o.cal.Zone())}}, nil
}

// readyPush lets a push go whose cooling delay is over. One that was approved
// before is started, if a crash kept its approval from it; one that was
// cancelled or voided meanwhile is left alone.
func (o *Office) readyPush(ctx context.Context, id int64, now time.Time) error {
	halted, _, err := o.store.Halted(ctx)
	if err != nil {
		return err
	}
	if halted {
		return o.stopCooling(ctx, now)
	}
	err = o.ApprovePush(ctx, roster.Clock(), id, now)
	if !errors.Is(err, ErrState) {
		return err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil || now.Before(p.Opens) {
		return err
	}
	return o.startPush(ctx, id, now)
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
	if p, err := o.store.Push(ctx, h.Push); err != nil || p.State == PushCancelled {
		return err
	}
	if first := o.cal.AddWorking(h.ReadableAt, remindAfter); now.Before(first) {
		return again(first)
	}
	text := fmt.Sprintf("【提醒 #%d】还有 %d 个群待转发，时限%s前。\n转好请回：已转 %d\n不用再提醒请回：收到", h.ID, h.All-h.Done, o.say(h.Due), h.ID)
	key := fmt.Sprintf("remind:%d:%s", h.ID, o.cal.Today(now))
	if _, err := o.remind(ctx, h.Person, h.ID, key, text, now); err != nil {
		return err
	}
	return again(o.cal.NextWorkday(o.cal.Today(now).AddDays(1)).At(9, 0, o.cal.Zone()))
}

const remindAfter = 2 * time.Hour

// PackRead tells the office that a handoff's pack lies readable from now, with
// all the groups that have come to it: its reminders are set, and a relay's
// working time runs from here. The sender calls it after the last message.
func (o *Office) PackRead(ctx context.Context, handoff int64, now time.Time) error {
	h, err := o.store.Handoff(ctx, handoff)
	if err != nil || !h.State.Open() {
		return err
	}
	p, err := o.store.Push(ctx, h.Push)
	if err != nil {
		return err
	}
	anew := h.By == "chat" && h.ReadableAt.Before(now.Truncate(time.Millisecond)) // more groups came to it
	if anew {
		h.ReadableAt = now
	}
	if anew || p.Relay {
		if err := o.runFrom(ctx, roster.Clock(), h, p, now, now); err != nil {
			return err
		}
	}
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("remind:%d", handoff), Kind: jobHandoffDue, Ref: handoff, At: o.cal.AddWorking(now, remindAfter)}})
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

// Job is something that becomes due.
type Job struct {
	Key  string // unique
	Kind string
	Ref  int64
	At   time.Time
}

// ClockStore keeps what is due and the office's switches.
type ClockStore interface {
	// Audit is where the audit log ends now, as it is printed.
	Audit(ctx context.Context) (string, error)
	// Jobs due by now, earliest first, at most limit: one indexed look-up.
	Jobs(ctx context.Context, now time.Time, limit int) ([]Job, error)
	// NextJob is when the next is due; false: none.
	NextJob(ctx context.Context) (time.Time, bool, error)
	// PutJobs inserts or moves jobs by key.
	PutJobs(ctx context.Context, jobs []Job) error
	// EndJob removes the job, if it still is as given, and puts others, in one
	// transaction.
	EndJob(ctx context.Context, j Job, next []Job) error
	// Halted reports whether 停发 is on, and since when.
	Halted(ctx context.Context) (bool, time.Time, error)
	SetHalt(ctx context.Context, a roster.Actor, on bool, now time.Time) error
	// Halts are the times before an instant in which 停发 was on, oldest first.
	Halts(ctx context.Context, before time.Time) ([]coverage.Span, error)
	// Mark and MarkOf keep small facts (last slot planned to, pace …).
	Mark(ctx context.Context, key, value string) error
	MarkOf(ctx context.Context, key string) (string, error)
	// Kind tells what a #number is: "push", "delivery", "handoff", "flag",
	// "vacancy", "task", or "question" until it is answered.
	Kind(ctx context.Context, number int64) (string, error)
	// Log writes a row that belongs to no other change.
	Log(ctx context.Context, a roster.Actor, verb, ref, note string, now time.Time) error
}
