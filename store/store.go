// Package store is the memory of the office: one SQLite file and a folder of
// media. It implements schedule.Store and keeps its promises: a change and its
// log row are one transaction, a delivery changes only as schedule.Moves says,
// and the tallies of what is owed are exact after every commit.
//
// It knows SQL and files. It refuses to know what should be said or sent, who
// may do what, and what time it is: now is an argument.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of this package, besides those of schedule.Store.
var (
	ErrExists   = errors.New("已经有这个文件，请换一个名字") // Backup
	ErrLocked   = errors.New("同时只能有一个铜锣用它")    // Lock: names the holder
	ErrNewer    = errors.New("database is newer than this program")
	ErrOlder    = errors.New("database has not been brought up to date") // read-only opening
	ErrReadOnly = errors.New("opened for reading only")
	ErrFull     = errors.New("disk is full") // nothing of the change was kept
	ErrCorrupt  = errors.New("stored bytes are damaged")
)

// FileName is the database inside the data directory.
const FileName = "tongluo.db"

var _ schedule.Store = (*DB)(nil)

// Options of Open.
type Options struct {
	// ReadOnly opens an existing database without changing it, beside a running
	// daemon; every change gives ErrReadOnly.
	ReadOnly bool
	Swapping bool               // for the restore that is under way itself
	Cal      *calendar.Calendar // local days; required
	Log      *slog.Logger       // nil: silent
}

// DB is an open data directory. It is safe for many goroutines, and beside
// other processes on the same directory.
type DB struct {
	dir      string
	cal      *calendar.Calendar
	log      *slog.Logger
	readOnly bool

	pools    []*sql.DB
	writing  sync.Mutex    // guards writer, out, and sessions when closing
	writer   *session      // nil when read-only
	seats    chan struct{} // one for each reader that is free
	readers  readers
	sessions int // of readers
	commits  atomic.Int64
	out      schedule.Delivery // what Advance gave out last, until its result
	ahead    *ahead            // what Advance will find next, nil when unknown
	journal  journal           // of attempts
	damage   atomic.Pointer[error]
	full     atomic.Bool // the last change did not fit on the disk

	remember  sync.Mutex // guards what is remembered below
	roster    remembered
	adoptions struct {
		rev   int64
		list  []schedule.Adoption
		terms map[termKey]term
	}
}

// readerCount is how many queries run beside the one writer.
const readerCount = 3

// Open opens the database of a data directory, making and migrating it unless
// read-only. It returns ErrNewer for a database of a later program, ErrOlder
// for one that a read-only opening may not migrate, and an fs.ErrNotExist for
// one that is not there, and ErrCut while a restore is not through. One that has gone back in time is opened, and Damaged
// from the start. It does not check the file's integrity (see
// IntegrityCheck): that takes seconds on a large one.
func Open(ctx context.Context, dir string, o Options) (*DB, error) {
	db := &DB{dir: dir, cal: o.Cal, log: o.Log, readOnly: o.ReadOnly, seats: make(chan struct{}, readerCount)}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	err := checkSwap(dir)
	if o.Swapping || err == nil {
		err = db.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Join(dir, FileName), err), db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) error {
	file := filepath.Join(db.dir, FileName)
	if db.readOnly {
		if _, err := os.Stat(file); err != nil {
			return err
		}
	} else if err := db.openWriter(ctx, file); err != nil {
		return err
	}
	pool, err := db.pool(source(file, "rw", "query_only=1", "cache_size=-1000"))
	if err != nil {
		return err
	}
	for range readerCount {
		db.readers.put(&session{pool: pool})
		db.seats <- struct{}{}
		db.sessions++
	}
	if err := db.view(ctx, "check version", func(t *tx) error { return checkVersion(t) }); err != nil {
		return err
	}
	if err := db.noted(db.checkHistory(ctx)); err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	return nil
}

func (db *DB) openWriter(ctx context.Context, file string) error {
	if err := os.MkdirAll(db.dir, 0o700); err != nil {
		return err
	}
	if err := touch(file); err != nil { // names and phones go in: for its owner only
		return err
	}
	pool, err := db.pool(source(file, "rwc", "cache_size=-1000"))
	if err != nil {
		return err
	}
	db.writer = &session{pool: pool}
	if err := db.assertPragmas(ctx); err != nil {
		return err
	}
	return db.migrate(ctx)
}

func (db *DB) pool(dsn string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err == nil {
		db.pools = append(db.pools, pool)
	}
	return pool, err
}

// source is the address of a database file: settings first, because WAL and
// the time to wait for a lock must hold before the first statement.
func source(file, mode string, pragmas ...string) string {
	query := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_dqs": {"0"}}
	for _, p := range append([]string{
		"busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=1",
		"temp_store=MEMORY", "journal_size_limit=67108864",
	}, pragmas...) {
		query.Add("_pragma", p)
	}
	return fileURL(file) + "?" + query.Encode()
}

func fileURL(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	file = filepath.ToSlash(file)
	if !strings.HasPrefix(file, "/") { // C:/data
		file = "/" + file
	}
	return (&url.URL{Scheme: "file", Path: file}).String()
}

// assertPragmas refuses a file system or driver that did not take the settings
// the promises rest on.
func (db *DB) assertPragmas(ctx context.Context) error {
	if err := db.writer.connect(ctx); err != nil {
		return classify(err)
	}
	for _, want := range []struct{ pragma, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "5000"},
	} {
		var got string
		if err := db.writer.conn.QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&got); err != nil {
			return classify(err)
		}
		if got != want.value {
			return fmt.Errorf("%s is %q and not %q", want.pragma, got, want.value)
		}
	}
	return nil
}

// Close waits for what is under way and closes the database. What is asked
// later fails.
func (db *DB) Close() error {
	db.writing.Lock()
	defer db.writing.Unlock()
	var errs []error
	for range db.sessions {
		<-db.seats
		errs = append(errs, db.readers.take().close())
	}
	if db.sessions > 0 {
		close(db.seats)
		db.sessions = 0
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close(), db.journal.close())
		db.writer = nil
	}
	for i := len(db.pools) - 1; i >= 0; i-- {
		errs = append(errs, db.pools[i].Close())
	}
	db.pools = nil
	return errors.Join(errs...)
}

// Dir is the data directory.
func (db *DB) Dir() string { return db.dir }

// classify gives a full disk and a damaged file their names; other errors stay
// as they are.
func classify(err error) error {
	var se *sqlite.Error
	code := 0
	if errors.As(err, &se) {
		code = se.Code() & 0xff
	}
	switch {
	case errors.Is(err, ErrFull), errors.Is(err, ErrCorrupt):
		return err
	case code == sqlite3.SQLITE_FULL, fullDisk(err):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case code == sqlite3.SQLITE_CORRUPT, code == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}
