package roster

import (
	"cmp"
	"fmt"
)

// Claim is one of our groups that wants a room.
type Claim struct {
	Group int64
	Name  string // in the roster
	// Trace of the last binding, nil for a group never bound.
	Trace *Trace
	// Fixed is the room it has already, by FixedBy: nothing is decided any more,
	// and nobody else gets that room.
	Fixed   string
	FixedBy Signal
}

// Assign decides for every claim: each group at most one room and each room at
// most one group, bound only where exactly one candidate stands on both sides.
// login names the present login. The order of claims and rooms does not matter;
// the decisions come in the order of the claims.
func Assign(login string, claims []Claim, rooms []Room) []Decision {
	m := newMatch(login, claims, rooms)
	out := make([]Decision, len(claims))
	for i := range claims {
		out[i] = m.look(i)
	}
	m.oneToOne(out)
	for i := range claims {
		m.crosscheck(i, out)
	}
	for i, d := range m.doubts {
		out[i].doubt(d.verdict, d.why)
	}
	for i := range out {
		if out[i].Verdict == Refuse {
			out[i].Handle = ""
		}
	}
	return out
}

// match is one session being compared with all our groups.
type match struct {
	login    string
	claims   []Claim
	rooms    []Room
	crowd    *crowd
	bare     []string // of rooms
	code     []int64  // of rooms
	named    map[string][]int
	coded    map[int64][]int
	stable   map[string][]int
	handle   map[string]int
	names    map[string]int    // names our groups go by → how many
	groups   map[int64]bool    // ours
	fixed    map[int]int       // room → claim
	near     []map[int]float64 // by claim: room → overlap
	admirers map[int][]int     // room → claims whose members it shares
	taken    map[int]int       // room → the one claim that is to get it
	doubts   map[int]doubt
}

type doubt struct {
	verdict Verdict
	why     string
}

func newMatch(login string, claims []Claim, rooms []Room) *match {
	m := &match{login: login, claims: claims, rooms: rooms, crowd: newCrowd(rooms),
		bare: make([]string, len(rooms)), code: make([]int64, len(rooms)),
		named: map[string][]int{}, coded: map[int64][]int{}, stable: map[string][]int{}, handle: map[string]int{},
		names: map[string]int{}, groups: map[int64]bool{}, fixed: map[int]int{},
		near: make([]map[int]float64, len(claims)), admirers: map[int][]int{}, taken: map[int]int{}, doubts: map[int]doubt{}}
	for i, r := range rooms {
		m.bare[i], m.code[i] = splitName(r.Name)
		m.handle[r.Handle] = i
		if m.bare[i] != "" {
			m.named[m.bare[i]] = append(m.named[m.bare[i]], i)
		}
		if m.code[i] != 0 {
			m.coded[m.code[i]] = append(m.coded[m.code[i]], i)
		}
		if r.Stable != "" {
			m.stable[r.Stable] = append(m.stable[r.Stable], i)
		}
	}
	for i, c := range claims {
		m.groups[c.Group] = true
		for _, n := range c.names() {
			m.names[n]++
		}
		if room, ok := m.handle[c.Fixed]; ok {
			m.fixed[room] = i
		}
		if c.Trace != nil {
			m.near[i] = m.crowd.near(c.Trace.Sketch, rooms)
			for room := range m.near[i] {
				m.admirers[room] = append(m.admirers[room], i)
			}
		}
	}
	return m
}

// names are those a group goes by: in the roster, and on its room.
func (c Claim) names() []string {
	own, _ := splitName(c.Name)
	if c.Trace == nil || c.Trace.Name == "" {
		return []string{own}
	}
	worn, _ := splitName(c.Trace.Name)
	if worn == own {
		return []string{own}
	}
	return []string{own, worn}
}

// name is the one its room bore last, or should bear.
func (c Claim) name() string {
	s, _ := splitName(c.Name)
	if c.Trace != nil && c.Trace.Name != "" {
		s, _ = splitName(c.Trace.Name)
	}
	return s
}

