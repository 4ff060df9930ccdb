package command_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/store"
)

// poisoned is a store in which one look-up has a mistake of ours.
type poisoned struct {
	*store.DB
	on *bool
}

func (p poisoned) Dealt(ctx context.Context, mark []byte) (bool, error) {
	if *p.on {
		return mark[len(mark)] == 0, nil
	}
	return p.DB.Dealt(ctx, mark)
}

// A mistake of ours while one message is answered costs that message, not the
// process: after a restart the same message would come again (protocol §1.5).
func TestPanicCostsOneMessage(t *testing.T) {
	l := newWire(t)
	on := true
	office := schedule.New(poisoned{l.db, &on}, l.office.Calendar(), l.office.Settings(), account{}, noPacks{})
	talk := command.New(office, command.DefaultSettings())
	l.conv = &command.Conversation{Desk: l.desk, Talk: talk, Office: office, Sender: l.desk, Rest: func(context.Context, time.Time) {}}
	done := &counting{phone: l.phone}
	l.conv.Desk = bot.NewDesk(done, nil, nil)
	l.conv.Desk.Bind(bot.Session{ID: "s", Account: "7", Friends: []bot.Friend{{Handle: "@wang", Remark: "王海"}}}, people(), nil)
	m := bot.Message{ID: "1", Session: "s", Sender: "@wang", Kind: bot.Text, Text: "任务 张三的电话13812345678", At: l.now}
	err := l.conv.Hear(t.Context(), m, l.now)
	require.ErrorContains(t, err, "index out of range")
	require.NotContains(t, err.Error(), "张三")
	require.NotContains(t, err.Error(), "13812345678")
	require.Equal(t, 1, done.done, "it is not asked for again")
	on = false
	m.ID, m.Text = "2", "任务"
	require.NoError(t, l.conv.Hear(t.Context(), m, l.now))
	require.NotEmpty(t, l.phone.sent["@wang"])
	require.Equal(t, 2, done.done)
}

// counting is a transport that counts what is done.
type counting struct {
	*phone
	done int
}

func (c *counting) Done(bot.Message) { c.done++ }
