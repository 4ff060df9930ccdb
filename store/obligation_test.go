package store

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestObligations(t *testing.T) {
	count := func(o *office, f schedule.ObligationFilter) int {
		obs, err := o.Obligations(o.ctx, f)
		require.NoError(o.t, err)
		return len(obs)
	}
	t.Run("are added once", func(t *testing.T) {
		o := newOffice(t, 2)
		a, b := o.owes("weekly", 1, 0, 0), o.owes("weekly", 2, 0, 0)
		require.Equal(t, 2, o.add(monday, a, b, a))
		require.Zero(t, o.add(monday, b))
		require.Equal(t, 1, o.add(monday, o.owes("weekly", 1, 1, 0)))
	})
	t.Run("come whole, with what plan and roster say of them", func(t *testing.T) {
		o := newOffice(t, 2)
		want := o.owes("weekly", 1, 0, 0)
		o.add(monday, want)
		got := o.obligation("weekly", 1, monday)
		want.ID, want.Plan, want.Number, want.Kind, want.Means, want.Quote = got.ID, "11-test", 11, "quota", "push", "每周不少于weekly"
		want.GroupName, want.GroupKind, want.Audiences, want.UnitPath, want.UnitName = "群", "网格群", []string{"居民"}, "永宁镇/村C", "村C"
		want.StartAt, want.EndAt, want.LastMakeup = want.StartAt.UTC(), want.EndAt.UTC(), want.LastMakeup.UTC()
		require.Equal(t, want, got)
	})
	t.Run("an unknown duty is refused", func(t *testing.T) {
		o := newOffice(t, 1)
		_, err := o.AddObligations(o.ctx, []schedule.Obligation{o.owes("nothing", 1, 0, 0)}, monday)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	})
	t.Run("added late they are credited from the ledger", func(t *testing.T) {
		o := newOffice(t, 1)
		o.bring(o.deliveries(o.plan("早", 0, 1, 1).ID)[0].ID, schedule.Accepted)
		o.add(at(3, 0), o.owes("weekly", 1, 0, 0))
		require.Equal(t, 1, o.obligation("weekly", 1, at(3, 0)).Credits)
		o.exact(at(3, 0))
	})
	t.Run("filters", func(t *testing.T) {
		o := newOffice(t, 4)
		for g := range int64(4) {
			for week := range 6 {
				o.add(monday, o.owes("weekly", g+1, week, 0))
			}
		}
		o.add(monday, o.owes("picture", 1, 0, 77))
		week0 := o.owes("weekly", 1, 0, 0)
		june, err := calendar.ParsePeriod("2026-06")
		require.NoError(t, err)
		for want, f := range map[int]schedule.ObligationFilter{
			25: {},
			12: {Unit: "永宁镇/村D"},
			7:  {Group: 1},
			1:  {Push: 77},
			24: {Duty: "weekly", Plan: "11"},
			5:  {Period: calendar.PeriodOf(calendar.Week, calendar.MustDate("2026-06-03"))},
			17: {Period: june},
			4:  {EndsAfter: week0.EndAt, EndsBy: week0.EndAt.Add(7 * 24 * time.Hour)},
		} {
			require.Equal(t, want, count(o, f), "%+v", f)
		}
		require.Equal(t, 5, count(o, schedule.ObligationFilter{On: week0.StartAt}))
		require.Equal(t, 4, count(o, schedule.ObligationFilter{On: week0.EndAt}))
		require.Equal(t, 25, count(o, schedule.ObligationFilter{Kind: "网格群"}))
		require.Equal(t, 25, count(o, schedule.ObligationFilter{Kind: "quota", Adoption: o.adoption, Short: true}))
		for _, f := range []schedule.ObligationFilter{{Plan: "12"}, {Kind: "家长群"}, {IDs: []int64{9999}}, {Adoption: 9}, {Unit: "永宁镇/村"}} {
			require.Zero(t, count(o, f), "%+v", f)
		}
	})
	t.Run("say what hope there is", func(t *testing.T) {
		o := newOffice(t, 3)
		for g := range int64(3) {
			o.add(monday, o.owes("weekly", g+1, 1, 0))
		}
		old, fresh := o.deliveries(o.plan("早", 0, 3, 1).ID), o.deliveries(o.plan("早", 8, 3, 1).ID)
		o.bring(old[0].ID, schedule.Missed)
		o.bring(fresh[0].ID, schedule.Missed)
		o.shift(at(8, 2), schedule.Change{ID: old[1].ID, From: schedule.Queued, To: schedule.Handed})
		o.shift(at(8, 2), schedule.Change{ID: fresh[1].ID, From: schedule.Queued, To: schedule.Handed, AskedAt: at(8, 2)})
		o.bring(old[2].ID, schedule.Cancelled)
		o.bring(fresh[2].ID, schedule.Uncertain)
		hope := func(g int64, now time.Time) (int, bool) {
			got := o.obligation("weekly", g, now)
			return got.Live, got.Unanswered
		}
		for g, want := range map[int64]int{1: 0, 2: 2, 3: 0} {
			live, unanswered := hope(g, at(8, 3))
			require.Equal(t, want, live, "group %d", g)
			require.Equal(t, g == 2, unanswered, "group %d", g)
			live, _ = hope(g, at(30, 0))
			require.Zero(t, live, "nothing is hoped for after the end")
		}
	})
	t.Run("excuses", func(t *testing.T) {
		o := newOffice(t, 1)
		o.add(monday, o.owes("weekly", 1, 0, 0))
		id := o.obligation("weekly", 1, monday).ID
		require.NoError(t, o.Excuse(o.ctx, roster.Operator("王"), []int64{id}, "放假", monday))
		got := o.obligation("weekly", 1, monday)
		require.Equal(t, [2]string{"放假", "王"}, [2]string{got.Excuse, got.ExcusedBy})
		require.Zero(t, count(o, schedule.ObligationFilter{Short: true}))
		require.NoError(t, o.Excuse(o.ctx, clerk, []int64{id}, "", monday))
		require.Empty(t, o.obligation("weekly", 1, monday).Excuse)
		require.ErrorIs(t, o.Excuse(o.ctx, clerk, []int64{id, 999}, "x", monday), schedule.ErrNotFound)
		require.Empty(t, o.obligation("weekly", 1, monday).Excuse)
	})
}

