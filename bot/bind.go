package bot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Binding is a person's word that a group is a certain room of this session,
// by handle, or by the room's name if only one room bears it. It is obeyed once:
// the next login goes by what the room was then. ID orders the words; 0 is for
// this session alone.
type Binding struct {
	ID     int64
	Group  int64
	Handle string
	Room   string
}

// Report says what binding a session came to. It is for the office.
type Report struct {
	Session string
	Bound   int
	Asked   int // groups that wait for a person's word
	Persons int
	// Expected groups were bound before; Rebound of them are again.
	Expected int
	Rebound  int
	// Unbound lists the groups without a room, in id order, with the reason in
	// Chinese; a group that no room of the account fits is normal for a keeper's
	// group.
	Unbound []Unbound
	// Held is why nothing is sent until Accept, in Chinese; "" when online.
	Held string
}

// Unbound is a group that got no room.
type Unbound struct {
	Group int64
	Why   string
}

// Bind takes a new session. A group gets the room that a person named, or the
// one that roster.Assign finds by what its room was before; a group never bound
// may become a question, which Accept answers. A person is whom a code has bound
// (Prove), else the friend whose remark equals the tag, unique both ways. With
// fewer than 90 % of the expected groups, two groups that claim one room, or
// another account than last time, the account is held until Accept.
func (d *Desk) Bind(s Session, r *roster.Roster, manual []Binding) Report {
	p := present{session: s.ID, login: cmp.Or(s.Login, s.ID), account: s.Account,
		rooms: map[string]Room{}, friends: map[string]string{}, stable: map[string]string{}}
	for _, room := range s.Rooms {
		p.rooms[room.Handle] = room
	}
	for _, f := range s.Friends {
		p.friends[f.Handle] = f.Remark
		if f.Stable != "" {
			p.stable[f.Handle] = f.Stable
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.proofs = d.proofs
	report := p.bind(r, manual, nil, d.known)
	d.present = &p
	d.judge(&report, r)
	d.log.Info("session bound", "session", s.ID, "groups", report.Bound, "asked", report.Asked, "persons", report.Persons,
		"expected", report.Expected, "rebound", report.Rebound, "held", report.Held != "")
	return report
}

// Rebind binds the present session anew after the roster or the bindings by
// hand have changed. What is bound stays bound unless its group is gone or a
// person says otherwise; a held account stays held. Without a session the
// report is empty.
func (d *Desk) Rebind(r *roster.Roster, manual []Binding) Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.present.session == "" {
		return Report{}
	}
	p := *d.present
	report := p.bind(r, manual, p.handleOf, d.known)
	d.present = &p
	report.Held = d.why
	if d.state == schedule.AccountOnline {
		d.remember()
	}
	return report
}

// Accept is a person's word for the session as it stands: every question is
// answered with yes, and a held account may send.
func (d *Desk) Accept() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.present.session == "" || d.state == schedule.AccountBarred {
		return
	}
	p := *d.present
	p.handleOf, p.groupOf, p.by = maps.Clone(p.handleOf), maps.Clone(p.groupOf), maps.Clone(p.by)
	p.decided = slices.Clone(p.decided)
	for i, q := range p.decided {
		if _, taken := p.groupOf[q.Handle]; q.Verdict == roster.Ask && !taken {
			p.pair(q.Group, q.Handle, roster.ByPerson)
			p.decided[i].Verdict, p.decided[i].Why = roster.Bind, "人看过，认了"
		}
	}
	d.present = &p
	if d.state == schedule.AccountHeld {
		d.state, d.why = schedule.AccountOnline, ""
	}
	d.expected = map[int64]bool{}
	d.remember()
}

// Enrol binds a group to the room in which its one-time code was just said, and
// reports whether it could: the room is there, and not another group's.
func (d *Desk) Enrol(group int64, handle string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, there := d.present.rooms[handle]
	owner, taken := d.present.groupOf[handle]
	if !there || taken && owner != group {
		return false
	}
	p := *d.present
	keep := maps.Clone(p.handleOf)
	keep[group] = handle
	p.by, p.words = maps.Clone(p.by), maps.Clone(p.words)
	p.by[group], p.words[group] = roster.ByPosted, p.latest[group] // words before it are void
	p.decided = slices.DeleteFunc(slices.Clone(p.decided), func(x roster.Decision) bool { return x.Group == group })
	p.bind(p.people, nil, keep, d.known)
	d.present = &p
	if d.state == schedule.AccountOnline {
		d.remember()
	}
	return p.handleOf[group] == handle
}

// Bindings are the groups bound in the present session, by group id.
func (d *Desk) Bindings() map[int64]string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return maps.Clone(d.present.handleOf)
}

// Rooms are the rooms of the present session, by handle.
func (d *Desk) Rooms() []Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.present.sorted()
}

func (p *present) sorted() []Room {
	return slices.SortedFunc(maps.Values(p.rooms), func(a, b Room) int { return cmp.Compare(a.Handle, b.Handle) })
}

// judge decides whether the session may be used. The lock is held.
func (d *Desk) judge(report *Report, r *roster.Roster) {
	for g := range d.expected {
		if _, ok := r.Group(g); !ok {
			continue
		}
		report.Expected++
		if _, ok := d.present.handleOf[g]; ok {
			report.Rebound++
		}
	}
	switch {
	case d.account != "" && d.account != d.present.account:
		report.Held = "登录的不是原来那个微信号，" + sayLook
	case slices.ContainsFunc(d.present.decided, func(x roster.Decision) bool { return x.Conflict }):
		report.Held = "有两个群认到了同一个群上，" + sayLook
	case report.Rebound*100 < report.Expected*roster.RebindPercent:
		report.Held = fmt.Sprintf("原来绑定的 %d 个群，这次只认出 %d 个，%s", report.Expected, report.Rebound, sayLook)
	}
	d.why, d.state = report.Held, schedule.AccountHeld
	if report.Held == "" {
		d.state = schedule.AccountOnline
		d.expected = map[int64]bool{}
		d.remember()
	}
}

