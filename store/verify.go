package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errFound ends the walk over a chain at the first row that does not fit.
var errFound = errors.New("found")

// Breach is where the audit log is not what it was.
type Breach struct {
	Table string `json:"table"` // log, delivery_log, deliveries or obligations
	Row   int64  `json:"row"`
	What  string `json:"what"` // changed, missing, cut or rewritten
}

// The kinds of breach.
const (
	BreachChanged   = "changed"   // edited, inserted or out of its order
	BreachMissing   = "missing"   // a row before this one is gone
	BreachCut       = "cut"       // rows that an earlier head vouches for are gone
	BreachRewritten = "rewritten" // another chain than the one an earlier head ended
)

// VerifyAudit walks both chains from their beginning and holds the ledger's
// deliveries against their last rows. With an earlier head it also finds a cut
// end and a chain written anew. It stops at the first breach of each chain.
func (db *DB) VerifyAudit(ctx context.Context, earlier *Head) (h Head, breaches []Breach, err error) {
	err = db.view(ctx, "verify the audit log", func(t *tx) error {
		h, breaches, err = t.verifyAudit(earlier)
		return err
	})
	return h, breaches, err
}

func (t *tx) verifyAudit(earlier *Head) (h Head, breaches []Breach, err error) {
	var ends, then [2]link // now, and at the earlier head
	for i, tr := range trails {
		stop := int64(-1)
		if earlier != nil {
			stop = [2]int64{earlier.Log, earlier.Moves}[i]
		}
		var b []Breach
		if ends[i], then[i], b, err = t.walkChain(tr, stop); err != nil {
			return h, nil, err
		}
		breaches = append(breaches, b...)
	}
	h = headOf(ends[0], ends[1])
	if earlier != nil && len(breaches) == 0 && !strings.HasPrefix(headOf(then[0], then[1]).Hash, earlier.Hash) {
		breaches = append(breaches, Breach{Table: "log", Row: earlier.Log, What: BreachRewritten})
	}
	crossed, err := t.crossed()
	return h, append(breaches, crossed...), err
}

// walkChain follows one chain; at is its link at the row stop.
func (t *tx) walkChain(tr trail, stop int64) (end, at link, found []Breach, err error) {
	err = t.eachOnce(func(r row) error {
		got, fields, err := tr.scan(r)
		if err != nil {
			return err
		}
		want := end.next(fields...)
		switch {
		case got.id > want.id:
			found = append(found, Breach{tr.table, want.id, BreachMissing})
			return errFound
		case got != want:
			found = append(found, Breach{tr.table, got.id, BreachChanged})
			return errFound
		}
		end = got
		if got.id == stop {
			at = got
		}
		return nil
	}, `SELECT `+tr.columns+` FROM `+tr.table+` ORDER BY id`)
	if errors.Is(err, errFound) {
		return end, at, found, nil
	}
	if err == nil && end.id < stop {
		found = append(found, Breach{tr.table, end.id + 1, BreachCut})
	}
	return end, at, found, err
}

// crossings hold what is kept in two places against each other, besides the
// indexes, which integrity_check reads: each gives the ids of rows that differ.
// Who edits the ledger itself is found by them, and the odd byte that a disk has
// changed in what every message writes.
var crossings = []struct{ table, ids string }{
	// A delivery is what the last row of its log says. A second message begins
	// without one, and a push that is moved takes its reason along.
	{"deliveries", `SELECT d.id FROM deliveries d LEFT JOIN delivery_log l ON l.id = d.logged
		WHERE l.id IS NULL OR l.delivery <> d.id OR l.to_state <> d.state OR l.accepted_at <> d.accepted_at OR l.said_by <> d.said_by
			OR l.said_at <> d.said_at OR l.said_day <> d.said_day OR l.seen_at <> d.seen_at OR l.handoff <> d.handoff
			OR (l.sent_at <> d.sent_at OR l.session NOT IN ('', d.session)) AND d.state <> 'sending'
			OR l.reason <> d.reason AND d.state NOT IN ('queued', 'held') OR d.armed NOT IN (0, 1)
			OR (d.counted_at <> 0) <> (d.state IN ('reported', 'accepted', 'observed', 'confirmed'))`},
	{"deliveries", `SELECT d.id FROM deliveries d JOIN pushes p ON p.id = d.push WHERE d.state IN ('queued', 'held')
		AND (d.item <> p.item OR d.slot <> p.slot OR d.day <> p.day OR d.opens <> p.opens OR d.closes <> p.closes)`},
	{"deliveries", `SELECT delivery FROM parts WHERE state NOT IN (SELECT from_state FROM moves UNION SELECT to_state FROM moves)
		OR kind NOT IN ('text', 'picture', 'video', 'file', 'link') OR client_id % 10000000 <> (delivery * 4 + n) % 10000000
		OR state = 'accepted' AND twice NOT IN (0, CAST(message_id AS INTEGER) - at)`},
	{"delivery_log", `SELECT id FROM (SELECT id, prev, LAG(id, 1, 0) OVER (PARTITION BY delivery ORDER BY id) AS before FROM delivery_log)
		WHERE prev <> before`},
	// No more is credited than was heard.
	{"obligations", `SELECT id FROM obligations o WHERE group_id <> 0 AND (credits < 0 OR makeups < 0 OR credits + makeups > (SELECT COUNT(*)
		FROM deliveries WHERE counted_at <> 0 AND group_id = o.group_id AND counted_at >= o.start_at AND counted_at < o.until_at))
		OR group_id = 0 AND (credits NOT IN (0, need) OR makeups NOT IN (0, need))`},
}

// crossed is the first row that each crossing finds.
func (t *tx) crossed() (found []Breach, err error) {
	for _, c := range crossings {
		ids, err := list(t, func(r row) (id int64, err error) { return id, r.Scan(&id) }, c.ids+` LIMIT 1`)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found = append(found, Breach{c.table, id, BreachChanged})
		}
	}
	return found, nil
}

// breached is an error that names the first breach, nil for none.
func breached(all []Breach) error {
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%w: audit log: %s row %d %s", ErrCorrupt, all[0].Table, all[0].Row, all[0].What)
}
