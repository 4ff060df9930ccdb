package command

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tongluo/schedule"
)

// call is one command as it was said.
type call struct {
	cmd    *command
	words  []schedule.Word // 已转: one for each number, one of 0 for none
	id     int64           // 0: none was said
	item   string          // an item by its name in the library
	text   string          // a reason
	unit   string
	period string   // as said: 上月, 2026-11
	spoken []string // the arguments, for the record
}

// Limits that no honest message comes near.
const (
	maxRunes  = 500
	maxCalls  = 8
	maxReason = 100
	maxSteps  = 200
	// mostGroups is more than one person can carry.
	mostGroups = 9999
)

// What people put around a command and that changes nothing. Sorted out before
// and after a command; longer ones come first.
var (
	before = longestFirst("好的", "好", "嗯", "嗯嗯", "ok", "行", "谢谢", "多谢", "谢谢您", "谢谢你", "辛苦了", "辛苦", "请", "麻烦", "麻烦您",
		"麻烦你", "麻烦了", "帮我", "帮忙", "您好", "你好", "在吗", "主任", "书记", "老师", "领导", "同志", "我", "我们", "我这边", "我这里",
		"刚", "刚才", "刚刚", "现在", "铜锣")
	// looks come before questions only: 看看停发 is no order.
	looks = longestFirst("查", "查看", "查询", "查一下", "看", "看看", "看一下", "问", "问一下", "给我看", "想看", "想问")
	after = longestFirst("谢谢", "谢谢您", "谢谢你", "谢谢大家", "多谢", "谢了", "谢啦", "感谢", "辛苦", "辛苦了", "麻烦了", "麻烦您了", "拜托", "拜托了",
		"吧", "哈", "哈哈", "哦", "啊", "呀", "好的", "ok", "嗯", "主任", "书记", "老师", "领导", "一下")
	done = longestFirst("了", "啦", "喽", "咯")
	asks = longestFirst("吗", "么", "呢", "?", "怎么样", "如何", "多少", "是多少", "有哪些", "是谁")
)

// gaps part words of one clause, stops part clauses. "?" is neither: it turns an
// order into a question.
const (
	stops = ",;。!、\n"
	gaps  = " \t\r:~…-—_()“”\"'‘’《》【】「」.&+"
)

func longestFirst(words ...string) []string {
	slices.SortStableFunc(words, func(a, b string) int { return utf8.RuneCountInString(b) - utf8.RuneCountInString(a) })
	return words
}

var (
	// A quoted message as the web protocol shows it: what is above the line was
	// said by somebody else and is never obeyed.
	quoted = pattern(`(?s)^「.*?」\s*\n(?:- ){3,}-?\s*\n`)
	titled = pattern(`^(?:主任|书记|老师|领导|同志)\s*:`)
	face   = pattern(`\[[^\[\]\d]{1,8}\]`)
)

// pattern is an expression that is compiled when it is first asked for: not
// every run of the program is spoken to.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// turning characters show a text in another order than it is written in: what
// looks like 确认 37 may be 确认 73. No word has one in it.
const turning = "\u061c\u200f\u202b\u202d\u202e\u2067"

// plain writes a message the way the table does: half-width, Simplified, small
// letters, without quotes of others, emoji and invisible characters.
func plain(s string) string {
	s = quoted().ReplaceAllString(s, "")
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(turning, r):
			return r
		case unicode.In(r, unicode.Cf, unicode.So, unicode.Sk, unicode.Variation_Selector):
			return -1
		case unicode.IsControl(r) && r != '\n':
			return ' '
		}
		return unicode.ToLower(r)
	}, s)
	s = face().ReplaceAllString(s, " ")
	return strings.TrimSpace(schedule.Simplified(s))
}

// stop is where reading failed: the command that was not complete, or the
// clause that begins with no command and the command before it.
type stop struct {
	cmd    *command
	clause string
	last   *command
}

// reader reads one message. Reasons make it look ahead, so that its steps are
// counted: who writes 转不了 a hundred times is not understood.
type reader struct {
	table
	steps int
}

