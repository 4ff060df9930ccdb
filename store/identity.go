package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Traces implements schedule.IdentityStore.
func (db *DB) Traces(ctx context.Context) (all []roster.Trace, err error) {
	err = db.view(ctx, "read traces", func(t *tx) error {
		all, err = list(t, func(r row) (x roster.Trace, err error) {
			var sketch []byte
			err = r.Scan(&x.Group, &x.Name, &x.Members, &sketch, &x.Stable, &x.Owner, &x.Login, &x.Handle, &x.By, &x.Word, &x.Expected, &x.Lost)
			x.Sketch = roster.SketchOf(sketch)
			return x, err
		}, `SELECT group_id, name, members, sketch, stable, owner, login, handle, by, word, expected, lost FROM traces ORDER BY group_id`)
		return err
	})
	return all, err
}

// Decisions implements schedule.IdentityStore.
func (db *DB) Decisions(ctx context.Context) (session string, all []roster.Decision, err error) {
	err = db.view(ctx, "read decisions", func(t *tx) error {
		session, all, err = decisionsOf(t)
		return err
	})
	return session, all, err
}

func decisionsOf(t *tx) (session string, all []roster.Decision, err error) {
	all, err = list(t, func(r row) (d roster.Decision, err error) {
		var body string
		if err := r.Scan(&session, &body); err != nil {
			return d, err
		}
		return d, json.Unmarshal([]byte(body), &d)
	}, `SELECT session, body FROM decisions ORDER BY group_id`)
	return session, all, err
}

