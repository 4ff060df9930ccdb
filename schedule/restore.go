package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// HeldByRestore is why a delivery is held after a restore: only Release lets it
// go.
const HeldByRestore = "从备份恢复或换过数据目录，等人放行"

// MarkRestored keeps the last restore.
const MarkRestored = "restored"

// Restore is a time of which the ledger knows nothing any more, because a backup
// or a copy was put in its place: (From, To). Words that were said in it are lost, and no
// village is to blame for that.
type Restore struct {
	Epoch int64     `json:"epoch"`
	From  time.Time `json:"from"` // the last thing the backup knows
	To    time.Time `json:"to"`
	// Blind: the attempt journal could not tell what left after the backup, or
	// after a data directory that is now the true one was copied.
	Blind bool `json:"blind"`
	// Asking: AfterRestore is not through yet, so nothing may be done before it is.
	Asking bool `json:"asking,omitempty"`
}

// Restored is the last restore; a zero Epoch when there was none.
func (o *Office) Restored(ctx context.Context) (r Restore, err error) {
	text, err := o.store.MarkOf(ctx, MarkRestored)
	if err != nil || text == "" {
		return r, err
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("read the mark of the last restore: %w", err)
	}
	return r, nil
}

// AfterRestore asks everybody again, gently, who had an open handoff when the
// backup was made: the answer may be lost, and who has answered once need not
// answer again. So the handoff counts from now on as one that nobody has got, of
// which no keeper is the cause (design rule 7). It returns how many there are. Cut
// short, the last restore stays Asking, and doing it all again asks nobody twice.
func (o *Office) AfterRestore(ctx context.Context, a roster.Actor, r Restore, now time.Time) (asked int, err error) {
	if err := allow(a, roster.Restore, a.Unit); err != nil {
		return 0, err
	}
	hs, err := o.store.Handoffs(ctx, HandoffFilter{States: []HandoffState{HandoffOpen, HandoffPart}, Wanted: true})
	if err != nil {
		return 0, err
	}
	var ns []Notice
	for _, h := range hs {
		h.ReadableAt, h.By, h.Acked = time.Time{}, "", false
		if err := o.store.SaveHandoff(ctx, a, h.State, h, now); err != nil {
			return 0, fmt.Errorf("open handoff %d anew: %w", h.ID, err)
		}
		asked++
		if h.Person == 0 {
			continue
		}
		text := fmt.Sprintf("【再问一句 #%d】办公室换过电脑或从备份恢复过，%s到%s之间您回的话可能没有留下，对不住。\n已经转过的，不用再转，请再回一次，写上哪天转的：已转 %d 6月2日\n还没转的，方便时转即可。",
			h.ID, o.say(r.From), o.say(r.To), h.ID)
		ns = append(ns, Notice{Person: h.Person, Handoff: h.ID, Key: fmt.Sprintf("restored:%d:%d", r.Epoch, h.ID),
			Part: content.Part{Kind: content.Text, Text: text}, Due: o.cal.NextSpeak(now), State: Queued})
	}
	if _, err := o.store.AddNotices(ctx, ns, now); err != nil {
		return 0, err
	}
	r.Asking = false
	text, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	return asked, o.store.Mark(ctx, MarkRestored, string(text))
}

// mayKnow is what a handoff of a push says that may have been asked for
// already, in a time of which the ledger knows nothing.
func (o *Office) mayKnow(ctx context.Context, h Handoff, p Push) (string, error) {
	r, err := o.Restored(ctx)
	if err != nil || r.Epoch == 0 || p.Opens.After(r.To) || h.CreatedAt.Before(r.To) {
		return "", err
	}
	return fmt.Sprintf("办公室换过电脑或从备份恢复过：之前若已经转过，不用再转，直接回：已转 %d\n", h.ID), nil
}

// mayHaveGone reports whether a push of the timetable may have gone out already,
// in a time of which neither ledger nor journal knows anything.
func (o *Office) mayHaveGone(ctx context.Context, p Push) (bool, error) {
	r, err := o.Restored(ctx)
	return r.Blind && p.Slot != "" && p.Opens.Before(r.To), err
}

// CloseJob is the job that ends a push's window.
func CloseJob(p Push) Job { return windowJobs(p.ID, p)[2] }
