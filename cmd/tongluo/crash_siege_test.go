package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
	"tongluo/store"
)

// siege is one office PC whose daemon is killed again and again, while the
// make-believe WeChat in this process stays up and counts what arrives.
type siege struct {
	t      *testing.T
	p      *pc
	server *loopback.Server
	chat   map[int64]string
	r      *rand.Rand
	engine func() *exec.Cmd
	kills  int
	pushes []schedule.Preview
	looked time.Time
}

// noSlots keeps the timetable out of it: nothing is sent but what is queued.
const noSlots = `[push]
cooling = "1m"

[[slot]]
name = "无"
cron = "0 9 * * *"
until = "09:30"
to = "kind:没有这种群"

`

// newSiege makes an office of n groups. It is always about noon of a working
// day there (see noon), so that a push queued now may go now whenever the test
// runs. The pace is zero, which only a loopback endpoint allows.
func newSiege(t *testing.T, n int, seed uint64) *siege {
	t.Helper()
	s := &siege{t: t, p: newPC(t), r: rand.New(rand.NewPCG(seed, 9)), chat: map[int64]string{}}
	s.server = loopback.New(besieged(n), loopback.Options{Seed: int64(seed), AutoLogin: true})
	address, err := s.server.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.server.Close()) })
	besiege(t, s.p.dir, n, address)
	s.engine = func() *exec.Cmd { return s.p.command("run") }
	s.with(func(o *office) {
		r, err := o.store.Roster(t.Context())
		require.NoError(t, err)
		for _, g := range r.Groups {
			s.chat[g.ID] = "g" + strings.TrimPrefix(g.Name, "便民群")
		}
		now := time.Now()
		_, _, err = o.Adopt(t.Context(), roster.Operator("王办"), weekly(), "永宁镇", o.Calendar().Today(now).Start(time.UTC).Year(), nil, now)
		require.NoError(t, err)
	})
	return s
}

// besiege makes the office in a directory: settings, data and roster.
func besiege(t testing.TB, dir string, n int, address string) {
	t.Helper()
	zone, err := time.LoadLocation(noon())
	require.NoError(t, err)
	work := fmt.Sprintf("[office]\nzone = %q\n\n[[calendar.day]]\ndate = %q\nname = \"上班\"\nwork = true\n\n", noon(), time.Now().In(zone).Format(time.DateOnly))
	for name, text := range map[string]string{"config.toml": work + noSlots + fmt.Sprintf(fast, address), "roster.csv": besiegedSheet(n)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	var said bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"--data", filepath.Join(dir, "data"), "--config", filepath.Join(dir, "config.toml"),
		"roster", "import", filepath.Join(dir, "roster.csv")}, &said, &said), said.String())
	vouch(t, filepath.Join(dir, "data"))
}

// weekly owes every group something, so that there are tallies to get wrong.
func weekly() plans.Plan {
	return plans.Plan{Number: 90, ID: "90-test", Title: "试", Duties: []plans.Duty{{ID: "push", Kind: plans.Quota, Title: "推送",
		Quote: "每周推送", Groups: []string{"便民群"}, AtLeast: 2, Per: calendar.Week, Means: plans.ByPush}}}
}

func besieged(n int) loopback.Town {
	t := loopback.Town{Account: loopback.Account{Uin: 155217200, Nickname: "铜锣"}, Contacts: []loopback.Contact{{ID: "p1", Nickname: "老张"}}}
	for i := range n {
		g := loopback.Group{ID: fmt.Sprint("g", i+1), Name: fmt.Sprint("便民群", i+1), Members: []string{"p1"}, Saved: true}
		for j := range 12 {
			c := loopback.Contact{ID: fmt.Sprintf("v%d-%d", i, j), Nickname: fmt.Sprintf("村民%d-%d", i, j), Stranger: true}
			t.Contacts, g.Members = append(t.Contacts, c), append(g.Members, c.ID)
		}
		t.Groups = append(t.Groups, g)
	}
	return t
}

