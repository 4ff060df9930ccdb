// Package plans knows the documents: plans, their phases, their duties with the
// quoted clause of each, and the decisions a document leaves open. It turns a
// plan and the answers of an office into terms with dates. It knows no office,
// no group and no delivery.
//
// A plan is data (design rule 1): one TOML file, embedded or the user's own. An
// embedded plan carries month and day, never a year.
package plans

import (
	"encoding/json"

	"tongluo/schedule/calendar"
)

// Plan 方案 is one document.
type Plan struct {
	Number int    `toml:"number" json:"number"`
	ID     string `toml:"id" json:"id"` // "11-yongning"
	Title  string `toml:"title" json:"title"`
	// Source is where the quotes were taken from.
	Source string `toml:"source" json:"source,omitempty"`
	// From and To are "01-02" (month-day, both days included) or empty: from
	// adoption, to the end of the adopted year. A To before From is in the
	// next year; "02-29" is the last day of February. A user's own file may
	// give "2006-01-02".
	From string `toml:"from" json:"from"`
	To   string `toml:"to" json:"to"`
	// Years is how many years the plan runs (plan 11: 3); 0 is one. To lies in
	// the last of them.
	Years     int        `toml:"years" json:"years,omitempty"`
	Phases    []Phase    `toml:"phases" json:"phases"`
	Duties    []Duty     `toml:"duties" json:"duties"`
	Decisions []Decision `toml:"decisions" json:"decisions,omitempty"` // of the plan itself
}

// Phase is a named stretch of days, both ends included; phases may share a day.
type Phase struct {
	Name string `toml:"name" json:"name"`
	From string `toml:"from" json:"from"` // as Plan.From, or empty: the plan's
	To   string `toml:"to" json:"to"`
}

// Kind of a duty.
type Kind string

// The kinds (design §2).
const (
	Quota  Kind = "quota"  // 次数
	Relay  Kind = "relay"  // 转发
	Report Kind = "report" // 报送
	Roster Kind = "roster" // 名册
	Rule   Kind = "rule"   // 群规
	Figure Kind = "figure" // 填报
)

// Means says whether a quota is met by pushes into groups or by an activity
// that a unit holds and reports.
type Means string

// The means of a quota.
const (
	ByPush     Means = "push"
	ByActivity Means = "activity"
)

// Duty 任务 is one clause of a plan.
type Duty struct {
	ID    string `toml:"id" json:"id"` // unique in its plan: "weekly-push"
	Kind  Kind   `toml:"kind" json:"kind"`
	Title string `toml:"title" json:"title,omitempty"` // our short Simplified name for it
	// Quote is the clause verbatim, in the characters of the source.
	Quote  string   `toml:"quote" json:"quote"`
	Groups []string `toml:"groups" json:"groups"` // kinds of group
	// Audience narrows to groups with one of these audiences; empty: any.
	Audience []string `toml:"audience" json:"audience"`
	// Phases names the phases in which the duty holds; empty: the whole plan.
	Phases  []string     `toml:"phases" json:"phases"`
	AtLeast int          `toml:"at_least" json:"at_least"`
	Per     calendar.Per `toml:"per" json:"per"` // relays: week (the week a push started); rules: campaign
	Means   Means        `toml:"means" json:"means,omitempty"`
	Media   []string     `toml:"media" json:"media"`   // every one must be in the item
	Themes  []string     `toml:"themes" json:"themes"` // any one must be in the item
	Hops    int          `toml:"hops" json:"hops,omitempty"`
	Within  string       `toml:"within" json:"within,omitempty"` // ISO 8601, working time
	// Due is "FRI 16:00", "day 27" or "10-09"; empty where the text has none
	// and a decision gives it. In a Term empty means the end of the period.
	Due string `toml:"due" json:"due,omitempty"`
	// OwedBy is office (one for all), unit (every unit under the adopting one)
	// or a unit level (see ownerLevels).
	OwedBy   string `toml:"owed_by" json:"owed_by,omitempty"`
	Receiver string `toml:"receiver" json:"receiver,omitempty"`
	// Target of a figure: a fraction (0.8), or a count with Unit.
	Target       float64    `toml:"target" json:"target,omitempty"`
	Unit         string     `toml:"unit" json:"unit,omitempty"`
	TotalAtLeast int        `toml:"total_at_least" json:"total_at_least,omitempty"`
	Decisions    []Decision `toml:"decisions" json:"decisions"`
}

