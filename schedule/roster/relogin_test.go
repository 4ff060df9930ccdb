package roster

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// The world that F11 logs in to again and again. Every room knows in truth
// whose it is; Assign does not see that.
type world struct {
	rnd    *rand.Rand
	claims []Claim
	rooms  []truth
	staff  []uint32
	people [][]uint32 // members of each group when it was last bound
	ids    int
	moved  map[int64]bool // groups that were renamed, swapped, copied or lost
}

// truth is a room and the group it is, 0 for a stranger's.
type truth struct {
	Room
	group   int64
	members []uint32
	// pinned: always seen, because a copy of it is. A copy of a group that is
	// itself out of sight is told from it by nothing but an id that lasts.
	pinned bool
}

// chances of one re-login, each of a group.
type chances struct {
	renamed, twin, swapped, sibling, copied, gone, partial, unread, clone, churn float64
}

var (
	calm    = chances{churn: 0.05}
	renames = chances{churn: 0.05, renamed: 0.10}
	hostile = chances{churn: 0.15, renamed: 0.10, twin: 0.02, swapped: 0.03, sibling: 0.5, copied: 0.05, gone: 0.03, partial: 0.02, unread: 0.03, clone: 0.02}
)

// newWorld makes n groups: villages of 8 to 150 people, one in a hundred
// smaller, one in twenty with a sister group of nearly the same people; the
// office's staff sit in all of them.
func newWorld(seed uint64, n int, withIDs bool) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 11)), moved: map[int64]bool{}}
	w.staff = w.draw(5)
	for i := range n {
		size := 8 + w.rnd.IntN(143)
		if w.chance(0.01) {
			size = 2 + w.rnd.IntN(6)
		}
		people := w.draw(size)
		if i > 0 && w.chance(0.05) {
			people = w.churned(w.people[i-1], 0.03+0.2*w.rnd.Float64())
		} else {
			people = append(people, w.staff...)
		}
		w.people = append(w.people, people)
		id := int64(i + 1)
		name := fmt.Sprintf("%s村%d组%s", string(rune('甲'+i%9)), i, []string{"便民群", "网格群", "防骗群"}[i%3])
		t := &Trace{Group: id, Name: name, Members: len(people), Sketch: sketchOf(people), Login: "before", Handle: fmt.Sprint("@@old", id), Expected: true}
		if w.chance(0.3) {
			t.Name += codeMark + CodeOf(id)
		}
		if withIDs {
			t.Stable = fmt.Sprint("id", id)
		}
		w.claims = append(w.claims, Claim{Group: id, Name: name, Trace: t})
	}
	return w
}

func (w *world) chance(p float64) bool { return w.rnd.Float64() < p }

func (w *world) draw(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = w.rnd.Uint32()
	}
	return out
}

// churned are the members later: some gone, some new, some with another name.
func (w *world) churned(people []uint32, share float64) []uint32 {
	out := slices.Clone(people)
	for range int(share * float64(len(out)) / 2) {
		out[w.rnd.IntN(len(out))] = w.rnd.Uint32()
	}
	return out
}

func sketchOf(people []uint32) Sketch { return NewSketch(slices.Clone(people)) }

// relogin is the next login: all handles new, the order shuffled.
func (w *world) relogin(c chances) {
	w.rooms, w.moved = nil, map[int64]bool{}
	for i, claim := range w.claims {
		people := w.churned(w.people[i], c.churn*w.rnd.Float64())
		w.add(claim.Group, claim.Trace.Name, claim.Trace.Stable, people)
	}
	for i := range w.claims {
		w.trouble(i, c)
	}
	w.rnd.Shuffle(len(w.rooms), func(i, j int) { w.rooms[i], w.rooms[j] = w.rooms[j], w.rooms[i] })
	w.rooms = slices.DeleteFunc(w.rooms, func(r truth) bool { return r.Handle == "" || !r.pinned && w.chance(c.partial) })
	for i := range w.rooms {
		r := &w.rooms[i]
		switch {
		case r.pinned:
		case w.chance(c.unread):
			r.Sketch, r.Members = nil, 0
		case w.chance(c.unread): // half of the list came
			r.Sketch = sketchOf(r.members[:len(r.members)/2])
		}
	}
}

