package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/store"
)

// served is an office, a service in this process and a daemon beside.
type served struct {
	*pc
	server *loopback.Server
	d      *background
	beside *store.DB // a window on what the daemon tells
}

func serveOffice(t *testing.T, o loopback.Options) *served {
	s := &served{server: loopback.New(smallTown(), o)}
	address, err := s.server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	s.pc = newOffice(t, fmt.Sprintf(fast, address))
	t.Cleanup(func() { require.NoError(t, s.server.Close()) })
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	s.beside, err = store.Open(t.Context(), filepath.Join(s.dir, "data"), store.Options{Cal: cal})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.beside.Close()) })
	vouch(t, filepath.Join(s.dir, "data"))
	s.d = s.start(nil, "run")
	return s
}

func (s *served) account() accountView { return document[accountView](s.pc, "account") }

func (s *served) becomes(state schedule.AccountState) accountView {
	s.t.Helper()
	eventually(s.t, "the account is "+string(state), func() bool {
		now, err := readSeen(s.t.Context(), s.beside)
		return err == nil && now.State == state
	})
	return s.account()
}

// logins are the calls that a login begins with.
func (s *served) logins() int64 {
	n := s.server.Stats().Requests
	return n["jslogin"] + n["webwxpushloginurl"] + n["webwxinit"] + n["webwxnewloginpage"]
}

func TestRestrictedStays(t *testing.T) {
	t.Parallel()
	s := serveOffice(t, loopback.Options{Seed: 1, AutoLogin: true})
	s.becomes(schedule.AccountOnline)
	s.server.Kill(1102)
	v := s.becomes(schedule.AccountBarred)
	require.Equal(t, "受限", v.Word)
	require.Contains(t, v.Why, "几分钟内")
	require.Contains(t, v.Why, "tongluo account login")
	before := s.logins()
	require.Zero(t, s.d.stop(t))
	s.d = s.start(nil, "run")
	eventually(t, "the next run says so", func() bool {
		return strings.Contains(s.d.said(), "微信受限") || strings.Contains(s.d.said(), "铜锣已启动")
	})
	push := pushNow(s.pc)
	rest(t.Context(), longestNap+longestNap/2) // it has looked twice whether it may
	require.Equal(t, before, s.logins(), "a restart does not log in")
	require.Zero(t, s.server.Stats().Attempts)
	require.Equal(t, exitInput, s.run("account", "change", "--by", "没有这个人").code)
	s.ok("account", "login")
	s.becomes(schedule.AccountOnline)
	require.Greater(t, s.logins(), before)
	eventually(t, "what waited goes", func() bool { return states(s.pc, push.ID)[schedule.Accepted] == 3 })
	require.NotEqual(t, 0, s.run("account", "login").code, "nothing is stopped now")
}

func TestAnotherAccountScans(t *testing.T) { // F13
	t.Parallel()
	s := serveOffice(t, loopback.Options{Seed: 1, AutoLogin: true})
	s.becomes(schedule.AccountOnline)
	s.server.Become(loopback.Account{Uin: 20002, Nickname: "别的号"})
	s.server.Kill(1101)
	v := s.becomes(schedule.AccountBarred)
	require.Contains(t, v.Why, "不是原来那个微信号")
	require.True(t, v.Pinned)
	push := pushNow(s.pc)
	require.Zero(t, s.server.Session(), "logged out")
	require.Zero(t, s.server.Stats().Attempts)
	s.ok("account", "change", "--by", "王办")
	s.becomes(schedule.AccountOnline)
	eventually(t, "the new account sends", func() bool { return states(s.pc, push.ID)[schedule.Accepted] == 3 })
	require.Zero(t, s.d.stop(t), s.d.said())
	require.NotContains(t, s.d.said(), "20002")
}

