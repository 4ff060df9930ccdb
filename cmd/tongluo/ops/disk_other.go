//go:build unix && !linux

package ops

// remote is not known here.
func remote(string) bool { return false }
