package roster

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// relogins is how many bindings are tried: a sample, the middle of CI, or F11's
// whole million.
func relogins() int {
	switch {
	case os.Getenv("TONGLUO_SOAK") != "":
		return 1_000_000
	case os.Getenv("TONGLUO_LONG") != "":
		return 200_000
	}
	return 20_000
}

const townSize = 200

// campaign logs in until so many bindings have been decided.
func campaign(t testing.TB, n int, c chances, decide func(string, []Claim, []Room) []Decision) score {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var s score
	for s.all < n {
		seed++
		w := newWorld(seed, townSize, seed%5 == 0)
		for range 5 {
			w.relogin(c)
			w.judge(decide, &s)
		}
	}
	return s
}

func share(n, of int) float64 { return float64(n) / float64(of) }

// F11: 0 wrong in a million with adversarial names.
func TestReloginBindsNothingWrong(t *testing.T) {
	s := campaign(t, relogins(), hostile, Assign)
	t.Logf("%d bindings decided: %d bound, %d asked, %d wrong", s.all, s.bound, s.asked, s.wrong)
	require.Zero(t, s.wrong, "%v", s.examples)
	require.Greater(t, share(s.bound, s.all), 0.6, "a town in trouble is still mostly bound")
}

// F11: at least 95 % by itself when nothing was done to the names, and 80 % with
// one in ten renamed; few questions about groups that nobody touched.
func TestReloginBindsByItself(t *testing.T) {
	s := campaign(t, relogins()/4, calm, Assign)
	t.Logf("unchanged: %.2f %% bound, %.2f %% asked", 100*share(s.bound, s.all), 100*share(s.asked, s.all))
	require.Zero(t, s.wrong, "%v", s.examples)
	require.GreaterOrEqual(t, share(s.bound, s.all), 0.95)
	require.LessOrEqual(t, share(s.asked, s.all), 0.05)
	s = campaign(t, relogins()/4, renames, Assign)
	t.Logf("one in ten renamed: %.2f %% bound, %.2f %% asked, of the untouched %.2f %%", 100*share(s.bound, s.all),
		100*share(s.asked, s.all), 100*share(s.stillAsked, s.still))
	require.Zero(t, s.wrong, "%v", s.examples)
	require.GreaterOrEqual(t, share(s.bound, s.all), 0.80)
	require.LessOrEqual(t, share(s.stillAsked, s.still), 0.05)
}

// A decider that does not ask whether a name is unique, or whether the members
// agree, is caught: the simulation has teeth.
func TestReloginCatchesMutants(t *testing.T) {
	mutants := map[string]func(string, []Claim, []Room) []Decision{
		"a name need not be unique": func(login string, claims []Claim, rooms []Room) []Decision {
			seen := map[string]bool{}
			return Assign(login, claims, slices.DeleteFunc(slices.Clone(rooms), func(r Room) bool {
				bare, _ := splitName(r.Name)
				again := seen[bare]
				seen[bare] = true
				return again
			}))
		},
		"members need not agree": func(login string, claims []Claim, rooms []Room) []Decision {
			byName := map[string]*Trace{}
			for _, c := range claims {
				byName[c.name()] = c.Trace
			}
			rooms = slices.Clone(rooms)
			for i := range rooms {
				bare, _ := splitName(rooms[i].Name)
				if t := byName[bare]; t != nil {
					rooms[i].Sketch, rooms[i].Members = t.Sketch, t.Members
				}
			}
			return Assign(login, claims, rooms)
		},
		"the first room of the name will do": func(_ string, claims []Claim, rooms []Room) []Decision {
			byName := map[string]string{}
			for _, r := range slices.Backward(rooms) {
				bare, _ := splitName(r.Name)
				byName[bare] = r.Handle
			}
			var out []Decision
			for _, c := range claims {
				d := Decision{Group: c.Group, Verdict: Refuse}
				if h, ok := byName[c.name()]; ok {
					d.Verdict, d.Handle = Bind, h
				}
				out = append(out, d)
			}
			return out
		},
	}
	for name, decide := range mutants {
		t.Run(name, func(t *testing.T) {
			s := campaign(t, 2_000, hostile, decide)
			t.Logf("%d wrong", s.wrong)
			require.NotZero(t, s.wrong)
		})
	}
}
