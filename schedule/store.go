package schedule

import (
	"context"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
)

// Store is the memory behind the verbs. Every method is one transaction; every
// change writes its log row in the same one. Methods return ErrNotFound for a
// missing row and ErrStale when a guarded update hits none.
type Store interface {
	RosterStore
	IdentityStore
	CodeStore
	AdoptionStore
	ContentStore
	ObligationStore
	SumStore
	PushStore
	DeliveryStore
	HandoffStore
	RequestStore
	NoticeStore
	HandoverStore
	FlagStore
	VacancyStore
	DraftStore
	QuestionStore
	ClockStore
	SlotStore
	SeenStore
	DealtStore
	PhotoStore
	AlertStore
}

// RosterStore keeps units, groups, persons and hand-made bindings.
type RosterStore interface {
	// Roster is the present snapshot, shared and not to be changed; it is read
	// again only after somebody, in any process, has changed it.
	Roster(ctx context.Context) (*roster.Roster, error)
	// SaveRoster writes every unit, group and person of r by id; nothing is deleted.
	SaveRoster(ctx context.Context, a roster.Actor, r *roster.Roster, now time.Time) error
	// Bindings are the hand-made ones, newest last.
	Bindings(ctx context.Context) ([]Binding, error)
	SaveBinding(ctx context.Context, a roster.Actor, b Binding, now time.Time) error
}

// Binding ties a group to a handle or exact room name by a person's word.
type Binding struct {
	ID    int64 // the order of the words
	Group int64
	Room  string // handle of one session, or exact room name
}

// Adoption 启用 is a plan in force on one unit's subtree.
type Adoption struct {
	ID        int64
	Unit      int64
	UnitPath  string
	Terms     plans.Terms
	AdoptedAt time.Time
	DroppedOn calendar.Date // first day it no longer holds, zero while in force
	By        string
	Person    int64 // who adopted it, 0 for the command line without --by
	// ReadyAt is from when on its slots are filled although one person alone
	// adopted it; zero: a second one confirmed it, or none was needed.
	ReadyAt time.Time
}

// Alone reports whether it still waits for a second person, or the delay.
func (a Adoption) Alone(now time.Time) bool { return a.ReadyAt.After(now) }

// Term finds a duty of the adoption.
func (a Adoption) Term(duty string) (plans.Term, bool) {
	for _, t := range a.Terms.Duties {
		if t.ID == duty {
			return t, true
		}
	}
	return plans.Term{}, false
}

// AdoptionStore keeps adoptions; few, so always read whole.
type AdoptionStore interface {
	Adoptions(ctx context.Context) ([]Adoption, error)
	AddAdoption(ctx context.Context, a roster.Actor, ad Adoption, now time.Time) (int64, error)
	// ConfirmAdoption clears ReadyAt; ErrStale when it was clear.
	ConfirmAdoption(ctx context.Context, a roster.Actor, id int64, now time.Time) error
	// DropAdoption ends it on a local day: obligations whose period starts on
	// or after it are removed, open ones are excused with a reason.
	DropAdoption(ctx context.Context, a roster.Actor, id int64, on calendar.Date, now time.Time) error
}

// ContentStore keeps items and their media by hash.
type ContentStore interface {
	Items(ctx context.Context) ([]content.Item, error)
	Item(ctx context.Context, id string) (content.Item, error)
	SaveItem(ctx context.Context, a roster.Actor, it content.Item, blobs []content.Blob, now time.Time) error
	// Blob gives media by its SHA-256 and verifies it.
	Blob(ctx context.Context, sha string) ([]byte, error)
	// Heard is the last local day each group got each item since a day, for
	// groups that got any: by evidence, or on its way.
	Heard(ctx context.Context, since calendar.Date) (map[int64]map[string]string, error)
}

