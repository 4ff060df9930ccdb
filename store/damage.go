package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	return db.view(ctx, "check quickly", func(t *tx) error { return t.check("PRAGMA quick_check") })
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
