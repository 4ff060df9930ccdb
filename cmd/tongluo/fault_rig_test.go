package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/bot/wechat"
	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// rig is the daemon's rooms in one process: the real openwechat against the
// make-believe service over HTTP, the real store, and a clock that only the
// test moves. It is always Tuesday 2 June 2026, ten o'clock, when it begins.
type rig struct {
	t      testing.TB
	dir    string
	server *loopback.Server
	idle   func(context.Context) error // everything that was said is in the inbox; nil: server's
	chat   map[int64]string
	db     *store.DB
	desk   *bot.Desk
	tap    *tap
	office *schedule.Office
	runner *runner.Runner
	talk   *command.Conversation
	now    time.Time
	items  int
	leave  context.CancelFunc
	ended  chan error
}

// tap lets a test act between the intent and the request. Two engines may share it.
type tap struct {
	*bot.Desk
	sent   atomic.Int64
	before func(n int, m schedule.Outgoing) // n counts from 1
	after  func(n int)
}

// Send implements schedule.Sender.
func (p *tap) Send(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
	n := p.sent.Add(1)
	if p.before != nil {
		p.before(int(n), m)
	}
	got, err := p.Desk.Send(ctx, m)
	if p.after != nil {
		p.after(int(n))
	}
	return got, err
}

// rigTimeout is how long a rig waits for an answer that never comes.
const rigTimeout = 300 * time.Millisecond

func newRig(t testing.TB, groups int) *rig {
	t.Helper()
	return newRigWith(t, groups, loopback.Options{}, nil)
}

// newRigWith is a rig whose service has options, and whose transport may be put
// behind another.
func newRigWith(t testing.TB, groups int, o loopback.Options, front func(bot.Transport) bot.Transport) *rig {
	t.Helper()
	o.Seed, o.AutoLogin = 1, true
	server := loopback.New(besieged(groups), o)
	address, err := server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	r := newRigAt(t, groups, address, front)
	r.server = server
	return r
}

// newRigAt is a rig whose service is somebody else's; r.server is nil.
func newRigAt(t testing.TB, groups int, address string, front func(bot.Transport) bot.Transport) *rig {
	t.Helper()
	timeout := rigTimeout
	if _, benchmark := t.(*testing.B); benchmark {
		timeout = 0 // the usual one
	}
	return newRigWaiting(t, groups, address, timeout, front)
}

// newRigWaiting is one that waits so long for an answer.
func newRigWaiting(t testing.TB, groups int, address string, timeout time.Duration, front func(bot.Transport) bot.Transport) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), chat: map[int64]string{}}
	r.now = time.Date(2026, 6, 2, 2, 0, 0, 0, time.UTC)
	r.open()
	transport, err := wechat.New(wechat.Options{Dir: filepath.Join(r.dir, "session"), Endpoint: address, SendTimeout: timeout, Unpaced: true})
	require.NoError(t, err)
	blobs := func(sha string) ([]byte, error) { return r.db.Blob(context.Background(), sha) }
	if front == nil {
		front = func(t bot.Transport) bot.Transport { return t }
	}
	r.desk = bot.NewDesk(front(transport), blobs, nil)
	r.tap = &tap{Desk: r.desk}
	r.office, r.runner = r.engine(r.db)
	r.talk = &command.Conversation{Desk: r.desk, Talk: command.New(r.office, command.DefaultSettings()), Office: r.office, Sender: r.desk, Rest: r.runner.Rest, Resting: r.runner.Resting}
	t.Cleanup(r.close)
	r.people(groups)
	_, err = r.runner.Recover(t.Context(), r.now)
	require.NoError(t, err)
	_, _, err = r.office.Adopt(t.Context(), roster.Operator("王办"), weekly(), "永宁镇", 2026, nil, r.now)
	require.NoError(t, err)
	return r
}

// engine is an office and a runner on a store; there may be two.
func (r *rig) engine(db *store.DB) (*schedule.Office, *runner.Runner) {
	office := r.officeOn(db)
	return office, runner.New(office, db, r.tap, r.desk, 1)
}

// officeOn is an office on a store, with no pace and no caps.
func (r *rig) officeOn(db schedule.Store) *schedule.Office {
	s := schedule.DefaultSettings()
	s.TextPace, s.PicturePace, s.PerGroupDay, s.PerAccountDay = schedule.Pace{}, schedule.Pace{}, 100_000, 1_000_000
	s.GroupGap = 0 // rigs send one push after the other
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(r.t, err)
	return schedule.New(db, cal, s, r.desk, packs{dir: filepath.Join(r.dir, "packs"), zone: cal.Zone()})
}

// open opens the database, as at a start of the program.
func (r *rig) open() {
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(r.t, err)
	r.db, err = store.Open(context.Background(), r.dir, store.Options{Cal: cal})
	require.NoError(r.t, err)
}

// reopen closes it first.
func (r *rig) reopen() {
	require.NoError(r.t, r.db.Close())
	r.open()
}

