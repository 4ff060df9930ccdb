package ops

import (
	"slices"

	"golang.org/x/sys/unix"
)

// remoteKinds are file systems whose locks SQLite cannot rely on.
var remoteKinds = []int64{unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, 0xff534d42, unix.SMB2_SUPER_MAGIC, unix.AFS_SUPER_MAGIC}

// remote reports whether dir lies on another machine.
func remote(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && slices.Contains(remoteKinds, int64(st.Type)&0xffffffff)
}
