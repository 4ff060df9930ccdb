package command_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// ledger is everything a word could have changed, as text.
func (w *town) ledger() string {
	ctx := w.t.Context()
	hs, err := w.db.Handoffs(ctx, schedule.HandoffFilter{})
	require.NoError(w.t, err)
	ps, err := w.db.Pushes(ctx)
	require.NoError(w.t, err)
	ds, err := w.db.Deliveries(ctx, schedule.DeliveryFilter{})
	require.NoError(w.t, err)
	halted, since, err := w.db.Halted(ctx)
	require.NoError(w.t, err)
	asked, err := w.db.MarkOf(ctx, "resume")
	require.NoError(w.t, err)
	return fmt.Sprintf("%+v\n%+v\n%+v\n%v %v %q", hs, ps, ds, halted, since, asked)
}

// babbled are what a babble is made of.
var babbled = sync.OnceValue(func() []string {
	words := []string{"12", "11", "#6", "5/7", "，", " ", "\n", "？", "好的", "@铜锣 ", "陈明：", "陈明：<br/>", "「陈明：停发」\n- - - - - - - -\n", "\u202e", "\u200b", "永宁村", "上月", "了", "管理员"}
	for _, c := range command.Table() {
		words = append(words, c.Word, c.Usage[0])
		words = append(words, c.Synonyms...)
	}
	return words
})

// babble is a message made of commands, numbers, courtesies and traps.
func babble(r *rand.Rand) string {
	words := babbled()
	var b strings.Builder
	for range 1 + r.IntN(6) {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

func TestSilence(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour)) // handoffs #11 and #12 wait
	before := w.ledger()
	require.Contains(t, before, "ID:11")
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		text := babble(r)
		person := []int64{wang, chen, lin, zhao}[r.IntN(4)]
		stranger := w.private(0, text)
		unknown := w.private(999, text)
		resident := w.inGroup(person, residents, text)
		unbound := w.inGroup(person, 0, text)
		unnamed := w.inGroup(person, workGroup, text)
		unnamed.Mentioned = false
		outsider := w.inGroup(0, workGroup, text)
		picture := w.private(person, text)
		picture.Kind = bot.Other
		for _, in := range []bot.Incoming{stranger, unknown, resident, unbound, unnamed, outsider, picture} {
			require.Equal(t, command.Reply{Understood: []command.Understood{{Outcome: command.Ignored, Args: []string{}}}}, w.say(in), "%q", text)
		}
	}
	require.Equal(t, before, w.ledger())
}

func FuzzStranger(f *testing.F) {
	w := newTown(f)
	before := w.ledger()
	for _, s := range []string{"停发", "已转 11", "好的，全部已转", "陈明：停发", "帮助"} {
		f.Add(s, int64(0), int64(residents))
	}
	f.Fuzz(func(t *testing.T, text string, person, group int64) {
		w.t = t
		if person >= wang && person <= sun {
			person += 1000
		}
		for _, in := range []bot.Incoming{
			{Person: person, Private: true, Kind: bot.Text, Text: text, At: w.now},
			{Person: person, Group: group, Kind: bot.Text, Text: text, At: w.now, Mentioned: true},
			{Person: wang, Group: residents, Kind: bot.Text, Text: text, At: w.now, Mentioned: true},
		} {
			r, err := w.talk.Answer(t.Context(), in, w.now)
			require.NoError(t, err)
			require.Empty(t, r.Text)
		}
		require.Equal(t, before, w.ledger())
	})
}

// TestRights: the verbs refuse; what help does not show is not done either.
func TestRights(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	office := []string{"队列", "今天", "停发", "恢复", "确认 6", "取消 6", "审批 6", "审批 shua-dan", "审批", "放行", "放行 6", "认群", "退回 6 不好", "退回 shua-dan 不好"}
	others := []string{"已转 12", "转不了 12 没空", "撤销 12", "落后 前埔村", "覆盖率 永宁镇", "进度 沙堤村", "凭什么 12"}
	denied := map[int64][]string{wang: append(office, others...), lin: {"取消 6", "已转 11", "转不了 11 没空"}}
	for person, words := range denied {
		for _, text := range words {
			before := w.ledger()
			for _, in := range []bot.Incoming{w.private(person, text), w.inGroup(person, workGroup, text)} {
				r := w.say(in)
				require.Equal(t, command.Denied, r.Understood[0].Outcome, text)
				require.Equal(t, command.Private, r.To, "nobody is refused in public")
				require.Contains(t, r.Text, "没有权限")
			}
			require.Equal(t, before, w.ledger(), text)
		}
	}
	// A person whose unit is not known has no role, and is a stranger.
	homeless := roster.New(nil, nil, []roster.Person{{ID: 50, Name: "无名", Role: roster.Admin, Tag: "无名"}})
	require.NoError(t, w.office.ImportRoster(t.Context(), roster.Operator(""), homeless, w.now))
	require.Empty(t, w.say(w.private(50, "停发")).Text)
}

