package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tongluo/bot/wechat/loopback"
	"tongluo/schedule/calendar"
	"tongluo/store"
)

// build makes the program as it is released.
func build(b *testing.B, env ...string) string {
	b.Helper()
	if runtime.GOOS == "windows" {
		b.Skip("built by make")
	}
	out := filepath.Join(b.TempDir(), "tongluo")
	cmd := exec.Command("make", "build", "OUT="+out)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", text)
	return out
}

// BenchmarkSize is the stripped program for linux/amd64.
func BenchmarkSize(b *testing.B) {
	var size float64
	for b.Loop() {
		info, err := os.Stat(build(b, "GOOS=linux", "GOARCH=amd64"))
		require.NoError(b, err)
		size = float64(info.Size()) / (1 << 20) // as .ci/run counts
	}
	b.ReportMetric(size, "MiB")
}

// BenchmarkIdleMemory is the resident memory of the released program, logged in
// with 500 groups and idle for three seconds.
func BenchmarkIdleMemory(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("read from /proc")
	}
	program := build(b)
	var rss, peak []float64
	for b.Loop() {
		dir, server := b.TempDir(), loopback.New(besieged(500), loopback.Options{AutoLogin: true})
		address, err := server.Listen("127.0.0.1:0")
		require.NoError(b, err)
		besiege(b, dir, 500, address)
		cmd := exec.Command(program, "run")
		cmd.Dir = dir
		var said bytes.Buffer
		cmd.Stderr = &said
		require.NoError(b, cmd.Start())
		require.Eventually(b, func() bool { return server.Stats().Requests["synccheck"] > 0 }, 30*time.Second, 10*time.Millisecond, "logged in")
		rest(b.Context(), 3*time.Second)
		rss = append(rss, statusMB(b, cmd.Process.Pid, "VmRSS"))
		peak = append(peak, statusMB(b, cmd.Process.Pid, "VmHWM"))
		require.NoError(b, cmd.Process.Signal(os.Interrupt))
		require.NoError(b, cmd.Wait())
		require.NoError(b, server.Close())
		require.Contains(b, said.String(), "groups=500 ")
	}
	b.ReportMetric(median(rss), "MB-resident")
	b.ReportMetric(median(peak), "MB-peak")
}

// statusMB reads a line of /proc/PID/status.
func statusMB(b *testing.B, pid int, key string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			require.NoError(b, err)
			return n / 1024
		}
	}
	require.Fail(b, "no "+key)
	return 0
}

// BenchmarkStart is the released program from its start to its end, around one
// query on a database of 0.9 GB, and around none. It is made only when
// TONGLUO_BENCH_LARGE is set.
func BenchmarkStart(b *testing.B) {
	if os.Getenv("TONGLUO_BENCH_LARGE") == "" {
		b.Skip("set TONGLUO_BENCH_LARGE=1: it writes 0.9 GB")
	}
	program := build(b)
	dir := b.TempDir()
	data := filepath.Join(dir, "data")
	cal, err := calendar.New(calendar.Defaults())
	require.NoError(b, err)
	db, err := store.Open(context.Background(), data, store.Options{Cal: cal})
	require.NoError(b, err)
	require.NoError(b, db.Close())
	file := filepath.Join(data, store.FileName)
	fatten(b, file)
	info, err := os.Stat(file)
	require.NoError(b, err)
	run := func(args ...string) func() {
		return func() {
			cmd := exec.Command(program, args...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			require.NoError(b, err, "%s", out)
		}
	}
	query, none := run("queue", "--json"), run("version")
	query()
	none()
	var large, nothing []float64
	for b.Loop() {
		for range 15 {
			large = append(large, float64(took(query).Microseconds())/1000)
			nothing = append(nothing, float64(took(none).Microseconds())/1000)
		}
	}
	b.ReportMetric(float64(info.Size())/1e9, "GB")
	b.ReportMetric(median(large), "ms-start-to-answer")
	b.ReportMetric(median(nothing), "ms-start-alone")
}

// fatten fills the log up to 0.9 GB, without waiting for the disk.
func fatten(b *testing.B, file string) {
	b.Helper()
	raw, err := sql.Open("sqlite", file)
	require.NoError(b, err)
	defer raw.Close() //nolint:errcheck // checked by what follows
	raw.SetMaxOpenConns(1)
	for _, q := range []string{
		"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 220000)
			INSERT INTO log (at, person, via, asker, verb, ref, note)
			SELECT i, 0, 'clock', '', 'fill', 'push/' || i, hex(zeroblob(2000)) FROM n`,
		"PRAGMA journal_mode = WAL",
	} {
		_, err := raw.Exec(q)
		require.NoError(b, err, q)
	}
}
