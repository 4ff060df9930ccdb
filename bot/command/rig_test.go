package command_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// The people of the town, by id.
const (
	wang = 1 // cadre of 永宁村, keeper of two groups
	li   = 2 // cadre of 前埔村
	chen = 3 // office staff of the town
	lin  = 4 // leader
	zhao = 5 // admin
	zhou = 6 // second of the office staff
	sun  = 7 // cadre of the grid 三组 under 永宁村
	mute = 8 // cadre of 沙堤村 with a phone only: not known in chat
)

// The groups of the town, by id.
const (
	residents = 20 // a resident group
	workGroup = 21 // where the bot talks
)

// town is a real office over a real store, with an account that reaches every
// person and sees no group.
type town struct {
	t      testing.TB
	db     *store.DB
	office *schedule.Office
	talk   *command.Dialogue
	now    time.Time
	heard  int
	line   *line
	root   string // the unit that adopts
}

type account struct{}

func (account) Status() schedule.AccountStatus {
	return schedule.AccountStatus{State: schedule.AccountOnline, Session: "s",
		Sees: func(int64) bool { return false }, Knows: func(p int64) bool { return p != mute }}
}

type noPacks struct{}

func (noPacks) Write(context.Context, schedule.Pack) (string, error) { return "", nil }

// people is the town's roster. 沙堤村's group is carried by the bot, which does
// not see it.
func people() *roster.Roster {
	unit := func(id, parent, contact int64, name, path string) roster.Unit {
		return roster.Unit{ID: id, Parent: parent, Contact: contact, Name: name, Path: path}
	}
	person := func(id, unit int64, name, path string, role roster.Role) roster.Person {
		return roster.Person{ID: id, Unit: unit, Name: name, UnitPath: path, Role: role, Tag: name}
	}
	group := func(id, unit, keeper int64, name, path, kind string, by roster.Carrier) roster.Group {
		return roster.Group{ID: id, Unit: unit, Keeper: keeper, Name: name, UnitPath: path, Kind: kind, Carrier: by}
	}
	r := roster.New(
		[]roster.Unit{unit(1, 0, 0, "永宁镇", "永宁镇"), unit(2, 1, wang, "永宁村", "永宁镇/永宁村"),
			unit(3, 1, li, "前埔村", "永宁镇/前埔村"), unit(4, 1, 0, "沙堤村", "永宁镇/沙堤村"),
			unit(5, 2, sun, "三组", "永宁镇/永宁村/三组")},
		[]roster.Group{
			group(11, 2, wang, "永宁村防骗群", "永宁镇/永宁村", "防骗工作群", roster.ByKeeper),
			group(12, 2, wang, "永宁村便民群", "永宁镇/永宁村", "便民群", roster.ByKeeper),
			group(13, 3, li, "前埔村防骗群", "永宁镇/前埔村", "防骗工作群", roster.ByKeeper),
			group(14, 4, mute, "沙堤村便民群", "永宁镇/沙堤村", "便民群", roster.ByBot),
			group(residents, 5, sun, "三组网格群", "永宁镇/永宁村/三组", "网格群", roster.ByKeeper),
			group(workGroup, 1, chen, "永宁镇反诈工作群", "永宁镇", "工作群", roster.ByBot),
		},
		[]roster.Person{person(wang, 2, "王海", "永宁镇/永宁村", roster.Cadre), person(li, 3, "李玉", "永宁镇/前埔村", roster.Cadre),
			person(chen, 1, "陈明", "永宁镇", roster.Staff), person(lin, 1, "林书记", "永宁镇", roster.Leader),
			person(zhao, 1, "赵管", "永宁镇", roster.Admin), person(zhou, 1, "周静", "永宁镇", roster.Staff),
			person(sun, 5, "孙立", "永宁镇/永宁村/三组", roster.Cadre),
			{ID: mute, Unit: 4, Name: "吴老", UnitPath: "永宁镇/沙堤村", Role: roster.Cadre, Phone: "13800000004"}})
	for i := range r.Groups {
		if r.Groups[i].Kind == "便民群" {
			r.Groups[i].Audiences = []string{"居民"}
		}
	}
	return r
}

// newTown opens the office on the morning of Monday 2026-06-01 with plan 11
// adopted and two items in the library.
func newTown(t testing.TB) *town {
	t.Helper()
	w := openTown(t, t.TempDir(), time.Date(2026, time.June, 1, 8, 30, 0, 0, time.FixedZone("CST", 8*3600)), "永宁镇")
	w.furnish(people())
	return w
}