func TestTasks(t *testing.T) {
	o := newOffice(t, 1)
	o.add(monday, o.owes("report", 0, 0, 0), o.owes("report", 0, 1, 0), o.owes("report", 0, 2, 0))
	obs, err := o.Obligations(o.ctx, schedule.ObligationFilter{Duty: "report"})
	require.NoError(t, err)
	require.Len(t, obs, 3)
	end := obs[0].EndAt
	kind, err := o.Kind(o.ctx, obs[0].Task)
	require.NoError(t, err)
	require.Equal(t, "task", kind)
	day := o.cal.Today(end.Add(time.Hour))
	require.NoError(t, o.FinishTask(o.ctx, clerk, obs[0].Task, day.AddDays(-1), end.Add(time.Hour)), "yesterday was in time")
	require.NoError(t, o.FinishTask(o.ctx, clerk, obs[1].Task, calendar.Date{}, obs[1].EndAt))
	require.ErrorIs(t, o.FinishTask(o.ctx, clerk, obs[0].Task, day, end), schedule.ErrStale)
	require.ErrorIs(t, o.FinishTask(o.ctx, clerk, 99999, day, end), schedule.ErrNotFound)
	obs, err = o.Obligations(o.ctx, schedule.ObligationFilter{Duty: "report"})
	require.NoError(t, err)
	for i, want := range [][2]int{{2, 0}, {0, 2}, {0, 0}} {
		require.Equal(t, want, [2]int{obs[i].Credits, obs[i].Makeups})
	}
	o.exact(end)
	o.noDoubleNumbers()
}

