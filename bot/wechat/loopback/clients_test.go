package loopback

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// upload posts a file in the second client's manner: no id, chunks only above
// half a megabyte, a hash only if asked.
func (r *raw) upload(name string, data []byte, withHash bool) (string, int) {
	request := map[string]any{"BaseRequest": map[string]any{"Uin": r.uin, "Sid": r.sid, "Skey": r.skey}, "ClientMediaId": len(name), "TotalLen": len(data), "UploadType": 2}
	if withHash {
		sum := md5.Sum(data)
		request["FileMd5"] = hex.EncodeToString(sum[:])
	}
	chunks := (len(data) + chunkSize - 1) / chunkSize
	var out map[string]any
	for i := range chunks {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		announced, err := json.Marshal(request)
		require.NoError(r.t, err)
		fields := map[string]string{"name": name, "uploadmediarequest": string(announced), "webwx_data_ticket": r.tick}
		if chunks > 1 {
			fields["chunks"], fields["chunk"] = strconv.Itoa(chunks), strconv.Itoa(i)
		}
		for k, v := range fields {
			require.NoError(r.t, form.WriteField(k, v))
		}
		part, err := form.CreateFormFile("filename", name)
		require.NoError(r.t, err)
		_, _ = part.Write(data[i*chunkSize : min((i+1)*chunkSize, len(data))])
		require.NoError(r.t, form.Close())
		_, text, err := r.do(http.MethodPost, "https://file.wx2.qq.com/cgi-bin/mmwebwx-bin/webwxuploadmedia?f=json", form.FormDataContentType(), body.Bytes())
		require.NoError(r.t, err)
		require.NoError(r.t, json.Unmarshal(text, &out))
	}
	return out["MediaId"].(string), ret(out)
}

// TestSecondClient plays what protocol §1.6 says of the other library.
func TestSecondClient(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true, Page: 3})
	r := newRaw(t, base)
	r.login()
	for range 2 {
		out := r.post(plainHost+"webwxstatusnotify", map[string]any{"Code": 3, "FromUserName": r.self, "ToUserName": r.self, "ClientMsgId": 1})
		require.Zero(t, ret(out))
	}
	var entries []any
	for seq := 0.0; ; {
		_, text := r.get(plainHost + "webwxgetcontact?seq=" + strconv.Itoa(int(seq)) + "&skey=" + r.skey)
		var out map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &out))
		entries = append(entries, out["MemberList"].([]any)...)
		if seq = out["Seq"].(float64); seq == 0 {
			break
		}
	}
	require.Len(t, entries, 7)

	east, _ := s.Handle("room_east")
	out := r.text(east, "数字编号", 17000000000000001)
	require.Zero(t, ret(out))
	require.Equal(t, "17000000000000001", out["LocalID"])
	require.IsType(t, "", out["MsgID"])

	for _, data := range [][]byte{noise(900, "GIF89a"), noise(1300<<10, pngSign)} {
		id, code := r.upload("图.gif", data, false)
		require.Zero(t, code)
		out = r.post(plainHost+"webwxsendemoticon?fun=sys", map[string]any{"Msg": map[string]any{"Type": 47, "EmojiFlag": 2, "MediaId": id, "FromUserName": r.self, "ToUserName": east, "ClientMsgId": 18}})
		require.Zero(t, ret(out))
		last := s.Receipts()[len(s.Receipts())-1]
		require.Equal(t, []string{KindEmoticon, hash(data)}, []string{last.Kind, last.MediaSHA256})
		_, got := r.get(plainHost + "webwxgetmsgimg?type=big&skey=" + r.skey + "&MsgID=" + out["MsgID"].(string))
		require.Equal(t, string(data), got)
	}

	_, err := s.Say(Words{From: "wxid_lin", To: "room_east", Text: "好"})
	require.NoError(t, err)
	require.Contains(t, r.synccheck(), `selector:"2"`)
	require.Equal(t, "好", strings.SplitN(first(r.sync(), "AddMsgList")["Content"].(string), ":<br/>", 2)[1])
	require.Equal(t, 6.0, r.check["Count"], "the check key differs from the sync key")
	r.post(plainHost+"webwxrevokemsg", map[string]any{"SvrMsgId": s.Receipts()[0].MsgID, "ToUserName": east, "ClientMsgId": 17000000000000001})
	require.True(t, s.Receipts()[0].Revoked)
}

func TestUpload(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	r := newRaw(t, base)
	r.login()
	data := noise(700<<10, pngSign)
	id, code := r.upload("a.png", data, true)
	require.Zero(t, code)
	sum := md5.Sum(data)
	known := r.post(plainHost+"webwxcheckupload", map[string]any{"FileMd5": hex.EncodeToString(sum[:])})
	require.Equal(t, id, known["MediaId"])
	require.NotEmpty(t, known["Signature"])
	r.tick = "stolen"
	_, code = r.upload("a.png", data[:1000], true)
	require.Equal(t, 1, code)
	require.Equal(t, int64(1), s.Stats().Uploads)
}