func TestChangeWhileLoggedIn(t *testing.T) {
	t.Parallel()
	s := serveOffice(t, loopback.Options{Seed: 1, AutoLogin: true})
	require.Equal(t, 1, s.run("account", "change").code, "no account yet, or one that is being pinned")
	s.becomes(schedule.AccountOnline)
	s.server.Become(loopback.Account{Uin: 20002, Nickname: "别的号"})
	s.ok("account", "change")
	eventually(t, "the old one leaves and the new one scans", func() bool {
		st := s.server.Stats()
		return st.Requests["webwxlogout"] == 1 && st.Session == 2
	})
	s.becomes(schedule.AccountOnline)
	require.Zero(t, s.server.Stats().Requests["webwxpushloginurl"], "no phone is asked to be the account that leaves")
	t.Run("also while nobody runs", func(t *testing.T) {
		require.Zero(t, s.d.stop(t), s.d.said())
		s.ok("account", "change")
		s.server.Become(loopback.Account{Uin: 30003, Nickname: "第三个"})
		s.d = s.start(nil, "run")
		eventually(t, "a code for the third", func() bool { return s.server.Session() == 3 })
		s.becomes(schedule.AccountOnline)
	})
}

// The login code is for the eye alone: a file of the office while it waits, a
// picture on the console, no line of a log, and gone after the login.
func TestCodeIsNeverLogged(t *testing.T) {
	t.Parallel()
	s := serveOffice(t, loopback.Options{Seed: 1})
	file := filepath.Join(s.dir, "data", "session", "login.png")
	eventually(t, "a code waits", func() bool { _, err := os.Stat(file); return err == nil })
	v := s.becomes(schedule.AccountNeedsScan)
	require.Equal(t, "等扫码", v.Word)
	code := readCode(t, file)
	require.True(t, strings.HasPrefix(code, "https://login.weixin.qq.com/l/"), code)
	require.NoError(t, s.server.Confirm())
	s.becomes(schedule.AccountOnline)
	require.NoFileExists(t, file)
	secrets := append(keptSecrets(t, s.pc), code, strings.TrimPrefix(code, "https://login.weixin.qq.com/l/"))
	s.server.Kill(1101)
	eventually(t, "the phone is asked", func() bool { return strings.Contains(s.d.said(), "手机上会弹出登录确认") })
	require.NoError(t, s.server.Confirm())
	s.becomes(schedule.AccountOnline)
	secrets = append(secrets, keptSecrets(t, s.pc)...)
	require.Zero(t, s.d.stop(t))
	require.Contains(t, s.d.said(), "微信等扫码")
	require.Contains(t, s.d.said(), "微信在线")
	require.Greater(t, len(secrets), 16)
	for _, secret := range secrets {
		require.NotContains(t, s.d.said(), secret)
	}
}

func readCode(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // only read
	img, err := png.Decode(f)
	require.NoError(t, err)
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	require.NoError(t, err)
	read, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	require.NoError(t, err)
	return read.GetText()
}

// keptSecrets are what the session that is kept on disk holds.
func keptSecrets(t *testing.T, p *pc) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, "data", "session", "loopback", "session.json"))
	require.NoError(t, err)
	var k struct {
		Login   struct{ SKey, WxSid, PassTicket string }
		Base    struct{ DeviceID string }
		Cookies []struct{ Name, Value string }
	}
	require.NoError(t, json.Unmarshal(data, &k))
	out := []string{k.Login.SKey, k.Login.WxSid, k.Base.DeviceID}
	for _, c := range k.Cookies {
		if c.Name != "mm_lang" {
			out = append(out, c.Value)
		}
	}
	for _, s := range out {
		require.Greater(t, len(s), 4)
	}
	return out
}

// What the terminal shows is the code, as a phone would read it off a dark
// screen.
func TestCodeOnTheTerminal(t *testing.T) {
	const code = "https://login.weixin.qq.com/l/4dcaWx3uBw=="
	var out bytes.Buffer
	printCode(&out, code)
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	width := utf8.RuneCountInString(lines[0])
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, width*scale, 2*len(lines)*scale))
	for y, line := range lines {
		for x, r := range []rune(line) {
			upper, lower := r == '█' || r == '▀', r == '█' || r == '▄'
			for i := range scale * scale {
				for half, lit := range []bool{upper, lower} {
					if lit {
						img.SetGray(x*scale+i%scale, (2*y+half)*scale+i/scale, color.Gray{Y: 255})
					}
				}
			}
		}
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	require.NoError(t, err)
	read, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	require.NoError(t, err)
	require.Equal(t, code, read.GetText())
}
