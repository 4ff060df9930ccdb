package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tongluo/schedule"
)

// grammar says what may follow a word.
type grammar int

const (
	nothing        grammar = iota
	maybeNumber            // 撤销, 撤销 12
	aNumber                // 取消 37
	forwards               // 已转, 已转 12, 已转 12 5/7, 已转 12、13
	reasons                // 转不了 12 群解散了
	places                 // 覆盖率 永宁村 上月
	maybeThing             // 审批, 审批 37, 审批 shua-dan
	thingAndReason         // 退回 37 时间不对, 退回 shua-dan 有错字
	ownWords               // 补录 刷单 11月20日 三个群
	sentence               // 反馈 and all that follows
	targets                // 发 网格群 明天9点
	freely                 // 入库 刷单 家长: words after a gap
	numberThen             // 改期 37 周五9点: a number, then words
	verbatim               // 更正 37 …: a number, then the rest of the message as it was written
)

// numbers reports whether the number may also come first: 12已转.
func (g grammar) numbers() bool {
	return slices.Contains([]grammar{maybeNumber, aNumber, forwards, reasons, maybeThing, thingAndReason, numberThen, verbatim}, g)
}

var (
	// A #number as people write it: 12, #12, 第12号, 十二. Longer ones are no
	// numbers of ours; 3个群, 12点 and 12月 are not numbers of anything here.
	numberSign = pattern(`^[ :]*(?:(#|第|编号|no\.?) *)?`)
	numberEnd  = pattern(`^(?:号|条|份)`)
	notANumber = pattern(`^(?:[0-9个月日点人天次年时分周/%]|\.[0-9])`)
	slash      = pattern(`^ */ *`)
	joinShape  = pattern(`^ *(?:[、,和及与] *|#)`)
)

// arguments reads what follows the word of c. numbered says that a number was
// said, after which the next command may follow at once.
func (r *reader) arguments(c *call, s string, lead int64) (rest string, numbered, ok bool) {
	c.spoken = []string{}
	switch c.cmd.args {
	case maybeNumber, aNumber:
		rest = s
		if c.id = lead; lead == 0 {
			c.id, rest, numbered = number(s)
		}
		c.say(c.id)
		return rest, numbered, c.id != 0 || c.cmd.args == maybeNumber
	case forwards:
		rest, ok = c.takeForwards(s, lead)
		return rest, c.words[0] != schedule.Word{}, ok
	case reasons:
		return r.takeReason(c, s, lead), true, true
	case maybeThing:
		rest, numbered = c.thing(s, lead)
		return rest, numbered, true
	case thingAndReason:
		if rest, ok = c.thing(s, lead); ok {
			rest = r.reason(c, rest)
		}
		return rest, true, ok
	case ownWords:
		return r.takeWords(c, s, true), true, true
	case sentence:
		c.takeSentence(s)
		return "", true, true
	case places:
		part := clause(s)
		c.takePlace(part)
		return s[len(part):], false, true
	case targets, freely, numberThen, verbatim:
		rest, ok = r.takeFreely(c, s, lead)
		return rest, true, ok
	}
	return s, false, true
}

func (c *call) say(id int64) {
	if id != 0 {
		c.spoken = append(c.spoken, strconv.FormatInt(id, 10))
	}
}

// number reads a #number that s begins with. One in Chinese must be written as
// a number (第三号, #三) or stand by itself: 已转三组 and 已转一半 have none.
func number(s string) (int64, string, bool) {
	sign := numberSign().FindStringSubmatch(s)
	body := s[len(sign[0]):]
	n, rest, ok := numeral(body)
	if !ok || n == 0 {
		return 0, s, false
	}
	end := numberEnd().FindString(rest)
	rest = rest[len(end):]
	if notANumber().MatchString(rest) || body[0] > '9' && sign[1] == "" && end == "" && !alone(rest) {
		return 0, s, false
	}
	return n, rest, true
}

// alone reports whether nothing clings to what stands before rest.
func alone(rest string) bool {
	_, polite := cut(rest, done)
	return rest == "" || polite || joinShape().MatchString(rest) || strings.ContainsRune(stops+gaps+"#?", first(rest))
}

// leadingNumber reads the number of 12已转; the rest is s itself without one.
func (t table) leadingNumber(s string) (int64, string) {
	n, rest, ok := number(s)
	if !ok {
		n, rest, ok = numeral(s)
		if _, _, command := t.match(rest); !ok || !command || n == 0 {
			return 0, s
		}
	}
	return n, strings.TrimLeft(rest, gaps)
}

// takeForwards reads numbers, each with its share: 12 5/7、13. Two bare numbers
// side by side could be two handoffs or a share of one: not understood.
func (c *call) takeForwards(s string, lead int64) (string, bool) {
	c.words = nil
	w, rest := schedule.Word{Handoff: lead}, s
	for {
		if done, all, tail, ok := share(rest); ok {
			w.Done, w.All, rest = done, all, tail
		} else if n, tail, ok := number(rest); ok && w.Handoff == 0 {
			w.Handoff, rest = n, tail
			continue
		}
		c.words = append(c.words, w)
		c.say(w.Handoff)
		if w.Done+w.All > 0 {
			c.spoken = append(c.spoken, strings.TrimSuffix(fmt.Sprintf("%d/%d", w.Done, w.All), "/0"))
		}
		n, tail, more := joined(rest)
		if !more || w.Handoff == 0 {
			_, _, another := number(rest)
			return rest, !another && len(c.words) <= maxCalls
		}
		w, rest = schedule.Word{Handoff: n}, tail
	}
}

