package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"

	"github.com/stretchr/testify/require"
)

func anywhere(int64) bool { return true }

// BenchmarkAdvance is one message of a push: the result of the one before and
// the intent of this one in one durable commit, with tallies of four duties.
func BenchmarkAdvance(b *testing.B) {
	o := newOffice(b, b.N)
	var obs []schedule.Obligation
	for g := range int64(b.N) {
		for _, duty := range []string{"weekly", "picture"} {
			obs = append(obs, o.owes(duty, g+1, 0, 0), o.owes(duty, g+1, 1, 0))
		}
	}
	o.add(monday, obs...)
	o.plan("早", 0, b.N, 1)
	want := &schedule.Claim{Session: "s", Bound: anywhere, PerGroupDay: 3, PerAccountDay: 0, Day: calendar.MustDate("2026-06-01")}
	var done *schedule.Result
	before, cpu := o.commits.Load(), cpuTime(b)
	b.ResetTimer()
	for i := range b.N {
		now := at(0, 1).Add(time.Duration(i) * time.Millisecond)
		try, err := o.Advance(o.ctx, done, want, now)
		require.NoError(b, err)
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, MessageID: fmt.Sprint(i), At: now}
	}
	b.StopTimer()
	b.ReportMetric(float64(o.commits.Load()-before)/float64(b.N), "commits/message")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-µs/message")
}

// BenchmarkIdleTick compares what the runner asks in a quiet minute with one
// full sweep over what is owed, turn about in one run.
func BenchmarkIdleTick(b *testing.B) {
	const groups = 50_000
	o := newOffice(b, groups)
	var obs []schedule.Obligation
	for g := range int64(groups) {
		for _, duty := range []string{"weekly", "picture"} {
			obs = append(obs, o.owes(duty, g+1, 0, 0), o.owes(duty, g+1, 1, 0))
		}
	}
	began := time.Now()
	o.add(monday, obs...)
	b.Logf("%d obligations added in %v", len(obs), time.Since(began).Round(time.Millisecond))
	jobs := make([]schedule.Job, 10_000)
	for i := range jobs {
		jobs[i] = schedule.Job{Key: fmt.Sprint("job/", i), Kind: "start", At: at(1+i%300, 0)}
	}
	require.NoError(b, o.PutJobs(o.ctx, jobs))
	o.plan("晚", 1, 1000, 1)
	now := at(0, 2)
	var tick, sweep time.Duration
	b.ResetTimer()
	for range b.N {
		t0 := time.Now()
		idleTick(b, o, now)
		t1 := time.Now()
		fullSweep(b, o, now)
		tick, sweep = tick+t1.Sub(t0), sweep+time.Since(t1)
	}
	b.ReportMetric(float64(tick.Microseconds())/float64(b.N), "tick-µs")
	b.ReportMetric(float64(sweep.Milliseconds())/float64(b.N), "sweep-ms")
	b.ReportMetric(100*float64(tick)/float64(sweep), "%-of-sweep")
}

func idleTick(b *testing.B, o *office, now time.Time) {
	due, err := o.Jobs(o.ctx, now, 100)
	require.NoError(b, err)
	require.Empty(b, due)
	_, _, err = o.NextJob(o.ctx)
	require.NoError(b, err)
	_, waits, err := o.NextDelivery(o.ctx, now)
	require.NoError(b, err)
	require.True(b, waits)
	_, _, err = o.NextNotice(o.ctx, func(int64) bool { return true })
	require.NoError(b, err)
}

// fullSweep is what a tick would be without a table of what is due: every
// obligation looked at, group by group, for those short of their need.
func fullSweep(b *testing.B, o *office, now time.Time) {
	short := 0
	require.NoError(b, o.view(o.ctx, "sweep", func(t *tx) error {
		return t.each(func(r row) error {
			var id, end int64
			var need, credits int
			short++
			return r.Scan(&id, &end, &need, &credits)
		}, `SELECT id, end_at, need, credits FROM obligations WHERE excuse || '' = '' AND credits + 0 < need AND start_at <= $1`, stampOf(now))
	}))
	require.NotZero(b, short)
}

// BenchmarkOpenLarge opens a database of 0.9 GB, made at the first run in the
// folder that TONGLUO_LARGE names, and asks a first question.
func BenchmarkOpenLarge(b *testing.B) {
	dir := os.Getenv("TONGLUO_LARGE")
	if dir == "" {
		b.Skip("TONGLUO_LARGE names no folder for a large database")
	}
	growLarge(b, dir)
	b.ResetTimer()
	for range b.N {
		db, err := Open(b.Context(), dir, Options{Cal: shanghai(b)})
		require.NoError(b, err)
		_, err = db.Jobs(b.Context(), monday, 10)
		require.NoError(b, err)
		require.NoError(b, db.Close())
	}
}

func growLarge(b *testing.B, dir string) {
	const size, groups = 900 << 20, 20_000
	o := &office{DB: openDir(b, dir), t: b, ctx: b.Context()}
	require.NoError(b, o.SaveRoster(o.ctx, clerk, town(groups), monday))
	for days := 0; ; days++ {
		info, err := os.Stat(filepath.Join(dir, FileName))
		require.NoError(b, err)
		if info.Size() >= size {
			require.NoError(b, o.Close())
			return
		}
		o.plan("早", days, groups, 2)
	}
}
