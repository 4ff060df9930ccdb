package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockName is the file whose lock is the instance lock. The file stays; only
// the lock on it means anything, and the system drops that with its process.
const lockName = "tongluo.lock"

// Lock takes the data directory for this process alone. ErrLocked, with the
// holder's process id in its text, when another has it. Call release once.
func Lock(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return lockPath(filepath.Join(dir, lockName), 0o600, "数据目录")
}

// LockAccount takes a WeChat account for this process alone on this PC, whoever
// runs it and from whatever data directory. ErrLocked as for Lock.
func LockAccount(account string) (release func() error, err error) {
	dir := accountLocks()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("lock the account: %w", err)
	}
	_ = os.Chmod(dir, 0o777|os.ModeSticky) // somebody else's already; then it is right
	sum := sha256.Sum256([]byte(account))
	return lockPath(filepath.Join(dir, hex.EncodeToString(sum[:8])+".lock"), 0o666, "这个微信号")
}

// lockPath locks a file, made with the rights given, and names the holder of
// what it stands for.
func lockPath(path string, rights os.FileMode, what string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, rights); err == nil {
			_ = os.Chmod(path, rights) // whatever the umask took away
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := lockFile(f); err != nil {
		if errors.Is(err, errHeld) {
			err = fmt.Errorf("%s正由另一个铜锣使用（进程号 %s）：%w", what, holder(f), ErrLocked)
		} else {
			err = fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, errors.Join(err, f.Close())
	}
	if err := writeHolder(f); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return func() error { return errors.Join(unlockFile(f), f.Close()) }, nil
}

// errHeld is what lockFile returns when another process has the lock.
var errHeld = errors.New("held")

func holder(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 20))
	if err != nil || len(text) == 0 {
		return "未知"
	}
	return strings.TrimSpace(string(text))
}

// writeHolder writes the process id in one go, so that whoever reads it finds
// the last one or this one, never nothing.
func writeHolder(f *os.File) error {
	_, err := f.WriteAt(fmt.Appendf(nil, "%-19d\n", os.Getpid()), 0)
	return err
}
