package poster

import (
	"bytes"
	"compress/bzip2"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

//go:embed fonts/NotoSansSC-Medium-subset.otf.bz2
var packed []byte

// Font is the embedded font: GB2312, ASCII, common marks, letters of names and
// the Traditional letters of the plans. Not safe for concurrent use.
type Font struct {
	sfnt  *opentype.Font
	buf   sfnt.Buffer
	faces map[float64]font.Face
}

// NewFont unpacks the embedded font.
func NewFont() (*Font, error) {
	data, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("unpack embedded font: %w", err)
	}
	f, err := opentype.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("parse embedded font: %w", err)
	}
	return &Font{sfnt: f, faces: map[float64]font.Face{}}, nil
}

// Face returns the font at a size in pixels per em, kept for the next call.
func (f *Font) Face(size float64) (font.Face, error) {
	if face, ok := f.faces[size]; ok {
		return face, nil
	}
	face, err := opentype.NewFace(f.sfnt, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("size font to %.0f px: %w", size, err)
	}
	f.faces[size] = face
	return face, nil
}

// Missing returns the letters of text the font cannot draw, each once, in order
// of appearance. White space is never missing.
func (f *Font) Missing(text string) []rune {
	var missing []rune
	seen := map[rune]bool{'\n': true, '\r': true, '\t': true, ' ': true}
	for _, r := range text {
		if seen[r] {
			continue
		}
		seen[r] = true
		if n, err := f.sfnt.GlyphIndex(&f.buf, r); err != nil || n == 0 {
			missing = append(missing, r)
		}
	}
	return missing
}

// Measure returns the width of one line of text in pixels as Canvas.Text sets
// it, rounded up.
func (f *Font) Measure(text string, size float64) int {
	var w fixed.Int26_6
	letters := []rune(text)
	for n, r := range letters {
		w += f.step(r, next(letters, n), size)
	}
	return w.Ceil()
}

// step is how far the pen moves after a letter. Of two marks in a row the first
// gives up its empty half, as in print.
func (f *Font) step(r, following rune, size float64) fixed.Int26_6 {
	w := f.advance(r, size)
	if following != 0 && strings.ContainsRune("，。、；：”’」』）》】〉", r) && strings.ContainsRune("，。、；：”’」』）》】〉“‘「『（《【〈", following) {
		w -= fixed.Int26_6(size * 64 / 2)
	}
	return w
}

func next(letters []rune, n int) rune {
	if n+1 < len(letters) {
		return letters[n+1]
	}
	return 0
}

// advance is the width of one letter; letters the font lacks are as wide as
// its empty box.
func (f *Font) advance(r rune, size float64) fixed.Int26_6 {
	n, err := f.sfnt.GlyphIndex(&f.buf, r)
	if err != nil {
		n = 0
	}
	w, err := f.sfnt.GlyphAdvance(&f.buf, n, fixed.Int26_6(size*64), font.HintingNone)
	if err != nil {
		return fixed.Int26_6(size * 64)
	}
	return w
}
