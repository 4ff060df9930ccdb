package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// endObligations looks at the obligations whose time was up at the instant and
// raises a flag for each that is behind. A flag opens once.
func (o *Office) endObligations(ctx context.Context, at, now time.Time) error {
	obs, err := o.store.Obligations(ctx, ObligationFilter{EndsAfter: at.Add(-time.Millisecond), EndsBy: at, Short: true, Now: now})
	if err != nil {
		return err
	}
	for _, ob := range obs {
		if err := o.raise(ctx, ob, now); err != nil {
			return err
		}
	}
	return o.store.Fold(ctx, now)
}

// raise opens a flag for an obligation that is behind, unless one is open.
func (o *Office) raise(ctx context.Context, ob Obligation, now time.Time) error {
	if ob.Standing(now) != coverage.Behind {
		return nil
	}
	cause, person, err := o.blame(ctx, ob)
	if err != nil {
		return err
	}
	id, raised, err := o.store.RaiseFlag(ctx, Flag{Obligation: ob.ID, State: FlagRaised, Cause: string(cause), Person: person, Since: ob.EndAt}, now)
	if err != nil {
		return fmt.Errorf("raise flag for obligation %d: %w", ob.ID, err)
	}
	if !raised {
		return nil
	}
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("flag:%d", id), Kind: jobFlag, Ref: id, At: o.cal.NextSpeak(now)}})
}

// settleFlags looks again at the open flags, of some groups or of all when none
// is named: those whose obligation is no longer behind are resolved, and a cause
// that a late word has changed is corrected.
func (o *Office) settleFlags(ctx context.Context, now time.Time, groups ...int64) error {
	flags, err := o.store.Flags(ctx, false)
	if err != nil || len(flags) == 0 {
		return err
	}
	byID, err := o.flagged(ctx, flags, groups, now)
	if err != nil {
		return err
	}
	for _, f := range flags {
		ob, ok := byID[f.Obligation]
		if !ok {
			continue
		}
		if err := o.settleFlag(ctx, f, ob, now); err != nil {
			return fmt.Errorf("settle flag %d: %w", f.ID, err)
		}
	}
	return nil
}

func (o *Office) settleFlag(ctx context.Context, f Flag, ob Obligation, now time.Time) error {
	from := f.State
	if s := ob.Standing(now); s != coverage.Behind {
		f.State, f.ResolvedAt, f.Why = FlagResolved, now, string(s)
		return o.store.MoveFlag(ctx, roster.Clock(), f.ID, from, f, now)
	}
	cause, person, err := o.blame(ctx, ob)
	if err != nil || string(cause) == f.Cause && person == f.Person {
		return err
	}
	if person != f.Person { // who has not been told begins at the first rung
		if err := o.store.Mark(ctx, flagTold(f.ID), ""); err != nil {
			return err
		}
	}
	f.Cause, f.Person = string(cause), person
	return o.store.MoveFlag(ctx, roster.Clock(), f.ID, from, f, now)
}

// flagged are the obligations of flags, narrowed to groups when any is named.
func (o *Office) flagged(ctx context.Context, flags []Flag, groups []int64, now time.Time) (map[int64]Obligation, error) {
	byID := map[int64]Obligation{}
	take := func(f ObligationFilter) error {
		obs, err := o.store.Obligations(ctx, f)
		for _, ob := range obs {
			byID[ob.ID] = ob
		}
		return err
	}
	for _, g := range groups {
		if err := take(ObligationFilter{Group: g, Now: now}); err != nil {
			return nil, err
		}
	}
	if len(groups) > 0 {
		return byID, nil
	}
	ids := make([]int64, 0, len(flags))
	for _, f := range flags {
		ids = append(ids, f.Obligation)
	}
	return byID, take(ObligationFilter{IDs: ids, Now: now})
}

// climbFlag takes a flag one rung up the ladder (design rule 6): first the
// person who can mend it, a working day later again, then the unit's contact.
// The office reads of it in its digest; nothing is said in a group.
func (o *Office) climbFlag(ctx context.Context, id int64, now time.Time) error {
	f, err := o.store.Flag(ctx, id)
	if err != nil || f.State == FlagResolved || f.State == FlagEscalated {
		return err
	}
	if !o.cal.MaySpeak(now) {
		return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("flag:%d", id), Kind: jobFlag, Ref: id, At: o.cal.NextSpeak(now)}})
	}
	row, ob, err := o.behindRow(ctx, f, now)
	if err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	told, err := o.store.MarkOf(ctx, flagTold(id))
	if err != nil || told == flagHeard { // 收到: it is in the digest, and nobody is told again
		return err
	}
	from := f.State
	who, _ := r.Person(f.Person)
	if who.Until != "" { // gone: who is above can still see to it
		who, _ = r.ContactAbove(ob.Unit, who.ID)
	}
	switch {
	case coverage.Cause(f.Cause) != coverage.ByKeeper: // nobody in a village can mend it
		f.State = FlagEscalated
		who = roster.Person{}
	case told == "": // the first word; see tellFlag
	case f.State == FlagRaised:
		f.State = FlagReminded
	case f.State == FlagReminded:
		f.State = FlagEscalated
		who, _ = r.ContactAbove(ob.Unit, who.ID)
	}
	return o.tellFlag(ctx, f, from, who, row, now)
}