func TestManyClients(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	r := newRaw(t, base)
	r.login()
	handles := []string{FileHelper}
	for _, id := range []string{"room_east", "room_west", "wxid_lin"} {
		h, _ := s.Handle(id)
		handles = append(handles, h)
	}
	const clients, each = 100, 5
	var wg sync.WaitGroup
	failures := make(chan string, clients*each)
	for i := range clients {
		wg.Go(func() {
			for j := range each {
				id := fmt.Sprintf("%d-%d", i, j)
				_, text, err := r.tryPost(plainHost+"webwxsendmsg", map[string]any{"Msg": map[string]any{"Content": id, "FromUserName": r.self, "ToUserName": handles[i%len(handles)], "ClientMsgId": id}})
				if err != nil || !strings.Contains(string(text), `"Ret":0`) {
					failures <- id
				}
				if _, err := s.Say(Words{From: "wxid_lin", To: "room_east", Text: id}); err != nil {
					failures <- "say " + id
				}
				s.Stats()
			}
		})
	}
	wg.Wait()
	require.Empty(t, failures)
	st := s.Stats()
	require.Equal(t, []int64{clients * each, clients * each, 0}, []int64{st.Attempts, st.Receipts, st.Duplicates})
	require.Equal(t, clients*each, s.Pending())
	ids := map[string]bool{}
	for i, rec := range s.Receipts() {
		require.Equal(t, i+1, rec.Seq)
		require.False(t, ids[rec.MsgID])
		ids[rec.MsgID] = true
	}
}

// FuzzEndpoints throws bodies and queries at every endpoint of a server with a
// live session; it must answer something and keep its count of receipts right.
func FuzzEndpoints(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[1]", `{"BaseRequest":null}`, `{"BaseRequest":{"Uin":"x"},"SyncKey":{"List":[{"Key":1,"Val":-5}]}}`,
		`{"Msg":{"ToUserName":"filehelper","Content":"x","ClientMsgId":{}}}`, "--b\r\nContent-Disposition: form-data; name=\"filename\"\r\n\r\nx\r\n--b--",
	} {
		f.Add(seed, "seq=-1&synckey=1_9223372036854775807|_|2&uuid=%zz")
	}
	f.Fuzz(func(t *testing.T, body, query string) {
		s := New(readTown(t), Options{AutoLogin: true, Hold: 1})
		defer func() { require.NoError(t, s.Close()) }()
		s.mu.Lock()
		ses := s.openSession()
		s.mu.Unlock()
		require.NoError(t, s.AddFault(Fault{Contains: "never said", Action: "cut"}))
		body = strings.ReplaceAll(body, `"BaseRequest":null`, fmt.Sprintf(`"BaseRequest":{"Uin":%d,"Sid":%q,"Skey":%q}`, s.account.Uin, ses.sid, ses.skey))
		for name, ep := range s.endpoints {
			method, path := http.MethodGet, apiPath+name
			if ep.post {
				method = http.MethodPost
			}
			if name == "jslogin" {
				path = "/jslogin"
			}
			req := httptest.NewRequest(method, path, strings.NewReader(body))
			req.URL.RawQuery = query
			req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			req.Header.Set("Cookie", fmt.Sprintf("wxsid=%s; wxuin=%d", ses.sid, s.account.Uin))
			w := httptest.NewRecorder()
			s.ServeHTTP(w, req)
			require.NotZero(t, w.Code)
		}
		require.Equal(t, int64(len(s.Receipts())), s.Stats().Receipts)
	})
}

// BenchmarkSend is one text through the handler, without sockets.
func BenchmarkSend(b *testing.B) {
	s := New(readTown(b), Options{})
	s.mu.Lock()
	ses := s.openSession()
	s.mu.Unlock()
	body := fmt.Sprintf(`{"BaseRequest":{"Uin":%d,"Sid":%q,"Skey":%q,"DeviceID":"e1"},"Msg":{"Type":1,"Content":%q,"FromUserName":%q,"ToUserName":%q,"LocalID":"1","ClientMsgId":"1"},"Scene":0}`,
		s.account.Uin, ses.sid, ses.skey, strings.Repeat("反诈", 100), ses.self, ses.handle["room_east"])
	cookie := fmt.Sprintf("wxsid=%s; wxuin=%d", ses.sid, s.account.Uin)
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodPost, apiPath+"webwxsendmsg", strings.NewReader(body))
		req.Header.Set("Cookie", cookie)
		s.ServeHTTP(httptest.NewRecorder(), req)
	}
	require.Equal(b, int(s.Stats().Attempts), len(s.Receipts()))
}
