package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot"
)

// F08: one fuzz target for each reply that decides something. FuzzReadSendReply
// and FuzzReadSync are in inbox_test.go.

// seeds are answers and half answers of every call.
var seeds = []string{
	``, `{}`, `null`, `[]`, `<html>`, `{"BaseResponse":{"Ret":0}}`, `{"BaseResponse":{"Ret":1101}}`, `{"BaseResponse":{"Ret":"0"}}`,
	`{"BaseResponse":{"Ret":0},"MediaId":"@crypt_1"}`, `{"BaseResponse":{"Ret":0},"MediaId":5}`,
	`{"BaseResponse":{"Ret":0},"User":{"UserName":"@me","NickName":"铜锣"},"SyncKey":{"Count":-1,"List":[{"Key":1,"Val":2}]},"ChatSet":"@@a,filehelper,@@b","ContactList":[{"UserName":"@@a","NickName":"群"}]}`,
	`{"BaseResponse":{"Ret":0},"Seq":1,"MemberList":[{"UserName":"@@a","NickName":"群<span class=\"emoji emoji1f602\"></span>","MemberCount":-4,"MemberList":[{},7]},{"UserName":"@p","RemarkName":"张三","VerifyFlag":8},null]}`,
	`{"ret":"0","msg":"all ok","uuid":"4dcaWx3uBw=="}`, `{"ret":0,"uuid":""}`, `{"ret":"1203","msg":"x"}`,
	`window.synccheck={retcode:"0",selector:"2"}`, `window.synccheck={retcode:"1101",selector:"0"}`, `window.synccheck={retcode:"99999999999999999999",selector:"7"}`,
	`window.code=200;` + "\n" + `window.redirect_uri="https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=x&uuid=y&scan=1";`,
	`window.code=201;window.userAvatar = 'data:img/jpg;base64,AA';`, `window.code=400;`, `window.code=200;window.redirect_uri="https://evil.example.com/";`, `window.code=200;window.redirect_uri="://";`,
	`<error><ret>0</ret><message></message><skey>@crypt_x</skey><wxsid>s</wxsid><wxuin>155217200</wxuin><pass_ticket>p</pass_ticket><isgrayscale>1</isgrayscale></error>`,
	`<error><ret>1203</ret><message>为了你的帐号安全</message></error>`, `<error><wxuin>-1</wxuin></error>`,
}

func seed(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
}

// zeroRet says that a reply has a Ret and it is 0, by another decoder.
func zeroRet(t *testing.T, data []byte) {
	var r map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // elsewhere in it a number may be beyond any float
	require.NoError(t, d.Decode(&r))
	for name, v := range r {
		if head, ok := v.(map[string]any); ok && strings.EqualFold(name, "BaseResponse") {
			for key, ret := range head {
				number, ok := ret.(json.Number)
				if zero, err := number.Float64(); ok && err == nil && zero == 0 && strings.EqualFold(key, "Ret") {
					return
				}
			}
		}
	}
	require.Fail(t, "taken for a yes", "%s", data)
}

func FuzzReadInit(f *testing.F) {
	seed(f)
	f.Fuzz(checkInit)
}

func checkInit(t *testing.T, data []byte) {
	r, err := readInit(data)
	if err != nil {
		return
	}
	zeroRet(t, data)
	require.True(t, strings.HasPrefix(r.User.UserName, "@"))
	require.Positive(t, r.SyncKey.Count)
	require.Len(t, r.SyncKey.List, r.SyncKey.Count)
}

func FuzzReadUploadReply(f *testing.F) {
	seed(f)
	f.Fuzz(checkUploadReply)
}

func checkUploadReply(t *testing.T, data []byte) {
	id, err := readUploadReply(data)
	require.Equal(t, err != nil, id == "")
	if err == nil {
		zeroRet(t, data)
	}
}

func FuzzReadHead(f *testing.F) {
	seed(f)
	f.Fuzz(checkHead)
}

func checkHead(t *testing.T, data []byte) {
	if readHead(data) == nil {
		zeroRet(t, data)
	}
}

func FuzzReadPush(f *testing.F) {
	seed(f)
	f.Fuzz(checkPush)
}

func checkPush(t *testing.T, data []byte) {
	uuid, err := readPush(data)
	require.Equal(t, err != nil, uuid == "")
}

func FuzzReadLogin(f *testing.F) {
	seed(f)
	f.Fuzz(checkLogin)
}

func checkLogin(t *testing.T, data []byte) {
	var info openwechat.LoginInfo
	if readLogin(data, &info) != nil {
		return
	}
	require.NoError(t, xml.Unmarshal(data, new(struct{})))
	require.Zero(t, info.Ret)
	require.Positive(t, info.WxUin)
	require.NotEmpty(t, info.SKey)
	require.NotEmpty(t, info.WxSid)
}

