package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// network is the road between the real client and the make-believe service: a
// toxiproxy, and behind it a door that counts what comes of each message.
type network struct {
	*rig
	t     testing.TB // the rig is there only once the road is
	proxy *toxiproxy.Proxy
	door  *httptest.Server

	mu    sync.Mutex
	begun map[string]int // posts by message id; "" where the body did not come whole
	claim map[string]int // claims by message id
	third func()         // what happens at the third claim
}

// newNetwork logs in over a healthy network.
func newNetwork(t *testing.T, groups int, timeout time.Duration) *network {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log past the logger they are given
	n := &network{t: t, begun: map[string]int{}, claim: map[string]int{}, third: func() {}}
	server := loopback.New(besieged(groups), loopback.Options{Seed: 1, AutoLogin: true})
	n.door = httptest.NewServer(n.count(server))
	n.pave()
	t.Cleanup(func() { // after the rig has left
		n.proxy.Stop()
		n.door.CloseClientConnections()
		n.door.Close()
	})
	n.rig = newRigWaiting(t, groups, "http://"+n.proxy.Listen, timeout, nil)
	n.server = server
	n.tap.before = func(i int, m schedule.Outgoing) {
		n.mu.Lock()
		n.claim[m.ClientID]++
		n.mu.Unlock()
		if i == 3 {
			n.third()
		}
	}
	n.login()
	return n
}

// count reads each send whole, as the service does, before it is dealt with.
func (n *network) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/webwxsend") {
			body, err := io.ReadAll(r.Body)
			var sent struct{ Msg struct{ ClientMsgId string } }
			if err == nil {
				err = json.Unmarshal(body, &sent)
			}
			n.mu.Lock()
			n.begun[sent.Msg.ClientMsgId]++
			n.mu.Unlock()
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		next.ServeHTTP(w, r)
	})
}

// poison lets a toxic into the road and returns what takes it out.
func (n *network) poison(toxic, stream, attributes string) (cure func()) {
	n.t.Helper()
	n.pave(fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": %s}`, toxic, stream, attributes))
	return func() { n.pave() }
}

// pave lays the road anew at the same address: every connection is cut, as an
// office's router does that is switched off and on. It never changes the
// toxics of a road in use: toxiproxy 2.5.0 may then wait for ever, holding its
// lock, for a toxic that writes to a connection already gone.
func (n *network) pave(toxics ...string) {
	n.t.Helper()
	listen := "127.0.0.1:0"
	if n.proxy != nil {
		n.proxy.Stop()
		listen = n.proxy.Listen
	}
	n.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "road", listen, n.door.Listener.Addr().String())
	for _, toxic := range toxics {
		_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
		require.NoError(n.t, err)
	}
	require.NoError(n.t, n.proxy.Start())
}

// flush sends one push to the end, minding every rest the account takes.
func (n *network) flush() []schedule.Delivery {
	n.t.Helper()
	v := n.push(false)
	for range 200 {
		next, err := n.runner.Step(context.Background(), n.now)
		require.NoError(n.t, err)
		ds, err := n.db.Deliveries(context.Background(), schedule.DeliveryFilter{Push: v.ID})
		require.NoError(n.t, err)
		live := 0
		for _, d := range ds {
			if d.State == schedule.Queued || d.State == schedule.Sending {
				live++
			}
		}
		if live == 0 {
			return ds
		}
		if next.After(n.now) {
			n.now = next
		}
	}
	require.Fail(n.t, "the push does not end")
	return nil
}

