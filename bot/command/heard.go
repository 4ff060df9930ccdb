package command

import "sync"

// remembered is how many messages are known again. One session delivers a
// message twice within minutes, so this is hours of talk.
const remembered = 4096

// heard is a bounded memory of messages that have been answered: a message
// delivered twice is answered once. Its zero value is ready.
type heard struct {
	mu   sync.Mutex
	seen map[[2]string]bool
	ring [][2]string // oldest first from at
	at   int
}

// first reports whether the message is heard for the first time, and remembers
// it. A message without an id cannot be known again.
func (h *heard) first(session, id string) bool {
	if id == "" {
		return true
	}
	key := [2]string{session, id}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[key] {
		return false
	}
	if h.seen == nil {
		h.seen = make(map[[2]string]bool)
	}
	h.seen[key] = true
	if len(h.ring) < remembered {
		h.ring = append(h.ring, key)
		return true
	}
	delete(h.seen, h.ring[h.at])
	h.ring[h.at] = key
	h.at = (h.at + 1) % remembered
	return true
}
