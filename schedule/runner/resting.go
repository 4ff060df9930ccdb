package runner

import (
	"context"
	"fmt"
	"time"
)

// Resting is until when the account rests after it was told to slow down; it may
// be past. Anybody may ask, the runner or not.
func Resting(ctx context.Context, marks interface {
	MarkOf(ctx context.Context, key string) (string, error)
}) (time.Time, error) {
	s, err := marks.MarkOf(ctx, markRest)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the account's rest: %w", err)
	}
	_, until := parseRest(s)
	return until, nil
}
