package poster

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"unicode"

	"golang.org/x/image/math/fixed"
)

// shades is how many steps lie between a background and the ink on it: enough
// for smooth edges, few enough for a small palette.
const shades = 12

// Canvas is a picture in few colours, painted with flat areas and lines of text.
// Areas first, text on top: text needs to know the colour it stands on.
type Canvas struct {
	font  *Font
	img   *image.Paletted
	ramps map[[2]color.RGBA][]uint8
	err   error
}

// Style says how a line of text looks: size in pixels per em, ink, the flat
// colour beneath, and whether the strokes are thickened.
type Style struct {
	Size  float64
	Color color.RGBA
	Back  color.RGBA
	Bold  bool
}

// NewCanvas returns a canvas of that many pixels, filled with one colour.
func (f *Font) NewCanvas(width, height int, back color.RGBA) *Canvas {
	c := &Canvas{font: f, ramps: map[[2]color.RGBA][]uint8{}}
	c.img = image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{back})
	return c
}

// Fill paints a flat area.
func (c *Canvas) Fill(area image.Rectangle, with color.RGBA) {
	area = area.Intersect(c.img.Rect)
	if area.Empty() {
		return
	}
	n := c.index(with)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := c.img.Pix[c.img.PixOffset(area.Min.X, y):c.img.PixOffset(area.Max.X, y)]
		for x := range row {
			row[x] = n
		}
	}
}

// Text draws one line with its upper left corner at (x, y); the line is 1.5 ems
// high with the letters centred in it. It returns where the line ends. A face
// that cannot be made is reported by PNG.
func (c *Canvas) Text(x, y int, line string, s Style) int {
	face, err := c.font.Face(s.Size)
	if err != nil {
		c.err = err
		return x
	}
	ramp := c.ramp(s.Back, s.Color)
	thick := 0
	if s.Bold {
		thick = max(1, int(s.Size/46))
	}
	dot := fixed.P(x, y+int(s.Size*1.13))
	letters := []rune(line)
	if len(letters) > 0 && strings.ContainsRune("“‘「『（《【〈", letters[0]) {
		dot.X -= fixed.Int26_6(s.Size * 64 * 0.46) // the mark's empty half hangs in the margin
	}
	for n, r := range letters {
		area, mask, at, _, _ := face.Glyph(dot, r)
		if m, ok := mask.(*image.Alpha); ok && !unicode.IsSpace(r) {
			c.stamp(area, m, at, ramp, thick)
		}
		dot.X += c.font.step(r, next(letters, n), s.Size)
	}
	return dot.X.Ceil()
}

// stamp lays one letter down, the darker shade winning where it touches others;
// thick repeats it that many pixels to the right.
func (c *Canvas) stamp(area image.Rectangle, mask *image.Alpha, at image.Point, ramp []uint8, thick int) {
	rank := [256]uint8{}
	for n, colour := range ramp {
		rank[colour] = uint8(n)
	}
	for shift := 0; shift <= thick; shift++ {
		to := area.Add(image.Pt(shift, 0)).Intersect(c.img.Rect)
		for y := to.Min.Y; y < to.Max.Y && !to.Empty(); y++ {
			from := mask.PixOffset(at.X+to.Min.X-shift-area.Min.X, at.Y+y-area.Min.Y)
			row := c.img.Pix[c.img.PixOffset(to.Min.X, y):][:to.Dx()]
			for x, a := range mask.Pix[from:][:len(row)] {
				if n := uint8((int(a)*(shades-1) + 127) / 255); n > rank[row[x]] {
					row[x] = ramp[n]
				}
			}
		}
	}
}

// PNG encodes the canvas. It reports a face that could not be made and a palette
// that grew beyond 256 colours.
func (c *Canvas) PNG() ([]byte, error) { return c.encode(png.DefaultCompression) }

// FastPNG is PNG in a third of the time and some more bytes, for a picture that
// somebody waits for.
func (c *Canvas) FastPNG() ([]byte, error) { return c.encode(png.BestSpeed) }

func (c *Canvas) encode(level png.CompressionLevel) ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	if len(c.img.Palette) > 256 {
		return nil, fmt.Errorf("encode picture: %d colours are too many", len(c.img.Palette))
	}
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: level}).Encode(&buf, c.img); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return buf.Bytes(), nil
}

// index finds or adds a colour.
func (c *Canvas) index(want color.RGBA) uint8 {
	for n, have := range c.img.Palette {
		if have == want {
			return uint8(n)
		}
	}
	c.img.Palette = append(c.img.Palette, want)
	return uint8(len(c.img.Palette) - 1)
}

// ramp returns the palette entries from a background to the ink on it.
func (c *Canvas) ramp(back, ink color.RGBA) []uint8 {
	key := [2]color.RGBA{back, ink}
	if r, ok := c.ramps[key]; ok {
		return r
	}
	r := make([]uint8, shades)
	for n := range r {
		mix := func(a, b uint8) uint8 { return uint8((int(a)*(shades-1-n) + int(b)*n) / (shades - 1)) }
		r[n] = c.index(color.RGBA{mix(back.R, ink.R), mix(back.G, ink.G), mix(back.B, ink.B), 0xff})
	}
	c.ramps[key] = r
	return r
}
