package roster

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// What a sheet may be at most (reliability.md §7, upload and parse limits).
const (
	MaxSheetBytes = 20 << 20 // the file as it lies on disk
	MaxSheetRows  = 100_000  // rows with something in them
	maxCell       = 1000     // characters in one cell
	maxColumns    = 256
)

var errNoHeader = errors.New("no sheet has the columns")

// Layout names the columns that one kind of sheet may have, in any order.
type Layout struct {
	Columns  []string
	Required []string
	// Loose lets people add columns of their own; they are skipped. Otherwise
	// a heading nobody knows is refused, since it may be a known one mistyped.
	Loose bool
}

// Table is one sheet read into text: the known columns only, blank rows left out.
type Table struct {
	File  string   // base name
	Sheet string   // the tab of a workbook, "" for CSV
	Has   []string // the layout's columns that this sheet has
	Rows  []TableRow

	at       map[string]int // heading → index in TableRow.cells
	serials  bool           // a workbook: dates may be day numbers
	date1904 bool
}

// TableRow is one row with something in it.
type TableRow struct {
	Number int // as the spreadsheet numbers it, from 1; for CSV the line
	cells  []string
	lines  int // line breaks within its cells: for CSV the next row begins that much lower
}

// ReadTable reads clean CSV (UTF-8, with or without BOM, or GBK) or the first tab of
// an XLSX whose first filled row has the required headings. The format goes by
// the name's extension and is checked against the content. Cells come back
// trimmed, on one line, with EscapeCell undone. The error is Chinese, Problems
// where it belongs to a cell.
func ReadTable(name string, r io.Reader, l Layout) (Table, error) {
	t := Table{File: filepath.Base(name), at: map[string]int{}}
	data, err := io.ReadAll(io.LimitReader(r, MaxSheetBytes+1))
	if err != nil {
		return Table{}, fmt.Errorf("%s 读不出来: %w", t.File, err)
	}
	if len(data) > MaxSheetBytes {
		return Table{}, t.Problem(0, "", "文件超过 %d MB，请拆成几个文件", MaxSheetBytes>>20)
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		err = t.readCSV(data, l)
	case ".xlsx":
		err = t.readXLSX(data, l)
	default:
		err = t.Problem(0, "", "不是能读的格式，请另存为 xlsx 或“CSV UTF-8”")
	}
	if errors.Is(err, errNoHeader) {
		err = t.Problem(0, "", "没有找到表头，请在第一行写列名，必须有：%s；可以有：%s", strings.Join(l.Required, "、"), strings.Join(l.Columns, "、"))
	}
	if err != nil {
		return Table{}, err
	}
	return t, nil
}

// Cell returns the text under a heading of the layout, "" when the sheet does
// not have that column.
func (t Table) Cell(row TableRow, column string) string {
	i, ok := t.at[column]
	if !ok {
		return ""
	}
	return row.cells[i]
}

// Problem describes something wrong at a row (0: the whole file) and column.
func (t Table) Problem(row int, column, format string, args ...any) Problem {
	return Problem{File: t.File, Sheet: t.Sheet, Row: row, Column: column, What: fmt.Sprintf(format, args...)}
}

// Day reads a local day as people and Excel write it (2026-06-02, 2026/6/2,
// 2026.6.2, 2026年6月2日, a date cell) and returns it as "2006-01-02".
func (t Table) Day(s string) (string, bool) {
	s = HalfWidth(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil && t.serials && n > 20000 && n < 80000 { // 1954 to 2119
		day, err := excelize.ExcelDateToTime(n, t.date1904)
		return day.Format(time.DateOnly), err == nil
	}
	s, _, _ = strings.Cut(s, " ") // a time of day behind it says nothing about the day
	s = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-", "日", "").Replace(s)
	day, err := time.Parse("2006-1-2", s)
	if err != nil || day.Year() < 1949 || day.Year() > 2999 {
		return "", false
	}
	return day.Format(time.DateOnly), true
}

// fill takes the first filled row as the header and keeps the rows below it.
func (t *Table) fill(l Layout, rows iter.Seq2[TableRow, error]) error {
	var header []int // index of the sheet's column → index in the layout, -1 for none
	var problems Problems
	for row, err := range rows {
		switch {
		case err != nil:
			return err
		case len(row.cells) == 0:
		case header == nil:
			if header, err = t.readHeader(l, row); err != nil {
				return err
			}
		case len(t.Rows) == MaxSheetRows:
			return t.Problem(row.Number, "", "超过 %d 行，请拆成几个文件", MaxSheetRows)
		default:
			t.Rows = append(t.Rows, t.project(l, header, row, &problems))
		}
	}
	if header == nil {
		return errNoHeader
	}
	return problems.Err()
}

func (t *Table) readHeader(l Layout, row TableRow) ([]int, error) {
	for _, c := range l.Required {
		if !slices.Contains(row.cells, c) {
			return nil, errNoHeader
		}
	}
	header := make([]int, len(row.cells))
	var problems Problems
	for i, c := range row.cells {
		header[i] = slices.Index(l.Columns, c)
		_, twice := t.at[c]
		switch {
		case header[i] >= 0 && twice:
			problems = append(problems, t.Problem(row.Number, c, "这一列写了两次，请只留一列"))
		case header[i] >= 0:
			t.at[c] = header[i]
			t.Has = append(t.Has, c)
		case c != "" && !l.Loose:
			problems = append(problems, t.Problem(row.Number, c, "不认识这一列，请只用：%s", strings.Join(l.Columns, "、")))
		}
	}
	return header, problems.Err()
}

// project puts the cells into the layout's order.
func (t *Table) project(l Layout, header []int, row TableRow, problems *Problems) TableRow {
	out := TableRow{Number: row.Number, cells: make([]string, len(l.Columns))}
	for i, c := range row.cells {
		switch {
		case i < len(header) && header[i] >= 0:
			out.cells[header[i]] = c
			if utf8.RuneCountInString(c) > maxCell {
				*problems = append(*problems, t.Problem(row.Number, l.Columns[header[i]], "超过 %d 个字，请写短些", maxCell))
			}
		case c != "" && !l.Loose:
			*problems = append(*problems, t.Problem(row.Number, "", "第 %d 格有内容，但那一列没有列名，请写列名或清空", i+1))
		}
	}
	return out
}

// tidy cleans the cells and drops the empty tail, so that a blank row has none.
func tidy(cells []string) []string {
	for i, c := range cells {
		cells[i] = cleanCell(c)
	}
	return trimTail(cells)
}

func trimTail(cells []string) []string {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}
