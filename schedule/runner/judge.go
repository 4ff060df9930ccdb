package runner

import (
	"context"
	"time"

	"tongluo/content"
	"tongluo/schedule"
)

// verdict is what becomes of a message after a try.
type verdict struct {
	outcome schedule.PartState
	reason  string
	retryAt time.Time
	hold    bool
}

const (
	firstBackOff = 5 * time.Second
	lastBackOff  = 10 * time.Minute
	maxTries     = 5
)

// judge turns an answer of the sender into what to do, and sets when the
// account's queue may go on.
func (r *Runner) judge(ctx context.Context, err error, kind content.Media, tries int, now time.Time) verdict {
	r.nextAt = now.Add(r.gap(kind, now))
	if err == nil {
		return verdict{outcome: schedule.Accepted}
	}
	switch schedule.NextOf(err) {
	case schedule.RetryLater:
		r.didNotGo(ctx, false, now)
		if tries+1 >= maxTries {
			return verdict{outcome: schedule.Queued, hold: true, reason: "多次没有发出", retryAt: now.Add(lastBackOff)}
		}
		return verdict{outcome: schedule.Queued, reason: "没有发出，稍后再试", retryAt: now.Add(r.backOff(tries))}
	case schedule.StopAccount:
		r.Rest(ctx, now)
		return verdict{outcome: schedule.Queued, reason: "微信提示操作过于频繁，账号休息", retryAt: r.ready()}
	case schedule.AwaitSession:
		return verdict{outcome: schedule.Queued, reason: "登录已失效", retryAt: now}
	case schedule.AwaitPerson:
		return verdict{outcome: schedule.Queued, reason: "账号被限制登录", retryAt: now}
	case schedule.HoldGroup:
		return verdict{outcome: schedule.Queued, hold: true, reason: schedule.HeldNoHandle, retryAt: now}
	case schedule.GiveUp:
		return verdict{outcome: schedule.Failed, reason: unsound}
	}
	r.didNotGo(ctx, true, now)
	return verdict{outcome: schedule.Uncertain, reason: "没有收到微信的答复，不知道发出没有"}
}

// gap is the jittered pause after a message, longer for days after a rest.
func (r *Runner) gap(kind content.Media, now time.Time) time.Duration {
	s := r.office.Settings()
	pace := s.PicturePace
	if kind == content.Text || kind == content.Link {
		pace = s.TextPace
	}
	gap := pace.Min
	if pace.Max > pace.Min {
		gap += time.Duration(r.random.Int64N(int64(pace.Max - pace.Min)))
	}
	return time.Duration(float64(gap) * paceAt(r.pauses.Rest, now))
}

// backOff is full jitter below a doubling limit.
func (r *Runner) backOff(tries int) time.Duration {
	limit := min(firstBackOff<<min(tries, 10), lastBackOff)
	return time.Duration(r.random.Int64N(int64(limit))) + time.Second
}
