package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
		require.NoError(t, os.WriteFile(file, append(append([]byte{}, was[:at]...), is[at:]...), 0o600))
		j, err := ReadJournal(o.Dir())
		require.NoError(t, err)
		require.Zero(t, j.Damaged)
		require.NoError(t, o.checkHistory(o.ctx), "%d bytes of the last one", torn)
	}
	// What ends as a whole line does, and is none, is damage.
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(is), " \n", "}\n")), 0o600))
	j, err := ReadJournal(o.Dir())
	require.NoError(t, err)
	require.NotZero(t, j.Damaged)
}
