package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"tongluo/bot"
	"tongluo/bot/command"
	"tongluo/bot/wechat"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// world is everything of one demo. One goroutine moves its time; another serves
// the session and is waited for.
type world struct {
	opt   Options
	dir   string
	place *place

	cal    *calendar.Calendar
	db     *store.DB
	unlock func() error
	server *loopback.Server
	url    string // of the make-believe WeChat
	desk   *bot.Desk
	office *schedule.Office
	runner *runner.Runner
	talk   *command.Conversation

	now, end time.Time
	clock    atomic.Int64 // now in milliseconds, for the server
	events   []event
	made     int // events made so far: ties are broken by it
	random   *rand.Rand

	session  chan error // why the session ended
	leave    context.CancelFunc
	online   bool
	read     int // receipts looked at so far
	log      []line
	notice   notice
	ticked   int  // groups credited by sheets during the outage
	tookBack bool // 撤销 has been shown
	sight    sight
	rooms    rooms
}

// event is something people do at an instant.
type event struct {
	at  time.Time
	n   int
	act func(context.Context) error
}

// line is one thing said between the bot and a person.
type line struct {
	at     time.Time
	person int64
	bot    bool
	kind   string
	text   string
	media  string // hash of a picture
	group  string // in which it was said, "" in private
}

