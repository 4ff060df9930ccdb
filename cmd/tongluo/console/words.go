package console

import (
	"fmt"
	"strings"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
)

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// when is “11月27日 周五 15:30”; the end of a day is 24:00 of that day, as people
// say it.
func when(t time.Time) string {
	switch {
	case t.IsZero():
		return "—"
	case t.Hour() == 0 && t.Minute() == 0:
		t = t.AddDate(0, 0, -1)
		return t.Format("1月2日 ") + weekdays[t.Weekday()] + " 24:00"
	}
	return t.Format("1月2日 ") + weekdays[t.Weekday()] + t.Format(" 15:04")
}

func sayDay(d calendar.Date) string {
	return fmt.Sprintf("%d月%d日 %s", d.Month(), d.Day(), weekdays[d.Weekday()])
}

// plainCause is a cause in a sentence (design rule 7: only the first is a
// keeper's).
func plainCause(c coverage.Cause) string {
	switch c {
	case coverage.ByKeeper:
		return "村里的：内容早已送到负责人手上，还没有回“已转”"
	case coverage.ByGroup:
		return "怪不到村里：群不在了，或机器人不在群里"
	case coverage.ByContent:
		return "怪不到村里：当时没有合适的素材"
	}
	return "怪不到村里：机器人不在线或办公室没有按时送到"
}

var flagWords = map[schedule.FlagState]string{schedule.FlagRaised: "已记督办", schedule.FlagReminded: "已提醒", schedule.FlagEscalated: "已上报"}

// shownStates are the states of a day's deliveries in the order of the screen.
var shownStates = []schedule.State{schedule.Confirmed, schedule.Observed, schedule.Accepted, schedule.Reported, schedule.Sending,
	schedule.Queued, schedule.Held, schedule.Handed, schedule.Uncertain, schedule.Refused, schedule.Failed, schedule.Missed,
	schedule.Declined, schedule.Lapsed, schedule.Revoked, schedule.Cancelled}

// counts lists the states that occur: “受理 80，待转发 30”.
func counts(n map[schedule.State]int) (all int, words string) {
	var parts []string
	for _, s := range shownStates {
		if n[s] > 0 {
			all += n[s]
			parts = append(parts, fmt.Sprintf("%s %d", s.Chinese(), n[s]))
		}
	}
	return all, strings.Join(parts, "，")
}

// lastName is the last name of a unit's path.
func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
