package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// blame gathers the history of an obligation and asks coverage.Blame. With the
// cause keeper it names the person who had the pack.
func (o *Office) blame(ctx context.Context, ob Obligation) (coverage.Cause, int64, error) {
	if ob.Group == 0 { // what a unit hands in is that unit's only if it was asked in time, which the ledger cannot show
		return coverage.ByOffice, 0, nil
	}
	h, err := o.history(ctx, ob)
	if err != nil {
		return "", 0, err
	}
	cause := coverage.Blame(ob.Need-ob.Credits, ob.EndAt, h, o.cal)
	if cause != coverage.ByKeeper {
		return cause, 0, nil
	}
	var who coverage.Pack
	for _, p := range h.Packs {
		if p.Person != 0 && !p.ReadableAt.IsZero() && (who.Person == 0 || p.ReadableAt.Before(who.ReadableAt)) {
			who = p
		}
	}
	return cause, who.Person, nil
}

// history is what the ledger says of an obligation that is behind.
func (o *Office) history(ctx context.Context, ob Obligation) (coverage.History, error) {
	from, to := o.cal.Today(ob.StartAt), o.cal.Today(ob.EndAt)
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Groups: []int64{ob.Group}, From: from.AddDays(-holidayReach), To: to})
	if err != nil {
		return coverage.History{}, err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return coverage.History{}, err
	}
	term := termsOf(ads)[termKey{ob.Adoption, ob.Duty}]
	h := coverage.History{NoItem: ob.Push == 0}
	if h.Halts, err = o.deafTo(ctx, ob); err != nil {
		return coverage.History{}, err
	}
	days := o.creditedDays(ob, term, ds)
	for _, d := range ds {
		if !coverage.Fits(term, d.Media, d.Themes) || d.Makeup != 0 && d.Makeup != ob.ID {
			continue // it could not have met the duty, whoever had it
		}
		if ob.Push != 0 && d.Push != ob.Push || ob.Push == 0 && (d.Day.Before(from) || d.Opens.After(ob.EndAt)) {
			continue
		}
		h.NoItem = false
		if d.Reason == HeldNoHandle {
			h.Detached = true
		}
		when, day := d.When(o.cal)
		if d.State == Uncertain && !(term.DistinctDays && days[day]) {
			h.Unknown++
		}
		tooLate := d.Handoff != 0 && d.State.Evidence() != "" && !when.Before(ob.EndAt)
		if d.State == Handed || d.State == Lapsed || d.State == Declined || tooLate {
			p, err := o.packOf(ctx, d)
			if err != nil {
				return coverage.History{}, err
			}
			if term.DistinctDays && !p.GroupGone && !p.ReadableAt.IsZero() {
				day := o.cal.Today(p.ReadableAt)
				if days[day] { // one more of that day would have counted for nothing
					continue
				}
				days[day] = true
			}
			h.Packs = append(h.Packs, p)
		}
	}
	if h.NoItem {
		if h.NoItem, err = o.nothingFitted(ctx, ob, from, to); err != nil {
			return coverage.History{}, err
		}
	}
	return h, nil
}

// creditedDays are the local days on which the obligation has its credits.
func (o *Office) creditedDays(ob Obligation, t plans.Term, ds []Delivery) map[calendar.Date]bool {
	days := map[calendar.Date]bool{}
	for _, d := range ds {
		if f := d.Fact(o.cal); coverage.Judge(ob.Owed, t, f, ob.LastMakeup) == coverage.OnTime {
			days[f.Day] = true
		}
	}
	return days
}

