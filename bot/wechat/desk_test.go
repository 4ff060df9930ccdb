package wechat

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// The desk over the real client, through logins and what happens in between.
func TestDeskOverLogins(t *testing.T) {
	const groups = 20
	r := start(t, groups)
	var list []roster.Group
	for i := range groups {
		list = append(list, roster.Group{ID: int64(100 + i), Name: fmt.Sprintf("群%d", i+1)})
	}
	people := roster.New(nil, list, []roster.Person{{ID: 5, Tag: "张三-01"}})
	d := bot.NewDesk(r.w, nil, nil)
	send := func(g int64) (bot.Receipt, error) {
		return d.Send(context.Background(), schedule.Outgoing{Group: g, ClientID: "1", Part: text(fmt.Sprint("给", g))})
	}
	require.Equal(t, groups, d.Bind(r.serve(), people, nil).Asked, "the first time a person looks")
	d.Accept()
	old := d.Bindings()
	require.Len(t, old, groups)
	sendAll := func() {
		for i := range groups {
			if d.Status().Sees(int64(100 + i)) {
				_, err := send(int64(100 + i))
				require.NoError(t, err)
			}
		}
	}
	sendAll()

	t.Run("new handles are bound by name and members, every message arrives where it belongs", func(t *testing.T) {
		r.stop()
		r.server.Kill(1101)
		report := d.Bind(r.serve(), people, nil)
		require.Equal(t, groups, report.Rebound)
		for g, h := range d.Bindings() {
			require.NotEqual(t, old[g], h)
		}
		sendAll()
		for _, rc := range r.server.Receipts() {
			var i int
			_, err := fmt.Sscanf(rc.To, "g%d", &i)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint("给", 99+i), rc.Text)
		}
		require.Len(t, r.server.Receipts(), 2*groups)
	})
	t.Run("a room the account is thrown out of is held, not guessed", func(t *testing.T) {
		require.NoError(t, r.server.Kick("g1"))
		in, ok := d.Translate(r.next())
		require.True(t, ok)
		require.Equal(t, bot.Removed, in.Kind)
		require.EqualValues(t, 100, in.Group)
		attempts := r.server.Stats().Attempts
		_, err := send(100)
		require.Equal(t, bot.HoldGroup, schedule.NextOf(err))
		require.Equal(t, attempts, r.server.Stats().Attempts)
	})
	t.Run("a twin made between two logins unbinds its name", func(t *testing.T) {
		require.NoError(t, r.server.Add(loopback.Group{ID: "twin", Name: "群2", Members: []string{"p1"}, Saved: true}))
		r.stop()
		r.server.Kill(1101)
		report := d.Bind(r.serve(), people, nil)
		require.False(t, d.Status().Sees(101))
		require.Empty(t, report.Held)
	})
	t.Run("a session ended by a send holds the next one", func(t *testing.T) {
		r.server.Kill(1100)
		_, err := send(110)
		require.Equal(t, bot.AwaitSession, schedule.NextOf(err))
		require.Equal(t, schedule.AccountOffline, d.Status().State)
		require.ErrorIs(t, r.ended(), bot.ErrSessionOver)
	})
}