// joined reads another number of a list, unless it is the number of the next
// command: 已转12，13转不了.
func joined(s string) (int64, string, bool) {
	at := joinShape().FindStringIndex(s)
	if at == nil {
		return 0, s, false
	}
	n, rest, ok := number(s[at[1]:])
	tail := strings.TrimLeft(rest, " ")
	_, polite := cut(tail, done, after)
	_, _, _, shared := share(tail)
	if !ok || tail != "" && !polite && !strings.ContainsRune(stops+gaps+"#", first(tail)) && !shared && !joinShape().MatchString(tail) {
		return 0, s, false
	}
	return n, rest, true
}

// share reads 5/7 or 七分之五, or 5个群 with all 0. A share of nothing is none:
// 0/0 would read as the whole.
func share(s string) (done, all int, rest string, ok bool) {
	n, rest, ok := numeral(strings.TrimLeft(s, " :"))
	if !ok || n > mostGroups {
		return 0, 0, s, false
	}
	if tail, is := strings.CutPrefix(rest, "个"); is {
		return int(n), 0, strings.TrimPrefix(tail, "群"), n > 0
	}
	of := slash().FindString(rest)
	tail, parts := strings.CutPrefix(rest, "分之")
	if of != "" {
		tail = rest[len(of):]
	}
	m, tail, ok := numeral(tail)
	if !ok || m > mostGroups || of == "" && !parts {
		return 0, 0, s, false
	}
	if parts {
		n, m = m, n
	}
	counted, _ := cut(tail, []string{"个群", "个"})
	return int(n), int(m), counted, m > 0
}

// takeReason reads an optional number and a reason. The reason runs on until
// the rest of the message is commands: 转不了 12 群没了，已转 13.
func (r *reader) takeReason(c *call, s string, lead int64) string {
	c.id = lead
	if lead == 0 {
		c.id, s, _ = number(s)
	}
	c.say(c.id)
	return r.reason(c, s)
}

// reason reads a reason alone.
func (r *reader) reason(c *call, s string) string { return r.takeWords(c, s, false) }

// takeWords reads what a person says in words of their own, up to where the rest
// of the message is commands; to orders alone where questions (今天) may be words of it.
func (r *reader) takeWords(c *call, s string, orders bool) string {
	rest := r.takeText(c, s, orders)
	if long := []rune(c.text); len(long) > maxReason {
		c.text = string(long[:maxReason])
	}
	if c.text != "" {
		c.spoken = append(c.spoken, c.text)
	}
	return rest
}

// takeFreely reads what follows a word that takes free words. A short word is one
// only before a gap, or a text that happens to begin with it would be an order.
func (r *reader) takeFreely(c *call, s string, lead int64) (string, bool) {
	if g := c.cmd.args; g == numberThen || g == verbatim {
		ok := lead != 0
		if c.id = lead; !ok {
			c.id, s, ok = number(s)
		}
		c.say(c.id)
		if !ok {
			return s, false
		}
	} else if s == "" || !strings.ContainsRune(gaps+"#0123456789", first(s)) && (g != targets || !toGroups().MatchString(s)) {
		return s, false
	}
	rest := ""
	if c.cmd.args == verbatim {
		c.text = strings.Trim(s, stops+gaps)
	} else {
		rest = r.takeText(c, s, false)
	}
	if _, asked := cutEnd(c.text, []string{"?", "吗"}); c.text == "" || asked {
		return s, false
	}
	c.spoken = append(c.spoken, c.text)
	return rest, true
}

// toGroups is how groups are named right behind 发: 发网格群明天9点.
var toGroups = pattern(`^(?:给|到|至)?[\p{Han}a-z0-9/]{0,20}(?:群|全部)`)

// takeText reads words that run on until the rest of the message is commands,
// and returns that rest.
func (r *reader) takeText(c *call, s string, orders bool) string {
	asks := func(c call) bool { return orders && !c.cmd.does }
	end := len(s)
	for i, sign := range s {
		if !strings.ContainsRune(stops+" ", sign) || strings.Trim(s[:i], stops+gaps) == "" {
			continue
		}
		if more, _, ok := r.readAll(s[i:]); ok && len(more) > 0 && !slices.ContainsFunc(more, asks) {
			end = i
			break
		}
	}
	c.text = sentenceOf(s[:end])
	for shorter, ok := cutEnd(c.text, after); ok; shorter, ok = cutEnd(c.text, after) {
		c.text = strings.TrimRight(shorter, stops+gaps)
	}
	return s[end:]
}

// takeSentence takes words as they stand.
func (c *call) takeSentence(s string) {
	if c.text = sentenceOf(s); c.text != "" {
		c.spoken = append(c.spoken, c.text)
	}
}

func sentenceOf(s string) string {
	s = strings.Trim(s, stops+gaps)
	s = strings.TrimLeft(strings.TrimPrefix(s, "一下"), stops+gaps)
	return strings.Join(strings.Fields(s), " ")
}

// takePlace reads a unit and a period in any order, with or without a space.
func (c *call) takePlace(s string) {
	s = strings.Trim(s, gaps)
	for shorter, ok := cutEnd(s, asks, done, after); ok; shorter, ok = cutEnd(s, asks, done, after) {
		s = strings.TrimRight(shorter, gaps)
	}
	c.period, c.unit = takePeriod(ofNothing(s))
	c.unit = ofNothing(c.unit)
	c.spoken = []string{}
	for _, said := range []string{c.unit, c.period} {
		if said != "" {
			c.spoken = append(c.spoken, said)
		}
	}
}

// ofNothing takes away a 的 that joined two parts.
func ofNothing(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.Trim(s, gaps), "的"), "的")
	return strings.Trim(s, gaps)
}
