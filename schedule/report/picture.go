package report

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"sync"
	"weak"

	"tongluo/content/poster"
	"tongluo/schedule/coverage"
)

// Painter draws pictures of numbers, from any goroutine. Unpacking the font
// takes some 0.15 s and keeping it 1.5 MB, so it is kept from one picture to the
// next for as long as the garbage collector finds room.
type Painter struct {
	mu   sync.Mutex
	kept weak.Pointer[poster.Font]
}

// The measures of a grid, in pixels; a picture of eight weeks is as wide as a
// poster, and is read on a phone without turning it.
const (
	edge      = 36
	nameWidth = 196
	sumWidth  = 132
	weekWidth = 85
	rowHeight = 66
	titleSize = 44
	noteSize  = 25
	nameSize  = 30
	longSize  = 21 // of a name on two lines
	cellSize  = 30
	markSize  = 21
)

// MostRows is how many units a picture shows; the worst come first.
const MostRows = 60

// The colours. Only what a keeper is behind on is coloured, and none of them is
// a risk colour (red, orange, yellow, green); in black and white it is the only
// dark cell.
var (
	theirs = color.RGBA{0x3a, 0x3f, 0x8f, 0xff} // 村里没转
	rule   = color.RGBA{0xd2, 0xd0, 0xc8, 0xff}
	hatch  = color.RGBA{0xc4, 0xc2, 0xba, 0xff}
	faint  = color.RGBA{0x6d, 0x70, 0x76, 0xff}
	head   = color.RGBA{0xef, 0xec, 0xe2, 0xff}
	light  = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

func (p *Painter) font() (*poster.Font, error) {
	if f := p.kept.Value(); f != nil {
		return f, nil
	}
	f, err := poster.NewFont()
	p.kept = weak.Make(f)
	return f, err
}

// Grid draws units by weeks as a PNG: a cell is met/owed without what is
// excused, 迟 what was made up late, 村 what keepers and 办 what others are behind
// on; hatched is not owed, grey letters are not over yet.
func (p *Painter) Grid(g coverage.Grid, title, asOf string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	font, err := p.font()
	if err != nil {
		return nil, fmt.Errorf("draw grid: %w", err)
	}
	shown := g.Rows[:min(len(g.Rows), MostRows)]
	notes := gridNotes(g, len(g.Rows)-len(shown), asOf)
	top := edge + leadingOf(titleSize) + leadingOf(noteSize) + 14
	d := gridSheet{font: font, grid: g, top: top}
	d.width = 2*edge + nameWidth + sumWidth + weekWidth*max(len(g.Weeks), 8)
	height := top + rowHeight*(len(shown)+2) + 20 + len(notes)*leadingOf(noteSize) + edge
	d.c = font.NewCanvas(d.width, height, poster.Paper)
	d.c.Text(edge, edge, title, poster.Style{Size: titleSize, Color: poster.Ink, Back: poster.Paper, Bold: true})
	d.c.Text(edge, edge+leadingOf(titleSize), sentence(g.Total.Sum), poster.Style{Size: noteSize, Color: poster.Ink, Back: poster.Paper})
	d.heads()
	for i, r := range shown {
		d.row(i+1, r, poster.Paper)
	}
	d.row(len(shown)+1, g.Total, head)
	y := top + rowHeight*(len(shown)+2) + 20
	for _, n := range notes {
		d.c.Text(edge, y, n, poster.Style{Size: noteSize, Color: faint, Back: poster.Paper})
		y += leadingOf(noteSize)
	}
	return d.c.FastPNG()
}

// sentence is the number the picture is about, with its denominator.
func sentence(r coverage.Row) string {
	if r.Owed == 0 {
		return "这几周没有到期的应办"
	}
	s := fmt.Sprintf("%d/%d 达标，免考核 %d；落后 %d：村里的 %d，怪不到村里 %d", r.Met, r.Owed-r.Excused, r.Excused, r.Behind, r.BehindKeeper, r.BehindOffice)
	if r.Late > 0 {
		s += fmt.Sprintf("；补齐 %d", r.Late)
	}
	return s
}

func gridNotes(g coverage.Grid, hidden int, asOf string) []string {
	notes := []string{"格子：达标/应办（不含免考核）　迟：过期后才补齐　斜纹：没有应办", "深色：村里没转（村）　办：怪不到村里的　灰字：还没到期"}
	if o := g.Other; o.Owed+o.SoFar.Owed > 0 {
		notes = append(notes, fmt.Sprintf("按月、按季等的不在格子里：已到期 %d/%d，还没到期 %d/%d", o.Met, o.Owed-o.Excused, o.SoFar.Met, o.SoFar.Owed-o.SoFar.Excused))
	}
	if hidden > 0 {
		notes = append(notes, fmt.Sprintf("落后少的 %d 个单位没有画，都算在合计里", hidden))
	}
	return append(notes, "截至 "+asOf)
}

// gridSheet is a grid being drawn.
type gridSheet struct {
	font  *poster.Font
	c     *poster.Canvas
	grid  coverage.Grid
	top   int
	width int
}

// heads writes the first day of each week.
func (d *gridSheet) heads() {
	d.c.Fill(image.Rect(edge, d.top, d.width-edge, d.top+rowHeight), head)
	style := poster.Style{Size: nameSize, Color: poster.Ink, Back: head}
	d.c.Text(edge+8, d.top+10, "单位", style)
	for i, w := range d.grid.Weeks {
		d.center(d.cell(i, 0), fmt.Sprintf("%d.%d", int(w.Start.Month()), w.Start.Day()), "起", style)
	}
	d.center(d.sum(0), "合计", "", style)
}

// cell and sum are the areas of a row's cells.
func (d *gridSheet) cell(week, row int) image.Rectangle {
	x, y := edge+nameWidth+week*weekWidth, d.top+row*rowHeight
	return image.Rect(x, y, x+weekWidth, y+rowHeight)
}

func (d *gridSheet) sum(row int) image.Rectangle {
	y := d.top + row*rowHeight
	return image.Rect(d.width-edge-sumWidth, y, d.width-edge, y+rowHeight)
}

func (d *gridSheet) row(n int, r coverage.GridRow, back color.RGBA) {
	y := d.top + n*rowHeight
	d.c.Fill(image.Rect(edge, y, d.width-edge, y+rowHeight), back)
	lines, size := nameLines(d.font, r.Name)
	for i, line := range lines {
		d.c.Text(edge+8, y+(rowHeight-len(lines)*leadingOf(size))/2+i*leadingOf(size), line, poster.Style{Size: size, Color: poster.Ink, Back: back})
	}
	for i, c := range r.Cells {
		d.paint(d.cell(i, n), c, back, r.Key != d.grid.Total.Key)
	}
	d.paint(d.sum(n), r.Sum, back, false)
	d.c.Fill(image.Rect(edge, y+rowHeight-1, d.width-edge, y+rowHeight), rule)
}

// nameLines are the lines of a unit's name: one, or two smaller ones. Of a name
// that is longer still the middle goes: units of one place begin alike, and must
// not be taken for each other.
func nameLines(font *poster.Font, name string) (lines []string, size float64) {
	const width = nameWidth - 12
	if font.Measure(name, nameSize) <= width {
		return []string{name}, nameSize
	}
	head, tail := []rune(name), []rune{}
	for font.Measure(string(head), longSize) > width {
		head, tail = head[:len(head)-1], append([]rune{head[len(head)-1]}, tail...)
	}
	if font.Measure(string(tail), longSize) > width {
		for font.Measure("…"+string(tail), longSize) > width {
			tail = tail[1:]
		}
		tail = append([]rune("…"), tail...)
	}
	if len(tail) == 0 {
		return []string{string(head)}, longSize
	}
	return []string{string(head), string(tail)}, longSize
}

// paint draws one cell; a sum is never dark, or one week would darken a year.
func (d *gridSheet) paint(area image.Rectangle, r coverage.Row, back color.RGBA, dark bool) {
	style := poster.Style{Size: cellSize, Color: poster.Ink, Back: back}
	base, open := r.Owed-r.Excused, r.SoFar.Owed-r.SoFar.Excused
	switch {
	case base > 0:
		if dark && r.BehindKeeper > 0 {
			style.Color, style.Back = light, theirs
			d.c.Fill(area.Inset(2), theirs)
		}
		d.center(area, fmt.Sprintf("%d/%d", r.Met, base), marks(r), style)
	case open > 0:
		style.Color = faint
		d.center(area, fmt.Sprintf("%d/%d", r.SoFar.Met, open), "", style)
	default:
		d.hatched(area.Inset(6))
	}
}

// marks say how the rest of a cell came about.
func marks(r coverage.Row) string {
	var all []string
	for _, m := range []struct {
		word string
		n    int
	}{{"村", r.BehindKeeper}, {"办", r.BehindOffice}, {"迟", r.Late}} {
		if m.n > 0 {
			all = append(all, fmt.Sprintf("%s%d", m.word, m.n))
		}
	}
	return strings.Join(all, " ")
}

// center writes a line and a smaller one in the middle of an area.
func (d *gridSheet) center(area image.Rectangle, text, mark string, s poster.Style) {
	s.Size = d.fit(text, s.Size, area.Dx()-4)
	y := area.Min.Y + (rowHeight-leadingOf(s.Size))/2
	if mark != "" {
		y -= 12
	}
	d.c.Text(area.Min.X+(area.Dx()-d.font.Measure(text, s.Size))/2, y, text, s)
	if mark == "" {
		return
	}
	s.Size = d.fit(mark, markSize, area.Dx()-4)
	d.c.Text(area.Min.X+(area.Dx()-d.font.Measure(mark, s.Size))/2, area.Max.Y-leadingOf(s.Size)-1, mark, s)
}

// fit is the size at which a line fits, at most the one asked for.
func (d *gridSheet) fit(text string, size float64, width int) float64 {
	for size > 14 && d.font.Measure(text, size) > width {
		size -= 2
	}
	return size
}

// hatched draws slanting lines.
func (d *gridSheet) hatched(area image.Rectangle) {
	for start := area.Min.X - area.Dy(); start < area.Max.X; start += 12 {
		for dy := range area.Dy() {
			dot := image.Rect(start+dy, area.Max.Y-dy-1, start+dy+2, area.Max.Y-dy)
			if dot.Min.X >= area.Min.X && dot.Max.X <= area.Max.X {
				d.c.Fill(dot, hatch)
			}
		}
	}
}

// leadingOf is the height of a line at a size.
func leadingOf(size float64) int { return int(size*1.5 + 0.5) }
