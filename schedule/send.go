package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tongluo/content"
)

// Sender puts messages on the wire. One call is at most one message: a Sender
// never retries, because only the ledger knows what may be tried again.
type Sender interface {
	// Send sends one part to a group, or to a person in private. The error is
	// a *SendError; any other error counts as Uncertain.
	Send(ctx context.Context, m Outgoing) (Receipt, error)
}

// Outgoing is one message on its way out. Exactly one of Group and Person is set.
type Outgoing struct {
	Group  int64
	Person int64
	// ClientID is our own message id, stored before the first try and the same
	// at every later one: 17 digits (reliability.md §3.1).
	ClientID string
	Part     content.Part
	// Data is the media of a part that is nowhere stored (a picture drawn for one
	// answer); nil: the store has it under the part's hash.
	Data []byte
}

// Recaller is an Account whose messages can be taken back for a short while.
type Recaller interface {
	// Revoke takes one message back. Nil is the service's word that it is gone,
	// ErrGone that it certainly stays; any other error leaves that open.
	Revoke(ctx context.Context, r Recall) error
}

// ErrGone: a message is certainly out of reach.
var ErrGone = errors.New("message is out of reach")

// Recall names a message of ours: the group, the session it was sent in, and
// both its ids.
type Recall struct {
	Group     int64
	Session   string
	ClientID  string
	MessageID string
}

// Receipt is the server's word that it took a message. It is not proof that
// anybody saw it.
type Receipt struct {
	MessageID string
	Session   string
	At        time.Time
}

// NextAction classifies a failed send by what to do next (reliability.md §3.3).
type NextAction string

// The next actions.
const (
	// RetryLater: the server certainly did not take it; back off and try again.
	RetryLater NextAction = "retry"
	// StopAccount: certainly not taken, and the whole account must rest (1205).
	StopAccount NextAction = "rest"
	// AwaitSession: certainly not taken, the session is over (1100, 1101, 1102).
	AwaitSession NextAction = "session"
	// AwaitPerson: certainly not taken, the account is barred (1203).
	AwaitPerson NextAction = "barred"
	// HoldGroup: certainly not taken, this group has no handle in this session.
	HoldGroup NextAction = "hold"
	// GiveUp: certainly not taken, and never will be as it stands (media
	// missing or changed, too big).
	GiveUp NextAction = "fail"
	// AskSomebody: nobody knows whether it was taken. Never resent.
	AskSomebody NextAction = "uncertain"
)

// SendError is why a send failed and what to do next.
type SendError struct {
	Next NextAction
	Ret  int // the server's code, 0 when it gave none
	Err  error
}

// Error implements error. It never holds message text or names.
func (e *SendError) Error() string {
	if e.Ret != 0 {
		return fmt.Sprintf("send: %s (ret %d): %v", e.Next, e.Ret, e.Err)
	}
	return fmt.Sprintf("send: %s: %v", e.Next, e.Err)
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// NextOf tells what to do after err; anything not classified is AskSomebody.
func NextOf(err error) NextAction {
	var se *SendError
	if errors.As(err, &se) {
		return se.Next
	}
	return AskSomebody
}