// tellFlag stores the flag's new state, tells the person, and sets the next rung.
// Whoever has had the day's share of words has not been told: the next working
// day the first word is tried again, so that nobody is told over their head.
func (o *Office) tellFlag(ctx context.Context, f Flag, from FlagState, who roster.Person, row BehindRow, now time.Time) error {
	if f.State != from {
		if err := o.store.MoveFlag(ctx, roster.Clock(), f.ID, from, f, now); err != nil {
			return fmt.Errorf("climb flag %d: %w", f.ID, err)
		}
	}
	said := true
	if who.ID != 0 {
		var err error
		if said, err = o.remind(ctx, who.ID, 0, fmt.Sprintf("flag:%d:%s:%d", f.ID, f.State, who.ID), flagText(row), now); err != nil {
			return err
		}
	}
	if said && f.State == from {
		if err := o.store.Mark(ctx, flagTold(f.ID), "1"); err != nil {
			return err
		}
	}
	if f.State == FlagEscalated {
		return nil
	}
	tomorrow := o.cal.NextWorkday(o.cal.Today(now).AddDays(1)).At(9, 0, o.cal.Zone())
	return o.store.PutJobs(ctx, []Job{{Key: fmt.Sprintf("flag:%d", f.ID), Kind: jobFlag, Ref: f.ID, At: tomorrow}})
}

func flagText(r BehindRow) string {
	name := r.Group.Name
	if name == "" {
		name = r.Unit.Name
	}
	return fmt.Sprintf("【提醒 #%d】%s %s 应 %d 次，已 %d 次，还差 %d 次。\n依据：%s\n补发后请回：已转\n想看原文请回：凭什么 %d",
		r.ID, name, calendar.SayPeriod(r.Period), r.Need, r.Credits, r.Need-r.Credits, Clause{Plan: r.Plan, Quote: r.Quote}.Quoted(), r.ID)
}

// remind puts one private reminder, unless the person has had the day's share:
// false, and the next digest says so, once for each key.
func (o *Office) remind(ctx context.Context, person, handoff int64, key, text string, now time.Time) (bool, error) {
	due := o.cal.NextSpeak(now)
	day := o.cal.Today(due)
	n, err := o.store.Reminded(ctx, person, day.Start(o.cal.Zone()), day.AddDays(1).Start(o.cal.Zone()))
	if err != nil {
		return false, err
	}
	notice := Notice{Person: person, Handoff: handoff, Key: key, Reminder: true, Due: due, State: Queued,
		Part: content.Part{Kind: content.Text, Text: text}}
	if n >= o.settings.RemindersADay { // it stands in the next digest
		notice.Key += ":kept"
		return false, o.store.MuteNotice(ctx, notice, now)
	}
	_, err = o.store.AddNotices(ctx, []Notice{notice}, now)
	return true, err
}

// Behind lists the open flags of a unit's subtree, oldest first: who, since
// when, why, and by which clause.
func (o *Office) Behind(ctx context.Context, a roster.Actor, unit string, now time.Time) ([]BehindRow, error) {
	path, err := o.scope(ctx, a, unit)
	if err != nil {
		return nil, err
	}
	flags, err := o.flagsAt(ctx, now)
	if err != nil {
		return nil, err
	}
	obs, err := o.flagged(ctx, flags, nil, now)
	if err != nil {
		return nil, err
	}
	adopted, err := o.adoptedAt(ctx)
	if err != nil {
		return nil, err
	}
	rows := []BehindRow{}
	for _, f := range flags {
		ob, ok := obs[f.Obligation]
		if !ok || !roster.Under(ob.UnitPath, path) || adopted[ob.Adoption].After(now) {
			continue
		}
		row, err := o.rowOf(ctx, f, ob, now)
		if err != nil {
			return nil, err
		}
		if f.State == FlagResolved { // it was resolved later
			row.Standing, row.State = coverage.Behind, FlagRaised
		}
		if row.Standing == coverage.Behind {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b BehindRow) int { return a.Since.Compare(b.Since) })
	return rows, nil
}

// BehindPage is a part of what is behind, and how much there is in all.
type BehindPage struct {
	All, Keeper int // flags; of these the keepers'
	Rows        []BehindRow
}

