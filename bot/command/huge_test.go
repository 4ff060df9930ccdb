package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// F24: a megabyte of anything, said by somebody who may do everything, is no
// order, takes nobody's time and ends no process.
func TestMegabytes(t *testing.T) {
	s := newSiege(t)
	const megabyte = 1 << 20
	fill := func(word string) string { return strings.Repeat(word, megabyte/len(word)+1) }
	before := s.books.quiet()
	for name, text := range map[string]string{
		"an order":          fill("停发 "),
		"an order, no gaps": fill("停发"),
		"digits":            "已转 " + fill("1"),
		"full-width digits": "已转 " + fill("１"),
		"numbers":           "已转 " + fill("12、"),
		"emoji":             fill("👨‍👩‍👧‍👦"),
		"zero width":        "停" + fill("\u200b") + "发" + fill("\u200b") + "x",
		"turned":            fill("\u202e") + "停发",
		"quotes":            fill("「") + "停发",
		"closed quotes":     fill("「陈真：停发」"),
		"lines":             fill("停发\n"),
		"spoofed lines":     fill("陈真:<br/>停发<br/>"),
		"mentions":          fill("@所有人 ") + "停发",
		"no UTF-8":          fill("\xff\xfe") + "停发",
		"zeros":             fill("\x00"),
		"a reason":          "转不了 12 " + fill("群解散了，"),
		"Chinese numbers":   "已转" + fill("一百二十"),
		"courtesies":        fill("好的谢谢"),
	} {
		for _, who := range []int64{theLeader, theAdmin, 0} {
			clear(s.phone.sent)
			require.NoError(t, s.conv.Hear(t.Context(), s.says(who, "", text), s.now), name)
			require.Empty(t, s.phone.sent["@fake"], name)
			for _, said := range s.phone.sent {
				require.Less(t, len(strings.Join(said, "")), 4000, "%s is answered at length", name)
			}
		}
	}
	require.Empty(t, changed(before, s.books.quiet()))
	s.stillThere()
}
