package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tongluo/schedule"
)

// The attempt journal is what a restored backup does not know: every message
// that may have left, on disk outside the database before it does. Lines are
// written for the next 64 messages at once, so that a message costs no fsync of
// its own; a message whose line cannot be written is not claimed. Only a restore
// reads them, and the opening of the database the last head among them.

// journalDir holds a file a day (UTC) of lines "CRC-32 JSON".
const journalDir = "journal"

// journalBatch is how many messages are written down at once.
const journalBatch = 64

// journalKept is how long a file is kept. A line keeps a message from going
// twice while its window may be open or its slot be planned, at most
// longestWindow days; the rest is for whoever restores an older backup.
const journalKept = 92 * 24 * time.Hour

// Attempt is one line: a delivery or a private message that may go from now on,
// or where the audit log ended when the lines after it were written.
type Attempt struct {
	At      time.Time `json:"at"`
	Session string    `json:"session,omitempty"`

	Delivery int64     `json:"delivery,omitempty"`
	Push     int64     `json:"push,omitempty"`
	Revision string    `json:"revision,omitempty"` // content hash
	Item     string    `json:"item,omitempty"`
	Slot     string    `json:"slot,omitempty"`
	Day      string    `json:"day,omitempty"`
	Group    int64     `json:"group,omitempty"`
	Unit     int64     `json:"unit,omitempty"`
	Makeup   int64     `json:"makeup,omitempty"` // what it credits alone, or that it credits nothing
	Media    []string  `json:"media,omitempty"`
	Themes   []string  `json:"themes,omitempty"`
	Opens    time.Time `json:"opens,omitzero"`
	Closes   time.Time `json:"closes,omitzero"`
	Kinds    []string  `json:"kinds,omitempty"`   // of its messages
	Clients  []string  `json:"clients,omitempty"` // their ids

	Notice  string `json:"notice,omitempty"` // key
	Person  int64  `json:"person,omitempty"`
	Handoff int64  `json:"handoff,omitempty"`

	Head   string `json:"head,omitempty"`
	Number int64  `json:"number,omitempty"` // the next free #number then
}

// journal is the writer's end; guarded by DB.writing.
type journal struct {
	file    *os.File
	headAt  int64 // where in the file the line of keepUp is, 0 for none
	written int64 // how far the file is written, without that line
	day     string
	session string
	ids     map[int64][]string // message ids of the deliveries written down and not all claimed
	notices map[int64]string
	sync    func(*os.File) error // nil is Sync; tests put failures, or nothing, here
}

// attempted makes sure that a delivery about to be claimed is in the journal,
// together with those that come next, and gives its messages their ids.
func (db *DB) attempted(t *tx, d schedule.Delivery, want schedule.Claim, now time.Time) ([]string, error) {
	j := &db.journal
	if j.ids == nil || j.session != want.Session {
		j.ids, j.session = map[int64][]string{}, want.Session
	}
	if ids := j.ids[d.ID]; ids != nil && j.inPlace() {
		return ids, nil
	}
	next, err := db.ahead.due, error(nil)
	if len(next) == 0 {
		if next, err = readDue(t, db.today(want), now, journalBatch); err != nil {
			return nil, err
		}
	}
	batch, left := []schedule.Delivery{d}, journalBatch-len(d.Parts)
	for _, n := range next {
		if left -= len(n.Parts); left < 0 {
			break
		}
		if n.ID != d.ID && j.ids[n.ID] == nil {
			batch = append(batch, n.Delivery)
		}
	}
	lines := make([]Attempt, 0, len(batch))
	revisions := map[int64]string{}
	for _, n := range batch {
		if _, known := revisions[n.Push]; !known {
			var revision string
			if err := t.one(`SELECT revision FROM pushes WHERE id = $1`, []any{n.Push}, &revision); err != nil && !errors.Is(err, schedule.ErrNotFound) {
				return nil, err
			}
			revisions[n.Push] = revision
		}
		lines = append(lines, attemptOf(n, revisions[n.Push], want.Session, now))
	}
	if err := db.writeDown(t, lines, now); err != nil {
		return nil, err
	}
	for _, l := range lines {
		j.ids[l.Delivery] = l.Clients
	}
	return j.ids[d.ID], nil
}

func attemptOf(d schedule.Delivery, revision, session string, now time.Time) Attempt {
	a := Attempt{At: now.UTC(), Session: session, Delivery: d.ID, Push: d.Push, Revision: revision, Item: d.Item, Slot: d.Slot,
		Day: d.Day.String(), Group: d.Group, Unit: d.Unit, Makeup: d.Makeup, Media: d.Media, Themes: d.Themes, Opens: d.Opens, Closes: d.Closes}
	for n, p := range d.Parts {
		a.Kinds = append(a.Kinds, string(p.Kind))
		a.Clients = append(a.Clients, cmp.Or(p.ClientID, fmt.Sprintf("%017d", clientID(now, d.ID, n))))
	}
	return a
}

