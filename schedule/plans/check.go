package plans

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tongluo/schedule/calendar"
)

// Check finds what is wrong in a plan that was built or changed in code; Parse
// has already done it for a file. Every error is Chinese, begins with the key
// ("duties[0].due") and says what to write.
func Check(p Plan) []error {
	var all []error
	for _, f := range check(p) {
		all = append(all, fmt.Errorf("%s：%s", f.path, f.message))
	}
	return all
}

// checker gathers findings.
type checker struct {
	plan  Plan
	found []finding
}

func check(p Plan) []finding {
	c := &checker{plan: p}
	c.identity()
	c.phases()
	for i, d := range p.Decisions {
		c.planDecision(fmt.Sprintf("decisions[%d]", i), d)
	}
	seen := map[string]bool{}
	for i, d := range p.Duties {
		at := fmt.Sprintf("duties[%d]", i)
		c.id(at+".id", d.ID)
		if seen[d.ID] {
			c.add(at+".id", "任务“%s”写了两次，请换一个名称", d.ID)
		}
		seen[d.ID] = true
		c.duty(at, d)
		c.owed(at, d)
	}
	c.unique("decisions", p.Decisions)
	if len(c.found) == 0 {
		c.trial()
	}
	return c.found
}

func (c *checker) add(path, format string, args ...any) {
	c.found = append(c.found, finding{path, fmt.Sprintf(format, args...)})
}

// try adds err, if any, under path.
func (c *checker) try(path string, err error) {
	if err != nil {
		c.add(path, "%s", err)
	}
}

func (c *checker) identity() {
	if c.plan.Number < 1 || c.plan.Number > 9999 {
		c.add("number", "请写方案编号，1 到 9999 的整数")
	}
	c.id("id", c.plan.ID)
	if strings.TrimSpace(c.plan.Title) == "" {
		c.add("title", "请写方案名称，如 title = \"校园反诈宣传月\"")
	}
	if c.plan.Years < 0 || c.plan.Years > 10 {
		c.add("years", "方案期限请写 1 到 10 年")
	}
	from, err := c.day("from", c.plan.From)
	to, err2 := c.day("to", c.plan.To)
	if err == nil && err2 == nil && from.year > 0 && to.year > 0 && to.in(0).Before(from.in(0)) {
		c.add("to", "结束日期 %s 早于开始日期 %s，请改正", c.plan.To, c.plan.From)
	}
}

// day checks a date that may be left out.
func (c *checker) day(path, text string) (monthDay, error) {
	if text == "" {
		return monthDay{}, nil
	}
	d, err := parseDay(text)
	c.try(path, err)
	return d, err
}

func (c *checker) id(path, id string) {
	ok := id != "" && utf8.RuneCountInString(id) <= 60
	for _, r := range id {
		ok = ok && (r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r))
	}
	if !ok {
		c.add(path, "“%s”不能作名称，请用字母、汉字、数字和短横线，如 \"weekly-push\"", id)
	}
}

func (c *checker) phases() {
	seen := map[string]bool{}
	for i, ph := range c.plan.Phases {
		at := fmt.Sprintf("phases[%d]", i)
		c.id(at+".name", ph.Name)
		if seen[ph.Name] {
			c.add(at+".name", "阶段“%s”写了两次，请换一个名称", ph.Name)
		}
		seen[ph.Name] = true
		_, _ = c.day(at+".from", ph.From)
		_, _ = c.day(at+".to", ph.To)
	}
}

// planDecision checks one decision of the plan itself.
func (c *checker) planDecision(path string, d Decision) {
	c.about(path, d)
	name, _, isPhase := phaseKey(d.Key)
	switch {
	case d.Key == "year":
	case d.Key == "from" || d.Key == "to":
		_, _ = c.day(path+".default", d.Default)
	case d.Key == "shared_days":
		c.try(path+".default", oneOf(d.Default, sharedWords))
	case isPhase && c.hasPhase(name):
		_, _ = c.day(path+".default", d.Default)
	case isPhase:
		c.add(path+".key", "没有阶段“%s”，%s", name, c.phaseNames())
	default:
		c.add(path+".key", "方案的待定项不能是“%s”，只能写 year、from、to、shared_days 或 phase.阶段名.from、phase.阶段名.to", d.Key)
	}
}

