package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// ordeal is something that happens to an engine in the middle of a push. It
// returns what is wrong afterwards.
type ordeal struct {
	name    string
	run     func(r *rig, m mutant) []string
	mutants []mutant
}

const ordealGroups = 12

func ordeals() []ordeal {
	return []ordeal{
		{"replies are lost", lostReplies, []mutant{
			{name: "MaxRetryTimes = 5", breach: "I1", sender: stubborn},
			{name: "{} counts as success", breach: "I2", sender: hopeful},
			{name: "resends what is uncertain", breach: "I1", store: func(db *store.DB) runner.Store { return again{db} }},
			{name: "a new client id for each try", breach: "I3", sender: nameless},
		}},
		{"the program is killed after a send", killed, []mutant{
			{name: "sends, then records", breach: "I1", store: func(db *store.DB) runner.Store { return &late{DB: db} }},
			{name: "checkpoints at fetch", breach: "I2", store: func(db *store.DB) runner.Store { return &early{DB: db} }},
			{name: "takes what a crash left for not sent", breach: "I1", store: func(db *store.DB) runner.Store { return rescue{db} }},
		}},
		{"the power is cut after a send", powerCut, []mutant{{name: "synchronous = OFF", breach: "I7", slack: true}}},
		{"a second engine", secondEngine, []mutant{
			{name: "no fencing of claims", breach: "I1", store: func(db *store.DB) runner.Store { return &unfenced{db, map[int64]bool{}} }},
		}},
		{"a new login", newLogin, []mutant{
			{name: "no fencing by session", breach: "I5", front: func(t bot.Transport) bot.Transport { return &positional{Transport: t} }},
		}},
		{"停发", halted, []mutant{
			{name: "ignores it in the claim", breach: "I8", store: func(db *store.DB) runner.Store { return unstoppable{db} }},
		}},
		{"the window closes", windowCloses, []mutant{
			{name: "ignores the closing window", breach: "I4", store: func(db *store.DB) runner.Store { return &openEnded{DB: db} }},
		}},
		{"1205", refusedAsTooOften, []mutant{{name: "retries on 1205", breach: "I8", sender: impatient}}},
		{"the picture is gone", pictureGone, []mutant{
			{name: "sends the words first", breach: "I3", store: func(db *store.DB) runner.Store { return &trusting{db, map[string][]byte{}} }},
		}},
	}
}

func operator() roster.Actor { return roster.Operator("王办") }

// through puts one engine through the ordeal in an office of its own.
func (o ordeal) through(t *testing.T, m mutant) []string {
	r := newRigWith(t, ordealGroups, loopback.Options{}, m.front).login()
	m.engine(r)
	return o.run(r, m)
}

// drive steps an engine until the clock would pass the end. A wrong engine may
// complain.
func (r *rig) drive(e *runner.Runner, end time.Time) {
	r.t.Helper()
	for range 300 {
		next, err := e.Step(context.Background(), r.now)
		switch {
		case next.After(end):
			return
		case next.After(r.now):
			r.now = next
		case err != nil:
			r.now = r.now.Add(time.Second)
		}
	}
}

// crash runs a step that dies at the nth message, right after it was sent.
func (r *rig) crash(e *runner.Runner, nth int) {
	type killed struct{}
	r.tap.after = func(n int) {
		if n == nth {
			panic(killed{})
		}
	}
	defer func() {
		r.tap.after = nil
		if v := recover(); v != nil {
			require.Equal(r.t, killed{}, v)
		}
	}()
	_, _ = e.Step(context.Background(), r.now)
}

// restart is the program started anew, a minute later.
func (r *rig) restart(m mutant) *runner.Runner {
	r.now = r.now.Add(time.Minute)
	e := m.engine(r)
	_, err := e.Recover(context.Background(), r.now)
	require.NoError(r.t, err)
	return e
}

func (r *rig) wrong() []string { return r.books().wrong() }

func lostReplies(r *rig, _ mutant) []string {
	for nth, action := range map[int]string{3: "lose_reply", 6: "{}", 9: "502_processed"} {
		require.NoError(r.t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: nth, Action: action}))
	}
	v := r.push(false)
	r.drive(r.runner, v.Closes.Add(-time.Minute))
	return r.wrong()
}

func killed(r *rig, m mutant) []string {
	v := r.push(false)
	r.crash(r.runner, 5)
	r.drive(r.restart(m), v.Closes.Add(-time.Minute))
	return r.wrong()
}