// ObligationFilter narrows; zero fields do not. Now decides what is open.
type ObligationFilter struct {
	IDs      []int64
	Plan     string // plan id or number
	Unit     string // path of a subtree
	Group    int64
	Adoption int64
	Duty     string
	Push     int64
	Task     int64  // by its #id
	Kind     string // duty kind or group kind
	// Period takes the obligations whose period calendar.Period.Takes.
	Period calendar.Period
	// EndsAfter and EndsBy bound EndAt: (EndsAfter, EndsBy].
	EndsAfter, EndsBy time.Time
	// On takes those whose [StartAt, EndAt) holds the instant.
	On time.Time
	// Pushes takes only what groups owe: quotas by push, and relays.
	Pushes bool
	// Short takes only those not excused whose credits are below their need.
	Short bool
	Now   time.Time
}

// Obligation is an Owed as stored, with what only the store keeps.
type Obligation struct {
	coverage.Owed
	Task       int64 // #id of a task a unit hands in (report, roster, figure, activity), else 0
	LastMakeup time.Time
	ExcusedBy  string
	ExcusedAt  time.Time // zero when it is excused by itself
	DoneAt     time.Time // task: handed in at
	DoneDay    calendar.Date
}

// ObligationStore keeps what is owed with its tallies (Credits and Makeups at
// the lowest grade), changed in the same transaction as the ledger.
type ObligationStore interface {
	// AddObligations inserts those not there yet — unique by (adoption, duty,
	// group or unit, period key, push) — and credits them from the ledger so
	// far. Tasks get a Number.
	AddObligations(ctx context.Context, obs []Obligation, now time.Time) (added int, err error)
	// Obligations, in order of unit path, group, start. For those open at
	// f.Now, Live and Unanswered are filled in from the ledger: live deliveries
	// to the group (of the push, for a relay) whose window opens before EndAt,
	// and whether one of them is handed.
	Obligations(ctx context.Context, f ObligationFilter) ([]Obligation, error)
	// Excuse sets or, with an empty reason, clears the excuse.
	Excuse(ctx context.Context, a roster.Actor, ids []int64, reason string, now time.Time) error
	// FinishTask records that a unit handed in what it owed on a local day.
	FinishTask(ctx context.Context, a roster.Actor, number int64, day calendar.Date, now time.Time) error
	// MoveDeadline sets EndAt and LastMakeup of relay obligations and re-tallies.
	MoveDeadline(ctx context.Context, ids []int64, endAt, lastMakeup, now time.Time) error
	// UnfinishTask takes FinishTask back; ErrStale when it was not finished.
	UnfinishTask(ctx context.Context, a roster.Actor, number int64, now time.Time) error
	// Retally recomputes Credits and Makeups from the ledger and returns how
	// many rows were wrong: 0 always, or there is a bug.
	Retally(ctx context.Context, now time.Time) (wrong int, err error)
}

// PushStore keeps pushes.
type PushStore interface {
	// PlanPush inserts a push and its deliveries, leaving out a delivery whose
	// (group, day, slot) is already planned by any process; with none left it
	// inserts nothing and returns id 0. A push queued by a person has no slot
	// and is unique by its id alone; with an id given it keeps it.
	// The jobs that follow from its number, nil for none, are put with it.
	PlanPush(ctx context.Context, a roster.Actor, p Push, ds []Delivery, follow func(id int64) []Job, now time.Time) (id int64, planned int, err error)
	Push(ctx context.Context, id int64) (Push, error)
	// Pushes with any of the states (all when none), newest first.
	Pushes(ctx context.Context, states ...PushState) ([]Push, error)
	// MovePush is a guarded change of state; ErrStale when it was not in from.
	// Cancelling cancels its queued and held deliveries in the same transaction.
	MovePush(ctx context.Context, a roster.Actor, id int64, from, to PushState, now time.Time) error
	// ApprovePush makes a waiting push ready: a person who does it is its approver.
	// ErrStale unless it waits and its hash is that of p: what was looked at.
	ApprovePush(ctx context.Context, a roster.Actor, p Push, now time.Time) error
	// RewaitPush lets a push, guarded by its state, wait (again) with the
	// revision, hash, ReadyAt and reason of p and no approver; its queued
	// deliveries are held for approval.
	RewaitPush(ctx context.Context, a roster.Actor, from PushState, p Push, now time.Time) error
	// ReschedulePush gives a push, guarded by its state, the day, window, state,
	// hash and mover of p and no approver, and its queued and held deliveries that window: held
	// for approval when it waits, otherwise queued.
	ReschedulePush(ctx context.Context, a roster.Actor, from PushState, p Push, now time.Time) error
	// Planned reports whether the group has a delivery of that slot and day.
	Planned(ctx context.Context, day calendar.Date, slot string) (map[int64]bool, error)
}

