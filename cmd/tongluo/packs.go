package main

import (
	"context"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/report"
)

// packs puts office packs into a folder; it is where schedule, which does not
// know files, meets report, which does not know schedule.
type packs struct {
	dir  string
	zone *time.Location
}

var _ schedule.Packer = packs{}

// Write implements schedule.Packer.
func (k packs) Write(_ context.Context, p schedule.Pack) (string, error) {
	out := report.Pack{Day: p.Push.Day.String(), Slot: p.Push.Slot, Push: p.Push.ID, Item: p.Item.Title}
	for _, part := range p.Item.Parts() {
		if part.Text != "" {
			out.Texts = append(out.Texts, part.Text)
		}
	}
	for _, f := range p.Files {
		out.Files = append(out.Files, report.File{Name: f.Name, Data: f.Data})
	}
	at := map[string]int{} // unit → index in Sheets
	for _, l := range p.Lines {
		i, ok := at[l.Unit]
		if !ok {
			i = len(out.Sheets)
			at[l.Unit] = i
			out.Sheets = append(out.Sheets, report.UnitSheet{Unit: l.Unit, Person: l.Person, Phone: l.Phone})
		}
		out.Sheets[i].Rows = append(out.Sheets[i].Rows, report.PackRow{Delivery: l.Delivery, Handoff: l.Handoff, Unit: l.Unit,
			Group: l.Group, Person: l.Person, Due: k.until(l.Due), Clause: l.Clause})
	}
	return report.WritePack(k.dir, out)
}

// until writes a deadline as people say it: midnight is 24:00 of the day before.
func (k packs) until(t time.Time) string {
	t = t.In(k.zone)
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.AddDate(0, 0, -1).Format("2006-01-02") + " 24:00"
	}
	return t.Format("2006-01-02 15:04")
}
