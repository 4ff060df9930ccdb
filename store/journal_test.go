package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// TestJournalKeepsUp: with each commit the journal says where the audit log has
// got to, without growing, and a line half written over is no damage.
func TestJournalKeepsUp(t *testing.T) {
	o := newOffice(t, 100)
	o.plan("早", 0, 100, 1)
	file := filepath.Join(o.Dir(), journalDir, at(0, 2).Format("2006-01-02")+journalExt)
	sizes := map[int64]int{}
	var was, is []byte
	var done *schedule.Result
	for range 100 {
		try, err := o.Advance(o.ctx, done, claim(), at(0, 2))
		require.NoError(t, err)
		done = &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "1", At: at(0, 2)}
		head, err := o.AuditHead(o.ctx)
		require.NoError(t, err)
		seen, err := lastHead(o.Dir())
		require.NoError(t, err)
		require.Equal(t, head.String(), seen.String())
		was = is
		is, err = os.ReadFile(file)
		require.NoError(t, err)
		sizes[int64(len(is))]++
	}
	require.Len(t, sizes, 2, "one for each batch of lines")
	require.Len(t, was, len(is))

	for torn := 1; torn <= headRoom+len("\n00000000 \n"); torn++ {
		at := len(is) - torn
		for _, left := range [][]byte{slices.Concat(is[:at], was[at:]), slices.Concat(was[:at], is[at:]), is[:at]} {
			require.NoError(t, os.WriteFile(file, left, 0o600))
			j, err := ReadJournal(o.Dir())
			require.NoError(t, err)
			require.Zero(t, j.Damaged, "%q", left[at-40:])
			require.NoError(t, o.checkHistory(o.ctx), "%q", left[at-40:])
		}
	}
	// What ends as a whole line does, and is none, is damage.
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(is), " \n", "}\n")), 0o600))
	j, err := ReadJournal(o.Dir())
	require.NoError(t, err)
	require.NotZero(t, j.Damaged)
}

// TestJournalLines: nothing that is written down is written over, whatever became
// of the file or its day meanwhile.
func TestJournalLines(t *testing.T) {
	o := newOffice(t, 60)
	o.plan("早", 0, 20, 1)
	o.plan("早", 1, 60, 1)
	attempts := func() int {
		j, err := ReadJournal(o.Dir())
		require.NoError(t, err)
		require.Zero(t, j.Damaged)
		head, err := o.AuditHead(o.ctx)
		require.NoError(t, err)
		seen, err := lastHead(o.Dir())
		require.NoError(t, err)
		require.Equal(t, head.String(), seen.String())
		n := 0
		for _, a := range j.Attempts {
			if a.Delivery != 0 {
				n++
			}
		}
		return n
	}
	first := o.next(claim(), at(0, 2))
	// Another engine's lines come after ours.
	other := openDir(t, o.Dir())
	_, err := other.Advance(o.ctx, nil, claim(), at(0, 2))
	require.NoError(t, err)
	was := attempts()
	o.done(first, schedule.Accepted, at(0, 2))
	require.Equal(t, was, attempts())

	// Our line did not fit on the disk, theirs did.
	require.NoError(t, os.Truncate(o.journal.file.Name(), o.journal.headAt))
	require.NoError(t, other.MarkJournal(o.ctx, at(0, 2)))
	require.NoError(t, o.SetHalt(o.ctx, clerk, false, at(0, 2)))
	require.Equal(t, was, attempts())

	// A new day begins, and one of the files nobody needs cannot be removed.
	old := filepath.Join(o.Dir(), journalDir, "2020-01-01"+journalExt)
	require.NoError(t, os.MkdirAll(filepath.Join(old, "x"), 0o700))
	older := filepath.Join(o.Dir(), journalDir, "2019-01-01"+journalExt)
	require.NoError(t, os.WriteFile(older, nil, 0o600))
	tomorrow := claim()
	tomorrow.Day = tomorrow.Day.AddDays(1)
	o.done(o.next(tomorrow, at(1, 2)), schedule.Accepted, at(1, 2))
	require.DirExists(t, old)
	require.NoFileExists(t, older)
	require.NoError(t, os.RemoveAll(old))

	// The clock goes back over midnight and on again.
	was = attempts()
	for _, now := range []time.Time{at(0, 3), at(1, 3)} {
		require.NoError(t, o.MarkJournal(o.ctx, now))
		require.NoError(t, o.SetHalt(o.ctx, clerk, false, now))
	}
	require.Equal(t, was, attempts())
}

// TestJournalCut: somebody empties the file while a push goes out. What was
// written down for those that come next is written down again before they go.
func TestJournalCut(t *testing.T) {
	o := newOffice(t, 30)
	o.plan("早", 0, 30, 1)
	var done *schedule.Result
	for n := range 30 {
		if n == 10 {
			require.NoError(t, os.Truncate(o.journal.file.Name(), 0))
		}
		try, err := o.Advance(o.ctx, done, claim(), at(0, 2))
		require.NoError(t, err)
		done = &schedule.Result{Delivery: try.Delivery.ID, Outcome: schedule.Accepted, MessageID: "1", At: at(0, 2)}
		j, err := ReadJournal(o.Dir())
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(j.Attempts, func(a Attempt) bool { return a.Delivery == try.Delivery.ID }), "message %d goes without its line", n)
	}
}

// TestHeadBeforeEmptyDay: the first lines of a day found no room, and the head of
// the day before is still what the database must know.
func TestHeadBeforeEmptyDay(t *testing.T) {
	o := newOffice(t, 2)
	o.plan("早", 0, 2, 1)
	o.done(o.next(claim(), at(0, 2)), schedule.Accepted, at(0, 2))
	head, err := o.AuditHead(o.ctx)
	require.NoError(t, err)
	o.journal.sync = func(*os.File) error { return syscall.ENOSPC }
	require.ErrorIs(t, o.MarkJournal(o.ctx, at(1, 2)), ErrFull)
	seen, err := lastHead(o.Dir())
	require.NoError(t, err)
	require.Equal(t, head.String(), seen.String())
}
