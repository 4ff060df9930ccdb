package roster

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// people are hashes from..from+n-1; two such lists of 50 that share k have an
// overlap of k/(100-k).
func peopleOf(from, n int) []uint32 {
	var out []uint32
	for i := range n {
		out = append(out, uint32(1000+from+i))
	}
	return out
}

func traceOf(group int64, name string, people []uint32) *Trace {
	return &Trace{Group: group, Name: name, Members: len(people), Sketch: NewSketch(people), Login: "before", Handle: "@@old"}
}

func roomOf(handle, name string, people []uint32) Room {
	return Room{Handle: handle, Name: name, Members: len(people), Sketch: NewSketch(people)}
}

// TestAssign walks the thresholds of reliability.md §4, each side of each.
func TestAssign(t *testing.T) {
	const name = "永宁村便民群"
	base := peopleOf(0, 50)
	sharing := func(k int) []uint32 { return peopleOf(50-k, 50) }
	with := func(r Room, f func(*Room)) Room { f(&r); return r }
	for _, c := range []struct {
		about string
		trace func(*Trace)
		rooms []Room
		want  Verdict
		by    Signal
	}{
		{"name, 0.61", nil, []Room{roomOf("@@a", name, sharing(38))}, Bind, ByName},
		{"name, 0.59", nil, []Room{roomOf("@@a", name, sharing(37))}, Ask, ByName},
		{"name, 0.32", nil, []Room{roomOf("@@a", name, sharing(24))}, Ask, ByName},
		{"name, 0.29", nil, []Room{roomOf("@@a", name, sharing(22))}, Refuse, ""},
		{"name dressed up", nil, []Room{roomOf("@@a", " 永宁村🔥便民群\u200b", base)}, Bind, ByName},
		{"a longer name", nil, []Room{roomOf("@@a", name+"2", sharing(38))}, Refuse, ""},
		{"name, no members read", nil, []Room{roomOf("@@a", name, nil)}, Refuse, ""},
		{"name, no members kept", func(t *Trace) { t.Sketch = nil }, []Room{roomOf("@@a", name, base)}, Ask, ByName},
		{"seven members", func(t *Trace) { t.Sketch, t.Members = NewSketch(peopleOf(0, 7)), 7 }, []Room{roomOf("@@a", name, peopleOf(0, 7))}, Ask, ByName},
		{"eight members", func(t *Trace) { t.Sketch, t.Members = NewSketch(peopleOf(0, 8)), 8 }, []Room{roomOf("@@a", name, peopleOf(0, 8))}, Bind, ByName},
		{"twice as many", nil, []Room{with(roomOf("@@a", name, base), func(r *Room) { r.Members = 100 })}, Bind, ByName},
		{"more than twice", nil, []Room{with(roomOf("@@a", name, base), func(r *Room) { r.Members = 101 })}, Ask, ByName},
		{"less than half", nil, []Room{with(roomOf("@@a", name, base), func(r *Room) { r.Members = 24 })}, Ask, ByName},
		{"another owner", nil, []Room{with(roomOf("@@a", name, base), func(r *Room) { r.Owner = true })}, Ask, ByName},
		{"two of the name", nil, []Room{roomOf("@@a", name, base), roomOf("@@b", name, peopleOf(500, 50))}, Refuse, ""},
		{"renamed, 0.82", nil, []Room{roomOf("@@a", "新名", sharing(45))}, Ask, ByCrowd},
		{"renamed, 0.79", nil, []Room{roomOf("@@a", "新名", sharing(44))}, Refuse, ""},
		{"renamed, and another as like", nil, []Room{roomOf("@@a", "新名", sharing(47)), roomOf("@@b", "别的", sharing(30))}, Refuse, ""},
		{"a copy under the name, the true room renamed", nil, []Room{roomOf("@@a", name, base), roomOf("@@b", "新名", sharing(44))}, Ask, ByName},
		{"code, 0.61", nil, []Room{roomOf("@@a", "新名·A0001-3", sharing(38))}, Bind, ByCode},
		{"code, 0.59", nil, []Room{roomOf("@@a", "新名·A0001-3", sharing(37))}, Ask, ByCode},
		{"code, 0.29", nil, []Room{roomOf("@@a", "新名·A0001-3", sharing(22))}, Refuse, ""},
		{"code with a wrong digit", nil, []Room{roomOf("@@a", "新名·A0001-4", sharing(38))}, Refuse, ""},
		{"two of the code", nil, []Room{roomOf("@@a", "甲·A0001-3", base), roomOf("@@b", "乙·A0001-3", peopleOf(500, 50))}, Refuse, ""},
		{"name here, code there", nil, []Room{roomOf("@@a", name, base), roomOf("@@b", "乙·A0001-3", peopleOf(500, 50))}, Refuse, ""},
		{"id and name", func(t *Trace) { t.Stable = "x" }, []Room{with(roomOf("@@a", name, peopleOf(500, 50)), func(r *Room) { r.Stable = "x" })}, Bind, ByStable},
		{"id and members", func(t *Trace) { t.Stable = "x" }, []Room{with(roomOf("@@a", "新名", sharing(24)), func(r *Room) { r.Stable = "x" })}, Bind, ByStable},
		{"id alone", func(t *Trace) { t.Stable = "x" }, []Room{with(roomOf("@@a", "新名", peopleOf(500, 50)), func(r *Room) { r.Stable = "x" })}, Refuse, ""},
		{"another id", func(t *Trace) { t.Stable = "x" }, []Room{with(roomOf("@@a", name, base), func(r *Room) { r.Stable = "y" })}, Refuse, ""},
		{"the same login", func(t *Trace) { t.Login, t.Handle = "now", "@@a" }, []Room{roomOf("@@a", "新名", sharing(24))}, Bind, ByLogin},
		{"the handle of another login", func(t *Trace) { t.Handle = "@@a" }, []Room{roomOf("@@a", "新名", sharing(24))}, Refuse, ""},
		{"lost", func(t *Trace) { t.Lost = "被移出" }, []Room{roomOf("@@a", name, base)}, Refuse, ""},
		{"nothing", nil, nil, Refuse, ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			trace := traceOf(1, name, base)
			if c.trace != nil {
				c.trace(trace)
			}
			d := Assign("now", []Claim{{Group: 1, Name: name, Trace: trace}}, c.rooms)[0]
			require.Equal(t, c.want, d.Verdict, "%+v", d)
			require.NotEmpty(t, d.Why)
			if c.want != Refuse {
				require.Equal(t, c.by, d.By)
				require.Equal(t, "@@a", d.Handle)
			} else {
				require.Empty(t, d.Handle)
			}
		})
	}
}