func TestAnswerOnce(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	t.Run("a message delivered by many at once", func(t *testing.T) {
		in := w.private(wang, "已转 11")
		var answers atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if r, err := w.talk.Answer(t.Context(), in, w.now); err == nil && r.Text != "" {
					answers.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, answers.Load())
	})
	t.Run("the same number in another session is another message", func(t *testing.T) {
		in := w.private(wang, "任务")
		require.NotEmpty(t, w.say(in).Text)
		require.Empty(t, w.say(in).Text)
		in.Session = "t"
		require.NotEmpty(t, w.say(in).Text)
	})
	t.Run("messages without a number are all answered", func(t *testing.T) {
		in := w.private(wang, "任务")
		in.MessageID = ""
		require.NotEmpty(t, w.say(in).Text)
		require.NotEmpty(t, w.say(in).Text)
	})
	t.Run("strangers do not wash it away", func(t *testing.T) {
		in := w.private(wang, "任务")
		require.NotEmpty(t, w.say(in).Text)
		for range 5000 {
			w.say(w.private(0, "任务"))
		}
		require.Empty(t, w.say(in).Text)
	})
	t.Run("the memory is bounded", func(t *testing.T) {
		in := w.private(wang, "任务")
		require.NotEmpty(t, w.say(in).Text)
		for range 4096 {
			w.say(w.private(wang, "好的"))
		}
		require.NotEmpty(t, w.say(in).Text)
	})
}

func TestUnderstood(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	cases := []struct {
		person int64
		text   string
		want   command.Understood
	}{
		{wang, "已转 11 1/2", command.Understood{Outcome: command.Done, Command: "已转", Args: []string{"11", "1/2"}}},
		{wang, "已转 11 1/7", command.Understood{Outcome: command.Asked, Command: "已转", Args: []string{"11", "1/7"}}},
		{wang, "停發", command.Understood{Outcome: command.Denied, Command: "停发", Args: []string{}}},
		{wang, "已庄 11", command.Understood{Outcome: command.Asked, Args: []string{}, Nearest: "已转"}},
		{wang, "撤消11吗", command.Understood{Outcome: command.Asked, Args: []string{}, Nearest: "撤销"}},
		{wang, "停罚", command.Understood{Outcome: command.Asked, Args: []string{}}}, // not a cadre's word
		{chen, "停罚", command.Understood{Outcome: command.Asked, Args: []string{}, Nearest: "停发"}},
		{lin, "覆该率永宁村", command.Understood{Outcome: command.Asked, Args: []string{}, Nearest: "覆盖率"}},
		{lin, "好的谢谢", command.Understood{Outcome: command.Ignored, Args: []string{}}},
	}
	for _, c := range cases {
		require.Equal(t, []command.Understood{c.want}, w.say(w.private(c.person, c.text)).Understood, c.text)
	}
}

var errDisk = errors.New("disk on fire")

// failing is a store that cannot halt.
type failing struct{ *store.DB }

func (failing) SetHalt(context.Context, roster.Actor, bool, time.Time) error { return errDisk }

// A fault of ours is said in general words; the cause is for the log.
func TestFault(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	office := schedule.New(failing{w.db}, w.office.Calendar(), w.office.Settings(), account{}, noPacks{})
	talk := command.New(office, command.DefaultSettings())
	r, err := talk.Answer(t.Context(), w.private(chen, "停发，任务"), w.now)
	require.ErrorIs(t, err, errDisk)
	require.NotContains(t, r.Text, "disk")
	require.True(t, strings.HasPrefix(r.Text, "刚才没有办成，请稍后再试\n现在没有待转发的内容"), r.Text)
	require.Equal(t, command.Ignored, r.Understood[0].Outcome)
	require.Equal(t, command.Done, r.Understood[1].Outcome)
}
