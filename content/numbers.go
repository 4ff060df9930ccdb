package content

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// gap is what people put between the digits of a telephone number.
const gap = `[\s\-_.·*/()+~|]{0,3}`

var (
	dates = pattern(`(?:19|20)\d{2}\s?[-./年]\s?(?:1[0-2]|0?[1-9])\s?[-./月]\s?(?:3[01]|[12]\d|0?[1-9])(?:日|号)?|(?:19|20)\d{2}\s?[-~至到]\s?(?:19|20)\d{2}|(?:19|20)\d{2}(?:1[0-2]|0[1-9])(?:3[01]|[12]\d|0[1-9])日?|\d{1,2}:\d{2}(?::\d{2})?`)
	sums  = pattern(`\d{1,3}(?:,\d{3})+(?:\.\d+)?` + unit)

	spoken   = pattern(`[零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺oli\d](?:[\s-]?[零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺oli\d]){4,}`)
	longRun  = pattern(`\d(?:[ -]?\d){11,}`)
	mobile   = pattern(`(?:86` + gap + `)?1` + gap + `[3-9](?:` + gap + `\d){9}`)
	landline = pattern(`0\d{2,3}` + gap + `[2-9]\d{2,3}` + gap + `\d{4}|[48]00` + gap + `\d{3,4}` + gap + `\d{3,4}`)
	abroad   = pattern(`\+\s?\d(?:[\s-]?\d){6,}`)
	anyRun   = pattern(`\d+`)
	called   = pattern(`(?:拨打|致电|热线|电话|客服|来电|回拨|座机|手机|联系|咨询|号码|tel|call|打给|短号|会议号|微信|qq)([^\d\n,。;!?]{0,5})(\d[\d -]+\d)`)
)

// unit follows a number that counts something and so is no telephone number.
const unit = `\s?(?:多|余|来|几)?(?:元|块|万|亿|千|百|人|名|户|起|件|条|次|个|年|月|日|天|%|岁|米|公里|斤|吨|倍|分|秒|小时|美元|港元|积分|金币|字|位|以上|以下|左右|不等|开头|k\b|w\b)`

var counts = pattern(`^(?:\.\d+)?` + unit)

// numbers reports every run of digits that could be called, paid to or added.
func (s *scan) numbers() {
	text := blank(blank(spellOut(s.text), dates()), sums())
	for _, re := range []*regexp.Regexp{longRun(), mobile(), landline(), abroad()} {
		text = re.ReplaceAllStringFunc(text, func(n string) string {
			if s.listed(n) {
				return "□"
			}
			return n
		})
		for _, m := range re.FindAllStringIndex(text, -1) {
			if !touchesDigit(text, m) {
				s.number(text[m[0]:m[1]], s.lineOf(text, m[0]))
			}
		}
	}
	for _, m := range called().FindAllStringSubmatchIndex(text, -1) {
		between, digits := text[m[2]:m[3]], onlyDigits(text[m[4]:m[5]])
		near := len(digits) >= 5 || len(digits) >= 3 && utf8.RuneCountInString(between) <= 2
		if near && !counts().MatchString(text[m[5]:]) {
			s.number(digits, s.lineOf(text, m[4]))
		}
	}
	for _, m := range anyRun().FindAllStringIndex(text, -1) {
		digits := text[m[0]:m[1]]
		if looksCallable(digits) && !counts().MatchString(text[m[1]:]) && !counted(text[:m[0]]) {
			s.number(digits, s.lineOf(text, m[0]))
		}
	}
}

// blank takes out what matches and is no part of a longer run of digits.
func blank(text string, re *regexp.Regexp) string {
	var b strings.Builder
	last := 0
	for _, m := range re.FindAllStringIndex(text, -1) {
		if !touchesDigit(text, m) {
			b.WriteString(text[last:m[0]] + "□")
			last = m[1]
		}
	}
	return b.String() + text[last:]
}

// number adds a finding unless the digits are on the allow list.
func (s *scan) number(words, where string) {
	if s.listed(words) {
		return
	}
	reason := "出现没有登记的电话或服务号码，请删掉，或请管理员登记"
	if len(onlyDigits(words)) >= 12 {
		reason = "出现很长的数字，可能是卡号、账号或证件号，请删掉"
	}
	s.add(FoundNumber, words, where, reason)
}

// listed compares digits only.
func (s *scan) listed(words string) bool {
	digits := onlyDigits(words)
	return slices.ContainsFunc(s.allow.Numbers, func(n string) bool { return onlyDigits(n) == digits })
}

// looksCallable: seven digits and more, or five that start like a service line
// and are no round sum.
func looksCallable(digits string) bool {
	if len(digits) >= 7 {
		return true
	}
	if len(digits) != 5 || strings.HasSuffix(digits, "000") {
		return false
	}
	return slices.ContainsFunc([]string{"95", "96", "123", "100", "101", "116", "118"}, func(p string) bool {
		return strings.HasPrefix(digits, p)
	})
}

// counted: behind a currency sign, a decimal point, 第 or the year of a document's
// number, digits are no telephone number.
func counted(before string) bool {
	before = strings.TrimRight(before, " ")
	return slices.ContainsFunc([]string{"¥", "$", ".", "第", "〕", "]"}, func(s string) bool { return strings.HasSuffix(before, s) })
}

func touchesDigit(s string, m []int) bool {
	isDigit := func(b byte) bool { return b >= '0' && b <= '9' }
	return m[0] > 0 && isDigit(s[m[0]-1]) || m[1] < len(s) && isDigit(s[m[1]])
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

var digitWords = strings.NewReplacer("零", "0", "〇", "0", "o", "0", "一", "1", "壹", "1", "幺", "1", "l", "1", "i", "1", "二", "2", "贰", "2",
	"三", "3", "叁", "3", "四", "4", "肆", "4", "五", "5", "伍", "5", "六", "6", "陆", "6", "七", "7", "柒", "7", "八", "8", "捌", "8", "九", "9", "玖", "9")

// spellOut writes numbers spelled in Chinese, or with letters for digits, in
// digits: runs of five and more, of which letters make up less than half.
func spellOut(s string) string {
	return spoken().ReplaceAllStringFunc(s, func(run string) string {
		letters := strings.Count(run, "o") + strings.Count(run, "l") + strings.Count(run, "i")
		digits := digitWords.Replace(run)
		if 2*letters >= len(onlyDigits(digits)) {
			return run
		}
		return digits
	})
}
