package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"tongluo/schedule"
)

// Owner is the office whose a ledger is.
type Owner struct {
	Units  []string  `json:"units"`  // those with none above them
	Groups int       `json:"groups"` // that have not ended
	Last   time.Time `json:"last"`   // the last thing on record
	origin string
}

// Nobody reports whether no roster was read yet, so that there is nothing to mix up.
func (o Owner) Nobody() bool { return len(o.Units) == 0 }

// Same reports whether two ledgers are of one office: they begin with the same
// row of the log, which no restore and no copying changes.
func (o Owner) Same(p Owner) bool { return o.origin == p.origin }

// chained is the version from which on rows of the log have their hash.
const chained = 12

// OwnerOf is the owner of a database file of any version, which is not changed;
// the zero Owner of one in which nothing stands yet. ErrCorrupt where the row that
// tells is not what was written.
func OwnerOf(ctx context.Context, file string) (o Owner, err error) {
	if _, err := os.Stat(file); err != nil {
		return o, err
	}
	how := closed
	if _, err := os.Stat(file + "-wal"); err == nil { // in use, or of a crash
		how = "?mode=ro"
	}
	err = readFile(ctx, fileURL(file)+how, func(t *tx) error {
		version, err := versionOf(t)
		if err != nil || version == 0 {
			return err
		}
		o, err = t.owner(version)
		return err
	})
	return o, classify(err)
}

func (t *tx) owner(version int) (o Owner, err error) {
	o.Units, err = list(t, func(r row) (name string, err error) { return name, r.Scan(&name) },
		`SELECT name FROM units WHERE parent = 0 ORDER BY id`)
	if err != nil {
		return o, err
	}
	if err := t.one(`SELECT COUNT(*) FROM groups WHERE until = ''`, nil, &o.Groups); err != nil {
		return o, err
	}
	if o.Last, err = t.lastKnown(); err != nil {
		return o, err
	}
	var n [2]int64
	var s [5]string
	err = t.one(`SELECT at, person, via, asker, verb, ref, note FROM log ORDER BY id LIMIT 1`, nil, &n[0], &n[1], &s[0], &s[1], &s[2], &s[3], &s[4])
	if errors.Is(err, schedule.ErrNotFound) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	first := link{}.next(n[0], n[1], s[0], s[1], s[2], s[3], s[4])
	o.origin = hex.EncodeToString(first.hash[:])
	if version < chained {
		return o, nil
	}
	kept, err := t.endOf(`SELECT id, hash FROM log ORDER BY id LIMIT 1`)
	if err == nil && kept != first {
		err = fmt.Errorf("%w: the log does not begin as it did", ErrCorrupt)
	}
	return o, err
}
