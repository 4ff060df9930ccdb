//go:build race

package store

// slow says that the race detector is on, under which SQLite runs some twenty
// times slower.
const slow = true
