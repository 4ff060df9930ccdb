package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// service is the make-believe WeChat in a process of its own: the real one does
// not share its clients' processor either.
type service struct {
	b       testing.TB
	address string
}

func newService(b testing.TB, groups int, latency time.Duration) *service {
	b.Helper()
	town, err := json.Marshal(besieged(groups))
	require.NoError(b, err)
	file := filepath.Join(b.TempDir(), "town.json")
	require.NoError(b, os.WriteFile(file, town, 0o600))
	cmd := exec.Command(os.Args[0], "loopback", "--town", file)
	cmd.Env = append(os.Environ(), beProgram+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var said map[string]string
	require.NoError(b, json.NewDecoder(out).Decode(&said))
	s := &service{b: b, address: said["address"]}
	resp, err := http.Post(s.address+"/_control/latency", "application/json", strings.NewReader(fmt.Sprintf(`{"MS": %d}`, latency.Milliseconds())))
	require.NoError(b, err)
	require.NoError(b, resp.Body.Close())
	require.Equal(b, http.StatusOK, resp.StatusCode)
	return s
}

// receipts is what the chats received.
func (s *service) receipts() (all []loopback.Receipt) {
	s.b.Helper()
	resp, err := http.Get(s.address + "/_control/receipts")
	require.NoError(s.b, err)
	defer resp.Body.Close() //nolint:errcheck // only read
	require.NoError(s.b, json.NewDecoder(resp.Body).Decode(&all))
	return all
}

// bare is openwechat's own Caller, logged in to a service of its own, and
// otherwise as the library makes it.
type bare struct {
	bot  *openwechat.Bot
	self string
}

// redirect sends every host of the library to the loopback.
type redirect struct {
	host string
	next *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Set(loopback.OrigHost, req.URL.Host)
	out.URL.Scheme, out.URL.Host = "http", r.host
	return r.next.RoundTrip(out)
}

func newBare(b *testing.B, address string) *bare {
	ctx, cancel := context.WithCancel(context.Background())
	wb := openwechat.NewBot(ctx)
	openwechat.Desktop.Prepare(wb)
	next := &http.Transport{}
	wb.Caller.Client.HTTPClient().Transport = redirect{host: address[len("http://"):], next: next}
	require.NoError(b, wb.Login())
	b.Cleanup(func() {
		cancel()
		next.CloseIdleConnections()
	})
	self, err := wb.GetCurrentUser()
	require.NoError(b, err)
	return &bare{bot: wb, self: self.UserName}
}

// send is a loop that writes nothing down but what each asks for.
func (x *bare) send(b *testing.B, n int, text string, each func()) {
	for range n {
		_, err := x.bot.Caller.WebWxSendMsg(x.bot.Context(), &openwechat.CallerWebWxSendMsgOptions{
			LoginInfo: x.bot.Storage.LoginInfo, BaseRequest: x.bot.Storage.Request,
			Message: openwechat.NewTextSendMessage(text, x.self, loopback.FileHelper),
		})
		require.NoError(b, err)
		if each != nil {
			each()
		}
	}
}

// smallest is the least that "at most one unknown" costs: one durable commit of
// one row.
func smallest(b *testing.B) func() {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(b.TempDir(), "least.db"))+"?_pragma=journal_mode=WAL&_pragma=synchronous=FULL")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 0)")
	require.NoError(b, err)
	update, err := db.Prepare("UPDATE t SET n = n + 1 WHERE id = 1")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, update.Close()) })
	return func() {
		_, err := update.Exec()
		require.NoError(b, err)
	}
}

// BenchmarkDurablePush sends 1,000 texts through store, runner, desk and
// openwechat, each intent and result durable (synchronous=FULL, at most one
// message unknown after a crash), against a bare loop over openwechat's own
// Caller to a service of the same latency. Both take turns, 250 messages at a
// time; reported is the median of the turns' ratios. A third loop commits one
// row after each message: x-bare-rate-of-one-row is what nobody can be above
// who knows all but one message after a crash.
func BenchmarkDurablePush(b *testing.B) {
	for _, latency := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond} {
		b.Run("latency="+latency.String(), func(b *testing.B) { durablePush(b, latency) })
	}
}

func durablePush(b *testing.B, latency time.Duration) {
	const groups = 250
	writers.listen()
	own := newService(b, groups, latency)
	r := newRigAt(b, groups, own.address, nil).login()
	disk := writers.of(b, r.dir)
	other := newBare(b, newService(b, 1, latency).address)
	least := smallest(b)
	var shares, limits, rates []float64
	commits := 0
	for b.Loop() {
		for range 4 {
			v := r.push(false)
			_, err := r.office.DoDue(context.Background(), r.now) // the window opens: not what is measured
			require.NoError(b, err)
			was := disk.commits
			turns := []func(){
				func() {
					_, err := r.runner.Step(context.Background(), r.now)
					require.NoError(b, err)
				},
				func() { other.send(b, groups, v.Text, nil) },
				func() { other.send(b, groups, v.Text, least) },
			}
			var took [3]time.Duration
			for i := range turns {
				at := (i + len(shares)) % len(turns)
				began := time.Now()
				turns[at]()
				took[at] = time.Since(began)
			}
			shares = append(shares, took[1].Seconds()/took[0].Seconds())
			limits = append(limits, took[1].Seconds()/took[2].Seconds())
			rates = append(rates, groups/took[0].Seconds())
			commits += disk.commits - was
			r.now = r.now.AddDate(0, 0, 1) // a push a day, so that each message credits its group
			_, err = r.runner.Step(context.Background(), r.now)
			require.NoError(b, err)
		}
	}
	books := readBooks(b, r.db, own.receipts(), r.chat)
	require.Empty(b, books.wrong())
	require.Equal(b, groups*len(shares), books.in(schedule.Accepted), "all of it was sent in its turn")
	b.ReportMetric(median(shares), "x-bare-rate")
	b.ReportMetric(median(limits), "x-bare-rate-of-one-row")
	b.ReportMetric(median(rates), "sends/s")
	b.ReportMetric(float64(commits)/float64(groups*len(shares)), "commits/message")
}

func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// median leaves v as it was.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
