package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

// when is what somebody means by words of time: exactly one instant (at), one
// day without an hour (day; before: by then, at the latest), or neither, and
// then question says what to ask. Nothing is ever guessed.
type when struct {
	at     time.Time
	day    calendar.Date
	before bool
	// soon: now, as said; at is the next full minute.
	soon bool

	either []when // what it may mean, each one sure and none of it past
	gone   bool   // as it was said it is past; either is what may be meant instead
	sorry  string // why nothing can be asked or done, with what to write
}

// farthest is how many days ahead a time may lie: what is farther is a slip.
const farthest = 366

// sure reports whether w is one instant or one day.
func (w when) sure() bool { return !w.at.IsZero() || !w.day.IsZero() }

// parseWhen reads words of time that s begins with and returns what follows. s
// is plain. Not ok: it begins with none. What it accepts is never before now,
// nor before the day of now.
func parseWhen(s string, now time.Time, cal *calendar.Calendar) (w when, rest string, ok bool) {
	s = strings.TrimLeft(s, gaps)
	if rest, ok := everyTime(s); ok {
		return when{sorry: "每周、每天的固定时间在电脑上的时段表里设，这里只排一次。请写一个时间，如：周五9点"}, rest, true
	}
	if w, rest, ok := fromNow(s, now, cal); ok {
		return w.within(now, cal), rest, true
	}
	d, rest, hasDay := readDay(s, cal.Today(now))
	c, tail, hasClock := readClock(joint(rest, hasDay), hasDay)
	switch {
	case !hasDay && !hasClock:
		return when{}, s, false
	case hasClock:
		rest = tail
	}
	if why := cmp.Or(d.sorry, c.sorry); why != "" {
		return when{sorry: why}, rest, true
	}
	if !hasDay {
		today := cal.Today(now)
		d = days{first: []calendar.Date{today}, maybe: []calendar.Date{today.AddDays(1)}}
	}
	if !hasClock {
		w, rest = onDay(d, rest, now, cal)
		return w, rest, true
	}
	return atClock(d, c, now, cal), rest, true
}

// joint takes away what may stand between a day and its hour.
func joint(s string, hasDay bool) string {
	if !hasDay {
		return s
	}
	t := strings.TrimLeft(s, gaps)
	return strings.TrimLeft(strings.TrimPrefix(t, "的"), gaps)
}

// onDay settles a day without an hour.
func onDay(d days, rest string, now time.Time, cal *calendar.Calendar) (when, string) {
	before := false
	for _, word := range []string{"之前", "以前", "前"} {
		if tail, ok := strings.CutPrefix(rest, word); ok {
			before, rest = true, tail
			break
		}
	}
	today := cal.Today(now)
	ahead := func(all []calendar.Date) []when {
		var ws []when
		for _, day := range all {
			if !day.Before(today) {
				ws = append(ws, when{day: day, before: before})
			}
		}
		return ws
	}
	sure := ahead(d.first)
	if len(d.first) == 1 && len(sure) == 1 {
		return sure[0].within(now, cal), rest
	}
	gone := len(sure) == 0
	if gone {
		sure = ahead(d.maybe)
	}
	return oneOf(sure, gone, now, cal), rest
}

// atClock settles a day, or several, with an hour, or two.
func atClock(d days, c clock, now time.Time, cal *calendar.Calendar) when {
	ahead := func(days []calendar.Date, minutes []int) []when {
		var ws []when
		for _, day := range days {
			for _, m := range minutes {
				if at := day.At(m/60, m%60, cal.Zone()); !at.Before(now) {
					ws = append(ws, when{at: at})
				}
			}
		}
		return ws
	}
	sure := ahead(d.first, c.first)
	if len(d.first) == 1 && len(c.first) == 1 && len(sure) == 1 {
		return sure[0].within(now, cal)
	}
	gone := len(sure) == 0
	if gone {
		sure = ahead(d.first, c.maybe)
	}
	if len(sure) == 0 {
		sure = ahead(d.maybe, c.first)
	}
	return oneOf(sure, gone, now, cal)
}

