package demo

import (
	"context"
	"errors"
	"fmt"
	"github.com/xuri/excelize/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tongluo/bot"
	"tongluo/bot/wechat/loopback"
	"tongluo/content"
	"tongluo/content/poster"
	"tongluo/content/starter"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/plans"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// prepare is the office's first day: roster, library, five plans; then the
// month's trouble is put on the calendar.
func (w *world) prepare(ctx context.Context) error {
	if err := w.furnish(ctx); err != nil {
		return err
	}
	if err := w.login(ctx); err != nil {
		return err
	}
	if err := w.adopt(ctx); err != nil {
		return err
	}
	w.queued()
	if err := w.officeTalks(); err != nil {
		return err
	}
	return w.trouble()
}

// furnish gives the office its people and its library and starts its clock.
func (w *world) furnish(ctx context.Context) error {
	if err := w.office.ImportRoster(ctx, roster.Operator(""), w.place.roster, w.now); err != nil {
		return err
	}
	if err := w.stock(ctx); err != nil {
		return err
	}
	_, err := w.runner.Recover(ctx, w.now)
	return err
}

// adopt puts the five plans in force.
func (w *world) adopt(ctx context.Context) error {
	all, err := plans.Embedded()
	if err != nil {
		return err
	}
	for _, a := range []struct{ plan, unit string }{{"1", townName}, {"10", townName}, {"11", townName}, {"15", townName}, {"16", schoolName}} {
		p, err := plans.Find(all, a.plan)
		if err != nil {
			return err
		}
		if _, _, err := w.office.Adopt(ctx, roster.Operator(""), p, a.unit, 2026, nil, w.now); err != nil {
			return fmt.Errorf("adopt plan %s: %w", a.plan, err)
		}
	}
	return nil
}

// stock fills the library with the starter items.
func (w *world) stock(ctx context.Context) error {
	p, err := poster.New()
	if err != nil {
		return err
	}
	items, blobs, err := starter.Items(p.Item)
	if err != nil {
		return err
	}
	return w.office.Stock(ctx, roster.Operator(""), items, blobs, w.now)
}

// day is an instant of the made-up month.
func (w *world) day(d, hour, minute int) time.Time {
	return calendar.NewDate(2026, time.June, d).At(hour, minute, w.cal.Zone())
}

// queued is the office's own work: pushes to be passed on, three weeks out of four.
func (w *world) queued() {
	for _, d := range []int{3, 10, 24} {
		w.at(w.day(d, 9, 30), w.queueing("kind:网格群", "居民", d))
	}
	for _, d := range []int{4, 11, 25} {
		w.at(w.day(d, 10, 0), w.queueing("kind:班级群", "学生", d))
	}
}

// trouble puts the month's trouble on the calendar.
func (w *world) trouble() error {
	if err := w.server.AddFault(loopback.Fault{Endpoint: "webwxsendmsgimg", To: w.place.room[w.unheard().ID], Action: "lose_reply"}); err != nil {
		return err
	}
	w.at(w.day(kickedOn, 8, 0), func(context.Context) error {
		return w.server.Kick(w.place.room[w.place.groupNamed(villages[kickedVillage]+"党员群").ID])
	})
	w.at(w.day(newGroupOn, 14, 0), w.newGroup)
	w.at(w.day(offlineFrom, 0, 5), func(context.Context) error { w.logout(); return nil })
	w.at(w.day(offlineFrom+1, 20, 0), w.onThePhone)
	w.at(w.day(offlineTo, 15, 0), w.readSheets)
	w.at(w.day(offlineTo, 18, 0), w.comeBack)
	w.at(w.day(restedOn, 8, 59), w.tooOften)
	return nil
}

// The days of June on which something happens.
const (
	kickedOn    = 9
	newGroupOn  = 10
	offlineFrom = 15
	offlineTo   = 17
	knownOn     = 18 // the office says which room is which group
	restedOn    = 23
)

// queueing has a clerk queue a push of the library at the office PC, to be passed
// on. A wide one waits for a second person, who is told in chat; without the
// account the leader looks at it on the PC.
func (w *world) queueing(to, audience string, nth int) func(context.Context) error {
	return func(ctx context.Context) error {
		items, err := w.office.Items(ctx, w.staff())
		if err != nil {
			return err
		}
		items = slices.DeleteFunc(items, func(it content.Item) bool {
			return it.State != content.Approved || len(it.Audiences) > 0 && !slices.Contains(it.Audiences, audience)
		})
		it := items[(nth+int(w.opt.Seed))%len(items)]
		p, err := w.office.QueuePush(ctx, w.staff(), schedule.Request{Item: it.ID, To: to}, w.now)
		if err != nil || p.State != schedule.PushWaiting || w.online {
			return err
		}
		w.at(w.now.Add(10*time.Minute), func(ctx context.Context) error {
			return w.office.ApprovePush(ctx, roster.ActorOf(w.leader(), roster.ViaConsole), p.ID, w.now)
		})
		return nil
	}
}

// newGroup is a group made in the middle of a week.
func (w *world) newGroup(ctx context.Context) error {
	r := w.place.roster
	village := w.place.groupNamed(villages[newVillage] + "便民服务群")
	g := village
	g.ID, g.Name, g.Since = int64(len(r.Groups)+1), villages[newVillage]+"便民二群", w.cal.Today(w.now).String()
	w.place.roster = roster.New(r.Units, append(slices.Clone(r.Groups), g), r.Persons)
	if err := w.server.Add(w.place.split(g, village, w.place.groupNamed(villages[newVillage]+"党员群"))); err != nil {
		return err
	}
	w.at(w.now.Add(time.Hour), w.lookAtRooms)
	return w.office.ImportRoster(ctx, roster.Operator(""), w.place.roster, w.now)
}

// lookAtRooms has the office look at the rooms that wait for its word.
func (w *world) lookAtRooms(ctx context.Context) error {
	if err := w.talk.Look(ctx, w.now); err != nil || !w.online {
		return err
	}
	return w.vouch(ctx, bot.Report{Asked: roster.Tally(w.desk.Decisions())[roster.Ask]})
}

// readSheets is the office during the outage: it gave the packs to half of the
// villages by telephone, ticked what they forwarded and reads the sheets back.
func (w *world) readSheets(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(w.dir, "packs", "2026-06-16*", report.TickListName))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := tickSheet(f, villages[4:9]); err != nil {
			return fmt.Errorf("tick %s: %w", filepath.Base(filepath.Dir(f)), err)
		}
		n, err := w.readSheet(ctx, f)
		if err != nil {
			return err
		}
		w.ticked += n
	}
	return nil
}

// tickSheet writes √ beside the groups of some villages, as the office does.
func tickSheet(file string, of []string) (err error) {
	x, err := excelize.OpenFile(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	sheet := x.GetSheetName(0)
	rows, err := x.GetRows(sheet)
	if err != nil {
		return err
	}
	head := slices.IndexFunc(rows, func(r []string) bool { return slices.Contains(r, "编号") })
	if head < 0 {
		return errors.New("no header row")
	}
	unit := slices.Index(rows[head], "单位")
	tick := slices.IndexFunc(rows[head], func(c string) bool { return strings.HasPrefix(c, "已转发") })
	for i := head + 1; i < len(rows); i++ {
		if len(rows[i]) <= unit || !slices.ContainsFunc(of, func(v string) bool { return strings.Contains(rows[i][unit], v) }) {
			continue
		}
		cell, err := excelize.CoordinatesToCellName(tick+1, i+1)
		if err != nil {
			return err
		}
		if err := x.SetCellValue(sheet, cell, "√"); err != nil {
			return err
		}
	}
	return x.Save()
}
