package command_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule/roster"
)

// phone is a transport that keeps what was sent, by handle.
type phone struct{ sent map[string][]string }

func (*phone) Serve(ctx context.Context, _ func(bot.Session)) error {
	return errors.Join(ctx.Err(), bot.ErrSessionOver)
}
func (*phone) Inbox() <-chan bot.Message { return nil }
func (*phone) Done(bot.Message)          {}
func (*phone) Fetch(context.Context, string, string) ([]byte, error) {
	return nil, errors.New("nothing is kept")
}
func (*phone) Revoke(context.Context, bot.Recall) error { return nil }
func (p *phone) Send(_ context.Context, e bot.Envelope) (bot.Receipt, error) {
	p.sent[e.To] = append(p.sent[e.To], e.Part.Text)
	return bot.Receipt{MessageID: "1", Session: e.Session}, nil
}

// wire is the town with a desk: 林书记 and 王海 are friends with their remarks, a
// stranger calls himself 林书记, and one room is the work group.
type wire struct {
	*town
	phone *phone
	desk  *bot.Desk
	conv  *command.Conversation
	n     int
}

func newWire(t *testing.T) *wire {
	l := &wire{town: newTown(t), phone: &phone{sent: map[string][]string{}}}
	l.desk = bot.NewDesk(l.phone, nil, nil)
	l.desk.Bind(bot.Session{ID: "s", Account: "7", Rooms: []bot.Room{{Handle: "@@work", Name: "永宁镇反诈工作群"}, {Handle: "@@other", Name: "牌友"}},
		Friends: []bot.Friend{{Handle: "@lin", Remark: "林书记"}, {Handle: "@wang", Remark: "王海"}, {Handle: "@fake"}}}, people(), nil)
	l.desk.Accept()
	l.conv = &command.Conversation{Desk: l.desk, Talk: l.talk, Office: l.office, Sender: l.desk,
		Rest: func(context.Context, time.Time) {}}
	return l
}

// hear is what a handle says, in a room or in private, and what was answered to
// the handle and to the room.
func (l *wire) hear(room, from, text string) (private, public string) {
	l.t.Helper()
	l.n++
	return l.deliver(bot.Message{ID: strings.Repeat("i", l.n), Session: "s", Room: room, Sender: from, Kind: bot.Text, Text: text, At: l.now, Mentioned: room != ""})
}

func (l *wire) deliver(m bot.Message) (private, public string) {
	l.t.Helper()
	clear(l.phone.sent)
	require.NoError(l.t, l.conv.Hear(l.t.Context(), m, l.now))
	return strings.Join(l.phone.sent[m.Sender], "|"), strings.Join(l.phone.sent[m.Room], "|")
}

func (l *wire) code(person string) string {
	c, err := l.office.IssueCode(l.t.Context(), roster.Operator(""), person, l.now)
	require.NoError(l.t, err)
	return c.Code
}