// vouch leaves a person's word that each group is the room of its name, so that
// the first login need not wait for it.
func vouch(t testing.TB, data string) {
	t.Helper()
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	db, err := store.Open(t.Context(), data, store.Options{Cal: cal})
	require.NoError(t, err)
	r, err := db.Roster(t.Context())
	require.NoError(t, err)
	var words []schedule.Binding
	for _, g := range r.Groups {
		words = append(words, schedule.Binding{Group: g.ID, Room: g.Name})
	}
	require.NoError(t, db.SaveBindings(t.Context(), roster.Operator("王办"), words, time.Now()))
	require.NoError(t, db.Close())
}

func besiegedSheet(n int) string {
	var b strings.Builder
	b.WriteString("单位,上级单位,群名称,群类型,对象,负责人,联系电话,角色,标记\n永宁镇,,,,,王办,13800000001,办公室,王办\n")
	for i := range n {
		fmt.Fprintf(&b, "永宁村,永宁镇,便民群%d,便民群,居民,张三,13800000002,干部,永宁村干部\n", i+1)
	}
	return b.String()
}

// with opens the office beside whatever daemon runs, as a command would.
func (s *siege) with(do func(*office)) {
	s.t.Helper()
	a := &app{ctx: s.t.Context(), out: io.Discard, err: io.Discard,
		place: &place{Data: filepath.Join(s.p.dir, "data"), Config: filepath.Join(s.p.dir, "config.toml")}}
	require.NoError(s.t, a.with(func(o *office) error { do(o); return nil }))
}

// push queues a text and a picture to all groups through the verbs: one person
// queues, another approves. It is queued as of two minutes ago, because a wide
// push opens when its cooling delay (one minute here) is over, approved or not.
func (s *siege) push() schedule.Preview {
	s.t.Helper()
	var v schedule.Preview
	s.with(func(o *office) {
		now, id := time.Now().Add(-2*time.Minute), fmt.Sprintf("s%02d", len(s.pushes)+1)
		saveItem(s.t, o.store, id, true, now)
		var err error
		v, err = o.QueuePush(s.t.Context(), roster.Operator("王办"), schedule.Request{Item: id, To: "all"}, now)
		require.NoError(s.t, err)
		if v.State == schedule.PushWaiting { // more than 20 groups
			require.NoError(s.t, o.ApprovePush(s.t.Context(), roster.Operator("李主任"), v.ID, now))
		}
	})
	s.pushes = append(s.pushes, v)
	return v
}

// saveItem puts an approved item into the library: a text, or a text and a picture.
func saveItem(t testing.TB, db *store.DB, id string, picture bool, now time.Time) content.Item {
	t.Helper()
	it := content.Edit(content.Item{ID: id, Title: "防骗" + id, Author: "7", CreatedAt: now}, func(i *content.Item) { i.Body = "陌生来电不要信 " + id })
	var blobs []content.Blob
	if picture {
		data := smallPicture(t, id)
		blobs = []content.Blob{{Name: "p.png", SHA256: shaOf(data), Data: data}}
		it = content.Edit(it, func(i *content.Item) {
			i.Attachments = []content.Attachment{{Kind: content.Picture, Name: "p.png", SHA256: blobs[0].SHA256, Size: int64(len(data)), MIME: "image/png"}}
		})
	}
	require.NoError(t, db.SaveItem(context.Background(), roster.Operator("王办"), it, blobs, now))
	it, err := content.Approve(it, "8", now)
	require.NoError(t, err)
	require.NoError(t, db.SaveItem(context.Background(), roster.Operator("王办"), it, nil, now))
	return it
}

// smallPicture differs by its seed.
func smallPicture(t testing.TB, seed string) []byte {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	copy(img.Pix, seed)
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// start runs the engine. What it says goes to a file of its own.
func (s *siege) start() *background {
	s.t.Helper()
	errOut, err := os.Create(filepath.Join(s.p.dir, fmt.Sprintf("stderr%03d", s.kills)))
	require.NoError(s.t, err)
	b := &background{cmd: s.engine(), err: errOut}
	b.cmd.Stderr = errOut
	require.NoError(s.t, b.cmd.Start())
	s.t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		_ = errOut.Close()
	})
	return b
}

