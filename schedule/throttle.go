package schedule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// throttledWithin is how long after a send a throttle notice in the same chat is
// about that send. Notices come within seconds; a PC that slept hears them late.
const throttledWithin = 10 * time.Minute

const throttledWhy = "微信提示操作过于频繁，消息没有进群"

// Throttled takes in a notice of the service in a group that the last message
// did not get through (protocol trap T11). A delivery of one message is struck
// out and queued again. Where nobody knows which message was lost – of several,
// or because the bot answered in the group at spoke, later – none goes again by
// itself: the delivery is struck out and handed to a person when its window
// closes; one still being sent is uncertain, and so stays one that was, whatever
// its echo says.
func (o *Office) Throttled(ctx context.Context, group int64, spoke, now time.Time) error {
	if group == 0 {
		return nil
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Groups: []int64{group}, States: []State{Accepted, Sending, Uncertain}, From: o.cal.Today(now).AddDays(-1)})
	if err != nil {
		return err
	}
	var last Delivery
	for _, d := range ds {
		if now.Sub(d.SentAt) <= throttledWithin && !d.SentAt.Before(last.SentAt) {
			last = d
		}
	}
	switch last.State {
	case Sending:
		if err := o.store.Shift(ctx, roster.Clock(), []Change{{ID: last.ID, From: Sending, To: Uncertain, Reason: throttledWhy}}, now); err != nil {
			return err
		}
		return o.Doubt(ctx, now)
	case Uncertain:
		return o.disbelieve(ctx, last, now)
	case Accepted:
		return o.strikeOut(ctx, last, spoke.After(last.SentAt), now)
	}
	return nil
}

// strikeOut takes the server's word for a delivery back.
func (o *Office) strikeOut(ctx context.Context, d Delivery, doubtful bool, now time.Time) error {
	if err := o.store.Shift(ctx, roster.Clock(), []Change{{ID: d.ID, From: Accepted, To: Refused, Reason: throttledWhy}}, now); err != nil {
		return fmt.Errorf("strike out delivery %d: %w", d.ID, err)
	}
	switch open := now.Before(d.Closes); {
	case open && len(d.Parts) == 1 && !doubtful:
		return o.store.Shift(ctx, roster.Clock(), []Change{{ID: d.ID, From: Refused, To: Queued, Due: now, Reason: throttledWhy}}, now)
	case open:
		return nil
	}
	p, err := o.store.Push(ctx, d.Push)
	if err != nil {
		return err
	}
	d.State, d.Reason = Refused, throttledWhy
	return o.hand(ctx, roster.Clock(), p, []Delivery{d}, now)
}

// ThrottledPerson takes in the same notice in a private chat: the last message to
// that person did not get through. It goes again, and what it made readable is
// not: nobody is to blame for a pack that never came.
func (o *Office) ThrottledPerson(ctx context.Context, person int64, now time.Time) error {
	if person == 0 {
		return nil
	}
	return o.store.RefuseNotice(ctx, person, now.Add(-throttledWithin), now)
}

// disbelieve drops the echo of an uncertain delivery that waits to be believed.
func (o *Office) disbelieve(ctx context.Context, d Delivery, now time.Time) error {
	waiting, err := o.store.Jobs(ctx, now.Add(echoWait), batch)
	if err != nil {
		return err
	}
	for _, j := range waiting {
		if j.Kind == jobEcho && j.Ref == d.ID {
			return o.store.EndJob(ctx, j, nil)
		}
	}
	return nil
}

// Echo is what the account itself said in a group, as the service shows it to the
// account's other devices.
type Echo struct {
	MessageID string // the service's
	ClientID  string // ours, "" where the service gives none
	Text      string // "" for what is no text
	At        time.Time
}

const (
	// echoWait is how long an echo waits to be believed: a throttle notice after
	// it says that the message did not get through.
	echoWait = time.Minute
	// An echo is dated by the service: so much before and after the try it may be.
	echoBefore, echoAfter = 2 * time.Minute, 10 * time.Minute
)

// Echoed takes in what the account itself said in a group. It can settle one
// uncertain delivery of that group, as seen: the one whose message has its client
// id, or else the only message to the group with exactly these words around that
// time. Where a second could be meant, accepted or not, it settles none. Proof of
// what the server took already it is not: the server said that before.
func (o *Office) Echoed(ctx context.Context, a roster.Actor, group int64, e Echo, now time.Time) error {
	if err := allow(a, roster.RunClock, ""); err != nil || group == 0 {
		return err
	}
	if e.At.IsZero() || e.At.After(now) {
		e.At = now
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Groups: []int64{group}, From: o.cal.Today(now).AddDays(-1)})
	if err != nil {
		return err
	}
	var d Delivery
	found, lost := 0, false
	for _, one := range ds {
		state, err := o.echoOf(ctx, one, e)
		if err != nil {
			return err
		}
		if state != "" {
			d, lost, found = one, state == Uncertain, found+1
		}
	}
	if found != 1 || !lost || d.State != Uncertain {
		return nil
	}
	return o.store.PutJobs(ctx, []Job{{Key: echoKey(d), Kind: jobEcho, Ref: d.ID, At: now.Add(echoWait)}})
}

// echoKey names an echo by its delivery and try, so that it settles no other.
func echoKey(d Delivery) string { return fmt.Sprintf("echo:%d:%d", d.ID, d.SentAt.UnixMilli()) }

// echoOf is the state of the message of a delivery that may be what was said, ""
// for none.
func (o *Office) echoOf(ctx context.Context, d Delivery, e Echo) (State, error) {
	if d.SentAt.IsZero() || e.At.Before(d.SentAt.Add(-echoBefore)) || e.At.After(d.SentAt.Add(echoAfter)) {
		return "", nil
	}
	for _, p := range d.Parts {
		if p.ClientID != "" && (p.ClientID == e.ClientID || p.MessageID != "" && p.MessageID == e.MessageID) {
			return p.State, nil
		}
	}
	if e.ClientID != "" || e.Text == "" {
		return "", nil
	}
	texts, err := o.wordsOf(ctx, d)
	for n, p := range d.Parts {
		if p.ClientID != "" && n < len(texts) && texts[n] != "" && strings.TrimSpace(texts[n]) == strings.TrimSpace(e.Text) {
			return p.State, err
		}
	}
	return "", err
}

// wordsOf are the texts of a delivery's messages, none once its item has changed.
func (o *Office) wordsOf(ctx context.Context, d Delivery) ([]string, error) {
	texts := []string{}
	p, err := o.store.Push(ctx, d.Push)
	if err != nil {
		return texts, err
	}
	it, err := o.store.Item(ctx, p.Item)
	if err != nil || it.Revision() != p.Revision {
		return texts, err
	}
	for _, part := range it.Parts() {
		texts = append(texts, part.Text)
	}
	return texts, nil
}

// believe settles a delivery whose echo nothing has contradicted.
func (o *Office) believe(ctx context.Context, j Job, now time.Time) error {
	d, _, err := o.oneDelivery(ctx, j.Ref)
	if err != nil || d.State != Uncertain || echoKey(d) != j.Key {
		return err
	}
	return o.settle(ctx, roster.Clock(), d, true, "群里见到（本号自己看到）", now)
}
