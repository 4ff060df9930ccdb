package runner

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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
	maxStrikes   = 5 // consecutive unproven tries before the account rests
	strikeRest   = 10 * time.Minute
)

// rests are how long the account rests after each 操作过于频繁 (reliability.md §3.3).
var rests = [...]time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// judge turns an answer of the sender into what to do, and sets when the
// account's queue may go on.
func (r *Runner) judge(ctx context.Context, err error, kind content.Media, tries int, now time.Time) verdict {
	r.nextAt = now.Add(r.gap(kind))
	if err == nil {
		r.strikes = 0
		return verdict{outcome: schedule.Accepted}
	}
	switch schedule.NextOf(err) {
	case schedule.RetryLater:
		r.strike(now)
		if tries+1 >= maxTries {
			return verdict{outcome: schedule.Queued, hold: true, reason: "多次没有发出", retryAt: now.Add(lastBackOff)}
		}
		return verdict{outcome: schedule.Queued, reason: "没有发出，稍后再试", retryAt: now.Add(r.backOff(tries))}
	case schedule.StopAccount:
		r.Rest(ctx, now)
		return verdict{outcome: schedule.Queued, reason: "微信提示操作过于频繁，账号休息", retryAt: r.nextAt}
	case schedule.AwaitSession:
		return verdict{outcome: schedule.Queued, reason: "登录已失效", retryAt: now}
	case schedule.AwaitPerson:
		return verdict{outcome: schedule.Queued, reason: "账号被限制登录", retryAt: now}
	case schedule.HoldGroup:
		return verdict{outcome: schedule.Queued, hold: true, reason: schedule.HeldNoHandle, retryAt: now}
	case schedule.GiveUp:
		return verdict{outcome: schedule.Failed, reason: "图片或文件缺失、有改动或太大"}
	}
	r.strike(now)
	return verdict{outcome: schedule.Uncertain, reason: "没有收到微信的答复，不知道发出没有"}
}

// strike counts a try that proved nothing; too many in a row rest the account,
// so that a bad hour does not make every group uncertain.
func (r *Runner) strike(now time.Time) {
	if r.strikes++; r.strikes >= maxStrikes {
		r.strikes = 0
		r.nextAt = now.Add(strikeRest)
	}
}

// gap is the jittered pause after a message.
func (r *Runner) gap(kind content.Media) time.Duration {
	s := r.office.Settings()
	pace := s.PicturePace
	if kind == content.Text || kind == content.Link {
		pace = s.TextPace
	}
	if pace.Max <= pace.Min {
		return pace.Min
	}
	return pace.Min + time.Duration(r.random.Int64N(int64(pace.Max-pace.Min)))
}

// backOff is full jitter below a doubling limit.
func (r *Runner) backOff(tries int) time.Duration {
	limit := min(firstBackOff<<min(tries, 10), lastBackOff)
	return time.Duration(r.random.Int64N(int64(limit))) + time.Second
}

// markRest keeps how often and until when the account rests: a restart must not
// wake it.
const markRest = "account-rest"

// Rest stops the whole account, longer each time within a day: the service
// asked it to slow down, by a code or by a notice in a group.
func (r *Runner) Rest(ctx context.Context, now time.Time) {
	level, until := 0, time.Time{}
	if s, err := r.store.MarkOf(ctx, markRest); err == nil {
		level, until = parseRest(s)
	}
	if now.Sub(until) > 24*time.Hour {
		level = 0
	}
	level = min(level, len(rests)-1)
	r.nextAt = now.Add(rests[level])
	// Without the mark the rest stands in memory only: a restart would wake the
	// account, so the failure is reported by the next Step.
	r.fault = r.store.Mark(ctx, markRest, fmt.Sprintf("%d %d", level+1, r.nextAt.UnixMilli()))
}

// readRest takes up a rest that a restart interrupted.
func (r *Runner) readRest(ctx context.Context) error {
	s, err := r.store.MarkOf(ctx, markRest)
	if err != nil {
		return fmt.Errorf("read the account's rest: %w", err)
	}
	if _, until := parseRest(s); !until.IsZero() {
		r.nextAt = until
	}
	return nil
}

func parseRest(s string) (level int, until time.Time) {
	a, b, ok := strings.Cut(s, " ")
	level, err := strconv.Atoi(a)
	ms, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err != nil || err2 != nil {
		return 0, time.Time{}
	}
	return level, time.UnixMilli(ms)
}
