package schedule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// BurdenFrom is the request in one ISO week before which the office is told: its
// third. The fewer, the better they are read.
const BurdenFrom = 3

// RequestStore counts what people have been asked to do.
type RequestStore interface {
	// Requests counts, by person, the handoffs made in [from, to).
	Requests(ctx context.Context, from, to time.Time) (map[int64]int, error)
}

// Burden is a cadre who would be asked for the third time, or more, in one week.
type Burden struct {
	Person   Ref `json:"person"`
	Unit     Ref `json:"unit"`
	Requests int `json:"requests"` // with those that are still to come
}

// requested counts, by person, what they have been asked for in the week of an
// instant, and will be by the pushes that wait for their hour in it.
func (o *Office) requested(ctx context.Context, at time.Time) (asked, coming map[int64]int, err error) {
	week, zone := o.Week(at), o.cal.Zone()
	from, to := week.Start.Start(zone), week.End.Start(zone)
	if asked, err = o.store.Requests(ctx, from, to); err != nil {
		return nil, nil, fmt.Errorf("count requests: %w", err)
	}
	ps, err := o.store.Pushes(ctx, PushWaiting, PushReady)
	if err != nil {
		return nil, nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, nil, err
	}
	coming = map[int64]int{}
	for _, p := range ps {
		if p.Opens.Before(from) || !p.Opens.Before(to) {
			continue
		}
		ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: p.ID, States: []State{Queued, Held}})
		if err != nil {
			return nil, nil, err
		}
		groups := make([]roster.Group, 0, len(ds))
		for _, d := range ds {
			if g, ok := r.Group(d.Group); ok {
				groups = append(groups, g)
			}
		}
		who, err := o.wouldAsk(ctx, p, groups, r)
		if err != nil {
			return nil, nil, err
		}
		for id := range who {
			coming[id]++
		}
	}
	return asked, coming, nil
}

// wouldAsk are the persons a push to the groups will be put before: who carries
// by hand, and for a relay of two hops the contact above.
func (o *Office) wouldAsk(ctx context.Context, p Push, groups []roster.Group, r *roster.Roster) (map[int64]bool, error) {
	off := o.account.Status().State == AccountOff
	who := map[int64]bool{}
	byPerson := map[roster.Person][]int64{}
	for _, g := range groups {
		if g.Carrier != roster.ByKeeper && !off {
			continue
		}
		if f, ok := o.forwarder(r, g); ok {
			who[f.ID] = true
			byPerson[f] = append(byPerson[f], g.ID)
		}
	}
	if !p.Relay {
		return who, nil
	}
	for f, ids := range byPerson {
		_, hops, err := o.relayTerms(ctx, p, ids)
		if err != nil {
			return nil, err
		}
		if above, ok := r.ContactAbove(f.Unit, f.ID); ok && hops > 1 {
			who[above.ID] = true
		}
	}
	return who, nil
}

// burdens are those of some persons (nil: of all) whom the week's requests, made
// and to come, bring to the third or beyond, most first. Those who have had their
// third and wait for no other are left out unless named; more is what the named
// would be asked for on top of what is queued.
func (o *Office) burdens(ctx context.Context, a roster.Actor, at time.Time, named map[int64]bool, more int) ([]Burden, error) {
	asked, coming, err := o.requested(ctx, at)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	out := []Burden{}
	for _, p := range r.Persons {
		n := asked[p.ID] + coming[p.ID] + more
		if n < BurdenFrom || !roster.Under(p.UnitPath, a.Unit) || named == nil && coming[p.ID] == 0 || named != nil && !named[p.ID] {
			continue
		}
		out = append(out, Burden{Ref{p.ID, p.Name}, Ref{p.Unit, p.UnitPath}, n})
	}
	slices.SortStableFunc(out, func(x, y Burden) int { return cmp.Compare(y.Requests, x.Requests) })
	return out, nil
}

// addBurden tells in a preview whose third request of the week, or a later one,
// the push would be. One that has its number is in the queue already, and so
// among those to come.
func (o *Office) addBurden(ctx context.Context, a roster.Actor, v *Preview, groups []roster.Group) error {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return err
	}
	who, err := o.wouldAsk(ctx, v.Push, groups, r)
	if err != nil || len(who) == 0 {
		return err
	}
	more := 0
	if v.Push.ID == 0 {
		more = 1
	}
	if v.Burden, err = o.burdens(ctx, a, v.Push.Opens, who, more); err != nil {
		return err
	}
	if s := sayBurdens(v.Burden); s != "" {
		v.Warnings = append(v.Warnings, s)
	}
	return nil
}

// Burdens lists who would get their third request of this week, or a later one,
// by what waits for its hour.
func (o *Office) Burdens(ctx context.Context, a roster.Actor, now time.Time) ([]Burden, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	return o.burdens(ctx, a, now, nil, 0)
}

// mostNamed is how many people a sentence names.
const mostNamed = 5

// sayBurdens is the sentence for the office, "" for nobody.
func sayBurdens(bs []Burden) string {
	if len(bs) == 0 {
		return ""
	}
	var names []string
	for _, b := range bs[:min(len(bs), mostNamed)] {
		names = append(names, fmt.Sprintf("%s第 %d 次", b.Person.Name, b.Requests))
	}
	s := fmt.Sprintf("%d 人这一周会被请转 %d 次以上：%s", len(bs), BurdenFrom, strings.Join(names, "、"))
	if len(bs) > mostNamed {
		s += "……"
	}
	return s
}
