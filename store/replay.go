package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Journal is what a restore reads.
type Journal struct {
	Account  bool // an account is in use, so that there must be a journal; what the backup shows apart
	Files    int
	Attempts []Attempt // oldest first
	Damaged  int       // lines that cannot be read, those aside that a crash left half-written: nothing of theirs left
}

// ReadJournal reads the attempt journal of a data directory.
func ReadJournal(dir string) (j Journal, err error) {
	names, err := journalFiles(filepath.Join(dir, journalDir))
	if err != nil {
		return j, err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return j, fmt.Errorf("read the attempt journal: %w", err)
		}
		j.Files++
		for line := range strings.SplitSeq(string(data), "\n") {
			if line == "" {
				continue
			}
			a, ok := parseAttempt(line)
			switch {
			case ok:
				j.Attempts = append(j.Attempts, a)
			case strings.HasSuffix(line, "}"):
				j.Damaged++
			}
		}
	}
	return j, nil
}

func parseAttempt(line string) (a Attempt, ok bool) {
	sum, body, found := strings.Cut(strings.TrimRight(line, " "), " ")
	want, err := strconv.ParseUint(sum, 16, 32)
	if !found || err != nil || uint32(want) != crc32.ChecksumIEEE([]byte(body)) {
		return a, false
	}
	return a, json.Unmarshal([]byte(body), &a) == nil
}

// lastHead is the last audit head in the journal of a data directory, nil for
// none. A file that the first lines of its day found no room in has none.
func lastHead(dir string) (*Head, error) {
	names, err := journalFiles(filepath.Join(dir, journalDir))
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Backward(names) {
		data, err := readTail(name, 1<<20)
		if err != nil {
			return nil, err
		}
		for _, line := range slices.Backward(strings.Split(string(data), "\n")) {
			if a, ok := parseAttempt(line); ok && a.Head != "" {
				h, err := ParseHead(a.Head)
				return &h, err
			}
		}
	}
	return nil, nil
}

// MarkJournal writes down where the audit log of the database now in place ends:
// after a restore it is another than the journal knows.
func (db *DB) MarkJournal(ctx context.Context, now time.Time) error {
	return db.change(ctx, "mark the attempt journal", func(t *tx) error { return db.writeDown(t, nil, now) })
}

// EndJournal lets a restored database be opened although the journal has seen
// more: the lines so far are those of a database that lies aside. They stay, for
// the next restore. MarkJournal comes next.
func EndJournal(dir string) error {
	names, err := journalFiles(filepath.Join(dir, journalDir))
	if err != nil || len(names) == 0 {
		return err
	}
	f, err := os.OpenFile(names[len(names)-1], os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("end the attempt journal: %w", err)
	}
	body := []byte(`{"head":"` + headOf(link{}, link{}).String() + `"}`)
	_, err = fmt.Fprintf(f, "\n%08x %s\n", crc32.ChecksumIEEE(body), body)
	return errors.Join(err, f.Sync(), f.Close())
}
