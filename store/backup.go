package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// Backup copies the database to path while it is in use. The copy is on disk,
// complete and checked through — its pages, its version and its audit log —
// before it bears that name, and only its owner may read it. An existing file is
// never replaced: ErrExists. Media are not copied. A copy that does not pass is
// held against the database itself, which may be found Damaged.
func (db *DB) Backup(ctx context.Context, path string) (c Checked, err error) {
	err = db.copyOut(ctx, path, func(tmp string) (err error) {
		c, err = CheckBackup(ctx, tmp)
		return err
	})
	if errors.Is(err, ErrCorrupt) {
		err = errors.Join(err, db.CheckAll(ctx))
	}
	return c, err
}

// Copy is Backup for a copy that is soon thrown away: its structure is checked.
func (db *DB) Copy(ctx context.Context, path string) error {
	return db.copyOut(ctx, path, func(tmp string) error { return verifyCopy(ctx, tmp) })
}

func (db *DB) copyOut(ctx context.Context, path string, verify func(tmp string) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up to %s: %w", path, ErrExists)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	tmp, err := freshFile(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	err = db.copyTo(ctx, tmp)
	if err == nil {
		err = syncFile(tmp)
	}
	if err == nil {
		err = verify(tmp)
	}
	if err == nil {
		err = os.Link(tmp, path) // fails where a file has appeared meanwhile
	}
	if err == nil {
		err = remove(tmp)
	}
	if err != nil {
		return fmt.Errorf("back up to %s: %w", path, errors.Join(classify(err), remove(tmp)))
	}
	return syncDir(filepath.Dir(path))
}

// passing is the cache of a connection that sees each page once: what it takes
// at its peak the process keeps.
const passing = "cache_size=-64"

// copyTo copies all pages in one step: in steps, a copy starts anew with every
// commit and never ends beside a busy writer.
func (db *DB) copyTo(ctx context.Context, path string) error {
	pool, err := sql.Open("sqlite", source(filepath.Join(db.dir, FileName), "rw", "query_only=1", passing))
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return errors.Join(err, pool.Close())
	}
	err = conn.Raw(func(driver any) error {
		source, ok := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("%T cannot back up", driver)
		}
		b, err := source.NewBackup(fileURL(path) + "?_pragma=" + passing)
		if err != nil {
			return err
		}
		_, err = b.Step(-1)
		return errors.Join(err, b.Finish())
	})
	return errors.Join(err, conn.Close(), pool.Close())
}

// freshFile makes an empty file of a new name that only its owner may read.
func freshFile(dir string) (string, error) {
	f, err := os.CreateTemp(dir, ".tongluo-*.new")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// touch makes an empty file that only its owner may read: names and phones go in.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// verifyCopy checks the structure and the version of a file nobody else has open.
func verifyCopy(ctx context.Context, path string) error {
	return onCopy(ctx, path, func(t *tx) error {
		if err := t.check("PRAGMA quick_check"); err != nil {
			return err
		}
		if err := checkVersion(t); err != nil {
			return err
		}
		return t.checkSchema()
	})
}

// CheckAll is IntegrityCheck and VerifyAudit; ErrCorrupt, and the database is
// Damaged, when one of them finds anything.
func (db *DB) CheckAll(ctx context.Context) error {
	err := db.view(ctx, "check all", func(t *tx) error { return t.checkAll() })
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrCorrupt) { // what should be a number is none, and the like
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return db.noted(err)
}

func (t *tx) checkAll() error {
	if err := t.integrity(); err != nil {
		return err
	}
	_, breaches, err := t.verifyAudit(nil)
	return errors.Join(err, breached(breaches))
}

// check runs one of SQLite's checks; ErrCorrupt with its first finding.
func (t *tx) check(pragma string) error {
	findings, err := list(t, func(r row) (s string, err error) { return s, r.Scan(&s) }, pragma)
	if err == nil && (len(findings) != 1 || findings[0] != "ok") {
		return fmt.Errorf("%w: %d findings, first: %.200q", ErrCorrupt, len(findings), findings)
	}
	return err
}

// IntegrityCheck reads the whole database, which can take minutes; ErrCorrupt
// when anything in it does not fit together.
func (db *DB) IntegrityCheck(ctx context.Context) error {
	return db.view(ctx, "check integrity", func(t *tx) error { return t.integrity() })
}

func (t *tx) integrity() error {
	if err := t.check("PRAGMA integrity_check"); err != nil {
		return err
	}
	orphans := 0
	err := t.each(func(row) error { orphans++; return nil }, "PRAGMA foreign_key_check")
	if err == nil && orphans > 0 {
		err = fmt.Errorf("%w: %d rows refer to none", ErrCorrupt, orphans)
	}
	if err != nil {
		return err
	}
	return t.checkSchema()
}

// Stats are how many rows each table has.
func (db *DB) Stats(ctx context.Context) (rows map[string]int, err error) {
	rows = map[string]int{}
	err = db.view(ctx, "count rows", func(t *tx) error {
		tables, err := list(t, func(r row) (s string, err error) { return s, r.Scan(&s) },
			`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
		for _, name := range tables {
			var n int
			if err := t.one(`SELECT COUNT(*) FROM "`+name+`"`, nil, &n); err != nil {
				return err
			}
			rows[name] = n
		}
		return err
	})
	return rows, err
}

// remove deletes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
