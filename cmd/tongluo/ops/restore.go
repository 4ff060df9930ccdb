package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// Restoring is what a restore needs. The caller holds the instance lock.
type Restoring struct {
	Data, File string
	Key        string // file with the passphrase or identity of a sealed backup
	Actor      roster.Actor
	Cal        *calendar.Calendar
	Settings   schedule.Settings
	Account    bool // WeChat is switched on
	// Tell hears whose the backup is, before anything is changed; unsure when what
	// is there cannot be read, so that nothing says whether it is of the same office.
	Tell func(of store.Owner, unsure bool)
}

// OtherOffice is the error of a backup that is another office's than the data
// directory. Nothing was changed: two offices never share one, nor its journal,
// its login and its settings.
type OtherOffice struct{ Backup, Here store.Owner }

// Error implements error.
func (OtherOffice) Error() string { return "the backup is another office's" }

// Done is what a restore did.
type Done struct {
	store.Replayed
	Office  store.Owner `json:"office"` // whose the backup is
	Head    store.Head
	Aside   string // where the database before lies
	Journal store.Journal
	Asked   int // handoffs that are asked about again
	Media   int // pictures and files brought back
	Missing int // of the backup, that do not have their bytes
	// Strange groups wait for a person's word: the key of their members is not here.
	Strange int `json:"strange"`
}