// DeliveryFilter narrows; zero fields do not.
type DeliveryFilter struct {
	IDs      []int64
	Push     int64
	Pushes   []int64
	Handoff  int64
	Groups   []int64
	Unit     string
	States   []State
	From, To calendar.Date // Day in [From, To]
	// AsOf gives each delivery as the log says it was then; those created
	// later are left out.
	AsOf time.Time
}

// Change is one guarded change of a delivery.
type Change struct {
	ID       int64
	From, To State
	Reason   string
	// What comes with it, zero for nothing:
	SaidAt  time.Time
	SaidDay calendar.Date
	SaidBy  int64
	SeenAt  time.Time
	Carrier roster.Carrier
	Handoff int64
	AskedAt time.Time
	Makeup  int64
	Due     time.Time
	// SeenParts says, with uncertain → queued or handed, that the messages
	// whose fate was unknown were seen: only the untried ones remain.
	SeenParts bool
}

// DeliveryStore is the ledger. Each change of state is checked against Moves,
// guarded, logged, and re-tallies the obligations of its group in the same
// transaction.
type DeliveryStore interface {
	// Deliveries in id order, with parts.
	Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error)
	// Counts are how many deliveries of each push and state a filter takes.
	Counts(ctx context.Context, f DeliveryFilter) (map[int64]map[State]int, error)
	// Shift makes all changes or none; ErrStale when one is not in From.
	Shift(ctx context.Context, a roster.Actor, changes []Change, now time.Time) error
	// Enter writes finished deliveries of a ledger kept elsewhere (补录): state
	// reported, Entered true; one already there (group, day, item) is left out.
	Enter(ctx context.Context, a roster.Actor, ds []Delivery, now time.Time) (entered int, err error)
	// Advance records the result of the last try, if any, and claims the next
	// message, if asked, in one commit (design §5: the previous result and the
	// next intent). The intent is durable when it returns.
	Advance(ctx context.Context, done *Result, want *Claim, now time.Time) (*Try, error)
	// Recover settles what a crash left: a part in sending becomes uncertain;
	// untried parts go on only while now is within 30 minutes of the last try
	// and inside the window, otherwise the delivery is uncertain. Call it once,
	// under the instance lock, before the first Advance.
	Recover(ctx context.Context, now time.Time) (uncertain int, err error)
	// NextDelivery is when the next queued delivery may go; false: none is queued.
	NextDelivery(ctx context.Context, now time.Time) (time.Time, bool, error)
}

// Claim asks for the next message.
type Claim struct {
	Session       string
	Bound         func(group int64) bool // groups with a handle now; others are held
	PerGroupDay   int                    // caps on messages, by local day
	PerAccountDay int
	// GroupGap is how long after one push a group is left in peace by the next.
	GroupGap time.Duration
	Day      calendar.Date // today
}

// Try is a claimed message: its intent is on disk.
type Try struct {
	Delivery Delivery
	Part     int // index into Delivery.Parts
}

// Result is what became of a try.
type Result struct {
	Delivery  int64
	Part      int
	Outcome   PartState // accepted, uncertain, failed, or queued (definitely not taken)
	MessageID string
	Session   string
	Reason    string
	At        time.Time
	RetryAt   time.Time // with queued: when it may go again
	Hold      bool      // with queued: hold the delivery instead, for Reason
}

// HandoffStore keeps handoffs.
type HandoffStore interface {
	// OpenHandoff inserts a handoff and, in the same transaction, moves its
	// deliveries (from queued, held, missed, failed, declined or uncertain) to
	// handed. It is unique by (push, person, unit, hop): a second one with
	// deliveries adds them to the first and returns that id.
	OpenHandoff(ctx context.Context, a roster.Actor, h Handoff, deliveries []int64, now time.Time) (int64, error)
	Handoff(ctx context.Context, id int64) (Handoff, error)
	Handoffs(ctx context.Context, f HandoffFilter) ([]Handoff, error)
	CountHandoffs(ctx context.Context, f HandoffFilter) (int, error)
	// SaveHandoff writes the changeable fields, guarded by the state it was
	// read with..
	SaveHandoff(ctx context.Context, a roster.Actor, from HandoffState, h Handoff, now time.Time) error
	// Answer changes deliveries and saves the handoff in one transaction.
	Answer(ctx context.Context, a roster.Actor, from HandoffState, h Handoff, changes []Change, now time.Time) error
}

