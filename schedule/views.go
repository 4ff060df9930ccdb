package schedule

import (
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
)

// TaskView is what a unit hands in (a report, roster, figure or activity) and
// still owes, as `tasks --json` prints it.
type TaskView struct {
	ID       int64             `json:"id"`
	Unit     Ref               `json:"unit"`
	Plan     int               `json:"plan"`
	Duty     string            `json:"duty"`
	Title    string            `json:"title"`
	Quote    string            `json:"quote"`
	Kind     string            `json:"kind"`
	Period   string            `json:"period"`
	Due      time.Time         `json:"due"`
	Standing coverage.Standing `json:"standing"`
}

// Ref names a thing by id.
type Ref struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// DeliveryView is a delivery as `deliveries --json` prints it.
type DeliveryView struct {
	ID          int64          `json:"id"`
	Push        int64          `json:"push"`
	Item        string         `json:"item"`
	Group       Ref            `json:"group"`
	Unit        Ref            `json:"unit"`
	Duties      []string       `json:"duties"` // "11/weekly-push": what it was planned for or credits
	Slot        string         `json:"slot"`
	Date        calendar.Date  `json:"date"`
	Due         time.Time      `json:"due"` // when its window closes
	Carrier     string         `json:"carrier"`
	State       State          `json:"state"`
	Evidence    coverage.Grade `json:"evidence"`
	Parts       []PartView     `json:"parts"`
	Attempts    int            `json:"attempts"`
	AcceptedAt  *time.Time     `json:"accepted_at"`
	ConfirmedAt *time.Time     `json:"confirmed_at"`
	Reason      string         `json:"reason"`
	Entered     bool           `json:"entered"` // 补录
}

// PartView is one message of a delivery.
type PartView struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
}

// BehindRow is one obligation that is behind, as `behind --json` prints it.
type BehindRow struct {
	ID       int64             `json:"id"` // the flag's number
	Group    Ref               `json:"group"`
	Unit     Ref               `json:"unit"`
	Keeper   string            `json:"keeper"`
	Plan     int               `json:"plan"`
	Duty     string            `json:"duty"`
	Quote    string            `json:"quote"`
	Period   string            `json:"period"`
	Standing coverage.Standing `json:"standing"`
	Cause    coverage.Cause    `json:"cause"`
	Since    time.Time         `json:"since"`
	State    FlagState         `json:"state"`

	// For sentences, not for JSON:
	Title   string `json:"-"` // plan title
	Need    int    `json:"-"`
	Credits int    `json:"-"`
	StuckAt string `json:"-"` // a relay's lowest unfinished hop: who, since when
}

// HandoffView is a handoff as `handoffs --json` prints it.
type HandoffView struct {
	ID         int64        `json:"id"`
	Push       int64        `json:"push"`
	Item       string       `json:"item"`
	Title      string       `json:"title"`
	Person     Ref          `json:"person"`
	Unit       Ref          `json:"unit"`
	Hop        int          `json:"hop"`
	Hops       int          `json:"hops"`
	Above      int64        `json:"above,omitempty"`
	State      HandoffState `json:"state"`
	By         string       `json:"by"`
	ReadableAt *time.Time   `json:"readable_at"`
	Due        time.Time    `json:"due"`
	Done       int          `json:"done"`
	All        int          `json:"all"`
	Groups     []Ref        `json:"groups"`
	Clauses    []Clause     `json:"clauses"`
	Reason     string       `json:"reason,omitempty"`
	Pictures   int          `json:"pictures"` // photos its person filed
	Seen       int          `json:"seen"`     // groups in which the content was seen
	// Lag is how long it lay with its person, in working time (ISO 8601); nil
	// before it was readable. Stuck: its relay stands still here, since Since.
	Lag   *string    `json:"lag"`
	Stuck bool       `json:"stuck"`
	Since *time.Time `json:"since"`
	// Requests is how many its person was asked for in the week it was made.
	Requests int `json:"requests"`

	Waited time.Duration `json:"-"` // Lag, for sentences
}

// Clause is where a duty is written.
type Clause struct {
	Plan  int    `json:"plan"`
	Duty  string `json:"duty"`
	Title string `json:"title"`
	Quote string `json:"quote"`
}

