//go:build unix

package ops

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeSpace is what this user may still write to the disk of dir.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask for the free space: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