// bind fills the maps from rooms and friends. keep are bindings of the same
// session that stay.
func (p *present) bind(r *roster.Roster, manual []Binding, keep map[int64]string, known map[int64]roster.Trace) Report {
	p.people = r
	before, why := p.decided, p.by
	p.handleOf, p.groupOf, p.by, p.words = map[int64]string{}, map[string]int64{}, map[int64]roster.Signal{}, maps.Clone(p.words)
	if p.words == nil {
		p.words = map[int64]int64{}
	}
	refused := p.byHand(r, manual, known)
	p.stay(r, keep, why, known)
	claims := make([]roster.Claim, 0, len(r.Groups))
	for _, g := range r.Groups {
		c := roster.Claim{Group: g.ID, Name: g.Name, Fixed: p.handleOf[g.ID], FixedBy: p.by[g.ID]}
		if t, ok := known[g.ID]; ok {
			c.Trace = &t
		}
		claims = append(claims, c)
	}
	p.decided = roster.Assign(p.login, claims, p.sorted())
	earlier := map[int64]roster.Decision{}
	for _, x := range before {
		earlier[x.Group] = x
	}
	report := Report{Session: p.session}
	for i, x := range p.decided {
		_, done := p.handleOf[x.Group]
		switch {
		case done: // it keeps the signals by which it was bound
			if old := earlier[x.Group]; old.Verdict == roster.Bind && old.Handle == x.Handle {
				old.NewName = x.NewName
				p.decided[i] = old
			}
			continue
		case refused[x.Group] != "":
			p.decided[i].Verdict, p.decided[i].Handle, p.decided[i].Why = roster.Refuse, "", refused[x.Group]
		case x.Verdict == roster.Bind:
			p.pair(x.Group, x.Handle, x.By)
			continue
		case x.Verdict == roster.Ask:
			report.Asked++
		}
		report.Unbound = append(report.Unbound, Unbound{Group: x.Group, Why: p.decided[i].Why})
	}
	p.meet(r)
	report.Bound, report.Persons = len(p.handleOf), len(p.friendOf)
	return report
}

// byHand takes a person's word, unless it was obeyed before, names a room that
// is not there, or contradicts another.
func (p *present) byHand(r *roster.Roster, manual []Binding, known map[int64]roster.Trace) map[int64]string {
	byName := map[string][]string{}
	for h, room := range p.rooms {
		byName[normal(room.Name)] = append(byName[normal(room.Name)], h)
	}
	if manual != nil {
		p.latest = map[int64]int64{}
	}
	manual = slices.DeleteFunc(slices.Clone(manual), func(b Binding) bool {
		p.latest[b.Group] = max(p.latest[b.Group], b.ID)
		return b.ID != 0 && b.ID <= max(known[b.Group].Word, p.words[b.Group])
	})
	refused := map[int64]string{}
	claims, words := map[string]int{}, map[int64]int{}
	handles := make([]string, len(manual))
	for i, b := range manual {
		handles[i] = b.Handle
		if named := byName[normal(b.Room)]; b.Handle == "" && b.Room != "" && len(named) == 1 {
			handles[i] = named[0]
		}
		claims[handles[i]]++
		words[b.Group]++
	}
	for i, b := range manual {
		_, there := p.rooms[handles[i]]
		_, ours := r.Group(b.Group)
		switch {
		case !ours:
		case !there:
			refused[b.Group] = "手工绑定的群在这次登录里找不到，请重新绑定"
		case claims[handles[i]] > 1 || words[b.Group] > 1:
			refused[b.Group] = "手工绑定互相矛盾，请只留一条"
		default:
			p.pair(b.Group, handles[i], roster.ByPerson)
			p.words[b.Group] = b.ID
		}
	}
	return refused
}

// stay carries bindings over within one session, in which a handle is certain:
// unless a room has come to bear another group's code, or another lasting id
// than the group's.
func (p *present) stay(r *roster.Roster, keep map[int64]string, why map[int64]roster.Signal, known map[int64]roster.Trace) {
	for g, h := range keep {
		room, there := p.rooms[h]
		_, ours := r.Group(g)
		_, taken := p.groupOf[h]
		_, done := p.handleOf[g]
		other := roster.CodeIn(room.Name)
		_, others := r.Group(other)
		seen := why[g] == roster.ByPerson || why[g] == roster.ByPosted // whose word it was knew better
		strange := others && other != g || !seen && room.Stable != "" && known[g].Stable != "" && room.Stable != known[g].Stable
		if there && ours && !taken && !done && !strange {
			p.pair(g, h, why[g])
		}
	}
}

func (p *present) pair(group int64, handle string, by roster.Signal) {
	p.handleOf[group], p.groupOf[handle], p.by[group] = handle, group, by
}

// roomOf is the guard at the send: the one room that is this group's and no
// other's.
func (p *present) roomOf(group int64) (string, bool) {
	handle, ok := p.handleOf[group]
	return handle, ok && p.groupOf[handle] == group && strings.HasPrefix(handle, "@@")
}

// normal makes names comparable: the same characters, no spaces around.
func normal(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }
