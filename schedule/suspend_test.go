package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"

	"github.com/stretchr/testify/require"
)

// pc is the office PC's two clocks over a world: the wall clock, which a person
// may set and which goes on while the PC sleeps, and the one that counts seconds
// awake. true is the time it really is, of which only the test knows.
type pc struct {
	*world
	watch runner.Watch
	mono  time.Duration
	real  time.Time
}

// trial is one group that a daily plan is about.
func trial() *roster.Roster {
	return with(only(eastGroup), eastGroup, func(g *roster.Group) { g.Kind = "试验群" })
}

// tick lets d pass, the PC being awake, and does what the daemon does then.
func (p *pc) tick(d time.Duration) {
	for s := 30 * time.Second; s < d; s += 30 * time.Second { // the daemon looks all the time
		p.watch.Look(p.now.Add(s), p.mono+s)
	}
	p.now, p.real, p.mono = p.now.Add(d), p.real.Add(d), p.mono+d
	p.turn()
}

func (p *pc) turn() {
	p.t.Helper()
	if since := p.watch.Look(p.now, p.mono).AwaySince; !since.IsZero() {
		require.NoError(p.t, p.runner.Slept(p.ctx, since, p.now))
	}
	for range 200 {
		next, err := p.runner.Step(p.ctx, p.now)
		require.NoError(p.t, err)
		if next.After(p.now) {
			return
		}
	}
	p.t.Fatal("the runner never rests")
}

// suspend lets d pass, the PC being asleep.
func (p *pc) suspend(d time.Duration) { p.now, p.real = p.now.Add(d), p.real.Add(d) }

// until ticks, in steps, until a real instant.
func (p *pc) until(end time.Time, step time.Duration) {
	for p.real.Before(end) {
		p.tick(min(step, end.Sub(p.real)))
	}
}

// TestSuspend is F15 by clocks: a PC asleep over nine o'clock for a minute to
// fourteen hours sends within the tick after it wakes, if the window is open;
// otherwise the slot is missed and told, and nothing leaves at night.
func TestSuspend(t *testing.T) {
	t.Parallel()
	for _, nap := range []time.Duration{time.Minute, 6 * time.Minute, time.Hour, 2*time.Hour + 34*time.Minute, 2*time.Hour + 36*time.Minute, 7 * time.Hour, 13 * time.Hour, 14 * time.Hour} {
		t.Run(fmt.Sprint(nap), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2026-11-01 12:00", starting(only(eastGroup)))
			w.adopt("11", 2026, nil)
			w.run("2026-11-03 08:54")
			p := &pc{world: w, real: w.now}
			p.tick(time.Minute) // 08:55
			p.suspend(nap)
			p.tick(2 * time.Second)
			woke := p.now
			opens, closes := w.at("2026-11-03 09:00"), w.at("2026-11-03 11:30")
			if woke.Before(opens) {
				p.until(opens, 30*time.Second)
				woke = opens
			}
			inside := woke.Before(closes)
			require.Equal(t, inside, w.got(eastGroup) > 0, "woke at %s", woke)
			for _, r := range w.received {
				require.False(t, r.group != 0 && r.at.Sub(woke) > 30*time.Second)
			}
			p.until(w.at("2026-11-04 08:30"), 10*time.Minute)
			quiet := func(at time.Time) bool { h := at.In(w.cal.Zone()).Hour(); return h >= 21 || h < 8 }
			require.False(t, slices.ContainsFunc(w.received, func(r receipt) bool { return quiet(r.at) }), "nothing at night")
			if inside {
				require.Equal(t, []string{"2026-11-03 fired"}, w.slots())
				return
			}
			require.Equal(t, []string{"2026-11-03 missed"}, w.slots())
			require.Contains(t, w.missedLines()[0], "电脑关了或睡着了")
			w.sound()
		})
	}
}

// TestRestartAroundSlot is F17: restarted in every second from 08:59:50 to
// 09:00:30, a slot fires exactly once; so do forty slots, each with a restart in
// another of those seconds.
func TestRestartAroundSlot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(trial()))
	w.settings.Slots = nil
	w.slot("每天", "0 9 * * *", 150*time.Minute)
	w.restart()
	w.item("plain", []string{"防骗"}, false)
	w.adoptPlan(quotaPlan("试验群", 5, calendar.Week), 2026, nil)
	step := func() {
		for range 100 {
			next, err := w.runner.Step(w.ctx, w.now)
			require.NoError(t, err)
			if next.After(w.now) {
				return
			}
		}
	}
	day := calendar.NewDate(2026, time.November, 1)
	for k := range 40 { // five a week: the first five days of each
		for day = day.AddDays(1); day.Weekday() == time.Saturday || day.Weekday() == time.Sunday; {
			day = day.AddDays(1)
		}
		begin := day.At(8, 59, w.cal.Zone()).Add(50 * time.Second)
		w.run(begin.In(w.cal.Zone()).Format("2006-01-02 15:04"))
		for s := range 41 {
			w.now = begin.Add(time.Duration(s) * time.Second)
			if s == k || k == 39 {
				w.restart()
			}
			step()
		}
		heard := 0
		for _, r := range w.received {
			if r.group == eastGroup && r.kind == content.Text && w.cal.Today(r.at) == day {
				heard++
			}
		}
		require.Equal(t, 1, heard, "restarted in second %d", k)
	}
	w.run("2026-12-26 12:00")
	fired := 0
	for _, s := range w.slots() {
		if strings.HasSuffix(s, " fired") {
			fired++
		}
		require.NotContains(t, s, "missed")
	}
	require.Greater(t, fired, 15, "of the last thirty days")
	w.sound()
}

