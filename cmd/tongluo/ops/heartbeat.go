package ops

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Heartbeat calls an address of somebody who watches for silence (healthchecks.io
// and the like): the address itself while all is well, the address with /fail
// when it is not.
type Heartbeat struct {
	Address string
	Every   time.Duration
	caller  caller
}

// NewHeartbeat is a heartbeat every so often.
func NewHeartbeat(address string, every time.Duration) *Heartbeat {
	return &Heartbeat{address, every, newCaller()}
}

// Beat calls once.
func (h *Heartbeat) Beat(ctx context.Context, well bool) error {
	address := h.Address
	if u, err := url.Parse(address); err == nil && !well {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/fail"
		address = u.String()
	}
	_, err := h.caller.call(ctx, http.MethodGet, address, nil)
	return err
}
