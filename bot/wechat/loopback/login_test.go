package loopback

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"
)

func TestLogin(t *testing.T) {
	t.Run("scan_then_confirm_calls_the_callbacks", func(t *testing.T) {
		s, base := start(t, Options{})
		bot, _, _ := newBot(t, base)
		var steps []string
		bot.UUIDCallback = func(uuid string) {
			steps = append(steps, "code")
			require.NotEmpty(t, uuid)
			require.NoError(t, s.Scan())
		}
		bot.ScanCallBack = func(body openwechat.CheckLoginResponse) {
			steps = append(steps, "scanned")
			avatar, err := body.Avatar()
			require.NoError(t, err)
			require.Contains(t, avatar, "data:img/jpg;base64,")
			require.NoError(t, s.Confirm())
		}
		bot.LoginCallBack = func(openwechat.CheckLoginResponse) { steps = append(steps, "in") }
		require.NoError(t, bot.Login())
		require.Equal(t, []string{"code", "scanned", "in"}, steps)
		require.Equal(t, 1, s.Session())
		self, err := bot.GetCurrentUser()
		require.NoError(t, err)
		require.Equal(t, "平安小助手", self.NickName)
	})
	t.Run("expired_code", func(t *testing.T) {
		s, base := start(t, Options{})
		bot, _, _ := newBot(t, base)
		bot.UUIDCallback = func(string) { require.NoError(t, s.Expire()) }
		require.ErrorIs(t, bot.Login(), openwechat.ErrLoginTimeout)
		require.ErrorIs(t, s.Confirm(), ErrNoCode)
	})
	t.Run("refused_until_allowed", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		s.Refuse()
		bot, _, _ := newBot(t, base)
		require.ErrorContains(t, bot.Login(), "不能登录网页微信")
		require.Zero(t, s.Session())
		s.Allow()
		loggedIn(t, base)
		require.Equal(t, 1, s.Session())
	})
}

func TestLoginCode(t *testing.T) {
	t.Run("ignored_polls_say_408_until_allowed", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true, Hold: 1})
		s.Ignore()
		r := newRaw(t, base)
		_, text := r.get("https://login.wx.qq.com/jslogin")
		poll := "https://login.wx.qq.com/cgi-bin/mmwebwx-bin/login?uuid=" + find(t, `uuid = "(.+)==";`, text) + "%3D%3D"
		for range 3 {
			_, text = r.get(poll)
			require.Equal(t, "window.code=408;", text)
		}
		s.Allow()
		_, text = r.get(poll)
		require.Contains(t, text, "window.code=201;")
	})
	t.Run("a_code_works_once", func(t *testing.T) {
		_, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		_, text := r.get("https://login.wx.qq.com/jslogin")
		poll := "https://login.wx.qq.com/cgi-bin/mmwebwx-bin/login?uuid=" + find(t, `uuid = "(.+)==";`, text) + "%3D%3D"
		r.get(poll)
		_, text = r.get(poll)
		page := find(t, `window.redirect_uri="(.*?)"`, text)
		r.enter(page)
		_, text = r.get(page)
		require.Equal(t, "1", find(t, "<ret>(.*)</ret>", text))
	})
}

// keepCookies is a hot storage that survives the client's own dump, which
// drops the domains (protocol §1.5).
type keepCookies struct {
	last json.RawMessage
	data bytes.Buffer
}

func (k *keepCookies) Read(p []byte) (int, error) { return k.data.Read(p) }

func (k *keepCookies) Write(p []byte) (int, error) {
	var item map[string]json.RawMessage
	if err := json.Unmarshal(p, &item); err != nil {
		return 0, err
	}
	var jar map[string][]*http.Cookie
	if err := json.Unmarshal(item["Jar"], &jar); err != nil {
		return 0, err
	}
	if len(jar) > 0 {
		for _, list := range jar {
			for _, c := range list {
				c.Domain, c.Path = "wx2.qq.com", "/"
			}
		}
		k.last, _ = json.Marshal(jar)
	}
	item["Jar"] = k.last
	k.data.Reset()
	return len(p), json.NewEncoder(&k.data).Encode(item)
}

