package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// openEnv makes this test binary a process that opens a data directory, and thus
// brings it up to date.
const openEnv = "TONGLUO_TEST_OPEN"

// TestOpenChild is that process.
func TestOpenChild(t *testing.T) {
	dir := os.Getenv(openEnv)
	if dir == "" {
		t.Skip("only as a child of TestUpgrade")
	}
	db, err := Open(context.Background(), dir, Options{Cal: shanghai(t)})
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// midPush makes the ledger of a version, in the middle of a push of n: a third
// accepted, one on its way, the rest queued.
func midPush(t *testing.T, dir string, version, n int) {
	steps, err := migrations(migrationFiles)
	require.NoError(t, err)
	takeSteps(t, dir, steps[:version], func(x *tx) error {
		if err := oldRow(x, "units", map[string]any{"id": 1, "name": "村", "path": "村"}); err != nil {
			return err
		}
		if err := oldRow(x, "pushes", map[string]any{"id": 9000, "item": "a", "state": "running", "opens": stampOf(at(0, 1)), "closes": stampOf(at(0, 9)), "day": "2026-06-01"}); err != nil {
			return err
		}
		for id := 1; id <= n; id++ {
			state := schedule.Queued
			switch {
			case id <= n/3:
				state = schedule.Accepted
			case id == n/3+1:
				state = schedule.Sending
			}
			if err := oldDelivery(x, version, id, state); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(steps[:version], func(m migration) bool { return m.name == "audit" }) {
			if err := chainOld(x); err != nil { // as that version wrote them
				return err
			}
		}
		_, err := x.exec(`UPDATE counters SET next = 10000 WHERE name = 'number'`)
		return err
	})
}

func oldDelivery(x *tx, version, id int, state schedule.State) error {
	accepted, heard, counted := int64(0), "", int64(0)
	if state == schedule.Accepted {
		accepted, heard, counted = stampOf(at(0, 2)), "2026-06-01", stampOf(at(0, 2))
	}
	row := map[string]any{"id": id, "push": 9000, "item": "a", "media": `["text"]`, "themes": "[]", "day": "2026-06-01", "group_id": id,
		"unit_id": 1, "state": string(state), "carrier": "bot", "armed": 1, "opens": stampOf(at(0, 1)), "closes": stampOf(at(0, 9)), "due": stampOf(at(0, 1)),
		"sent_at": stampOf(at(0, 2)), "accepted_at": accepted, "heard_on": heard, "counted_at": counted, "logged": id}
	change := map[string]any{"id": id, "delivery": id, "n": 1, "at": stampOf(at(0, 2)), "to_state": string(state), "sent_at": stampOf(at(0, 2)), "accepted_at": accepted}
	if err := oldRow(x, "groups", map[string]any{"id": id, "name": "群", "unit_id": 1, "audiences": "[]", "carrier": "bot"}); err != nil {
		return err
	}
	if version == 1 {
		delete(row, "logged")
		delete(change, "id")
	}
	for _, r := range []struct {
		table  string
		values map[string]any
	}{{"deliveries", row}, {"delivery_log", change}, {"parts", map[string]any{"delivery": id, "n": 0, "kind": "text", "state": string(state), "client_id": clientID(at(0, 2), int64(id), 0)}}} {
		if err := oldRow(x, r.table, r.values); err != nil {
			return err
		}
	}
	return nil
}

// wholePush asserts that a ledger of midPush was brought up to date without loss, and
// that the push goes on.
func (db *DB) wholePush(t *testing.T, n int) {
	ctx := t.Context()
	require.NoError(t, db.IntegrityCheck(ctx))
	_, found, err := db.VerifyAudit(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
	lost, err := db.Recover(ctx, at(0, 3))
	require.NoError(t, err)
	require.Equal(t, 1, lost, "the one that was on its way")
	var done *schedule.Result
	went := 0
	for {
		try, err := db.Advance(ctx, done, claim(), at(0, 3))
		if err != nil {
			require.ErrorIs(t, err, schedule.ErrNotFound)
			break
		}
		went++
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, Session: "s", At: at(0, 3)}
	}
	require.Equal(t, n-n/3-1, went, "the rest, and no more")
	_, found, err = db.VerifyAudit(ctx, nil)
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestUpgrade is F35: the ledger of each version is brought up to date in the
// middle of a push, also by a process that is killed at random and started anew.
func TestUpgrade(t *testing.T) {
	steps, err := migrations(migrationFiles)
	require.NoError(t, err)
	r := seeded(t)
	for version := 1; version < len(steps); version++ {
		t.Run(fmt.Sprint("from version ", version), func(t *testing.T) {
			dir := t.TempDir()
			midPush(t, dir, version, 30)
			openDir(t, dir).wholePush(t, 30)
		})
	}
	t.Run("killed in the middle", func(t *testing.T) {
		killed := 0
		for range often(3, 100) {
			dir, n := t.TempDir(), 1500
			midPush(t, dir, 1+r.IntN(len(steps)-1), n)
			for range 3 {
				killed += openAndKill(t, dir, r)
			}
			db := openDir(t, dir)
			db.journal.sync = func(*os.File) error { return nil }
			require.Len(t, schemaOf(t, db), len(schemaOf(t, openDir(t, t.TempDir()))))
			_, found, err := db.VerifyAudit(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, found)
			rows, err := db.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, n, rows["deliveries"])
			require.Equal(t, n, rows["delivery_log"])
		}
		t.Logf("%d kills", killed)
	})
}

func openAndKill(t *testing.T, dir string, r *rand.Rand) int {
	cmd := exec.Command(os.Args[0], "-test.run=^TestOpenChild$")
	cmd.Env = append(os.Environ(), openEnv+"="+dir)
	require.NoError(t, cmd.Start())
	time.Sleep(time.Duration(20+r.IntN(120)) * time.Millisecond)
	_ = cmd.Process.Kill()
	if cmd.Wait() != nil {
		return 1
	}
	return 0
}