func (c *checker) about(path string, d Decision) {
	if strings.TrimSpace(d.About) == "" {
		c.add(path+".about", "请写明方案原文在哪里没有说清")
	}
	if d.Default == "" && d.Key != "year" {
		c.add(path+".default", "请写默认值：没有人另作决定时就按它办")
	}
}

func (c *checker) unique(path string, decisions []Decision) {
	seen := map[string]bool{}
	for i, d := range decisions {
		if seen[d.Key] {
			c.add(fmt.Sprintf("%s[%d].key", path, i), "待定项“%s”写了两次，请只留一个", d.Key)
		}
		seen[d.Key] = true
	}
}

func (c *checker) hasPhase(name string) bool {
	return slices.ContainsFunc(c.plan.Phases, func(p Phase) bool { return p.Name == name })
}

func (c *checker) phaseNames() string {
	names := make([]string, len(c.plan.Phases))
	for i, p := range c.plan.Phases {
		names[i] = p.Name
	}
	if len(names) == 0 {
		return "这个方案没有写阶段"
	}
	return "只有：" + strings.Join(names, "、")
}

// duty checks the words of one duty by themselves.
func (c *checker) duty(at string, d Duty) {
	c.try(at+".kind", oneOf(string(d.Kind), kinds))
	c.try(at+".per", oneOf(string(d.Per), pers))
	if strings.TrimSpace(d.Quote) == "" {
		c.add(at+".quote", "请抄写方案原文，督办时要凭它说话")
	}
	for i, name := range d.Phases {
		if !c.hasPhase(name) {
			c.add(fmt.Sprintf("%s.phases[%d]", at, i), "没有阶段“%s”，%s", name, c.phaseNames())
		}
	}
	if d.Per == calendar.Phase && len(c.plan.Phases) == 0 {
		c.add(at+".per", "按阶段计数，但这个方案没有写阶段，请写 phases 或改 per")
	}
	c.words(at, d)
	c.numbers(at, d)
	c.dutyDecisions(at, d)
}

// words checks what may be left out but must be right when it is there.
func (c *checker) words(at string, d Duty) {
	for i, m := range d.Media {
		c.try(fmt.Sprintf("%s.media[%d]", at, i), oneOf(m, mediaWords))
	}
	if len(d.Groups) > 0 {
		c.try(at+".groups", simple(d.Groups))
	}
	if len(d.Audience) > 0 {
		c.try(at+".audience", simple(d.Audience))
	}
	if d.Means != "" {
		c.try(at+".means", oneOf(string(d.Means), meansWords))
	}
	if d.OwedBy != "" {
		c.try(at+".owed_by", oneOf(d.OwedBy, ownerLevels))
	}
	if d.Within != "" {
		_, err := calendar.ParseWithin(d.Within)
		c.try(at+".within", err)
	}
	if d.Due != "" {
		c.try(at+".due", fitDue(d.Due, d.Per))
	}
}

func (c *checker) numbers(at string, d Duty) {
	for _, n := range []struct {
		key   string
		value int
		most  int
	}{{"at_least", d.AtLeast, mostTimes}, {"hops", d.Hops, 5}, {"total_at_least", d.TotalAtLeast, 1_000_000}} {
		if n.value < 0 || n.value > n.most {
			c.add(at+"."+n.key, "%d 不行，请写 1 到 %d 的整数", n.value, n.most)
		}
	}
	if d.Target != 0 {
		c.try(at+".target", fitTarget(d.Target, d.Unit))
	}
}

func (c *checker) dutyDecisions(at string, d Duty) {
	c.unique(at+".decisions", d.Decisions)
	for i, dec := range d.Decisions {
		path := fmt.Sprintf("%s.decisions[%d]", at, i)
		apply, known := dutyDecisions[dec.Key]
		if !known {
			keys := slices.Sorted(maps.Keys(dutyDecisions))
			c.add(path+".key", "任务的待定项不能是“%s”，只能写 %s", dec.Key, strings.Join(keys, "、"))
			continue
		}
		c.about(path, dec)
		if dec.Default != "" {
			c.try(path+".default", apply(&Term{Duty: d}, dec.Default))
		}
	}
}

