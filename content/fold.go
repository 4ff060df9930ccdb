package content

import (
	"html"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lookalikes maps letters and marks of other scripts to the ASCII they are taken
// for, as far as NFKD does not. After Unicode TS 39, the letters used in names
// of hosts only.
var lookalikes = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "ё", "e", "ғ", "f", "ɡ", "g", "һ", "h", "н", "h", "і", "i", "ї", "i", "ӏ", "l", "ј", "j",
	"к", "k", "ӄ", "k", "м", "m", "п", "n", "о", "o", "р", "p", "ԛ", "q", "г", "r", "ѕ", "s", "т", "t", "у", "y", "ѵ", "v", "ԝ", "w", "ш", "w", "х", "x",
	"α", "a", "β", "b", "ϲ", "c", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "u", "ν", "v", "ο", "o", "ρ", "p", "σ", "o", "τ", "t", "υ", "u", "χ", "x", "γ", "y", "ω", "w",
	"ı", "i", "ɩ", "i", "ł", "l", "ø", "o", "đ", "d", "ħ", "h", "ŧ", "t", "ɑ", "a", "ɴ", "n", "ᴀ", "a", "ᴄ", "c", "ᴏ", "o", "ᴍ", "m", "ᴛ", "t", "ᴘ", "p", "ʜ", "h", "ɪ", "i", "ɢ", "g", "ᴠ", "v", "ᴡ", "w",
	"•", "·", "∙", "·", "⋅", "·", "・", "·", "‧", "·", "ꞏ", "·", "⸱", "·", "●", "·", "ㆍ", "·", "᛫", "·", "．", ".", "﹒", ".", "۔", ".", "܂", ".", "ꓸ", ".",
	"∕", "/", "⁄", "/", "╱", "/", "⧸", "/", "։", ":", "׃", ":", "ː", ":", "꞉", ":", "∶", ":",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "－", "-", "╳", "x", "✕", "x", "×", "x",
)

var percentByte = pattern(`(?i)%(2e|2f|3a|40)`)

// fold undoes what is done to words so that a reader still reads them and a
// machine does not: HTML entities, percent signs, full-width and decorated
// letters (NFKD), accents, invisible and direction marks, look-alike letters,
// foreign digits, capitals. Line breaks stay.
func fold(s string) string {
	s = html.UnescapeString(s)
	s = percentByte().ReplaceAllStringFunc(s, func(p string) string {
		return map[string]string{"2e": ".", "2f": "/", "3a": ":", "40": "@"}[strings.ToLower(p[1:])]
	})
	s = strings.Map(foldRune, norm.NFKD.String(s))
	return lookalikes.Replace(strings.ToLower(norm.NFC.String(s)))
}

func foldRune(r rune) rune {
	switch {
	case r == '\n':
		return r
	case r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // Hangul fillers
		return -1
	case r == 0x2800, unicode.IsSpace(r): // Braille blank
		return ' '
	case r >= 0x1f1e6 && r <= 0x1f1ff: // regional indicator letters
		return 'a' + r - 0x1f1e6
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc):
		return -1
	case r > unicode.MaxASCII && unicode.IsDigit(r):
		return asciiDigit(r)
	}
	return r
}

// asciiDigit relies on every script's decimal digits standing in a row from zero.
func asciiDigit(r rune) rune {
	value := rune(0)
	for value < 9 && unicode.IsDigit(r-value-1) {
		value++
	}
	return '0' + value
}

// closeUp deletes white space between two characters that an address is made
// of: "w w w . a b" becomes "www.ab". Line breaks inside an address go too.
func closeUp(s string) string {
	runes := []rune(s)
	out := make([]rune, 0, len(runes))
	for n := 0; n < len(runes); n++ {
		if !unicode.IsSpace(runes[n]) {
			out = append(out, runes[n])
			continue
		}
		end := n
		for end < len(runes) && unicode.IsSpace(runes[end]) {
			end++
		}
		if len(out) == 0 || end == len(runes) || !ofAddress(out[len(out)-1]) || !ofAddress(runes[end]) {
			out = append(out, runes[n:end]...)
		}
		n = end - 1
	}
	return string(out)
}

func ofAddress(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".:/-_。·", r)
}
