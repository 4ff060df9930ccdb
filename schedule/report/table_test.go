package report

import (
	"bytes"
	"strings"
	"testing"

	"tongluo/schedule/roster"

	"github.com/stretchr/testify/require"
)

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "永宁": 4, "２": 2, "：": 2, "e\u0301": 1, "a\u200bb": 2, "👍": 2} {
		require.Equal(t, want, Width(s), "%q", s)
	}
}

func TestTable(t *testing.T) {
	headers := []string{"单位", "群", "达标"}
	rows := [][]string{{"永宁村", "便民群", "2/2"}, {"a村", "党员\n群", "10/12"}, {"空村"}}
	t.Run("lines Chinese up", func(t *testing.T) {
		require.Equal(t, ""+
			"单位    群        达标\n"+
			"----------------------\n"+
			"永宁村  便民群     2/2\n"+
			"a村     党员 群  10/12\n"+
			"空村\n", Table(headers, rows, 0))
	})
	t.Run("becomes blocks on a phone", func(t *testing.T) {
		got := Table(headers, rows, 18)
		require.Equal(t, "永宁村\n  群：便民群\n  达标：2/2\na村\n  群：党员 群\n  达标：10/12\n空村\n", got)
	})
	t.Run("no line is wider than the terminal", func(t *testing.T) {
		long := [][]string{{strings.Repeat("长名字", 20), "x", strings.Repeat("理由", 40)}}
		for _, width := range []int{10, 40, 80} {
			for l := range strings.Lines(Table(headers, long, width)) {
				require.LessOrEqual(t, Width(l), width)
			}
		}
	})
	require.Empty(t, Table(nil, nil, 40))
}

func TestGrid(t *testing.T) {
	units, weeks := []string{"永宁村", "安平村"}, []string{"W23", "W24", "W25"}
	cells := [][]string{{"2/2", "1/2", ""}}
	require.Equal(t, ""+
		"单位    W23  W24  W25\n"+
		"---------------------\n"+
		"永宁村  2/2  1/2    -\n"+
		"安平村    -    -    -\n", Grid(units, weeks, cells, 40))
	require.Equal(t, "永宁村\n  W23 2/2  W24 1/2\n  W25 -\n安平村\n  W23 -  W24 -\n  W25 -\n", Grid(units, weeks, cells, 19))
}

func TestMarkdown(t *testing.T) {
	require.Equal(t, "| 单位 | 原因 |\n|---|---|\n| 永宁村 | a\\|b c |\n", Markdown([]string{"单位", "原因"}, [][]string{{"永宁村", "a|b\nc"}}))
}

func TestWriteCSV(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, WriteCSV(&out, []string{"单位", "原因"}, [][]string{{"=1+1", "甲,\"乙\""}}))
	require.Equal(t, "\xef\xbb\xbf单位,原因\r\n'=1+1,\"甲,\"\"乙\"\"\"\r\n", out.String())
	table, err := roster.ReadTable("a.csv", &out, roster.Layout{Columns: []string{"单位", "原因"}})
	require.NoError(t, err)
	require.Equal(t, "=1+1", table.Cell(table.Rows[0], "单位"))
}