// TestClocksGoWild is F16: in zones that change their clocks, a PC whose clock is
// set by ±1 minute to ±1 day, steps and comes back, that sleeps and is restarted:
// each slot ends in exactly one outcome and no group hears a slot twice.
func TestClocksGoWild(t *testing.T) {
	zones := []string{"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"}
	specs, days, seed := []string{"0 9 * * *", "30 2 * * *"}, 8, uint64(time.Now().UnixNano())
	if os.Getenv("TONGLUO_SOAK") != "" {
		zones = []string{"Asia/Shanghai", "Asia/Urumqi", "Asia/Kathmandu", "Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Asia/Tokyo",
			"Europe/London", "Europe/Berlin", "Europe/Dublin", "Europe/Chisinau", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
			"America/Havana", "America/Santiago", "America/Asuncion", "America/Nuuk", "Africa/Cairo", "Africa/Casablanca", "Atlantic/Azores",
			"Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Apia", "UTC"}
		specs, days = []string{"0 9 * * *", "30 2 * * *", "15 0 * * *", "45 22 * * 1-6"}, 366
	}
	t.Logf("seed %d", seed)
	var sent atomic.Int64 // a PC that sleeps half the time may miss the five slots of a short run
	t.Cleanup(func() { require.Positive(t, sent.Load()) })
	for z, zone := range zones {
		for i, spec := range specs {
			if days > 100 && (uint64(5*z+i)+seed)%26 != 0 { // some of the years a run, others in the next
				continue
			}
			t.Run(zone+" "+spec, func(t *testing.T) {
				t.Parallel()
				sent.Add(goWild(t, zone, spec, days, rand.New(rand.NewPCG(seed, uint64(5*z+i)))))
			})
		}
	}
}

// goWild returns how many texts the groups received.
func goWild(t *testing.T, zone, spec string, days int, random *rand.Rand) (texts int64) {
	w := newWorld(t, "2028-02-25 12:00", starting(trial()), func(w *world) { // a leap day, then the changes of March
		cal, err := calendar.New(calendar.Options{Zone: zone})
		require.NoError(t, err)
		w.cal, w.settings.Slots = cal, nil
		w.slot("每天", spec, 60*time.Minute)
		w.now = w.at("2028-02-25 12:00")
		if days < 100 {
			w.now = w.at("2028-03-09 12:00") // America changes on the 12th
		}
	})
	w.adoptPlan(quotaPlan("试验群", 5, calendar.Week), 2028, nil)
	p := &pc{world: w, real: w.now}
	p.turn()
	end, longest := w.now.AddDate(0, 0, days), 40
	if days > 100 {
		longest = 120
	}
	for p.real.Before(end) {
		switch p.tick(time.Duration(1+random.IntN(longest)) * time.Minute); random.IntN(40) {
		case 0:
			p.suspend(time.Duration(random.IntN(14*60)) * time.Minute)
		case 1: // the clock is set wrong, is noticed after a while, and set right
			p.now = p.now.Add(time.Duration(random.Int64N(int64(48*time.Hour))) - 24*time.Hour)
			for range random.IntN(20) {
				p.tick(time.Duration(1+random.IntN(10)) * time.Minute)
			}
			p.now = p.real
			p.turn()
			require.NoError(t, w.office.TrustClock(w.ctx, operator, w.now))
		case 2: // a step of the time service
			p.now = p.real.Add(time.Duration(random.IntN(120)-60) * time.Second)
		case 3:
			w.restart()
		}
	}
	p.now = p.real
	p.until(p.real.Add(72*time.Hour), 17*time.Minute)
	w.outcomes(days)
	texts = w.acceptedOnce()
	if strings.HasPrefix(spec, "0 9") { // the others are at an hour at which no timetable of an office has a slot
		w.sound()
	}
	return texts
}

// outcomes requires exactly one outcome of each working day of the last so many.
func (w *world) outcomes(days int) {
	t := w.t
	all, err := w.office.Occasions(w.ctx, operator, calendar.NewDate(2028, 1, 1), w.cal.Today(w.now).AddDays(-1))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), days*6/7)
	seen := map[calendar.Date]bool{}
	for _, o := range all {
		require.NotEqual(t, schedule.SlotPlanned, o.Outcome, "%s", o.Day)
		require.False(t, seen[o.Day], "%s twice", o.Day)
		seen[o.Day] = true
	}
	for d := all[0].Day; d.Before(all[len(all)-1].Day); d = d.AddDays(1) {
		if !seen[d] {
			require.Equal(t, time.Sunday, d.Weekday(), "%s has no outcome", d)
		}
	}
}

// acceptedOnce requires that no slot has two deliveries to the one group, and
// gives how many texts it received: as many as were accepted.
func (w *world) acceptedOnce() (texts int64) {
	t := w.t
	bySlot := map[calendar.Date]int{}
	ds, err := w.db.Deliveries(w.ctx, schedule.DeliveryFilter{})
	require.NoError(t, err)
	accepted := int64(0)
	for _, d := range ds {
		bySlot[d.Day]++
		require.Equal(t, 1, bySlot[d.Day], "two deliveries of the slot of %s", d.Day)
		if !d.AcceptedAt.IsZero() {
			accepted++
		}
	}
	for _, r := range w.received {
		if r.group != 0 && r.kind == content.Text {
			texts++
		}
	}
	require.Equal(t, accepted, texts, "each accepted delivery was received once")
	return texts
}
