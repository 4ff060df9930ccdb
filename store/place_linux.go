package store

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineID is what the system calls this installation of itself.
func machineID() string {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			return strings.TrimSpace(string(text))
		}
	}
	return ""
}

// The magic numbers of file systems (statfs(2)): those of other machines, and
// those whose file numbers do not last from one mount to the next.
var (
	remoteSystems  = []int64{0x6969, 0xFF534D42, 0xFE534D42, 0x517B, 0x564C, 0x5346414F, 0x73757245, 0x0BD00BD0, 0x00C36400, 0x47504653}
	forgetfulFiles = []int64{0x4D44, 0x2011BAB0, 0x65735546, 0x01021997} // FAT, exFAT, FUSE, 9p
)

func volumeAndFile(path string) (volume, file string, err error) {
	var fsys unix.Statfs_t
	if err := unix.Statfs(path, &fsys); err != nil {
		return "", "", &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	for _, kind := range remoteSystems {
		if int64(uint32(fsys.Type)) == kind {
			return "", "", ErrRemote
		}
	}
	for _, kind := range forgetfulFiles {
		if int64(uint32(fsys.Type)) == kind {
			return "", "", nil
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return "", "", &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Ino == 0 {
		return "", "", errors.New("the file has no number")
	}
	// The file system's id comes of its UUID; the device's number may change at
	// the next start of the PC.
	return strconv.FormatUint(uint64(uint32(fsys.Fsid.Val[0]))<<32|uint64(uint32(fsys.Fsid.Val[1])), 16), strconv.FormatUint(st.Ino, 16), nil
}
