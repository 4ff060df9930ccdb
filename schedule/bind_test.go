package schedule_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestCodes(t *testing.T) {
	t.Parallel()
	issue := func(w *world, person string) string {
		c, err := w.office.IssueCode(w.ctx, operator, person, w.now)
		require.NoError(w.t, err)
		require.Equal(w.t, w.now.Add(15*time.Minute), c.Expires)
		return c.Code
	}
	try := func(w *world, handle, code string, change ...func(*schedule.Saying)) (roster.Person, error) {
		s := schedule.Saying{Code: code, Session: "L", Handle: handle, Private: true}
		for _, f := range change {
			f(&s)
		}
		who, _, err := w.office.Redeem(w.ctx, s, w.now)
		return who, err
	}
	name := func(w *world, id int64) string {
		r, err := w.db.Roster(w.ctx)
		require.NoError(w.t, err)
		p, _ := r.Person(id)
		return p.UnitPath + "/" + p.Name
	}
	begin := func(t *testing.T) (*world, string) {
		w := newWorld(t, "2026-11-03 10:00")
		return w, issue(w, name(w, clerkA))
	}
	bound := func(w *world) []schedule.Proof {
		ps, err := w.db.Proofs(w.ctx)
		require.NoError(w.t, err)
		return ps
	}
	t.Run("a code binds once, and never again", func(t *testing.T) {
		w, code := begin(t)
		who, err := try(w, "@a", code)
		require.NoError(t, err)
		require.EqualValues(t, clerkA, who.ID)
		require.Len(t, bound(w), 1)
		for _, handle := range []string{"@a", "@b"} { // replayed
			_, err = try(w, handle, code)
			require.ErrorIs(t, err, schedule.ErrNoCode)
		}
		require.Equal(t, "@a", bound(w)[0].Handle)
	})
	t.Run("it is of eight letters that look like no other, and differs each time", func(t *testing.T) {
		w, code := begin(t)
		require.Len(t, code, 8)
		require.Empty(t, strings.Trim(code, "23456789ABCDEFGHJKMNPQRSTUVWXYZ"))
		seen := map[string]bool{code: true}
		for range 50 {
			next := issue(w, name(w, clerkA))
			require.False(t, seen[next])
			seen[next] = true
		}
		_, err := try(w, "@a", code)
		require.ErrorIs(t, err, schedule.ErrNoCode, "a newer one replaces it")
	})
	t.Run("it lives fifteen minutes to the millisecond", func(t *testing.T) {
		for late, good := range map[time.Duration]bool{15*time.Minute - time.Millisecond: true, 15 * time.Minute: false} {
			w, code := begin(t)
			w.now = w.now.Add(late)
			_, err := try(w, "@a", code)
			require.Equal(t, good, err == nil, "after %s", late)
		}
	})
	t.Run("five tries, then an hour of nothing, the right code too", func(t *testing.T) {
		w, code := begin(t)
		for range 5 {
			_, err := try(w, "@m", "ZZZZ9999")
			require.ErrorIs(t, err, schedule.ErrNoCode)
		}
		_, err := try(w, "@m", code)
		require.ErrorIs(t, err, schedule.ErrLocked)
		_, err = try(w, "@a", code)
		require.NoError(t, err, "another sender is not locked out")
		w.now = w.now.Add(time.Hour - time.Millisecond)
		again := issue(w, name(w, clerkA))
		_, err = try(w, "@m", again)
		require.ErrorIs(t, err, schedule.ErrLocked)
		w.now = w.now.Add(time.Millisecond)
		_, err = try(w, "@m", again)
		require.NoError(t, err)
	})
	t.Run("the fifth try may be right", func(t *testing.T) {
		w, code := begin(t)
		for range 4 {
			_, err := try(w, "@m", "ZZZZ9999")
			require.ErrorIs(t, err, schedule.ErrNoCode)
		}
		_, err := try(w, "@m", code)
		require.NoError(t, err)
	})
	t.Run("a hundred at once bind one, and guess no more than five times", func(t *testing.T) {
		w, code := begin(t)
		var won, locked atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if _, err := try(w, string(rune('a'+i%26)), code); err == nil {
					won.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, won.Load())
		issue(w, name(w, clerkB))
		for range 20 {
			all.Go(func() {
				if _, err := try(w, "@m", "ZZZZ9999"); err == schedule.ErrLocked {
					locked.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 15, locked.Load())
	})
	t.Run("said in a group it is burned", func(t *testing.T) {
		w, code := begin(t)
		_, err := try(w, "@a", code, func(s *schedule.Saying) { s.Private = false })
		require.ErrorIs(t, err, schedule.ErrBurned)
		_, err = try(w, "@a", code)
		require.ErrorIs(t, err, schedule.ErrNoCode)
		require.Empty(t, bound(w))
	})
	t.Run("said by somebody known as another it is burned", func(t *testing.T) {
		w, code := begin(t)
		_, err := try(w, "@k", code, func(s *schedule.Saying) { s.Person = eastKeeper })
		require.ErrorIs(t, err, schedule.ErrBurned)
		_, err = try(w, "@a", code)
		require.ErrorIs(t, err, schedule.ErrNoCode)
	})
	t.Run("a person has one handle, a handle one person", func(t *testing.T) {
		w, code := begin(t)
		_, err := try(w, "@a", code)
		require.NoError(t, err)
		_, err = try(w, "@b", issue(w, name(w, clerkA)))
		require.NoError(t, err)
		require.Len(t, bound(w), 1)
		require.Equal(t, "@b", bound(w)[0].Handle)
		_, err = try(w, "@b", issue(w, name(w, clerkB)))
		require.NoError(t, err)
		require.Len(t, bound(w), 1)
		require.EqualValues(t, clerkB, bound(w)[0].Person)
	})
	t.Run("a new login forgets all but stable ids", func(t *testing.T) {
		w, code := begin(t)
		_, err := try(w, "@a", code, func(s *schedule.Saying) { s.Stable = "wxid_a" })
		require.NoError(t, err)
		_, err = try(w, "@b", issue(w, name(w, clerkB)))
		require.NoError(t, err)
		same, err := w.office.SessionBegan(w.ctx, "L", w.now)
		require.NoError(t, err)
		require.Len(t, same, 2, "a restart within the login")
		kept, err := w.office.SessionBegan(w.ctx, "M", w.now)
		require.NoError(t, err)
		require.Len(t, kept, 1)
		require.True(t, kept[0].IsStable("wxid_a"))
		require.False(t, kept[0].IsStable("wxid_b"))
		require.False(t, kept[0].IsStable(""))
	})
	t.Run("only admin issues, and who may not learns of nobody", func(t *testing.T) {
		w, _ := begin(t)
		for _, p := range []int64{townHead, eastKeeper, clerkA} {
			for _, of := range []string{name(w, clerkB), "没有这个人"} {
				_, err := w.office.IssueCode(w.ctx, w.actor(p), of, w.now)
				require.ErrorIs(t, err, schedule.ErrDenied)
			}
		}
		_, err := w.office.IssueCode(w.ctx, operator, "没有这个人", w.now)
		require.ErrorIs(t, err, schedule.ErrInput)
	})
	t.Run("nothing of it is on the disk, and strangers write nothing while no code lives", func(t *testing.T) {
		w, code := begin(t)
		_, err := try(w, "@a", code, func(s *schedule.Saying) { s.Stable = "wxid_secret" })
		require.NoError(t, err)
		require.ErrorIs(t, func() error { _, err := try(w, "@stranger-handle", "ZZZZ9999"); return err }(), schedule.ErrNoCode)
		files, err := filepath.Glob(filepath.Join(w.dir, "tongluo.db*"))
		require.NoError(t, err)
		for _, f := range files {
			data, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, secret := range []string{code, "wxid_secret", "stranger-handle"} {
				require.NotContains(t, string(data), secret, f)
			}
		}
	})
}

func TestCodeIn(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"ABCD2345": "ABCD2345", " abcd 2345 ": "ABCD2345", "ABCD-2345": "ABCD2345", "ＡＢＣＤ２３４５": "ABCD2345", "绑定码：abcd2345": "ABCD2345", "绑定 ABCD2345。": "ABCD2345",
		"": "", "ABCD234": "", "ABCD23456": "", "ABCD234O": "", "ABCD234I": "", "我的码 ABCD2345": "", "ABCD2345 ABCD2345": "", "停发": "", "已转 12": "",
	} {
		got, ok := schedule.CodeIn(said)
		require.Equal(t, want, got, said)
		require.Equal(t, want != "", ok, said)
	}
}

func TestTwinRemarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-11-03 10:00")
	require.NoError(t, w.office.TwinRemarks(w.ctx, []int64{eastKeeper}, "L", w.now))
	require.NoError(t, w.office.TwinRemarks(w.ctx, []int64{eastKeeper}, "L", w.now))
	w.run("2026-11-03 10:05")
	for _, p := range []int64{clerkA, clerkB} {
		require.Len(t, w.told(p, "请核对"), 1, "once a login")
	}
	require.Empty(t, w.told(eastKeeper, ""))
}
