package command_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// TestLook: what members of a group say is looked at while the group has an open
// handoff; what they quote was said before, and proves nothing.
func TestLook(t *testing.T) {
	l := newWire(t)
	v, err := l.office.QueuePush(t.Context(), roster.Operator(""), schedule.Request{Item: "shua-dan", To: "kind:工作群"}, l.now)
	require.NoError(t, err)
	l.until(v.Closes.Add(time.Minute))
	it, err := l.office.Item(t.Context(), roster.Operator(""), "shua-dan")
	require.NoError(t, err)
	state := func() schedule.State {
		ds, err := l.db.Deliveries(t.Context(), schedule.DeliveryFilter{Push: v.ID})
		require.NoError(t, err)
		require.Len(t, ds, 1)
		return ds[0].State
	}
	say := func(text string) {
		l.n++
		private, public := l.deliver(bot.Message{ID: string(rune('A' + l.n)), Session: "s", Room: "@@work", Sender: "@member", Kind: bot.Text, Text: text, At: l.now})
		require.Empty(t, private+public)
	}
	require.Equal(t, schedule.Handed, state())
	say("「陈明：" + it.Text() + "」\n- - - - - - - - - - - - - - -\n这个我早看过了")
	require.Equal(t, schedule.Handed, state())
	say(it.Text())
	require.Equal(t, schedule.Observed, state())
}
