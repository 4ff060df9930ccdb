package plans

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tongluo/schedule/calendar"
)

// Answers with a meaning of their own.
const (
	// dueAtEnd says that a report may come until its period ends.
	dueAtEnd = "end"
	// anyMedia says that an item of whatever media counts.
	anyMedia = "any"
)

// The words a plan may use.
var (
	kinds       = []string{"quota", "relay", "report", "roster", "rule", "figure"}
	pers        = []string{"week", "month", "quarter", "year", "phase", "campaign", "once"}
	meansWords  = []string{"push", "activity"}
	mediaWords  = []string{"text", "picture", "video", "file", "link"}
	ownerLevels = []string{"office", "unit", "town", "village", "grid", "department", "institution", "school", "college", "grade", "class"}
	sharedWords = []string{"both", "first", "second"}
)

// dutyDecisions are the fields that an answer can settle in a duty. Each applies
// a non-empty answer; its error is Chinese and says what to write.
var dutyDecisions = map[string]func(t *Term, answer string) error{
	"within": func(t *Term, a string) error {
		t.Within = a
		_, err := calendar.ParseWithin(a)
		return err
	},
	"due":        setDue,
	"at_least":   func(t *Term, a string) error { return setCount(&t.AtLeast, a) },
	"hops":       func(t *Term, a string) error { return setCount(&t.Hops, a) },
	"groups":     func(t *Term, a string) error { t.Groups = split(a); return simple(t.Groups) },
	"audience":   func(t *Term, a string) error { t.Audience = split(a); return simple(t.Audience) },
	"themes":     func(t *Term, a string) error { t.Themes = split(a); return nil },
	"receiver":   func(t *Term, a string) error { t.Receiver = a; return nil },
	"owed_by":    func(t *Term, a string) error { t.OwedBy = a; return oneOf(a, ownerLevels) },
	"makeup":     func(t *Term, a string) error { t.Makeup = a; return oneOf(a, []string{"next"}) },
	"week_start": func(_ *Term, a string) error { return oneOf(a, []string{"MON"}) },
	"media":      setMedia,
	"target":     setTarget,
	"distinct_days": func(t *Term, a string) error {
		t.DistinctDays = a == "true"
		return oneOf(a, []string{"true", "false"})
	},
}

func setDue(t *Term, answer string) error {
	if answer == dueAtEnd {
		t.Due = ""
		return nil
	}
	t.Due = answer
	return fitDue(answer, t.Per)
}

// fitDue reads a deadline and refuses one that its period never meets.
func fitDue(due string, per calendar.Per) error {
	parsed, err := calendar.ParseDue(due)
	if err != nil {
		return err
	}
	shape, _, _ := strings.Cut(parsed.String(), " ")
	weekday := len(shape) == 3 && shape != "day"
	switch {
	case per == calendar.Week && !weekday:
		return fmt.Errorf("每周的期限要写星期，如 FRI 16:00，“%s”不行", due)
	case per == calendar.Month && shape != "day":
		return fmt.Errorf("每月的期限要写几号，如 day 27，“%s”不行", due)
	case per != calendar.Week && weekday, (per == calendar.Quarter || per == calendar.Year) && shape == "day":
		return fmt.Errorf("“%s”定不出是哪一天，请写月和日，如 10-09", due)
	}
	return nil
}

func setMedia(t *Term, answer string) error {
	t.Media = []string{}
	if answer == anyMedia {
		return nil
	}
	t.Media = split(answer)
	for _, m := range t.Media {
		if err := oneOf(m, mediaWords); err != nil {
			return err
		}
	}
	return nil
}

func setTarget(t *Term, answer string) error {
	v, err := strconv.ParseFloat(answer, 64)
	if err != nil {
		return fmt.Errorf("“%s”不是数字，请写 0.8（即80%%）这样的数", answer)
	}
	t.Target = v
	return fitTarget(v, t.Unit)
}

// fitTarget reports a target that is neither a fraction nor a count with a unit.
func fitTarget(v float64, unit string) error {
	switch {
	case !(v > 0 && v < 1e12):
		return fmt.Errorf("目标要大于0，请写 0.8（即80%%），或写个数并写 unit")
	case v > 1 && unit == "":
		return fmt.Errorf("目标 %v 大于1，请写 0.8（即80%%）这样的比例；若是个数，请再写 unit = \"人\"", v)
	}
	return nil
}

// mostTimes bounds counts: nobody owes a thousand a week, but 10000 typed once
// would put every village behind.
const mostTimes = 1000

func setCount(field *int, answer string) error {
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > mostTimes {
		return fmt.Errorf("“%s”不行，请写 1 到 %d 的整数", answer, mostTimes)
	}
	*field = n
	return nil
}

// split reads a list written with Chinese or Western commas.
func split(answer string) []string {
	list := []string{}
	for _, s := range strings.FieldsFunc(answer, func(r rune) bool { return strings.ContainsRune(",，、", r) }) {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// simple refuses an empty list and Traditional characters: the roster's kinds
// and audiences are Simplified, and 網格群 would match no group.
func simple(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("请至少写一个，如 家长群")
	}
	for _, w := range words {
		if s := Simplified(w); s != w {
			return fmt.Errorf("“%s”请写简体“%s”，与花名册一致", w, s)
		}
	}
	return nil
}

func oneOf(word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("“%s”不行，只能写 %s", word, strings.Join(words, "、"))
}

// phaseKey takes apart "phase.NAME.from" and "phase.NAME.to".
func phaseKey(key string) (name, end string, ok bool) {
	rest, found := strings.CutPrefix(key, "phase.")
	name, end, ok = strings.Cut(rest, ".")
	return name, end, found && ok && (end == "from" || end == "to")
}
