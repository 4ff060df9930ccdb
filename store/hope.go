package store

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

// hopes fills in Live and Unanswered of the open obligations that still lack
// credits; others need no hope. The ledger is asked twice, however many they are.
func (db *DB) hopes(t *tx, all []schedule.Obligation, now time.Time) error {
	var short []*schedule.Obligation
	var groups []int64
	for i := range all {
		o := &all[i]
		if o.Group == 0 || o.Excuse != "" || o.Credits >= o.Need || o.Closed(now) {
			continue
		}
		short = append(short, o)
		if len(groups) == 0 || groups[len(groups)-1] != o.Group { // those of a group come together
			groups = append(groups, o.Group)
		}
	}
	if len(short) == 0 {
		return nil
	}
	live, err := t.liveOf(groups)
	if err != nil || len(live) == 0 {
		return err
	}
	credited, err := db.factsOnDaysOf(t, short, live)
	if err != nil {
		return err
	}
	for _, o := range short {
		if err := db.hope(o, live[o.Group], credited[o.Group]); err != nil {
			return err
		}
	}
	return nil
}

// few is how many groups are looked up one by one; for more, everything that is
// live is read.
const few = 200

// What is live is in a push that has not ended or in a handoff that waits: by
// push it is found without the groups' past.
const (
	liveColumns = `SELECT COALESCE(push, 0), opens, day, media, themes, group_concat(concat_ws(char(31), group_id, makeup, state), char(30)) FROM deliveries
		WHERE ` + liveState
	liveState  = `(state = 'queued' OR state = 'held' OR state = 'sending' OR state = 'handed')` // as the index says it
	liveAlike  = ` GROUP BY push`                                                                // which all have the same content and window
	liveOfPush = ` AND push IN (SELECT id FROM pushes WHERE state IN ('waiting', 'ready', 'running')
		UNION SELECT push FROM handoffs WHERE state IN ('waiting', 'open', 'part')
		EXCEPT SELECT id FROM pushes WHERE state = 'cancelled')` // of which nobody is to forward anything
	liveOfGroup = ` AND counted_at = 0 AND group_id IN (SELECT value FROM json_each($1))
		AND COALESCE(push, 0) NOT IN (SELECT id FROM pushes WHERE state = 'cancelled')`
)

// liveOf reads what the live deliveries of groups may come to, without their
// groups, which are the keys.
func (t *tx) liveOf(groups []int64) (map[int64][]*schedule.Delivery, error) {
	live := make(map[int64][]*schedule.Delivery, len(groups))
	take := func(r row) error {
		var of schedule.Delivery
		var text string
		err := r.Scan(&of.Push, stamp{&of.Opens}, day{&of.Day}, array[string]{&of.Media}, array[string]{&of.Themes}, &text)
		if err != nil {
			return err
		}
		kinds := map[string]*schedule.Delivery{}
		for line := range strings.SplitSeq(text, lineEnd) {
			var group [1]int64
			rest, err := numbersOf(line, group[:])
			if err != nil {
				return err
			}
			d := kinds[rest]
			if d == nil {
				var makeup [1]int64
				state, err := numbersOf(rest, makeup[:])
				if err != nil {
					return err
				}
				made := of
				made.Makeup, made.State = makeup[0], schedule.State(state)
				d = &made
				kinds[rest] = d
			}
			live[group[0]] = append(live[group[0]], d)
		}
		return nil
	}
	if len(groups) > few {
		return live, t.each(take, liveColumns+liveOfPush+liveAlike)
	}
	return live, t.each(take, liveColumns+liveOfGroup+liveAlike, jsonText(groups))
}

// factsOnDaysOf reads, by group, what was proved on the local days of live
// deliveries, for the obligations that have credits already: where days must
// differ, only those days would be counted twice.
func (db *DB) factsOnDaysOf(t *tx, short []*schedule.Obligation, live map[int64][]*schedule.Delivery) (map[int64][]coverage.Fact, error) {
	var first, last calendar.Date
	wanted := map[int64]bool{}
	for _, o := range short {
		for _, d := range live[o.Group] {
			if o.Credits == 0 {
				continue
			}
			if wanted[o.Group] = true; first.IsZero() || d.Day.Before(first) {
				first = d.Day
			}
			if last.Before(d.Day) {
				last = d.Day
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	facts := map[int64][]coverage.Fact{}
	take := func(r row) error {
		var d schedule.Delivery
		err := r.Scan(&d.Group, &d.ID, &d.Push, &d.State, array[string]{&d.Media}, array[string]{&d.Themes}, &d.Makeup, &d.Entered,
			stamp{&d.Opens}, stamp{&d.SentAt}, stamp{&d.AskedAt}, stamp{&d.AcceptedAt}, stamp{&d.SaidAt}, day{&d.SaidDay}, stamp{&d.SeenAt})
		facts[d.Group] = append(facts[d.Group], d.Fact(db.cal))
		return err
	}
	const columns = `SELECT group_id, id, COALESCE(push, 0), state, media, themes, makeup, entered, opens, sent_at, asked_at, accepted_at, said_at, said_day, seen_at FROM deliveries`
	if len(wanted) > few {
		return facts, t.each(take, columns+` WHERE heard_on <> '' AND heard_on >= $1 AND heard_on <= $2 AND counted_at <> 0`, first.String(), last.String())
	}
	return facts, t.each(take, columns+` WHERE counted_at <> 0 AND counted_at >= $2 AND counted_at < $3 AND group_id IN (SELECT value FROM json_each($1))`,
		jsonText(slices.Collect(maps.Keys(wanted))), stampOf(first.Start(db.cal.Zone())), stampOf(last.AddDays(1).Start(db.cal.Zone())))
}

// hope counts the live deliveries that fit the duty; where days must differ,
// the days they bring that are not credited yet.
func (db *DB) hope(o *schedule.Obligation, live []*schedule.Delivery, facts []coverage.Fact) error {
	if len(live) == 0 {
		return nil
	}
	term, err := db.term(termKey{o.Adoption, o.Duty})
	if err != nil {
		return err
	}
	credited := map[calendar.Date]bool{}
	for _, f := range facts {
		if term.DistinctDays && coverage.Judge(o.Owed, term.Term, f, o.LastMakeup) == coverage.OnTime {
			credited[f.Day] = true
		}
	}
	for _, d := range live {
		if !mayCredit(d, o) || !coverage.Fits(term.Term, d.Media, d.Themes) {
			continue
		}
		o.Unanswered = o.Unanswered || d.State == schedule.Handed
		if !term.DistinctDays || !credited[d.Day] {
			o.Live++
			credited[d.Day] = true
		}
	}
	return nil
}

// mayCredit reports whether a live delivery comes in time and is not meant for
// another obligation.
func mayCredit(d *schedule.Delivery, o *schedule.Obligation) bool {
	return d.Opens.Before(o.EndAt) && (o.Push == 0 || d.Push == o.Push) && (d.Makeup == 0 || d.Makeup == o.ID)
}
