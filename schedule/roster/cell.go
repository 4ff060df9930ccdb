package roster

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaStart are the first characters that make a spreadsheet compute a cell.
const formulaStart = "=+-@\t\r\x00"

// EscapeCell puts ' before a text that a spreadsheet would run as a formula.
// UnescapeCell takes exactly that back.
func EscapeCell(s string) string {
	if risky(s) {
		return "'" + s
	}
	return s
}

// UnescapeCell undoes EscapeCell and leaves every other text alone.
func UnescapeCell(s string) string {
	if strings.HasPrefix(s, "'") && risky(s) {
		return s[1:]
	}
	return s
}

// risky looks behind leading quotes, so that a text which already begins with
// '= survives a round trip.
func risky(s string) bool {
	bare := strings.TrimLeft(s, "'")
	return bare != "" && strings.ContainsRune(formulaStart, rune(bare[0]))
}

// cleanCell returns what a person meant by a cell: unescaped, on one line,
// without characters nobody can see.
func cleanCell(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, UnescapeCell(strings.TrimSpace(s)))
	return strings.TrimSpace(s)
}

// SplitList reads a cell that holds several values, separated by 、,; or /
// (full or half width); blanks and repeats are dropped.
func SplitList(s string) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、,，;；/／", r) }) {
		if v = strings.TrimSpace(v); v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// HalfWidth turns full-width digits, signs and letters into the plain ones.
func HalfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		if r == '　' {
			return ' '
		}
		return r
	}, s)
}

// parsePhone returns a mainland mobile or landline number as it is stored:
// digits, and the hyphen after an area code if one was typed.
func parsePhone(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "—", "-", "–", "-").Replace(HalfWidth(s))
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, "eE.") && !lostDigits(s) {
		s = strconv.FormatFloat(f, 'f', -1, 64) // a number cell that Excel stored as 1.3800000001E10
	}
	digits := strings.ReplaceAll(s, "-", "")
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(digits, "+"), "86"); ok && mobile(rest) {
		return rest, true
	}
	if mobile(digits) {
		return digits, true
	}
	return s, landline(s)
}

// lostDigits reports whether a number written with an exponent has more digits
// than are written: 1.38E+10 was a phone once.
func lostDigits(s string) bool {
	m, e, ok := strings.Cut(strings.ToUpper(strings.TrimSpace(HalfWidth(s))), "E")
	power, err := strconv.Atoi(e)
	_, bad := strconv.ParseFloat(m, 64)
	if !ok || err != nil || bad != nil {
		return false
	}
	_, behind, _ := strings.Cut(m, ".")
	return len(behind) < power
}

func mobile(s string) bool {
	return len(s) == 11 && allDigits(s) && s[0] == '1' && s[1] >= '3'
}

func landline(s string) bool {
	area, number, split := strings.Cut(s, "-")
	if split {
		return allDigits(area) && strings.HasPrefix(area, "0") && len(area) >= 3 && len(area) <= 4 && local(number)
	}
	return local(s) || (allDigits(s) && strings.HasPrefix(s, "0") && len(s) >= 10 && len(s) <= 12)
}

func local(s string) bool {
	return allDigits(s) && len(s) >= 7 && len(s) <= 8 && s[0] != '0'
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
