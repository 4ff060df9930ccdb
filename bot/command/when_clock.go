package command

import (
	"strings"
	"time"

	"tongluo/schedule/calendar"
)

// clock is what words for an hour may mean, in minutes of the day: first as
// said, maybe only to be asked about when first is past.
type clock struct {
	first, maybe []int
	sorry        string
}

const (
	whatHour = "请写几点，如：上午9点、15:30"
	oddHour  = "这个钟点说不通。请写清楚，如：上午9点、15:30"
	longest  = 10_000 // of any number in a length of time
)

// part is a part of the day and the hours that may follow it.
type part int

const (
	noPart part = iota
	dawn
	morning
	noon
	afternoon
	evening
)

type partWord struct {
	text string
	part part
}

var (
	partWords = []partWord{
		{"大清早", morning}, {"凌晨", dawn}, {"清晨", morning}, {"清早", morning}, {"一早", morning}, {"早上", morning}, {"早晨", morning},
		{"上午", morning}, {"中午", noon}, {"正午", noon}, {"下午", afternoon}, {"午后", afternoon}, {"傍晚", evening}, {"晚上", evening},
		{"晚间", evening}, {"夜里", evening}, {"夜间", evening}, {"深夜", evening}, {"半夜", evening}, {"午夜", evening},
	}
	// Behind a day also these: 今晚, 周五早.
	shortParts = []partWord{{"早", morning}, {"晨", morning}, {"晚", evening}, {"夜", evening}}

	everyShape = pattern(`^(?:每|逢)(?:逢|隔)?(?:一?个?(?:工作日|天|日|早上?|晚上?|周末|周|星期|礼拜|月底?|季度|年))?`)
	soonShape  = pattern(`^(?:现在|马上|立刻|立即|这就)`)
	afterShape = pattern(`^ *(?:之后|以后|过后|后)`)
	hourShape  = pattern(`^(?:个半|半个?|个)?(?:小时|钟头)半?`)
	weeksShape = pattern(`^(?:个?(?:星期|礼拜)|周)`)
	colonShape = pattern(`^([0-9]{1,2})[:.]([0-5][0-9])`)
)

// everyTime reads a rhythm: 每周二、周五9点.
func everyTime(s string) (rest string, ok bool) {
	at := everyShape().FindStringIndex(s)
	if at == nil {
		return s, false
	}
	rest = s[at[1]:]
	anyDay := calendar.NewDate(2026, time.January, 1) // only the words count
	for {
		next := strings.TrimLeft(rest, " 、,和及的到至-")
		tail, ok := bareWeekday(next)
		if !ok {
			_, tail, ok = readDay(next, anyDay)
		}
		if !ok {
			_, tail, ok = readClock(next, true)
		}
		if !ok {
			return rest, true
		}
		rest = tail
	}
}

// bareWeekday reads the 二 and 五 of 每周二、五.
func bareWeekday(s string) (string, bool) {
	rest, ok := cut(s, []string{"一", "二", "三", "四", "五", "六", "日", "天"})
	if !ok || startsNumeral(rest) && strings.ContainsAny(rest[:min(len(rest), 3)], "十百") {
		return s, false
	}
	_, named := cut(rest, []string{"点", "时", "号", "日", "月"})
	return rest, !named
}

// fromNow reads what counts from now: 马上, 半小时后, 三天后.
func fromNow(s string, now time.Time, cal *calendar.Calendar) (w when, rest string, ok bool) {
	if word := soonShape().FindString(s); word != "" {
		return when{at: fullMinute(now), soon: true}, s[len(word):], true
	}
	rest, passed := strings.CutPrefix(s, "过")
	d, daysOff, rest, ok := length(rest)
	if !ok {
		return when{}, s, false
	}
	after := afterShape().FindString(rest)
	if rest = rest[len(after):]; after == "" && !passed {
		return when{}, s, false
	}
	if daysOff == 0 {
		return when{at: fullMinute(now.Add(d))}, rest, true
	}
	day := cal.Today(now).AddDays(daysOff)
	c, tail, clocked := readClock(joint(rest, true), true)
	switch {
	case !clocked:
		return when{day: day}, rest, true
	case c.sorry != "":
		return when{sorry: c.sorry}, tail, true
	}
	return atClock(days{first: []calendar.Date{day}}, c, now, cal), tail, true
}

// fullMinute is the instant or the next full minute: an echo shows no seconds.
func fullMinute(at time.Time) time.Time {
	if whole := at.Truncate(time.Minute); !whole.Equal(at) {
		return whole.Add(time.Minute)
	}
	return at
}

