package demo

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
)

// paperOffice is the demo's office with [wechat] off: nobody chats, everything
// goes by office pack and comes back on tick-lists.
type paperOffice struct {
	t     *testing.T
	w     *world
	count *count
	lines map[int64]*entry // every line of every sheet, by its number
}

// TestMonthWithoutWeChat lives the demo's month on paper alone.
func TestMonthWithoutWeChat(t *testing.T) {
	last := 30 // so that June's own period ends too
	if testing.Short() {
		last = 8
	}
	o := newPaperOffice(t, last)
	w := o.w
	require.NoError(t, w.live(t.Context()))

	o.everythingWentByHand()
	o.count.work(o.lines)
	o.compare()
	t.Run("reading every sheet once more changes nothing", func(t *testing.T) {
		o.t = t
		for _, folder := range o.folders("2026-*") {
			o.sameAfter(sheetOf(t, folder, o.lines))
		}
		o.compare()
	})
	checkBooks(t, w)
}

func newPaperOffice(t *testing.T, last int) *paperOffice {
	dir := t.TempDir()
	w, err := newWorld(t.Context(), Options{Days: last, Seed: 1, Err: io.Discard, Packs: packsIn}, dir)
	require.NoError(t, err)
	t.Cleanup(w.close)
	settings := w.office.Settings()
	w.office = schedule.New(w.db, w.cal, settings, schedule.Off{}, packsIn(filepath.Join(dir, "packs"), w.cal.Zone()))
	w.runner = runner.New(w.office, w.db, w.desk, schedule.Off{}, 1)
	require.NoError(t, w.furnish(t.Context()))
	require.NoError(t, w.adopt(t.Context()))
	w.queued()
	w.at(w.day(newGroupOn, 14, 0), w.newGroup)

	o := &paperOffice{t: t, w: w, lines: map[int64]*entry{},
		count: &count{w: w, end: w.end, on: map[string]map[calendar.Date]time.Time{}, made: map[string]map[calendar.Date]time.Time{}}}
	o.plan(last)
	return o
}

// plan puts the office's errands on the calendar: at the pack's half hour it
// looks at the disk; it writes down to whom it gave the pack; it collects the
// sheets twice, the second time on Monday.
func (o *paperOffice) plan(last int) {
	errand := func(d, hour, minute int, do func()) {
		o.w.at(o.w.day(d, hour, minute), func(context.Context) error { do(); return nil })
	}
	for _, d := range []int{2, 5, 9, 12, 16, 19, 23, 26, 30} {
		date, on := calendar.NewDate(2026, time.June, d), d
		if date == dragonBoat {
			on--
		}
		folders := date.String() + "-周*"
		errand(on, 10, 30, func() { o.give(folders) })
		errand(on, 11, 0, func() { o.onDisk(date) })
		if date.Weekday() == time.Tuesday {
			errand(min(on+2, 30), 16, 0, func() { o.collect(folders, false) })
		} else {
			errand(on, 17, 0, func() { o.collect(folders, false) })
		}
	}
	for _, d := range []int{3, 4, 10, 11, 24, 25} {
		errand(d, 11, 30, func() { o.relayOnDisk(calendar.NewDate(2026, time.June, d)) })
		errand(d, 13, 0, func() { o.collect(calendar.NewDate(2026, time.June, d).String()+"-*", false) })
	}
	for d := 8; d <= last; d += 7 {
		errand(d, 10, 0, func() {
			for back := 7; back > 0; back-- {
				o.collect(calendar.NewDate(2026, time.June, d-back).String()+"-*", true)
			}
		})
	}
}

func (o *paperOffice) folders(pattern string) []string {
	found, err := filepath.Glob(filepath.Join(o.w.dir, "packs", pattern))
	require.NoError(o.t, err)
	slices.Sort(found)
	return found
}

// onDisk checks, half an hour before a slot's window closes, that all of it
// lies on disk: every delivery on a sheet, every unit with something to forward.
func (o *paperOffice) onDisk(date calendar.Date) {
	o.complete(o.folders(date.String()+"-周*"), schedule.DeliveryFilter{From: date, To: date}, func(d schedule.Delivery) bool { return d.Slot != "" }, 36)
}

func (o *paperOffice) relayOnDisk(date calendar.Date) {
	n := 9
	if date.Weekday() == time.Wednesday {
		n = 24
	}
	o.complete(o.folders(date.String()+"-*"), schedule.DeliveryFilter{From: date, To: date}, func(d schedule.Delivery) bool { return d.Slot == "" }, n)
}

