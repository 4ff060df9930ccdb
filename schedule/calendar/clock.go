package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var (
	clockShape  = regexp.MustCompile(`^([0-9]{2}):([0-9]{2})$`)
	withinShape = regexp.MustCompile(`^PT(?:([0-9]{1,4})H)?(?:([0-9]{1,4})M)?$`)
)

// ParseClock reads a time of day "09:00" as minutes after midnight; "24:00"
// (1440) is the end of the day. Its error is Chinese and says what to write.
func ParseClock(s string) (minutes int, err error) {
	if m := clockShape.FindStringSubmatch(s); m != nil {
		hour, minute := number(m[1]), number(m[2])
		if minutes = hour*60 + minute; minute < 60 && minutes <= 24*60 {
			return minutes, nil
		}
	}
	return 0, fmt.Errorf("时间“%s”无法识别：请写成 09:00 这样的“时:分”，从 00:00 到 24:00", s)
}

// ParseWithin reads an ISO 8601 duration of working time in hours and minutes:
// "PT4H", "PT30M", "PT1H30M". Days are refused, because a day of working time
// and a calendar day differ and the text would not say which was meant.
// Its error is Chinese and says what to write.
func ParseWithin(s string) (time.Duration, error) {
	m := withinShape.FindStringSubmatch(s)
	if m != nil {
		d := time.Duration(number(m[1]))*time.Hour + time.Duration(number(m[2]))*time.Minute
		if d > 0 {
			return d, nil
		}
	}
	return 0, fmt.Errorf("时限“%s”无法识别：请用工作小时和分钟书写，如 PT4H（4 小时）、PT30M（30 分钟）、PT1H30M；不能写天、周、月", s)
}

// number reads digits that a pattern has already bounded; empty is 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// wallClock is what the clock of zone reads at t, carried as a UTC time so that
// arithmetic on it knows no clock changes.
func wallClock(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// firstReading is the first instant at which the clock of zone reads wall or
// later. time.Date promises neither side of a clock change, so the periods
// between changes are walked, starting before any offset could reach wall.
func firstReading(wall time.Time, zone *time.Location) time.Time {
	const widestOffset = 26 * time.Hour
	cur := wall.Add(-widestOffset).In(zone)
	for {
		_, offset := cur.Zone()
		_, end := cur.ZoneBounds()
		hit := wall.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || hit.Before(end) {
			if hit.Before(cur) { // the reading was skipped by the change at cur
				return cur
			}
			return hit.In(zone)
		}
		cur = end
	}
}
