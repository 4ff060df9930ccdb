package store

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// accountLocks is where all users of this PC meet.
func accountLocks() string {
	if all := os.Getenv("ProgramData"); all != "" {
		return filepath.Join(all, "Tongluo", "accounts")
	}
	return filepath.Join(os.TempDir(), "tongluo-accounts")
}

// The locked byte lies far behind the text, because Windows lets nobody else
// read what is locked, and the text names the holder.
func lockedByte() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1} }

func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, lockedByte())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}

func unlockFile(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, lockedByte())
}
