package starter_test

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tongluo/content"
	"tongluo/content/poster"
	"tongluo/content/starter"
)

// sketch stands in for a poster where only the words matter.
func sketch(title, body string) ([]byte, error) { return []byte(title + "\n" + body), nil }

func items(t *testing.T) ([]content.Item, []content.Blob) {
	t.Helper()
	items, blobs, err := starter.Items(sketch)
	require.NoError(t, err)
	return items, blobs
}

func TestItems(t *testing.T) {
	all, blobs := items(t)

	t.Run("are_at_least_eighteen_and_sendable", func(t *testing.T) {
		require.GreaterOrEqual(t, len(all), 18)
		for _, i := range all {
			require.True(t, i.Sendable("2026-06-01"), i.ID)
			require.Equal(t, []content.Media{content.Text, content.Picture}, i.Media, i.ID)
			require.Equal(t, starter.Author, i.Author)
			require.Equal(t, starter.Approver, i.Approver)
		}
	})
	t.Run("are_short", func(t *testing.T) {
		for _, i := range all {
			n := utf8.RuneCountInString(i.Body)
			require.True(t, n >= 80 && n <= 220, "%s: %d", i.ID, n)
		}
	})
	t.Run("come_with_their_posters", func(t *testing.T) {
		require.Len(t, blobs, len(all))
		for n, i := range all {
			require.Equal(t, i.Attachments[0].SHA256, blobs[n].SHA256)
		}
	})
	t.Run("are_the_same_on_every_machine", func(t *testing.T) {
		again, _ := items(t)
		require.Equal(t, all, again)
	})
	t.Run("are_named_as_their_files_and_written_as_format_writes", func(t *testing.T) {
		for _, i := range all {
			src, err := fs.ReadFile(starter.Files(), i.ID+".md")
			require.NoError(t, err)
			again, err := content.Format(i)
			require.NoError(t, err)
			read, _, err := content.Parse(fstest.MapFS{"x.md": {Data: again}}, "x.md")
			require.NoError(t, err)
			require.Equal(t, i.Body, read.Body)
			require.Contains(t, string(src), i.Title)
		}
	})
}

func TestItemsPassOurOwnGate(t *testing.T) {
	all, _ := items(t)
	for _, i := range all {
		require.Empty(t, content.CheckItem(i, nil, content.DefaultAllow()), i.ID)
	}
}

func TestItemsServeEveryKindOfDuty(t *testing.T) {
	all, _ := items(t)
	library, err := content.NewLibrary(all)
	require.NoError(t, err)
	themes := []string{
		"存款及利率安全", "信用保护", "银行卡安全", "假币辨别和诈骗", // plan 2
		"扶贫敛财", "冒充机关", "高额回报集资", "微信短信敛财", "冒充亲友", "保健诱骗老人", // plan 3
		"骗保", // plan 4
	}
	for n, theme := range themes {
		want := content.Want{Group: int64(n), Audiences: []string{"居民"}, Media: []content.Media{content.Text, content.Picture}, Themes: []string{theme}}
		require.Len(t, content.Pick(library, []content.Want{want}, nil, "2026-06-01", content.DefaultCoolDown).Bundles, 1, theme)
	}
	var wants []content.Want
	for n, who := range []string{"居民", "家长", "学生", "老年人", "财会", "商户", "党员", "干部"} {
		wants = append(wants, content.Want{Group: int64(n), Audiences: []string{who}})
	}
	choice := content.Pick(library, wants, nil, "2026-06-01", content.DefaultCoolDown)
	require.Len(t, choice.Bundles, 1, "one item can serve every audience on one day")
	require.Len(t, choice.Bundles[0].Groups, len(wants))
}

func TestPosters(t *testing.T) {
	p, err := poster.New()
	require.NoError(t, err)
	all, _ := items(t)
	for n, i := range all {
		require.Empty(t, p.Missing(i.Title+i.Body+poster.DefaultFooter), i.ID)
		if n%8 != 0 {
			continue
		}
		data, err := p.Item(i.Title, i.Body)
		require.NoError(t, err)
		require.Less(t, len(data), 250<<10)
		require.Empty(t, content.CheckItem(i, [][]byte{data}, content.DefaultAllow()), "the picture holds nothing but the text")
	}
}
