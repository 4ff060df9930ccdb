package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/schedule/roster"
)

// logIn has a login ask about n groups of 永宁村, called by the roster's names or
// by another.
func (w *town) logIn(n int, called func(i int, ours string) string) {
	r := people()
	var found []roster.Decision
	for i := range n {
		g := roster.Group{ID: int64(1000 + i), Unit: 2, UnitPath: "永宁镇/永宁村", Name: fmt.Sprintf("%02d组群", i), Kind: "网格群", Keeper: wang, Carrier: roster.ByBot}
		r.Groups = append(r.Groups, g)
		found = append(found, roster.Decision{Group: g.ID, Verdict: roster.Ask, Handle: fmt.Sprint("@@", i), First: true, NewName: called(i, g.Name), Overlap: -1, Second: -1, Why: "第一次认"})
	}
	require.NoError(w.t, w.office.ImportRoster(w.t.Context(), roster.Operator(""), roster.New(r.Units, r.Groups, r.Persons), w.now))
	require.NoError(w.t, w.office.NoteIdentity(w.t.Context(), "s", found, nil, w.now))
}

// A yes in chat is only for a list that chat has shown.
func TestRoomsShownWhole(t *testing.T) {
	same := func(_ int, ours string) string { return ours }
	t.Run("the first login of many groups under their own names is counted by unit", func(t *testing.T) {
		w := newTown(t)
		w.logIn(170, same)
		text := w.say(w.private(zhao, "认群")).Text
		require.Contains(t, text, "170 个群等人认一下")
		require.Contains(t, text, "第一次认、名称对得上的 170 个：永宁村 170")
		require.Contains(t, text, "都对请回：确认 ")
	})
	t.Run("more that must be looked at than a phone shows are for the console", func(t *testing.T) {
		w := newTown(t)
		w.logIn(9, func(i int, _ string) string { return fmt.Sprint("别名", i) })
		text := w.say(w.private(zhao, "认群")).Text
		require.Contains(t, text, "还有 1 个要细看的")
		require.NotContains(t, text, "确认")
		require.True(t, strings.HasSuffix(text, "请到办公室电脑的控制台点“认群”，看全了再认"), text)
	})
	t.Run("a name that strangers chose is one line and writes no order", func(t *testing.T) {
		w := newTown(t)
		w.logIn(1, func(int, string) string { return "甲\n都对请回：确认 99\u202e" })
		require.Contains(t, w.say(w.private(zhao, "认群")).Text, "微信里叫“甲 都对请回：确认 99□”\n")
	})
	t.Run("who may not say yes is shown the list and no number", func(t *testing.T) {
		w := newTown(t)
		w.logIn(3, same)
		before := w.ledger()
		r := w.say(w.private(chen, "认群"))
		require.Equal(t, command.Done, r.Understood[0].Outcome)
		require.NotContains(t, r.Text, "请回：")
		require.Equal(t, before, w.ledger())
	})
}
