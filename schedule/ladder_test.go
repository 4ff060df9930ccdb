package schedule_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// ladderWorld is an office with a slot every working morning, so that who never
// answers has more open handoffs than a day has reminders. The national holiday
// (1–7 October) lies in its weeks.
func ladderWorld(t *testing.T) *world {
	r := with(only(eastGroup, westGroup), eastGroup, func(g *roster.Group) { g.Carrier = roster.ByKeeper })
	w := newWorld(t, "2026-09-13 12:00", starting(r), func(w *world) {
		w.settings.Slots = nil
		w.slot("每天", "0 9 * * 1-5", 150*time.Minute)
		w.settings.ItemRest = 1
	})
	w.adoptPlan(quotaPlan("便民群", 5, calendar.Week), 2026, nil)
	return w
}

// days are how many messages with a word a person got, by local day.
func (w *world) days(person int64, word string) map[string]int {
	out := map[string]int{}
	for _, r := range w.told(person, word) {
		out[w.cal.Today(r.at).String()]++
	}
	return out
}

var mutedCount = regexp.MustCompile(`没有发出的提醒 (\d+) 条`)

// TestLadder_fortnight counts what each person received by day, over weeks with a
// holiday and two days without the account.
func TestLadder_fortnight(t *testing.T) {
	t.Parallel()
	w := ladderWorld(t)
	w.run("2026-09-16 10:00")
	before := w.handoffs(westKeeper, schedule.HandoffOpen)
	n, err := w.office.Acknowledge(w.ctx, w.actor(westKeeper), w.now)
	require.NoError(t, err)
	require.Equal(t, len(before), n)
	acked := w.now
	w.run("2026-09-22 18:00")
	w.online = false
	w.run("2026-09-24 10:00")
	w.online = true
	w.restart()
	w.run("2026-10-10 12:00")

	t.Run("at most three reminders a day, and the cap was reached", func(t *testing.T) {
		most := 0
		for _, person := range []int64{townHead, eastKeeper, westKeeper, teacher, clerkA, clerkB, eastGrid} {
			for day, n := range w.days(person, "【提醒") {
				require.LessOrEqual(t, n, w.settings.RemindersADay, "person %d on %s", person, day)
				most = max(most, n)
			}
		}
		require.Equal(t, w.settings.RemindersADay, most)
	})
	t.Run("one digest a day to each of the staff, on working days only", func(t *testing.T) {
		for _, clerk := range []int64{clerkA, clerkB} {
			got := w.days(clerk, "【铜锣今日】")
			require.Greater(t, len(got), 10)
			for day, n := range got {
				require.Equal(t, 1, n, "on %s", day)
				require.Equal(t, calendar.MustDate(day), w.cal.NextWorkday(calendar.MustDate(day)), "%s is a day off", day)
			}
		}
	})
	t.Run("what was kept back stands in the next digest, with whose it was", func(t *testing.T) {
		said := 0
		for _, r := range w.told(clerkA, "【铜锣今日】") {
			day := w.cal.Today(r.at)
			last := day.AddDays(-1)
			for w.cal.NextWorkday(last) != last {
				last = last.AddDays(-1)
			}
			muted, err := w.db.Muted(w.ctx, last.At(8, 30, w.cal.Zone()), day.At(8, 30, w.cal.Zone()))
			require.NoError(t, err)
			total := 0
			for _, n := range muted {
				total += n
			}
			m := mutedCount.FindStringSubmatch(r.text)
			if total == 0 {
				require.Nil(t, m, "%s: %s", day, r.text)
				continue
			}
			require.NotNil(t, m, "%s: %d were kept back\n%s", day, total, r.text)
			n, _ := strconv.Atoi(m[1])
			require.Equal(t, total, n, "%s", day)
			for person := range muted {
				p, _ := w.first.Person(person)
				require.Contains(t, r.text, p.Name)
			}
			said++
		}
		require.Greater(t, said, 3)
	})
	t.Run("收到 stops what it was said about, and nothing newer", func(t *testing.T) {
		old, newer := map[string]bool{}, 0
		for _, h := range before {
			old[fmt.Sprintf("【提醒 #%d】还有", h.ID)] = true
		}
		for _, r := range w.told(westKeeper, "【提醒") {
			if r.at.Before(acked) {
				continue
			}
			for word := range old {
				require.NotContains(t, r.text, word, "at %s", r.at)
			}
			newer++
		}
		require.NotZero(t, newer)
	})
	t.Run("never in a group", func(t *testing.T) {
		for _, r := range w.received {
			require.False(t, r.group != 0 && strings.Contains(r.text, "【"), "%s", r.text)
		}
	})
	w.sound()
}

