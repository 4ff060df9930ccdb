package bot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Binding is a person's word that a group is a certain room of this session,
// by handle, or by the room's name if only one room bears it.
type Binding struct {
	Group  int64
	Handle string
	Room   string
}

// Report says what binding a session came to. It is for the office.
type Report struct {
	Session string
	Bound   int
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

// rebindPercent of the groups bound before must be bound again.
const rebindPercent = 90

// Bind takes a new session: a group gets the room that a person named, or the
// room whose name equals its own (NFC, spaces around ignored) if exactly one
// room and one group bear it. A person is whom a code has bound (Prove), else the
// friend whose remark equals the tag, unique both ways. With fewer than 90 % of the expected groups, or with
// another account than last time, the account is held until Accept.
func (d *Desk) Bind(s Session, r *roster.Roster, manual []Binding) Report {
	p := present{session: s.ID, login: cmp.Or(s.Login, s.ID), account: s.Account,
		rooms: map[string]string{}, friends: map[string]string{}, stable: map[string]string{}}
	for _, room := range s.Rooms {
		p.rooms[room.Handle] = room.Name
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
	report := p.bind(r, manual, nil)
	d.present = &p
	d.judge(&report, r)
	d.log.Info("session bound", "session", s.ID, "groups", report.Bound, "persons", report.Persons,
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
	report := p.bind(r, manual, p.handleOf)
	d.present = &p
	report.Held = d.why
	if d.state == schedule.AccountOnline {
		d.remember()
	}
	return report
}

// Accept is a person's word that a held session is right as it stands.
func (d *Desk) Accept() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != schedule.AccountHeld {
		return
	}
	d.state, d.why = schedule.AccountOnline, ""
	d.expected = map[int64]bool{}
	d.remember()
}

// Bindings are the groups bound in the present session, by group id.
func (d *Desk) Bindings() map[int64]string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make(map[int64]string, len(d.present.handleOf))
	for g, h := range d.present.handleOf {
		out[g] = h
	}
	return out
}

// Rooms are the rooms of the present session, by handle.
func (d *Desk) Rooms() []Room {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]Room, 0, len(d.present.rooms))
	for h, name := range d.present.rooms {
		out = append(out, Room{Handle: h, Name: name})
	}
	slices.SortFunc(out, func(a, b Room) int { return cmp.Compare(a.Handle, b.Handle) })
	return out
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
		report.Held = "登录的不是原来那个微信号，请核对后再恢复"
	case report.Rebound*100 < report.Expected*rebindPercent:
		report.Held = fmt.Sprintf("原来绑定的 %d 个群，这次只认出 %d 个，请核对后再恢复", report.Expected, report.Rebound)
	}
	d.why, d.state = report.Held, schedule.AccountHeld
	if report.Held == "" {
		d.state = schedule.AccountOnline
		d.expected = map[int64]bool{}
		d.remember()
	}
}

// remember makes the present bindings what the next session is held against.
// The lock is held.
func (d *Desk) remember() {
	d.account = d.present.account
	for g := range d.present.handleOf {
		d.expected[g] = true
	}
}

// bind fills the four maps from rooms and friends. keep are bindings of the
// same session that stay.
func (p *present) bind(r *roster.Roster, manual []Binding, keep map[int64]string) Report {
	p.people = r
	byName := map[string][]string{}
	for h, name := range p.rooms {
		byName[normal(name)] = append(byName[normal(name)], h)
	}
	p.handleOf, p.groupOf = map[int64]string{}, map[string]int64{}
	refused := p.byHand(r, manual, byName)
	p.stay(r, keep)
	sameName := map[string]int{}
	for _, g := range r.Groups {
		sameName[normal(g.Name)]++
	}
	report := Report{Session: p.session}
	for _, g := range r.Groups {
		if _, ok := p.handleOf[g.ID]; ok {
			continue
		}
		why := refused[g.ID]
		if why == "" {
			why = p.byOwnName(g, byName[normal(g.Name)], sameName[normal(g.Name)])
		}
		if why != "" {
			report.Unbound = append(report.Unbound, Unbound{Group: g.ID, Why: why})
		}
	}
	slices.SortFunc(report.Unbound, func(a, b Unbound) int { return cmp.Compare(a.Group, b.Group) })
	p.meet(r)
	report.Bound, report.Persons = len(p.handleOf), len(p.friendOf)
	return report
}

// byHand takes a person's word, unless it names a room that is not there, or
// two words contradict each other.
func (p *present) byHand(r *roster.Roster, manual []Binding, byName map[string][]string) map[int64]string {
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
			p.pair(b.Group, handles[i])
		}
	}
	return refused
}

// stay carries bindings over within one session.
func (p *present) stay(r *roster.Roster, keep map[int64]string) {
	for g, h := range keep {
		_, there := p.rooms[h]
		_, ours := r.Group(g)
		_, taken := p.groupOf[h]
		if _, done := p.handleOf[g]; there && ours && !taken && !done {
			p.pair(g, h)
		}
	}
}

// byOwnName binds a group by its name or says why not.
func (p *present) byOwnName(g roster.Group, rooms []string, groups int) string {
	switch {
	case len(rooms) == 0:
		return "这个微信号看不到叫这个名字的群，请确认已进群并“保存到通讯录”"
	case len(rooms) > 1:
		return fmt.Sprintf("有 %d 个群叫这个名字，请手工绑定", len(rooms))
	case groups > 1:
		return fmt.Sprintf("花名册里有 %d 个群叫这个名字，请手工绑定", groups)
	}
	if _, taken := p.groupOf[rooms[0]]; taken {
		return "叫这个名字的群已经绑定给另一个群，请手工核对"
	}
	p.pair(g.ID, rooms[0])
	return ""
}

func (p *present) pair(group int64, handle string) {
	p.handleOf[group], p.groupOf[handle] = handle, group
}

// normal makes names comparable: the same characters, no spaces around.
func normal(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }
