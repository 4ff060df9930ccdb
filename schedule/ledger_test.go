package schedule_test

import (
	"strings"
	"testing"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 07:59")
	flags, err := w.db.Flags(w.ctx, true)
	require.NoError(t, err)
	require.Len(t, flags, 1, "the cut week before is excused")
	require.Empty(t, w.told(westKeeper, "应 2 次"), "nobody is told at midnight")
	require.NoError(t, w.db.PutJobs(w.ctx, []schedule.Job{{Key: "again", Kind: "end", At: w.at("2026-11-09 00:00")}}))
	w.run("2026-11-09 08:30")
	flags, err = w.db.Flags(w.ctx, true)
	require.NoError(t, err)
	require.Len(t, flags, 1, "a flag opens once")
	require.Len(t, w.told(westKeeper, "应 2 次"), 1)
	require.Empty(t, w.told(townHead, "应 2 次"))
	require.Empty(t, w.told(clerkA, "应 2 次"))

	w.run("2026-11-10 20:00")
	require.Empty(t, w.told(townHead, "应 2 次"), "the keeper's turn")
	w.run("2026-11-11 20:00")
	require.Len(t, w.told(townHead, "应 2 次"), 1, "then the contact above")
	flags, err = w.db.Flags(w.ctx, false)
	require.NoError(t, err)
	require.Equal(t, schedule.FlagEscalated, flags[0].State)
	w.run("2026-11-13 20:00")
	require.Len(t, w.told(townHead, "应 2 次"), 1, "and then no more")
	require.LessOrEqual(t, len(w.told(westKeeper, "应 2 次")), 2)

	for i, h := range w.handoffs(westKeeper, schedule.HandoffLapsed) {
		w.forwarded(westKeeper, schedule.Word{Handoff: h.ID}) // on two days: two on one day count once
		flags, err = w.db.Flags(w.ctx, false)
		require.NoError(t, err)
		require.Len(t, flags, 1-i)
		w.run([]string{"2026-11-14 12:00", "2026-11-14 12:30"}[i])
	}
	flags, err = w.db.Flags(w.ctx, false)
	require.NoError(t, err)
	for _, f := range flags {
		obs, err := w.db.Obligations(w.ctx, schedule.ObligationFilter{IDs: []int64{f.Obligation}, Now: w.now})
		require.NoError(t, err)
		require.NotEqual(t, "2026-W45", obs[0].Period.Key)
	}
	all, err := w.db.Flags(w.ctx, true)
	require.NoError(t, err)
	require.Equal(t, schedule.FlagResolved, all[0].State)
	for _, r := range w.received {
		require.Zero(t, r.group, "nothing is said in a group")
	}
	w.sound()
}

func TestReminders_threeADay(t *testing.T) {
	t.Parallel()
	// One keeper with seven groups of seven duties on one day: at most three
	// reminders reach that person on any day.
	w := newWorld(t, "2026-11-02 08:00", starting(only(westGroup)), func(w *world) { w.settings.Slots = nil })
	for _, id := range []string{"i00", "i01", "i02", "i03", "i04"} {
		_, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: id, To: "all", At: w.at("2026-11-03 09:00")}, w.now)
		require.NoError(t, err)
	}
	w.run("2026-11-07 20:00")
	day := map[string]int{}
	for _, r := range w.told(westKeeper, "【提醒") {
		day[w.cal.Today(r.at).String()]++
	}
	require.NotEmpty(t, day)
	for d, n := range day {
		require.LessOrEqual(t, n, 3, d)
	}
	w.sound()
}

func TestExcuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 12:00")
	_, err := w.office.Excuse(w.ctx, operator, "群12", "2026-W45", " ", w.now)
	require.ErrorIs(t, err, schedule.ErrInput, "a reason is asked")
	_, err = w.office.Excuse(w.ctx, w.actor(westKeeper), "群12", "2026-W45", "洪水", w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	before := w.row("西村", schedule.Query{Period: "2026-W45"})
	require.Equal(t, []int{1, 1, 0}, []int{before.Owed, before.Behind, before.Excused})
	n, err := w.office.Excuse(w.ctx, operator, "群12", "2026-W45", "洪水", w.now)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	after := w.row("西村", schedule.Query{Period: "2026-W45"})
	require.Equal(t, []int{1, 0, 1}, []int{after.Owed, after.Behind, after.Excused})
	require.Nil(t, after.Coverage, "nothing is owed any more")
	rows, err := w.office.Behind(w.ctx, operator, "", w.now)
	require.NoError(t, err)
	require.Empty(t, rows)
	w.sound()
}

func TestAsOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup, eastGroup)))
	w.adopt("11", 2026, nil)
	type printed struct {
		at  string
		row coverage.Row
		all []string
	}
	var prints []printed
	print := func() {
		prints = append(prints, printed{w.now.In(w.cal.Zone()).Format("2006-01-02 15:04"), w.row("永宁镇", schedule.Query{}), w.standings(westGroup, "weekly-push")})
	}
	stop := func(until string) {
		w.run(until)
		print()
	}
	stop("2026-11-03 12:00")
	w.run("2026-11-03 12:01")
	w.forwarded(westKeeper, schedule.Word{})
	stop("2026-11-05 12:00")
	stop("2026-11-09 12:00")
	w.run("2026-11-09 12:01")
	for _, h := range w.handoffs(westKeeper, schedule.HandoffLapsed) {
		w.forwarded(westKeeper, schedule.Word{Handoff: h.ID}) // late
	}
	stop("2026-11-11 12:00")
	w.run("2026-11-11 12:01")
	_, err := w.office.UndoForward(w.ctx, w.actor(westKeeper), 0, w.now)
	require.NoError(t, err)
	stop("2026-11-14 12:00")
	stop("2026-11-16 12:00")
	w.run("2026-11-25 12:00")
	for _, p := range prints {
		got := w.row("永宁镇", schedule.Query{Now: w.at(p.at), Past: true})
		require.Equal(t, p.row, got, "as of %s: %v", p.at, p.all)
	}
	w.sound()
}

func TestAsOf_excuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 12:00")
	printed := w.row("西村", schedule.Query{})
	w.run("2026-11-10 12:00")
	_, err := w.office.Excuse(w.ctx, operator, "群12", "2026-W45", "洪水", w.now)
	require.NoError(t, err)
	require.Equal(t, printed, w.row("西村", schedule.Query{Now: w.at("2026-11-09 12:00"), Past: true}), "it was excused a day later")
}

func TestAsOf_adoption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.run("2026-11-11 12:00")
	require.Zero(t, w.row("西村", schedule.Query{}).Owed)
	w.adopt("11", 2026, map[string]string{"owed_from": "2026-11-02"})
	w.run("2026-11-12 12:00")
	require.Equal(t, 1, w.row("西村", schedule.Query{}).Owed)
	require.Zero(t, w.row("西村", schedule.Query{Now: w.at("2026-11-11 11:00"), Past: true}).Owed, "a plan nobody had adopted owed nothing")
}

func TestGrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup, eastGroup)))
	w.adopt("11", 2026, nil)
	for _, day := range []string{"2026-11-03", "2026-11-06"} {
		w.run(day + " 12:00")
		w.forwarded(westKeeper, schedule.Word{})
	}
	w.run("2026-11-09 12:00")
	q := func(g coverage.Grade) schedule.Query { return schedule.Query{Period: "2026-W45", Grade: g} }
	met := func(g coverage.Grade) []int {
		return []int{w.row("东村", q(g)).Met, w.row("西村", q(g)).Met}
	}
	require.Equal(t, []int{1, 1}, met(""))
	require.Equal(t, []int{1, 1}, met(coverage.Reported))
	require.Equal(t, []int{1, 0}, met(coverage.Accepted), "a keeper's own word is below the server's")
	require.Equal(t, []int{0, 0}, met(coverage.Confirmed))
	for _, d := range append(w.of(westGroup)[:2], w.of(eastGroup)[:2]...) {
		_, err := w.office.Confirm(w.ctx, w.actor(clerkA), d.ID, 0, 0, w.now)
		require.NoError(t, err)
	}
	require.Equal(t, []int{1, 1}, met(coverage.Confirmed))
	_, err := w.office.Coverage(w.ctx, operator, schedule.Query{Grade: "certain", Now: w.now})
	require.ErrorIs(t, err, schedule.ErrInput)
	w.sound()
}

