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

// serves reports whether a delivery of the push can credit the duty.
func serves(t plans.Term, p Push, d Delivery) bool {
	switch {
	case d.Makeup == NoCredit:
		return false
	case t.Kind == plans.Relay:
		return p.Relay && coverage.Fits(t, d.Media, d.Themes)
	case owesPushes(t):
		return coverage.Fits(t, d.Media, d.Themes)
	}
	return false
}

// oweRelays makes the obligations of a relay push that starts now: one for each
// relay duty and group, placed in the ISO week it starts. Its deadline is the
// working time of each hop; it moves when a hop is asked later.
func (o *Office) oweRelays(ctx context.Context, p Push, now time.Time) error {
	owed, err := o.store.Obligations(ctx, ObligationFilter{Push: p.ID})
	if err != nil {
		return err
	}
	if len(owed) > 0 { // a second try, perhaps in another week, owes nothing anew
		return o.store.PutJobs(ctx, endJobs(owed))
	}
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID})
	if err != nil {
		return err
	}
	from := p.Opens
	if from.Before(now) { // approved late, or the PC was off: nobody's time ran before
		from = now
	}
	var obs []Obligation
	for _, d := range ds {
		g, ok := r.Group(d.Group)
		for _, ad := range ads {
			for _, t := range ad.Terms.Duties {
				if ok && t.Kind == plans.Relay && ad.inForce(p.Day) && !p.Day.Before(ad.owes()) && concerns(ad, t, g) && t.Holds(p.Day) {
					obs = append(obs, o.relayOwed(ad, t, p, from, g, d.Carrier, r))
				}
			}
		}
	}
	if _, err := o.store.AddObligations(ctx, obs, now); err != nil {
		return fmt.Errorf("owe relays of push %d: %w", p.ID, err)
	}
	return o.store.PutJobs(ctx, endJobs(obs))
}

// relayOwed is owed from the push's window on; its deadline runs from the instant
// it really started.
func (o *Office) relayOwed(ad Adoption, t plans.Term, p Push, from time.Time, g roster.Group, by roster.Carrier, r *roster.Roster) Obligation {
	week := o.Week(from)
	ob := Obligation{Owed: owedOf(ad, t, week, 1)}
	ob.Push, ob.Group, ob.GroupName, ob.GroupKind, ob.Audiences = p.ID, g.ID, g.Name, g.Kind, g.Audiences
	ob.Unit, ob.UnitPath = g.Unit, g.UnitPath
	within, hops := withinOf(t), 1
	if _, two := r.ContactAbove(g.Unit, g.Keeper); two && by == roster.ByKeeper {
		hops = max(t.Hops, 1)
	}
	ob.StartAt, ob.EndAt = p.Opens, o.cal.AddWorking(from, time.Duration(hops)*within)
	if by == roster.ByBot && ob.EndAt.Before(p.Closes) {
		ob.EndAt = p.Closes
	}
	ob.LastMakeup = week.Next().End.Start(o.cal.Zone())
	return ob
}

// Forwarded records 已转: a person's word that a handoff is done, wholly or for
// the first word.Done of its word.All groups in the order they were listed.
// With word.Handoff 0 the person must have exactly one open handoff.
//
// It returns ErrDenied for another person's handoff (office staff may answer
// for anybody in their subtree), ErrState for one that is not open.
func (o *Office) Forwarded(ctx context.Context, a roster.Actor, w Word, now time.Time) (Answered, error) {
	h, err := o.pick(ctx, a, w.Handoff)
	if err != nil {
		return Answered{}, err
	}
	if h.State == HandoffDone {
		return Answered{}, problem(ErrState, "#%d 已经记为已转，不用再回。记错了请回：撤销 %d", h.ID, h.ID)
	}
	if h.State == HandoffMoved {
		return Answered{}, problem(ErrState, "#%d 已改由别人转发，不用再转，也不用再回", h.ID)
	}
	if h.State == HandoffDeclined {
		return Answered{}, problem(ErrState, "#%d 已经记为转不了。又能转了请先回：撤销 %d", h.ID, h.ID)
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return Answered{}, err
	}
	n, err := howMany(w, h, len(ds))
	if err != nil {
		return Answered{}, err
	}
	if !w.Day.IsZero() && o.cal.Today(now).Before(w.Day) {
		return Answered{}, problem(ErrInput, "转发日期 %s 还没到，请写今天或以前的日期", w.Day)
	}
	if created := o.cal.Today(h.CreatedAt); !w.Day.IsZero() && w.Day.Before(created) {
		return Answered{}, problem(ErrInput, "转发日期 %s 早于请您转发的 %s，请核对", w.Day, created)
	}
	changes, late, err := o.reportChanges(ctx, a, h, ds[:n], w, now)
	if err != nil {
		return Answered{}, err
	}
	return o.answer(ctx, a, h, ds, n, changes, late, now)
}

// howMany reads 5/7 against the groups of a handoff.
func howMany(w Word, h Handoff, all int) (int, error) {
	switch {
	case w.All == 0 && w.Done == 0:
		return all, nil
	case w.All == 0:
		w.All = all
	}
	if w.All != all || w.Done < 0 || w.Done > all {
		return 0, problem(ErrInput, "#%d 一共 %d 个群，请写：已转 %d 几/%d", h.ID, all, h.ID, all)
	}
	return w.Done, nil
}

