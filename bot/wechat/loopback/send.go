package loopback

import (
	"encoding/json"
	"encoding/xml"
	"time"
)

// Kinds of a receipt.
const (
	KindText     = "text"
	KindImage    = "image"
	KindVideo    = "video"
	KindFile     = "file"
	KindEmoticon = "emoticon"
)

// revokeWindow is how long a message can be taken back.
const revokeWindow = 2 * time.Minute

// Receipt is one message that a chat received from the account.
type Receipt struct {
	Seq         int       `json:"seq"` // from 1, in order of arrival
	To          string    `json:"to"`  // permanent id
	Kind        string    `json:"kind"`
	Text        string    `json:"text,omitempty"`
	MediaSHA256 string    `json:"media_sha256,omitempty"` // hex
	MediaName   string    `json:"media_name,omitempty"`
	MediaSize   int       `json:"media_size,omitempty"` // bytes
	ClientMsgID string    `json:"client_msg_id"`
	LocalID     string    `json:"local_id"`
	MsgID       string    `json:"msg_id"`
	Login       int       `json:"login"` // session number, from 1
	At          time.Time `json:"at"`
	Revoked     bool      `json:"revoked,omitempty"`
}

// Stats counts since New. Attempts are POSTs to any send endpoint whatever
// came of them, and Posts those to any endpoint; Uploads are whole files and
// Chunks the POSTs that carried them. Duplicates are receipts beyond the first
// with the same target and the same non-empty ClientMsgID. Revokes counts
// granted ones.
type Stats struct {
	Attempts    int64            `json:"attempts"`
	Posts       int64            `json:"posts"`
	Receipts    int64            `json:"receipts"`
	Duplicates  int64            `json:"duplicates"`
	Revokes     int64            `json:"revokes"`
	Uploads     int64            `json:"uploads"`
	Chunks      int64            `json:"chunks"`
	BytesUp     int64            `json:"bytes_up"`
	Connections int64            `json:"connections"`
	Logins      int              `json:"logins"`
	Session     int              `json:"session"` // 0 = nobody is logged in
	Pending     int              `json:"pending"`
	Faults      int64            `json:"faults"`   // faults that fired
	Requests    map[string]int64 `json:"requests"` // by endpoint
}

type sendBody struct {
	BaseRequest baseRequest
	Msg         outgoing
}

type outgoing struct {
	Content      string
	FromUserName string
	ToUserName   string
	LocalID      looseString
	ClientMsgId  looseString
	MediaId      string
	EMoticonMd5  string
	Signature    string
}

// appMsg is the part of a file message's XML that matters.
type appMsg struct {
	XMLName xml.Name `xml:"appmsg"`
	Type    int      `xml:"type"`
	Title   string   `xml:"title"`
	Attach  struct {
		TotalLen int    `xml:"totallen"`
		ID       string `xml:"attachid"`
	} `xml:"appattach"`
}

// send is every way of sending. All checks come before anything is recorded.
func (s *Server) send(c *call, kind string) reply {
	var in sendBody
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &in.BaseRequest)
	if ret != retOK {
		return retReply(ret)
	}
	to, ret := s.target(ses, in.Msg)
	if ret != retOK {
		return retReply(ret)
	}
	r := Receipt{To: to, Kind: kind, Login: ses.number, LocalID: string(in.Msg.LocalID), ClientMsgID: string(in.Msg.ClientMsgId)}
	media, ret := s.fill(&r, in.Msg)
	if ret != retOK {
		return retReply(ret)
	}
	s.accept(&r, media)
	return sentReply(r.MsgID, r.LocalID)
}

// target finds the permanent id behind a handle of this session.
func (s *Server) target(ses *session, m outgoing) (string, int) {
	if m.FromUserName != ses.self {
		return "", retParam
	}
	if m.ToUserName == ses.self {
		return "", retToSelf
	}
	id, ok := ses.id[m.ToUserName]
	if !ok {
		return "", retParam
	}
	if g, group := s.groups[id]; group && g.gone {
		return "", retParam
	}
	if c, person := s.contacts[id]; person && c.Stranger {
		return "", retParam
	}
	return id, retOK
}

// fill puts the content into the receipt and names the media item, if any.
func (s *Server) fill(r *Receipt, m outgoing) (string, int) {
	switch r.Kind {
	case KindText:
		r.Text = m.Content
		if m.Content == "" {
			return "", retParam
		}
		return "", retOK
	case KindFile:
		return s.fillFile(r, m)
	case KindEmoticon:
		if m.MediaId == "" && m.EMoticonMd5 != "" {
			r.Text = m.EMoticonMd5
			return "", retOK
		}
	}
	return m.MediaId, s.fillMedia(r, m.MediaId)
}

