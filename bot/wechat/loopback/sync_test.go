package loopback

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"
)

func TestReceive(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	self, messages, _ := loggedIn(t, base)
	groupOf(t, s, self, "room_east")
	lin, _ := s.Handle("wxid_lin")
	east, _ := s.Handle("room_east")

	t.Run("private_text", func(t *testing.T) {
		_, err := s.Say(Words{From: "wxid_lin", Text: "已转\n<a> & 😀"})
		require.NoError(t, err)
		m := next(t, messages)
		require.Equal(t, lin, m.FromUserName)
		require.Equal(t, "已转\n<a> & 😀", m.Content)
	})
	t.Run("group_text_carries_its_sender", func(t *testing.T) {
		_, err := s.Say(Words{From: "wxid_lin", To: "room_east", Text: "大家看\n第二行"})
		require.NoError(t, err)
		m := next(t, messages)
		require.True(t, m.IsSendByGroup())
		require.Equal(t, east, m.FromUserName)
		require.Equal(t, lin+":<br/>大家看<br/>第二行", m.RawContent)
		require.Equal(t, "大家看\n第二行", m.Content)
	})
	t.Run("own_words_from_the_phone_have_no_prefix", func(t *testing.T) {
		_, err := s.Say(Words{From: Self, To: "room_east", Text: "我在手机上说"})
		require.NoError(t, err)
		m := next(t, messages)
		require.True(t, m.IsSendBySelf())
		require.Equal(t, east, m.ToUserName)
		require.Equal(t, "我在手机上说", m.RawContent)
	})
	t.Run("an_unsaved_group_appears_when_it_speaks", func(t *testing.T) {
		_, err := s.Say(Words{From: "wxid_he", To: "room_quiet", Text: "有人吗"})
		require.NoError(t, err)
		sender, err := next(t, messages).Sender()
		require.NoError(t, err)
		require.Equal(t, "没有保存的群", sender.NickName)
	})
	t.Run("who_cannot_speak", func(t *testing.T) {
		for _, w := range []struct {
			words Words
			err   error
		}{
			{Words{From: "nobody", Text: "x"}, ErrUnknown},
			{Words{From: "wxid_passer", Text: "x"}, ErrUnknown},
			{Words{From: "wxid_he", To: "room_east", Text: "x"}, ErrMember},
			{Words{From: "wxid_lin"}, ErrNothing},
		} {
			_, err := s.Say(w.words)
			require.ErrorIs(t, err, w.err)
		}
	})
	require.NoError(t, s.WaitIdle(patient(t)))
	require.Zero(t, s.Pending())
}

func TestGroupNews(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	r := newRaw(t, base)
	r.login()

	require.NoError(t, s.Rename("room_east", "东街群"))
	require.Contains(t, r.synccheck(), `retcode:"0",selector:"2"`)
	out := r.sync()
	require.Equal(t, `"林老师"修改群名为“东街群”`, first(out, "AddMsgList")["Content"])
	require.Equal(t, 10000.0, first(out, "AddMsgList")["MsgType"])
	require.Equal(t, "东街群", first(out, "ModContactList")["NickName"])

	east, _ := s.Handle("room_east")
	require.NoError(t, s.Kick("room_east"))
	out = r.sync()
	require.Equal(t, `你被"林老师"移出群聊`, first(out, "AddMsgList")["Content"])
	require.Equal(t, east, first(out, "DelContactList")["UserName"])
	require.Equal(t, 1, ret(r.text(east, "x", 1)))
	require.ErrorIs(t, s.Kick("room_east"), ErrUnknown)

	require.NoError(t, s.Add(Group{ID: "room_new", Name: "新群", Members: []string{"wxid_he", "wxid_lin"}, Saved: true}))
	require.ErrorIs(t, s.Add(Group{ID: "room_new"}), ErrTaken)
	require.ErrorIs(t, s.Add(Group{ID: "g", Members: []string{"nobody"}}), ErrUnknown)
	out = r.sync()
	require.Equal(t, `"何立春"邀请你加入了群聊，群聊参与人还有：林老师`, first(out, "AddMsgList")["Content"])
	fresh := first(out, "ModContactList")
	require.Equal(t, 3.0, fresh["MemberCount"])
	require.Zero(t, ret(r.text(fresh["UserName"].(string), "大家好", 2)))
	require.Equal(t, "room_new", s.Receipts()[0].To)

	require.NoError(t, s.Add(Group{ID: "room_east"}))
	require.Zero(t, ret(r.text(east, "回来了", 3)))

	require.NoError(t, s.Befriend(Contact{ID: "wxid_passer", Remark: "路"}))
	require.Contains(t, r.synccheck(), `selector:"2"`)
	r.sync()
	require.NoError(t, s.Befriend(Contact{ID: "wxid_passer", Remark: "路人"}))
	require.Contains(t, r.synccheck(), `selector:"4"`)
	require.Equal(t, "路人", first(r.sync(), "ModContactList")["RemarkName"])
}

