package loopback

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"
)

// sees checks what the client believes about a send.
type sees func(*testing.T, *openwechat.SentMessage, error)

func network(t *testing.T, _ *openwechat.SentMessage, err error) {
	require.True(t, openwechat.IsNetworkError(err), "%v", err)
}

func syntax(t *testing.T, _ *openwechat.SentMessage, err error) {
	var want *json.SyntaxError
	require.ErrorAs(t, err, &want)
}

func is(want error) sees {
	return func(t *testing.T, _ *openwechat.SentMessage, err error) { require.ErrorIs(t, err, want) }
}

func code(n int) sees { return is(openwechat.Ret(n)) }

func blank(t *testing.T, m *openwechat.SentMessage, err error) {
	require.NoError(t, err)
	require.Empty(t, m.MsgId)
}

func fine(t *testing.T, m *openwechat.SentMessage, err error) {
	require.NoError(t, err)
	require.NotEmpty(t, m.MsgId)
}

// TestSendFaults strikes one send of the real client and looks at both ends:
// what the client believes, and what the group has.
func TestSendFaults(t *testing.T) {
	for _, c := range []struct {
		action   string
		sees     sees
		received int
	}{
		{"cut", network, 0},
		{"lose_reply", network, 1},
		{"502", syntax, 0},
		{"502_processed", syntax, 1},
		{"html", syntax, 0},
		{"empty", is(io.EOF), 0},
		{"empty_processed", is(io.EOF), 1},
		{"{}", blank, 0},
		{"{}_processed", blank, 1},
		{"ret:-1", code(-1), 0},
		{"ret:1205", code(1205), 0},
		{"truncate", is(io.ErrUnexpectedEOF), 1},
		{"delay:1", fine, 1},
		{"throttle", fine, 0},
	} {
		t.Run(c.action, func(t *testing.T) {
			s, base := start(t, Options{AutoLogin: true})
			self, messages, _ := loggedIn(t, base)
			group := groupOf(t, s, self, "room_east")
			require.NoError(t, s.AddFault(Fault{Endpoint: "webwxsendmsg", Action: c.action}))
			sent, err := group.SendText("注意")
			c.sees(t, sent, err)
			require.Len(t, s.Receipts(), c.received)
			require.Equal(t, int64(1), s.Stats().Attempts, "one POST left the client")
			require.Equal(t, int64(1), s.Stats().Faults)
			if c.action == "throttle" {
				m := next(t, messages)
				require.True(t, m.IsSystem())
				require.Equal(t, group.UserName, m.FromUserName)
				require.Equal(t, throttleText, m.Content)
			}
			_, err = self.FileHelper().SendText("之后照常")
			require.NoError(t, err, "the fault strikes once")
		})
	}
}

func TestHang(t *testing.T) {
	for action, received := range map[string]int{"hang": 0, "hang_processed": 1} {
		t.Run(action, func(t *testing.T) {
			s, base := start(t, Options{AutoLogin: true})
			r := newRaw(t, base)
			r.login()
			require.NoError(t, s.AddFault(Fault{Endpoint: "send", Action: action}))
			ctx, giveUp := context.WithCancel(context.Background())
			r.web.Transport = struck{r.web.Transport, ctx}
			failed := make(chan error)
			go func() {
				_, _, err := r.tryPost(plainHost+"webwxsendmsg", map[string]any{"Msg": map[string]any{"Content": "x", "FromUserName": r.self, "ToUserName": FileHelper}})
				failed <- err
			}()
			require.Eventually(t, func() bool { return len(s.Receipts()) == received && s.Stats().Faults == 1 }, patience, time.Millisecond)
			giveUp()
			require.ErrorIs(t, next(t, failed), context.Canceled)
		})
	}
	t.Run("close_ends_it", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Action: "hang"}))
		failed := make(chan error)
		go func() {
			_, err := http.Get(base + "/jslogin")
			failed <- err
		}()
		require.Eventually(t, func() bool { return s.Stats().Faults == 1 }, patience, time.Millisecond)
		require.NoError(t, s.Close())
		require.Error(t, next(t, failed))
	})
}

// struck gives every request a context that the test can end.
type struck struct {
	next http.RoundTripper
	ctx  context.Context
}

func (s struck) RoundTrip(req *http.Request) (*http.Response, error) {
	return s.next.RoundTrip(req.WithContext(s.ctx))
}

func TestUploadFaults(t *testing.T) {
	for action, says := range map[string]string{"media_empty": "upload failed", "ret:1": openwechat.Ret(1).Error(), "cut": "EOF"} {
		t.Run(action, func(t *testing.T) {
			s, base := start(t, Options{AutoLogin: true})
			self, _, _ := loggedIn(t, base)
			group := groupOf(t, s, self, "room_east")
			require.NoError(t, s.AddFault(Fault{Endpoint: "webwxuploadmedia", To: "room_east", Contains: "图.png", Action: action}))
			_, err := group.SendImage(onDisk(t, "图.png", noise(3000, pngSign)))
			require.ErrorContains(t, err, says)
			require.Empty(t, s.Receipts())
			_, err = group.SendImage(onDisk(t, "图.png", noise(3000, pngSign)))
			require.NoError(t, err)
		})
	}
}