func TestConfirm_otherPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 12:00")
	d := w.of(westGroup)[0]
	_, err := w.office.Confirm(w.ctx, operator, d.ID, 0, 0, w.now)
	require.NoError(t, err)
	require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
	_, err = w.office.Confirm(w.ctx, operator, d.ID, 0, 0, w.now)
	require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup), "the same mouth twice is no second person: %v", err)
}

func TestLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-09 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, map[string]string{"owed_from": "2026-10-26"})
	d := calendar.MustDate
	both := []string{"text", "picture"}
	lines := []schedule.Entry{{Row: 2, Day: d("2026-11-03"), Unit: "西村", Group: "群12", Title: "甲", Media: both},
		{Row: 3, Day: d("2026-11-05"), Unit: "永宁镇/西村", Group: "群12", Title: "乙", Media: both},
		{Row: 4, Day: d("2026-10-27"), Group: "群12", Title: "丙", Media: both},
		{Row: 5, Day: d("2026-10-28"), Group: "群12", Title: "丁", Media: []string{"text"}}}
	for range 2 {
		n, err := w.office.EnterLedger(w.ctx, operator, lines, w.now)
		require.NoError(t, err)
		require.Contains(t, []int{4, 0}, n)
	}
	require.Len(t, w.of(westGroup), 4, "read twice is entered once")
	w.run("2026-11-09 18:00")
	got := w.standings(westGroup, "weekly-push")
	require.Equal(t, []string{"2026-W44 behind", "2026-W45 met"}, []string{got[0][:len("2026-W44 behind")], got[1]}, "text alone is no credit")
	_, err := w.office.EnterLedger(w.ctx, operator, []schedule.Entry{lines[0], {Row: 7, Day: d("2026-12-01"), Group: "群12", Title: "早", Media: both}}, w.now)
	require.ErrorIs(t, err, schedule.ErrInput)
	require.ErrorContains(t, err, "第7行")
	_, err = w.office.EnterLedger(w.ctx, w.actor(westKeeper), lines, w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	w.sound()
}

func TestWithoutWeChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", func(w *world) { w.off = true })
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 11:01")
	require.NotEmpty(t, w.packs, "the pack is on disk half an hour before the window closes")
	lines := map[string]bool{}
	for _, p := range w.packs {
		for _, l := range p.Lines {
			lines[l.Group] = true
			require.NotEmpty(t, l.Person)
			require.NotEmpty(t, l.Clause)
		}
	}
	require.Len(t, lines, 3, "every village group, also those the bot used to carry")
	w.run("2026-11-09 09:00")
	require.Empty(t, w.received)
	var ticks []schedule.Tick
	for _, d := range w.deliveries(schedule.DeliveryFilter{}) {
		ticks = append(ticks, schedule.Tick{Row: len(ticks) + 2, ID: d.ID, Done: true, Day: d.Day})
	}
	require.Len(t, ticks, 6)
	bad := append([]schedule.Tick{}, ticks...)
	bad[5].ID = 9999
	_, err := w.office.ReadTicks(w.ctx, operator, bad, w.now)
	require.ErrorContains(t, err, "第7行")
	require.Equal(t, "behind", w.standingOfPeriod(westGroup, "weekly-push", "2026-W45"), "every line or none")
	n, err := w.office.ReadTicks(w.ctx, operator, ticks, w.now)
	require.NoError(t, err)
	require.Equal(t, 6, n)
	row := w.row("永宁镇", schedule.Query{Period: "2026-W45"})
	require.Equal(t, []int{3, 3, 0}, []int{row.Owed, row.Met, row.Late}, "said late, done in time: met")
	n, err = w.office.ReadTicks(w.ctx, operator, ticks, w.now)
	require.NoError(t, err)
	require.Zero(t, n, "read twice changes nothing")
	require.Equal(t, row, w.row("永宁镇", schedule.Query{Period: "2026-W45"}))
	flags, err := w.db.Flags(w.ctx, false)
	require.NoError(t, err)
	require.Empty(t, flags)
	w.sound()
}

// standingOfPeriod is a group's standing in one period.
func (w *world) standingOfPeriod(group int64, duty, period string) string {
	for _, o := range w.owed(group, duty) {
		if o.Period.Key == period {
			return string(o.Standing(w.now))
		}
	}
	return ""
}

func TestDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	text, err := w.office.DigestText(w.ctx, operator, w.now)
	require.NoError(t, err)
	require.Empty(t, text, "nothing waits, nothing is said")
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 08:31")
	require.Empty(t, w.told(clerkA, "铜锣今日"))
	w.run("2026-11-09 08:31")
	for _, p := range []int64{clerkA, clerkB} {
		told := w.told(p, "铜锣今日")
		days := map[string]bool{}
		for _, r := range told {
			require.False(t, days[w.cal.Today(r.at).String()], "one a day")
			days[w.cal.Today(r.at).String()] = true
		}
		last := told[len(told)-1].text
		require.Contains(t, last, "落后 1 项")
		require.Contains(t, last, "村里的 1")
	}
	require.Empty(t, w.told(westKeeper, "铜锣今日"))
	for _, r := range w.received {
		require.False(t, strings.Contains(r.text, "铜锣今日") && r.group != 0)
	}
	w.sound()
}

func TestDrop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-10 12:00")
	require.NoError(t, w.office.Drop(w.ctx, operator, "11", "", w.now))
	w.run("2026-11-30 12:00")
	require.Equal(t, []string{"2026-11-03 accepted", "2026-11-06 accepted", "2026-11-10 accepted"}, w.log(eastGroup))
	got := w.standings(eastGroup, "weekly-push")
	require.Equal(t, []string{"2026-W44 excused", "2026-W45 met", "2026-W46 excused"}, got, "a plan nobody holds owes nothing")
	w.adopt("11", 2026, nil)
	w.run("2026-12-05 12:00")
	require.Contains(t, w.standings(eastGroup, "weekly-push"), "2026-W49 met")
	w.sound()
}

// TestStanding_afterLastSlot: a slot whose window is over is no hope.
func TestStanding_afterLastSlot(t *testing.T) {
	t.Parallel()
	r := with(only(westGroup), westGroup, func(g *roster.Group) { g.Kind = "试验群" })
	w := newWorld(t, "2026-11-01 12:00", starting(r))
	w.adoptPlan(quotaPlan("试验群", 1, calendar.Week), 2026, nil)
	standing := func() string { return w.standingOfPeriod(westGroup, "push", "2026-W45") }
	w.run("2026-11-02 12:00")
	require.Equal(t, "on_pace", standing())
	for _, day := range []string{"2026-11-03", "2026-11-06"} {
		w.run(day + " 10:00")
		_, err := w.office.CannotForward(w.ctx, w.actor(westKeeper), w.handoffs(westKeeper, schedule.HandoffOpen)[0].ID, "在外地", w.now)
		require.NoError(t, err)
		w.run(day + " 20:00")
		require.Equal(t, map[string]string{"2026-11-03": "on_pace", "2026-11-06": "at_risk"}[day], standing(), day)
	}
	w.run("2026-11-09 08:00")
	require.Equal(t, "behind", standing())
	w.sound()
}

// TestStanding_unanswered: at risk when working days left ≤ what is missing.
func TestStanding_unanswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	for _, c := range [][2]string{{"2026-11-03 12:00", "on_pace"}, {"2026-11-04 12:00", "on_pace"}, {"2026-11-05 12:00", "at_risk"}, {"2026-11-06 12:00", "at_risk"}} {
		w.run(c[0])
		require.Equal(t, c[1], w.standingOfPeriod(westGroup, "weekly-push", "2026-W45"), c[0])
	}
	w.sound()
}

func TestRunner_unknownPerson(t *testing.T) {
	t.Parallel()
	// The person was a friend when asked and is none now: the message waits, and
	// the runner rests meanwhile.
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)), func(w *world) {
		w.first = with(w.first, westGroup, func(g *roster.Group) { g.Kind = "试验群" })
	})
	w.adoptPlan(quotaPlan("试验群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 08:00")
	w.answer = func(m schedule.Outgoing) error {
		w.deaf[westKeeper] = true
		return &schedule.SendError{Next: schedule.RetryLater, Err: schedule.ErrStale}
	}
	w.run("2026-11-04 12:00")
	w.sound()
}