func TestDropAdoption(t *testing.T) {
	o := newOffice(t, 1)
	for week := range 3 {
		o.add(monday, o.owes("weekly", 1, week, 0))
	}
	obs, err := o.Obligations(o.ctx, schedule.ObligationFilter{})
	require.NoError(t, err)
	_, _, err = o.RaiseFlag(o.ctx, schedule.Flag{Obligation: obs[2].ID}, monday)
	require.NoError(t, err)
	on := calendar.MustDate("2026-06-10")
	require.NoError(t, o.DropAdoption(o.ctx, clerk, o.adoption, on, at(9, 0)))
	obs, err = o.Obligations(o.ctx, schedule.ObligationFilter{})
	require.NoError(t, err)
	require.Len(t, obs, 2, "the third week had not begun")
	require.Empty(t, obs[0].Excuse, "the first had ended")
	require.NotEmpty(t, obs[1].Excuse, "the second was open")
	flags, err := o.Flags(o.ctx, false)
	require.NoError(t, err)
	require.Empty(t, flags)
	ads, err := o.Adoptions(o.ctx)
	require.NoError(t, err)
	require.Equal(t, on, ads[0].DroppedOn)
	require.ErrorIs(t, o.DropAdoption(o.ctx, clerk, 99, on, monday), schedule.ErrNotFound)
}

func TestRoster(t *testing.T) {
	o := newOffice(t, 4)
	r, err := o.Roster(o.ctx)
	require.NoError(t, err)
	want := town(4)
	require.Equal(t, want.Units, r.Units)
	require.Equal(t, want.Groups, r.Groups)
	require.Equal(t, want.Persons, r.Persons)
	same, err := o.Roster(o.ctx)
	require.NoError(t, err)
	require.Same(t, r, same, "read again only after a change")
	other := openDir(t, o.Dir())
	changed := town(4)
	changed.Groups[0].Name = "新名"
	require.NoError(t, other.SaveRoster(o.ctx, clerk, changed, monday))
	r, err = o.Roster(o.ctx)
	require.NoError(t, err)
	require.Equal(t, "新名", r.Groups[0].Name, "whoever changed it")

	for _, b := range []schedule.Binding{{Group: 1, Room: "a"}, {Group: 2, Room: "b"}, {Group: 1, Room: "a"}} {
		require.NoError(t, o.SaveBinding(o.ctx, clerk, b, monday))
	}
	bindings, err := o.Bindings(o.ctx)
	require.NoError(t, err)
	require.Equal(t, []schedule.Binding{{ID: 2, Group: 2, Room: "b"}, {ID: 3, Group: 1, Room: "a"}}, bindings)
}

// TestLiveIndex holds the index of live deliveries to the states that are live.
func TestLiveIndex(t *testing.T) {
	o := newOffice(t, 1)
	var index string
	require.NoError(t, o.view(o.ctx, "index", func(x *tx) error {
		return x.one(`SELECT sql FROM sqlite_schema WHERE name = 'deliveries_live'`, nil, &index)
	}))
	for _, s := range states {
		require.Equal(t, s.Live(), strings.Contains(index, "'"+string(s)+"'"), "%s", s)
		require.False(t, s.Live() && s.Evidence() != "", "%s: what is live is looked for where nothing is counted", s)
	}
}

