package wechat

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
)

// H10: what nobody has dealt with when the session ends, however it ends, is
// said again to the next one, in the same order; what is dealt with is not.
func TestNothingHeardIsLost(t *testing.T) {
	sayAll := func(r *rig, from, n int) {
		for i := range n {
			r.say("p1", "", fmt.Sprint("已转 ", from+i))
		}
	}
	heard := func(r *rig, from, n int) {
		for i := range n {
			m := r.next()
			require.Equal(t, fmt.Sprint("已转 ", from+i), m.Text)
			r.w.Done(m)
		}
	}
	t.Run("read, but the process died before it was dealt with", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		sayAll(r, 1, 1)
		heard(r, 1, 1)
		sayAll(r, 2, 3)
		for range 3 {
			r.next()
		}
		r.stop()
		r.serve()
		heard(r, 2, 3)
		r.say("p1", "", "末尾")
		require.Equal(t, "末尾", r.next().Text, "once is enough")
	})
	t.Run("cut off in the middle of a batch that the inbox does not take", func(t *testing.T) {
		r := start(t, 1)
		r.serve()
		r.say("p1", "", "敲门")
		r.w.Done(r.next())
		sayAll(r, 1, inboxSize+50)
		require.Eventually(t, func() bool { return len(r.w.inbox) == inboxSize }, patience, time.Millisecond)
		r.stop()
		for range inboxSize {
			<-r.w.inbox // they died with the process
		}
		r.serve()
		heard(r, 1, inboxSize+50)
	})
	t.Run("the file is never ahead of what was dealt with", func(t *testing.T) { // a kill at any time
		r := start(t, 1)
		noon := time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC)
		r.w.now = func() time.Time { noon = noon.Add(saveEvery); return noon } // it is kept at every round
		r.serve()
		kept := func() string {
			data, err := os.ReadFile(r.w.kept.path())
			require.NoError(t, err)
			var k keptSession
			require.NoError(t, json.Unmarshal(data, &k))
			return fmt.Sprint(k.Key)
		}
		before := kept()
		sayAll(r, 1, 3)
		m := r.next()
		require.NoError(t, r.server.WaitIdle(t.Context()))
		require.Equal(t, before, kept())
		r.w.Done(m)
		for range 2 {
			r.w.Done(r.next())
		}
		r.say("p1", "", "更晚")
		require.Eventually(t, func() bool { return kept() != before }, patience, time.Millisecond)
	})
	t.Run("of another session nothing is believed", func(t *testing.T) {
		var h handled
		h.begin(keyOf(1))
		h.said()
		h.reached(keyOf(2))
		require.Equal(t, keyOf(1), h.safe())
		h.said()
		h.reached(keyOf(3))
		h.reached(keyOf(4)) // it brought nothing
		h.dealt()
		require.Equal(t, keyOf(2), h.safe())
		h.dealt()
		require.Equal(t, keyOf(4), h.safe())
		r := start(t, 1)
		r.serve()
		r.w.Done(bot.Message{Session: "another"})
		require.Zero(t, r.w.line.handled.done)
	})
}

func keyOf(n int64) openwechat.SyncKey {
	return openwechat.SyncKey{Count: 1, List: []struct{ Key, Val int64 }{{1, n}}}
}

// A picture that was said can be asked for again after a restart.
func TestPictureIsSaidAgain(t *testing.T) {
	r := start(t, 1)
	r.serve()
	_, err := r.server.Say(loopback.Words{From: "p1", Image: picture(t, 300)})
	require.NoError(t, err)
	r.next()
	r.stop()
	s := r.serve()
	m := r.next()
	require.Equal(t, bot.Picture, m.Kind)
	data, err := r.w.Fetch(t.Context(), s.ID, m.ID)
	require.NoError(t, err)
	require.NotEmpty(t, data)
}
