package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// session is one connection with the statements prepared on it.
type session struct {
	pool  *sql.DB
	conn  *sql.Conn // made at first use
	stmts map[string]*sql.Stmt
	chain *chain // of the writer: where the audit log ends, nil when unknown
}

func (s *session) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return err
	}
	s.conn, s.stmts = conn, map[string]*sql.Stmt{}
	return nil
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	errs := make([]error, 0, len(s.stmts)+1)
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	errs = append(errs, s.conn.Close())
	s.conn, s.stmts = nil, nil
	return errors.Join(errs...)
}

func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := s.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err == nil {
		s.stmts[query] = stmt
	}
	return stmt, err
}

// readers are those nobody uses. The last one used goes first: each that is used
// at all keeps a megabyte of schema, statements and pages, and a quiet office
// needs one.
type readers struct {
	mu   sync.Mutex
	free []*session
}

func (r *readers) take() *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.free) - 1
	s := r.free[last]
	r.free = r.free[:last]
	return s
}

func (r *readers) put(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = append(r.free, s)
}

// tx is one transaction. It lives no longer than the function it is given to.
type tx struct {
	ctx context.Context
	*session
	usual  bool  // no more was changed than what ahead foresees
	seen   int64 // data_version, 0 before it was asked for
	linked bool  // chain is true in this transaction
	before chain // what it was when linked
}

// change runs f in the one writing transaction: all of it is kept, or nothing.
// Once begun it is not interrupted by ctx, so that a caller who gave up and the
// database never disagree about a half-cancelled commit.
func (db *DB) change(ctx context.Context, what string, f func(*tx) error) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	if db.writer == nil {
		return fmt.Errorf("%s: %w", what, ErrReadOnly)
	}
	if err := cmp.Or(db.Damaged(), ctx.Err()); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	t := &tx{ctx: context.WithoutCancel(ctx), session: db.writer}
	err := t.run("BEGIN IMMEDIATE", "COMMIT", f)
	if err != nil || !t.usual {
		db.ahead = nil
	}
	if err != nil {
		db.writer.chain = nil
		err = db.noted(fmt.Errorf("%s: %w", what, classify(err)))
		db.full.Store(errors.Is(err, ErrFull))
		return err
	}
	db.commits.Add(1)
	db.full.Store(false)
	if t.linked {
		db.journal.keepUp(t.chain)
	}
	return nil
}

// view runs f on one consistent state of the database.
func (db *DB) view(ctx context.Context, what string, f func(*tx) error) error {
	select {
	case _, ok := <-db.seats:
		if !ok {
			return fmt.Errorf("%s: %w", what, sql.ErrConnDone)
		}
		s := db.readers.take()
		defer func() {
			db.readers.put(s)
			db.seats <- struct{}{}
		}()
		if err := (&tx{ctx: ctx, session: s}).run("BEGIN", "ROLLBACK", f); err != nil {
			return db.noted(fmt.Errorf("%s: %w", what, classify(err)))
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

// version is data_version, which changes with the commits of others, and not
// within a transaction.
func (t *tx) version() (int64, error) {
	if t.seen == 0 {
		if err := t.one(`PRAGMA data_version`, nil, &t.seen); err != nil {
			return 0, err
		}
	}
	return t.seen, nil
}

func (t *tx) run(begin, end string, f func(*tx) error) error {
	if err := t.connect(t.ctx); err != nil {
		return err
	}
	if _, err := t.exec(begin); err != nil {
		return err
	}
	err := f(t)
	if err == nil {
		if _, err = t.exec(end); err == nil {
			return nil
		}
	}
	// A full disk or an interrupt may have rolled back already, which makes
	// this fail; the first error is the one to tell.
	_, _ = t.conn.ExecContext(context.WithoutCancel(t.ctx), "ROLLBACK")
	return err
}

// result runs a prepared statement.
func (t *tx) result(query string, args ...any) (sql.Result, error) {
	stmt, err := t.prepare(t.ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(t.ctx, args...)
}

// exec runs a prepared statement and tells how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.result(query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// hit is exec of a guarded statement: ErrStale when it changed no row.
func (t *tx) hit(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n == 0 {
		return schedule.ErrStale
	}
	return err
}

// each runs a prepared query and hands every row to scan.
func (t *tx) each(scan func(row) error, query string, args ...any) error {
	stmt, err := t.prepare(t.ctx, query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(t.ctx, args...)
	return walk(rows, err, scan)
}

// eachOnce is each for a text put together for this one call, not to be kept.
func (t *tx) eachOnce(scan func(row) error, query string, args ...any) error {
	rows, err := t.conn.QueryContext(t.ctx, query, args...)
	return walk(rows, err, scan)
}

// What parts lines, their fields and the parts of a field: char(30), char(31) and
// char(29), which no text here holds.
const (
	lineEnd  = "\x1e"
	fieldEnd = "\x1f"
	partEnd  = "\x1d"
)

// numbersOf reads the numbers a line begins with and returns what is left.
func numbersOf(line string, into []int64) (rest string, err error) {
	for i := range into {
		text, after, ok := strings.Cut(line, fieldEnd)
		if !ok {
			return "", fmt.Errorf("%d numbers and not %d in a line", i, len(into))
		}
		if into[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return "", err
		}
		line = after
	}
	return line, nil
}

func walk(rows *sql.Rows, err error, scan func(row) error) (final error) {
	if err != nil {
		return err
	}
	defer func() { final = errors.Join(final, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// row is what a scan function reads from.
type row interface{ Scan(dest ...any) error }

// one reads a single row into dest; ErrNotFound when there is none.
func (t *tx) one(query string, args []any, dest ...any) error {
	found := false
	err := t.each(func(r row) error { found = true; return r.Scan(dest...) }, query, args...)
	if err == nil && !found {
		return schedule.ErrNotFound
	}
	return err
}

// list collects the rows of a query.
func list[T any](t *tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := t.each(func(r row) error {
		v, err := scan(r)
		all = append(all, v)
		return err
	}, query, args...)
	return all, err
}

// note writes a log row.
func (t *tx) note(a roster.Actor, verb, ref, note string, now time.Time) error {
	ends, err := t.ends()
	if err != nil {
		return err
	}
	fields := []any{stampOf(now), a.Person, string(a.Via), a.By, verb, ref, note}
	l := ends.log.next(fields...)
	_, err = t.exec(`INSERT INTO log (at, person, via, asker, verb, ref, note, id, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		append(fields, l.id, l.hash[:])...)
	if err == nil {
		ends.log = l
	}
	return err
}

// numbers reserves n #numbers and returns the first.
func (t *tx) numbers(n int) (first int64, err error) {
	err = t.one(`UPDATE counters SET next = next + $1 WHERE name = 'number' RETURNING next - $1`, []any{n}, &first)
	return first, err
}

// touch tells every process that what it remembers under name is old.
func (t *tx) touch(name string) error {
	_, err := t.exec(`UPDATE counters SET next = next + 1 WHERE name = $1`, name)
	return err
}

// rev is what touch counts.
func (t *tx) rev(name string) (rev int64, err error) {
	err = t.one(`SELECT next FROM counters WHERE name = $1`, []any{name}, &rev)
	return rev, err
}

// ref names a row in the log.
func ref(kind string, id int64) string { return fmt.Sprintf("%s/%d", kind, id) }

// jsonText is a list as JSON; an empty one is "[]".
func jsonText[T any](all []T) string {
	if len(all) == 0 {
		return "[]"
	}
	text, err := json.Marshal(all)
	if err != nil { // only strings, numbers and plain structs come here
		panic(err)
	}
	return string(text)
}
