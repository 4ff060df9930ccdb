package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// looksADay is how many pictures of one group are fetched on a local day.
const looksADay = 5

// seenReason is why a delivery that nobody spoke for is reported.
const seenReason = "群里见到"

// Seen is what somebody said in a group, for as long as it is looked at: the
// words, or the title and address of a card, or the bytes of a picture. Nothing
// of it is kept.
type Seen struct {
	Text    string
	Picture []byte
	At      time.Time // when it was said
}

// Recognition says which delivery a message proved; zero for none. Part says that
// the duty asks for more kinds of message than were seen so far.
type Recognition struct {
	Delivery, Handoff int64
	Part              bool
}

// SeenStore keeps what forwarded content is recognised by.
type SeenStore interface {
	// Watched are the deliveries to a group, without their messages, that a
	// person has in an open handoff, or will have once the hop above says that it
	// passed it on: handed or reported, oldest handoff first.
	Watched(ctx context.Context, group int64) ([]Delivery, error)
	// TakeLook counts one more picture of the group on a local day; false when
	// there have been most already.
	TakeLook(ctx context.Context, group int64, on calendar.Date, most int) (bool, error)
	// NoteSeen remembers the kinds of message of a delivery that were seen and
	// returns all that ever were.
	NoteSeen(ctx context.Context, delivery int64, kinds []content.Media, now time.Time) ([]content.Media, error)
	// Print of a picture by its SHA-256; ErrNotFound before SavePrint.
	Print(ctx context.Context, sha string) (content.Print, error)
	SavePrint(ctx context.Context, sha string, p content.Print) error
	// PrintsLike are the kept prints of about the same shape, but for some.
	PrintsLike(ctx context.Context, p content.Print, but []string) ([]content.Print, error)
}

// Watched reports whether a group has an open handoff, so that what is said in
// it may be looked at. It is one indexed look-up.
func (o *Office) Watched(ctx context.Context, a roster.Actor, group int64) (bool, error) {
	if err := allow(a, roster.RunClock, ""); err != nil {
		return false, err
	}
	ds, err := o.store.Watched(ctx, group)
	return len(ds) > 0, err
}

// MayLook reports whether one more picture of the group may be fetched today,
// and counts it: only with an open handoff that has a picture, at most five a
// day (design rule 12).
func (o *Office) MayLook(ctx context.Context, a roster.Actor, group int64, now time.Time) (bool, error) {
	if err := allow(a, roster.RunClock, ""); err != nil {
		return false, err
	}
	ds, err := o.store.Watched(ctx, group)
	if err != nil || !slices.ContainsFunc(ds, func(d Delivery) bool { return slices.Contains(d.Media, string(content.Picture)) }) {
		return false, err
	}
	return o.store.TakeLook(ctx, group, o.cal.Today(now), looksADay)
}

// Observe looks at what somebody said in a group. When it is the content of an
// open handoff, forwarded by hand, the handoff's delivery to the group is
// observed. It is not when it was said before the handoff lay readable, when it
// is as much like another item of the library, or when the duty asks for kinds
// of message that have not been seen yet. One message proves one delivery.
func (o *Office) Observe(ctx context.Context, a roster.Actor, group int64, seen Seen, now time.Time) (Recognition, error) {
	if err := allow(a, roster.RunClock, ""); err != nil {
		return Recognition{}, err
	}
	ds, err := o.store.Watched(ctx, group)
	if err != nil || len(ds) == 0 {
		return Recognition{}, err
	}
	if seen.At.IsZero() || seen.At.After(now) {
		seen.At = now
	}
	open, err := o.readable(ctx, ds, seen.At)
	if err != nil || len(open) == 0 {
		return Recognition{}, err
	}
	id, kinds, err := o.recognise(ctx, open, seen)
	if err != nil || id == "" {
		return Recognition{}, err
	}
	at := slices.IndexFunc(open, func(d Delivery) bool { return d.Item == id })
	return o.credit(ctx, a, open[at], kinds, seen.At, now)
}

// readable are the deliveries whose handoff lay readable at the instant, by the
// second: that is how exactly messages are dated. The push must still be what
// was approved.
func (o *Office) readable(ctx context.Context, ds []Delivery, at time.Time) ([]Delivery, error) {
	var open []Delivery
	for _, d := range ds {
		h, err := o.store.Handoff(ctx, d.Handoff)
		if err != nil {
			return nil, err
		}
		from := h.CreatedAt
		for _, t := range []time.Time{h.ReadableAt, d.AskedAt} {
			if t.After(from) {
				from = t
			}
		}
		if at.Before(from.Truncate(time.Second)) {
			continue
		}
		p, err := o.store.Push(ctx, d.Push)
		if err != nil {
			return nil, err
		}
		same, err := o.frozen(ctx, p)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if same {
			open = append(open, d)
		}
	}
	return open, nil
}

