package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/schedule"
)

// TestCommitsOfAPush counts them where SQLite does. The result of a message and
// the intent of the next one share a commit: beyond one a message there is only
// the one of the last result, which has no next.
func TestCommitsOfAPush(t *testing.T) {
	writers.listen()
	groups := 1000
	if testing.Short() {
		groups = 300
	}
	r := newRig(t, groups).login()
	r.push(false)
	_, err := r.office.DoDue(context.Background(), r.now) // the window opens
	require.NoError(t, err)
	disk := writers.of(t, r.dir)
	was := disk.commits
	for counts(r.books())[schedule.Queued] > 0 {
		_, err = r.runner.Step(context.Background(), r.now)
		require.NoError(t, err)
	}
	require.Equal(t, groups+1, disk.commits-was)
	require.Equal(t, tally{schedule.Accepted: groups}, counts(r.books()))
	require.Empty(t, r.books().wrong())
}
