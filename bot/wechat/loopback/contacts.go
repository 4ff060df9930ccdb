package loopback

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

const (
	batchLimit  = 50
	recentLimit = 20
)

// wireUser is a contact, a group or a group member on the wire
// (protocol §1.2).
type wireUser struct {
	Uin              int64
	UserName         string
	NickName         string
	HeadImgUrl       string
	ContactFlag      int
	MemberCount      int
	MemberList       []wireMember
	RemarkName       string
	HideInputBarFlag int
	Sex              int
	Signature        string
	VerifyFlag       int
	OwnerUin         int64
	PYInitial        string
	PYQuanPin        string
	RemarkPYInitial  string
	RemarkPYQuanPin  string
	StarFriend       int
	AppAccountFlag   int
	Statues          int
	AttrStatus       int64
	Province         string
	City             string
	Alias            string
	SnsFlag          int
	UniFriend        int
	DisplayName      string
	ChatRoomId       int64
	KeyWord          string
	EncryChatRoomId  string
	IsOwner          int
}

type wireMember struct {
	Uin             int64
	UserName        string
	NickName        string
	AttrStatus      int64
	PYInitial       string
	PYQuanPin       string
	RemarkPYInitial string
	RemarkPYQuanPin string
	MemberStatus    int
	DisplayName     string
	KeyWord         string
}

func (s *Server) selfUser(ses *session) wireUser {
	return wireUser{
		Uin:         s.account.Uin,
		UserName:    ses.self,
		NickName:    wireEmoji(s.account.Nickname),
		HeadImgUrl:  s.headImg(ses, Self, ses.self),
		SnsFlag:     49,
		MemberList:  []wireMember{},
		ContactFlag: 0,
	}
}

func (s *Server) headImg(ses *session, id, handle string) string {
	seq, _ := strconv.ParseUint(s.digest("head", ses.number, id)[:7], 16, 64)
	return fmt.Sprintf("%swebwxgeticon?seq=%d&username=%s&skey=%s", apiPath, seq, handle, ses.skey)
}

// user is what the live session may see of a permanent id. Groups carry their
// members only when full. False when there is nothing to see. The lock is held.
func (s *Server) user(ses *session, id string, full bool) (wireUser, bool) {
	handle, ok := ses.handle[id]
	if !ok {
		return wireUser{}, false
	}
	u := wireUser{UserName: handle, HeadImgUrl: s.headImg(ses, id, handle), MemberList: []wireMember{}}
	if id == FileHelper {
		u.NickName, u.ContactFlag = "文件传输助手", 2
		return u, true
	}
	if c, ok := s.contacts[id]; ok {
		u.NickName, u.RemarkName = wireEmoji(c.Nickname), wireEmoji(c.Remark)
		u.ContactFlag, u.AttrStatus, u.SnsFlag = 3, 102437, 17
		if c.Stranger {
			u.ContactFlag = 0
		}
		return u, true
	}
	g := s.groups[id]
	if g == nil || g.gone {
		return wireUser{}, false
	}
	u.NickName, u.ContactFlag = wireEmoji(g.Name), 2
	if g.Saved {
		u.ContactFlag = 3
	}
	if full {
		u.EncryChatRoomId = "@" + s.digest("room", ses.number, id)[:32]
		u.MemberList = s.members(ses, g)
		u.MemberCount = len(u.MemberList)
	}
	return u, true
}

// members lists a group with the account itself first.
func (s *Server) members(ses *session, g *room) []wireMember {
	out := make([]wireMember, 0, len(g.Members)+1)
	out = append(out, wireMember{UserName: ses.self, NickName: wireEmoji(s.account.Nickname)})
	for _, id := range g.Members {
		out = append(out, wireMember{UserName: ses.handle[id], NickName: wireEmoji(s.contacts[id].Nickname), AttrStatus: 102437})
	}
	return out
}

func (s *Server) webInit(c *call) reply {
	var in struct{ BaseRequest baseRequest }
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, &in.BaseRequest)
	if ret != retOK {
		return retReply(ret)
	}
	recent := s.recent(ses)
	chats := make([]string, len(recent))
	for i, u := range recent {
		chats[i] = u.UserName
	}
	return jsonReply(map[string]any{
		"BaseResponse":        baseResponse{},
		"Count":               len(recent),
		"ContactList":         recent,
		"SyncKey":             s.syncKey(ses.fetched),
		"User":                s.selfUser(ses),
		"ChatSet":             strings.Join(chats, ",") + ",",
		"SKey":                ses.skey,
		"ClientVersion":       369299473,
		"SystemTime":          s.opts.Now().Unix(),
		"GrayScale":           1,
		"InviteStartCount":    40,
		"MPSubscribeMsgCount": 0,
		"MPSubscribeMsgList":  []any{},
		"ClickReportInterval": 600000,
	})
}

