package content_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/content"
)

// item is an approved text item for the audiences given.
func item(t testing.TB, id string, audiences ...string) content.Item {
	t.Helper()
	i, err := content.Approve(content.Item{ID: id, Title: id, Body: "正文", Author: "wang", State: content.Draft, Audiences: audiences}, "li", now)
	require.NoError(t, err)
	return i
}

func library(t testing.TB, items ...content.Item) *content.Library {
	t.Helper()
	l, err := content.NewLibrary(items)
	require.NoError(t, err)
	return l
}

func pick(l *content.Library, wants []content.Want, received content.History) content.Choice {
	return content.Pick(l, wants, received, "2026-06-10", 28)
}

func TestPick(t *testing.T) {
	residents, parents := content.Want{Group: 1, Audiences: []string{"居民"}}, content.Want{Group: 2, Audiences: []string{"家长"}}

	t.Run("serves_all_with_one_item_where_it_can", func(t *testing.T) {
		l := library(t, item(t, "a", "居民"), item(t, "b", "家长"), item(t, "c", "居民", "家长"))
		got := pick(l, []content.Want{residents, parents, residents}, nil)
		require.Len(t, got.Bundles, 1)
		require.Equal(t, "c", got.Bundles[0].Item.ID)
		require.Equal(t, []int64{1, 2}, got.Bundles[0].Groups)
		require.Empty(t, got.Bundles[0].Repeats)
	})
	t.Run("an_item_for_nobody_in_particular_is_for_all", func(t *testing.T) {
		require.Len(t, pick(library(t, item(t, "a")), []content.Want{residents, parents}, nil).Bundles, 1)
	})
	t.Run("never_repeats_while_something_fresh_fits", func(t *testing.T) {
		l := library(t, item(t, "a"), item(t, "b"), item(t, "c"))
		history := content.History{1: {}}
		var order []string
		for day := range 3 {
			today := time.Date(2026, 6, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			got := content.Pick(l, []content.Want{residents}, history, today, 28).Bundles[0]
			require.Empty(t, got.Repeats)
			history[1][got.Item.ID] = today
			order = append(order, got.Item.ID)
		}
		require.ElementsMatch(t, []string{"a", "b", "c"}, order)
		got := pick(l, []content.Want{residents}, history).Bundles[0]
		require.Equal(t, order[0], got.Item.ID, "the stalest")
		require.Equal(t, []int64{1}, got.Repeats)
	})
	t.Run("prefers_never_had_to_rested_to_recent", func(t *testing.T) {
		l := library(t, item(t, "a"), item(t, "b"))
		history := content.History{1: {"a": "2025-01-01"}}
		require.Equal(t, "b", pick(l, []content.Want{residents}, history).Bundles[0].Item.ID)
		history[1]["b"] = "2026-06-01"
		got := pick(l, []content.Want{residents}, history).Bundles[0]
		require.Equal(t, "a", got.Item.ID)
		require.Empty(t, got.Repeats, "rested for more than the cool-down")
	})
	t.Run("rests_exactly_the_cool_down", func(t *testing.T) {
		l := library(t, item(t, "a"))
		require.Empty(t, pick(l, []content.Want{residents}, content.History{1: {"a": "2026-05-13"}}).Bundles[0].Repeats)
		require.NotEmpty(t, pick(l, []content.Want{residents}, content.History{1: {"a": "2026-05-14"}}).Bundles[0].Repeats)
	})
	t.Run("prefers_what_the_others_had_longest_ago", func(t *testing.T) {
		l := library(t, item(t, "a"), item(t, "b"), item(t, "c"))
		history := content.History{1: {"a": "2026-06-08", "b": "2026-06-02"}, 2: {"a": "2026-06-08", "c": "2026-06-05"}}
		fresh := content.Want{Group: 3, Audiences: []string{"居民"}}
		got := pick(l, []content.Want{residents, parents, fresh}, history)
		require.Len(t, got.Bundles, 2)
		require.ElementsMatch(t, []string{"b", "c"}, []string{got.Bundles[0].Item.ID, got.Bundles[1].Item.ID})
	})
	t.Run("marks_only_those_who_had_it", func(t *testing.T) {
		got := pick(library(t, item(t, "a")), []content.Want{residents, parents}, content.History{2: {"a": "2026-06-09"}})
		require.Len(t, got.Bundles, 1)
		require.Equal(t, []int64{1, 2}, got.Bundles[0].Groups)
		require.Equal(t, []int64{2}, got.Bundles[0].Repeats)
	})
	t.Run("sends_only_what_is_approved", func(t *testing.T) {
		draft, retired := item(t, "a"), item(t, "b")
		draft.State, retired.State = content.Draft, content.Retired
		expired := item(t, "c")
		expired.ExpiresOn = "2026-06-09"
		got := pick(library(t, draft, retired, expired), []content.Want{residents}, nil)
		require.Empty(t, got.Bundles)
		require.Equal(t, []content.Unmet{{Groups: []int64{1}, Reason: "素材库里没有已通过、未过期的素材"}}, got.Unmet)
	})
}

func TestPickSaysWhyNothingFits(t *testing.T) {
	a := item(t, "a", "家长")
	a = content.Edit(a, func(i *content.Item) { i.Themes = []string{"刷单返利"} })
	a, err := content.Approve(a, "li", now)
	require.NoError(t, err)
	l := library(t, a)
	for _, c := range []struct {
		want content.Want
		says string
	}{
		{content.Want{Audiences: []string{"居民"}}, "没有给居民的已通过素材"},
		{content.Want{Audiences: []string{"家长"}, Media: []content.Media{content.Text, content.Picture}}, "给家长的已通过素材里，没有带文字和图片的"},
		{content.Want{Audiences: []string{"家长"}, Media: []content.Media{content.Text}, Themes: []string{"骗保"}}, "给家长、带文字的已通过素材里，没有讲“骗保”的"},
	} {
		got := pick(l, []content.Want{c.want}, nil)
		require.Len(t, got.Unmet, 1)
		require.Equal(t, c.says, got.Unmet[0].Reason)
	}
}

// TestPickAgainstBruteForce compares with the smallest set of items there is, on
// small cases: never more than one above it, seldom that.
func TestPickAgainstBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"居民", "家长", "学生", "老年人", "党员"}
	some := func() []string {
		return slices.DeleteFunc(slices.Clone(words), func(string) bool { return random.IntN(3) > 0 })
	}
	above := 0
	for range 300 {
		var items []content.Item
		for n := range 7 {
			items = append(items, item(t, fmt.Sprint("i", n), append(some(), words[n%5])...))
		}
		var wants []content.Want
		for n := range 8 {
			wants = append(wants, content.Want{Group: int64(n), Audiences: append(some(), words[n%5])})
		}
		got := pick(library(t, items...), wants, nil)
		served := 0
		for _, b := range got.Bundles {
			served += len(b.Groups)
		}
		require.Equal(t, len(wants), served)
		least := smallest(items, wants)
		require.LessOrEqual(t, len(got.Bundles), least+1)
		above += len(got.Bundles) - least
	}
	require.LessOrEqual(t, above, 15, "of 300 cases")
}

