package schedule

import (
	"slices"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// State of a delivery. docs/states.md draws them; Moves lists every lawful
// change and a test walks every pair.
type State string

// The states (design rule 4).
const (
	Queued    State = "queued"    // 已排期: goes when its time and turn come
	Held      State = "held"      // 暂缓: something must be mended first
	Sending   State = "sending"   // 发送中: the intent is on disk, the request may be out
	Accepted  State = "accepted"  // 受理: the server took every part
	Observed  State = "observed"  // 见到: seen in the group
	Confirmed State = "confirmed" // 确认: said by someone other than the forwarder
	Uncertain State = "uncertain" // 未确定: nobody knows; never resent by itself
	Failed    State = "failed"    // 失败: never will go as it stands
	Refused   State = "refused"   // 被限: taken, then struck out by a throttle notice
	Missed    State = "missed"    // 错过: its window closed
	Handed    State = "handed"    // 待转发: with a person
	Reported  State = "reported"  // 自报: a person says it is done
	Declined  State = "declined"  // 转不了
	Lapsed    State = "lapsed"    // 过期未转
	Cancelled State = "cancelled" // 已取消
	Revoked   State = "revoked"   // 已撤回
)

// Moves is the one table of lawful changes of a delivery.
var Moves = map[State][]State{
	Queued:    {Sending, Held, Handed, Missed, Cancelled},
	Held:      {Queued, Handed, Missed, Cancelled},
	Sending:   {Accepted, Queued, Uncertain, Failed},
	Accepted:  {Observed, Confirmed, Refused, Revoked},
	Observed:  {Confirmed, Revoked},
	Confirmed: {Revoked},
	Uncertain: {Observed, Queued, Handed},
	Failed:    {Handed},
	Refused:   {Queued, Handed},
	Missed:    {Handed},
	Handed:    {Reported, Declined, Lapsed},
	Reported:  {Observed, Confirmed, Handed},
	Declined:  {Handed},
	Lapsed:    {Reported, Declined},
}

// Why a delivery is held. Only the reason decides what lets it go: approval and
// HeldByRestore by a verb, a handle or a cap's next day by the store itself.
const (
	HeldForApproval = "待审"
	HeldNoHandle    = "机器人看不到这个群"
	HeldAtCap       = "已到每日上限"
)

// CanMove reports whether the change is lawful.
func CanMove(from, to State) bool { return slices.Contains(Moves[from], to) }

// Chinese is the word on the screen.
func (s State) Chinese() string {
	return map[State]string{Queued: "已排期", Held: "暂缓", Sending: "发送中", Accepted: "受理", Observed: "见到",
		Confirmed: "确认", Uncertain: "未确定", Failed: "失败", Refused: "被限", Missed: "错过", Handed: "待转发",
		Reported: "自报", Declined: "转不了", Lapsed: "过期未转", Cancelled: "已取消", Revoked: "已撤回"}[s]
}

// Evidence is the grade a state proves, "" for none.
func (s State) Evidence() coverage.Grade {
	switch s {
	case Reported, Accepted, Observed, Confirmed:
		return coverage.Grade(s)
	}
	return ""
}

// Live reports whether the delivery may still become a credit by itself.
func (s State) Live() bool {
	switch s {
	case Queued, Held, Sending, Handed:
		return true
	}
	return false
}

// PartState is the state of one message of a delivery: queued, sending,
// accepted, uncertain or failed.
type PartState = State

// Part is one message of a delivery.
type Part struct {
	N         int // 0-based order
	Kind      content.Media
	State     PartState
	ClientID  string // 17 digits, stored at the first claim, "" before
	MessageID string // the server's, "" before
}

// Delivery 投递 is one push to one group.
type Delivery struct {
	ID       int64
	Push     int64
	Item     string
	Media    []string
	Themes   []string
	Slot     string // slot name, "" for a push queued by a person
	Day      calendar.Date
	Group    int64
	Unit     int64
	Carrier  roster.Carrier // who carried or carries it in the end
	State    State
	Parts    []Part
	Attempts int
	Opens    time.Time // window
	Closes   time.Time
	Due      time.Time // when it is next to be looked at while queued (back-off)

	SentAt     time.Time     // the last intent: when a try began
	AskedAt    time.Time     // when it was handed, or came readable by chat if no office pack held it: nobody forwarded it before
	AcceptedAt time.Time     // by the server
	SaidAt     time.Time     // a person's word
	SaidDay    calendar.Date // the day the person named, zero for none
	SaidBy     int64
	SeenAt     time.Time // observed or confirmed
	Handoff    int64
	Makeup     int64  // obligation a make-up names, or NoCredit
	Entered    bool   // 补录
	Reason     string // why held, missed, failed, declined
	Session    string
}

// When is the instant a delivery counts at, and its local day: accepted_at, or
// the day the person named, never before they were asked.
func (d Delivery) When(cal *calendar.Calendar) (time.Time, calendar.Date) {
	switch {
	case !d.AcceptedAt.IsZero():
		return d.AcceptedAt, cal.Today(d.AcceptedAt)
	case !d.SaidDay.IsZero():
		asked := d.AskedAt
		if asked.IsZero() && !d.Entered { // by office pack: not before its window
			asked = d.Opens
		}
		if start := d.SaidDay.Start(cal.Zone()); start.After(asked) {
			return start, d.SaidDay
		}
		return asked, cal.Today(asked)
	case !d.SaidAt.IsZero():
		return d.SaidAt, cal.Today(d.SaidAt)
	case !d.SentAt.IsZero(): // uncertain, then seen: it counts on the day it was tried
		return d.SentAt, cal.Today(d.SentAt)
	}
	return d.SeenAt, cal.Today(d.SeenAt)
}

// Fact is the delivery as a possible credit.
func (d Delivery) Fact(cal *calendar.Calendar) coverage.Fact {
	when, day := d.When(cal)
	return coverage.Fact{Delivery: d.ID, Push: d.Push, Group: d.Group, Day: day, When: when,
		Evidence: d.State.Evidence(), Media: d.Media, Themes: d.Themes, Makeup: d.Makeup}
}