// TestLadder_digestMissed: what was kept back stands in the next digest that
// comes, however long there was none: the PC was off, or the account away.
func TestLadder_digestMissed(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*world){
		"the PC is off":       func(w *world) { w.sleep("2026-09-23 08:35") },
		"the account is away": func(w *world) { w.online = false; w.run("2026-09-23 08:00"); w.online = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ladderWorld(t)
			w.run("2026-09-18 20:00") // Friday: the cap was reached after the morning's digest
			muted, err := w.db.Muted(w.ctx, w.at("2026-09-18 08:30"), w.now)
			require.NoError(t, err)
			require.NotEmpty(t, muted)
			away(w)
			w.run("2026-09-23 09:00")
			var last string
			for _, r := range w.told(clerkA, "【铜锣今日】") {
				if w.cal.Today(r.at).String() == "2026-09-23" {
					last = r.text
				}
			}
			all, err := w.db.Muted(w.ctx, w.at("2026-09-18 08:30"), w.at("2026-09-23 08:30"))
			require.NoError(t, err)
			total := 0
			for _, n := range all {
				total += n
			}
			require.Contains(t, last, fmt.Sprintf("没有发出的提醒 %d 条", total))
			w.run("2026-09-24 09:00")
			digests := w.told(clerkA, "【铜锣今日】")
			require.NotContains(t, digests[len(digests)-1].text, fmt.Sprintf("没有发出的提醒 %d 条", total), "and not again")
			w.sound()
		})
	}
}

// TestLadder_heardWhileStopped: 收到 also stops the reminder that waits for 恢复.
func TestLadder_heardWhileStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 10:00")
	require.NoError(t, w.office.Halt(w.ctx, w.actor(clerkA), w.now))
	w.run("2026-11-03 15:00")
	waiting := 0
	ns, err := w.db.Notices(w.ctx, westKeeper)
	require.NoError(t, err)
	for _, n := range ns {
		if n.Reminder && n.State == schedule.Queued {
			waiting++
		}
	}
	require.NotZero(t, waiting)
	n, err := w.office.Acknowledge(w.ctx, w.actor(westKeeper), w.now)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	for _, clerk := range []int64{clerkA, clerkB} {
		_, err := w.office.Resume(w.ctx, w.actor(clerk), w.now)
		require.NoError(t, err)
	}
	w.run("2026-11-04 12:00")
	require.Empty(t, w.told(westKeeper, "【提醒"))
	digests := w.told(clerkA, "【铜锣今日】")
	require.NotContains(t, digests[len(digests)-1].text, "没有发出的提醒", "nobody kept it back")
	w.sound()
}

// TestDigest_subtree: the digest of somebody of a village is about that village.
func TestDigest_subtree(t *testing.T) {
	t.Parallel()
	town := townRoster()
	persons := append(slices.Clone(town.Persons), roster.Person{ID: 21, Name: "西村文书", Unit: 3, UnitPath: "永宁镇/西村", Role: roster.Staff, Tag: "t21"})
	w := newWorld(t, "2026-11-02 07:00", starting(roster.New(town.Units, town.Groups, persons)), func(w *world) { w.settings.WideFrom = 0 })
	w.adopt("11", 2026, nil)
	w.settings.Slots = nil
	v, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "unit:东村", At: w.at("2026-11-03 23:30")}, w.now)
	require.NoError(t, err)
	require.Equal(t, schedule.PushWaiting, v.State)
	text, err := w.office.DigestText(w.ctx, w.actor(clerkB), w.now)
	require.NoError(t, err)
	require.Contains(t, text, "待审推送 1 份")
	text, err = w.office.DigestText(w.ctx, w.actor(21), w.now)
	require.NoError(t, err)
	require.NotContains(t, text, "待审推送")
	w.run("2026-11-10 09:00")
	text, err = w.office.DigestText(w.ctx, w.actor(21), w.now)
	require.NoError(t, err)
	require.NotContains(t, text, "东村")
}

