package schedule_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

var monday = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// spoken are the kinds that are found and not silenced.
func spoken(f schedule.Facts, now time.Time) []schedule.AlertKind {
	kinds := []schedule.AlertKind{}
	for _, one := range f.Findings(now) {
		if !one.Silenced {
			kinds = append(kinds, one.Kind)
		}
	}
	return kinds
}

func TestFindings(t *testing.T) {
	ago := func(d time.Duration) time.Time { return monday.Add(-d) }
	none := schedule.Facts{Started: ago(2 * time.Hour), Account: schedule.AccountOnline}
	none.Watched = ago(time.Hour)
	for name, c := range map[string]struct {
		change func(f *schedule.Facts)
		want   schedule.AlertKind // "" for none
	}{
		"all is well":                 {func(*schedule.Facts) {}, ""},
		"off is no trouble":           {func(f *schedule.Facts) { f.Account = schedule.AccountOff }, ""},
		"a moment down":               {func(f *schedule.Facts) { f.Account, f.Down = schedule.AccountOffline, ago(39*time.Second) }, ""},
		"down":                        {func(f *schedule.Facts) { f.Account, f.Down = schedule.AccountOffline, ago(40*time.Second) }, schedule.AlertDown},
		"a state nobody knows here":   {func(f *schedule.Facts) { f.Account, f.Down = "asleep", ago(time.Minute) }, schedule.AlertDown},
		"in doubt, at once":           {func(f *schedule.Facts) { f.Account, f.Down = schedule.AccountSuspect, ago(time.Hour) }, schedule.AlertSuspect},
		"nothing goes":                {func(f *schedule.Facts) { f.Break, f.Uncertain = true, 9 }, schedule.AlertBreak},
		"a clock not gone by":         {func(f *schedule.Facts) { f.Clock = true }, schedule.AlertClock},
		"a code waits":                {func(f *schedule.Facts) { f.Account, f.Down, f.Scan = schedule.AccountOffline, ago(time.Minute), true }, schedule.AlertScan},
		"barred, at once":             {func(f *schedule.Facts) { f.Account, f.Down = schedule.AccountBarred, monday }, schedule.AlertBarred},
		"held, at once":               {func(f *schedule.Facts) { f.Account, f.Down = schedule.AccountHeld, ago(time.Hour) }, schedule.AlertHeld},
		"rest":                        {func(f *schedule.Facts) { f.Rest = monday.Add(time.Second) }, schedule.AlertRest},
		"rested":                      {func(f *schedule.Facts) { f.Rest = monday }, ""},
		"four uncertain":              {func(f *schedule.Facts) { f.Uncertain = 4 }, ""},
		"five uncertain":              {func(f *schedule.Facts) { f.Uncertain = 5 }, schedule.AlertUncertain},
		"one push missed":             {func(f *schedule.Facts) { f.Missed = 1 }, schedule.AlertMissed},
		"a halt of today":             {func(f *schedule.Facts) { f.Halted = ago(23 * time.Hour) }, ""},
		"a halt forgotten":            {func(f *schedule.Facts) { f.Halted = ago(24 * time.Hour) }, schedule.AlertHalted},
		"little space":                {func(f *schedule.Facts) { f.Free, f.Need = 499<<20, 500<<20 }, schedule.AlertDiskLow},
		"just enough space":           {func(f *schedule.Facts) { f.Free, f.Need = 500<<20, 500<<20 }, ""},
		"no space":                    {func(f *schedule.Facts) { f.Free, f.Need = schedule.FullBelow-1, 500<<20 }, schedule.AlertDiskFull},
		"space nobody looked at":      {func(f *schedule.Facts) { f.Free = 0 }, ""},
		"damaged":                     {func(f *schedule.Facts) { f.Damaged = true }, schedule.AlertDamaged},
		"a backup of yesterday":       {func(f *schedule.Facts) { f.Backup, f.Watched = ago(47*time.Hour), ago(999*time.Hour) }, ""},
		"an old backup":               {func(f *schedule.Facts) { f.Backup, f.Watched = ago(48*time.Hour), ago(999*time.Hour) }, schedule.AlertOldBackup},
		"never backed up, a new data": {func(f *schedule.Facts) { f.Watched = ago(47 * time.Hour) }, ""},
		"never backed up":             {func(f *schedule.Facts) { f.Watched = ago(48 * time.Hour) }, schedule.AlertOldBackup},
		"an old backup, just started": {func(f *schedule.Facts) { f.Started, f.Watched = ago(59*time.Minute), ago(99*time.Hour) }, ""},
		"a bad backup":                {func(f *schedule.Facts) { f.BadBackup = ago(time.Minute) }, schedule.AlertBackup},
		"a clock that went back":      {func(f *schedule.Facts) { f.Logged = monday.Add(2*time.Minute + time.Second) }, schedule.AlertClock},
		"a clock that jitters":        {func(f *schedule.Facts) { f.Logged = monday.Add(2 * time.Minute) }, ""},
		"a long message":              {func(f *schedule.Facts) { f.Turned = ago(4 * time.Minute) }, ""},
		"a loop that hangs":           {func(f *schedule.Facts) { f.Turned = ago(5 * time.Minute) }, schedule.AlertStuck},
		"a heartbeat missed":          {func(f *schedule.Facts) { f.Unheard = ago(29 * time.Minute) }, ""},
		"no heartbeat":                {func(f *schedule.Facts) { f.Unheard = ago(30 * time.Minute) }, schedule.AlertUnheard},
	} {
		t.Run(name, func(t *testing.T) {
			f := none
			c.change(&f)
			want := []schedule.AlertKind{}
			if c.want != "" {
				want = append(want, c.want)
			}
			require.Equal(t, want, spoken(f, monday))
		})
	}
	t.Run("one account that is down silences what follows from it", func(t *testing.T) {
		f := none
		f.Account, f.Down, f.Missed, f.Rest = schedule.AccountOffline, ago(time.Hour), 1000, monday.Add(time.Hour)
		require.Equal(t, []schedule.AlertKind{schedule.AlertDown}, spoken(f, monday))
		require.Len(t, f.Findings(monday), 3, "they are known, and not said")
	})
	t.Run("a wrong clock cannot tell how old anything is", func(t *testing.T) {
		f := none
		f.Clock, f.Missed, f.Halted, f.Watched = true, 3, ago(99*time.Hour), ago(99*time.Hour)
		require.Equal(t, []schedule.AlertKind{schedule.AlertClock}, spoken(f, monday))
	})
	t.Run("nothing silences what stands before it", func(t *testing.T) {
		kinds := schedule.AlertKinds()
		f := schedule.Facts{Started: ago(99 * time.Hour), Account: schedule.AccountBarred, Down: ago(time.Hour), Scan: true, Rest: monday.Add(1), Break: true, Free: 0, Need: 1,
			Damaged: true, Turned: ago(time.Hour), Unheard: ago(time.Hour)}
		f.Condition = schedule.Condition{Uncertain: 9, Missed: 9, Halted: ago(99 * time.Hour), Logged: monday.Add(time.Hour), Watched: ago(99 * time.Hour), BadBackup: monday}
		found := f.Findings(monday)
		require.Len(t, found, len(kinds)-3, "all but held and suspect, which exclude barred, and what only memory knows")
		require.Equal(t, []schedule.AlertKind{schedule.AlertDamaged, schedule.AlertDiskFull, schedule.AlertBarred, schedule.AlertStuck, schedule.AlertClock,
			schedule.AlertUnheard}, spoken(f, monday))
	})
}

