package store

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// office is a data directory with a town, villages of two groups each, and one
// adopted plan.
type office struct {
	*DB
	t        testing.TB
	ctx      context.Context
	adoption int64
	groups   int
}

// monday is 08:00 in Shanghai on Monday 2026-06-01.
var monday = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

var clerk = roster.Actor{Person: 7, Role: roster.Staff, Via: roster.ViaChat}

func shanghai(t testing.TB) *calendar.Calendar {
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	return cal
}

func openDir(t testing.TB, dir string) *DB {
	db, err := Open(t.Context(), dir, Options{Cal: shanghai(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func newOffice(t testing.TB, groups int) *office {
	o := &office{DB: openDir(t, t.TempDir()), t: t, ctx: t.Context(), groups: groups}
	require.NoError(t, o.SaveRoster(o.ctx, clerk, town(groups), monday))
	id, err := o.AddAdoption(o.ctx, clerk, schedule.Adoption{Unit: 1, UnitPath: "永宁镇", Terms: terms(), AdoptedAt: monday}, monday)
	require.NoError(t, err)
	o.adoption = id
	return o
}

func town(groups int) *roster.Roster {
	units := []roster.Unit{{ID: 1, Name: "永宁镇", Path: "永宁镇"}}
	var all []roster.Group
	for i := range int64(groups) {
		unit := 2 + i/2
		path := "永宁镇/村" + string(rune('A'+unit%20)) + strings.Repeat("x", int(unit/20)%50)
		if i%2 == 0 {
			units = append(units, roster.Unit{ID: unit, Name: path[len("永宁镇/"):], Path: path, Parent: 1})
		}
		all = append(all, roster.Group{ID: i + 1, Name: "群", Unit: unit, UnitPath: path, Kind: "网格群",
			Audiences: []string{"居民"}, Keeper: 9, Carrier: roster.ByBot})
	}
	people := []roster.Person{{ID: 7, Name: "甲", Unit: 1, UnitPath: "永宁镇", Role: roster.Staff, Phone: "1", Tag: "t7"}}
	return roster.New(units, all, people)
}

func terms() plans.Terms {
	quota := func(id string, n int, distinct bool, media, themes []string) plans.Term {
		return plans.Term{Duty: plans.Duty{ID: id, Kind: plans.Quota, Means: plans.ByPush, Quote: "每周不少于" + id,
			AtLeast: n, Per: calendar.Week, Media: media, Themes: themes}, DistinctDays: distinct}
	}
	return plans.Terms{Plan: "11-test", Number: 11, Year: 2026, Duties: []plans.Term{
		quota("weekly", 2, true, nil, nil),
		quota("picture", 1, false, []string{"picture"}, []string{"刷单"}),
		{Duty: plans.Duty{ID: "relay", Kind: plans.Relay, Hops: 2}, DistinctDays: true},
		{Duty: plans.Duty{ID: "report", Kind: plans.Report}},
	}}
}

// at is an instant counted from Monday 08:00 local.
func at(days, hours int) time.Time {
	return monday.Add(time.Duration(days*24+hours) * time.Hour)
}

// owes is an obligation of a group in the n-th week; one of a relay carries its push.
func (o *office) owes(duty string, group int64, week int, push int64) schedule.Obligation {
	p := calendar.PeriodOf(calendar.Week, calendar.MustDate("2026-06-01").AddDays(7*week))
	ob := schedule.Obligation{}
	ob.Adoption, ob.Duty, ob.Group, ob.Unit, ob.Period, ob.Need, ob.Push = o.adoption, duty, group, 2+(group-1)/2, p, 2, push
	ob.StartAt, ob.EndAt = p.Start.Start(o.cal.Zone()), p.End.Start(o.cal.Zone())
	ob.LastMakeup = p.Next().End.Start(o.cal.Zone())
	return ob
}

func (o *office) add(now time.Time, obs ...schedule.Obligation) int {
	n, err := o.AddObligations(o.ctx, obs, now)
	require.NoError(o.t, err)
	return n
}

// plan plans a push of one slot on a day, 09:00–11:30, to the first n groups.
func (o *office) plan(slot string, days, n, parts int) schedule.Push {
	p, err := o.planned(slot, days, n, parts)
	require.NoError(o.t, err)
	return p
}

// planned is plan for other goroutines than the test's.
func (o *office) planned(slot string, days, n, parts int) (schedule.Push, error) {
	p := schedule.Push{Slot: slot, Day: calendar.MustDate("2026-06-01").AddDays(days), Item: "item-" + slot,
		Opens: at(days, 1), Closes: at(days, 1).Add(150 * time.Minute), State: schedule.PushReady}
	ds := make([]schedule.Delivery, n)
	for i := range ds {
		ds[i] = schedule.Delivery{Group: int64(i + 1), Unit: 2 + int64(i)/2, Carrier: roster.ByBot,
			Media: []string{"text", "picture"}, Themes: []string{"刷单"}, Parts: make([]schedule.Part, parts)}
		for j := range ds[i].Parts {
			ds[i].Parts[j].Kind = content.Text
		}
	}
	id, planned, err := o.PlanPush(o.ctx, clerk, p, ds, nil, at(days, 0))
	if err != nil || planned == 0 {
		return schedule.Push{}, err
	}
	return o.Push(o.ctx, id)
}

func (o *office) deliveries(push int64) []schedule.Delivery {
	ds, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{Push: push})
	require.NoError(o.t, err)
	return ds
}

func (o *office) delivery(id int64) schedule.Delivery {
	ds, err := o.Deliveries(o.ctx, schedule.DeliveryFilter{IDs: []int64{id}})
	require.NoError(o.t, err)
	require.Len(o.t, ds, 1)
	return ds[0]
}

func (o *office) shift(now time.Time, c schedule.Change) {
	require.NoError(o.t, o.Shift(o.ctx, clerk, []schedule.Change{c}, now))
}

// obligation is the one of a group and duty in a week.
func (o *office) obligation(duty string, group int64, now time.Time) schedule.Obligation {
	obs, err := o.Obligations(o.ctx, schedule.ObligationFilter{Duty: duty, Group: group, Now: now})
	require.NoError(o.t, err)
	require.NotEmpty(o.t, obs)
	return obs[0]
}

// exact requires that the tallies are what the ledger says.
func (o *office) exact(now time.Time) {
	o.t.Helper()
	wrong, err := o.Retally(o.ctx, now)
	require.NoError(o.t, err)
	require.Zero(o.t, wrong, "tallies differ from the ledger")
	require.NoError(o.t, o.CheckAll(o.ctx), "nothing looks like damage")
}

func TestOpen(t *testing.T) {
	t.Run("refuses a newer database", func(t *testing.T) {
		dir := t.TempDir()
		db := openDir(t, dir)
		require.NoError(t, db.change(t.Context(), "age", func(x *tx) error {
			_, err := x.exec(`INSERT INTO migrations (version, name) VALUES (9999, 'later')`)
			return err
		}))
		_, err := Open(t.Context(), dir, Options{Cal: shanghai(t)})
		require.ErrorIs(t, err, ErrNewer)
		_, err = Open(t.Context(), dir, Options{Cal: shanghai(t), ReadOnly: true})
		require.ErrorIs(t, err, ErrNewer)
	})
	t.Run("for reading only reads beside a writer and changes nothing", func(t *testing.T) {
		o := newOffice(t, 2)
		reader, err := Open(t.Context(), o.Dir(), Options{Cal: shanghai(t), ReadOnly: true})
		require.NoError(t, err)
		defer func() { require.NoError(t, reader.Close()) }()
		r, err := reader.Roster(t.Context())
		require.NoError(t, err)
		require.Len(t, r.Groups, 2)
		require.NoError(t, o.SaveRoster(o.ctx, clerk, town(4), monday))
		r, err = reader.Roster(t.Context())
		require.NoError(t, err)
		require.Len(t, r.Groups, 4)
		require.ErrorIs(t, reader.Mark(t.Context(), "k", "v"), ErrReadOnly)
		_, err = reader.Advance(t.Context(), nil, &schedule.Claim{}, monday)
		require.ErrorIs(t, err, ErrReadOnly)
	})
	t.Run("for reading only makes no database", func(t *testing.T) {
		dir := t.TempDir()
		_, err := Open(t.Context(), dir, Options{Cal: shanghai(t), ReadOnly: true})
		require.ErrorIs(t, err, fs.ErrNotExist)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
	t.Run("for reading only refuses an older database", func(t *testing.T) {
		dir := t.TempDir()
		pool, err := sql.Open("sqlite", source(filepath.Join(dir, FileName), "rwc"))
		require.NoError(t, err)
		_, err = pool.ExecContext(t.Context(), `CREATE TABLE t (x INTEGER) STRICT`)
		require.NoError(t, err)
		require.NoError(t, pool.Close())
		_, err = Open(t.Context(), dir, Options{Cal: shanghai(t), ReadOnly: true})
		require.ErrorIs(t, err, ErrOlder)
	})
	t.Run("takes a folder with any name", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "数据 100% #1?x=y&z")
		openDir(t, dir)
		_, err := os.Stat(filepath.Join(dir, FileName))
		require.NoError(t, err)
	})
}
