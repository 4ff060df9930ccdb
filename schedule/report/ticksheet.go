package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"tongluo/schedule/roster"

	"github.com/xuri/excelize/v2"
)

// The columns of a tick-list.
const (
	colID     = "编号"
	colUnit   = "单位"
	colGroup  = "群名称"
	colPerson = "转发人"
	colDue    = "截止"
	colGiven  = "交给本人日期" // from then the pack lay readable with the person
	colTick   = "已转发(填√)"
	colDay    = "转发日期"
	colReason = "转不了的原因"
	colClause = "条款"
)

const tickTab = "登记表"

// tickedRows is how far down the tick column helps with a list of choices.
const tickedRows = 5000

func tickColumns() []string {
	return []string{colID, colUnit, colGroup, colPerson, colDue, colGiven, colTick, colDay, colReason, colClause}
}

// renewTickList writes a new tick-list or adds the missing rows to the one
// that is there.
func renewTickList(root *os.Root, p Pack) error {
	old, err := root.ReadFile(TickListName)
	var data []byte
	switch {
	case errors.Is(err, fs.ErrNotExist):
		data, err = newTickList(p)
	case err == nil:
		if data, err = extendTickList(old, p); err != nil {
			err = fmt.Errorf("“%s”里可能已有登记，没有覆盖，请改好或移走后再试: %w", TickListName, err)
		}
	}
	if err != nil {
		return err
	}
	return writeFile(root, File{Name: TickListName, Data: data})
}

func newTickList(p Pack) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // in memory
	if err := f.SetSheetName("Sheet1", tickTab); err != nil {
		return nil, err
	}
	columns := tickColumns()
	if err := layOut(f, p, columns); err != nil {
		return nil, err
	}
	if err := addRows(f, tickTab, 2, columns, p.rows()); err != nil {
		return nil, err
	}
	return save(f)
}

// extendTickList returns the list with the rows of the pack it does not have
// yet, or the very same bytes when it has them all.
func extendTickList(old []byte, p Pack) ([]byte, error) {
	t, err := roster.ReadTable(TickListName, bytes.NewReader(old), tickLayout())
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	last := 1
	for _, row := range t.Rows {
		known[strings.TrimLeft(roster.HalfWidth(t.Cell(row, colID)), "#")] = true
		last = row.Number
	}
	missing := slices.DeleteFunc(p.rows(), func(r PackRow) bool { return known[fmt.Sprint(r.Delivery)] })
	if len(missing) == 0 {
		return old, nil
	}
	f, err := excelize.OpenReader(bytes.NewReader(old))
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // in memory
	header, err := headerOf(f, t.Sheet)
	if err != nil {
		return nil, err
	}
	if err := addRows(f, t.Sheet, last+1, header, missing); err != nil {
		return nil, err
	}
	return save(f)
}

// headerOf returns the headings as they stand; people may have moved columns.
func headerOf(f *excelize.File, tab string) ([]string, error) {
	rows, err := f.GetRows(tab)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if slices.Contains(row, colID) {
			return row, nil
		}
	}
	return nil, fmt.Errorf("没有“%s”一列", colID)
}

// rows returns every row of the pack once, in the order of the units.
func (p Pack) rows() []PackRow {
	var out []PackRow
	seen := map[int64]bool{}
	for _, s := range p.Sheets {
		for _, r := range s.Rows {
			if !seen[r.Delivery] {
				seen[r.Delivery] = true
				out = append(out, r)
			}
		}
	}
	return out
}

func addRows(f *excelize.File, tab string, from int, header []string, rows []PackRow) error {
	body, err := f.NewStyle(&excelize.Style{Border: borders(), Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}})
	if err != nil {
		return err
	}
	for i, r := range rows {
		text := map[string]string{colUnit: r.Unit, colGroup: r.Group, colPerson: r.Person, colDue: r.Due, colClause: r.Clause}
		for j, heading := range header {
			cell, err := excelize.CoordinatesToCellName(j+1, from+i)
			if err != nil {
				return err
			}
			if heading == colID {
				err = f.SetCellInt(tab, cell, r.Delivery)
			} else if s := text[heading]; s != "" {
				err = f.SetCellStr(tab, cell, roster.EscapeCell(s))
			}
			if err := errors.Join(err, f.SetCellStyle(tab, cell, cell, body)); err != nil {
				return err
			}
		}
	}
	return nil
}

func borders() []excelize.Border {
	var out []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		out = append(out, excelize.Border{Type: side, Color: "999999", Style: 1})
	}
	return out
}

func save(f *excelize.File) ([]byte, error) {
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		return nil, fmt.Errorf("save tick-list: %w", err)
	}
	return out.Bytes(), nil
}
