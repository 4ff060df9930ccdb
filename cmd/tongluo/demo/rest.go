package demo

import (
	"context"
	"time"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule"
)

// tooOften has the service find the account too busy when that morning's push
// comes to a village's party group.
func (w *world) tooOften(context.Context) error {
	g := w.place.groupNamed(villages[restVillage] + "党员群")
	return w.server.AddFault(loopback.Fault{Endpoint: "send", To: w.place.room[g.ID], Action: "ret:1205"})
}

// pause is an account's rest as the make-believe WeChat saw it.
type pause struct {
	toGroups, toPersons int // messages received while it rested
	before, after       int // groups of the morning's push, by when all of it had come
	twice, missing      int // groups that have a message twice, or not at all
}

// paused counts what left while the account rested, and what became of the
// morning's push before and afterwards.
func (w *world) paused(ctx context.Context, r schedule.Rest) (pause, error) {
	var n pause
	from, to := r.Since.Truncate(time.Millisecond), r.Until.Truncate(time.Millisecond) // the service's clock has no more
	got := map[string][]time.Time{}                                                    // by message
	for _, m := range w.server.Receipts() {
		got[m.ClientMsgID] = append(got[m.ClientMsgID], m.At)
		switch {
		case !m.At.After(from) || !m.At.Before(to):
		case w.place.isPerson(m.To):
			n.toPersons++
		default:
			n.toGroups++
		}
	}
	day := w.cal.Today(r.Since)
	ds, err := w.db.Deliveries(ctx, schedule.DeliveryFilter{From: day, To: day})
	for _, d := range ds {
		if d.Slot != "" && d.Handoff == 0 {
			n.add(d, got, from)
		}
	}
	return n, err
}

// add counts one group of the push.
func (n *pause) add(d schedule.Delivery, got map[string][]time.Time, since time.Time) {
	least, most, late := 1, 0, false
	for _, p := range d.Parts {
		times := got[p.ClientID]
		least, most = min(least, len(times)), max(most, len(times))
		late = late || len(times) > 0 && times[0].After(since)
	}
	switch {
	case most > 1:
		n.twice++
	case least == 0:
		n.missing++
	case late:
		n.after++
	default:
		n.before++
	}
}

// tellRest shows an account that rests by itself and goes on by itself.
func (w *world) tellRest(ctx context.Context, _ *result) error {
	p, err := w.office.Pauses(ctx, operator)
	if err != nil || p.Rest.Since.IsZero() || w.end.Before(p.Rest.Until) {
		return err
	}
	n, err := w.paused(ctx, p.Rest)
	if err != nil {
		return err
	}
	from, to := w.local(p.Rest.Since).Format("15:04"), w.local(p.Rest.Until).Format("15:04")
	w.title("微信说发得太勤，账号自己休息（6月%d日）", restedOn)
	w.print("上午的推送发到第 %d 个群，微信不收了，说操作过于频繁（代码 1205）。账号 %s 起休息，%s 自己接着发，不用人管。", n.before+1, from, to)
	w.print("模拟微信数过：休息的半小时里，群收到 %d 条，个人收到 %d 条。", n.toGroups, n.toPersons)
	w.print("休息前收到的 %d 个群，休息后收到的 %d 个群，收到两遍的 %d 个群，没收到的 %d 个群。", n.before, n.after, n.twice, n.missing)
	w.tellLines(w.heardAbout(w.clerk().ID, "【账号休息】", 1))
	return nil
}
