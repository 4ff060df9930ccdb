package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// claim takes the next message: the rest of a delivery that has begun, else the
// first that is due. It gives none, with the reason, when there is nothing.
func (db *DB) claim(t *tx, want schedule.Claim, now time.Time) (try *schedule.Try, none, err error) {
	if on, _, err := t.halted(); err != nil || on {
		if on {
			return nil, schedule.ErrHalted, nil
		}
		return nil, nil, err
	}
	d, err := db.begun(t, want, now)
	if errors.Is(err, schedule.ErrNotFound) {
		d, err = db.firstDue(t, want, now)
	}
	if errors.Is(err, schedule.ErrNotFound) {
		return nil, schedule.ErrNotFound, nil
	}
	if err != nil {
		return nil, nil, err
	}
	try, err = db.takePart(t, d, want, now)
	return try, nil, err
}

// begun finds a delivery some of whose messages went and none is out. One whose
// window has closed stays half done: a person must look. One whose group lost
// its handle waits like any other.
func (db *DB) begun(t *tx, want schedule.Claim, now time.Time) (schedule.Delivery, error) {
	for {
		d, err := only(list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries
			WHERE state = 'sending' AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery = deliveries.id AND state = 'sending')
			ORDER BY id LIMIT 1`))
		switch {
		case err != nil:
			return d, err
		case !now.Before(d.Closes):
			d.Reason = unfinished
			err = db.move(t, roster.Clock(), d, schedule.Uncertain, now)
		case !want.Bound(d.Group):
			if err = db.move(t, roster.Clock(), d, schedule.Queued, now); err == nil {
				d.State = schedule.Queued
				err = db.hold(t, d, schedule.HeldNoHandle, now)
			}
		default:
			return d, nil
		}
		if err != nil {
			return d, err
		}
	}
}

// holdsACall bounds how many deliveries one call puts on hold, so that the
// commit stays short.
const holdsACall = 200

// firstDue finds the first delivery that may go. Those in its way that may not,
// for want of a handle or for a cap, are held; when nothing is left, the held
// ones are looked at again.
func (db *DB) firstDue(t *tx, want schedule.Claim, now time.Time) (schedule.Delivery, error) {
	for range holdsACall {
		d, err := only(list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries
			WHERE state = 'queued' AND armed = 1 AND carrier <> 'keeper' AND due <= $1 AND opens <= $1 AND closes > $1
			ORDER BY due, id LIMIT 1`, stampOf(now)))
		if errors.Is(err, schedule.ErrNotFound) {
			return db.letGo(t, want, now)
		}
		if err != nil {
			return d, err
		}
		why, err := t.obstacle(d, want)
		if err != nil || why == "" {
			return d, err
		}
		if err := db.hold(t, d, why, now); err != nil {
			return d, err
		}
	}
	return schedule.Delivery{}, schedule.ErrNotFound
}

// hold puts a queued delivery aside. It forgets its session, so that any that
// has a handle may take it up.
func (db *DB) hold(t *tx, d schedule.Delivery, why string, now time.Time) error {
	d.Reason, d.Session = why, ""
	return db.move(t, roster.Clock(), d, schedule.Held, now)
}

