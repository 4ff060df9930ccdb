package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// Outcome is what became of a slot on a day.
type Outcome string

// The outcomes. Exactly one of the last three stands when the window is over,
// and it never changes.
const (
	SlotPlanned   Outcome = "planned"   // 还没到: its window is not over
	SlotFired     Outcome = "fired"     // 办了: its groups were served in the window, by the bot or by people
	SlotMissed    Outcome = "missed"    // 错过: none of its groups was served in the window
	SlotCancelled Outcome = "cancelled" // 没有: nothing was owed, nothing fitted, or somebody stopped it
)

// Occasion is one slot on one local day.
type Occasion struct {
	Day           calendar.Date
	Slot          string
	Opens, Closes time.Time
	Outcome       Outcome
	Why           string // Chinese, "" when there is nothing to explain
	All           int    // groups it was to serve
	Missed        int    // of them, those its window did not serve
	Handed        int    // of those, the ones people carry instead
	SettledAt     time.Time
}

// SlotTally is what the ledger says of a slot on a day.
type SlotTally struct {
	All, Missed, Handed, Cancelled int
	Open                           int    // those without an outcome yet
	Why                            string // the commonest reason of what was missed
	NoItem                         bool   // groups were due and nothing in the library fitted
}

// SlotStore keeps the occasions of slots, and when nobody kept the clock.
type SlotStore interface {
	// NoteSlots inserts those that are not there yet, as planned.
	NoteSlots(ctx context.Context, os []Occasion, now time.Time) error
	// SlotTally counts the deliveries of a slot on a day.
	SlotTally(ctx context.Context, day calendar.Date, slot string) (SlotTally, error)
	// SettleSlot gives a planned occasion its outcome; ErrStale when it has one.
	SettleSlot(ctx context.Context, o Occasion, now time.Time) error
	// Occasions in [from, to], by day and opening.
	Occasions(ctx context.Context, from, to calendar.Date) ([]Occasion, error)
	// Latest is the last instant on record, zero for a new office: the present
	// cannot lie before it.
	Latest(ctx context.Context) (time.Time, error)
	// Beat puts on record that the clock was kept until now.
	Beat(ctx context.Context, now time.Time) error
	// BelieveClock makes now the last instant on record, although later ones stand there.
	BelieveClock(ctx context.Context, a roster.Actor, now time.Time) error
	// NoteAbsence records a time in which nobody kept the clock.
	NoteAbsence(ctx context.Context, from, to time.Time) error
	// Absences that touch [from, to), cut to it, oldest first.
	Absences(ctx context.Context, from, to time.Time) ([]coverage.Span, error)
	// NoteDeaf records a time in which no answer could be heard although the
	// clock was kept; DeafTimes are those that touch [from, to), cut to it.
	NoteDeaf(ctx context.Context, from, to time.Time) error
	DeafTimes(ctx context.Context, from, to time.Time) ([]coverage.Span, error)
}

