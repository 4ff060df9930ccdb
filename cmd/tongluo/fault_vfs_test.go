package main

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// badDisk stands between SQLite and the machine's files and has one operation
// fail: the nth write, sync, cut, opening or removal since it was armed. It is
// the default of every database this process opens from then on, and harmless
// until it is armed.
type badDisk struct {
	once sync.Once
	vfs  sqlite3.Tsqlite3_vfs
	real sqlite3.Tsqlite3_vfs

	mu      sync.Mutex
	kept    []any                                    // the functions that SQLite has, so that they are not collected
	methods map[uintptr]*sqlite3.Tsqlite3_io_methods // the real ones → ours
	armed   bool
	dies    bool // and so do all after it
	left    int
	struck  string
}

var disk badDisk

// install puts it in place, once a process.
func (d *badDisk) install(t testing.TB) {
	d.once.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		d.methods = map[uintptr]*sqlite3.Tsqlite3_io_methods{}
		d.real = *at[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
		d.vfs = d.real
		name, err := libc.CString("bad disk")
		require.NoError(t, err)
		d.vfs.FzName, d.vfs.FpNext = name, 0
		set(d, &d.vfs.FxOpen, d.open)
		set(d, &d.vfs.FxDelete, d.remove)
		require.Zero(t, sqlite3.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&d.vfs)), 1))
	})
}

// arm has the nth operation from now fail.
func (d *badDisk) arm(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed, d.dies, d.left, d.struck = true, false, n, ""
}

// dieAt has the nth operation from now and all after it fail, until it is
// disarmed: what lies on the disk is what a crash there leaves.
func (d *badDisk) dieAt(n int) {
	d.arm(n)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dies = true
}

// disarm names the operation that failed, "" for none.
func (d *badDisk) disarm() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = false
	return d.struck
}

// strikes reports whether this operation is the one.
func (d *badDisk) strikes(what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.armed || d.struck != "" {
		return d.armed && d.dies
	}
	if d.left--; d.left > 0 {
		return false
	}
	d.struck = what
	return true
}

func (d *badDisk) open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	if d.strikes("open") {
		at[sqlite3.Tsqlite3_file](file).FpMethods = 0
		return sqlite3.SQLITE_CANTOPEN
	}
	rc := call[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](d.real.FxOpen)(tls, vfs, name, file, flags, out)
	if f := at[sqlite3.Tsqlite3_file](file); rc == sqlite3.SQLITE_OK && f.FpMethods != 0 {
		f.FpMethods = d.front(f.FpMethods)
	}
	return rc
}

func (d *badDisk) remove(tls *libc.TLS, vfs, name uintptr, dir int32) int32 {
	if d.strikes("remove") {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	return call[func(*libc.TLS, uintptr, uintptr, int32) int32](d.real.FxDelete)(tls, vfs, name, dir)
}

// front is our table of methods for a table of the machine's.
func (d *badDisk) front(real uintptr) uintptr {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ours := d.methods[real]; ours != nil {
		return uintptr(unsafe.Pointer(ours))
	}
	theirs := at[sqlite3.Tsqlite3_io_methods](real)
	ours := *theirs
	set(d, &ours.FxWrite, func(tls *libc.TLS, file, data uintptr, n int32, off int64) int32 {
		if d.strikes("write") {
			return sqlite3.SQLITE_IOERR_WRITE
		}
		return call[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](theirs.FxWrite)(tls, file, data, n, off)
	})
	set(d, &ours.FxSync, func(tls *libc.TLS, file uintptr, flags int32) int32 {
		if d.strikes("fsync") {
			return sqlite3.SQLITE_IOERR_FSYNC
		}
		return call[func(*libc.TLS, uintptr, int32) int32](theirs.FxSync)(tls, file, flags)
	})
	set(d, &ours.FxTruncate, func(tls *libc.TLS, file uintptr, size int64) int32 {
		if d.strikes("truncate") {
			return sqlite3.SQLITE_IOERR_TRUNCATE
		}
		return call[func(*libc.TLS, uintptr, int64) int32](theirs.FxTruncate)(tls, file, size)
	})
	d.methods[real] = &ours
	return uintptr(unsafe.Pointer(&ours))
}

// at is the thing at an address of SQLite's.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// call is the function a pointer of SQLite's stands for, set makes one stand for f.
func call[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&pointer)) }

func set[F any](d *badDisk, pointer *uintptr, f F) {
	d.kept = append(d.kept, f)
	*(*F)(unsafe.Pointer(pointer)) = f
}
