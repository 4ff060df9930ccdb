package store

import (
	"database/sql"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
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
	out     dueDelivery // the last taken from due
}

type dueDelivery struct {
	schedule.Delivery
	heard   int
	owed    []owed // what it may credit if it is accepted today
	counted bool   // something else counts for its group today
}

// aheadRows is how many deliveries are read in one go: as many as the journal
// writes down at once, which are then the same.
const aheadRows = journalBatch

// heardByGroup counts the messages a group was sent today. It, owedToGroup and
// countedToday take the arguments that today gives.
const heardByGroup = `(SELECT COUNT(*) FROM deliveries o JOIN parts m ON m.delivery = o.id
	WHERE o.group_id = d.group_id AND o.day >= $1 AND o.sent_at >= $2 AND (m.state = 'sending' OR m.state = 'accepted' OR m.state = 'uncertain'))`

// longestWindow is more days than any window is open. A push may cool over the
// longest run of holidays, so it is sent many days after its own.
const longestWindow = 31

// owedToGroup are the obligations of a group that anything of today may credit,
// as lines.
const owedToGroup = `COALESCE((SELECT group_concat(concat_ws(char(31), o.id, o.adoption, o.group_id, o.push, o.start_at, o.end_at, o.last_makeup,
		o.credits, o.makeups, o.duty), char(30))
	FROM obligations o WHERE o.group_id <> 0 AND o.group_id = d.group_id AND o.until_at > $2 AND o.start_at < $3 AND o.push IN (0, COALESCE(d.push, 0))), '')`

// countedToday tells whether something counts for a group today.
const countedToday = `EXISTS (SELECT 1 FROM deliveries f
	WHERE f.counted_at <> 0 AND f.group_id = d.group_id AND f.counted_at >= $2 AND f.counted_at < $3)`

// owedOfLines reads what owedToGroup made.
func owedOfLines(text string) (all []owed, err error) {
	if text == "" {
		return nil, nil
	}
	for line := range strings.SplitSeq(text, lineEnd) {
		var n [9]int64
		duty, err := numbersOf(line, n[:])
		if err != nil {
			return nil, err
		}
		o := owed{Owed: coverage.Owed{ID: n[0], Adoption: n[1], Duty: duty, Group: n[2], Push: n[3],
			StartAt: stampTime(n[4]), EndAt: stampTime(n[5]), Credits: int(n[7]), Makeups: int(n[8])}, lastMakeup: stampTime(n[6])}
		all = append(all, o)
	}
	return all, nil
}

// foreseen is what was read ahead about a delivery that has just been accepted,
// nil when that no longer holds or does not tell what the delivery is worth. A
// result of another than the last one claimed means that two are out at once:
// either may change what the other is worth, and all is read anew.
func (db *DB) foreseen(t *tx, d schedule.Delivery) (*dueDelivery, error) {
	version, err := t.version()
	a := db.ahead
	switch {
	case err != nil || a == nil || a.version != version:
		return nil, err
	case a.out.ID != d.ID:
		db.ahead = nil
		return nil, nil
	case a.out.counted || a.day != db.cal.Today(d.AcceptedAt):
		return nil, nil
	}
	return &a.out, nil
}

// today are the arguments of a claim's day: one before any whose window may
// still be open, and the start and the end of the day itself.
func (db *DB) today(want schedule.Claim) []any {
	zone := db.cal.Zone()
	return []any{want.Day.AddDays(-longestWindow).String(), stampOf(want.Day.Start(zone)), stampOf(want.Day.AddDays(1).Start(zone))}
}

// lookAhead is the desk as it is now.
func (db *DB) lookAhead(t *tx, want schedule.Claim) (*desk, error) {
	version, err := t.version()
	if err != nil {
		return nil, err
	}
	if a := db.ahead; a != nil && a.version == version && a.day == want.Day {
		return &a.desk, nil
	}
	a := &ahead{version: version, day: want.Day}
	err = t.one(`SELECT halted, EXISTS (SELECT 1 `+fromBegun+`), COALESCE((SELECT n FROM claims WHERE day = $1), 0) FROM halt`,
		[]any{want.Day.String()}, &a.desk.halted, &a.desk.begun, &a.desk.spent)
	if err == nil {
		err = db.refreshAdoptions(t)
	}
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
	a.out = first
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
		var lines string
		err := r.Scan(append(entryOf(&d.Delivery), &p.N, &p.Kind, &p.State, &client, &p.MessageID, &d.heard, &d.counted, &lines)...)
		if err == nil {
			d.owed, err = owedOfLines(lines)
		}
		if err != nil {
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
	}, `SELECT `+entryColumns+`, p.n, p.kind, p.state, p.client_id, p.message_id, `+heardByGroup+`, `+countedToday+`, `+owedToGroup+`
		FROM (SELECT * FROM deliveries
			WHERE state = 'queued' AND armed = 1 AND carrier <> 'keeper' AND due <= $4 AND opens <= $4 AND closes > $4
			ORDER BY due, id LIMIT $5) d JOIN parts p ON p.delivery = d.id
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
