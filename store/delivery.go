package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

const entryColumns = `d.id, COALESCE(d.push, 0), d.item, d.media, d.themes, d.slot, d.day, d.group_id, d.unit_id, d.carrier,
	d.state, d.attempts, d.opens, d.closes, d.due, d.sent_at, d.asked_at, d.accepted_at, d.said_at, d.said_day, d.said_by,
	d.seen_at, d.handoff, d.makeup, d.entered, d.reason, d.session`

func scanEntry(r row) (d schedule.Delivery, err error) { return d, r.Scan(entryOf(&d)...) }

// entryOf is where the columns of an entry go.
func entryOf(d *schedule.Delivery) []any {
	return []any{&d.ID, &d.Push, &d.Item, array[string]{&d.Media}, array[string]{&d.Themes}, &d.Slot, day{&d.Day},
		&d.Group, &d.Unit, &d.Carrier, &d.State, &d.Attempts, stamp{&d.Opens}, stamp{&d.Closes}, stamp{&d.Due},
		stamp{&d.SentAt}, stamp{&d.AskedAt}, stamp{&d.AcceptedAt}, stamp{&d.SaidAt}, day{&d.SaidDay}, &d.SaidBy,
		stamp{&d.SeenAt}, &d.Handoff, &d.Makeup, &d.Entered, &d.Reason, &d.Session}
}

// entry reads one delivery without its parts.
func (t *tx) entry(id int64) (schedule.Delivery, error) {
	return only(list(t, scanEntry, `SELECT `+entryColumns+` FROM deliveries d WHERE id = $1`, id))
}

// insertDelivery writes a new delivery with its parts and its first log row,
// and credits it if it is born finished.
func (db *DB) insertDelivery(t *tx, a roster.Actor, d schedule.Delivery, armed bool, now time.Time) error {
	logged, err := t.logMove(a, d, "", now)
	if err != nil {
		return err
	}
	heardOn, countedAt := db.countedAs(d)
	_, err = t.exec(`INSERT INTO deliveries (id, push, item, media, themes, slot, day, group_id, unit_id, carrier, state,
			armed, attempts, opens, closes, due, sent_at, asked_at, accepted_at, said_at, said_day, said_by, seen_at,
			handoff, makeup, entered, reason, session, heard_on, counted_at, logged)
		VALUES ($1, NULLIF($2, 0), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
			$22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`,
		d.ID, d.Push, d.Item, jsonText(d.Media), jsonText(d.Themes), d.Slot, d.Day.String(), d.Group, d.Unit,
		string(d.Carrier), string(d.State), armed, d.Attempts, stampOf(d.Opens), stampOf(d.Closes), stampOf(d.Due),
		stampOf(d.SentAt), stampOf(d.AskedAt), stampOf(d.AcceptedAt), stampOf(d.SaidAt), d.SaidDay.String(), d.SaidBy,
		stampOf(d.SeenAt), d.Handoff, d.Makeup, d.Entered, d.Reason, d.Session, heardOn, countedAt, logged)
	if err != nil {
		return err
	}
	for n, p := range d.Parts {
		_, err := t.exec(`INSERT INTO parts (delivery, n, kind, state, client_id, message_id, at)
			VALUES ($1, $2, $3, $4, NULL, '', 0)`, d.ID, n, string(p.Kind), string(schedule.Queued))
		if err != nil {
			return err
		}
	}
	return db.credit(t, d, 0)
}

// countedAs is when a delivery is heard (a local day) and counted (a stamp), as
// it stands; "" and 0 when it is not.
func (db *DB) countedAs(d schedule.Delivery) (heardOn string, countedAt int64) {
	switch {
	case d.State.Evidence() != "":
		when, on := d.When(db.cal)
		return on.String(), stampOf(when)
	case d.State.Live() || d.State == schedule.Uncertain:
		return d.Day.String(), 0
	}
	return "", 0
}

// partsOf reads the parts of one delivery in order.
func (t *tx) partsOf(delivery int64) ([]schedule.Part, error) {
	return list(t, func(r row) (p schedule.Part, err error) {
		var client sql.NullInt64
		err = r.Scan(&p.N, &p.Kind, &p.State, &client, &p.MessageID)
		p.ClientID = clientText(client)
		return p, err
	}, `SELECT n, kind, state, client_id, message_id FROM parts WHERE delivery = $1 ORDER BY n`, delivery)
}

func clientText(id sql.NullInt64) string {
	if !id.Valid {
		return ""
	}
	return fmt.Sprintf("%017d", id.Int64)
}

// Deliveries implements schedule.DeliveryStore. As of an instant, parts carry
// their state only if they had it by then.
func (db *DB) Deliveries(ctx context.Context, f schedule.DeliveryFilter) (all []schedule.Delivery, err error) {
	w := deliveriesWhere(f)
	err = db.view(ctx, "read deliveries", func(t *tx) error {
		if all, err = readDeliveries(t, w); err != nil {
			return err
		}
		if err := addParts(t, w, all, f.AsOf); err != nil {
			return err
		}
		if !f.AsOf.IsZero() {
			all, err = foldBack(t, w, all, f)
		}
		return err
	})
	return all, err
}

// Counts implements schedule.DeliveryStore.
func (db *DB) Counts(ctx context.Context, f schedule.DeliveryFilter) (n map[int64]map[schedule.State]int, err error) {
	n = map[int64]map[schedule.State]int{}
	w := deliveriesWhere(f)
	if unsettled(f.States) {
		w.and("(state = 'uncertain' OR state = 'declined' OR state = 'failed')") // as the index says it
	}
	err = db.view(ctx, "count deliveries", func(t *tx) error {
		return t.eachOnce(func(r row) error {
			var push int64
			var state schedule.State
			var count int
			err := r.Scan(&push, &state, &count)
			if n[push] == nil {
				n[push] = map[schedule.State]int{}
			}
			n[push][state] = count
			return err
		}, `SELECT COALESCE(d.push, 0), d.state, COUNT(*) FROM deliveries d`+w.text()+` GROUP BY 1, 2`, w.args...)
	})
	return n, err
}

