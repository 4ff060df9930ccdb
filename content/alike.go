package content

import (
	"cmp"
	"math"
	"slices"
)

// view says which part of a kept picture another one shows: part of its width,
// from (x, y) in dots of the kept grid.
type view struct{ part, x, y float64 }

// How far a forwarded picture may have been cut, in width and in area, and the
// steps in which that is looked for.
const (
	leastPart  = 0.76
	leastArea  = 0.55
	partStep   = 0.02
	candidates = 4
	// vague is the agreement below which a place is not looked at more closely.
	vague = 0.25
)

// tile is the size of the pieces that must agree one by one, in kept dots: some
// four letters by two lines of a poster.
const (
	tileWidth  = 24
	tileHeight = 16
	// faint is the squared contrast of a dot, on average, below which a tile
	// shows nothing that could agree.
	faint = 25
)

// Same is the likeness from which on two pictures are the same; Apart is how
// much more alike than any other picture of the library it must be.
// TestReforwards measures both.
const (
	Same  = 0.70
	Apart = 0.08
)

// Sight is a picture that was seen, ready to be compared with many prints.
type Sight struct {
	print Print
	areas areas
}

// Look reads a picture that was seen. ErrNoPrint for what cannot be told apart.
func Look(data []byte) (Sight, error) {
	p, err := lookAt(data)
	if err != nil {
		return Sight{}, err
	}
	return Sight{p, areasOf(p)}, nil
}

// Found is where a kept picture was found in a sight.
type Found struct {
	Likeness float64 // 0 to 1
	at       view
}

// Likeness finds the kept picture in s, whole or cut by up to a tenth on each
// side, and tells how alike the two are: three quarters of their tiles agree at
// least that much. Posters share bands and margins, so only differences from
// left to right count, which is where the words are; a mark in a corner spoils
// a tile and not the rest.
func (p Print) Likeness(s Sight) Found {
	if len(p.Gray) == 0 || p.W < tileWidth {
		return Found{}
	}
	whole := p.climb(s, view{part: p.widest(s)})
	found := Found{p.tiles(s, whole), whole}
	if found.Likeness >= Same {
		return found
	}
	coarse := p.shrink(p.W/3, max(p.H/3, 1))
	for _, at := range coarse.search(s) {
		at = p.climb(s, view{at.part, at.x * 3, at.y * 3})
		if l := p.tiles(s, at); l > found.Likeness {
			found = Found{l, at}
		}
	}
	return found
}

// LikenessAt is the likeness of another kept picture where f was found: what it
// takes to see whether the two can be told apart.
func (p Print) LikenessAt(s Sight, f Found) float64 {
	if len(p.Gray) == 0 || p.W < tileWidth {
		return 0
	}
	return p.tiles(s, f.at)
}

// widest is the largest part of p's width that s can show.
func (p Print) widest(s Sight) float64 {
	return min(1, float64(p.H)/float64(p.W)*float64(s.print.W)/float64(s.print.H))
}

// height of the part that s shows, in dots of p.
func (p Print) height(s Sight, part float64) float64 {
	return part * float64(p.W) * float64(s.print.H) / float64(s.print.W)
}

// search tries every part and place in whole dots and returns the few at which
// the pictures agree best, if they agree at all.
func (p Print) search(s Sight) []view {
	var best []view
	var scores []float64
	for part := p.widest(s); part >= leastPart; part -= partStep {
		w, h := part*float64(p.W), p.height(s, part)
		if w*h < leastArea*float64(p.W*p.H) {
			break
		}
		for x := 0.0; x <= float64(p.W)-w+0.5; x++ {
			for y := 0.0; y <= float64(p.H)-h+0.5; y++ {
				at := view{part, x, y}
				score := p.agreement(s, at)
				n, _ := slices.BinarySearchFunc(scores, score, func(have, want float64) int { return cmp.Compare(want, have) })
				if score >= vague && n < candidates {
					best, scores = slices.Insert(best, n, at), slices.Insert(scores, n, score)
					best, scores = best[:min(len(best), candidates)], scores[:min(len(scores), candidates)]
				}
			}
		}
	}
	return best
}