func first(out map[string]any, list string) map[string]any {
	return out[list].([]any)[0].(map[string]any)
}

func TestSync(t *testing.T) {
	t.Run("a_stale_key_gets_it_all_again", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		stale := r.key
		id, err := s.Say(Words{From: "wxid_lin", Text: "一"})
		require.NoError(t, err)
		require.Equal(t, 1, s.Pending())
		require.Equal(t, id, first(r.sync(), "AddMsgList")["MsgId"])
		require.Zero(t, s.Pending())
		require.Empty(t, r.sync()["AddMsgList"])
		r.key = stale
		require.Equal(t, id, first(r.sync(), "AddMsgList")["MsgId"])
	})
	t.Run("a_new_login_starts_with_what_comes_after_it", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		_, err := s.Say(Words{From: "wxid_lin", Text: "没人听见"})
		require.NoError(t, err)
		require.Zero(t, s.Pending())
		r := newRaw(t, base)
		r.login()
		_, err = s.Say(Words{From: "wxid_lin", Text: "听见了"})
		require.NoError(t, err)
		require.Equal(t, "听见了", first(r.sync(), "AddMsgList")["Content"])
	})
	t.Run("a_held_poll_wakes_for_news_a_kill_and_close", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		polled := func(do func()) string {
			answer := make(chan string)
			go func() { answer <- r.synccheck() }()
			do()
			return next(t, answer)
		}
		require.Contains(t, polled(func() {
			_, err := s.Say(Words{From: "wxid_lin", Text: "醒醒"})
			require.NoError(t, err)
		}), `selector:"2"`)
		r.sync()
		require.Contains(t, polled(func() { s.Kill(1102) }), `retcode:"1102"`)
		require.Equal(t, 1102, ret(r.sync()))
	})
	t.Run("no_news_answers_0_after_the_hold", func(t *testing.T) {
		_, base := start(t, Options{AutoLogin: true, Hold: 1})
		r := newRaw(t, base)
		r.login()
		require.Equal(t, `window.synccheck={retcode:"0",selector:"0"}`, r.synccheck())
	})
	t.Run("nonsense_keys_are_refused", func(t *testing.T) {
		_, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		r.key = map[string]any{"Count": 0, "List": []any{}}
		r.check = r.key
		require.Equal(t, 1, ret(r.sync()))
		require.Contains(t, r.synccheck(), `retcode:"1"`)
	})
}

func TestWaitIdle(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	require.NoError(t, s.WaitIdle(patient(t)), "nobody is logged in")
	bot, _, _ := newBot(t, base)
	var handled atomic.Int64
	bot.MessageHandler = func(*openwechat.Message) { handled.Add(1) }
	require.NoError(t, bot.Login())
	for range 5 {
		_, err := s.Say(Words{From: "wxid_lin", Text: "x"})
		require.NoError(t, err)
	}
	require.NoError(t, s.WaitIdle(patient(t)))
	require.Equal(t, int64(5), handled.Load(), "the client came back only after handling all")

	r := newRaw(t, base)
	r.login()
	_, err := s.Say(Words{From: "wxid_lin", Text: "x"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.WaitIdle(ctx), context.Canceled)
}
