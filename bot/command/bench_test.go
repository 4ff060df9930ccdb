package command_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// The county of the benchmark: 20 towns of 25 villages of 10 groups. The leader
// and the clerk are of the county.
const (
	countyTowns, townVillages, villageGroups = 20, 25, 10
	countyLeader, countyClerk                = 9001, 9002
)

func county() *roster.Roster {
	units := []roster.Unit{{ID: 1, Name: "石狮县", Path: "石狮县"}}
	persons := []roster.Person{{ID: countyLeader, Unit: 1, Name: "县领导", UnitPath: "石狮县", Role: roster.Leader, Tag: "县领导"},
		{ID: countyClerk, Unit: 1, Name: "县办公室", UnitPath: "石狮县", Role: roster.Staff, Tag: "县办公室"}}
	var groups []roster.Group
	for n := range int64(countyTowns) {
		town := roster.Unit{ID: 2 + n, Name: fmt.Sprintf("镇%02d镇", n), Parent: 1}
		town.Path = "石狮县/" + town.Name
		units = append(units, town)
		for v := range int64(townVillages) {
			id := 100 + n*townVillages + v
			village := roster.Unit{ID: id, Name: fmt.Sprintf("村%03d村", id), Parent: town.ID, Contact: id}
			village.Path = town.Path + "/" + village.Name
			units = append(units, village)
			persons = append(persons, roster.Person{ID: id, Unit: id, Name: fmt.Sprintf("干部%03d", id), UnitPath: village.Path, Role: roster.Cadre, Tag: fmt.Sprint("t", id)})
			for g := range int64(villageGroups) {
				by := roster.ByBot
				if g%2 == 1 {
					by = roster.ByKeeper
				}
				gid := 10_000 + (id-100)*villageGroups + g
				groups = append(groups, roster.Group{ID: gid, Unit: id, UnitPath: village.Path, Name: fmt.Sprint("群", gid), Kind: "便民群",
					Audiences: []string{"居民"}, Keeper: id, Carrier: by})
			}
		}
	}
	slices.SortFunc(persons, func(a, b roster.Person) int { return int(a.ID - b.ID) })
	return roster.New(units, groups, persons)
}

// year makes the ledger of 48 weeks as the office would have it: two pushes a
// week, half of the groups carried by hand, one in fifty behind every week. The
// weeks are written in SQL; the present week is the office's own. It is made anew
// unless TONGLUO_YEAR names a folder to keep it in.
func year(b *testing.B) *town {
	dir, now := os.Getenv("TONGLUO_YEAR"), time.Date(2026, time.November, 23, 7, 0, 0, 0, time.FixedZone("CST", 8*3600))
	tuesday := now.AddDate(0, 0, 1).Add(3 * time.Hour) // 10:00: the window is open
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); dir != "" && err == nil {
		return openTown(b, dir, tuesday, "石狮县")
	}
	if dir == "" {
		dir = b.TempDir()
	}
	w := openTown(b, dir, now, "石狮县")
	w.furnish(county())
	w.until(tuesday)
	x, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	require.NoError(b, err)
	defer func() { require.NoError(b, x.Close()) }()
	tx, err := x.Begin()
	require.NoError(b, err)
	do := func(query string, args ...any) {
		b.Helper()
		_, err := tx.Exec(query, args...)
		require.NoError(b, err, query)
	}
	do(`CREATE TEMP TABLE model AS SELECT * FROM deliveries WHERE push = (SELECT MAX(push) FROM deliveries)`)
	do(`CREATE TEMP TABLE due AS SELECT * FROM obligations WHERE per = 'week'`)
	monday, next := calendar.MustDate("2025-12-29"), int64(1_000_000)
	for range 47 {
		week := calendar.PeriodOf(calendar.Week, monday)
		from, to := week.Start.Start(w.office.Calendar().Zone()).UnixMilli(), week.End.Start(w.office.Calendar().Zone()).UnixMilli()
		do(`INSERT INTO obligations (adoption, duty, group_id, unit_id, per, period_key, period_start, period_end, start_at, end_at,
				last_makeup, until_at, need, push, credits, makeups, excuse, excused_by, excused_at, number, done_at, done_day)
			SELECT adoption, duty, group_id, unit_id, per, $1, $2, $3, $4, $5, $5, $5, need, 0, iif((group_id + $6) % 50 = 0, 0, 2), 0, '', '', 0, 0, 0, '' FROM due`,
			week.Key, week.Start.String(), week.End.String(), from, to, week.Start.Day())
		for _, day := range []int{1, 4} {
			next = oldPush(do, next, monday.AddDays(day), from+int64(day)*86_400_000+32_400_000)
		}
		monday = monday.AddDays(7)
	}
	do(`INSERT INTO flags SELECT $1 + ROW_NUMBER() OVER (), id, 'reminded', iif(group_id % 2 = 1, 'keeper', 'office'), iif(group_id % 2 = 1, unit_id, 0), end_at, 0, 0, '', unit_id
		FROM obligations WHERE per = 'week' AND credits < need AND period_start < '2026-11-23'`, next)
	do(`UPDATE counters SET next = $1 WHERE name = 'number'`, next+1_000_000)
	do(`ANALYZE`)
	require.NoError(b, tx.Commit())
	require.NoError(b, w.db.Fold(b.Context(), w.now))
	return w
}

