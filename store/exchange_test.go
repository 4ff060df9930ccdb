package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule/roster"
)

// TestSwapCut: an exchange dies before its nth step, n = 1, 2, 3 … until it gets
// through. Until then nobody opens half a database, or makes a new one, and what
// was there is whole in one place or the other; doing it again heals it.
func TestSwapCut(t *testing.T) {
	died := errors.New("died")
	defer func() { rename = os.Rename }()
	for n, through := 1, false; !through; n++ {
		o := newOffice(t, 3)
		backup := filepath.Join(t.TempDir(), "one.db")
		require.NoError(t, o.Copy(o.ctx, backup))
		require.NoError(t, o.Log(o.ctx, roster.Operator(""), "later", "", "", monday))
		require.NoError(t, o.Close())
		for _, name := range databaseFiles[:2] { // as a crash leaves them
			require.NoError(t, os.WriteFile(filepath.Join(o.Dir(), name), nil, 0o600))
		}
		work := func() string {
			dir, err := os.MkdirTemp(o.Dir(), ".restore-*")
			require.NoError(t, err)
			data, err := os.ReadFile(backup)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, FileName), data, 0o600))
			return dir
		}
		left := n
		rename = func(from, to string) error {
			if left--; left <= 0 {
				return died
			}
			return os.Rename(from, to)
		}
		aside := filepath.Join(o.Dir(), "aside", "1")
		err := Swap(o.Dir(), work(), aside)
		rename = os.Rename
		through = err == nil
		if !through {
			require.ErrorIs(t, err, died)
		}
		if n == 1 { // nothing has moved yet
			require.NoError(t, openDir(t, o.Dir()).Close())
			continue
		}
		for _, readOnly := range []bool{false, true} {
			_, err := Open(o.ctx, o.Dir(), Options{Cal: o.cal, ReadOnly: readOnly})
			require.ErrorIs(t, err, ErrCut, "step %d", n)
		}
		_, here := os.Stat(filepath.Join(o.Dir(), FileName))
		_, there := os.Stat(filepath.Join(aside, FileName))
		require.True(t, here == nil || there == nil, "step %d", n)
		require.NoError(t, Swap(o.Dir(), work(), filepath.Join(o.Dir(), "aside", "2")))
		require.NoError(t, EndSwap(o.Dir()))
		again := openDir(t, o.Dir())
		require.NoError(t, again.CheckAll(o.ctx))
		require.NoError(t, again.Close())
	}
}

// TestSwapRefused: a file that another program has open, as on Windows, cannot be
// moved. Then all is as it was, with its last change, and can be opened.
func TestSwapRefused(t *testing.T) {
	defer func() { rename = os.Rename }()
	for n := 1; ; n++ {
		o := newOffice(t, 3)
		require.NoError(t, o.Close())
		for _, name := range databaseFiles[:2] {
			require.NoError(t, os.WriteFile(filepath.Join(o.Dir(), name), nil, 0o600))
		}
		work, err := os.MkdirTemp(o.Dir(), ".restore-*")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(work, FileName), nil, 0o600))
		left, refused := n, errors.New("in use")
		rename = func(from, to string) error {
			if left--; left == 0 {
				return refused
			}
			return os.Rename(from, to)
		}
		aside := filepath.Join(o.Dir(), "aside", "1")
		err = Swap(o.Dir(), work, aside)
		rename = os.Rename
		if err == nil {
			require.Greater(t, n, 4)
			return
		}
		require.ErrorIs(t, err, refused)
		require.NoDirExists(t, aside, "step %d", n)
		require.DirExists(t, work, "step %d", n)
		require.FileExists(t, filepath.Join(o.Dir(), FileName+"-wal"))
		db, err := Open(o.ctx, o.Dir(), Options{Cal: o.cal})
		require.NoError(t, err, "step %d", n)
		r, err := db.Roster(o.ctx)
		require.NoError(t, err)
		require.Len(t, r.Groups, 3)
		require.NoError(t, db.Close())
	}
}
