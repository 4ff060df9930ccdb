// Package command is the Chinese dialogue: what people say to the bot and what
// it answers. One table of commands makes the parser, the help and
// docs/chat-words.md.
//
// It knows words, tone and where an answer may be heard. It knows no rights
// (the verbs of schedule refuse), no transport and no database. A message is
// understood whole or not at all: of what is only half understood nothing is
// done. Whoever is not in the roster gets silence, and so does every group
// that the settings do not list.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// Settings are what an office may choose about the dialogue.
type Settings struct {
	// TalkIn are the kinds of group in which the bot answers when it is @-ed.
	TalkIn []string
	// Via is the road the words come by, for the log; empty: chat.
	Via roster.Via
	// Ranking says that the office wants units ranked; otherwise 排名 is refused.
	Ranking bool
}

// DefaultSettings are those of the design.
func DefaultSettings() Settings {
	return Settings{TalkIn: []string{"工作群", "防骗工作群", "联络员群"}}
}

// Dialogue answers messages. It may be used from any goroutine.
type Dialogue struct {
	office *schedule.Office
	talkIn []string
	via    roster.Via
	ranks  bool
	table  table
	heard  heard
	paint  report.Painter

	bindTold told
}

// New makes a dialogue over an office.
func New(office *schedule.Office, s Settings) *Dialogue {
	return &Dialogue{office: office, talkIn: slices.Clone(s.TalkIn), via: cmp.Or(s.Via, roster.ViaChat), ranks: s.Ranking, table: newTable()}
}

// Place is where a reply is to be said.
type Place string

// The places of a reply.
const (
	Private Place = "private"
	Group   Place = "group"
)

// Reply is the one answer to one message. Empty Text is silence; To is then
// empty too. An answer that names units or persons goes to the asker in
// private, also when it was asked in a group.
type Reply struct {
	To         Place
	Text       string
	Understood []Understood
	// Attachments follow the text, always in private.
	Attachments []Attachment
}

// Attachment is a picture drawn for one answer.
type Attachment struct {
	Name string
	Data []byte
}

// Outcome of one command of a message.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Asked   Outcome = "asked"  // something is missing or wrong; the reply says what to write
	Denied  Outcome = "denied" // a verb refused
	Ignored Outcome = "ignored"
)

// Understood says what became of one command.
type Understood struct {
	Outcome Outcome  `json:"outcome"`
	Command string   `json:"command"` // the table's word, "" when none was understood
	Args    []string `json:"args"`
	Nearest string   `json:"nearest"` // the word nearest to what was not understood
}

// fresh is how old a message may be to be obeyed. What a person reports to have
// done (已转, 转不了) is believed however late it is heard.
const fresh = 10 * time.Minute

// sorry is said when the fault is ours.
const sorry = "刚才没有办成，请稍后再试"

// turn is one message being answered.
type turn struct {
	actor   roster.Actor
	private bool
	now     time.Time
	said    time.Time     // when it was said, never after now
	day     calendar.Date // the local day it was said, zero: today
	group   int64         // where, 0 in private
	text    string        // as it was written
	stale   bool          // said longer ago than fresh
	// pictures gathers what is to follow the text.
	pictures *[]Attachment
}

// answer is what one command comes to. next is the word to type next; only the
// last one of a message is shown.
type answer struct {
	lines []string
	next  string
}

// Answer answers a message, or keeps silent. The error is for the log: the
// person has been told to try again, or it could not be known who it was.
func (d *Dialogue) Answer(ctx context.Context, in bot.Incoming, now time.Time) (Reply, error) {
	silence := silent()
	if in.Kind != bot.Text && !isContent(in) {
		return silence, nil
	}
	t, ok, err := d.listen(ctx, in, now)
	if !ok || err != nil {
		return silence, err
	}
	reply, err := d.answer(ctx, t, in)
	return reply, errors.Join(err, d.dealt(ctx, in, reply, now))
}

