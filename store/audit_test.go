package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// often is n, or many times that in a soak.
func often(n, soak int) int {
	if os.Getenv("TONGLUO_SOAK") != "" {
		return soak
	}
	return n
}

func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// busy is an office whose logs have some hundred rows, with sessions and message
// ids as long as the service's.
func busy(t testing.TB) *office {
	o := newOffice(t, 40)
	for g := range int64(40) {
		o.add(monday, o.owes("weekly", g+1, 0, 0), o.owes("weekly", g+1, 1, 0))
	}
	want := claim()
	want.Session = "5d1e0c2b9f7a4466"
	o.plan("早", 0, 40, 1)
	o.plan("晚", 0, 40, 2)
	var done *schedule.Result
	for {
		try, err := o.Advance(o.ctx, done, want, at(0, 2))
		if err != nil {
			require.ErrorIs(t, err, schedule.ErrNotFound)
			break
		}
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, Session: want.Session,
			MessageID: fmt.Sprint(7129000000000000000 + try.Delivery.ID), At: at(0, 2)}
	}
	for i := range 60 {
		require.NoError(t, o.Log(o.ctx, clerk, "verb", fmt.Sprint("ref/", i), "办公室", at(0, 3)))
	}
	return o
}

// tamper changes one chain of n rows at a random place, as who has the file can.
type tamper func(x *tx, tr trail, n int64, r *rand.Rand) error

func raw(x *tx, query string, args ...any) error {
	_, err := x.conn.ExecContext(x.ctx, query, args...)
	return err
}

var tampers = map[string]tamper{
	"edit": func(x *tx, tr trail, n int64, r *rand.Rand) error {
		columns := map[string][]string{
			"log":          {"at = at + 1", "person = person + 1", "via = via || 'x'", "asker = '别人'", "verb = 'excuse'", "ref = ref || '1'", "note = ''||note||' '"},
			"delivery_log": {"delivery = delivery + 1", "at = at - 1", "person = 99", "to_state = 'confirmed'", "reason = reason || '。'", "accepted_at = accepted_at + 60000", "said_by = 5", "handoff = handoff + 1"},
		}[tr.table]
		return raw(x, `UPDATE `+tr.table+` SET `+columns[r.IntN(len(columns))]+` WHERE id = $1`, 1+r.Int64N(n))
	},
	"delete": func(x *tx, tr trail, n int64, r *rand.Rand) error {
		id := 1 + r.Int64N(n-1)
		err := raw(x, `DELETE FROM `+tr.table+` WHERE id = $1`, id)
		if err == nil && r.IntN(2) == 0 { // and closes the gap
			err = raw(x, `UPDATE `+tr.table+` SET id = id - 1 WHERE id > $1`, id)
		}
		return err
	},
	"reorder": func(x *tx, tr trail, n int64, r *rand.Rand) error {
		a := 1 + r.Int64N(n-1)
		b := a + 1 + r.Int64N(n-a)
		for _, m := range [][2]int64{{a, -1}, {b, a}, {-1, b}} {
			if err := raw(x, `UPDATE `+tr.table+` SET id = $2 WHERE id = $1`, m[0], m[1]); err != nil {
				return err
			}
		}
		return nil
	},
	"insert": func(x *tx, tr trail, n int64, r *rand.Rand) error { // a row that follows rightly from the one before
		before := 1 + r.Int64N(n-1)
		for _, q := range []string{`UPDATE ` + tr.table + ` SET id = -id - 1 WHERE id > $1`, `UPDATE ` + tr.table + ` SET id = -id WHERE id < -$1`} {
			if err := raw(x, q, before); err != nil {
				return err
			}
		}
		l, err := x.endOf(fmt.Sprintf(`SELECT id, hash FROM %s WHERE id = %d`, tr.table, before))
		if err != nil {
			return err
		}
		if tr.table == "log" {
			l = l.next(int64(1), int64(2), "chat", "", "resume", "office", "")
			return raw(x, `INSERT INTO log (id, at, person, via, asker, verb, ref, note, hash) VALUES ($1, 1, 2, 'chat', '', 'resume', 'office', '', $2)`, l.id, l.hash[:])
		}
		l = l.next(int64(3), int64(1), int64(2), "chat", "", "uncertain", "observed", "", int64(0), int64(0), int64(0), "", int64(0), int64(9), int64(0))
		return raw(x, `INSERT INTO delivery_log (id, delivery, prev, at, person, via, asker, from_state, to_state, reason, sent_at, accepted_at, said_at, said_day, said_by, seen_at, handoff, hash)
			VALUES ($1, 3, 0, 1, 2, 'chat', '', 'uncertain', 'observed', '', 0, 0, 0, '', 0, 9, 0, $2)`, l.id, l.hash[:])
	},
	"cut tail": func(x *tx, tr trail, n int64, r *rand.Rand) error {
		return raw(x, `DELETE FROM `+tr.table+` WHERE id > $1`, r.Int64N(n))
	},
	"write anew": func(x *tx, tr trail, n int64, r *rand.Rand) error {
		err := raw(x, `UPDATE `+tr.table+` SET person = 98 WHERE id = $1`, 1+r.Int64N(n))
		if err == nil {
			err = chainOld(x)
		}
		return err
	},
}