// TestIndexes holds the plans of what a tick and a message ask: look-ups only.
func TestIndexes(t *testing.T) {
	o := newOffice(t, 2)
	for query, index := range map[string]string{
		`SELECT key FROM jobs WHERE at <= 1 ORDER BY at, key LIMIT 1`:                                                                                               "jobs_by_at",
		`SELECT due FROM notices WHERE state = 'queued' ORDER BY due, id LIMIT 1`:                                                                                   "notices_queue",
		`SELECT * FROM deliveries WHERE state = 'queued' AND armed = 1 AND carrier <> 'keeper' AND due <= 1 AND opens <= 1 AND closes > 1 ORDER BY due, id LIMIT 1`: "deliveries_queue (state=? AND due<?)",
		`SELECT id FROM deliveries WHERE state = 'sending' ORDER BY due, id LIMIT 1`:                                                                                "deliveries_queue (state=?)",
		`SELECT COUNT(*) FROM deliveries WHERE ` + liveState + ` AND group_id = 1 AND counted_at = 0`:                                                               "deliveries_live (group_id=? AND counted_at=?)",
		`SELECT COUNT(*) FROM deliveries WHERE state = 'uncertain'`:                                                                                                 "deliveries_unsettled (state=?)",
		`SELECT id FROM deliveries WHERE counted_at <> 0 AND group_id = 1 AND counted_at >= 1 AND counted_at < 2`:                                                   "deliveries_live (group_id=? AND counted_at>? AND counted_at<?)",
		`SELECT 1 ` + fromBegun + ` ORDER BY due, id LIMIT 1`:                                                                                                       "deliveries_queue (state=?)",
		`SELECT id FROM obligations WHERE group_id <> 0 AND group_id = 1 AND until_at > 1 AND start_at <= 2 AND push IN (0, 3)`:                                     "obligations_by_until",
		`SELECT heard_on, item, group_concat(group_id) FROM deliveries WHERE heard_on <> '' AND heard_on >= '2026' GROUP BY heard_on, item ORDER BY heard_on, item`: "deliveries_heard",
		`SELECT COUNT(*), SUM(f.cause = 'keeper') FROM flags f INDEXED BY flags_since WHERE f.state <> 'resolved' AND f.unit_id IN (1, 2)`:                          "COVERING INDEX flags_since",
		`SELECT person, COUNT(*) FROM notices WHERE muted_at <> 0 AND muted_at >= 1 AND muted_at < 2`:                                                               "notices_muted",
		`SELECT person FROM handoffs WHERE created_at >= 1 AND created_at < 2 AND person <> 0`:                                                                      "handoffs_by_creation",
		`SELECT o.id FROM obligations o INDEXED BY obligations_by_end WHERE o.end_at > 1 GROUP BY o.end_at`:                                                         "obligations_by_end (end_at>?)",
	} {
		require.NoError(t, o.view(o.ctx, "plan", func(x *tx) error {
			steps, err := list(x, func(r row) (s string, err error) {
				var a, b, c int
				return s, r.Scan(&a, &b, &c, &s)
			}, "EXPLAIN QUERY PLAN "+query)
			plan := strings.Join(steps, "; ")
			require.Contains(t, plan, index, query)
			require.NotContains(t, plan, "TEMP B-TREE", query)
			return err
		}))
	}
}

// TestNoTableAMessage: what each message changes is changed without a table made
// for it, such as SQLite makes for a list of three words after IN.
func TestNoTableAMessage(t *testing.T) {
	o := newOffice(t, 4)
	for g := range int64(4) {
		o.add(monday, o.owes("weekly", g+1, 0, 0))
	}
	o.plan("早", 0, 4, 1)
	before := maps.Clone(o.writer.stmts)
	done := &schedule.Result{Delivery: o.next(claim(), at(0, 2)).Delivery.ID, Outcome: schedule.Accepted, MessageID: "1", At: at(0, 2)}
	_, err := o.Advance(o.ctx, done, claim(), at(0, 2))
	require.NoError(t, err)
	var changes []string // prepared for a message, or for planning and used again
	for query := range o.writer.stmts {
		word, _, _ := strings.Cut(query, " ")
		if (word == "UPDATE" || word == "INSERT") && (before[query] == nil || strings.HasPrefix(query, "INSERT INTO delivery_log")) {
			changes = append(changes, query)
		}
	}
	for _, table := range []string{"UPDATE parts", "UPDATE deliveries", "UPDATE obligations", "INSERT INTO claims", "INSERT INTO delivery_log"} {
		require.True(t, slices.ContainsFunc(changes, func(q string) bool { return strings.HasPrefix(q, table) }), table)
	}
	for _, change := range changes {
		require.NoError(t, o.view(o.ctx, "program", func(x *tx) error {
			return x.each(func(r row) error {
				var word string
				var rest [7]any
				err := r.Scan(&rest[0], &word, &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6])
				require.NotContains(t, word, "Ephemeral", change)
				return err
			}, "EXPLAIN "+change, make([]any, 30)...)
		}))
	}
}
