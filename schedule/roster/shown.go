package roster

import (
	"strings"
	"unicode"
)

// longestShown is more runes than the service lets a group's name have.
const longestShown = 60

// ShownName makes a name that strangers may have chosen fit to be shown to a
// person: on one line, not without end, and with □ for every sign that would show
// it, or what stands beside it, in another order than it is written in.
func ShownName(name string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		switch n++; {
		case n == longestShown+1:
			return '…'
		case n > longestShown:
			return -1
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), unicode.In(r, unicode.Zl, unicode.Zp), r == unicode.ReplacementChar:
			return '□'
		}
		return r
	}, strings.ToValidUTF8(name, "□"))
}
