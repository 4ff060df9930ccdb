package tongluo_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

var (
	arrow    = regexp.MustCompile(`(?m)^ *([a-z_]+) --> ([a-z_]+)`)
	stateRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+?) \\| ([^|]+?) \\|$")
)

// section is what stands in a page under the heading, up to the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+heading+"\n")
	require.True(t, found, "docs/states.md has a section %q", heading)
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

// arrowsOf are the changes that the diagram of a section draws, sorted.
func arrowsOf(part string) []string {
	var out []string
	for _, m := range arrow.FindAllStringSubmatch(part, -1) {
		out = append(out, m[1]+" → "+m[2])
	}
	slices.Sort(out)
	return out
}

func TestStatesPage(t *testing.T) {
	page := section(t, read(t, "docs/states.md"), "Delivery 投递")
	t.Run("draws exactly the lawful changes", func(t *testing.T) {
		var lawful []string
		for from, to := range schedule.Moves {
			for _, s := range to {
				lawful = append(lawful, string(from)+" → "+string(s))
			}
		}
		slices.Sort(lawful)
		require.Equal(t, lawful, arrowsOf(page))
	})
	t.Run("gives every state its word and a sentence", func(t *testing.T) {
		words := map[schedule.State]string{}
		for _, m := range stateRow.FindAllStringSubmatch(page, -1) {
			words[schedule.State(m[1])] = m[2]
			require.True(t, strings.HasSuffix(m[3], "."), "%s: %s", m[1], m[3])
		}
		for from, to := range schedule.Moves {
			for _, s := range append([]schedule.State{from}, to...) {
				require.Equal(t, s.Chinese(), words[s], "docs/states.md: %s", s)
			}
		}
	})
}

func TestStatesPageDrawsTheAccount(t *testing.T) {
	page := section(t, read(t, "docs/states.md"), "Account 微信号")
	var lawful []string
	words := map[string]string{}
	for _, m := range stateRow.FindAllStringSubmatch(page, -1) {
		words[m[1]] = m[2]
		require.True(t, strings.HasSuffix(m[3], "."), "%s: %s", m[1], m[3])
	}
	for from, to := range schedule.AccountMoves {
		require.Equal(t, from.Chinese(), words[string(from)])
		for _, s := range to {
			lawful = append(lawful, string(from)+" → "+string(s))
		}
	}
	slices.Sort(lawful)
	require.Equal(t, lawful, arrowsOf(page))
	require.Len(t, words, len(schedule.AccountMoves))
	require.Contains(t, page, schedule.AccountOff.Chinese())
}

// The other records have no table of changes in the code, so only their words
// can be held against the page.
func TestStatesPageNamesTheOthers(t *testing.T) {
	page := read(t, "docs/states.md")
	for heading, states := range map[string][]string{
		"Push 推送": {string(schedule.PushWaiting), string(schedule.PushReady), string(schedule.PushRunning),
			string(schedule.PushDone), string(schedule.PushCancelled)},
		"Handoff 转发单": {string(schedule.HandoffWaiting), string(schedule.HandoffOpen), string(schedule.HandoffPart), string(schedule.HandoffDone),
			string(schedule.HandoffDeclined), string(schedule.HandoffLapsed)},
		"Flag 督办": {string(schedule.FlagRaised), string(schedule.FlagReminded), string(schedule.FlagEscalated), string(schedule.FlagResolved)},
	} {
		part := section(t, page, heading)
		drawn := strings.Join(arrowsOf(part), " ")
		for _, s := range states {
			require.Regexp(t, "\\b"+s+"\\b", drawn, heading)
		}
	}
}

func TestArrowsOfCanFail(t *testing.T) {
	require.Equal(t, []string{"held → queued", "queued → held"}, arrowsOf("stateDiagram-v2\n    [*] --> queued\n    queued --> held: no room\n    held --> queued\n"))
}
