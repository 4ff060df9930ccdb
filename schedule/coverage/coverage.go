// Package coverage is pure arithmetic: from what is owed and what was credited
// to standings, causes and tallies. It knows plans and the calendar; it knows
// no deliveries' history, no store and no clock.
//
// Every number here can blame a village, so each rule cites the definition of
// docs/architecture.md it computes.
package coverage

import (
	"slices"
	"time"

	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
)

// Grade 凭证 is how well a delivery is proved, weakest first.
type Grade string

// The grades of evidence.
const (
	Reported  Grade = "reported"  // 自报
	Accepted  Grade = "accepted"  // 受理: the server took it
	Observed  Grade = "observed"  // 见到: seen in the group
	Confirmed Grade = "confirmed" // 确认: said by someone other than the forwarder
)

var grades = []Grade{Reported, Accepted, Observed, Confirmed}

// AtLeast reports whether g proves as much as asked; an unknown grade proves nothing.
func (g Grade) AtLeast(asked Grade) bool {
	i := slices.Index(grades, g)
	return i >= 0 && i >= slices.Index(grades, asked)
}

// ParseGrade reads a grade's English or Chinese word; "" is Reported, the lowest.
func ParseGrade(s string) (Grade, bool) {
	names := map[string]Grade{"": Reported, "自报": Reported, "受理": Accepted, "见到": Observed, "确认": Confirmed}
	if g, ok := names[s]; ok {
		return g, true
	}
	return Grade(s), slices.Contains(grades, Grade(s))
}

// Standing 进度 of one obligation.
type Standing string

// The standings, in the order of the definition: the first that fits.
const (
	Excused Standing = "excused" // 免考核
	Met     Standing = "met"     // 达标
	AtRisk  Standing = "at_risk" // 临期
	OnPace  Standing = "on_pace" // 正常
	Late    Standing = "late"    // 补齐
	Behind  Standing = "behind"  // 落后
)

// Chinese is the word on the screen.
func (s Standing) Chinese() string {
	return map[Standing]string{Excused: "免考核", Met: "达标", AtRisk: "临期", OnPace: "正常", Late: "补齐", Behind: "落后"}[s]
}

// Cause says whose an obligation that is behind is.
type Cause string

// The causes (design rule 7).
const (
	ByKeeper  Cause = "keeper"  // 负责人
	ByOffice  Cause = "office"  // 办公室 (the bot's outage among them)
	ByGroup   Cause = "group"   // 群: gone, or the bot removed
	ByContent Cause = "content" // 素材: nothing approved fitted
)

// Chinese is the word on the screen.
func (c Cause) Chinese() string {
	return map[Cause]string{ByKeeper: "负责人未转", ByOffice: "办公室/机器人", ByGroup: "群的原因", ByContent: "没有合适素材"}[c]
}

// Owed 应办 is one duty × one group (or unit) × one period, with what the
// ledger says of it.
type Owed struct {
	ID       int64
	Adoption int64
	Plan     string // plan id
	Number   int    // plan number
	Duty     string // duty id
	Kind     plans.Kind
	Means    plans.Means
	Quote    string

	Group     int64 // 0 when a unit owes it
	GroupName string
	GroupKind string
	Audiences []string
	Unit      int64
	UnitPath  string
	UnitName  string

	Period calendar.Period
	// StartAt and EndAt bound what counts as on time: [StartAt, EndAt). For a
	// relay EndAt is the deadline of its hop.
	StartAt, EndAt time.Time
	Need           int
	Push           int64 // the relay push it is owed for, else 0

	Credits int // on time, at the grade asked for
	Makeups int // late ones that fill this period

	// Only for periods that have not ended:
	OpenSlots    int  // slots still to come
	Live         int  // deliveries queued, sending, held or handed
	Unanswered   bool // a handoff waits for its person
	WorkdaysLeft int  // from today to the end

	Excuse string // why it is excused, "" when it is not
	Cause  Cause  // computed when behind
	// BlamedUnit is the unit of the person who is the cause, "" for the
	// group's own: a village that did not pass a pack on is not its grids' fault.
	BlamedUnit string

	PlanTitle, DutyTitle string // for tables, in Simplified characters
}

// PushDuty reports whether the obligation is met by deliveries into groups;
// only these enter totals.
func (o Owed) PushDuty() bool {
	return o.Kind == plans.Relay || o.Kind == plans.Quota && o.Means != plans.ByActivity
}

// Closed reports whether the period has ended by now.
func (o Owed) Closed(now time.Time) bool { return !now.Before(o.EndAt) }

// Standing is the first standing that fits (design §4, Definitions).
func (o Owed) Standing(now time.Time) Standing {
	missing := o.Need - o.Credits
	switch {
	case o.Excuse != "":
		return Excused
	case missing <= 0:
		return Met
	case !o.Closed(now):
		if o.OpenSlots+o.Live < missing || o.Unanswered && o.WorkdaysLeft <= missing {
			return AtRisk
		}
		return OnPace
	case o.Makeups >= missing:
		return Late
	}
	return Behind
}

// Fact is one delivery as a possible credit.
type Fact struct {
	Delivery int64
	Push     int64
	Group    int64
	// Day is the local day it counts on; When the instant compared with
	// [StartAt, EndAt): accepted_at, or the saying, or the start of the day the
	// person named.
	Day      calendar.Date
	When     time.Time
	Evidence Grade // "" for a state that is no evidence
	Media    []string
	Themes   []string
	Makeup   int64 // the obligation a make-up names, else 0
}

// Fits reports whether content with these media and themes meets the duty:
// media ⊇ the duty's, themes meet if the duty lists any.
func Fits(t plans.Term, media, themes []string) bool {
	for _, m := range t.Media {
		if !slices.Contains(media, m) {
			return false
		}
	}
	return len(t.Themes) == 0 || slices.ContainsFunc(t.Themes, func(x string) bool { return slices.Contains(themes, x) })
}

// Merit says how a fact counts for an obligation.
type Merit int

// The merits of a fact.
const (
	NoCredit Merit = iota
	OnTime
	MadeUp
)

// Judge says how the fact counts for the obligation under its term, at any
// grade. lastMakeup is the first instant too late for a make-up (the end of the
// next period).
func Judge(o Owed, t plans.Term, f Fact, lastMakeup time.Time) Merit {
	switch {
	case f.Group != o.Group || f.Evidence == "" || !Fits(t, f.Media, f.Themes):
		return NoCredit
	case o.Push != 0 && f.Push != o.Push:
		return NoCredit // a relay is owed for its own push
	case f.Makeup != 0 && f.Makeup != o.ID:
		return NoCredit
	case f.When.Before(o.StartAt):
		return NoCredit
	case f.When.Before(o.EndAt):
		return OnTime
	case (f.Makeup == o.ID || o.Push != 0) && f.When.Before(lastMakeup):
		return MadeUp
	}
	return NoCredit
}

// Count adds up the facts at or above grade: two on one local day count once
// when the term says so.
func Count(o Owed, t plans.Term, facts []Fact, grade Grade, lastMakeup time.Time) (credits, makeups int) {
	seen := map[Merit]map[calendar.Date]bool{OnTime: {}, MadeUp: {}}
	for _, f := range facts {
		m := Judge(o, t, f, lastMakeup)
		if m == NoCredit || !f.Evidence.AtLeast(grade) || t.DistinctDays && seen[m][f.Day] {
			continue
		}
		seen[m][f.Day] = true
		if m == OnTime {
			credits++
		} else {
			makeups++
		}
	}
	return credits, makeups
}
