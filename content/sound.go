package content

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// ErrUnsound is a part that can never go as it was approved.
var ErrUnsound = errors.New("media is not what was approved")

// Sound reports whether bytes are those of a part, and may be sent as what they
// are called: ErrUnsound otherwise, also for a part without bytes.
func (p Part) Sound(data []byte) error {
	n := slices.IndexFunc(formats, func(f format) bool {
		return f.kind == p.Kind && f.magic(data) && (p.Kind != File || slices.Contains(f.exts, strings.ToLower(path.Ext(p.Name))))
	})
	switch {
	case len(data) == 0, int64(len(data)) != p.Size, newBlob(p.Name, data).SHA256 != p.SHA256:
		return fmt.Errorf("%w: its bytes are others", ErrUnsound)
	case n < 0:
		return fmt.Errorf("%w: it is no %s", ErrUnsound, p.Kind)
	case len(data) > formats[n].limit:
		return fmt.Errorf("%w: %d bytes are too many", ErrUnsound, len(data))
	}
	return nil
}