// fillFile refuses link cards (type 5) as the real service does (trap T18).
func (s *Server) fillFile(r *Receipt, m outgoing) (string, int) {
	var app appMsg
	if xml.Unmarshal([]byte(m.Content), &app) != nil {
		return "", retParam
	}
	if app.Type != 6 {
		return "", retSystem
	}
	if ret := s.fillMedia(r, app.Attach.ID); ret != retOK {
		return "", ret
	}
	if app.Attach.TotalLen != r.MediaSize || (r.MediaSize > signedSize && m.Signature == "") {
		return "", retParam
	}
	r.MediaName = app.Title
	return app.Attach.ID, retOK
}

func (s *Server) fillMedia(r *Receipt, id string) int {
	item, ok := s.media.items[id]
	if !ok {
		return retParam
	}
	r.MediaSHA256, r.MediaName, r.MediaSize = item.sha, item.name, len(s.media.blobs[item.sha])
	return retOK
}

// accept records a message as received. The lock is held.
func (s *Server) accept(r *Receipt, media string) {
	r.Seq, r.MsgID, r.At = len(s.receipts)+1, s.newMsgID(), s.opts.Now()
	s.byMsgID[r.MsgID] = len(s.receipts)
	s.receipts = append(s.receipts, *r)
	if media != "" {
		s.media.byMsg[r.MsgID] = media
	}
	s.echo(r, media)
	if r.ClientMsgID == "" {
		return
	}
	key := r.To + "\x00" + r.ClientMsgID
	if s.seenIDs[key]++; s.seenIDs[key] > 1 {
		s.stats.Duplicates++
	}
}

// echo shows the account its own message, if this service does that. The lock is
// held.
func (s *Server) echo(r *Receipt, media string) {
	kinds := map[string]int{KindText: typeText, KindImage: typeImage, KindVideo: typeVideo, KindFile: typeApp}
	kind, known := kinds[r.Kind]
	if s.opts.Echo == NoEcho || !known {
		return
	}
	m := &message{id: r.MsgID, chat: r.To, from: Self, kind: kind, text: r.Text, media: media, at: r.At}
	if s.opts.Echo == NamedEcho {
		m.named = r.ClientMsgID
	}
	s.tell(event{msg: m})
}

func (s *Server) revoke(c *call) reply {
	var in struct {
		BaseRequest baseRequest
		SvrMsgId    looseString
		ToUserName  string
	}
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &in.BaseRequest)
	if ret != retOK {
		return retReply(ret)
	}
	i, ok := s.byMsgID[string(in.SvrMsgId)]
	if !ok || s.receipts[i].To != ses.id[in.ToUserName] || s.receipts[i].Revoked ||
		s.opts.Now().Sub(s.receipts[i].At) > revokeWindow {
		return retReply(retParam)
	}
	s.receipts[i].Revoked = true
	s.stats.Revokes++
	return jsonReply(map[string]any{"BaseResponse": baseResponse{}, "Introduction": "", "SysWording": ""})
}

// Receipts is what all chats received so far, in order: accepted messages
// only, revoked ones marked.
func (s *Server) Receipts() []Receipt { return s.receiptsAfter(0) }

func (s *Server) receiptsAfter(seq int) []Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq = min(max(seq, 0), len(s.receipts))
	return append([]Receipt{}, s.receipts[seq:]...)
}

// Stats is a copy of the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Receipts, st.Connections = int64(len(s.receipts)), s.conns.Load()
	st.Logins, st.Pending = s.logins, s.pending()
	if s.live != nil {
		st.Session = s.live.number
	}
	st.Requests = make(map[string]int64, len(s.stats.Requests))
	for k, v := range s.stats.Requests {
		st.Requests[k] = v
	}
	return st
}

// Latency makes every send endpoint wait d before it looks at a message. A
// client that leaves meanwhile has sent it all the same.
func (s *Server) Latency(d time.Duration) { s.latency.Store(int64(d)) }

// throttle takes a message, says it is sent, and drops it: only a system line
// in the same chat tells (trap T11).
func (s *Server) throttle(c *call) reply {
	var in sendBody
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &in.BaseRequest)
	if ret != retOK {
		return retReply(ret)
	}
	to, ret := s.target(ses, in.Msg)
	if ret != retOK {
		return retReply(ret)
	}
	s.system(to, throttleText, event{})
	return sentReply(s.newMsgID(), string(in.Msg.LocalID))
}
