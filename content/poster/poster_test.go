package poster_test

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"tongluo/content/poster"
)

const body = "陌生人拉你进群，先让你点赞、关注，几块钱佣金马上到账。等你信了，就要你垫钱做“大单”。\n" +
	"钱一垫进去，提现就变成“再做三单”“先交保证金”，越补越多，最后一分也拿不回来。\n" +
	"记住：凡是要你先垫钱的兼职，都是诈骗。已经转了账的，马上拨打110或96110。"

func open(t testing.TB) *poster.Poster {
	t.Helper()
	p, err := poster.New()
	require.NoError(t, err)
	return p
}

func TestDraw(t *testing.T) {
	p := open(t)
	t.Run("makes_a_small_png_of_full_width", func(t *testing.T) {
		data, err := p.Draw("刷单返利都是诈骗", body, "")
		require.NoError(t, err)
		require.Less(t, len(data), 250<<10)
		cfg, err := png.DecodeConfig(bytes.NewReader(data))
		require.NoError(t, err)
		require.Equal(t, poster.Width, cfg.Width)
		require.Greater(t, cfg.Height, 1000)
	})
	t.Run("grows_with_the_text_and_stays_small", func(t *testing.T) {
		data, err := p.Draw("很长的一段话", strings.Repeat("防诈骗不参与，", 140), "")
		require.NoError(t, err)
		cfg, err := png.DecodeConfig(bytes.NewReader(data))
		require.NoError(t, err)
		require.Greater(t, cfg.Height, 5000)
		require.Less(t, len(data), 600<<10)
	})
	t.Run("is_the_same_every_time", func(t *testing.T) {
		one, err := p.Item("标题", body)
		require.NoError(t, err)
		other, err := open(t).Item("标题", body)
		require.NoError(t, err)
		require.Equal(t, one, other)
	})
	t.Run("draws_what_it_has_no_letter_for_as_a_box", func(t *testing.T) {
		_, err := p.Draw("表情😀", "没有字形\t的字", "")
		require.NoError(t, err)
	})
	t.Run("refuses_nothing", func(t *testing.T) {
		_, err := p.Draw(" ", "\n", "")
		require.Error(t, err)
	})
}

func TestMissing(t *testing.T) {
	p := open(t)
	require.Empty(t, p.Missing("反诈热线 96110，堃垚喆犇镕昇䶮㛃！“”《》、…—·％①\n　"))
	require.Empty(t, p.Missing("每周至少推送兩次以上防范電信網絡詐騙為主要內容的圖片、文字等宣傳資料"))
	require.Equal(t, []rune{'😀', '🎣'}, p.Missing("a😀b🎣😀"))
}

func TestWrap(t *testing.T) {
	p := open(t)
	t.Run("keeps_words_and_numbers_whole", func(t *testing.T) {
		lines, err := p.Wrap("请下载国家反诈中心APP并打开预警共123456.78元", 50, 500)
		require.NoError(t, err)
		for n, l := range lines[1:] {
			last, first := []rune(lines[n]), []rune(l)
			require.False(t, last[len(last)-1] < 128 && first[0] < 128, "%q", lines)
		}
	})
	t.Run("keeps_empty_lines", func(t *testing.T) {
		lines, err := p.Wrap("一\n\n二", 50, 500)
		require.NoError(t, err)
		require.Equal(t, []string{"一", "", "二"}, lines)
	})
	t.Run("refuses_a_width_of_one_letter", func(t *testing.T) {
		_, err := p.Wrap("一", 50, 99)
		require.Error(t, err)
	})
}

func FuzzWrap(f *testing.F) {
	f.Add(body, 500)
	f.Add(strings.ReplaceAll(body, "\n", ""), 501)
	f.Add("，，，，，，，，，，，，，，，，。》」", 120)
	f.Add("00000z00 000z单   。", 500)
	f.Add("supercalifragilisticexpialidocious 110", 200)
	f.Add("“‘（《“‘（《“‘（《“‘（《\r\n\u2028 a", 130)
	p, err := poster.New()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 100 || width > 2000 || len(text) > 2000 {
			return
		}
		text = strings.ToValidUTF8(text, "")
		lines, err := p.Wrap(text, 50, width)
		require.NoError(t, err)
		require.Equal(t, letters(text), letters(strings.Join(lines, "")), "no letter is lost")
		if width < 300 || strings.Contains(text, "\n") { // an author may begin a paragraph with a mark
			return
		}
		for n, l := range lines[1:] {
			if strings.ContainsRune("，。！？、》」", first(l)) {
				require.True(t, marksOnly(lines[n]), "%q begins with a mark after %q", l, lines[n])
			}
		}
	})
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func first(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// marksOnly: the second half of the line offered no better place.
func marksOnly(line string) bool {
	half := []rune(line)
	for _, r := range half[len(half)/2:] {
		if unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}

func TestCanvas(t *testing.T) {
	p := open(t)
	c := p.NewCanvas(200, 100, poster.Paper)
	end := c.Text(10, 10, "覆盖率", poster.Style{Size: 40, Color: poster.Ink, Back: poster.Paper})
	require.InDelta(t, 10+p.Measure("覆盖率", 40), end, 1)
	data, err := c.PNG()
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, poster.Paper, color.RGBAModel.Convert(img.At(0, 0)))
}

func BenchmarkDraw(b *testing.B) {
	p := open(b)
	for b.Loop() {
		_, err := p.Draw("刷单返利都是诈骗", body, "")
		require.NoError(b, err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		open(b)
	}
}
