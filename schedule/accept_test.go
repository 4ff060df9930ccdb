package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func askedOf(group int64) roster.Decision {
	return roster.Decision{Group: group, Verdict: roster.Ask, Handle: fmt.Sprint("@@", group), First: true, NewName: fmt.Sprint("群", group), Overlap: -1, Second: -1, Why: "第一次认"}
}

func boundOf(group int64) roster.Decision {
	d := askedOf(group)
	d.Verdict = roster.Bind
	return d
}

func (w *world) found(all ...roster.Decision) {
	require.NoError(w.t, w.office.NoteIdentity(w.ctx, "s1", all, nil, w.now))
}

func (w *world) spoken() (groups []int64) {
	all, err := w.office.RoomWords(w.ctx)
	require.NoError(w.t, err)
	for _, b := range all {
		groups = append(groups, b.Group)
	}
	return groups
}

var (
	eastAdmin = roster.Actor{Person: 901, Role: roster.Admin, Unit: "永宁镇/东村", Via: roster.ViaChat}
	townAdmin = roster.Actor{Person: 902, Role: roster.Admin, Unit: "永宁镇", Via: roster.ViaChat}
)

// A yes is for what was shown: nothing less, nothing more, and nobody else's.
func TestAcceptShown(t *testing.T) {
	t.Parallel()
	shown := func(w *world, a roster.Actor) string {
		l, err := w.office.RoomList(w.ctx, a)
		require.NoError(t, err)
		return l.Shown
	}
	t.Run("of the actor's units alone", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.found(askedOf(eastGroup), askedOf(westGroup))
		mark := shown(w, eastAdmin)
		require.NotEqual(t, mark, shown(w, townAdmin))
		_, err := w.office.AcceptShown(w.ctx, eastAdmin, westGroup, mark, w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
		n, err := w.office.AcceptShown(w.ctx, eastAdmin, 0, mark, w.now)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []int64{eastGroup}, w.spoken())
	})
	t.Run("a session that is held is everybody's", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.instead = schedule.AccountHeld
		w.found(askedOf(eastGroup), boundOf(westGroup))
		_, err := w.office.AcceptShown(w.ctx, eastAdmin, 0, shown(w, eastAdmin), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
		require.Empty(t, w.spoken())
		_, err = w.office.AcceptShown(w.ctx, townAdmin, 0, shown(w, townAdmin), w.now)
		require.NoError(t, err)
		yes, err := w.office.Accepted(w.ctx, "s1", []roster.Decision{askedOf(eastGroup), boundOf(westGroup)})
		require.NoError(t, err)
		require.True(t, yes)
	})
	t.Run("not by who may only look", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.found(askedOf(eastGroup))
		clerk := w.actor(clerkA)
		_, err := w.office.AcceptShown(w.ctx, clerk, 0, shown(w, clerk), w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
		l, err := w.office.RoomList(w.ctx, clerk)
		require.NoError(t, err)
		require.Equal(t, 1, l.Asked)
		id, err := w.office.AskRooms(w.ctx, clerk, l, "private", w.now)
		require.NoError(t, err)
		require.Zero(t, id, "nobody is asked who may not answer")
		require.Empty(t, w.spoken())
	})
	t.Run("what the yes is not for may change", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.found(askedOf(eastGroup), boundOf(westGroup))
		mark := shown(w, townAdmin)
		renamed := boundOf(westGroup)
		renamed.NewName = "西村一家亲"
		w.found(askedOf(eastGroup), renamed)
		require.Equal(t, mark, shown(w, townAdmin))
		w.instead = schedule.AccountHeld
		held := shown(w, townAdmin)
		w.found(askedOf(eastGroup), boundOf(westGroup))
		require.NotEqual(t, held, shown(w, townAdmin), "a held session is used as it was shown, or not at all")
	})
	t.Run("a list nobody named", func(t *testing.T) {
		w := newWorld(t, "2026-11-01 12:00")
		w.found(askedOf(eastGroup))
		_, err := w.office.AcceptShown(w.ctx, townAdmin, 0, "", w.now)
		require.ErrorIs(t, err, schedule.ErrStale)
		require.Empty(t, w.spoken())
	})
}

