package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

const sumColumns = `period_start, unit_id, adoption, duty, per, period_key, period_end, standing, cause, person`

// Fold implements schedule.SumStore.
func (db *DB) Fold(ctx context.Context, now time.Time) error {
	return db.change(ctx, "add up what has ended", func(t *tx) error {
		ended, err := t.rev("ended")
		if err != nil || stampOf(now) <= ended {
			return err
		}
		_, err = t.exec(`INSERT INTO sums SELECT `+sumColumns+`, COUNT(*) FROM sums_due WHERE end_at > $1 AND end_at <= $2
			GROUP BY `+sumColumns+` ON CONFLICT DO UPDATE SET n = n + excluded.n`, ended, stampOf(now))
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE counters SET next = $1 WHERE name = 'ended'`, stampOf(now))
		return err
	})
}

// Sums implements schedule.SumStore.
func (db *DB) Sums(ctx context.Context, f schedule.SumFilter) (sums []coverage.Sum, persons []int64, ended time.Time, err error) {
	err = db.view(ctx, "read sums", func(t *tx) error {
		if err := db.refreshAdoptions(t); err != nil {
			return err
		}
		at, err := t.rev("ended")
		if err != nil {
			return err
		}
		ended = stampTime(at)
		w, known := db.sumsWhere(f), &sumReader{db: db, filter: f, seen: map[string]*sharedSum{}}
		err = t.eachOnce(func(r row) error {
			var text string
			if err := r.Scan(&text); err != nil {
				return err
			}
			return known.read(text)
		}, `SELECT group_concat(concat_ws(char(31), unit_id, person, n,
				concat_ws(char(29), adoption, period_start, period_end, standing, cause, per, duty, period_key)), char(30))
			FROM sums`+w.text()+` GROUP BY period_start`, w.args...)
		sums, persons = known.sums, known.persons
		return err
	})
	return sums, persons, ended, err
}

func (db *DB) sumsWhere(f schedule.SumFilter) (w where) {
	w.and("n > 0")
	if f.Plan != "" {
		w.and("adoption IN (SELECT value FROM json_each(?))", jsonText(db.adoptionsOf(f.Plan)))
	}
	if f.Unit != "" {
		w.under("unit_id", f.Unit)
	}
	if !f.From.IsZero() {
		w.and("period_start >= ?", f.From.String())
	}
	if p := f.Period; !p.Start.IsZero() {
		w.and("period_start >= ? AND period_start < ?", p.Start.AddDays(-7).String(), p.End.AddDays(7).String())
	}
	return w
}

// sumReader reads sums, of each begin of a period the lines of one text; what
// many have in common is kept by its text.
type sumReader struct {
	db      *DB
	filter  schedule.SumFilter
	seen    map[string]*sharedSum
	sums    []coverage.Sum
	persons []int64
}

// sharedSum is what many sums have in common, and whether their period is asked
// for.
type sharedSum struct {
	coverage.Sum
	takes bool
}

func (k *sumReader) read(text string) error {
	lines := 1 + strings.Count(text, lineEnd)
	k.sums, k.persons = slices.Grow(k.sums, lines), slices.Grow(k.persons, lines)
	for line := range strings.SplitSeq(text, lineEnd) {
		var n [3]int64 // unit, person, n
		common, err := numbersOf(line, n[:])
		if err != nil {
			return err
		}
		of, ok := k.seen[common]
		if !ok {
			if of, err = k.shared(common); err != nil {
				return err
			}
			k.seen[common] = of
		}
		if !of.takes {
			continue
		}
		k.sums, k.persons = append(k.sums, of.Sum), append(k.persons, n[1])
		s := &k.sums[len(k.sums)-1]
		s.Unit, s.N = n[0], int(n[2])
	}
	return nil
}

func (k *sumReader) shared(common string) (*sharedSum, error) {
	f := strings.SplitN(common, partEnd, 8)
	if len(f) != 8 {
		return nil, fmt.Errorf("%d parts of a sum and not 8", len(f))
	}
	var s sharedSum
	s.Standing, s.Cause, s.Period.Per = coverage.Standing(f[3]), coverage.Cause(f[4]), calendar.Per(f[5])
	s.Duty, s.Period.Key = f[6], f[7]
	var err error
	s.Adoption, err = strconv.ParseInt(f[0], 10, 64)
	if err = errors.Join(err, (day{&s.Period.Start}).Scan(f[1]), (day{&s.Period.End}).Scan(f[2])); err != nil {
		return nil, err
	}
	term, err := k.db.term(termKey{s.Adoption, s.Duty})
	if err != nil {
		return nil, err
	}
	s.Plan, s.Number, s.Kind, s.Means, s.Quote = term.plan, term.number, term.Kind, term.Means, term.Quote
	s.takes = k.filter.Period == (calendar.Period{}) || k.filter.Period.Takes(s.Period)
	return &s, nil
}

// astray counts the live deliveries that hopes, which look for them by push,
// would not find: none, or there is a bug.
func (t *tx) astray() (n int, err error) {
	err = t.one(`SELECT (SELECT COUNT(*) FROM deliveries WHERE `+liveState+`
			AND COALESCE(push, 0) NOT IN (SELECT id FROM pushes WHERE state = 'cancelled'))
		- (SELECT COUNT(*) FROM deliveries WHERE `+liveState+liveOfPush+`)`, nil, &n)
	return n, err
}

// resum compares the sums with what they must be, mends them and tells how many
// rows were wrong.
func (t *tx) resum() (wrong int, err error) {
	const due = `SELECT ` + sumColumns + `, COUNT(*) FROM sums_due WHERE end_at <= (SELECT next FROM counters WHERE name = 'ended') GROUP BY ` + sumColumns
	const have = `SELECT ` + sumColumns + `, n FROM sums WHERE n <> 0`
	err = t.one(`SELECT (SELECT COUNT(*) FROM (`+due+` EXCEPT `+have+`)) + (SELECT COUNT(*) FROM (`+have+` EXCEPT `+due+`))`, nil, &wrong)
	if err != nil || wrong == 0 {
		return wrong, err
	}
	if _, err := t.exec(`DELETE FROM sums`); err != nil {
		return wrong, err
	}
	_, err = t.exec(`INSERT INTO sums ` + due)
	return wrong, err
}
