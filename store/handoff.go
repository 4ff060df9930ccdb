package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

const handoffColumns = `id, push, person, unit_id, hop, hops, above, state, readable_at, readable_by, due, done_count,
	all_count, remind_at, reminders, acked, answered_at, reason, obligation, created_at`

func scanHandoff(r row) (h schedule.Handoff, err error) {
	return h, r.Scan(&h.ID, &h.Push, &h.Person, &h.Unit, &h.Hop, &h.Hops, &h.Above, &h.State, stamp{&h.ReadableAt}, &h.By,
		stamp{&h.Due}, &h.Done, &h.All, stamp{&h.RemindAt}, &h.Reminders, &h.Acked, stamp{&h.AnsweredAt}, &h.Reason,
		&h.Obligation, stamp{&h.CreatedAt})
}

// OpenHandoff implements schedule.HandoffStore. One for a report is unique by
// its obligation too. Deliveries already in this handoff are passed over. More
// deliveries for a handoff that was answered make it partly done, or open again.
func (db *DB) OpenHandoff(ctx context.Context, a roster.Actor, h schedule.Handoff, deliveries []int64, now time.Time) (id int64, err error) {
	err = db.change(ctx, "open handoff", func(t *tx) error {
		found, err := list(t, scanHandoff, `SELECT `+handoffColumns+` FROM handoffs
			WHERE push = $1 AND person = $2 AND unit_id = $3 AND hop = $4 AND obligation = $5`,
			h.Push, h.Person, h.Unit, h.Hop, h.Obligation)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			id = found[0].ID
			return db.extendHandoff(t, a, found[0], deliveries, h.Due, now)
		}
		if h.ID, err = t.numbers(1); err != nil {
			return err
		}
		id = h.ID
		if err := t.insertHandoff(h, now); err != nil {
			return err
		}
		if _, err := db.handOver(t, a, h, deliveries, now); err != nil {
			return err
		}
		return t.note(a, "open handoff", ref("handoff", id), fmt.Sprintf("%d deliveries", len(deliveries)), now)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

func (t *tx) insertHandoff(h schedule.Handoff, now time.Time) error {
	_, err := t.exec(`INSERT INTO handoffs (`+handoffColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		h.ID, h.Push, h.Person, h.Unit, h.Hop, h.Hops, h.Above, string(h.State), stampOf(h.ReadableAt), h.By, stampOf(h.Due),
		h.Done, h.All, stampOf(h.RemindAt), h.Reminders, h.Acked, stampOf(h.AnsweredAt), h.Reason, h.Obligation,
		stampOf(orNow(h.CreatedAt, now)))
	return err
}

// extendHandoff adds deliveries to a handoff that is there already, though it may
// have ended.
func (db *DB) extendHandoff(t *tx, a roster.Actor, h schedule.Handoff, deliveries []int64, due, now time.Time) error {
	readable := h
	if !h.ReadableAt.IsZero() {
		readable.ReadableAt = now // these were not in the pack that lay there
	}
	added, err := db.handOver(t, a, readable, deliveries, now)
	if err != nil || added == 0 {
		return err
	}
	state := h.State
	switch state {
	case schedule.HandoffDone:
		state = schedule.HandoffPart
	case schedule.HandoffDeclined, schedule.HandoffLapsed, schedule.HandoffMoved:
		state = schedule.HandoffOpen
	}
	_, err = t.exec(`UPDATE handoffs SET all_count = all_count + $2, state = $3, acked = 0, due = max(due, $4) WHERE id = $1`,
		h.ID, added, string(state), stampOf(due))
	if err != nil {
		return err
	}
	return t.note(a, "extend handoff", ref("handoff", h.ID), fmt.Sprintf("%d deliveries", added), now)
}

// handOver moves deliveries to the person of a handoff and tells how many.
func (db *DB) handOver(t *tx, a roster.Actor, h schedule.Handoff, deliveries []int64, now time.Time) (moved int, err error) {
	for _, id := range deliveries {
		d, err := t.entry(id)
		if err != nil {
			return 0, fmt.Errorf("delivery %d: %w", id, err)
		}
		if d.State == schedule.Handed && d.Handoff == h.ID {
			continue
		}
		d.Handoff, d.Carrier, d.AskedAt, d.Reason = h.ID, roster.ByKeeper, now, ""
		d = applied(d, schedule.Change{To: schedule.Handed}, now)
		if err := db.move(t, a, d, schedule.Handed, now); err != nil {
			return 0, err
		}
		moved++
	}
	return moved, nil
}

// Handoff implements schedule.HandoffStore.
func (db *DB) Handoff(ctx context.Context, id int64) (h schedule.Handoff, err error) {
	err = db.view(ctx, fmt.Sprintf("read handoff %d", id), func(t *tx) error {
		h, err = only(list(t, scanHandoff, `SELECT `+handoffColumns+` FROM handoffs WHERE id = $1`, id))
		return err
	})
	return h, err
}

// Handoffs implements schedule.HandoffStore, in order of number.
func (db *DB) Handoffs(ctx context.Context, f schedule.HandoffFilter) (all []schedule.Handoff, err error) {
	w := handoffsWhere(f)
	err = db.view(ctx, "read handoffs", func(t *tx) error {
		return t.eachOnce(func(r row) error {
			h, err := scanHandoff(r)
			all = append(all, h)
			return err
		}, `SELECT `+handoffColumns+` FROM handoffs`+w.text()+` ORDER BY id`, w.args...)
	})
	return all, err
}

// CountHandoffs implements schedule.HandoffStore.
func (db *DB) CountHandoffs(ctx context.Context, f schedule.HandoffFilter) (n int, err error) {
	w := handoffsWhere(f)
	err = db.view(ctx, "count handoffs", func(t *tx) error {
		return t.eachOnce(func(r row) error { return r.Scan(&n) }, `SELECT COUNT(*) FROM handoffs`+w.text(), w.args...)
	})
	return n, err
}

func handoffsWhere(f schedule.HandoffFilter) (w where) {
	if f.Push != 0 {
		w.and("push = ?", f.Push)
	}
	if f.Person != 0 {
		w.and("person = ?", f.Person)
	}
	if f.Unit != "" {
		w.under("unit_id", f.Unit)
	}
	if f.Above != 0 {
		w.and("above <> 0 AND above = ?", f.Above)
	}
	if !f.Since.IsZero() {
		w.and("created_at >= ?", stampOf(f.Since))
	}
	if len(f.States) > 0 {
		w.and("state IN (SELECT value FROM json_each(?))", jsonText(f.States))
	}
	if f.Wanted {
		w.and("push NOT IN (SELECT id FROM pushes WHERE state = 'cancelled')")
	}
	if !f.DueBy.IsZero() {
		by := stampOf(f.DueBy)
		w.and("(due <> 0 AND due <= ? OR remind_at <> 0 AND remind_at <= ?)", by, by)
	}
	return w
}

// SaveHandoff implements schedule.HandoffStore.
func (db *DB) SaveHandoff(ctx context.Context, a roster.Actor, from schedule.HandoffState, h schedule.Handoff, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("save handoff %d", h.ID), func(t *tx) error { return t.saveHandoff(a, from, h, now) })
}

func (t *tx) saveHandoff(a roster.Actor, from schedule.HandoffState, h schedule.Handoff, now time.Time) error {
	var readable time.Time
	err := t.one(`SELECT readable_at FROM handoffs WHERE id = $1 AND state = $2`, []any{h.ID, string(from)}, stamp{&readable})
	if errors.Is(err, schedule.ErrNotFound) {
		return schedule.ErrStale
	}
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE handoffs SET state = $2, readable_at = $3, readable_by = $4, due = $5, done_count = $6,
			all_count = $7, remind_at = $8, reminders = $9, acked = $10, answered_at = $11, reason = $12
		WHERE id = $1`,
		h.ID, string(h.State), stampOf(h.ReadableAt), h.By, stampOf(h.Due), h.Done, h.All, stampOf(h.RemindAt), h.Reminders,
		h.Acked, stampOf(h.AnsweredAt), h.Reason)
	if err == nil && h.Acked { // a reminder that waits for the account, or for 恢复, is not wanted any more
		_, err = t.exec(`UPDATE notices SET state = 'cancelled' WHERE handoff <> 0 AND handoff = $1 AND reminder AND state = 'queued'`, h.ID)
	}
	if err != nil {
		return err
	}
	return t.note(a, "handoff "+string(h.State), ref("handoff", h.ID), h.Reason, now)
}

// Answer implements schedule.HandoffStore.
func (db *DB) Answer(ctx context.Context, a roster.Actor, from schedule.HandoffState, h schedule.Handoff, changes []schedule.Change, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("answer handoff %d", h.ID), func(t *tx) error {
		if err := t.saveHandoff(a, from, h, now); err != nil {
			return err
		}
		return db.shift(t, a, changes, now)
	})
}

// Requests implements schedule.RequestStore.
func (db *DB) Requests(ctx context.Context, from, to time.Time) (by map[int64]int, err error) {
	err = db.view(ctx, "count requests", func(t *tx) (err error) {
		by, err = t.byPerson(`SELECT person, COUNT(*) FROM handoffs WHERE created_at >= $1 AND created_at < $2 AND person <> 0 GROUP BY person`, stampOf(from), stampOf(to))
		return err
	})
	return by, err
}
