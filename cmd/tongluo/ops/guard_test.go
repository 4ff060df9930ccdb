package ops_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tongluo/cmd/tongluo/ops"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post is a guard over a real store, with a clock of the test's own and far ends
// that count.
type post struct {
	t       *testing.T
	dir     string
	db      *store.DB
	office  *schedule.Office
	now     time.Time
	beat    time.Time      // the last heartbeat
	facts   schedule.Facts // what the one watch sees
	refuses error          // what the store says instead, nil: it works
	log     strings.Builder
	first   *far // the first road
	second  *far
	heart   *far
	guard   *ops.Guard
}

type noPacks struct{}

func (noPacks) Write(context.Context, schedule.Pack) (string, error) { return "", nil }

// refusing is an office whose store may refuse.
type refusing struct {
	*schedule.Office
	p *post
}

func (r refusing) WatchAlerts(ctx context.Context, f schedule.Facts, tell bool, now time.Time) ([]schedule.Alert, error) {
	if r.p.refuses != nil {
		return nil, r.p.refuses
	}
	return r.Office.WatchAlerts(ctx, f, tell, now)
}

func newPost(t *testing.T) *post {
	t.Helper()
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	p := &post{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 30, 9, 0, 0, 0, cal.Zone()), first: newFar(t, nil), second: newFar(t, nil), heart: newFar(t, nil)}
	p.db, err = store.Open(t.Context(), p.dir, store.Options{Cal: cal})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.db.Close()) })
	p.office = schedule.New(p.db, cal, schedule.DefaultSettings(), schedule.Off{}, noPacks{})
	p.facts.Account = schedule.AccountOnline
	require.NoError(t, p.db.Mark(t.Context(), schedule.MarkBackup, fmt.Sprintf(`{"at":%q}`, p.now.AddDate(0, 0, 30).UTC().Format(time.RFC3339))))
	p.restart()
	return p
}

// restart is a new daemon on the same data.
func (p *post) restart() {
	p.guard = ops.NewGuard(p.options(ops.NewWebhook(p.first.URL+"/"+canary), ops.NewWebhook(p.second.URL+"/"+canary)))
}

func (p *post) options(roads ...ops.Road) ops.Options {
	return ops.Options{Alerts: refusing{p.office, p}, Roads: roads, AliveAt: -1, Heartbeat: ops.NewHeartbeat(p.heart.URL+"/ping", 5*time.Minute),
		Watches: []ops.Watch{func(_ context.Context, _ time.Time, f *schedule.Facts) error {
			seen := p.facts
			seen.Started, seen.Unheard = f.Started, f.Unheard
			*f = seen
			return nil
		}}, Log: slog.New(slog.NewTextHandler(&p.log, nil))}
}

// pass lets made-up time go by, with a look every five seconds, after two minutes
// every five, and a heartbeat every five minutes.
func (p *post) pass(d time.Duration) {
	p.t.Helper()
	step := 5 * time.Second
	for began, end := p.now, p.now.Add(d); p.now.Before(end); p.now = p.now.Add(step) {
		if p.now.Sub(began) >= 2*time.Minute {
			step = 5 * time.Minute
		}
		if w := p.guard.Look(p.t.Context(), true, p.now); !w.Empty() {
			p.guard.Tell(p.t.Context(), w, p.now)
		}
		if p.now.Sub(p.beat) >= 5*time.Minute {
			p.guard.Beat(p.t.Context(), p.now)
			p.beat = p.now
		}
	}
}

func (p *post) goDown() {
	p.facts.Account, p.facts.Down = schedule.AccountOffline, p.now
}

func paths(f *far) (all []string) {
	for _, l := range f.letters() {
		all = append(all, l.url.Path)
	}
	return all
}