// people are n groups of one village, each a chat of the same name.
func (r *rig) people(n int) {
	units := []roster.Unit{{ID: 1, Name: "永宁镇", Path: "永宁镇"}, {ID: 2, Name: "永宁村", Path: "永宁镇/永宁村", Parent: 1, Contact: 1}}
	persons := []roster.Person{{ID: 1, Name: "张三", Unit: 2, UnitPath: "永宁镇/永宁村", Role: roster.Cadre, Tag: "永宁村干部"}}
	var groups []roster.Group
	for i := range n {
		id := int64(i + 1)
		groups = append(groups, roster.Group{ID: id, Name: fmt.Sprint("便民群", id), Unit: 2, UnitPath: "永宁镇/永宁村", Kind: "便民群", Audiences: []string{"居民"}, Keeper: 1, Carrier: roster.ByBot})
		r.chat[id] = fmt.Sprint("g", id)
	}
	require.NoError(r.t, r.db.SaveRoster(context.Background(), roster.Operator("王办"), roster.New(units, groups, persons), r.now))
}

func (r *rig) close() {
	if r.leave != nil {
		r.leave()
		<-r.ended
	}
	if r.server != nil {
		require.NoError(r.t, r.server.Close())
	}
	require.NoError(r.t, r.db.Close())
}

// patience is how long a rig waits for what must come: a guard against waiting
// for ever, and no measure of speed, since a soak shares its machine.
const patience = 5 * time.Minute

// login serves a session and returns when its groups are bound.
func (r *rig) login() *rig {
	r.t.Helper()
	if report := r.serve(); report.Expected == 0 { // the first time a person looks
		r.desk.Accept()
	}
	return r
}

// serve serves a session and returns what was recognised, which nobody has
// looked at.
func (r *rig) serve() bot.Report {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.leave, r.ended = cancel, make(chan error, 1)
	bound := make(chan bot.Report, 1)
	go func() {
		r.ended <- r.desk.Serve(ctx, func(s bot.Session) {
			report, err := r.talk.Greet(ctx, s, r.now)
			if err != nil {
				report.Held = err.Error()
			}
			bound <- report
		})
	}()
	var report bot.Report
	select {
	case report = <-bound:
		require.Empty(r.t, report.Held)
	case err := <-r.ended:
		require.NoError(r.t, err, "no session")
	case <-time.After(patience):
		require.Fail(r.t, "no session in time")
	}
	return report
}

// gone waits until the session has ended by itself.
func (r *rig) gone() {
	r.t.Helper()
	select {
	case err := <-r.ended:
		require.ErrorIs(r.t, err, bot.ErrSessionOver)
	case <-time.After(patience):
		require.Fail(r.t, "the session does not end")
	}
	r.leave()
	r.leave = nil
}

// push queues a new item to all groups, and another person approves it.
func (r *rig) push(picture bool) schedule.Preview {
	r.t.Helper()
	r.items++
	it := saveItem(r.t, r.db, fmt.Sprintf("s%02d", r.items), picture, r.now)
	v, err := r.office.QueuePush(context.Background(), roster.Operator("王办"), schedule.Request{Item: it.ID, To: "all"}, r.now)
	require.NoError(r.t, err)
	if v.State == schedule.PushWaiting {
		require.NoError(r.t, r.office.ApprovePush(context.Background(), roster.Operator("李主任"), v.ID, r.now))
		r.now = v.Opens
	}
	return v
}

// step does what is due now, then lets everything said be heard.
func (r *rig) step() (time.Time, error) {
	r.t.Helper()
	next, err := r.runner.Step(context.Background(), r.now)
	if r.leave != nil {
		r.hear()
	}
	return next, err
}

// hear takes in what the service said, as the daemon does.
func (r *rig) hear() {
	r.t.Helper()
	idle := r.idle
	if idle == nil {
		idle = r.server.WaitIdle
	}
	require.NoError(r.t, idle(r.t.Context()))
	for {
		select {
		case m := <-r.desk.Inbox():
			require.NoError(r.t, r.talk.Hear(context.Background(), m, r.now))
		default:
			return
		}
	}
}

// run steps until the clock would pass the end, at most some hundred times.
func (r *rig) run(end time.Time) {
	r.t.Helper()
	for range 2000 {
		next, err := r.step()
		require.NoError(r.t, err)
		if next.After(end) {
			return
		}
		if next.After(r.now) {
			r.now = next
		}
	}
	require.Fail(r.t, "the runner spins")
}

// books reads both sides.
func (r *rig) books() books { return readBooks(r.t, r.db, r.server.Receipts(), r.chat) }

// audit closes every window at a later time and reads the books.
func (r *rig) audit() books {
	r.t.Helper()
	r.now = r.now.Add(4 * time.Hour)
	_, err := r.step()
	require.NoError(r.t, err)
	b := r.books()
	b.closed = true
	require.Empty(r.t, b.wrong())
	soundFile(r.t, r.db, r.now)
	return b
}

// counts are a ledger's deliveries by state.
func counts(b books) map[schedule.State]int {
	n := map[schedule.State]int{}
	for _, d := range b.entries {
		n[d.State]++
	}
	return n
}

// untilClose lets the window of a push pass but for its last minute; an account
// that rests for half an hour, or ten minutes, goes on inside it.
func (r *rig) untilClose(v schedule.Preview) { r.run(v.Closes.Add(-time.Minute)) }
