package command

import (
	"fmt"
	"strconv"
	"strings"

	"tongluo/schedule"
)

// grammar says what may follow a word.
type grammar int

const (
	nothing     grammar = iota
	maybeNumber         // 撤销, 撤销 12
	aNumber             // 取消 37
	forwards            // 已转, 已转 12, 已转 12 5/7, 已转 12、13
	reasons             // 转不了 12 群解散了
	places              // 覆盖率 永宁村 上月
)

// numbers reports whether the number may also come first: 12已转.
func (g grammar) numbers() bool {
	return g == maybeNumber || g == aNumber || g == forwards || g == reasons
}

var (
	// A #number as people write it: 12, #12, 第12号. Longer ones are no numbers
	// of ours; 3个群, 12点 and 12月 are not numbers of anything here.
	numberShape = pattern(`^[ :]*(?:#|第|编号|no\.?)? *([0-9]{1,9})(?:号|条|份)?`)
	notANumber  = pattern(`^(?:[0-9个月日点人天次年时分周/%]|\.[0-9])`)
	shareShape  = pattern(`^[ :]*([0-9]{1,4}) */ *([0-9]{1,4})(?:个群|个)?`)
	countShape  = pattern(`^[ :]*([0-9]{1,4})个群?`)
	joinShape   = pattern(`^ *(?:[、,和及与] *|#)`)
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
	case places:
		part := clause(s)
		c.takePlace(part)
		return s[len(part):], false, true
	}
	return s, false, true
}

func (c *call) say(id int64) {
	if id != 0 {
		c.spoken = append(c.spoken, strconv.FormatInt(id, 10))
	}
}

// number reads a #number that s begins with.
func number(s string) (int64, string, bool) {
	m := numberShape().FindStringSubmatch(s)
	if m == nil || notANumber().MatchString(s[len(m[0]):]) {
		return 0, s, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n, s[len(m[0]):], err == nil && n > 0
}

// leadingNumber reads the number of 12已转; the rest is s itself without one.
func leadingNumber(s string) (int64, string) {
	n, rest, ok := number(s)
	if !ok {
		return 0, s
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
	if !ok || tail != "" && !polite && !strings.ContainsRune(stops+gaps+"#", first(tail)) && !shareShape().MatchString(tail) && !joinShape().MatchString(tail) {
		return 0, s, false
	}
	return n, rest, true
}

// share reads 5/7, or 5个群 with all 0. A share of nothing is none: 0/0 would
// read as the whole.
func share(s string) (done, all int, rest string, ok bool) {
	if m := shareShape().FindStringSubmatch(s); m != nil {
		done, _ = strconv.Atoi(m[1])
		all, _ = strconv.Atoi(m[2])
		return done, all, s[len(m[0]):], all > 0
	}
	if m := countShape().FindStringSubmatch(s); m != nil {
		done, _ = strconv.Atoi(m[1])
		return done, 0, s[len(m[0]):], done > 0
	}
	return 0, 0, s, false
}

// takeReason reads an optional number and a reason. The reason runs on until
// the rest of the message is commands: 转不了 12 群没了，已转 13.
func (r *reader) takeReason(c *call, s string, lead int64) string {
	c.id = lead
	if lead == 0 {
		c.id, s, _ = number(s)
	}
	c.say(c.id)
	end := len(s)
	for i, sign := range s {
		if !strings.ContainsRune(stops+" ", sign) || strings.Trim(s[:i], stops+gaps) == "" {
			continue
		}
		if more, _, ok := r.readAll(s[i:]); ok && len(more) > 0 {
			end = i
			break
		}
	}
	c.text = strings.Join(strings.Fields(strings.Trim(s[:end], stops+gaps)), " ")
	for shorter, ok := cutEnd(c.text, after); ok; shorter, ok = cutEnd(c.text, after) {
		c.text = strings.TrimRight(shorter, stops+gaps)
	}
	if long := []rune(c.text); len(long) > maxReason {
		c.text = string(long[:maxReason])
	}
	if c.text != "" {
		c.spoken = append(c.spoken, c.text)
	}
	return s[end:]
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
