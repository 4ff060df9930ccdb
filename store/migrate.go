package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"tongluo/schedule"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one forward step of the schema.
type migration struct {
	version int
	name    string
	text    string
}

// migrations lists the steps in order, from files NNNN_name.sql that count up
// from 1 without a gap.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var steps []migration
	for i, name := range names {
		number, rest, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: number is not %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{version: version, name: rest, text: string(text)})
	}
	return steps, nil
}

// migrate brings the database up to date, one transaction a step.
func (db *DB) migrate(ctx context.Context) error {
	steps, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	version, err := versionOf(&tx{ctx: ctx, session: db.writer})
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("version %d of %d: %w", version, len(steps), ErrNewer)
	}
	for _, m := range steps[version:] {
		if err := db.change(ctx, "migrate to "+m.name, func(t *tx) error { return step(t, m) }); err != nil {
			return err
		}
	}
	return db.syncMoves(ctx)
}

// step takes one migration, unless another process has just taken it.
func step(t *tx, m migration) error {
	version, err := versionOf(t)
	if err != nil || version >= m.version {
		return err
	}
	if m.version == 1 {
		if _, err := t.exec(`CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT`); err != nil {
			return err
		}
	}
	if _, err := t.conn.ExecContext(t.ctx, m.text); err != nil {
		return err
	}
	if m.name == "audit" {
		if err := chainOld(t); err != nil {
			return err
		}
	}
	if _, err := t.exec(`INSERT INTO migrations (version, name) VALUES ($1, $2)`, m.version, m.name); err != nil {
		return err
	}
	return t.sealSchema()
}

// versionOf is the last step taken, 0 for an empty database.
func versionOf(t *tx) (version int, err error) {
	var tables int
	err = t.one(`SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`, nil, &tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = t.one(`SELECT COALESCE(MAX(version), 0) FROM migrations`, nil, &version)
	return version, err
}

// checkVersion refuses a database this program does not understand.
func checkVersion(t *tx) error {
	steps, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	version, err := versionOf(t)
	switch {
	case err != nil:
		return err
	case version > len(steps):
		return fmt.Errorf("version %d of %d: %w", version, len(steps), ErrNewer)
	case version < len(steps):
		return fmt.Errorf("version %d of %d: %w", version, len(steps), ErrOlder)
	}
	return nil
}

// syncMoves makes the database's table of lawful changes that of the program,
// which the triggers go by.
func (db *DB) syncMoves(ctx context.Context) error {
	var have, same int
	t := &tx{ctx: ctx, session: db.writer}
	want := 0
	err := t.each(func(r row) error {
		var from, to string
		have++
		if err := r.Scan(&from, &to); err != nil {
			return err
		}
		if schedule.CanMove(schedule.State(from), schedule.State(to)) {
			same++
		}
		return nil
	}, `SELECT from_state, to_state FROM moves`)
	for _, to := range schedule.Moves {
		want += len(to)
	}
	if err != nil || have == want && same == want {
		return err
	}
	return db.change(ctx, "write moves", writeMoves)
}

func writeMoves(t *tx) error {
	if _, err := t.exec(`DELETE FROM moves`); err != nil {
		return err
	}
	for from, all := range schedule.Moves {
		for _, to := range all {
			if _, err := t.exec(`INSERT INTO moves (from_state, to_state) VALUES ($1, $2)`, string(from), string(to)); err != nil {
				return err
			}
		}
	}
	return nil
}
