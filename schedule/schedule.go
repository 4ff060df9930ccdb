// Package schedule holds the verbs, grouped by aggregate: Adoptions, Queue,
// Relays, Flags, Library, People. Chat, console, command line and clock call
// them; each takes an Actor, asks May, then calls content and the Store.
//
// It knows what is owed, what to say, who carries it, what was proved and who
// is behind. It knows no SQL, no WeChat and no clock: every verb takes now.
package schedule

import (
	"errors"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
)

// Errors of this package. Their text is for logs; screens show the Chinese of
// the wrapping Problem or a general sentence.
var (
	ErrDenied   = errors.New("denied")            // May said no
	ErrNotFound = errors.New("not found")         // no such number
	ErrState    = errors.New("wrong state")       // the state does not allow it
	ErrStale    = errors.New("changed meanwhile") // a guarded update hit no row
	ErrHalted   = errors.New("halted")            // 停发 is on
	ErrInput    = errors.New("bad input")         // see Problem
)

// Problem is an error with a Chinese sentence for the person who caused it.
type Problem struct {
	Say string // what is wrong and what to write instead
	Err error  // a sentinel above
}

// Error gives the sentence.
func (p *Problem) Error() string { return p.Say }

// Unwrap gives the sentinel.
func (p *Problem) Unwrap() error { return p.Err }

// problem builds a Problem.
func problem(err error, format string, args ...any) error {
	return &Problem{Say: fmt.Sprintf(format, args...), Err: err}
}

// Slot 时段 is a line of the office's timetable.
type Slot struct {
	Name   string
	Cron   calendar.Cron
	Length time.Duration // the window: [start, start+Length)
	To     roster.Selector
}

// Settings are what an office may choose. Caps can be lowered but not raised,
// except on a loopback endpoint (design rule 10).
type Settings struct {
	Slots []Slot
	// Cooling is the working time after which goes what one person began and no
	// other confirmed: a push that nobody else could approve, an adoption, 恢复.
	Cooling time.Duration
	// OneAdopts lets one person's adoption be filled at once: on a loopback
	// endpoint, where nobody is disturbed.
	OneAdopts bool
	// WideFrom is the number of groups above which a queued push is wide.
	WideFrom int
	// TextPace and PicturePace bound the jittered gap after a message.
	TextPace, PicturePace Pace
	// PerGroupDay and PerAccountDay cap messages.
	PerGroupDay, PerAccountDay int
	// GroupGap is how long after one push a group is left in peace by the next.
	GroupGap time.Duration
	// ItemRest is how many days an item rests before a group hears it again.
	ItemRest int
	Allow    content.Allow
	// RemindersADay caps reminders to one person.
	RemindersADay int
}

// Pace is a gap between messages, drawn evenly from [Min, Max].
type Pace struct{ Min, Max time.Duration }

// Mean is the gap to calculate capacity with.
func (p Pace) Mean() time.Duration { return (p.Min + p.Max) / 2 }

// DefaultSettings are the floors and defaults of the design, without slots.
func DefaultSettings() Settings {
	return Settings{
		Cooling:       30 * time.Minute,
		WideFrom:      20,
		TextPace:      Pace{3 * time.Second, 8 * time.Second},
		PicturePace:   Pace{15 * time.Second, 30 * time.Second},
		PerGroupDay:   3,
		PerAccountDay: 1500,
		GroupGap:      10 * time.Minute,
		ItemRest:      60,
		RemindersADay: 3,
	}
}

// Office is everything the verbs stand on. Its fields do not change after New.
type Office struct {
	store    Store
	cal      *calendar.Calendar
	settings Settings
	account  Account
	packs    Packer
}

// New puts an office together. Account may be Off{}; Packer may not be nil.
func New(store Store, cal *calendar.Calendar, settings Settings, account Account, packs Packer) *Office {
	return &Office{store: store, cal: cal, settings: settings, account: account, packs: packs}
}

// Calendar is the office's calendar.
func (o *Office) Calendar() *calendar.Calendar { return o.cal }

// Settings are the office's settings.
func (o *Office) Settings() Settings { return o.settings }

// Off is the account of an office that sends nothing by itself.
type Off struct{}

// Status says off.
func (Off) Status() AccountStatus {
	return AccountStatus{State: AccountOff, Sees: func(int64) bool { return false }, Knows: func(int64) bool { return false }}
}

// allow returns ErrDenied as a Problem unless the actor may do the verb to the unit.
func allow(a roster.Actor, v roster.Verb, unit string) error {
	if roster.May(a, v, unit) {
		return nil
	}
	return problem(ErrDenied, "没有权限：这件事要由办公室或有权限的人来做")
}
