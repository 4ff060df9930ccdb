package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"tongluo/schedule"
	"tongluo/schedule/coverage"
	"tongluo/schedule/report"
	"tongluo/schedule/roster"
)

// result is what --json writes. Server is counted by the make-believe WeChat.
type result struct {
	Days        int                    `json:"days"`
	Groups      int                    `json:"groups"`
	Pushes      int                    `json:"pushes"`
	Deliveries  map[schedule.State]int `json:"deliveries"`
	Obligations obligations            `json:"obligations"`
	Coverage    *float64               `json:"coverage"`
	Flags       []schedule.BehindRow   `json:"flags"`
	Server      serverCount            `json:"server"`

	total coverage.Row
}

type obligations struct {
	Owed    int `json:"owed"`
	Met     int `json:"met"`
	Late    int `json:"late"`
	Behind  int `json:"behind"`
	Excused int `json:"excused"`
	OnPace  int `json:"on_pace"`
	AtRisk  int `json:"at_risk"`
}

type serverCount struct {
	Received   int `json:"received"`
	Duplicates int `json:"duplicates"`
	WrongGroup int `json:"wrong_group"`
}

func (w *world) result(ctx context.Context) (*result, error) {
	res := &result{Days: w.opt.Days, Groups: len(w.place.roster.Groups), Deliveries: map[schedule.State]int{}}
	ds, err := w.db.Deliveries(ctx, schedule.DeliveryFilter{})
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		res.Deliveries[d.State]++
	}
	pushes, err := w.db.Pushes(ctx)
	if err != nil {
		return nil, err
	}
	res.Pushes = len(pushes)
	c, err := w.office.Coverage(ctx, roster.Operator(""), schedule.Query{Now: w.end})
	if err != nil {
		return nil, err
	}
	t := c.Total
	res.total, res.Coverage = t, t.Coverage
	res.Obligations = obligations{Owed: t.Owed, Met: t.Met, Late: t.Late, Behind: t.Behind, Excused: t.Excused, OnPace: t.OnPace, AtRisk: t.AtRisk}
	if res.Flags, err = w.office.Behind(ctx, roster.Operator(""), "", w.end); err != nil {
		return nil, err
	}
	res.Server = w.count(ds)
	return res, nil
}

// count counts on the receiving side: what each group got, ours or not, what it
// got twice, and what was meant for another.
func (w *world) count(ds []schedule.Delivery) serverCount {
	meant := map[string]string{}
	for _, d := range ds {
		for _, p := range d.Parts {
			meant[p.ClientID] = w.place.room[d.Group]
		}
	}
	var n serverCount
	seen := map[string]bool{}
	for _, r := range w.server.Receipts() {
		if w.place.isPerson(r.To) {
			continue
		}
		n.Received++
		key := r.To + "\x00" + r.Kind + "\x00" + r.Text + r.MediaSHA256
		if seen[key] {
			n.Duplicates++
		}
		seen[key] = true
		if meant[r.ClientMsgID] != r.To {
			n.WrongGroup++
		}
	}
	return n
}

func (r *result) write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the demo's result: %w", err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the demo's result: %w", err)
	}
	return nil
}

// readSheet reads a tick-list back as `confirm --sheet` does.
func (w *world) readSheet(ctx context.Context, file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines, err := report.ReadTickList(file, f)
	if err != nil {
		return 0, err
	}
	var ticks []schedule.Tick
	for _, l := range lines {
		ticks = append(ticks, schedule.Tick{Row: l.Row, ID: l.ID, Done: l.Done, Reason: l.Reason})
	}
	return w.office.ReadTicks(ctx, w.staff(), ticks, w.now)
}