// recent is the chats somebody spoke in last, newest first: the only place
// besides a message where a group that is not saved can be seen.
func (s *Server) recent(ses *session) []wireUser {
	ids := make([]string, 0, len(s.spoke))
	for id := range s.spoke {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return s.spoke[ids[i]] > s.spoke[ids[j]] })
	out := make([]wireUser, 0, recentLimit)
	for _, id := range append([]string{FileHelper}, ids...) {
		if u, ok := s.user(ses, id, false); ok && len(out) < recentLimit {
			out = append(out, u)
		}
	}
	return out
}

func (s *Server) statusNotify(c *call) reply {
	var in struct {
		BaseRequest  baseRequest
		FromUserName string
	}
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ret := s.admit(c, &in.BaseRequest); ret != retOK {
		return retReply(ret)
	}
	return sentReply(s.newMsgID(), "")
}

// getContact pages over friends, saved groups and the account itself. Seq is
// the position to ask for next; 0 ends it.
func (s *Server) getContact(c *call) reply {
	from, err := strconv.Atoi(c.query.Get("seq"))
	if err != nil || from < 0 {
		from = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ses, ret := s.admit(c, nil)
	if ret != retOK {
		return retReply(ret)
	}
	all := s.addressBook(ses)
	from = min(from, len(all))
	to, next := min(from+s.opts.Page, len(all)), 0
	if to < len(all) {
		next = to
	}
	page := make([]wireUser, 0, to-from)
	for _, id := range all[from:to] {
		u := s.selfUser(ses)
		if id != Self {
			u, _ = s.user(ses, id, false)
		}
		page = append(page, u)
	}
	return jsonReply(map[string]any{
		"BaseResponse": baseResponse{},
		"MemberCount":  len(page),
		"MemberList":   page,
		"Seq":          next,
	})
}

// addressBook is who is in it, by id.
func (s *Server) addressBook(ses *session) []string {
	all := []string{Self}
	for _, id := range ses.order {
		if c, ok := s.contacts[id]; ok && c.Stranger {
			continue
		}
		if g, ok := s.groups[id]; ok && (!g.Saved || g.gone) {
			continue
		}
		all = append(all, id)
	}
	return all
}

// batchGetContact answers by position. An unknown handle gets a blank entry,
// as on the real service, and entries over fifty get none.
func (s *Server) batchGetContact(c *call) reply {
	var in struct {
		BaseRequest baseRequest
		List        []struct{ UserName, EncryChatRoomId string }
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
	out := make([]wireUser, 0, batchLimit)
	for _, item := range in.List[:min(len(in.List), batchLimit)] {
		u := s.profile(ses, item.UserName, item.EncryChatRoomId != "")
		if c.twist == actBlank {
			u = wireUser{MemberList: []wireMember{}}
		}
		out = append(out, u)
	}
	if c.twist == actShort && len(out) > 0 {
		out = out[:len(out)-1]
	}
	return jsonReply(map[string]any{"BaseResponse": baseResponse{}, "Count": len(out), "ContactList": out})
}

// profile shows a stranger only to who asks through a chat room.
func (s *Server) profile(ses *session, handle string, viaRoom bool) wireUser {
	if handle == ses.self {
		return s.selfUser(ses)
	}
	id := ses.id[handle]
	u, ok := s.user(ses, id, true)
	if c := s.contacts[id]; !ok || (c != nil && c.Stranger && !viaRoom) {
		return wireUser{MemberList: []wireMember{}}
	}
	return u
}

// oplog (remark, pin) is accepted and has no effect, as on the real service
// today (trap T17).
func (s *Server) oplog(c *call) reply { return s.onlyAdmitted(c, retOK) }

// forbidden answers the writes that the real service no longer does.
func (s *Server) forbidden(c *call) reply { return s.onlyAdmitted(c, retSystem) }

func (s *Server) onlyAdmitted(c *call, then int) reply {
	var in struct{ BaseRequest baseRequest }
	if json.Unmarshal(c.body, &in) != nil {
		return retReply(retParam)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ret := s.admit(c, &in.BaseRequest); ret != retOK {
		return retReply(ret)
	}
	return retReply(then)
}

// icon serves one grey pixel for every face.
func (s *Server) icon(*call) reply {
	const pixel = "R0lGODlhAQABAIAAAMLCwgAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
	b, _ := base64.StdEncoding.DecodeString(pixel)
	return reply{kind: "image/gif", body: b}
}