func TestAssignSeveral(t *testing.T) {
	a, b := peopleOf(0, 50), peopleOf(200, 50)
	claims := func() []Claim {
		return []Claim{{Group: 1, Name: "甲群", Trace: traceOf(1, "甲群", a)}, {Group: 2, Name: "乙群", Trace: traceOf(2, "乙群", b)}}
	}
	verdicts := func(claims []Claim, rooms ...Room) (v [2]Verdict) {
		for i, d := range Assign("now", claims, rooms) {
			v[i] = d.Verdict
		}
		return v
	}
	require.Equal(t, [2]Verdict{Bind, Bind}, verdicts(claims(), roomOf("@@x", "甲群", a), roomOf("@@y", "乙群", b)))
	require.Equal(t, [2]Verdict{Refuse, Refuse}, verdicts(claims(), roomOf("@@x", "乙群", a), roomOf("@@y", "甲群", b)), "swapped names")
	require.Equal(t, [2]Verdict{Refuse, Refuse}, verdicts(claims(), roomOf("@@x", "甲群·"+CodeOf(2), a), roomOf("@@y", "乙群", b)), "one's people, the other's code")
	twins := claims()
	twins[1].Name = "甲群"
	require.Equal(t, [2]Verdict{Refuse, Bind}, verdicts(twins, roomOf("@@x", "甲群", a), roomOf("@@y", "乙群", b)), "two of ours go by one name")
	fixed := claims()
	fixed[1].Fixed, fixed[1].FixedBy = "@@x", ByPerson
	require.Equal(t, [2]Verdict{Refuse, Bind}, verdicts(fixed, roomOf("@@x", "甲群", a)), "a person gave it away")
	near := peopleOf(3, 50) // 0.89 the same people
	sisters := func() []Claim {
		return []Claim{{Group: 1, Name: "甲群", Trace: traceOf(1, "甲群", a)}, {Group: 2, Name: "乙群", Trace: traceOf(2, "乙群", near)}}
	}
	require.Equal(t, [2]Verdict{Bind, Bind}, verdicts(sisters(), roomOf("@@x", "甲群", a), roomOf("@@y", "乙群", near)), "sisters at home")
	require.Equal(t, [2]Verdict{Refuse, Refuse}, verdicts(sisters(), roomOf("@@x", "乙群", a), roomOf("@@y", "甲群", near)), "sisters with swapped names")
	require.Equal(t, [2]Verdict{Ask, Ask}, verdicts(sisters(), roomOf("@@x", "甲群", a), roomOf("@@y", "乙群", a)), "sisters nobody can tell apart")
	first := []Claim{{Group: 1, Name: "甲群"}, {Group: 2, Name: "乙群"}}
	require.Equal(t, [2]Verdict{Ask, Refuse}, verdicts(first, roomOf("@@x", "甲群", a), roomOf("@@y", "乙群", b), roomOf("@@z", "乙群", b)), "never bound: a person looks")
}

