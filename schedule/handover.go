package schedule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/content"
	"tongluo/schedule/roster"
)

// HandoverStore gives what one person was to forward to another.
type HandoverStore interface {
	// HandOver moves handed deliveries of a handoff that waits or is open to the
	// handoff of another person, which it opens, or finds and makes unread: in
	// one transaction. A handoff left with none is moved, its
	// notices are cancelled, and the hops below it wait for the new one.
	// ErrStale when the handoff or a delivery was answered meanwhile.
	HandOver(ctx context.Context, a roster.Actor, from int64, to Handoff, deliveries []int64, now time.Time) (id int64, err error)
}

// Handover 改派 is what changes hands because a group has another keeper.
type Handover struct {
	Handoff int64 // the old person's
	To      Ref   // id 0: nobody, the office pack carries it
	Groups  []Ref

	from       Handoff
	unit       int64
	deliveries []int64
	groups     []int64
}

// Line says it in Chinese.
func (h Handover) Line() string {
	to := h.To.Name
	if h.To.ID == 0 {
		to = "办公室（没有负责人）"
	}
	return fmt.Sprintf("转发单 #%d：%d 个群改由 %s 转", h.Handoff, len(h.Groups), to)
}

// Handovers lists the open handoffs that another person would carry under the
// roster: for a dry run. It refuses what ImportRoster would refuse now.
func (o *Office) Handovers(ctx context.Context, a roster.Actor, r *roster.Roster, now time.Time) ([]Handover, error) {
	if err := allow(a, roster.EditRoster, a.Unit); err != nil {
		return nil, err
	}
	if err := o.refuseLeaving(r, now); err != nil {
		return nil, err
	}
	return o.handovers(ctx, r)
}

