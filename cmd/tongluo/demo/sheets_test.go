package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/report"
)

// entry is one line of a tick-list as it lies on paper, and what the made-up
// people have written on it.
type entry struct {
	id          int64
	unit, group string
	slot        string        // "" for a push to be passed on
	date        calendar.Date // of the slot or push
	window      calendar.Date // the day its window lies on

	given, day calendar.Date
	done       bool
	reason     string

	readAt time.Time // when the office first read the answer
	known  time.Time // when the office first read that it was given
}

func (e *entry) answered() bool { return e.done || e.reason != "" }

// paper is a tick-list on disk: what the made-up office and its people see.
type paper struct {
	file string
	rows []*entry
}

// dragonBoat is a holiday: people are asked the working day before.
var dragonBoat = calendar.MustDate("2026-06-19")

// sheetOf reads a pack's tick-list, keeping what is known of its lines.
func sheetOf(t *testing.T, folder string, known map[int64]*entry) paper {
	t.Helper()
	file := filepath.Join(folder, report.TickListName)
	x, err := excelize.OpenFile(file)
	require.NoError(t, err)
	defer x.Close() //nolint:errcheck // only read
	lines, err := x.GetRows(x.GetSheetName(0))
	require.NoError(t, err)
	name := strings.Split(filepath.Base(folder), "-") // 2026 06 02 周二上午 31
	date := calendar.MustDate(strings.Join(name[:3], "-"))
	p := paper{file: file}
	for _, l := range lines[1:] {
		id, err := strconv.ParseInt(l[slices.Index(lines[0], "编号")], 10, 64)
		require.NoError(t, err)
		e := known[id]
		if e == nil {
			e = &entry{id: id, unit: l[slices.Index(lines[0], "单位")], group: l[slices.Index(lines[0], "群名称")], date: date, window: date}
			if len(name) == 5 {
				e.slot = name[3]
			}
			if date == dragonBoat {
				e.window = date.AddDays(-1)
			}
			known[id] = e
		}
		p.rows = append(p.rows, e)
	}
	return p
}

// write puts on the sheet what people wrote, in the ways they write dates.
func (p paper) write(t *testing.T) {
	t.Helper()
	x, err := excelize.OpenFile(p.file)
	require.NoError(t, err)
	tab := x.GetSheetName(0)
	lines, err := x.GetRows(tab)
	require.NoError(t, err)
	set := func(row int, column string, value any) {
		i := slices.Index(lines[0], column)
		require.GreaterOrEqual(t, i, 0, column)
		cell, err := excelize.CoordinatesToCellName(i+1, row+2)
		require.NoError(t, err)
		require.NoError(t, x.SetCellValue(tab, cell, value))
	}
	for i, e := range p.rows {
		require.Equal(t, strconv.FormatInt(e.id, 10), lines[i+1][slices.Index(lines[0], "编号")])
		if e.done {
			set(i, "已转发(填√)", []string{"√", "是", "✓"}[e.id%3])
		}
		if !e.day.IsZero() {
			set(i, "转发日期", []string{e.day.String(), strings.ReplaceAll(e.day.String(), "-", "/")}[e.id%2])
		}
		if !e.given.IsZero() {
			set(i, "交给本人日期", e.given.String())
		}
		set(i, "转不了的原因", e.reason)
	}
	require.NoError(t, x.Save())
	require.NoError(t, x.Close())
}

// read hands the sheet to the office as confirm --sheet does.
func (p paper) read(t *testing.T, w *world) int {
	t.Helper()
	f, err := os.Open(p.file)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // only read
	lines, err := report.ReadTickList(p.file, f)
	require.NoError(t, err)
	day := func(s string) calendar.Date {
		if s == "" {
			return calendar.Date{}
		}
		return calendar.MustDate(s)
	}
	var ticks []schedule.Tick
	for _, l := range lines {
		ticks = append(ticks, schedule.Tick{Row: l.Row, ID: l.ID, Done: l.Done, Day: day(l.Day), Given: day(l.Given), Reason: l.Reason})
	}
	n, err := w.office.ReadTicks(t.Context(), w.staff(), ticks, w.now)
	require.NoError(t, err)
	return n
}
