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

// planDay plans every slot of the local day, and those later ones that fall on
// a holiday and whose handoffs move to this working day (design rule 13).
func (o *Office) planDay(ctx context.Context, day calendar.Date, now time.Time) error {
	if err := o.noteSlots(ctx, day, now); err != nil {
		return err
	}
	for _, s := range o.settings.Slots {
		for _, occ := range s.Cron.Days(day, day.AddDays(holidayReach)) {
			early := occ.Date != day
			if early && !o.movesTo(occ.Date, day) {
				continue
			}
			if early { // the slot keeps its date, its window moves to the working day
				occ.At = occ.At.AddDate(0, 0, -day.DaysUntil(occ.Date))
			}
			if err := o.planSlot(ctx, s, occ, early, now); err != nil {
				return fmt.Errorf("plan slot %s of %s: %w", s.Name, occ.Date, err)
			}
		}
	}
	return nil
}

// holidayReach is how many days ahead a long holiday may push handoffs back.
const holidayReach = 10

// movesTo reports whether handoffs of a slot on a holiday move to the working
// day, which must lie in the same week.
func (o *Office) movesTo(slotDay, day calendar.Date) bool {
	if work, _ := o.cal.Workday(slotDay); work {
		return false
	}
	return o.cal.Shift(slotDay, calendar.PeriodOf(calendar.Week, slotDay)) == day
}

// planSlot decides which groups the slot serves on that day and what each hears.
// onlyByHand plans the groups that people carry, ahead of a holiday. Doing it
// again, in any process, plans nothing twice.
func (o *Office) planSlot(ctx context.Context, s Slot, occ calendar.Occurrence, onlyByHand bool, now time.Time) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	planned, err := o.store.Planned(ctx, occ.Date, s.Name)
	if err != nil {
		return err
	}
	due, err := o.dueGroups(ctx, r, occ, now)
	if err != nil {
		return err
	}
	var wants []content.Want
	for _, g := range r.Select(s.To, occ.Date.String()) {
		n, ok := due[g.ID]
		if !ok || planned[g.ID] || onlyByHand && o.carrier(g) != roster.ByKeeper || !n.chooses(occ.Date, o.settings.Slots, g) {
			continue
		}
		wants = append(wants, n.want)
	}
	return o.planPushes(ctx, s, occ, wants, due, r, now)
}

