package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"tongluo/content"
	"tongluo/schedule"
)

// mediaDir holds media by hash: media/ab/abcdef….
const mediaDir = "media"

// blobPath refuses what is no hash, so that no name can leave the folder.
func (db *DB) blobPath(sha string) (string, error) {
	if raw, err := hex.DecodeString(sha); err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != sha {
		return "", fmt.Errorf("media %q is no SHA-256: %w", sha, schedule.ErrNotFound)
	}
	return filepath.Join(db.dir, mediaDir, sha[:2], sha), nil
}

// Blob implements schedule.ContentStore: ErrNotFound for media never saved,
// ErrCorrupt, and content.ErrUnsound, for bytes that are not those saved.
func (db *DB) Blob(_ context.Context, sha string) ([]byte, error) {
	name, err := db.blobPath(sha)
	if err != nil {
		return nil, err
	}
	return readMedia(name, sha)
}

// readMedia reads a file whose bytes must be those of the hash.
func readMedia(name, sha string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read media %s: %w", sha, schedule.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read media: %w", err)
	}
	if hashOf(data) != sha {
		return nil, fmt.Errorf("read media %s: %w: %w", sha, ErrCorrupt, content.ErrUnsound)
	}
	return data, nil
}

// saveBlob writes media unless it is there already, whole.
func (db *DB) saveBlob(b content.Blob) error {
	if db.readOnly {
		return ErrReadOnly
	}
	if hashOf(b.Data) != b.SHA256 {
		return fmt.Errorf("save media %s: %w", b.SHA256, ErrCorrupt)
	}
	name, err := db.blobPath(b.SHA256)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(name); err == nil && hashOf(old) == b.SHA256 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("save media: %w", err)
	}
	if err := replaceFile(name, b.Data); err != nil {
		return fmt.Errorf("save media: %w", classify(err))
	}
	return nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// replaceFile puts a whole file in place, or leaves what was there.
func replaceFile(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes a rename durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