// overlap of a claim with a room, -1 when either side is not known.
func (m *match) overlap(claim, room int) float64 {
	t := m.claims[claim].Trace
	if t == nil || len(t.Sketch) == 0 || len(m.rooms[room].Sketch) == 0 {
		return -1
	}
	return m.near[claim][room]
}

// best are the two rooms that share most members with a claim.
func (m *match) best(claim int) (room int, first, second float64) {
	room = -1
	for r, o := range m.near[claim] {
		switch {
		case o > first || o == first && room >= 0 && m.rooms[r].Handle < m.rooms[room].Handle:
			room, first, second = r, o, max(second, first)
		case o > second:
			second = o
		}
	}
	return room, first, second
}

// look decides for one claim as if it were alone.
func (m *match) look(i int) Decision {
	c := m.claims[i]
	d := Decision{Group: c.Group, First: c.Trace == nil, OldName: c.Name, Overlap: -1, Second: -1, Verdict: Refuse}
	if t := c.Trace; t != nil {
		d.OldName, d.OldSize = cmp.Or(t.Name, c.Name), t.Members
	}
	if room, ok := m.handle[c.Fixed]; ok && m.fixed[room] == i {
		m.facts(&d, i, room)
		d.Verdict, d.By, d.Why = Bind, c.FixedBy, fixedWhy[c.FixedBy]
		return d
	}
	if d.First {
		return m.enrol(d, i)
	}
	if c.Trace.Lost != "" {
		d.Why = c.Trace.Lost + "，不会自动再认，哪怕有群叫同样的名字"
		return d
	}
	room, by, why := m.pointed(i)
	if room < 0 {
		d.Why = why
		return d
	}
	m.facts(&d, i, room)
	d.By = by
	d.Verdict, d.Why = m.weigh(d, i, room)
	if other := m.code[room]; other != 0 && other != c.Group && m.groups[other] {
		d.Verdict, d.Why = Refuse, "群名里写的是另一个群的编码，互相矛盾"
	}
	if by != ByLogin && d.Verdict == Bind && c.Trace.Owner != m.rooms[room].Owner {
		d.Verdict, d.Why = Ask, "群主换了，请认一下"
	}
	return d
}

var fixedWhy = map[Signal]string{ByPerson: "人工指定", ByPosted: "群里发过绑定码", ByLogin: "本次登录已认"}

// enrol is for a group never bound: a code or a name may be asked about, and no
// more.
func (m *match) enrol(d Decision, i int) Decision {
	name := m.claims[i].name()
	rooms := m.coded[d.Group]
	by := ByCode
	if len(rooms) == 0 {
		rooms, by = m.named[name], ByName
	}
	switch {
	case len(rooms) == 0:
		d.Why = unseen
	case len(rooms) > 1:
		d.Why = fmt.Sprintf(twins, len(rooms))
	case by == ByName && m.names[name] > 1:
		d.Why = fmt.Sprintf(twinGroups, m.names[name])
	case m.code[rooms[0]] != 0 && m.code[rooms[0]] != d.Group && m.groups[m.code[rooms[0]]]:
		d.Why = "群名里写的是另一个群的编码，互相矛盾"
	default:
		m.facts(&d, i, rooms[0])
		d.Verdict, d.By, d.Why = Ask, by, "第一次认，名称对得上，要人看过才算"
		if by == ByCode {
			d.Why = "第一次认，群名里有它的编码，要人看过才算"
		}
	}
	return d
}

const (
	unseen     = "这个微信号看不到这个群，请确认已进群并“保存到通讯录”"
	twins      = "有 %d 个群叫这个名字（或写着这个编码），分不清"
	twinGroups = "花名册里有 %d 个群叫这个名字，分不清"
)