func (o *Office) handovers(ctx context.Context, r *roster.Roster) ([]Handover, error) {
	hs, err := o.store.Handoffs(ctx, HandoffFilter{Wanted: true, States: []HandoffState{HandoffWaiting, HandoffOpen, HandoffPart}})
	if err != nil {
		return nil, err
	}
	var out []Handover
	for _, h := range hs {
		if h.Obligation != 0 {
			continue
		}
		switch {
		case h.Hop < h.Hops:
			more, err := o.hopAbove(ctx, r, h)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		default:
			more, err := o.changedKeepers(ctx, r, h)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// hopAbove is the handover of a hop that passes the pack on: only when its
// person is gone.
func (o *Office) hopAbove(ctx context.Context, r *roster.Roster, h Handoff) ([]Handover, error) {
	if p, ok := r.Person(h.Person); !ok || p.Until == "" {
		return nil, nil
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil {
		return nil, err
	}
	out := Handover{Handoff: h.ID, from: h, unit: h.Unit}
	if who, ok := r.ContactAbove(h.Unit, h.Person); ok {
		out.To, out.unit = Ref{who.ID, who.Name}, who.Unit
	}
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		out.Groups, out.groups = append(out.Groups, Ref{g.ID, g.Name}), append(out.groups, g.ID)
	}
	return []Handover{out}, nil
}

// changedKeepers are the groups of a handoff that somebody else forwards to now,
// by that person, in order of first appearance.
func (o *Office) changedKeepers(ctx context.Context, r *roster.Roster, h Handoff) ([]Handover, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: h.ID, States: []State{Handed}})
	if err != nil {
		return nil, err
	}
	var out []Handover
	at := map[[2]int64]int{}
	for _, d := range ds {
		g, ok := r.Group(d.Group)
		if !ok {
			continue
		}
		to, unit := Ref{}, g.Unit
		if who, ok := o.forwarder(r, g); ok {
			to, unit = Ref{who.ID, who.Name}, who.Unit
		}
		if to.ID == h.Person {
			continue
		}
		i, seen := at[[2]int64{to.ID, unit}]
		if !seen {
			i = len(out)
			at[[2]int64{to.ID, unit}] = i
			out = append(out, Handover{Handoff: h.ID, To: to, from: h, unit: unit})
		}
		out[i].Groups = append(out[i].Groups, Ref{g.ID, g.Name})
		out[i].groups, out[i].deliveries = append(out[i].groups, g.ID), append(out[i].deliveries, d.ID)
	}
	return out, nil
}

// handOver moves what is open to the people who keep the groups now. Their time
// begins anew: nobody is blamed for what lay with somebody else.
func (o *Office) handOver(ctx context.Context, a roster.Actor, r *roster.Roster, now time.Time) error {
	moves, err := o.handovers(ctx, r)
	if err != nil || len(moves) == 0 {
		return err
	}
	ends, err := o.firstEnds(ctx, now)
	if err != nil {
		return err
	}
	packs := map[int64]bool{}
	for _, m := range moves {
		if err := o.moveOne(ctx, a, r, m, ends, now); err != nil {
			return fmt.Errorf("hand over handoff %d: %w", m.Handoff, err)
		}
		packs[m.from.Push] = true
	}
	for push := range packs {
		p, err := o.store.Push(ctx, push)
		if err != nil {
			return err
		}
		handed, err := o.store.Deliveries(ctx, DeliveryFilter{Push: push, States: []State{Handed}})
		if err != nil {
			return err
		}
		if err := o.writePack(ctx, p, handed); err != nil {
			return err
		}
	}
	return nil
}

func (o *Office) moveOne(ctx context.Context, a roster.Actor, r *roster.Roster, m Handover, ends map[int64]time.Time, now time.Time) error {
	p, err := o.store.Push(ctx, m.from.Push)
	if err != nil {
		return err
	}
	within, _, err := o.relayTerms(ctx, p, m.groups)
	if err != nil {
		return err
	}
	to := Handoff{Push: p.ID, Person: m.To.ID, Unit: m.unit, Hop: m.from.Hop, Hops: m.from.Hops, Above: m.from.Above,
		State: HandoffOpen, All: len(m.groups), Reason: m.from.Reason, Due: o.handoffDue(m.groups, ends, within, now), CreatedAt: now}
	if m.from.State == HandoffWaiting {
		to.State = HandoffWaiting
	}
	id, err := o.store.HandOver(ctx, a, m.Handoff, to, m.deliveries, now)
	if err != nil {
		return err
	}
	h, err := o.store.Handoff(ctx, id)
	if err != nil || !h.State.Open() {
		return err
	}
	if within > 0 {
		if err := o.moveDeadline(ctx, h, p, now, now); err != nil {
			return err
		}
	}
	told, err := o.askedBefore(ctx, h)
	if err != nil {
		return err
	}
	if err := o.ask(ctx, id, now); err != nil {
		return err
	}
	return o.tellHandover(ctx, r, m, h, told, now)
}

// askedBefore reports whether the person was asked for this many groups of the
// handoff before, so that asking again says nothing.
func (o *Office) askedBefore(ctx context.Context, h Handoff) (bool, error) {
	if h.Person == 0 {
		return false, nil
	}
	ns, err := o.store.Notices(ctx, h.Person)
	return slices.ContainsFunc(ns, func(n Notice) bool { return n.Key == askKey(h, 0) }), err
}

// tellHandover tells the old keeper, if the pack had reached them and they are
// still here, and a new one who was asked before and would not be asked again.
func (o *Office) tellHandover(ctx context.Context, r *roster.Roster, m Handover, h Handoff, told bool, now time.Time) error {
	var names strings.Builder
	for i, g := range m.Groups {
		fmt.Fprintf(&names, "\n%d. %s", i+1, g.Name)
	}
	notice := func(person, handoff int64, whom, text string) Notice {
		return Notice{Person: person, Handoff: handoff, Key: fmt.Sprintf("moved:%d:%d:%s:%d", m.Handoff, h.ID, whom, now.UnixMilli()), Due: o.cal.NextSpeak(now),
			State: Queued, Last: handoff != 0, Part: content.Part{Kind: content.Text, Text: text}}
	}
	var ns []Notice
	if old, ok := r.Person(m.from.Person); ok && old.Until == "" && !m.from.ReadableAt.IsZero() {
		ns = append(ns, notice(old.ID, 0, "old", fmt.Sprintf("【改派 #%d】这 %d 个群换了负责人，您不用再转：%s", m.Handoff, len(m.Groups), names.String())))
	}
	if told {
		ns = append(ns, notice(h.Person, h.ID, "new", fmt.Sprintf("【加转 #%d】这 %d 个群改由您负责，前面那份请也转一下：%s\n时限：%s前\n转好请回：已转 %d",
			h.ID, len(m.Groups), names.String(), o.say(h.Due), h.ID)))
	}
	_, err := o.store.AddNotices(ctx, ns, now)
	return err
}
