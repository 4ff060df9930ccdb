package plans

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// opencc is OpenCC's table of Traditional to Simplified (Apache License 2.0, its
// notice is in the file and opencc/LICENSE).
//
//go:embed opencc/t2s.txt
var opencc string

// simplified is the parsed table: characters and phrases, and the length of the
// longest entry in characters.
type simplified struct {
	pairs   map[string]string
	longest int
}

// simplifiedTable parses on first use, because most runs show no quote.
var simplifiedTable = sync.OnceValue(func() simplified {
	t := simplified{pairs: map[string]string{}}
	for line := range strings.Lines(opencc) {
		from, to, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		t.pairs[from] = to
		t.longest = max(t.longest, utf8.RuneCountInString(from))
	}
	return t
})

// Simplified turns Traditional characters into Simplified for showing a quote;
// everything else stays. The quote that is stored and compared is never changed.
func Simplified(s string) string {
	table := simplifiedTable()
	var out strings.Builder
	for s != "" {
		from, to := table.first(s)
		out.WriteString(to)
		s = s[len(from):]
	}
	return out.String()
}

// first finds the longest entry that s begins with; failing that, its first
// character stands for itself.
func (t simplified) first(s string) (from, to string) {
	ends := make([]int, 0, 16)
	for i := range s {
		if i > 0 {
			ends = append(ends, i)
		}
		if len(ends) == t.longest {
			break
		}
	}
	if len(ends) < t.longest {
		ends = append(ends, len(s))
	}
	for i := len(ends) - 1; i >= 0; i-- {
		if to, ok := t.pairs[s[:ends[i]]]; ok {
			return s[:ends[i]], to
		}
	}
	return s[:ends[0]], s[:ends[0]]
}
