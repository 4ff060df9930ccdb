package command_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
)

// TestReadStorm is F24 by the hundred thousand: messages made of commands, names,
// disguises and rubbish are read without a panic, and understood whole or not at
// all. Ten long runs (make soak) are two million.
func TestReadStorm(t *testing.T) {
	messages := 3_000
	if os.Getenv("TONGLUO_SOAK") != "" {
		messages = 200_000
	}
	seed := rand.Uint64()
	s := &siege{r: rand.New(rand.NewPCG(seed, 3))}
	understood := 0
	for range messages {
		text := babble(s.r)
		switch s.r.IntN(4) {
		case 0:
			text = s.sprinkle(text, append(unseen, turned...))
		case 1:
			b := []byte(text)
			for range 1 + s.r.IntN(3) {
				b[s.r.IntN(len(b))] ^= 1 << s.r.IntN(8)
			}
			text = string(b)
		}
		calls, ok := command.Spoken(text)
		if !ok {
			require.Empty(t, calls, "%q", text)
			continue
		}
		understood++
		for _, c := range calls {
			for i, word := range c {
				require.NotEmpty(t, word, "%q: word %d", text, i)
			}
		}
	}
	require.Positive(t, understood)
	t.Logf("%d messages, %d understood, seed %d", messages, understood, seed)
}