// Quoted gives the clause in Simplified characters with its plan:
// 方案11“每周至少推送两次……”.
func (c Clause) Quoted() string {
	return "方案" + itoa(c.Plan) + "“" + plans.Simplified(c.Quote) + "”"
}

// Simplified writes Traditional characters as Simplified ones, for what people
// type and for quotes they read.
func Simplified(s string) string { return plans.Simplified(s) }

// Query asks for coverage; zero fields do not narrow.
type Query struct {
	Plan   string
	Unit   string // name or path
	Period string // 2026-W47, 2026-11
	By     coverage.By
	Grade  coverage.Grade
	Kind   string
	// Pushes leaves out what units hand in, which is in no total.
	Pushes bool
	// Now is as-of; Past says it was asked for and the ledger must be re-read
	// as it stood then.
	Now  time.Time
	Past bool
}

// CoverageView is what `coverage --json` prints.
type CoverageView struct {
	AsOf  time.Time      `json:"as_of"`
	Grade coverage.Grade `json:"grade"`
	coverage.Table
}

// Request asks to queue a push.
type Request struct {
	Item string
	To   string    // selector
	At   time.Time // zero: as soon as allowed

	number int64 // of the question that asked for it; its content was written for it
}

// Preview is a push as it will be seen and sent.
type Preview struct {
	Push     Push       `json:"-"`
	ID       int64      `json:"id"`
	Item     string     `json:"item"`
	Title    string     `json:"title"`
	Text     string     `json:"text"`
	Groups   []Ref      `json:"groups"`
	Opens    time.Time  `json:"opens"`
	Closes   time.Time  `json:"closes"`
	State    PushState  `json:"state"`
	ReadyAt  *time.Time `json:"ready_at"`
	Why      []string   `json:"why"`      // why it waits for a second person
	Seconds  []Ref      `json:"seconds"`  // who could be that person
	Warnings []string   `json:"warnings"` // capacity, groups without a handle, burden
	Burden   []Burden   `json:"burden"`   // whose third request of the week, or later, it would be

	Parts []content.Part `json:"-"` // the messages, as the group will get them
}

// QueueRow is one push of `queue --json`.
type QueueRow struct {
	ID      int64         `json:"id"`
	Item    string        `json:"item"`
	Title   string        `json:"title"`
	Slot    string        `json:"slot"`
	Day     calendar.Date `json:"date"`
	Opens   time.Time     `json:"opens"`
	Closes  time.Time     `json:"closes"`
	State   PushState     `json:"state"`
	ReadyAt *time.Time    `json:"ready_at"`
	Groups  int           `json:"groups"`
	States  map[State]int `json:"states"`
	Reason  string        `json:"reason,omitempty"` // why it waits again
	// Lapses is when a person's approval is over, if that is before the push opens.
	Lapses *time.Time `json:"lapses,omitempty"`
}

// AgainFrom is from when on a new approval lasts until the push opens, once the
// one it has is over.
func (r QueueRow) AgainFrom() time.Time {
	from := r.Opens.Add(-approvalLife)
	if r.Lapses != nil && from.Before(*r.Lapses) {
		return *r.Lapses
	}
	return from
}

// Word is a person's answer to a handoff.
type Word struct {
	Handoff int64 // 0: the only open one, else asked
	Done    int   // 0 with All 0: all of it
	All     int
	Day     calendar.Date // the day they forwarded it, zero: when they said so
	// Said is when they said it, zero: now. A word that is heard late, because
	// the bot was away, counts from when it was said.
	Said time.Time
}

// Answered says what a word did.
type Answered struct {
	Handoff HandoffView
	Groups  []Ref // credited or declined by it
	Late    bool
	Next    []HandoffView // hops opened by it
	// SpokenFor are those below who cannot be asked: their groups stand on this word.
	SpokenFor []Ref
}

// Tick is one line of a tick-list read back.
type Tick struct {
	Row    int
	ID     int64 // delivery or task number
	Done   bool
	Day    calendar.Date // zero: today
	Given  calendar.Date // the day the pack was given to the person, zero: not said
	Reason string
}

// Entry is one line of a ledger kept elsewhere (补录).
type Entry struct {
	Row    int
	Day    calendar.Date
	Unit   string
	Group  string
	Title  string
	Media  []string
	Themes []string
}