// watched is a world whose guard looks and always reaches somebody.
func (w *world) watched(f schedule.Facts) []schedule.AlertKind {
	w.t.Helper()
	digest := w.claimed(f)
	require.NoError(w.t, w.office.TellAlerts(w.ctx, digest, true, w.now))
	return kindsOf(digest)
}

func (w *world) claimed(f schedule.Facts) []schedule.Alert {
	w.t.Helper()
	digest, err := w.office.WatchAlerts(w.ctx, f, true, w.now)
	require.NoError(w.t, err)
	return digest
}

func kindsOf(digest []schedule.Alert) (kinds []schedule.AlertKind) {
	for _, a := range digest {
		word := a.Kind
		if !a.Open() {
			word += " solved"
		}
		kinds = append(kinds, word)
	}
	return kinds
}

func TestAlerts(t *testing.T) {
	down := func(w *world, since time.Time) schedule.Facts {
		return schedule.Facts{Started: w.now, Account: schedule.AccountOffline, Down: since}
	}
	online := schedule.Facts{Account: schedule.AccountOnline}
	just := func(kinds ...schedule.AlertKind) []schedule.AlertKind { return kinds }

	t.Run("one digest, again every four hours, over once", func(t *testing.T) {
		w := newWorld(t, "2026-11-30 17:00")
		began := w.now
		var told []time.Duration
		w.now = w.now.Add(-20 * time.Second)
		for w.now.Before(began.Add(13 * time.Hour)) {
			w.now = w.now.Add(20 * time.Second)
			if w.now.Sub(began) > time.Minute {
				w.now = w.now.Add(20*time.Minute - 20*time.Second)
			}
			if kinds := w.watched(down(w, began)); kinds != nil {
				require.Equal(t, just(schedule.AlertDown), kinds)
				told = append(told, w.now.Sub(began))
			}
		}
		require.Len(t, told, 4)
		require.Equal(t, 40*time.Second, told[0])
		for i, d := range told[1:] {
			require.GreaterOrEqual(t, d-told[i], 4*time.Hour)
			require.LessOrEqual(t, d-told[i], 4*time.Hour+20*time.Minute, "at the next look")
		}
		back := w.now
		told = nil
		for ; w.now.Before(back.Add(10 * time.Hour)); w.now = w.now.Add(5 * time.Minute) {
			if kinds := w.watched(online); kinds != nil {
				require.Equal(t, just("account-down solved"), kinds)
				told = append(told, w.now.Sub(back))
			}
		}
		require.Equal(t, []time.Duration{10 * time.Minute}, told)
	})
	t.Run("what is known is not said again, that it is over is", func(t *testing.T) {
		w := newWorld(t, "2026-11-30 09:00")
		began := w.now.Add(-time.Hour)
		require.Equal(t, just(schedule.AlertDown), w.watched(down(w, began)))
		require.NoError(t, w.office.AckAlert(w.ctx, roster.Operator("陈明"), schedule.AlertDown, w.now))
		open, err := w.office.Alerts(w.ctx, roster.Operator(""))
		require.NoError(t, err)
		require.Len(t, open, 1)
		require.Equal(t, "陈明", open[0].By)
		for range 10 {
			w.now = w.now.Add(4 * time.Hour)
			require.Empty(t, w.watched(down(w, began)))
		}
		require.Empty(t, w.watched(online))
		w.now = w.now.Add(10 * time.Minute)
		require.Equal(t, just("account-down solved"), w.watched(online))
		err = w.office.AckAlert(w.ctx, roster.Operator(""), schedule.AlertDown, w.now)
		require.ErrorIs(t, err, schedule.ErrNotFound)
	})
	t.Run("the same trouble anew is told anew", func(t *testing.T) {
		w := newWorld(t, "2026-11-30 09:00")
		require.Equal(t, just(schedule.AlertDown), w.watched(down(w, w.now.Add(-time.Hour))))
		require.NoError(t, w.office.AckAlert(w.ctx, roster.Operator("陈明"), schedule.AlertDown, w.now))
		require.Empty(t, w.watched(online))
		w.now = w.now.Add(10 * time.Minute)
		w.watched(online)
		w.now = w.now.Add(time.Hour)
		require.Equal(t, just(schedule.AlertDown), w.watched(down(w, w.now.Add(-time.Hour))))
	})
	t.Run("what comes and goes is one alert, not many", func(t *testing.T) {
		if testing.Short() {
			t.Skip("two thousand looks at a real store")
		}
		w := newWorld(t, "2026-11-30 09:00")
		words := 0
		for range 24 * 60 / 16 { // eight minutes down, eight minutes up, for a day
			for _, f := range []schedule.Facts{down(w, w.now.Add(-time.Hour)), online} {
				words += len(w.watched(f))
				w.now = w.now.Add(8*time.Minute - time.Second)
				words += len(w.watched(f))
				w.now = w.now.Add(time.Second)
			}
		}
		require.Equal(t, 6, words, "told every four hours, never over")
		for range 24 * 2 { // twenty minutes each: calm enough at first, then it must be calm for longer
			for _, f := range []schedule.Facts{down(w, w.now.Add(-time.Hour)), online} {
				for range 4 {
					words += len(w.watched(f))
					w.now = w.now.Add(5 * time.Minute)
				}
			}
		}
		require.Less(t, words, 6+15)
	})
	t.Run("a silenced alert waits, neither told nor over", func(t *testing.T) {
		w := newWorld(t, "2026-11-30 09:00")
		f := schedule.Facts{Free: 400 << 20, Need: 500 << 20}
		require.Equal(t, just(schedule.AlertDiskLow), w.watched(f))
		f.Free = 0
		require.Equal(t, just(schedule.AlertDiskFull), w.watched(f))
		w.now = w.now.Add(5 * time.Hour)
		require.Equal(t, just(schedule.AlertDiskFull), w.watched(f), "not both")
		f.Free = 400 << 20
		require.Equal(t, just(schedule.AlertDiskLow), w.watched(f), "still true, and its time has come")
	})
}

