package schedule_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// sent is a world in which a push of a text went to two groups, one by hand.
func sentPush(t *testing.T) (*world, int64) {
	w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
	w.send(clerkA, said)
	v := w.propose(clerkA, "便民群")
	_, err := w.yes(clerkA, v.ID)
	require.NoError(t, err)
	w.run("2026-11-03 10:00")
	require.Equal(t, []string{"2026-11-03 accepted"}, w.log(eastGroup))
	require.Equal(t, []string{"2026-11-03 handed"}, w.log(westGroup))
	return w, v.ID
}

func TestCorrection(t *testing.T) {
	t.Parallel()
	t.Run("goes at once to exactly the groups that got it, and credits nothing", func(t *testing.T) {
		w, push := sentPush(t)
		w.adoptPlan(quotaPlan("便民群", 2, "week"), 2026, nil)
		w.run("2026-11-04 10:00") // another day: one more push would be one more credit
		before := w.owed(eastGroup, "push")
		require.Equal(t, 1, before[0].Credits)
		v, err := w.office.ProposeCorrection(w.ctx, w.actor(clerkA), push, "收费要有学校的票据", "private", w.now)
		require.NoError(t, err)
		require.Equal(t, []schedule.Ref{{ID: eastGroup, Name: "群11"}}, v.Groups, "not the one that is still with its keeper")
		require.Empty(t, v.Why)
		w.now = w.at("2026-11-04 10:05")
		done, err := w.yes(clerkA, v.ID)
		require.NoError(t, err)
		require.Equal(t, schedule.PushReady, done.State)
		w.run("2026-11-04 10:06")
		last := w.received[len(w.received)-1]
		require.EqualValues(t, eastGroup, last.group)
		require.Equal(t, "【更正：有人冒充老师收资料费】\n此前“有人冒充老师收资料费”一条有误，以此为准：收费要有学校的票据", last.text)
		require.Equal(t, before[0].Credits, w.owed(eastGroup, "push")[0].Credits)
		w.sound()
	})
	t.Run("however many groups, and only of what went out", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00", starting(wideRoster(22)), func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "便民群"}, w.now)
		require.NoError(t, err)
		_, err = w.office.ProposeCorrection(w.ctx, w.actor(clerkA), p.ID, "改到周五", "private", w.now)
		require.ErrorIs(t, err, schedule.ErrState)
		require.NoError(t, w.office.ApprovePush(w.ctx, w.actor(clerkB), p.ID, w.now))
		w.run("2026-11-03 10:01")
		v, err := w.office.ProposeCorrection(w.ctx, w.actor(clerkA), p.ID, "改到周五", "private", w.now)
		require.NoError(t, err)
		require.Len(t, v.Groups, 22)
		done, err := w.yes(clerkA, v.ID)
		require.NoError(t, err)
		require.Equal(t, schedule.PushReady, done.State)
	})
	t.Run("carries no link, no number, and no more than it may say", func(t *testing.T) {
		w, push := sentPush(t)
		for _, words := range []string{"看 http://lingqian.top", "打 13800138000", "", string(bytes.Repeat([]byte("长"), 201))} {
			_, err := w.office.ProposeCorrection(w.ctx, w.actor(clerkA), push, words, "private", w.now)
			require.ErrorIs(t, err, schedule.ErrInput, words)
		}
		_, err := w.office.ProposeCorrection(w.ctx, w.actor(eastKeeper), push, "改到周五", "private", w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	states := func(w *world) []string { return append(w.log(eastGroup), w.log(westGroup)...) }
	t.Run("takes back what is young and tells of the rest", func(t *testing.T) {
		w, push := sentPush(t)
		var asked []schedule.Recall
		w.revoke = func(r schedule.Recall) error { asked = append(asked, r); return nil }
		w.now = w.now.Add(time.Minute)
		got, err := w.office.Revoke(w.ctx, w.actor(clerkA), push, w.now)
		require.NoError(t, err)
		require.Equal(t, []schedule.Ref{{ID: eastGroup, Name: "群11"}}, got.Back)
		require.Empty(t, got.Stays)
		require.True(t, got.Stopped)
		require.Len(t, asked, 1)
		require.Equal(t, "s1", asked[0].Session)
		require.NotEmpty(t, asked[0].ClientID)
		require.NotEmpty(t, asked[0].MessageID)
		require.Equal(t, "2026-11-03 revoked", states(w)[0])
		_, err = w.office.ProposeCorrection(w.ctx, w.actor(clerkA), push, "改到周五", "private", w.now)
		require.ErrorIs(t, err, schedule.ErrState, "nobody has it any more")
	})
	t.Run("is too late after two minutes, and does not ask", func(t *testing.T) {
		w, push := sentPush(t)
		w.revoke = func(schedule.Recall) error { require.Fail(t, "asked"); return nil }
		w.now = w.now.Add(2 * time.Minute)
		got, err := w.office.Revoke(w.ctx, w.actor(clerkA), push, w.now)
		require.NoError(t, err)
		require.Equal(t, []schedule.Ref{{ID: eastGroup, Name: "群11"}}, got.Stays)
		require.Equal(t, "2026-11-03 accepted", states(w)[0])
	})
	t.Run("believes a refusal and does not believe silence", func(t *testing.T) {
		for answer, stays := range map[error]bool{schedule.ErrGone: true, errors.New("no answer"): false} {
			w, push := sentPush(t)
			w.revoke = func(schedule.Recall) error { return answer }
			got, err := w.office.Revoke(w.ctx, w.actor(clerkA), push, w.now)
			require.NoError(t, err)
			require.Equal(t, stays, len(got.Stays) == 1)
			require.Equal(t, !stays, len(got.Unknown) == 1)
			require.Empty(t, got.Back)
			require.Equal(t, "2026-11-03 accepted", states(w)[0])
		}
	})
	t.Run("half a delivery is not revoked", func(t *testing.T) {
		w := newWorld(t, "2026-11-03 10:00", func(w *world) { w.settings.Slots = nil })
		p, err := w.office.QueuePush(w.ctx, w.actor(clerkA), schedule.Request{Item: "i00", To: "家长群"}, w.now)
		require.NoError(t, err)
		w.run("2026-11-03 10:00")
		n := 0
		w.revoke = func(schedule.Recall) error {
			if n++; n == 2 {
				return schedule.ErrGone
			}
			return nil
		}
		got, err := w.office.Revoke(w.ctx, w.actor(clerkA), p.ID, w.now)
		require.NoError(t, err)
		require.Len(t, got.Unknown, 1)
		require.Equal(t, []string{"2026-11-03 accepted"}, w.log(parentGroup))
	})
	t.Run("is the office's alone", func(t *testing.T) {
		w, push := sentPush(t)
		_, err := w.office.Revoke(w.ctx, w.actor(eastKeeper), push, w.now)
		require.ErrorIs(t, err, schedule.ErrDenied)
	})
}

func TestShelve(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 15:00")
	w.send(clerkA, said)
	_, err := w.office.AddToDraft(w.ctx, w.actor(clerkA), w.photo(), w.now)
	require.NoError(t, err)
	_, err = w.office.ShelveDraft(w.ctx, w.actor(clerkA), []string{"居民"}, w.now)
	require.ErrorIs(t, err, schedule.ErrInput, "an audience is no theme")
	it, err := w.office.ShelveDraft(w.ctx, w.actor(clerkA), []string{"收费", "居民"}, w.now)
	require.NoError(t, err)
	require.Equal(t, []string{"收费"}, it.Themes)
	require.Equal(t, []string{"居民"}, it.Audiences)
	require.Equal(t, content.Draft, it.State)
	require.Empty(t, w.draftFiles())
	require.ErrorContains(t, w.office.ApproveItem(w.ctx, w.actor(clerkA), it.ID, w.now), "作者")
	require.NoError(t, w.office.ApproveItem(w.ctx, w.actor(clerkB), it.ID, w.now), "its picture is in the library")
}

func TestExcuseOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-02 10:00")
	w.adoptPlan(quotaPlan("便民群", 1, "week"), 2026, nil)
	_, err := w.office.ExcuseOpen(w.ctx, w.actor(eastKeeper), "东村 群解散了", w.now)
	require.ErrorIs(t, err, schedule.ErrDenied)
	_, err = w.office.ExcuseOpen(w.ctx, w.actor(clerkA), "东村 群解散了", w.now)
	require.ErrorContains(t, err, "有 2 个群")
	_, err = w.office.ExcuseOpen(w.ctx, w.actor(clerkA), "群11", w.now)
	require.ErrorIs(t, err, schedule.ErrInput, "no reason")
	e, err := w.office.ExcuseOpen(w.ctx, w.actor(clerkA), "群11 群解散了", w.now)
	require.NoError(t, err)
	require.Equal(t, 1, e.Obligations)
	require.Equal(t, []string{"2026-W45 excused"}, w.standings(eastGroup, "push"))
	require.Equal(t, []string{"2026-W45 on_pace"}, w.standings(westGroup, "push"))
}
