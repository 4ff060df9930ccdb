package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
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
	v.Account.Rooms = v.Rooms.Live && !v.Rooms.Waits()
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
	return c.show(w, r, s, http.StatusOK, f)
}

func (v firstView) draw(f frame) g.Node {
	return g.Group{
		v.Today.draw(f),
		v.Alerts.draw(f),
		v.rooms(f),
		v.held(f),
		v.Account.draw(f),
		v.waits(f),
		v.covers(),
		v.behind(f),
	}
}

// rooms leads to 认群 while somebody's yes is waited for.
func (v firstView) rooms(f frame) g.Node {
	if !v.Rooms.Waits() {
		return nil
	}
	title, means := "认群", h.P(g.Text("认了才往这些群里发，别的照常。没认的时候，到点转给负责人转发。"))
	if v.Rooms.Asked > 0 {
		title = fmt.Sprintf("认群：%d 个群等人认一下", v.Rooms.Asked)
	}
	if v.Rooms.Held {
		means = h.P(h.B(g.Textf("%s暂停发送，要有人看过这次认出的群才发。", since(f, v.Rooms))))
	}
	return h.Section(
		h.H2(g.Text(title)),
		means,
		h.P(h.A(h.Class("go"), href("/rooms"), g.Text("看名单，认群"))),
	)
}

// held leads to 放行 while a restore holds something.
func (v firstView) held(f frame) g.Node {
	if v.Held.All == 0 {
		return nil
	}
	return h.Section(
		h.H2(g.Textf("放行：压着 %d 条没发", v.Held.All)),
		h.P(g.Textf("%s 从备份恢复或换过电脑，没发完的先压着，免得发两遍。最早的一批到 %s 时段结束，那时还没人放行就算错过。",
			f.when(v.Held.Since), f.when(v.Held.Rows[0].Closes))),
		h.P(h.A(h.Class("go"), href("/release"), g.Text("看压着什么，放行"))),
	)
}

func (v firstView) waits(f frame) g.Node {
	all := v.Waiting.Handoffs.All
	return h.Section(
		h.H2(g.Text("等谁办什么")),
		v.Waiting.lists(f),
		g.If(len(v.Waiting.Handoffs.Rows) < all, h.P(link("/waiting", fmt.Sprintf("看全部 %d 份", all)))),
	)
}

func (v firstView) covers() g.Node {
	all, shown := v.Coverage.All, len(v.Coverage.Units)
	return h.Section(
		h.H2(g.Text("覆盖率")),
		v.Coverage.grid(),
		h.P(
			g.If(shown < all, g.Group{
				g.Textf("只列了 %d 个单位，", shown), link("/coverage", fmt.Sprintf("看全部 %d 个", all)), g.Text("。"),
			}),
			g.Text("按周只看按周计的任务和转发，按月计的请看"), link(v.Coverage.Other, "按月"), g.Text("。"),
		),
	)
}

func (v firstView) behind(f frame) g.Node {
	return h.Section(
		h.H2(g.Textf("督办 %d 项", v.Flags.All)),
		v.Flags.list(f),
		g.If(len(v.Flags.Rows) < v.Flags.All, h.P(link("/flags", fmt.Sprintf("看全部 %d 项", v.Flags.All)))),
	)
}

// todayView is the day in sentences.
type todayView struct {
	Date  string
	Lines []string
}

func (v todayView) draw(f frame) g.Node {
	return h.Section(
		h.H1(g.Text(v.Date)),
		h.Ul(h.Class("plain"), g.Map(v.Lines, func(line string) g.Node { return h.Li(g.Text(line)) })),
		g.If(!f.Halt.On, h.P(h.A(h.Class("stop"), href("/halt"), g.Text("停发")))),
	)
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
