package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/roster"
)

// How many lines of each part the first page shows; the parts' own pages show
// all, a page at a time.
const fewRows, fewUnits, pageRows = 5, 8, 30

// firstView is the first page.
type firstView struct {
	Today    todayView
	Alerts   alertsView
	Account  accountView
	Rooms    schedule.RoomList
	Held     schedule.HeldList
	Waiting  waitingView
	Coverage coverageView
	Flags    flagsView
}

func (c *Console) first(w http.ResponseWriter, r *http.Request, s *session) (err error) {
	ctx, now := r.Context(), c.opt.Now()
	v := firstView{Account: c.account()}
	if v.Rooms, err = c.opt.Office.RoomList(ctx, s.actor); err != nil {
		return err
	}
	if v.Held, err = c.opt.Office.HeldList(ctx, s.actor); err != nil {
		return err
	}
	if v.Alerts, err = c.alerts(ctx, s); err != nil {
		return err
	}
	if v.Waiting, err = c.waiting(ctx, s, 0, fewRows); err != nil {
		return err
	}
	if v.Flags, err = c.flags(ctx, s, 0, fewRows, now); err != nil {
		return err
	}
	if v.Today, err = c.today(ctx, s, v, now); err != nil {
		return err
	}
	if v.Coverage, err = c.coverage(ctx, s, coverageAsk{most: fewUnits}, now); err != nil {
		return err
	}
	f := frame{Title: "首页", Body: v}
	if v.Account.Waits { // a login code goes stale, and then there is another
		f.Reload = "/?auto=1"
	}
	return c.show(w, r, s, "first", http.StatusOK, f)
}

// todayView is the day in sentences.
type todayView struct {
	Date  string
	Lines []string
}

// settleDays is how far back the page looks for what nobody has settled.
const settleDays = 14

// today says what goes out, what comes next, and what waits.
func (c *Console) today(ctx context.Context, s *session, v firstView, now time.Time) (todayView, error) {
	cal := c.opt.Office.Calendar()
	today := cal.Today(now)
	t := todayView{Date: sayDay(today) + "，" + dayKind(cal, today)}
	sent, err := c.opt.Office.CountDeliveries(ctx, s.actor, schedule.DeliveryFilter{From: today, To: today})
	if err != nil {
		return t, err
	}
	if all, words := counts(sent); all > 0 {
		t.Lines = append(t.Lines, fmt.Sprintf("今天的投递 %d 条：%s。", all, words))
	} else {
		t.Lines = append(t.Lines, "今天没有投递。")
	}
	t.Lines = append(t.Lines, c.nextSlot(now))
	if v.Waiting.Approvals.All+v.Waiting.Handoffs.All > 0 {
		t.Lines = append(t.Lines, fmt.Sprintf("待审推送 %d 个，等人转发 %d 份。", v.Waiting.Approvals.All, v.Waiting.Handoffs.All))
	} else {
		t.Lines = append(t.Lines, "没有待审的推送，没有等人转发的。")
	}
	open, err := c.unsettled(ctx, s, today)
	if err != nil {
		return t, err
	}
	t.Lines = append(t.Lines, open...)
	trouble, err := c.trouble(ctx, s, now)
	if err != nil {
		return t, err
	}
	t.Lines = append(t.Lines, trouble...)
	if roster.May(s.actor, roster.SeeQueue, s.actor.Unit) {
		paused, err := c.opt.Office.PauseLines(ctx, s.actor, now)
		if err != nil {
			return t, err
		}
		t.Lines = append(t.Lines, paused...)
	}
	if v.Flags.All > 0 {
		t.Lines = append(t.Lines, fmt.Sprintf("落后 %d 项：村里的 %d，怪不到村里 %d。", v.Flags.All, v.Flags.Keeper, v.Flags.All-v.Flags.Keeper))
	}
	due, err := c.dueSoon(ctx, s, now)
	if due != "" {
		t.Lines = append(t.Lines, due)
	}
	return t, err
}