func TestBindByCode(t *testing.T) {
	t.Run("a leader known by the remark alone may do nothing of a leader's, and is told once how", func(t *testing.T) {
		l := newWire(t)
		before := l.ledger()
		said, _ := l.hear("", "@lin", "停发")
		require.Equal(t, "这次登录还没有核实您是谁。请向办公室要绑定码，私下发给我", said)
		for _, text := range []string{"停发", "覆盖率", "队列", "落后", "审批 6", "恢复"} {
			said, public := l.hear("", "@lin", text)
			require.Empty(t, said+public, text)
			said, public = l.hear("@@work", "@lin", text)
			require.Empty(t, said+public, text)
		}
		said, _ = l.hear("", "@lin", "任务")
		require.Equal(t, "现在没有待转发的内容。\n看本单位情况请回：进度", said, "what is one's own is answered")
		require.Equal(t, before, l.ledger())
		l.now = l.now.Add(time.Minute)
		said, _ = l.hear("", "@lin", l.code("林书记"))
		require.Equal(t, "已绑定：林书记，领导，永宁镇\n本次登录有效，机器人重新登录后要再绑一次\n先看进度请回：进度", said)
		said, _ = l.hear("", "@lin", "停发")
		require.Contains(t, said, "已停发")
	})
	t.Run("a stranger with a code is the person from then on", func(t *testing.T) {
		l := newWire(t)
		said, _ := l.hear("", "@fake", "任务")
		require.Empty(t, said)
		said, _ = l.hear("", "@fake", " "+strings.ToLower(l.code("李玉")))
		require.Equal(t, "已绑定：李玉，干部，永宁镇/前埔村\n请办公室把手机备注设成花名册里的标记，以后就不用再绑\n先看手上的请回：任务", said)
		said, _ = l.hear("", "@fake", "任务")
		require.NotEmpty(t, said)
		said, _ = l.hear("", "@fake", "停发")
		require.Contains(t, said, "没有权限")
	})
	t.Run("a wrong code from a stranger is answered by nothing, with or without a living one", func(t *testing.T) {
		l := newWire(t)
		for range 2 {
			for range 7 {
				said, public := l.hear("", "@fake", "ZZZZ9999")
				require.Empty(t, said+public)
			}
			l.code("林书记")
		}
		said, _ := l.hear("", "@fake", l.code("林书记"))
		require.Empty(t, said, "locked")
		require.Zero(t, in(l, "@fake").Person)
	})
	t.Run("a high role learns that a code was wrong", func(t *testing.T) {
		l := newWire(t)
		l.code("林书记")
		said, _ := l.hear("", "@lin", "ZZZZ9999")
		require.Equal(t, "绑定码不对，或者过期了。请再向办公室要一个", said)
		for range 5 {
			said, _ = l.hear("", "@lin", "ZZZZ9998")
		}
		require.Contains(t, said, "一小时")
	})
	t.Run("said in any group it is burned in silence", func(t *testing.T) {
		for _, room := range []string{"@@work", "@@other"} {
			l := newWire(t)
			code := l.code("林书记")
			said, public := l.hear(room, "@lin", code)
			require.Empty(t, said+public)
			said, _ = l.hear("", "@fake", code)
			require.Empty(t, said)
			require.Zero(t, in(l, "@fake").Person)
			require.False(t, in(l, "@lin").Proven)
		}
	})
	t.Run("a cadre with a leader's code burns it", func(t *testing.T) {
		l := newWire(t)
		code := l.code("林书记")
		said, _ := l.hear("", "@wang", code)
		require.Empty(t, said)
		said, _ = l.hear("", "@lin", code)
		require.Contains(t, said, "绑定码不对")
		require.EqualValues(t, wang, in(l, "@wang").Person)
	})
	t.Run("delivered twice it is one try and one answer", func(t *testing.T) {
		l := newWire(t)
		m := bot.Message{ID: "x", Session: "s", Sender: "@lin", Kind: bot.Text, Text: l.code("林书记"), At: l.now}
		said, _ := l.deliver(m)
		require.Contains(t, said, "已绑定")
		said, _ = l.deliver(m)
		require.Empty(t, said)
	})
	t.Run("a nickname or a claim is nothing", func(t *testing.T) {
		l := newWire(t)
		before := l.ledger()
		for _, text := range []string{"我是林书记，停发", "林书记：停发", "停发", "绑定 林书记", "绑定码", "管理员 停发"} {
			said, public := l.hear("", "@fake", text)
			require.Empty(t, said+public, text)
			said, public = l.hear("@@work", "@fake", text)
			require.Empty(t, said+public, text)
		}
		require.Equal(t, before, l.ledger())
	})
	t.Run("a second friend with the leader's remark makes nobody a leader", func(t *testing.T) {
		l := newWire(t)
		l.desk.Translate(bot.Message{Session: "s", Kind: bot.Remarked, Sender: "@fake", Text: "林书记"})
		for _, who := range []string{"@lin", "@fake"} {
			said, _ := l.hear("", who, "任务")
			require.Empty(t, said)
		}
		require.Equal(t, []int64{lin}, l.desk.Twins())
		said, _ := l.hear("", "@lin", l.code("林书记"))
		require.Contains(t, said, "已绑定", "a code tells who it is")
		said, _ = l.hear("", "@fake", "停发")
		require.Empty(t, said)
	})
}

// in is how the desk takes a word of a handle.
func in(l *wire, handle string) bot.Incoming {
	got, ok := l.desk.Translate(bot.Message{Session: "s", Sender: handle, Kind: bot.Text, Text: "x"})
	require.True(l.t, ok)
	return got
}

// What an unproven high role asks together with what it may ask is done in part.
func TestUnprovenInPart(t *testing.T) {
	w := newTown(t)
	said := w.private(chen, "停发，任务")
	said.Proven = false
	r := w.say(said)
	require.Equal(t, []command.Outcome{command.Denied, command.Done}, []command.Outcome{r.Understood[0].Outcome, r.Understood[1].Outcome})
	require.Equal(t, "现在没有待转发的内容。\n看本单位情况请回：进度\n这次登录还没有核实您是谁。请向办公室要绑定码，私下发给我", r.Text)
	on, _, err := w.db.Halted(t.Context())
	require.NoError(t, err)
	require.False(t, on)
}
