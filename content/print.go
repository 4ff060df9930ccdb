package content

import (
	"bytes"
	"errors"
	"fmt"
	"image"
)

// Print is what a picture looks like: its brightness on a small grid, row by
// row, W by H. The picture cannot be read back from it. It is compared by
// Print.Likeness and survives being compressed, scaled, cropped or marked.
type Print struct {
	W, H int
	Gray []byte
}

// The grids: of a picture that is kept, and of one that is looked at, which is
// shifted against it by parts of a dot.
const (
	keptWidth   = 96
	lookedWidth = 288
	tallest     = 5 // times the width
	smallest    = 48
)

// ErrNoPrint is a picture too small or too long to tell apart from others, or
// none at all.
var ErrNoPrint = errors.New("picture has no print")

// PrintOf takes the print of a PNG or JPEG that is to be kept and compared
// with: 96 dots wide. ErrNoPrint for what cannot be told apart.
func PrintOf(data []byte) (Print, error) {
	p, err := lookAt(data)
	if err != nil {
		return Print{}, err
	}
	h := (p.H*keptWidth + p.W/2) / p.W
	return p.shrink(keptWidth, h), nil
}

// lookAt reads a picture's brightness, at most lookedWidth dots wide.
func lookAt(data []byte) (Print, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Print{}, fmt.Errorf("%w: %w", ErrNoPrint, err)
	}
	if cfg.Width < smallest || cfg.Height < smallest || cfg.Height > tallest*cfg.Width || cfg.Width > tallest*cfg.Height || cfg.Width*cfg.Height > MaxPicturePixels {
		return Print{}, ErrNoPrint
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Print{}, fmt.Errorf("%w: %w", ErrNoPrint, err)
	}
	w := min(cfg.Width, lookedWidth)
	h := max(1, (cfg.Height*w+cfg.Width/2)/cfg.Width)
	return binned(img, w, h), nil
}

// binned averages a picture's brightness into w by h dots.
func binned(img image.Image, w, h int) Print {
	b := img.Bounds()
	sum, n := make([]uint32, w*h), make([]uint32, w*h)
	bright := brightness(img)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := (y - b.Min.Y) * h / b.Dy() * w
		for x := b.Min.X; x < b.Max.X; x++ {
			at := row + (x-b.Min.X)*w/b.Dx()
			sum[at] += uint32(bright(x, y))
			n[at]++
		}
	}
	p := Print{W: w, H: h, Gray: make([]byte, w*h)}
	for i := range sum {
		p.Gray[i] = byte(sum[i] / max(n[i], 1))
	}
	return p
}

// brightness reads the dots of the usual kinds of picture without an
// allocation each.
func brightness(img image.Image) func(x, y int) byte {
	switch m := img.(type) {
	case *image.YCbCr:
		return func(x, y int) byte { return m.Y[m.YOffset(x, y)] }
	case *image.Gray:
		return func(x, y int) byte { return m.Pix[m.PixOffset(x, y)] }
	case *image.Paletted:
		var shade [256]byte
		for i, c := range m.Palette {
			r, g, b, _ := c.RGBA()
			shade[i] = luma(r, g, b)
		}
		return func(x, y int) byte { return shade[m.Pix[m.PixOffset(x, y)]] }
	}
	return func(x, y int) byte {
		r, g, b, _ := img.At(x, y).RGBA()
		return luma(r, g, b)
	}
}

func luma(r, g, b uint32) byte { return byte((299*r + 587*g + 114*b) / 1000 >> 8) }

// shrink averages the print onto another grid.
func (p Print) shrink(w, h int) Print {
	out := Print{W: w, H: h, Gray: make([]byte, w*h)}
	s := areasOf(p)
	g := grid{at: view{part: 1}, dot: float64(p.W) / float64(w), w: w, h: h}
	dots := g.sample(s, float64(p.H)/float64(h))
	for i, v := range dots {
		out.Gray[i] = byte(min(max(v+0.5, 0), 255))
	}
	return out
}

// areas are the brightness of everything above and left of a dot's corner, so
// that the average of any rectangle takes four look-ups.
type areas struct {
	w, h int
	at   []float32 // (w+1) by (h+1)
}

func areasOf(p Print) areas {
	s := areas{w: p.W, h: p.H, at: make([]float32, (p.W+1)*(p.H+1))}
	for y := range p.H {
		var row float32
		for x := range p.W {
			row += float32(p.Gray[y*p.W+x])
			s.at[(y+1)*(s.w+1)+x+1] = s.at[y*(s.w+1)+x+1] + row
		}
	}
	return s
}

// corner is a place between dots: the whole dot before it and the rest.
type corner struct {
	whole int
	rest  float32
}

func cornerAt(v float64, end int) corner {
	v = min(max(v, 0), float64(end))
	whole := min(int(v), end-1)
	return corner{whole, float32(v - float64(whole))}
}

func (s areas) to(x, y corner) float32 {
	at := y.whole*(s.w+1) + x.whole
	below := at + s.w + 1
	top := s.at[at] + (s.at[at+1]-s.at[at])*x.rest
	bottom := s.at[below] + (s.at[below+1]-s.at[below])*x.rest
	return top + (bottom-top)*y.rest
}