// length reads 半小时, 两个半小时, 一刻钟, 20分钟; days and weeks apart.
func length(s string) (d time.Duration, days int, rest string, ok bool) {
	n, rest, isNumber := numeral(s)
	if !isNumber {
		n, rest = 0, s
	}
	if n > longest {
		return 0, 0, s, false
	}
	if word := hourShape().FindString(rest); word != "" && (isNumber || strings.HasPrefix(word, "半")) {
		d := time.Duration(n) * time.Hour
		if strings.Contains(word, "半") {
			d += 30 * time.Minute
		}
		return d, 0, rest[len(word):], d > 0
	}
	if !isNumber || n == 0 {
		return 0, 0, s, false
	}
	if tail, ok := strings.CutPrefix(rest, "刻钟"); ok {
		return time.Duration(n) * 15 * time.Minute, 0, tail, true
	}
	if tail, ok := cut(rest, []string{"分钟", "分"}); ok {
		return time.Duration(n) * time.Minute, 0, tail, true
	}
	if tail, ok := strings.CutPrefix(rest, "天"); ok {
		return 0, int(n), tail, true
	}
	word := weeksShape().FindString(rest)
	return 0, 7 * int(n), rest[len(word):], word != ""
}

// readPart reads a part of the day; short ones only behind a day.
func readPart(s string, behindDay bool) (part, string, bool) {
	lists := [][]partWord{partWords}
	if behindDay {
		lists = append(lists, shortParts)
	}
	for _, words := range lists {
		for _, w := range words {
			if rest, ok := strings.CutPrefix(s, w.text); ok {
				return w.part, rest, true
			}
		}
	}
	return noPart, s, false
}

// readClock reads an hour that s begins with: 下午三点半, 15:30, 九点一刻.
func readClock(s string, behindDay bool) (c clock, rest string, ok bool) {
	p, rest, named := readPart(s, behindDay)
	rest = joint(rest, named)
	if m := colonShape().FindStringSubmatch(rest); m != nil && (behindDay || named || strings.Contains(m[0], ":")) {
		hour, _, _ := numeral(m[1])
		minute, _, _ := numeral(m[2])
		if tail := rest[len(m[0]):]; !startsNumeral(tail) {
			return hours(p, int(hour), int(minute), m[1][0] == '0' && len(m[1]) == 2), tail, true
		}
	}
	hour, tail, ok := numeral(rest)
	full := ok && len(rest)-len(tail) == 2 && rest[0] == '0'
	tail, spoken := cut(tail, []string{"点钟", "点整", "点", "时整", "时"})
	if !ok || !spoken || strings.HasPrefix(tail, "段") {
		if named {
			return clock{sorry: whatHour}, rest, true
		}
		return clock{}, s, false
	}
	minute, tail := minutes(tail)
	return hours(p, int(min(hour, 99)), minute, full), tail, true
}

// minutes reads what follows 9点. One digit of Chinese alone (三点五) is none.
func minutes(s string) (int, string) {
	for _, quarter := range []struct {
		word string
		m    int
	}{{"半", 30}, {"一刻", 15}, {"三刻", 45}} {
		if rest, ok := strings.CutPrefix(s, quarter.word); ok {
			return quarter.m, rest
		}
	}
	tail, zero := cut(strings.TrimLeft(s, " "), []string{"零", "〇", "过"})
	n, rest, ok := numeral(tail)
	rest, named := strings.CutPrefix(rest, "分")
	twoDigits := ok && (n >= 10 || tail[0] == '0')
	if !ok || n > 59 || !named && !zero && !twoDigits {
		return 0, s
	}
	if _, again := cut(rest, []string{"个", "号", "组", "村", "群"}); again { // 9点 3个群
		return 0, s
	}
	return int(n), rest
}

// hours are the readings of an hour in a part of the day. full: written as a
// clock of 24 hours shows it.
func hours(p part, h, m int, full bool) clock {
	at := func(h int) clock { return clock{first: []int{60*h + m}} }
	switch {
	case h > 24 || h == 24 && m > 0:
		return clock{sorry: oddHour}
	case p == noPart && (full || h == 0 || h >= 12):
		return at(h)
	case p == noPart && h >= 9:
		return clock{first: []int{60*h + m}, maybe: []int{60*(h+12) + m}}
	case p == noPart: // 3点, 8点: asked
		return clock{first: []int{60*h + m, 60*(h+12) + m}}
	case p == dawn && h == 12:
		return at(0)
	case p == dawn && h <= 6, p == morning && h >= 1 && h <= 12:
		return at(h)
	case p == noon && h >= 11 && h <= 14, p == afternoon && h >= 12 && h < 24, p == evening && h >= 17:
		return at(h)
	case p == noon && (h == 1 || h == 2), p == afternoon && h >= 1 && h < 12, p == evening && h >= 5 && h < 12:
		return at(h + 12)
	case p == evening && h == 12:
		return at(24)
	}
	return clock{sorry: oddHour}
}