// The order in which groups and rooms come decides nothing.
// The office's staff sit in every room: each sketch then meets all rooms, and
// must not keep them.
func TestAssignStaffEverywhere(t *testing.T) {
	const groups = 2000
	staff := peopleOf(9_000_000, 5)
	var claims []Claim
	var rooms []Room
	for g := range groups {
		people := append(peopleOf(g*40, 40), staff...)
		name := fmt.Sprintf("第%d网格群", g)
		claims = append(claims, Claim{Group: int64(g + 1), Name: name, Trace: traceOf(int64(g+1), name, people)})
		rooms = append(rooms, roomOf(fmt.Sprintf("@@%d", g), name, people))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	all := Assign("l", claims, rooms)
	runtime.ReadMemStats(&after)
	for i, d := range all {
		require.Equal(t, rooms[i].Handle, d.Handle)
	}
	took := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d MB", took)
	require.Less(t, took, uint64(30), "MB")
}

func TestAssignHasNoOrder(t *testing.T) {
	w := newWorld(rand.Uint64(), 60, true)
	w.relogin(hostile)
	var rooms []Room
	for _, r := range w.rooms {
		rooms = append(rooms, r.Room)
	}
	want := Assign("now", w.claims, rooms)
	for range 5 {
		rand.Shuffle(len(rooms), func(i, j int) { rooms[i], rooms[j] = rooms[j], rooms[i] })
		order := rand.Perm(len(w.claims))
		claims := make([]Claim, len(order))
		for i, k := range order {
			claims[i] = w.claims[k]
		}
		got := Assign("now", claims, rooms)
		for i, k := range order {
			require.Equal(t, want[k], got[i])
		}
	}
}

func TestGroupCodes(t *testing.T) {
	require.Equal(t, "", CodeOf(0))
	require.Equal(t, "", CodeOf(260_000))
	seen := map[string]bool{}
	for _, id := range []int64{1, 371, 9999, 10_000, 259_999} {
		code := CodeOf(id)
		require.Len(t, code, 7)
		require.False(t, seen[code])
		seen[code] = true
		for _, sep := range []string{"·", "・", " · ", "•"} {
			require.Equal(t, id, CodeIn("永宁村便民群"+sep+code))
		}
		require.True(t, SameName("永宁村便民群·"+code, "永宁村 便民群"))
		for i, r := range code { // one wrong digit is found
			for d := '0'; d <= '9'; d++ {
				if i != 5 && i != 0 && d != r {
					require.Zero(t, CodeIn("群·"+code[:i]+string(d)+code[i+1:]))
				}
			}
		}
	}
	require.Zero(t, CodeIn(CodeOf(5)), "a code alone is no name")
	require.Zero(t, CodeIn("群"+CodeOf(5)))
}

func TestSketch(t *testing.T) {
	s := NewSketch(peopleOf(0, 300))
	require.Len(t, s, SketchSize)
	require.Equal(t, s, SketchOf(s.Bytes()))
	for _, bad := range [][]byte{{1}, make([]byte, 4*SketchSize+4), {0, 0, 0, 2, 0, 0, 0, 1}} {
		require.Nil(t, SketchOf(bad))
	}
	even := func(uint32) float64 { return 1 }
	rnd := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []uint32 {
		out := make([]uint32, n)
		for i := range out {
			out[i] = rnd.Uint32()
		}
		return out
	}
	for _, share := range []float64{0.3, 0.6, 0.9} { // of samples, on average what it is of the whole
		sum := 0.0
		for range 200 {
			a := draw(200)
			k := int(200 * 2 * share / (1 + share))
			b := append(draw(200-k), a[:k]...)
			sum += overlap(NewSketch(append([]uint32{}, a...)), NewSketch(b), even)
		}
		require.InDelta(t, share, sum/200, 0.02, fmt.Sprint(share))
	}
}