func (w *world) add(group int64, name, stable string, people []uint32) *truth {
	w.ids++
	w.rooms = append(w.rooms, truth{group: group, members: people, Room: Room{Handle: fmt.Sprint("@@new", w.ids), Name: name,
		Stable: stable, Members: len(people), Sketch: sketchOf(people)}})
	return &w.rooms[len(w.rooms)-1]
}

// trouble does to the i-th room what people and attackers do.
func (w *world) trouble(i int, c chances) {
	r := &w.rooms[i]
	name := r.Name
	hit := func() { w.moved[r.group] = true }
	if w.chance(c.renamed) {
		hit()
		r.Name = fmt.Sprintf("新名%d", w.rnd.Uint32())
		if w.chance(0.3) { // somebody keeps the code
			r.Name += codeMark + CodeOf(r.group)
		}
	}
	if j := i - 1; i > 0 && (w.chance(c.swapped) || w.chance(c.sibling) && w.sisters(i, j)) {
		hit()
		w.moved[w.rooms[j].group] = true
		r.Name, w.rooms[j].Name = w.rooms[j].Name, r.Name
	}
	if w.chance(c.clone) {
		hit()
		r.pinned = true
		w.add(0, name, "", w.churned(w.people[i], 0.1)).pinned = true
		return
	}
	if w.chance(c.gone) {
		hit()
		r.Handle, r.Name = "", ""
		if w.chance(0.7) {
			w.impostor(i, name)
		}
		return
	}
	if w.chance(c.twin) {
		hit()
		w.impostor(i, name)
	}
	if w.chance(c.copied) {
		w.copyCode(i)
	}
}

func (w *world) sisters(i, j int) bool {
	n := func(uint32) float64 { return 1 }
	return overlap(sketchOf(w.people[i]), sketchOf(w.people[j]), n) > 0.5
}

// impostor is a foreign room under a group's name, to the eye or to the letter,
// with the staff in it and up to a third of the members' names.
func (w *world) impostor(i int, name string) {
	people := w.draw(5 + w.rnd.IntN(100))
	people = append(people, w.staff...)
	for range w.rnd.IntN(1 + len(w.people[i])/3) {
		people = append(people, w.people[i][w.rnd.IntN(len(w.people[i]))])
	}
	disguise := []func(string) string{
		func(s string) string { return s }, func(s string) string { return s }, func(s string) string { return " " + s + "\u200b" },
		func(s string) string { return s + "🔥" }, func(s string) string { return s + "2" }, func(s string) string { return s[:len(s)-3] },
		func(s string) string { return "１" + s },
	}[w.rnd.IntN(7)]
	w.add(0, disguise(name), "", people)
}

// copyCode puts a group's code where it does not belong: on a foreign room, with
// or without taking it off its own, or on another group's.
func (w *world) copyCode(i int) {
	r := &w.rooms[i]
	w.moved[r.group] = true
	bare, _ := splitName(r.Name)
	code := codeMark + CodeOf(w.claims[i].Group)
	if w.chance(0.5) {
		r.Name = bare
	}
	if w.chance(0.5) {
		w.impostor(i, bare+code)
		return
	}
	j := w.rnd.IntN(len(w.claims))
	w.moved[w.claims[j].Group] = true
	other, _ := splitName(w.rooms[j].Name)
	w.rooms[j].Name = other + code
}

// score is what came of a re-login.
type score struct {
	all, bound, asked, wrong int
	still, stillAsked        int // groups to whom nothing was done
	examples                 []string
}

func (w *world) judge(decide func(string, []Claim, []Room) []Decision, s *score) []Decision {
	rooms, owner := make([]Room, len(w.rooms)), map[string]int64{}
	for i, r := range w.rooms {
		rooms[i], owner[r.Handle] = r.Room, r.group
	}
	all := decide("now", w.claims, rooms)
	for _, d := range all {
		s.all++
		if !w.moved[d.Group] {
			s.still++
		}
		switch d.Verdict {
		case Bind:
			s.bound++
			if owner[d.Handle] != d.Group {
				s.wrong++
				s.examples = append(s.examples, d.Audit()+" is in truth "+fmt.Sprint(owner[d.Handle]))
			}
		case Ask:
			s.asked++
			if !w.moved[d.Group] {
				s.stillAsked++
			}
		}
	}
	return all
}