// answer answers what somebody we know says for the first time.
func (d *Dialogue) answer(ctx context.Context, t turn, in bot.Incoming) (Reply, error) {
	silence := silent()
	if in.Kind == bot.Picture && t.actor.Unproven { // meant to be sent, as likely as not: no word of theirs
		return d.untilBound(in, silent()), nil
	}
	if in.Kind == bot.Picture && t.actor.Role == roster.Cadre {
		return d.photo(ctx, t, in)
	}
	if reply, mine, err := d.placePhoto(ctx, t, in.Text); mine || err != nil {
		return reply, err
	}
	if in.Kind != bot.Text {
		return d.takePiece(ctx, t, in)
	}
	calls, stop, ok := d.table.read(in.Text)
	if !ok && t.private && isProse(in.Text) {
		if reply, err := d.takePiece(ctx, t, in); reply.Text != "" || err != nil {
			return reply, err
		}
	}
	switch {
	case !ok && t.private && !t.stale:
		return d.notUnderstood(t, stop), nil
	case !ok || len(calls) == 0:
		return silence, nil
	}
	reply, err := d.answerAll(ctx, t, calls)
	if t.actor.Unproven {
		reply = d.untilBound(in, reply)
	}
	return reply, err
}

func silent() Reply { return Reply{Understood: []Understood{{Outcome: Ignored, Args: []string{}}}} }

// listen begins a turn: false for somebody or somewhere that gets silence, and
// for what has been heard already.
func (d *Dialogue) listen(ctx context.Context, in bot.Incoming, now time.Time) (turn, bool, error) {
	if in.Person == 0 {
		return turn{}, false, nil
	}
	// The roster is read as the clock: nobody has been recognised yet.
	r, err := d.office.Roster(ctx, roster.Clock())
	if err != nil {
		return turn{}, false, fmt.Errorf("recognise the sender: %w", err)
	}
	who, ok := r.Person(in.Person)
	if !ok || !d.mayTalk(in, r) {
		return turn{}, false, nil
	}
	actor := roster.Heard(who, in.Proven)
	actor.Via = d.via
	t := d.turnOf(in, actor, now)
	if t.actor.Role == "" || !d.heard.first(in.Session, in.MessageID) {
		return t, false, nil
	}
	before, err := d.dealtWith(ctx, in)
	return t, !before, err
}

// mayTalk reports whether the bot may speak where this was said.
func (d *Dialogue) mayTalk(in bot.Incoming, r *roster.Roster) bool {
	if in.Private {
		return true
	}
	g, ok := r.Group(in.Group)
	return ok && in.Mentioned && slices.Contains(d.talkIn, g.Kind)
}

func (d *Dialogue) turnOf(in bot.Incoming, a roster.Actor, now time.Time) turn {
	t := turn{actor: a, private: in.Private, group: in.Group, now: now, said: in.At, text: in.Text}
	if in.At.IsZero() || in.At.After(now) {
		t.said = now
	}
	t.stale = now.Sub(t.said) > fresh
	cal := d.office.Calendar()
	if day := cal.Today(t.said); day != cal.Today(now) {
		t.day = day
	}
	return t
}

// answerAll does the commands in turn and makes one answer of theirs.
func (d *Dialogue) answerAll(ctx context.Context, t turn, calls []call) (Reply, error) {
	var reply Reply
	t.pictures = &reply.Attachments
	var all answer
	var errs error
	openly := !t.private
	for _, c := range calls {
		u := Understood{Outcome: Ignored, Command: c.cmd.word, Args: c.spoken}
		if !t.stale || c.cmd.told {
			said, err := c.cmd.handle(d, ctx, t, c)
			u.Outcome = outcomeOf(err)
			if u.Outcome == Denied && t.actor.Unproven { // see untilBound
				said, err = answer{}, nil
			}
			openly = openly && err == nil && c.cmd.where == anywhere
			all.add(said, err)
			if u.Outcome == Ignored {
				errs = errors.Join(errs, fmt.Errorf("answer %s: %w", c.cmd.word, err))
			}
		}
		reply.Understood = append(reply.Understood, u)
	}
	if reply.Text = all.text(); reply.Text != "" {
		reply.To = Private
		if openly {
			reply.To = Group
		}
	}
	return reply, errs
}

// outcomeOf tells what a verb's error means; Ignored is a fault of ours.
func outcomeOf(err error) Outcome {
	var p *schedule.Problem
	switch {
	case err == nil:
		return Done
	case !errors.As(err, &p):
		return Ignored
	case errors.Is(err, schedule.ErrDenied):
		return Denied
	}
	return Asked
}

// add takes in what one command said, and its failure in words for people.
func (a *answer) add(b answer, err error) {
	a.lines = append(a.lines, b.lines...)
	if err == nil {
		a.next = b.next
		return
	}
	say := sorry
	var p *schedule.Problem
	if errors.As(err, &p) {
		say = p.Say
	}
	a.next = "" // the sentence ends with what to write instead
	if !slices.Contains(a.lines, say) {
		a.lines = append(a.lines, say)
	}
}
