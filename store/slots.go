package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// NoteSlots implements schedule.SlotStore.
func (db *DB) NoteSlots(ctx context.Context, os []schedule.Occasion, _ time.Time) error {
	return db.change(ctx, "note slots", func(t *tx) error {
		for _, o := range os {
			_, err := t.exec(`INSERT INTO slots (day, name, opens, closes, outcome, why, all_count, missed, handed, settled_at)
				VALUES ($1, $2, $3, $4, 'planned', '', 0, 0, 0, 0) ON CONFLICT DO NOTHING`,
				o.Day.String(), o.Slot, stampOf(o.Opens), stampOf(o.Closes))
			if err != nil {
				return fmt.Errorf("%s of %s: %w", o.Slot, o.Day, err)
			}
		}
		return nil
	})
}

// everMissed walks back through the changes of each delivery of a slot to where
// it was missed. $1 is the day, $2 the slot.
const everMissed = `WITH RECURSIVE of(delivery, state, at) AS (
		SELECT id, state, logged FROM deliveries WHERE slot <> '' AND day = $1 AND slot = $2
		UNION ALL
		SELECT of.delivery, of.state, l.prev FROM of JOIN delivery_log l ON l.id = of.at WHERE l.to_state <> 'missed' AND l.prev <> 0
	)
	SELECT l.reason, of.state, COUNT(*) FROM of JOIN delivery_log l ON l.id = of.at WHERE l.to_state = 'missed' GROUP BY 1, 2`

// SlotTally implements schedule.SlotStore. It goes over the log of what had no
// item only when nothing was planned.
func (db *DB) SlotTally(ctx context.Context, day calendar.Date, slot string) (n schedule.SlotTally, err error) {
	err = db.view(ctx, "tally a slot", func(t *tx) error {
		err := t.one(`SELECT COUNT(*), COALESCE(SUM(state = 'cancelled'), 0), COALESCE(SUM(state IN ('queued', 'held', 'sending')), 0)
			FROM deliveries WHERE slot <> '' AND day = $1 AND slot = $2`, []any{day.String(), slot}, &n.All, &n.Cancelled, &n.Open)
		if err != nil {
			return err
		}
		if n.All == 0 {
			return t.one(`SELECT EXISTS (SELECT 1 FROM log WHERE verb = 'no item' AND instr(ref, $1) > 0)`,
				[]any{fmt.Sprintf("slot:%s day:%s", slot, day)}, &n.NoItem)
		}
		by := map[string]int{}
		return t.each(func(r row) error {
			var why string
			var state schedule.State
			var count int
			if err := r.Scan(&why, &state, &count); err != nil {
				return err
			}
			n.Missed += count
			if state != schedule.Missed && state != schedule.Cancelled {
				n.Handed += count
			}
			by[why] += count
			if n.Why == "" || by[why] > by[n.Why] || by[why] == by[n.Why] && why < n.Why {
				n.Why = why
			}
			return nil
		}, everMissed, day.String(), slot)
	})
	return n, err
}

// SettleSlot implements schedule.SlotStore.
func (db *DB) SettleSlot(ctx context.Context, o schedule.Occasion, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("settle slot %s of %s", o.Slot, o.Day), func(t *tx) error {
		err := t.hit(`UPDATE slots SET outcome = $3, why = $4, all_count = $5, missed = $6, handed = $7, settled_at = $8
			WHERE day = $1 AND name = $2 AND outcome = 'planned'`,
			o.Day.String(), o.Slot, string(o.Outcome), o.Why, o.All, o.Missed, o.Handed, stampOf(now))
		if err != nil {
			return err
		}
		return t.note(roster.Clock(), "slot "+string(o.Outcome), "slot/"+o.Day.String()+"/"+o.Slot,
			fmt.Sprintf("%d groups, %d missed, %d handed: %s", o.All, o.Missed, o.Handed, o.Why), now)
	})
}

// Occasions implements schedule.SlotStore.
func (db *DB) Occasions(ctx context.Context, from, to calendar.Date) (all []schedule.Occasion, err error) {
	err = db.view(ctx, "read slots", func(t *tx) error {
		all, err = list(t, func(r row) (o schedule.Occasion, err error) {
			return o, r.Scan(day{&o.Day}, &o.Slot, stamp{&o.Opens}, stamp{&o.Closes}, &o.Outcome, &o.Why, &o.All, &o.Missed, &o.Handed, stamp{&o.SettledAt})
		}, `SELECT day, name, opens, closes, outcome, why, all_count, missed, handed, settled_at FROM slots
			WHERE day BETWEEN $1 AND $2 ORDER BY day, opens, name`, from.String(), to.String())
		return err
	})
	return all, err
}

// NoteAbsence implements schedule.SlotStore.
func (db *DB) NoteAbsence(ctx context.Context, from, to time.Time) error {
	return db.change(ctx, "note an absence", func(t *tx) error { return t.noteSpan("absences", from, to) })
}

// Absences implements schedule.SlotStore.
func (db *DB) Absences(ctx context.Context, from, to time.Time) (all []coverage.Span, err error) {
	err = db.view(ctx, "read absences", func(t *tx) (err error) {
		all, err = t.spans("absences", from, to)
		return err
	})
	return all, err
}

// NoteDeaf implements schedule.SlotStore.
func (db *DB) NoteDeaf(ctx context.Context, from, to time.Time) error {
	return db.change(ctx, "note when nobody was heard", func(t *tx) error { return t.noteSpan("deaf_times", from, to) })
}

// DeafTimes implements schedule.SlotStore.
func (db *DB) DeafTimes(ctx context.Context, from, to time.Time) (all []coverage.Span, err error) {
	err = db.view(ctx, "read when nobody was heard", func(t *tx) (err error) {
		all, err = t.spans("deaf_times", from, to)
		return err
	})
	return all, err
}

// noteSpan writes a time down, or lets the one that begins with it last longer.
func (t *tx) noteSpan(table string, from, to time.Time) error {
	_, err := t.exec(`INSERT INTO `+table+` (from_at, to_at) VALUES ($1, $2)
		ON CONFLICT (from_at) DO UPDATE SET to_at = max(to_at, $2)`, stampOf(from), stampOf(to))
	return err
}

func (t *tx) spans(table string, from, to time.Time) ([]coverage.Span, error) {
	return list(t, func(r row) (s coverage.Span, err error) {
		return s, r.Scan(stamp{&s.From}, stamp{&s.To})
	}, `SELECT max(from_at, $1), min(to_at, $2) FROM `+table+` WHERE from_at < $2 AND to_at > $1 ORDER BY 1`, stampOf(from), stampOf(to))
}
