package schedule

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// Adopt 启用 puts a plan in force on one unit's subtree for a year, with every
// decision answered or defaulted. It owes from the day it is adopted, unless
// the answer "owed_from" names an earlier day (then a ledger so far should be
// imported, or the past reads as behind). Its slots are filled once a second
// person has confirmed it, or after the delay (design rule 9). It returns
// warnings in Chinese.
//
// Errors: ErrInput for an unknown unit, decision or year; ErrState when the
// same plan is already in force there.
func (o *Office) Adopt(ctx context.Context, a roster.Actor, plan plans.Plan, unit string, year int, answers map[string]string, now time.Time) (Adoption, []string, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return Adoption{}, nil, err
	}
	u, err := r.FindUnit(unit)
	if err != nil {
		return Adoption{}, nil, problem(ErrInput, "%s", err)
	}
	if err := allow(a, roster.AdoptPlan, u.Path); err != nil {
		return Adoption{}, nil, err
	}
	ad, err := o.termsFor(plan, year, answers, now)
	if err != nil {
		return Adoption{}, nil, err
	}
	ad.Unit, ad.UnitPath, ad.By, ad.Person = u.ID, u.Path, a.By, a.Person
	if !o.settings.OneAdopts {
		ad.ReadyAt = o.cal.AddWorking(now, o.settings.Cooling)
	}
	if err := o.notTwice(ctx, &ad, now); err != nil {
		return Adoption{}, nil, err
	}
	if ad.ID, err = o.store.AddAdoption(ctx, a, ad, now); err != nil {
		return Adoption{}, nil, fmt.Errorf("adopt plan %s: %w", plan.ID, err)
	}
	if err := o.showAdoption(ctx, ad, now); err != nil {
		return Adoption{}, nil, err
	}
	today := o.cal.Today(now)
	if err := o.openPeriods(ctx, later(ad.owes(), ad.Terms.Start), today.AddDays(1), every, now); err != nil {
		return Adoption{}, nil, err
	}
	if err := o.planDay(ctx, today, now); err != nil {
		return Adoption{}, nil, err
	}
	if err := o.endPast(ctx, ad, now); err != nil {
		return Adoption{}, nil, err
	}
	warnings, err := o.Capacity(ctx, roster.Clock(), now)
	if err != nil {
		return Adoption{}, nil, err
	}
	return ad, append(o.adoptionWarnings(ad, r), warnings...), o.Start(ctx, now)
}

