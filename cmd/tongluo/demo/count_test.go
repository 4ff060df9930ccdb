package demo

import (
	"maps"
	"strings"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// tally is what one unit has in one week, by the paper alone.
type tally struct{ owed, met, late, keeper, others, excused int }

// count works out standings from what was written on the sheets, by the
// definitions and nothing of the program's own arithmetic.
type count struct {
	w    *world
	end  time.Time
	read []*entry // answered, in the order the office read them

	// on and made are the days credited to a group's week, on time and made up,
	// with the instant the office knew.
	on, made map[string]map[calendar.Date]time.Time

	rows   map[string]map[string]*tally // week → unit path → tally
	causes map[string]string            // group and period → why it is behind
}

func monday(d calendar.Date) calendar.Date {
	for d.Weekday() != time.Monday {
		d = d.AddDays(-1)
	}
	return d
}

func (c *count) start(d calendar.Date) time.Time { return d.Start(c.w.cal.Zone()) }

// credit books an answer the moment it is read.
func (c *count) credit(e *entry) {
	c.read = append(c.read, e)
	if e.slot == "" || !e.done {
		return
	}
	today := c.w.cal.Today(e.readAt)
	week := monday(e.window)
	switch {
	case !e.day.IsZero() && e.day.Before(e.window): // not before they were asked
		c.put(c.on, e.group, week, e.window, e.readAt)
	case !e.day.IsZero():
		c.put(c.on, e.group, monday(e.day), e.day, e.readAt)
	case today.Before(week.AddDays(7)):
		c.put(c.on, e.group, week, today, e.readAt)
	case len(c.on[key(e.group, week)])+len(c.made[key(e.group, week)]) < 2:
		c.put(c.made, e.group, week, today, e.readAt)
	default:
		c.put(c.on, e.group, monday(today), today, e.readAt)
	}
}

func key(group string, week calendar.Date) string { return group + " " + week.String() }

func (c *count) put(in map[string]map[calendar.Date]time.Time, group string, week, day calendar.Date, known time.Time) {
	k := key(group, week)
	if in[k] == nil {
		in[k] = map[calendar.Date]time.Time{}
	}
	if _, twice := in[k][day]; !twice {
		in[k][day] = known
	}
}

// work adds everything up at the end.
func (c *count) work(all map[int64]*entry) {
	c.rows, c.causes = map[string]map[string]*tally{}, map[string]string{}
	for _, g := range c.w.place.roster.Groups {
		var mine []*entry
		for _, e := range all {
			if e.group == g.Name {
				mine = append(mine, e)
			}
		}
		switch g.Kind {
		case "网格群":
			c.relays(g, mine, 2) // owed under plans 1 and 15
		case "班级群":
			c.relays(g, mine, 1)
		case "家长群":
			c.month(g, mine)
		default:
			c.weeks(g, mine)
		}
	}
}

func (c *count) relays(g roster.Group, mine []*entry, times int) {
	for _, e := range mine {
		onTime := !e.day.IsZero() && !e.window.AddDays(1).Before(e.day) || e.day.IsZero() && c.w.cal.Today(e.readAt) == e.window
		cause := coverage.ByOffice
		if strings.Contains(e.reason, "解散") {
			cause = coverage.ByGroup
		}
		for range times {
			c.add(g, week(monday(e.window)), e.done && onTime, e.done, cause)
		}
	}
}

func week(mon calendar.Date) string { return calendar.PeriodOf(calendar.Week, mon).Key }

func (c *count) month(g roster.Group, mine []*entry) {
	if c.end.Before(c.start(calendar.MustDate("2026-07-01"))) {
		return
	}
	done, lay := false, false
	for _, e := range mine {
		done = done || e.done
		lay = lay || !e.given.IsZero()
	}
	cause := coverage.ByOffice
	if lay {
		cause = coverage.ByKeeper
	}
	c.add(g, "2026-06", done, false, cause)
}

func (c *count) weeks(g roster.Group, mine []*entry) {
	for mon := calendar.MustDate("2026-06-01"); !c.end.Before(c.start(mon.AddDays(7))); mon = mon.AddDays(7) {
		if g.Since != "" && mon.String() < g.Since {
			if mon.AddDays(7).String() > g.Since {
				c.row(g, week(mon), func(t *tally) { t.owed++; t.excused++ })
			}
			continue
		}
		on, made := c.on[key(g.Name, mon)], c.made[key(g.Name, mon)]
		c.add(g, week(mon), len(on) >= 2, len(on)+len(made) >= 2, c.blame(g, mon, mine))
	}
}

// blame is whose the week is, by what the office knew when it ended.
func (c *count) blame(g roster.Group, mon calendar.Date, mine []*entry) coverage.Cause {
	end := c.start(mon.AddDays(7))
	missing := 2
	for known := range maps.Values(c.on[key(g.Name, mon)]) {
		if known.Before(end) {
			missing--
		}
	}
	lay, gone := 0, false
	for _, e := range mine {
		if monday(e.date) != mon {
			continue
		}
		answered := e.answered() && e.readAt.Before(end)
		if !answered && !e.known.IsZero() && e.known.Before(end) && c.w.cal.Workdays(e.given.AddDays(1), mon.AddDays(7)) > 0 {
			lay++
		}
		gone = gone || answered && strings.Contains(e.reason, "解散")
	}
	switch {
	case lay >= missing:
		return coverage.ByKeeper
	case gone:
		return coverage.ByGroup
	}
	return coverage.ByOffice
}

func (c *count) add(g roster.Group, period string, met, late bool, cause coverage.Cause) {
	c.row(g, period, func(t *tally) {
		t.owed++
		switch {
		case met:
			t.met++
		case late:
			t.late++
		case cause == coverage.ByKeeper:
			t.keeper++
		default:
			t.others++
		}
	})
	if !met && !late {
		c.causes[g.Name+" "+period] = string(cause)
	}
}

// row applies a change to a unit's tally and to those of all above it. June has
// its own, and its four weeks: the Thursdays of all of them lie in it.
func (c *count) row(g roster.Group, period string, change func(*tally)) {
	if period != "2026-06" {
		c.row(g, "2026-06", change)
	}
	path := ""
	for part := range strings.SplitSeq(g.UnitPath, "/") {
		path = strings.TrimPrefix(path+"/"+part, "/")
		if c.rows[period] == nil {
			c.rows[period] = map[string]*tally{}
		}
		if c.rows[period][path] == nil {
			c.rows[period][path] = &tally{}
		}
		change(c.rows[period][path])
	}
}