// trouble is a clock that is not gone by, and the slots that left something undone.
func (c *Console) trouble(ctx context.Context, s *session, now time.Time) ([]string, error) {
	clock, err := c.opt.Office.Clock(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := c.opt.Office.MissedLines(ctx, s.actor, missedDays, now)
	if line := c.opt.Office.ClockLine(clock); line != "" {
		lines = append([]string{line}, lines...)
	}
	return lines, err
}

// missedDays is how long a slot that left something undone stands on the page.
const missedDays = 7

func dayKind(cal *calendar.Calendar, d calendar.Date) string {
	name, off := cal.Holiday(d)
	works, known := cal.Workday(d)
	switch {
	case off && name != "":
		return name + "放假"
	case !known:
		return "今年的节假日还没有写进设置，按星期算"
	case works:
		return "上班"
	}
	return "休息"
}

// nextSlot is the next line of the timetable that begins.
func (c *Console) nextSlot(now time.Time) string {
	var next time.Time
	var name string
	for _, slot := range c.opt.Office.Settings().Slots {
		if at := slot.Cron.Next(now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next, name = at, slot.Name
		}
	}
	if next.IsZero() {
		return "时间表里没有时段。"
	}
	return fmt.Sprintf("下一个时段：%s（%s）。", when(next.In(c.zone)), name)
}

// unsettled says what only a person can settle.
func (c *Console) unsettled(ctx context.Context, s *session, today calendar.Date) ([]string, error) {
	n, err := c.opt.Office.CountDeliveries(ctx, s.actor, schedule.DeliveryFilter{From: today.AddDays(-settleDays), To: today,
		States: []schedule.State{schedule.Uncertain, schedule.Declined, schedule.Failed}})
	var lines []string
	add := func(n int, format string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(format, n))
		}
	}
	add(n[schedule.Uncertain], "未确定 %d 条：请到群里看一眼，再在微信里回：见到 编号，或 没见到 编号（没有微信就用 tongluo settle）。")
	add(n[schedule.Declined], "转不了 %d 条：要另想办法。")
	add(n[schedule.Failed], "发送失败 %d 条：要由人转发。")
	return lines, err
}

// soon is how far ahead the page looks for what units hand in.
const soon = 7 * 24 * time.Hour

func (c *Console) dueSoon(ctx context.Context, s *session, now time.Time) (string, error) {
	tasks, err := c.opt.Office.Tasks(ctx, s.actor, now)
	if err != nil {
		return "", err
	}
	tasks = slices.DeleteFunc(tasks, func(t schedule.TaskView) bool { return t.Due.Before(now) || t.Due.After(now.Add(soon)) })
	if len(tasks) == 0 {
		return "", nil
	}
	first := tasks[0]
	return fmt.Sprintf("7 天内到期的报送和活动 %d 项，最早的：%s %s，%s前。", len(tasks), lastName(first.Unit.Name), first.Title, when(first.Due.In(c.zone))), nil
}

// accountView is the account in sentences, with the code to scan.
type accountView struct {
	State string // one or two words
	Lines []string
	Code  bool // a login code waits
	Waits bool // it may change any moment
}

func (c *Console) account() accountView {
	st := c.opt.Account.Status()
	packs := "到点的转发包在 " + c.opt.Packs + "：交给负责人转发，登记表填好后用 tongluo confirm --sheet 文件 读回。"
	switch st.State {
	case schedule.AccountOff:
		return accountView{State: "没有启用微信", Lines: []string{st.Say(), packs}}
	case schedule.AccountOnline:
		return accountView{State: "微信在线", Lines: []string{fmt.Sprintf("认回 %d 个群，按时自动发送。", st.Bound)}}
	case schedule.AccountHeld:
		return accountView{State: "微信待核对，暂停发送", Lines: []string{cmp.Or(st.Why, fmt.Sprintf("这次登录只认回 %d 个群，先不发。%s。", st.Bound, schedule.SayLook)), packs}}
	case schedule.AccountSuspect, schedule.AccountBarred:
		return accountView{State: "微信" + st.State.Chinese() + "，暂停发送", Lines: []string{st.Say(), packs}, Waits: true}
	}
	v := accountView{State: "微信" + st.State.Chinese(), Waits: true, Code: c.opt.Code() != ""}
	if v.Code {
		v.Lines = []string{"请用办公室的微信扫码登录。登录码等于钥匙，不要拍照，不要转发。"}
	} else {
		v.Lines = []string{st.Say(), "要扫码时，登录码显示在这里。"}
	}
	v.Lines = append(v.Lines, "登录不上也不要紧，"+packs)
	return v
}

