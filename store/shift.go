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

// move is the one road on which a delivery changes its state: d carries the
// facts of the change and still its old state. Checked against Moves, guarded,
// logged and tallied in the caller's transaction.
func (db *DB) move(t *tx, a roster.Actor, d schedule.Delivery, to schedule.State, now time.Time) error {
	from := d.State
	if !schedule.CanMove(from, to) {
		return fmt.Errorf("delivery %d: %s to %s: %w", d.ID, from, to, schedule.ErrState)
	}
	was, err := t.counted(d)
	if err != nil {
		return fmt.Errorf("delivery %d: %w", d.ID, err)
	}
	d.State = to
	logged, err := t.logMove(a, d, from, now)
	if err != nil {
		return err
	}
	heardOn, countedAt := db.countedAs(d)
	err = t.hit(`UPDATE deliveries SET state = $3, carrier = $4, attempts = $5, due = $6, sent_at = $7, asked_at = $8,
			accepted_at = $9, said_at = $10, said_day = $11, said_by = $12, seen_at = $13, handoff = $14, makeup = $15,
			reason = $16, session = $17, heard_on = $18, counted_at = $19, logged = $20
		WHERE id = $1 AND state = $2`,
		d.ID, string(from), string(to), string(d.Carrier), d.Attempts, stampOf(d.Due), stampOf(d.SentAt), stampOf(d.AskedAt),
		stampOf(d.AcceptedAt), stampOf(d.SaidAt), d.SaidDay.String(), d.SaidBy, stampOf(d.SeenAt), d.Handoff, d.Makeup,
		d.Reason, d.Session, heardOn, countedAt, logged)
	if err != nil {
		return fmt.Errorf("delivery %d: %w", d.ID, err)
	}
	return db.credit(t, d, was)
}

// counted is the instant a delivery counts at as the database has it, 0 when it
// does not: what a change may strike out.
func (t *tx) counted(d schedule.Delivery) (at int64, err error) {
	if d.State.Evidence() == "" {
		return 0, nil
	}
	return at, t.one(`SELECT counted_at FROM deliveries WHERE id = $1`, []any{d.ID}, &at)
}