// letGo returns to the queue every delivery whose obstacle is gone and gives
// the first. What a session itself refused waits for another session.
func (db *DB) letGo(t *tx, want schedule.Claim, now time.Time) (first schedule.Delivery, err error) {
	held, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries
		WHERE state = 'held' AND reason IN ($2, $3) AND armed = 1 AND carrier <> 'keeper' AND opens <= $1 AND closes > $1
		ORDER BY due, id`, stampOf(now), schedule.HeldNoHandle, schedule.HeldAtCap)
	if err != nil {
		return first, err
	}
	for _, d := range held {
		why, err := t.obstacle(d, want)
		if err != nil {
			return first, err
		}
		if why != "" || d.Session != "" && d.Session == want.Session {
			continue
		}
		d.Reason, d.Due = "", now
		if err := db.move(t, roster.Clock(), d, schedule.Queued, now); err != nil {
			return first, err
		}
		d.State = schedule.Queued
		if first.ID == 0 {
			first = d
		}
	}
	if first.ID == 0 {
		return first, schedule.ErrNotFound
	}
	return first, nil
}

// obstacle is why a delivery may not go now, "" for none. A cap is asked for
// the whole delivery, so that none stops half-way.
func (t *tx) obstacle(d schedule.Delivery, want schedule.Claim) (string, error) {
	if !want.Bound(d.Group) {
		return schedule.HeldNoHandle, nil
	}
	var account, group, parts int
	err := t.one(`SELECT
			COALESCE((SELECT n FROM claims WHERE day = $1 AND group_id = 0), 0),
			COALESCE((SELECT n FROM claims WHERE day = $1 AND group_id = $2), 0),
			(SELECT COUNT(*) FROM parts WHERE delivery = $3 AND state <> 'accepted')`,
		[]any{want.Day.String(), d.Group, d.ID}, &account, &group, &parts)
	if err != nil {
		return "", err
	}
	if over(account+parts, want.PerAccountDay) || over(group+parts, want.PerGroupDay) {
		return schedule.HeldAtCap, nil
	}
	return "", nil
}

// over reports whether n is beyond a cap; 0 is no cap.
func over(n, limit int) bool { return limit > 0 && n > limit }

// takePart makes the intent to send a delivery's next message.
func (db *DB) takePart(t *tx, d schedule.Delivery, want schedule.Claim, now time.Time) (*schedule.Try, error) {
	parts, err := t.partsOf(d.ID)
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(parts) && parts[n].State != schedule.Queued {
		n++
	}
	if n == len(parts) {
		return nil, fmt.Errorf("delivery %d has no message left to send: %w", d.ID, schedule.ErrState)
	}
	p := &parts[n]
	err = t.one(`UPDATE parts SET state = 'sending', at = $3, client_id = COALESCE(client_id, $4)
		WHERE delivery = $1 AND n = $2 AND state = 'queued' RETURNING printf('%017d', client_id)`,
		[]any{d.ID, n, stampOf(now), clientID(now, d.ID, n)}, &p.ClientID)
	if err != nil {
		return nil, notOut(err)
	}
	p.State = schedule.Sending
	d.SentAt, d.Session, d.Reason = stampTime(stampOf(now)), want.Session, ""
	if d.State == schedule.Queued {
		err = db.move(t, roster.Clock(), d, schedule.Sending, now)
		d.State = schedule.Sending
	} else {
		err = t.hit(`UPDATE deliveries SET sent_at = $2, session = $3 WHERE id = $1 AND state = 'sending'`,
			d.ID, stampOf(now), want.Session)
	}
	if err != nil {
		return nil, err
	}
	d.Parts = parts
	return &schedule.Try{Delivery: d, Part: n}, t.claimed(want.Day, d.Group)
}

// notOut turns a guarded look-up that found nothing into ErrStale.
func notOut(err error) error {
	if errors.Is(err, schedule.ErrNotFound) {
		return schedule.ErrStale
	}
	return err
}

// claimed counts a message against the caps of its group and the account.
func (t *tx) claimed(on calendar.Date, group int64) error {
	_, err := t.exec(`INSERT INTO claims (day, group_id, n) VALUES ($1, 0, 1), ($1, $2, 1)
		ON CONFLICT (day, group_id) DO UPDATE SET n = n + 1`, on.String(), group)
	return err
}

// unclaimed takes back the count of a message that was certainly not taken.
func (t *tx) unclaimed(on calendar.Date, group int64) error {
	_, err := t.exec(`UPDATE claims SET n = n - 1 WHERE day = $1 AND group_id IN (0, $2) AND n > 0`, on.String(), group)
	return err
}

// noticePart is the place of a notice in client ids, after the three parts a
// delivery can have.
const noticePart = 3

// clientID is our own message id: 17 digits, the second of its first claim and
// a number that tells the messages of that second apart.
func clientID(now time.Time, id int64, part int) int64 {
	const room = 10_000_000
	return now.Unix()*room + (id*4+int64(part))%room
}

// NextDelivery implements schedule.DeliveryStore. Held deliveries are not
// waited for: call Advance when a group has been bound.
func (db *DB) NextDelivery(ctx context.Context, now time.Time) (time.Time, bool, error) {
	at, ok, err := db.next(ctx, "read next delivery", `SELECT MAX(due, opens, $1) FROM deliveries
		WHERE state = 'queued' AND armed = 1 AND carrier <> 'keeper' AND closes > $1 ORDER BY due, id LIMIT 1`, stampOf(now))
	if err != nil || ok && !at.After(now) {
		return at, ok, err
	}
	begun, waits, err := db.next(ctx, "read begun delivery", `SELECT $1 FROM deliveries
		WHERE state = 'sending' AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery = deliveries.id AND state = 'sending')
		LIMIT 1`, stampOf(now))
	if waits {
		return begun, true, err
	}
	return at, ok, err
}
