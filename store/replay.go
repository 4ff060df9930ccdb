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
	Files    int
	Attempts []Attempt // oldest first
	Damaged  int       // lines that cannot be read, the torn last one of a crash aside
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
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			if line == "" {
				continue
			}
			a, ok := parseAttempt(line)
			switch {
			case ok:
				j.Attempts = append(j.Attempts, a)
			case i < len(lines)-1 && !torn(lines[i:]):
				j.Damaged++
			}
		}
	}
	return j, nil
}

// torn reports whether a line that cannot be read was being written at a crash:
// the writer that came next began with an empty line. Nothing of its batch left.
func torn(rest []string) bool {
	return len(rest) > 1 && rest[1] == "" && !strings.HasSuffix(rest[0], "}")
}

func parseAttempt(line string) (a Attempt, ok bool) {
	sum, body, found := strings.Cut(line, " ")
	want, err := strconv.ParseUint(sum, 16, 32)
	if !found || err != nil || uint32(want) != crc32.ChecksumIEEE([]byte(body)) {
		return a, false
	}
	return a, json.Unmarshal([]byte(body), &a) == nil
}

// lastHead is the last audit head in the journal of a data directory, nil for
// none. Only the newest file is looked at.
func lastHead(dir string) (*Head, error) {
	names, err := journalFiles(filepath.Join(dir, journalDir))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	data, err := readTail(names[len(names)-1], 1<<20)
	if err != nil {
		return nil, err
	}
	for _, line := range slices.Backward(strings.Split(string(data), "\n")) {
		if a, ok := parseAttempt(line); ok && a.Head != "" {
			h, err := ParseHead(a.Head)
			return &h, err
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
