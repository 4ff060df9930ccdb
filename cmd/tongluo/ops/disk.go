package ops

import (
	"context"
	"time"

	"tongluo/schedule"
)

// leastFree is the space an office should always have, whatever its database.
const leastFree = 500 << 20

// needed is the space that should be free: three times the database, for a
// backup, a restore and what comes.
func needed(dir string) int64 { return max(leastFree, 3*sizeOf(dir)) }

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
