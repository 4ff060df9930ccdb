package bot

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// TestTranslate_past: what was said before a session ended and is looked at after
// it still counts; the session's rooms and friends teach nothing any more.
func TestTranslate_past(t *testing.T) {
	d, _ := newDesk()
	r := roster.New(nil, []roster.Group{{ID: 11, Name: "一群"}}, staff().Persons)
	s := Session{ID: "a", Login: "L", Account: "7", Rooms: []Room{{Handle: "@@1", Name: "一群"}}, Friends: []Friend{{Handle: "@w", Remark: "王-01"}}}
	d.Bind(s, r, nil)
	d.Accept()
	d.mu.Lock()
	d.leave(ErrSessionOver)
	d.mu.Unlock()
	said := func(session string, kind Kind, room string) (Incoming, bool) {
		return d.Translate(Message{Session: session, Kind: kind, Sender: "@w", Room: room, Text: "已转 12", ID: "m"})
	}
	in, ok := said("a", Text, "")
	require.True(t, ok)
	require.Equal(t, int64(2), in.Person)
	require.True(t, in.Private)
	require.Zero(t, in.Sender, "no code counts that was said to it")
	in, ok = said("a", System, "@@1")
	require.True(t, ok)
	require.Equal(t, int64(11), in.Group, "nor is a throttle notice lost")
	for _, k := range []Kind{Removed, Renamed, Joined, Remarked, Identified} {
		_, ok = said("a", k, "@@1")
		require.False(t, ok, k)
	}
	_, ok = said("b", Text, "")
	require.False(t, ok, "never a session of ours")
	require.Equal(t, schedule.AccountOffline, d.Status().State)
	s.ID, s.Login = "c", "M"
	d.Bind(s, r, nil)
	_, ok = said("a", Text, "")
	require.True(t, ok, "also once the next one is there")
	d.mu.Lock()
	d.leave(ErrSessionOver)
	d.mu.Unlock()
	_, ok = said("a", Text, "")
	require.False(t, ok, "but one is enough")
}