// powerCut puts back what the disk had been made to hold: with synchronous = FULL
// everything that was committed, with less only what was there when the push began.
func powerCut(r *rig, m mutant) []string {
	v := r.push(false)
	disk := r.t.(*testing.T).TempDir()
	held := func() {
		for _, name := range []string{store.FileName, store.FileName + "-wal"} {
			data, err := os.ReadFile(filepath.Join(r.dir, name))
			require.NoError(r.t, err)
			require.NoError(r.t, os.WriteFile(filepath.Join(disk, name), data, 0o600))
		}
	}
	r.reopen()
	e := m.engine(r)
	w := writers.of(r.t, r.dir)
	if m.slack {
		_, err := w.conn.ExecContext(context.Background(), "PRAGMA synchronous = OFF", nil)
		require.NoError(r.t, err)
	}
	held()
	r.tap.before = func(int, schedule.Outgoing) {
		if w.setting(r.t, "synchronous") == 2 {
			held()
		}
	}
	r.crash(e, 5)
	r.tap.before = nil
	require.NoError(r.t, r.db.Close())
	for _, name := range []string{store.FileName, store.FileName + "-wal", store.FileName + "-shm"} {
		_ = os.Remove(filepath.Join(r.dir, name))
		if data, err := os.ReadFile(filepath.Join(disk, name)); err == nil {
			require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, name), data, 0o600))
		}
	}
	r.open()
	r.now = r.now.Add(time.Minute)
	e = m.engine(r)
	if _, err := e.Recover(context.Background(), r.now); errors.Is(err, store.ErrCorrupt) {
		return []string{"I7 the journal has seen more than the database: " + err.Error()}
	}
	r.drive(e, v.Closes.Add(-time.Minute))
	return r.wrong()
}

func secondEngine(r *rig, m mutant) []string {
	v := r.push(false)
	other, err := store.Open(context.Background(), r.dir, store.Options{Cal: r.office.Calendar()})
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, other.Close()) }()
	right := mutant{}.engine(r)
	var second runner.Store = other
	if m.store != nil {
		second = m.store(other)
	}
	e := runner.New(r.office, second, r.tap, r.desk, 2)
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 4 {
			_, _ = e.Step(context.Background(), r.now)
		}
	}
	r.drive(right, v.Closes.Add(-time.Minute))
	r.tap.before = nil
	return r.wrong()
}

func newLogin(r *rig, _ mutant) []string {
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 5 {
			r.server.Kill(1101)
		}
	}
	v := r.push(false)
	_, _ = r.runner.Step(context.Background(), r.now)
	r.gone()
	r.tap.before = nil
	r.now = r.now.Add(time.Minute)
	held := r.loginSomehow()
	r.drive(r.runner, v.Closes.Add(-time.Minute))
	found := r.wrong()
	if held != "" { // it is noticed before anything is sent
		found = append(found, "I5 "+held)
	}
	return found
}

func halted(r *rig, _ mutant) []string {
	stopped := int64(-1)
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 5 {
			require.NoError(r.t, r.db.SetHalt(context.Background(), operator(), true, r.now))
			stopped = r.server.Stats().Attempts
		}
	}
	v := r.push(false)
	r.drive(r.runner, v.Closes.Add(-time.Minute))
	found := r.wrong()
	if n := r.server.Stats().Attempts - stopped; n > 1 {
		found = append(found, fmt.Sprintf("I8 %d messages after 停发", n))
	}
	return found
}

func windowCloses(r *rig, _ mutant) []string {
	v := r.push(false)
	r.tap.before = func(n int, _ schedule.Outgoing) {
		if n == 5 { // the PC sleeps until the window is over
			r.now = v.Closes.Add(time.Minute)
		}
	}
	require.NoError(r.t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 5, Action: "ret:1205"}))
	r.drive(r.runner, v.Closes.Add(time.Hour))
	found := r.wrong()
	if n := len(r.server.Receipts()); n > 4 {
		found = append(found, fmt.Sprintf("I4 %d messages after the window", n-4))
	}
	return found
}

func refusedAsTooOften(r *rig, _ mutant) []string {
	require.NoError(r.t, r.server.AddFault(loopback.Fault{Endpoint: "send", Nth: 5, Action: "ret:1205"}))
	r.push(false)
	r.drive(r.runner, r.now.Add(29*time.Minute))
	found := r.wrong()
	if n := r.server.Stats().Attempts; n > 5 {
		found = append(found, fmt.Sprintf("I8 %d messages while the account rests", n-5))
	}
	return found
}

func pictureGone(r *rig, m mutant) []string {
	data := smallPicture(r.t, "p")
	it, v := r.pushMedia(content.Picture, "p.png", data)
	e := r.runner
	if m.store != nil {
		wrong := m.store(r.db).(*trusting)
		wrong.kept[it.Attachments[0].SHA256] = data
		e = runner.New(r.office, wrong, r.tap, r.desk, 1)
	}
	require.NoError(r.t, os.Remove(r.blobFile(it.Attachments[0].SHA256)))
	r.drive(e, v.Closes.Add(-time.Minute))
	found := r.wrong()
	if n := len(r.server.Receipts()); n > 0 {
		found = append(found, fmt.Sprintf("I3 %d groups got half of it", n))
	}
	return found
}