// noteSlots puts the slots of a day on record, each with the job that settles it.
func (o *Office) noteSlots(ctx context.Context, day calendar.Date, now time.Time) error {
	var all []Occasion
	var jobs []Job
	for _, s := range o.settings.Slots {
		for _, occ := range s.Cron.Days(day, day.AddDays(1)) {
			all = append(all, Occasion{Day: day, Slot: s.Name, Opens: occ.At, Closes: occ.At.Add(s.Length)})
			jobs = append(jobs, Job{Key: slotKey(day, s.Name), Kind: jobSlot, At: occ.At.Add(s.Length)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := o.store.NoteSlots(ctx, all, now); err != nil {
		return fmt.Errorf("note the slots of %s: %w", day, err)
	}
	return o.store.PutJobs(ctx, jobs)
}

// slotKey sorts after close:, so that the pushes of a window are closed before
// its slot is settled.
func slotKey(day calendar.Date, slot string) string { return fmt.Sprintf("slot:%s:%s", day, slot) }

// settleSlot gives a slot its outcome. Doing it again changes nothing. What of
// it is still open, because its window was moved or could not be closed, is
// waited for, though not for ever.
func (o *Office) settleSlot(ctx context.Context, j Job, now time.Time) ([]Job, error) {
	on, slot, _ := strings.Cut(strings.TrimPrefix(j.Key, "slot:"), ":")
	day, err := calendar.ParseDate(on)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", j.Key, err)
	}
	all, err := o.store.Occasions(ctx, day, day)
	if err != nil {
		return nil, err
	}
	for _, occ := range all {
		if occ.Slot != slot || occ.Outcome != SlotPlanned {
			continue
		}
		t, err := o.store.SlotTally(ctx, day, slot)
		if err != nil {
			return nil, err
		}
		if t.Open > 0 && now.Before(occ.Closes.Add(longestSettling)) {
			j.At = now.Add(settleAgain)
			return []Job{j}, nil
		}
		return nil, o.store.SettleSlot(ctx, occ.settled(t), now)
	}
	return nil, nil
}

const settleAgain, longestSettling = 10 * time.Minute, 24 * time.Hour

// settled is the occasion with the outcome that the ledger gives it.
func (o Occasion) settled(t SlotTally) Occasion {
	t.Missed += t.Open // what could not be closed in all that time was not done
	if t.Open > 0 && t.Why == "" {
		t.Why = missedCrowded
	}
	o.All, o.Missed, o.Handed, o.Why = t.All, t.Missed, t.Handed, t.Why
	switch {
	case t.All == 0 && t.NoItem:
		o.Outcome, o.Why = SlotCancelled, "没有合适的素材"
	case t.All == 0:
		o.Outcome, o.Why = SlotCancelled, "没有要发的群"
	case t.Cancelled == t.All:
		o.Outcome, o.Why = SlotCancelled, "推送都取消了"
	case t.Missed > 0 && t.Missed+t.Cancelled == t.All && t.Why == MissedInHalt:
		o.Outcome = SlotCancelled
	case t.Missed > 0 && t.Missed+t.Cancelled == t.All:
		o.Outcome = SlotMissed
	default:
		o.Outcome = SlotFired
	}
	return o
}

// Line says in Chinese what an occasion left undone, "" when it left nothing.
func (o Occasion) Line() string {
	name := fmt.Sprintf("%d月%d日 %s：", int(o.Day.Month()), o.Day.Day(), o.Slot)
	switch {
	case o.Missed > 0:
		line := fmt.Sprintf("%s%s，错过了 %d 个群", name, o.Why, o.Missed)
		if o.Missed < o.All {
			line = fmt.Sprintf("%s%s，%d 个群里错过了 %d 个", name, o.Why, o.All, o.Missed)
		}
		switch {
		case o.Handed == o.Missed:
			return line + "，都已转给负责人"
		case o.Handed > 0:
			return line + fmt.Sprintf("，%d 个已转给负责人", o.Handed)
		}
		return line + "，没有再补（这不怪村里）"
	case o.Outcome == SlotCancelled && o.All == 0 && o.Why == "没有合适的素材":
		return name + o.Why + "，没有发，请在素材库里补"
	}
	return ""
}

// Occasions are the slots of the local days [from, to] with their outcomes: the
// timetable is the whole office's.
func (o *Office) Occasions(ctx context.Context, a roster.Actor, from, to calendar.Date) ([]Occasion, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	return o.store.Occasions(ctx, from, to)
}

// MissedLines say which slots of the days before now left something undone, the
// newest first. Who has a part of the office only is told nothing: the figures are the whole's.
func (o *Office) MissedLines(ctx context.Context, a roster.Actor, days int, now time.Time) ([]string, error) {
	if strings.Contains(a.Unit, "/") {
		return nil, nil
	}
	today := o.cal.Today(now)
	all, err := o.Occasions(ctx, a, today.AddDays(-days), today)
	if err != nil {
		return nil, err
	}
	var lines []string
	for i := len(all) - 1; i >= 0; i-- {
		if line := all[i].Line(); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// The reasons of what a window did not serve.
const (
	MissedInHalt  = "停发期间未发"
	missedAway    = "电脑关了或睡着了"
	missedOffline = "时段内机器人不在线"
	missedResting = "微信提示操作过于频繁，账号在休息"
	missedPaused  = "接连没有发成，发送暂停着"
	missedCrowded = "时段内没有排到"
)

// longAway is from when on an absence inside a window explains what was missed in it.
const longAway = 5 * time.Minute

// whyMissed is why a window that is over did not serve everybody: what lasted
// longest in it. None of the reasons is a village's.
func (o *Office) whyMissed(ctx context.Context, p Push, halted bool) (string, error) {
	if halted {
		return MissedInHalt, nil
	}
	away, err := o.store.Absences(ctx, p.Opens, p.Closes)
	if err != nil {
		return "", err
	}
	deaf, err := o.store.DeafTimes(ctx, p.Opens, p.Closes)
	if err != nil {
		return "", err
	}
	pauses, err := ReadPauses(ctx, o.store)
	if err != nil {
		return "", err
	}
	why, longest := missedCrowded, longAway-1
	if !o.account.Status().Online() {
		why = missedOffline
	}
	broken := coverage.Span{From: pauses.Break.Since, To: p.Closes}
	if !pauses.Break.Open() {
		broken = coverage.Span{}
	}
	for _, c := range []struct {
		why string
		in  []coverage.Span
	}{{missedAway, away}, {missedOffline, deaf}, {missedResting, []coverage.Span{{From: pauses.Rest.Since, To: pauses.Rest.Until}}}, {missedPaused, []coverage.Span{broken}}} {
		if took := within(c.in, p); took > longest {
			why, longest = c.why, took
		}
	}
	return why, nil
}

// within is how much of a window the spans take.
func within(spans []coverage.Span, p Push) (took time.Duration) {
	for _, s := range spans {
		from, to := s.From, s.To
		if from.Before(p.Opens) {
			from = p.Opens
		}
		if to.After(p.Closes) {
			to = p.Closes
		}
		took += max(to.Sub(from), 0)
	}
	return took
}

// soon is how long before a window opens the PC is kept awake for it.
const soon = 10 * time.Minute

// Sending reports whether the window of a push is open, or about to open: the
// PC is not to fall asleep.
func (o *Office) Sending(ctx context.Context, now time.Time) (bool, error) {
	ps, err := o.store.Pushes(ctx, PushReady, PushRunning)
	for _, p := range ps {
		if !now.Before(p.Opens.Add(-soon)) && now.Before(p.Closes) {
			return true, nil
		}
	}
	return false, err
}