// oneOf is a question between readings, of which none may be left.
func oneOf(ws []when, gone bool, now time.Time, cal *calendar.Calendar) when {
	ws = slices.DeleteFunc(ws, func(w when) bool { return !w.within(now, cal).sure() })
	if len(ws) == 0 {
		return when{sorry: "这个时间已经过了。请写以后的时间，如：明天9点"}
	}
	slices.SortStableFunc(ws, func(a, b when) int {
		if a.day != b.day {
			return a.day.Compare(b.day)
		}
		return a.at.Compare(b.at)
	})
	return when{either: ws, gone: gone}
}

// within refuses what lies too far ahead to be meant.
func (w when) within(now time.Time, cal *calendar.Calendar) when {
	day := w.day
	if day.IsZero() {
		day = cal.Today(w.at)
	}
	if cal.Today(now).DaysUntil(day) > farthest {
		return when{sorry: "这个时间太远了，只排一年以内的。请写近一点的时间，如：明天9点"}
	}
	return w
}

// echo writes a sure time in full: 11月27日 周五 15:30, a day without its hour,
// with the year when it is not this one. Read again it is the same time.
func (w when) echo(now time.Time, cal *calendar.Calendar) string {
	day, hour := w.day, ""
	if !w.at.IsZero() {
		t := w.at.In(cal.Zone())
		day, hour = cal.Today(w.at), t.Format(" 15:04")
		if hour == " 00:00" { // the end of a day belongs to the day that ends
			day, hour = day.AddDays(-1), " 24:00"
		}
	}
	s := fmt.Sprintf("%d月%d日 %s%s", int(day.Month()), day.Day(), weekdays[day.Weekday()], hour)
	if day.Year() != cal.Today(now).Year() {
		s = fmt.Sprintf("%d年", day.Year()) + s
	}
	if w.before {
		s += "前"
	}
	return s
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// question asks what was meant, or says why it cannot be; "" for a sure time.
// It ends with a time to write.
func (w when) question(now time.Time, cal *calendar.Calendar) string {
	switch {
	case w.sure():
		return ""
	case len(w.either) == 0:
		return w.sorry
	}
	var all []string
	for _, one := range w.either {
		all = append(all, one.echo(now, cal))
	}
	why := "没说清是哪个时间"
	if w.gone {
		why = "这个时间已经过了"
	}
	asked := strings.Join(all, "，还是") + "？"
	if len(all) == 1 {
		asked = all[0] + "吗？"
	}
	return why + "，是" + asked + "请写全，如：" + strings.ReplaceAll(all[len(all)-1], " ", "")
}

// instant is the one instant that w means. A day without an hour is its first
// slot, which the caller echoes; by a day, the last slot before its end. What is
// not sure comes back as a Problem that asks.
func (w when) instant(slots []schedule.Slot, now time.Time, cal *calendar.Calendar) (time.Time, error) {
	if !w.sure() {
		return time.Time{}, &schedule.Problem{Say: w.question(now, cal), Err: schedule.ErrInput}
	}
	if w.day.IsZero() {
		return w.at, nil
	}
	from := w.day
	if w.before {
		from = cal.Today(now)
	}
	var at time.Time
	for _, s := range slots {
		for _, o := range s.Cron.Days(from, w.day.AddDays(1)) {
			better := at.IsZero() || w.before && o.At.After(at) || !w.before && o.At.Before(at)
			if !o.At.Before(now) && better {
				at = o.At
			}
		}
	}
	if at.IsZero() {
		return at, &schedule.Problem{Err: schedule.ErrInput,
			Say: fmt.Sprintf("%s没有时段了。请写上几点，如：%d月%d日15:30", w.echo(now, cal), int(w.day.Month()), w.day.Day())}
	}
	return at, nil
}
