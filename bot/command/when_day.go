package command

import (
	"slices"
	"strings"
	"time"

	"tongluo/schedule/calendar"
)

// days are what words for a day may mean: first as it is said, maybe only to be
// asked about when all of first is past. past is for what has happened: the
// last such day up to today.
type days struct {
	first, maybe, past []calendar.Date
	sorry              string
}

// soonYear is how near next year's 1月3日 must be to be what is meant when this
// year's is past.
const soonYear = 90

const (
	noSuchDay = "没有这一天。请对着日历再写一次，如：11月25日"
	whichDay  = "请写到哪一天，如：下周一9点、25号9点"
)

var (
	weekShape  = pattern(`^(下下个?|下个?|上个?|这个?|本)?(?:周|星期|礼拜)([一二三四五六日天末1-7])`)
	weekOnly   = pattern(`^(?:下下个?|下个?|这个?|本)(?:周|星期|礼拜)`)
	monthOnly  = pattern(`^(下个?|上个?|这个?|本|当)?月(底|末)?`)
	weekdayTag = pattern(`^[ (]*(?:周|星期|礼拜)([一二三四五六日天])\)?`)
	relative   = []relativeDay{
		{"大后天", 3}, {"大后日", 3}, {"后天", 2}, {"后日", 2}, {"明天", 1}, {"明日", 1}, {"明儿", 1}, {"今天", 0}, {"今日", 0}, {"今儿", 0},
		{"大前天", -3}, {"前天", -2}, {"前日", -2}, {"昨天", -1}, {"昨日", -1},
	}
	// partly need a part of the day behind them: 今晚, 明早.
	partly = []relativeDay{{"今", 0}, {"明", 1}, {"昨", -1}}
)

type relativeDay struct {
	word string
	days int
}

// readDay reads words for a day that s begins with. A weekday behind it must
// be that of the day.
func readDay(s string, today calendar.Date) (d days, rest string, ok bool) {
	for _, read := range []func(string, calendar.Date) (days, string, bool){readFullDate, readMonthDay, readDayNumber, readMonth, readRelative} {
		if d, rest, ok = read(s, today); ok {
			return d.tagged(rest)
		}
	}
	return readWeekday(s, today)
}

// tagged checks the weekday that follows a date.
func (d days) tagged(rest string) (days, string, bool) {
	m := weekdayTag().FindStringSubmatch(rest)
	if m == nil || d.sorry != "" {
		return d, rest, true
	}
	said := len(d.first)
	other := func(day calendar.Date) bool { return weekdayNumber(m[1]) != int(day.Weekday()+6)%7 }
	for _, all := range []*[]calendar.Date{&d.first, &d.maybe, &d.past} {
		*all = slices.DeleteFunc(slices.Clone(*all), other)
	}
	if len(d.first) == 0 { // 25号周五: the weekday says which month is meant
		d.first, d.maybe = d.maybe, nil
	}
	if len(d.first) == 0 && (said > 0 || len(d.past) == 0) {
		d.sorry = "这一天不是周" + m[1] + "。请对着日历再写一次，如：11月25日9点"
	}
	return d, rest[len(m[0]):], true
}

// weekdayNumber counts from Monday, 0.
func weekdayNumber(s string) int {
	switch s {
	case "天", "7":
		return 6
	}
	if n := strings.Index("123456", s); n >= 0 {
		return n
	}
	return strings.Index("一二三四五六日", s) / 3
}

// dateOf is the day if there is one.
func dateOf(year, month, day int64) (calendar.Date, bool) {
	if year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return calendar.Date{}, false
	}
	d := calendar.NewDate(int(year), time.Month(month), int(day))
	return d, d.Day() == int(day)
}

// only is a day that is said in full.
func only(d calendar.Date, today calendar.Date) days {
	one := days{first: []calendar.Date{d}}
	if !d.After(today) {
		one.past = one.first
	}
	return one
}

// readFullDate reads 2026-12-01, 2026年12月1日.
func readFullDate(s string, today calendar.Date) (days, string, bool) {
	year, rest, ok := years(s)
	if !ok {
		return days{}, s, false
	}
	month, day, rest, ok := monthDay(strings.TrimPrefix(strings.TrimLeft(rest, "-/."), "年"))
	if !ok {
		return days{}, s, false
	}
	d, ok := dateOf(int64(year), month, day)
	if !ok {
		return days{sorry: noSuchDay}, rest, true
	}
	return only(d, today), rest, true
}

// monthDay reads 11月25日, 11.25, 11/25 or 11-25.
func monthDay(s string) (month, day int64, rest string, ok bool) {
	month, rest, ok = numeral(s)
	if !ok || rest == "" {
		return 0, 0, s, false
	}
	spelt := strings.HasPrefix(rest, "月")
	if spelt {
		rest = rest[len("月"):]
	} else if strings.IndexByte("-/.", rest[0]) >= 0 && s[0] <= '9' {
		rest = rest[1:]
	} else {
		return 0, 0, s, false
	}
	if !spelt && (rest == "" || rest[0] > '9') {
		return 0, 0, s, false
	}
	day, rest, ok = numeral(rest)
	tail, named := cut(rest, []string{"日", "号"})
	if !named && tail != "" && strings.IndexByte("-/.:%", tail[0]) >= 0 {
		return 0, 0, s, false // 1.2.3 and 5/7% are no days
	}
	return month, day, tail, ok
}