// Need is N of one obligation of the duty: the number for all units together
// where the clause has one (plan 4: 276), otherwise AtLeast, and 1 for what is
// simply handed in. Terms carry it in AtLeast.
func (d Duty) Need() int { return max(d.TotalAtLeast, d.AtLeast, 1) }

// Decision 待定项 is what a document leaves open. The key names the field it
// settles ("within", "due", "at_least", "distinct_days", "media", "groups",
// "from", "to" …); About says in Simplified Chinese what the text leaves open.
type Decision struct {
	Key     string `toml:"key" json:"key"`
	Default string `toml:"default" json:"default"`
	About   string `toml:"about" json:"about"`
}

// Terms is a plan put into a year with every decision answered: what an
// adoption stores and every later computation reads.
type Terms struct {
	Plan   string        `json:"plan"`
	Number int           `json:"number"`
	Title  string        `json:"title"`
	Year   int           `json:"year"`
	Start  calendar.Date `json:"start"` // first day
	End    calendar.Date `json:"end"`   // first day after
	// Phases have the phase's name as key; one that lies wholly outside
	// [Start, End) is left out.
	Phases []calendar.Period `json:"phases"`
	// Decisions holds every answer, given or default: "to", "weekly-push.media".
	Decisions map[string]string `json:"decisions"`
	Duties    []Term            `json:"duties"`
}

// Term is one duty with its dates: Windows are the days it holds, [Start, End),
// in order and disjoint unless two phases share a day. Its AtLeast is N of one
// obligation, 1 for what is handed in (see Duty.Need); a relay is owed per push.
type Term struct {
	Duty
	Windows      []calendar.Period `json:"windows"`
	DistinctDays bool              `json:"distinct_days"`
	// Makeup is how a period's debt may still be filled; only "next" (until
	// the end of the next period) is used today.
	Makeup string `json:"makeup"`
}

// MarshalJSON writes a plan as `plan list --json` shows it (design §6): every
// key present, null where the clause says nothing, lists never null.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan // without this method
	p = tidy(p)
	listed := struct {
		plain
		Duties    []listedDuty `json:"duties"`
		Decisions []Decision   `json:"decisions"`
	}{plain: plain(p), Duties: make([]listedDuty, len(p.Duties)), Decisions: p.Decisions}
	for i, d := range p.Duties {
		listed.Duties[i] = list(d)
	}
	return json.Marshal(listed)
}

// listedDuty shadows the fields of a duty that are null where nothing is said.
type listedDuty struct {
	Duty
	Means    *Means   `json:"means"`
	Hops     *int     `json:"hops"`
	Within   *string  `json:"within"`
	Due      *string  `json:"due"`
	OwedBy   *string  `json:"owed_by"`
	Receiver *string  `json:"receiver"`
	Target   *float64 `json:"target"`
}

func list(d Duty) listedDuty {
	return listedDuty{
		Duty:  d,
		Means: said(d.Means), Hops: said(d.Hops), Within: said(d.Within), Due: said(d.Due),
		OwedBy: said(d.OwedBy), Receiver: said(d.Receiver), Target: said(d.Target),
	}
}

// said is nil for the zero value.
func said[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// tidy returns the plan with every list present, sharing nothing that it fills.
func tidy(p Plan) Plan {
	p.Phases, p.Decisions = present(p.Phases), present(p.Decisions)
	duties := make([]Duty, len(p.Duties))
	for i, d := range p.Duties {
		d.Groups, d.Audience, d.Phases = present(d.Groups), present(d.Audience), present(d.Phases)
		d.Media, d.Themes, d.Decisions = present(d.Media), present(d.Themes), present(d.Decisions)
		duties[i] = d
	}
	p.Duties = duties
	return p
}

func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
