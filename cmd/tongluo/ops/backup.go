package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/store"
)

// Keep is how many backups stay in a directory.
const Keep = 14

// Backups makes the backups of one data directory.
type Backups struct {
	Data string // data directory
	Also string // second directory, best on another disk; "" for none
	Seal Seal   // how they are encrypted; zero for not
	Zone *time.Location
	// At is when, in minutes from midnight, the one of the day is due.
	At int
}

// Made is one backup.
type Made struct {
	File string     `json:"file"`
	Also string     `json:"also,omitempty"`
	Head store.Head `json:"head"`
}

// Read is how the backups stand; zero when there was none.
func Read(ctx context.Context, db *store.DB) (l schedule.LastBackup, err error) {
	text, err := db.MarkOf(ctx, schedule.MarkBackup)
	if err != nil || text == "" {
		return l, err
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, fmt.Errorf("read how the backups stand: %w", err)
	}
	return l, nil
}

// Due is when the next backup is to be made: at its time of the day, or as soon
// as the PC is on after it. After a failure it is tried again in an hour.
func (b Backups) Due(last schedule.LastBackup, now time.Time) time.Time {
	local := now.In(b.Zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, b.At, 0, 0, b.Zone)
	latest := today // the latest time of day that has passed
	if now.Before(today) {
		latest = today.AddDate(0, 0, -1)
	}
	due := latest
	if !last.At.Before(latest) {
		due = latest.AddDate(0, 0, 1)
	}
	if again := last.FailedAt.Add(time.Hour); last.FailedAt.After(last.At) && due.Before(again) {
		return again
	}
	return due
}

// Step makes the backup if it is due and returns when to call again.
func (b Backups) Step(ctx context.Context, db *store.DB, now time.Time) (time.Time, error) {
	last, err := Read(ctx, db)
	if err != nil {
		return now.Add(time.Hour), err
	}
	if due := b.Due(last, now); due.After(now) {
		return due, nil
	}
	_, err = b.Make(ctx, db, now)
	return now.Add(time.Minute), err
}

// Make makes a backup now, checks it through, and lets go of old ones. How it
// went is marked.
func (b Backups) Make(ctx context.Context, db *store.DB, now time.Time) (Made, error) {
	last, err := Read(ctx, db)
	if err != nil {
		return Made{}, err
	}
	m, err := b.make(ctx, db, now)
	if err != nil && ctx.Err() != nil { // the program ends: no failure
		return m, err
	}
	if err != nil {
		last.FailedAt, last.Why = now.UTC(), err.Error()
	}
	if m.File != "" {
		last.At, last.File = now.UTC(), filepath.Base(m.File)
	}
	if m.Also != "" {
		last.AlsoAt = now.UTC()
	}
	if db.Damaged() != nil { // nothing can be marked there
		return m, err
	}
	text, bad := json.Marshal(last)
	return m, errors.Join(err, bad, db.Mark(context.WithoutCancel(ctx), schedule.MarkBackup, string(text)))
}

// To makes a backup in a file somebody names; it is plain unless there is a Seal,
// without media, and not counted among those that are kept.
func (b Backups) To(ctx context.Context, db *store.DB, file string) (m Made, err error) {
	name := b.Seal.named(file)
	if _, err := os.Lstat(name); err == nil {
		return m, fmt.Errorf("back up to %s: %w", name, store.ErrExists)
	}
	if b.Seal.plain() {
		checked, err := db.Backup(ctx, file)
		if err != nil {
			return m, err
		}
		return Made{File: file, Head: checked.Head}, nil
	}
	raw := filepath.Join(filepath.Dir(file), fmt.Sprintf("%s%s", making, filepath.Base(file)))
	checked, err := db.Backup(ctx, raw)
	if err != nil {
		return m, err
	}
	return Made{File: name, Head: checked.Head}, b.Seal.put(raw, file)
}

// Dir is where the backups of the data directory lie.
func (b Backups) Dir() string { return filepath.Join(b.Data, "backups") }

