package report

import (
	"io"

	"tongluo/schedule/roster"
)

// Entry is one line of the ledger so far (补录): something a unit says it has
// already sent this year.
type Entry struct {
	Row    int    // as the spreadsheet numbers it
	Day    string // local "2006-01-02"
	Unit   string // name or path, as written
	Group  string
	Title  string
	Media  []string // text, picture, video, file, link, in this order
	Themes []string
	Person string
}

// The columns of a ledger that differ from a tick-list's.
const (
	colDate  = "日期"
	colTitle = "内容"
	colForm  = "形式"
	colTheme = "主题"
)

// LedgerColumns are the columns of a ledger sheet; 日期, 单位, 群名称 and 形式 are required.
func LedgerColumns() []string {
	return []string{colDate, colUnit, colGroup, colTitle, colForm, colTheme, colPerson}
}

// ReadLedger reads the ledger so far (xlsx or csv). 形式 and 主题 take several
// values separated by 、,; or /. The error is roster.Problems in Chinese with
// row and column, and then nothing is returned.
func ReadLedger(name string, r io.Reader) ([]Entry, error) {
	t, err := roster.ReadTable(name, r, roster.Layout{Columns: LedgerColumns(), Required: []string{colDate, colUnit, colGroup, colForm}})
	if err != nil {
		return nil, err
	}
	rd := ledgerReader{reader{table: t}}
	entries := make([]Entry, 0, len(t.Rows))
	for _, row := range t.Rows {
		rd.row = row
		entries = append(entries, rd.entry())
	}
	if err := rd.problems.Err(); err != nil {
		return nil, err
	}
	return entries, nil
}

type ledgerReader struct{ reader }

func (r *ledgerReader) entry() Entry {
	for _, c := range []string{colDate, colUnit, colGroup, colForm} {
		if r.cell(c) == "" {
			r.wrong(c, "空着，请写%s", map[string]string{colDate: "日期，如 2026-03-05", colUnit: "花名册里的单位", colGroup: "花名册里的群名称", colForm: " 文字、图片、视频、文件 或 链接"}[c])
		}
	}
	return Entry{Row: r.row.Number, Day: r.day(colDate), Unit: r.cell(colUnit), Group: r.cell(colGroup), Title: r.cell(colTitle),
		Media: r.media(), Themes: roster.SplitList(r.cell(colTheme)), Person: r.cell(colPerson)}
}

func (r *ledgerReader) media() []string {
	said := map[string]bool{}
	for _, word := range roster.SplitList(r.cell(colForm)) {
		kind, ok := mediaOf(word)
		if !ok {
			r.wrong(colForm, "不认识“%s”，请写 文字、图片、视频、文件 或 链接", word)
		}
		said[kind] = true
	}
	var out []string
	for _, kind := range []string{"text", "picture", "video", "file", "link"} {
		if said[kind] {
			out = append(out, kind)
		}
	}
	return out
}

func mediaOf(word string) (string, bool) {
	switch word {
	case "文字":
		return "text", true
	case "图片":
		return "picture", true
	case "视频":
		return "video", true
	case "文件":
		return "file", true
	case "链接":
		return "link", true
	}
	return "", false
}
