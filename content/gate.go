package content

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// FindingKind says what sort of thing the gate stopped.
type FindingKind string

// What the gate stops.
const (
	FoundLink    FindingKind = "link"    // an address, however disguised
	FoundCode    FindingKind = "code"    // a QR code or barcode in a picture
	FoundNumber  FindingKind = "number"  // a telephone, service, card or account number
	FoundContact FindingKind = "contact" // an invitation to add a chat account
	FoundPicture FindingKind = "picture" // a picture that cannot be looked into
)

// Finding is one reason not to send: the words found (as read after undoing
// disguises), where (正文第 2 行, 第 1 张图) and, in Chinese, why.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	Text   string      `json:"text"`
	Where  string      `json:"where"`
	Reason string      `json:"reason"`
}

// Allow lists what the office has vouched for: exact host names (no wildcard; an
// allowed link is plain https or http, without port, user or disguise) and
// telephone numbers (digits; separators are ignored).
type Allow struct {
	Hosts   []string
	Numbers []string
}

// DefaultAllow allows no host and the three numbers every notice may name: 110
// police, 96110 the anti-fraud line, 12381 the ministry's warning texts.
func DefaultAllow() Allow { return Allow{Numbers: []string{"110", "96110", "12381"}} }

// Check looks for anything in the text or the pictures (PNG or JPEG bytes) that
// leads a reader elsewhere: links, codes, numbers, chat accounts. What is not on
// the allow list is refused (design rule 10). No findings means it may pass. It
// fetches nothing and judges only form: ordinary prose about fraud, with dates,
// sums and percentages, passes.
func Check(text string, pictures [][]byte, allow Allow) []Finding {
	return newScan(text, 0, allow).run(pictures)
}

// CheckItem checks an item's title, text and link, as they stand together in a
// group, and its pictures; findings in the title are placed 标题.
func CheckItem(i Item, pictures [][]byte, allow Allow) []Finding {
	return newScan(strings.Join([]string{i.Title, i.Body, i.Link}, "\n"), 1, allow).run(pictures)
}

// scan is one run of the gate over one text.
type scan struct {
	text  string // folded, allowed links removed
	above int    // lines of text that stand above the body: the title
	allow Allow
	found []Finding
}

// pattern is an expression that is compiled when it is first asked for: most
// runs of the program check no text, and compiling them all takes a while.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var plainLink = pattern(`https?://[A-Za-z0-9._~:/?#@!$&'*+;=%-]+`)

func newScan(text string, above int, allow Allow) *scan {
	s := &scan{above: above, allow: allow}
	rest := plainLink().ReplaceAllStringFunc(text, func(link string) string {
		if s.allowed(link) {
			return " "
		}
		return link
	})
	s.text = fold(rest)
	return s
}

func (s *scan) run(pictures [][]byte) []Finding {
	s.links()
	s.contacts()
	s.numbers()
	for n, p := range pictures {
		s.picture(fmt.Sprintf("第 %d 张图", n+1), p)
	}
	return s.found
}

// allowed reports whether a link as written leads to a listed host and nowhere
// else: a second address inside it would be an open door.
func (s *scan) allowed(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.User != nil || u.Port() != "" || !slices.Contains(s.allow.Hosts, u.Hostname()) {
		return false
	}
	rest, err := url.QueryUnescape(strings.TrimPrefix(link, u.Scheme+"://"))
	return err == nil && !strings.Contains(rest, "//") && !strings.Contains(rest, "@")
}

// add records a finding once; a part of something already found adds nothing.
func (s *scan) add(kind FindingKind, words, where, reason string) {
	words = strings.TrimSpace(words)
	known := func(f Finding) bool { return f.Kind == kind && strings.Contains(f.Text, words) }
	if kind != FoundCode && kind != FoundPicture && slices.ContainsFunc(s.found, known) {
		return
	}
	s.found = append(s.found, Finding{Kind: kind, Text: words, Where: where, Reason: reason})
}

// lineOf names the line of the text that holds byte at.
func (s *scan) lineOf(text string, at int) string {
	line := 1 + strings.Count(text[:at], "\n") - s.above
	if line < 1 {
		return "标题"
	}
	return fmt.Sprintf("正文第 %d 行", line)
}
