package command_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// replayed is how many messages are said a second time (reliability.md F26).
const replayed = 500

// loginAgain is another process and another login: nothing in memory, and every
// handle new.
func (s *siege) loginAgain() {
	s.desk = bot.NewDesk(s.phone, nil, nil)
	session := bot.Session{ID: "t", Account: "7", Login: "t", Rooms: []bot.Room{{Handle: "@@work2", Name: "永宁村工作群"}}}
	for _, p := range matrixPeople().Persons {
		session.Friends = append(session.Friends, bot.Friend{Handle: "@2" + p.Name, Remark: p.Tag})
	}
	s.desk.Bind(session, matrixPeople(), nil)
	for _, p := range matrixPeople().Persons {
		if p.ID < dimStaff || p.ID > dimAdmin {
			s.desk.Prove(schedule.Proof{Person: p.ID, Session: "t", Handle: "@2" + p.Name, At: s.now})
		}
	}
	s.talk = command.New(s.office, command.DefaultSettings())
	s.conv = &command.Conversation{Desk: s.desk, Talk: s.talk, Office: s.office, Sender: s.desk, Rest: s.conv.Rest}
}

// under is a message as the next login tells it.
func under(m bot.Message) bot.Message {
	m.Session, m.Sender = "t", "@2"+m.Sender[1:]
	if m.Room != "" {
		m.Room = "@@work2"
	}
	return m
}

// said fills a morning: what people may do, what they get wrong and what is only
// asked.
func (s *siege) morning() []bot.Message {
	cadre := s.targets[theCadre]["自己"]
	words := []string{fmt.Sprintf("已转 %d", cadre.handoff), fmt.Sprintf("撤销 %d", cadre.handoff), "全部已转", "收到", "已转", "任务", "进度", "补录 " + s.spare + " 今天 1个群", "反馈 群里在吵架", "好的", "已庄"}
	all := make([]bot.Message, replayed)
	for i := range all {
		who, room, text := int64(theCadre), pick(s.r, "", "@@work"), pick(s.r, words...)
		if i%3 == 0 {
			who, text = pick[int64](s.r, theStaff, theLeader, theAdmin), pick(s.r, s.orders...)
		}
		all[i] = s.says(who, room, text)
		require.NoError(s.t, s.conv.Hear(s.t.Context(), all[i], s.now))
	}
	return all
}

// TestReplay: the service says the last 500 messages again after a restart and
// after another login, in order and in disorder. Nothing happens a second time,
// although the office has meanwhile undone by hand what they did.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := newSiege(t)
	all := s.morning()
	cadre := s.targets[theCadre]["自己"]
	on, _, err := s.db.Halted(t.Context())
	require.NoError(t, err)
	for _, by := range []string{"丙", "丁"} {
		if on {
			_, err = s.office.Resume(t.Context(), roster.Operator(by), s.now)
			require.NoError(t, err)
		}
	}
	_, err = s.office.UndoForward(t.Context(), roster.Operator(""), cadre.handoff, s.now)
	var p *schedule.Problem
	require.True(t, err == nil || errors.As(err, &p), "%v", err) // the last word may have been 撤销
	require.Greater(t, len(s.books.page("heard")), 0)
	s.now = s.now.Add(time.Minute) // no order is too old to be obeyed
	before, was, sent := s.books.quiet(), s.books.version(), len(s.line.sent)
	s.loginAgain()
	for _, m := range all {
		require.NoError(t, s.conv.Hear(t.Context(), under(m), s.now))
		if now := s.books.version(); now != was {
			was = now
			require.Empty(t, changed(before, s.books.quiet()), "%q has a second effect", m.Text)
		}
	}
	s.loginAgain()
	rand.New(rand.NewPCG(siegeSeed, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, m := range all {
		require.NoError(t, s.conv.Hear(t.Context(), under(m), s.now.Add(time.Hour)))
	}
	require.Empty(t, changed(before, s.books.quiet()))
	require.Len(t, s.line.sent, sent)
	// The same words said anew are an order.
	_, _ = s.deliverTo("@2甘部", fmt.Sprintf("已转 %d", cadre.handoff))
	require.NotEqual(t, before["handoffs"], s.books.page("handoffs"))
}

func (s *siege) deliverTo(from, text string) (private, public string) {
	m := s.says(theCadre, "", text)
	m.Session, m.Sender = "t", from
	return s.deliver(m)
}
