package store

import (
	"context"
	"testing"
	"testing/fstest"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

func schemaOf(t *testing.T, db *DB) []string {
	var all []string
	require.NoError(t, db.view(t.Context(), "schema", func(x *tx) (err error) {
		all, err = list(x, func(r row) (s string, err error) { return s, r.Scan(&s) },
			`SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema ORDER BY type, name`)
		return err
	}))
	return all
}

func TestMigrate(t *testing.T) {
	t.Run("step by step ends with the schema of a fresh database", func(t *testing.T) {
		fresh := schemaOf(t, openDir(t, t.TempDir()))
		steps, err := migrations(migrationFiles)
		require.NoError(t, err)
		dir := t.TempDir()
		for n := range steps { // each step by a process of its own time
			takeSteps(t, dir, steps[:n+1])
		}
		require.Equal(t, fresh, schemaOf(t, openDir(t, dir)))
	})
	t.Run("again changes nothing", func(t *testing.T) {
		dir := t.TempDir()
		before := schemaOf(t, openDir(t, dir))
		require.Equal(t, before, schemaOf(t, openDir(t, dir)))
	})
	t.Run("makes strict tables only", func(t *testing.T) {
		db := openDir(t, t.TempDir())
		require.NoError(t, db.view(t.Context(), "strict", func(x *tx) error {
			loose, err := list(x, func(r row) (s string, err error) { return s, r.Scan(&s) },
				`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`)
			require.Empty(t, loose)
			return err
		}))
	})
	t.Run("refuses steps that do not count up", func(t *testing.T) {
		_, err := migrations(fstest.MapFS{"migrations/0001_a.sql": {}, "migrations/0003_b.sql": {}})
		require.Error(t, err)
	})
	t.Run("keeps nothing of a step that fails", func(t *testing.T) {
		db := openDir(t, t.TempDir())
		before := schemaOf(t, db)
		err := db.change(t.Context(), "step", func(x *tx) error {
			return step(x, migration{version: 1000, name: "bad", text: "CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE nonsense"})
		})
		require.Error(t, err)
		require.Equal(t, before, schemaOf(t, db))
	})
}

// takeSteps takes the first steps only, then does what more is given.
func takeSteps(t *testing.T, dir string, steps []migration, more ...func(*tx) error) {
	db := &DB{dir: dir, seats: make(chan struct{}, readerCount)}
	pool, err := db.pool(source(dir+"/"+FileName, "rwc"))
	require.NoError(t, err)
	db.writer = &session{pool: pool}
	for _, m := range steps {
		require.NoError(t, db.change(t.Context(), m.name, func(x *tx) error { return step(x, m) }))
	}
	for _, f := range more {
		require.NoError(t, db.change(t.Context(), "more", f))
	}
	require.NoError(t, db.Close())
}

func TestMovesTable(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir)
	count := func(x *tx) (n int, err error) { return n, x.one(`SELECT COUNT(*) FROM moves`, nil, &n) }
	want := 0
	for _, to := range schedule.Moves {
		want += len(to)
	}
	spoil := func(query string) {
		require.NoError(t, db.change(context.Background(), "spoil", func(x *tx) error { _, err := x.exec(query); return err }))
	}
	for _, query := range []string{
		`DELETE FROM moves WHERE from_state = 'handed'`,
		`UPDATE moves SET to_state = 'queued' WHERE from_state = 'handed' AND to_state = 'lapsed'`,
	} {
		spoil(query)
		again := openDir(t, dir)
		require.NoError(t, again.view(t.Context(), "count", func(x *tx) error {
			n, err := count(x)
			require.Equal(t, want, n, "an opening puts the table right")
			return err
		}))
	}
}
