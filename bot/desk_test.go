package bot

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// wire is a transport that takes everything, or fails as told.
type wire struct {
	sent    []Envelope
	revoked []Recall
	fail    error
	serve   func(ctx context.Context, ready func(Session)) error
	inbox   chan Message
}

func (w *wire) Serve(ctx context.Context, ready func(Session)) error { return w.serve(ctx, ready) }
func (*wire) Done(Message)                                           {}
func (w *wire) Inbox() <-chan Message                                { return w.inbox }
func (w *wire) Send(_ context.Context, e Envelope) (Receipt, error) {
	if w.fail != nil {
		return Receipt{}, w.fail
	}
	w.sent = append(w.sent, e)
	return Receipt{MessageID: "1", Session: e.Session}, nil
}

func (w *wire) Fetch(_ context.Context, session, id string) ([]byte, error) {
	return []byte(session + "/" + id), w.fail
}

func (w *wire) Revoke(_ context.Context, r Recall) error {
	w.revoked = append(w.revoked, r)
	return w.fail
}

func newDesk() (*Desk, *wire) {
	w := &wire{inbox: make(chan Message)}
	return NewDesk(w, func(sha string) ([]byte, error) { return []byte(sha), nil }, nil), w
}

// crew has groups named after their ids and two persons.
func crew(names ...string) *roster.Roster {
	var groups []roster.Group
	for i, n := range names {
		groups = append(groups, roster.Group{ID: int64(i + 1), Name: n})
	}
	return roster.New(nil, groups, []roster.Person{{ID: 1, Tag: "张三-01"}, {ID: 2, Tag: "李四-02"}, {ID: 3}})
}

func session(id string, names ...string) Session {
	s := Session{ID: id, Account: "7", Friends: []Friend{{Handle: "@z" + id, Remark: "张三-01"}, {Handle: "@n" + id}}}
	for i, n := range names {
		s.Rooms = append(s.Rooms, room(fmt.Sprintf("@@%s%d", id, i+1), n, n))
	}
	return s
}

// room has a dozen members of its own, named after whose.
func room(handle, name, whose string) Room {
	var hashes []uint32
	for i := range 12 {
		sum := sha256.Sum256(fmt.Append(nil, whose, i))
		hashes = append(hashes, binary.BigEndian.Uint32(sum[:]))
	}
	return Room{Handle: handle, Name: name, Members: 12, Sketch: roster.NewSketch(hashes)}
}

// first is a first login that the office has found right.
func first(d *Desk, s Session, r *roster.Roster, manual ...Binding) Report {
	report := d.Bind(s, r, manual)
	d.Accept()
	return report
}

func say(group int64) schedule.Outgoing {
	return schedule.Outgoing{Group: group, ClientID: "1", Part: content.Part{Kind: content.Text, Text: "x"}}
}

func whyOf(r Report, group int64) string {
	for _, u := range r.Unbound {
		if u.Group == group {
			return u.Why
		}
	}
	return ""
}

