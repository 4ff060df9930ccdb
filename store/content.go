package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

const itemColumns = `id, title, body, link, media, audiences, themes, attachments, poster, author, approver,
	state, approved_revision, created_at, approved_at, expires_on`

func scanItem(r row) (it content.Item, err error) {
	return it, r.Scan(&it.ID, &it.Title, &it.Body, &it.Link, array[content.Media]{&it.Media}, array[string]{&it.Audiences},
		array[string]{&it.Themes}, array[content.Attachment]{&it.Attachments}, &it.Poster, &it.Author, &it.Approver,
		&it.State, &it.ApprovedRevision, stamp{&it.CreatedAt}, stamp{&it.ApprovedAt}, &it.ExpiresOn)
}

// Items implements schedule.ContentStore, oldest first.
func (db *DB) Items(ctx context.Context) (all []content.Item, err error) {
	err = db.view(ctx, "read items", func(t *tx) error {
		all, err = list(t, scanItem, `SELECT `+itemColumns+` FROM items ORDER BY created_at, id`)
		return err
	})
	return all, err
}

// Item implements schedule.ContentStore.
func (db *DB) Item(ctx context.Context, id string) (it content.Item, err error) {
	err = db.view(ctx, "read item "+id, func(t *tx) error {
		found, err := list(t, scanItem, `SELECT `+itemColumns+` FROM items WHERE id = $1`, id)
		it, err = only(found, err)
		return err
	})
	return it, err
}

// SaveItem implements schedule.ContentStore. The media are on disk before the
// row that names them.
func (db *DB) SaveItem(ctx context.Context, a roster.Actor, it content.Item, blobs []content.Blob, now time.Time) error {
	for _, b := range blobs {
		if err := db.saveBlob(b); err != nil {
			return err
		}
	}
	return db.change(ctx, "save item "+it.ID, func(t *tx) error {
		_, err := t.exec(`INSERT INTO items (`+itemColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (id) DO UPDATE SET title = $2, body = $3, link = $4, media = $5, audiences = $6, themes = $7,
				attachments = $8, poster = $9, author = $10, approver = $11, state = $12, approved_revision = $13,
				created_at = $14, approved_at = $15, expires_on = $16`,
			it.ID, it.Title, it.Body, it.Link, jsonText(it.Media), jsonText(it.Audiences), jsonText(it.Themes),
			jsonText(it.Attachments), it.Poster, it.Author, it.Approver, string(it.State), it.ApprovedRevision,
			stampOf(it.CreatedAt), stampOf(it.ApprovedAt), it.ExpiresOn)
		if err != nil {
			return err
		}
		return t.note(a, string(roster.EditLibrary), "item/"+it.ID, string(it.State), now)
	})
}

// Heard implements schedule.ContentStore. Uncertain deliveries count as heard:
// the group may have got them.
func (db *DB) Heard(ctx context.Context, since calendar.Date) (map[int64]map[string]string, error) {
	heard := map[int64]map[string]string{}
	err := db.view(ctx, "read what was heard", func(t *tx) error {
		return t.each(func(r row) error {
			var on, item, groups string
			if err := r.Scan(&on, &item, &groups); err != nil {
				return err
			}
			return markHeard(heard, on, item, groups)
		}, `SELECT heard_on, item, group_concat(group_id) FROM deliveries
			WHERE heard_on <> '' AND heard_on >= $1 GROUP BY heard_on, item ORDER BY heard_on, item`, since.String())
	})
	return heard, err
}

// markHeard enters one item of one day; days come in order, so the last stays.
func markHeard(heard map[int64]map[string]string, on, item, groups string) error {
	for id := range strings.SplitSeq(groups, ",") {
		group, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return err
		}
		if heard[group] == nil {
			heard[group] = map[string]string{}
		}
		heard[group][item] = on
	}
	return nil
}
