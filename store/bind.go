package store

import (
	"context"
	"errors"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// SaveCode implements schedule.CodeStore.
func (db *DB) SaveCode(ctx context.Context, a roster.Actor, c schedule.Code, now time.Time) error {
	return db.change(ctx, "save code", func(t *tx) error {
		_, err := t.exec(`INSERT INTO codes (person, salt, hash, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (person) DO UPDATE SET salt = $2, hash = $3, issued_at = $4, expires_at = $5`,
			c.Person, c.Salt, c.Hash, stampOf(c.IssuedAt), stampOf(c.ExpiresAt))
		if err != nil {
			return err
		}
		return t.note(a, string(roster.IssueCode), ref("person", c.Person), "", now)
	})
}

// Codes implements schedule.CodeStore.
func (db *DB) Codes(ctx context.Context, now time.Time) (all []schedule.Code, err error) {
	err = db.view(ctx, "read codes", func(t *tx) error {
		all, err = list(t, func(r row) (c schedule.Code, err error) {
			return c, r.Scan(&c.Person, &c.Salt, &c.Hash, stamp{&c.IssuedAt}, stamp{&c.ExpiresAt})
		}, `SELECT person, salt, hash, issued_at, expires_at FROM codes WHERE expires_at > $1 ORDER BY person`, stampOf(now))
		return err
	})
	return all, err
}

// BeginTry implements schedule.CodeStore. Tries nobody counts any more are
// forgotten with it.
func (db *DB) BeginTry(ctx context.Context, sender string, max int, window, lock time.Duration, now time.Time) (may bool, err error) {
	err = db.change(ctx, "count a try", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM code_tries WHERE since <= $1 AND locked_until <= $2`, stampOf(now.Add(-window)), stampOf(now)); err != nil {
			return err
		}
		var n int
		var locked time.Time
		err := t.one(`SELECT n, locked_until FROM code_tries WHERE sender = $1`, []any{sender}, &n, stamp{&locked})
		if err != nil && !errors.Is(err, schedule.ErrNotFound) {
			return err
		}
		if may = n < max && !locked.After(now); !may {
			return nil
		}
		var until time.Time
		if n+1 == max { // unless this one is right
			until = now.Add(lock)
			if err := t.note(roster.Clock(), "code", "office", "locked after too many tries", now); err != nil {
				return err
			}
		}
		_, err = t.exec(`INSERT INTO code_tries (sender, n, since, locked_until) VALUES ($1, 1, $2, $3)
			ON CONFLICT (sender) DO UPDATE SET n = n + 1, locked_until = $3`, sender, stampOf(now), stampOf(until))
		return err
	})
	return may && err == nil, err
}

// BurnCode implements schedule.CodeStore.
func (db *DB) BurnCode(ctx context.Context, c schedule.Code, p *schedule.Proof, sender, why string, now time.Time) error {
	return db.change(ctx, "use a code", func(t *tx) error {
		err := t.hit(`DELETE FROM codes WHERE person = $1 AND salt = $2 AND expires_at > $3`, c.Person, c.Salt, stampOf(now))
		if err != nil {
			return err
		}
		if p != nil {
			if err := t.bind(*p, now); err != nil {
				return err
			}
			if _, err := t.exec(`DELETE FROM code_tries WHERE sender = $1`, sender); err != nil {
				return err
			}
		}
		return t.note(roster.Clock(), "code", ref("person", c.Person), why, now)
	})
}

// bind writes a proof; what it replaces is logged.
func (t *tx) bind(p schedule.Proof, now time.Time) error {
	old, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) },
		`DELETE FROM proofs WHERE (person = $1 OR session = $2 AND handle = $3) AND NOT (person = $1 AND session = $2 AND handle = $3)
			RETURNING person`, p.Person, p.Session, p.Handle)
	if err != nil {
		return err
	}
	for _, id := range old {
		if err := t.note(roster.Clock(), "code", ref("person", id), "let go: bound anew", now); err != nil {
			return err
		}
	}
	stable := p.Stable
	if stable == nil {
		stable = []byte{}
	}
	_, err = t.exec(`INSERT INTO proofs (person, session, handle, salt, stable, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (person) DO UPDATE SET salt = $4, stable = $5, at = $6`,
		p.Person, p.Session, p.Handle, p.Salt, stable, stampOf(p.At))
	return err
}

// Proofs implements schedule.CodeStore.
func (db *DB) Proofs(ctx context.Context) (all []schedule.Proof, err error) {
	err = db.view(ctx, "read proofs", func(t *tx) error {
		all, err = list(t, func(r row) (p schedule.Proof, err error) {
			return p, r.Scan(&p.Person, &p.Session, &p.Handle, &p.Salt, &p.Stable, stamp{&p.At})
		}, `SELECT person, session, handle, salt, stable, at FROM proofs ORDER BY at, person`)
		return err
	})
	return all, err
}

// KeepProofs implements schedule.CodeStore.
func (db *DB) KeepProofs(ctx context.Context, session string, now time.Time) error {
	return db.change(ctx, "forget old logins", func(t *tx) error {
		gone, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) },
			`DELETE FROM proofs WHERE session <> $1 AND length(stable) = 0 RETURNING person`, session)
		if err != nil {
			return err
		}
		for _, id := range gone {
			if err := t.note(roster.Clock(), "code", ref("person", id), "let go: a new login", now); err != nil {
				return err
			}
		}
		return nil
	})
}
