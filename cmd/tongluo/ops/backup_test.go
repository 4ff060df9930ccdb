package ops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"tongluo/content"
	"tongluo/schedule"
	"tongluo/schedule/calendar"
	"tongluo/schedule/roster"
	"tongluo/store"
)

var start = time.Date(2026, 6, 2, 1, 0, 0, 0, time.UTC) // nine in the morning

// pc is a data directory with one picture in it.
type pc struct {
	*store.DB
	b       Backups
	cal     *calendar.Calendar
	picture content.Blob
}

func newPC(t *testing.T) *pc {
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(t, err)
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir, store.Options{Cal: cal})
	require.NoError(t, err)
	p := &pc{DB: db, cal: cal, b: Backups{Data: dir, Zone: cal.Zone(), At: 12*60 + 30}}
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	data := []byte("一张图")
	sum := sha256.Sum256(data)
	p.picture = content.Blob{Name: "p.png", SHA256: hex.EncodeToString(sum[:]), Data: data}
	it := content.Item{ID: "a", Title: "防骗", Body: "不转账", Media: []content.Media{content.Text}}
	require.NoError(t, p.SaveItem(t.Context(), roster.Operator(""), it, []content.Blob{p.picture}, start))
	return p
}

func (p *pc) restore(t *testing.T, file, key string) (Done, error) {
	require.NoError(t, p.Close())
	done, err := Restoring{Data: p.b.Data, File: file, Key: key, Actor: roster.Operator(""), Cal: p.cal, Settings: schedule.DefaultSettings()}.
		Restore(t.Context(), start.Add(time.Hour))
	db, bad := store.Open(t.Context(), p.b.Data, store.Options{Cal: p.cal})
	require.NoError(t, bad)
	p.DB = db
	return done, err
}

func TestBackups(t *testing.T) {
	t.Run("come once a day, at their time or as soon as the PC is on", func(t *testing.T) {
		p := newPC(t)
		noon := start.Add(3*time.Hour + 30*time.Minute) // 12:30
		for _, c := range []struct {
			last schedule.LastBackup
			now  time.Time
			want time.Time
		}{
			{schedule.LastBackup{}, start, noon.AddDate(0, 0, -1)},                                                        // never: at once
			{schedule.LastBackup{At: noon.AddDate(0, 0, -1)}, start, noon},                                                // yesterday's is there
			{schedule.LastBackup{At: noon.AddDate(0, 0, -1)}, noon, noon},                                                 // now
			{schedule.LastBackup{At: noon.AddDate(0, 0, -4)}, start, noon.AddDate(0, 0, -1)},                              // after a weekend: at once
			{schedule.LastBackup{At: noon.Add(time.Second)}, noon.Add(time.Hour), noon.AddDate(0, 0, 1)},                  // done
			{schedule.LastBackup{At: noon.AddDate(0, 0, -1), FailedAt: noon}, noon.Add(time.Minute), noon.Add(time.Hour)}, // again in an hour
		} {
			require.Equal(t, c.want, p.b.Due(c.last, c.now).UTC(), "%+v at %s", c.last, c.now)
		}
		next, err := p.b.Step(t.Context(), p.DB, start)
		require.NoError(t, err)
		next, err = p.b.Step(t.Context(), p.DB, next)
		require.NoError(t, err)
		require.Equal(t, noon, next.UTC())
		names, err := List(p.b.Dir())
		require.NoError(t, err)
		require.Len(t, names, 1)
	})
	t.Run("fourteen stay, those of other names for ever", func(t *testing.T) {
		p := newPC(t)
		p.b.Also = filepath.Join(t.TempDir(), "disk")
		own := filepath.Join(p.b.Dir(), "before-the-update.db")
		_, err := p.b.To(t.Context(), p.DB, own)
		require.NoError(t, err)
		for i := range Keep + 3 {
			require.NoError(t, p.Log(t.Context(), roster.Operator(""), "verb", fmt.Sprint(i), "", start))
			m, err := p.b.Make(t.Context(), p.DB, start.AddDate(0, 0, i))
			require.NoError(t, err)
			require.FileExists(t, m.Also)
			head, ok := HeadIn(m.File)
			require.True(t, ok)
			require.Equal(t, head.String(), m.Head.String())
			_, found, err := p.VerifyAudit(t.Context(), &head)
			require.NoError(t, err)
			require.Empty(t, found, "the name vouches for the log so far")
		}
		for _, dir := range []string{p.b.Dir(), p.b.Also} {
			names, err := List(dir)
			require.NoError(t, err)
			require.Len(t, names, Keep)
			require.Contains(t, names[Keep-1], "20260618")
			require.FileExists(t, filepath.Join(dir, "media", p.picture.SHA256[:2], p.picture.SHA256))
			left, err := filepath.Glob(filepath.Join(dir, ".*"))
			require.NoError(t, err)
			require.Empty(t, left)
		}
		require.FileExists(t, own)
	})
	t.Run("a failure is marked and keeps what there was", func(t *testing.T) {
		p := newPC(t)
		m, err := p.b.Make(t.Context(), p.DB, start)
		require.NoError(t, err)
		p.b.Also = filepath.Join(m.File, "no folder")
		_, err = p.b.Make(t.Context(), p.DB, start.Add(time.Hour))
		require.Error(t, err)
		last, err := Read(t.Context(), p.DB)
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Hour), last.FailedAt)
		require.Equal(t, start.Add(time.Hour), last.At, "the one in the data directory is good")
		require.Zero(t, last.AlsoAt)
		require.NotEmpty(t, last.Why)
	})
}