func TestBind(t *testing.T) {
	t.Run("the first time by a name that is unique on both sides, and a person's word", func(t *testing.T) {
		d, w := newDesk()
		r := d.Bind(session("a", " 一村群", "e\u0301", "别的群"), crew("一村群", "é", "三村群"), nil)
		require.Zero(t, r.Bound)
		require.Equal(t, 2, r.Asked)
		require.Contains(t, whyOf(r, 1), "第一次认")
		_, err := d.Send(t.Context(), say(2))
		require.Equal(t, HoldGroup, schedule.NextOf(err))
		require.Empty(t, w.sent)
		d.Accept()
		require.Equal(t, 1, r.Persons)
		require.NotEmpty(t, whyOf(r, 3))
		require.Equal(t, schedule.AccountOnline, d.Status().State)
		require.True(t, d.Status().Sees(1))
		require.False(t, d.Status().Sees(3))
		require.True(t, d.Status().Knows(1))
		require.False(t, d.Status().Knows(2))
		require.False(t, d.Status().Knows(3), "no tag is nobody's remark")
		_, err = d.Send(t.Context(), say(2))
		require.NoError(t, err)
		require.Equal(t, "@@a2", w.sent[0].To)
		require.Equal(t, "a", w.sent[0].Session)
	})
	t.Run("twins are not bound", func(t *testing.T) {
		d, w := newDesk()
		r := first(d, session("a", "一群", "一群", "二群"), crew("一群", "二群", "二群"))
		require.Empty(t, d.Bindings())
		require.Len(t, r.Unbound, 3)
		for g := int64(1); g <= 3; g++ {
			_, err := d.Send(t.Context(), say(g))
			require.Equal(t, HoldGroup, schedule.NextOf(err))
		}
		require.Empty(t, w.sent)
	})
	t.Run("never by part of a name", func(t *testing.T) {
		d, _ := newDesk()
		first(d, session("a", "一村群2", "一村", "一村群）"), crew("一村群"))
		require.Empty(t, d.Bindings())
	})
	t.Run("by hand", func(t *testing.T) {
		d, _ := newDesk()
		s := session("a", "一群", "一群", "旧名", "二群")
		r := first(d, s, crew("一群", "二群", "三群", "四群"), Binding{Group: 1, Handle: "@@a2"}, Binding{Group: 3, Room: "旧名"},
			Binding{Group: 4, Handle: "@@b1"}, Binding{Group: 99, Handle: "@@a4"})
		require.Equal(t, map[int64]string{1: "@@a2", 2: "@@a4", 3: "@@a3"}, d.Bindings())
		require.Contains(t, whyOf(r, 4), "找不到")
	})
	t.Run("words that contradict each other bind nothing", func(t *testing.T) {
		d, _ := newDesk()
		r := first(d, session("a", "一群", "x", "y"), crew("一群", "二群"),
			Binding{Group: 1, Handle: "@@a2"}, Binding{Group: 1, Handle: "@@a3"}, Binding{Group: 2, Handle: "@@a3"})
		require.Empty(t, d.Bindings())
		require.Contains(t, whyOf(r, 1), "矛盾")
	})
	t.Run("a room bound by hand is not bound again by name", func(t *testing.T) {
		d, _ := newDesk()
		r := first(d, session("a", "一群"), crew("一群", "二群"), Binding{Group: 2, Room: "一群"})
		require.Equal(t, map[int64]string{2: "@@a1"}, d.Bindings())
		require.NotEmpty(t, whyOf(r, 1))
	})
	t.Run("two friends with one remark are nobody", func(t *testing.T) {
		d, _ := newDesk()
		s := session("a")
		s.Friends = append(s.Friends, Friend{Handle: "@other", Remark: "张三-01"})
		require.Zero(t, d.Bind(s, crew(), nil).Persons)
	})
}

func TestBrake(t *testing.T) {
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("群%d", i+1)
	}
	t.Run("fewer than nine in ten rebound holds everything until a person looks", func(t *testing.T) {
		d, w := newDesk()
		first(d, session("a", names...), crew(names...))
		require.Empty(t, d.Bind(session("b", names[2:]...), crew(names...), nil).Held, "exactly 90 %")
		require.Contains(t, d.Bind(session("c", names[4:]...), crew(names...), nil).Held, "roster bind --accept", "16 of 18, and what to do next")
		require.Equal(t, schedule.AccountHeld, d.Status().State)
		require.NotEmpty(t, d.Status().Why)
		_, err := d.Send(t.Context(), say(10))
		require.Equal(t, AwaitSession, schedule.NextOf(err))
		require.Empty(t, w.sent)
		d.Accept()
		require.Equal(t, schedule.AccountOnline, d.Status().State)
		_, err = d.Send(t.Context(), say(10))
		require.NoError(t, err)
		require.Empty(t, d.Bind(session("d", names[4:]...), crew(names...), nil).Held, "accepted as the new measure")
	})
	t.Run("groups taken off the roster are not missed", func(t *testing.T) {
		d, _ := newDesk()
		first(d, session("a", names...), crew(names...))
		r := d.Bind(session("b", names[:10]...), crew(names[:10]...), nil)
		require.Empty(t, r.Held)
		require.Equal(t, 10, r.Expected)
	})
	t.Run("another account holds", func(t *testing.T) {
		d, _ := newDesk()
		first(d, session("a", names...), crew(names...))
		other := session("b", names...)
		other.Account = "8"
		require.Contains(t, d.Bind(other, crew(names...), nil).Held, "微信号，先不发。请在控制台")
		require.Equal(t, schedule.AccountHeld, d.Status().State)
	})
	t.Run("what the store remembers counts after a restart", func(t *testing.T) {
		d, _ := newDesk()
		d.Expect("7", []int64{1, 2, 3, 4})
		require.NotEmpty(t, d.Bind(session("a", names[:3]...), crew(names...), nil).Held, "nobody knows what they were")
		var traces []roster.Trace
		before, _ := newDesk()
		first(before, session("a", names...), crew(names...))
		require.NoError(t, before.Keep(t.Context(), func(_ context.Context, _ string, all []roster.Decision, learned []roster.Trace) error {
			require.Len(t, all, len(names))
			traces = learned
			return nil
		}))
		d, _ = newDesk()
		d.Recall("7", traces)
		require.Contains(t, d.Bind(session("b", names[4:]...), crew(names...), nil).Held, "20 个群，这次只认出 16 个")
		d.Recall("7", traces)
		require.Empty(t, d.Bind(session("b", names...), crew(names...), nil).Held)
		require.Len(t, d.Bindings(), len(names))
	})
}

