package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// HandOver implements schedule.HandoverStore.
func (db *DB) HandOver(ctx context.Context, a roster.Actor, from int64, to schedule.Handoff, deliveries []int64, now time.Time) (id int64, err error) {
	err = db.change(ctx, fmt.Sprintf("hand over handoff %d", from), func(t *tx) error {
		old, err := only(list(t, scanHandoff, `SELECT `+handoffColumns+` FROM handoffs WHERE id = $1`, from))
		if err != nil {
			return err
		}
		if old.State != schedule.HandoffWaiting && !old.State.Open() {
			return schedule.ErrStale
		}
		if id, err = t.receive(to, len(deliveries), now); err != nil {
			return err
		}
		for _, d := range deliveries {
			if err := db.passOn(t, a, d, from, id, now); err != nil {
				return fmt.Errorf("delivery %d: %w", d, err)
			}
		}
		if err := t.shrink(old, id, now); err != nil {
			return err
		}
		return t.note(a, "hand over", ref("handoff", from), fmt.Sprintf("%d deliveries to handoff %d", len(deliveries), id), now)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// receive opens the new keeper's handoff, or adds to the one there is: whichever
// it is, its pack lies readable only from when it is read anew.
func (t *tx) receive(to schedule.Handoff, more int, now time.Time) (id int64, err error) {
	found, err := list(t, scanHandoff, `SELECT `+handoffColumns+` FROM handoffs
		WHERE push = $1 AND person = $2 AND unit_id = $3 AND hop = $4 AND obligation = $5`,
		to.Push, to.Person, to.Unit, to.Hop, to.Obligation)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		if to.ID, err = t.numbers(1); err != nil {
			return 0, err
		}
		return to.ID, t.insertHandoff(to, now)
	}
	h := found[0]
	switch h.State {
	case schedule.HandoffDone:
		h.State = schedule.HandoffPart
	case schedule.HandoffDeclined, schedule.HandoffLapsed, schedule.HandoffMoved:
		h.State = schedule.HandoffOpen
	}
	_, err = t.exec(`UPDATE handoffs SET state = $2, all_count = all_count + $3, due = max(due, $4), readable_at = 0, readable_by = '',
			acked = 0 WHERE id = $1`, h.ID, string(h.State), more, stampOf(to.Due))
	return h.ID, err
}

// passOn gives a delivery that waits for one person to another.
func (db *DB) passOn(t *tx, a roster.Actor, delivery, from, to int64, now time.Time) error {
	d, err := t.entry(delivery)
	if err != nil {
		return err
	}
	if d.State != schedule.Handed || d.Handoff != from {
		return schedule.ErrStale
	}
	d.Handoff, d.AskedAt = to, now
	logged, err := t.logMove(a, d, schedule.Handed, now)
	if err != nil {
		return err
	}
	return t.hit(`UPDATE deliveries SET handoff = $3, asked_at = $4, logged = $5 WHERE id = $1 AND state = 'handed' AND handoff = $2`,
		delivery, from, to, stampOf(now), logged)
}

// shrink is what remains of the old handoff: nothing, and it has moved; or what
// its person still carries.
func (t *tx) shrink(h schedule.Handoff, to int64, now time.Time) error {
	left, err := list(t, func(r row) (s string, err error) { return s, r.Scan(&s) },
		`SELECT state FROM deliveries WHERE push = $1 AND handoff <> 0 AND handoff = $2`, h.Push, h.ID)
	if err != nil {
		return err
	}
	waiting := slices.Contains(left, string(schedule.Handed))
	done := len(slices.DeleteFunc(slices.Clone(left), func(s string) bool { return s == string(schedule.Handed) }))
	switch {
	case len(left) == 0:
		h.State = schedule.HandoffMoved
	case !waiting && h.State.Open():
		h.State = schedule.HandoffDone
	}
	_, err = t.exec(`UPDATE handoffs SET state = $2, all_count = $3, done_count = $4 WHERE id = $1`,
		h.ID, string(h.State), len(left), done)
	if err != nil || h.State != schedule.HandoffMoved {
		return err
	}
	if _, err := t.exec(`UPDATE handoffs SET above = $2 WHERE above <> 0 AND above = $1`, h.ID, to); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE notices SET state = 'cancelled' WHERE handoff <> 0 AND handoff = $1 AND state = 'queued'`, h.ID)
	return err
}
