package store

import (
	"fmt"
	"strings"
	"testing"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// row of a table of the first version: the columns named, 0 and ” elsewhere.
func oldRow(x *tx, table string, values map[string]any) error {
	columns, err := list(x, func(r row) ([2]string, error) {
		var name, kind string
		err := r.Scan(&name, &kind)
		return [2]string{name, kind}, err
	}, `SELECT name, type FROM pragma_table_info('`+table+`')`)
	if err != nil {
		return err
	}
	var names, marks []string
	var args []any
	for _, c := range columns {
		v, given := values[c[0]]
		switch {
		case given:
		case c[1] == "BLOB": // has a default
			continue
		case c[1] == "TEXT":
			v = ""
		default:
			v = 0
		}
		names, args = append(names, c[0]), append(args, v)
		marks = append(marks, fmt.Sprint("$", len(args)))
	}
	_, err = x.exec(`INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, args...)
	return err
}

// TestMigrateLedger brings a ledger of the first version up to date: each
// delivery's past is what its log said, whatever order the rows lay in.
func TestMigrateLedger(t *testing.T) {
	dir := t.TempDir()
	steps, err := migrations(migrationFiles)
	require.NoError(t, err)
	rows := func(x *tx) error {
		err := oldRow(x, "units", map[string]any{"id": 1, "name": "村", "path": "村"})
		if err == nil {
			err = oldRow(x, "groups", map[string]any{"id": 1, "name": "群", "unit_id": 1, "audiences": "[]"})
		}
		for id := int64(1); id <= 2 && err == nil; id++ {
			err = oldRow(x, "deliveries", map[string]any{"id": id, "push": nil, "media": `["text"]`, "themes": "[]", "day": "2026-06-01",
				"group_id": 1, "unit_id": 1, "state": "accepted", "accepted_at": stampOf(at(0, 2)), "heard_on": "2026-06-01", "counted_at": stampOf(at(0, 2))})
		}
		for _, l := range []struct {
			id       int64
			n, hours int
			to       string
		}{{2, 1, 0, "queued"}, {1, 1, 0, "queued"}, {1, 2, 1, "sending"}, {2, 2, 1, "sending"}, {2, 3, 2, "accepted"}, {1, 3, 2, "accepted"}} {
			if err == nil {
				err = oldRow(x, "delivery_log", map[string]any{"delivery": l.id, "n": l.n, "at": stampOf(at(0, l.hours)), "to_state": l.to})
			}
		}
		if err == nil {
			_, err = x.exec(`INSERT INTO claims VALUES ('2026-06-01', 0, 7), ('2026-06-01', 1, 2)`)
		}
		return err
	}
	takeSteps(t, dir, steps[:1], rows)
	db := openDir(t, dir)
	for hours, want := range []schedule.State{schedule.Queued, schedule.Sending, schedule.Accepted} {
		all, err := db.Deliveries(t.Context(), schedule.DeliveryFilter{AsOf: at(0, hours)})
		require.NoError(t, err)
		require.Len(t, all, 2)
		for _, d := range all {
			require.Equal(t, want, d.State, "delivery %d after %d hours", d.ID, hours)
		}
	}
	require.NoError(t, db.view(t.Context(), "claims", func(x *tx) error {
		claimed, err := list(x, func(r row) (s string, err error) { return s, r.Scan(&s) }, `SELECT day || ' ' || n FROM claims`)
		require.Equal(t, []string{"2026-06-01 7"}, claimed)
		return err
	}))
	wrong, err := db.Retally(t.Context(), at(1, 0))
	require.NoError(t, err)
	require.Zero(t, wrong)
}