// judge holds one push against what the service counted: no message came
// twice, no claim was posted twice, what was accepted is there, and what is
// there and was not proved is uncertain, all of it. Posts are counted from the
// beginning: on a slow road one arrives when its sender has long given up.
func (n *network) judge(ds []schedule.Delivery) (accepted, uncertain int) {
	n.t.Helper()
	got := map[string]int{}
	for _, r := range n.server.Receipts() {
		got[r.ClientMsgID]++
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	claims, posts := 0, 0
	for _, c := range n.claim {
		claims += c
	}
	for _, p := range n.begun {
		posts += p
	}
	require.LessOrEqual(n.t, posts, claims, "posts per claim")
	for _, d := range ds {
		id := d.Parts[0].ClientID
		if id == "" { // never claimed; "" counts what did not come whole
			require.Empty(n.t, d.State.Evidence())
			continue
		}
		require.LessOrEqual(n.t, n.begun[id], 1, "posted twice whole: %s of group %d", d.State, d.Group)
		require.LessOrEqual(n.t, got[id], 1)
		switch d.State {
		case schedule.Accepted:
			accepted++
			require.Equal(n.t, 1, got[id], "accepted, and the service does not have it")
		case schedule.Uncertain:
			uncertain++
		default:
			require.Zero(n.t, got[id], "%s, and the service has it", d.State)
		}
	}
	return accepted, uncertain
}

// toxics are what a road can do, each in both directions. A patient client
// gets everything through the mild ones.
func toxics(soak bool) []struct {
	name, attributes string
	mild             bool
} {
	stuck := 1500
	if soak {
		stuck = 40_000
	}
	return []struct {
		name, attributes string
		mild             bool
	}{
		{"latency", `{"latency": 20, "jitter": 20}`, true},
		{"bandwidth", `{"rate": 1}`, true},
		{"slicer", `{"average_size": 64, "size_variation": 32, "delay": 500}`, true},
		{"slow_close", `{"delay": 300}`, true},
		{"latency", `{"latency": 100, "jitter": 100}`, false},
		{"latency", fmt.Sprintf(`{"latency": %d}`, stuck), false},
		{"slicer", `{"average_size": 8, "size_variation": 4, "delay": 3000}`, false},
		{"timeout", `{"timeout": 0}`, false},
		{"timeout", `{"timeout": 30}`, false},
		{"reset_peer", `{"timeout": 0}`, false},
		{"reset_peer", `{"timeout": 20}`, false},
		{"limit_data", `{"bytes": 100}`, false},
		{"limit_data", `{"bytes": 1500}`, false},
	}
}

// TestNetworkFaults is F06: a push over each kind of bad road, both ways, to a
// client that waits long and to one that does not.
func TestNetworkFaults(t *testing.T) {
	soak := os.Getenv("TONGLUO_SOAK") != ""
	for name, c := range map[string]struct {
		timeout time.Duration
		mild    bool
		groups  int
	}{"a patient client": {10 * time.Second, true, 2}, "a hurried client": {100 * time.Millisecond, false, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, c.groups, c.timeout)
			pushes := 1
			if soak {
				pushes = 50 / c.groups // ten runs (make soak), two ways: 1,000 sends a toxic
			}
			total := map[string]int{}
			for _, toxic := range toxics(soak) {
				if toxic.mild != c.mild {
					continue
				}
				for _, stream := range []string{"upstream", "downstream"} {
					cure := n.poison(toxic.name, stream, toxic.attributes)
					if c.mild {
						n.judge(n.flush()) // a connection that was cut may take a message with it
					}
					for range pushes {
						accepted, uncertain := n.judge(n.flush())
						total["accepted"] += accepted
						total["uncertain"] += uncertain
						if c.mild {
							require.Equal(t, c.groups, accepted, "%s %s %s", toxic.name, stream, toxic.attributes)
						}
					}
					cure()
					n.judge(n.flush()) // here too
				}
			}
			t.Logf("%v", total)
			accepted, _ := n.judge(n.flush())
			require.Equal(t, c.groups, accepted, "on a good road all is well again")
			if !c.mild {
				require.Positive(t, total["uncertain"])
			}
			require.Empty(t, n.books().wrong())
		})
	}
}

// TestHalfOpen is F07: the service takes the request and stalls. The message is
// uncertain when the time of a send is over, and everything else goes on.
func TestHalfOpen(t *testing.T) {
	n := newNetwork(t, 6, 400*time.Millisecond)
	require.NoError(t, n.server.SetFaults([]loopback.Fault{{Endpoint: "send", Nth: 3, Action: "hang_processed"}}))
	heard := make(chan struct{})
	stuck := make(chan struct{})
	n.third = func() { close(stuck) }
	go func() { // the office works while the third message hangs
		defer close(heard)
		<-stuck
		_, err := n.server.Say(loopback.Words{From: "p1", Text: "在吗"})
		if err == nil {
			<-n.desk.Inbox()
		}
	}()
	began := time.Now()
	accepted, uncertain := n.judge(n.flush())
	require.Equal(t, []int{5, 1}, []int{accepted, uncertain})
	<-heard
	require.Less(t, time.Since(began), 30*time.Second)
	require.Equal(t, 6, len(n.server.Receipts()), "the stalled one had arrived")
	require.Empty(t, n.books().wrong())
}

// TestNothingGrows: a bad road leaves no goroutine and no connection behind.
func TestNothingGrows(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"),
		goleak.IgnoreAnyFunction(toxiproxyStub), goleak.IgnoreAnyFunction(toxiproxyRead))
	t.Run("over a bad road", func(t *testing.T) {
		n := newNetwork(t, 3, 60*time.Millisecond)
		rounds := 6
		if os.Getenv("TONGLUO_SOAK") != "" {
			rounds = 100
		}
		var goroutines, files int
		for i := range rounds {
			for _, toxic := range []string{"timeout", "reset_peer", "limit_data"} {
				attributes := map[string]string{"timeout": `{"timeout": 0}`, "reset_peer": `{"timeout": 5}`, "limit_data": `{"bytes": 100}`}[toxic]
				cure := n.poison(toxic, "downstream", attributes)
				n.judge(n.flush())
				cure()
			}
			accepted, _ := n.judge(n.flush())
			require.Equal(t, 3, accepted)
			if i == 0 {
				goroutines, files = ours(), openFiles()
			}
		}
		// Two connections more than after the first round are no leak: three
		// goroutines and four files each. One more a road would be fifteen.
		require.Eventually(t, func() bool { return ours() <= goroutines+6 && openFiles() <= files+8 }, 20*time.Second, 10*time.Millisecond,
			"goroutines %d of %d, files %d of %d", ours(), goroutines, openFiles(), files)
	})
}

// toxiproxy leaves goroutines that write to a connection already gone.
const (
	toxiproxyStub = "github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"
	toxiproxyRead = "github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"
)

// ours counts this process's goroutines but for toxiproxy's.
func ours() int {
	stacks := make([]byte, 8<<20)
	n := 0
	for _, stack := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if !strings.Contains(stack, "Shopify/toxiproxy") {
			n++
		}
	}
	return n
}

// openFiles counts this process's; 0 where that cannot be known.
func openFiles() int {
	all, _ := os.ReadDir("/dev/fd")
	return len(all)
}