// unsettled reports whether only states are asked for that deliveries_unsettled
// lists.
func unsettled(states []schedule.State) bool {
	listed := []schedule.State{schedule.Uncertain, schedule.Declined, schedule.Failed}
	return len(states) > 0 && !slices.ContainsFunc(states, func(s schedule.State) bool { return !slices.Contains(listed, s) })
}

func readDeliveries(t *tx, w where) (all []schedule.Delivery, err error) {
	err = t.eachOnce(func(r row) error {
		e, err := scanEntry(r)
		all = append(all, e)
		return err
	}, `SELECT `+entryColumns+` FROM deliveries d`+w.text()+` ORDER BY id`, w.args...)
	return all, err
}

// addParts reads the parts of all in one pass: both run in order of id.
func addParts(t *tx, w where, all []schedule.Delivery, asOf time.Time) error {
	at := 0
	return t.eachOnce(func(r row) error {
		var p schedule.Part
		var delivery int64
		var client sql.NullInt64
		var changed time.Time
		if err := r.Scan(&delivery, &p.N, &p.Kind, &p.State, &client, &p.MessageID, stamp{&changed}); err != nil {
			return err
		}
		p.ClientID = clientText(client)
		if !asOf.IsZero() && changed.After(asOf) {
			p.State, p.ClientID, p.MessageID = schedule.Queued, "", ""
		}
		for all[at].ID != delivery {
			at++
		}
		all[at].Parts = append(all[at].Parts, p)
		return nil
	}, `SELECT delivery, n, kind, state, client_id, message_id, at FROM parts
		WHERE delivery IN (SELECT id FROM deliveries`+w.text()+`) ORDER BY delivery, n`, w.args...)
}

// deliveriesWhere leaves the states out when asked for the past, where they may
// have been others.
func deliveriesWhere(f schedule.DeliveryFilter) (w where) {
	w.ids("id", f.IDs)
	w.ids("group_id", f.Groups)
	w.ids("push", f.Pushes)
	if f.Push != 0 {
		w.and("push = ?", f.Push)
	}
	if f.Handoff != 0 {
		w.and("handoff <> 0 AND handoff = ?", f.Handoff)
	}
	if f.Unit != "" {
		w.under("unit_id", f.Unit)
	}
	if !f.From.IsZero() {
		w.and("day >= ?", f.From.String())
	}
	if !f.To.IsZero() {
		w.and("day <= ?", f.To.String())
	}
	if len(f.States) > 0 && f.AsOf.IsZero() {
		w.and("state IN (SELECT value FROM json_each(?))", jsonText(f.States))
	}
	return w
}

// foldBack turns deliveries into what their log says they were, and leaves out
// those not yet made or, then, in another state.
func foldBack(t *tx, w where, all []schedule.Delivery, f schedule.DeliveryFilter) ([]schedule.Delivery, error) {
	at, born := 0, make([]bool, len(all))
	cut := stampOf(f.AsOf)
	err := t.eachOnce(func(r row) error {
		var id, on int64
		var d schedule.Delivery
		err := r.Scan(&id, &on, &d.State, &d.Reason, stamp{&d.SentAt}, stamp{&d.AcceptedAt}, stamp{&d.SaidAt},
			day{&d.SaidDay}, &d.SaidBy, stamp{&d.SeenAt}, &d.Handoff)
		if err != nil || on > cut {
			return err
		}
		for all[at].ID != id {
			at++
		}
		born[at] = true
		restore(&all[at], d)
		return nil
	}, `WITH RECURSIVE past AS (
			SELECT * FROM delivery_log WHERE id IN (SELECT logged FROM deliveries`+w.text()+`)
			UNION ALL SELECT l.* FROM past JOIN delivery_log l ON l.id = past.prev)
		SELECT delivery, at, to_state, reason, sent_at, accepted_at, said_at, said_day, said_by, seen_at, handoff
		FROM past ORDER BY delivery, id`, w.args...)
	kept := all[:0]
	for i, d := range all {
		if d.AskedAt.After(f.AsOf) {
			d.AskedAt = time.Time{}
		}
		if born[i] && (len(f.States) == 0 || slices.Contains(f.States, d.State)) {
			kept = append(kept, d)
		}
	}
	return kept, err
}

// restore puts back what a log row remembers.
func restore(d *schedule.Delivery, then schedule.Delivery) {
	d.State, d.Reason, d.Handoff = then.State, then.Reason, then.Handoff
	d.SentAt, d.AcceptedAt, d.SeenAt = then.SentAt, then.AcceptedAt, then.SeenAt
	d.SaidAt, d.SaidDay, d.SaidBy = then.SaidAt, then.SaidDay, then.SaidBy
}

// where gathers the conditions of a filter. "?" stands for the next argument,
// which is numbered as it is added.
type where struct {
	terms []string
	args  []any
}

func (w *where) and(term string, args ...any) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		term = strings.Replace(term, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.terms = append(w.terms, term)
}

func (w *where) ids(column string, ids []int64) {
	if len(ids) > 0 {
		w.and(column+" IN (SELECT value FROM json_each(?))", jsonText(ids))
	}
}

// under takes the units of a subtree: its root, and what begins with its path
// and a slash ("0" is the character after "/").
func (w *where) under(column, path string) {
	w.and(column+" IN (SELECT id FROM units WHERE path = ? OR path > ? AND path < ?)", path, path+"/", path+"0")
}

func (w *where) text() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}
