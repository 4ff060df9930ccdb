package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Advance implements schedule.DeliveryStore. Nothing to claim is ErrNotFound
// and 停发 is ErrHalted, and in both cases the result has been recorded. A
// result of a try that is no longer out is ErrStale, and then nothing happens.
func (db *DB) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	var try *schedule.Try
	var none error // why nothing was claimed, though the result was recorded
	err := db.change(ctx, "advance", func(t *tx) (err error) {
		t.usual = done == nil || done.Outcome == schedule.Accepted
		if done != nil {
			if err := db.settle(t, *done, now); err != nil {
				return fmt.Errorf("delivery %d part %d: %w", done.Delivery, done.Part, err)
			}
		}
		if want != nil {
			try, none, err = db.claim(t, *want, now)
		}
		db.out = schedule.Delivery{}
		if try != nil {
			db.out = try.Delivery
			db.out.Parts = slices.Clone(db.out.Parts)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return try, none
}

// settle records what became of a try.
func (db *DB) settle(t *tx, r schedule.Result, now time.Time) error {
	err := t.hit(`UPDATE parts SET state = $3, message_id = $4, at = $5, twice = iif($3 = 'accepted', CAST($4 AS INTEGER) - $5, 0)
		WHERE delivery = $1 AND n = $2 AND state = 'sending'`,
		r.Delivery, r.Part, string(r.Outcome), r.MessageID, stampOf(orNow(r.At, now)))
	if err != nil {
		return err
	}
	d, err := db.tried(t, r)
	if err != nil {
		return err
	}
	d.Session, d.Reason = cmp.Or(r.Session, d.Session), r.Reason
	switch r.Outcome {
	case schedule.Accepted:
		return db.settleAccepted(t, d, r, now)
	case schedule.Queued:
		if err := t.unclaimed(db.cal.Today(d.SentAt)); err != nil {
			return err
		}
		return db.settleQueued(t, d, r, now)
	case schedule.Failed:
		if err := t.unclaimed(db.cal.Today(d.SentAt)); err != nil {
			return err
		}
		return db.move(t, roster.Clock(), d, schedule.Failed, now)
	case schedule.Uncertain:
		return db.move(t, roster.Clock(), d, schedule.Uncertain, now)
	}
	return fmt.Errorf("outcome %q: %w", r.Outcome, schedule.ErrState)
}

// tried is the delivery, with parts, that a result is about: what Advance gave
// out last, when it is about that and was accepted. A delivery that is out
// keeps its facts; what else there may be to say about it is read.
func (db *DB) tried(t *tx, r schedule.Result) (schedule.Delivery, error) {
	if d := db.out; r.Outcome == schedule.Accepted && d.ID == r.Delivery {
		return d, nil
	}
	d, err := t.entry(r.Delivery)
	if err == nil {
		d.Parts, err = t.partsOf(d.ID)
	}
	return d, err
}

// settleAccepted makes the delivery accepted with its last part; until then it
// stays in sending, and its next part comes next. It writes what changes and no
// more: the indexes of the rest are not touched. sent_at holds it to the try
// that is out.
func (db *DB) settleAccepted(t *tx, d schedule.Delivery, r schedule.Result, now time.Time) error {
	for n, p := range d.Parts {
		if n != r.Part && p.State != schedule.Accepted {
			t.usual, db.ahead = false, nil // the rest of it comes next
			return nil
		}
	}
	d.State, d.AcceptedAt, d.Reason = schedule.Accepted, stampTime(stampOf(orNow(r.At, now))), ""
	logged, err := t.logMove(roster.Clock(), d, schedule.Sending, now)
	if err != nil {
		return err
	}
	heardOn, countedAt := db.countedAs(d)
	err = t.hit(`UPDATE deliveries SET state = 'accepted', accepted_at = $3, session = $4, reason = '', counted_at = $5, logged = $6
		WHERE id = $1 AND state = 'sending' AND sent_at = $2`,
		d.ID, stampOf(d.SentAt), stampOf(d.AcceptedAt), d.Session, countedAt, logged)
	if err == nil && heardOn != d.Day.String() { // what it was while live
		_, err = t.exec(`UPDATE deliveries SET heard_on = $2 WHERE id = $1`, d.ID, heardOn)
	}
	if err != nil {
		return err
	}
	seen, err := db.foreseen(t, d)
	switch {
	case err != nil:
		return err
	case seen != nil:
		return db.creditFirst(t, seen.owed, d)
	}
	return db.credit(t, d, 0)
}

// settleQueued puts back a delivery whose message was certainly not taken.
func (db *DB) settleQueued(t *tx, d schedule.Delivery, r schedule.Result, now time.Time) error {
	d.Attempts++
	d.Due = orNow(r.RetryAt, now)
	if err := db.move(t, roster.Clock(), d, schedule.Queued, now); err != nil || !r.Hold {
		return err
	}
	d.State = schedule.Queued
	return db.move(t, roster.Clock(), d, schedule.Held, now)
}

// Recover implements schedule.DeliveryStore. Private messages whose fate a
// crash left open become uncertain too.
func (db *DB) Recover(ctx context.Context, now time.Time) (uncertain int, err error) {
	err = db.change(ctx, "recover", func(t *tx) error {
		uncertain = 0
		out, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE state = 'sending' ORDER BY id`)
		if err != nil {
			return err
		}
		for _, d := range out {
			is, err := db.recoverOne(t, d, now)
			if err != nil {
				return err
			}
			if is {
				uncertain++
			}
		}
		if _, err := t.exec(`UPDATE notices SET state = 'uncertain' WHERE state = 'sending'`); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM claims WHERE day < $1`, db.cal.Today(now).AddDays(-1).String())
		return err
	})
	if err != nil {
		return 0, err
	}
	return uncertain, nil
}

func (db *DB) recoverOne(t *tx, d schedule.Delivery, now time.Time) (uncertain bool, err error) {
	lost, err := t.exec(`UPDATE parts SET state = 'uncertain', at = $2 WHERE delivery = $1 AND state = 'sending'`, d.ID, stampOf(now))
	if err != nil {
		return false, err
	}
	switch {
	case lost > 0:
		d.Reason = "发送中断，不知道是否发出，请到群里看一眼"
	case now.Sub(d.SentAt) <= schedule.GoOn && now.Before(d.Closes):
		return false, nil
	default:
		d.Reason = unfinished
	}
	return true, db.move(t, roster.Clock(), d, schedule.Uncertain, now)
}

// unfinished is why a delivery of which only some messages went is uncertain.
const unfinished = "只发出了一部分，后面的没有发，请到群里看一眼"
