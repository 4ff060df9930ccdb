package report

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"tongluo/schedule/roster"
)

// Tick is what a person wrote on one line of a tick-list.
type Tick struct {
	Row    int    // as the spreadsheet numbers it
	ID     int64  // 编号
	Done   bool   // ticked; otherwise Reason says why not
	Day    string // local "2006-01-02" the person says, empty: not given
	Given  string // local day the office gave the pack to the person, empty: not said
	Reason string
}

// tickLayout is loose: people add columns of their own to a tick-list.
func tickLayout() roster.Layout {
	return roster.Layout{Columns: append(tickColumns(), otherTicks...), Required: []string{colID}, Loose: true}
}

// otherTicks are the headings the tick column has when a list was retyped.
var otherTicks = []string{"已转发（填√）", "已转发"}

// ReadTickList reads a tick-list (xlsx or csv) back. Lines nobody wrote on are
// left out. The error is roster.Problems in Chinese with row and column, and
// then nothing is returned.
func ReadTickList(name string, r io.Reader) ([]Tick, error) {
	t, err := roster.ReadTable(name, r, tickLayout())
	if err != nil {
		return nil, err
	}
	rd := tickReader{reader: reader{table: t}, first: map[int64]int{}}
	column := slices.IndexFunc(t.Has, func(c string) bool { return c == colTick || slices.Contains(otherTicks, c) })
	if column < 0 {
		return nil, t.Problem(0, "", "没有“%s”一列，请补上这一列", colTick)
	}
	rd.column = t.Has[column]
	var ticks []Tick
	for _, row := range t.Rows {
		rd.row = row
		if tick, ok := rd.tick(); ok {
			ticks = append(ticks, tick)
		}
	}
	if err := rd.problems.Err(); err != nil {
		return nil, err
	}
	return ticks, nil
}

// reader gathers what is wrong with the row at hand.
type reader struct {
	table    roster.Table
	row      roster.TableRow
	problems roster.Problems
}

func (r *reader) cell(column string) string { return r.table.Cell(r.row, column) }

func (r *reader) wrong(column, format string, args ...any) {
	r.problems = append(r.problems, r.table.Problem(r.row.Number, column, format, args...))
}

// day reads an optional day.
func (r *reader) day(column string) string {
	s := r.cell(column)
	if s == "" {
		return ""
	}
	day, ok := r.table.Day(s)
	if !ok {
		r.wrong(column, "“%s”不是完整的日期，请写成 2026-06-02 这样", s)
	}
	return day
}

type tickReader struct {
	reader
	column string
	first  map[int64]int // number → its row
}

// tick reads one line; a line nobody wrote on is none.
func (r *tickReader) tick() (Tick, bool) {
	before := len(r.problems)
	t := Tick{Row: r.row.Number, Reason: r.cell(colReason), Day: r.day(colDay), Given: r.day(colGiven)}
	done, ok := ticked(r.cell(r.column))
	t.Done = done
	switch {
	case !ok:
		r.wrong(r.column, "看不懂“%s”，转了请填 √，没转请空着", r.cell(r.column))
	case done && t.Reason != "":
		r.wrong(colReason, "又填了 √ 又写了转不了的原因，请只留一样")
	case !done && t.Day != "":
		r.wrong(colDay, "写了转发日期却没填 √，请填 √ 或清空日期")
	}
	if !done && t.Reason == "" && t.Given == "" {
		return Tick{}, false
	}
	t.ID = r.id()
	return t, len(r.problems) == before
}

func (r *tickReader) id() int64 {
	s := r.cell(colID)
	id, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSuffix(roster.HalfWidth(s), ".0"), "#"), 10, 64)
	if err != nil || id <= 0 {
		r.wrong(colID, "“%s”不是编号，请照原表写数字，例如 37", s)
		return 0
	}
	if n, twice := r.first[id]; twice {
		r.wrong(colID, "%d 在第%d行已经登记过，请只留一行", id, n)
	}
	r.first[id] = r.row.Number
	return id
}

// ticked reads the tick column; ok is false for a word that is neither.
func ticked(s string) (done, ok bool) {
	switch strings.TrimSuffix(strings.ToLower(roster.HalfWidth(s)), "\ufe0f") { // an emoji tick has a variant sign
	case "√", "✓", "✔", "☑", "v", "y", "是", "对", "已转", "已转发", "已发", "1", "true":
		return true, true
	case "", "0", "x", "×", "✗", "n", "-", "否", "未转", "没转", "转不了", "false":
		return false, true
	}
	return false, false
}
