package command

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// numeral reads a whole number that s begins with, in digits (up to nine) or in
// Chinese up to 999: 十二, 二十, 两百零三. Two digits of Chinese side by side are
// a guess of people (三四个), never a number.
func numeral(s string) (n int64, rest string, ok bool) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end > 0 {
		n, err := strconv.ParseInt(s[:end], 10, 64)
		return n, s[end:], err == nil && end <= 9
	}
	return hanNumeral(s)
}

// hanDigits are the digits by their value; 两 and 〇 are written beside them.
const hanDigits = "零一二三四五六七八九"

func hanDigit(s string) (n int64, rest string, ok bool) {
	r, size := utf8.DecodeRuneInString(s)
	switch r {
	case '两':
		return 2, s[size:], true
	case '〇':
		return 0, s[size:], true
	}
	if at := strings.IndexRune(hanDigits, r); at >= 0 && size == 3 {
		return int64(at / 3), s[size:], true
	}
	return 0, s, false
}

// hanNumeral reads hundreds, tens and ones, each at most once and in this
// order. 一百一 could be 101 or 110 and is none.
func hanNumeral(s string) (n int64, rest string, ok bool) {
	rest = s
	place := int64(1000) // the last one read
	for {
		digit, tail, isDigit := hanDigit(rest)
		if !isDigit {
			digit, tail = 1, rest // 十二 has no digit before its ten
		}
		unit, after, isUnit := hanUnit(tail)
		switch {
		case isUnit && unit < place && digit > 0 && (isDigit || unit == 10 && place == 1000):
			n, rest, place, ok = n+digit*unit, after, unit, true
		case isUnit, !isDigit:
			return n, rest, ok && !startsNumeral(rest)
		case digit == 0 && ok && place == 100: // 一百零三
			digit, tail, isDigit = hanDigit(tail)
			return n + digit, tail, isDigit && digit > 0 && !startsNumeral(tail)
		case place == 100 || place == 10 && digit == 0:
			return 0, s, false
		default:
			return n + digit, tail, !startsNumeral(tail)
		}
	}
}

func hanUnit(s string) (unit int64, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(s, "百"); ok {
		return 100, rest, true
	}
	if rest, ok := strings.CutPrefix(s, "十"); ok {
		return 10, rest, true
	}
	return 0, s, false
}

func startsNumeral(s string) bool {
	_, _, digit := hanDigit(s)
	_, _, unit := hanUnit(s)
	return digit || unit || s != "" && s[0] >= '0' && s[0] <= '9'
}

// years reads four digits of a year, also 二〇二六.
func years(s string) (y int, rest string, ok bool) {
	rest = s
	for range 4 {
		digit, tail, isHan := hanDigit(rest)
		switch {
		case isHan:
		case rest != "" && rest[0] >= '0' && rest[0] <= '9':
			digit, tail = int64(rest[0]-'0'), rest[1:]
		default:
			return 0, s, false
		}
		y, rest = 10*y+int(digit), tail
	}
	return y, rest, !startsNumeral(rest)
}