// TestF31 is the alert path of reliability.md §6: WeChat is dropped, the notifier
// is killed, the bot is killed.
func TestF31(t *testing.T) {
	t.Run("WeChat drops: told within a minute, again every four hours until known", func(t *testing.T) {
		p := newPost(t)
		p.pass(time.Hour)
		require.Empty(t, p.first.letters())
		p.goDown()
		p.pass(time.Minute)
		require.Len(t, p.first.letters(), 1, "within a minute")
		p.pass(24*time.Hour - time.Minute)
		require.Len(t, p.first.letters(), 6, "a day: once, and every four hours")
		require.NoError(t, p.office.AckAlert(t.Context(), roster.Operator("陈明"), schedule.AlertDown, p.now))
		p.pass(24 * time.Hour)
		require.Len(t, p.first.letters(), 6, "known")
		p.facts.Account, p.facts.Down = schedule.AccountOnline, time.Time{}
		p.pass(time.Hour)
		require.Len(t, p.first.letters(), 7)
		require.Contains(t, p.first.letters()[6].body, "已经好了")
		require.Empty(t, p.second.letters(), "one road is enough")
		require.NotContains(t, paths(p.heart), "/ping/fail", "somebody was told")
	})
	t.Run("the notifier dies: the next road is taken, and both dead the heartbeat fails", func(t *testing.T) {
		p := newPost(t)
		p.first.says(failing(503))
		p.goDown()
		p.pass(time.Minute)
		require.Len(t, p.first.letters(), 1)
		require.Len(t, p.second.letters(), 1)
		require.NoError(t, p.office.AckAlert(t.Context(), roster.Operator(""), schedule.AlertDown, p.now))
		p.second.says(failing(500))
		p.facts.Free, p.facts.Need = 100<<20, 500<<20
		p.pass(11 * time.Minute)
		require.Equal(t, "/ping/fail", paths(p.heart)[len(p.heart.letters())-1], "silence here is noticed elsewhere")
		p.second.says(nil)
		p.pass(40 * time.Minute)
		require.Equal(t, "/ping", paths(p.heart)[len(p.heart.letters())-1])
		require.Contains(t, p.second.letters()[len(p.second.letters())-1].body, "磁盘")
		require.Less(t, len(p.first.letters()), 15, "back-off, not a flood")
		require.NotContains(t, p.log.String(), canary)
	})
	t.Run("the bot dies: no heartbeat comes any more, and no alert is lost", func(t *testing.T) {
		p := newPost(t)
		p.pass(time.Hour)
		was := len(p.heart.letters())
		require.Equal(t, 12, was, "one every five minutes: silence is noticed after ten")
		p.goDown()
		w := ops.Word{}
		for w.Empty() { // claimed, and then the process is killed
			w = p.guard.Look(t.Context(), true, p.now)
			p.now = p.now.Add(5 * time.Second)
		}
		p.now = p.now.Add(14 * time.Hour)
		require.Len(t, p.heart.letters(), was)
		p.facts.Down = p.now
		p.restart()
		p.pass(time.Minute)
		require.Len(t, p.first.letters(), 1)
	})
	t.Run("a thousand troubles of one account are one message", func(t *testing.T) {
		p := newPost(t)
		p.facts.Rest = p.now.Add(24 * time.Hour)
		p.facts.Free, p.facts.Need = 0, 500<<20
		p.goDown()
		p.pass(24 * time.Hour)
		require.LessOrEqual(t, len(p.first.letters()), 2*6)
		require.NotContains(t, p.first.letters()[1].body, "操作过于频繁")
	})
}

