package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"tongluo/schedule/calendar"
	"tongluo/schedule/report"
)

// usualWidth is what a table may take where no terminal says otherwise.
const usualWidth = 100

// widthOf is the width of the terminal, of COLUMNS, or the usual one.
func widthOf(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return usualWidth
}

// onTerminal reports whether a person watches w, so that progress may be drawn.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// table prints rows under headers, as blocks where the terminal is narrow.
func (a *app) table(headers []string, rows [][]string) {
	fmt.Fprint(a.out, report.Table(headers, rows, a.width))
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

// dayTime is "2026年6月2日 周二 09:00" in the office's zone; "—" for the zero time.
func (o *office) dayTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	local := t.In(o.set.Calendar.Zone())
	if local.Hour() == 0 && local.Minute() == 0 { // people say 24:00 of the day before
		local = local.AddDate(0, 0, -1)
		return local.Format("2006年1月2日 ") + weekdays[local.Weekday()] + " 24:00"
	}
	return local.Format("2006年1月2日 ") + weekdays[local.Weekday()] + local.Format(" 15:04")
}

// day is "2026-06-02 周二".
func day(d calendar.Date) string {
	if d.IsZero() {
		return "—"
	}
	return d.String() + " " + weekdays[d.Weekday()]
}

func percent(c *float64) string {
	if c == nil {
		return "—"
	}
	return strconv.FormatFloat(*c*100, 'f', 1, 64) + "%"
}
