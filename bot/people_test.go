package bot

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// staff has a leader (1, tag 林-L), a cadre (2, tag 王-01) and a clerk without a tag (3).
func staff() *roster.Roster {
	return roster.New(nil, nil, []roster.Person{
		{ID: 1, Tag: "林-L", Role: roster.Leader}, {ID: 2, Tag: "王-01", Role: roster.Cadre}, {ID: 3, Role: roster.Staff}})
}

func login(id, of string, friends ...Friend) Session {
	return Session{ID: id, Login: of, Account: "7", Friends: friends}
}

func proof(person int64, login, handle string) schedule.Proof {
	return schedule.Proof{Person: person, Session: login, Handle: handle, Salt: []byte("salt"), At: time.UnixMilli(1)}
}

func TestProve(t *testing.T) {
	who := func(d *Desk, session, handle string) (int64, bool) {
		in, ok := d.Translate(Message{Session: session, Kind: Text, Sender: handle})
		require.True(t, ok)
		require.Equal(t, handle, in.Sender.Handle)
		return in.Person, in.Proven
	}
	is := func(d *Desk, handle string, person int64, proven bool) {
		t.Helper()
		p, ok := who(d, "s", handle)
		require.Equal(t, person, p, handle)
		require.Equal(t, proven, ok, handle)
	}
	begin := func(friends ...Friend) *Desk {
		d, _ := newDesk()
		d.Bind(login("s", "L", friends...), staff(), nil)
		return d
	}
	t.Run("a remark alone recognises and proves nothing", func(t *testing.T) {
		d := begin(Friend{Handle: "@l", Remark: "林-L"})
		is(d, "@l", 1, false)
		d.Prove(proof(1, "L", "@l"))
		is(d, "@l", 1, true)
	})
	t.Run("a stranger becomes the person, reachable too", func(t *testing.T) {
		d := begin()
		is(d, "@x", 0, false)
		d.Prove(proof(3, "L", "@x"))
		is(d, "@x", 3, true)
		require.True(t, d.Status().Knows(3))
	})
	t.Run("the newest binding wins, the old one is let go", func(t *testing.T) {
		d := begin(Friend{Handle: "@old", Remark: "林-L"})
		d.Prove(proof(1, "L", "@a"))
		is(d, "@old", 0, false)
		d.Prove(proof(1, "L", "@b"))
		is(d, "@a", 0, false)
		is(d, "@b", 1, true)
	})
	t.Run("a remark that names another person undoes it", func(t *testing.T) {
		d := begin(Friend{Handle: "@w"})
		d.Prove(proof(1, "L", "@w"))
		is(d, "@w", 1, true)
		d.Translate(Message{Session: "s", Kind: Remarked, Sender: "@w", Text: "王-01"})
		is(d, "@w", 2, false)
		require.False(t, d.Status().Knows(1))
	})
	t.Run("two friends with one tag are nobody, and the office can know", func(t *testing.T) {
		d := begin(Friend{Handle: "@l", Remark: "林-L"}, Friend{Handle: "@spoof", Remark: " 林-L "})
		is(d, "@l", 0, false)
		is(d, "@spoof", 0, false)
		require.Equal(t, []int64{1}, d.Twins())
		require.True(t, d.Status().Twin(1))
		require.False(t, d.Status().Twin(2))
		d.Prove(proof(1, "L", "@l"))
		is(d, "@l", 1, true)
		is(d, "@spoof", 0, false)
		require.Equal(t, []int64{1}, d.Twins(), "still to be mended")
		d.Translate(Message{Session: "s", Kind: Remarked, Sender: "@spoof", Text: "别人"})
		require.Empty(t, d.Twins())
	})
	t.Run("a restart within a login keeps it, another login does not", func(t *testing.T) {
		d, _ := newDesk()
		d.Trust([]schedule.Proof{proof(1, "L", "@l"), proof(2, "K", "@w")})
		d.Bind(login("s", "L", Friend{Handle: "@l"}, Friend{Handle: "@w"}), staff(), nil)
		is(d, "@l", 1, true)
		is(d, "@w", 0, false)
		d.Bind(login("s", "M", Friend{Handle: "@l"}), staff(), nil)
		is(d, "@l", 0, false)
	})
	t.Run("a stable id with the remark holds over logins, each alone does not", func(t *testing.T) {
		db := proof(1, "L", "@l")
		db.Remember("wxid_lin")
		for name, c := range map[string]struct {
			friends []Friend
			proven  bool
		}{
			"both":          {[]Friend{{Handle: "@n", Remark: "林-L", Stable: "wxid_lin"}}, true},
			"remark alone":  {[]Friend{{Handle: "@n", Remark: "林-L"}}, false},
			"another's id":  {[]Friend{{Handle: "@n", Remark: "林-L", Stable: "wxid_mallory"}}, false},
			"id alone":      {[]Friend{{Handle: "@n", Stable: "wxid_lin"}}, false},
			"a twin beside": {[]Friend{{Handle: "@n", Remark: "林-L", Stable: "wxid_lin"}, {Handle: "@m", Remark: "林-L"}}, false},
		} {
			d, _ := newDesk()
			d.Trust([]schedule.Proof{db})
			d.Bind(login("s", "M", c.friends...), staff(), nil)
			_, proven := who(d, "s", "@n")
			require.Equal(t, c.proven, proven, name)
		}
		d, _ := newDesk()
		d.Trust([]schedule.Proof{db})
		d.Bind(login("s", "M", Friend{Handle: "@n", Remark: "林-L"}), staff(), nil)
		d.Translate(Message{Session: "s", Kind: Identified, Sender: "@n", Text: "wxid_lin"})
		is(d, "@n", 1, true)
	})
	t.Run("whoever left the roster is nobody", func(t *testing.T) {
		d := begin()
		d.Prove(proof(3, "L", "@x"))
		d.Rebind(roster.New(nil, nil, nil), nil)
		is(d, "@x", 0, false)
	})
}