func (b Backups) make(ctx context.Context, db *store.DB, now time.Time) (m Made, err error) {
	if err := clearUp(b.Dir(), now); err != nil {
		return m, err
	}
	raw := filepath.Join(b.Dir(), fmt.Sprintf("%s%d%s", making, now.UnixNano(), ext))
	checked, err := db.Backup(ctx, raw)
	if err != nil {
		return m, err
	}
	m.Head = checked.Head
	name := filepath.Join(b.Dir(), fmt.Sprintf("tongluo-%s-%s%s", now.In(b.Zone).Format("20060102-150405"), m.Head, ext))
	if err := b.Seal.put(raw, name); err != nil {
		return m, errors.Join(fmt.Errorf("name the backup: %w", err), os.Remove(raw))
	}
	m.File = b.Seal.named(name)
	errs := []error{b.copyMedia(ctx, b.Dir(), os.Link), prune(b.Dir())}
	if b.Also != "" {
		err := b.carry(ctx, m.File, now)
		if err == nil {
			m.Also = filepath.Join(b.Also, filepath.Base(m.File))
		}
		errs = append(errs, err)
	}
	return m, errors.Join(errs...)
}

// carry copies a backup and the media into the second directory.
func (b Backups) carry(ctx context.Context, file string, now time.Time) error {
	if err := os.MkdirAll(b.Also, 0o700); err != nil {
		return fmt.Errorf("make the second directory: %w", err)
	}
	if err := clearUp(b.Also, now); err != nil {
		return err
	}
	if err := copyFile(file, filepath.Join(b.Also, filepath.Base(file))); err != nil {
		return fmt.Errorf("copy into the second directory: %w", err)
	}
	return errors.Join(b.copyMedia(ctx, b.Also, nil), prune(b.Also))
}

const (
	ext    = ".db"
	making = ".making-"
)

// mine is a name that Make gives; others are never deleted.
var mine = regexp.MustCompile(`^tongluo-\d{8}-\d{6}-(\d+-\d+-[0-9a-f]{16})\.db(\.age)?$`)

// HeadIn is the audit head in the name of a backup.
func HeadIn(file string) (h store.Head, ok bool) {
	found := mine.FindStringSubmatch(filepath.Base(file))
	if found == nil {
		return h, false
	}
	h, err := store.ParseHead(found[1])
	return h, err == nil
}

// List are the backups in a directory that bear a name of Make's, oldest first.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if mine.MatchString(e.Name()) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	return names, err
}

// prune keeps the newest.
func prune(dir string) error {
	names, err := List(dir)
	if err != nil {
		return fmt.Errorf("list the backups: %w", err)
	}
	var errs []error
	for _, name := range names[:max(0, len(names)-Keep)] {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

// stale is how old something half-made must be to be a crash's: another process
// may be making a backup just now.
const stale = time.Hour

// matching are the files of a directory that match a pattern, which the name of
// the directory is no part of.
func matching(dir, pattern string) ([]string, error) {
	names, err := fs.Glob(os.DirFS(dir), pattern)
	for i, name := range names {
		names[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	return names, err
}

// clearUp removes what a crash left half-made.
func clearUp(dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	left, err := matching(dir, making+"*")
	more, err2 := matching(dir, ".tongluo-*.new") // the store's
	errs := []error{err, err2}
	for _, name := range append(left, more...) {
		if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > stale {
			errs = append(errs, os.Remove(name))
		}
	}
	return errors.Join(errs...)
}

// copyMedia brings dir/media up to date. Media never change, so only what is not
// there is copied, or linked where link can.
func (b Backups) copyMedia(ctx context.Context, dir string, link func(from, to string) error) error {
	from := filepath.Join(b.Data, "media")
	err := eachMedia(from, func(sha string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := b.Seal.named(filepath.Join(dir, "media", sha[:2], sha))
		if _, err := os.Stat(to); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		file := filepath.Join(from, sha[:2], sha)
		if link != nil && b.Seal.plain() && link(file, to) == nil {
			return nil
		}
		tmp := filepath.Join(dir, making+sha)
		if err := copyFile(file, tmp); err != nil {
			return err
		}
		return b.Seal.put(tmp, filepath.Join(dir, "media", sha[:2], sha))
	})
	if err != nil {
		return fmt.Errorf("back up the media: %w", err)
	}
	return nil
}

var shaName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// eachMedia names every medium below a folder.
func eachMedia(dir string, f func(sha string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && path != dir && len(d.Name()) != 2: // drafts
			return fs.SkipDir
		case shaName.MatchString(d.Name()):
			return f(d.Name())
		}
		return nil
	})
}

// copyFile copies a file, whole and on disk, or leaves nothing.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return writeFile(to, func(out io.Writer) error {
		_, err := io.Copy(out, in)
		return err
	})
}

func writeFile(to string, write func(io.Writer) error) error {
	out, err := os.CreateTemp(filepath.Dir(to), making+"*")
	if err != nil {
		return err
	}
	err = errors.Join(write(out), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}