// waitingView is who waits for what.
type waitingView struct {
	Approvals schedule.Glance[approvalLine]
	Handoffs  schedule.Glance[handoffLine]
	Turn      turned
}

// approvalLine is a push that waits for a second person.
type approvalLine struct {
	ID     int64
	Title  string
	Groups int
	Opens  time.Time
	Alone  time.Time // when it goes without anybody, zero: never
}

type handoffLine struct {
	schedule.HandoffView
	Clause string
}

func (c *Console) waiting(ctx context.Context, s *session, skip, most int) (waitingView, error) {
	var v waitingView
	queue, err := c.opt.Office.Queue(ctx, s.actor)
	if err != nil {
		return v, err
	}
	for _, row := range queue {
		if row.State != schedule.PushWaiting {
			continue
		}
		if v.Approvals.All++; v.Approvals.All <= most {
			line := approvalLine{ID: row.ID, Title: row.Title, Groups: row.Groups, Opens: row.Opens}
			if row.ReadyAt != nil {
				line.Alone = *row.ReadyAt
			}
			v.Approvals.Rows = append(v.Approvals.Rows, line)
		}
	}
	hs, err := c.opt.Office.WaitingHandoffs(ctx, s.actor, skip, most)
	v.Handoffs.All = hs.All
	for _, h := range hs.Rows {
		line := handoffLine{HandoffView: h}
		if len(h.Clauses) > 0 {
			line.Clause = h.Clauses[0].Quoted()
		}
		v.Handoffs.Rows = append(v.Handoffs.Rows, line)
	}
	return v, err
}

func (c *Console) waitingPage(w http.ResponseWriter, r *http.Request, s *session) error {
	at, skip := turn(r, pageRows)
	v, err := c.waiting(r.Context(), s, skip, pageRows)
	if err != nil {
		return err
	}
	v.Turn = turnedTo(r, at, pageRows, v.Handoffs.All)
	return c.show(w, r, s, "waiting", http.StatusOK, frame{Title: "等谁办什么", Body: v})
}

// flagsView is what is behind, with the clause that makes it owed.
type flagsView struct {
	All, Keeper int
	Rows        []flagLine
	Turn        turned
}

// Others are those that are nobody's in a village.
func (v flagsView) Others() int { return v.All - v.Keeper }

type flagLine struct {
	schedule.BehindRow
	Who    string // group, or unit where a unit owes
	Of     string // the period as people say it
	Cause  string
	Mine   bool // a keeper's
	State  string
	Clause string
}

func (c *Console) flags(ctx context.Context, s *session, skip, most int, now time.Time) (flagsView, error) {
	g, err := c.opt.Office.BehindNow(ctx, s.actor, schedule.FlagQuery{Skip: skip, Limit: most}, now)
	v := flagsView{All: g.All, Keeper: g.Keeper}
	for _, row := range g.Rows {
		line := flagLine{BehindRow: row, Who: row.Group.Name, Of: calendar.SayPeriod(row.Period), Cause: plainCause(row.Cause),
			Mine: row.Cause == coverage.ByKeeper, State: flagWords[row.State], Clause: schedule.Clause{Plan: row.Plan, Quote: row.Quote}.Quoted()}
		if line.Who == "" {
			line.Who = lastName(row.Unit.Name)
		}
		v.Rows = append(v.Rows, line)
	}
	return v, err
}

func (c *Console) flagsPage(w http.ResponseWriter, r *http.Request, s *session) error {
	at, skip := turn(r, pageRows)
	v, err := c.flags(r.Context(), s, skip, pageRows, c.opt.Now())
	if err != nil {
		return err
	}
	v.Turn = turnedTo(r, at, pageRows, v.All)
	return c.show(w, r, s, "flags", http.StatusOK, frame{Title: "督办", Body: v})
}