// credit observes a delivery once everything its duties ask for has been seen.
func (o *Office) credit(ctx context.Context, a roster.Actor, d Delivery, kinds []content.Media, at, now time.Time) (Recognition, error) {
	kinds, err := o.store.NoteSeen(ctx, d.ID, kinds, now)
	if err != nil {
		return Recognition{}, err
	}
	asked, err := o.askedMedia(ctx, d)
	if err != nil {
		return Recognition{}, err
	}
	for _, m := range asked {
		if !slices.Contains(kinds, content.Media(m)) {
			return Recognition{Delivery: d.ID, Handoff: d.Handoff, Part: true}, nil
		}
	}
	h, err := o.store.Handoff(ctx, d.Handoff)
	if err != nil {
		return Recognition{}, err
	}
	from := h.State
	all, err := o.store.Deliveries(ctx, DeliveryFilter{Push: h.Push, Handoff: h.ID})
	if err != nil {
		return Recognition{}, err
	}
	h.Done, h.All, h.State = evident(all, d.ID), len(all), HandoffPart
	if h.Done == h.All {
		h.State, h.AnsweredAt = HandoffDone, now
	}
	err = o.store.Answer(ctx, a, from, h, seenChanges(d, at), now)
	if errors.Is(err, ErrStale) { // its person was faster
		return Recognition{}, nil
	}
	if err != nil {
		return Recognition{}, fmt.Errorf("observe delivery %d: %w", d.ID, err)
	}
	if h.State == HandoffDone {
		if err := o.store.CancelNotices(ctx, h.ID, now); err != nil {
			return Recognition{}, err
		}
	}
	if err := o.passedOn(ctx, a, h.Above, now); err != nil {
		return Recognition{}, err
	}
	return Recognition{Delivery: d.ID, Handoff: h.ID}, o.settleFlags(ctx, now, d.Group)
}

// passedOn closes the handoff of a hop above when all the groups below it have
// it: it was passed on, though nobody said so.
func (o *Office) passedOn(ctx context.Context, a roster.Actor, above int64, now time.Time) error {
	if above == 0 {
		return nil
	}
	h, err := o.store.Handoff(ctx, above)
	if err != nil || !h.State.Open() {
		return err
	}
	ds, err := o.handoffGroups(ctx, h)
	if err != nil || evident(ds, 0) < len(ds) {
		return err
	}
	from := h.State
	h.State, h.Done, h.All, h.AnsweredAt = HandoffDone, len(ds), len(ds), now
	if err := o.store.SaveHandoff(ctx, a, from, h, now); err != nil {
		return fmt.Errorf("close handoff %d: %w", h.ID, err)
	}
	return o.store.CancelNotices(ctx, h.ID, now)
}

// seenChanges are the two steps from with a person to seen in the group: the
// first says that it was forwarded, by nobody's word.
func seenChanges(d Delivery, at time.Time) []Change {
	seen := Change{ID: d.ID, From: Reported, To: Observed, SeenAt: at, Reason: seenReason}
	if d.State == Reported {
		return []Change{seen}
	}
	return []Change{{ID: d.ID, From: Handed, To: Reported, SaidAt: at, Carrier: roster.ByKeeper, Reason: seenReason}, seen}
}

// evident counts the deliveries that are proved, one more among them.
func evident(ds []Delivery, more int64) int {
	n := 0
	for _, d := range ds {
		if d.ID == more || d.State.Evidence() != "" {
			n++
		}
	}
	return n
}

// askedMedia are the kinds of message that the duties a delivery can credit ask
// for.
func (o *Office) askedMedia(ctx context.Context, d Delivery) ([]string, error) {
	ads, err := o.store.Adoptions(ctx)
	if err != nil {
		return nil, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return nil, err
	}
	p, err := o.store.Push(ctx, d.Push)
	if err != nil {
		return nil, err
	}
	g, _ := r.Group(d.Group)
	var asked []string
	for _, ad := range ads {
		for _, t := range ad.Terms.Duties {
			if ad.inForce(d.Day) && concerns(ad, t, g) && t.Holds(d.Day) && (t.Kind != plans.Relay || p.Relay) && serves(t, p, d) {
				asked = append(asked, t.Media...)
			}
		}
	}
	return asked, nil
}
