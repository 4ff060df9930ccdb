package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

// keeperIs gives a group another keeper.
func keeperIs(r *roster.Roster, group, keeper int64) *roster.Roster {
	return with(r, group, func(g *roster.Group) { g.Keeper = keeper })
}

// left has a person leave.
func left(r *roster.Roster, person int64, day string) *roster.Roster {
	persons := append([]roster.Person{}, r.Persons...)
	for i := range persons {
		if persons[i].ID == person {
			persons[i].Until, persons[i].Tag = day, ""
		}
	}
	return roster.New(r.Units, r.Groups, persons)
}

// handedWorld has one weekly quota for the people's groups: the west's is handed
// on Tuesday 2026-11-03 at 09:00 and lies readable.
func handedWorld(t *testing.T) *world {
	w := newWorld(t, "2026-11-01 12:00", starting(keeperIs(only(westGroup, eastParty), eastParty, eastKeeper)))
	w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
	w.run("2026-11-03 15:00")
	require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 1)
	return w
}

func TestHandover(t *testing.T) {
	t.Parallel()
	t.Run("what is open moves to the new keeper, who is asked, and the group keeps its history", func(t *testing.T) {
		w := handedWorld(t)
		before := w.of(westGroup)
		require.NoError(t, w.office.BindGroup(w.ctx, operator, "群12", "西村便民群", w.now))
		next := keeperIs(w.first, westGroup, eastGrid)
		moves, err := w.office.Handovers(w.ctx, operator, next, w.now)
		require.NoError(t, err)
		old := w.handoffs(westKeeper)[0]
		require.Len(t, moves, 1)
		require.Equal(t, "转发单 #"+fmt.Sprint(old.ID)+"：1 个群改由 网格员 转", moves[0].Line())
		require.Len(t, w.handoffs(westKeeper, schedule.HandoffOpen), 1, "a dry run moves nothing")

		w.roster(next)
		w.run("2026-11-03 15:10")
		require.Equal(t, schedule.HandoffMoved, w.handoffs(westKeeper)[0].State)
		mine := w.handoffs(eastGrid, schedule.HandoffOpen)
		require.Len(t, mine, 1)
		require.Len(t, w.told(eastGrid, "【待转发 #"+fmt.Sprint(mine[0].ID)), 1)
		require.Len(t, w.told(westKeeper, "【改派 #"+fmt.Sprint(old.ID)), 1)
		require.Equal(t, before[0].ID, w.of(westGroup)[0].ID, "the delivery is the same one")
		require.Equal(t, mine[0].ID, w.of(westGroup)[0].Handoff)
		bindings, err := w.db.Bindings(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []schedule.Binding{{ID: 1, Group: westGroup, Room: "西村便民群"}}, bindings)

		_, err = w.office.Forwarded(w.ctx, w.actor(westKeeper), schedule.Word{Handoff: old.ID}, w.now)
		require.ErrorIs(t, err, schedule.ErrState)
		w.forwarded(eastGrid, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
		w.roster(next) // again: nothing more
		require.Len(t, w.handoffs(eastGrid), 1)
		w.sound()
	})
	t.Run("nobody is blamed for the time before: the new keeper's begins anew", func(t *testing.T) {
		w := handedWorld(t)
		w.run("2026-11-06 16:00") // Friday: an hour and a half of work remains in the week
		w.roster(keeperIs(w.first, westGroup, eastGrid))
		w.run("2026-11-09 12:00")
		require.Equal(t, "2026-W45 behind office", w.standings(westGroup, "push")[1])
		rows, err := w.office.Behind(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, coverage.ByOffice, rows[0].Cause)
		w.sound()
	})
	t.Run("without a handover the old keeper is the cause", func(t *testing.T) {
		w := handedWorld(t)
		w.run("2026-11-09 12:00")
		require.Equal(t, "2026-W45 behind keeper", w.standings(westGroup, "push")[1])
	})
	t.Run("a new keeper with time enough is the cause", func(t *testing.T) {
		w := handedWorld(t)
		w.roster(keeperIs(w.first, westGroup, eastGrid))
		w.run("2026-11-09 12:00")
		require.Equal(t, "2026-W45 behind keeper", w.standings(westGroup, "push")[1])
		rows, err := w.office.Behind(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Equal(t, "网格员", rows[0].Keeper)
	})
	t.Run("who leaves is not told, and the unit's contact carries until there is a keeper", func(t *testing.T) {
		w := handedWorld(t)
		r := left(w.first, westKeeper, "2026-11-03")
		for i := range r.Units {
			if r.Units[i].Contact == westKeeper {
				r.Units[i].Contact = 0
			}
		}
		w.roster(r)
		w.run("2026-11-03 16:00")
		require.Len(t, w.told(townHead, "【待转发"), 1)
		require.Empty(t, w.told(westKeeper, "【改派"))
		_, err := w.office.Handoffs(w.ctx, w.actor(westKeeper), schedule.HandoffFilter{})
		require.ErrorIs(t, err, schedule.ErrDenied)
		w.sound()
	})
	t.Run("a keeper who has the push already is told of the group, and reads anew", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(with(only(westGroup, eastParty), eastParty, func(g *roster.Group) { g.Kind = "便民群" })))
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-03 15:00")
		h := w.handoffs(eastKeeper, schedule.HandoffOpen)[0]
		require.False(t, h.ReadableAt.IsZero())
		w.roster(keeperIs(w.first, westGroup, eastKeeper))
		h = w.handoffs(eastKeeper, schedule.HandoffOpen)[0]
		require.True(t, h.ReadableAt.IsZero())
		require.Equal(t, 2, h.All)
		w.run("2026-11-03 15:10")
		require.Len(t, w.told(eastKeeper, "【待转发 #"+fmt.Sprint(h.ID)), 2, "asked anew, for both")
		require.Equal(t, w.at("2026-11-03 15:00").UTC(), w.handoffs(eastKeeper)[0].ReadableAt.UTC())
		w.forwarded(eastKeeper, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(eastParty))
		w.sound()
	})
	t.Run("a keeper who comes back is told again", func(t *testing.T) {
		w := handedWorld(t)
		id := w.handoffs(westKeeper)[0].ID
		w.roster(keeperIs(w.first, westGroup, eastGrid))
		w.run("2026-11-03 15:10")
		w.roster(w.first)
		w.run("2026-11-03 15:20")
		back := w.handoffs(westKeeper, schedule.HandoffOpen)
		require.Len(t, back, 1)
		require.Equal(t, id, back[0].ID, "under the number they know")
		require.Len(t, w.told(westKeeper, "【加转 #"+fmt.Sprint(id)), 1)
		require.Equal(t, w.at("2026-11-03 15:10").UTC(), back[0].ReadableAt.UTC())
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(westGroup))
		w.sound()
	})
	t.Run("one of two groups moves, and the other stays", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00", starting(with(keeperIs(only(westGroup, eastParty), eastParty, westKeeper), eastParty, func(g *roster.Group) { g.Kind = "便民群" })))
		w.adoptPlan(quotaPlan("便民群", 1, calendar.Week), 2026, nil)
		w.run("2026-11-03 15:00")
		w.roster(keeperIs(with(w.first, eastParty, func(g *roster.Group) { g.Kind = "便民群" }), eastParty, eastGrid))
		h := w.handoffs(westKeeper)[0]
		require.Equal(t, schedule.HandoffOpen, h.State)
		require.Equal(t, 1, h.All)
		w.forwarded(westKeeper, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 handed"}, w.log(eastParty))
		w.forwarded(eastGrid, schedule.Word{})
		require.Equal(t, []string{"2026-11-03 reported"}, w.log(eastParty))
		w.sound()
	})
	t.Run("a relay's second hop and its time move with the keeper", func(t *testing.T) {
		w := relayWorld(t)
		w.run("2026-11-03 10:00")
		w.forwarded(townHead, schedule.Word{})
		w.run("2026-11-03 13:30") // half an hour before the west's time is up
		w.roster(keeperIs(w.first, westGroup, eastGrid))
		h := w.handoffs(eastGrid, schedule.HandoffOpen)[0]
		require.Equal(t, 2, h.Hop)
		require.Equal(t, w.handoffs(townHead)[0].ID, h.Above)
		require.Equal(t, w.cal.AddWorking(w.now, 4*time.Hour).UTC(), h.Due.UTC())
		w.run("2026-11-03 16:00")
		require.NotContains(t, w.relayStandings()[westGroup], "behind")
		w.sound()
	})
	t.Run("a first hop whose person leaves passes to the contact above, with what waits below", func(t *testing.T) {
		w := relayWorld(t)
		r := left(w.first, townHead, "2026-11-03")
		for i := range r.Units {
			if r.Units[i].Contact == townHead {
				r.Units[i].Contact = eastGrid
			}
		}
		w.roster(r)
		w.run("2026-11-03 10:00")
		first := w.handoffs(eastGrid, schedule.HandoffOpen)
		require.Len(t, first, 1)
		require.Equal(t, 1, first[0].Hop)
		require.Equal(t, first[0].ID, w.handoffs(westKeeper, schedule.HandoffWaiting)[0].Above)
		require.Len(t, w.forwarded(eastGrid, schedule.Word{}).Next, 2)
		w.sound()
	})
	t.Run("someone whose last day lies ahead is refused", func(t *testing.T) {
		w := handedWorld(t)
		err := w.office.ImportRoster(w.ctx, operator, left(w.first, westKeeper, "2026-11-04"), w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
		require.ErrorContains(t, err, "2026-11-04 还没到")
	})
}