// oldPush writes a push of the past with its deliveries and handoffs.
func oldPush(do func(string, ...any), id int64, day calendar.Date, at int64) int64 {
	do(`INSERT INTO pushes SELECT $1, slot, $2, item, revision, selector, $3, $3 + 9000000, 'done', 0, hash, 0, '', 0, 0, $3, '', 0, 0 FROM pushes ORDER BY id LIMIT 1`, id, day.String(), at)
	do(`INSERT INTO handoffs SELECT $1 + 10000 + person, $1, person, unit_id, 1, 1, 0, 'done', $2, 'chat', $2 + 86400000, 5, 5, 0, 0, 0, $2 + 3600000, '', 0, $2
		FROM handoffs WHERE push = (SELECT push FROM model LIMIT 1)`, id, at)
	do(`INSERT INTO deliveries SELECT $1 + 20000 + group_id, $1, item, media, themes, slot, $2, group_id, unit_id, carrier,
			iif(carrier = 'keeper', 'reported', 'accepted'), 0, 1, $3, $3 + 9000000, $3, $3, 0, iif(carrier = 'keeper', 0, $3 + 60000),
			iif(carrier = 'keeper', $3 + 3600000, 0), '', iif(carrier = 'keeper', unit_id, 0), 0, iif(carrier = 'keeper', $1 + 10000 + unit_id, 0), 0, 0, '', 's', $2, $3 + 60000, 0 FROM model`,
		id, day.String(), at)
	return id + 100_000
}

// BenchmarkAnswer is one answer at a time over 5,000 groups and a year.
func BenchmarkAnswer(b *testing.B) {
	w := year(b)
	flags, err := w.db.Flags(b.Context(), false)
	require.NoError(b, err)
	b.Logf("%d open flags", len(flags))
	for _, q := range []struct {
		who  int64
		text string
	}{{countyLeader, "覆盖率"}, {countyLeader, "覆盖率 镇03镇 上月"}, {countyLeader, "落后"}, {countyLeader, "落后 镇03镇"}, {100, "落后"},
		{countyLeader, fmt.Sprintf("凭什么 %d", flags[0].ID)}, {countyLeader, "图"}, {countyLeader, "图 镇03镇"}, {100, "任务"}, {countyLeader, "周报"},
		{100, "进度"}, {countyClerk, "今天"}} {
		b.Run(q.text+fmt.Sprint(q.who), func(b *testing.B) {
			var r command.Reply
			before := cpuTime(b)
			for b.Loop() {
				r = w.say(w.private(q.who, q.text))
			}
			require.Equal(b, command.Done, r.Understood[0].Outcome, r.Text)
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/answer")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/answer")
		})
	}
}
