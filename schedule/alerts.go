package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongluo/schedule/roster"
)

// AlertStore keeps alerts.
type AlertStore interface {
	// Alerts are all records, one a kind, closed ones too.
	Alerts(ctx context.Context) ([]Alert, error)
	// SaveAlert writes a record as a guarded change: ErrStale unless it still has
	// the revision of al, which goes up. verb, if any, becomes a log row.
	SaveAlert(ctx context.Context, a roster.Actor, al Alert, verb string, now time.Time) error
	// Condition is how things stand; what was missed counts from an instant on.
	Condition(ctx context.Context, missedSince time.Time) (Condition, error)
}

// The marks of what the store knows of the watch itself, each an instant in unix
// milliseconds.
const (
	MarkWatched = "alerts-watched"
	markAlive   = "alerts-alive"
)

// WatchAlerts compares what is known with the record, opens and closes, and
// claims what is to be told: the whole of one digest. Without tell it claims
// nothing, because the last digest is still on its way. What it returns is to
// be given to TellAlerts when it was told or could not be.
func (o *Office) WatchAlerts(ctx context.Context, f Facts, tell bool, now time.Time) ([]Alert, error) {
	if err := allow(roster.Clock(), roster.RunClock, ""); err != nil {
		return nil, err
	}
	var err error
	if f.Condition, err = o.condition(ctx, now); err != nil {
		return nil, err
	}
	records, err := o.store.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	found := map[AlertKind]Finding{}
	for _, one := range f.Findings(now) {
		found[one.Kind] = one
	}
	var due []Alert
	for _, kind := range AlertKinds() {
		was := recordOf(records, kind)
		one, there := found[kind]
		is, verb := was.After(one, there, now)
		claimed := tell && !one.Silenced && is.Due(now)
		if claimed {
			is = is.Claimed(now)
		}
		if is == was {
			continue
		}
		switch err := o.store.SaveAlert(ctx, roster.Clock(), is, verb, now); {
		case errors.Is(err, ErrStale): // somebody said at this moment that it is known
		case err != nil:
			return due, err
		case claimed:
			is.Rev++
			due = append(due, is)
		}
	}
	return due, nil
}

// condition also notes when the watch over this data began.
func (o *Office) condition(ctx context.Context, now time.Time) (Condition, error) {
	c, err := o.store.Condition(ctx, now.Add(-alertDay))
	if err == nil && c.Watched.IsZero() {
		c.Watched = now
		err = o.store.Mark(ctx, MarkWatched, strconv.FormatInt(now.UnixMilli(), 10))
	}
	return c, err
}

// TellAlerts records whether a digest reached somebody.
func (o *Office) TellAlerts(ctx context.Context, digest []Alert, reached bool, now time.Time) error {
	if err := allow(roster.Clock(), roster.RunClock, ""); err != nil {
		return err
	}
	verb := ""
	if reached {
		verb = "alert told"
	}
	var errs error
	for _, told := range digest {
		errs = errors.Join(errs, o.moveAlert(ctx, roster.Clock(), told.Kind, verb, now, func(a Alert) (Alert, error) {
			if a.Opened.UnixMilli() != told.Opened.UnixMilli() { // it was another time; the record keeps milliseconds
				return a, ErrStale
			}
			return a.Heard(reached, now), nil
		}))
	}
	return errs
}

// moveAlert changes a record as it is at that moment.
func (o *Office) moveAlert(ctx context.Context, a roster.Actor, kind AlertKind, verb string, now time.Time, change func(Alert) (Alert, error)) error {
	for range 5 {
		was, err := o.alertOf(ctx, kind)
		if err != nil {
			return err
		}
		is, err := change(was)
		if errors.Is(err, ErrStale) || err == nil && is == was {
			return nil
		}
		if err != nil {
			return err
		}
		if err = o.store.SaveAlert(ctx, a, is, verb, now); !errors.Is(err, ErrStale) {
			return err
		}
	}
	return problem(ErrStale, "刚才正好有变动，没有记下，请再说一次")
}

func (o *Office) alertOf(ctx context.Context, kind AlertKind) (Alert, error) {
	records, err := o.store.Alerts(ctx)
	return recordOf(records, kind), err
}

func recordOf(records []Alert, kind AlertKind) Alert {
	if i := slices.IndexFunc(records, func(a Alert) bool { return a.Kind == kind }); i >= 0 {
		return records[i]
	}
	return Alert{Kind: kind}
}

// AlertView is an alert for a screen.
type AlertView struct {
	Kind   AlertKind  `json:"kind"`
	Title  string     `json:"title"`
	Do     string     `json:"do"`
	Count  int        `json:"count"`
	Opened time.Time  `json:"opened"`
	Told   *time.Time `json:"told"`  // null: nobody has been reached
	Acked  *time.Time `json:"acked"` // null: nobody said that it is known
	By     string     `json:"by"`
}

