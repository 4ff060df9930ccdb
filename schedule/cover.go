package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// Coverage answers how much of what is owed is met, by unit, duty, plan,
// period, kind, audience or group, within the actor's subtree. A past as-of, or
// a grade above the lowest, is recomputed from the ledger, not from tallies.
//
// It returns ErrInput for an unknown unit, period, grade or By.
func (o *Office) Coverage(ctx context.Context, a roster.Actor, q Query) (CoverageView, error) {
	f, err := o.coverageFilter(ctx, a, &q)
	if err != nil {
		return CoverageView{}, err
	}
	sums, owed, err := o.add(ctx, f, q)
	if err != nil {
		return CoverageView{}, err
	}
	always, err := o.zeroRows(ctx, f.Unit, q.By)
	if err != nil {
		return CoverageView{}, err
	}
	return CoverageView{AsOf: q.Now.UTC(), Grade: q.Grade, Table: coverage.TallyAll(sums, owed, q.By, always, q.Period, q.Now)}, nil
}

func (o *Office) coverageFilter(ctx context.Context, a roster.Actor, q *Query) (ObligationFilter, error) {
	path, err := o.scope(ctx, a, q.Unit)
	if err != nil {
		return ObligationFilter{}, err
	}
	f := ObligationFilter{Plan: q.Plan, Unit: path, Kind: q.Kind, Pushes: q.Pushes, Now: q.Now}
	if q.Period != "" {
		if f.Period, err = calendar.ParsePeriod(q.Period); err != nil {
			return f, problem(ErrInput, "%s", err)
		}
	}
	if q.By == "" {
		q.By = coverage.ByUnit
	}
	if !slices.Contains(coverage.Bys, q.By) {
		return f, problem(ErrInput, "--by %s 不认识，请写 unit、duty、plan、period、kind、audience 或 group", q.By)
	}
	if err := o.knownWords(ctx, q); err != nil {
		return f, err
	}
	g, ok := coverage.ParseGrade(string(q.Grade))
	if !ok {
		return f, problem(ErrInput, "--grade %s 不认识，请写 reported、accepted、observed 或 confirmed", q.Grade)
	}
	q.Grade = g
	return f, nil
}

