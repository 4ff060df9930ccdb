package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// claim takes the next message: the rest of a delivery that has begun, else the
// first that is due. It gives none, with the reason, when there is nothing.
func (db *DB) claim(t *tx, want schedule.Claim, now time.Time) (try *schedule.Try, none, err error) {
	s, err := db.lookAhead(t, want)
	if err != nil {
		return nil, nil, err
	}
	if s.halted {
		return nil, schedule.ErrHalted, nil
	}
	rest, err := schedule.Delivery{}, schedule.ErrNotFound
	if s.begun {
		t.usual = false
		rest, err = db.begun(t, want, now)
	}
	if errors.Is(err, schedule.ErrNotFound) {
		rest, err = db.firstFree(t, s, want, now)
	}
	if errors.Is(err, schedule.ErrNotFound) {
		return nil, schedule.ErrNotFound, nil
	}
	if err != nil {
		return nil, nil, err
	}
	try, err = db.takePart(t, rest, want, now)
	return try, nil, err
}

// fromBegun are the deliveries some of whose messages went and none is out.
const fromBegun = `FROM deliveries WHERE state = 'sending'
	AND NOT EXISTS (SELECT 1 FROM parts WHERE delivery = deliveries.id AND state = 'sending')`

// begun finds a delivery some of whose messages went and none is out. One whose
// window has closed, whose push was cancelled, or whose last message went too
// long ago stays half done: a person must look. One whose group lost its handle
// waits like any other.
func (db *DB) begun(t *tx, want schedule.Claim, now time.Time) (schedule.Delivery, error) {
	for {
		d, err := only(list(t, scanEntry, `SELECT `+entryColumns+` FROM (SELECT * `+fromBegun+` ORDER BY due, id LIMIT 1) d`))
		if err == nil {
			d.Parts, err = t.partsOf(d.ID)
		}
		armed := false
		if err == nil {
			err = t.one(`SELECT armed FROM deliveries WHERE id = $1`, []any{d.ID}, &armed)
		}
		switch {
		case err != nil:
			return d, err
		case !now.Before(d.Closes), !armed, now.Sub(d.SentAt) > schedule.GoOn:
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

// firstFree is the first delivery that may go. Those in its way that may not,
// for want of a handle or for a cap, are held; when nothing is left, the held
// ones are looked at again.
func (db *DB) firstFree(t *tx, s *desk, want schedule.Claim, now time.Time) (schedule.Delivery, error) {
	for range holdsACall {
		d, err := db.nextDue(t, want, now)
		if errors.Is(err, schedule.ErrNotFound) {
			return db.letGo(t, want, s, now)
		}
		if err != nil {
			return d, err
		}
		if waits, err := db.waitForGap(t, d, s, want, now); err != nil || waits {
			if err != nil {
				return d, err
			}
			continue
		}
		why := obstacle(d, want, *s)
		if why == "" {
			return d, nil
		}
		if err := db.hold(t, d, why, now); err != nil {
			return d, err
		}
	}
	return schedule.Delivery{}, schedule.ErrNotFound
}

// waitForGap puts off a delivery whose group has just heard another one: two
// pushes do not go to one group within the gap. A correction does not wait.
func (db *DB) waitForGap(t *tx, d schedule.Delivery, s *desk, want schedule.Claim, now time.Time) (waits bool, err error) {
	if want.GroupGap <= 0 || s.heard == 0 || d.Makeup == schedule.NoCredit {
		return false, nil
	}
	var last int64
	err = t.one(`SELECT COALESCE(MAX(sent_at), 0) FROM deliveries WHERE group_id = $1 AND day >= $2 AND id <> $3
		AND state IN ('sending', 'accepted', 'observed', 'confirmed', 'uncertain')`,
		[]any{d.Group, want.Day.AddDays(-longestWindow).String(), d.ID}, &last)
	if err != nil {
		return false, err
	}
	free := stampTime(last).Add(want.GroupGap)
	if last == 0 || !now.Before(free) {
		return false, nil
	}
	t.usual = false
	return true, t.hit(`UPDATE deliveries SET due = $2 WHERE id = $1 AND state = 'queued'`, d.ID, stampOf(free))
}

// hold puts a queued delivery aside. It forgets its session, so that any that
// has a handle may take it up.
func (db *DB) hold(t *tx, d schedule.Delivery, why string, now time.Time) error {
	t.usual = false
	d.Reason, d.Session = why, ""
	return db.move(t, roster.Clock(), d, schedule.Held, now)
}

// letGo returns to the queue every delivery whose obstacle is gone and gives
// the first. What a session itself refused waits for another session.
func (db *DB) letGo(t *tx, want schedule.Claim, s *desk, now time.Time) (first schedule.Delivery, err error) {
	held, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d
		WHERE state = 'held' AND reason IN ($2, $3) AND armed = 1 AND carrier <> 'keeper' AND opens <= $1 AND closes > $1
		ORDER BY due, id`, stampOf(now), schedule.HeldNoHandle, schedule.HeldAtCap)
	if err != nil {
		return first, err
	}
	for _, d := range held {
		if d.Parts, err = t.partsOf(d.ID); err != nil {
			return first, err
		}
		err := t.one(`SELECT `+heardByGroup+` FROM deliveries d WHERE d.id = $3`, append(db.today(want)[:2], d.ID), &s.heard)
		if err != nil {
			return first, err
		}
		if obstacle(d, want, *s) != "" || d.Session != "" && d.Session == want.Session {
			continue
		}
		t.usual = false
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

// obstacle is why a delivery, with parts, may not go now, "" for none. A cap is
// asked for the whole delivery, so that none stops half-way.
func obstacle(d schedule.Delivery, want schedule.Claim, s desk) string {
	if !want.Bound(d.Group) {
		return schedule.HeldNoHandle
	}
	left := 0
	for _, p := range d.Parts {
		if p.State != schedule.Accepted {
			left++
		}
	}
	if over(s.spent+left, want.PerAccountDay) || over(s.heard+left, want.PerGroupDay) {
		return schedule.HeldAtCap
	}
	return ""
}

// over reports whether n is beyond a cap; 0 is no cap.
func over(n, limit int) bool { return limit > 0 && n > limit }

// takePart makes the intent to send the next message of a delivery, with parts.
func (db *DB) takePart(t *tx, d schedule.Delivery, want schedule.Claim, now time.Time) (*schedule.Try, error) {
	n := slices.IndexFunc(d.Parts, func(p schedule.Part) bool { return p.State == schedule.Queued })
	if n < 0 {
		return nil, fmt.Errorf("delivery %d has no message left to send: %w", d.ID, schedule.ErrState)
	}
	ids, err := db.attempted(t, d, want, now)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(ids[n], 10, 64)
	if err != nil {
		return nil, err
	}
	err = t.hit(`UPDATE parts SET state = 'sending', at = $3, client_id = COALESCE(client_id, $4)
		WHERE delivery = $1 AND n = $2 AND state = 'queued'`, d.ID, n, stampOf(now), id)
	if err != nil {
		return nil, err
	}
	if n == len(d.Parts)-1 {
		delete(db.journal.ids, d.ID) // another try of it is another line
	}
	p := &d.Parts[n]
	p.State, p.ClientID = schedule.Sending, cmp.Or(p.ClientID, ids[n])
	from := d.State
	d.State, d.SentAt, d.Session, d.Reason = schedule.Sending, stampTime(stampOf(now)), want.Session, ""
	var logged int64
	if from != schedule.Sending {
		if logged, err = t.logMove(roster.Clock(), d, from, now); err != nil {
			return nil, err
		}
	}
	err = t.hit(`UPDATE deliveries SET state = 'sending', sent_at = $3, session = $4, reason = '', logged = COALESCE(NULLIF($5, 0), logged)
		WHERE id = $1 AND state = $2`, d.ID, string(from), stampOf(now), want.Session, logged)
	if err != nil {
		return nil, err
	}
	db.ahead.desk.spent++
	return &schedule.Try{Delivery: d, Part: n}, t.claimed(want.Day)
}

// claimed counts a message against the account's cap.
func (t *tx) claimed(on calendar.Date) error {
	_, err := t.exec(`INSERT INTO claims (day, n) VALUES ($1, 1) ON CONFLICT (day) DO UPDATE SET n = n + 1`, on.String())
	return err
}

// unclaimed takes back the count of a message that was certainly not taken.
func (t *tx) unclaimed(on calendar.Date) error {
	_, err := t.exec(`UPDATE claims SET n = n - 1 WHERE day = $1 AND n > 0`, on.String())
	return err
}

// noticePart is the place of a notice in client ids, after the three parts a
// delivery can have.
const noticePart = 3

// clientID is our own message id: 17 digits, the second it was written into the
// attempt journal and a number that tells the messages of that second apart, of which there are far
// fewer than the 2,500,000 deliveries after which it comes again.
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
	begun, waits, err := db.next(ctx, "read begun delivery", `SELECT $1 `+fromBegun+` LIMIT 1`, stampOf(now))
	if waits {
		return begun, true, err
	}
	return at, ok, err
}