// owed checks that a duty says everything its kind needs, itself or by a
// decision.
func (c *checker) owed(at string, d Duty) {
	needs := func(key string, given bool, format string, args ...any) {
		decided := slices.ContainsFunc(d.Decisions, func(x Decision) bool { return x.Key == key })
		if !given && !decided {
			c.add(at+"."+key, format, args...)
		}
	}
	const dueHint = "请写期限，如 due = \"FRI 16:00\"；原文没有写明的，请写一个 key = \"due\" 的待定项"
	const ownerHint = "请写由谁完成，如 owed_by = \"village\""
	switch d.Kind {
	case Quota:
		needs("at_least", d.AtLeast > 0 || d.TotalAtLeast > 0, "请写至少几次，如 at_least = 1")
		if d.Means == "" {
			c.add(at+".means", "请写怎样完成：means = \"push\"（往群里推送）或 \"activity\"（单位组织活动）")
		}
		needs("groups", d.Means != ByPush || len(d.Groups) > 0, "请写推送到哪类群，如 groups = [\"家长群\"]")
		needs("owed_by", d.Means != ByActivity || d.OwedBy != "", ownerHint)
	case Relay:
		needs("groups", len(d.Groups) > 0, "请写转发到哪类群，如 groups = [\"网格群\"]")
		needs("hops", d.Hops > 0, "请写办公室之后转发几级，如 hops = 2")
		needs("within", d.Within != "", "请写多久之内转发，如 within = \"PT4H\"；原文没有写明的，请写一个 key = \"within\" 的待定项")
		if d.Per != calendar.Week {
			c.add(at+".per", "转发按开始那一周计，请写 per = \"week\"")
		}
	case Report, Roster:
		needs("due", d.Due != "", dueHint)
		needs("owed_by", d.OwedBy != "", ownerHint)
	case Figure:
		needs("target", d.Target > 0, "请写目标，如 target = 0.8（即80%%）")
		needs("owed_by", d.OwedBy != "", ownerHint)
	}
	if d.Kind != Quota && d.Means != "" && slices.Contains(kinds, string(d.Kind)) {
		c.add(at+".means", "只有次数（quota）写 means，请删去这一行")
	}
}

// trial resolves the plan with its defaults, in the year it names or else in a
// leap year, so that an adoption cannot fail on the file alone.
func (c *checker) trial() {
	year := 2028
	for _, text := range []string{c.plan.To, c.plan.From} {
		if d, err := parseDay(text); err == nil && d.year > 0 {
			year = d.year
		}
	}
	terms, err := Resolve(c.plan, year, nil)
	var bad *AnswerError
	if !errors.As(err, &bad) {
		c.try("", err)
		c.empty(terms)
		return
	}
	path := bad.Key
	if i := slices.IndexFunc(c.plan.Decisions, func(d Decision) bool { return d.Key == bad.Key }); i >= 0 {
		path = fmt.Sprintf("decisions[%d].default", i)
	}
	c.add(path, "%s", bad.Message)
}

// empty finds phases and duties that never come, whatever the office answers.
func (c *checker) empty(terms Terms) {
	first, last := terms.Start, terms.End.AddDays(-1)
	for i, ph := range c.plan.Phases {
		if !slices.ContainsFunc(terms.Phases, func(p calendar.Period) bool { return p.Key == ph.Name }) {
			c.add(fmt.Sprintf("phases[%d]", i), "阶段“%s”没有一天在方案期限 %s 至 %s 之内，请改日期", ph.Name, first, last)
		}
	}
	for i, d := range terms.Duties {
		if len(c.found) == 0 && len(d.wholes()) == 0 {
			c.add(fmt.Sprintf("duties[%d]", i), "任务“%s”没有一天在方案期限 %s 至 %s 之内，请改阶段或期限", d.ID, first, last)
		}
	}
}