func TestGuard(t *testing.T) {
	t.Run("a store that refuses is told by memory alone", func(t *testing.T) {
		p := newPost(t)
		p.pass(time.Minute)
		p.refuses = errors.New("disk full")
		p.pass(time.Minute)
		require.Len(t, p.first.letters(), 1, "within a minute")
		require.Contains(t, p.first.letters()[0].body, "数据库读写不了")
		p.pass(9 * time.Hour)
		require.Len(t, p.first.letters(), 3)
		require.Contains(t, paths(p.heart), "/ping/fail")
		p.refuses = nil
		p.pass(time.Hour)
		require.Len(t, p.first.letters(), 4)
		require.Contains(t, p.first.letters()[3].body, "已经好了")
		require.Equal(t, "/ping", paths(p.heart)[len(p.heart.letters())-1])
	})
	t.Run("damage is told as damage, although the store cannot keep that it was", func(t *testing.T) {
		p := newPost(t)
		p.pass(time.Minute)
		p.refuses, p.facts.Damaged = store.ErrCorrupt, true
		p.pass(time.Minute)
		require.Len(t, p.first.letters(), 1)
		require.Contains(t, p.first.letters()[0].body, "数据库损坏，已停止发送")
		require.Contains(t, p.first.letters()[0].body, "tongluo restore")
		require.NotContains(t, p.first.letters()[0].body, "alerts ack", "which nothing could record")
		p.pass(5 * time.Hour)
		require.Len(t, p.first.letters(), 2, "repeated like any other")
	})
	t.Run("one refusal is none", func(t *testing.T) {
		p := newPost(t)
		p.refuses = errors.New("busy")
		p.pass(5 * time.Second)
		p.refuses = nil
		p.pass(time.Hour)
		require.Empty(t, p.first.letters())
	})
	t.Run("a loop that hangs is told, a PC that slept is not", func(t *testing.T) {
		p := newPost(t)
		p.facts.Turned = p.now
		p.pass(time.Minute)
		p.now = p.now.Add(14 * time.Hour)
		p.guard.Beat(t.Context(), p.now)
		require.NotContains(t, paths(p.heart), "/ping/fail", "it has just woken up")
		w := p.guard.Look(t.Context(), true, p.now)
		require.True(t, w.Empty(), "it has just woken up")
		p.facts.Turned = p.now
		for range 6 {
			p.pass(2 * time.Minute)
		}
		require.Contains(t, p.first.letters()[0].body, "程序卡住了")
		require.Equal(t, "/ping/fail", paths(p.heart)[len(p.heart.letters())-1])
	})
	t.Run("the daily word comes once a day, and again when it did not arrive", func(t *testing.T) {
		p := newPost(t)
		o := p.options(ops.NewWebhook(p.first.URL))
		o.AliveAt = 9*60 + 30
		p.guard = ops.NewGuard(o)
		p.facts.Bound = 46
		p.pass(30 * time.Minute)
		require.Empty(t, p.first.letters())
		p.first.says(failing(500))
		p.pass(15 * time.Minute)
		require.Len(t, p.first.letters(), 2)
		p.first.says(nil)
		p.pass(time.Hour)
		require.Len(t, p.first.letters(), 3)
		require.Contains(t, p.first.letters()[2].body, "我还活着")
		require.Contains(t, p.first.letters()[2].body, "认回 46 个群；未确定 0 条；没有了结的告警 0 个")
		p.pass(48 * time.Hour)
		require.Len(t, p.first.letters(), 5)
	})
	t.Run("no heartbeat arrives: that is an alert of its own", func(t *testing.T) {
		p := newPost(t)
		p.heart.says(failing(404))
		p.pass(time.Hour)
		require.Len(t, p.first.letters(), 1)
		require.Contains(t, p.first.letters()[0].body, "心跳发不出去")
	})
	t.Run("without roads the heartbeat alone says that something is wrong", func(t *testing.T) {
		p := newPost(t)
		p.guard = ops.NewGuard(p.options())
		p.pass(10 * time.Minute)
		require.Equal(t, []string{"/ping", "/ping"}, paths(p.heart))
		p.facts.Account = schedule.AccountBarred
		p.pass(10 * time.Minute)
		require.Equal(t, "/ping/fail", paths(p.heart)[3])
		require.NoError(t, p.office.AckAlert(t.Context(), roster.Operator(""), schedule.AlertBarred, p.now))
		p.pass(10 * time.Minute)
		require.Equal(t, "/ping", paths(p.heart)[5])
	})
}

// lingering is a road that takes its time to notice that it is not wanted.
type lingering struct {
	ops.Road
	ended atomic.Bool
}

func (l *lingering) Send(ctx context.Context, title, text string) (string, error) {
	answer, err := l.Road.Send(ctx, title, text)
	time.Sleep(100 * time.Millisecond)
	l.ended.Store(true)
	return answer, err
}

// TestGuardRun runs the real loops: a road that hangs holds up nobody, and a stop
// ends everything (TestMain looks for what is left).
func TestGuardRun(t *testing.T) {
	p := newPost(t)
	p.first.says(hanging)
	p.facts.Account = schedule.AccountBarred
	road := &lingering{Road: ops.NewWebhook(p.first.URL)}
	o := p.options(road)
	o.Log = slog.New(slog.DiscardHandler)
	o.Heartbeat.Every = 10 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var owned sync.WaitGroup
	guard := ops.NewGuard(o)
	owned.Go(func() { guard.Run(ctx) })
	require.Eventually(t, func() bool { return len(p.first.letters()) == 1 && len(p.heart.letters()) > 20 }, 30*time.Second, 5*time.Millisecond)
	stop()
	owned.Wait()
	require.True(t, road.ended.Load(), "a stop waits for the word on its way")
	open, err := p.office.Alerts(t.Context(), roster.Operator(""))
	require.NoError(t, err)
	require.Nil(t, open[0].Told)
}

func TestDiskWatch(t *testing.T) {
	var f schedule.Facts
	dir := t.TempDir()
	require.NoError(t, ops.Disk(dir)(t.Context(), time.Time{}, &f))
	require.Positive(t, f.Free)
	require.Equal(t, int64(500<<20), f.Need)
	require.Error(t, ops.Disk(filepath.Join(dir, "none"))(t.Context(), time.Time{}, &f))
}
