package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func TestIdentity(t *testing.T) {
	o := newOffice(t, 4)
	trace := func(group int64, handle string) roster.Trace {
		return roster.Trace{Group: group, Name: fmt.Sprint("群", group), Members: 40, Sketch: roster.NewSketch([]uint32{7, 5, 9}), Stable: "s",
			Owner: true, Login: "l", Handle: handle, By: roster.ByName, Word: 3, Expected: true}
	}
	decision := func(group int64, v roster.Verdict, handle string) roster.Decision {
		return roster.Decision{Group: group, Verdict: v, Handle: handle, By: roster.ByName, Overlap: 0.93, Second: 0.1, NewName: "群", OldSize: 40, NewSize: 41}
	}
	all := []roster.Decision{decision(1, roster.Bind, "@@a"), decision(2, roster.Ask, "@@b")}
	require.NoError(t, o.SaveIdentity(o.ctx, "s1", all, []roster.Trace{trace(1, "@@a"), trace(2, "@@b")}, monday))
	traces, err := o.Traces(o.ctx)
	require.NoError(t, err)
	require.Equal(t, []roster.Trace{trace(1, "@@a"), trace(2, "@@b")}, traces)
	session, found, err := o.Decisions(o.ctx)
	require.NoError(t, err)
	require.Equal(t, "s1", session)
	require.Equal(t, all, found)

	logged := func() (rows []string) {
		require.NoError(t, o.view(o.ctx, "read the log", func(x *tx) error {
			rows, err = list(x, func(r row) (s string, err error) { return s, r.Scan(&s) }, `SELECT ref || ': ' || note FROM log WHERE verb = 'identity' ORDER BY id`)
			return err
		}))
		return rows
	}
	t.Run("every decision is logged with its signals, once", func(t *testing.T) {
		require.Equal(t, []string{"group/1: 1 bind by name members 40→41 overlap 0.93 next 0.10", "group/2: 2 ask by name members 40→41 overlap 0.93 next 0.10"}, logged())
		require.NoError(t, o.SaveIdentity(o.ctx, "s1", all, nil, monday))
		require.Len(t, logged(), 2, "the same session, the same list")
		next := []roster.Decision{decision(1, roster.Bind, "@@c"), decision(2, roster.Refuse, "")}
		require.NoError(t, o.SaveIdentity(o.ctx, "s2", next, nil, monday))
		require.Equal(t, []string{"group/2: 2 refuse by name members 40→41 overlap 0.93 next 0.10", "account: 1 bind by name members 40→41 overlap 0.93 next 0.10"}, logged()[2:])
		require.NoError(t, o.SaveIdentity(o.ctx, "s1", all, nil, monday))
	})
	t.Run("a handle is one group's: two that change rooms in one login do", func(t *testing.T) {
		require.NoError(t, o.SaveIdentity(o.ctx, "s1", nil, []roster.Trace{trace(1, "@@b"), trace(2, "@@a")}, monday))
		traces, err := o.Traces(o.ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"@@b", "@@a"}, []string{traces[0].Handle, traces[1].Handle})
		_, kept, err := o.Decisions(o.ctx)
		require.NoError(t, err)
		require.Equal(t, all, kept, "none given, none changed")
	})
	t.Run("a group's code is used once, and not after its time", func(t *testing.T) {
		c := schedule.GroupCode{Group: 1, Salt: []byte{1}, Hash: []byte{2}, IssuedAt: monday, ExpiresAt: monday.Add(time.Minute)}
		require.NoError(t, o.SaveGroupCode(o.ctx, clerk, c, monday))
		codes, err := o.GroupCodes(o.ctx, monday)
		require.NoError(t, err)
		require.Len(t, codes, 1)
		late, err := o.GroupCodes(o.ctx, monday.Add(time.Minute))
		require.NoError(t, err)
		require.Empty(t, late)
		other := c
		other.Salt = []byte{9}
		require.ErrorIs(t, o.BurnGroupCode(o.ctx, other, clerk, "bound", monday), schedule.ErrStale)
		require.NoError(t, o.BurnGroupCode(o.ctx, c, clerk, "bound", monday))
		require.ErrorIs(t, o.BurnGroupCode(o.ctx, c, clerk, "bound", monday), schedule.ErrStale)
	})
	t.Run("of several words all are kept or none", func(t *testing.T) {
		before, err := o.Bindings(o.ctx)
		require.NoError(t, err)
		err = o.SaveBindings(o.ctx, clerk, []schedule.Binding{{Group: 1, Room: "a"}, {Group: 999, Room: "b"}}, monday)
		require.Error(t, err)
		after, err := o.Bindings(o.ctx)
		require.NoError(t, err)
		require.Equal(t, before, after)
		require.False(t, errors.Is(err, schedule.ErrStale))
	})
}
