package store

import (
	"context"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

// Watched implements schedule.SeenStore.
func (db *DB) Watched(ctx context.Context, group int64) (all []schedule.Delivery, err error) {
	err = db.view(ctx, "read what a group is watched for", func(t *tx) error {
		all, err = list(t, scanEntry, `SELECT `+entryColumns+` FROM handoffs h CROSS JOIN deliveries d
			WHERE h.state IN ('waiting', 'open', 'part') AND h.hop = h.hops AND d.handoff <> 0 AND d.handoff = h.id
				AND d.group_id = $1 AND d.state IN ('handed', 'reported')
			ORDER BY h.id, d.id`, group)
		return err
	})
	return all, err
}

// TakeLook implements schedule.SeenStore. What was counted on other days is
// forgotten.
func (db *DB) TakeLook(ctx context.Context, group int64, on calendar.Date, most int) (taken bool, err error) {
	err = db.change(ctx, "take a look", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM looks WHERE day <> $1`, on.String()); err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO looks (day, group_id, n) VALUES ($1, $2, 1)
			ON CONFLICT (day, group_id) DO UPDATE SET n = n + 1 WHERE n < $3`, on.String(), group, most)
		taken = n > 0
		return err
	})
	return taken && err == nil, err
}

// NoteSeen implements schedule.SeenStore.
func (db *DB) NoteSeen(ctx context.Context, delivery int64, kinds []content.Media, now time.Time) (all []content.Media, err error) {
	err = db.change(ctx, fmt.Sprintf("note what was seen of delivery %d", delivery), func(t *tx) error {
		for _, k := range kinds {
			if _, err := t.exec(`INSERT INTO seen (delivery, kind, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
				delivery, string(k), stampOf(now)); err != nil {
				return err
			}
		}
		all, err = list(t, func(r row) (k content.Media, err error) { return k, r.Scan(&k) },
			`SELECT kind FROM seen WHERE delivery = $1 ORDER BY kind`, delivery)
		return err
	})
	return all, err
}

func scanPrint(r row) (p content.Print, err error) { return p, r.Scan(&p.W, &p.H, &p.Gray) }

// Print implements schedule.SeenStore.
func (db *DB) Print(ctx context.Context, sha string) (p content.Print, err error) {
	err = db.view(ctx, "read a print", func(t *tx) error {
		p, err = only(list(t, scanPrint, `SELECT w, h, gray FROM prints WHERE sha = $1`, sha))
		return err
	})
	return p, err
}

// SavePrint implements schedule.SeenStore.
func (db *DB) SavePrint(ctx context.Context, sha string, p content.Print) error {
	return db.change(ctx, "save a print", func(t *tx) error {
		_, err := t.exec(`INSERT INTO prints (sha, w, h, gray) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, sha, p.W, p.H, p.Gray)
		return err
	})
}

// PrintsLike implements schedule.SeenStore.
func (db *DB) PrintsLike(ctx context.Context, p content.Print, but []string) (all []content.Print, err error) {
	slack := max(p.H/10, 1)
	err = db.view(ctx, "read prints of a shape", func(t *tx) error {
		all, err = list(t, scanPrint, `SELECT w, h, gray FROM prints WHERE h BETWEEN $1 AND $2
			AND sha NOT IN (SELECT value FROM json_each($3))`, p.H-slack, p.H+slack, jsonText(but))
		return err
	})
	return all, err
}
