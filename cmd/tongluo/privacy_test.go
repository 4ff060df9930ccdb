package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// Canaries: 鹿鸣 is in every name and word of this office, 1398765 in every
// phone number.
const (
	canaryName  = "鹿鸣"
	canaryPhone = "1398765"
	canaryWord  = "鹿鸣闲话"
)

func canaryTown() loopback.Town {
	town := loopback.Town{Account: loopback.Account{Uin: 155217200, Nickname: "铜锣"},
		Contacts: []loopback.Contact{{ID: "keeper", Nickname: "鹿鸣昵称甲", Remark: "鹿鸣张-01"}, {ID: "stranger", Nickname: "鹿鸣昵称乙"}, {ID: "resident", Nickname: "鹿鸣昵称丙"}},
		Groups: []loopback.Group{{ID: "g1", Name: "便民群1", Members: []string{"keeper", "resident"}, Saved: true},
			{ID: "g2", Name: "便民群2", Members: []string{"keeper", "resident"}, Saved: true}}}
	for i := range 12 { // enough for a group to be known again by them
		id := fmt.Sprint("more", i)
		town.Contacts = append(town.Contacts, loopback.Contact{ID: id, Nickname: "鹿鸣居民" + id})
		town.Groups[i%2].Members = append(town.Groups[i%2].Members, id)
	}
	return town
}

const canarySheet = `单位,上级单位,群名称,群类型,对象,负责人,联系电话,角色,标记
永宁镇,,,,,鹿鸣王,13987650002,办公室,鹿鸣王-02
永宁村,永宁镇,便民群1,便民群,居民,鹿鸣张,13987650001,干部,鹿鸣张-01
永宁村,永宁镇,便民群2,便民群,居民,鹿鸣张,13987650001,干部,鹿鸣张-01
永宁村,永宁镇,看不见的群,便民群,居民,鹿鸣张,13987650001,干部,鹿鸣张-01
`

// newCanaries is an office of canaries with its daemon not yet started.
func newCanaries(t *testing.T) *siege {
	t.Helper()
	s := &siege{t: t, p: newPC(t), chat: map[int64]string{}}
	s.server = loopback.New(canaryTown(), loopback.Options{Seed: 1, AutoLogin: true})
	address, err := s.server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.server.Close()) })
	besiege(t, s.p.dir, 0, address)
	s.p.file("canaries.csv", canarySheet)
	s.p.ok("roster", "import", "canaries.csv")
	vouch(t, filepath.Join(s.p.dir, "data"))
	s.engine = func() *exec.Cmd { return s.p.command("run") }
	return s
}

// secrets are what the session can be taken over by: as its file has them.
func secrets(t *testing.T, s *siege) (all []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.p.dir, "data", "session", "loopback", "session.json"))
	require.NoError(t, err)
	var kept struct {
		Login   map[string]any
		Base    map[string]any
		Cookies []struct{ Name, Value string }
	}
	require.NoError(t, json.Unmarshal(data, &kept))
	for _, from := range []map[string]any{kept.Login, kept.Base} {
		for _, v := range from {
			if text, ok := v.(string); ok && len(text) >= 8 {
				all = append(all, text)
			}
		}
	}
	for _, c := range kept.Cookies {
		if len(c.Value) >= 8 && c.Name != "wxuin" && c.Name != "wxloadtime" { // the account is pinned, and a second is no secret
			all = append(all, c.Value)
		}
	}
	require.Greater(t, len(all), 5, "the session has secrets")
	return all
}

