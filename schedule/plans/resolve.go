package plans

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/calendar"
)

// AnswerError is an answer (or a default) that cannot be used. Key is as given
// to Resolve; Message is Simplified Chinese and says what to write.
type AnswerError struct {
	Key     string
	Message string
}

// Error names the key and says what to write.
func (e *AnswerError) Error() string { return "待定项 " + e.Key + "：" + e.Message }

// Resolve puts a plan that Check finds right into a year. Answers are keyed
// "KEY" for a decision of the plan ("to") and "DUTY.KEY" for one of a duty
// ("village-relay.within"); what is not answered takes its default, and Terms
// records both. The error is an *AnswerError.
//
// From and to of the plan mean the document's days: what lies before the day of
// adoption is the caller's to cut.
func Resolve(plan Plan, year int, answers map[string]string) (Terms, error) {
	r := &resolver{plan: tidy(plan), year: year, answers: answers, taken: map[string]string{}}
	if err := r.known(); err != nil {
		return Terms{}, err
	}
	for _, step := range []func() error{r.planDecisions, r.days, r.phaseDays, r.sharedDays, r.duties} {
		if err := step(); err != nil {
			return Terms{}, err
		}
	}
	for _, t := range r.terms {
		if most := mostDays[t.Per]; t.Kind == Quota && t.Means != ByActivity && t.DistinctDays && most > 0 && t.AtLeast > most {
			return Terms{}, &AnswerError{Key: t.ID + ".at_least", Message: fmt.Sprintf("%d 次要落在不同的日子，这一期最多只有 %d 天，请写小一些", t.AtLeast, most)}
		}
	}
	return Terms{
		Plan: plan.ID, Number: plan.Number, Title: plan.Title, Year: year,
		Start: r.start, End: r.end, Phases: r.phases, Decisions: r.taken, Duties: r.terms,
	}, nil
}

// mostDays are the days that every whole period of a kind has at the least.
var mostDays = map[calendar.Per]int{calendar.Week: 7, calendar.Month: 28, calendar.Quarter: 90}

// resolver carries what the steps of Resolve hand on.
type resolver struct {
	plan       Plan
	year       int
	answers    map[string]string
	taken      map[string]string // decision → answer in force
	start, end calendar.Date
	phases     []calendar.Period
	terms      []Term
}

