package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// Causes of a send that the desk refuses.
var (
	errOffline = errors.New("no session")
	errHeld    = errors.New("session is held until a person looks")
	errSuspect = errors.New("session may be dead; nothing is sent until it shows a sign of life")
	errUnbound = errors.New("no handle in this session")
)

// Desk knows which of our groups and persons is which handle in the present
// session. It binds, asks a person, or refuses; it never guesses (design
// rule 8). Its methods may be called from any goroutine.
type Desk struct {
	transport Transport
	blobs     func(sha string) ([]byte, error)
	log       *slog.Logger

	// mu guards everything below. present is replaced, never changed, so that a
	// status keeps what it saw.
	mu       sync.RWMutex
	present  *present
	past     *present // the session before, whose last words may still be in the inbox
	state    schedule.AccountState
	why      string
	account  string
	expected map[int64]bool
	known    map[int64]roster.Trace // what every group's room was when last bound
	unsaved  map[int64]bool         // of known
	told     []roster.Decision      // as last saved
	proofs   []schedule.Proof       // oldest first
}

// present is one session's bindings. It is immutable.
type present struct {
	session  string
	login    string
	account  string
	rooms    map[string]Room
	friends  map[string]string // handle → remark
	stable   map[string]string // handle → id that outlives the login
	handleOf map[int64]string
	groupOf  map[string]int64
	by       map[int64]roster.Signal // why a group has its handle
	words    map[int64]int64         // bindings by hand obeyed in this session
	latest   map[int64]int64         // the newest binding by hand of each group
	decided  []roster.Decision       // of all groups, in id order
	friendOf map[int64]string
	personOf map[string]int64
	proven   map[string]bool // handles that a code has bound
	twins    []int64         // persons whose tag is the remark of several friends
	proofs   []schedule.Proof
	people   *roster.Roster
}

var (
	_ schedule.Sender   = (*Desk)(nil)
	_ schedule.Account  = (*Desk)(nil)
	_ schedule.Recaller = (*Desk)(nil)
)

// NewDesk makes a desk without a session. blobs gives the bytes of a media file
// by its SHA-256 (lower-case hex). A nil log is silence.
func NewDesk(t Transport, blobs func(sha string) ([]byte, error), log *slog.Logger) *Desk {
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return &Desk{
		transport: t, blobs: blobs, log: log, state: schedule.AccountOffline,
		present: &present{}, past: &present{}, expected: map[int64]bool{}, known: map[int64]roster.Trace{}, unsaved: map[int64]bool{},
	}
}

// Expect tells a new desk what the store remembers of the last session: the
// account it belonged to ("" if none) and the groups that were bound in it.
func (d *Desk) Expect(account string, groups []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.account = account
	d.expected = map[int64]bool{}
	for _, g := range groups {
		d.expected[g] = true
	}
}

// Serve runs one session of the transport and returns why it ended; ready is
// to call Bind. From then on nothing is sent until the next Bind.
func (d *Desk) Serve(ctx context.Context, ready func(Session)) error {
	err := d.transport.Serve(ctx, ready)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leave(err)
	return err
}

// Inbox is the transport's; each message goes through Translate.
func (d *Desk) Inbox() <-chan Message { return d.transport.Inbox() }

// Done tells the transport that a message is settled; see Transport.
func (d *Desk) Done(m Message) { d.transport.Done(m) }

// Status implements schedule.Account. Sees and Knows answer for the moment of
// the call.
func (d *Desk) Status() schedule.AccountStatus {
	d.mu.RLock()
	p, state, why := d.present, d.state, d.why
	d.mu.RUnlock()
	return schedule.AccountStatus{
		State: state, Session: p.session, Bound: len(p.handleOf), Why: why,
		Sees:  func(g int64) bool { _, ok := p.handleOf[g]; return ok },
		Knows: func(id int64) bool { _, ok := p.friendOf[id]; return ok },
		Twin:  func(id int64) bool { return slices.Contains(p.twins, id) },
	}
}

// Send implements schedule.Sender: HoldGroup for a group or person without a
// handle in this session, AwaitSession without a session or while it is held,
// otherwise what the transport says. The handle and its session are read
// together, so a handle never outlives its session.
func (d *Desk) Send(ctx context.Context, m schedule.Outgoing) (Receipt, error) {
	d.mu.RLock()
	p, state := d.present, d.state
	d.mu.RUnlock()
	if state != schedule.AccountOnline {
		return Receipt{}, refuseIn(state)
	}
	handle, ok := p.roomOf(m.Group)
	if m.Group == 0 {
		handle, ok = p.friendOf[m.Person]
	}
	if !ok || (m.Group == 0) == (m.Person == 0) {
		return Receipt{}, &SendError{Next: HoldGroup, Err: errUnbound}
	}
	r, err := d.transport.Send(ctx, Envelope{
		Session: p.session, To: handle, ClientID: m.ClientID, Part: m.Part,
		Open: func() ([]byte, error) {
			if m.Data != nil {
				return m.Data, nil
			}
			return d.blobs(m.Part.SHA256)
		},
	})
	if err != nil {
		d.noteEnd(p.session, err)
	}
	return r, err
}

// Fetch gives the bytes of a picture or file that was said in the session; see
// Transport.
func (d *Desk) Fetch(ctx context.Context, session, messageID string) ([]byte, error) {
	return d.transport.Fetch(ctx, session, messageID)
}