// endPast looks at what an adoption that owes from an earlier day is behind on
// already, so that coverage and the list of who is behind agree at once.
func (o *Office) endPast(ctx context.Context, ad Adoption, now time.Time) error {
	obs, err := o.store.Obligations(ctx, ObligationFilter{Adoption: ad.ID, EndsBy: now, Short: true})
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, ob := range obs {
		if at := ob.EndAt.UnixMilli(); !seen[at] {
			seen[at] = true
			if err := o.endObligations(ctx, ob.EndAt, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// termsFor resolves the plan and notes the day it owes from.
func (o *Office) termsFor(plan plans.Plan, year int, answers map[string]string, now time.Time) (Adoption, error) {
	answers = maps.Clone(answers)
	from := o.cal.Today(now)
	if s, ok := answers[owedFrom]; ok {
		delete(answers, owedFrom)
		if from = dateOrZero(s); from.IsZero() {
			return Adoption{}, problem(ErrInput, "owed_from=%s 不是日期，请写成 2026-03-05", s)
		}
	}
	terms, err := plans.Resolve(plan, year, answers)
	if err != nil {
		return Adoption{}, problem(ErrInput, "%s", err)
	}
	terms.Decisions = maps.Clone(terms.Decisions)
	if terms.Decisions == nil {
		terms.Decisions = map[string]string{}
	}
	terms.Decisions[owedFrom] = later(from, terms.Start).String()
	if !o.cal.Today(now).Before(terms.End) {
		return Adoption{}, problem(ErrInput, "方案%d在 %d 年的日期是 %s 至 %s，已经结束，请换一个年份", plan.Number, year, terms.Start, terms.End.AddDays(-1))
	}
	return Adoption{Terms: terms, AdoptedAt: now}, nil
}

// notTwice refuses a plan that is in force here, above or below: each group
// would owe it twice. After one that was dropped it owes from then on only.
func (o *Office) notTwice(ctx context.Context, ad *Adoption, now time.Time) error {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	today := o.cal.Today(now)
	for _, old := range ads {
		overlap := roster.Under(old.UnitPath, ad.UnitPath) || roster.Under(ad.UnitPath, old.UnitPath)
		if old.Terms.Plan != ad.Terms.Plan || !overlap || !today.Before(old.Terms.End) {
			continue
		}
		if !old.DroppedOn.IsZero() && ad.owes().Before(old.DroppedOn) {
			ad.Terms.Decisions[owedFrom] = old.DroppedOn.String()
		}
		if old.inForce(today.AddDays(1)) {
			return problem(ErrInput, "方案%d已经在“%s”启用，同一个群不能欠两遍；要改在“%s”启用，请先 plan drop %d --unit %s",
				ad.Terms.Number, old.UnitPath, ad.UnitPath, ad.Terms.Number, old.UnitPath)
		}
	}
	return nil
}

// adoptionWarnings name duties that concern nobody here, and an unknown year.
func (o *Office) adoptionWarnings(ad Adoption, r *roster.Roster) []string {
	out := []string{}
	for _, t := range ad.Terms.Duties {
		n := len(owers(ad, t, r))
		if !owesTask(t) {
			n = 0
			for _, g := range r.Groups {
				if concerns(ad, t, g) {
					n++
				}
			}
		}
		if n == 0 && t.Kind != plans.Rule {
			out = append(out, fmt.Sprintf("任务“%s”在“%s”里没有对应的群或单位，不会产生应办", t.Title, ad.UnitPath))
		}
	}
	out = append(out, o.tooFewSlots(ad, r)...)
	if !o.cal.KnownYear(ad.Terms.Year) {
		out = append(out, fmt.Sprintf("%d 年的放假安排还不知道，节假日暂按周一至周五上班计算，公布后请写进 config.toml", ad.Terms.Year))
	}
	return out
}

// tooFewSlots names the duties that ask for more days in a whole period than the
// timetable has slots for one of their groups, with three ways out.
func (o *Office) tooFewSlots(ad Adoption, r *roster.Roster) []string {
	var out []string
	for _, t := range ad.Terms.Duties {
		if !owesPushes(t) {
			continue
		}
		p := calendar.PeriodOf(t.Per, ad.owes())
		if p = p.Next(); p.Key == "" {
			continue
		}
		least := -1
		for _, g := range r.Groups {
			if !concerns(ad, t, g) {
				continue
			}
			var mine []Slot
			for _, s := range o.settings.Slots {
				if s.To.Matches(g) {
					mine = append(mine, s)
				}
			}
			if n := len(slotDays(mine, p.Start, p.End)); least < 0 || n < least {
				least = n
			}
		}
		if least >= 0 && least < t.AtLeast {
			out = append(out, fmt.Sprintf("任务“%s”每期至少 %d 次，时段表每期只排得出 %d 天，注定落后。三个办法：①在 config.toml 里加一个时段；②把时段的 to 放宽到这些群；③由办公室另排推送（push）。",
				t.Title, t.AtLeast, least))
		}
	}
	return out
}

// Drop 停用 ends a plan on a unit from tomorrow on. What it owed until then stays.
func (o *Office) Drop(ctx context.Context, a roster.Actor, plan, unit string, now time.Time) error {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	today := o.cal.Today(now)
	var hits []Adoption
	for _, ad := range ads {
		same := ad.Terms.Plan == plan || strconv.Itoa(ad.Terms.Number) == plan
		if same && ad.inForce(today.AddDays(1)) && (unit == "" || matchesUnit(r, ad, unit)) {
			hits = append(hits, ad)
		}
	}
	switch len(hits) {
	case 0:
		return problem(ErrInput, "没有启用中的方案“%s”，请用 plan adopted 查看", plan)
	case 1:
	default:
		return problem(ErrInput, "方案“%s”在 %d 个单位启用，请用 --unit 写明停用哪一个（plan adopted 可以查看）", plan, len(hits))
	}
	if err := allow(a, roster.AdoptPlan, hits[0].UnitPath); err != nil {
		return err
	}
	if err := o.store.DropAdoption(ctx, a, hits[0].ID, today.AddDays(1), now); err != nil {
		return fmt.Errorf("drop plan %s: %w", plan, err)
	}
	return nil
}

func matchesUnit(r *roster.Roster, ad Adoption, unit string) bool {
	u, err := r.FindUnit(unit)
	return err == nil && u.ID == ad.Unit
}

// Adopted lists the adoptions the actor may see, those dropped among them.
func (o *Office) Adopted(ctx context.Context, a roster.Actor) ([]Adoption, error) {
	if err := allow(a, roster.SeeCoverage, a.Unit); err != nil {
		return nil, err
	}
	return o.store.Adoptions(ctx)
}
