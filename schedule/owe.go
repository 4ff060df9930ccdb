package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// owedFrom is the key under which an adoption keeps the first day it owes.
const owedFrom = "owed_from"

// owes is the first day the adoption owes anything: the day it was adopted, or
// the day the office chose.
func (a Adoption) owes() calendar.Date {
	d, err := calendar.ParseDate(a.Terms.Decisions[owedFrom])
	if err != nil {
		return a.Terms.Start
	}
	return d
}

// inForce reports whether the adoption still holds on the day.
func (a Adoption) inForce(d calendar.Date) bool {
	return a.DroppedOn.IsZero() || d.Before(a.DroppedOn)
}

// owesPushes reports whether groups owe the duty by its periods. Relays are
// owed per push instead, rules have findings and owe nothing.
func owesPushes(t plans.Term) bool { return t.Kind == plans.Quota && t.Means != plans.ByActivity }

// owesTask reports whether a unit hands the duty in.
func owesTask(t plans.Term) bool {
	return t.Kind == plans.Report || t.Kind == plans.Roster || t.Kind == plans.Figure ||
		t.Kind == plans.Quota && t.Means == plans.ByActivity
}

// concerns reports whether the duty is about this group of the adoption.
func concerns(ad Adoption, t plans.Term, g roster.Group) bool {
	return roster.Under(g.UnitPath, ad.UnitPath) && slices.Contains(t.Groups, g.Kind) && g.Hears(t.Audience)
}

// openPeriods makes the obligations of every adoption whose periods touch
// [from, to) and which pass the test, and the jobs for their ends. Doing it
// again makes nothing twice.
func (o *Office) openPeriods(ctx context.Context, from, to calendar.Date, test func(Adoption, calendar.Period) bool, now time.Time) error {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return fmt.Errorf("open periods: %w", err)
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return fmt.Errorf("open periods: %w", err)
	}
	var obs []Obligation
	for _, ad := range ads {
		if !ad.inForce(from) {
			continue
		}
		for _, t := range ad.Terms.Duties {
			for _, p := range t.Periods(later(from, ad.owes()), to) {
				if test(ad, p) {
					obs = append(obs, o.owed(ad, t, p, r)...)
				}
			}
		}
	}
	if _, err := o.store.AddObligations(ctx, obs, now); err != nil {
		return fmt.Errorf("open periods: %w", err)
	}
	return o.store.PutJobs(ctx, endJobs(obs))
}

// every is the test of openPeriods that lets all pass.
func every(Adoption, calendar.Period) bool { return true }

// endJobs are the jobs that look at obligations when their time is up.
func endJobs(obs []Obligation) []Job {
	seen := map[int64]bool{}
	var jobs []Job
	for _, ob := range obs {
		if at := ob.EndAt.UnixMilli(); !seen[at] {
			seen[at] = true
			jobs = append(jobs, Job{Key: fmt.Sprintf("end:%d", at), Kind: jobEnd, At: ob.EndAt})
		}
	}
	return jobs
}

// owed are the obligations of one duty in one period, for each group or unit.
func (o *Office) owed(ad Adoption, t plans.Term, p calendar.Period, r *roster.Roster) []Obligation {
	switch {
	case owesPushes(t):
		var obs []Obligation
		for _, g := range r.Groups {
			if concerns(ad, t, g) && (g.Until == "" || g.Until > p.Start.String()) && g.Since < p.End.String() {
				obs = append(obs, o.groupOwes(ad, t, p, g, r))
			}
		}
		return obs
	case owesTask(t):
		var obs []Obligation
		for _, u := range owers(ad, t, r) {
			obs = append(obs, o.unitOwes(ad, t, p, u))
		}
		return obs
	}
	return nil
}

func (o *Office) groupOwes(ad Adoption, t plans.Term, p calendar.Period, g roster.Group, r *roster.Roster) Obligation {
	zone := o.cal.Zone()
	ob := Obligation{Owed: owedOf(ad, t, p, t.AtLeast)}
	ob.Group, ob.GroupName, ob.GroupKind, ob.Audiences = g.ID, g.Name, g.Kind, g.Audiences
	ob.Unit, ob.UnitPath = g.Unit, g.UnitPath
	ob.StartAt, ob.EndAt = p.Start.Start(zone), p.End.Start(zone)
	ob.LastMakeup = lastMakeup(p).Start(zone)
	ob.Excuse = coverage.AutoExcuse(o.circumstances(ad, t, p, g, r), o.cal)
	return ob
}

