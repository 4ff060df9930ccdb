package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tongluo/cmd/tongluo/ops"
	"tongluo/store"
)

const schoolSheet = `单位,上级单位,群名称,群类型,对象,负责人,联系电话,角色,标记
城关小学,,三年级家长群,家长群,家长,赵六,13800000005,干部,城关小学干部
`

// beginning is an office on its first day, with a backup of it.
func beginning(t *testing.T, sheet string) (p *pc, backup string) {
	t.Helper()
	p = newPC(t)
	p.settings("")
	p.file("roster.csv", sheet)
	p.ok("roster", "import", "roster.csv")
	return p, filepath.Join(p.dir, document[map[string]string](p, "backup")["file"])
}

// TestRestoreOtherOffice: the backup of another office is refused and changes
// nothing, whatever is left of the database; a new PC takes any, and is told whose.
func TestRestoreOtherOffice(t *testing.T) {
	_, school := beginning(t, schoolSheet)
	head := func(p *pc) string { return p.ok("audit", "verify") }
	refused := func(t *testing.T, p *pc) {
		t.Helper()
		r := p.run("restore", school)
		require.Equal(t, exitInput, r.code, r.err)
		require.Contains(t, r.err, "这份备份是“城关小学”的（1 个群，最后记到 ")
		require.Contains(t, r.err, "这里的数据是“永宁镇”的（3 个群，最后记到 ")
		require.Contains(t, r.err, "tongluo --data 新目录 restore "+school)
		require.NoDirExists(t, filepath.Join(p.dir, "data", "aside"))
		left, err := filepath.Glob(filepath.Join(p.dir, "data", ".restore-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	taken := func(t *testing.T, p *pc, args ...string) result {
		t.Helper()
		r := p.run(args...)
		require.Zero(t, r.code, r.err)
		return r
	}
	t.Run("on a PC in use", func(t *testing.T) {
		p, own := beginning(t, sheet)
		before := head(p)
		refused(t, p)
		require.Equal(t, before, head(p))
		p.file("more.csv", sheet+"桥头村,永宁镇,桥头村网格群,网格群,居民,王五,13800000004,干部,桥头村干部\n")
		p.ok("roster", "import", "more.csv")
		require.Contains(t, taken(t, p, "restore", own).err, "这份备份是“永宁镇”的（3 个群")
		again := filepath.Join(p.dir, document[map[string]string](p, "backup")["file"])
		taken(t, p, "restore", own) // what came of a restore is of the same office
		taken(t, p, "restore", again)
	})
	t.Run("on a PC whose database is spoiled or gone", func(t *testing.T) {
		p, own := beginning(t, sheet)
		db := filepath.Join(p.dir, "data", store.FileName)
		spoil(t, db)
		refused(t, p)
		require.NoError(t, os.Remove(db))
		refused(t, p)
		taken(t, p, "restore", own)
	})
	t.Run("on a PC whose first record a disk has changed", func(t *testing.T) {
		p, own := beginning(t, sheet)
		db := filepath.Join(p.dir, "data", store.FileName)
		data, err := os.ReadFile(db)
		require.NoError(t, err)
		at := bytes.Index(data, []byte(" units, 3 groups"))
		require.Positive(t, at)
		data[at+1] ^= 1
		require.NoError(t, os.WriteFile(db, data, 0o600))
		refused(t, p)
		taken(t, p, "restore", own)
	})
	t.Run("after a restore cut short, with the backups elsewhere", func(t *testing.T) {
		p, own := beginning(t, sheet)
		kept := filepath.Join(p.dir, filepath.Base(own))
		require.NoError(t, os.Rename(own, kept))
		data := filepath.Join(p.dir, "data")
		aside := filepath.Join(data, "aside", "20260602-090000")
		require.NoError(t, os.MkdirAll(aside, 0o700))
		require.NoError(t, os.Rename(filepath.Join(data, store.FileName), filepath.Join(aside, store.FileName)))
		require.NoError(t, os.Mkdir(filepath.Join(data, ".exchange-20260602-090000"), 0o700))
		r := p.run("restore", school)
		require.Equal(t, exitInput, r.code, r.err)
		require.Contains(t, r.err, "这里的数据是“永宁镇”的")
		taken(t, p, "restore", kept)
	})
	t.Run("where nothing tells it is taken, and said so", func(t *testing.T) {
		p, _ := beginning(t, sheet)
		require.NoError(t, os.RemoveAll(filepath.Join(p.dir, "data", "backups")))
		spoil(t, filepath.Join(p.dir, "data", store.FileName))
		require.Contains(t, taken(t, p, "restore", school).err, "没法核对是不是同一个办公室的")
	})
	t.Run("on a new PC", func(t *testing.T) {
		p := newPC(t)
		p.settings("")
		r := taken(t, p, "restore", school)
		require.Contains(t, r.err, "这份备份是“城关小学”的（1 个群，最后记到 ")
		require.NotContains(t, r.err, "没法核对")
	})
	t.Run("on a new PC on which somebody has looked around", func(t *testing.T) {
		p := newPC(t)
		p.settings("")
		p.ok("item", "list")
		p.ok("backup")
		taken(t, p, "restore", school)
		require.Contains(t, p.ok("roster", "export"), "三年级家长群")
	})
}

// TestRestoreSealed: what the settings sealed they open again; --key goes before
// them, and nothing at all is answered with what to write.
func TestRestoreSealed(t *testing.T) {
	p := newPC(t)
	secret := filepath.Join(p.dir, p.file("passphrase", "口令 很长的一句话\n"))
	p.file("other", "别的\n")
	p.settings(fmt.Sprintf("[backup]\npassphrase_file = %q\n", secret))
	p.file("roster.csv", sheet)
	p.ok("roster", "import", "roster.csv")
	made := document[map[string]string](p, "backup")["file"]
	require.Equal(t, ".age", filepath.Ext(made))
	require.Contains(t, p.ok("restore", made), "已从备份恢复")
	wrong := p.run("restore", made, "--key", "other")
	require.Equal(t, exitInput, wrong.code, wrong.err)
	p.settings("")
	none := p.run("restore", made)
	require.Equal(t, exitInput, none.code, none.err)
	require.Contains(t, none.err, "--key")
	require.Contains(t, p.ok("restore", made, "--key", "passphrase"), "已从备份恢复")
}

// TestRestoreCut: after a restore that was cut short in the middle of its exchange
// nothing starts on what is left, and doing it again heals it.
func TestRestoreCut(t *testing.T) {
	p, own := beginning(t, sheet)
	db := filepath.Join(p.dir, "data", store.FileName)
	require.NoError(t, os.Remove(db))
	require.NoError(t, os.Mkdir(filepath.Join(p.dir, "data", ".exchange-20260602-090000"), 0o700))
	for _, args := range [][]string{{"run"}, {"roster", "export"}, {"backup"}} {
		r := p.run(args...)
		require.Equal(t, exitFailed, r.code, r.err)
		require.Contains(t, r.err, "再恢复一次：tongluo restore")
		require.NoFileExists(t, db)
	}
	require.Equal(t, ops.Bad, p.doctor()["database"].State)
	p.ok("restore", own)
	require.Contains(t, p.ok("roster", "export"), "永宁村便民群")
	require.Equal(t, ops.OK, p.doctor()["database"].State)
}

// TestBrackets: a path with signs that mean something in a pattern is a path.
func TestBrackets(t *testing.T) {
	for _, data := range []string{"铜锣[1]", "铜锣["} {
		p := newPC(t)
		p.settings("")
		p.file("roster.csv", sheet)
		p.ok("--data", data, "roster", "import", "roster.csv")
		own := document[map[string]string](p, "--data", data, "backup")["file"]
		left := filepath.Join(p.dir, data, ".restore-1")
		require.NoError(t, os.Mkdir(left, 0o700))
		p.ok("--data", data, "restore", own)
		require.NoDirExists(t, left)
		j, err := store.ReadJournal(filepath.Join(p.dir, data))
		require.NoError(t, err)
		require.Equal(t, 1, j.Files, "what left before is known to the next restore")
		require.Contains(t, p.ok("--data", data, "roster", "export"), "永宁村便民群")
		require.Contains(t, p.run("--data", data, "doctor").out, "共 1 份")
	}
}

// TestRestoreNoRoom: pictures that find no place in the data directory, or a key
// that cannot be read, fail a restore before anything changes places, not a directory that nobody can open.
func TestRestoreNoRoom(t *testing.T) {
	p, own := beginning(t, sheet)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("picture")))
	media := filepath.Join(filepath.Dir(own), "media")
	require.NoError(t, os.MkdirAll(media, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(media, sum), []byte("picture"), 0o600))
	inTheWay := filepath.Join(p.dir, "data", "media", sum[:2])
	require.NoError(t, os.MkdirAll(filepath.Dir(inTheWay), 0o700))
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	r := p.run("restore", own)
	require.Equal(t, exitFailed, r.code, r.err)
	require.Contains(t, p.ok("roster", "export"), "永宁村便民群")
	require.NoDirExists(t, filepath.Join(p.dir, "data", "aside"))
	require.NoError(t, os.Remove(inTheWay))
	key := filepath.Join(p.dir, "data", ops.KeyFile) // which cannot be read
	require.NoError(t, os.Mkdir(key, 0o700))
	r = p.run("restore", own)
	require.Equal(t, exitFailed, r.code, r.err)
	require.Contains(t, p.ok("roster", "export"), "永宁村便民群")
	require.NoError(t, os.Remove(key))
	p.ok("restore", own)
	require.FileExists(t, filepath.Join(inTheWay, sum))
}
