package bot

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"tongluo/schedule/roster"
)

// Recall tells a new desk what the store remembers: the account of the last
// session ("" for none), and of every group ever bound what its room was.
func (d *Desk) Recall(account string, traces []roster.Trace) {
	d.Expect(account, roster.Expected(traces))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known, d.unsaved = map[int64]roster.Trace{}, map[int64]bool{}
	for _, t := range traces {
		d.known[t.Group] = t
	}
}

// Decisions are those on all groups of the present session, in id order.
func (d *Desk) Decisions() []roster.Decision {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.present.decided)
}

// Keep hands what has been decided and learned since the last Keep to save: all
// decisions, nil when none has changed, and the traces that have. What save
// fails to keep is handed over again.
func (d *Desk) Keep(ctx context.Context, save func(ctx context.Context, session string, all []roster.Decision, traces []roster.Trace) error) error {
	d.mu.Lock()
	session, all := d.present.session, d.present.decided
	if session == "" || slices.Equal(all, d.told) {
		all = nil
	}
	var traces []roster.Trace
	for _, g := range slices.Sorted(maps.Keys(d.unsaved)) {
		traces = append(traces, d.known[g])
	}
	unsaved := d.unsaved
	d.unsaved = map[int64]bool{}
	d.mu.Unlock()
	if all == nil && len(traces) == 0 {
		return nil
	}
	err := save(ctx, session, all, traces)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		maps.Copy(d.unsaved, unsaved)
		return err
	}
	if all != nil {
		d.told = all
	}
	return nil
}

// remember makes the present bindings what the next session is held against,
// and learns what their rooms are like. The lock is held, and the session found
// right.
func (d *Desk) remember() {
	d.account = d.present.account
	for g, h := range d.present.handleOf {
		d.expected[g] = true
		d.learn(g, h)
	}
	for g, t := range d.known {
		if t.Expected && !d.expected[g] {
			t.Expected = false
			d.known[g], d.unsaved[g] = t, true
		}
	}
}

// learn keeps what a bound room is like. A lasting id that is new is believed
// only under the name the group had (reliability.md §4); what the session could
// not read stays as it was.
func (d *Desk) learn(group int64, handle string) {
	p, room := d.present, d.present.rooms[handle]
	old := d.known[group]
	t := roster.Trace{Group: group, Name: room.Name, Members: room.Members, Sketch: room.Sketch, Stable: old.Stable, Owner: room.Owner,
		Login: p.login, Handle: handle, By: p.by[group], Word: max(old.Word, p.words[group]), Expected: true}
	if len(t.Sketch) == 0 {
		t.Sketch, t.Members = old.Sketch, old.Members
	}
	if t.By == roster.ByPerson || t.By == roster.ByPosted {
		t.Stable = room.Stable
	} else if room.Stable != "" && (old.Name == "" || roster.SameName(old.Name, room.Name)) {
		t.Stable = room.Stable
	}
	if !reflect.DeepEqual(t, old) {
		d.known[group], d.unsaved[group] = t, true
	}
}

// gone is why a group's room is no longer its room.
const gone = "机器人已不在这个群里（被移出、退群或群已解散）"

// lose forgets the room of a group the account is out of. The lock is held.
func (d *Desk) lose(group int64, room Room) {
	if group == 0 {
		return
	}
	delete(d.expected, group)
	t := d.known[group]
	d.known[group] = roster.Trace{Group: group, Name: room.Name, Members: t.Members, Word: max(t.Word, d.present.words[group]), Lost: gone}
	d.unsaved[group] = true
}
