package schedule

import (
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// hopes fills in what only open periods need. It remembers what it worked out:
// thousands of groups share a few ends and slots.
type hopes struct {
	office   *Office
	roster   *roster.Roster
	now      time.Time
	today    calendar.Date
	workdays map[time.Time]int
	open     map[openKey][]calendar.Date
}

// openKey is an end and the slots that serve a group, a bit each.
type openKey struct {
	end   time.Time
	slots uint64
}

func (o *Office) newHopes(r *roster.Roster, now time.Time) *hopes {
	return &hopes{office: o, roster: r, now: now, today: o.cal.Today(now), workdays: map[time.Time]int{}, open: map[openKey][]calendar.Date{}}
}

// fill fills in the slots and working days that are left.
func (h *hopes) fill(ob *Obligation) {
	cal := h.office.cal
	left, ok := h.workdays[ob.EndAt]
	if !ok {
		left = cal.Workdays(h.today, cal.Today(ob.EndAt))
		h.workdays[ob.EndAt] = left
	}
	ob.WorkdaysLeft = left
	g, ok := h.roster.Group(ob.Group)
	if !ok || ob.Push != 0 { // tasks and relays wait for people only
		ob.Live, ob.Unanswered = max(ob.Live, ob.Need), true
		return
	}
	days := h.openDays(g, ob.EndAt)
	if len(days) > 0 && days[0] == h.today && ob.Live+ob.Credits > 0 {
		days = days[1:] // today's slot has been planned: it is among the live
	}
	ob.OpenSlots = len(days)
}

// openDays are the distinct days before end on which a window of the group is
// still to open or open.
func (h *hopes) openDays(g roster.Group, end time.Time) []calendar.Date {
	var mine []Slot
	key := openKey{end: end}
	for i, s := range h.office.settings.Slots {
		if s.To.Matches(g) {
			mine = append(mine, s)
			key.slots |= 1 << (i % 64)
		}
	}
	days, ok := h.open[key]
	if !ok || len(h.office.settings.Slots) > 64 {
		days = h.office.openDays(mine, h.now, h.office.cal.Today(end))
		h.open[key] = days
	}
	return days
}

// openDays are the distinct days before end on which a slot's window is still
// to open or open.
func (o *Office) openDays(slots []Slot, now time.Time, end calendar.Date) []calendar.Date {
	today := o.cal.Today(now)
	days := slotDays(slots, today, end)
	if len(days) == 0 || days[0] != today {
		return days
	}
	for _, s := range slots {
		for _, occ := range s.Cron.Days(today, today.AddDays(1)) {
			if now.Before(occ.At.Add(s.Length)) {
				return days
			}
		}
	}
	return days[1:]
}
