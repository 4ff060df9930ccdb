package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule/roster"
)

// revokable is how long after it was taken a message may be taken back: the
// service's 2 minutes, less what the asking takes.
const revokable = 2*time.Minute - 5*time.Second

// Recalled says what 撤回 did.
type Recalled struct {
	Back    []Ref // groups that have it no more
	Stays   []Ref // groups that got it and keep it: too late, or forwarded by people
	Unknown []Ref // groups of which the service gave no answer
	Handed  []Ref // groups whose keeper still has it to forward
	Stopped bool  // what had not been sent goes no more
}

// Revoke is 撤回: what is still to go of a push is cancelled, by the bot and by
// people, and what the server took within the last 2 minutes is taken back. A delivery whose messages are all
// back is revoked and credits nothing. ErrState for a push nobody got and nothing
// of which is to go.
func (o *Office) Revoke(ctx context.Context, a roster.Actor, id int64, now time.Time) (Recalled, error) {
	if err := allow(a, roster.Revoke, a.Unit); err != nil {
		return Recalled{}, err
	}
	p, err := o.store.Push(ctx, id)
	if err != nil {
		return Recalled{}, o.wrongNumber(ctx, id, "推送", err)
	}
	if err := o.mayTouch(ctx, a, roster.Revoke, p); err != nil {
		return Recalled{}, err
	}
	var out Recalled
	if p.State != PushDone && p.State != PushCancelled {
		if err := o.CancelPush(ctx, a, id, now); err != nil {
			return Recalled{}, err
		}
		out.Stopped = true
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: id, States: append([]State{Handed, Sending, Uncertain}, got...)})
	if err != nil {
		return out, err
	}
	if p.State == PushDone && slices.ContainsFunc(ds, func(d Delivery) bool { return d.State == Handed }) {
		if err := o.cancel(ctx, a, p, now); err != nil { // whom the office tells not to forward is not to blame for it
			return out, err
		}
	}
	if len(ds) == 0 && !out.Stopped {
		return out, problem(ErrState, "推送 #%d 没有群收到，没有可撤回的", id)
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return out, err
	}
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		to, err := o.recall(ctx, a, &out, d, now)
		if err != nil {
			return out, err
		}
		*to = append(*to, Ref{g.ID, g.Name})
	}
	if err := o.flagAgain(ctx, ds, now); err != nil {
		return out, err
	}
	groups := make([]int64, 0, len(ds))
	for _, d := range ds {
		groups = append(groups, d.Group)
	}
	return out, o.settleFlags(ctx, now, groups...)
}

// recall takes one delivery back and returns the list its group belongs in.
func (o *Office) recall(ctx context.Context, a roster.Actor, out *Recalled, d Delivery, now time.Time) (*[]Ref, error) {
	switch d.State {
	case Handed:
		return &out.Handed, nil
	case Sending, Uncertain: // out, or half of it
		return &out.Unknown, nil
	}
	switch err := o.takeBack(ctx, d, now); {
	case errors.Is(err, errStays):
		return &out.Stays, nil
	case err != nil:
		return &out.Unknown, nil
	}
	if err := o.store.Shift(ctx, a, []Change{{ID: d.ID, From: d.State, To: Revoked, Reason: "撤回"}}, now); err != nil {
		return nil, fmt.Errorf("revoke delivery %d: %w", d.ID, err)
	}
	return &out.Back, nil
}

// errStays: a message certainly is where it was.
var errStays = errors.New("message stays")

// takeBack takes the messages of a delivery back, the last one first. errStays
// when the first of them is not to be had.
func (o *Office) takeBack(ctx context.Context, d Delivery, now time.Time) error {
	account, can := o.account.(Recaller)
	if !can || d.AcceptedAt.IsZero() || now.Sub(d.AcceptedAt) >= revokable {
		return errStays
	}
	for i, part := range slices.Backward(d.Parts) {
		err := account.Revoke(ctx, Recall{Group: d.Group, Session: d.Session, ClientID: part.ClientID, MessageID: part.MessageID})
		switch {
		case err == nil:
		case i == len(d.Parts)-1 && errors.Is(err, ErrGone):
			return errStays
		default: // half of it is gone, or nobody knows
			return fmt.Errorf("message %d of delivery %d: %w", i, d.ID, err)
		}
	}
	return nil
}
