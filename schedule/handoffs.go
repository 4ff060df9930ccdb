package schedule

import (
	"context"
	"time"

	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// Handoffs lists what waits for people and what they answered, within the
// actor's subtree; a cadre sees their own.
func (o *Office) Handoffs(ctx context.Context, a roster.Actor, f HandoffFilter) ([]HandoffView, error) {
	if err := allow(a, roster.SeeOwn, a.Unit); err != nil {
		return nil, err
	}
	if a.Role == roster.Cadre {
		f.Person = a.Person
	}
	hs, err := o.store.Handoffs(ctx, f)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	out := []HandoffView{}
	for _, h := range hs {
		if u, ok := r.Unit(h.Unit); ok && a.Role != roster.Cadre && !roster.Under(u.Path, a.Unit) {
			continue
		}
		v, err := o.handoffView(ctx, h)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// HandoffsAt is Handoffs with how long each has lain, where relays stand still,
// and how often each person was asked in that week.
func (o *Office) HandoffsAt(ctx context.Context, a roster.Actor, f HandoffFilter, now time.Time) ([]HandoffView, error) {
	views, err := o.Handoffs(ctx, a, f)
	if err != nil {
		return nil, err
	}
	weeks := map[string]map[int64]int{}
	for i := range views {
		v := &views[i]
		h, err := o.store.Handoff(ctx, v.ID)
		if err != nil {
			return nil, err
		}
		below, err := o.unpassed(ctx, h)
		if err != nil {
			return nil, err
		}
		o.lag(v, h, below, now)
		week := o.Week(h.CreatedAt)
		if weeks[week.Key] == nil {
			weeks[week.Key], err = o.store.Requests(ctx, week.Start.Start(o.cal.Zone()), week.End.Start(o.cal.Zone()))
			if err != nil {
				return nil, err
			}
		}
		v.Requests = weeks[week.Key][h.Person]
	}
	return views, nil
}

func (o *Office) handoffView(ctx context.Context, h Handoff) (HandoffView, error) {
	v := HandoffView{ID: h.ID, Push: h.Push, Hop: h.Hop, Hops: h.Hops, Above: h.Above, State: h.State, By: h.By,
		Due: h.Due, Done: h.Done, All: h.All, Reason: h.Reason, Groups: []Ref{}, Clauses: []Clause{}, ReadableAt: instant(h.ReadableAt)}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return v, err
	}
	if p, ok := r.Person(h.Person); ok {
		v.Person = Ref{p.ID, p.Name}
	}
	if u, ok := r.Unit(h.Unit); ok {
		v.Unit = Ref{u.ID, u.Path}
	}
	p, err := o.store.Push(ctx, h.Push)
	if err != nil {
		return v, err
	}
	v.Item = p.Item
	if it, err := o.store.Item(ctx, p.Item); err == nil {
		v.Title = it.Title
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return v, err
	}
	photos, err := o.store.Photos(ctx, h.ID)
	if err != nil {
		return v, err
	}
	v.All, v.Pictures = len(ds), len(photos)
	for _, d := range ds {
		if d.State == Observed {
			v.Seen++
		}
		g, _ := r.Group(d.Group)
		v.Groups = append(v.Groups, Ref{g.ID, g.Name})
	}
	cs, err := o.clausesOf(ctx, p, ds)
	if err != nil {
		return v, err
	}
	v.Clauses = append(v.Clauses, mergeClauses(cs)...)
	return v, nil
}

// instant is a pointer for JSON: nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// Deliveries lists the ledger within the actor's subtree.
func (o *Office) Deliveries(ctx context.Context, a roster.Actor, f DeliveryFilter) ([]DeliveryView, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	if f.Unit == "" {
		f.Unit = a.Unit
	}
	ds, err := o.store.Deliveries(ctx, f)
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
	relay, err := o.relayPushes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]DeliveryView, 0, len(ds))
	for _, d := range ds {
		if g, ok := r.Group(d.Group); ok && roster.Under(g.UnitPath, a.Unit) {
			out = append(out, deliveryView(d, g, r, dutiesOf(ads, d, g, relay[d.Push])))
		}
	}
	return out, nil
}

func (o *Office) relayPushes(ctx context.Context) (map[int64]bool, error) {
	ps, err := o.store.Pushes(ctx)
	if err != nil {
		return nil, err
	}
	relay := map[int64]bool{}
	for _, p := range ps {
		relay[p.ID] = p.Relay
	}
	return relay, nil
}

// dutiesOf are the duties a delivery fits: "11/weekly-push".
func dutiesOf(ads []Adoption, d Delivery, g roster.Group, relay bool) []string {
	out := []string{}
	for _, ad := range ads {
		for _, t := range ad.Terms.Duties {
			if ad.inForce(d.Day) && concerns(ad, t, g) && t.Holds(d.Day) && (t.Kind != plans.Relay || relay) && serves(t, Push{Relay: relay}, d) {
				out = append(out, itoa(ad.Terms.Number)+"/"+t.ID)
			}
		}
	}
	return out
}

// tries counts the tries that came back, and the one that did not.
func tries(d Delivery) int {
	switch d.State {
	case Sending, Accepted, Observed, Confirmed, Uncertain, Failed, Refused, Revoked:
		if !d.SentAt.IsZero() {
			return d.Attempts + 1
		}
	}
	return d.Attempts
}

func deliveryView(d Delivery, g roster.Group, r *roster.Roster, duties []string) DeliveryView {
	v := DeliveryView{ID: d.ID, Push: d.Push, Item: d.Item, Group: Ref{g.ID, g.Name}, Duties: duties, Slot: d.Slot, Date: d.Day,
		Due: d.Closes.UTC(), Carrier: string(d.Carrier), State: d.State, Evidence: d.State.Evidence(), Parts: []PartView{},
		Attempts: tries(d), AcceptedAt: instant(d.AcceptedAt), Reason: d.Reason, Entered: d.Entered}
	if u, ok := r.Unit(g.Unit); ok {
		v.Unit = Ref{u.ID, u.Path}
	}
	for _, p := range d.Parts {
		state := p.State
		if d.Handoff != 0 || d.Entered { // a person carried it whole
			state = d.State
		}
		v.Parts = append(v.Parts, PartView{string(p.Kind), string(state)})
	}
	if d.State == Confirmed {
		v.ConfirmedAt = instant(d.SeenAt)
	}
	return v
}
