package store

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"tongluo/schedule"

	"github.com/stretchr/testify/require"
)

// image is a data directory as a crash leaves it, in memory.
type image map[string][]byte

// crashed is the image of an office in the middle of a push: the last commits
// are in the -wal file alone.
func crashed(t *testing.T) image {
	o := busy(t)
	require.NoError(t, raw(&tx{ctx: o.ctx, session: o.writer}, "PRAGMA wal_checkpoint(TRUNCATE)"))
	o.plan("夜", 1, 40, 1)
	var done *schedule.Result
	for range 25 {
		try, err := o.Advance(o.ctx, done, claim(), at(1, 2))
		require.NoError(t, err)
		done = &schedule.Result{Delivery: try.Delivery.ID, Part: try.Part, Outcome: schedule.Accepted, Session: "s", At: at(1, 2)}
	}
	files, err := filepath.Glob(filepath.Join(o.Dir(), "*"))
	require.NoError(t, err)
	logs, err := journalFiles(filepath.Join(o.Dir(), journalDir))
	require.NoError(t, err)
	img := image{}
	for _, name := range append(files, logs...) {
		if data, err := os.ReadFile(name); err == nil && filepath.Ext(name) != ".db-shm" {
			rel, err := filepath.Rel(o.Dir(), name)
			require.NoError(t, err)
			img[rel] = data
		}
	}
	require.Contains(t, img, FileName+"-wal")
	return img
}

func (img image) put(t *testing.T) string {
	dir := t.TempDir()
	for name, data := range img {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	return dir
}

// harms are what disks, and people with a file manager, do.
var harms = []struct {
	name string
	do   func(img image, r *rand.Rand)
}{
	{"flip bytes", func(img image, r *rand.Rand) {
		data := append([]byte(nil), img[FileName]...)
		for range 1 + r.IntN(64) {
			data[r.IntN(len(data))] ^= byte(1 + r.IntN(255))
		}
		img[FileName] = data
	}},
	{"flip one byte", func(img image, r *rand.Rand) {
		data := append([]byte(nil), img[FileName]...)
		data[r.IntN(len(data))] ^= byte(1 + r.IntN(255))
		img[FileName] = data
	}},
	{"truncate", func(img image, r *rand.Rand) { img[FileName] = img[FileName][:r.IntN(len(img[FileName]))] }},
	{"zero a page", func(img image, r *rand.Rand) {
		data := append([]byte(nil), img[FileName]...)
		clear(data[4096*r.IntN(len(data)/4096):][:4096])
		img[FileName] = data
	}},
	{"delete the -wal file", func(img image, r *rand.Rand) { delete(img, FileName+"-wal") }},
	{"cut the -wal file", func(img image, r *rand.Rand) {
		img[FileName+"-wal"] = img[FileName+"-wal"][:r.IntN(len(img[FileName+"-wal"]))]
	}},
}

// contents is a hash of everything each table says.
func contents(db *DB, t *testing.T) (sums map[string]string, err error) {
	sums = map[string]string{}
	err = db.view(t.Context(), "read everything", func(x *tx) error {
		tables, err := list(x, func(r row) (s string, err error) { return s, r.Scan(&s) }, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
		for _, table := range tables {
			h := sha256.New()
			rows, err := x.conn.QueryContext(x.ctx, `SELECT * FROM "`+table+`" ORDER BY 1, 2`)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			err = walk(rows, nil, func(r row) error {
				err := r.Scan(into...)
				fmt.Fprintln(h, values...)
				return err
			})
			if err != nil {
				return err
			}
			sums[table] = string(h.Sum(nil))
		}
		return err
	})
	return sums, err
}

// TestDamage is F20. The images that say something else than was written are
// found by the checks before the first message or by those of the next backup,
// but for single bytes in what no index, log or push repeats; and once damage is
// found nothing is claimed.
func TestDamage(t *testing.T) {
	r, whole := seeded(t), crashed(t)
	sound := openDir(t, whole.put(t))
	require.NoError(t, sound.Damaged(), "a crash alone is no damage")
	want, err := contents(sound, t)
	require.NoError(t, err)
	harmful, quick, full, missed := 0, 0, 0, 0
	for i := range often(24, 1000) {
		harm := harms[i%len(harms)]
		img := image{}
		for name, data := range whole {
			img[name] = data
		}
		harm.do(img, r)
		found, late, wrong := examine(t, img.put(t), want)
		if !found && len(wrong) == 0 {
			continue
		}
		harmful++
		switch {
		case found:
			quick++
		case late:
			full++
		default:
			missed++
			t.Logf("%s was not found (image %d): %v", harm.name, i, wrong)
		}
	}
	t.Logf("%d harmful images: %d found before the first message, %d by the checks of a backup, %d not", harmful, quick, full, missed)
	require.LessOrEqual(t, missed, 1+harmful/200, "see docs/reliability.md for what is measured")
	require.Positive(t, quick)
}

// examine opens an image as a run does: found before anything is sent, or by the
// checks of a backup; same says that nothing was harmed that anybody can read.
func examine(t *testing.T, dir string, want map[string]string) (found, late bool, wrong []string) {
	db, err := Open(t.Context(), dir, Options{Cal: shanghai(t)})
	if err != nil {
		return true, false, nil
	}
	defer func() { _ = db.Close() }()
	if db.Damaged() == nil {
		_ = db.QuickCheck(t.Context())
	}
	if db.Damaged() != nil {
		_, err := db.Advance(t.Context(), nil, claim(), at(1, 2))
		require.ErrorIs(t, err, ErrCorrupt, "nothing is claimed in a damaged database")
		_, err = db.ClaimNotice(t.Context(), func(int64) bool { return true }, at(1, 2))
		require.ErrorIs(t, err, ErrCorrupt)
		return true, false, nil
	}
	got, err := contents(db, t)
	require.NoError(t, err)
	for table, sum := range want {
		if got[table] != sum {
			wrong = append(wrong, table)
		}
	}
	if err := db.CheckAll(t.Context()); err != nil {
		require.Error(t, db.Damaged())
		_, err := db.Advance(t.Context(), nil, claim(), at(1, 2))
		require.ErrorIs(t, err, ErrCorrupt)
		return false, true, wrong
	}
	return false, false, wrong
}