// smallest tries every set of items.
func smallest(items []content.Item, wants []content.Want) int {
	least := len(items) + 1
	for set := range 1 << len(items) {
		serves := func(w content.Want) bool {
			for n, i := range items {
				if set>>n&1 == 1 && slices.ContainsFunc(i.Audiences, func(a string) bool { return slices.Contains(w.Audiences, a) }) {
					return true
				}
			}
			return false
		}
		if !slices.ContainsFunc(wants, func(w content.Want) bool { return !serves(w) }) {
			least = min(least, bits.OnesCount(uint(set)))
		}
	}
	return least
}

func TestPickIsDeterministic(t *testing.T) {
	l, wants, history := county(t, 2_000)
	require.Equal(t, pick(l, wants, history), pick(l, wants, history))
}

// county is many groups of few kinds with a history of their own.
func county(t testing.TB, groups int) (*content.Library, []content.Want, content.History) {
	random := rand.New(rand.NewPCG(3, 4))
	var items []content.Item
	for n := range 40 {
		items = append(items, item(t, fmt.Sprintf("i%02d", n), [][]string{nil, {"居民", "家长"}, {"老年人"}, {"党员", "干部"}}[n%4]...))
	}
	var wants []content.Want
	history := content.History{}
	for g := range int64(groups) {
		wants = append(wants, content.Want{Group: g, Audiences: [][]string{{"居民"}, {"家长"}, {"居民", "老年人"}, {"党员"}}[g%4], Media: []content.Media{content.Text}})
		history[g] = map[string]string{}
		for range 8 {
			history[g][fmt.Sprintf("i%02d", random.IntN(6)*4)] = fmt.Sprintf("2026-05-%02d", 1+random.IntN(30))
		}
	}
	return library(t, items...), wants, history
}

func BenchmarkPick50000Groups(b *testing.B) {
	l, wants, history := county(b, 50_000)
	for b.Loop() {
		pick(l, wants, history)
	}
}
