package content

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Wording is what a text says, whatever its marks, spaces and letter forms: its
// pairs of neighbouring letters. The text cannot be read back from it.
type Wording map[[2]rune]bool

// A forwarded text keeps most of the pairs it had, and a greeting or a footer
// is not longer than itself. TestReforwards measures both.
const (
	mostPairs = 0.8
	// SameWording is the likeness from which on two texts are the same.
	SameWording = 0.5
	fewPairs    = 10
)

// WordingOf reads a text.
func WordingOf(text string) Wording {
	w := Wording{}
	var last rune
	for _, r := range fold(text) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		if last != 0 {
			w[[2]rune{last, r}] = true
		}
		last = r
	}
	return w
}

// Likeness tells how much of both texts is the same, 0 to 1: pairs in both by
// pairs in either. It is 0 when seen lacks a fifth of what w says, and for a
// text of a few letters, which anybody may say.
func (w Wording) Likeness(seen Wording) float64 {
	both := 0
	for pair := range w {
		if seen[pair] {
			both++
		}
	}
	if len(w) < fewPairs || float64(both) < mostPairs*float64(len(w)) {
		return 0
	}
	return float64(both) / float64(len(w)+len(seen)-both)
}

var webAddress = pattern(`(?i)(?:https?://|\bmp\.weixin\.qq\.com/)[^\s\p{Han}，。；！“”《》【】<>"]+`)

// Addresses are the web addresses in a text or a card, each in its normal form.
func Addresses(text string) []string {
	var all []string
	for _, raw := range webAddress().FindAllString(text, -1) {
		if a := normalAddress(raw); a != "" && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// articleKeys name an article of an official account; everything else in its
// address says who shared it and from where.
var articleKeys = []string{"__biz", "mid", "idx", "sn"}

// sharing are keys that only say how an address came here.
var sharing = []string{"from", "scene", "isappinstalled", "share", "share_token", "sharer", "nsukey", "chksm", "sessionid", "clicktime", "enterid"}

// normalAddress gives an address without its scheme, its fragment and what
// sharing adds; "" for what is none.
func normalAddress(raw string) string {
	raw = strings.ReplaceAll(strings.TrimRight(raw, ".,;:!?)]}'"), "&amp;", "&")
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	article := u.Hostname() == "mp.weixin.qq.com"
	query := u.Query()
	for key := range query {
		k := strings.ToLower(key)
		told := slices.Contains(sharing, k) || strings.HasPrefix(k, "utm_") || strings.HasPrefix(k, "share_")
		if told || article && !slices.Contains(articleKeys, k) {
			query.Del(key)
		}
	}
	out := strings.ToLower(u.Hostname()) + strings.TrimRight(u.EscapedPath(), "/")
	if len(query) > 0 {
		out += "?" + query.Encode()
	}
	return out
}