// planPushes picks items and stores one push for each. A group for which no
// item meets all its duties at once is given one that meets the first it can.
func (o *Office) planPushes(ctx context.Context, s Slot, occ calendar.Occurrence, wants []content.Want, due map[int64]*groupNeed, r *roster.Roster, now time.Time) error {
	if len(wants) == 0 {
		return nil
	}
	items, err := o.store.Items(ctx)
	if err != nil {
		return err
	}
	lib, err := content.NewLibrary(items)
	if err != nil {
		return err
	}
	heard, err := o.store.Heard(ctx, occ.Date.AddDays(-366))
	if err != nil {
		return err
	}
	for round := 0; len(wants) > 0; round++ {
		choice := content.Pick(lib, wants, heard, occ.Date.String(), o.settings.ItemRest)
		for _, b := range choice.Bundles {
			p := Push{Slot: s.Name, Day: occ.Date, Item: b.Item.ID, Revision: b.Item.Revision(), Selector: s.To.String(),
				Opens: occ.At, Closes: occ.At.Add(s.Length), State: PushReady, CreatedAt: now}
			if _, err := o.plan(ctx, roster.Clock(), p, b.Item, b.Groups, r, now); err != nil {
				return err
			}
		}
		wants = nil
		for _, u := range choice.Unmet {
			again := nextWants(u.Groups, due, round)
			wants = append(wants, again...)
			if len(again) == len(u.Groups) {
				continue
			}
			if err := o.store.Log(ctx, roster.Clock(), "no item", fmt.Sprintf("groups:%d slot:%s day:%s", len(u.Groups)-len(again), s.Name, occ.Date), u.Reason, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// nextWants asks, for groups that nothing fitted, for what one duty alone wants.
func nextWants(groups []int64, due map[int64]*groupNeed, round int) []content.Want {
	var out []content.Want
	for _, g := range groups {
		if alone := due[g].alone; round < len(alone) {
			out = append(out, alone[round])
		}
	}
	return out
}

// plan stores a push with its deliveries and the jobs of its window.
func (o *Office) plan(ctx context.Context, a roster.Actor, p Push, it content.Item, groups []int64, r *roster.Roster, now time.Time) (int64, error) {
	blind, err := o.mayHaveGone(ctx, p)
	if err != nil {
		return 0, err
	}
	ds := make([]Delivery, 0, len(groups))
	for _, id := range groups {
		g, _ := r.Group(id)
		ds = append(ds, o.delivery(p, it, g))
		if blind {
			ds[len(ds)-1].State, ds[len(ds)-1].Reason = Held, HeldByRestore
		}
	}
	id, _, err := o.store.PlanPush(ctx, a, p, ds, func(id int64) []Job { return windowJobs(id, p) }, now)
	return id, err
}

// windowJobs are the jobs of a push's window.
func windowJobs(id int64, p Push) []Job {
	return []Job{
		{Key: fmt.Sprintf("start:%d", id), Kind: jobStart, Ref: id, At: p.Opens},
		{Key: fmt.Sprintf("pack:%d", id), Kind: jobPack, Ref: id, At: p.Closes.Add(-packLead)},
		{Key: fmt.Sprintf("close:%d", id), Kind: jobClose, Ref: id, At: p.Closes},
	}
}

// packLead is how long before a window closes the office pack is on disk.
const packLead = 30 * time.Minute

func (o *Office) delivery(p Push, it content.Item, g roster.Group) Delivery {
	d := Delivery{Item: it.ID, Media: mediaOf(it), Themes: it.Themes, Slot: p.Slot, Day: p.Day, Group: g.ID, Unit: g.Unit,
		Carrier: o.carrier(g), State: Queued, Opens: p.Opens, Closes: p.Closes, Due: p.Opens}
	for i, part := range it.Parts() {
		d.Parts = append(d.Parts, Part{N: i, Kind: part.Kind, State: Queued})
	}
	return d
}

func mediaOf(it content.Item) []string {
	var media []string
	for _, m := range it.Media {
		media = append(media, string(m))
	}
	return media
}

// carrier is who carries to the group now: with the account switched off,
// everything is carried by people.
func (o *Office) carrier(g roster.Group) roster.Carrier {
	if o.account.Status().State == AccountOff {
		return roster.ByKeeper
	}
	return g.Carrier
}

// groupNeed is what a group still needs, on a day, and what would meet it.
type groupNeed struct {
	needs []Need
	want  content.Want   // what meets all duties at once
	alone []content.Want // what meets each alone, when there are several
	memo  map[string]bool
}

// dueGroups gathers the unmet quotas of every group at the slot's instant,
// together with those that begin before the last of them ends: a push may be
// worth delaying until it meets both.
func (o *Office) dueGroups(ctx context.Context, r *roster.Roster, occ calendar.Occurrence, now time.Time) (map[int64]*groupNeed, error) {
	obs, err := o.store.Obligations(ctx, ObligationFilter{On: occ.At, Short: true, Now: now})
	if err != nil {
		return nil, err
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	ads = confirmed(ads, now)
	today, err := o.onDay(ctx, occ.Date)
	if err != nil {
		return nil, err
	}
	terms := termsOf(ads)
	memo := map[string]bool{}
	due := map[int64]*groupNeed{}
	for _, ob := range obs {
		t, ok := terms[termKey{ob.Adoption, ob.Duty}]
		missing := ob.Need - ob.Credits - ob.Live
		if !ok || !owesPushes(t) || ob.Group == 0 || missing <= 0 {
			continue
		}
		n := due[ob.Group]
		if n == nil {
			g, _ := r.Group(ob.Group)
			n = &groupNeed{memo: memo, want: content.Want{Group: ob.Group, Audiences: g.Audiences}}
			due[ob.Group] = n
		}
		start := ob.Period.Start
		if t.DistinctDays && slices.ContainsFunc(today[ob.Group], func(d Delivery) bool { return coverage.Fits(t, d.Media, d.Themes) }) {
			start = occ.Date.AddDays(1) // a second one today would count for nothing
		}
		n.add(Need{start, ob.Period.End, missing}, occ.Date, t)
	}
	o.addComing(due, r, ads, occ.Date)
	return due, nil
}

// onDay are the deliveries of a day, by group, that count for a quota or still may.
func (o *Office) onDay(ctx context.Context, day calendar.Date) (map[int64][]Delivery, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{From: day, To: day})
	if err != nil {
		return nil, err
	}
	back, err := o.store.Pushes(ctx, PushCancelled)
	if err != nil {
		return nil, err
	}
	cancelled := map[int64]bool{}
	for _, p := range back {
		cancelled[p.ID] = true
	}
	by := map[int64][]Delivery{}
	for _, d := range ds {
		if d.Makeup == 0 && (d.State.Live() && !cancelled[d.Push] || d.State.Evidence() != "") {
			by[d.Group] = append(by[d.Group], d)
		}
	}
	return by, nil
}

// add notes one unmet quota and, if a push on the day can meet it, what the
// item must carry for that.
func (n *groupNeed) add(need Need, day calendar.Date, t plans.Term) {
	n.needs = append(n.needs, need)
	if day.Before(need.Start) {
		return
	}
	one := content.Want{Group: n.want.Group, Audiences: n.want.Audiences, Themes: t.Themes}
	for _, m := range t.Media {
		one.Media = append(one.Media, content.Media(m))
	}
	n.alone = append(n.alone, one)
	for _, m := range t.Media {
		if !slices.Contains(n.want.Media, content.Media(m)) {
			n.want.Media = append(n.want.Media, content.Media(m))
		}
	}
	if len(n.want.Themes) == 0 {
		n.want.Themes = t.Themes
	}
}

// addComing adds the quotas that begin before the last need of a group ends.
func (o *Office) addComing(due map[int64]*groupNeed, r *roster.Roster, ads []Adoption, day calendar.Date) {
	type span struct {
		termKey
		to calendar.Date
	}
	periods := map[span][]calendar.Period{} // thousands of groups ask for the same ones
	for id, n := range due {
		g, _ := r.Group(id)
		horizon := day
		for _, need := range n.needs {
			horizon = later(horizon, need.End)
		}
		for _, ad := range ads {
			if !ad.inForce(day) {
				continue
			}
			for _, t := range ad.Terms.Duties {
				if !owesPushes(t) || !concerns(ad, t, g) {
					continue
				}
				key := span{termKey{ad.ID, t.ID}, horizon}
				coming, ok := periods[key]
				if !ok {
					coming = t.Periods(day.AddDays(1), horizon)
					periods[key] = coming
				}
				for _, p := range coming {
					if day.Before(p.Start) && coverage.AutoExcuse(o.circumstances(ad, t, p, g, r), o.cal) == "" {
						n.needs = append(n.needs, Need{p.Start, p.End, t.AtLeast})
					}
				}
			}
		}
	}
}

// chooses reports whether the day is among the fewest that meet the needs.
// Groups with the same slots and needs share one computation.
func (n *groupNeed) chooses(day calendar.Date, slots []Slot, g roster.Group) bool {
	end := day
	for _, need := range n.needs {
		end = later(end, need.End)
	}
	key := fmt.Sprint(n.needs)
	var mine []Slot
	for i, s := range slots {
		if s.To.Matches(g) {
			mine = append(mine, s)
			key += fmt.Sprint("|", i)
		}
	}
	if chosen, ok := n.memo[key]; ok {
		return chosen
	}
	chosen := slices.Contains(Fewest(slotDays(mine, day, end), n.needs), day)
	n.memo[key] = chosen
	return chosen
}

// slotDays are the distinct days of [from, to) on which one of the slots opens.
func slotDays(slots []Slot, from, to calendar.Date) []calendar.Date {
	seen := map[calendar.Date]bool{}
	var days []calendar.Date
	for _, s := range slots {
		for _, occ := range s.Cron.Days(from, to) {
			if !seen[occ.Date] {
				seen[occ.Date] = true
				days = append(days, occ.Date)
			}
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	return days
}

type termKey struct {
	adoption int64
	duty     string
}