// circumstances gathers what may excuse the group by itself.
func (o *Office) circumstances(ad Adoption, t plans.Term, p calendar.Period, g roster.Group, r *roster.Roster) coverage.Circumstances {
	return coverage.Circumstances{
		Whole:      whole(p),
		Owed:       p.Cut(ad.owes(), ad.DroppedOn),
		GroupSince: dateOrZero(g.Since),
		GroupUntil: dateOrZero(g.Until),
		School:     r.SchoolUnit(g.Unit),
		Need:       t.AtLeast,
	}
}

func (o *Office) unitOwes(ad Adoption, t plans.Term, p calendar.Period, u roster.Unit) Obligation {
	zone := o.cal.Zone()
	ob := Obligation{Owed: owedOf(ad, t, p, t.AtLeast)}
	ob.Unit, ob.UnitPath, ob.UnitName = u.ID, u.Path, u.Name
	ob.StartAt, ob.EndAt = p.Start.Start(zone), p.End.Start(zone)
	if due, ok := t.Deadline(p, zone); ok {
		ob.EndAt = due
	}
	ob.LastMakeup = ob.EndAt.AddDate(1, 0, 0) // a task handed in late is late, however late
	if ob.EndAt.Before(ad.owes().Start(zone)) {
		ob.Excuse = "截止日在启用之前"
	} else if p.Per == calendar.Week || p.Per == calendar.Month {
		ob.Excuse = coverage.AutoExcuse(coverage.Circumstances{Whole: whole(p), Owed: p.Cut(ad.owes(), ad.DroppedOn), Need: 1}, o.cal)
	}
	return ob
}

func owedOf(ad Adoption, t plans.Term, p calendar.Period, need int) coverage.Owed {
	return coverage.Owed{Adoption: ad.ID, Plan: ad.Terms.Plan, Number: ad.Terms.Number, Duty: t.ID, Kind: t.Kind,
		Means: t.Means, Quote: t.Quote, Period: p, Need: need}
}

// whole is the uncut week, month, quarter or year of p, or p itself.
func whole(p calendar.Period) calendar.Period {
	if w := calendar.PeriodOf(p.Per, p.Start); w.Key != "" {
		return w
	}
	return p
}

// lastMakeup is the first day too late to make up for p: the end of the next
// period. A phase, campaign or once has no next one.
func lastMakeup(p calendar.Period) calendar.Date {
	if w := calendar.PeriodOf(p.Per, p.Start); w.Key != "" {
		return w.Next().End
	}
	return p.End
}

// owers are the units that hand a task in: the office itself, every unit right
// below the adoption's, or every unit of the level the duty names.
func owers(ad Adoption, t plans.Term, r *roster.Roster) []roster.Unit {
	var out []roster.Unit
	for _, u := range r.Units {
		if !roster.Under(u.Path, ad.UnitPath) {
			continue
		}
		switch t.OwedBy {
		case "", "office":
			if u.ID == ad.Unit {
				out = append(out, u)
			}
		case "unit":
			if u.Parent == ad.Unit {
				out = append(out, u)
			}
		default:
			if hasLevel(u.Name, t.OwedBy) {
				out = append(out, u)
			}
		}
	}
	return out
}

// levels are the endings by which a unit's name shows its level.
var levels = map[string][]string{
	"county":      {"县", "区", "市"},
	"town":        {"镇", "乡", "街道"},
	"village":     {"村", "社区", "居委会"},
	"grid":        {"网格", "组"},
	"school":      {"小学", "中学", "学校", "幼儿园"},
	"college":     {"学院"},
	"grade":       {"年级", "年段"},
	"class":       {"班"},
	"department":  {"局", "办", "所", "站", "中心", "委"},
	"institution": {"院", "中心", "银行", "支行", "信用社"},
}

func hasLevel(name, level string) bool {
	return slices.ContainsFunc(levels[level], func(end string) bool { return strings.HasSuffix(name, end) })
}

func later(a, b calendar.Date) calendar.Date {
	if a.Before(b) {
		return b
	}
	return a
}

func dateOrZero(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		return calendar.Date{}
	}
	return d
}