// TestLadder_toldFirst: over nobody's head. Who has had the day's share of words is
// told of a flag on a later day; the contact above hears of it after that, and 收到
// covers no flag of which no word came.
func TestLadder_toldFirst(t *testing.T) {
	t.Parallel()
	groups := slices.Clone(townRoster().Groups[:1])
	for i := range 7 {
		g := groups[0]
		g.ID, g.Name, g.Keeper, g.Carrier = int64(21+i), fmt.Sprint("群", 21+i), eastKeeper, roster.ByKeeper
		groups = append(groups, g)
	}
	r := townRoster()
	w := newWorld(t, "2026-11-01 12:00", starting(roster.New(r.Units, groups[1:], r.Persons)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 12:00")
	flags, err := w.db.Flags(w.ctx, false)
	require.NoError(t, err)
	require.Len(t, flags, 7)
	told := len(w.told(eastKeeper, "补发后请回"))
	require.Positive(t, told)
	require.LessOrEqual(t, told, 3)
	n, err := w.office.AcknowledgeFlags(w.ctx, w.actor(eastKeeper), w.now)
	require.NoError(t, err)
	require.Equal(t, told, n, "收到 is about what came")
	w.run("2026-11-14 08:00")
	heard := map[string]bool{}
	for _, m := range append(w.told(eastKeeper, "补发后请回"), w.told(townHead, "补发后请回")...) {
		no := strings.SplitN(m.text, "】", 2)[0]
		require.True(t, m.person == eastKeeper || heard[no], "%s went over the keeper's head", no)
		heard[no] = true
	}
	require.Len(t, heard, 7, "in the end the keeper is told of all")
	for day, n := range w.days(eastKeeper, "【提醒") {
		require.LessOrEqual(t, n, 3, day)
	}
	w.sound()
}

// TestLadder_flagHeard: 收到 after a word about what is behind ends the words
// about it; the digest goes on.
func TestLadder_flagHeard(t *testing.T) {
	t.Parallel()
	behind := func(t *testing.T, say bool) *world {
		w := ladderWorld(t)
		w.run("2026-09-21 09:30") // last week ended short: the keeper is told
		require.NotEmpty(t, w.told(westKeeper, "补发后请回"))
		n, err := 0, error(nil)
		if say {
			n, err = w.office.AcknowledgeFlags(w.ctx, w.actor(westKeeper), w.now)
			require.Equal(t, 1, n)
		}
		require.NoError(t, err)
		w.run("2026-09-24 18:00")
		return w
	}
	t.Run("without it the keeper is told again, then the unit's contact above", func(t *testing.T) {
		w := behind(t, false)
		require.Greater(t, len(w.told(westKeeper, "补发后请回")), 1)
		require.NotEmpty(t, w.told(townHead, "补发后请回"))
	})
	t.Run("with it nobody is told again, and the office goes on reading of it", func(t *testing.T) {
		w := behind(t, true)
		require.Len(t, w.told(westKeeper, "群12 "+calendar.SayPeriod("2026-W38")), 1)
		for _, r := range w.told(townHead, "补发后请回") {
			require.NotContains(t, r.text, "群12", "the contact is not told what the keeper has heard")
		}
		digests := w.told(clerkA, "【铜锣今日】")
		require.Contains(t, digests[len(digests)-1].text, "落后 2 项")
		n, err := w.office.AcknowledgeFlags(w.ctx, w.actor(westKeeper), w.now)
		require.NoError(t, err)
		require.Zero(t, n, "said once")
		w.sound()
	})
}

// TestBurden: the office sees whose third request it would be before it is sent.
func TestBurden(t *testing.T) {
	t.Parallel()
	r := with(only(eastGroup, westGroup), westGroup, func(g *roster.Group) { g.Kind = "网格群" })
	w := newWorld(t, "2026-11-02 07:00", starting(r), func(w *world) { w.settings.Slots = nil })
	queue := func(item, at string) schedule.Preview {
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: item, To: "kind:网格群", At: w.at(at)}, w.now)
		require.NoError(t, err)
		return p
	}
	require.Empty(t, queue("i00", "2026-11-03 09:00").Burden)
	w.run("2026-11-03 10:00")
	require.Empty(t, queue("i01", "2026-11-05 09:00").Burden, "the second of the week")
	require.Empty(t, queue("i02", "2026-11-10 09:00").Burden, "of another week")
	third := queue("i03", "2026-11-06 09:00")
	require.Len(t, third.Burden, 1)
	require.Equal(t, "西村干部", third.Burden[0].Person.Name)
	require.Equal(t, 3, third.Burden[0].Requests, "one made, two to come")
	require.Contains(t, strings.Join(third.Warnings, "\n"), "西村干部第 3 次")
	w.send(clerkA, "再说一遍：陌生链接不点。")
	shown := w.propose(clerkA, "kind:网格群")
	require.Len(t, shown.Burden, 1)
	require.Equal(t, 4, shown.Burden[0].Requests, "shown before it is queued")
	w.run("2026-11-04 09:00")
	digests := w.told(clerkA, "【铜锣今日】")
	require.Contains(t, digests[len(digests)-1].text, "西村干部第 3 次", "the day before it is sent")
	w.run("2026-11-06 12:00")
	views, err := w.office.HandoffsAt(w.ctx, operator, schedule.HandoffFilter{Person: westKeeper}, w.now)
	require.NoError(t, err)
	for _, v := range views {
		require.Equal(t, 3, v.Requests)
	}
	text, err := w.office.DigestText(w.ctx, w.actor(clerkA), w.now)
	require.NoError(t, err)
	require.NotContains(t, text, "西村干部第", "nothing waits to be sent any more")
	w.sound()
}