// TestAuditTamper is F30: whoever edits, deletes, reorders or inserts a row of
// either log is found, and who cuts off its end or writes it anew is found by an
// earlier head.
func TestAuditTamper(t *testing.T) {
	o, r := busy(t), seeded(t)
	head, found, err := o.VerifyAudit(o.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
	require.Greater(t, head.Log, int64(60))
	require.Greater(t, head.Moves, int64(200))
	again, err := ParseHead(head.String())
	require.NoError(t, err)
	_, found, err = o.VerifyAudit(o.ctx, &again)
	require.NoError(t, err)
	require.Empty(t, found, "its own head is not held against it")
	for _, q := range []string{"log_kept", "log_stays", "delivery_log_kept", "delivery_log_stays"} {
		require.NoError(t, raw(&tx{ctx: o.ctx, session: o.writer}, `DROP TRIGGER `+q)) // he has the file
	}
	for name, tampered := range tampers {
		t.Run(name, func(t *testing.T) {
			for i := range often(20, 1000) {
				tr := trails[i%2]
				n := []int64{head.Log, head.Moves}[i%2]
				x := &tx{ctx: o.ctx, session: o.writer}
				require.NoError(t, raw(x, "BEGIN IMMEDIATE"))
				require.NoError(t, tampered(x, tr, n, r))
				earlier := &head
				if name != "cut tail" && name != "write anew" {
					earlier = nil // needs none
				}
				_, found, err := x.verifyAudit(earlier)
				require.NoError(t, err)
				require.NotEmpty(t, found, "%s of %s was not found (%d)", name, tr.table, i)
				require.NoError(t, raw(x, "ROLLBACK"))
			}
		})
	}
	_, found, err = o.VerifyAudit(o.ctx, &head)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestAuditTriggers(t *testing.T) {
	o := busy(t)
	for _, tr := range trails {
		for _, q := range []string{`UPDATE ` + tr.table + ` SET at = 0 WHERE id = 3`, `UPDATE ` + tr.table + ` SET hash = x'' WHERE id = 3`, `DELETE FROM ` + tr.table + ` WHERE id = 3`} {
			require.ErrorContains(t, raw(&tx{ctx: o.ctx, session: o.writer}, q), "log rows", q)
		}
	}
}

// TestAuditTwoWriters: a chain that two processes write is one chain.
func TestAuditTwoWriters(t *testing.T) {
	o := newOffice(t, 4)
	other := openDir(t, o.Dir())
	for i := range 20 {
		db := []*DB{o.DB, other}[i%2]
		require.NoError(t, db.Log(o.ctx, clerk, "verb", fmt.Sprint(i), "", at(0, i)))
	}
	require.Error(t, o.change(o.ctx, "fails", func(x *tx) error { // leaves no trace in the chain
		require.NoError(t, x.note(clerk, "verb", "", "", at(1, 0)))
		return schedule.ErrState
	}))
	require.NoError(t, o.Log(o.ctx, clerk, "verb", "last", "", at(1, 1)))
	head, found, err := other.VerifyAudit(o.ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
	now, err := o.AuditHead(o.ctx)
	require.NoError(t, err)
	require.Equal(t, head, now)
}

func TestParseHead(t *testing.T) {
	for _, bad := range []string{"", "1-2", "1-2-zz", "1-2-abcd", "-1-2-3f9a8c7d1e2b4a60", "1-x-3f9a8c7d1e2b4a60", "1-2-3-3f9a8c7d1e2b4a60"} {
		_, err := ParseHead(bad)
		require.ErrorIs(t, err, schedule.ErrInput, bad)
	}
}