func TestAlerts_unreached(t *testing.T) {
	w := newWorld(t, "2026-11-30 09:00")
	w.now = w.now.Add(123456 * time.Nanosecond) // as clocks are
	f := schedule.Facts{Account: schedule.AccountBarred}
	t.Run("nobody reached: again with pauses that grow to half an hour", func(t *testing.T) {
		began := w.now
		var tries []time.Duration
		for ; w.now.Before(began.Add(2 * time.Hour)); w.now = w.now.Add(30 * time.Second) {
			if digest := w.claimed(f); digest != nil {
				tries = append(tries, w.now.Sub(began).Truncate(time.Minute))
				require.NoError(t, w.office.TellAlerts(w.ctx, digest, false, w.now))
			}
		}
		m := time.Minute
		require.Equal(t, []time.Duration{0, 1 * m, 3 * m, 7 * m, 15 * m, 31 * m, 61 * m, 91 * m}, tries)
		open, err := w.office.Alerts(w.ctx, roster.Operator(""))
		require.NoError(t, err)
		require.Nil(t, open[0].Told, "nobody is said to have been told")
	})
	t.Run("a crash while telling tells again, five minutes later", func(t *testing.T) {
		w.now = w.now.Add(time.Hour)
		require.Len(t, w.claimed(f), 1)
		w.now = w.now.Add(5*time.Minute - time.Second)
		require.Empty(t, w.claimed(f), "it is being told, as far as anybody knows")
		w.now = w.now.Add(time.Second)
		require.Len(t, w.claimed(f), 1)
	})
	t.Run("without a teller nothing is claimed", func(t *testing.T) {
		w.now = w.now.Add(time.Hour)
		digest, err := w.office.WatchAlerts(w.ctx, f, false, w.now)
		require.NoError(t, err)
		require.Empty(t, digest)
		require.Len(t, w.claimed(f), 1)
	})
	t.Run("said to be known while it is on its way: that stands", func(t *testing.T) {
		w.now = w.now.Add(5 * time.Hour)
		digest := w.claimed(f)
		require.Len(t, digest, 1)
		require.NoError(t, w.office.AckAlert(w.ctx, roster.Operator(""), schedule.AlertBarred, w.now))
		require.NoError(t, w.office.TellAlerts(w.ctx, digest, true, w.now))
		w.now = w.now.Add(9 * time.Hour)
		require.Empty(t, w.claimed(f))
		open, err := w.office.Alerts(w.ctx, roster.Operator(""))
		require.NoError(t, err)
		require.NotNil(t, open[0].Told)
	})
}

