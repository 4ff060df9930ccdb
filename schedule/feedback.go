package schedule

import (
	"context"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// Feedback 反馈 passes a sentence on to the office staff in charge of the
// actor's unit, as a private message to each and nowhere else. It returns how
// many get it, and when they are first told: not at night.
func (o *Office) Feedback(ctx context.Context, a roster.Actor, text string, now time.Time) (told int, at time.Time, err error) {
	if err := allow(a, roster.Feedback, a.Unit); err != nil {
		return 0, at, err
	}
	if text = strings.TrimSpace(text); text == "" {
		return 0, at, problem(ErrInput, "请写上要告诉办公室的话，如：反馈 便民群换了群主")
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return 0, at, err
	}
	unit := a.Unit[strings.LastIndexByte(a.Unit, '/')+1:]
	at = o.cal.NextSpeak(now)
	var ns []Notice
	for _, p := range r.Persons {
		if p.Role != roster.Staff || p.Tag == "" || p.Until != "" || p.UnitPath == "" || p.ID == a.Person || !roster.Under(a.Unit, p.UnitPath) {
			continue
		}
		ns = append(ns, Notice{Person: p.ID, Key: fmt.Sprintf("feedback:%d:%d:%d:%x", a.Person, p.ID, now.UnixMilli(), crc32.ChecksumIEEE([]byte(text))), Due: at, State: Queued,
			Part: content.Part{Kind: content.Text, Text: fmt.Sprintf("【反馈】%s %s：\n%s", unit, a.Name, text)}})
	}
	if len(ns) == 0 {
		return 0, at, problem(ErrState, "花名册里没有能收到的办公室人员，请直接打电话给办公室")
	}
	if _, err := o.store.AddNotices(ctx, ns, now); err != nil {
		return 0, at, fmt.Errorf("pass on feedback: %w", err)
	}
	return len(ns), at, o.store.Log(ctx, a, string(roster.Feedback), "", fmt.Sprintf("%d told", len(ns)), now)
}