// SaveIdentity implements schedule.IdentityStore.
func (db *DB) SaveIdentity(ctx context.Context, session string, all []roster.Decision, traces []roster.Trace, now time.Time) error {
	err := db.change(ctx, "save identity", func(t *tx) error {
		for _, x := range traces {
			if err := t.saveTrace(x); err != nil {
				return fmt.Errorf("group %d: %w", x.Group, err)
			}
		}
		if all == nil {
			return nil
		}
		before, old, err := decisionsOf(t)
		if err != nil {
			return err
		}
		if err := t.logDecisions(all, old, before == session, now); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM decisions`); err != nil {
			return err
		}
		for _, d := range all {
			body, err := json.Marshal(d)
			if err != nil {
				return err
			}
			if _, err := t.exec(`INSERT INTO decisions (group_id, session, body) VALUES ($1, $2, $3)`, d.Group, session, string(body)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || all == nil {
		return err
	}
	// It was the largest write of the day: an office PC wants its pages back.
	return db.change(ctx, "shrink memory", func(t *tx) error {
		_, err := t.exec(`PRAGMA shrink_memory`)
		return err
	})
}

// saveTrace writes one; a handle that another group had is that group's no more.
func (t *tx) saveTrace(x roster.Trace) error {
	if x.Handle != "" {
		_, err := t.exec(`UPDATE traces SET handle = '' WHERE login = $1 AND handle = $2 AND group_id <> $3`, x.Login, x.Handle, x.Group)
		if err != nil {
			return err
		}
	}
	_, err := t.exec(`INSERT INTO traces (group_id, name, members, sketch, stable, owner, login, handle, by, word, expected, lost)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (group_id) DO UPDATE SET name = $2, members = $3, sketch = $4, stable = $5, owner = $6, login = $7, handle = $8,
			by = $9, word = $10, expected = $11, lost = $12`,
		x.Group, x.Name, x.Members, x.Sketch.Bytes(), x.Stable, x.Owner, x.Login, x.Handle, string(x.By), x.Word, x.Expected, x.Lost)
	return err
}

// groupsALine is how many routine decisions share a log row.
const groupsALine = 50

// logDecisions writes every decision down with its signals. One of the same
// session that has not changed is down already; groups bound as they were share
// rows, all others have one of their own.
func (t *tx) logDecisions(all, old []roster.Decision, same bool, now time.Time) error {
	before := map[int64]roster.Decision{}
	for _, d := range old {
		before[d.Group] = d
	}
	var routine []string
	flush := func() error {
		if len(routine) == 0 {
			return nil
		}
		err := t.note(roster.Clock(), "identity", "account", strings.Join(routine, "; "), now)
		routine = nil
		return err
	}
	for _, d := range all {
		was, known := before[d.Group]
		switch {
		case same && known && was == d:
		case d.Verdict == roster.Bind && known && was.Verdict == roster.Bind && was.By == d.By:
			if routine = append(routine, d.Audit()); len(routine) == groupsALine {
				if err := flush(); err != nil {
					return err
				}
			}
		default:
			if err := t.note(roster.Clock(), "identity", ref("group", d.Group), d.Audit(), now); err != nil {
				return err
			}
		}
	}
	return flush()
}

// NewestBinding implements schedule.IdentityStore.
func (db *DB) NewestBinding(ctx context.Context) (id int64, err error) {
	err = db.view(ctx, "read the newest binding", func(t *tx) error {
		return t.one(`SELECT COALESCE(MAX(id), 0) FROM bindings`, nil, &id)
	})
	return id, err
}

// SaveBindings implements schedule.IdentityStore.
func (db *DB) SaveBindings(ctx context.Context, a roster.Actor, all []schedule.Binding, now time.Time) error {
	if len(all) == 0 {
		return nil
	}
	return db.change(ctx, "save bindings", func(t *tx) error {
		for _, b := range all {
			if err := t.saveBinding(a, b, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// saveBinding makes a word the newest, also one that was said before.
func (t *tx) saveBinding(a roster.Actor, b schedule.Binding, now time.Time) error {
	var newest int64
	if err := t.one(`SELECT COALESCE(MAX(id), 0) FROM bindings`, nil, &newest); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM bindings WHERE group_id = $1 AND room = $2`, b.Group, b.Room); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO bindings (id, group_id, room) VALUES ($1, $2, $3)`, newest+1, b.Group, b.Room)
	if err != nil {
		return err
	}
	return t.note(a, string(roster.EditRoster), ref("group", b.Group), "bound", now)
}

// SaveGroupCode implements schedule.IdentityStore.
func (db *DB) SaveGroupCode(ctx context.Context, a roster.Actor, c schedule.GroupCode, now time.Time) error {
	return db.change(ctx, "save group code", func(t *tx) error {
		_, err := t.exec(`INSERT INTO group_codes (group_id, salt, hash, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (group_id) DO UPDATE SET salt = $2, hash = $3, issued_at = $4, expires_at = $5`,
			c.Group, c.Salt, c.Hash, stampOf(c.IssuedAt), stampOf(c.ExpiresAt))
		if err != nil {
			return err
		}
		return t.note(a, string(roster.IssueCode), ref("group", c.Group), "", now)
	})
}

// GroupCodes implements schedule.IdentityStore.
func (db *DB) GroupCodes(ctx context.Context, now time.Time) (all []schedule.GroupCode, err error) {
	err = db.view(ctx, "read group codes", func(t *tx) error {
		all, err = list(t, func(r row) (c schedule.GroupCode, err error) {
			return c, r.Scan(&c.Group, &c.Salt, &c.Hash, stamp{&c.IssuedAt}, stamp{&c.ExpiresAt})
		}, `SELECT group_id, salt, hash, issued_at, expires_at FROM group_codes WHERE expires_at > $1 ORDER BY group_id`, stampOf(now))
		return err
	})
	return all, err
}

// BurnGroupCode implements schedule.IdentityStore.
func (db *DB) BurnGroupCode(ctx context.Context, c schedule.GroupCode, a roster.Actor, why string, now time.Time) error {
	return db.change(ctx, "use a group code", func(t *tx) error {
		if err := t.hit(`DELETE FROM group_codes WHERE group_id = $1 AND salt = $2 AND expires_at > $3`, c.Group, c.Salt, stampOf(now)); err != nil {
			return err
		}
		return t.note(a, "group code", ref("group", c.Group), why, now)
	})
}

// markHashedBy keeps which key the members in traces were hashed with.
const markHashedBy = "hashed-by"

// fromHashed are the traces that hold what was hashed.
const fromHashed = ` FROM traces WHERE length(sketch) > 0 OR stable <> ''`

// HashedBy is which key members were hashed with, "" when that was never said,
// and of how many groups there is anything hashed.
func (db *DB) HashedBy(ctx context.Context) (key string, groups int, err error) {
	err = db.view(ctx, "read what is hashed of members", func(t *tx) error {
		return t.one(`SELECT COALESCE((SELECT value FROM marks WHERE key = $1), ''), (SELECT COUNT(*)`+fromHashed+`)`, []any{markHashedBy}, &key, &groups)
	})
	return key, groups, err
}

// HashBy says which key members are hashed with from now on. What another one
// hashed agrees with nobody any more and is let go of, so that a person is asked
// about the groups instead of their being refused; forgot is of how many. made: the
// key is a new one, also where no other was ever named.
func (db *DB) HashBy(ctx context.Context, key string, made bool, now time.Time) (forgot int, err error) {
	if was, err := db.MarkOf(ctx, markHashedBy); err != nil || was == key {
		return 0, err
	}
	err = db.change(ctx, "hash members by another key", func(t *tx) error {
		var was string
		if err := t.one(`SELECT COALESCE((SELECT value FROM marks WHERE key = $1), '')`, []any{markHashedBy}, &was); err != nil {
			return err
		}
		forgot = 0
		if was != key && (was != "" || made) {
			if err := t.one(`SELECT COUNT(*)`+fromHashed, nil, &forgot); err != nil {
				return err
			}
		}
		if forgot > 0 {
			if _, err := t.exec(`UPDATE traces SET sketch = x'', stable = ''`); err != nil {
				return err
			}
			if err := t.note(roster.Clock(), "identity", "account", fmt.Sprintf("another key: members of %d groups let go of", forgot), now); err != nil {
				return err
			}
		}
		_, err := t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`, markHashedBy, key)
		return err
	})
	return forgot, err
}
