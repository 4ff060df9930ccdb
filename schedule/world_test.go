package schedule_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
	"tongluo/schedule/roster"
	"tongluo/schedule/runner"
	"tongluo/store"

	"github.com/stretchr/testify/require"
)

// The people and groups of the make-believe town.
const (
	townHead, eastKeeper, westKeeper, teacher, clerkA, clerkB, eastGrid = 1, 2, 3, 4, 5, 6, 7
	eastGroup, westGroup, parentGroup, eastParty                        = 11, 12, 13, 14
)

// world is one office with the real store, a clock that only the test moves, a
// scripted account and a sender that counts.
type world struct {
	t         *testing.T
	ctx       context.Context
	dir       string
	cal       *calendar.Calendar
	db        *store.DB
	office    *schedule.Office
	runner    *runner.Runner
	settings  schedule.Settings
	now       time.Time
	online    bool
	instead   schedule.AccountState // instead of online, with the same session
	off       bool                  // [wechat] switched off
	blind     map[int64]bool        // groups without a handle
	deaf      map[int64]bool        // persons who cannot be reached in private
	answer    func(schedule.Outgoing) error
	revoke    func(schedule.Recall) error
	everybody bool // tries counts what goes to persons too
	received  []receipt
	packs     []schedule.Pack
	first     *roster.Roster // the roster to begin with
	spun      bool           // the runner asked again and again to be called at once
}

// receipt is what the receiving side got.
type receipt struct {
	group, person int64
	kind          content.Media
	at            time.Time
	text          string
}

func (w *world) Status() schedule.AccountStatus {
	st := schedule.AccountStatus{State: schedule.AccountOnline, Session: "s1", Bound: 4,
		Sees:  func(g int64) bool { return w.online && !w.blind[g] },
		Knows: func(p int64) bool { return w.online && !w.deaf[p] }}
	switch {
	case w.off:
		return schedule.Off{}.Status()
	case !w.online:
		st.State = schedule.AccountOffline
	case w.instead != "":
		st.State = w.instead
	}
	return st
}

func (w *world) Send(_ context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
	if w.answer != nil {
		if err := w.answer(m); err != nil {
			return schedule.Receipt{}, err
		}
	}
	w.received = append(w.received, receipt{m.Group, m.Person, m.Part.Kind, w.now.UTC(), m.Part.Text})
	return schedule.Receipt{MessageID: fmt.Sprint("m", len(w.received)), Session: "s1", At: w.now}, nil
}

func (w *world) Write(_ context.Context, p schedule.Pack) (string, error) {
	w.packs = append(w.packs, p)
	return "packs", nil
}

// newWorld begins at a local minute, "2026-11-01 12:00", with the town's roster,
// a timetable of Tuesday and Friday 09:00–11:30 and a library of 12 items.
func newWorld(t *testing.T, begin string, changes ...func(*world)) *world {
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	w := &world{t: t, ctx: t.Context(), dir: t.TempDir(), cal: cal, online: true, blind: map[int64]bool{}, deaf: map[int64]bool{},
		settings: schedule.DefaultSettings(), first: townRoster()}
	w.settings.TextPace, w.settings.PicturePace = schedule.Pace{}, schedule.Pace{}
	w.slot("常规", "0 9 * * 2,5", 150*time.Minute)
	w.now = w.at(begin)
	for _, change := range changes {
		change(w)
	}
	w.db = w.open()
	w.restart()
	for i := range 12 {
		w.item(fmt.Sprintf("i%02d", i), []string{"防骗"}, true)
	}
	w.roster(w.first)
	return w
}

func (w *world) open() *store.DB {
	db, err := store.Open(w.ctx, w.dir, store.Options{Cal: w.cal})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, db.Close()) })
	return db
}

// restart is what happens when the PC is switched on again.
func (w *world) restart() {
	w.office = schedule.New(w.db, w.cal, w.settings, w, w)
	w.runner = runner.New(w.office, w.db, w, w, 1)
	_, err := w.runner.Recover(w.ctx, w.now)
	require.NoError(w.t, err)
}

func (w *world) slot(name, cron string, length time.Duration) {
	c, err := calendar.ParseCron(cron, w.cal.Zone())
	require.NoError(w.t, err)
	w.settings.Slots = append(w.settings.Slots, schedule.Slot{Name: name, Cron: c, Length: length})
}

// at reads a local minute.
func (w *world) at(s string) time.Time {
	v, err := time.ParseInLocation("2006-01-02 15:04", s, w.cal.Zone())
	require.NoError(w.t, err)
	return v
}