// BehindNow is Behind as things stand, the oldest first: of a unit as it was
// typed and of a period, if q gives them; at most q.Limit rows after q.Skip.
func (o *Office) BehindNow(ctx context.Context, a roster.Actor, q FlagQuery, now time.Time) (BehindPage, error) {
	path, err := o.scope(ctx, a, q.Unit)
	if err != nil {
		return BehindPage{}, err
	}
	q.Unit = path
	flags, obs, n, err := o.store.OpenFlags(ctx, q)
	if err != nil {
		return BehindPage{}, fmt.Errorf("list what is behind: %w", err)
	}
	page := BehindPage{All: n.All, Keeper: n.Keeper, Rows: []BehindRow{}}
	for i, f := range flags {
		row, err := o.rowOf(ctx, f, obs[i], now)
		if err != nil {
			return BehindPage{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// flagsAt are the flags that were open at an instant.
func (o *Office) flagsAt(ctx context.Context, now time.Time) ([]Flag, error) {
	flags, err := o.store.Flags(ctx, true)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(flags, func(f Flag) bool {
		return f.Since.After(now) || f.State == FlagResolved && !f.ResolvedAt.After(now)
	}), nil
}

// Why answers 凭什么 #12: the flag with its clause. Any number that leads to a
// clause is understood: a flag, a handoff, a delivery.
func (o *Office) Why(ctx context.Context, a roster.Actor, id int64, now time.Time) ([]Clause, *BehindRow, error) {
	if err := allow(a, roster.SeeCoverage, a.Unit); err != nil {
		return nil, nil, err
	}
	kind, err := o.store.Kind(ctx, id)
	if err != nil {
		return nil, nil, o.wrongNumber(ctx, id, "督办", err)
	}
	switch kind {
	case "flag":
		return o.whyFlag(ctx, a, id, now)
	case "handoff":
		h, err := o.store.Handoff(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if h.Person != a.Person {
			if err := o.mayAnswer(ctx, a, h); err != nil && a.Role != roster.Leader {
				return nil, nil, err
			}
		}
		v, err := o.handoffView(ctx, h)
		return v.Clauses, nil, err
	case "vacancy":
		cs, err := o.whyVacant(ctx, a, id, now)
		return cs, nil, err
	case "delivery":
		d, path, err := o.oneDelivery(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if err := allow(a, roster.SeeCoverage, path); err != nil {
			return nil, nil, err
		}
		p, err := o.store.Push(ctx, d.Push)
		if err != nil {
			return nil, nil, err
		}
		cs, err := o.clausesOf(ctx, p, []Delivery{d})
		return mergeClauses(cs), nil, err
	}
	return nil, nil, o.wrongNumber(ctx, id, "督办", ErrInput)
}

func (o *Office) whyFlag(ctx context.Context, a roster.Actor, id int64, now time.Time) ([]Clause, *BehindRow, error) {
	f, err := o.store.Flag(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	row, ob, err := o.behindRow(ctx, f, now)
	if err != nil {
		return nil, nil, err
	}
	if err := allow(a, roster.SeeCoverage, ob.UnitPath); err != nil {
		return nil, nil, err
	}
	return []Clause{{Plan: row.Plan, Duty: row.Duty, Quote: row.Quote}}, &row, nil
}

// behindRow joins a flag with its obligation, group, unit, keeper and clause.
func (o *Office) behindRow(ctx context.Context, f Flag, now time.Time) (BehindRow, Obligation, error) {
	obs, err := o.store.Obligations(ctx, ObligationFilter{IDs: []int64{f.Obligation}, Now: now})
	if err != nil {
		return BehindRow{}, Obligation{}, err
	}
	if len(obs) == 0 {
		return BehindRow{}, Obligation{}, fmt.Errorf("obligation %d of flag %d: %w", f.Obligation, f.ID, ErrNotFound)
	}
	row, err := o.rowOf(ctx, f, obs[0], now)
	return row, obs[0], err
}

// rowOf joins a flag with the group, unit, keeper and clause of its obligation.
func (o *Office) rowOf(ctx context.Context, f Flag, ob Obligation, now time.Time) (BehindRow, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return BehindRow{}, err
	}
	row := BehindRow{ID: f.ID, Plan: ob.Owed.Number, Duty: ob.Duty, Quote: ob.Quote, Period: ob.Period.Key, Standing: ob.Standing(now),
		Cause: coverage.Cause(f.Cause), Since: f.Since.UTC(), State: f.State, Need: ob.Need, Credits: ob.Credits}
	if g, ok := r.Group(ob.Group); ok {
		row.Group = Ref{g.ID, g.Name}
		who := g.Keeper
		if f.Person != 0 {
			who = f.Person
		}
		if k, ok := r.Person(who); ok {
			row.Keeper = k.Name
		}
	}
	if u, ok := r.Unit(ob.Unit); ok {
		row.Unit = Ref{u.ID, u.Path}
	}
	if ob.Kind == plans.Relay {
		row.StuckAt, err = o.stuckAt(ctx, r, ob, now)
	}
	return row, err
}