func TestTranslate(t *testing.T) {
	d, _ := newDesk()
	first(d, session("a", "一群", "二群", "外群"), crew("一群", "二群", "新群", "改名后"))
	tell := func(m Message) Incoming {
		m.Session = "a"
		in, ok := d.Translate(m)
		require.True(t, ok)
		return in
	}
	t.Run("persons and groups", func(t *testing.T) {
		in := tell(Message{ID: "5", Kind: Text, Room: "@@a1", Sender: "@za", Text: "已转", Mentioned: true})
		require.Equal(t, Incoming{Person: 1, Group: 1, Bound: true, Kind: Text, Text: "已转", Mentioned: true, MessageID: "5", Session: "a",
			Sender: Sender{Login: "a", Handle: "@za", Room: "@@a1"}}, in)
		in = tell(Message{Kind: Text, Sender: "@na"})
		require.Zero(t, in.Person)
		require.True(t, in.Private)
		in = tell(Message{Kind: Text, Room: "@@a3", Sender: "@za"})
		require.Zero(t, in.Group)
		require.False(t, in.Private)
	})
	t.Run("another session is refused", func(t *testing.T) {
		for _, s := range []string{"", "b"} {
			_, ok := d.Translate(Message{Session: s, Kind: Text, Sender: "@za"})
			require.False(t, ok)
		}
	})
	t.Run("a new room is asked about by its name, a foreign one renamed too", func(t *testing.T) {
		in := tell(Message{Kind: Joined, Room: "@@new", Text: "新群"})
		require.Zero(t, in.Group)
		require.False(t, in.Bound)
		in = tell(Message{Kind: Renamed, Room: "@@a3", Text: "改名后"})
		require.Zero(t, in.Group)
		require.Equal(t, 2, roster.Tally(d.Decisions())[roster.Ask])
		d.Accept()
		require.EqualValues(t, 3, tell(Message{Kind: Text, Room: "@@new"}).Group)
		require.EqualValues(t, 4, tell(Message{Kind: Text, Room: "@@a3"}).Group)
	})
	t.Run("a bound room stays bound under a new name, and under a twin", func(t *testing.T) {
		require.EqualValues(t, 1, tell(Message{Kind: Renamed, Room: "@@a1", Text: "二群"}).Group)
		require.False(t, tell(Message{Kind: Joined, Room: "@@twin", Text: "一群"}).Bound)
		require.Equal(t, "@@a1", d.Bindings()[1])
		require.Equal(t, "@@a2", d.Bindings()[2])
	})
	t.Run("a removed room is unbound and not missed", func(t *testing.T) {
		before := d.Status()
		in := tell(Message{Kind: Removed, Room: "@@a2"})
		require.EqualValues(t, 2, in.Group)
		require.False(t, in.Bound)
		require.False(t, d.Status().Sees(2))
		require.True(t, before.Sees(2), "an older status keeps what it saw")
		_, err := d.Send(t.Context(), say(2))
		require.Equal(t, HoldGroup, schedule.NextOf(err))
	})
	t.Run("a remark counts at once", func(t *testing.T) {
		tell(Message{Kind: Remarked, Sender: "@na", Text: "李四-02"})
		require.EqualValues(t, 2, tell(Message{Kind: Text, Sender: "@na"}).Person)
		tell(Message{Kind: Remarked, Sender: "@za", Text: "李四-02"})
		require.Zero(t, tell(Message{Kind: Text, Sender: "@na"}).Person, "two with one remark are nobody")
		require.Zero(t, tell(Message{Kind: Text, Sender: "@za"}).Person)
	})
	t.Run("a changed roster binds anew and keeps what is bound", func(t *testing.T) {
		r := d.Rebind(crew("一群", "二群", "新群", "改名后", "一群"), nil)
		require.Equal(t, "@@a1", d.Bindings()[1])
		require.NotEmpty(t, whyOf(r, 5))
		d.Rebind(roster.New(nil, nil, nil), nil)
		require.Empty(t, d.Bindings())
	})
}

