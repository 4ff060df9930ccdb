package wechat

import (
	"slices"
	"sync"

	"github.com/eatmoreapple/openwechat"

	"tongluo/bot"
)

// handled knows how far a session's messages have been dealt with, which is as
// far as its key may be kept: what is not dealt with when the process dies is
// asked for again (reliability.md H10). Serve counts what it puts in, the reader
// what it is done with. Its zero value is not ready; key is the first to keep.
type handled struct {
	mu    sync.Mutex
	key   openwechat.SyncKey
	put   int
	done  int
	later []position
}

// position is a key and how many messages were put in before the service gave
// it.
type position struct {
	key openwechat.SyncKey
	put int
}

// begin is where a session starts.
func (h *handled) begin(key openwechat.SyncKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.key, h.put, h.done, h.later = cloneKey(key), 0, 0, nil
}

func (h *handled) said() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put++
}

func (h *handled) dealt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done++
}

// reached notes a key all of whose messages are in the inbox by now.
func (h *handled) reached(key openwechat.SyncKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.later); n > 0 && h.later[n-1].put == h.put { // it brought nothing
		h.later[n-1].key = cloneKey(key)
		return
	}
	h.later = append(h.later, position{key: cloneKey(key), put: h.put})
}

// safe is the last key all of whose messages have been dealt with.
func (h *handled) safe() openwechat.SyncKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for n < len(h.later) && h.later[n].put <= h.done {
		h.key = h.later[n].key
		n++
	}
	h.later = slices.Delete(h.later, 0, n)
	return cloneKey(h.key)
}

func cloneKey(k openwechat.SyncKey) openwechat.SyncKey {
	k.List = slices.Clone(k.List)
	return k
}

// Done implements bot.Transport.
func (t *Transport) Done(m bot.Message) {
	if l := t.lineOf(m.Session); l != nil {
		l.handled.dealt()
	}
}
