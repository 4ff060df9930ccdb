package roster

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// damm is H. M. Damm's check table: it finds every wrong digit and every pair of
// neighbours written the wrong way round.
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1}, {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

const (
	codeBlock  = 10_000
	codeGroups = 26 * codeBlock
	codeRunes  = len("A0371-7")
	codeMark   = "·"
)

// CodeOf is the code of a group that the office may write at the end of the
// group's name on the phone, as in "永宁村便民群·A0371-7"; "" for an id beyond
// the codes.
func CodeOf(group int64) string {
	if group <= 0 || group >= codeGroups {
		return ""
	}
	return fmt.Sprintf("%c%04d-%d", 'A'+rune(group/codeBlock), group%codeBlock, checkDigit(group))
}

func checkDigit(n int64) byte {
	var c byte
	for _, d := range fmt.Sprintf("%06d", n) {
		c = damm[c][d-'0']
	}
	return c
}

// splitName takes a room's name apart: the name as it is compared (NFKC, no
// emoji, no space) and the group of the code at its end, 0 for none. A code with
// a wrong check digit is part of the name.
func splitName(name string) (bare string, group int64) {
	s := bareName(name)
	runes := []rune(s)
	if n := len(runes) - codeRunes; n > 0 && strings.ContainsRune("·・•.", runes[n-1]) {
		if group = readCode(strings.ToUpper(string(runes[n:]))); group != 0 {
			return string(runes[:n-1]), group
		}
	}
	return s, 0
}

func readCode(s string) int64 {
	if len(s) != codeRunes || s[0] < 'A' || s[0] > 'Z' || s[5] != '-' {
		return 0
	}
	n := int64(s[0]-'A') * codeBlock
	for i, unit := 1, int64(codeBlock/10); i < 5; i, unit = i+1, unit/10 {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n += int64(s[i]-'0') * unit
	}
	if CodeOf(n) != s {
		return 0
	}
	return n
}

// CodeIn is the group whose code stands at the end of a room's name, 0 for none.
func CodeIn(name string) int64 {
	_, group := splitName(name)
	return group
}

// bareName makes names comparable: NFKC, without emoji, spaces and what cannot
// be seen. It is compared whole, never by its beginning.
func bareName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '一' && r <= '龥', r >= '0' && r <= '9':
		case unicode.IsSpace(r), unicode.In(r, unicode.So, unicode.Sk, unicode.Cf, unicode.Cc, unicode.Me, unicode.Variation_Selector), r == '\uFFFD':
			return -1
		}
		return r
	}, norm.NFKC.String(name))
}

// SameName reports whether two names are the same to a person: spaces, emoji
// and width do not count, and neither does a group's code.
func SameName(a, b string) bool {
	x, _ := splitName(a)
	y, _ := splitName(b)
	return x != "" && x == y
}
