package command

import (
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
)

// Heard is what words of time were understood as.
type Heard struct {
	Echo, Question, Rest string
	At                   time.Time // zero for a day
	Day                  calendar.Date
	Sure                 bool
	Either               []Heard
}

// When reads words of time as they are written in a message.
func When(text string, now time.Time, cal *calendar.Calendar) (Heard, bool) {
	w, rest, ok := parseWhen(plain(text), now, cal)
	h := export(w, now, cal)
	h.Rest = rest
	return h, ok
}

func export(w when, now time.Time, cal *calendar.Calendar) Heard {
	h := Heard{At: w.at, Day: w.day, Sure: w.sure(), Question: w.question(now, cal)}
	if h.Sure {
		h.Echo = w.echo(now, cal)
	}
	for _, one := range w.either {
		h.Either = append(h.Either, export(one, now, cal))
	}
	return h
}

// Instant is the one instant words mean by a timetable.
func Instant(text string, slots []schedule.Slot, now time.Time, cal *calendar.Calendar) (time.Time, error) {
	w, _, _ := parseWhen(plain(text), now, cal)
	return w.instant(slots, now, cal)
}
