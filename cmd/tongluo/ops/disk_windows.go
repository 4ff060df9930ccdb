package ops

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// freeSpace is what this user may still write to the disk of dir.
func freeSpace(dir string) (int64, error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, fmt.Errorf("ask for the free space: %w", err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("ask for the free space: %w", err)
	}
	return int64(min(free, 1<<62)), nil
}

// remote reports whether dir lies on another machine.
func remote(dir string) bool {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	volume := filepath.VolumeName(whole)
	if strings.HasPrefix(volume, `\\`) {
		return true
	}
	p, err := windows.UTF16PtrFromString(volume + `\`)
	return err == nil && windows.GetDriveType(p) == windows.DRIVE_REMOTE
}