// pick finds the handoff a person means and checks that they may answer it.
func (o *Office) pick(ctx context.Context, a roster.Actor, id int64) (Handoff, error) {
	if id != 0 {
		h, err := o.store.Handoff(ctx, id)
		if err != nil {
			return h, o.wrongNumber(ctx, id, "转发单", err)
		}
		return h, o.mayAnswer(ctx, a, h)
	}
	f := HandoffFilter{Person: a.Person, Wanted: true, States: []HandoffState{HandoffOpen, HandoffPart, HandoffLapsed}}
	hs, err := o.store.Handoffs(ctx, f)
	if err == nil && len(hs) == 0 { // forwarded before they heard that it was cancelled
		f.Wanted = false
		hs, err = o.store.Handoffs(ctx, f)
	}
	if err != nil {
		return Handoff{}, err
	}
	hs = slices.DeleteFunc(hs, func(h Handoff) bool { return a.Person == 0 })
	switch len(hs) {
	case 0:
		return Handoff{}, problem(ErrNotFound, "您现在没有待转发的内容")
	case 1:
		return hs[0], nil
	}
	list := ""
	for _, h := range hs {
		list += fmt.Sprintf(" #%d", h.ID)
	}
	return Handoff{}, problem(ErrInput, "您有 %d 份待转发：%s。请写上编号，如：已转 %d；都转好了请回：全部已转", len(hs), list, hs[0].ID)
}

func (o *Office) mayAnswer(ctx context.Context, a roster.Actor, h Handoff) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	u, _ := r.Unit(h.Unit)
	if a.Person != 0 && a.Person == h.Person {
		return allow(a, roster.Answer, u.Path)
	}
	if p, ok := r.Person(h.Person); ok && a.Person != 0 && a.Role == roster.Cadre && a.Unit == p.UnitPath {
		return problem(ErrDenied, "#%d 不是您的转发单", h.ID)
	}
	return allow(a, roster.AnswerFor, u.Path)
}

// reportChanges are the changes that credit the deliveries; late says that one
// had lapsed.
func (o *Office) reportChanges(ctx context.Context, a roster.Actor, h Handoff, ds []Delivery, w Word, now time.Time) ([]Change, bool, error) {
	var changes []Change
	late := false
	for _, d := range ds {
		if d.State != Handed && d.State != Lapsed {
			continue
		}
		c := Change{ID: d.ID, From: d.State, To: Reported, SaidAt: w.said(now), SaidDay: w.Day, SaidBy: a.Person, Carrier: roster.ByKeeper}
		if d.State == Lapsed && !w.said(now).Before(h.Due) {
			late = true
			m, err := o.makeupOf(ctx, d, w.Day, now)
			if err != nil {
				return nil, false, err
			}
			c.Makeup, c.Reason = m, "迟报"
		}
		changes = append(changes, c)
	}
	return changes, late, nil
}

// said is when the word was spoken, never after now.
func (w Word) said(now time.Time) time.Time {
	if w.Said.IsZero() || w.Said.After(now) {
		return now
	}
	return w.Said
}

// makeupOf is the obligation that a late forward fills: one of the delivery's
// own that has ended short and can still be made up; 0 for none, or when the
// person names a day on which it was still on time.
func (o *Office) makeupOf(ctx context.Context, d Delivery, day calendar.Date, now time.Time) (int64, error) {
	p, err := o.store.Push(ctx, d.Push)
	if err != nil || p.Relay || d.Makeup == NoCredit { // a relay fills what is owed for its own push
		return 0, err
	}
	obs, err := o.store.Obligations(ctx, ObligationFilter{Group: d.Group, On: d.Opens, EndsBy: now, Short: true, Now: now})
	if err != nil {
		return 0, err
	}
	for _, ob := range obs {
		onTime := !day.IsZero() && day.Start(o.cal.Zone()).Before(ob.EndAt)
		if ob.Push == 0 && !onTime && ob.Makeups < ob.Need-ob.Credits && now.Before(ob.LastMakeup) {
			return ob.ID, nil
		}
	}
	return 0, nil
}

// answer stores a person's word: the deliveries, the handoff, the hops it opens.
func (o *Office) answer(ctx context.Context, a roster.Actor, h Handoff, ds []Delivery, n int, changes []Change, late bool, now time.Time) (Answered, error) {
	from := h.State
	last := h.Hop == h.Hops
	h.Done, h.All, h.AnsweredAt, h.State = n, len(ds), now, HandoffDone
	if last { // a group in which it was seen needs no word
		h.Done = max(n, evident(ds[n:], 0)+n)
	}
	if h.Done < len(ds) {
		h.State = HandoffPart
	}
	if !last {
		var err error
		if changes, err = o.onlyMute(ctx, h, ds, changes); err != nil {
			return Answered{}, err
		}
	}
	if err := o.store.Answer(ctx, a, from, h, changes, now); err != nil {
		return Answered{}, fmt.Errorf("answer handoff %d: %w", h.ID, err)
	}
	out := Answered{Late: late}
	if !last {
		var err error
		if out.Next, out.SpokenFor, err = o.openNext(ctx, a, h, ds[:n], now); err != nil {
			return Answered{}, err
		}
	}
	if h.State == HandoffDone {
		if err := o.store.CancelNotices(ctx, h.ID, now); err != nil {
			return Answered{}, err
		}
	}
	groups := make([]int64, 0, len(ds))
	for _, d := range ds {
		groups = append(groups, d.Group)
	}
	if err := o.settleFlags(ctx, now, groups...); err != nil {
		return Answered{}, err
	}
	view, err := o.handoffView(ctx, h)
	out.Handoff = view
	out.Groups = view.Groups[:n]
	return out, err
}
