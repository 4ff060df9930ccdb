package schedule

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// Halt is 停发: one person, at once, durable when it returns.
func (o *Office) Halt(ctx context.Context, a roster.Actor, now time.Time) error {
	if err := allow(a, roster.Halt, a.Unit); err != nil {
		return err
	}
	if err := o.store.Mark(ctx, markResume, ""); err != nil {
		return err
	}
	if err := o.store.SetHalt(ctx, a, true, now); err != nil {
		return err
	}
	return o.stopCooling(ctx, now)
}

// markResume keeps who asked for 恢复, and when it comes by the delay.
const markResume = "resume"

// Resume is 恢复: the second of two persons resumes at once; one person alone
// resumes after the cooling delay. It returns when sending goes on. Without 停发
// it ends the wait of an open circuit breaker, by anybody's word.
func (o *Office) Resume(ctx context.Context, a roster.Actor, now time.Time) (time.Time, error) {
	if err := allow(a, roster.Resume, a.Unit); err != nil {
		return time.Time{}, err
	}
	halted, _, err := o.store.Halted(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if !halted {
		if tried, err := o.tryAgain(ctx, a, now); tried || err != nil {
			return now, err
		}
		return time.Time{}, problem(ErrState, "现在没有停发")
	}
	asked, err := o.store.MarkOf(ctx, markResume)
	if err != nil {
		return time.Time{}, err
	}
	me := "person/" + strconv.FormatInt(a.Person, 10)
	if a.Person == 0 {
		me = "by/" + strings.ReplaceAll(a.By, " ", "_")
	}
	who, since, _ := strings.Cut(asked, " ")
	if asked != "" && !nameless(a) {
		same, err := o.saidBy(ctx, who, a)
		if err != nil {
			return time.Time{}, err
		}
		if !same {
			return now, o.resume(ctx, a, now)
		}
	}
	if ms, err := strconv.ParseInt(since, 10, 64); err == nil { // asked before: the delay runs already
		return time.UnixMilli(ms), nil
	}
	at := o.cal.AddWorking(now, o.settings.Cooling)
	if err := o.store.Mark(ctx, markResume, fmt.Sprintf("%s %d", me, at.UnixMilli())); err != nil {
		return time.Time{}, err
	}
	return at, o.store.PutJobs(ctx, []Job{{Key: "resume", Kind: jobResume, At: at}})
}

func (o *Office) resume(ctx context.Context, a roster.Actor, now time.Time) error {
	// In this order a crash in the middle leaves 停发 on, and who asked for 恢复 known.
	if err := o.coolAgain(ctx, now); err != nil {
		return err
	}
	if err := o.store.SetHalt(ctx, a, false, now); err != nil {
		return err
	}
	return o.store.Mark(ctx, markResume, "")
}

// saidBy reports whether the mark of who asked first names the actor.
func (o *Office) saidBy(ctx context.Context, who string, a roster.Actor) (bool, error) {
	if id, ok := strings.CutPrefix(who, "person/"); ok {
		n, _ := strconv.ParseInt(id, 10, 64)
		return o.samePerson(ctx, n, "", a)
	}
	return o.samePerson(ctx, 0, strings.ReplaceAll(strings.TrimPrefix(who, "by/"), "_", " "), a)
}

// resumeDue resumes when the delay is over, unless 停发 was said again.
func (o *Office) resumeDue(ctx context.Context, now time.Time) error {
	asked, err := o.store.MarkOf(ctx, markResume)
	if err != nil || asked == "" {
		return err
	}
	return o.resume(ctx, roster.Clock(), now)
}