// openTown opens the office in a folder at an instant.
func openTown(t testing.TB, dir string, now time.Time, root string) *town {
	t.Helper()
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	db, err := store.Open(t.Context(), dir, store.Options{Cal: cal})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	settings := schedule.DefaultSettings()
	settings.WideFrom = 1
	settings.Allow = content.DefaultAllow()
	settings.Allow.Hosts = []string{"mp.weixin.qq.com"}
	for name, day := range map[string]string{"周二": "TUE", "周五": "FRI"} {
		cron, err := calendar.ParseCron("0 9 * * "+day, cal.Zone())
		require.NoError(t, err)
		settings.Slots = append(settings.Slots, schedule.Slot{Name: name, Cron: cron, Length: 150 * time.Minute})
	}
	wired := &line{sent: map[string]time.Time{}}
	o := schedule.New(db, cal, settings, wired, noPacks{})
	return &town{t: t, db: db, office: o, line: wired, talk: command.New(o, command.DefaultSettings()), now: now, root: root}
}

// furnish gives the office its people, two items and plan 11.
func (w *town) furnish(r *roster.Roster) {
	require.NoError(w.t, w.office.ImportRoster(w.t.Context(), roster.Operator(""), r, w.now))
	w.fill("shua-dan", "刷单返利是诈骗")
	w.fill("tui-kuan", "客服退款要当心")
	w.adopt("11", map[string]string{"weekly-push.media": "any"})
}

// adopt puts an embedded plan in force on the whole town.
func (w *town) adopt(number string, answers map[string]string) {
	all, err := plans.Embedded()
	require.NoError(w.t, err)
	plan, err := plans.Find(all, number)
	require.NoError(w.t, err)
	_, _, err = w.office.Adopt(w.t.Context(), roster.Operator(""), plan, w.root, 2026, answers, w.now)
	require.NoError(w.t, err)
}

// fill puts an approved text into the library.
func (w *town) fill(id, title string) {
	it := content.Item{ID: id, Title: title, Body: "陌生人叫你先垫钱，一律不信。拿不准先问村里。", Media: []content.Media{content.Text},
		Author: "甲", State: content.Draft, CreatedAt: w.now}
	require.NoError(w.t, w.office.AddItem(w.t.Context(), roster.Operator("甲"), it, nil, w.now))
	require.NoError(w.t, w.office.ApproveItem(w.t.Context(), roster.Operator("乙"), id, w.now))
}

// until does everything that is due up to the instant, minute by minute where
// there is something to do, and brings private messages to their persons.
func (w *town) until(at time.Time) {
	w.t.Helper()
	ctx := w.t.Context()
	for range 10_000 {
		for {
			n, err := w.office.DoDue(ctx, w.now)
			require.NoError(w.t, err)
			if n == 0 {
				break
			}
		}
		w.bring(ctx)
		next, ok, err := w.db.NextJob(ctx)
		require.NoError(w.t, err)
		if notice, more, err := w.db.NextNotice(ctx, account{}.Status().Knows); err == nil && more && (!ok || notice.Before(next)) {
			next, ok = notice, true
		}
		if !ok || next.After(at) {
			w.now = at
			return
		}
		w.now = later(w.now, next)
	}
	require.Fail(w.t, "something is due for ever")
}

func (w *town) bring(ctx context.Context) {
	for {
		n, err := w.db.ClaimNotice(ctx, account{}.Status().Knows, w.now)
		if errors.Is(err, schedule.ErrNotFound) {
			return
		}
		require.NoError(w.t, err)
		require.NoError(w.t, w.db.FinishNotice(ctx, n.ID, schedule.Accepted, time.Time{}, w.now))
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// private is what a person says to the bot now.
func (w *town) private(person int64, text string) bot.Incoming {
	w.heard++
	return bot.Incoming{Person: person, Proven: true, Private: true, Kind: bot.Text, Text: text, At: w.now, Session: "s", MessageID: fmt.Sprint(w.heard)}
}

// inGroup is what a person says in a group, @-ing the bot.
func (w *town) inGroup(person, group int64, text string) bot.Incoming {
	in := w.private(person, text)
	in.Private, in.Group, in.Bound, in.Mentioned = false, group, true, true
	return in
}

// say answers a message.
func (w *town) say(in bot.Incoming) command.Reply {
	w.t.Helper()
	w.line.now = w.now
	r, err := w.talk.Answer(w.t.Context(), in, w.now)
	require.NoError(w.t, err)
	return r
}
