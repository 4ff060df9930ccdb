package command_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/command"
	"tongluo/content"
	"tongluo/schedule"
)

// A sentence to the office is one private message to each of its staff in
// charge, and stands nowhere else.
func TestFeedback(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	before := w.ledger()
	r := w.say(w.private(wang, "反馈 便民群换了群主，停发"))
	require.Equal(t, []command.Understood{{Outcome: command.Done, Command: "反馈", Args: []string{"便民群换了群主,停发"}}}, r.Understood)
	require.Equal(t, before, w.ledger(), "an order inside the sentence is not obeyed")
	for person, gets := range map[int64]int{chen: 1, zhou: 1, wang: 0, li: 0, lin: 0, zhao: 0} {
		ns, err := w.db.Notices(t.Context(), person)
		require.NoError(t, err)
		n := 0
		for _, one := range ns {
			if strings.HasPrefix(one.Part.Text, "【反馈】") {
				require.Equal(t, content.Part{Kind: content.Text, Text: "【反馈】永宁村 王海：\n便民群换了群主,停发"}, one.Part)
				require.Equal(t, w.now.UTC(), one.Due.UTC())
				n++
			}
		}
		require.Equal(t, gets, n, "person %d", person)
	}
	require.Equal(t, 2, w.rows("notices", "part", "换了群主"))
	require.Equal(t, 0, w.rows("log", "note || ref || verb", "换了群主"))
}

// rows counts the rows of a table in which a column holds the words. It reads a
// copy, because the store gives no such view.
func (w *town) rows(table, column, words string) int {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), fmt.Sprintf("%s.db", table))
	require.NoError(w.t, w.db.Copy(w.t.Context(), path))
	db, err := sql.Open("sqlite", path)
	require.NoError(w.t, err)
	defer db.Close() //nolint:errcheck // only read
	var n int
	require.NoError(w.t, db.QueryRowContext(w.t.Context(), "SELECT COUNT(*) FROM "+table+" WHERE instr("+column+", $1)", words).Scan(&n))
	return n
}

// What a person enters counts as reported, marked, once a day and group.
func TestEnterOwn(t *testing.T) {
	w := newTown(t)
	w.until(w.now.AddDate(0, 0, 1).Add(time.Hour))
	for range 3 {
		require.Equal(t, command.Done, w.say(w.private(wang, "补录 退款 昨天 两个群")).Understood[0].Outcome)
	}
	ds, err := w.db.Deliveries(t.Context(), schedule.DeliveryFilter{Unit: "永宁镇/永宁村"})
	require.NoError(t, err)
	entered := 0
	for _, d := range ds {
		if d.Entered {
			entered++
			require.Equal(t, schedule.Reported, d.State)
			require.EqualValues(t, wang, d.SaidBy)
			require.Equal(t, "tui-kuan", d.Item)
			require.Equal(t, "2026-06-01", d.SaidDay.String())
		}
	}
	require.Equal(t, 2, entered)
	// Nobody enters for groups that others keep, nor what is in doubt.
	before := w.ledger()
	for _, text := range []string{"补录 退款 昨天 前埔村防骗群", "补录 退款 明天 两个群", "补录 退款 周二 两个群", "补录 退款 昨天 三个群", "补录 昨天 两个群", "补录 退款 两个群"} {
		require.Equal(t, command.Asked, w.say(w.private(wang, text)).Understood[0].Outcome, text)
	}
	require.Equal(t, command.Asked, w.say(w.private(chen, "补录 退款 昨天 全部")).Understood[0].Outcome, "the office keeps no group")
	require.Equal(t, command.Denied, w.say(w.private(lin, "补录 退款 昨天 全部")).Understood[0].Outcome)
	require.Equal(t, before, w.ledger())
}
