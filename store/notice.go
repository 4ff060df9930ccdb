package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

const noticeColumns = `id, person, handoff, key, part, last, reminder, due, state, client_id`

func scanNotice(r row) (n schedule.Notice, err error) {
	var part string
	var client sql.NullInt64
	err = r.Scan(&n.ID, &n.Person, &n.Handoff, &n.Key, &part, &n.Last, &n.Reminder, stamp{&n.Due}, &n.State, &client)
	if err != nil {
		return n, err
	}
	n.ClientID = clientText(client)
	return n, json.Unmarshal([]byte(part), &n.Part)
}

// AddNotices implements schedule.NoticeStore.
func (db *DB) AddNotices(ctx context.Context, ns []schedule.Notice, _ time.Time) (added int, err error) {
	err = db.change(ctx, "add notices", func(t *tx) error {
		added = 0
		for _, n := range ns {
			part, err := json.Marshal(n.Part)
			if err != nil {
				return err
			}
			is, err := t.exec(`INSERT INTO notices (person, handoff, key, part, last, reminder, due, state, sent_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0) ON CONFLICT (key) DO NOTHING`,
				n.Person, n.Handoff, n.Key, string(part), n.Last, n.Reminder, stampOf(n.Due))
			if err != nil {
				return fmt.Errorf("notice %s: %w", n.Key, err)
			}
			added += int(is)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// MuteNotice implements schedule.NoticeStore.
func (db *DB) MuteNotice(ctx context.Context, n schedule.Notice, now time.Time) error {
	return db.change(ctx, "mute notice", func(t *tx) error {
		part, err := json.Marshal(n.Part)
		if err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO notices (person, handoff, key, part, last, reminder, due, state, sent_at, muted_at)
			VALUES ($1, $2, $3, $4, 0, $5, $6, 'cancelled', 0, $7) ON CONFLICT (key) DO NOTHING`,
			n.Person, n.Handoff, n.Key, string(part), n.Reminder, stampOf(n.Due), stampOf(now))
		return err
	})
}

// MuteStale implements schedule.NoticeStore. A digest is known by its key.
func (db *DB) MuteStale(ctx context.Context, before, now time.Time) error {
	return db.change(ctx, "mute stale notices", func(t *tx) error {
		_, err := t.exec(`UPDATE notices SET state = 'cancelled', muted_at = iif(reminder, $2, 0)
			WHERE state = 'queued' AND due < $1 AND (reminder OR key GLOB 'digest:*')`, stampOf(before), stampOf(now))
		return err
	})
}

// Muted implements schedule.NoticeStore.
func (db *DB) Muted(ctx context.Context, from, to time.Time) (by map[int64]int, err error) {
	err = db.view(ctx, "count muted notices", func(t *tx) (err error) {
		by, err = t.byPerson(`SELECT person, COUNT(*) FROM notices WHERE muted_at <> 0 AND muted_at >= $1 AND muted_at < $2 GROUP BY person`, stampOf(from), stampOf(to))
		return err
	})
	return by, err
}

// ClaimNotice implements schedule.NoticeStore; ErrHalted while everything is
// stopped.
func (db *DB) ClaimNotice(ctx context.Context, knows func(person int64) bool, now time.Time) (n schedule.Notice, err error) {
	err = db.change(ctx, "claim notice", func(t *tx) error {
		if on, _, err := t.halted(); err != nil || on {
			if on {
				return schedule.ErrHalted
			}
			return err
		}
		id, err := nextNotice(t, knows, now)
		if err != nil {
			return err
		}
		client, err := db.noticed(t, id, now)
		if err != nil {
			return err
		}
		err = t.hit(`UPDATE notices SET state = 'sending', sent_at = $2, client_id = COALESCE(client_id, CAST($3 AS INTEGER))
			WHERE id = $1 AND state = 'queued'`, id, stampOf(now), client)
		if err != nil {
			return err
		}
		n, err = only(list(t, scanNotice, `SELECT `+noticeColumns+` FROM notices WHERE id = $1`, id))
		return err
	})
	return n, err
}

// nextNotice is the first due notice to a person that can be reached.
func nextNotice(t *tx, knows func(int64) bool, now time.Time) (int64, error) {
	type queued struct{ id, person int64 }
	due, err := list(t, func(r row) (q queued, err error) { return q, r.Scan(&q.id, &q.person) },
		`SELECT id, person FROM notices WHERE state = 'queued' AND due <= $1 ORDER BY due, id`, stampOf(now))
	if err != nil {
		return 0, err
	}
	for _, q := range due {
		if knows(q.person) {
			return q.id, nil
		}
	}
	return 0, schedule.ErrNotFound
}

// FinishNotice implements schedule.NoticeStore; ErrStale when it was not being
// sent.
func (db *DB) FinishNotice(ctx context.Context, id int64, state schedule.PartState, due, now time.Time) error {
	return db.change(ctx, fmt.Sprintf("finish notice %d", id), func(t *tx) error {
		err := t.hit(`UPDATE notices SET state = $2, due = CASE WHEN $3 = 0 THEN due ELSE $3 END
			WHERE id = $1 AND state = 'sending'`, id, string(state), stampOf(due))
		if err == nil && state == schedule.Queued {
			err = t.waitBehind(id, due)
		}
		if err != nil || state != schedule.Accepted {
			return err
		}
		var handoff int64
		var last bool
		err = t.one(`SELECT handoff, last FROM notices WHERE id = $1`, []any{id}, &handoff, &last)
		if err != nil || !last || handoff == 0 {
			return err
		}
		return t.readable(handoff, "chat", now)
	})
}

// waitBehind lets the messages of a handoff that follow a delayed one follow it
// still: the last of them must not say that all are there.
func (t *tx) waitBehind(id int64, due time.Time) error {
	_, err := t.exec(`UPDATE notices SET due = MAX(due, $2) WHERE handoff <> 0 AND state = 'queued' AND NOT reminder AND id > $1
		AND (handoff, person) = (SELECT handoff, person FROM notices WHERE id = $1)`, id, stampOf(due))
	return err
}

// readable records that a handoff's pack lies with its person from now on,
// unless it already did.
func (t *tx) readable(handoff int64, by string, now time.Time) error {
	var before string
	err := t.one(`SELECT readable_by FROM handoffs WHERE id = $1 AND readable_at = 0`, []any{handoff}, &before)
	if errors.Is(err, schedule.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE handoffs SET readable_at = $2, readable_by = $3 WHERE id = $1`, handoff, stampOf(now), by)
	if err == nil && before != "pack" { // the office pack asked when it was handed: what was forwarded from it keeps its day
		err = t.asked(handoff, now)
	}
	if err != nil {
		return err
	}
	return t.note(roster.Clock(), "readable", ref("handoff", handoff), by, now)
}

// asked tells the deliveries of a handoff that are with its person since when.
func (t *tx) asked(handoff int64, at time.Time) error {
	_, err := t.exec(`UPDATE deliveries SET asked_at = $2 WHERE handoff <> 0 AND handoff = $1 AND state = 'handed'`,
		handoff, stampOf(at))
	return err
}

// CancelNotices implements schedule.NoticeStore.
func (db *DB) CancelNotices(ctx context.Context, handoff int64, _ time.Time) error {
	return db.change(ctx, fmt.Sprintf("cancel notices of handoff %d", handoff), func(t *tx) error {
		_, err := t.exec(`UPDATE notices SET state = 'cancelled' WHERE handoff <> 0 AND handoff = $1 AND state = 'queued'`, handoff)
		return err
	})
}

// DropNotices implements schedule.NoticeStore.
func (db *DB) DropNotices(ctx context.Context, prefix string, _ time.Time) error {
	return db.change(ctx, "drop notices", func(t *tx) error {
		_, err := t.exec(`UPDATE notices SET state = 'cancelled' WHERE key >= $1 AND key < $1 || char(1114111) AND state = 'queued'`, prefix)
		return err
	})
}

// RefuseNotice implements schedule.NoticeStore. When it was the only one of its
// handoff still to come, it is the last.
func (db *DB) RefuseNotice(ctx context.Context, person int64, since, now time.Time) error {
	return db.change(ctx, "refuse a notice", func(t *tx) error {
		var id, handoff int64
		err := t.one(`SELECT id, handoff FROM notices WHERE person = $1 AND state = 'accepted' AND sent_at >= $2
			ORDER BY sent_at DESC, id DESC LIMIT 1`, []any{person, stampOf(since)}, &id, &handoff)
		if errors.Is(err, schedule.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		err = t.hit(`UPDATE notices SET state = 'queued', due = $2, last = last OR handoff <> 0 AND NOT reminder
				AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.handoff = notices.handoff AND o.person = notices.person
					AND o.state = 'queued' AND NOT o.reminder)
			WHERE id = $1 AND state = 'accepted'`, id, stampOf(now))
		if err == nil {
			err = t.waitBehind(id, now)
		}
		if err == nil && handoff != 0 {
			_, err = t.exec(`UPDATE handoffs SET readable_at = 0, readable_by = '' WHERE id = $1 AND readable_by = 'chat'
				AND NOT (SELECT reminder FROM notices WHERE id = $2)`, handoff, id)
		}
		if err != nil {
			return err
		}
		return t.note(roster.Clock(), "refused", ref("notice", id), "throttled", now)
	})
}

// Reminded implements schedule.NoticeStore. One whose fate is unknown counts:
// the person may have been disturbed.
func (db *DB) Reminded(ctx context.Context, person int64, from, to time.Time) (n int, err error) {
	err = db.view(ctx, "count reminders", func(t *tx) error {
		return t.one(`SELECT COUNT(*) FROM notices WHERE person = $1 AND reminder
			AND (sent_at >= $2 AND sent_at < $3 AND state IN ('sending', 'accepted', 'uncertain')
				OR state = 'queued' AND due >= $2 AND due < $3)`, []any{person, stampOf(from), stampOf(to)}, &n)
	})
	return n, err
}

// NextNotice implements schedule.NoticeStore.
func (db *DB) NextNotice(ctx context.Context, knows func(person int64) bool) (at time.Time, ok bool, err error) {
	err = db.view(ctx, "read next notice", func(t *tx) error {
		return t.each(func(r row) error {
			var person int64
			var due time.Time
			if err := r.Scan(&person, stamp{&due}); err != nil {
				return err
			}
			if knows(person) && (!ok || due.Before(at)) {
				at, ok = due, true
			}
			return nil
		}, `SELECT person, MIN(due) FROM notices WHERE state = 'queued' GROUP BY person`)
	})
	return at, ok, err
}

// Notices implements schedule.NoticeStore, oldest first.
func (db *DB) Notices(ctx context.Context, person int64) (all []schedule.Notice, err error) {
	err = db.view(ctx, "read notices", func(t *tx) error {
		all, err = list(t, scanNotice, `SELECT `+noticeColumns+` FROM notices WHERE person = $1 ORDER BY id`, person)
		return err
	})
	return all, err
}

// byPerson reads counts by person.
func (t *tx) byPerson(query string, args ...any) (map[int64]int, error) {
	by := map[int64]int{}
	err := t.each(func(r row) error {
		var person int64
		var n int
		err := r.Scan(&person, &n)
		by[person] = n
		return err
	}, query, args...)
	return by, err
}
