package report

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/content/poster"
	"tongluo/schedule/calendar"
	"tongluo/schedule/coverage"
	"tongluo/schedule/plans"
)

var monday = time.Date(2026, time.June, 29, 1, 0, 0, 0, time.UTC)

// gridOf is a town of some villages over eight weeks, the last of them open.
// fate says what became of a village's two groups in a week.
func gridOf(villages int, fate func(village, week int) (coverage.Standing, coverage.Cause)) coverage.Grid {
	var weeks []calendar.Period
	for w := calendar.PeriodOf(calendar.Week, calendar.MustDate("2026-05-11")); len(weeks) < 8; w = w.Next() {
		weeks = append(weeks, w)
	}
	var keys []coverage.Key
	var sums []coverage.Sum
	for v := range villages {
		name := fmt.Sprintf("第%d村", v+1)
		keys = append(keys, coverage.Key{Key: "永宁镇/" + name, Name: name})
		for i, w := range weeks {
			if s, c := fate(v, i); s != "" {
				sums = append(sums, coverage.Sum{N: 2, Standing: s, Owed: coverage.Owed{Kind: plans.Quota, Means: plans.ByPush,
					UnitPath: "永宁镇/" + name, Period: w, Cause: c}})
			}
		}
	}
	return coverage.Weekly(sums, nil, weeks, "永宁镇", keys, monday)
}

// mixed is a bit of everything.
func mixed(v, week int) (coverage.Standing, coverage.Cause) {
	switch (v*3 + week) % 7 {
	case 0:
		return coverage.Behind, coverage.ByKeeper
	case 1:
		return coverage.Behind, coverage.ByOffice
	case 2:
		return coverage.Late, ""
	case 3:
		return "", ""
	}
	return coverage.Met, ""
}

func draw(t *testing.T, g coverage.Grid) (data []byte, colours map[color.RGBA]int) {
	t.Helper()
	data, err := new(Painter).Grid(g, "永宁镇 近 8 周 每周达标", "6月29日 周一 09:00")
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	colours = map[color.RGBA]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			colours[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	return data, colours
}

func TestGridPicture(t *testing.T) {
	t.Run("only what a keeper is behind on is coloured, and no sum", func(t *testing.T) {
		_, fine := draw(t, gridOf(4, func(int, int) (coverage.Standing, coverage.Cause) { return coverage.Behind, coverage.ByOffice }))
		require.Zero(t, fine[theirs], "the office's is not coloured")
		_, one := draw(t, gridOf(4, func(v, w int) (coverage.Standing, coverage.Cause) {
			if v == 2 && w == 3 {
				return coverage.Behind, coverage.ByKeeper
			}
			return coverage.Met, ""
		}))
		require.Greater(t, one[theirs], weekWidth*rowHeight/2)
		require.LessOrEqual(t, one[theirs], weekWidth*rowHeight, "the cell and no sum")
	})
	t.Run("none of the colours is a risk colour", func(t *testing.T) {
		_, all := draw(t, gridOf(9, mixed))
		for c := range all { // red, orange, yellow and green are saturated and have no blue on top
			high, low := max(c.R, c.G, c.B), min(c.R, c.G, c.B)
			require.True(t, high-low < 40 || c.B == high, "%v", c)
		}
	})
	t.Run("what is not owed is hatched", func(t *testing.T) {
		_, none := draw(t, gridOf(3, func(int, int) (coverage.Standing, coverage.Cause) { return "", "" }))
		_, full := draw(t, gridOf(3, func(int, int) (coverage.Standing, coverage.Cause) { return coverage.Met, "" }))
		require.Greater(t, none[hatch], 3*8*100)
		require.Zero(t, full[hatch])
	})
	t.Run("a phone reads it: as wide as a poster, small, every letter in the font", func(t *testing.T) {
		g := gridOf(25, mixed)
		data, _ := draw(t, g)
		require.Less(t, len(data), 300<<10)
		cfg, err := png.DecodeConfig(bytes.NewReader(data))
		require.NoError(t, err)
		require.Equal(t, poster.Width, cfg.Width)
		f, err := poster.NewFont()
		require.NoError(t, err)
		g.Other.Owed = 2
		for _, line := range append(gridNotes(g, 3, "6月29日 周一 09:00"), sentence(g.Total.Sum), "村办迟单位起合计本级…") {
			require.Empty(t, f.Missing(line), line)
			require.LessOrEqual(t, f.Measure(line, noteSize), poster.Width-2*edge, line)
		}
		if file := os.Getenv("TONGLUO_PICTURE"); file != "" { // to be looked at
			require.NoError(t, os.WriteFile(file, data, 0o644))
		}
	})
	t.Run("units beyond the page are said to be left out, the worst are there", func(t *testing.T) {
		g := gridOf(MostRows+5, mixed)
		require.Contains(t, gridNotes(g, len(g.Rows)-MostRows, "")[2], "5 个单位没有画")
		require.GreaterOrEqual(t, g.Rows[0].Sum.BehindKeeper, g.Rows[MostRows].Sum.BehindKeeper)
	})
}

func BenchmarkGridPicture(b *testing.B) {
	var p Painter
	g := gridOf(25, mixed)
	for b.Loop() {
		_, err := p.Grid(g, "永宁镇", "今天")
		require.NoError(b, err)
	}
}

// TestNameLines: no unit of a picture is taken for another whose name begins alike.
func TestNameLines(t *testing.T) {
	font, err := poster.NewFont()
	require.NoError(t, err)
	for name, want := range map[string][]string{
		"外高村":        {"外高村"},
		"后杆村民委员会":    {"后杆村民委员会"},
		"永宁镇中心小学二年级": {"永宁镇中心小学二", "年级"},
		"泉州市石狮市永宁镇外高片区第十二网格党员": {"泉州市石狮市永宁", "…第十二网格党员"},
	} {
		lines, size := nameLines(font, name)
		for _, line := range lines {
			require.LessOrEqual(t, font.Measure(line, size), nameWidth-12, line)
		}
		require.Equal(t, want, lines)
	}
	long, _ := nameLines(font, "永宁镇中心小学集团东校区一年级家长")
	other, _ := nameLines(font, "永宁镇中心小学集团东校区二年级家长")
	require.NotEqual(t, long, other)
}
