package schedule

import (
	"context"
	"fmt"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// VacancyWhy says why nobody can be asked about a group.
type VacancyWhy string

// The reasons of a vacancy.
const (
	VacantNone VacancyWhy = "none" // no keeper is written
	VacantGone VacancyWhy = "gone" // the keeper has left
	VacantMute VacancyWhy = "mute" // the keeper has neither phone nor tag
)

// Chinese is the reason on the screen.
func (w VacancyWhy) Chinese() string {
	return map[VacancyWhy]string{VacantNone: "没有负责人", VacantGone: "负责人已不在任", VacantMute: "负责人没有电话也没有标记"}[w]
}

// Vacancy 空缺 is a flag of its own: an open record that a group has nobody who
// can be asked. It is the office's to mend, never a village's.
type Vacancy struct {
	ID       int64
	Group    int64
	Why      VacancyWhy
	Since    time.Time
	FilledAt time.Time // zero while it is open
}

// VacancyStore keeps vacancies; one open for each group.
type VacancyStore interface {
	// NoteVacancies opens those of vacant, by group, that are not open, brings
	// the reason of the others up to date, and fills every open one that is not
	// among them.
	NoteVacancies(ctx context.Context, vacant map[int64]Vacancy, now time.Time) error
	// Vacancies are those open at an instant, oldest first.
	Vacancies(ctx context.Context, at time.Time) ([]Vacancy, error)
}

// Vacant is the standing of a vacancy among the rows of behind: no obligation
// stands behind it.
const Vacant coverage.Standing = "vacant"

// VacancyRow is a vacancy as `behind --json` prints it among the rows of what is
// behind. Plan is 0 when no plan in
// force says that a keeper is to be replaced: then it is the office's own flag.
type VacancyRow struct {
	ID       int64             `json:"id"`
	Group    Ref               `json:"group"`
	Unit     Ref               `json:"unit"`
	Keeper   string            `json:"keeper"`
	Why      VacancyWhy        `json:"why"`
	Plan     int               `json:"plan"`
	Duty     string            `json:"duty"`
	Quote    string            `json:"quote"`
	Period   string            `json:"period"`   // always empty
	Standing coverage.Standing `json:"standing"` // always Vacant
	Cause    coverage.Cause    `json:"cause"`    // always the office
	Since    time.Time         `json:"since"`
	Days     int               `json:"vacant_days"` // local days, the first one counted
	State    FlagState         `json:"state"`
}

// Line says it in Chinese: 联络员空缺 5 天.
func (v VacancyRow) Line() string { return fmt.Sprintf("联络员空缺 %d 天", v.Days) }

// contactChange is the duty, in whatever plan, that says a contact who changes
// is to be replaced at once (plan 12: 立即確定新人員…更換負責人).
const contactChange = "contact-change"

// Vacancies lists the groups of a unit's subtree that have nobody who can be
// asked, the longest first, with the clause that asks for a new keeper.
func (o *Office) Vacancies(ctx context.Context, a roster.Actor, unit string, now time.Time) ([]VacancyRow, error) {
	path, err := o.scope(ctx, a, unit)
	if err != nil {
		return nil, err
	}
	vs, err := o.store.Vacancies(ctx, now)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	rows := []VacancyRow{}
	for _, v := range vs {
		if g, ok := r.Group(v.Group); ok && roster.Under(g.UnitPath, path) {
			rows = append(rows, o.vacancyRow(v, g, r, ads, now))
		}
	}
	return rows, nil
}

func (o *Office) vacancyRow(v Vacancy, g roster.Group, r *roster.Roster, ads []Adoption, now time.Time) VacancyRow {
	today := o.cal.Today(now)
	row := VacancyRow{ID: v.ID, Group: Ref{g.ID, g.Name}, Unit: Ref{g.Unit, g.UnitPath}, Why: v.Why, Standing: Vacant, Cause: coverage.ByOffice,
		Since: v.Since.UTC(), Days: o.cal.Today(v.Since).DaysUntil(today) + 1, State: FlagRaised}
	if p, ok := r.Person(g.Keeper); ok {
		row.Keeper = p.Name
	}
	for _, ad := range ads {
		if !ad.inForce(today) || !roster.Under(g.UnitPath, ad.UnitPath) {
			continue
		}
		if t, ok := ad.Term(contactChange); ok && t.Kind == plans.Rule && row.Plan == 0 {
			row.Plan, row.Duty, row.Quote = ad.Terms.Number, t.ID, t.Quote
		}
	}
	return row
}

// whyVacant is the clause of an open vacancy within the actor's subtree.
func (o *Office) whyVacant(ctx context.Context, a roster.Actor, id int64, now time.Time) ([]Clause, error) {
	rows, err := o.Vacancies(ctx, a, "", now)
	if err != nil {
		return nil, err
	}
	for _, v := range rows {
		switch {
		case v.ID != id:
		case v.Plan == 0:
			return nil, problem(ErrInput, "#%d 是联络员空缺：%s %s，%s。没有启用的方案写到换人，是办公室自己的督办", id, v.Unit.Name, v.Group.Name, v.Line())
		default:
			return []Clause{{Plan: v.Plan, Duty: v.Duty, Title: "人员变动立即更换", Quote: v.Quote}}, nil
		}
	}
	return nil, problem(ErrNotFound, "#%d 这个空缺已经补上，或不在您的范围里", id)
}

// noteVacancies brings the record in line with the roster of the day.
func (o *Office) noteVacancies(ctx context.Context, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	today := o.cal.Today(now)
	vacant := map[int64]Vacancy{}
	for _, g := range r.Groups {
		if why := vacancyOf(r, g); why != "" && g.On(today.String()) {
			vacant[g.ID] = Vacancy{Group: g.ID, Why: why, Since: o.vacantSince(r, g, why, now)}
		}
	}
	if err := o.store.NoteVacancies(ctx, vacant, now); err != nil {
		return fmt.Errorf("note vacancies: %w", err)
	}
	return nil
}

// vacantSince is when the keeper left, if that is known, otherwise now.
func (o *Office) vacantSince(r *roster.Roster, g roster.Group, why VacancyWhy, now time.Time) time.Time {
	p, ok := r.Person(g.Keeper)
	if left, err := calendar.ParseDate(p.Until); ok && why == VacantGone && err == nil {
		if at := left.Start(o.cal.Zone()); at.Before(now) {
			return at
		}
	}
	return now
}

func vacancyOf(r *roster.Roster, g roster.Group) VacancyWhy {
	p, ok := r.Person(g.Keeper)
	switch {
	case !ok:
		return VacantNone
	case p.Until != "":
		return VacantGone
	case p.Phone == "" && p.Tag == "":
		return VacantMute
	}
	return ""
}