// Alerts lists what is open.
func (o *Office) Alerts(ctx context.Context, a roster.Actor) ([]AlertView, error) {
	if err := allow(a, roster.SeeQueue, a.Unit); err != nil {
		return nil, err
	}
	records, err := o.store.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	views := []AlertView{}
	for _, kind := range AlertKinds() {
		r, w := recordOf(records, kind), kind.word()
		if !r.Open() {
			continue
		}
		v := AlertView{Kind: kind, Title: w.say(r.Count), Do: w.do, Count: r.Count, Opened: r.Opened.UTC(), Told: instant(r.Told), Acked: instant(r.Acked), By: r.By}
		if r.Person != 0 {
			v.By = o.nameOf(ctx, r.Person)
		}
		views = append(views, v)
	}
	return views, nil
}

func (o *Office) nameOf(ctx context.Context, person int64) string {
	r, err := o.store.Roster(ctx)
	if err != nil {
		return ""
	}
	p, _ := r.Person(person)
	return p.Name
}

// AckAlert records that somebody knows of an open alert: it is not told again
// until it is solved.
func (o *Office) AckAlert(ctx context.Context, a roster.Actor, kind AlertKind, now time.Time) error {
	if err := allow(a, roster.AckAlert, a.Unit); err != nil {
		return err
	}
	return o.moveAlert(ctx, a, kind, "alert known", now, func(al Alert) (Alert, error) {
		switch {
		case !al.Open():
			return al, problem(ErrNotFound, "现在没有“%s”这个告警，请用 tongluo alerts 看有哪些", kind)
		case !al.Acked.IsZero():
			return al, nil
		}
		return al.Known(a, now), nil
	})
}

// digestSize keeps a digest below what the smallest road takes (2,048 bytes).
const digestSize = 1900

// AlertText is a digest as it leaves the house: kinds, numbers and what to do
// next; no names, no phones, nothing that was said.
func (o *Office) AlertText(digest []Alert) (title, text string) {
	var parts []string
	size, left := 0, 0
	for _, a := range digest {
		part := o.alertPart(a)
		if size += len(part) + 2; size > digestSize {
			left++
			continue
		}
		parts = append(parts, part)
		if title == "" {
			title = "铜锣告警：" + a.Kind.word().say(a.Count)
			if !a.Open() {
				title = "铜锣：“" + a.Kind.word().say(a.Count) + "”已经好了"
			}
		}
	}
	if left > 0 {
		parts = append(parts, fmt.Sprintf("还有 %d 项，请运行 tongluo alerts 看。", left))
	}
	return title, strings.Join(parts, "\n\n")
}

func (o *Office) alertPart(a Alert) string {
	w := a.Kind.word()
	if !a.Open() {
		return fmt.Sprintf("【铜锣】已经好了：%s。\n%s起，%s好的。", w.say(a.Count), o.say(a.Opened), o.say(a.Closed))
	}
	again := ""
	if !a.Told.IsZero() {
		again = "，还没有好"
	}
	text := fmt.Sprintf("【铜锣告警】%s。\n%s起%s。\n怎么办：%s。", w.say(a.Count), o.say(a.Opened), again, w.do)
	if a.Kind != AlertNoStore && a.Kind != AlertDamaged { // which nobody can record as known
		text += "\n知道了请在办公室的电脑上运行：tongluo alerts ack " + string(a.Kind)
	}
	return text
}

// Alive is the word 我还活着 of a local day, "" before the time of day it is
// asked for (minutes since midnight) and once it has been said.
func (o *Office) Alive(ctx context.Context, f Facts, at int, now time.Time) (string, error) {
	local := now.In(o.cal.Zone())
	if local.Hour()*60+local.Minute() < at {
		return "", nil
	}
	said, err := o.store.MarkOf(ctx, markAlive)
	if err != nil || said == o.cal.Today(now).String() {
		return "", err
	}
	c, err := o.condition(ctx, now)
	if err != nil {
		return "", err
	}
	open, err := o.Alerts(ctx, roster.Clock())
	if err != nil {
		return "", err
	}
	account := map[AccountState]string{AccountOff: "微信没有启用，由人转发", AccountOnline: fmt.Sprintf("微信在线，认回 %d 个群", f.Bound), "": "微信情况不明"}[f.Account]
	if account == "" {
		account = "微信没有登录，由人转发"
	}
	return fmt.Sprintf("【铜锣】我还活着，%s。\n%s；未确定 %d 条；没有了结的告警 %d 个。", o.say(now), account, c.Uncertain, len(open)), nil
}

// SaidAlive records that the day's word reached somebody.
func (o *Office) SaidAlive(ctx context.Context, now time.Time) error {
	return o.store.Mark(ctx, markAlive, o.cal.Today(now).String())
}
