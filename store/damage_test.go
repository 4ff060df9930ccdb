package store

import (
	"crypto/sha256"
	"fmt"
	"hash"
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
	require.NoError(t, o.change(o.ctx, "furnish", func(x *tx) error { return furnish(x, rand.New(rand.NewPCG(1, 1))) }))
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

// contents is a hash of everything each column says, the schema's too.
func contents(db *DB, t *testing.T) (sums map[string]string, err error) {
	sums = map[string]string{}
	err = db.view(t.Context(), "read everything", func(x *tx) error {
		tables, err := tablesOf(x)
		for _, table := range append(tables, "sqlite_schema") {
			rows, err := x.conn.QueryContext(x.ctx, `SELECT * FROM "`+table+`" ORDER BY 1, 2`)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, into, hashes := make([]any, len(columns)), make([]any, len(columns)), make([]hash.Hash, len(columns))
			for i := range values {
				into[i], hashes[i] = &values[i], sha256.New()
			}
			err = walk(rows, nil, func(r row) error {
				err := r.Scan(into...)
				for i, v := range values {
					fmt.Fprintf(hashes[i], "%T %[1]v\n", v)
				}
				return err
			})
			if err != nil {
				return err
			}
			for i, c := range columns {
				sums[table+"."+c] = string(hashes[i].Sum(nil))
			}
		}
		return err
	})
	return sums, err
}

// TestDamage is F20. The images of which a column says something else than was
// written, or that cannot be read, are found by the checks before the first
// message or by those of the next backup; TestTwice says which bytes may not be.
// Once damage is found nothing is claimed.
func TestDamage(t *testing.T) {
	r, whole := seeded(t), crashed(t)
	sound := openDir(t, whole.put(t))
	require.NoError(t, sound.Damaged(), "a crash alone is no damage")
	require.NoError(t, sound.CheckAll(t.Context()))
	want, err := contents(sound, t)
	require.NoError(t, err)
	harmful, quick, missed, besides := 0, 0, 0, 0
	for i := range often(24, 1000) {
		harm := harms[i%len(harms)]
		img := image{}
		for name, data := range whole {
			img[name] = data
		}
		harm.do(img, r)
		when, wrong := examine(t, img.put(t), want)
		switch {
		case len(wrong) == 0:
			besides += min(1, when)
			continue
		case when == foundFirst:
			quick++
		case when == 0:
			missed++
			t.Logf("%s was not found (image %d): %v", harm.name, i, wrong)
		}
		harmful++
	}
	t.Logf("%d harmful images: %d found before the first message, %d by the checks of a backup, %d not; %d found where nothing reads otherwise",
		harmful, quick, harmful-quick-missed, missed, besides)
	require.LessOrEqual(t, missed, 1+harmful/1000, "see docs/reliability.md for what is measured")
	require.Positive(t, quick)
}

// When damage is found: before the first message, or by the checks of a backup.
const (
	foundFirst = 1 + iota
	foundLate
)

// examine opens an image as a run does: when it is found, 0 for never, and which
// columns say something else than they did.
func examine(t *testing.T, dir string, want map[string]string) (when int, wrong []string) {
	db, err := Open(t.Context(), dir, Options{Cal: shanghai(t)})
	if err != nil {
		return foundFirst, []string{"all"}
	}
	defer func() { _ = db.Close() }()
	if when = foundFirst; db.Damaged() == nil {
		_ = db.QuickCheck(t.Context())
	}
	if db.Damaged() == nil {
		when = foundLate
		_ = db.CheckAll(t.Context())
	}
	if db.Damaged() == nil {
		when = 0
	} else {
		_, err := db.Advance(t.Context(), nil, claim(), at(1, 2))
		require.ErrorIs(t, err, ErrCorrupt, "nothing is claimed in a damaged database")
		_, err = db.ClaimNotice(t.Context(), func(int64) bool { return true }, at(1, 2))
		require.ErrorIs(t, err, ErrCorrupt)
	}
	got, err := contents(db, t)
	if err != nil {
		return when, []string{err.Error()}
	}
	for column, sum := range want {
		if got[column] != sum {
			wrong = append(wrong, column)
		}
	}
	return when, wrong
}
