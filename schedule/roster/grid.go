package roster

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/xuri/excelize/v2"
)

// grid is one tab as it lies in the file: rows with something in them, merged
// cells filled downwards. Line breaks within a cell are kept.
type grid struct {
	table Table // names the file and the tab, reads days
	rows  []TableRow
	odd   oddities
	under map[spot]bool // filled from the merged cell above
	named bool          // a tab of a workbook
}

// spot is a cell: the row's number from 1 and the column from 0.
type spot struct{ row, column int }

// maxFills bounds the work that merged cells may make.
const maxFills = 5_000_000

// readGrids reads every visible tab of a workbook, or a CSV file as one. hidden
// are the tabs that nobody sees and that are not read.
func readGrids(name string, r io.Reader) (grids []*grid, hidden []string, err error) {
	t := Table{File: filepath.Base(name), at: map[string]int{}}
	data, err := io.ReadAll(io.LimitReader(r, MaxSheetBytes+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s 读不出来: %w", t.File, err)
	case len(data) > MaxSheetBytes:
		return nil, nil, t.Problem(0, "", "文件超过 %d MB，请拆成几个文件", MaxSheetBytes>>20)
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		text, err := t.utf8(data)
		if err != nil {
			return nil, nil, err
		}
		g := &grid{table: t}
		return []*grid{g}, nil, g.take(t.csvRows(text, tidyLines))
	case ".xlsx":
		return t.workbook(data)
	}
	return nil, nil, t.Problem(0, "", "不是能读的格式，请另存为 xlsx 或“CSV UTF-8”")
}

// take keeps the rows with something in them.
func (g *grid) take(rows iter.Seq2[TableRow, error]) error {
	for row, err := range rows {
		switch {
		case err != nil:
			return err
		case len(row.cells) == 0:
		case len(row.cells) > maxColumns:
			return g.table.Problem(row.Number, "", "超过 %d 列，请删去右边多余的列", maxColumns)
		case len(g.rows) == MaxSheetRows:
			return g.table.Problem(row.Number, "", "超过 %d 行，请拆成几个文件", MaxSheetRows)
		default:
			g.rows = append(g.rows, row)
		}
	}
	return nil
}

func (t *Table) workbook(data []byte) (grids []*grid, hidden []string, err error) {
	f, err := t.openXLSX(data)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // read-only, in memory
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		t.date1904 = *props.Date1904
	}
	t.serials = true
	parts := partsOf(data)
	for _, tab := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(tab); err == nil && !visible {
			hidden = append(hidden, tab)
			continue
		}
		g := &grid{table: *t, named: true}
		g.table.Sheet = tab
		if err := g.take(g.table.xlsxRows(f, tab, tidyLines)); err != nil {
			return nil, nil, err
		}
		if err := g.look(f, parts, tab); err != nil {
			return nil, nil, err
		}
		grids = append(grids, g)
	}
	return grids, hidden, nil
}

// errNoPart is a workbook whose parts lie elsewhere than the format says.
var errNoPart = errors.New("no such part")

// look reads what the rows alone do not tell: merged cells, formulas without a
// value, numbers with an exponent.
func (g *grid) look(f *excelize.File, parts map[string]string, tab string) error {
	if len(g.rows) == 0 {
		return nil
	}
	part, ok := parts[tab]
	raw, loaded := f.Pkg.Load(part)
	data, bytes := raw.([]byte)
	if !ok || !loaded || !bytes {
		return g.table.Problem(0, "", "这张表读不完整（%v），请用 Excel 或 WPS 打开后另存为 xlsx", errNoPart)
	}
	odd, err := readOddities(data)
	if err != nil {
		return g.table.Problem(0, "", "这张表读不完整（%v），请用 Excel 或 WPS 打开后另存为 xlsx", err)
	}
	g.odd = odd
	g.spellNumbers()
	return g.fillMerged()
}

// spellNumbers writes out numbers that the file keeps with an exponent: as a
// number cell they are exact.
func (g *grid) spellNumbers() {
	for i, row := range g.rows {
		for c := range row.cells {
			if text, ok := g.odd.numbers[spot{row.Number, c}]; ok {
				g.rows[i].cells[c] = text
			}
		}
	}
}

// fillMerged writes a merged cell's text into the rows beneath that have
// something of their own. To the right it is not repeated: titles and notes are
// merged across.
func (g *grid) fillMerged() error {
	at := map[int]int{}
	for i, row := range g.rows {
		at[row.Number] = i
	}
	g.under = map[spot]bool{}
	fills := 0
	for _, m := range g.odd.merged {
		first, ok := at[m.from.row]
		if !ok || m.from.column >= len(g.rows[first].cells) || m.from.column >= maxColumns {
			continue
		}
		text := g.rows[first].cells[m.from.column]
		for i := first + 1; text != "" && i < len(g.rows) && g.rows[i].Number <= m.to.row; i++ {
			if fills++; fills > maxFills {
				return g.table.Problem(0, "", "合并的单元格太多，请取消合并后再试")
			}
			g.put(i, m.from.column, text)
		}
	}
	return nil
}

func (g *grid) put(i, column int, text string) {
	row := &g.rows[i]
	for len(row.cells) <= column {
		row.cells = append(row.cells, "")
	}
	if row.cells[column] == "" {
		row.cells[column] = text
		g.under[spot{row.Number, column}] = true
	}
}

// tidyLines is tidy that keeps line breaks within a cell.
func tidyLines(cells []string) []string {
	for i, c := range cells {
		if !strings.ContainsAny(c, "\n\r") {
			cells[i] = cleanCell(c)
			continue
		}
		var lines []string
		for line := range strings.FieldsFuncSeq(c, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = cleanCell(line); line != "" {
				lines = append(lines, line)
			}
		}
		cells[i] = strings.Join(lines, "\n")
	}
	return trimTail(cells)
}
