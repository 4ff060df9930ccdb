package loopback

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"
)

// noise is a file of n bytes with a real signature in front, so that the
// client's sniffing names it right.
func noise(n int, signature string) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{1, byte(n)})
	_, _ = src.Read(b)
	copy(b, signature)
	return b
}

const pngSign, mp4Sign = "\x89PNG\r\n\x1a\n", "\x00\x00\x00\x18ftypmp42"

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// onDisk writes a file under its display name and opens it, the one way the
// client keeps a name.
func onDisk(t *testing.T, name string, data []byte) *os.File {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestContacts(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true, Page: 2})
	self, _, _ := loggedIn(t, base)
	members, err := self.Members(true)
	require.NoError(t, err)
	require.Len(t, members, 7, "self, three friends and three saved groups, over four pages")
	require.Equal(t, int64(4), s.Stats().Requests["webwxgetcontact"])

	friends, err := self.Friends()
	require.NoError(t, err)
	remarks := map[string]string{}
	for _, f := range friends {
		remarks[f.NickName] = f.RemarkName
	}
	require.Equal(t, "林老师", remarks["林小满"])
	require.Contains(t, remarks, "周 & 周😀")
	require.NotContains(t, remarks, "路人甲")

	groups, err := self.Groups()
	require.NoError(t, err)
	require.Len(t, groups.SearchByNickName(0, "西街邻里群"), 2, "two groups may share a name")
	require.Empty(t, groups.SearchByNickName(0, "没有保存的群"))

	east := groupOf(t, s, self, "room_east")
	require.Zero(t, east.MemberCount)
	inside, err := east.Members()
	require.NoError(t, err)
	require.Len(t, inside, 4)
	require.Equal(t, self.UserName, inside.First().UserName)
}

func TestSend(t *testing.T) {
	t.Run("text", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		self, _, _ := loggedIn(t, base)
		sent, err := groupOf(t, s, self, "room_east").SendText("第一行\n<b>&\"")
		require.NoError(t, err)
		got := s.Receipts()
		require.Len(t, got, 1)
		require.Equal(t, Receipt{Seq: 1, To: "room_east", Kind: KindText, Text: "第一行\n<b>&\"", ClientMsgID: sent.ClientMsgId,
			LocalID: sent.LocalID, MsgID: sent.MsgId, Login: 1, At: got[0].At}, got[0])
	})
}

func TestSendMedia(t *testing.T) {
	for _, media := range []struct {
		name   string
		size   int
		sign   string
		kind   string
		chunks int64
	}{
		{"小图.png", 200 << 10, pngSign, KindImage, 1},
		{"大图.png", 1200 << 10, pngSign, KindImage, 3},
		{"通知.docx", 40 << 10, "PK\x03\x04", KindFile, 1},
		{"短片.mp4", 600 << 10, mp4Sign, KindVideo, 2},
		{"大件.zip", 26 << 20, "PK\x03\x04", KindFile, 52},
	} {
		t.Run(media.kind+"_"+media.name, func(t *testing.T) {
			s, base := start(t, Options{AutoLogin: true})
			self, _, _ := loggedIn(t, base)
			data := noise(media.size, media.sign)
			group := groupOf(t, s, self, "room_west")
			send := map[string]func() (*openwechat.SentMessage, error){
				KindImage: func() (*openwechat.SentMessage, error) { return group.SendImage(onDisk(t, media.name, data)) },
				KindFile:  func() (*openwechat.SentMessage, error) { return group.SendFile(onDisk(t, media.name, data)) },
				KindVideo: func() (*openwechat.SentMessage, error) { return group.SendVideo(onDisk(t, media.name, data)) },
			}[media.kind]
			_, err := send()
			require.NoError(t, err)
			got := s.Receipts()
			require.Len(t, got, 1)
			require.Equal(t, media.kind, got[0].Kind)
			require.Equal(t, media.name, got[0].MediaName)
			require.Equal(t, hash(data), got[0].MediaSHA256)
			arrived, ok := s.Media(got[0].MediaSHA256)
			require.True(t, ok)
			require.True(t, bytes.Equal(data, arrived))
			st := s.Stats()
			require.Equal(t, []int64{1, media.chunks, int64(media.size)}, []int64{st.Uploads, st.Chunks, st.BytesUp})
		})
	}
}

