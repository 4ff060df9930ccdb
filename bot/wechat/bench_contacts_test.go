package wechat

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/eatmoreapple/openwechat"
	"github.com/stretchr/testify/require"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
)

// crowded is a town of n saved groups of so many members each, drawn from a
// crowd a hundred times as large.
func crowded(n, members int) loopback.Town {
	t := loopback.Town{Account: loopback.Account{Uin: 155217200, Nickname: nickname}}
	crowd := members * 100
	for i := range crowd {
		t.Contacts = append(t.Contacts, loopback.Contact{ID: fmt.Sprint("v", i), Nickname: fmt.Sprint("村民", i), Stranger: true})
	}
	for i := range n {
		g := loopback.Group{ID: fmt.Sprint("g", i+1), Name: fmt.Sprint("群", i+1), Saved: true}
		for j := range members {
			g.Members = append(g.Members, t.Contacts[(i*37+j)%crowd].ID)
		}
		t.Groups = append(t.Groups, g)
	}
	return t
}

// serving is a town behind HTTP.
func serving(b *testing.B, town loopback.Town) string {
	server := loopback.New(town, loopback.Options{AutoLogin: true, Hold: patience})
	front := httptest.NewServer(server)
	b.Cleanup(func() {
		require.NoError(b, server.Close())
		front.CloseClientConnections()
		front.Close()
	})
	return front.URL
}

// sides are a session of ours and openwechat's own, each at its own town.
func sides(b *testing.B, town loopback.Town) (*session, *openwechat.Self) {
	w, err := New(Options{Dir: b.TempDir(), Endpoint: serving(b, town)})
	require.NoError(b, err)
	s, err := w.login(context.Background())
	require.NoError(b, err)
	b.Cleanup(s.close)
	s.line = s.newLine()
	self, err := startBare(b, serving(b, town)).bot.GetCurrentUser()
	require.NoError(b, err)
	return s, self
}

func (s *session) forget() {
	s.rooms, s.friends = map[string]bot.Room{}, map[string]bot.Friend{}
}

// BenchmarkGroupList lists 5,000 groups, ours and self.Groups(true) in turn.
func BenchmarkGroupList(b *testing.B) {
	const groups = 5000
	s, self := sides(b, town(groups))
	ours := func() {
		s.forget()
		_, err := s.addressBook(context.Background(), s.know)
		require.NoError(b, err)
		require.Len(b, s.rooms, groups)
	}
	theirs := func() {
		all, err := self.Groups(true)
		require.NoError(b, err)
		require.Len(b, all, groups)
	}
	ours()
	theirs()
	var shares, took1 []float64
	for b.Loop() {
		var a, z time.Duration
		if len(shares)%2 == 0 {
			a, z = took(ours), took(theirs)
		} else {
			z, a = took(theirs), took(ours)
		}
		shares, took1 = append(shares, a.Seconds()/z.Seconds()), append(took1, 1000*a.Seconds())
	}
	b.ReportMetric(median(shares), "x-Groups(true)")
	b.ReportMetric(median(took1), "ms")
}

// BenchmarkMembership reads the members of 5,000 groups of 200, ours and
// Members.Detail() in turn, and compares the most memory each had in use. The
// collector runs early on both sides, so that what counts is what is kept and
// not the service's own garbage in the same process.
func BenchmarkMembership(b *testing.B) {
	const groups, members = 5000, 200
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	s, self := sides(b, crowded(groups, members))
	ours := func() {
		_, err := s.addressBook(context.Background(), s.know)
		require.NoError(b, err)
		require.NoError(b, s.askFor(context.Background(), s.handles(), s.know))
		for _, r := range s.rooms {
			require.Equal(b, members+1, r.Members)
			require.NotEmpty(b, r.Sketch)
		}
		require.Len(b, s.rooms, groups)
	}
	theirs := func() {
		all, err := self.Members(true)
		require.NoError(b, err)
		require.NoError(b, all.Detail())
	}
	var shares, mb []float64
	drop := func() { // what the round before kept
		s.forget()
		_, err := self.Members(true)
		require.NoError(b, err)
	}
	for b.Loop() {
		drop()
		var a, z float64
		if len(shares)%2 == 0 {
			a, z = peak(ours), peak(theirs)
		} else {
			z, a = peak(theirs), peak(ours)
		}
		shares, mb = append(shares, a/z), append(mb, a/(1<<20))
	}
	b.ReportMetric(median(shares), "x-Detail()-peak")
	b.ReportMetric(median(mb), "MB-peak")
}

// peak is the most heap in use while f ran, beyond what there was before.
func peak(f func()) float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	runtime.GC()
	before := read()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		top := before
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				top = max(top, read())
			case <-stop:
				tick.Stop()
				most <- top
				return
			}
		}
	}()
	f()
	close(stop)
	return float64(<-most - before)
}