// knownWords refuses a plan or kind that nothing here could bear: a typing error
// must not read as nothing owed.
func (o *Office) knownWords(ctx context.Context, q *Query) error {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	if q.Plan != "" && !slices.ContainsFunc(ads, func(ad Adoption) bool {
		return ad.Terms.Plan == q.Plan || itoa(ad.Terms.Number) == q.Plan
	}) {
		return problem(ErrInput, "没有启用过方案“%s”，请用 plan adopted 查看", q.Plan)
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	kinds := []string{"quota", "relay", "report", "roster", "figure", "push", "activity"}
	if q.Kind != "" && !slices.Contains(kinds, q.Kind) && !slices.ContainsFunc(r.Groups, func(g roster.Group) bool { return g.Kind == q.Kind }) {
		return problem(ErrInput, "--kind %s 不认识，请写任务种类（quota、relay、report、roster、figure、activity）或花名册里的群类型", q.Kind)
	}
	return nil
}

// zeroRows are the units shown even when nothing is owed.
func (o *Office) zeroRows(ctx context.Context, path string, by coverage.By) ([]coverage.Key, error) {
	if by != coverage.ByUnit {
		return nil, nil
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	var keys []coverage.Key
	for _, u := range r.Units {
		if roster.Under(u.Path, path) {
			keys = append(keys, coverage.Key{Key: u.Path, Name: u.Name})
		}
	}
	return keys, nil
}

// Owed are the obligations of the filter as they stood at q.Now, ready to be
// tallied: what is open has its hope filled in, what is behind its cause.
func (o *Office) Owed(ctx context.Context, f ObligationFilter, q Query) ([]coverage.Owed, error) {
	obs, err := o.store.Obligations(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("coverage: %w", err)
	}
	if q.Past {
		if obs, err = o.asOf(ctx, obs, q.Now); err != nil {
			return nil, err
		}
	}
	if q.Past || q.Grade != coverage.Reported && q.Grade != "" {
		if err := o.recount(ctx, obs, q); err != nil {
			return nil, err
		}
	}
	var flags map[int64]Flag // read when the first is asked for
	titles, err := o.titles(ctx)
	if err != nil {
		return nil, err
	}
	names, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	out, hopes := make([]coverage.Owed, 0, len(obs)), o.newHopes(names, q.Now)
	for i := range obs {
		ob := &obs[i]
		ob.PlanTitle, ob.DutyTitle = titles[termKey{ob.Adoption, ""}], titles[termKey{ob.Adoption, ob.Duty}]
		if !ob.Closed(q.Now) {
			hopes.fill(ob)
		} else if ob.Standing(q.Now) == coverage.Behind {
			if flags == nil {
				if flags, err = o.flagsByObligation(ctx); err != nil {
					return nil, err
				}
			}
			cause, person, err := o.causeOf(ctx, *ob, flags, q)
			if err != nil {
				return nil, err
			}
			ob.Cause = cause
			if p, ok := names.Person(person); ok {
				ob.BlamedUnit = p.UnitPath
			}
		}
		out = append(out, ob.Owed)
	}
	return out, nil
}

// causeOf is whose an obligation that is behind is: what its flag says, or would
// say if it were raised. At a higher grade one without an open flag was met by
// words below that grade, which is nobody's silence.
func (o *Office) causeOf(ctx context.Context, ob Obligation, flags map[int64]Flag, q Query) (coverage.Cause, int64, error) {
	f, ok := flags[ob.ID]
	switch {
	case ok && (f.State != FlagResolved || f.ResolvedAt.After(q.Now)):
		return coverage.Cause(f.Cause), f.Person, nil
	case ok, q.Grade != coverage.Reported && q.Grade != "":
		return coverage.ByOffice, 0, nil
	}
	return o.blame(ctx, ob)
}

// adoptedAt is when each adoption was made.
func (o *Office) adoptedAt(ctx context.Context) (map[int64]time.Time, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	adopted := map[int64]time.Time{}
	for _, ad := range ads {
		adopted[ad.ID] = ad.AdoptedAt
	}
	return adopted, nil
}

// asOf leaves out what nobody owed yet, and excuses said later.
func (o *Office) asOf(ctx context.Context, obs []Obligation, then time.Time) ([]Obligation, error) {
	adopted, err := o.adoptedAt(ctx)
	if err != nil {
		return nil, err
	}
	obs = slices.DeleteFunc(obs, func(ob Obligation) bool {
		return ob.StartAt.After(then) || adopted[ob.Adoption].After(then)
	})
	for i := range obs {
		if obs[i].ExcusedAt.After(then) {
			obs[i].Excuse = ""
		}
	}
	return obs, nil
}

func (o *Office) flagsByObligation(ctx context.Context) (map[int64]Flag, error) {
	flags, err := o.store.Flags(ctx, true)
	if err != nil {
		return nil, err
	}
	m := make(map[int64]Flag, len(flags))
	for _, f := range flags {
		m[f.Obligation] = f
	}
	return m, nil
}

// titles are our short names: of a plan under the empty duty, and of its duties.
func (o *Office) titles(ctx context.Context) (map[termKey]string, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	m := map[termKey]string{}
	for _, ad := range ads {
		m[termKey{ad.ID, ""}] = "方案" + itoa(ad.Terms.Number) + " " + ad.Terms.Title
		for _, t := range ad.Terms.Duties {
			m[termKey{ad.ID, t.ID}] = "方案" + itoa(ad.Terms.Number) + " " + t.Title
		}
	}
	return m, nil
}

// recount recomputes credits from the deliveries as they stood, at the grade.
func (o *Office) recount(ctx context.Context, obs []Obligation, q Query) error {
	groups := map[int64]bool{}
	for _, ob := range obs {
		if ob.Group != 0 {
			groups[ob.Group] = true
		}
	}
	ids := make([]int64, 0, len(groups))
	for id := range groups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	f := DeliveryFilter{Groups: ids}
	if q.Past {
		f.AsOf = q.Now
	}
	ds, err := o.store.Deliveries(ctx, f)
	if err != nil {
		return fmt.Errorf("coverage as of %s: %w", q.Now.UTC().Format("2006-01-02T15:04:05Z"), err)
	}
	facts := map[int64][]coverage.Fact{}
	for _, d := range ds {
		facts[d.Group] = append(facts[d.Group], d.Fact(o.cal))
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	terms := termsOf(ads)
	live := map[int64][]Delivery{}
	for _, d := range ds {
		if d.State.Live() {
			live[d.Group] = append(live[d.Group], d)
		}
	}
	for i := range obs {
		ob := &obs[i]
		switch {
		case ob.Group != 0:
			t := terms[termKey{ob.Adoption, ob.Duty}]
			ob.Credits, ob.Makeups = coverage.Count(ob.Owed, t, facts[ob.Group], q.Grade, ob.LastMakeup)
			ob.Live, ob.Unanswered = hopeOf(ob.Owed, t, live[ob.Group])
		case q.Past && !ob.DoneAt.IsZero() && ob.DoneAt.After(q.Now):
			ob.Credits, ob.Makeups = 0, 0
		}
	}
	return nil
}

// hopeOf counts the live deliveries that fit the duty, a day once where days
// must differ, as the store does for the present.
func hopeOf(o coverage.Owed, t plans.Term, live []Delivery) (n int, unanswered bool) {
	days := map[calendar.Date]bool{}
	for _, d := range live {
		if !coverage.Fits(t, d.Media, d.Themes) || !d.Opens.Before(o.EndAt) || o.Push != 0 && d.Push != o.Push || d.Makeup != 0 && d.Makeup != o.ID {
			continue
		}
		unanswered = unanswered || d.State == Handed
		if !t.DistinctDays || !days[d.Day] {
			n++
		}
		days[d.Day] = true
	}
	return n, unanswered
}

// Tasks lists what units hand in and still owe, by due.
func (o *Office) Tasks(ctx context.Context, a roster.Actor, now time.Time) ([]TaskView, error) {
	if err := allow(a, roster.SeeCoverage, a.Unit); err != nil {
		return nil, err
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{Unit: a.Unit, Short: true, Now: now})
	if err != nil {
		return nil, err
	}
	titles, err := o.titles(ctx)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	out, hopes := []TaskView{}, o.newHopes(r, now)
	for _, ob := range obs {
		if ob.Task == 0 || !ob.DoneAt.IsZero() {
			continue
		}
		if !ob.Closed(now) {
			hopes.fill(&ob)
		}
		kind := string(ob.Kind)
		if ob.Means == plans.ByActivity {
			kind = "activity"
		}
		out = append(out, TaskView{ID: ob.Task, Unit: Ref{ob.Unit, ob.UnitPath}, Plan: ob.Owed.Number, Duty: ob.Duty,
			Title: titles[termKey{ob.Adoption, ob.Duty}], Quote: ob.Quote, Kind: kind, Period: ob.Period.Key, Due: ob.EndAt.UTC(), Standing: ob.Standing(now)})
	}
	slices.SortStableFunc(out, func(a, b TaskView) int { return a.Due.Compare(b.Due) })
	return out, nil
}
