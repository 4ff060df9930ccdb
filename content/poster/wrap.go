package poster

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/image/math/fixed"
)

// Marks that may not begin and that may not end a line (GB/T 15834, W3C clreq).
const (
	notFirst = "，。、；：？！）》〉」』】〕”’…—·,.;:?!)]}%％‰℃°～~"
	notLast  = "（《〈「『【〔“‘([{￥¥$＃#"
)

// Wrap breaks text into lines at most width pixels wide at a size in pixels per
// em. Line breaks in the text stay. Words and numbers in ASCII are kept whole
// while they fit, no line begins with a closing mark or ends with an opening
// one, and no letter is lost: the lines joined are the text without its line
// breaks and without white space where lines meet. A width too small for two
// letters is refused.
func (f *Font) Wrap(text string, size float64, width int) ([]string, error) {
	if float64(width) < 2*size {
		return nil, fmt.Errorf("wrap text: %d px is less than two letters of %.0f px", width, size)
	}
	var lines []string
	for para := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		lines = append(lines, f.fill([]rune(strings.TrimSpace(para)), size, fixed.I(width))...)
	}
	return lines, nil
}

// fill breaks one paragraph.
func (f *Font) fill(p []rune, size float64, width fixed.Int26_6) []string {
	var lines []string
	for len(p) > 0 {
		n := f.fitting(p, size, width)
		if n < len(p) {
			n = breakAt(p, n)
		}
		lines = append(lines, strings.TrimRightFunc(string(p[:n]), unicode.IsSpace))
		for p = p[n:]; len(p) > 0 && unicode.IsSpace(p[0]); {
			p = p[1:]
		}
	}
	if lines == nil {
		return []string{""}
	}
	return lines
}

// fitting counts the letters that fit; at least one.
func (f *Font) fitting(p []rune, size float64, width fixed.Int26_6) int {
	var w fixed.Int26_6
	for n, r := range p {
		if w+f.advance(r, size) > width && n > 0 {
			return n
		}
		w += f.step(r, next(p, n), size)
	}
	return len(p)
}

// breakAt returns the last place at or before n where the line may end; n itself
// if there is none in the second half of the line.
func breakAt(p []rune, n int) int {
	for at := n; at > n/2 && at > 0; at-- {
		if mayBreak(p, at) {
			return at
		}
	}
	return n
}

// mayBreak: between p[at-1] and p[at]. White space where lines meet is dropped,
// so the next line begins with the first letter behind it.
func mayBreak(p []rune, at int) bool {
	start := at
	for start < len(p)-1 && unicode.IsSpace(p[start]) {
		start++
	}
	before, after := p[at-1], p[start]
	switch {
	case strings.ContainsRune(notFirst, after), strings.ContainsRune(notLast, before):
		return false
	case unicode.IsSpace(before), start > at:
		return true
	case wordy(before) && wordy(after):
		return false
	}
	return !(unicode.IsDigit(before) && strings.ContainsRune("元万亿年月日号点分岁天个条", after))
}

// wordy letters belong together: an ASCII word, a number, a decimal.
func wordy(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+-_/@&", r))
}
