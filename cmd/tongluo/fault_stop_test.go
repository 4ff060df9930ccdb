package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
	"tongluo/schedule/runner"
	"tongluo/store"
)

// stopper asks the daemon to stop just before or just after a commit.
type stopper struct {
	*store.DB
	left  int
	after bool
	stop  func()
}

// Advance implements runner.Store.
func (s *stopper) Advance(ctx context.Context, done *schedule.Result, want *schedule.Claim, now time.Time) (*schedule.Try, error) {
	s.left--
	if s.left == 0 && !s.after {
		s.stop()
	}
	try, err := s.DB.Advance(ctx, done, want, now)
	if s.left == 0 && s.after {
		s.stop()
	}
	return try, err
}

// TestStop has a stop asked for at each commit of a push. The daemon ends with
// every answer on record, and nothing is worse off for it.
func TestStop(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; at <= 6; at++ {
			t.Run(fmt.Sprintf("commit %d, after it: %t", at, after), func(t *testing.T) {
				r := newRig(t, 4).login()
				v := r.push(true)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				e := runner.New(r.office, &stopper{DB: r.db, left: at, after: after, stop: stop}, patient{r.tap}, r.desk, 1)
				_, _ = e.Step(ctx, r.now) // it may complain of the stop; the daemon does not call again
				require.Error(t, ctx.Err(), "it was stopped")
				b := r.books()
				require.Empty(t, b.wrong())
				require.Equal(t, len(b.got), b.partsIn(schedule.Accepted), "every answer is on record")
				require.Zero(t, b.partsIn(schedule.Sending)+b.in(schedule.Failed)+b.in(schedule.Uncertain), "%v", counts(b))
				_, err := r.runner.Recover(t.Context(), r.now)
				require.NoError(t, err)
				r.untilClose(v)
				require.Equal(t, tally{schedule.Accepted: 4}, counts(r.audit()))
			})
		}
	}
}
