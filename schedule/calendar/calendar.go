// Package calendar knows when: local days and periods, the holidays and make-up
// workdays of mainland China, school terms, working time, quiet hours, cron
// slots and report deadlines.
//
// It refuses to know what happens then: no plan, no group, no message. It never
// asks the time nor the zone of the machine; both are arguments.
package calendar

import (
	"fmt"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// Term is a school term, both days included.
type Term struct{ From, To Date }

// Day is one line of the office's own holiday table. It replaces what the
// built-in table says of that date: Work true is a workday, false a day off.
type Day struct {
	Date Date
	Name string
	Work bool
}

// Options are the office's settings. Empty texts mean the value of Defaults.
type Options struct {
	Zone               string // IANA name
	WorkFrom, WorkTo   string // "08:30", "17:30", within one day
	QuietFrom, QuietTo string // "21:00", "08:00"; may wrap midnight; equal means no quiet hours
	Terms              []Term // none: 20 February to 5 July and 1 September to 20 January, every year
	Holidays           []Day  // lines over the built-in table
}

// Defaults are the settings of an office that changed nothing.
func Defaults() Options {
	return Options{
		Zone:     "Asia/Shanghai",
		WorkFrom: "08:30", WorkTo: "17:30",
		QuietFrom: "21:00", QuietTo: "08:00",
	}
}

// Calendar answers questions about one office's time. It never changes after
// New and may be used from many goroutines.
type Calendar struct {
	zone      *time.Location
	work      span
	quiet     span
	terms     []Term
	days      map[Date]Day // holidays and make-up workdays
	yearKnown map[int]bool
}

// New checks the options and builds the calendar. Its errors are Chinese, name
// the setting and say what to write.
func New(o Options) (*Calendar, error) {
	o = o.withDefaults()
	c := &Calendar{terms: o.Terms, days: builtinDays(), yearKnown: map[int]bool{}}
	var err error
	if c.zone, err = loadZone(o.Zone); err != nil {
		return nil, err
	}
	if c.work, err = parseSpan("工作时间", o.WorkFrom, o.WorkTo); err != nil {
		return nil, err
	}
	if c.work.from >= c.work.to {
		return nil, fmt.Errorf("工作时间 %s–%s 不对：上班时间要早于下班时间，如 08:30 和 17:30", o.WorkFrom, o.WorkTo)
	}
	if c.quiet, err = parseSpan("安静时间", o.QuietFrom, o.QuietTo); err != nil {
		return nil, err
	}
	if c.quiet.length() >= 24*60 {
		return nil, fmt.Errorf("安静时间 %s–%s 占满了一整天：请留出可以发消息的时间，如 21:00 到 08:00", o.QuietFrom, o.QuietTo)
	}
	if err := checkTerms(o.Terms); err != nil {
		return nil, err
	}
	if err := c.override(o.Holidays); err != nil {
		return nil, err
	}
	c.noteKnownYears()
	return c, nil
}

func (o Options) withDefaults() Options {
	d := Defaults()
	for _, f := range []struct {
		value *string
		usual string
	}{
		{&o.Zone, d.Zone},
		{&o.WorkFrom, d.WorkFrom}, {&o.WorkTo, d.WorkTo},
		{&o.QuietFrom, d.QuietFrom}, {&o.QuietTo, d.QuietTo},
	} {
		if *f.value == "" {
			*f.value = f.usual
		}
	}
	o.Terms = append([]Term(nil), o.Terms...)
	return o
}

// loadZone refuses "Local": the laptop's zone is not the plan's.
func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil && name == "Asia/Shanghai" { // a bare machine without a zone database: no change of clocks since 1991
		return time.FixedZone("CST", 8*60*60), nil
	}
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("时区“%s”无法识别：请写 IANA 名称，如 Asia/Shanghai", name)
	}
	return zone, nil
}

func checkTerms(terms []Term) error {
	for i, t := range terms {
		if t.From.IsZero() || t.To.IsZero() || t.To.Before(t.From) {
			return fmt.Errorf("第 %d 个学期（%s 到 %s）不对：请写开学日和放假前最后一天，如 2026-02-20 到 2026-07-05", i+1, t.From, t.To)
		}
	}
	return nil
}

