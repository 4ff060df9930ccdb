package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// ReschedulePush implements schedule.PushStore.
func (db *DB) ReschedulePush(ctx context.Context, a roster.Actor, from schedule.PushState, p schedule.Push, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("reschedule push %d", p.ID), func(t *tx) error {
		err := t.hit(`UPDATE pushes SET state = $3, day = $4, opens = $5, closes = $6, ready_at = $7, hash = $8, mover = $9, relay = $10,
				approver = 0, approved_at = 0, reason = '' WHERE id = $1 AND state = $2`,
			p.ID, string(from), string(p.State), p.Day.String(), stampOf(p.Opens), stampOf(p.Closes), stampOf(p.ReadyAt), p.Hash,
			p.Mover, p.Relay)
		if err != nil {
			return err
		}
		live, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE push = $1 AND state IN ('queued', 'held') ORDER BY id`, p.ID)
		if err != nil {
			return err
		}
		for _, d := range live {
			if err := db.rewindow(t, a, d, p, now); err != nil {
				return err
			}
		}
		return t.note(a, string(roster.Reschedule), ref("push", p.ID), "from "+string(from), now)
	})
}

// rewindow gives a delivery that has not begun the window of its push.
func (db *DB) rewindow(t *tx, a roster.Actor, d schedule.Delivery, p schedule.Push, now time.Time) error {
	to, reason := schedule.Queued, ""
	switch {
	case d.State == schedule.Held && d.Reason == schedule.HeldByRestore: // 放行 is another question
		to, reason = schedule.Held, schedule.HeldByRestore
	case p.State == schedule.PushWaiting:
		to, reason = schedule.Held, schedule.HeldForApproval
	}
	d.Day, d.Opens, d.Closes, d.Due, d.Reason = p.Day, p.Opens, p.Closes, p.Opens, reason
	if d.State != to {
		if err := db.move(t, a, d, to, now); err != nil {
			return err
		}
		d.State = to
	}
	heardOn, _ := db.countedAs(d)
	_, err := t.exec(`UPDATE deliveries SET day = $2, opens = $3, closes = $4, due = $3, reason = $5, heard_on = $6, armed = $7 WHERE id = $1`,
		d.ID, d.Day.String(), stampOf(d.Opens), stampOf(d.Closes), d.Reason, heardOn, armed(p.State))
	return err
}