// nothingFitted reports whether the group went without for want of content: the
// duty was in force, the timetable had a slot, and no item in the library fits.
func (o *Office) nothingFitted(ctx context.Context, ob Obligation, from, to calendar.Date) (bool, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return false, err
	}
	for _, ad := range ads {
		if ad.ID == ob.Adoption && o.cal.Today(ad.AdoptedAt).After(from) {
			return false, nil
		}
	}
	if len(slotDays(o.settings.Slots, from, to)) == 0 {
		return false, nil
	}
	items, err := o.store.Items(ctx)
	if err != nil {
		return false, err
	}
	t := termsOf(ads)[termKey{ob.Adoption, ob.Duty}]
	g := roster.Group{Audiences: ob.Audiences}
	return !slices.ContainsFunc(items, func(it content.Item) bool {
		return it.Sendable(to.AddDays(-1).String()) && g.Hears(it.Audiences) && coverage.Fits(t, mediaOf(it), it.Themes)
	}), nil
}

// packOf is the handoff a delivery waits on, at its lowest unfinished hop. Of a
// push that the office cancelled nobody was to pass on anything.
func (o *Office) packOf(ctx context.Context, d Delivery) (coverage.Pack, error) {
	if d.State == Declined {
		return coverage.Pack{GroupGone: groupGone(d.Reason)}, nil
	}
	if d.Handoff == 0 {
		return coverage.Pack{}, nil
	}
	if p, err := o.store.Push(ctx, d.Push); err != nil || p.State == PushCancelled {
		return coverage.Pack{}, err
	}
	h, err := o.store.Handoff(ctx, d.Handoff)
	if err != nil {
		return coverage.Pack{}, err
	}
	for h.unreached() {
		if h, err = o.store.Handoff(ctx, h.Above); err != nil {
			return coverage.Pack{}, err
		}
	}
	if d.AskedAt.After(h.ReadableAt) { // it came to the handoff later, and nobody has told that person of it
		return coverage.Pack{Person: h.Person}, nil
	}
	return coverage.Pack{Person: h.Person, ReadableAt: h.ReadableAt}, nil
}

// groupGone reports whether the reason of 转不了 is that the group is not there.
func groupGone(reason string) bool {
	return slices.ContainsFunc([]string{"解散", "没有这个群", "没这个群", "不在群", "移出", "退群", "封群", "群没了"},
		func(w string) bool { return strings.Contains(reason, w) })
}

// stuckAt is the lowest unfinished hop of a relay: who has it, since when.
func (o *Office) stuckAt(ctx context.Context, r *roster.Roster, ob Obligation, now time.Time) (string, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: ob.Push, Groups: []int64{ob.Group}})
	if err != nil || len(ds) == 0 || ds[0].Handoff == 0 {
		return "", err
	}
	h, err := o.store.Handoff(ctx, ds[0].Handoff)
	if err != nil {
		return "", err
	}
	for h.unreached() {
		if h, err = o.store.Handoff(ctx, h.Above); err != nil {
			return "", err
		}
	}
	p, _ := r.Person(h.Person)
	u, _ := r.Unit(h.Unit)
	since := h.ReadableAt
	if since.IsZero() || since.After(now) {
		since = h.CreatedAt
	}
	return fmt.Sprintf("卡在第%d级 %s %s，自%s", h.Hop, u.Name, p.Name, o.say(since)), nil
}

// deafTo are the times of an obligation that count against nobody: under 停发,
// and while the PC was off or asleep or nobody was logged in, when no answer
// could be taken in.
func (o *Office) deafTo(ctx context.Context, ob Obligation) ([]coverage.Span, error) {
	halts, err := o.store.Halts(ctx, ob.EndAt)
	if err != nil {
		return nil, err
	}
	away, err := o.store.Absences(ctx, ob.StartAt, ob.EndAt)
	if err != nil {
		return nil, err
	}
	deaf, err := o.store.DeafTimes(ctx, ob.StartAt, ob.EndAt)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(halts, away, deaf)
	slices.SortFunc(all, func(a, b coverage.Span) int { return a.From.Compare(b.From) })
	var apart []coverage.Span // none overlapping
	for _, s := range all {
		if n := len(apart) - 1; n >= 0 && !s.From.After(apart[n].To) {
			if s.To.After(apart[n].To) {
				apart[n].To = s.To
			}
			continue
		}
		apart = append(apart, s)
	}
	return apart, nil
}
