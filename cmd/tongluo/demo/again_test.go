package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// lostReply: a picture came and its reply did not. The keeper is asked once, in
// private, and settles it in one word; the group has everything once.
func lostReply(t *testing.T, w *world, flags []schedule.BehindRow) {
	group := villages[lostVillage] + "党员群"
	first := of(t, w, group)[0]
	require.Equal(t, "2026-06-02", first.Day.String())
	require.Equal(t, schedule.Observed, first.State)
	require.Equal(t, []schedule.State{schedule.Accepted, schedule.Observed}, []schedule.State{first.Parts[0].State, first.Parts[1].State})
	once := map[string]int{}
	for _, m := range inGroups(w)[group] {
		once[m.ClientMsgID]++
	}
	for _, p := range first.Parts {
		require.Equal(t, 1, once[p.ClientID], "the group has it once")
	}
	require.Empty(t, first.Parts[1].MessageID, "the service never said so")
	keeper := w.place.head(lostVillage).ID
	require.Equal(t, keeper, first.SaidBy)
	questions := 0
	for _, r := range w.server.Receipts() {
		if strings.HasPrefix(r.Text, "【请看一眼 #") {
			questions++
			require.Equal(t, w.place.contact[keeper], r.To, "the keeper, in private")
			require.True(t, strings.HasPrefix(r.Text, fmt.Sprintf("【请看一眼 #%d】", first.ID)), r.Text)
		}
	}
	require.Equal(t, 1, questions)
	require.Equal(t, []int{1, 0, 0, 1}, []int{w.sight.before[schedule.Uncertain], w.sight.before[schedule.Observed],
		w.sight.after[schedule.Uncertain], w.sight.after[schedule.Observed]})
	states, err := w.states(t.Context())
	require.NoError(t, err)
	require.Zero(t, states[schedule.Uncertain])
	for _, f := range flags {
		require.NotEqual(t, group, f.Group.Name, "the word credits the group")
	}
	require.False(t, w.shows(villages[neverVillage]+"便民服务群", "视频里的熟人也可能是假的"), "who is asked really looks")
}

// slots are the deliveries of a group whose time came while somebody could send.
func slots(t *testing.T, w *world, group string, from time.Time) []schedule.Delivery {
	t.Helper()
	var out []schedule.Delivery
	for _, d := range of(t, w, group) {
		if !d.Opens.Before(from) && d.Opens.Before(w.end) {
			out = append(out, d)
		}
	}
	return out
}

// cameBack: of two groups that are not certain one is asked about and one
// refused; nothing is sent to either before the office has spoken, everything
// once afterwards, and nothing ever to strangers.
func cameBack(t *testing.T, w *world) {
	for _, m := range w.server.Receipts() {
		require.NotEqual(t, twinRoom, m.To, "strangers received %q", m.Text)
	}
	came := w.day(offlineTo, 18, 0)
	found := w.rooms.found
	require.Equal(t, []int{76, 1, 2}, []int{found.Bound, found.Asked, found.Refused})
	other, twin, gone := villages[otherVillage]+"便民服务群", villages[twinVillage]+"便民服务群", villages[kickedVillage]+"党员群"
	want := map[string]roster.Verdict{other: roster.Ask, twin: roster.Refuse, gone: roster.Refuse}
	for _, row := range found.Rows {
		v, doubtful := want[row.Group.Name]
		require.Equal(t, doubtful, row.Verdict != roster.Bind, row.Line())
		require.True(t, !doubtful || v == row.Verdict, row.Line())
		require.Equal(t, doubtful, row.Do != "", row.Line())
	}
	require.Equal(t, []int{78, 0, 1}, []int{w.rooms.after.Bound, w.rooms.after.Asked, w.rooms.after.Refused})
	require.Equal(t, 1, w.rooms.accepted)

	for _, group := range []string{other, twin} {
		ds := slots(t, w, group, came)
		require.Len(t, ds, 3, "Friday, Tuesday, Friday")
		owed := map[string]int{}
		for _, d := range ds {
			require.Equal(t, schedule.Accepted, d.State)
			for _, p := range d.Parts {
				owed[p.ClientID] = 1
			}
		}
		require.Len(t, owed, 6)
		got := map[string]int{}
		for _, m := range inGroups(w)[group] {
			if m.At.After(came) {
				require.True(t, m.At.After(w.rooms.known), "before anybody had looked")
				got[m.ClientMsgID]++
			}
		}
		require.Equal(t, owed, got, group)
	}
	bound := 0
	for _, r := range w.server.Receipts() {
		if strings.Contains(r.Text, "就是“"+twin+"”") {
			bound++
			require.Equal(t, w.place.contact[w.place.head(twinVillage).ID], r.To, "told in private")
		}
	}
	require.Equal(t, 1, bound)
}

// rested: after 1205 nothing leaves for half an hour, to nobody; then the rest of
// the morning's push goes without anybody's help, each message once.
func rested(t *testing.T, w *world) {
	p, err := w.office.Pauses(t.Context(), roster.Operator(""))
	require.NoError(t, err)
	require.Equal(t, 30*time.Minute, p.Rest.Until.Sub(p.Rest.Since))
	require.True(t, p.Rest.Since.After(w.day(restedOn, 9, 0)) && p.Rest.Until.Before(w.day(restedOn, 11, 0)), p.Rest)
	victim := w.place.room[w.place.groupNamed(villages[restVillage]+"党员群").ID]
	morning := 0
	got := map[string][]loopback.Receipt{}
	for _, m := range w.server.Receipts() {
		got[m.ClientMsgID] = append(got[m.ClientMsgID], m)
		if !m.At.After(w.day(restedOn, 9, 0)) || !m.At.Before(w.day(restedOn, 11, 0)) {
			continue
		}
		morning++
		early, late := m.At.Before(p.Rest.Since), !m.At.Before(p.Rest.Until.Truncate(time.Millisecond))
		require.True(t, early || late, "%s received at %s", m.To, w.local(m.At))
		require.False(t, early && m.To == victim)
	}
	require.Greater(t, morning, 60)
	byBot, after := 0, 0
	for _, g := range w.place.roster.Groups {
		for _, d := range of(t, w, g.Name) {
			if d.Day.String() != "2026-06-23" || d.Carrier != roster.ByBot {
				continue
			}
			byBot++
			require.Equal(t, schedule.Accepted, d.State, g.Name)
			for _, part := range d.Parts {
				require.Len(t, got[part.ClientID], 1, "%s has it once", g.Name)
			}
			if !got[d.Parts[0].ClientID][0].At.Before(p.Rest.Until.Truncate(time.Millisecond)) {
				after++
			}
		}
	}
	require.Equal(t, 34, byBot, "and nobody had to carry it")
	require.Greater(t, after, 5)
	n, err := w.paused(t.Context(), p.Rest)
	require.NoError(t, err)
	require.Equal(t, pause{before: byBot - after, after: after}, n, "what is printed")
	told := 0
	for _, l := range w.log {
		if l.bot && strings.HasPrefix(l.text, "【账号休息】") {
			told++
			require.False(t, l.at.Before(p.Rest.Until))
		}
	}
	require.Equal(t, 2, told, "both clerks, once")
}
