package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
)

// TestRank: 排名 is answered only where the office wants it, and counts against a
// village only what is the village's.
func TestRank(t *testing.T) {
	w := newTown(t)
	s := command.DefaultSettings()
	s.Ranking = true
	w.talk = command.New(w.office, s)
	w.until(at(w, 2, 10, 0))
	w.say(w.private(wang, "全部已转"))
	w.until(at(w, 5, 10, 0))
	w.say(w.private(wang, "全部已转"))
	w.until(at(w, 8, 9, 10)) // 前埔村 sent nothing; 沙堤村's group is not seen, which is nobody's there
	require.Equal(t, `上周，按村里没转的占多少排，一样的并列，怪不到村里的不算：
1. 0/1 沙堤村 落后 1，村里的 0
1. 2/2 永宁村
3. 0/1 前埔村 落后 1，村里的 1
看图请回：图`, w.say(w.private(lin, "排名 上周")).Text)
}