// HandoffFilter narrows; zero fields do not.
type HandoffFilter struct {
	Push   int64
	Person int64
	Unit   string
	Above  int64
	States []HandoffState
	Since  time.Time // made then or later
	// DueBy takes those whose Due or RemindAt is not after it.
	DueBy time.Time
	// Wanted leaves out those of cancelled pushes: nobody is to forward them any more.
	Wanted bool
}

// Notice is one private message to a person, stored before it is sent.
type Notice struct {
	ID       int64
	Person   int64
	Handoff  int64  // 0: a reminder about something else, a digest …
	Key      string // unique: the same notice is never made twice
	Part     content.Part
	Last     bool // the last of a handoff's messages: once taken, the pack is readable
	Reminder bool // counts against the person's reminders a day
	Due      time.Time
	State    PartState // queued, sending, accepted, uncertain, failed, cancelled
	ClientID string
}

// NoticeStore keeps private messages.
type NoticeStore interface {
	// AddNotices inserts those whose Key is new, and reports how many.
	AddNotices(ctx context.Context, ns []Notice, now time.Time) (int, error)
	// ClaimNotice takes the next queued notice due by now to a person that
	// knows reports reachable, and makes its intent durable; ErrNotFound: none.
	ClaimNotice(ctx context.Context, knows func(person int64) bool, now time.Time) (Notice, error)
	// FinishNotice records what became of it: accepted, uncertain, failed, or
	// queued with a later due. With the last message of a handoff accepted the
	// handoff becomes readable by chat at that instant, if it was not.
	FinishNotice(ctx context.Context, id int64, state PartState, due, now time.Time) error
	// MuteNotice keeps a notice that is not to be sent; its key is taken.
	MuteNotice(ctx context.Context, n Notice, now time.Time) error
	// MuteStale keeps back the reminders that were due before an instant and have
	// not gone out, and drops digests that newer ones replace.
	MuteStale(ctx context.Context, before, now time.Time) error
	// Muted counts, by person, what was kept back in [from, to).
	Muted(ctx context.Context, from, to time.Time) (map[int64]int, error)
	// CancelNotices cancels queued notices of a handoff (it has been answered).
	CancelNotices(ctx context.Context, handoff int64, now time.Time) error
	// DropNotices cancels queued notices whose keys begin so.
	DropNotices(ctx context.Context, prefix string, now time.Time) error
	// RefuseNotice takes back the word of the service for the last message to a
	// person taken since an instant: it is queued again, and the handoff that it
	// made readable by chat is not any more.
	RefuseNotice(ctx context.Context, person int64, since, now time.Time) error
	// Reminded counts the reminders sent to a person, or queued to be, in
	// [from, to): the person will be disturbed by both.
	Reminded(ctx context.Context, person int64, from, to time.Time) (int, error)
	// NextNotice is when the next queued notice to a reachable person is due;
	// false: none.
	NextNotice(ctx context.Context, knows func(person int64) bool) (time.Time, bool, error)
	Notices(ctx context.Context, person int64) ([]Notice, error)
}

// Packer puts office packs on disk.
type Packer interface {
	// Write writes or completes the pack and returns its folder.
	Write(ctx context.Context, p Pack) (string, error)
}

// Pack 转发包 is the handoffs of one push on disk.
type Pack struct {
	Push  Push
	Item  content.Item
	Files []content.Blob
	Lines []PackLine
}

// PackLine is one group of a pack.
type PackLine struct {
	Delivery int64
	Handoff  int64
	Unit     string // unit path
	Group    string
	Person   string
	Phone    string
	Due      time.Time
	Clause   string // the duty's short title and plan number
}