func newWorld(ctx context.Context, o Options, dir string) (*world, error) {
	cal, err := calendar.New(calendar.Defaults())
	if err != nil {
		return nil, err
	}
	w := &world{opt: o, dir: dir, place: build(), cal: cal, random: rand.New(rand.NewPCG(uint64(o.Seed), 7))}
	start := calendar.MustDate("2026-06-01")
	w.move(start.Start(cal.Zone()))
	w.end = start.AddDays(o.Days).Start(cal.Zone())
	if w.unlock, err = store.Lock(dir); err != nil {
		return nil, err
	}
	if w.db, err = store.Open(ctx, dir, store.Options{Cal: cal, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}); err != nil {
		return nil, errors.Join(err, w.unlock())
	}
	if err := w.connect(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// connect starts the make-believe WeChat and puts the rooms together as the
// daemon does.
func (w *world) connect(ctx context.Context) error {
	w.server = loopback.New(w.place.town, loopback.Options{Seed: w.opt.Seed, AutoLogin: true,
		Now: func() time.Time { return time.UnixMilli(w.clock.Load()) }})
	url, err := w.server.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	w.url = url
	transport, err := wechat.New(wechat.Options{Dir: filepath.Join(w.dir, "session"), Endpoint: url, QR: func(string) {}, Unpaced: true})
	if err != nil {
		return err
	}
	w.desk = bot.NewDesk(transport, func(sha string) ([]byte, error) { return w.db.Blob(ctx, sha) }, nil)
	settings, err := timetable(w.cal.Zone())
	if err != nil {
		return err
	}
	w.office = schedule.New(w.db, w.cal, settings, w.desk, w.opt.Packs(filepath.Join(w.dir, "packs"), w.cal.Zone()))
	w.runner = runner.New(w.office, w.db, w.desk, w.desk, w.opt.Seed)
	w.talk = &command.Conversation{Desk: w.desk, Talk: command.New(w.office, command.DefaultSettings()), Office: w.office,
		Sender: w.desk, Rest: w.runner.Rest, Resting: w.runner.Resting}
	return nil
}

// timetable is the default one: Tuesday and Friday mornings, at the pace that a
// real account needs.
func timetable(zone *time.Location) (schedule.Settings, error) {
	s := schedule.DefaultSettings()
	s.Allow = content.DefaultAllow()
	for _, d := range []struct{ name, cron string }{{"周二上午", "0 9 * * TUE"}, {"周五上午", "0 9 * * FRI"}} {
		c, err := calendar.ParseCron(d.cron, zone)
		if err != nil {
			return s, err
		}
		s.Slots = append(s.Slots, schedule.Slot{Name: d.name, Cron: c, Length: 150 * time.Minute})
	}
	return s, nil
}

// close ends the session and frees everything, in reverse.
func (w *world) close() {
	if w.online {
		w.leave()
		<-w.session
	}
	if w.server != nil {
		_ = w.server.Close() // nothing is left to lose
	}
	_ = w.db.Close()
	_ = w.unlock()
}

func (w *world) local(t time.Time) time.Time { return t.In(w.cal.Zone()) }

func (w *world) move(t time.Time) {
	w.now = t
	w.clock.Store(t.UnixMilli())
}

// login begins a session, and the office gives its word for what is asked.
func (w *world) login(ctx context.Context) error {
	report, err := w.begin(ctx)
	if err != nil {
		return err
	}
	return w.vouch(ctx, report)
}

// begin serves a session until it ends and waits until its groups are bound.
func (w *world) begin(ctx context.Context) (bot.Report, error) {
	w.session = make(chan error, 1)
	ready := make(chan bot.Report, 1)
	ctx, w.leave = context.WithCancel(ctx)
	go func() {
		w.session <- w.desk.Serve(ctx, func(s bot.Session) {
			if report, err := w.talk.Greet(ctx, s, w.now); err == nil {
				ready <- report
			}
		})
	}()
	select {
	case report := <-ready:
		w.online = true
		return report, nil
	case err := <-w.session:
		return bot.Report{}, fmt.Errorf("log in: %w", err)
	}
}

// vouch is the office's word for the rooms that the session asks about, given
// by the verb that every office gives it by.
func (w *world) vouch(ctx context.Context, report bot.Report) error {
	if report.Asked == 0 && report.Held == "" {
		return nil
	}
	if _, err := w.office.AcceptRooms(ctx, roster.Operator(""), "", w.now); err != nil {
		return err
	}
	return w.talk.Look(ctx, w.now)
}

// logout has the service end the session, and waits until the bot knows.
func (w *world) logout() {
	w.server.Kill(1101)
	<-w.session
	w.leave()
	w.online = false
}

// at plans an event.
func (w *world) at(t time.Time, act func(context.Context) error) {
	w.made++
	w.events = append(w.events, event{at: t, n: w.made, act: act})
	slices.SortFunc(w.events, func(a, b event) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.n - b.n
	})
}

// live moves time until the end: the office does what is due, people do what
// they do, and time moves only when nothing is in flight.
func (w *world) live(ctx context.Context) error {
	shown := -1
	for w.now.Before(w.end) {
		if day := int(w.now.Sub(w.end)/(24*time.Hour)) + w.opt.Days; day != shown {
			shown = day
			fmt.Fprintf(w.opt.Err, "\r编造的时间：%s", w.local(w.now).Format("1月2日"))
		}
		next, err := w.runner.Step(ctx, w.now)
		if err != nil {
			return err
		}
		busy, err := w.settle(ctx)
		if err != nil {
			return err
		}
		if busy {
			continue
		}
		if err := w.advance(ctx, next); err != nil {
			return err
		}
	}
	fmt.Fprintln(w.opt.Err)
	_, err := w.runner.Step(ctx, w.end)
	return err
}

// advance moves to the next instant at which the office or somebody acts.
func (w *world) advance(ctx context.Context, next time.Time) error {
	if !next.After(w.now) {
		next = w.now.Add(time.Second)
	}
	if next.After(w.end) {
		next = w.end
	}
	if len(w.events) == 0 || w.events[0].at.After(next) {
		w.move(next)
		return nil
	}
	e := w.events[0]
	w.events = w.events[1:]
	if e.at.After(w.now) {
		w.move(e.at)
	}
	return e.act(ctx)
}

// settle waits until everything said has been heard and answered and every
// message has been read by its people. It reports whether anything happened.
func (w *world) settle(ctx context.Context) (bool, error) {
	busy := false
	if w.online {
		if err := w.server.WaitIdle(ctx); err != nil {
			return false, err
		}
	}
	for {
		select {
		case m := <-w.desk.Inbox():
			busy = true
			if err := w.talk.Hear(ctx, m, w.now); err != nil {
				return busy, err
			}
			continue
		default:
		}
		break
	}
	return w.readReceipts() || busy, nil
}

// say is a person's message to the bot.
func (w *world) say(ctx context.Context, person int64, text string) error {
	if !w.online {
		return nil // the account is logged out: nobody hears it
	}
	w.log = append(w.log, line{at: w.now, person: person, kind: loopback.KindText, text: text})
	return w.post(ctx, loopback.Words{From: w.place.contact[person], Text: text})
}

// sayIn is what a person says in a group, for everybody there to read.
func (w *world) sayIn(ctx context.Context, person int64, g roster.Group, text string) error {
	w.log = append(w.log, line{at: w.now, person: person, kind: loopback.KindText, text: text, group: g.Name})
	return w.post(ctx, loopback.Words{From: w.place.contact[person], To: w.place.room[g.ID], Text: text})
}

// sayPicture is a person's picture for the bot.
func (w *world) sayPicture(ctx context.Context, person int64, picture []byte) error {
	if !w.online {
		return nil
	}
	w.log = append(w.log, line{at: w.now, person: person, kind: loopback.KindImage})
	return w.post(ctx, loopback.Words{From: w.place.contact[person], Image: picture})
}

// post hands words to the make-believe WeChat, as anybody outside would.
func (w *world) post(ctx context.Context, words loopback.Words) error {
	body, err := json.Marshal(words)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/_control/say", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("say to the make-believe WeChat: %s", res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