// kill is kill -9.
func (s *siege) kill(b *background) {
	s.t.Helper()
	require.NoError(s.t, b.cmd.Process.Kill())
	_ = b.cmd.Wait()               // killed
	if runtime.GOOS != "windows" { // there a killed process has an exit code like any other
		require.Equal(s.t, -1, b.cmd.ProcessState.ExitCode(), "it ended by itself: %s", b.said())
	}
	s.kills++
}

// until looks every millisecond whether something has happened.
func (s *siege) until(limit time.Duration, done func() bool) bool {
	s.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	over := time.Now().Add(limit)
	for !done() {
		if time.Now().After(over) {
			return false
		}
		<-tick.C
	}
	return true
}

// attempts counts the messages that reached the service.
func (s *siege) attempts() int64 { return s.server.Stats().Attempts }

// open counts the deliveries of all pushes that may still go.
func (s *siege) open() (n int) {
	s.t.Helper()
	s.with(func(o *office) {
		ds, err := o.store.Deliveries(s.t.Context(), schedule.DeliveryFilter{States: []schedule.State{schedule.Queued, schedule.Held, schedule.Sending}})
		require.NoError(s.t, err)
		n = len(ds)
	})
	return n
}

// kill9 kills the engine at random moments while a push is under way: some by
// the number of messages that reached the service, some by the clock alone,
// which also hits the start, the login and the recovery. One in six times the
// service has ended the session meanwhile, so that the next has new handles.
func (s *siege) kill9(times, messages int) {
	s.t.Helper()
	for range times {
		s.server.Latency(time.Duration(s.r.IntN(1500)) * time.Microsecond)
		b, before := s.start(), s.attempts()
		if s.r.IntN(4) == 0 {
			rest(s.t.Context(), time.Duration(s.r.IntN(250))*time.Millisecond)
		} else {
			want := before + 1 + int64(s.r.IntN(2*messages/times))
			s.until(10*time.Second, func() bool { return s.attempts() >= want || s.idle() })
			rest(s.t.Context(), time.Duration(s.r.IntN(3000))*time.Microsecond)
		}
		s.kill(b)
		if s.r.IntN(6) == 0 {
			s.server.Kill(1101)
		}
	}
}

// idle reports whether nothing is left to send; it looks ten times a second.
func (s *siege) idle() bool {
	if time.Since(s.looked) < 100*time.Millisecond {
		return false
	}
	s.looked = time.Now()
	return s.open() == 0
}

// finish lets the engine end what is left, and stops it.
func (s *siege) finish() {
	s.t.Helper()
	if s.open() == 0 {
		return
	}
	s.server.Latency(0)
	b := s.start()
	over := time.Now().Add(40 * time.Second)
	for was := int64(-1); s.open() > 0 || s.attempts() != was; {
		require.True(s.t, time.Now().Before(over), "%d deliveries never end: %s", s.open(), b.said())
		was = s.attempts()
		rest(s.t.Context(), 100*time.Millisecond) // a mutant sends what it has long called done
	}
	require.Zero(s.t, b.stop(s.t), b.said())
}

// audit closes the windows at a made-up later time, with the daemon gone, and
// reads the books.
func (s *siege) audit() (b books) {
	s.t.Helper()
	s.with(func(o *office) {
		later := time.Now().Add(3 * time.Hour)
		for range 100 {
			n, err := o.DoDue(s.t.Context(), later)
			require.NoError(s.t, err)
			if n == 0 {
				break
			}
		}
		b = readBooks(s.t, o.store, s.server.Receipts(), s.chat)
		soundFile(s.t, o.store, later)
	})
	b.closed = true
	return b
}