// parrot answers every call with the same bytes, and does not ask the network.
type parrot []byte

func (p parrot) RoundTrip(q *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(p)), Header: http.Header{}, Request: q}, nil
}

// told is a session whose service answers only that.
func told(t *testing.T, data []byte) *session {
	w, err := New(Options{Dir: "unused", Endpoint: "http://127.0.0.1:1", Unpaced: true})
	require.NoError(t, err)
	s := w.open(t.Context())
	t.Cleanup(s.close)
	s.client.HTTPClient().Transport = parrot(data)
	s.client.Domain = "wx2.qq.com"
	s.init.User = &contact{UserName: "@me"}
	s.key = keyOf(1)
	return s
}

// FuzzPoll: the phone's agreement leads to an account domain or nowhere.
func FuzzPoll(f *testing.F) {
	seed(f)
	f.Fuzz(checkPoll)
}

func checkPoll(t *testing.T, data []byte) {
	s := told(t, data)
	code, page, err := s.poll(t.Context(), "u", "0")
	if err == nil && code == openwechat.LoginCodeSuccess {
		require.NotNil(t, page)
		if s.fetchLogin(t.Context(), page) == nil {
			require.True(t, accountDomain(page.Host))
		}
	}
}

func FuzzSyncCheck(f *testing.F) {
	seed(f)
	f.Fuzz(checkSyncCheck)
}

func checkSyncCheck(t *testing.T, data []byte) {
	s := told(t, data)
	state, err := s.check(t.Context())
	require.Equal(t, err != nil, state == nil || state.Err() != nil)
}

// FuzzContacts: whatever is told about contacts, a room is a room of that handle
// and a friend is none of ours.
func FuzzContacts(f *testing.F) {
	seed(f)
	f.Fuzz(checkContacts)
}

func checkContacts(t *testing.T, data []byte) {
	if len(data) > 1<<16 {
		return
	}
	s := told(t, data)
	if init, err := readInit(data); err == nil {
		s.init.ChatSet, s.init.ContactList = init.ChatSet, init.ContactList
	}
	if s.meet(t.Context()) != nil {
		return
	}
	for _, r := range s.opening().Rooms {
		require.True(t, isRoom(r.Handle))
		require.NotEmpty(t, r.Name)
		require.GreaterOrEqual(t, r.Members, 0)
	}
	for _, p := range s.opening().Friends {
		require.True(t, strings.HasPrefix(p.Handle, "@"))
		require.False(t, isRoom(p.Handle))
		require.NotEqual(t, "@me", p.Handle)
	}
}

// FuzzNews: one fetch, whatever is in it, ends in messages of this session or
// in an error.
func FuzzNews(f *testing.F) {
	seed(f)
	f.Add([]byte(`{"BaseResponse":{"Ret":0},"SyncKey":{"Count":1,"List":[{"Key":1,"Val":9}]},"AddMsgList":[{"MsgId":"1","FromUserName":"@@a","ToUserName":"@me","MsgType":1,"Content":"@p:<br/>已转 12:<br/>x","CreateTime":1},{"MsgId":"2","FromUserName":"@p","MsgType":49,"AppMsgType":6,"MediaId":"m","FileName":"a"},{"MsgId":"3","FromUserName":"@me","MsgType":51,"Content":"&lt;username&gt;a,b&lt;/username&gt;","StatusNotifyUserName":"@p,@q"}],"DelContactList":[{"UserName":"@@a"}]}`))
	f.Fuzz(checkNews)
}

func checkNews(t *testing.T, data []byte) {
	reply, err := readSync(data)
	if err != nil || len(reply.AddMsgList)+len(reply.ModContactList)+len(reply.DelContactList) > inboxSize/8 {
		return
	}
	s := told(t, []byte(`{}`))
	s.line = s.newLine()
	s.nick = nickname
	s.rooms = map[string]bot.Room{"@@a": {Handle: "@@a", Name: "群"}}
	s.friends = map[string]bot.Friend{"@p": {Handle: "@p", Remark: "张三"}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.advance(reply.SyncKey)
	require.Len(t, s.key.List, s.key.Count)
	require.NoError(t, s.deliver(ctx, reply))
	for len(s.t.inbox) > 0 {
		m := <-s.t.inbox
		require.Equal(t, s.line.id, m.Session)
		require.NotEqual(t, "@me", m.Sender)
		require.NotEmpty(t, m.Kind)
		if m.Kind == bot.Other || m.Kind == bot.Picture {
			require.Empty(t, m.Text, "words that decide nothing are dropped")
		}
	}
}
