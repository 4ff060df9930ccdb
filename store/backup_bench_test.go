package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkBackup copies a ledger of some 60 MB while a writer commits, against a
// plain copy of the file with a sync at its end, in turns. Reported are the
// medians of the ratios: of the copy alone, of the copy with all its checks, and
// the longest commit beside it. No commit may fail.
func BenchmarkBackup(b *testing.B) {
	o := newOffice(b, 10)
	note := strings.Repeat("反诈宣传", 80)
	for range 60 {
		require.NoError(b, o.change(o.ctx, "fill", func(x *tx) error {
			for i := range 1000 {
				if err := x.note(clerk, "verb", fmt.Sprint("ref/", i), note, monday); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	require.NoError(b, raw(&tx{ctx: o.ctx, session: o.writer}, "PRAGMA wal_checkpoint(TRUNCATE)"))
	stop, ended := make(chan struct{}), sync.WaitGroup{}
	var longest time.Duration
	ended.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
			began := time.Now()
			if err := o.Log(o.ctx, clerk, "verb", fmt.Sprint(i), "", monday); err != nil {
				b.Error(err)
			}
			longest = max(longest, time.Since(began))
		}
	})
	var copies, checked []float64
	dir := b.TempDir()
	for b.Loop() {
		plain := timed(b, func() error { return plainCopy(filepath.Join(o.Dir(), FileName), filepath.Join(dir, "plain")) })
		tmp := filepath.Join(dir, "copy")
		require.NoError(b, remove(tmp))
		one := timed(b, func() error {
			if err := touch(tmp); err != nil {
				return err
			}
			if err := o.copyTo(o.ctx, tmp); err != nil {
				return err
			}
			return syncFile(tmp)
		})
		whole := filepath.Join(dir, "whole")
		require.NoError(b, remove(whole))
		all := timed(b, func() error { _, err := o.Backup(o.ctx, whole); return err })
		copies, checked = append(copies, one.Seconds()/plain.Seconds()), append(checked, all.Seconds()/plain.Seconds())
	}
	close(stop)
	ended.Wait()
	slices.Sort(copies)
	slices.Sort(checked)
	b.ReportMetric(copies[len(copies)/2], "x-plain-copy")
	b.ReportMetric(checked[len(checked)/2], "x-plain-copy-with-checks")
	b.ReportMetric(float64(longest.Milliseconds()), "longest-commit-ms")
}

func timed(b *testing.B, f func() error) time.Duration {
	began := time.Now()
	require.NoError(b, f())
	return time.Since(began)
}

func plainCopy(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}
