package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/calendar"
)

// spokenPeriod is a period relative to today.
type spokenPeriod struct {
	per  calendar.Per
	last bool // the one before
}

func spokenPeriods() map[string]spokenPeriod {
	return map[string]spokenPeriod{
		"本周": {calendar.Week, false}, "这周": {calendar.Week, false}, "本星期": {calendar.Week, false}, "这星期": {calendar.Week, false},
		"上周": {calendar.Week, true}, "上星期": {calendar.Week, true},
		"本月": {calendar.Month, false}, "这个月": {calendar.Month, false}, "这月": {calendar.Month, false}, "当月": {calendar.Month, false},
		"上月": {calendar.Month, true}, "上个月": {calendar.Month, true},
		"本季度": {calendar.Quarter, false}, "这季度": {calendar.Quarter, false}, "上季度": {calendar.Quarter, true},
		"今年": {calendar.Year, false}, "本年": {calendar.Year, false}, "去年": {calendar.Year, true},
	}
}

const periodWords = `本周|这周|本星期|这星期|上周|上星期|本月|这个月|这月|当月|上月|上个月|本季度|这季度|上季度|今年|本年|去年|` +
	`[0-9]{4}年[0-9]{1,2}月份?|[0-9]{4}年|[0-9]{4}-w[0-9]{2}|[0-9]{4}-q[1-4]|[0-9]{4}-[0-9]{2}|[0-9]{1,2}月份?`

var (
	periodFirst = pattern(`^(?:` + periodWords + `)`)
	periodLast  = pattern(`(?:` + periodWords + `)$`)
	monthShape  = pattern(`^(?:([0-9]{4})年)?([0-9]{1,2})月份?$`)
	yearShape   = pattern(`^([0-9]{4})年$`)
)

// takePeriod takes a period off the beginning or the end of what was said.
func takePeriod(s string) (period, rest string) {
	if at := periodFirst().FindStringIndex(s); at != nil {
		return s[:at[1]], s[at[1]:]
	}
	if at := periodLast().FindStringIndex(s); at != nil {
		return s[at[0]:], s[:at[0]]
	}
	return "", s
}

// periodOf is the period that somebody means today, and how to call it. A month
// without a year is the last one of that name that has begun. The error is
// Chinese.
func periodOf(said string, today calendar.Date) (calendar.Period, string, error) {
	if p, ok := spokenPeriods()[said]; ok {
		whole := calendar.PeriodOf(p.per, today)
		if p.last {
			whole = whole.Prev()
		}
		return whole, said, nil
	}
	key := said
	if m := yearShape().FindStringSubmatch(said); m != nil {
		key = m[1]
	}
	if m := monthShape().FindStringSubmatch(said); m != nil {
		month, _ := strconv.Atoi(m[2]) // digits by the shape
		year, err := strconv.Atoi(m[1])
		if err != nil { // no year was said
			year = today.Year()
			if time.Month(month) > today.Month() {
				year--
			}
		}
		key = fmt.Sprintf("%04d-%02d", year, month)
	}
	p, err := calendar.ParsePeriod(key)
	return p, calendar.SayPeriod(strings.ToUpper(key)), err
}

// clock writes an instant the way people do: 6月5日 周五 17:30; the end of a day
// belongs to the day that ends.
func (d *Dialogue) clock(at time.Time) string {
	t := at.In(d.office.Calendar().Zone())
	hour := t.Format("15:04")
	if hour == "00:00" {
		t, hour = t.Add(-time.Minute), "24:00"
	}
	days := [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}
	return fmt.Sprintf("%d月%d日 %s %s", int(t.Month()), t.Day(), days[t.Weekday()], hour)
}

// ahead is the clock of what is to come, with the year when it is another one.
func (d *Dialogue) ahead(at, now time.Time) string {
	s, zone := d.clock(at), d.office.Calendar().Zone()
	if year := at.Add(-time.Minute).In(zone).Year(); year != now.In(zone).Year() { // the end of a day belongs to it
		s = fmt.Sprintf("%d年%s", year, s)
	}
	return s
}
