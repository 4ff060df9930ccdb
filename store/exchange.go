package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrCut is damage too: a restore was cut short while the files changed places,
// so that there is no database, or one that lacks what belongs to it.
var ErrCut = fmt.Errorf("a restore was cut short: %w", ErrCorrupt)

// exchanging is the folder of the restored database from before the first file
// moves until all that belongs to the restore is done.
const exchanging = ".exchange-"

// databaseFiles are what belongs to one database, in the order in which they
// may be moved away: without its -wal a database is known to be incomplete, a
// -wal beside another database would spoil that.
var databaseFiles = []string{FileName + "-wal", FileName + "-shm", FileName}

// rename is os.Rename, but for tests.
var rename = os.Rename

// Swap puts the closed database of the directory work, which lies in dir, into
// dir, under the instance lock. What was there is moved to aside and never
// deleted. From the first move on dir cannot be opened (ErrCut) until EndSwap,
// whatever happens; but where a file cannot be moved all goes back to where it was.
func Swap(dir, work, aside string) error {
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return fmt.Errorf("set the present database aside: %w", err)
	}
	ready := filepath.Join(dir, exchanging+filepath.Base(aside))
	if err := os.RemoveAll(ready); err != nil {
		return fmt.Errorf("begin to exchange the database: %w", err)
	}
	moves := [][2]string{{work, ready}}
	for _, name := range databaseFiles {
		moves = append(moves, [2]string{filepath.Join(dir, name), filepath.Join(aside, name)})
	}
	moves = append(moves, [2]string{filepath.Join(ready, FileName), filepath.Join(dir, FileName)})
	for i, m := range moves {
		err, done := rename(m[0], m[1]), i
		switch {
		case err != nil && errors.Is(err, os.ErrNotExist) && i > 0 && i <= len(databaseFiles): // none there
			continue
		case err == nil && i == 0:
			err, done = syncDir(dir), 1
		}
		if err != nil {
			return errors.Join(fmt.Errorf("exchange the database: %w", err), moveBack(moves[:done]), os.Remove(aside))
		}
	}
	return errors.Join(syncDir(aside), syncDir(dir))
}

// moveBack undoes moves, the last one first, so that the folder that says ErrCut
// goes when all the others are undone.
func moveBack(moves [][2]string) error {
	for _, m := range slices.Backward(moves) {
		if err := rename(m[1], m[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("put the database back: %w", err)
		}
	}
	return nil
}

// EndSwap lets the data directory be opened again: the restore is through.
func EndSwap(dir string) error {
	left, err := swaps(dir)
	for _, name := range left {
		err = errors.Join(err, os.RemoveAll(name))
	}
	if err != nil {
		return fmt.Errorf("end the exchange of the database: %w", err)
	}
	return nil
}

// checkSwap is ErrCut between Swap and EndSwap.
func checkSwap(dir string) error {
	left, err := swaps(dir)
	if err == nil && len(left) > 0 {
		err = ErrCut
	}
	return err
}

// swaps are those that have not ended.
func swaps(dir string) (left []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), exchanging) {
			left = append(left, filepath.Join(dir, e.Name()))
		}
	}
	return left, err
}
