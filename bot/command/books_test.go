package command_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"tongluo/store"
)

// books looks at the database of an office from outside, row by row, and can put
// it back as it was. It is a connection of its own: what it sees is on the disk.
type books struct {
	t    testing.TB
	conn *sql.Conn
}

func openBooks(t testing.TB, dir string) *books {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.FileName)+"?_pragma=busy_timeout=5000&_pragma=synchronous=OFF")
	require.NoError(t, err)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()); require.NoError(t, db.Close()) })
	return &books{t, conn}
}

// version changes with every commit of anybody else.
func (b *books) version() (v int64) {
	require.NoError(b.t, b.conn.QueryRowContext(b.t.Context(), "PRAGMA data_version").Scan(&v))
	return v
}

// pages is every row of every table but those named, table by table.
func (b *books) pages(but ...string) map[string]string {
	b.t.Helper()
	pages := map[string]string{}
	for _, table := range b.tables() {
		if !slices.Contains(but, table) {
			pages[table] = b.page(table)
		}
	}
	return pages
}

func (b *books) tables() []string {
	rows, err := b.conn.QueryContext(b.t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'heard'") // which holds marks of messages, and nothing else
	require.NoError(b.t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(b.t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(b.t, rows.Err())
	require.NotEmpty(b.t, names)
	return names
}

func (b *books) page(table string) string {
	rows, err := b.conn.QueryContext(b.t.Context(), `SELECT * FROM "`+table+`" ORDER BY 1`)
	require.NoError(b.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(b.t, err)
	cells, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	var page strings.Builder
	for rows.Next() {
		require.NoError(b.t, rows.Scan(into...))
		fmt.Fprintf(&page, "%q\n", cells)
	}
	require.NoError(b.t, rows.Err())
	return page.String()
}

// changed names the tables that differ.
func changed(before, after map[string]string) []string {
	names := []string{}
	for table, page := range after {
		if before[table] != page {
			names = append(names, table)
		}
	}
	slices.Sort(names)
	return names
}

// copyTo keeps the whole database in a file.
func (b *books) copyTo(file string) {
	_, err := b.conn.ExecContext(b.t.Context(), "VACUUM INTO ?", file)
	require.NoError(b.t, err)
}

// putBack makes the database what was kept in a file.
func (b *books) putBack(file string) {
	require.NoError(b.t, b.conn.Raw(func(c any) error {
		restore, err := c.(interface {
			NewRestore(string) (*sqlite.Backup, error)
		}).NewRestore(file)
		if err != nil {
			return err
		}
		if more, err := restore.Step(-1); err != nil || more {
			return fmt.Errorf("put back: %w", err)
		}
		return restore.Finish()
	}))
}
