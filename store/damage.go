package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"tongluo/schedule"
)

// ErrRolledBack is damage too: the database is an older one than the attempt
// journal has seen, so that it knows nothing of what went out since.
var ErrRolledBack = fmt.Errorf("the database is older than the attempt journal: %w", ErrCorrupt)

// Damaged is why nothing can be changed any more, nil while all is well. Damage
// once found, by whomever, holds until the data directory is opened anew:
// reading goes on as well as it can, no message is claimed.
func (db *DB) Damaged() error {
	if err := db.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// Full reports whether the last change did not fit on the disk: nothing is sent
// until one does.
func (db *DB) Full() bool { return db.full.Load() }

// noted remembers an error that is damage, and gives it back.
func (db *DB) noted(err error) error {
	if errors.Is(err, ErrCorrupt) && db.damage.CompareAndSwap(nil, &err) {
		db.log.Error("the database is damaged: nothing is sent or changed any more; restore a backup", "err", err)
	}
	return err
}

// QuickCheck reads the structure of the whole database, which takes seconds on a
// large one; ErrCorrupt when it is damaged.
func (db *DB) QuickCheck(ctx context.Context) error {
	return db.view(ctx, "check quickly", func(t *tx) error {
		if err := t.check("PRAGMA quick_check"); err != nil {
			return err
		}
		return t.checkSchema()
	})
}

// markSchema is the mark that holds the hash of the schema as the last migration
// left it: a byte changed in a trigger or in the name of a column is no other
// check's business.
const markSchema = "schema"

func (t *tx) schemaHash() (string, error) {
	sum := sha256.New()
	err := t.eachOnce(func(r row) error {
		var kind, name, table, text string
		err := r.Scan(&kind, &name, &table, &text)
		fmt.Fprintf(sum, "%q", []string{kind, name, table, text})
		return err
	}, `SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_schema ORDER BY type, name`)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// sealSchema writes the mark.
func (t *tx) sealSchema() error {
	hash, err := t.schemaHash()
	if err == nil {
		_, err = t.exec(`INSERT INTO marks (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`, markSchema, hash)
	}
	return err
}

// checkSchema compares the schema with its mark; a copy made by an older program
// has none.
func (t *tx) checkSchema() error {
	var want string
	err := t.one(`SELECT value FROM marks WHERE key = $1`, []any{markSchema}, &want)
	if errors.Is(err, schedule.ErrNotFound) {
		return nil
	}
	hash, err2 := t.schemaHash()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if hash != want {
		return fmt.Errorf("%w: the schema is not what the last migration made", ErrCorrupt)
	}
	return nil
}

// checkHistory finds a database that has gone back in time: one whose -wal file
// was taken away after a crash, or in whose place lies an older copy. What the
// attempt journal last saw must be in it.
func (db *DB) checkHistory(ctx context.Context) error {
	seen, err := lastHead(db.dir)
	if err != nil || seen == nil {
		return err
	}
	return db.view(ctx, "look for what the journal has seen", func(t *tx) error {
		log, err := t.endOf(fmt.Sprintf(`SELECT id, hash FROM log WHERE id = %d`, seen.Log))
		if err != nil {
			return err
		}
		moves, err := t.endOf(fmt.Sprintf(`SELECT id, hash FROM delivery_log WHERE id = %d`, seen.Moves))
		if err == nil && headOf(log, moves).String() != seen.String() {
			err = fmt.Errorf("journal has seen %s: %w", seen, ErrRolledBack)
		}
		return err
	})
}

// readTail reads the last n bytes of a file.
func readTail(name string, n int64) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err := f.Seek(0, io.SeekEnd); err != nil || size <= n {
		n = size
	}
	if _, err := f.Seek(-n, io.SeekEnd); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}