// noticed is attempted for a private message.
func (db *DB) noticed(t *tx, id int64, now time.Time) (string, error) {
	j := &db.journal
	if client := j.notices[id]; client != "" && j.inPlace() {
		delete(j.notices, id)
		return client, nil
	}
	var ids []int64
	lines, err := list(t, func(r row) (a Attempt, err error) {
		var n int64
		var client sql.NullInt64
		err = r.Scan(&n, &a.Notice, &a.Person, &a.Handoff, &client)
		ids = append(ids, n)
		a.At, a.Clients = now.UTC(), []string{cmp.Or(clientText(client), fmt.Sprintf("%017d", clientID(now, n, noticePart)))}
		return a, err
	}, `SELECT id, key, person, handoff, client_id FROM notices
		WHERE state = 'queued' AND (due <= $2 OR id = $1) ORDER BY id <> $1, due, id LIMIT $3`, id, stampOf(now), journalBatch)
	if err != nil {
		return "", err
	}
	if err := db.writeDown(t, lines, now); err != nil {
		return "", err
	}
	j.notices = map[int64]string{}
	for i, l := range lines[1:] {
		j.notices[ids[i+1]] = l.Clients[0]
	}
	return lines[0].Clients[0], nil
}

// writeDown puts lines on disk, after one that says where the audit log ended
// with the last commit.
func (db *DB) writeDown(t *tx, lines []Attempt, now time.Time) error {
	if _, err := t.ends(); err != nil {
		return err
	}
	first := Attempt{At: now.UTC(), Head: headOf(t.before.log, t.before.moves).String()}
	if err := t.one(`SELECT next FROM counters WHERE name = 'number'`, nil, &first.Number); err != nil {
		return err
	}
	if err := db.journal.append(filepath.Join(db.dir, journalDir), append([]Attempt{first}, lines...), now); err != nil {
		return fmt.Errorf("write the attempt journal: %w", err)
	}
	return nil
}

// headRoom is more than the longest head takes. The line ends in blanks, which
// its CRC leaves out: one torn by a crash is whole, or ends in no brace and is
// not taken for damage.
const headRoom = 80

// keepUp says where the audit log has got to with a commit, in one line after
// the last batch that each commit writes over: a file that grew would cost the
// sync of the database, too. It is not synced and may fail: it only makes it
// plainer, after a crash, what the database must know. Nobody else writes to the
// file: Lock sees to that.
func (j *journal) keepUp(c *chain) {
	if j.file == nil {
		return
	}
	end, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return
	}
	body := `{"head":"` + headOf(c.log, c.moves).String() + `"}`
	line := fmt.Appendf(nil, "\n%08x %-*s\n", crc32.ChecksumIEEE([]byte(body)), headRoom, body)
	if j.headAt == 0 || j.headAt+int64(len(line)) != end { // there is none yet, or something came after it
		j.headAt = end
	}
	_, _ = j.file.WriteAt(line, j.headAt)
}

func (j *journal) append(dir string, lines []Attempt, now time.Time) error {
	fresh, err := j.openFor(dir, now)
	if err != nil {
		return classify(err)
	}
	size, err := j.file.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, j.close())
	}
	var text strings.Builder
	text.WriteByte('\n') // ends what a crash may have left half-written
	for _, l := range lines {
		body, err := json.Marshal(l)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%08x %s\n", crc32.ChecksumIEEE(body), body)
	}
	_, err = j.file.WriteString(text.String())
	switch {
	case err != nil:
	case j.sync != nil:
		err = j.sync(j.file)
	default:
		err = j.file.Sync()
	}
	if err == nil && fresh && j.sync == nil {
		err = syncDir(dir)
	}
	if err != nil { // nothing of it is relied on: the next try opens the file anew
		return classify(errors.Join(err, j.file.Truncate(size), j.close()))
	}
	j.written = size + int64(text.Len())
	if fresh { // what cannot be removed today can another day
		_ = pruneJournal(dir, now.Add(-journalKept).UTC().Format("2006-01-02"))
	}
	return nil
}

// openFor opens the file of a day, fresh when it did not exist.
func (j *journal) openFor(dir string, now time.Time) (fresh bool, err error) {
	day := now.UTC().Format("2006-01-02")
	if j.file != nil && j.day == day && j.inPlace() {
		return false, nil
	}
	if err := errors.Join(j.close(), os.MkdirAll(dir, 0o700)); err != nil {
		return false, err
	}
	j.headAt, j.written = 0, 0
	name := filepath.Join(dir, day+journalExt)
	_, err = os.Stat(name)
	fresh = errors.Is(err, os.ErrNotExist)
	if j.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600); err != nil {
		j.file = nil
		return false, err
	}
	j.day = day
	return fresh, nil
}

// inPlace reports whether the file written to is still the one that a restore
// would find, with all that was written. When somebody has taken it away, or cut
// it, so are the lines in it: nothing that was written down counts any more.
func (j *journal) inPlace() bool {
	if j.file == nil {
		return false
	}
	is, err := j.file.Stat()
	there, err2 := os.Stat(j.file.Name())
	if err == nil && err2 == nil && os.SameFile(is, there) && is.Size() >= j.written {
		return true
	}
	j.ids, j.notices = map[int64][]string{}, nil
	return false
}

const journalExt = ".log"

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// journalFiles are the files of a journal, oldest first; none where there is no
// journal.
func journalFiles(dir string) ([]string, error) {
	names, err := fs.Glob(os.DirFS(dir), "????-??-??"+journalExt) // dir itself is no pattern
	slices.Sort(names)
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names, err
}

func pruneJournal(dir, before string) error {
	names, err := journalFiles(dir)
	for _, name := range names {
		if filepath.Base(name) < before {
			err = errors.Join(err, remove(name))
		}
	}
	return err
}

// fullDisk is what systems say of it: ENOSPC, and ERROR_DISK_FULL on Windows.
func fullDisk(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.Errno(112))
}