// copy is a storage of its own that holds what was dumped.
func (k *keepCookies) copy(dumped []byte) *keepCookies {
	return &keepCookies{last: k.last, data: *bytes.NewBuffer(bytes.Clone(dumped))}
}

func TestHotLogin(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	storage := &keepCookies{}
	first, messages, failures := newBot(t, base)
	require.NoError(t, first.HotLogin(storage, openwechat.NewRetryLoginOption()))
	before, ok := s.Handle("room_east")
	require.True(t, ok)
	_, err := s.Say(Words{From: "wxid_he", Text: "一"})
	require.NoError(t, err)
	require.Equal(t, "一", next(t, messages).Content)
	dumped := bytes.Clone(storage.data.Bytes())

	again, _, _ := newBot(t, base)
	require.NoError(t, again.HotLogin(storage.copy(dumped)))
	require.Equal(t, 1, s.Session())
	same, _ := s.Handle("room_east")
	require.Equal(t, before, same)

	s.Kill(1101)
	require.ErrorIs(t, next(t, failures), openwechat.Ret(1101))
	dead, _, _ := newBot(t, base)
	require.ErrorIs(t, dead.HotLogin(storage.copy(dumped)), openwechat.Ret(1101))

	fresh, _, _ := newBot(t, base)
	require.NoError(t, fresh.Login())
	after, _ := s.Handle("room_east")
	require.NotEqual(t, before, after)
	require.Equal(t, 2, s.Session())
}

func TestPushLogin(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	storage := &keepCookies{}
	first, _, _ := newBot(t, base)
	require.NoError(t, first.HotLogin(storage, openwechat.NewRetryLoginOption()))
	s.Kill(1100)
	again, _, _ := newBot(t, base)
	require.NoError(t, again.PushLogin(storage))
	require.Equal(t, 2, s.Session())
}

func TestSession(t *testing.T) {
	t.Run("cookies_are_required", func(t *testing.T) {
		_, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		jar := r.web.Jar
		r.web.Jar = nil
		require.Equal(t, 1100, ret(r.post(plainHost+"webwxinit", map[string]any{})))
		r.web.Jar = jar
		require.Zero(t, ret(r.post(plainHost+"webwxinit", map[string]any{})))
		r.sid = "other"
		require.Equal(t, 1101, ret(r.post(plainHost+"webwxinit", map[string]any{})))
	})
	t.Run("a_second_login_ends_the_first", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		one, two := newRaw(t, base), newRaw(t, base)
		one.login()
		old, _ := s.Handle("room_east")
		two.login()
		require.Equal(t, 1101, ret(one.text(old, "x", "1")))
		require.Equal(t, 1, ret(two.text(old, "x", "1")), "a handle of the login before is unknown")
		require.Empty(t, s.Receipts())
	})
	t.Run("logout_ends_it", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		resp, _, err := r.do(http.MethodPost, plainHost+"webwxlogout?type=0", "", nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusMovedPermanently, resp.StatusCode)
		require.Zero(t, s.Session())
		require.Contains(t, r.synccheck(), `retcode:"1100"`)
	})
	t.Run("same_seed_same_handles", func(t *testing.T) {
		var handles []string
		for _, seed := range []int64{7, 7, 8} {
			s, base := start(t, Options{AutoLogin: true, Seed: seed})
			newRaw(t, base).login()
			h, ok := s.Handle("room_east")
			require.True(t, ok)
			require.Regexp(t, `^@@[0-9a-f]{64}$`, h)
			handles = append(handles, h)
		}
		require.Equal(t, handles[0], handles[1])
		require.NotEqual(t, handles[0], handles[2])
	})
	t.Run("the_wrong_host_is_not_served", func(t *testing.T) {
		_, base := start(t, Options{AutoLogin: true})
		resp, _ := newRaw(t, base).get("https://wx2.qq.com/jslogin")
		require.Equal(t, http.StatusNotFound, resp.StatusCode)
	})
}