// TestSealed restores on a PC that has lost everything but the second directory
// and the key.
func TestSealed(t *testing.T) {
	who, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	for name, c := range map[string][3]string{
		"passphrase": {"", "口令 很长的一句话", "口令 很长的一句话\n"},
		"recipient":  {who.Recipient().String(), "", "# created\n" + who.String() + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPC(t)
			var err error
			p.b.Seal, err = SealWith(c[0], c[1])
			require.NoError(t, err)
			p.b.Also = t.TempDir()
			m, err := p.b.Make(t.Context(), p.DB, start)
			require.NoError(t, err)
			for _, dir := range []string{p.b.Dir(), p.b.Also} {
				require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
					if err == nil && !d.IsDir() {
						data, err := os.ReadFile(path)
						require.NoError(t, err)
						require.False(t, bytes.Contains(data, p.picture.Data) || bytes.Contains(data, []byte("SQLite format")), "%s is plain", path)
					}
					return err
				}))
			}
			key, other := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "other")
			require.NoError(t, os.WriteFile(key, []byte(c[2]), 0o600))
			require.NoError(t, os.WriteFile(other, []byte("别的\n"), 0o600))
			fresh := newPC(t)
			require.NoError(t, os.RemoveAll(filepath.Join(fresh.b.Data, "media")))
			_, err = fresh.restore(t, m.Also, other)
			require.ErrorIs(t, err, ErrKey)
			for _, broken := range []string{"", "AGE-SECRET-KEY-1QQQQ\n"} {
				require.NoError(t, os.WriteFile(other, []byte(broken), 0o600))
				_, err = fresh.restore(t, m.Also, other)
				require.ErrorIs(t, err, ErrKey, "a key file that holds none")
				require.NotContains(t, err.Error(), "QQQQ")
			}
			crashed := filepath.Join(fresh.b.Data, ".restore-123")
			require.NoError(t, os.Mkdir(crashed, 0o700))
			done, err := fresh.restore(t, m.Also, key)
			require.NoError(t, err)
			require.Equal(t, 1, done.Media)
			require.NoDirExists(t, crashed, "what a restore that was killed left in the open")
			got, err := fresh.Blob(context.Background(), p.picture.SHA256)
			require.NoError(t, err)
			require.Equal(t, p.picture.Data, got)
		})
	}
}

// TestRestoreRefuses: what is no good backup changes nothing.
func TestRestoreRefuses(t *testing.T) {
	p := newPC(t)
	m, err := p.b.Make(t.Context(), p.DB, start)
	require.NoError(t, err)
	good, err := os.ReadFile(m.File)
	require.NoError(t, err)
	before, err := p.AuditHead(t.Context())
	require.NoError(t, err)
	cut := good[:len(good)/2]
	zeroed := append([]byte(nil), good...)
	clear(zeroed[8*4096 : 12*4096])
	for name, data := range map[string][]byte{"cut": cut, "zeroed": zeroed, "no database": []byte("hello"), "empty": nil} {
		file := filepath.Join(t.TempDir(), "bad.db")
		require.NoError(t, os.WriteFile(file, data, 0o600))
		_, err := p.restore(t, file, "")
		require.ErrorIs(t, err, store.ErrCorrupt, name)
		now, err := p.AuditHead(t.Context())
		require.NoError(t, err)
		require.Equal(t, before, now, name)
		left, err := filepath.Glob(filepath.Join(p.b.Data, ".restore-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	done, err := p.restore(t, m.File, "")
	require.NoError(t, err)
	require.DirExists(t, done.Aside)
	require.FileExists(t, filepath.Join(done.Aside, store.FileName), "what was there is kept")
	again, err := p.restore(t, filepath.Join(p.b.Data, store.FileName), "")
	require.NoError(t, err, "the database itself, to go on from it")
	require.NotEqual(t, done.Aside, again.Aside, "within the same second")
	require.FileExists(t, filepath.Join(done.Aside, store.FileName))
	require.FileExists(t, filepath.Join(again.Aside, store.FileName))
}