// Revoke implements schedule.Recaller: ErrGone also for a message of another
// session, whose handle is not known any more.
func (d *Desk) Revoke(ctx context.Context, r schedule.Recall) error {
	d.mu.RLock()
	p := d.present
	d.mu.RUnlock()
	handle, ok := p.roomOf(r.Group)
	if !ok || r.Session != p.session {
		return ErrGone
	}
	return d.transport.Revoke(ctx, Recall{Session: p.session, To: handle, ClientID: r.ClientID, MessageID: r.MessageID})
}

func refuseIn(state schedule.AccountState) *SendError {
	switch state {
	case schedule.AccountHeld:
		return &SendError{Next: AwaitSession, Err: errHeld}
	case schedule.AccountSuspect:
		return &SendError{Next: AwaitSession, Err: errSuspect}
	case schedule.AccountBarred:
		return &SendError{Next: AwaitPerson, Err: ErrBarred}
	}
	return &SendError{Next: AwaitSession, Err: errOffline}
}

// noteEnd believes a refused send that the session is over, before Serve has
// returned.
func (d *Desk) noteEnd(session string, err error) {
	next := schedule.NextOf(err)
	if next != AwaitSession && next != AwaitPerson {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.present.session != session {
		return
	}
	if next == AwaitPerson {
		err = fmt.Errorf("%w: %w", ErrBarred, err)
	}
	d.leave(err)
}

// Incoming is a message in our own terms.
type Incoming struct {
	// Person is 0 when nobody of the roster said it.
	Person int64
	// Proven says that a one-time code has bound the person; otherwise a
	// phone-set remark alone did.
	Proven bool
	// Group is 0 in private, and for a room that is not bound.
	Group   int64
	Private bool
	Kind    Kind
	// Text as in Message. For Renamed and Joined it is the room's name, and
	// Bound says whether the room is (now) bound to Group.
	Text      string
	Bound     bool
	At        time.Time
	Mentioned bool
	// MessageID is unique within Session; ClientID as in Message.
	MessageID string
	ClientID  string
	Session   string
	// Sender is who said it as the desk knows them, whoever it is. It is for
	// Prove alone.
	Sender Sender
	// Open fetches the bytes of a Picture or File; nil for other kinds.
	Open func(ctx context.Context) ([]byte, error)
}

// Translate puts a message into our own terms, and first takes in what it says
// about rooms and friends: a removed room is unbound, and its group is lost
// until a code or a person binds it; a new room, or an unbound one that was
// renamed, may become a question. A bound room stays bound when it is renamed,
// for within a session its handle is certain, unless its new name bears another
// group's code; a friend's new remark counts at once. Of the session before, what
// was said still counts and nothing else. False for a message of another session.
func (d *Desk) Translate(m Message) (Incoming, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := Incoming{
		Private: m.Room == "", Kind: m.Kind, Text: m.Text, At: m.At,
		Mentioned: m.Mentioned, MessageID: m.ID, ClientID: m.ClientID, Session: m.Session,
	}
	switch m.Session {
	case "":
		return Incoming{}, false
	case d.present.session:
	case d.past.session:
		ok := d.past.name(m, &in)
		return in, ok
	default:
		return Incoming{}, false
	}
	if m.Kind == Removed {
		in.Group = d.present.groupOf[m.Room]
	}
	d.takeIn(m)
	if m.Kind != Removed {
		in.Group = d.present.groupOf[m.Room]
	}
	in.Person, in.Proven = d.present.personOf[m.Sender], d.present.proven[m.Sender]
	in.Sender = Sender{Login: d.present.login, Handle: m.Sender, Stable: d.present.stable[m.Sender], Room: m.Room}
	if m.Kind == Picture || m.Kind == File {
		in.Open = func(ctx context.Context) ([]byte, error) { return d.Fetch(ctx, m.Session, m.ID) }
	}
	_, in.Bound = d.present.groupOf[m.Room]
	return in, true
}

// name says who said a message, and where, in a session that is over: false for
// its news of rooms and friends. It names no Sender, so that no code counts.
func (p *present) name(m Message, in *Incoming) bool {
	switch m.Kind {
	case Removed, Joined, Renamed, Remarked, Identified:
		return false
	}
	in.Person, in.Proven = p.personOf[m.Sender], p.proven[m.Sender]
	in.Group, in.Bound = p.groupOf[m.Room], p.groupOf[m.Room] != 0
	if m.Kind == Picture || m.Kind == File {
		in.Open = func(context.Context) ([]byte, error) { return nil, ErrGone }
	}
	return true
}

// takeIn replaces the present by one that knows the news. The lock is held.
func (d *Desk) takeIn(m Message) {
	p := *d.present
	switch {
	case m.Kind == Remarked, m.Kind == Identified && m.Room == "":
		p.friends, p.stable = maps.Clone(p.friends), maps.Clone(p.stable)
		if m.Kind == Remarked {
			p.friends[m.Sender] = m.Text
		} else {
			p.stable[m.Sender] = m.Text
		}
		p.meet(p.people)
		d.present = &p
		return
	case m.Kind == Removed, m.Kind == Joined, m.Kind == Renamed, m.Kind == Identified:
	default:
		return
	}
	p.rooms = maps.Clone(p.rooms)
	room, ok := p.rooms[m.Room]
	switch m.Kind {
	case Removed:
		d.lose(p.groupOf[m.Room], room)
		delete(p.rooms, m.Room)
	case Joined, Renamed:
		if m.Now != nil {
			room = *m.Now
		}
		room.Handle, room.Name = m.Room, m.Text
		p.rooms[m.Room] = room
	case Identified:
		if !ok || room.Stable == m.Text {
			return
		}
		room.Stable = m.Text
		p.rooms[m.Room] = room
	}
	p.bind(p.people, nil, p.handleOf, d.known)
	d.present = &p
	if d.state == schedule.AccountOnline {
		d.remember()
	}
}