// run lets the clock go to a local minute, the PC being on.
func (w *world) run(until string) {
	end, busy := w.at(until), 0
	for range 20000 {
		next, err := w.runner.Step(w.ctx, w.now)
		require.NoError(w.t, err, "at %s", w.now.In(w.cal.Zone()))
		if next.After(end) {
			w.now = end
			require.NoError(w.t, w.runner.Beat(w.ctx, w.now)) // as the daemon does every minute
			return
		}
		if busy++; next.After(w.now) {
			busy = 0
		} else if busy > 50 {
			busy, w.spun, next = 0, true, w.now.Add(30*time.Minute)
		}
		w.now = next
	}
	w.t.Fatal("the runner never rests")
}

// sleep switches the PC off until a local minute, and on again.
func (w *world) sleep(until string) {
	w.now = w.at(until)
	w.restart()
}

var operator = roster.Operator("")

func (w *world) actor(person int64) roster.Actor {
	r, err := w.db.Roster(w.ctx)
	require.NoError(w.t, err)
	p, ok := r.Person(person)
	require.True(w.t, ok)
	return roster.ActorOf(p, roster.ViaChat)
}

func (w *world) roster(r *roster.Roster) {
	require.NoError(w.t, w.office.ImportRoster(w.ctx, operator, r, w.now))
}

// item puts an approved item into the library.
func (w *world) item(id string, themes []string, picture bool) content.Item {
	it := content.Edit(content.Item{ID: id, Title: "防骗" + id, Author: "7", CreatedAt: w.at("2025-01-01 08:00")}, func(i *content.Item) {
		i.Body, i.Themes = "陌生来电不要信 "+id, themes
	})
	var blobs []content.Blob
	if picture {
		data := picturePNG(w.t, "poster")
		sum := sha256.Sum256(data)
		blobs = []content.Blob{{Name: "p.png", SHA256: hex.EncodeToString(sum[:]), Data: data}}
		it = content.Edit(it, func(i *content.Item) {
			i.Attachments = []content.Attachment{{Kind: content.Picture, Name: "p.png", SHA256: blobs[0].SHA256, Size: int64(len(data)), MIME: "image/png"}}
		})
	}
	it, err := content.Approve(it, "8", w.now)
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.SaveItem(w.ctx, operator, it, blobs, w.now))
	return it
}

