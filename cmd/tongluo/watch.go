package main

import (
	"context"
	"time"

	"tongluo/bot"
	"tongluo/schedule"
)

// watchOver sees whether the session is alive, and lets it say something to
// itself when nobody knows: in working hours, while nothing else keeps the
// account from sending.
func (d *daemon) watchOver(ctx context.Context, now time.Time) error {
	if d.desk == nil {
		return nil
	}
	halted, _, err := d.db.Halted(ctx)
	if err != nil {
		return err
	}
	may := !halted && !d.clock.Rests(now) && d.office.Calendar().Working(now)
	before := d.desk.Status().State
	tried, err := d.desk.Watched(ctx, &d.watch, may, now)
	if tried {
		d.clock.Pace(now)
	}
	if schedule.NextOf(err) == schedule.StopAccount {
		d.clock.Rest(ctx, now)
	}
	if d.desk.Status().State != before {
		d.wake()
	}
	return err
}

// sign takes a sign of life from the transport.
func (d *daemon) sign(s bot.Sign) {
	d.watch.Sign(s, time.Now())
	if !d.desk.Status().Online() {
		d.wake()
	}
}

// watched has the watch know of every message that the service took.
type watched struct {
	schedule.Sender
	watch *bot.Watch
}

// Send implements schedule.Sender.
func (w watched) Send(ctx context.Context, m schedule.Outgoing) (schedule.Receipt, error) {
	r, err := w.Sender.Send(ctx, m)
	if err == nil {
		w.watch.Sent(time.Now())
	}
	return r, err
}
