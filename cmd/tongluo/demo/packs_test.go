package demo

import (
	"context"
	"time"

	"tongluo/schedule"
	"tongluo/schedule/report"
)

// folders lays office packs on disk, one sheet a unit, as the command line does.
type folders struct {
	dir  string
	zone *time.Location
}

func packsIn(dir string, zone *time.Location) schedule.Packer { return folders{dir, zone} }

func (f folders) Write(_ context.Context, p schedule.Pack) (string, error) {
	out := report.Pack{Day: p.Push.Day.String(), Slot: p.Push.Slot, Push: p.Push.ID, Item: p.Item.Title, Texts: []string{p.Item.Text()}}
	for _, b := range p.Files {
		out.Files = append(out.Files, report.File{Name: b.Name, Data: b.Data})
	}
	at := map[string]int{}
	for _, l := range p.Lines {
		if _, ok := at[l.Unit]; !ok {
			at[l.Unit] = len(out.Sheets)
			out.Sheets = append(out.Sheets, report.UnitSheet{Unit: l.Unit, Person: l.Person, Phone: l.Phone})
		}
		sheet := &out.Sheets[at[l.Unit]]
		sheet.Rows = append(sheet.Rows, report.PackRow{Delivery: l.Delivery, Handoff: l.Handoff, Unit: l.Unit, Group: l.Group,
			Person: l.Person, Due: l.Due.In(f.zone).Format("2006-01-02 15:04"), Clause: l.Clause})
	}
	return report.WritePack(f.dir, out)
}
