// Package bot is CHAT: messages in, messages out. It knows that there are
// transports with sessions, rooms and friends, and which of our groups and
// persons is which handle in this session. It knows no plans and no database.
package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// What Serve may return besides its context's error. Anything else is a
// failure to log in that may pass.
var (
	// ErrSessionOver: the service ended the session; log in again.
	ErrSessionOver = errors.New("chat session is over")
	// ErrBarred: the service refuses this account. A person must look; trying
	// again makes it worse.
	ErrBarred = errors.New("chat account is barred")
	// ErrSoonOver is an ErrBarred: the service threw the account out minutes after
	// the phone had agreed to the login.
	ErrSoonOver = fmt.Errorf("%w: thrown out soon after the login", ErrBarred)
	// ErrOtherAccount: somebody logged in with an account that is not ours.
	ErrOtherAccount = errors.New("another chat account than the pinned one")
	// ErrServed: another process of this PC serves the account. Two would log
	// each other out again and again.
	ErrServed = errors.New("another process serves the chat account")
)

// ErrLeave is the cause with which a Serve's context is ended to log the account
// out and forget its session.
var ErrLeave = errors.New("leave this chat account")

// ErrGone is what Fetch and Revoke return for what is certainly out of reach.
var ErrGone = schedule.ErrGone

// Transport is one chat service with one account. Its errors from Send are
// *schedule.SendError, aliased here so that a transport need not know schedule.
type Transport interface {
	// Serve logs in and stays until the session ends or ctx is done; it
	// returns why. A new Serve is a new session with new handles. It calls
	// ready once, when rooms and friends are known, before any message is
	// delivered to the inbox.
	Serve(ctx context.Context, ready func(Session)) error
	// Send sends one part to a handle of the given session, at most once.
	// MessageID is the server's id.
	Send(ctx context.Context, e Envelope) (schedule.Receipt, error)
	// Fetch gives the bytes of a Picture or File that was said in the given
	// session, whole and not larger than what may be sent: ErrGone when the
	// session is over or the service has them no more.
	Fetch(ctx context.Context, session, messageID string) ([]byte, error)
	// Revoke takes back one message sent in the given session, at most 2 minutes
	// after it was taken. Nil is the service's word that it is gone; an error
	// that is not ErrGone leaves open whether it is.
	Revoke(ctx context.Context, r Recall) error
	// Inbox is what was said to the account. It is closed never; Serve writes.
	Inbox() <-chan Message
	// Done tells, once for each message of the inbox, that everything about it
	// is settled. What is not done when the process dies is said again.
	Done(m Message)
}

// Envelope is one message to a handle.
type Envelope struct {
	Session  string
	To       string // handle
	ClientID string
	Part     content.Part
	// Open gives the media bytes of a part that is not text.
	Open func() ([]byte, error)
}

// Recall names a message of ours that is to be taken back.
type Recall struct {
	Session   string
	To        string // handle
	ClientID  string
	MessageID string
}

// Session is one login: what can be seen with its handles.
type Session struct {
	ID      string
	Account string // stable id of the account (uin), to notice another account
	// Login is the same for every session of one login: a restart goes on with
	// the handles it had. Empty: every session is a login of its own.
	Login   string
	Rooms   []Room
	Friends []Friend
}

// Room is a chat group as the session sees it.
type Room = roster.Room

// Friend is a contact; Remark is what the office set on its own phone. Stable is
// an id that outlives the login, "" where the service gives none.
type Friend struct {
	Handle string
	Remark string
	Stable string
}

// Message is one thing said to the account, or a system line in a room.
type Message struct {
	ID      string // the service's id, for de-duplication within a session
	Session string
	Room    string // handle; empty in private
	Sender  string // handle of who said it; empty for a system line
	Kind    Kind
	// Text has the sender prefix stripped, entities decoded, and the @-mention
	// of the account itself taken out. Of a Card it is the title, a line end and
	// the address; of a File its name; of a Picture nothing.
	Text string
	At   time.Time
	// Mentioned says the account was @-ed.
	Mentioned bool
	// Now is what is known of a room that Joined, its members with it; nil
	// otherwise.
	Now *Room
	// ClientID of an Own message is our id for it, "" where the service gives none.
	ClientID string
}

// Kind of an incoming message.
type Kind string

// The kinds that are told apart; everything else is Other and carries no text.
const (
	Text    Kind = "text"
	Picture Kind = "picture" // its bytes: Fetch
	File    Kind = "file"    // its bytes: Fetch
	Card    Kind = "card"    // a link with its title
	System  Kind = "system"  // 操作过于频繁, 移出群聊 …; in private Sender is whose chat it is in
	// Own is what the account itself said in Room, by us or on its phone; Text is
	// empty for what is no text.
	Own     Kind = "own"
	Removed Kind = "removed" // the account was removed from Room
	Renamed Kind = "renamed" // Room has a new name, in Text
	Joined  Kind = "joined"  // Room appeared in mid-session, its name in Text
	// Remarked: Sender is a friend whose phone-set remark is now Text; empty,
	// also when Sender is no friend any more.
	Remarked Kind = "remarked"
	// Identified: the service told the stable id of Sender in Text or, of Room,
	// its keyed hash.
	Identified Kind = "identified"
	Other      Kind = "other"
)

// SendError and the next actions, for transports.
type (
	// SendError is schedule.SendError.
	SendError = schedule.SendError
	// NextAction is schedule.NextAction.
	NextAction = schedule.NextAction
	// Receipt is schedule.Receipt.
	Receipt = schedule.Receipt
)

// What to do after a failed send; see schedule.NextAction.
const (
	RetryLater   = schedule.RetryLater
	StopAccount  = schedule.StopAccount
	AwaitSession = schedule.AwaitSession
	AwaitPerson  = schedule.AwaitPerson
	HoldGroup    = schedule.HoldGroup
	GiveUp       = schedule.GiveUp
	AskSomebody  = schedule.AskSomebody
)
