package wechat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

func TestCheck(t *testing.T) {
	signs := make(chan bot.Sign, 64)
	next := func() bot.Sign {
		select {
		case s := <-signs:
			return s
		case <-time.After(patience):
			require.FailNow(t, "no sign")
			return ""
		}
	}
	r := start(t, 2)
	r.w.opts.Sign = func(s bot.Sign) { signs <- s }
	r.serve()
	t.Run("is seen by nobody but the owner", func(t *testing.T) {
		require.NoError(t, r.w.Check(t.Context(), r.session.ID))
		got := r.server.Receipts()
		require.Len(t, got, 1)
		require.Equal(t, loopback.FileHelper, got[0].To)
		require.Equal(t, loopback.KindText, got[0].Kind)
		require.Len(t, got[0].ClientMsgID, 17)
		require.Empty(t, signs, "this service echoes nothing")
	})
	t.Run("is proved by its echo, and by nothing that only looks like it", func(t *testing.T) {
		r.say("p1", "", "在吗")
		require.Equal(t, bot.SignSaid, next())
		r.say(loopback.Self, loopback.FileHelper, "铜锣自检")
		require.Equal(t, bot.SignSaid, next(), "typed on the phone")
		r.server.EchoFrom(loopback.PlainEcho)
		require.NoError(t, r.w.Check(t.Context(), r.session.ID))
		require.Equal(t, bot.SignEcho, next())
		_, err := r.send("g1", content.Part{Kind: content.Text, Text: "防骗提醒"}, nil)
		require.NoError(t, err)
		require.Equal(t, bot.SignSaid, next(), "the echo of another message is only a sign")
	})
	t.Run("a deaf session takes it and gives no sign", func(t *testing.T) {
		before := len(r.server.Receipts())
		require.NoError(t, r.server.SetFaults([]loopback.Fault{{Action: "deaf", Count: -1}}))
		require.NoError(t, r.w.Check(t.Context(), r.session.ID))
		r.say("p1", "", "有人吗")
		require.Len(t, r.server.Receipts(), before, "nobody got it")
		require.Empty(t, signs)
		require.NoError(t, r.server.SetFaults(nil)) // somebody opens the phone
		require.Equal(t, bot.SignSaid, next())
	})
}

// A silent death from beginning to end, against the service, in made-up time:
// doubted, given up, and taken back when somebody opens the phone.
func TestSilentDeath(t *testing.T) {
	r := start(t, 1)
	var w bot.Watch
	heard := make(chan struct{}, 64)
	now := time.Date(2026, 6, 2, 1, 0, 0, 0, time.UTC)
	r.w.opts.Sign = func(s bot.Sign) { w.Sign(s, now); heard <- struct{}{} }
	d := bot.NewDesk(r.w, nil, nil)
	d.Bind(r.serve(), roster.New(nil, []roster.Group{{ID: 1, Name: "群1"}}, nil), nil)
	d.Accept()
	look := func() string {
		_, err := d.Watched(t.Context(), &w, true, now)
		require.NoError(t, err)
		return string(d.Status().State)
	}
	require.Equal(t, "online", look())
	r.server.EchoFrom(loopback.PlainEcho)
	now = now.Add(bot.QuietFor)
	require.Equal(t, "suspect", look())
	<-heard
	require.Equal(t, "online", look(), "only quiet")
	require.NoError(t, r.server.SetFaults([]loopback.Fault{{Action: "deaf", Count: -1}}))
	now = now.Add(bot.QuietFor)
	require.Equal(t, "suspect", look())
	now = now.Add(5 * time.Minute)
	require.Equal(t, "offline", look())
	require.Contains(t, d.Status().Say(), "打开手机")
	attempts := r.server.Stats().Attempts
	_, err := d.Send(t.Context(), outgoing(1))
	require.Error(t, err)
	require.Equal(t, attempts, r.server.Stats().Attempts, "nothing is sent meanwhile")
	r.say("p1", "", "有人吗")
	require.NoError(t, r.server.SetFaults(nil))
	<-heard
	require.Equal(t, "online", look())
	_, err = d.Send(t.Context(), outgoing(1))
	require.NoError(t, err)
}

func outgoing(group int64) schedule.Outgoing {
	return schedule.Outgoing{Group: group, ClientID: "17641000000000009", Part: text("防骗提醒")}
}