// read understands a whole message or nothing of it. No call and true: only
// courtesies.
func (t table) read(text string) ([]call, stop, bool) {
	if utf8.RuneCountInString(text) > 2*maxRunes { // not worth cleaning
		return nil, stop{}, false
	}
	s := plain(text)
	if utf8.RuneCountInString(s) > maxRunes {
		return nil, stop{}, false
	}
	return (&reader{table: t}).readAll(s)
}

func (r *reader) readAll(s string) ([]call, stop, bool) {
	var calls []call
	for {
		s = strings.TrimLeft(s, stops+gaps)
		switch {
		case r.steps > maxSteps:
			return nil, stop{}, false
		case s == "":
			return calls, stop{}, true
		}
		if rest, ok := r.courtesy(s); ok {
			s = rest
			continue
		}
		c, rest, ok := r.readOne(s)
		if !ok || len(calls) == maxCalls {
			at := stop{cmd: c.cmd, clause: clause(s)}
			if len(calls) > 0 {
				at.last = calls[len(calls)-1].cmd
			}
			return nil, at, false
		}
		s = rest
		if !slices.ContainsFunc(calls, c.repeats) {
			calls = append(calls, c)
		}
	}
}

// repeats reports whether the same was said before: 停发，停发.
func (c call) repeats(before call) bool {
	return c.cmd == before.cmd && slices.Equal(c.spoken, before.spoken)
}

// courtesy takes a courtesy away, unless it is the beginning of a command, or
// the name of who is said to have given one: 书记：停发.
func (t table) courtesy(s string) (string, bool) {
	if _, _, ok := t.match(s); ok || titled().MatchString(s) {
		return s, false
	}
	return cut(s, before)
}

// readOne reads one command with its arguments up to where the next may begin.
// When it fails, the call names the command that was begun.
func (r *reader) readOne(s string) (call, string, bool) {
	if r.steps++; r.steps > maxSteps {
		return call{}, s, false
	}
	lead, body := r.leadingNumber(s)
	body, looked := cut(body, looks)
	body = strings.TrimLeft(body, gaps)
	cmd, rest, ok := r.match(body)
	if !ok || looked && cmd.does {
		return r.readTail(s)
	}
	c := call{cmd: cmd}
	if lead != 0 && !cmd.args.numbers() {
		return c, s, false
	}
	rest, numbered, ok := r.arguments(&c, rest, lead)
	if !ok {
		return c, s, false
	}
	rest = cmd.ending(rest)
	if rest != "" && !strings.ContainsRune(stops+gaps, first(rest)) && !numbered && !cmd.leads {
		return c, s, false
	}
	return c, rest, true
}

// readTail reads a question whose word comes last: 永宁村上月覆盖率, 本周进度.
func (t table) readTail(s string) (call, string, bool) {
	part := clause(s)
	body := strings.TrimRight(part, gaps)
	for shorter, ok := cutEnd(body, asks, done, after); ok; shorter, ok = cutEnd(body, asks, done, after) {
		body = strings.TrimRight(shorter, gaps)
	}
	for _, e := range t.words {
		if place, ok := strings.CutSuffix(body, e.text); ok && e.cmd.args == places {
			c := call{cmd: e.cmd}
			place, _ = cut(place, looks)
			c.takePlace(place)
			return c, s[len(part):], true
		}
	}
	return call{}, s, false
}

// ending takes away what may follow a command of this sort.
func (c *command) ending(s string) string {
	lists := [][]string{after}
	if !c.does || c.told {
		lists = append(lists, done)
	}
	if !c.does {
		lists = append(lists, asks)
	}
	for {
		rest, ok := cut(s, lists...)
		if !ok {
			return s
		}
		s = rest
	}
}

// cut takes the first of the words that s begins with away.
func cut(s string, lists ...[]string) (string, bool) {
	for _, words := range lists {
		for _, w := range words {
			if rest, ok := strings.CutPrefix(s, w); ok {
				return rest, true
			}
		}
	}
	return s, false
}

// cutEnd takes the first of the words that s ends with away.
func cutEnd(s string, lists ...[]string) (string, bool) {
	for _, words := range lists {
		for _, w := range words {
			if rest, ok := strings.CutSuffix(s, w); ok {
				return rest, true
			}
		}
	}
	return s, false
}

// clause is what comes before the next stop.
func clause(s string) string {
	if i := strings.IndexAny(s, stops); i >= 0 {
		return s[:i]
	}
	return s
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