// builtinDays copies the library's table once, so that nothing that changes the
// library's own global table later can change a calendar.
func builtinDays() map[Date]Day {
	days := map[Date]Day{}
	table := HolidayUtil.GetHolidays("20") // every record starts with its year, 20xx
	for e := table.Front(); e != nil; e = e.Next() {
		h, ok := e.Value.(*HolidayUtil.Holiday)
		if !ok {
			continue
		}
		if d, err := ParseDate(h.GetDay()); err == nil {
			days[d] = Day{Date: d, Name: h.GetName(), Work: h.IsWork()}
		}
	}
	return days
}

func (c *Calendar) override(lines []Day) error {
	seen := map[Date]int{}
	for i, line := range lines {
		if line.Date.IsZero() {
			return fmt.Errorf("节假日表第 %d 条没有日期：请写成 2027-01-01 这样的“年-月-日”", i+1)
		}
		if first, twice := seen[line.Date]; twice {
			return fmt.Errorf("节假日表第 %d 条与第 %d 条是同一天（%s）：请只保留一条", i+1, first, line.Date)
		}
		seen[line.Date] = i + 1
		c.days[line.Date] = line
	}
	return nil
}

// noteKnownYears takes a year's table as present when it names 1 October: every
// official table does, while a line or two of local days do not make a table.
func (c *Calendar) noteKnownYears() {
	for d, day := range c.days {
		if d.Month() == time.October && d.Day() == 1 && !day.Work {
			c.yearKnown[d.Year()] = true
		}
	}
}

// Zone is the zone of all local days and times of this calendar.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Today is the local day that contains now.
func (c *Calendar) Today(now time.Time) Date { return DateOf(now, c.zone) }

// KnownYear reports whether the holidays of year y are known. If not, callers
// say so and warn; Workday then falls back to the weekday alone.
func (c *Calendar) KnownYear(y int) bool { return c.yearKnown[y] }

// Workday reports whether d is a working day, make-up workdays included. In a
// year whose table is missing Monday to Friday count and known is false, except
// for days the office listed itself.
func (c *Calendar) Workday(d Date) (workday, known bool) {
	if day, listed := c.days[d]; listed {
		return day.Work, true
	}
	weekday := d.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday, c.KnownYear(d.Year())
}

func (c *Calendar) works(d Date) bool {
	workday, _ := c.Workday(d)
	return workday
}

// Holiday is the name of the holiday that makes d a day off. A plain weekend
// and a make-up workday are no holiday: ok is false.
func (c *Calendar) Holiday(d Date) (name string, ok bool) {
	day, listed := c.days[d]
	if !listed || day.Work {
		return "", false
	}
	return day.Name, true
}

// Workdays counts the working days in [from, to).
func (c *Calendar) Workdays(from, to Date) int {
	n := 0
	for d := from; d.Before(to); d = d.AddDays(1) {
		if c.works(d) {
			n++
		}
	}
	return n
}

// NextWorkday is the first working day from d on, d itself included.
func (c *Calendar) NextWorkday(d Date) Date {
	for !c.works(d) {
		d = d.AddDays(1)
	}
	return d
}

// PrevWorkday is the last working day up to d, d itself included.
func (c *Calendar) PrevWorkday(d Date) Date {
	for !c.works(d) {
		d = d.AddDays(-1)
	}
	return d
}

// Shift moves what concerns people (handoffs, reminders) off a day without work:
// to the working day before in the same period, failing that the next one in
// it, failing that d itself (design rule 13).
func (c *Calendar) Shift(d Date, within Period) Date {
	if before := c.PrevWorkday(d); before == d || within.Contains(before) {
		return before
	}
	if after := c.NextWorkday(d); within.Contains(after) {
		return after
	}
	return d
}

// InTerm reports whether school is in term on d. With no terms configured the
// usual pattern of mainland schools holds for any year; configured terms are
// complete: a day in none of them is holiday.
func (c *Calendar) InTerm(d Date) bool {
	if len(c.terms) == 0 {
		return inUsualTerm(d)
	}
	for _, t := range c.terms {
		if !d.Before(t.From) && !d.After(t.To) {
			return true
		}
	}
	return false
}

// inUsualTerm is our decision where the office gave no dates: 20 February to
// 5 July and 1 September to 20 January, all four days included.
func inUsualTerm(d Date) bool {
	monthDay := int(d.Month())*100 + d.Day()
	return monthDay <= 120 || (monthDay >= 220 && monthDay <= 705) || monthDay >= 901
}

// TermDays counts the days of [from, to) on which school is in term.
func (c *Calendar) TermDays(from, to Date) int {
	n := 0
	for d := from; d.Before(to); d = d.AddDays(1) {
		if c.InTerm(d) {
			n++
		}
	}
	return n
}