// Restore puts a backup in the place of the database. Until the backup is
// checked, held and replayed, and its pictures are there, it lies beside, and the
// database stays as it was; it is kept. A crash in the middle of the exchange leaves a data
// directory that cannot be opened (store.ErrCut) until restore is run again.
func (r Restoring) Restore(ctx context.Context, now time.Time) (d Done, err error) {
	left, err := matching(r.Data, ".restore-*") // of one that was killed: plain, even where backups are not
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return d, fmt.Errorf("clear up after an earlier restore: %w", err)
	}
	work, err := os.MkdirTemp(r.Data, ".restore-*")
	if err != nil {
		return d, fmt.Errorf("make room for the restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	raw := filepath.Join(work, store.FileName)
	if strings.HasSuffix(r.File, sealed) {
		err = unseal(r.File, raw, r.Key)
	} else {
		err = copyFile(r.File, raw)
		if wal := r.File + "-wal"; err == nil && exists(wal) { // the database of a crash, with what is not in it yet
			err = copyFile(wal, raw+"-wal")
		}
	}
	if err != nil {
		return d, fmt.Errorf("read the backup: %w", err)
	}
	if _, err := store.CheckBackup(ctx, raw); err != nil {
		return d, err
	}
	if err := r.recognise(ctx, raw, &d); err != nil {
		return d, err
	}
	if d.Journal, err = store.ReadJournal(r.Data); err != nil {
		return d, err
	}
	d.Journal.Account = r.Account
	if err := r.replay(ctx, work, &d, now); err != nil {
		return d, err
	}
	if d.Media, d.Missing, err = bringMedia(filepath.Join(filepath.Dir(r.File), "media"), filepath.Join(r.Data, "media"), r.Key); err != nil {
		return d, err
	}
	if _, err := readKey(r.Data); err != nil && !errors.Is(err, os.ErrNotExist) { // Strangers will ask
		return d, err
	}
	d.Aside = r.aside(now)
	if err := store.Swap(r.Data, work, d.Aside); err != nil {
		return d, err
	}
	if d.Strange, err = r.mark(ctx, now); err != nil {
		return d, err
	}
	return d, store.EndSwap(r.Data)
}

// aside is where what is there goes: never on what an earlier restore set aside.
func (r Restoring) aside(now time.Time) string {
	at := filepath.Join(r.Data, "aside", now.In(r.Cal.Zone()).Format("20060102-150405"))
	free := at
	for n := 2; exists(free); n++ {
		free = fmt.Sprintf("%s-%d", at, n)
	}
	return free
}

// recognise holds the backup against whose the data directory is.
func (r Restoring) recognise(ctx context.Context, raw string, d *Done) (err error) {
	if d.Office, err = store.OwnerOf(ctx, raw); err != nil {
		return fmt.Errorf("look whose the backup is: %w", err)
	}
	here, unsure := r.owner(ctx)
	if r.Tell != nil {
		r.Tell(d.Office, unsure)
	}
	if !here.Nobody() && !here.Same(d.Office) {
		return OtherOffice{Backup: d.Office, Here: here}
	}
	return nil
}

// owner is whose the data directory is, nobody's when it is new. Where the
// database is gone or cannot be read, its latest backup that can be tells, or what
// a restore set aside.
func (r Restoring) owner(ctx context.Context) (here store.Owner, unsure bool) {
	present := filepath.Join(r.Data, store.FileName)
	here, err := store.OwnerOf(ctx, present)
	if err == nil && !here.Nobody() {
		return here, false
	}
	asides, _ := matching(r.Data, "aside/*/"+store.FileName) // by time
	unsure = err != nil && (exists(present) || len(asides) > 0)
	named, _ := os.Stat(r.File)
	names, _ := List(Backups{Data: r.Data}.Dir()) // none: nothing tells
	for _, name := range slices.Backward(append(asides, names...)) {
		if st, err := os.Stat(name); err != nil || os.SameFile(st, named) {
			continue
		}
		if of, err := store.OwnerOf(ctx, name); err == nil && !of.Nobody() {
			return of, false
		}
	}
	return store.Owner{}, unsure
}

// replay holds and settles what the backup had on its way.
func (r Restoring) replay(ctx context.Context, work string, d *Done, now time.Time) (err error) {
	db, err := store.Open(ctx, work, store.Options{Cal: r.Cal})
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if d.Replayed, err = db.Replay(ctx, r.Actor, d.Journal, now); err != nil {
		return err
	}
	office := schedule.New(db, r.Cal, r.Settings, schedule.Off{}, nil)
	if d.Asked, err = office.AfterRestore(ctx, r.Actor, d.Restore, now); err != nil {
		return err
	}
	if err := db.CheckAll(ctx); err != nil {
		return err
	}
	d.Head, err = db.AuditHead(ctx)
	return err
}

// mark tells the journal of the database that is now in place, and returns how
// many of its groups are Strangers.
func (r Restoring) mark(ctx context.Context, now time.Time) (strange int, err error) {
	if err := store.EndJournal(r.Data); err != nil {
		return 0, err
	}
	db, err := store.Open(ctx, r.Data, store.Options{Cal: r.Cal, Swapping: true})
	if err != nil {
		return 0, fmt.Errorf("open the restored database: %w", err)
	}
	strange, err = Strangers(ctx, db)
	return strange, errors.Join(err, db.MarkJournal(ctx, now), db.TakePlace(ctx), db.Close())
}

// bringMedia copies media that the data directory lacks, each only with the
// bytes its name promises.
func bringMedia(from, to, key string) (brought, missing int, err error) {
	err = filepath.WalkDir(from, func(path string, e os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		sha, isSealed := strings.CutSuffix(filepath.Base(path), sealed)
		if err != nil || e.IsDir() || !shaName.MatchString(sha) {
			return err
		}
		name := filepath.Join(to, sha[:2], sha)
		if whole(name, sha) {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		tmp := filepath.Join(to, making+sha)
		if isSealed {
			err = unseal(path, tmp, key)
		} else {
			err = copyFile(path, tmp)
		}
		if err != nil || !whole(tmp, sha) {
			missing++
			return errors.Join(os.RemoveAll(tmp))
		}
		brought++
		return os.Rename(tmp, name)
	})
	if err != nil {
		return brought, missing, fmt.Errorf("bring the media back: %w", err)
	}
	return brought, missing, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func whole(name, sha string) bool {
	data, err := os.ReadFile(name)
	sum := sha256.Sum256(data)
	return err == nil && hex.EncodeToString(sum[:]) == sha
}