// climb moves a view in ever smaller steps to where the pictures agree best.
func (p Print) climb(s Sight, at view) view {
	best := p.agreement(s, at)
	widest := p.widest(s)
	step := view{partStep / 2, 1, 1}
	for range 5 {
		for moved := true; moved; {
			moved = false
			for _, d := range []view{{step.part, 0, 0}, {-step.part, 0, 0}, {0, step.x, 0}, {0, -step.x, 0}, {0, 0, step.y}, {0, 0, -step.y}} {
				to := view{min(at.part+d.part, widest), max(at.x+d.x, -0.5), max(at.y+d.y, -0.5)}
				if to == at || to.part < leastPart-partStep {
					continue
				}
				if score := p.agreement(s, to); score > best+1e-6 {
					at, best, moved = to, score, true
				}
			}
		}
		step = view{step.part / 2, step.x / 2, step.y / 2}
	}
	return at
}

// grid lays dots of a kept picture over a sight.
type grid struct {
	at   view
	x, y int     // first dot
	dot  float64 // size of a dot in the sight
	w, h int
}

// over is the grid of the dots of p that s shows whole.
func (p Print) over(s Sight, at view) grid {
	w, h := at.part*float64(p.W), p.height(s, at.part)
	g := grid{at: at, x: int(math.Ceil(max(at.x, 0))), y: int(math.Ceil(max(at.y, 0))), dot: float64(s.print.W) / w}
	g.w = min(int(at.x+w+0.01), p.W) - g.x
	g.h = min(int(at.y+h+0.01), p.H) - g.y
	return g
}

// sample averages the sight under each dot; tall is a dot's height there.
func (g grid) sample(s areas, tall float64) []float32 {
	if g.w <= 0 || g.h <= 0 {
		return nil
	}
	xs := make([]corner, g.w+1)
	for i := range xs {
		xs[i] = cornerAt((float64(g.x+i)-g.at.x)*g.dot, s.w)
	}
	out := make([]float32, g.w*g.h)
	above, below := make([]float32, g.w+1), make([]float32, g.w+1)
	area := float32(g.dot * tall)
	for j := range g.h + 1 {
		y := cornerAt((float64(g.y+j)-g.at.y)*tall, s.h)
		above, below = below, above
		for i, x := range xs {
			below[i] = s.to(x, y)
		}
		if j == 0 {
			continue
		}
		for i := range g.w {
			out[(j-1)*g.w+i] = (below[i+1] - below[i] - above[i+1] + above[i]) / area
		}
	}
	return out
}

// products are sums over dots, of two pictures' differences from left to right.
type products struct {
	ab, aa, bb float64
	dots       int
}

func (q products) cosine() float64 {
	if q.aa == 0 || q.bb == 0 {
		return 0
	}
	return q.ab / math.Sqrt(q.aa*q.bb)
}

// agreement of all dots at once: smooth, so that it can be climbed.
func (p Print) agreement(s Sight, at view) float64 {
	g := p.over(s, at)
	dots := g.sample(s.areas, g.dot)
	var q products
	for j := range max(g.h, 0) {
		kept := p.Gray[(g.y+j)*p.W+g.x:][:g.w]
		q.add(kept, dots[j*g.w:][:g.w])
	}
	return q.cosine()
}

// add takes in one row of dots of both pictures.
func (q *products) add(kept []byte, seen []float32) {
	var ab, aa, bb float32
	for i := 1; i+1 < len(kept) && i+1 < len(seen); i++ {
		a, b := float32(int(kept[i+1])-int(kept[i-1])), seen[i+1]-seen[i-1]
		ab += a * b
		aa += a * a
		bb += b * b
	}
	q.ab, q.aa, q.bb, q.dots = q.ab+float64(ab), q.aa+float64(aa), q.bb+float64(bb), q.dots+max(len(kept)-2, 0)
}

// tiles is what three quarters of the tiles that show anything agree at least.
func (p Print) tiles(s Sight, at view) float64 {
	g := p.over(s, at)
	dots := g.sample(s.areas, g.dot)
	across := (p.W + tileWidth - 1) / tileWidth
	all := make([]products, across*((p.H+tileHeight-1)/tileHeight))
	for j := range max(g.h, 0) {
		y := g.y + j
		for n := range across { // a tile's edges reach one dot into its neighbours
			from, to := max(n*tileWidth-1, g.x), min((n+1)*tileWidth+1, g.x+g.w)
			if from < to {
				all[y/tileHeight*across+n].add(p.Gray[y*p.W+from:y*p.W+to], dots[j*g.w+from-g.x:j*g.w+to-g.x])
			}
		}
	}
	var agree []float64
	for _, q := range all {
		if q.dots >= tileWidth*tileHeight/4 && q.aa/float64(q.dots) >= faint {
			agree = append(agree, q.cosine())
		}
	}
	if len(agree) < 4 {
		return 0
	}
	slices.Sort(agree)
	return max(agree[len(agree)/4], 0)
}
