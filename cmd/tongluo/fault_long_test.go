package main

import (
	"math/rand/v2"
	"os"
	"testing"
)

// scale is how much of a long test is run: a taste by default, the middle-sized
// one where TONGLUO_LONG is set, as it is in CI, all of it for TONGLUO_SOAK.
func scale(taste, ci, soak int) int {
	switch {
	case testing.Short():
		return taste
	case os.Getenv("TONGLUO_SOAK") != "":
		return soak
	case os.Getenv("TONGLUO_LONG") != "":
		return ci
	}
	return taste
}

// randomOf is the source of a test's chances, by the seed it logs.
func randomOf(t *testing.T) *rand.Rand { return rand.New(rand.NewPCG(crashSeed(t), 22)) }