// known refuses answers to what is no decision of this plan.
func (r *resolver) known() error {
	keys := map[string]bool{}
	for _, d := range r.plan.Decisions {
		keys[d.Key] = true
	}
	for _, duty := range r.plan.Duties {
		for _, d := range duty.Decisions {
			keys[duty.ID+"."+d.Key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.answers)) {
		if keys[key] {
			continue
		}
		all := slices.Sorted(maps.Keys(keys))
		if len(all) == 0 {
			return &AnswerError{key, fmt.Sprintf("方案 %s 没有待定项，请删去", r.plan.ID)}
		}
		return &AnswerError{key, fmt.Sprintf("方案 %s 没有这一项，可以定的有：%s", r.plan.ID, strings.Join(all, "、"))}
	}
	return nil
}

// take records and returns the answer to a decision, or its default.
func (r *resolver) take(key, byDefault string) (string, error) {
	value := byDefault
	if answer, given := r.answers[key]; given {
		if value = strings.TrimSpace(answer); value == "" {
			return "", &AnswerError{key, "请写值，或不写这一项，按默认“" + byDefault + "”办"}
		}
	}
	r.taken[key] = value
	return value, nil
}

func (r *resolver) planDecisions() error {
	if r.year < 2000 || r.year > 2999 {
		return &AnswerError{"year", fmt.Sprintf("年份 %d 不行，请写四位年份，如 2026", r.year)}
	}
	for _, d := range r.plan.Decisions {
		byDefault := d.Default
		if d.Key == "year" {
			byDefault = strconv.Itoa(r.year)
		}
		value, err := r.take(d.Key, byDefault)
		if err != nil {
			return err
		}
		if d.Key == "year" && value != byDefault {
			return &AnswerError{"year", fmt.Sprintf("写的是 %s，启用年份却是 %d，请只用 --year", value, r.year)}
		}
		if d.Key == "shared_days" {
			if err := oneOf(value, sharedWords); err != nil {
				return &AnswerError{d.Key, err.Error()}
			}
		}
	}
	return nil
}

// settled is the answer of a plan decision, or what the document says.
func (r *resolver) settled(key, written string) string {
	if answer, ok := r.taken[key]; ok {
		return answer
	}
	return written
}

// days finds the plan's first day and the first day after it.
func (r *resolver) days() error {
	from, err := r.day("from", r.settled("from", r.plan.From), monthDay{month: time.January, day: 1})
	if err != nil {
		return err
	}
	if from.year > 0 && from.year != r.year {
		return &AnswerError{"from", fmt.Sprintf("写的是 %d 年，启用年份却是 %d，请改成同一年", from.year, r.year)}
	}
	to, err := r.day("to", r.settled("to", r.plan.To), monthDay{month: time.December, day: 31})
	if err != nil {
		return err
	}
	r.start = from.in(r.year)
	last := to.in(r.year)
	if to.year == 0 {
		if last.Before(r.start) {
			last = to.in(r.year + 1)
		}
		last = to.in(last.Year() + max(r.plan.Years-1, 0))
	}
	if last.Before(r.start) || last.Year() > r.year+10 {
		return &AnswerError{"to", fmt.Sprintf("结束日期 %s 与开始日期 %s 不合，请写开始之后、十年之内的日期", last, r.start)}
	}
	r.end = last.AddDays(1)
	return nil
}

// day reads a date; an empty one is the given default.
func (r *resolver) day(key, text string, empty monthDay) (monthDay, error) {
	if text == "" {
		return empty, nil
	}
	d, err := parseDay(text)
	if err != nil {
		return monthDay{}, &AnswerError{key, err.Error()}
	}
	return d, nil
}

// phaseDays places the phases. A phase whose dates are decided must lie in the
// plan; one with fixed dates may be over before an office begins.
func (r *resolver) phaseDays() error {
	base := calendar.NewDate(r.year, time.January, 1)
	if d, err := parseDay(r.plan.From); err == nil {
		base = d.in(r.year)
	}
	r.phases = []calendar.Period{}
	for _, ph := range r.plan.Phases {
		p, err := r.place(ph, base)
		if err != nil {
			return err
		}
		if !p.Empty() {
			r.phases = append(r.phases, p)
			continue
		}
		for _, end := range []string{"from", "to"} {
			key := "phase." + ph.Name + "." + end
			if _, decided := r.taken[key]; decided {
				return &AnswerError{key, fmt.Sprintf("阶段“%s”不在方案期限 %s 至 %s 之内，请写期限之内的日期", ph.Name, r.start, r.end.AddDays(-1))}
			}
		}
	}
	return nil
}

// place is the phase cut to the plan's days. Dates without a year are the first
// on or after base, the first day the document itself knows; decided ones the
// first on or after the plan's start.
func (r *resolver) place(ph Phase, base calendar.Date) (calendar.Period, error) {
	bounds := [2]calendar.Date{r.start, r.end}
	for i, end := range []struct{ name, written string }{{"from", ph.From}, {"to", ph.To}} {
		key := "phase." + ph.Name + "." + end.name
		text, since := r.settled(key, end.written), base
		if text == "" {
			continue
		}
		if _, decided := r.taken[key]; decided {
			since = r.start
		}
		d, err := r.day(key, text, monthDay{})
		if err != nil {
			return calendar.Period{}, err
		}
		bounds[i] = d.since(since).AddDays(i) // to is included
	}
	p := calendar.Period{Per: calendar.Phase, Key: ph.Name, Start: bounds[0], End: bounds[1]}
	return p.Cut(r.start, r.end), nil
}

// sharedDays gives days that two phases in a row both hold to one of them, if
// an answer says so; otherwise they belong to both.
func (r *resolver) sharedDays() error {
	for i := 1; i < len(r.phases); i++ {
		before, after := &r.phases[i-1], &r.phases[i]
		if !after.Start.Before(before.End) {
			continue
		}
		switch r.taken["shared_days"] {
		case "first":
			*after = after.Cut(before.End, calendar.Date{})
		case "second":
			*before = before.Cut(calendar.Date{}, after.Start)
		}
	}
	r.phases = slices.DeleteFunc(r.phases, calendar.Period.Empty)
	return nil
}

func (r *resolver) duties() error {
	r.terms = make([]Term, len(r.plan.Duties))
	for i, d := range r.plan.Duties {
		t := Term{Duty: d, DistinctDays: d.Means == ByPush, Makeup: "next"}
		for _, dec := range d.Decisions {
			if err := r.decide(&t, d.ID+"."+dec.Key, dec); err != nil {
				return err
			}
		}
		if t.Kind != Relay && t.Kind != Rule {
			t.AtLeast = t.Need()
		}
		t.Windows = r.windows(t.Duty)
		r.reachDue(&t)
		r.terms[i] = t
	}
	return nil
}

func (r *resolver) decide(t *Term, key string, dec Decision) error {
	value, err := r.take(key, dec.Default)
	if err != nil {
		return err
	}
	apply, ok := dutyDecisions[dec.Key]
	if !ok {
		return &AnswerError{key, "方案文件里的这个待定项无法识别，请先用 plan check 检查"}
	}
	if err := apply(t, value); err != nil {
		return &AnswerError{key, err.Error()}
	}
	return nil
}

// windows are the phases in which the duty holds, or the whole plan.
func (r *resolver) windows(d Duty) []calendar.Period {
	if len(d.Phases) == 0 && d.Per != calendar.Phase {
		return []calendar.Period{{Per: calendar.Campaign, Key: string(calendar.Campaign), Start: r.start, End: r.end}}
	}
	return slices.DeleteFunc(slices.Clone(r.phases), func(p calendar.Period) bool {
		return len(d.Phases) > 0 && !slices.Contains(d.Phases, p.Key)
	})
}

// longestReach is how long after its days a dated report may be due. A date
// further off is last year's: it was over before the plan began.
const longestReach = 183

// reachDue stretches the last window to a dated deadline after its end (plan 4
// reports on 1 May of a week that ended on 26 April): the duty holds until then.
// A deadline that was over before a late start leaves nothing owed.
func (r *resolver) reachDue(t *Term) {
	if t.Per != calendar.Once && t.Per != calendar.Campaign || len(t.Windows) == 0 {
		return
	}
	last := &t.Windows[len(t.Windows)-1]
	day, ok := t.dueDay(t.span())
	switch {
	case !ok || day.Before(last.End):
	case last.End.DaysUntil(day) > longestReach:
		t.Windows = []calendar.Period{}
	default:
		last.End = day.AddDays(1)
	}
}

// monthDay is a date of a document; year is 0 where it has none.
type monthDay struct {
	year  int
	month time.Month
	day   int
}

var dayShape = regexp.MustCompile(`^(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})$`)

// parseDay reads "01-02" or "2006-01-02"; 02-29 needs no leap year.
func parseDay(text string) (monthDay, error) {
	m := dayShape.FindStringSubmatch(text)
	if m == nil {
		return monthDay{}, fmt.Errorf("日期“%s”无法识别，请写月-日，如 11-25，或年-月-日，如 2026-11-25", text)
	}
	year, _ := strconv.Atoi("0" + m[1])
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(m[3])
	d := monthDay{year, time.Month(month), day}
	const leap = 2000
	if exists := calendar.NewDate(leap, d.month, day); int(exists.Month()) != month || exists.Day() != day {
		return monthDay{}, fmt.Errorf("没有“%s”这一天，请写月-日，如 11-25", text)
	}
	if m[1] != "" && (year < 2000 || year > 2999) {
		return monthDay{}, fmt.Errorf("年份“%s”不行，请写 2000 到 2999 年", m[1])
	}
	return d, nil
}

// in is the date in its own year, or in y when it has none; 29 February is the
// month's last day.
func (d monthDay) in(y int) calendar.Date {
	if d.year > 0 {
		y = d.year
	}
	last := calendar.NewDate(y, d.month+1, 0)
	return calendar.NewDate(y, d.month, min(d.day, last.Day()))
}

// since is the first such date on or after base.
func (d monthDay) since(base calendar.Date) calendar.Date {
	if found := d.in(base.Year()); !found.Before(base) {
		return found
	}
	return d.in(base.Year() + 1)
}
