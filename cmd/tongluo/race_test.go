//go:build race

package main

// underRace: the race detector also checks pointers, which the shim under
// SQLite's files cannot pass.
const underRace = true
