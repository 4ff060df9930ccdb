package demo

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// inGroups are the messages that reached a group, by the group's name.
func inGroups(w *world) map[string][]loopback.Receipt {
	name := map[string]string{}
	for _, g := range w.place.roster.Groups {
		name[fmt.Sprintf("g%d", g.ID)] = g.Name
	}
	name[twinRoom] = "strangers"
	out := map[string][]loopback.Receipt{}
	for _, r := range w.server.Receipts() {
		if n, ok := name[r.To]; ok {
			out[n] = append(out[n], r)
		}
	}
	return out
}

// checkReceipts counts what groups received, message by message, and holds it
// against the ledger: I1, I2, I3 and I5, and the demo's own count.
func checkReceipts(t *testing.T, w *world, data []byte) {
	var d document
	require.NoError(t, json.Unmarshal(data, &d))
	ds, err := w.db.Deliveries(t.Context(), schedule.DeliveryFilter{})
	require.NoError(t, err)
	r, err := w.db.Roster(t.Context())
	require.NoError(t, err)
	type part struct {
		delivery int64
		n        int
	}
	meant, home, took := map[string]part{}, map[string]string{}, map[part]bool{}
	for _, x := range ds {
		g, _ := r.Group(x.Group)
		for _, p := range x.Parts {
			if p.ClientID == "" {
				continue
			}
			require.NotContains(t, meant, p.ClientID, "an id is used once")
			meant[p.ClientID], home[p.ClientID] = part{x.ID, p.N}, g.Name
			if p.State == schedule.Accepted {
				took[part{x.ID, p.N}] = true
			}
		}
	}
	received, duplicates, wrong := 0, 0, 0
	seen, said := map[part]bool{}, map[string]bool{}
	for name, list := range inGroups(w) {
		for _, m := range list {
			received++
			p, ok := meant[m.ClientMsgID]
			require.True(t, ok, "%s received what nobody meant to send", name)
			words := strings.Join([]string{name, m.Kind, m.Text, m.MediaSHA256}, "|")
			if seen[p] || said[words] {
				duplicates++
			}
			if home[m.ClientMsgID] != name {
				wrong++
			}
			seen[p], said[words] = true, true
		}
	}
	require.Zero(t, duplicates)
	require.Zero(t, wrong)
	require.Equal(t, d.Server.Received, received)
	for p := range took {
		require.True(t, seen[p], "%v was taken, says the ledger", p)
	}
	require.Len(t, seen, len(took)+1, "and one more, whose reply was lost")
}

// of are a group's deliveries.
func of(t *testing.T, w *world, name string) []schedule.Delivery {
	t.Helper()
	g := w.place.groupNamed(name)
	require.NotZero(t, g.ID, name)
	ds, err := w.db.Deliveries(t.Context(), schedule.DeliveryFilter{Groups: []int64{g.ID}})
	require.NoError(t, err)
	return ds
}

func checkTrouble(t *testing.T, w *world) {
	flags, err := w.office.Behind(t.Context(), roster.Operator(""), "", w.end)
	require.NoError(t, err)
	t.Run("a keeper who never answers", func(t *testing.T) { neverAnswers(t, w, flags) })
	t.Run("one lost reply", func(t *testing.T) { lostReply(t, w, flags) })
	t.Run("a relay stuck at one grid leader", func(t *testing.T) {
		group := villages[stuckVillage] + "一组网格群"
		n := 0
		for _, f := range flags {
			if f.Group.Name == group {
				n++
				require.True(t, strings.HasPrefix(f.StuckAt, "卡在第2级 一组 "+f.Keeper), f.StuckAt)
				require.Equal(t, coverage.ByKeeper, f.Cause)
				require.Contains(t, []int{1, 15}, f.Plan)
			}
		}
		require.Positive(t, n)
		for _, x := range of(t, w, villages[stuckVillage]+"二组网格群") {
			require.Equal(t, coverage.Reported, x.State.Evidence(), "the same head passed it on to the other grid")
		}
	})
	if days() < 28 {
		return
	}
	t.Run("the bot removed from a group", func(t *testing.T) { removed(t, w, flags) })
	t.Run("a group made in mid-week", func(t *testing.T) { madeLate(t, w) })
	t.Run("three days without the account", func(t *testing.T) { outage(t, w, flags) })
	t.Run("a new login with a rename and a twin", func(t *testing.T) { cameBack(t, w) })
	t.Run("an account that rests", func(t *testing.T) { rested(t, w) })
	require.EqualValues(t, 2, w.server.Stats().Faults, "a reply lost, a 1205")
}

