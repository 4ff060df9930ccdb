package report

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// layOut makes the empty tick-list: header, widths, the choice in the tick
// column, and A4 landscape ready to print.
func layOut(f *excelize.File, p Pack, columns []string) error {
	return errors.Join(header(f, columns), choice(f), page(f, p))
}

func header(f *excelize.File, columns []string) error {
	bold, err := f.NewStyle(&excelize.Style{Border: borders(), Font: &excelize.Font{Bold: true},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E7EEF7"}},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}})
	if err != nil {
		return err
	}
	width := map[string]float64{colID: 8, colUnit: 22, colGroup: 24, colPerson: 12, colDue: 17, colGiven: 13, colTick: 12, colDay: 13, colReason: 22, colClause: 40}
	for i, c := range columns {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		err = errors.Join(f.SetColWidth(tickTab, column, column, width[c]), f.SetCellStr(tickTab, column+"1", c), f.SetCellStyle(tickTab, column+"1", column+"1", bold))
		if err != nil {
			return err
		}
	}
	return f.SetPanes(tickTab, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// choice offers √; other words only bring a hint, since 是 and v are read too.
func choice(f *excelize.File) error {
	tick := excelize.NewDataValidation(true)
	tick.SetSqref(fmt.Sprintf("G2:G%d", tickedRows))
	tick.SetInput("已转发", "转好了填 √；没转请空着，转不了在右边写原因")
	tick.SetError(excelize.DataValidationErrorStyleInformation, "已转发", "请填 √，没转请空着")
	if err := tick.SetDropList([]string{"√"}); err != nil {
		return err
	}
	return f.AddDataValidation(tickTab, tick)
}

func page(f *excelize.File, p Pack) error {
	const a4 = 9
	size, landscape, wide, tall, fit := a4, "landscape", 1, 0, true
	title := []rune(strings.TrimSpace(strings.Join([]string{"转发登记表", p.Day, p.Slot, p.Item}, " ")))
	if len(title) > 80 {
		title = title[:80]
	}
	return errors.Join(
		f.SetPageLayout(tickTab, &excelize.PageLayoutOptions{Size: &size, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall}),
		f.SetSheetProps(tickTab, &excelize.SheetPropsOptions{FitToPage: &fit}),
		f.SetHeaderFooter(tickTab, &excelize.HeaderFooterOptions{
			OddHeader: "&C" + strings.ReplaceAll(string(title), "&", "&&"),
			OddFooter: "&C第 &P 页，共 &N 页",
		}),
		f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: tickTab + "!$1:$1", Scope: tickTab}),
	)
}
