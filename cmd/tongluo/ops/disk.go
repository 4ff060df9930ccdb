package ops

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"tongluo/schedule"
	"tongluo/store"
)

// leastFree is the space an office should always have, whatever its database.
const leastFree = 500 << 20

// needed is the space that should be free: three times the database, for a
// backup, a restore and what comes.
func needed(dir string) int64 {
	var size int64
	for _, name := range []string{store.FileName, store.FileName + "-wal"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil {
			size += st.Size()
		}
	}
	return max(leastFree, 3*size)
}

// Disk watches the space left for a data directory.
func Disk(dir string) Watch {
	return func(_ context.Context, _ time.Time, f *schedule.Facts) error {
		free, err := freeSpace(dir)
		if err == nil {
			f.Free, f.Need = free, needed(dir)
		}
		return err
	}
}