// live is a day of the office: a login, a push with every sort of trouble, people
// who speak, a kill, another login, an end.
func (s *siege) live() (said string, keys []string) {
	t := s.t
	t.Helper()
	b := s.start()
	require.True(t, s.until(20*time.Second, func() bool { return s.server.Stats().Logins == 1 && s.seen() }), b.said())
	keys = secrets(t, s)
	speak := func(from, to, text string, image []byte) {
		_, err := s.server.Say(loopback.Words{From: from, To: to, Text: text, Image: image})
		require.NoError(t, err)
	}
	require.NoError(t, s.server.SetFaults([]loopback.Fault{
		{Endpoint: "webwxuploadmedia", Action: "cut"}, {Endpoint: "webwxsendmsg", Nth: 2, Action: "lose_reply"},
		{Endpoint: "synccheck", Count: 3, Action: "cut"}, {Endpoint: "webwxsync", Nth: 2, Action: "502"}, {Endpoint: "webwxgetmsgimg", Action: "cut", Count: -1}}))
	s.push()
	speak("resident", "g1", canaryWord+"一", nil)
	speak("resident", "g2", "", append(smallPicture(t, "x"), []byte(canaryWord+"图")...))
	speak("stranger", "", canaryWord+"二 停发", nil)
	speak("keeper", "", canaryWord+"三", nil)
	speak("keeper", "", "任务", nil)
	speak("keeper", "", "反馈 鹿鸣反馈", nil)
	require.True(t, s.until(20*time.Second, func() bool {
		return s.attempts() >= 4 && s.told() >= 2 && strings.Contains(b.said(), "no news")
	}), b.said())
	s.kill(b)
	b = s.start()
	require.True(t, s.until(20*time.Second, s.seen), b.said())
	s.server.Kill(1101)
	require.True(t, s.until(30*time.Second, func() bool { return s.server.Stats().Logins >= 2 && s.seen() }), b.said())
	keys = append(keys, secrets(t, s)...)
	require.Zero(t, b.stop(t), b.said())
	all, err := filepath.Glob(filepath.Join(s.p.dir, "stderr*"))
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, name := range all {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		said += string(text)
	}
	return said, keys
}

// seen reports whether the present session knows both groups.
func (s *siege) seen() bool { return document[schedule.RoomList](s.p, "roster", "bindings").Bound == 2 }

// told counts what persons were sent.
func (s *siege) told() (n int) {
	for _, r := range s.server.Receipts() {
		if r.To == "keeper" {
			n++
		}
	}
	return n
}

// F37: names, phones, words and what a session can be taken over by are nowhere
// but where they belong.
func TestPrivacy(t *testing.T) {
	s := newCanaries(t)
	said, keys := s.live()
	for i := range 2 {
		h, ok := s.server.Handle(fmt.Sprint("g", i+1))
		require.True(t, ok)
		require.NotContains(t, said, h, "log")
	}
	for _, secret := range append(keys, canaryName, canaryPhone, "qrlogin", "login.weixin.qq.com/l/") {
		require.NotContains(t, said, secret, "log")
	}
	require.Contains(t, said, "no news", "there was trouble with a call whose address holds secrets")
	ds := document[[]schedule.DeliveryView](s.p, "deliveries")
	require.NotEmpty(t, ds)
	for _, command := range []string{"deliveries", "queue", "coverage", "behind"} {
		out := s.p.ok(command, "--json")
		require.NotContains(t, out, canaryPhone, command)
		require.NotContains(t, out, canaryWord, command)
		for _, secret := range keys {
			require.NotContains(t, out, secret, command)
		}
	}
	files := 0
	data := filepath.Join(s.p.dir, "data")
	require.NoError(t, filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		inside, err := filepath.Rel(data, path)
		require.NoError(t, err)
		require.NotContains(t, inside, canaryPhone)
		require.NotContains(t, inside, canaryName, "names are in files, not in their names")
		if e.IsDir() || strings.HasPrefix(inside, "session") {
			return nil
		}
		files++
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.False(t, bytes.Contains(content, []byte(canaryWord)), "%s keeps what is no command", inside)
		require.False(t, bytes.Contains(content, []byte("鹿鸣昵称")), "%s keeps a nickname", inside)
		for _, secret := range keys {
			require.False(t, bytes.Contains(content, []byte(secret)), "%s keeps a secret of the session", inside)
		}
		return nil
	}))
	require.Positive(t, files)
	db, err := os.ReadFile(filepath.Join(data, "tongluo.db"))
	require.NoError(t, err)
	require.True(t, bytes.Contains(db, []byte(canaryPhone)), "where it belongs it is")
}