func TestVacancy(t *testing.T) {
	t.Parallel()
	vacant := func(w *world, unit string) []schedule.VacancyRow {
		rows, err := w.office.Vacancies(w.ctx, operator, unit, w.now)
		require.NoError(w.t, err)
		return rows
	}
	t.Run("opens by itself, counts its days, is the office's, and is filled", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		require.Empty(t, vacant(w, ""))
		w.roster(keeperIs(w.first, westGroup, 0))
		w.run("2026-11-05 12:00")
		rows := vacant(w, "")
		require.Len(t, rows, 1)
		require.Equal(t, "联络员空缺 5 天", rows[0].Line())
		require.Equal(t, coverage.ByOffice, rows[0].Cause)
		require.Zero(t, rows[0].Plan, "no plan in force speaks of it: the office's own flag")
		require.Empty(t, vacant(w, "东村"))
		text, err := w.office.DigestText(w.ctx, w.actor(clerkA), w.now)
		require.NoError(t, err)
		require.Contains(t, text, "1 个群没有能联系的负责人，最久的联络员空缺 5 天")
		behind, err := w.office.Behind(w.ctx, operator, "", w.now)
		require.NoError(t, err)
		require.Empty(t, behind, "nobody is behind because of it")

		w.roster(keeperIs(w.first, westGroup, eastGrid))
		require.Empty(t, vacant(w, ""))
		w.roster(keeperIs(w.first, westGroup, 0))
		require.Equal(t, 1, vacant(w, "")[0].Days, "a new vacancy counts anew")
		require.NotEqual(t, rows[0].ID, vacant(w, "")[0].ID)
	})
	t.Run("where plan 12 is in force its clause asks for a new contact", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.adopt("12-university", 2026, nil)
		w.roster(keeperIs(w.first, westGroup, 0))
		row := vacant(w, "")[0]
		require.Equal(t, 12, row.Plan)
		cs, _, err := w.office.Why(w.ctx, w.actor(clerkA), row.ID, w.now)
		require.NoError(t, err)
		require.Contains(t, cs[0].Quoted(), "应立即确定新人员")
	})
	t.Run("a keeper who left, or has neither phone nor tag, is none", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		r := left(w.first, westKeeper, "2026-10-30")
		for i := range r.Persons {
			if r.Persons[i].ID == eastKeeper {
				r.Persons[i].Tag = ""
			}
		}
		w.roster(r)
		why := map[string]string{}
		for _, v := range vacant(w, "") {
			why[v.Group.Name] = v.Why.Chinese() + " " + v.Line()
		}
		require.Equal(t, map[string]string{"群11": "负责人没有电话也没有标记 联络员空缺 1 天", "群14": "负责人没有电话也没有标记 联络员空缺 1 天",
			"群12": "负责人已不在任 联络员空缺 3 天"}, why)
	})
	t.Run("a past day shows what was vacant then", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.roster(keeperIs(w.first, westGroup, 0))
		w.run("2026-11-05 12:00")
		w.roster(w.first)
		rows, err := w.office.Vacancies(w.ctx, operator, "", w.at("2026-11-03 12:00"))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, 3, rows[0].Days)
	})
	t.Run("a group that has not begun is not vacant until it has", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.roster(with(keeperIs(w.first, westGroup, 0), westGroup, func(g *roster.Group) { g.Since = "2026-11-04" }))
		require.Empty(t, vacant(w, ""))
		w.run("2026-11-04 08:00")
		require.Len(t, vacant(w, ""), 1)
	})
}

func TestOnboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(left(keeperIs(with(townRoster(), parentGroup, func(g *roster.Group) { g.Name = "群11" }), westGroup, 0), westKeeper, "2026-10-30")))
	w.blind[eastGroup], w.blind[parentGroup], w.deaf[eastKeeper] = true, true, true
	r := roster.New(w.first.Units, with(w.first, eastGroup, func(g *roster.Group) { g.Name = "东村便民群" }).Groups, w.first.Persons)
	for i := range r.Persons {
		if r.Persons[i].ID == clerkB {
			r.Persons[i].Tag = ""
		}
	}
	w.roster(r)
	kinds := func(a roster.Actor) (out []string) {
		found, err := w.office.Onboard(w.ctx, a, w.now)
		require.NoError(t, err)
		for _, s := range found.Steps {
			out = append(out, string(s.Kind)+" "+s.Group.Name+s.Person.Name)
		}
		return out
	}
	t.Run("lists in the order of doing, each with what to do", func(t *testing.T) {
		require.Equal(t, []string{"keeper 群12", "tag 办公室乙", "friend 东村干部", "contact 东村便民群", "contact 群11"}, kinds(operator))
		found, err := w.office.Onboard(w.ctx, operator, w.now)
		require.NoError(t, err)
		require.Contains(t, found.Steps[2].Line(), "把备注设成“t2”")
		require.Contains(t, found.Steps[3].Line(), "不在通讯录，不等于被移出")
		require.Contains(t, found.Steps[3].Line(), "保存到通讯录")
	})
	t.Run("two groups of a name only a person can tell apart", func(t *testing.T) {
		w.roster(with(r, eastGroup, func(g *roster.Group) { g.Name = "群11" }))
		require.Equal(t, []string{"bind 群11", "bind 群11"}, kinds(operator)[3:])
		w.roster(r)
	})
	t.Run("the office sees its own units, a cadre nothing", func(t *testing.T) {
		school := roster.ActorOf(roster.Person{ID: 9, Role: roster.Staff, UnitPath: "永宁镇/中心小学"}, roster.ViaConsole)
		require.Equal(t, []string{"contact 群11"}, kinds(school))
		_, err := w.office.Onboard(w.ctx, w.actor(eastKeeper), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
	t.Run("without a login friends and groups are not looked at", func(t *testing.T) {
		w.online = false
		found, err := w.office.Onboard(w.ctx, operator, w.now)
		require.NoError(t, err)
		require.False(t, found.Seen)
		require.Equal(t, []string{"keeper 群12", "tag 办公室乙"}, kinds(operator))
	})
}

// TestFlags_left: who has left hears no more of what was behind; the contact
// above, who can still mend it, is told instead.
func TestFlags_left(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00", starting(only(westGroup)))
	w.adopt("11", 2026, nil)
	w.run("2026-11-09 08:30")
	require.Len(t, w.told(westKeeper, "应 2 次"), 1)
	w.roster(left(keeperIs(w.first, westGroup, eastGrid), westKeeper, "2026-11-09"))
	w.run("2026-11-10 20:00")
	require.Len(t, w.told(westKeeper, "应 2 次"), 1, "not after leaving")
	require.Len(t, w.told(townHead, "应 2 次"), 1)
	require.Empty(t, w.told(eastGrid, "应 2 次"), "it was not the new keeper's time")
	w.sound()
}