// logMove writes the log row of a change, with the facts as they stand after
// it, and returns its number for the delivery to point at.
func (t *tx) logMove(a roster.Actor, d schedule.Delivery, from schedule.State, now time.Time) (int64, error) {
	ends, err := t.ends()
	if err != nil {
		return 0, err
	}
	fields := []any{d.ID, stampOf(now), a.Person, string(a.Via), a.By, string(from), string(d.State), d.Reason, stampOf(d.SentAt),
		stampOf(d.AcceptedAt), stampOf(d.SaidAt), d.SaidDay.String(), d.SaidBy, stampOf(d.SeenAt), d.Handoff, d.Session}
	l := ends.moves.next(hashedMove(fields)...)
	_, err = t.exec(`INSERT INTO delivery_log (delivery, prev, at, person, via, asker, from_state, to_state, reason, sent_at,
			accepted_at, said_at, said_day, said_by, seen_at, handoff, session, id, hash)
		VALUES ($1, COALESCE((SELECT logged FROM deliveries WHERE id = $1), 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		append(fields, l.id, l.hash[:])...)
	if err != nil {
		return 0, err
	}
	ends.moves = l
	return l.id, nil
}

// Shift implements schedule.DeliveryStore.
func (db *DB) Shift(ctx context.Context, a roster.Actor, changes []schedule.Change, now time.Time) error {
	return db.change(ctx, "shift deliveries", func(t *tx) error { return db.shift(t, a, changes, now) })
}

func (db *DB) shift(t *tx, a roster.Actor, changes []schedule.Change, now time.Time) error {
	for _, c := range changes {
		d, err := t.entry(c.ID)
		if err != nil {
			return fmt.Errorf("delivery %d: %w", c.ID, err)
		}
		if d.State != c.From {
			return fmt.Errorf("delivery %d is %s and not %s: %w", c.ID, d.State, c.From, schedule.ErrStale)
		}
		if err := db.move(t, a, applied(d, c, now), c.To, now); err != nil {
			return err
		}
		if err := t.followParts(c, now); err != nil {
			return err
		}
	}
	return nil
}

// applied is the delivery with the facts of a change, still in its old state.
func applied(d schedule.Delivery, c schedule.Change, now time.Time) schedule.Delivery {
	d.Reason = c.Reason
	d.Carrier = cmp.Or(c.Carrier, d.Carrier)
	d.Handoff, d.Makeup = cmp.Or(c.Handoff, d.Handoff), cmp.Or(c.Makeup, d.Makeup)
	later(&d.AskedAt, c.AskedAt)
	later(&d.SeenAt, c.SeenAt)
	later(&d.SaidAt, c.SaidAt)
	later(&d.Due, c.Due)
	if !c.SaidDay.IsZero() {
		d.SaidDay = c.SaidDay
	}
	d.SaidBy = cmp.Or(c.SaidBy, d.SaidBy)
	switch c.To {
	case schedule.Reported: // a new word replaces an older one, whole
		d.SaidAt, d.SaidDay, d.SaidBy = orNow(c.SaidAt, now), c.SaidDay, c.SaidBy
		if d.Makeup != schedule.NoCredit {
			d.Makeup = c.Makeup
		}
	case schedule.Handed:
		d.SaidAt, d.SaidDay, d.SaidBy, d.SeenAt = time.Time{}, calendar.Date{}, 0, time.Time{}
		d.Carrier = cmp.Or(c.Carrier, roster.ByKeeper)
	case schedule.Observed, schedule.Confirmed:
		d.SeenAt = orNow(c.SeenAt, now)
	case schedule.Accepted:
		d.AcceptedAt = orNow(d.AcceptedAt, now)
	case schedule.Queued:
		d.AcceptedAt = time.Time{} // what was refused has not been accepted
		if d.Due.Before(d.Opens) {
			d.Due = d.Opens
		}
	}
	return d
}

// later replaces a time by one that is given.
func later(old *time.Time, given time.Time) {
	if !given.IsZero() {
		*old = given
	}
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

// followParts makes the messages agree with a person's change of their
// delivery. Client ids stay: a later try is the same message.
func (t *tx) followParts(c schedule.Change, now time.Time) error {
	from, to := schedule.Sending, c.To
	switch {
	case c.From == schedule.Sending:
	case c.From == schedule.Uncertain && c.SeenParts:
		from, to = schedule.Uncertain, schedule.Accepted
	case c.From == schedule.Uncertain && (c.To == schedule.Queued || c.To == schedule.Observed):
		from = schedule.Uncertain
	case c.From == schedule.Refused && c.To == schedule.Queued:
		from = schedule.Accepted
	default:
		return nil
	}
	_, err := t.exec(`UPDATE parts SET state = $3, at = $4, twice = 0 WHERE delivery = $1 AND state = $2`,
		c.ID, string(from), string(to), stampOf(now))
	return err
}

// Enter implements schedule.DeliveryStore. One that was never got after all
// (missed, cancelled, failed …) does not stand in the way.
func (db *DB) Enter(ctx context.Context, a roster.Actor, ds []schedule.Delivery, now time.Time) (entered int, err error) {
	err = db.change(ctx, "enter deliveries", func(t *tx) error {
		entered = 0
		for _, d := range ds {
			d, there, err := enterable(t, d, now)
			if err != nil {
				return err
			}
			if there {
				continue
			}
			if err := db.insertDelivery(t, a, d, false, now); err != nil {
				return fmt.Errorf("group %d on %s: %w", d.Group, d.Day, err)
			}
			entered++
		}
		return t.note(a, string(roster.ImportLedger), "deliveries", fmt.Sprintf("%d entered", entered), now)
	})
	if err != nil {
		return 0, err
	}
	return entered, nil
}

// enterable completes a delivery kept elsewhere and reports whether the ledger
// has it already.
func enterable(t *tx, d schedule.Delivery, now time.Time) (schedule.Delivery, bool, error) {
	d.State, d.Entered, d.SaidAt = schedule.Reported, true, orNow(d.SaidAt, now)
	if d.Day.IsZero() {
		d.Day = d.SaidDay
	}
	if d.SaidDay.IsZero() {
		d.SaidDay = d.Day
	}
	d.Carrier = cmp.Or(d.Carrier, roster.ByKeeper)
	var there int
	err := t.one(`SELECT COUNT(*) FROM deliveries WHERE group_id = $1 AND day = $2 AND item = $3 AND heard_on <> ''`,
		[]any{d.Group, d.Day.String(), d.Item}, &there)
	if err != nil || there > 0 {
		return d, there > 0, err
	}
	d.ID, err = t.numbers(1)
	return d, false, err
}