func (o *paperOffice) complete(folders []string, f schedule.DeliveryFilter, want func(schedule.Delivery) bool, least int) {
	t := o.t
	require.NotEmpty(t, folders, "at %s", o.w.local(o.w.now))
	onSheet := map[int64]bool{}
	for _, folder := range folders {
		units := map[string]bool{}
		for _, e := range sheetOf(t, folder, o.lines).rows {
			onSheet[e.id] = true
			units[strings.ReplaceAll(e.unit, "/", "-")] = true
		}
		for unit := range units {
			for _, name := range []string{"正文.txt", "图片1.png", "群名单.txt"} {
				info, err := os.Stat(filepath.Join(folder, unit, name))
				require.NoError(t, err)
				require.Positive(t, info.Size(), name)
			}
		}
	}
	ds, err := o.w.db.Deliveries(t.Context(), f)
	require.NoError(t, err)
	ds = slices.DeleteFunc(ds, func(d schedule.Delivery) bool { return !want(d) })
	require.GreaterOrEqual(t, len(ds), least, "at %s", o.w.local(o.w.now))
	for _, d := range ds {
		require.True(t, onSheet[d.ID], "delivery %d of %s is on no sheet", d.ID, d.Day)
		require.Equal(t, schedule.Handed, d.State)
	}
}

// give writes 交给本人日期 where the office gave the pack in person.
func (o *paperOffice) give(pattern string) {
	for _, folder := range o.folders(pattern) {
		p := sheetOf(o.t, folder, o.lines)
		for _, e := range p.rows {
			if wasGiven(e) {
				e.given = e.window
			}
		}
		p.write(o.t)
	}
}

// collect has people write their answers, and reads each sheet twice.
func (o *paperOffice) collect(pattern string, again bool) {
	for _, folder := range o.folders(pattern) {
		p := sheetOf(o.t, folder, o.lines)
		var fresh []*entry
		done := 0
		for _, e := range p.rows {
			if !e.given.IsZero() && e.known.IsZero() {
				e.known = o.w.now
			}
			if e.answered() && !couldAfterAll(e, again) || !answers(e, again) {
				continue
			}
			e.readAt = o.w.now
			fresh = append(fresh, e)
			if e.done {
				done++
			}
		}
		p.write(o.t)
		require.Equal(o.t, done, p.read(o.t, o.w), filepath.Base(folder))
		for _, e := range fresh {
			o.count.credit(e)
		}
		o.sameAfter(p)
	}
}

// sameAfter reads a sheet that has been read: nothing may change.
func (o *paperOffice) sameAfter(p paper) {
	before, handed := o.books()
	require.Zero(o.t, p.read(o.t, o.w))
	after, handedAfter := o.books()
	require.Equal(o.t, before, after)
	require.Equal(o.t, handed, handedAfter)
}

func (o *paperOffice) books() ([]schedule.Delivery, []schedule.Handoff) {
	ds, err := o.w.db.Deliveries(o.t.Context(), schedule.DeliveryFilter{})
	require.NoError(o.t, err)
	hs, err := o.w.db.Handoffs(o.t.Context(), schedule.HandoffFilter{})
	require.NoError(o.t, err)
	return ds, hs
}

// village is the number of a village in the list, or 20 + n for the n-th class
// of a grade.
func village(e *entry) int {
	if i := slices.IndexFunc(villages[:], func(v string) bool { return strings.Contains(e.unit+"/", "/"+v+"/") }); i >= 0 {
		return i
	}
	for n, class := range []string{"（1）", "（2）", "（3）"} {
		if strings.Contains(e.unit, class) {
			return 20 + n
		}
	}
	return -1
}

func (o *paperOffice) everythingWentByHand() {
	require.Empty(o.t, o.w.server.Receipts(), "nothing was sent to anybody")
	ds, _ := o.books()
	for _, d := range ds {
		if !d.Opens.Before(o.w.end) {
			continue // planned at the last midnight
		}
		require.Contains(o.t, []schedule.State{schedule.Handed, schedule.Reported, schedule.Lapsed, schedule.Declined}, d.State)
		require.Equal(o.t, roster.ByKeeper, d.Carrier)
		require.NotNil(o.t, o.lines[d.ID], "delivery %d of %s never was on a sheet", d.ID, d.Day)
	}
}

