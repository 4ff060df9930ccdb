package content

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tld holds endings known to be registered and used in fraud or in everyday
// addresses. A plain dot needs none of them; only disguised dots do.
const tld = `com|c0m|net|org|cn|cc|top|xyz|vip|club|shop|site|online|store|icu|info|biz|co|io|me|tv|tk|ml|ga|cf|gq|pw|ru|us|uk|jp|kr|hk|tw|mo|sg|eu|link|click|live|fun|win|wang|ltd|pro|app|dev|mobi|asia|ren|space|tech|website|gov|edu|ws|ly|su|sh|im|ai|ph|vn|mm|cfd|sbs|bond|cyou|buzz|bar|lol|one`

// hanTLD holds the Chinese endings in use.
const hanTLD = `中国|中國|公司|网络|網絡|网址|网店|网站|在线|商城|商店|集团|政务|公益|我爱你|手机|信息|娱乐|游戏|购物|企业|移动|香港|台湾|佛山|广东`

var (
	schemeLink   = pattern(`(?:[a-z][a-z0-9+*-]{1,15}\s*)?:\s*[/\\]\s*[/\\]\s*[a-z0-9\[][^\s\p{Han}，。]*`)
	brokenScheme = pattern(`\bh[tx*]{1,3}ps?\s*[:/]+\s*[a-z0-9][^\s\p{Han}，。]*`)
	plainDomain  = pattern(`[\p{Han}a-z0-9_-]*[a-z0-9_-]\.(?:[a-z0-9_-]+\.)*([a-z][a-z0-9-]*[a-z0-9]|xn--[a-z0-9-]+)(?:[:/?#][^\s\p{Han}，。]*)?`)
	hanDomain    = pattern(`[\p{Han}]+\.(?:` + tld + `)(?:[^a-z]|$)`)
	hanEnding    = pattern(`[\p{Han}a-z0-9-]+(?:\.(?:` + hanTLD + `)|[。·](?:` + hanTLD + `)(?:[/\sa-z0-9]|$))`)
	laxDot       = pattern(`([a-z0-9_-]+)\s{0,3}(?:[。·]|[(\[{<"'“*_|【「]{1,2}\s?(?:\.|dot|点|點|。|·)\s?[)\]}>"'”*_|】」]{1,2}|[点點]|\sdot\s|\s\.|\.\s)\s{0,3}(` + tld + `)(?:[^a-z0-9]|$)`)
	strayMark    = pattern(`([a-z0-9-]{2,})[^\p{Han}a-z0-9\n]{1,3}(com|c0m|net|org|cn)(?:[^a-z0-9]|$)`)
	spelledDot   = pattern(`[\p{Han}a-z0-9]\s?[点點]\s?(?:com|c0m|net|org|cn|cc|top|xyz|vip)(?:[^a-z0-9]|$)`)
	punycode     = pattern(`xn--[a-z0-9-]+`)
	quad         = pattern(`\d{1,3}(?:\s?[.。·]\s?\d{1,3}){3}`)
	sixes        = pattern(`\[[0-9a-f]*:[0-9a-f:]*:[0-9a-f:.]*\]`)
	passPhrase   = pattern(`[¥$€£]\s?[a-z0-9]*[a-z][a-z0-9]*\s?[¥$€£]`)
	miniApp      = pattern(`#小程序|小程序:`)
)

// fileEndings follow a dot in prose about dangerous downloads without being an
// address.
var fileEndings = []string{"exe", "apk", "rar", "bat", "dll", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "pdf", "txt", "jpg", "jpeg", "png", "gif", "mp3", "mp4"}

// acronyms end Chinese sentences; a word that happens to be an ending may begin
// the next one.
var acronyms = []string{"app", "qq", "atm", "sim", "pos", "vip", "ai", "pc", "pin", "wifi", "ktv", "id", "ip", "sms", "gps", "usb", "etc", "nfc", "cvv"}

var weakEndings = []string{"app", "vip", "pro", "ai", "tv", "me", "link", "live", "one", "bar", "im", "info", "tech", "win", "us", "mm", "sh"}

// links reports every address, as written and with its letters closed up.
func (s *scan) links() {
	s.linksIn(s.text, true)
	if tight := closeUp(s.text); tight != s.text {
		s.linksIn(tight, false)
	}
}

// linksIn runs every pattern over text; inPlace says that offsets are lines of
// the text the author wrote.
func (s *scan) linksIn(text string, inPlace bool) {
	at := func(n int) string {
		if inPlace {
			return s.lineOf(text, n)
		}
		return "正文"
	}
	for _, re := range []*regexp.Regexp{schemeLink(), brokenScheme(), hanDomain(), hanEnding(), spelledDot(), punycode(), sixes(), passPhrase(), miniApp()} {
		for _, m := range re.FindAllStringIndex(text, -1) {
			s.add(FoundLink, text[m[0]:m[1]], at(m[0]), s.linkReason(text[m[0]:m[1]]))
		}
	}
	for _, m := range plainDomain().FindAllStringSubmatchIndex(text, -1) {
		ending := text[m[2]:m[3]]
		if inPlace && !slices.Contains(fileEndings, ending) || strings.Contains("|"+tld+"|", "|"+ending+"|") {
			s.add(FoundLink, text[m[0]:m[1]], at(m[0]), s.linkReason(text[m[0]:m[1]]))
		}
	}
	for _, re := range []*regexp.Regexp{laxDot(), strayMark()} {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			if !sentenceBreak(text[m[2]:m[3]], text[m[4]:m[5]]) {
				s.add(FoundLink, text[m[0]:m[1]], at(m[0]), s.linkReason(text[m[0]:m[1]]))
			}
		}
	}
	for _, m := range quad().FindAllStringIndex(text, -1) {
		if isQuad(text[m[0]:m[1]]) {
			s.add(FoundLink, text[m[0]:m[1]], at(m[0]), "出现网络地址（IP），正规单位不会让人直接访问 IP")
		}
	}
}

// sentenceBreak tells 下载APP。VIP会员 from an address: an acronym before a full
// stop and a word after it that is an ending only by chance.
func sentenceBreak(label, ending string) bool {
	return slices.Contains(acronyms, label) && slices.Contains(weakEndings, ending)
}

func isQuad(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	return len(parts) == 4 && !slices.ContainsFunc(parts, func(p string) bool {
		n, err := strconv.Atoi(p)
		return err != nil || n > 255
	})
}

var shortHosts = []string{"t.cn", "url.cn", "dwz.cn", "bit.ly", "suo.im", "goo.gl", "tinyurl", "t.co", "3.cn", "u.nu", "mrw.so", "is.gd"}

// linkReason says why, most telling first.
func (s *scan) linkReason(link string) string {
	has := func(part string) bool { return strings.Contains(link, part) }
	switch {
	case has("gov"), slices.ContainsFunc(s.allow.Hosts, has):
		return "出现像政府或已登记网站的地址，但不在放行名单里，可能是仿冒"
	case has("@"):
		return "地址里带 @，真正去的是 @ 后面的网站"
	case has("xn--"):
		return "地址用了会看错的外文字母"
	case slices.ContainsFunc(shortHosts, has):
		return "短链接看不出去哪里，请删掉"
	case has("小程序"):
		return "小程序链接不在放行名单里，请删掉"
	}
	return "出现链接或网址，不在放行名单里，请删掉"
}