// The number of a question is a yes of whom it was put to, where, once, in time.
func TestConfirmRooms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00")
	w.found(askedOf(eastGroup))
	ask := func() int64 {
		l, err := w.office.RoomList(w.ctx, townAdmin)
		require.NoError(t, err)
		id, err := w.office.AskRooms(w.ctx, townAdmin, l, "private", w.now)
		require.NoError(t, err)
		return id
	}
	refused := func(a roster.Actor, id int64, place string, now time.Time, want error) {
		t.Helper()
		_, err := w.office.ConfirmRooms(w.ctx, a, id, place, now)
		require.ErrorIs(t, err, want)
		require.Empty(t, w.spoken())
	}
	id := ask()
	refused(eastAdmin, id, "private", w.now, schedule.ErrNotFound)
	refused(townAdmin, id, "group/21", w.now, schedule.ErrNotFound)
	refused(townAdmin, id+1, "private", w.now, schedule.ErrNotFound)
	refused(townAdmin, id, "private", w.now.Add(11*time.Minute), schedule.ErrState)
	_, err := w.office.ConfirmRelease(w.ctx, townAdmin, id, "private", w.now)
	require.ErrorIs(t, err, schedule.ErrNotFound, "it was another question")
	w.found(askedOf(eastGroup), askedOf(westGroup))
	refused(townAdmin, id, "private", w.now, schedule.ErrStale)
	refused(townAdmin, id, "private", w.now, schedule.ErrNotFound)
	id = ask()
	n, err := w.office.ConfirmRooms(w.ctx, townAdmin, id, "private", w.now)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	_, err = w.office.ConfirmRooms(w.ctx, townAdmin, id, "private", w.now)
	require.ErrorIs(t, err, schedule.ErrNotFound)
}

// 放行 lets go what was shown, within the actor's units.
func TestReleaseShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-01 12:00")
	w.adopt("11", 2026, nil)
	w.run("2026-11-03 08:30")
	done, _, err := w.db.BeginEpoch(w.ctx, operator, schedule.HeldByRestore, w.now)
	require.NoError(t, err)
	list := func(a roster.Actor) schedule.HeldList {
		l, err := w.office.HeldList(w.ctx, a)
		require.NoError(t, err)
		return l
	}
	east, all := list(eastAdmin), list(townAdmin)
	require.Equal(t, done.To.UnixMilli(), all.Since.UnixMilli())
	require.Positive(t, east.All)
	require.Greater(t, all.All, east.All)
	text, err := w.office.DigestText(w.ctx, w.actor(clerkA), w.now)
	require.NoError(t, err)
	require.Contains(t, text, fmt.Sprintf("压着 %d 条，到11月3日 周二 11:30还没人放行就算错过，请回：放行", all.All))
	_, err = w.office.ReleaseShown(w.ctx, roster.Actor{Role: roster.Cadre, Unit: "永宁镇"}, 0, all.Shown, w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	_, err = w.office.ReleaseShown(w.ctx, eastAdmin, 0, all.Shown, w.now)
	require.ErrorIs(t, err, schedule.ErrStale, "more than is theirs")
	n, err := w.office.ReleaseShown(w.ctx, eastAdmin, 0, east.Shown, w.now)
	require.NoError(t, err)
	require.Equal(t, east.All, n)
	_, err = w.office.ReleaseShown(w.ctx, townAdmin, 0, all.Shown, w.now)
	require.ErrorIs(t, err, schedule.ErrStale, "less than was shown")
	id, err := w.office.AskRelease(w.ctx, w.actor(clerkA), list(w.actor(clerkA)), "private", w.now)
	require.NoError(t, err)
	n, err = w.office.ConfirmRelease(w.ctx, w.actor(clerkA), id, "private", w.now)
	require.NoError(t, err)
	require.Equal(t, all.All-east.All, n)
	require.Zero(t, list(townAdmin).All)
	w.run("2026-11-03 12:00")
	w.sound()
}