// readMonthDay is the one of this year, or of the next when it comes soon; past
// otherwise.
func readMonthDay(s string, today calendar.Date) (days, string, bool) {
	month, day, rest, ok := monthDay(s)
	if !ok || month > 12 && !strings.Contains(s[:len(s)-len(rest)], "月") {
		return days{}, s, false
	}
	var d days
	for y := int64(today.Year() - 1); y <= int64(today.Year()+1); y++ {
		one, exists := dateOf(y, month, day)
		switch {
		case !exists:
		case !one.After(today):
			d.past = []calendar.Date{one}
			if one == today {
				d.first = d.past
			}
		case len(d.first) > 0 || len(d.maybe) > 0:
		case one.Year() == today.Year() || today.DaysUntil(one) <= soonYear:
			d.first = []calendar.Date{one}
		default:
			d.maybe = []calendar.Date{one}
		}
	}
	if len(d.first)+len(d.maybe)+len(d.past) == 0 {
		d.sorry = noSuchDay
	}
	return d, rest, true
}

// readDayNumber reads 25号: of this month, or, past, asked of the next.
func readDayNumber(s string, today calendar.Date) (days, string, bool) {
	day, rest, ok := numeral(s)
	tail, named := cut(rest, []string{"号", "日"})
	if !ok || !named {
		return days{}, s, false
	}
	return dayOfMonth(day, 0, today), tail, true
}

// dayOfMonth is a day of the month that lies some months off; 0 may be meant of
// the next month too, to be asked.
func dayOfMonth(day int64, off int, today calendar.Date) days {
	month := calendar.PeriodOf(calendar.Month, today)
	at := func(months int) (calendar.Date, bool) {
		first := calendar.NewDate(month.Start.Year(), month.Start.Month()+time.Month(months), 1)
		return dateOf(int64(first.Year()), int64(first.Month()), day)
	}
	d, ok := at(off)
	if !ok && (off != 0 || day < 1 || day > 31) {
		return days{sorry: noSuchDay}
	}
	var all days
	if ok {
		all = only(d, today)
	}
	if off != 0 {
		return all
	}
	for months := 1; len(all.maybe) == 0 && months < 3; months++ {
		if next, ok := at(months); ok {
			all.maybe = []calendar.Date{next}
		}
	}
	for months := -1; len(all.past) == 0 && months > -3; months-- {
		if last, ok := at(months); ok {
			all.past = []calendar.Date{last}
		}
	}
	return all
}

// readMonth reads 月底, 下月5号, 本月25日.
func readMonth(s string, today calendar.Date) (days, string, bool) {
	m := monthOnly().FindStringSubmatch(s)
	if m == nil || m[1] == "" && m[2] == "" {
		return days{}, s, false
	}
	off, rest := 0, s[len(m[0]):]
	switch {
	case strings.HasPrefix(m[1], "下"):
		off = 1
	case strings.HasPrefix(m[1], "上"):
		off = -1
	}
	if m[2] != "" {
		start := calendar.PeriodOf(calendar.Month, today).Start
		return only(calendar.NewDate(start.Year(), start.Month()+time.Month(off+1), 0), today), rest, true
	}
	day, tail, ok := numeral(strings.TrimPrefix(rest, "的"))
	tail, named := cut(tail, []string{"号", "日"})
	if !ok || !named {
		return days{sorry: whichDay}, rest, true
	}
	d := dayOfMonth(day, off, today)
	if d.maybe = nil; m[1] != "" && off == 0 && len(d.first) == 0 { // 本月31号 in November
		d = days{sorry: noSuchDay}
	}
	return d, tail, true
}

func readRelative(s string, today calendar.Date) (days, string, bool) {
	for _, r := range relative {
		if rest, ok := strings.CutPrefix(s, r.word); ok {
			return only(today.AddDays(r.days), today), rest, true
		}
	}
	for _, r := range partly {
		if rest, ok := strings.CutPrefix(s, r.word); ok {
			if _, _, part := readPart(rest, true); part {
				return only(today.AddDays(r.days), today), rest, true
			}
		}
	}
	return days{}, s, false
}

// readWeekday reads 周五: the next one, and on a Friday one of two; 下周五 is the
// one of next week.
func readWeekday(s string, today calendar.Date) (days, string, bool) {
	m := weekShape().FindStringSubmatch(s)
	if m == nil {
		if week := weekOnly().FindString(s); week != "" {
			return days{sorry: whichDay}, s[len(week):], true
		}
		return days{}, s, false
	}
	rest := s[len(m[0]):]
	if m[2] < "9" && (startsNumeral(rest) || strings.HasPrefix(rest, "点") || strings.HasPrefix(rest, ":")) {
		return days{}, s, false // 周59点
	}
	monday := calendar.PeriodOf(calendar.Week, today).Start
	if m[2] == "末" {
		d, sunday := weekday(m[1], 5, monday, today), weekday(m[1], 6, monday, today)
		d.first, d.maybe, d.past = append(d.first, sunday.first...), append(d.maybe, sunday.maybe...), append(d.past, sunday.past...)
		return d, rest, true
	}
	return weekday(m[1], weekdayNumber(m[2]), monday, today), rest, true
}

func weekday(which string, n int, monday, today calendar.Date) days {
	day := monday.AddDays(n)
	switch which {
	case "":
	case "本", "这", "这个":
		d := only(day, today)
		d.maybe = []calendar.Date{day.AddDays(7)}
		return d
	case "上", "上个":
		return only(day.AddDays(-7), today)
	case "下", "下个":
		return only(day.AddDays(7), today)
	default: // 下下周
		return only(day.AddDays(14), today)
	}
	d := days{first: []calendar.Date{day}, past: []calendar.Date{day.AddDays(-7)}}
	switch {
	case day == today:
		d.first, d.past = append(d.first, day.AddDays(7)), append(d.past, day)
	case day.Before(today):
		d.first, d.past = []calendar.Date{day.AddDays(7)}, d.first
	}
	return d
}