func TestDeskSend(t *testing.T) {
	t.Run("to a person in private, with the bytes of the part", func(t *testing.T) {
		d, w := newDesk()
		d.Bind(session("a"), crew(), nil)
		_, err := d.Send(t.Context(), schedule.Outgoing{Person: 1, ClientID: "1", Part: content.Part{Kind: content.Picture, SHA256: "ab"}})
		require.NoError(t, err)
		require.Equal(t, "@za", w.sent[0].To)
		data, err := w.sent[0].Open()
		require.NoError(t, err)
		require.Equal(t, "ab", string(data))
	})
	t.Run("refuses nobody, both, and the unknown", func(t *testing.T) {
		d, w := newDesk()
		first(d, session("a", "一群"), crew("一群"))
		for _, m := range []schedule.Outgoing{{}, {Group: 1, Person: 1}, {Person: 2}, {Group: 9}} {
			_, err := d.Send(t.Context(), m)
			require.Equal(t, HoldGroup, schedule.NextOf(err))
		}
		require.Empty(t, w.sent)
	})
	t.Run("without a session waits for one", func(t *testing.T) {
		d, _ := newDesk()
		_, err := d.Send(t.Context(), say(1))
		require.Equal(t, AwaitSession, schedule.NextOf(err))
		require.Equal(t, schedule.AccountOffline, d.Status().State)
	})
	t.Run("a refusal that ends the session empties the desk", func(t *testing.T) {
		for next, state := range map[schedule.NextAction]schedule.AccountState{
			AwaitSession: schedule.AccountOffline, AwaitPerson: schedule.AccountBarred,
			StopAccount: schedule.AccountOnline, AskSomebody: schedule.AccountOnline,
		} {
			d, w := newDesk()
			first(d, session("a", "一群"), crew("一群"))
			w.fail = &SendError{Next: next, Err: errors.New("x")}
			_, err := d.Send(t.Context(), say(1))
			require.Equal(t, next, schedule.NextOf(err))
			require.Equal(t, state, d.Status().State)
			require.Equal(t, state == schedule.AccountOnline, d.Status().Sees(1))
		}
	})
}

func TestDeskServe(t *testing.T) {
	for end, state := range map[error]schedule.AccountState{
		ErrSessionOver: schedule.AccountOffline, ErrBarred: schedule.AccountBarred,
		ErrOtherAccount: schedule.AccountBarred, context.Canceled: schedule.AccountOffline,
	} {
		t.Run(end.Error(), func(t *testing.T) {
			d, w := newDesk()
			w.serve = func(_ context.Context, ready func(Session)) error {
				ready(session("a", "一群"))
				require.True(t, d.Status().Online())
				return fmt.Errorf("serve: %w", end)
			}
			err := d.Serve(t.Context(), func(s Session) { d.Bind(s, crew("一群"), nil); d.Accept() })
			require.ErrorIs(t, err, end)
			require.Equal(t, state, d.Status().State)
			require.False(t, d.Status().Sees(1))
			require.Equal(t, state == schedule.AccountBarred, d.Status().Why != "")
		})
	}
}

func TestRevoke(t *testing.T) {
	d, w := newDesk()
	r := schedule.Recall{Group: 1, Session: "a", ClientID: "7", MessageID: "m"}
	require.ErrorIs(t, d.Revoke(t.Context(), r), ErrGone, "no session")
	first(d, session("a", "一村群"), crew("一村群", "二村群"))
	require.NoError(t, d.Revoke(t.Context(), r))
	require.Equal(t, []Recall{{Session: "a", To: "@@a1", ClientID: "7", MessageID: "m"}}, w.revoked)
	r.Group = 2
	require.ErrorIs(t, d.Revoke(t.Context(), r), ErrGone, "unbound")
	r.Group, r.Session = 1, "before"
	require.ErrorIs(t, d.Revoke(t.Context(), r), ErrGone, "handles live one session")
	require.Len(t, w.revoked, 1)
}

func TestFetch(t *testing.T) {
	d, _ := newDesk()
	first(d, session("a", "一村群"), crew("一村群"))
	for kind, opens := range map[Kind]bool{Picture: true, File: true, Card: false, Text: false, Other: false} {
		in, ok := d.Translate(Message{ID: "5", Session: "a", Sender: "@za", Kind: kind})
		require.True(t, ok)
		require.Equal(t, opens, in.Open != nil, kind)
		if opens {
			data, err := in.Open(t.Context())
			require.NoError(t, err)
			require.Equal(t, "a/5", string(data))
		}
	}
}
