package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
	"tongluo/schedule/roster"
)

// soak is a month of an office in made-up time against a service in a process
// of its own (reliability.md F23): two pushes a day to every group, a new login
// before each, and the service failing in every way it can.
type soak struct {
	*rig
	service *service
	random  *rand.Rand
	heard   map[string]bool // what nobody can vouch for and the service has taken, by message id
	seen    int             // receipts read so far
	halts   int
	stopped int // the message in flight when 停发 was said
}

// soakFaults are the ways a send can fail in the middle of a push; one push in
// ten is also told that it is 操作过于频繁, which rests the account.
var soakFaults = []string{"lose_reply", "cut", "502", "502_processed", "html", "empty", "{}", "{}_processed", "truncate", "ret:-1", "delay:20"}

// TestSoak is the month. Whatever fails, no group gets anything twice or what is
// another's, nothing is counted that no group got, nothing leaves under 停发, and
// the process does not grow.
func TestSoak(t *testing.T) {
	groups, days, seed := 40, 2, uint64(23)
	if os.Getenv("TONGLUO_SOAK") != "" {
		groups, days, seed = 5000, 30, uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d, %d groups, %d days", seed, groups, days)
	s := newSoak(t, groups, seed)
	var grown []float64
	var files, routines []int
	for day := range days {
		s.day(day)
		grown, files, routines = append(grown, s.weight()), append(files, openFiles()), append(routines, runtime.NumGoroutine())
		t.Logf("day %d: %.1f MB, %d files, %d goroutines", day+1, grown[day], files[day], routines[day])
	}
	require.LessOrEqual(t, files[days-1], files[0]+5, "open files by day: %v", files)
	require.LessOrEqual(t, routines[days-1], routines[0]+5, "goroutines by day: %v", routines)
	b := s.settleAll()
	t.Logf("%d deliveries %v, %d received, %d halts, resident MB by day %.1f", len(b.entries), counts(b), len(b.got), s.halts, grown)
	require.GreaterOrEqual(t, len(b.entries), 2*days*groups)
	require.Positive(t, s.halts)
	if days > 10 { // the first days fill caches and pools
		require.Less(t, grown[len(grown)-1], 1.10*grown[4], "resident memory, MB by day: %.1f", grown)
	}
}

func newSoak(t *testing.T, groups int, seed uint64) *soak {
	t.Helper()
	own := newService(t, groups, 0)
	s := &soak{rig: newRigWaiting(t, groups, own.address, 0, nil), service: own,
		random: rand.New(rand.NewPCG(seed, 23)), heard: map[string]bool{}}
	s.idle = func(ctx context.Context) error { return own.ask(ctx, http.MethodGet, "idle", nil, nil) }
	return s
}

// ask calls one control of the service.
func (s *service) ask(ctx context.Context, method, what string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.address+"/_control/"+what, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("control %s: %s", what, resp.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (s *soak) control(method, what string, in, out any) {
	s.t.Helper()
	require.NoError(s.t, s.service.ask(s.t.Context(), method, what, in, out))
}

// day is a day of the office: a push in the morning and one in the afternoon,
// each after the account was logged out.
func (s *soak) day(n int) {
	s.t.Helper()
	midnight := time.Date(2026, 6, 2, 16, 0, 0, 0, time.UTC).AddDate(0, 0, n-1)
	for i, hour := range []time.Duration{10 * time.Hour, 15 * time.Hour} {
		s.until(midnight.Add(hour))
		s.relogin()
		s.trouble()
		picture := s.random.IntN(8) == 0
		stop := i == 1 && (n == 0 || s.random.IntN(4) == 0)
		s.oneMore(picture, stop)
		s.settle(0.8)
	}
}

// until lets the office do what is due before an instant.
func (s *soak) until(at time.Time) {
	s.t.Helper()
	if at.After(s.now) {
		s.run(at)
		s.now = at
	}
}

// relogin has the service end the session, and the account logged in again with
// a new handle for everything.
func (s *soak) relogin() {
	s.t.Helper()
	if s.leave != nil {
		s.control(http.MethodPost, "kill", map[string]int{"Retcode": []int{1100, 1101}[s.random.IntN(2)]}, nil)
		s.gone()
	}
	s.login()
}

// trouble arms up to five failures somewhere in the next push.
func (s *soak) trouble() {
	list := []loopback.Fault{}
	if s.random.IntN(10) == 0 {
		list = append(list, loopback.Fault{Endpoint: "send", Nth: 1 + s.random.IntN(len(s.chat)), Action: []string{"ret:1205", "throttle"}[s.random.IntN(2)]})
	}
	for range s.random.IntN(6) {
		list = append(list, loopback.Fault{Endpoint: "send", Nth: 1 + s.random.IntN(len(s.chat)), Action: soakFaults[s.random.IntN(len(soakFaults))]})
	}
	s.control(http.MethodPost, "faults", list, nil)
}

// oneMore is a push to everybody, stopped in its midst for an hour if asked to.
func (s *soak) oneMore(picture, stopped bool) {
	s.t.Helper()
	stopAt := -1
	if stopped {
		stopAt = 1 + s.random.IntN(len(s.chat)/2)
	}
	begun := int(s.tap.sent.Load())
	s.tap.before = func(n int, _ schedule.Outgoing) {
		if n-begun == stopAt {
			s.stopped = n
			require.NoError(s.t, s.office.Halt(context.Background(), roster.Operator("王办"), s.now))
		}
	}
	v := s.push(picture)
	if stopped {
		s.halted()
	}
	s.untilClose(v)
	s.tap.before = nil
}

// halted is an hour under 停发: after the one in flight nothing leaves (I8). A
// push that was over sooner was not stopped.
func (s *soak) halted() {
	s.t.Helper()
	ctx := context.Background()
	stopped := false
	for range 20 {
		_, err := s.step()
		require.NoError(s.t, err)
		halted, _, err := s.db.Halted(ctx)
		require.NoError(s.t, err)
		if halted {
			stopped = true
			require.EqualValues(s.t, s.stopped, s.tap.sent.Load(), "I8")
		}
		s.now = s.now.Add(3 * time.Minute)
	}
	if !stopped {
		return
	}
	s.halts++
	_, err := s.office.Resume(ctx, roster.Operator("李主任"), s.now)
	require.NoError(s.t, err)
}

// settle has somebody look into the groups nobody can vouch for, and say what
// is there; a share of them nobody looks into.
func (s *soak) settle(share float64) {
	s.t.Helper()
	open, err := s.db.Deliveries(context.Background(), schedule.DeliveryFilter{States: []schedule.State{schedule.Uncertain}})
	require.NoError(s.t, err)
	s.read(open)
	for _, d := range open {
		if s.random.Float64() >= share {
			continue
		}
		there := true // what they are asked about is the message nobody can vouch for
		for _, p := range d.Parts {
			there = there && (p.State != schedule.Uncertain || s.heard[p.ClientID])
		}
		require.NoError(s.t, s.office.Settle(context.Background(), roster.Operator("王办"), d.ID, there, s.now, s.now))
	}
}

// read takes in what the service has received since, as far as it is about what
// nobody can vouch for: a book of every message would be what grows.
func (s *soak) read(open []schedule.Delivery) {
	s.t.Helper()
	var fresh []loopback.Receipt
	s.control(http.MethodGet, fmt.Sprint("receipts?after=", s.seen), nil, &fresh)
	s.seen += len(fresh)
	for _, r := range fresh {
		s.heard[r.ClientMsgID] = true
	}
	heard := map[string]bool{}
	for _, d := range open {
		for _, p := range d.Parts {
			if s.heard[p.ClientID] {
				heard[p.ClientID] = true
			}
		}
	}
	s.heard = heard
}

// settleAll ends the month and reads both sides.
func (s *soak) settleAll() books {
	s.t.Helper()
	s.until(s.now.Add(24 * time.Hour))
	var got []loopback.Receipt
	s.control(http.MethodGet, "receipts", nil, &got)
	b := readBooks(s.t, s.db, got, s.chat)
	b.closed = true
	require.Empty(s.t, b.wrong())
	soundFile(s.t, s.db, s.now)
	return b
}

// weight is what the process holds resident, in MB, once garbage is gone; 0
// where the system does not say.
func (s *soak) weight() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			require.NoError(s.t, err)
			return n / 1024
		}
	}
	return 0
}
