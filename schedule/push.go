package schedule

import (
	"time"

	"tongluo/schedule/calendar"
)

// PushState of a push as a whole.
type PushState string

// The states of a push.
const (
	PushWaiting   PushState = "waiting"   // 待审: cooling or waiting for a second person
	PushReady     PushState = "ready"     // 已排期: goes in its window
	PushRunning   PushState = "running"   // 发送中: started, target set frozen
	PushDone      PushState = "done"      // 已结束: its window closed, everything has an outcome
	PushCancelled PushState = "cancelled" // 已取消
)

// fate says what has become of a push that waits no more.
func (s PushState) fate() string {
	return map[PushState]string{PushWaiting: "在等审批", PushReady: "已经放行", PushRunning: "已经在发", PushDone: "已经发完", PushCancelled: "已经取消"}[s]
}

// Push 推送 is one item to a frozen set of groups: of one slot and date, or
// queued by a person.
type Push struct {
	ID       int64
	Slot     string // "" when a person queued it
	Day      calendar.Date
	Item     string
	Revision string // of the content, frozen
	Selector string // as typed, or the slot's
	Opens    time.Time
	Closes   time.Time
	State    PushState
	// ReadyAt is when a waiting push goes by itself (cooling); zero: only by
	// approval.
	ReadyAt  time.Time
	Hash     string // of content, targets and window: what an approval binds
	Author   int64  // person, 0 for clock or command line
	By       string // roster.Actor.By
	Mover    int64  // the person who gave it another window, 0: nobody did
	Approver int64
	// ApprovedAt is when a person approved it; zero: nobody needed to, or the
	// delay did.
	ApprovedAt time.Time
	Reason     string // why it waits again, "" for the first time
	Relay      bool   // it owes relays
	CreatedAt  time.Time
}

// Handoff 转发单 is one person × one push × all of that person's groups in it.
type Handoff struct {
	ID     int64
	Push   int64
	Person int64 // 0: nobody is known; the office pack carries it
	Unit   int64
	// Hop counts from 1. The last hop's groups are deliveries; an earlier hop
	// passes the pack on, and Next are opened when it is answered.
	Hop, Hops int
	Above     int64 // the handoff this one waits for, 0 for none
	State     HandoffState
	// ReadableAt is when the pack lay readable with the person, by chat or
	// office pack; zero: not yet.
	ReadableAt time.Time
	By         string // "chat" or "pack" once readable
	Due        time.Time
	Done, All  int // leaf groups
	RemindAt   time.Time
	Reminders  int
	Acked      bool // 收到
	AnsweredAt time.Time
	Reason     string
	Obligation int64 // not of a push: a report or activity to hand in
	CreatedAt  time.Time
}

// unreached reports whether the pack never came to this hop: the one above has
// not passed it on.
func (h Handoff) unreached() bool {
	return h.Above != 0 && h.ReadableAt.IsZero() && !h.State.Open() && h.State != HandoffDone
}

// HandoffState of a handoff.
type HandoffState string

// The states of a handoff.
const (
	HandoffWaiting  HandoffState = "waiting"  // for the hop above
	HandoffOpen     HandoffState = "open"     // with the person
	HandoffPart     HandoffState = "part"     // 5/7
	HandoffDone     HandoffState = "done"     // 已转
	HandoffDeclined HandoffState = "declined" // 转不了
	HandoffLapsed   HandoffState = "lapsed"   // 过期
	HandoffMoved    HandoffState = "moved"    // 已改派: another keeper has it under another number
)

// Open reports whether the person's answer is still awaited.
func (s HandoffState) Open() bool { return s == HandoffOpen || s == HandoffPart }

// FlagState of a flag.
type FlagState string

// The states of a flag; it only goes forward.
const (
	FlagRaised    FlagState = "raised"
	FlagReminded  FlagState = "reminded"
	FlagEscalated FlagState = "escalated"
	FlagResolved  FlagState = "resolved"
)

// Flag 督办 is an open record that an obligation is behind.
type Flag struct {
	ID         int64
	Obligation int64
	State      FlagState
	Cause      string
	Person     int64 // whose it is when the cause is the keeper: the lowest unfinished hop's
	Since      time.Time
	NextAt     time.Time // when it is reminded or escalated, zero for never
	ResolvedAt time.Time
	Why        string // how it was resolved
}
