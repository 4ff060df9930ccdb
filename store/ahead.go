package store

import (
	"database/sql"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

// desk is what decides, besides a delivery itself, whether it may go now.
type desk struct {
	halted bool
	begun  bool // some messages of a delivery went and none is out
	spent  int  // messages of the account today
	heard  int  // messages to the delivery's group today
}

// ahead is what the next claims will find, read in one go for a row of them: the
// desk, and the deliveries that are due, in order, no group twice. It holds
// while nothing but the usual course of Advance changes the database: change
// drops it after anything else, and lookAhead when another process was there.
type ahead struct {
	version int64 // data_version, which changes with the commits of others
	day     calendar.Date
	desk    desk
	due     []dueDelivery
}

type dueDelivery struct {
	schedule.Delivery
	heard int
}

// aheadRows is how many deliveries are read in one go: as many as the journal
// writes down at once, which are then the same.
const aheadRows = journalBatch

// heardByGroup counts the messages a group was sent today. $1 is a day before
// any whose window may still be open, $2 the start of the local day.
const heardByGroup = `(SELECT COUNT(*) FROM deliveries o JOIN parts m ON m.delivery = o.id
	WHERE o.group_id = d.group_id AND o.day >= $1 AND o.sent_at >= $2 AND m.state IN ('sending', 'accepted', 'uncertain'))`

// longestWindow is more days than any window is open. A push may cool over the
// longest run of holidays, so it is sent many days after its own.
const longestWindow = 31

func (db *DB) today(want schedule.Claim) []any {
	return []any{want.Day.AddDays(-longestWindow).String(), stampOf(want.Day.Start(db.cal.Zone()))}
}

// lookAhead is the desk as it is now.
func (db *DB) lookAhead(t *tx, want schedule.Claim) (*desk, error) {
	var version int64
	if err := t.one(`PRAGMA data_version`, nil, &version); err != nil {
		return nil, err
	}
	if a := db.ahead; a != nil && a.version == version && a.day == want.Day {
		return &a.desk, nil
	}
	a := &ahead{version: version, day: want.Day}
	err := t.one(`SELECT halted, EXISTS (SELECT 1 `+fromBegun+`), COALESCE((SELECT n FROM claims WHERE day = $1), 0) FROM halt`,
		[]any{want.Day.String()}, &a.desk.halted, &a.desk.begun, &a.desk.spent)
	db.ahead = a
	return &a.desk, err
}

// nextDue takes the next delivery whose time has come, with parts, and puts on
// the desk what its group heard. lookAhead comes first.
func (db *DB) nextDue(t *tx, want schedule.Claim, now time.Time) (schedule.Delivery, error) {
	a := db.ahead
	for len(a.due) > 0 && !now.Before(a.due[0].Closes) {
		a.due = a.due[1:]
	}
	if len(a.due) == 0 || now.Before(a.due[0].Due) { // a clock that was put back
		var err error
		if a.due, err = readDue(t, db.today(want), now, aheadRows); err != nil {
			return schedule.Delivery{}, err
		}
	}
	if len(a.due) == 0 {
		return schedule.Delivery{}, schedule.ErrNotFound
	}
	first := a.due[0]
	a.due, a.desk.heard = a.due[1:], first.heard
	return first.Delivery, nil
}

// readDue reads the first deliveries that are due, no more than limit, up to where a group comes
// again. What becomes due later comes after them: they go in the order in which
// they became due.
func readDue(t *tx, today []any, now time.Time, limit int) ([]dueDelivery, error) {
	var all []dueDelivery
	err := t.each(func(r row) error {
		var d dueDelivery
		var p schedule.Part
		var client sql.NullInt64
		if err := r.Scan(append(entryOf(&d.Delivery), &p.N, &p.Kind, &p.State, &client, &p.MessageID, &d.heard)...); err != nil {
			return err
		}
		p.ClientID = clientText(client)
		if n := len(all) - 1; n >= 0 && all[n].ID == d.ID {
			all[n].Parts = append(all[n].Parts, p)
			return nil
		}
		d.Parts = []schedule.Part{p}
		all = append(all, d)
		return nil
	}, `SELECT `+entryColumns+`, p.n, p.kind, p.state, p.client_id, p.message_id, `+heardByGroup+`
		FROM (SELECT * FROM deliveries
			WHERE state = 'queued' AND armed = 1 AND carrier <> 'keeper' AND due <= $3 AND opens <= $3 AND closes > $3
			ORDER BY due, id LIMIT $4) d JOIN parts p ON p.delivery = d.id
		ORDER BY d.due, d.id, p.n`, append(today, stampOf(now), limit)...)
	groups := map[int64]bool{}
	for i, d := range all {
		if groups[d.Group] {
			return all[:i], err
		}
		groups[d.Group] = true
	}
	return all, err
}
