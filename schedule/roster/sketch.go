package roster

import (
	"encoding/binary"
	"math"
	"slices"
)

// SketchSize is how many hashes are kept of a group's members: all of them in a
// group of that size or less, a fair sample of a larger one. At 64 the error of
// an overlap of one half is 0.06 (binomial), and a group takes 256 bytes.
const SketchSize = 64

// Sketch is all that is kept of a group's members: the smallest of the keyed
// hashes of their names, ascending (bottom-k min-hash). No name can be read
// from it without the key.
type Sketch []uint32

// NewSketch takes the hashes of all members; it sorts them in place.
func NewSketch(hashes []uint32) Sketch {
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	return slices.Clone(Sketch(hashes[:min(len(hashes), SketchSize)]))
}

// Bytes is the sketch as it is stored.
func (s Sketch) Bytes() []byte {
	out := make([]byte, 0, 4*len(s))
	for _, h := range s {
		out = binary.BigEndian.AppendUint32(out, h)
	}
	return out
}

// SketchOf reads what Bytes wrote; anything else is no sketch.
func SketchOf(b []byte) Sketch {
	if len(b)%4 != 0 || len(b) > 4*SketchSize {
		return nil
	}
	s := make(Sketch, 0, len(b)/4)
	for ; len(b) > 0; b = b[4:] {
		s = append(s, binary.BigEndian.Uint32(b))
	}
	if !slices.IsSorted(s) {
		return nil
	}
	return s
}

// reach is the largest hash up to which the sketch tells every member.
func (s Sketch) reach() uint32 {
	if len(s) < SketchSize {
		return math.MaxUint32
	}
	return s[len(s)-1]
}

// overlap is the weighted share of the members that two groups have in common
// of those that either has (Jaccard), judged where both sketches are complete.
func overlap(a, b Sketch, weight func(uint32) float64) float64 {
	limit := min(a.reach(), b.reach())
	var both, all float64
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			if a[i] <= limit {
				all += weight(a[i])
			}
			i++
		case i == len(a) || b[j] < a[i]:
			if b[j] <= limit {
				all += weight(b[j])
			}
			j++
		default:
			if a[i] <= limit {
				both, all = both+weight(a[i]), all+weight(a[i])
			}
			i, j = i+1, j+1
		}
	}
	if all == 0 {
		return 0
	}
	return both / all
}

// crowd knows which rooms of a session a hash occurs in. Who is in many rooms
// (the office's staff) says little about which room it is, and weighs less. For
// one goroutine.
type crowd struct {
	at     []posting // sorted
	rooms  int
	shared []float64 // with the sketch in hand, by room; all 0 between calls
	met    []int32   // the rooms not 0
}

type posting struct {
	hash uint32
	room int32
}

func newCrowd(rooms []Room) *crowd {
	n := 0
	for _, r := range rooms {
		n += len(r.Sketch)
	}
	c := &crowd{at: make([]posting, 0, n), rooms: len(rooms), shared: make([]float64, len(rooms))}
	for i, r := range rooms {
		for _, h := range r.Sketch {
			c.at = append(c.at, posting{h, int32(i)})
		}
	}
	slices.SortFunc(c.at, func(a, b posting) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return int(a.room - b.room)
	})
	return c
}

// in are the postings of a hash.
func (c *crowd) in(hash uint32) []posting {
	from, _ := slices.BinarySearchFunc(c.at, hash, func(p posting, h uint32) int {
		if p.hash < h {
			return -1
		}
		return 1
	})
	to := from
	for to < len(c.at) && c.at[to].hash == hash {
		to++
	}
	return c.at[from:to]
}

// smooth keeps a member who is in two of three rooms from weighing nothing: in a
// small office that is no staff, it is somebody's copy of a group.
const smooth = 50

// weight of a member falls with the number of rooms it is in.
func (c *crowd) weight(hash uint32) float64 {
	return math.Log(float64(c.rooms+smooth) / float64(max(len(c.in(hash)), 1)))
}

// worthComparing is the share of a sketch's weight that must be met in a room
// before the two are compared; far below any threshold.
const worthComparing = 0.05

// near are the rooms that share members with a sketch, and how much. Where staff
// sit in every room each sketch meets all of them; those not worth comparing
// leave nothing behind.
func (c *crowd) near(s Sketch, rooms []Room) map[int]float64 {
	c.met = c.met[:0]
	total := 0.0
	for _, h := range s {
		w := c.weight(h)
		total += w
		for _, p := range c.in(h) {
			if c.shared[p.room] == 0 {
				c.met = append(c.met, p.room)
			}
			c.shared[p.room] += w
		}
	}
	out := map[int]float64{}
	for _, i := range c.met {
		if c.shared[i] >= worthComparing*total {
			out[int(i)] = overlap(s, rooms[i].Sketch, c.weight)
		}
		c.shared[i] = 0
	}
	return out
}