func TestAlerts_authority(t *testing.T) {
	w := newWorld(t, "2026-11-30 09:00")
	w.watched(schedule.Facts{Account: schedule.AccountBarred})
	for role, may := range map[roster.Role]bool{roster.Cadre: false, roster.Leader: false, roster.Staff: true, roster.Admin: true} {
		a := roster.Actor{Person: 5, Role: role, Unit: "永宁镇", Via: roster.ViaConsole}
		err := w.office.AckAlert(w.ctx, a, schedule.AlertBarred, w.now)
		require.Equal(t, may, err == nil, "%s: %v", role, err)
	}
	_, err := w.office.Alerts(w.ctx, roster.Actor{Person: 5, Role: roster.Cadre, Unit: "永宁镇"})
	require.ErrorIs(t, err, schedule.ErrDenied)
}

func TestAlertText(t *testing.T) {
	w := newWorld(t, "2026-11-30 09:00")
	var all []schedule.Alert
	for _, k := range schedule.AlertKinds() {
		all = append(all, schedule.Alert{Kind: k, Count: 1234, Opened: w.now})
		_, text := w.office.AlertText(all[len(all)-1:])
		require.Contains(t, text, "怎么办：", k)
		require.Equal(t, k != schedule.AlertNoStore && k != schedule.AlertDamaged, strings.HasSuffix(text, "tongluo alerts ack "+string(k)))
		require.NotContains(t, text, "%d", k)
		require.NotContains(t, text, "%!", k)
		require.NotRegexp(t, `。。|：。`, text)
	}
	_, text := w.office.AlertText(all)
	require.LessOrEqual(t, len(text), 2000, "WeCom takes 2,048 bytes")
	require.Regexp(t, `还有 \d+ 项，请运行 tongluo alerts 看。$`, text)
	title, text := w.office.AlertText([]schedule.Alert{{Kind: schedule.AlertScan, Opened: w.now, Closed: w.now.Add(time.Hour)}})
	require.Equal(t, "铜锣：“微信要扫码登录”已经好了", title)
	require.Contains(t, text, "11月30日 周一 10:00好的")
}