func picturePNG(t *testing.T, seed string) []byte {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	copy(img.Pix, seed)
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func embedded(t *testing.T, id string) plans.Plan {
	all, err := plans.Embedded()
	require.NoError(t, err)
	p, err := plans.Find(all, id)
	require.NoError(t, err)
	return p
}

// adopt puts an embedded plan in force on the town.
func (w *world) adopt(id string, year int, answers map[string]string) schedule.Adoption {
	return w.adoptPlan(embedded(w.t, id), year, answers)
}

func (w *world) adoptPlan(p plans.Plan, year int, answers map[string]string) schedule.Adoption {
	ad, _, err := w.office.Adopt(w.ctx, operator, p, "永宁镇", year, answers, w.now)
	require.NoError(w.t, err)
	return ad
}

// confirm is the second person of an adoption.
func (w *world) confirm(ad schedule.Adoption) {
	_, err := w.office.ConfirmAdoption(w.ctx, w.actor(clerkA), ad.ID, w.now)
	require.NoError(w.t, err)
}

// quotaPlan is a plan of one quota for one kind of group.
func quotaPlan(kind string, n int, per calendar.Per, media ...string) plans.Plan {
	return plans.Plan{Number: 90, ID: "90-test", Title: "试", Duties: []plans.Duty{{ID: "push", Kind: plans.Quota, Title: "推送",
		Quote: "每周推送", Groups: []string{kind}, AtLeast: n, Per: per, Means: plans.ByPush, Media: media}}}
}

// relayPlan is a plan of one relay duty.
func relayPlan(kind string, hops int) plans.Plan {
	return plans.Plan{Number: 91, ID: "91-relay", Title: "转", Duties: []plans.Duty{{ID: "relay", Kind: plans.Relay, Title: "转发",
		Quote: "第一时间转发", Groups: []string{kind}, Per: calendar.Week, Hops: hops, Within: "PT4H"}}}
}

func (w *world) deliveries(f schedule.DeliveryFilter) []schedule.Delivery {
	ds, err := w.db.Deliveries(w.ctx, f)
	require.NoError(w.t, err)
	return ds
}

// of are the deliveries of one group, by day.
func (w *world) of(group int64) []schedule.Delivery {
	ds := w.deliveries(schedule.DeliveryFilter{Groups: []int64{group}})
	slices.SortStableFunc(ds, func(a, b schedule.Delivery) int { return a.Day.Compare(b.Day) })
	return ds
}

// log is a group's deliveries as words: "2026-11-03 accepted".
func (w *world) log(group int64) []string {
	out := []string{}
	for _, d := range w.of(group) {
		out = append(out, d.Day.String()+" "+string(d.State))
	}
	return out
}

// handoffs of a person that wait for an answer.
func (w *world) handoffs(person int64, states ...schedule.HandoffState) []schedule.Handoff {
	hs, err := w.db.Handoffs(w.ctx, schedule.HandoffFilter{Person: person, States: states})
	require.NoError(w.t, err)
	return hs
}

func (w *world) forwarded(person int64, word schedule.Word) schedule.Answered {
	ans, err := w.office.Forwarded(w.ctx, w.actor(person), word, w.now)
	require.NoError(w.t, err)
	return ans
}

// row is coverage of one unit now.
func (w *world) row(unit string, q schedule.Query) coverage.Row {
	if q.Now.IsZero() {
		q.Now = w.now
	}
	q.By = coverage.ByUnit
	v, err := w.office.Coverage(w.ctx, operator, q)
	require.NoError(w.t, err)
	for _, r := range v.Rows {
		if r.Name == unit && r.Kind == "push" {
			return r
		}
	}
	require.Fail(w.t, "no row of "+unit)
	return coverage.Row{}
}

// owed are the obligations of a group, for push duties, with standings.
func (w *world) owed(group int64, duty string) []coverage.Owed {
	all, err := w.office.Owed(w.ctx, schedule.ObligationFilter{Group: group, Duty: duty, Now: w.now}, schedule.Query{Now: w.now})
	require.NoError(w.t, err)
	return all
}

// standings are those of a group's obligations: "2026-W45 met".
func (w *world) standings(group int64, duty string) []string {
	out := []string{}
	for _, o := range w.owed(group, duty) {
		s := o.Period.Key + " " + string(o.Standing(w.now))
		if o.Cause != "" {
			s += " " + string(o.Cause)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// got counts messages of a group.
func (w *world) got(group int64) int {
	n := 0
	for _, r := range w.received {
		if r.group == group {
			n++
		}
	}
	return n
}

// told are the private messages of a person that hold a word.
func (w *world) told(person int64, word string) []receipt {
	var out []receipt
	for _, r := range w.received {
		if r.person == person && strings.Contains(r.text, word) {
			out = append(out, r)
		}
	}
	return out
}

// addsUp compares coverage from sums with coverage of each obligation by itself.
func (w *world) addsUp() {
	for _, by := range []coverage.By{coverage.ByUnit, coverage.ByDuty, coverage.ByPeriod} {
		v, err := w.office.Coverage(w.ctx, operator, schedule.Query{By: by, Now: w.now})
		require.NoError(w.t, err)
		owed, err := w.office.Owed(w.ctx, schedule.ObligationFilter{Now: w.now}, schedule.Query{Now: w.now})
		require.NoError(w.t, err)
		one := coverage.Tally(owed, by, nil, "", w.now)
		require.Equal(w.t, one.Total, v.Total, "sums by %s", by)
		rows := slices.DeleteFunc(v.Rows, func(r coverage.Row) bool { return r.Owed+r.SoFar.Owed == 0 })
		require.Equal(w.t, one.Rows, rows, "sums by %s", by)
	}
}

// sound checks what must hold after every scenario.
func (w *world) sound() {
	wrong, err := w.db.Retally(w.ctx, w.now)
	require.NoError(w.t, err)
	require.Zero(w.t, wrong, "tallies must equal the ledger")
	require.NoError(w.t, w.db.CheckAll(w.ctx), "nothing must look like damage")
	w.addsUp()
	require.False(w.t, w.spun, "the runner must rest while it can do nothing")
	slots := map[string]bool{}
	for _, d := range w.deliveries(schedule.DeliveryFilter{}) {
		if d.Slot != "" {
			key := fmt.Sprint(d.Group, d.Day, d.Slot)
			require.False(w.t, slots[key], "planned twice: %s", key)
			slots[key] = true
		}
		if w.now.Sub(d.Closes) > time.Hour { // invariant I4
			require.NotContains(w.t, []schedule.State{schedule.Queued, schedule.Sending, schedule.Held}, d.State, "delivery %d of %s", d.ID, d.Day)
		}
	}
	for _, r := range w.received {
		if r.person != 0 {
			require.True(w.t, w.cal.MaySpeak(r.at), "person %d was spoken to at %s", r.person, r.at.In(w.cal.Zone()))
		} else {
			require.False(w.t, w.cal.Quiet(r.at), "group %d was posted to at %s", r.group, r.at.In(w.cal.Zone()))
		}
	}
}
