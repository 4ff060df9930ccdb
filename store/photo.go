package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// AddPhoto implements schedule.PhotoStore. The bytes are on disk before the row
// that names them.
func (db *DB) AddPhoto(ctx context.Context, a roster.Actor, number int64, b content.Blob, now time.Time) error {
	if err := db.saveBlob(b); err != nil {
		return err
	}
	return db.change(ctx, fmt.Sprintf("file a photo to #%d", number), func(t *tx) error {
		_, err := t.exec(`INSERT INTO photos (number, sha, person, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			number, b.SHA256, a.Person, stampOf(now))
		if err != nil {
			return err
		}
		return t.note(a, "file photo", ref("number", number), b.SHA256, now)
	})
}

// Photos implements schedule.PhotoStore.
func (db *DB) Photos(ctx context.Context, number int64) (shas []string, err error) {
	err = db.view(ctx, fmt.Sprintf("read photos of #%d", number), func(t *tx) error {
		shas, err = list(t, func(r row) (s string, err error) { return s, r.Scan(&s) },
			`SELECT sha FROM photos WHERE number = $1 ORDER BY at, sha`, number)
		return err
	})
	return shas, err
}

// KeepPhoto implements schedule.PhotoStore.
func (db *DB) KeepPhoto(ctx context.Context, w schedule.WaitingPhoto) error {
	return db.change(ctx, "keep a photo until it is known where it belongs", func(t *tx) error {
		_, err := t.exec(`INSERT INTO waiting_photos (person, photo, fits, said, expires) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (person) DO UPDATE SET photo = $2, fits = $3, said = $4, expires = $5`,
			w.Person, w.Photo.Data, jsonText(w.Fits), stampOf(w.Said), stampOf(w.Expires))
		return err
	})
}

// KeptPhoto implements schedule.PhotoStore.
func (db *DB) KeptPhoto(ctx context.Context, person int64, now time.Time) (w schedule.WaitingPhoto, err error) {
	err = db.view(ctx, "read a photo that waits", func(t *tx) error {
		return t.one(`SELECT person, photo, fits, said, expires FROM waiting_photos WHERE person = $1 AND expires > $2`,
			[]any{person, stampOf(now)}, &w.Person, &w.Photo.Data, array[int64]{&w.Fits}, stamp{&w.Said}, stamp{&w.Expires})
	})
	w.Photo.Name, w.Photo.SHA256 = "photo.jpg", hashOf(w.Photo.Data)
	return w, err
}

// ForgetPhotos implements schedule.PhotoStore.
func (db *DB) ForgetPhotos(ctx context.Context, person int64, now time.Time) error {
	return db.change(ctx, "forget photos that waited", func(t *tx) error {
		_, err := t.exec(`DELETE FROM waiting_photos WHERE person = $1 OR expires <= $2`, person, stampOf(now))
		return err
	})
}
