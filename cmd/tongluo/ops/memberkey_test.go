package ops

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// TestMemberKey: whoever goes on with a backup without the key is told, and what
// the lost key hashed is let go of once; with the key nothing is.
func TestMemberKey(t *testing.T) {
	p := newPC(t)
	key, forgot, err := MemberKey(t.Context(), p.DB, start)
	require.NoError(t, err)
	require.Zero(t, forgot)
	room := roster.Trace{Group: 1, Name: "群", Members: 40, Sketch: roster.NewSketch([]uint32{7, 5, 9}), Stable: "s", Login: "l", Handle: "@@a", By: roster.ByName, Expected: true}
	bare := roster.Trace{Group: 2, Name: "空群", Login: "l"}
	require.NoError(t, p.SaveIdentity(t.Context(), "s", nil, []roster.Trace{room, bare}, start))
	m, err := p.b.Make(t.Context(), p.DB, start)
	require.NoError(t, err)
	same, err := p.restore(t, m.File, "")
	require.NoError(t, err)
	require.Zero(t, same.Strange, "the key lies here")
	again, forgot, err := MemberKey(t.Context(), p.DB, start)
	require.NoError(t, err)
	require.Equal(t, key, again)
	require.Zero(t, forgot)

	fresh := newPC(t)
	done, err := fresh.restore(t, m.File, "")
	require.NoError(t, err)
	require.Equal(t, 1, done.Strange)
	require.NoFileExists(t, filepath.Join(fresh.b.Data, KeyFile), "it is in no backup")
	look := func() Check {
		return (&exam{Patient: Patient{WeChat: true}, db: fresh.DB, office: new(schedule.Office)}).members(t.Context())
	}
	require.Equal(t, Warn, look().State)
	require.Contains(t, look().Do, "tongluo roster bind --accept")
	t.Run("a key that is brought along before the start is good", func(t *testing.T) {
		brought := newPC(t)
		_, err := brought.restore(t, m.File, "")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(brought.b.Data, KeyFile), key, 0o600))
		n, err := Strangers(t.Context(), brought.DB)
		require.NoError(t, err)
		require.Zero(t, n)
		got, forgot, err := MemberKey(t.Context(), brought.DB, start)
		require.NoError(t, err)
		require.Equal(t, key, got)
		require.Zero(t, forgot)
	})
	for _, want := range []int{1, 0} {
		other, forgot, err := MemberKey(t.Context(), fresh.DB, start)
		require.NoError(t, err)
		require.NotEqual(t, key, other)
		require.Equal(t, want, forgot)
	}
	require.Equal(t, OK, look().State)
	room.Sketch, room.Stable = roster.Sketch{}, ""
	bare.Sketch = roster.Sketch{}
	traces, err := fresh.Traces(t.Context())
	require.NoError(t, err)
	require.Equal(t, []roster.Trace{room, bare}, traces, "name, word and handle stay")
	require.NoError(t, fresh.CheckAll(t.Context()))
	t.Run("a ledger that never named its key", func(t *testing.T) {
		old := newPC(t)
		room.Stable = "s"
		require.NoError(t, old.SaveIdentity(t.Context(), "s", nil, []roster.Trace{room}, start))
		n, err := Strangers(t.Context(), old.DB)
		require.NoError(t, err)
		require.Equal(t, 1, n, "no key at all")
		require.NoError(t, os.WriteFile(filepath.Join(old.b.Data, KeyFile), key, 0o600))
		_, forgot, err := MemberKey(t.Context(), old.DB, start)
		require.NoError(t, err)
		require.Zero(t, forgot, "the one that lies there is its own")
	})
}
