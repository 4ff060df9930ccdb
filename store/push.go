package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

const pushColumns = `id, slot, day, item, revision, selector, opens, closes, state, ready_at, hash, author, asker,
	approver, relay, created_at, reason, approved_at, mover`

func scanPush(r row) (p schedule.Push, err error) {
	return p, r.Scan(&p.ID, &p.Slot, day{&p.Day}, &p.Item, &p.Revision, &p.Selector, stamp{&p.Opens}, stamp{&p.Closes},
		&p.State, stamp{&p.ReadyAt}, &p.Hash, &p.Author, &p.By, &p.Approver, &p.Relay, stamp{&p.CreatedAt},
		&p.Reason, stamp{&p.ApprovedAt}, &p.Mover)
}

// armed reports whether a push's deliveries may go.
func armed(s schedule.PushState) bool {
	return s == schedule.PushReady || s == schedule.PushRunning
}

// PlanPush implements schedule.PushStore. What a delivery leaves empty of push,
// item, day, slot and window it has from the push; its due is not before its
// window opens.
func (db *DB) PlanPush(ctx context.Context, a roster.Actor, p schedule.Push, ds []schedule.Delivery, follow func(id int64) []schedule.Job, now time.Time) (id int64, planned int, err error) {
	err = db.change(ctx, "plan push", func(t *tx) error {
		fresh, err := notPlanned(t, p, ds)
		if err != nil || len(fresh) == 0 {
			return err
		}
		own := 1 // a push that was asked about has its number
		if p.ID != 0 {
			own = 0
		}
		first, err := t.numbers(own + len(fresh))
		if err != nil {
			return err
		}
		if p.ID == 0 {
			p.ID = first
		}
		if err := insertPush(t, p, now); err != nil {
			return err
		}
		for i, d := range fresh {
			d.ID, d.Push = first+int64(own+i), p.ID
			if err := db.insertDelivery(t, a, d, armed(p.State), now); err != nil {
				return fmt.Errorf("group %d: %w", d.Group, err)
			}
		}
		id, planned = p.ID, len(fresh)
		if follow != nil {
			if err := t.putJobs(follow(id)); err != nil {
				return err
			}
		}
		return t.note(a, string(roster.Queue), ref("push", id), fmt.Sprintf("%d deliveries", planned), now)
	})
	if err != nil {
		return 0, 0, err
	}
	return id, planned, nil
}

// notPlanned completes the deliveries and leaves out those whose slot is taken,
// and a group named twice.
func notPlanned(t *tx, p schedule.Push, ds []schedule.Delivery) ([]schedule.Delivery, error) {
	type slot struct {
		day  calendar.Date
		name string
	}
	taken := map[slot]map[int64]bool{}
	fresh := make([]schedule.Delivery, 0, len(ds))
	for _, d := range ds {
		d = complete(d, p)
		at := slot{d.Day, d.Slot}
		if taken[at] == nil {
			groups, err := plannedGroups(t, d.Day, d.Slot)
			if err != nil {
				return nil, err
			}
			taken[at] = groups
		}
		if !taken[at][d.Group] {
			taken[at][d.Group] = true
			fresh = append(fresh, d)
		}
	}
	return fresh, nil
}

// complete gives a delivery what it has from its push.
func complete(d schedule.Delivery, p schedule.Push) schedule.Delivery {
	d.Slot, d.Item = cmp.Or(d.Slot, p.Slot), cmp.Or(d.Item, p.Item)
	if d.Day.IsZero() {
		d.Day = p.Day
	}
	if d.Opens.IsZero() {
		d.Opens = p.Opens
	}
	if d.Closes.IsZero() {
		d.Closes = p.Closes
	}
	if d.Due.Before(d.Opens) {
		d.Due = d.Opens
	}
	if d.State == "" {
		d.State = schedule.Queued
	}
	return d
}

func insertPush(t *tx, p schedule.Push, now time.Time) error {
	if p.CreatedAt.IsZero() {
		p.CreatedAt = now
	}
	_, err := t.exec(`INSERT INTO pushes (`+pushColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		p.ID, p.Slot, p.Day.String(), p.Item, p.Revision, p.Selector, stampOf(p.Opens), stampOf(p.Closes), string(p.State),
		stampOf(p.ReadyAt), p.Hash, p.Author, p.By, p.Approver, p.Relay, stampOf(p.CreatedAt), p.Reason, stampOf(p.ApprovedAt), p.Mover)
	return err
}

// Push implements schedule.PushStore.
func (db *DB) Push(ctx context.Context, id int64) (p schedule.Push, err error) {
	err = db.view(ctx, fmt.Sprintf("read push %d", id), func(t *tx) error {
		found, err := list(t, scanPush, `SELECT `+pushColumns+` FROM pushes WHERE id = $1`, id)
		p, err = only(found, err)
		return err
	})
	return p, err
}

