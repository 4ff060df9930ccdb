package roster

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of a workbook, which is a zip (reliability.md §7).
const (
	maxEntries  = 2000
	maxExpanded = 200 << 20
	maxRatio    = 100
	// freeExpanded is what a workbook may expand to at any ratio: a small
	// sheet of repeated words squeezes far better than 100 to 1.
	freeExpanded = 10 << 20
	// gridRows is how many rows a spreadsheet program has.
	gridRows = 1 << 20
)

var (
	bom      = []byte("\xef\xbb\xbf")
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte("\xd0\xcf\x11\xe0")
)

func (t *Table) readCSV(data []byte, l Layout) error {
	text, err := t.utf8(data)
	if err != nil {
		return err
	}
	return t.fill(l, t.csvRows(text, tidy))
}

// utf8 is the text of a CSV file: UTF-8 as it is, anything else as GB18030, of
// which GBK and GB2312 are parts.
func (t *Table) utf8(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, zipMagic) || bytes.HasPrefix(data, oleMagic) {
		return nil, t.Problem(0, "", "名字是 csv，内容却是 Excel 工作簿，请把扩展名改成 xlsx，或另存为“CSV UTF-8”")
	}
	if utf8.Valid(data) {
		return bytes.TrimPrefix(data, bom), nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) || bytes.IndexByte(text, 0) >= 0 {
		return nil, t.Problem(0, "", "既不是 UTF-8 也不是 GBK 编码，请在 Excel 或 WPS 里另存为“CSV UTF-8”或 xlsx")
	}
	return text, nil
}

func (t *Table) csvRows(data []byte, clean func([]string) []string) iter.Seq2[TableRow, error] {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	return func(yield func(TableRow, error) bool) {
		for {
			cells, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(TableRow{}, t.csvProblem(err))
				return
			}
			line, _ := r.FieldPos(0)
			lines := strings.Count(strings.Join(cells, ""), "\n")
			if !yield(TableRow{Number: line, cells: clean(cells), lines: lines}, nil) {
				return
			}
		}
	}
}

func (t *Table) csvProblem(err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return t.Problem(bad.StartLine, "", "引号没有成对，请用 Excel 或 WPS 重新另存为“CSV UTF-8”")
	}
	return err
}

func (t *Table) readXLSX(data []byte, l Layout) error {
	f, err := t.openXLSX(data)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read-only, in memory
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		t.date1904 = *props.Date1904
	}
	t.serials = true
	for _, sheet := range f.GetSheetList() {
		t.Sheet = sheet
		err := t.fill(l, t.xlsxRows(f, sheet, tidy))
		if !errors.Is(err, errNoHeader) {
			return err
		}
	}
	t.Sheet = ""
	return errNoHeader
}

// openXLSX refuses what would blow up in memory before the parser sees it.
func (t *Table) openXLSX(data []byte) (*excelize.File, error) {
	if bytes.HasPrefix(data, oleMagic) {
		return nil, t.Problem(0, "", "是旧的 xls 格式或加了密码，请去掉密码、另存为 xlsx")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || !bytes.HasPrefix(data, zipMagic) {
		return nil, t.Problem(0, "", "不是完好的 xlsx 文件，请用 Excel 或 WPS 打开后另存为 xlsx")
	}
	var expanded uint64
	for _, e := range z.File {
		expanded += min(e.UncompressedSize64, maxExpanded+1)
	}
	if len(z.File) > maxEntries || expanded > maxExpanded ||
		expanded > freeExpanded && expanded > maxRatio*uint64(len(data)) {
		return nil, t.Problem(0, "", "展开后太大，请只留一张表，把内容粘贴成数值后另存为 xlsx")
	}
	// The second limit decides what goes to a temporary file: nothing may, the
	// sheet holds names and phones.
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxExpanded, UnzipXMLSizeLimit: maxExpanded,
	})
	if err != nil {
		return nil, t.Problem(0, "", "打不开（%v），请用 Excel 或 WPS 打开后另存为 xlsx", err)
	}
	return f, nil
}

func (t *Table) xlsxRows(f *excelize.File, sheet string, clean func([]string) []string) iter.Seq2[TableRow, error] {
	return func(yield func(TableRow, error) bool) {
		rows, err := f.Rows(sheet)
		if err != nil {
			return // a chart tab has no rows
		}
		defer rows.Close() //nolint:errcheck // in memory
		for n := 1; n <= gridRows && rows.Next(); n++ {
			cells, err := rows.Columns()
			switch {
			case err != nil:
				err = t.Problem(n, "", "这一行读不出来（%v），请用 Excel 或 WPS 重新保存", err)
			case len(cells) > maxColumns:
				err = t.Problem(n, "", "超过 %d 列，请删去右边多余的列", maxColumns)
			}
			if !yield(TableRow{Number: n, cells: clean(cells)}, err) || err != nil {
				return
			}
		}
		if err := rows.Error(); err != nil {
			yield(TableRow{}, t.Problem(0, "", "读到一半出错（%v），请用 Excel 或 WPS 重新保存", err))
		}
	}
}
