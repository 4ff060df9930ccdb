package loopback

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"image/png"
	"path"
	"strconv"
	"strings"
	"time"
)

// Message types of the service (protocol §1.3).
const (
	typeText   = 1
	typeImage  = 3
	typeVideo  = 43
	typeApp    = 49
	typeSystem = 10000
)

// message is something said to, or on the phone by, the account. chat is the
// permanent id of the group or person it shows under; from is Self, a contact,
// or "" for the service itself.
type message struct {
	id    string
	chat  string
	from  string
	kind  int
	text  string
	media string
	link  string
	named string // the client's id, of an echo that carries it
	at    time.Time
}

// wireMessage is a message as webwxsync carries it. MsgId and FileSize are
// strings and NewMsgId a number: clients are strict about it.
type wireMessage struct {
	MsgId                string
	FromUserName         string
	ToUserName           string
	MsgType              int
	Content              string
	Status               int
	ImgStatus            int
	CreateTime           int64
	VoiceLength          int
	PlayLength           int
	FileName             string
	FileSize             string
	MediaId              string
	Url                  string
	AppMsgType           int
	StatusNotifyCode     int
	StatusNotifyUserName string
	RecommendInfo        wireRecommend
	ForwardFlag          int
	AppInfo              struct {
		AppID string
		Type  int
	}
	HasProductId  int
	Ticket        string
	ImgHeight     int
	ImgWidth      int
	SubMsgType    int
	NewMsgId      int64
	OriContent    string
	EncryFileName string
	ClientMsgId   string `json:",omitempty"`
}

type wireRecommend struct {
	UserName, NickName      string
	QQNum                   int64
	Province, City, Content string
	Signature, Alias        string
	Scene, VerifyFlag       int
	AttrStatus              int64
	Sex                     int
	Ticket                  string
	OpCode                  int
}

// newMsgID counts over the life of the server. The lock is held.
func (s *Server) newMsgID() string {
	s.lastMsgID++
	return strconv.FormatInt(s.lastMsgID, 10)
}

// render puts the session's handles into a message. False when the session
// never knew the chat. The lock is held.
func (s *Server) render(ses *session, m *message) (wireMessage, bool) {
	chat, ok := ses.handle[m.chat]
	if !ok {
		return wireMessage{}, false
	}
	number, _ := strconv.ParseInt(m.id, 10, 64)
	w := wireMessage{MsgId: m.id, NewMsgId: number, FromUserName: chat, ToUserName: ses.self, MsgType: m.kind, Status: 3, ImgStatus: 1, CreateTime: m.at.Unix()}
	if m.from == Self {
		w.FromUserName, w.ToUserName, w.ClientMsgId = ses.self, chat, m.named
	}
	w.Content = wireText(m.text)
	if m.kind != typeText && m.kind != typeSystem {
		s.renderMedia(&w, m)
	}
	if m.kind == typeSystem {
		w.Content = wireEmoji(m.text)
	} else if _, group := s.groups[m.chat]; group && m.from != Self {
		w.Content = ses.handle[m.from] + ":<br/>" + w.Content
	}
	return w, true
}

func (s *Server) renderMedia(w *wireMessage, m *message) {
	item := s.media.items[m.media]
	data := s.media.blobs[item.sha]
	switch m.kind {
	case typeImage:
		w.ImgStatus = 2
		w.ImgWidth, w.ImgHeight = pictureSize(data)
		w.Content = escapeXML(fmt.Sprintf("<?xml version=\"1.0\"?>\n<msg>\n\t<img aeskey=\"\" cdnthumburl=\"\" length=\"%d\" md5=\"%s\" />\n</msg>\n", len(data), item.md5))
	case typeVideo:
		w.PlayLength = 10
		w.Content = escapeXML(fmt.Sprintf("<?xml version=\"1.0\"?>\n<msg>\n\t<videomsg playlength=\"10\" length=\"%d\" md5=\"%s\" />\n</msg>\n", len(data), item.md5))
	case typeApp:
		if m.link != "" {
			renderLink(w, m)
			return
		}
		ext := strings.TrimPrefix(path.Ext(item.name), ".")
		w.AppMsgType, w.FileName, w.FileSize, w.MediaId, w.EncryFileName = 6, item.name, strconv.Itoa(len(data)), m.media, item.name
		w.Content = escapeXML(fmt.Sprintf("<msg><appmsg appid=\"wxeb7ec651dd0aefa9\" sdkver=\"\"><title>%s</title><type>6</type><appattach><totallen>%d</totallen><attachid>%s</attachid><fileext>%s</fileext></appattach></appmsg></msg>",
			escapeXML(item.name), len(data), m.media, ext))
	}
}

// renderLink fills in a link card: its title stands where a file's name does.
func renderLink(w *wireMessage, m *message) {
	w.AppMsgType, w.FileName, w.Url = 5, escapeXML(m.text), escapeXML(m.link)
	w.Content = escapeXML(fmt.Sprintf("<msg><appmsg appid=\"\" sdkver=\"0\"><title>%s</title><des></des><type>5</type><url>%s</url></appmsg></msg>",
		escapeXML(m.text), escapeXML(m.link)))
}

// escapeXML is the service's escaping of XML inside Content: line ends become
// <br/>, quotation marks stay.
func escapeXML(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return strings.ReplaceAll(s, "\n", "<br/>")
}

// pictureSize is 0, 0 for what is neither PNG nor JPEG.
func pictureSize(data []byte) (width, height int) {
	if c, err := png.DecodeConfig(bytes.NewReader(data)); err == nil {
		return c.Width, c.Height
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err == nil {
		return c.Width, c.Height
	}
	return 0, 0
}