// pointed is the one room that everything strong about a group points at, and
// by which signal; or why there is none.
func (m *match) pointed(i int) (room int, by Signal, why string) {
	c := m.claims[i]
	signs := map[int]Signal{}
	point := func(rooms []int, by Signal) {
		for _, r := range rooms {
			if _, known := signs[r]; !known {
				signs[r] = by
			}
		}
	}
	if r, ok := m.handle[c.Trace.Handle]; ok && c.Trace.Login == m.login && m.login != "" {
		point([]int{r}, ByLogin)
	}
	if c.Trace.Stable != "" {
		point(m.stable[c.Trace.Stable], ByStable)
	}
	point(m.coded[c.Group], ByCode)
	name := c.name()
	if _, login := firstOf(signs, ByLogin); !login {
		point(m.named[name], ByName)
	}
	if best, first, second := m.best(i); best >= 0 && first >= RenamedOverlap && second <= AgreeOverlap {
		point([]int{best}, ByCrowd)
	}
	switch {
	case len(signs) == 0:
		return -1, "", unseen
	case len(signs) == 1:
		for r, s := range signs {
			if s == ByName && m.names[name] > 1 {
				return -1, "", fmt.Sprintf(twinGroups, m.names[name])
			}
			return r, s, ""
		}
	}
	if n := len(m.named[name]); n > 1 {
		return -1, "", fmt.Sprintf(twins, n)
	}
	if n := len(m.coded[c.Group]); n > 1 {
		return -1, "", fmt.Sprintf(twins, n)
	}
	return -1, "", "名称、编码、成员指向不同的群，互相矛盾"
}

func firstOf(signs map[int]Signal, by Signal) (int, bool) {
	for r, s := range signs {
		if s == by {
			return r, true
		}
	}
	return 0, false
}

// oneToOne refuses every room that more than one group would get.
func (m *match) oneToOne(out []Decision) {
	wanted := map[int][]int{}
	for i, d := range out {
		if d.Verdict != Refuse {
			room := m.handle[d.Handle]
			wanted[room] = append(wanted[room], i)
		}
	}
	for room, who := range wanted {
		if len(who) == 1 {
			m.taken[room] = who[0]
			continue
		}
		owner, fixed := m.fixed[room]
		bound := 0
		for _, i := range who {
			if out[i].Verdict == Bind {
				bound++
			}
		}
		for _, i := range who {
			if fixed && i == owner {
				m.taken[room] = i
				continue
			}
			out[i].Conflict = bound > 1
			out[i].doubt(Refuse, "这个群已经认作花名册里的另一个群，互相矛盾")
		}
	}
}

// crosscheck compares a binding with the one in which two groups had each
// other's rooms. What rests on a lasting id, a login or a person stands.
func (m *match) crosscheck(i int, out []Decision) {
	d := out[i]
	if d.Verdict != Bind || d.By != ByName && d.By != ByCode {
		return
	}
	room := m.handle[d.Handle]
	worst := 1.0
	for other, o := range m.near[i] { // I might be at another room
		if other == room {
			continue
		}
		gain := d.Overlap - o
		j, theirs := m.taken[other]
		switch theirs = theirs && out[j].Verdict != Refuse; {
		case !theirs && o >= BindOverlap: // a second candidate, under another name
			gain = min(gain, 0)
		case !theirs:
		case m.claims[j].Fixed != "" || out[j].By == ByStable || out[j].By == ByLogin:
			continue // that room is certainly another's
		default:
			gain += max(m.overlap(j, other), 0) - max(m.overlap(j, room), 0)
		}
		worst = min(worst, gain)
	}
	for _, j := range m.admirers[room] { // another might be here
		if j == i {
			continue
		}
		gain := d.Overlap - m.overlap(j, room)
		if at, ok := m.handle[out[j].Handle]; ok && out[j].Verdict != Refuse {
			gain += max(m.overlap(j, at), 0) - m.near[i][at]
		}
		worst = min(worst, gain)
	}
	switch {
	case worst <= -Margin:
		m.doubts[i] = doubt{Refuse, "成员更像另一个群，像是两个群换了名，互相矛盾"}
	case worst < Margin:
		m.doubts[i] = doubt{Ask, "有另一个群的成员几乎一样，请认一下"}
	}
}

// doubt lowers a decision.
func (d *Decision) doubt(v Verdict, why string) {
	d.Verdict, d.Why = v, why
}
