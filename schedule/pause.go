package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tongluo/schedule/roster"
)

// The marks under which the runner keeps its two pauses, so that a restart does
// not end them and whoever watches over the office can read them.
const (
	markRest  = "account-rest"
	markBreak = "account-break"
)

// Rest is the whole account's pause after 操作过于频繁: nothing leaves before
// Until, to nobody. It stays on record when it is over, for the next one.
type Rest struct {
	Since time.Time `json:"since"` // when it began, zero for none ever
	Until time.Time `json:"until"`
	Level int       `json:"level"` // the rung the next one would stand on
	Pace  float64   `json:"pace"`  // by how much messages lay further apart, as of Since
}

// Break is an open circuit breaker: too many messages in a row proved nothing.
// Until Until nothing is sent but answers; then one message is a trial.
type Break struct {
	Since time.Time `json:"since"` // zero: it is closed
	Until time.Time `json:"until"`
	Level int       `json:"level"` // trials that failed
	Row   int       `json:"row"`   // consecutive messages that did not go, when it opened
	Lost  int       `json:"lost"`  // of the last messages, how many nobody can vouch for
}

// Open reports whether nothing is sent until a trial succeeds.
func (b Break) Open() bool { return !b.Since.IsZero() }

// Pauses are why the account sends nothing by itself for a while, as last
// written by the runner. Rest may be over; Break is closed when it is not Open.
type Pauses struct {
	Rest  Rest
	Break Break
}

// ReadPauses reads both marks; never written is the zero value.
func ReadPauses(ctx context.Context, s ClockStore) (p Pauses, err error) {
	for key, into := range map[string]any{markRest: &p.Rest, markBreak: &p.Break} {
		text, err := s.MarkOf(ctx, key)
		if err != nil {
			return Pauses{}, fmt.Errorf("read %s: %w", key, err)
		}
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return Pauses{}, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return p, nil
}

// SaveRest keeps a rest.
func SaveRest(ctx context.Context, s ClockStore, r Rest) error { return saveMark(ctx, s, markRest, r) }

// SaveBreak keeps a breaker; a closed one is forgotten.
func SaveBreak(ctx context.Context, s ClockStore, b Break) error {
	if !b.Open() {
		return s.Mark(ctx, markBreak, "")
	}
	return saveMark(ctx, s, markBreak, b)
}

func saveMark(ctx context.Context, s ClockStore, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("keep %s: %w", key, err)
	}
	return s.Mark(ctx, key, string(text))
}

// Pauses says what keeps the account from sending; for screens and alerts.
func (o *Office) Pauses(ctx context.Context, a roster.Actor) (Pauses, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return Pauses{}, err
	}
	return ReadPauses(ctx, o.store)
}

// PauseLines are the pauses in the words of the office's digest.
func (o *Office) PauseLines(ctx context.Context, a roster.Actor, now time.Time) ([]string, error) {
	p, err := o.Pauses(ctx, a)
	if err != nil {
		return nil, err
	}
	var lines []string
	if now.Before(p.Rest.Until) {
		lines = append(lines, fmt.Sprintf("微信提示操作过于频繁，账号休息到%s，到时自己接着发", o.say(p.Rest.Until)))
	}
	if p.Break.Open() {
		lines = append(lines, fmt.Sprintf("发送暂停着：%s。%s先试一条；修好了请回：恢复", p.Break.why(), o.say(p.Break.Until)))
	}
	return lines, nil
}

func (b Break) why() string {
	if b.Row > 0 {
		return fmt.Sprintf("接连 %d 条没有发成", b.Row)
	}
	return fmt.Sprintf("近来 %d 条不知道发出没有", b.Lost)
}

// Resting tells the office, once, that the account rests. It goes out when the
// rest is over: other roads are for whoever watches Pauses.
func (o *Office) Resting(ctx context.Context, r Rest, now time.Time) error {
	text := fmt.Sprintf("【账号休息】%s微信提示操作过于频繁，账号休息到%s，期间什么都没发。\n现在已经自己接着发，发不完的到点转给人。\n看排着的请回：队列",
		o.say(r.Since), o.say(r.Until))
	if err := o.store.Log(ctx, roster.Clock(), "rest", "account", fmt.Sprintf("level %d", r.Level), now); err != nil {
		return err
	}
	return o.tellStaff(ctx, fmt.Sprintf("resting:%d", r.Since.UnixMilli()), text, now)
}

// Broken tells the office, once, that sending is paused.
func (o *Office) Broken(ctx context.Context, b Break, now time.Time) error {
	text := fmt.Sprintf("【发送暂停】%s，先停到%s，再自己试一条，成了就接着发。\n请看一眼办公室电脑的网络和微信。\n修好了请回：恢复", b.why(), o.say(b.Until))
	if err := o.store.Log(ctx, roster.Clock(), "break", "account", fmt.Sprintf("row %d lost %d", b.Row, b.Lost), now); err != nil {
		return err
	}
	return o.tellStaff(ctx, fmt.Sprintf("broken:%d", b.Since.UnixMilli()), text, now)
}

// tellStaff puts a text before everybody of the office.
func (o *Office) tellStaff(ctx context.Context, key, text string, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	var who []roster.Person
	for _, p := range r.Persons {
		if (p.Role == roster.Staff || p.Role == roster.Admin) && p.Until == "" {
			who = append(who, p)
		}
	}
	return o.tell(ctx, who, key, text, now)
}

// tryAgain is 恢复 while nothing is stopped but the breaker is open: the trial
// comes at once. False when it is closed.
func (o *Office) tryAgain(ctx context.Context, a roster.Actor, now time.Time) (bool, error) {
	p, err := ReadPauses(ctx, o.store)
	if err != nil || !p.Break.Open() {
		return false, err
	}
	p.Break.Until = now
	if err := SaveBreak(ctx, o.store, p.Break); err != nil {
		return false, err
	}
	return true, o.store.Log(ctx, a, string(roster.Resume), "account", "trial", now)
}
