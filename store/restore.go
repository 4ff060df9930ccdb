package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// A restore never sends again what went out after the backup: what the journal
// says may have left is uncertain, what had not left is held until a person
// lets it go. Numbers go on above any that somebody may have read, so that 已转
// #37 never means another #37.

// Replayed is what became of the ledger of a backup.
type Replayed struct {
	schedule.Restore
	Held      int // had not left; wait for 放行
	Uncertain int // may have left; wait for 核对
	Unknown   int // of these, made after the backup
	Private   int // private messages that are not sent again
	Strange   int // journal lines about groups the backup does not know
}

// Replay makes a restored database safe to go on from: all of it, or nothing.
// The journal is that of the data directory into which it is restored.
func (db *DB) Replay(ctx context.Context, a roster.Actor, j Journal, now time.Time) (r Replayed, err error) {
	err = db.change(ctx, "replay the attempt journal", func(t *tx) error {
		r = Replayed{}
		if err := t.beginEpoch(&r, j, now); err != nil {
			return err
		}
		for _, line := range j.Attempts {
			if err := db.replayLine(t, a, line, &r, now); err != nil {
				return err
			}
		}
		r.Blind = r.Blind || r.Strange > 0
		if err := db.holdRest(t, a, &r, now); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE notices SET state = 'uncertain' WHERE state = 'sending'`); err != nil {
			return err
		}
		return db.endReplay(t, a, r, now)
	})
	return r, err
}

// beginEpoch counts the restore, finds the time that is lost and moves the
// numbers on.
func (t *tx) beginEpoch(r *Replayed, j Journal, now time.Time) error {
	r.To, r.Blind = now.UTC(), j.Damaged > 0
	if j.Files == 0 {
		used := false
		err := t.one(`SELECT EXISTS (SELECT 1 FROM parts WHERE client_id IS NOT NULL) OR EXISTS (SELECT 1 FROM notices WHERE client_id IS NOT NULL)`, nil, &used)
		if err != nil {
			return err
		}
		r.Blind = r.Blind || used || j.Account
	}
	highest := int64(0)
	for _, a := range j.Attempts {
		highest = max(highest, a.Number, a.Delivery, a.Push, a.Handoff)
	}
	return t.countEpoch(r, highest)
}

// countEpoch raises the epoch, finds the last thing this ledger knows, and moves
// the numbers on above those that another ledger may have given.
func (t *tx) countEpoch(r *Replayed, highest int64) error {
	err := t.one(`INSERT INTO counters (name, next) VALUES ('epoch', 1) ON CONFLICT (name) DO UPDATE SET next = next + 1 RETURNING next`, nil, &r.Epoch)
	if err != nil {
		return err
	}
	if r.From, err = t.lastKnown(); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE counters SET next = (MAX(next, $1) / 1000 + 2) * 1000 WHERE name = 'number'`, highest)
	return err
}

// lastKnown is when the last thing on record happened.
func (t *tx) lastKnown() (last time.Time, err error) {
	err = t.one(`SELECT MAX((SELECT COALESCE(MAX(at), 0) FROM log), (SELECT COALESCE(MAX(at), 0) FROM delivery_log))`, nil, stamp{&last})
	return last, err
}

// replayLine makes sure that one message is not sent again.
func (db *DB) replayLine(t *tx, a roster.Actor, l Attempt, r *Replayed, now time.Time) error {
	switch {
	case l.Notice != "":
		return t.replayNotice(l, r)
	case l.Delivery == 0:
		return nil
	}
	d, err := t.planned(l)
	if errors.Is(err, schedule.ErrNotFound) {
		return db.replayUnknown(t, a, l, r, now)
	}
	if err != nil {
		return err
	}
	switch d.State {
	case schedule.Queued, schedule.Held, schedule.Refused, schedule.Sending:
	default:
		return nil // the backup knows what became of it
	}
	if err := db.replayKnown(t, a, d, l, now); err != nil {
		return err
	}
	r.Uncertain++
	return nil
}

// planned is the delivery a line is about: by its number, or in its slot.
func (t *tx) planned(l Attempt) (schedule.Delivery, error) {
	d, err := t.entry(l.Delivery)
	if !errors.Is(err, schedule.ErrNotFound) || l.Slot == "" {
		return d, err
	}
	return only(list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE slot <> '' AND day = $1 AND slot = $2 AND group_id = $3`, l.Day, l.Slot, l.Group))
}

// lost is why a delivery is uncertain after a restore.
const lost = "从备份恢复：备份以后可能已经发出，请到群里看一眼"

// replayKnown makes uncertain what the backup thinks has not left, by way of the
// try that the journal tells of.
func (db *DB) replayKnown(t *tx, a roster.Actor, d schedule.Delivery, l Attempt, now time.Time) error {
	d.Reason = lost
	if d.State == schedule.Held || d.State == schedule.Refused {
		if err := db.move(t, a, d, schedule.Queued, now); err != nil {
			return err
		}
		d.State = schedule.Queued
	}
	if d.State == schedule.Queued {
		d.SentAt, d.Session = l.At, l.Session
		if err := db.move(t, a, d, schedule.Sending, now); err != nil {
			return err
		}
		d.State = schedule.Sending
	}
	for n, client := range l.Clients {
		id, err := strconv.ParseInt(client, 10, 64)
		if err != nil {
			return fmt.Errorf("journal: message id %q: %w", client, err)
		}
		took, err := t.exec(`UPDATE parts SET state = 'uncertain', client_id = COALESCE(client_id, $3), at = $4
			WHERE delivery = $1 AND n = $2 AND state IN ('queued', 'sending')`, d.ID, n, id, stampOf(now))
		if err == nil && took > 0 {
			err = t.claimed(db.cal.Today(l.At))
		}
		if err != nil {
			return err
		}
	}
	return db.move(t, a, d, schedule.Uncertain, now)
}

// replayUnknown writes down a delivery that was made after the backup, with its
// push, so that its slot is taken.
func (db *DB) replayUnknown(t *tx, a roster.Actor, l Attempt, r *Replayed, now time.Time) error {
	var there int
	if err := t.one(`SELECT COUNT(*) FROM groups WHERE id = $1`, []any{l.Group}, &there); err != nil {
		return err
	}
	if there == 0 {
		r.Strange++
		return nil
	}
	var on calendar.Date
	if err := on.UnmarshalText([]byte(l.Day)); err != nil {
		return fmt.Errorf("journal: day %q: %w", l.Day, err)
	}
	if err := t.pushOf(l, on, now); err != nil {
		return err
	}
	d := schedule.Delivery{ID: l.Delivery, Push: l.Push, Item: l.Item, Media: l.Media, Themes: l.Themes, Slot: l.Slot, Day: on,
		Group: l.Group, Unit: l.Unit, Makeup: l.Makeup, Carrier: roster.ByBot, State: schedule.Uncertain, Opens: l.Opens, Closes: l.Closes, Due: l.Opens,
		SentAt: l.At, Session: l.Session, Reason: lost}
	for n, kind := range l.Kinds {
		d.Parts = append(d.Parts, schedule.Part{N: n, Kind: content.Media(kind)})
	}
	if err := db.insertDelivery(t, a, d, true, now); err != nil {
		return fmt.Errorf("delivery %d: %w", l.Delivery, err)
	}
	for n, client := range l.Clients {
		if _, err := t.exec(`UPDATE parts SET state = 'uncertain', client_id = CAST($3 AS INTEGER), at = $4 WHERE delivery = $1 AND n = $2`,
			l.Delivery, n, client, stampOf(now)); err != nil {
			return err
		}
		if err := t.claimed(db.cal.Today(l.At)); err != nil {
			return err
		}
	}
	r.Uncertain++
	r.Unknown++
	return nil
}

// pushOf writes down a push made after the backup.
func (t *tx) pushOf(l Attempt, on calendar.Date, now time.Time) error {
	var there int
	if err := t.one(`SELECT COUNT(*) FROM pushes WHERE id = $1`, []any{l.Push}, &there); err != nil || there > 0 {
		return err
	}
	state := schedule.PushRunning
	if !now.Before(l.Closes) {
		state = schedule.PushDone
	}
	p := schedule.Push{ID: l.Push, Slot: l.Slot, Day: on, Item: l.Item, Revision: l.Revision, Opens: l.Opens, Closes: l.Closes, State: state}
	if err := insertPush(t, p, l.At); err != nil || state == schedule.PushDone {
		return err
	}
	return t.putJobs([]schedule.Job{schedule.CloseJob(p)})
}

// replayNotice keeps a private message from being sent, or made, once more.
func (t *tx) replayNotice(l Attempt, r *Replayed) error {
	n, err := t.exec(`UPDATE notices SET state = 'uncertain', sent_at = $2, client_id = COALESCE(client_id, CAST($3 AS INTEGER))
		WHERE key = $1 AND state IN ('queued', 'sending')`, l.Notice, stampOf(l.At), l.Clients[0])
	if err != nil {
		return err
	}
	fresh, err := t.exec(`INSERT INTO notices (person, handoff, key, part, last, reminder, due, state, client_id, sent_at)
		VALUES ($1, 0, $2, '{}', 0, 0, $3, 'uncertain', CAST($4 AS INTEGER), $3) ON CONFLICT DO NOTHING`, l.Person, l.Notice, stampOf(l.At), l.Clients[0])
	r.Private += int(n + fresh)
	return err
}

// holdRest lets nothing that the backup had on its way go by itself.
func (db *DB) holdRest(t *tx, a roster.Actor, r *Replayed, now time.Time) error {
	open, err := list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d
		WHERE state IN ('queued', 'held', 'refused', 'sending') ORDER BY id`)
	for _, d := range open {
		if d.State == schedule.Held && d.Reason == schedule.HeldForApproval {
			continue // a person lets it go, by the approval
		}
		if d.State == schedule.Sending { // begun when the backup was made
			d.Reason = lost
			if _, err := t.exec(`UPDATE parts SET state = 'uncertain', at = $2 WHERE delivery = $1 AND state = 'sending'`, d.ID, stampOf(now)); err != nil {
				return err
			}
			if err := db.move(t, a, d, schedule.Uncertain, now); err != nil {
				return err
			}
			r.Uncertain++
			continue
		}
		d.Reason = schedule.HeldByRestore
		if d.State != schedule.Queued {
			if err := db.move(t, a, d, schedule.Queued, now); err != nil {
				return err
			}
			d.State = schedule.Queued
		}
		if err := db.move(t, a, d, schedule.Held, now); err != nil {
			return err
		}
		r.Held++
	}
	return err
}

// endReplay stops everything where the journal cannot tell what left, and
// writes down what was done.
func (db *DB) endReplay(t *tx, a roster.Actor, r Replayed, now time.Time) error {
	if r.Blind {
		if _, err := t.exec(`UPDATE halt SET halted = 1, since = $1 WHERE halted = 0`, stampOf(now)); err != nil {
			return err
		}
	}
	if err := t.markRestored(r.Restore); err != nil {
		return err
	}
	note := fmt.Sprintf("held %d, uncertain %d, unknown %d, private %d, blind %t, lost from %s", r.Held, r.Uncertain, r.Unknown, r.Private, r.Blind, r.From.Format(time.RFC3339))
	return t.note(a, string(roster.Restore), ref("epoch", r.Epoch), note, now)
}

func (t *tx) markRestored(r schedule.Restore) error {
	r.Asking = true
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`, schedule.MarkRestored, string(text))
	return err
}

// Checked is a backup that is fit to be restored.
type Checked struct {
	Head    Head // zero for one older than the audit chain
	Version int
}

// CheckBackup verifies a database file that nobody has open: its pages, its
// version and its audit log. ErrNewer for one of a later program.
func CheckBackup(ctx context.Context, file string) (c Checked, err error) {
	if _, err := os.Stat(file); err != nil {
		return c, err
	}
	err = onCopy(ctx, file, func(t *tx) error {
		if err := t.check("PRAGMA integrity_check"); err != nil {
			return err
		}
		if c.Version, err = versionOf(t); err != nil {
			return err
		}
		if c.Version == 0 {
			return fmt.Errorf("%s is no database of this program: %w", file, ErrCorrupt)
		}
		if err := checkVersion(t); err != nil { // an older one is brought up to date by the restore
			if errors.Is(err, ErrOlder) {
				err = nil
			}
			return err
		}
		if err := t.checkSchema(); err != nil {
			return err
		}
		var breaches []Breach
		c.Head, breaches, err = t.verifyAudit(nil)
		return errors.Join(err, breached(breaches))
	})
	return c, classify(err)
}

// closed is how a file is opened that nobody else has open, without making
// others beside it.
const closed = "?mode=ro&immutable=1&_pragma=cache_size=-256"

// onCopy runs f on such a file.
func onCopy(ctx context.Context, path string, f func(*tx) error) error {
	return readFile(ctx, fileURL(path)+closed, f)
}

func readFile(ctx context.Context, url string, f func(*tx) error) error {
	pool, err := sql.Open("sqlite", url)
	if err != nil {
		return err
	}
	t := &tx{ctx: ctx, session: &session{pool: pool}}
	err = t.connect(ctx)
	if err == nil {
		err = f(t)
	}
	return errors.Join(err, t.close(), pool.Close())
}
