package roster

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestShownName(t *testing.T) {
	for name, want := range map[string]string{
		"永宁村便民群":                  "永宁村便民群",
		"好\u202e群村宁永":             "好□群村宁永",
		"一\n二\t三":                 "一 二 三",
		"\u2066甲\u2069\x00\u2028": "□甲□□□",
		"一家👨\u200d👩\u200d👧":       "一家👨\u200d👩\u200d👧",
		"\xff群":                   "□群",
		strings.Repeat("长", 61):   strings.Repeat("长", 60) + "…",
		strings.Repeat("长", 99):   strings.Repeat("长", 60) + "…",
	} {
		require.Equal(t, want, ShownName(name), "%q", name)
	}
}

func FuzzShownName(f *testing.F) {
	f.Add("好\u202e群\u2029")
	f.Fuzz(func(t *testing.T, name string) {
		s := ShownName(name)
		require.True(t, utf8.ValidString(s))
		require.LessOrEqual(t, utf8.RuneCountInString(s), longestShown+1)
		require.False(t, strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
		}))
		require.Equal(t, s, ShownName(s))
	})
}
