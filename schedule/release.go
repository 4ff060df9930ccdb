package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/schedule/roster"
)

// HeldPush is a push of which a restore holds something.
type HeldPush struct {
	Push   int64     `json:"push"`
	Title  string    `json:"title"`
	Groups []Ref     `json:"groups"`
	Opens  time.Time `json:"opens"`
	Closes time.Time `json:"closes"`
	// Shown names what a yes to this push is for; see ReleaseShown.
	Shown string `json:"shown"`
}

// HeldList is what a restore, or a data directory that changed PCs, holds.
type HeldList struct {
	Since time.Time  `json:"since"` // of the last restore
	Rows  []HeldPush `json:"pushes"`
	All   int        `json:"deliveries"`
	// Shown names what a yes to all of it is for; see ReleaseShown.
	Shown string `json:"shown"`

	held []Delivery
}

// HeldList lists, within the actor's subtree, what waits for 放行, what closes
// first in front.
func (o *Office) HeldList(ctx context.Context, a roster.Actor) (HeldList, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return HeldList{}, err
	}
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{States: []State{Held}})
	if err != nil {
		return HeldList{}, err
	}
	r, err := o.store.Roster(ctx)
	if err != nil {
		return HeldList{}, err
	}
	back, err := o.Restored(ctx)
	if err != nil {
		return HeldList{}, err
	}
	out := HeldList{Since: back.To, Rows: []HeldPush{}}
	byPush := map[int64][]Delivery{}
	for _, d := range ds {
		u, _ := r.Unit(d.Unit)
		if d.Reason != HeldByRestore || !roster.Under(u.Path, a.Unit) {
			continue
		}
		out.held = append(out.held, d)
		byPush[d.Push] = append(byPush[d.Push], d)
	}
	for push, ds := range byPush {
		row, err := o.heldPush(ctx, r, push, ds)
		if err != nil {
			return HeldList{}, err
		}
		out.Rows = append(out.Rows, row)
	}
	slices.SortFunc(out.Rows, func(a, b HeldPush) int {
		if c := a.Closes.Compare(b.Closes); c != 0 {
			return c
		}
		return int(a.Push - b.Push)
	})
	out.All, out.Shown = len(out.held), heldMark(out.held)
	return out, nil
}

func (o *Office) heldPush(ctx context.Context, r *roster.Roster, push int64, ds []Delivery) (HeldPush, error) {
	row := HeldPush{Push: push, Opens: ds[0].Opens, Closes: ds[0].Closes, Shown: heldMark(ds)}
	it, err := o.store.Item(ctx, ds[0].Item)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return row, fmt.Errorf("read what push %d says: %w", push, err)
	}
	row.Title = it.Title
	for _, d := range ds {
		g, _ := r.Group(d.Group)
		row.Groups = append(row.Groups, Ref{d.Group, g.Name})
	}
	return row, nil
}

func heldMark(ds []Delivery) string {
	lines := make([]string, 0, len(ds))
	for _, d := range ds {
		lines = append(lines, fmt.Sprint(d.ID))
	}
	return markOf("held", lines)
}

// ReleaseShown is Release, within the actor's subtree, of what was shown and no
// more: shown is HeldPush.Shown, or for all of it (push 0) HeldList.Shown.
// ErrStale, with words for people, when that has changed since.
func (o *Office) ReleaseShown(ctx context.Context, a roster.Actor, push int64, shown string, now time.Time) (int, error) {
	list, err := o.HeldList(ctx, a)
	if err != nil {
		return 0, err
	}
	stands, ds := list.Shown, list.held
	if push != 0 {
		ds = slices.DeleteFunc(slices.Clone(ds), func(d Delivery) bool { return d.Push != push })
		stands = heldMark(ds)
	}
	n := 0
	if len(ds) == 0 || shown == stands {
		n, err = o.release(ctx, a, ds, now)
	} else {
		err = ErrStale
	}
	if n == 0 && errors.Is(err, ErrStale) {
		return 0, problem(ErrStale, "压着的刚才变了，这次一条也没有放。请把现在压着的看一遍再放")
	}
	return n, err
}

// Release 放行 lets go what a restore held: of one push, or of all with 0. A
// window that is over hands it to people. It returns how many deliveries.
func (o *Office) Release(ctx context.Context, a roster.Actor, push int64, now time.Time) (int, error) {
	ds, err := o.store.Deliveries(ctx, DeliveryFilter{Push: push, States: []State{Held}})
	if err != nil {
		return 0, err
	}
	return o.release(ctx, a, slices.DeleteFunc(ds, func(d Delivery) bool { return d.Reason != HeldByRestore }), now)
}

// release lets go deliveries that a restore holds.
func (o *Office) release(ctx context.Context, a roster.Actor, ds []Delivery, now time.Time) (int, error) {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return 0, err
	}
	var changes []Change
	for _, d := range ds {
		u, _ := r.Unit(d.Unit)
		if err := allow(a, roster.Release, u.Path); err != nil {
			return 0, err
		}
		changes = append(changes, Change{ID: d.ID, From: Held, To: Queued, Due: now})
	}
	if len(changes) == 0 {
		return 0, problem(ErrState, "没有等着放行的投递")
	}
	if err := o.store.Shift(ctx, a, changes, now); err != nil {
		return 0, fmt.Errorf("release what a restore held: %w", err)
	}
	return len(changes), o.startReleased(ctx, ds, now)
}

// startReleased hands over what people carry of pushes that have begun.
func (o *Office) startReleased(ctx context.Context, ds []Delivery, now time.Time) error {
	done := map[int64]bool{}
	for _, d := range ds {
		if done[d.Push] || d.Push == 0 || now.Before(d.Opens) {
			continue
		}
		done[d.Push] = true
		if err := o.startPush(ctx, d.Push, now); err != nil {
			return fmt.Errorf("go on with push %d: %w", d.Push, err)
		}
	}
	return nil
}

// heldLines tells the office's digest what waits for 放行.
func (o *Office) heldLines(ctx context.Context, a roster.Actor, _ time.Time) ([]string, error) {
	list, err := o.HeldList(ctx, a)
	if err != nil || list.All == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("恢复备份以后压着 %d 条，到%s还没人放行就算错过，请回：放行；也可以在控制台点“放行”", list.All, o.say(list.Rows[0].Closes))}, nil
}