func TestSendRules(t *testing.T) {
	t.Run("same_client_id_twice_is_a_duplicate", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		east, _ := s.Handle("room_east")
		west, _ := s.Handle("room_west")
		for _, to := range []string{east, west, east} {
			require.Zero(t, ret(r.text(to, "x", "17")))
		}
		require.Zero(t, ret(r.text(east, "x", "")))
		require.Zero(t, ret(r.text(east, "x", "")))
		st := s.Stats()
		require.Equal(t, []int64{5, 5, 1}, []int64{st.Attempts, st.Receipts, st.Duplicates})
	})
	t.Run("refuses_self_strangers_and_the_unknown", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		stranger, _ := s.Handle("wxid_passer")
		require.Equal(t, 1204, ret(r.text(r.self, "x", 1)))
		require.Equal(t, 1, ret(r.text(stranger, "x", 1)))
		require.Equal(t, 1, ret(r.text("@@nobody", "x", 1)))
		require.Equal(t, 1, ret(r.text(FileHelper, "", 1)))
		require.Zero(t, ret(r.text(FileHelper, "x", 1)))
		require.Len(t, s.Receipts(), 1)
	})
	t.Run("link_cards_are_blocked", func(t *testing.T) {
		s, base := start(t, Options{AutoLogin: true})
		r := newRaw(t, base)
		r.login()
		out := r.post(plainHost+"webwxsendappmsg", map[string]any{"Msg": map[string]any{
			"Content": "<appmsg><type>5</type><title>x</title><url>http://a</url></appmsg>", "FromUserName": r.self, "ToUserName": FileHelper}})
		require.Equal(t, -1, ret(out))
		require.Empty(t, s.Receipts())
	})
}

func TestRevoke(t *testing.T) {
	var later atomic.Int64
	s, base := start(t, Options{AutoLogin: true, Now: func() time.Time {
		return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(time.Duration(later.Load()))
	}})
	self, _, _ := loggedIn(t, base)
	group := groupOf(t, s, self, "room_east")
	sent, err := group.SendText("说错了")
	require.NoError(t, err)
	require.NoError(t, self.RevokeMessage(sent))
	require.True(t, s.Receipts()[0].Revoked)
	require.ErrorIs(t, self.RevokeMessage(sent), openwechat.Ret(1), "only once")

	r := newRaw(t, base)
	r.login()
	handle, _ := s.Handle("room_east")
	id := r.text(handle, "太晚了", "5")["MsgID"]
	later.Store(int64(revokeWindow + time.Second))
	require.Equal(t, 1, ret(r.post(plainHost+"webwxrevokemsg", map[string]any{"SvrMsgId": id, "ToUserName": handle, "ClientMsgId": "5"})))
	require.False(t, s.Receipts()[1].Revoked)
}

func TestDownload(t *testing.T) {
	s, base := start(t, Options{AutoLogin: true})
	_, messages, _ := loggedIn(t, base)
	image, file := noise(9000, pngSign), noise(700, "%PDF-1.4")
	_, err := s.Say(Words{From: "wxid_lin", To: "room_east", Image: image})
	require.NoError(t, err)
	_, err = s.Say(Words{From: "wxid_lin", File: file, Name: "回执 & 说明.pdf"})
	require.NoError(t, err)
	_, err = s.Say(Words{From: "wxid_he", Video: noise(500, mp4Sign)})
	require.NoError(t, err)

	picture := next(t, messages)
	require.True(t, picture.IsPicture())
	require.Equal(t, image, saved(t, picture))
	attachment := next(t, messages)
	require.True(t, attachment.HasFile())
	require.Equal(t, "回执 & 说明.pdf", attachment.FileName)
	data, err := attachment.MediaData()
	require.NoError(t, err)
	require.Equal(t, "回执 & 说明.pdf", data.AppMsg.Title)
	require.Equal(t, file, saved(t, attachment))
	video := next(t, messages)
	require.True(t, video.IsVideo())
	require.Equal(t, noise(500, mp4Sign), saved(t, video))
}

func saved(t *testing.T, m *openwechat.Message) []byte {
	var b bytes.Buffer
	require.NoError(t, m.SaveFile(&b))
	return b.Bytes()
}
