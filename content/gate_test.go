package content_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/content"
)

// corpus reads the lines of a file in testdata, undoing escapes.
func corpus(t *testing.T, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	require.NoError(t, err)
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if strings.Contains(line, `\`) {
			plain, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
			require.NoError(t, err, line)
			line = plain
		}
		lines = append(lines, line)
	}
	require.GreaterOrEqual(t, len(lines), 100, name)
	return lines
}

func TestGate(t *testing.T) {
	t.Run("refuses_every_attack", func(t *testing.T) {
		for _, line := range corpus(t, "attacks.txt") {
			require.NotEmpty(t, content.Check(line, nil, content.DefaultAllow()), "%q", line)
		}
	})
	t.Run("refuses_attacks_inside_prose", func(t *testing.T) {
		for _, line := range corpus(t, "attacks.txt") {
			text := "各位村民请注意，\n" + line + "\n请互相转告。"
			require.NotEmpty(t, content.Check(text, nil, content.DefaultAllow()), "%q", line)
		}
	})
	t.Run("lets_honest_prose_pass", func(t *testing.T) {
		lines := corpus(t, "genuine.txt")
		var refused []content.Finding
		for _, line := range lines {
			refused = append(refused, content.Check(line, nil, content.DefaultAllow())...)
		}
		require.LessOrEqual(t, len(refused)*100, len(lines), "%v", refused)
	})
	t.Run("lets_honest_prose_pass_as_one_text", func(t *testing.T) {
		text := strings.Join(corpus(t, "genuine.txt"), "\n")
		require.LessOrEqual(t, len(content.Check(text, nil, content.DefaultAllow())), 1)
	})
	t.Run("names_the_line", func(t *testing.T) {
		found := content.Check("第一行\n第二行 evil.com", nil, content.Allow{})
		require.Equal(t, []content.Finding{{Kind: content.FoundLink, Text: "evil.com", Where: "正文第 2 行", Reason: found[0].Reason}}, found)
	})
	t.Run("names_the_title_of_an_item", func(t *testing.T) {
		found := content.CheckItem(content.Item{Title: "看 evil.com", Body: "一\n拨打 95588", Link: "https://a.gov.cn/"}, nil, content.DefaultAllow())
		var where []string
		for _, f := range found {
			where = append(where, f.Where)
		}
		require.Equal(t, []string{"正文第 3 行", "标题", "正文第 2 行"}, where)
	})
}

func TestAllow(t *testing.T) {
	allow := content.Allow{Hosts: []string{"mp.weixin.qq.com"}, Numbers: []string{"96110", "0595-88880000"}}
	t.Run("lets_a_listed_host_pass", func(t *testing.T) {
		require.Empty(t, content.Check("请看 https://mp.weixin.qq.com/s/AbC123456789012", nil, allow))
	})
	t.Run("refuses_what_only_looks_listed", func(t *testing.T) {
		for _, link := range []string{
			"https://mp.weixin.qq.com.evil.top/s/a", "https://mp.weixin.qq.com@evil.top/", "https://mp.weixin.qq.com:8080/s",
			"https://mp.weixin.qq.com/s?u=http://evil.top", "https://mp.weixin.qq.com/s?u=http%3A%2F%2Fevil.top",
			"https://mp-weixin.qq.com/s", "https://weixin.qq.com/s", "mp.weixin.qq.com。evil.top",
		} {
			require.NotEmpty(t, content.Check(link, nil, allow), link)
		}
	})
	t.Run("lets_listed_numbers_pass_and_no_others", func(t *testing.T) {
		require.Empty(t, content.Check("电话 0595-88880000 或 96110", nil, allow))
		require.NotEmpty(t, content.Check("拨打110", nil, allow))
		require.NotEmpty(t, content.Check("电话 0595-88880001", nil, allow))
		require.Empty(t, content.Check("拨打110、96110或者12381", nil, content.DefaultAllow()))
	})
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"", "http://a.cn", "１３８００１３８０００", "a。com", "\u202e%2e&#46;", "[::1]", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, found := range content.Check(s, nil, content.DefaultAllow()) {
			require.NotEmpty(t, found.Reason)
			require.NotEmpty(t, found.Where)
		}
		require.NotEmpty(t, content.Check(s+"\n点击 http://evil.example.com", nil, content.DefaultAllow()))
	})
}
