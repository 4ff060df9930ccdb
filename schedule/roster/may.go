package roster

import "slices"

// Actor 操作者 is who does a verb. Whoever runs the command line on the office
// PC is admin by possession; By records who asked.
type Actor struct {
	Person int64  // 0 for the command line and the clock
	Name   string // for the screen; log rows keep Person, never the name
	Role   Role
	Unit   string // root of the subtree the role covers; "" is the whole office
	Via    Via
	By     string // --by: who asked the operator
	// Unproven: a high role recognised by the phone-set remark alone. Until a
	// code has bound it in this session it may see and answer what is its own.
	Unproven bool
}

// Via says by which road a verb came.
type Via string

// The roads.
const (
	ViaChat    Via = "chat"
	ViaConsole Via = "console"
	ViaCommand Via = "command"
	ViaClock   Via = "clock"
)

// Clock returns the actor of what the runner does because it is due.
func Clock() Actor { return Actor{Name: "定时", Role: Admin, Via: ViaClock} }

// Operator returns the actor of the command line: admin by possession.
func Operator(by string) Actor {
	return Actor{Name: "本机", Role: Admin, Via: ViaCommand, By: by}
}

// ActorOf returns the actor a person of the roster is in chat or console. A
// person without a unit has no role: the empty path would be the whole office.
// Who is gone has none either.
func ActorOf(p Person, via Via) Actor {
	if p.UnitPath == "" || p.Until != "" {
		p.Role = ""
	}
	return Actor{Person: p.ID, Name: p.Name, Role: p.Role, Unit: p.UnitPath, Via: via}
}

// High reports whether the role is more than a cadre's: in chat it is believed
// only of somebody whom a one-time code has bound (design rule 8).
func (r Role) High() bool { return r == Staff || r == Leader || r == Admin }

// Heard returns the actor of a person who speaks in chat. proven: a one-time
// code has bound that person in this session; a high role without it counts as
// a cadre who is Unproven.
func Heard(p Person, proven bool) Actor {
	a := ActorOf(p, ViaChat)
	if a.Role.High() && !proven {
		a.Role, a.Unproven = Cadre, true
	}
	return a
}

// Verb names one thing that can be done.
type Verb string

// The verbs of package schedule.
const (
	SeeOwn       Verb = "see own"       // own handoffs and groups
	SeeCoverage  Verb = "see coverage"  // coverage, behind, clauses
	Answer       Verb = "answer"        // 已转, 转不了, 撤销 on one's own handoff
	AnswerFor    Verb = "answer for"    // a person's word on another's behalf, tick-lists, settle
	SeeQueue     Verb = "see queue"     // queue, deliveries
	Queue        Verb = "queue"         // queue a push
	ApprovePush  Verb = "approve push"  // second person, or the end of the cooling delay
	Return       Verb = "return"        // 退回 what waits to its author
	Cancel       Verb = "cancel"        // cancel a queued push
	Reschedule   Verb = "reschedule"    // 改期 of a queued push
	Correct      Verb = "correct"       // 更正 of a push that went out
	Revoke       Verb = "revoke"        // 撤回 of what has just gone out
	Halt         Verb = "halt"          // 停发
	Resume       Verb = "resume"        // 恢复
	Excuse       Verb = "excuse"        // 免考核
	AdoptPlan    Verb = "adopt plan"    // 启用, 停用 a plan
	ConfirmPlan  Verb = "confirm plan"  // the second person of an adoption
	EditRoster   Verb = "edit roster"   // import, bind
	IssueCode    Verb = "issue code"    // a one-time code that ties a person to a handle, or a group to a room
	EnrolGroup   Verb = "enrol group"   // say a group's one-time code in its room
	EditLibrary  Verb = "edit library"  // item import, retire
	ApproveItem  Verb = "approve item"  // the gate's second person
	ImportLedger Verb = "import ledger" // 补录 of a ledger so far
	EnterOwn     Verb = "enter own"     // 补录 of what one forwarded unasked
	Feedback     Verb = "feedback"      // 反馈 to the office
	AckAlert     Verb = "ack alert"     // an alert is known, say no more of it
	Restore      Verb = "restore"       // put a backup in the ledger's place
	Release      Verb = "release"       // 放行 of what a restore held
	RunClock     Verb = "run clock"     // what only the runner does
)

// may is the one table of authority (design rule 9): the roles that may do a
// verb inside their subtree. Absent is denied.
var may = map[Verb][]Role{
	SeeOwn:       {Cadre, Staff, Leader, Admin},
	SeeCoverage:  {Cadre, Staff, Leader, Admin},
	Answer:       {Cadre, Staff, Leader, Admin},
	AnswerFor:    {Staff, Admin},
	SeeQueue:     {Staff, Leader, Admin},
	Queue:        {Staff, Admin},
	ApprovePush:  {Staff, Leader, Admin},
	Return:       {Staff, Leader, Admin},
	Cancel:       {Staff, Admin},
	Reschedule:   {Staff, Admin},
	Correct:      {Staff, Admin},
	Revoke:       {Staff, Admin},
	Halt:         {Staff, Leader, Admin},
	Resume:       {Staff, Leader, Admin},
	Excuse:       {Staff, Admin},
	AdoptPlan:    {Admin},
	ConfirmPlan:  {Staff, Leader, Admin},
	EditRoster:   {Admin},
	IssueCode:    {Admin},
	EnrolGroup:   {Cadre, Staff, Admin},
	EditLibrary:  {Staff, Admin},
	ApproveItem:  {Staff, Leader, Admin},
	ImportLedger: {Admin},
	EnterOwn:     {Cadre, Staff, Admin},
	Feedback:     {Cadre, Staff, Leader, Admin},
	AckAlert:     {Staff, Admin},
	Restore:      {Admin},
	Release:      {Staff, Leader, Admin},
	RunClock:     {},
}

// May reports whether the actor may do the verb to the unit with this path.
// Deny is the default: an unknown role, verb or unit is refused. The clock may
// do every verb; nobody else is the clock.
func May(a Actor, v Verb, unit string) bool {
	roles, known := may[v]
	if known && a == Clock() {
		return true
	}
	if a.Unproven && v != SeeOwn && v != Answer {
		return false
	}
	return slices.Contains(roles, a.Role) && Under(unit, a.Unit)
}
