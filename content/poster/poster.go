// Package poster knows how to turn words into a picture that old eyes can read
// on a small phone: it owns the font, breaks lines by the rules of Chinese
// setting and writes small PNGs.
//
// It refuses to know what the words mean, who reads them and where they are
// kept. The same words always give the same bytes.
package poster

import (
	"fmt"
	"image"
	"image/color"
	"strings"
)

// Width is the width of every poster in pixels; the height follows the text.
const Width = 1080

// DefaultFooter is the line at the foot of a poster that names none.
const DefaultFooter = "反诈热线 96110　遇事先核实　转账多一问"

// Poster draws. It is safe for use by one goroutine at a time.
type Poster struct {
	*Font
}

// New returns a Poster with the embedded font, unpacked anew: some 150 ms and
// 1.5 MB, so keep it while you draw and drop it afterwards.
func New() (*Poster, error) {
	f, err := NewFont()
	if err != nil {
		return nil, err
	}
	return &Poster{Font: f}, nil
}

// Ink and Paper are the colours of running text and what it stands on, for
// whoever paints a canvas of their own. Treat them as constants.
var (
	Ink   = color.RGBA{0x1f, 0x24, 0x2b, 0xff}
	Paper = color.RGBA{0xff, 0xfc, 0xf5, 0xff}
)

// The other colours: a deep blue band, a gold edge, a red rule.
var (
	band  = color.RGBA{0x12, 0x3f, 0x7a, 0xff}
	white = color.RGBA{0xff, 0xff, 0xff, 0xff}
	gold  = color.RGBA{0xff, 0xd4, 0x6b, 0xff}
	red   = color.RGBA{0xc8, 0x2a, 0x1e, 0xff}
)

// The measures, in pixels.
const (
	margin     = 84
	kickerSize = 40
	titleSize  = 92
	bodySize   = 57
	footerSize = 46
	bandPad    = 64
	bodyPad    = 76
	paraGap    = 34
	footerPad  = 46
)

// Draw returns a PNG: the title on a coloured band, the body in large type, the
// footer (DefaultFooter if empty) on a band of its own. Line breaks in the body
// begin paragraphs. A letter the font lacks is drawn as an empty box; see
// Missing. An empty title and body are refused.
func (p *Poster) Draw(title, body, footer string) ([]byte, error) {
	title, body = strings.TrimSpace(title), strings.TrimSpace(body)
	if title == "" && body == "" {
		return nil, fmt.Errorf("draw poster: no words")
	}
	if footer == "" {
		footer = DefaultFooter
	}
	l, err := p.layOut(title, body, footer)
	if err != nil {
		return nil, fmt.Errorf("draw poster: %w", err)
	}
	return l.png(p)
}

// layout is a poster with every line broken and every height known.
type layout struct {
	title, footer []string
	paragraphs    [][]string
	titleSize     float64
	footerSize    float64
	bandHeight    int
	bodyHeight    int
	footHeight    int
}

const measure = Width - 2*margin

func (p *Poster) layOut(title, body, footer string) (layout, error) {
	l := layout{titleSize: titleSize, footerSize: footerSize}
	var err error
	if l.title, err = p.balanced(title, &l.titleSize); err != nil {
		return l, err
	}
	for para := range strings.SplitSeq(body, "\n") {
		if para = strings.TrimSpace(para); para == "" {
			continue
		}
		lines, err := p.Wrap(para, bodySize, measure)
		if err != nil {
			return l, err
		}
		l.paragraphs = append(l.paragraphs, lines)
		l.bodyHeight += len(lines)*leading(bodySize) + paraGap
	}
	if l.footer, err = p.balanced(footer, &l.footerSize); err != nil {
		return l, err
	}
	l.bandHeight = 2*bandPad + leading(kickerSize) + 20 + len(l.title)*tight(l.titleSize)
	l.bodyHeight += 2*bodyPad - paraGap
	l.footHeight = 2*footerPad + len(l.footer)*leading(l.footerSize)
	return l, nil
}

// balanced breaks a short text in lines of about equal length: at a comma if
// that makes two lines, else evenly; a little smaller if that saves a line.
func (p *Poster) balanced(text string, size *float64) ([]string, error) {
	full, err := p.Wrap(text, *size, measure)
	if err != nil || len(full) < 2 {
		return full, err
	}
	for _, scale := range []float64{1, 0.92, 0.84, 0.76} {
		smaller := *size * scale
		if p.Measure(text, smaller) <= measure {
			*size = smaller
			return []string{text}, nil
		}
		if lines := p.halves(text, smaller); lines != nil {
			*size = smaller
			return lines, nil
		}
	}
	for narrow := measure / 2; narrow < measure; narrow += int(*size) / 2 {
		lines, err := p.Wrap(text, *size, narrow)
		if err == nil && len(lines) == len(full) {
			return lines, nil
		}
	}
	return full, nil
}

// halves cuts the text behind a mark so that both parts fit on a line; nil if no
// mark does that.
func (p *Poster) halves(text string, size float64) []string {
	for at, r := range text {
		cut := at + len(string(r))
		if !strings.ContainsRune("，：！？；　", r) || cut == len(text) || strings.ContainsRune(notFirst, []rune(text[cut:])[0]) {
			continue
		}
		if p.Measure(text[:cut], size) <= measure && p.Measure(text[cut:], size) <= measure {
			return []string{strings.TrimSpace(text[:cut]), strings.TrimSpace(text[cut:])}
		}
	}
	return nil
}

// leading is the distance between lines of running text, tight of a title.
func leading(size float64) int { return int(size*1.5 + 0.5) }
func tight(size float64) int   { return int(size*1.32 + 0.5) }

// png paints the layout.
func (l layout) png(p *Poster) ([]byte, error) {
	height := l.bandHeight + l.bodyHeight + l.footHeight
	c := p.NewCanvas(Width, height, Paper)
	c.Fill(image.Rect(0, 0, Width, l.bandHeight), band)
	c.Fill(image.Rect(0, l.bandHeight, Width, l.bandHeight+12), gold)
	y := bandPad
	c.Text(margin, y, "防诈提醒", Style{Size: kickerSize, Color: gold, Back: band})
	y += leading(kickerSize) + 20
	for _, line := range l.title {
		c.Text(margin, y, line, Style{Size: l.titleSize, Color: white, Back: band, Bold: true})
		y += tight(l.titleSize)
	}
	y = l.bandHeight + bodyPad
	for _, para := range l.paragraphs {
		c.Fill(image.Rect(margin-36, y+18, margin-26, y+len(para)*leading(bodySize)-18), red)
		for _, line := range para {
			c.Text(margin, y, line, Style{Size: bodySize, Color: Ink, Back: Paper})
			y += leading(bodySize)
		}
		y += paraGap
	}
	top := l.bandHeight + l.bodyHeight
	c.Fill(image.Rect(0, top, Width, height), band)
	y = top + footerPad
	for _, line := range l.footer {
		x := (Width - p.Measure(line, l.footerSize)) / 2
		c.Text(x, y, line, Style{Size: l.footerSize, Color: white, Back: band})
		y += leading(l.footerSize)
	}
	return c.PNG()
}

// Item draws a poster with the default footer; it has the shape of content.Draw.
func (p *Poster) Item(title, body string) ([]byte, error) { return p.Draw(title, body, "") }