// compare holds coverage against the count, unit by unit and week by week, and
// every flag against the cause the paper shows.
func (o *paperOffice) compare() {
	t, w := o.t, o.w
	sum := *o.count.rows["2026-06"][townName]
	for period, units := range o.count.rows {
		got := rows(t, w, period)
		for _, u := range w.place.roster.Units {
			want := units[u.Path]
			if want == nil {
				want = &tally{}
			}
			require.Equal(t, *want, tallyOf(got[u.Path]), "%s %s", u.Path, period)
		}
	}
	c, err := w.office.Coverage(t.Context(), roster.Operator(""), schedule.Query{Now: w.end})
	require.NoError(t, err)
	require.Equal(t, sum, tallyOf(c.Total))
	require.InDelta(t, float64(sum.met)/float64(sum.owed-sum.excused), *c.Total.Coverage, 1e-9)
	flags, err := w.office.Behind(t.Context(), roster.Operator(""), "", w.end)
	require.NoError(t, err)
	flags = slices.DeleteFunc(flags, func(f schedule.BehindRow) bool { return f.Group.ID == 0 }) // what units hand in is not on these sheets
	require.Equal(t, sum.keeper+sum.others, len(flags))
	for _, f := range flags {
		require.Equal(t, o.count.causes[f.Group.Name+" "+f.Period], string(f.Cause), "%s %s", f.Group.Name, f.Period)
	}
	o.everyKind(sum, flags)
}

func tallyOf(r coverage.Row) tally {
	return tally{r.Owed, r.Met, r.Late, r.BehindKeeper, r.BehindOffice, r.Excused}
}

// everyKind makes sure that the month had something of everything in it.
func (o *paperOffice) everyKind(sum tally, flags []schedule.BehindRow) {
	require.Positive(o.t, sum.met)
	require.Positive(o.t, sum.keeper)
	require.Positive(o.t, sum.others)
	gone := 0
	for _, f := range flags {
		if f.Cause == coverage.ByGroup {
			gone++
		}
		if f.Cause == coverage.ByKeeper {
			require.True(o.t, slices.ContainsFunc([]string{villages[3], villages[9], villages[10], villages[11], "（1）"}, func(v string) bool {
				return strings.Contains(f.Unit.Name, v)
			}), "%s was given no pack in time", f.Unit.Name)
		}
	}
	require.Positive(o.t, gone)
	if !testing.Short() {
		require.Positive(o.t, sum.late)
		require.Equal(o.t, 1, sum.excused)
	}
}

// wasGiven are the packs the office gave in person, and wrote down.
func wasGiven(e *entry) bool {
	switch v := village(e); v {
	case 2, 3, 6, 20:
		return true
	case 9, 10, 11:
		return (v+e.window.Day())%3 == 0
	}
	return false
}

// answers has the people of a village write on the sheet, again on Monday. It
// reports whether they wrote anything.
func answers(e *entry, again bool) bool {
	tuesday := e.slot != "" && e.window.Weekday() == time.Tuesday
	first, dated := !again, func(d calendar.Date) bool { e.done, e.day = true, d; return true }
	undated := func() bool { e.done = true; return true }
	reason := func(s string) bool { e.reason = s; return true }
	switch v := village(e); {
	case v == 2, v == 20 && e.slot != "", v == 21: // never
		return false
	case v == 1 && e.slot != "" && !tuesday: // says so late, without a day
		return again && undated()
	case v == 1:
		return first && undated()
	case v == 3 && e.slot == "":
		return again && undated()
	case (v == 3 || v == 4) && tuesday: // given, or not given: that is the difference
		return false
	case v == 4 && e.slot == "":
		return again && dated(e.window.AddDays(1))
	case v == 5 && (tuesday || e.slot == ""):
		return first && reason("群解散了")
	case v == 6 && tuesday && couldAfterAll(e, again):
		e.reason = ""
		return dated(e.window.AddDays(1))
	case v == 6 && tuesday:
		return first && reason(brokenPhone)
	case v == 7 && tuesday:
		return again && dated(e.window.AddDays(1))
	case v == 8 && tuesday: // two on one day count once
		return again && dated(fridayOf(e.window))
	case v >= 9 && v <= 11:
		return anyhow(e, again, dated, undated, reason)
	}
	return first && dated(e.window)
}

const brokenPhone = "手机坏了"

// couldAfterAll is a village that strikes out its 转不了 on Monday, some weeks.
func couldAfterAll(e *entry, again bool) bool {
	return again && !e.done && e.reason == brokenPhone && e.window.Day()%2 == 0
}

// fridayOf is the day on which the week's second pack was carried.
func fridayOf(d calendar.Date) calendar.Date {
	if friday := monday(d).AddDays(4); friday != dragonBoat {
		return friday
	}
	return dragonBoat.AddDays(-1)
}

// anyhow is a village that does now this, now that; the same every time.
func anyhow(e *entry, again bool, dated func(calendar.Date) bool, undated func() bool, reason func(string) bool) bool {
	mind := rand.New(rand.NewPCG(uint64(e.id), 28))
	if again {
		mind = rand.New(rand.NewPCG(uint64(e.id), 29))
	}
	switch mind.IntN(6) {
	case 0, 1:
		return dated(e.window)
	case 2:
		return undated()
	case 3:
		return !again && reason("找不到手机")
	}
	return false
}