func neverAnswers(t *testing.T, w *world, flags []schedule.BehindRow) {
	head := w.place.head(neverVillage)
	for _, l := range w.log {
		require.False(t, l.person == head.ID && !l.bot, "said %q", l.text)
	}
	mine := 0
	for _, f := range flags {
		if strings.Contains(f.Unit.Name+"/", "/"+villages[neverVillage]+"/") {
			require.Equal(t, coverage.ByKeeper, f.Cause, f.Group.Name)
			mine++
		}
	}
	require.Positive(t, mine)
	for _, x := range of(t, w, villages[neverVillage]+"便民服务群") {
		require.Contains(t, []schedule.State{schedule.Handed, schedule.Lapsed}, x.State)
	}
}

func removed(t *testing.T, w *world, flags []schedule.BehindRow) {
	group := villages[kickedVillage] + "党员群"
	at := w.day(kickedOn, 8, 0)
	for _, m := range inGroups(w)[group] {
		require.True(t, m.At.Before(at), "received at %s", w.local(m.At))
	}
	after, carried := 0, 0
	for _, x := range of(t, w, group) {
		if x.Opens.Before(at) {
			require.Equal(t, schedule.Accepted, x.State, "before that the bot carried it")
			continue
		}
		after++
		require.True(t, x.AcceptedAt.IsZero())
		if x.State == schedule.Reported {
			carried++
			require.Equal(t, roster.ByKeeper, x.Carrier)
		}
		require.NotZero(t, x.Handoff, "%s is %s: a person was asked", x.Day, x.State)
	}
	require.GreaterOrEqual(t, after, 5)
	require.Positive(t, carried)
	for _, f := range flags {
		if f.Group.Name == group {
			require.NotEqual(t, coverage.ByKeeper, f.Cause, f.Period)
		}
	}
}

func madeLate(t *testing.T, w *world) {
	path := townName + "/" + villages[newVillage]
	week := func(n int) coverage.Row { return rows(t, w, fmt.Sprintf("2026-W%d", n))[path] }
	require.Zero(t, week(23).Excused)
	require.Equal(t, 1, week(24).Excused, "its first week")
	require.Equal(t, week(23).Owed+1, week(24).Owed)
	require.Zero(t, week(26).Excused)
	require.Equal(t, week(24).Owed, week(26).Owed)
	require.Equal(t, week(26).Owed, week(26).Met)
	for _, x := range of(t, w, villages[newVillage]+"便民二群") {
		require.False(t, x.Opens.Before(w.day(newGroupOn, 14, 0)))
	}
}

func outage(t *testing.T, w *world, flags []schedule.BehindRow) {
	from, to := w.day(offlineFrom, 0, 5), w.day(offlineTo, 18, 0)
	for _, m := range w.server.Receipts() {
		require.False(t, m.At.After(from) && m.At.Before(to), "received at %s", w.local(m.At))
	}
	ds, err := w.db.Deliveries(t.Context(), schedule.DeliveryFilter{})
	require.NoError(t, err)
	lost, ticked := 0, 0
	for _, x := range ds {
		if x.Opens.Before(from) || x.Opens.After(to) {
			continue
		}
		lost++
		require.True(t, x.AcceptedAt.IsZero())
		require.NotZero(t, x.Handoff)
		if x.State == schedule.Reported && x.SaidAt.Before(to) {
			ticked++
		}
	}
	require.GreaterOrEqual(t, lost, 36)
	require.Equal(t, w.ticked, ticked, "what the sheets brought")
	require.Positive(t, ticked)
	packs, err := filepath.Glob(filepath.Join(w.dir, "packs", "2026-06-16-*", report.TickListName))
	require.NoError(t, err)
	require.NotEmpty(t, packs)
	stranger := townName + "/" + villages[len(villages)-1]
	for _, f := range flags { // nobody could reach that village but on paper, and the office did not
		if f.Unit.Name == stranger {
			require.Equal(t, coverage.ByOffice, f.Cause)
		}
	}
}