func TestSyncFaults(t *testing.T) {
	t.Run("retcode_and_selector", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "synccheck", Action: "selector:7"}, {Endpoint: "synccheck", Nth: 2, Action: "retcode:1203"}}))
		bot, _, failures := newBot(t, base)
		require.NoError(t, bot.Login())
		require.ErrorIs(t, next(t, failures), openwechat.Ret(1203))
		require.Equal(t, int64(1), s.Stats().Requests["webwxsync"], "selector 7 made the client fetch nothing")
	})
	t.Run("html_instead_of_an_answer", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Endpoint: "synccheck", Action: "html"}))
		bot, _, failures := newBot(t, base)
		require.NoError(t, bot.Login())
		require.ErrorContains(t, next(t, failures), "parse sync key failed")
	})
	t.Run("sync_skeleton_spins_the_client", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Endpoint: "webwxsync", Count: 3, Action: "sync_skeleton"}))
		bot, messages, _ := newBot(t, base)
		require.NoError(t, bot.Login())
		_, err := s.Say(Words{From: "wxid_lin", Text: "终于"})
		require.NoError(t, err)
		require.Equal(t, "终于", next(t, messages).Content)
		require.Equal(t, int64(4), s.Stats().Requests["webwxsync"])
	})
	t.Run("bad_sync_has_no_key", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		require.NoError(t, s.AddFault(Fault{Endpoint: "webwxsync", Action: "bad_sync"}))
		out := r.sync()
		require.Equal(t, 1101, ret(out))
		require.NotContains(t, out, "SyncKey")
	})
}

func TestLoginFaults(t *testing.T) {
	t.Run("refused_page", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Endpoint: "webwxnewloginpage", Action: "push_ret:1203"}))
		bot, _, _ := newBot(t, base)
		require.ErrorContains(t, bot.Login(), refusalText)
	})
	t.Run("unknown_codes_are_polled_through", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Endpoint: "login", Count: 5, Action: "code:402"}))
		loggedIn(t, base)
		require.Equal(t, int64(7), s.Stats().Requests["login"])
	})
	t.Run("init_refused", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		require.NoError(t, s.AddFault(Fault{Endpoint: "webwxinit", Action: "ret:1"}))
		bot, _, _ := newBot(t, base)
		require.ErrorIs(t, bot.Login(), openwechat.Ret(1))
	})
	t.Run("blank_and_short_contacts", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		self, _, _ := loggedIn(t, base)
		group := groupOf(t, s, self, "room_east")
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "webwxbatchgetcontact", Action: "blank_contacts"}}))
		require.NoError(t, group.Detail())
		require.Empty(t, group.UserName, "the client overwrote what it knew")
	})
}

func TestFaultMatching(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	r := newRaw(t, base)
	r.login()
	east, _ := s.Handle("room_east")
	west, _ := s.Handle("room_west")
	outcome := func(to, words string) int { return ret(r.text(to, words, "1")) }

	t.Run("by_target_from_the_nth_for_a_count", func(t *testing.T) {
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "send", To: "room_east", Nth: 2, Count: 2, Action: "ret:1205"}}))
		require.Equal(t, []int{0, 0, 1205, 1205, 0, 0}, []int{
			outcome(east, "a"), outcome(west, "a"), outcome(east, "a"), outcome(east, "a"), outcome(west, "a"), outcome(east, "a")})
	})
	t.Run("by_words_for_ever", func(t *testing.T) {
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "send", Contains: "钱", Count: -1, Action: "ret:-2"}}))
		for range 3 {
			require.Equal(t, -2, outcome(east, "转钱"))
			require.Equal(t, 0, outcome(east, "转告"))
		}
	})
	t.Run("the_first_that_is_due_wins", func(t *testing.T) {
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "webwxsendmsg", Action: "ret:11"}, {Endpoint: "send", Count: -1, Action: "ret:12"}}))
		require.Equal(t, []int{11, 12}, []int{outcome(east, "a"), outcome(east, "a")})
	})
	t.Run("nonsense_is_refused_and_changes_nothing", func(t *testing.T) {
		require.NoError(t, s.SetFaults([]Fault{{Endpoint: "send", Count: -1, Action: "ret:12"}}))
		for _, f := range []Fault{{Action: "explode"}, {Action: "ret"}, {Action: "ret:x"}, {Action: "cut:1"}, {Endpoint: "webwxnothing", Action: "cut"}} {
			require.ErrorIs(t, s.AddFault(f), ErrFault)
			require.ErrorIs(t, s.SetFaults([]Fault{f}), ErrFault)
		}
		require.Equal(t, 12, outcome(east, "a"))
	})
	t.Run("latency_ends_with_the_server", func(t *testing.T) {
		require.NoError(t, s.SetFaults(nil))
		s.Latency(time.Millisecond)
		require.Zero(t, outcome(east, "a"))
		s.Latency(time.Hour)
		failed := make(chan error)
		go func() {
			_, _, err := r.tryPost(plainHost+"webwxsendmsg", map[string]any{})
			failed <- err
		}()
		require.NoError(t, s.Close())
		require.Error(t, next(t, failed))
	})
}
