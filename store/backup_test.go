package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tongluo/content"
	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

func TestBackup(t *testing.T) {
	t.Run("is whole though somebody writes", func(t *testing.T) {
		o := newOffice(t, 200)
		o.plan("早", 0, 200, 2)
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				if err := o.Mark(o.ctx, fmt.Sprint("mark", i), "x"); err != nil {
					ended <- err
					return
				}
			}
		}()
		path := filepath.Join(t.TempDir(), "backups", "one.db")
		_, err := o.Backup(o.ctx, path)
		require.ErrorIs(t, o.Copy(o.ctx, path), ErrExists, "an older copy is never replaced")
		close(stop)
		require.NoError(t, errors.Join(err, <-ended))
		left, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, left, 1, "nothing beside the copy")

		dir := t.TempDir()
		require.NoError(t, os.Rename(path, filepath.Join(dir, FileName)))
		copied := openDir(t, dir)
		require.NoError(t, copied.IntegrityCheck(o.ctx))
		rows, err := copied.Stats(o.ctx)
		require.NoError(t, err)
		require.Equal(t, 200, rows["deliveries"])
		require.Equal(t, 400, rows["parts"])
	})
	t.Run("a damaged copy is found", func(t *testing.T) {
		o := newOffice(t, 300)
		o.plan("早", 0, 300, 2)
		path := filepath.Join(t.TempDir(), "one.db")
		require.NoError(t, o.Copy(o.ctx, path))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := len(data) / 2; i < len(data)/2+8*4096; i++ {
			data[i] = 0xa5
		}
		require.NoError(t, os.WriteFile(path, data, 0o600))
		require.Error(t, verifyCopy(o.ctx, path))
	})
}

func TestFullDisk(t *testing.T) {
	o := newOffice(t, 3000)
	p := o.plan("早", 0, 10, 1)
	limit := func(pages int) {
		_, err := o.writer.conn.ExecContext(o.ctx, fmt.Sprintf("PRAGMA max_page_count=%d", pages))
		require.NoError(t, err)
	}
	before, err := o.Stats(o.ctx)
	require.NoError(t, err)
	limit(1) // no page more than there are
	_, err = o.planned("晚", 0, 3000, 2)
	require.ErrorIs(t, err, ErrFull)
	for err = nil; err == nil; { // until not even a claim fits, or all are claimed
		_, err = o.Advance(o.ctx, nil, claim(), at(0, 2))
	}
	require.True(t, errors.Is(err, ErrFull) || errors.Is(err, schedule.ErrNotFound), err)
	after, err := o.Stats(o.ctx)
	require.NoError(t, err)
	require.Equal(t, before["deliveries"], after["deliveries"], "nothing of the change was kept")
	require.Equal(t, before["pushes"], after["pushes"])
	require.Len(t, o.deliveries(p.ID), 10)
	require.NoError(t, o.IntegrityCheck(o.ctx))
	o.exact(at(0, 2))
	limit(1 << 30)
	_, err = o.planned("晚", 0, 3000, 2)
	require.NoError(t, err, "works again once there is room")
	o.noDoubleNumbers()
}

func TestMedia(t *testing.T) {
	db := openDir(t, t.TempDir())
	data := []byte("一张图")
	b := content.Blob{Name: "p.png", SHA256: hashOf(data), Data: data}
	require.NoError(t, db.saveBlob(b))
	got, err := db.Blob(t.Context(), b.SHA256)
	require.NoError(t, err)
	require.Equal(t, data, got)
	_, err = db.Blob(t.Context(), hashOf([]byte("other")))
	require.ErrorIs(t, err, schedule.ErrNotFound)
	for _, name := range []string{"", "../../etc/passwd", b.SHA256[:63] + "G", "../" + b.SHA256[3:]} {
		_, err := db.Blob(t.Context(), name)
		require.ErrorIs(t, err, schedule.ErrNotFound, name)
	}
	require.ErrorIs(t, db.saveBlob(content.Blob{SHA256: b.SHA256, Data: []byte("x")}), ErrCorrupt)

	file := filepath.Join(db.Dir(), mediaDir, b.SHA256[:2], b.SHA256)
	require.NoError(t, os.WriteFile(file, []byte("damaged"), 0o600))
	_, err = db.Blob(t.Context(), b.SHA256)
	require.ErrorIs(t, err, ErrCorrupt)
	require.NoError(t, db.saveBlob(b), "saving it again mends it")
	_, err = db.Blob(t.Context(), b.SHA256)
	require.NoError(t, err)
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, left, 1)
}