// TestAlerts_condition counts on a real ledger, and leaks none of its words.
func TestAlerts_condition(t *testing.T) {
	w := newWorld(t, "2026-11-09 12:00")
	w.confirm(w.adopt("11", 2026, nil))
	w.online = false
	w.run("2026-11-10 12:00")
	digest := w.claimed(schedule.Facts{})
	require.Equal(t, []schedule.AlertKind{schedule.AlertMissed}, kindsOf(digest))
	require.Equal(t, 1, digest[0].Count, "pushes, not groups")
	_, text := w.office.AlertText(digest)
	for _, name := range []string{"永宁", "张", "王", "群里"} {
		require.NotContains(t, strings.ReplaceAll(text, "群发", ""), name)
	}
	w.now = w.now.Add(25 * time.Hour)
	require.Empty(t, w.claimed(schedule.Facts{}), "a day later it is old")
}

// TestAlert_anyHistory holds the record of any history against what people would see: never
// two words of one alert within four hours, and no end without a beginning.
func TestAlert_anyHistory(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		a, now := schedule.Alert{Kind: schedule.AlertDown}, monday
		var words []time.Time
		said := 0 // words since the last end
		for range 2000 {
			now = now.Add(time.Duration(random.IntN(600)) * time.Second)
			f := schedule.Finding{Kind: a.Kind, Silenced: random.IntN(9) == 0}
			was := a
			a, _ = a.After(f, random.IntN(3) > 0, now)
			if was.Open() && !a.Open() {
				require.False(t, was.Gone.IsZero() && !was.Told.IsZero(), "seed %d", seed)
			}
			if f.Silenced || !a.Due(now) {
				continue
			}
			a = a.Claimed(now)
			reached := random.IntN(4) > 0
			a = a.Heard(reached, now)
			switch {
			case !reached:
			case a.Open():
				said++
				words = append(words, now)
			default:
				require.Positive(t, said, "seed %d: over before anybody heard of it", seed)
				said = 0
			}
			if random.IntN(50) == 0 {
				a = a.Known(roster.Operator(""), now)
			}
		}
		days := int(now.Sub(monday).Hours()/24) + 1
		require.LessOrEqual(t, len(words), 12*days, "seed %d: %d words in %d days", seed, len(words), days)
		require.True(t, slices.IsSortedFunc(words, time.Time.Compare))
	}
}