// Pushes implements schedule.PushStore.
func (db *DB) Pushes(ctx context.Context, states ...schedule.PushState) (all []schedule.Push, err error) {
	err = db.view(ctx, "read pushes", func(t *tx) error {
		if len(states) == 0 {
			all, err = list(t, scanPush, `SELECT `+pushColumns+` FROM pushes ORDER BY id DESC`)
			return err
		}
		all, err = list(t, scanPush, `SELECT `+pushColumns+` FROM pushes
			WHERE state IN (SELECT value FROM json_each($1)) ORDER BY id DESC`, jsonText(states))
		return err
	})
	return all, err
}

// MovePush implements schedule.PushStore.
func (db *DB) MovePush(ctx context.Context, a roster.Actor, id int64, from, to schedule.PushState, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("move push %d", id), func(t *tx) error {
		if err := t.hit(`UPDATE pushes SET state = $3 WHERE id = $1 AND state = $2`, id, string(from), string(to)); err != nil {
			return err
		}
		return db.pushMoved(t, a, id, from, to, now)
	})
}

// pushMoved does what goes with a push's change of state.
func (db *DB) pushMoved(t *tx, a roster.Actor, id int64, from, to schedule.PushState, now time.Time) error {
	if armed(from) != armed(to) {
		if _, err := t.exec(`UPDATE deliveries SET armed = $2 WHERE push = $1`, id, armed(to)); err != nil {
			return err
		}
	}
	if to == schedule.PushCancelled {
		if err := db.cancelDeliveries(t, a, id, now); err != nil {
			return err
		}
	}
	return t.note(a, "push "+string(to), ref("push", id), "from "+string(from), now)
}

// ApprovePush implements schedule.PushStore.
func (db *DB) ApprovePush(ctx context.Context, a roster.Actor, p schedule.Push, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("approve push %d", p.ID), func(t *tx) error {
		at := now
		if a.Via == roster.ViaClock {
			at = time.Time{}
		}
		err := t.hit(`UPDATE pushes SET state = $3, approver = $4, approved_at = $5, reason = '' WHERE id = $1 AND state = $2 AND hash = $6`,
			p.ID, string(schedule.PushWaiting), string(schedule.PushReady), a.Person, stampOf(at), p.Hash)
		if err != nil {
			return err
		}
		return db.pushMoved(t, a, p.ID, schedule.PushWaiting, schedule.PushReady, now)
	})
}

// RewaitPush implements schedule.PushStore.
func (db *DB) RewaitPush(ctx context.Context, a roster.Actor, from schedule.PushState, p schedule.Push, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("let push %d wait", p.ID), func(t *tx) error {
		err := t.hit(`UPDATE pushes SET state = $3, revision = $4, hash = $5, ready_at = $6, reason = $7, approver = 0, approved_at = 0
			WHERE id = $1 AND state = $2`,
			p.ID, string(from), string(schedule.PushWaiting), p.Revision, p.Hash, stampOf(p.ReadyAt), p.Reason)
		if err != nil {
			return err
		}
		if armed(from) {
			if _, err := t.exec(`UPDATE deliveries SET armed = 0 WHERE push = $1`, p.ID); err != nil {
				return err
			}
		}
		live, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE push = $1 AND state = 'queued' ORDER BY id`, p.ID)
		if err != nil {
			return err
		}
		for _, e := range live {
			e.Reason = schedule.HeldForApproval
			if err := db.move(t, a, e, schedule.Held, now); err != nil {
				return err
			}
		}
		return t.note(a, "push "+string(schedule.PushWaiting), ref("push", p.ID), "from "+string(from)+": "+p.Reason, now)
	})
}

func (db *DB) cancelDeliveries(t *tx, a roster.Actor, push int64, now time.Time) error {
	live, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE push = $1 AND state IN ('queued', 'held') ORDER BY id`, push)
	if err != nil {
		return err
	}
	for _, e := range live {
		if err := db.move(t, a, e, schedule.Cancelled, now); err != nil {
			return err
		}
	}
	return nil
}

// Planned implements schedule.PushStore.
func (db *DB) Planned(ctx context.Context, on calendar.Date, slot string) (taken map[int64]bool, err error) {
	err = db.view(ctx, "read what is planned", func(t *tx) error {
		taken, err = plannedGroups(t, on, slot)
		return err
	})
	return taken, err
}

func plannedGroups(t *tx, on calendar.Date, slot string) (map[int64]bool, error) {
	groups, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) },
		`SELECT group_id FROM deliveries WHERE slot <> '' AND day = $1 AND slot = $2`, on.String(), slot)
	taken := make(map[int64]bool, len(groups))
	for _, id := range groups {
		taken[id] = true
	}
	return taken, err
}

// only is the one row of a look-up by key; ErrNotFound when there is none.
func only[T any](found []T, err error) (T, error) {
	if err == nil && len(found) == 0 {
		var none T
		return none, schedule.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}
