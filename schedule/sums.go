package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

// SumStore keeps what has ended added up, in the transactions that change it.
type SumStore interface {
	// Fold adds up what has ended by now and is not added up yet.
	Fold(ctx context.Context, now time.Time) error
	// Sums are the counts of what has ended, for each the person whom the open
	// flag of what is behind names (0 for none), and the instant up to which they
	// hold everything: obligations with an end after it are in none.
	Sums(ctx context.Context, f SumFilter) (sums []coverage.Sum, persons []int64, ended time.Time, err error)
}

// SumFilter narrows; zero fields do not.
type SumFilter struct {
	Plan   string // plan id or number
	Unit   string // path of a subtree
	Period calendar.Period
	// From takes the periods that begin on or after a day.
	From calendar.Date
}

// added reports whether the question can be answered from sums: they know units,
// plans, duties and periods, at the lowest grade, as things stand now.
func (q Query) added() bool {
	by := q.By == coverage.ByUnit || q.By == coverage.ByPlan || q.By == coverage.ByDuty || q.By == coverage.ByPeriod
	return by && !q.Past && q.Kind == "" && (q.Grade == "" || q.Grade == coverage.Reported)
}

// ended are the sums for a question and the instant after which obligations must
// be looked at one by one; none and zero when the question cannot be answered
// from sums.
func (o *Office) ended(ctx context.Context, f SumFilter, now time.Time) ([]coverage.Sum, time.Time, error) {
	sums, persons, until, err := o.store.Sums(ctx, f)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read sums: %w", err)
	}
	if until.After(now) {
		return nil, time.Time{}, nil // the question is about a moment before them
	}
	titles, err := o.titles(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	for i := range sums {
		s := &sums[i]
		if s.Standing == coverage.Behind && s.Cause == "" {
			return nil, time.Time{}, nil // no flag says whose it is yet
		}
		if u, ok := r.Unit(s.Unit); ok {
			s.UnitPath, s.UnitName = u.Path, u.Name
		}
		if p, ok := r.Person(persons[i]); ok {
			s.BlamedUnit = p.UnitPath
		}
		s.PlanTitle, s.DutyTitle = titles[termKey{s.Adoption, ""}], titles[termKey{s.Adoption, s.Duty}]
	}
	return sums, until, nil
}

// add joins what has ended, from the sums where they know it, with what must be
// looked at one by one.
func (o *Office) add(ctx context.Context, f ObligationFilter, q Query) ([]coverage.Sum, []coverage.Owed, error) {
	var sums []coverage.Sum
	if q.added() {
		var err error
		if sums, f.EndsAfter, err = o.ended(ctx, SumFilter{Plan: f.Plan, Unit: f.Unit, Period: f.Period}, q.Now); err != nil {
			return nil, nil, err
		}
	}
	owed, err := o.Owed(ctx, f, q)
	return sums, owed, err
}
