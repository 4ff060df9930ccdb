package command_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
)

// nextWords are what an answer asks its reader to type.
var nextWords = regexp.MustCompile(`请(?:先)?回：([^，；。\n]+)`)

// TestNextWords reads every 请回：X of every transcript as the speaker would type
// it: it is one command, and one that the speaker's role may say.
func TestNextWords(t *testing.T) {
	who := map[string][]string{}
	for _, c := range command.Table() {
		for _, role := range c.Who {
			who[c.Word] = append(who[c.Word], string(role))
		}
	}
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	asked := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		role := ""
		for i, line := range strings.Split(string(text), "\n") {
			if m := saidLine.FindStringSubmatch(line); m != nil && !strings.HasPrefix(line, "bot") {
				p, _ := people().Person(speakers()[m[1]])
				role = string(p.Role)
				continue
			}
			for _, m := range nextWords.FindAllStringSubmatch(line, -1) {
				for _, typed := range strings.Split(m[1], " 或 ") {
					words := command.Words(typed)
					assert.Len(t, words, 1, "%s:%d: %q is no command", name, i+1, typed)
					assert.True(t, len(words) > 0 && slices.Contains(who[words[0]], role), "%s:%d: %v is not for %s", name, i+1, words, role)
					asked++
				}
			}
		}
	}
	require.Greater(t, asked, 100)
}
